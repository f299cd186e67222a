"""Columns of the dossier table by their scenario names: kinds, exact values, years.

Money columns become whole cents, int64; other numbers become integers with an exact scale (`Numeric`).
Products with a rate are exact and rounded down once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.domain.money import parse_cents_series
from tnt_sim.domain.portfolio import Portfolio, get_table_column
from tnt_sim.domain.territory import extract_siren
from tnt_sim.errors import Defect, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.values import get_merged_column, is_joined
from tnt_sim.rules.linear_terms import SAFE_SUM, BoolArray, IntArray, Unit
from tnt_sim.rules.protocols import Case, Numeric, Path

CENT = Fraction(1, 100)
MICRO = Fraction(1, 1_000_000)


class ValueKind(StrEnum):
    """What a column contains."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    LIST = "list"


def get_column_kind(case: Case, name: str) -> ValueKind | None:
    """Return the kind of a column by its scenario name, or None when there is no such column."""
    return case.portfolio.memoise(("kind", name), lambda: _infer_column_kind(case.table, name), ())


def _infer_column_kind(table: pl.DataFrame, name: str) -> ValueKind | None:
    cents = table.schema.get(f"{name}_cents")
    if cents is not None and cents.is_integer():
        return ValueKind.MONEY
    if name not in table.columns or name.startswith("_"):
        return None
    dtype = table.schema[name]
    if isinstance(dtype, pl.List):
        return ValueKind.LIST
    if isinstance(dtype, pl.Date | pl.Datetime):
        return ValueKind.DATE
    if dtype.is_numeric():
        return ValueKind.NUMBER
    return ValueKind.TEXT


def list_column_names(case: Case) -> list[str]:
    """Return the scenario names of all columns, sorted."""
    return sorted(
        column.removesuffix("_cents") for column in case.table.columns if not column.startswith("_")
    )


def record_unknown_column(case: Case, name: str, path: Path, names: list[str] | None = None) -> None:
    """Record that a column does not exist, with the nearest existing name."""
    case.record_defect(
        "unknown-column",
        _('there is no column "{name}".', name=name),
        path,
        suggest_name(name, names if names is not None else list_column_names(case)),
    )


def read_numeric_column(
    case: Case, name: str, path: Path, names: Callable[[], list[str]] | None = None
) -> Numeric | None:
    """Return a column as exact integers with a scale.

    Records a defect and returns None when it is not numeric.

    Money is in euros with a scale of one cent; an empty `base` is read from `cost`.
    """
    kind = get_column_kind(case, name)
    if kind is None:
        record_unknown_column(case, name, path, names() if names else None)
        return None
    if kind is ValueKind.MONEY:
        return case.portfolio.memoise(
            ("money", name),
            lambda: _build_numeric(read_cents_series(case, name), CENT, Unit.MONEY),
            list_cents_columns(name),
        )
    if kind in (ValueKind.DATE, ValueKind.LIST):
        case.record_defect(
            "not-numeric",
            _('the column "{name}" does not hold numbers: it cannot be added up.', name=name),
            path,
            _("Name a column of numbers, for example `score`."),
        )
        return None
    numeric, defects = case.portfolio.memoise(
        ("number", name), lambda: _read_numbers(case, name), (get_table_column(name),)
    )
    case.defects.entries.extend(_locate_defect(case, defect, path) for defect in defects)
    return numeric


def read_cents_series(case: Case, name: str) -> pl.Series:
    """Return a money column in cents; an empty `base` is read from `cost`."""
    if name == "base":
        base = case.table["base_cents"]
        empty = base.null_count()
        if not empty:
            return base
        if empty == len(base):
            return case.table["cost_cents"].alias(base.name)
        return case.table.select(pl.coalesce("base_cents", "cost_cents")).to_series()
    return case.table[f"{name}_cents"]


def list_cents_columns(name: str) -> tuple[str, ...]:
    """Return the table's columns that `read_cents_series` reads."""
    return ("base_cents", "cost_cents") if name == "base" else (f"{name}_cents",)


def _read_numbers(case: Case, name: str) -> tuple[Numeric | None, tuple[Defect, ...]]:
    column, defects = case.portfolio.read_numbers(name)
    if defects:
        return None, defects
    if column.dtype.is_integer():
        return _build_numeric(column, Fraction(1), Unit.NUMBER), ()
    millionths = column.cast(pl.Decimal(38, 6)).to_physical().cast(pl.Int64)
    return _build_numeric(millionths, MICRO, Unit.NUMBER), ()


def _locate_defect(case: Case, defect: Defect, path: Path) -> Defect:
    """Locate a defect of a column of the map, which has no file, where the scenario names the column."""
    if any(place.file for place in defect.places):
        return defect
    return replace(defect, places=(case.locate(path),))


def _build_numeric(column: pl.Series, scale: Fraction, unit: Unit) -> Numeric:
    # polars answers even a small question by a query of 0.1 ms, which a table without empty cells does not need
    if column.null_count():
        missing, column = column.is_null().to_numpy(), column.fill_null(0)
    else:
        missing = np.zeros(len(column), dtype=np.bool_)
    values = column.cast(pl.Int64).to_numpy().astype(np.int64, copy=False)
    for array in (values, missing):
        array.flags.writeable = False
    return Numeric(values, missing, scale, unit)


def read_text_keys(case: Case, column: str) -> pl.Series:
    """Return the values of a column as text, "" where empty: spellings merged, a SIRET reduced to its SIREN."""
    if is_joined(case, column):
        return get_merged_column(case, column).fill_null("")
    key = extract_siren(column) if column == "applicant_id" else pl.col(column)
    return case.portfolio.memoise(
        ("text", column), lambda: case.table.select(key.cast(pl.String).fill_null("")).to_series(), (column,)
    )


NO_LIMIT = 2**60
"""Cents that stand for "no limit"; larger than any amount."""


def fill_cents(column: pl.Series, empty: int) -> IntArray:
    """Return a column of cents, int64 (n,), with `empty` in empty cells."""
    filled = column.fill_null(empty) if column.null_count() else column
    return filled.cast(pl.Int64).to_numpy().astype(np.int64)


def read_cents(case: Case, name: str, empty: int) -> IntArray:
    """Return a money column in cents, int64 (n,), with `empty` in empty cells.

    The array is shared: do not write to it.
    """
    return case.portfolio.memoise(
        ("cents", name, empty),
        lambda: fill_cents(read_cents_series(case, name), empty),
        list_cents_columns(name),
    )


def is_committed(portfolio: Portfolio) -> BoolArray:
    """Return the dossiers to which an amount is already committed, bool (n,)."""
    return portfolio.memoise(
        ("committed",),
        lambda: portfolio.table["committed_cents"].is_not_null().to_numpy(),
        ("committed_cents",),
    )


def multiply_floor(values: IntArray, rate: Fraction) -> IntArray:
    """Return ⌊values · rate⌋ elementwise, exact, and at most `NO_LIMIT`.

    >>> multiply_floor(np.array([100, 333]), Fraction(1, 3))
    array([ 33, 111])
    """
    largest = int(np.abs(values).max(initial=0))
    if largest * abs(rate.numerator) < SAFE_SUM:
        return values * np.int64(rate.numerator) // np.int64(rate.denominator)
    exact = values.astype(object) * rate.numerator // rate.denominator
    capped: IntArray = np.minimum(exact, NO_LIMIT).astype(np.int64)
    return capped


def multiply_exact(values: IntArray, factor: int) -> IntArray:
    """Return values · factor, exact: int64 where it fits, Python integers (dtype object) otherwise."""
    largest = int(np.abs(values).max(initial=0))
    if largest * abs(factor) < SAFE_SUM // 64:
        return values * np.int64(factor)
    product: IntArray = values.astype(object) * factor
    return product


def read_money_column(case: Case, name: str, path: Path, empty: int) -> IntArray:
    """Return a column read as money in cents, int64 (n,), with `empty` in empty cells.

    Texts are parsed as amounts.
    """
    kind = get_column_kind(case, name)
    if kind is None:
        record_unknown_column(case, name, path)
        return np.full(case.n, empty, dtype=np.int64)
    if kind is ValueKind.MONEY:
        return read_cents(case, name, empty)
    if kind is ValueKind.TEXT:
        text = case.table[name].fill_null("")
        cents, reasons = parse_cents_series(text)
        bad = np.flatnonzero((reasons.is_not_null() & (text != "")).to_numpy())
        for row in bad[:20]:
            case.defects.add(
                "amount",
                _(
                    'column "{column}" ({key}): "{amount}" is not an amount.',
                    column=name,
                    key=".".join(map(str, path)),
                    amount=text[int(row)],
                ),
                case.portfolio.locate(int(row), name),
            )
        return fill_cents(cents, empty)
    column = read_numeric_column(case, name, path)
    if column is None or column.unit is Unit.MONEY:
        return np.full(case.n, empty, dtype=np.int64)
    return np.where(column.missing, empty, multiply_floor(column.values, column.scale * 100))


def read_years(case: Case, column: str, path: Path) -> pl.Series | None:
    """Return the year that a column gives for each dossier, Int64.

    An empty cell, or one that is no year, gives null.

    The column holds numbers, texts of four digits, or dates (their local year).
    """
    kind = get_column_kind(case, column)
    if kind is None:
        record_unknown_column(case, column, path)
        return None
    if kind in (ValueKind.LIST, ValueKind.MONEY):
        case.record_defect(
            "schedule-year",
            _('the column "{column}" gives no year.', column=column),
            path,
            _("Name a column of years or of dates."),
        )
        return None
    series = case.table[column]
    if kind is ValueKind.DATE:
        return extract_years(series, case.timezone)
    text = series.cast(pl.String).str.strip_chars().str.replace(r"[.,]0+$", "")
    return text.set(~text.str.contains(r"^\d{4}$").fill_null(value=False), None).cast(pl.Int64)


def extract_years(dates: pl.Series, timezone: str) -> pl.Series:
    """Return the local year of each date or instant, Int64."""
    if isinstance(dates.dtype, pl.Datetime):
        dates = dates.dt.convert_time_zone(timezone)
    return dates.dt.year().cast(pl.Int64)
