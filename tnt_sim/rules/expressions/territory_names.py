"""Identification of map units (communes, EPCI, departments, regions) named by dossiers or files.

A code alone is ambiguous: « 01 » is a department (Ain) and a region (Guadeloupe). A column of a level
(`commune`, `epci`, `department`, `region`) names units of that level; `applicant_id` units of the level that
`applicant_type` gives; `members` communes and EPCI; any other column whatever unit has that code. A code
that could mean two selected units is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tnt_sim.domain.territory import LEVELS, Territory, extract_siren, map_to_level
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Case, Path

MAX_LISTED = 5
_SEVERAL = {"members": ("commune", "epci")}


def get_map(case: Case, path: Path) -> Territory | None:
    """Return the scenario's map; None with a defect recorded when it names none."""
    if case.map is None:
        case.record_defect(
            "no-map",
            _("this rule counts on the map, and the scenario names none."),
            path,
            _("Add `territory: {{year: 2021}}`."),
        )
    return case.map


def list_map_codes(case: Case, by: str | Sequence[str], path: Path) -> list[str] | None:
    """Return the codes that `groups: map` stands for; None with a defect when `by` is no column of the map."""
    known = get_map(case, path)
    if known is None:
        return None
    if isinstance(by, str) and by in LEVELS:
        return known.list_codes(by)
    case.record_defect(
        "groups-map",
        _("`groups: map` needs a column of the map in `by`: {levels}.", levels=", ".join(LEVELS)),
        path,
    )
    return None


def list_unit_keys(known: Territory, units: pl.DataFrame) -> pl.DataFrame:
    """Return every way to name a unit: level, key, and `unit`, its row in `units`."""
    place = units.select("level", "code").with_row_index("unit")
    return known.list_keys().join(place, on=["level", "code"], how="inner").select("level", "key", "unit")


def find_units_by_column(
    case: Case, keys: pl.DataFrame, column: str, mask: BoolArray, known: Territory, path: Path
) -> tuple[IntArray, IntArray] | None:
    """Return the distinct pairs (dossier, unit) that a column names for the dossiers of `mask`, int64.

    A code that the map does not know is a defect, unless the column may name something other than a
    territory.
    """
    here = (*path, "covered_by")
    cells = _list_cells(case, column, mask)
    typed, loose = cells.filter(pl.col("level").is_not_null()), cells.filter(pl.col("level").is_null())
    whole = known.list_keys().select("level", "key")
    if column in _SEVERAL:
        whole, keys = (one.filter(pl.col("level").is_in(_SEVERAL[column])) for one in (whole, keys))
    strict = loose if column in _SEVERAL else loose.head(0)
    unknown = pl.concat(
        [typed.join(whole, on=["level", "key"], how="anti"), strict.join(whole, on="key", how="anti")]
    )
    if unknown.height:
        _record_unknown_units(case, column, unknown, known.year, here)
        return None
    if _has_ambiguous_keys(case, keys.join(loose, on="key", how="semi"), here):
        return None
    named = [typed.join(keys, on=["level", "key"]), loose.join(keys, on="key")]
    pairs = pl.concat([one.select("row", "unit") for one in named]).unique().sort("row", "unit")
    return pairs["row"].to_numpy().astype(np.int64), pairs["unit"].to_numpy().astype(np.int64)


def find_units_by_file(case: Case, keys: pl.DataFrame, known: Territory, path: Path) -> IntArray | None:
    """Return the units that the column `code` of a side table names, int64; None with a defect recorded."""
    table = case.side[path]
    if "code" not in table.columns:
        case.record_defect(
            "coverage-file",
            _("this file has no column `code`, where the codes are expected."),
            path,
        )
        return None
    cells = (
        table.select(key=extract_siren("code"))
        .filter(pl.col("key").fill_null("") != "")
        .unique(maintain_order=True)
    )
    if _has_ambiguous_keys(case, keys.join(cells, on="key", how="semi"), path):
        return None
    unknown = cells.join(known.list_keys(), on="key", how="anti")["key"]
    if len(unknown):
        text = ", ".join(unknown.head(MAX_LISTED).to_list()) + (", …" if len(unknown) > MAX_LISTED else "")
        case.record_defect(
            "coverage-unknown",
            _n(
                "this file names {n} unit that the map of {year} does not know: {names}.",
                "this file names {n} units that the map of {year} does not know: {names}.",
                n=len(unknown),
                year=known.year,
                names=text,
            ),
            path,
        )
        return None
    return cells.join(keys, on="key", how="inner")["unit"].unique().to_numpy().astype(np.int64)


def _list_cells(case: Case, column: str, mask: BoolArray) -> pl.DataFrame:
    """Return row, key and level of each filled cell; level is null where the column does not imply it."""
    table = case.table.select(column, "applicant_type").with_row_index("row").filter(pl.Series(mask))
    if get_column_kind(case, column) is ValueKind.LIST:
        table = table.explode(column).drop_nulls(column)
    filled = table.filter(pl.col(column).fill_null("") != "")
    level = pl.lit(column if column in LEVELS else None, dtype=pl.String)
    if column == "applicant_id":
        level = map_to_level(pl.col("applicant_type"))
    return filled.select("row", key=extract_siren(column), level=level)


def _has_ambiguous_keys(case: Case, keys: pl.DataFrame, path: Path) -> bool:
    if not keys["key"].is_duplicated().any():
        return False
    case.record_defect(
        "coverage-codes",
        _('codes of departments and regions coincide: "01" is Ain and Guadeloupe.'),
        path,
        _("Keep one `type` in `units`."),
    )
    return True


def _record_unknown_units(case: Case, column: str, unknown: pl.DataFrame, year: int, path: Path) -> None:
    codes = unknown["key"].unique(maintain_order=True)
    text = ", ".join(codes.head(MAX_LISTED).to_list()) + (", …" if len(codes) > MAX_LISTED else "")
    rows = unknown["row"].unique(maintain_order=True).head(MAX_LISTED).to_list()
    case.defects.add(
        "coverage-unknown",
        _n(
            'the column "{column}" names {n} unit that the map of {year} does not know: {names}.',
            'the column "{column}" names {n} units that the map of {year} does not know: {names}.',
            n=len(codes),
            column=column,
            year=year,
            names=text,
        ),
        case.locate(path),
        *(case.portfolio.locate(row, column) for row in rows),
    )
