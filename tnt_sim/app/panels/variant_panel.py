"""Variants side by side: a column for each named step, against the scenario as written; every text is escaped.

A column has totals, their differences, the largest moves with the one change that makes each, and the map of what
each department gains or loses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from tnt_sim.analysis.compare.causes import Causes, find_causes, find_changed_keys
from tnt_sim.analysis.compare.compared_run import ComparedRun
from tnt_sim.analysis.compare.comparison import ENTERS, LEAVES, list_moves
from tnt_sim.app.downloads import build_answer_side
from tnt_sim.app.history import PageHistory
from tnt_sim.app.live_answers import QUICK, AnswerSuperseded, LiveAnswer, LiveAnswers
from tnt_sim.app.page_state import State, encode
from tnt_sim.app.page_text import PAGE
from tnt_sim.app.panels.result_panels import Drawer
from tnt_sim.deadline import Cancellation, Deadline, ProcessorClock
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_integer, format_short_amount
from tnt_sim.i18n.parameters import SignedMoney
from tnt_sim.reporting.charts.department_map import ChangeMap, list_department_codes
from tnt_sim.reporting.text.change_words import describe_cause

MOST_COLUMNS, MOST_MOVES, MAP_WIDTH = 6, 6, 260
"""Most variants side by side, most moves named in each, and pixels of each map."""
CAUSE_SECONDS = 8.0
"""Time for the causes of the moves of all variants."""


@dataclass(frozen=True, eq=False)
class VariantColumn:
    """A variant: its place among the steps, its name, its decision, and what it moves.

    Attributes
    ----------
    side : the decision, None without an allocation
    moves : one row per application decided otherwise than in the scenario as written
    causes : the change that makes each move; None if not sought yet
    """

    place: int
    name: str
    side: ComparedRun | None
    moves: pl.DataFrame | None = None
    causes: Causes | None = None


@dataclass(frozen=True, slots=True)
class VariantPanel:
    """The columns as HTML, for the variants whose settings `key` has."""

    key: tuple[str, ...]
    html: str
    is_complete: bool = False


def build_panel_key(history: PageHistory) -> tuple[str, ...]:
    """Return names and settings of the variants, which the panel depends on."""
    steps = [history.steps[k] for k in history.variants]
    return tuple(f"{step.name}\n{encode(step.state.settings)}" for step in steps)


def generate_panels(
    drawer: Drawer, desk: LiveAnswers, history: PageHistory, switch: Cancellation
) -> Iterator[VariantPanel]:
    """Yield the panel of the variants: first their figures, then with the causes of their moves."""
    key = build_panel_key(history)
    start = _build_column(desk, -1, PAGE["written"].in_(drawer.lang), State(), switch)
    columns = [
        _with_moves(start, _build_column(desk, k, history.steps[k].name, history.steps[k].state, switch))
        for k in history.variants[-MOST_COLUMNS:]
    ]
    yield VariantPanel(key, _render_columns(drawer, start, columns))
    deadline = Deadline(CAUSE_SECONDS, ProcessorClock(switch))
    for number, column in enumerate(columns):
        if start.side is None or column.side is None or column.moves is None or not column.moves.height:
            continue
        keys = find_changed_keys([start.side, column.side])
        causes = find_causes(start.side, column.side, keys, column.moves, deadline=deadline)
        columns[number] = VariantColumn(column.place, column.name, column.side, column.moves, causes)
        yield VariantPanel(key, _render_columns(drawer, start, columns))
    if switch.is_cancelled:
        raise AnswerSuperseded
    yield VariantPanel(key, _render_columns(drawer, start, columns), is_complete=True)


def _build_column(
    desk: LiveAnswers, place: int, name: str, state: State, switch: Cancellation
) -> VariantColumn:
    answer = desk.optimise_state(state.settings, QUICK, switch)
    side = build_answer_side(str(place), answer) if isinstance(answer, LiveAnswer) else None
    return VariantColumn(place, name, side)


def _with_moves(start: VariantColumn, column: VariantColumn) -> VariantColumn:
    if start.side is None or column.side is None:
        return column
    return VariantColumn(column.place, column.name, column.side, list_moves(start.side, column.side))


def _render_columns(drawer: Drawer, start: VariantColumn, columns: Sequence[VariantColumn]) -> str:
    described = [_describe_column(drawer, start, column) for column in (start, *columns)]
    return drawer.render_macro("beside", {"columns": described})


def _describe_column(drawer: Drawer, start: VariantColumn, column: VariantColumn) -> dict[str, Any]:
    lang = drawer.lang
    return {
        "k": column.place,
        "name": column.name,
        "figures": [] if column.side is None else _list_figures(start.side, column.side, lang),
        "words": _describe_moves(column, lang),
        "moves": _list_largest_moves(start, column, lang),
        "map": Markup(_draw_changes(drawer, column)),
    }


def _list_figures(start: ComparedRun | None, side: ComparedRun, lang: Lang) -> list[tuple[str, str, str]]:
    """Return name, value, and difference to the scenario as written; "" where there is none."""
    now, then = _sum_up(side), None if start is None or start is side else _sum_up(start)
    result = []
    for key, value in now.items():
        write = format_integer if key in ("funded", "inhabitants") else format_short_amount
        change = 0 if then is None else value - then[key]
        sign = "+" if change > 0 else ""
        result.append(
            (PAGE[key].in_(lang), write(value, lang), f"{sign}{write(change, lang)}" if change else "")
        )
    return result


def _sum_up(side: ComparedRun) -> dict[str, int]:
    totals = {
        "amount": side.problem.case.tree.written_cents[0] or 0,
        "granted": side.reading.granted_cents,
        "left": side.reading.envelopes.left_cents[0] or 0,
        "funded": int(side.allocation.funded.sum()),
    }
    people = side.inhabitants
    return totals if people is None else {**totals, "inhabitants": people}


def _describe_moves(column: VariantColumn, lang: Lang) -> str:
    if column.side is None:
        return _("These settings have no allocation.").in_(lang)
    if column.moves is None:
        return ""
    counted = dict(column.moves.group_by("move").len().iter_rows())
    enters = _n("{n} application enters", "{n} applications enter", n=counted.get(ENTERS, 0))
    leaves = _n("{n} leaves", "{n} leave", n=counted.get(LEAVES, 0))
    return _("{enters}, {leaves}.", enters=enters, leaves=leaves).in_(lang)


def _list_largest_moves(start: VariantColumn, column: VariantColumn, lang: Lang) -> list[dict[str, str]]:
    """Return the largest moves, each with the change that makes it."""
    if column.moves is None or start.side is None or column.side is None:
        return []
    specs = [start.side.scenario.spec, column.side.scenario.spec]
    largest = column.moves.sort(pl.col("change_cents").abs(), "dossier", descending=[True, False]).head(
        MOST_MOVES
    )
    causes: Mapping[str, str] = {} if column.causes is None else column.causes.by_dossier
    waiting = PAGE["cause_sought"].in_(lang) if column.causes is None else ""
    result = []
    for row in largest.iter_rows(named=True):
        change = int(row["change_cents"])
        cause = causes.get(row["dossier"])
        result.append(
            {
                "dossier": row["dossier"],
                "title": row["title"] or "",
                "change": SignedMoney(change).in_(lang),
                "cause": waiting if cause is None else describe_cause(cause, specs, lang),
            }
        )
    return result


def _draw_changes(drawer: Drawer, column: VariantColumn) -> str:
    """Return the map of what each department gains or loses; "" if none does."""
    if column.moves is None or drawer.by_department is None:
        return ""
    known = set(list_department_codes())
    summed = column.moves.group_by("department").agg(pl.col("change_cents").sum())
    changes = {code: cents for code, cents in summed.iter_rows() if code in known and cents}
    if not changes:
        return ""
    names = dict(zip(drawer.by_department.codes, drawer.by_department.names, strict=True))
    n_more, n_less = (sum(cents * sign > 0 for cents in changes.values()) for sign in (1, -1))
    gaining = _n("{n} department gets more", "{n} departments get more", n=n_more)
    losing = _n("{n} department gets less", "{n} departments get less", n=n_less)
    label = _("{gaining}, {losing}", gaining=gaining, losing=losing)
    return ChangeMap(changes, names).draw(label.in_(drawer.lang), drawer.lang, MAP_WIDTH)
