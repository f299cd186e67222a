"""A total at the foot of a spreadsheet is no dossier: it would ask for as much as all the others together."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tnt_sim.errors import Text
from tnt_sim.formats.raw import RawColumn, Reporter, shorten
from tnt_sim.portfolio import CANONICAL, MAX_PLACES, ColumnKind

LABEL = r"(?i)^\s*(sous[- ]?)?tota(l|ux)(\s+(g[ée]n[ée]ral|g[ée]n[ée]raux))?\s*:?\s*$"
_SOUNDS = r"(?i)^\s*(sous[- ]?)?(grand\s+)?tota(l|ux)"
_FEWEST_ABOVE = 2


def find_totals(column: RawColumn, found: Mapping[str, pl.Series], report: Reporter) -> list[int]:
    """The rows that are totals, each told as a defect: named so, or last without a number and equal to the sum."""
    dossiers = found["dossier"]
    totals = dossiers.str.contains(LABEL).arg_true().to_list()
    last = len(dossiers) - 1
    if last >= _FEWEST_ABOVE and last not in totals:
        unnamed = dossiers[last] == "" or dossiers.str.contains(_SOUNDS)[last]
        if unnamed and _is_sum(found, last):
            totals.append(last)
    for index in totals[:MAX_PLACES]:
        _say(column, index, dossiers[index], report)
    return totals


def _is_sum(found: Mapping[str, pl.Series], last: int) -> bool:
    """Whether each amount of the last row is the sum of those above it, and there is one."""
    filled = [
        series
        for name, series in found.items()
        if CANONICAL[name] is ColumnKind.MONEY and series[last] is not None
    ]
    return bool(filled) and all(series[last] == series.head(last).sum() != 0 for series in filled)


def _say(column: RawColumn, index: int, dossier: str, report: Reporter) -> None:
    named = (f" (« {shorten(dossier)} »)", f' ("{shorten(dossier)}")') if dossier else ("", "")
    report.defects.add(
        "total_row",
        Text(
            f"cette ligne est un total{named[0]}, et non un dossier.",
            f"this row is a total{named[1]}, not a dossier.",
        ),
        report.place(index, column),
        hint=Text("Supprimez-la du tableau.", "Delete it from the table."),
    )
