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

from tnt_sim.domain.territory import LEVELS, Territory, level_of, siren
from tnt_sim.i18n.message import Text, so_many
from tnt_sim.rules.expressions.columns import ValueKind, kind_of
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Case, Path

SHOWN = 5
_SEVERAL = {"members": ("commune", "epci")}


def map_of(case: Case, path: Path) -> Territory | None:
    """Return the scenario's map; None with a defect recorded when it names none."""
    if case.map is None:
        case.fault(
            "no-map",
            Text(
                "cette règle compte sur la carte, et le scénario n'en nomme pas.",
                "this rule counts on the map, and the scenario names none.",
            ),
            path,
            Text("Ajoutez `territory: {year: 2021}`.", "Add `territory: {year: 2021}`."),
        )
    return case.map


def map_codes(case: Case, by: str | Sequence[str], path: Path) -> list[str] | None:
    """Return the codes that `groups: map` stands for; None with a defect when `by` is no column of the map."""
    known = map_of(case, path)
    if known is None:
        return None
    if isinstance(by, str) and by in LEVELS:
        return known.codes(by)
    case.fault(
        "groups-map",
        Text(
            f"`groups: map` veut `by` sur une colonne de la carte : {', '.join(LEVELS)}.",
            f"`groups: map` wants `by` on a column of the map: {', '.join(LEVELS)}.",
        ),
        path,
    )
    return None


def keyed(known: Territory, units: pl.DataFrame) -> pl.DataFrame:
    """Return every way to name a unit: level, key, and `unit`, its row in `units`."""
    place = units.select("level", "code").with_row_index("unit")
    return known.keys().join(place, on=["level", "code"], how="inner").select("level", "key", "unit")


def named_by_column(
    case: Case, keys: pl.DataFrame, column: str, mask: BoolArray, known: Territory, path: Path
) -> tuple[IntArray, IntArray] | None:
    """Return the distinct pairs (dossier, unit) that a column names for the dossiers of `mask`, int64.

    A code that the map does not know is a defect, unless the column may name something other than a
    territory.
    """
    here = (*path, "covered_by")
    cells = _cells(case, column, mask)
    typed, loose = cells.filter(pl.col("level").is_not_null()), cells.filter(pl.col("level").is_null())
    whole = known.keys().select("level", "key")
    if column in _SEVERAL:
        whole, keys = (one.filter(pl.col("level").is_in(_SEVERAL[column])) for one in (whole, keys))
    strict = loose if column in _SEVERAL else loose.head(0)
    unknown = pl.concat(
        [typed.join(whole, on=["level", "key"], how="anti"), strict.join(whole, on="key", how="anti")]
    )
    if unknown.height:
        _tell_unknown(case, column, unknown, known.year, here)
        return None
    if _ambiguous(case, keys.join(loose, on="key", how="semi"), here):
        return None
    named = [typed.join(keys, on=["level", "key"]), loose.join(keys, on="key")]
    pairs = pl.concat([one.select("row", "unit") for one in named]).unique().sort("row", "unit")
    return pairs["row"].to_numpy().astype(np.int64), pairs["unit"].to_numpy().astype(np.int64)


def named_by_file(case: Case, keys: pl.DataFrame, known: Territory, path: Path) -> IntArray | None:
    """Return the units that the column `code` of a side table names, int64; None with a defect recorded."""
    table = case.side[path]
    if "code" not in table.columns:
        case.fault(
            "coverage-file",
            Text("ce fichier veut une colonne `code`.", "this file wants a column `code`."),
            path,
        )
        return None
    cells = (
        table.select(key=siren("code")).filter(pl.col("key").fill_null("") != "").unique(maintain_order=True)
    )
    if _ambiguous(case, keys.join(cells, on="key", how="semi"), path):
        return None
    unknown = cells.join(known.keys(), on="key", how="anti")["key"]
    if len(unknown):
        text = ", ".join(unknown.head(SHOWN).to_list()) + (", …" if len(unknown) > SHOWN else "")
        n = so_many(len(unknown), ("unité", "unités"), ("unit", "units"))
        case.fault(
            "coverage-unknown",
            Text(
                f"ce fichier nomme {n.fr} que la carte de {known.year} ne connaît pas : {text}.",
                f"this file names {n.en} that the map of {known.year} does not know: {text}.",
            ),
            path,
        )
        return None
    return cells.join(keys, on="key", how="inner")["unit"].unique().to_numpy().astype(np.int64)


def _cells(case: Case, column: str, mask: BoolArray) -> pl.DataFrame:
    """Return row, key and level of each filled cell; level is null where the column does not imply it."""
    table = case.table.select(column, "applicant_type").with_row_index("row").filter(pl.Series(mask))
    if kind_of(case, column) is ValueKind.LIST:
        table = table.explode(column).drop_nulls(column)
    filled = table.filter(pl.col(column).fill_null("") != "")
    level = pl.lit(column if column in LEVELS else None, dtype=pl.String)
    if column == "applicant_id":
        level = level_of(pl.col("applicant_type"))
    return filled.select("row", key=siren(column), level=level)


def _ambiguous(case: Case, keys: pl.DataFrame, path: Path) -> bool:
    if not keys["key"].is_duplicated().any():
        return False
    case.fault(
        "coverage-codes",
        Text(
            "les codes des départements et des régions se confondent : « 01 » est l'Ain et la Guadeloupe.",
            'codes of departments and regions coincide: "01" is Ain and Guadeloupe.',
        ),
        path,
        Text("Ne retenez qu'un `type` dans `units`.", "Keep one `type` in `units`."),
    )
    return True


def _tell_unknown(case: Case, column: str, unknown: pl.DataFrame, year: int, path: Path) -> None:
    codes = unknown["key"].unique(maintain_order=True)
    text = ", ".join(codes.head(SHOWN).to_list()) + (", …" if len(codes) > SHOWN else "")
    rows = unknown["row"].unique(maintain_order=True).head(SHOWN).to_list()
    n = so_many(len(codes), ("unité", "unités"), ("unit", "units"))
    case.defects.add(
        "coverage-unknown",
        Text(
            f"la colonne « {column} » nomme {n.fr} que la carte de {year} ne connaît pas : {text}.",
            f'the column "{column}" names {n.en} that the map of {year} does not know: {text}.',
        ),
        case.locate(path),
        *(case.portfolio.place(row, column) for row in rows),
    )
