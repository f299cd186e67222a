"""The dossier table's columns by the names that a scenario uses, with their kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.errors import Defect, Text, did_you_mean
from tnt_sim.rules.base import Case, Numeric, Path, Unit
from tnt_sim.rules.values import is_joined, joined_column
from tnt_sim.territory import siren

CENT = Fraction(1, 100)
MICRO = Fraction(1, 1_000_000)


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    LIST = "list"


def kind_of(case: Case, name: str) -> Kind | None:
    """The kind of a column by its scenario name, or None when there is none."""
    return case.portfolio.once(("kind", name), lambda: _kind_of(case.table, name))


def _kind_of(table: pl.DataFrame, name: str) -> Kind | None:
    cents = table.schema.get(f"{name}_cents")
    if cents is not None and cents.is_integer():
        return Kind.MONEY
    if name not in table.columns or name.startswith("_"):
        return None
    dtype = table.schema[name]
    if isinstance(dtype, pl.List):
        return Kind.LIST
    if isinstance(dtype, pl.Date | pl.Datetime):
        return Kind.DATE
    if dtype.is_numeric():
        return Kind.NUMBER
    return Kind.TEXT


def scenario_names(case: Case) -> list[str]:
    """Every column by the name that a scenario uses for it."""
    return sorted(
        column.removesuffix("_cents") for column in case.table.columns if not column.startswith("_")
    )


def unknown_column(case: Case, name: str, path: Path, names: list[str] | None = None) -> None:
    """Note that a column does not exist, with the nearest name."""
    case.fault(
        "unknown-column",
        Text(f"la colonne « {name} » n'existe pas.", f'there is no column "{name}".'),
        path,
        did_you_mean(name, names if names is not None else scenario_names(case)),
    )


def numeric_column(
    case: Case, name: str, path: Path, names: Callable[[], list[str]] | None = None
) -> Numeric | None:
    """A column as exact integers with a scale; a defect and None when it is not numeric.

    Money is in euros with a scale of one cent; `base` where empty is `cost`.
    """
    kind = kind_of(case, name)
    if kind is None:
        unknown_column(case, name, path, names() if names else None)
        return None
    if kind is Kind.MONEY:
        return case.portfolio.once(
            ("money", name), lambda: _numeric(cents_series(case, name), CENT, Unit.MONEY)
        )
    if kind in (Kind.DATE, Kind.LIST):
        case.fault(
            "not-numeric",
            Text(
                f"la colonne « {name} » n'est pas un nombre ; elle ne peut pas être comptée.",
                f'the column "{name}" is not a number; it cannot be counted.',
            ),
            path,
        )
        return None
    found, defects = case.portfolio.once(("number", name), lambda: _numbers(case, name))
    case.defects.found.extend(_placed(case, defect, path) for defect in defects)
    return found


def cents_series(case: Case, name: str) -> pl.Series:
    """A column of money in cents; `base` is `cost` where it is empty."""
    if name == "base":
        return case.table.select(pl.coalesce("base_cents", "cost_cents")).to_series()
    return case.table[f"{name}_cents"]


def _numbers(case: Case, name: str) -> tuple[Numeric | None, tuple[Defect, ...]]:
    column, defects = case.portfolio.numeric(name)
    if defects:
        return None, defects
    if column.dtype.is_integer():
        return _numeric(column, Fraction(1), Unit.NUMBER), ()
    millionths = (column.cast(pl.Decimal(38, 6)) * 1_000_000).cast(pl.Int64)
    return _numeric(millionths, MICRO, Unit.NUMBER), ()


def _placed(case: Case, defect: Defect, path: Path) -> Defect:
    """A defect of a column that no file holds (the map's) stands where the scenario names the column."""
    if any(place.file for place in defect.places):
        return defect
    return replace(defect, places=(case.locate(path),))


def _numeric(column: pl.Series, scale: Fraction, unit: Unit) -> Numeric:
    missing = column.is_null().to_numpy()
    values = column.fill_null(0).cast(pl.Int64).to_numpy().astype(np.int64, copy=False)
    for array in (values, missing):
        array.flags.writeable = False
    return Numeric(values, missing, scale, unit)


def text_keys(case: Case, column: str) -> pl.Series:
    """The values of a column as text, "" where empty; spellings joined, and a SIRET compared by its SIREN."""
    if is_joined(case, column):
        return joined_column(case, column).fill_null("")
    key = siren(column) if column == "applicant_id" else pl.col(column)
    return case.portfolio.once(
        ("text", column), lambda: case.table.select(key.cast(pl.String).fill_null("")).to_series()
    )
