"""Criteria of a sheet: what each goal counts for the dossier, times its weight, with the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Capitalised, Text, _
from tnt_sim.i18n.numbers import format_number
from tnt_sim.reporting.transparency.input_values import describe_label
from tnt_sim.reporting.transparency.parameters import Lines, compute_own_steps, join_label, write_figure
from tnt_sim.reporting.transparency.sheet_page import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource
from tnt_sim.rules.expressions.measures import Measures, MeasureSpec
from tnt_sim.rules.expressions.text import describe_if_clause
from tnt_sim.rules.linear_terms import IntArray, Unit
from tnt_sim.scenario.objective_text import describe_stage
from tnt_sim.scenario.spec import StageSpec, select_in_force
from tnt_sim.values.answer_values import describe_goal
from tnt_sim.verify.decision_reasons import compute_stage_gains

_ONCE = _("This figure counts once for all applications that share it.")


@dataclass(frozen=True, slots=True)
class _Goal:
    """One weighted figure of a goal: its name, its weight, and what each dossier counts for, in steps."""

    name: str
    weight: Fraction
    steps: IntArray
    scale: Fraction
    unit: Unit
    is_once: bool
    summands: tuple[_Summand, ...]


@dataclass(frozen=True, slots=True)
class _Summand:
    """One summand of a named figure: what it is, and what each dossier counts for, in steps."""

    label: str
    steps: IntArray
    scale: Fraction


def add_criteria(source: SheetSource, lines: Lines) -> None:
    """Add the criteria of each dossier that was compared: its figure times the weight, by goal."""
    problem, lang = source.problem, source.lang
    measures = Measures(source.case, problem.offers.in_play, problem.scenario.spec.measures)
    rows = source.rows[source.is_compared[source.rows]]
    specs = select_in_force(problem.scenario.spec, "objective")
    for k, (stage, path) in enumerate(specs):
        goals = [
            _read_goal(measures, source, name, weight)
            for name, weight in (stage.maximise or stage.minimise or {}).items()
            if not isinstance(weight, dict) and not name.startswith("shortfall.")
        ]
        label = stage.title or _describe_place(k, len(specs)).in_(lang)
        end = _describe_aim(source, stage)
        origin, known = source.locate_entry(path), dict[str, SheetLine]()
        for row in rows.tolist():
            value = " ".join([*_describe_figures(source, goals, row), end])
            if value not in known:
                known[value] = SheetLine(
                    SheetItem.PARAMETERS, f"parameters.criterion.{k + 1}", label, value, origin
                )
            lines[row].append(known[value])


def _describe_place(place: int, n_goals: int) -> Text:
    """Return the name of a goal without a title: its number, where there are several."""
    return _("Criterion {number}", number=str(place + 1)) if n_goals > 1 else _("Criterion")


def _describe_aim(source: SheetSource, stage: StageSpec) -> str:
    """Return what the list makes of a goal."""
    goals = stage.maximise or stage.minimise or {}
    if any(isinstance(weight, dict) or "." in name for name, weight in goals.items()):
        return source.replace_ids(describe_stage(stage, source.lang))
    if stage.maximise:
        return _("The list makes the sum as large as possible.").in_(source.lang)
    return _("The list makes the sum as small as possible.").in_(source.lang)


def _read_goal(measures: Measures, source: SheetSource, name: str, weight: Any) -> _Goal:
    terms = measures.get_terms(name, ("objective",))
    assert terms is not None  # the run was made with it
    steps = compute_own_steps(terms, source)
    summands = tuple(_list_summands(measures, source, name))
    return _Goal(name, parse_decimal(str(weight)), steps, terms.scale, terms.unit, bool(terms.once), summands)


def _list_summands(measures: Measures, source: SheetSource, name: str) -> Iterator[_Summand]:
    """Yield the summands of a named figure that adds up several, each as a figure of its own."""
    spec = measures.named.get(name)
    if spec is None or not spec.sum or len(spec.sum) < 2 or spec.where is not None:
        return
    apart: Mapping[str, MeasureSpec] = {
        f"{name}/{k}": MeasureSpec(**summand.model_dump()) for k, summand in enumerate(spec.sum)
    }
    own = Measures(source.case, measures.candidates, {**measures.named, **apart})
    for key, summand in apart.items():
        terms = own.get_terms(key, ("measures", name))
        if terms is None:
            return
        label = describe_label(summand.column, source) if summand.column else ""
        if summand.where is not None:
            label = f"{label} {describe_if_clause(summand.where, source.lang)}".strip()
        yield _Summand(label, compute_own_steps(terms, source), terms.scale)


def _describe_figures(source: SheetSource, goals: list[_Goal], row: int) -> Iterator[str]:
    """Yield the arithmetic of one goal for one dossier."""
    lang, worth = source.lang, list[Fraction]()
    for goal in goals:
        value = int(goal.steps[row]) * goal.scale
        worth.append(value * goal.weight)
        yield from _describe_sum(source, goal, value, row)
        figure, weight = write_figure(value, goal.unit, source), format_number(goal.weight, lang)
        total = write_figure(worth[-1], goal.unit, source)
        yield f"{join_label(_describe_name(source, goal.name), f'{figure} × {weight} = {total}', lang)}."
        if goal.is_once:
            yield _ONCE.in_(lang)
    if len(goals) > 1:
        written = format_list([format_number(one, lang, 2) for one in worth], lang, word=" + ")
        total = format_number(sum(worth, Fraction(0)), lang, 2)
        yield _("Together: {terms} = {total}.", terms=written, total=total).in_(lang)


def _describe_name(source: SheetSource, name: str) -> str:
    """Return what a figure of a goal is called, with a capital letter."""
    measure = source.problem.scenario.spec.measures.get(name)
    column = name if measure is None else "" if measure.title else measure.column or ""
    if column in source.case.table.columns:
        return describe_label(column, source)
    title = measure.title if measure else ""
    return Capitalised(describe_goal(name, title or None)).in_(source.lang)


def _describe_sum(source: SheetSource, goal: _Goal, value: Fraction, row: int) -> Iterator[str]:
    if not goal.summands:
        return
    worths = [(summand, int(summand.steps[row]) * summand.scale) for summand in goal.summands]
    pieces = [
        f"{format_number(figure, source.lang)} ({summand.label})"
        if summand.label
        else format_number(figure, source.lang)
        for summand, figure in worths
        if figure
    ]
    if len(pieces) > 1:
        yield f"{' + '.join(pieces)} = {format_number(value, source.lang)}."


def compute_worth(source: SheetSource) -> IntArray:
    """Return what each dossier brings to the first goal, in steps; larger is better, int64 (n,)."""
    nothing = np.zeros(source.case.n, dtype=np.bool_)
    return compute_stage_gains(source.problem.stages[0], source.possible_cents, nothing)
