"""Tidy frames of the charts of a comparison: what each envelope, department and application gains or loses."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tnt_sim.analysis.compare.comparison import CHANGES, ENTERS, LEAVES, ComparedRuns
from tnt_sim.i18n.message import Capitalised, Lang, Text, _p
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.reporting.charts.department_map import list_department_codes
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.reports.comparison_answer import map_department_names, map_granted

MOVES: dict[Mark, tuple[str, Text]] = {
    Mark.GAIN: (ENTERS, _p("dossiers", "enter")),
    Mark.LOSS: (LEAVES, _p("dossiers", "leave")),
    Mark.WAITING: (CHANGES, _p("dossiers", "get another amount")),
}
"""Moves of applications, with their marks."""


def choose_side(comparison: ComparedRuns, name: str | None) -> str:
    """Return the side to compare with the first: the one named, by default the second.

    Raises
    ------
    ValueError
        If there is no such side.
    """
    names = [side.name for side in comparison.sides[1:]]
    if name is None:
        return names[0]
    if name not in names:
        raise ValueError(f"side must be one of {', '.join(names)}, not {name!r}")
    return name


def format_changes(cents: Sequence[int], lang: Lang) -> list[str]:
    """Return amounts with their signs, « = » for none."""
    return [
        ("+" if value > 0 else "") + format_short_amount(value, lang) if value else "=" for value in cents
    ]


def build_department_frame(comparison: ComparedRuns, side: str, lang: Lang) -> pl.DataFrame:
    """Return one row per department of the map: `department`, `name`, `before`, `after`, `change` in euros."""
    names = map_department_names(comparison.sides[0].scenario.spec)
    granted = map_granted(comparison, "department", side)
    rows = [(code, names.get(code, code), *granted.get(code, (0, 0))) for code in list_department_codes()]
    changes = [after - before for _code, _name, before, after in rows]
    return pl.DataFrame(rows, schema=["department", "name", "before", "after"], orient="row").with_columns(
        pl.col("before", "after") / 100,
        (pl.Series("change", changes) / 100).alias("change"),
        pl.Series("label", format_changes(changes, lang)),
        pl.Series("sign", ["+" if cents > 0 else "\u2212" if cents < 0 else "" for cents in changes]),
    )


def build_move_frame(comparison: ComparedRuns, side: str, lang: Lang) -> pl.DataFrame:
    """Return one row per application that moves, the largest change first, in euros; `sign` is 1 if it gains."""
    moved = comparison.moves[side].sort(pl.col("change_cents").abs(), "dossier", descending=[True, False])
    words = {code: Capitalised(text).in_(lang) for code, text in MOVES.values()}
    cents = moved["change_cents"].to_list()
    return moved.select(
        "dossier",
        pl.col("title").fill_null(""),
        pl.col("applicant").fill_null(""),
        "envelope",
        "department",
        pl.Series("move", [words[code] for code in moved["move"].to_list()], dtype=pl.String),
        (pl.col("before_cents").fill_null(0) / 100).alias("before"),
        (pl.col("after_cents").fill_null(0) / 100).alias("after"),
        (pl.col("change_cents") / 100).alias("change"),
        pl.Series("label", format_changes(cents, lang), dtype=pl.String),
        "cause",
        pl.col("change_cents").sign().alias("sign"),
    )
