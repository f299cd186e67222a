"""Wording and formulas of the stages of the objective and of named measures."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tnt_sim.domain.field_types import write_number, write_rate
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_number, format_rate
from tnt_sim.i18n.parameters import Items, Number
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.measures import MeasureSpec, TermSpec
from tnt_sim.rules.expressions.selectors import Selector, describe
from tnt_sim.rules.expressions.text import (
    _format_groups,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
    describe_groups,
    describe_if_clause,
    describe_where_clause,
)
from tnt_sim.scenario.spec import StageSpec


def format_goal_formula(name: str, weight: str) -> str:
    """Return one term of a stage: `10·Σ x_i`."""
    factor = "" if weight == "1" else f"{weight}·"
    if "." in name or name in ("smallest", "changed"):
        return f"{factor}{name}"
    return f"{factor}Σ {_format_term(name)}"


def describe_stage(stage: StageSpec, lang: Lang, step: Fraction | None = None) -> str:
    """Return « Maximiser la somme des notes des dossiers financés. »; `step` is that of `smallest`, if rounded."""
    goals: Mapping[str, Any] = stage.maximise or stage.minimise or {}
    sense = expressions_text.SENSE["maximise" if stage.maximise is not None else "minimise"].in_(lang)
    terms = " + ".join(_describe_goal(name, weight, lang, step) for name, weight in goals.items())
    text = f"{sense.capitalize()} {terms}"
    if stage.tolerance:
        share = format_rate(stage.tolerance, lang)
        text += _("; later stages may give up {share} of it", share=share).in_(lang)
    return text + "."


def format_stage_formula(stage: StageSpec, step: Fraction | None = None) -> str:
    """Return `max 10·Σ x_i + Σ score_i·x_i`; `step` is that of `smallest`, if it is rounded.

    With a tolerance: `max F = Σ score_i·x_i, then F ≥ max − 1 %·|max|`.
    """
    goals: Mapping[str, Any] = stage.maximise or stage.minimise or {}
    pieces = []
    for name, weight in goals.items():
        if isinstance(weight, dict):
            pieces.append(_format_smallest_formula(weight, step))
        else:
            pieces.append(format_goal_formula(name, str(weight)))
    sense, total = "max" if stage.maximise is not None else "min", " + ".join(pieces)
    if not stage.tolerance:
        return f"{sense} {total}"
    sign, more = ("≥", "−") if sense == "max" else ("≤", "+")
    return f"{sense} F = {total}, then F {sign} {sense} {more} {write_rate(stage.tolerance)}·|{sense}|"


def _format_smallest_formula(wanted: Mapping[str, Any], step: Fraction | None) -> str:
    """Return `min{d ∈ {department_i | i eligible}} Σ{department = d} g_i / population_d`."""
    by, where = wanted.get("by", "?"), wanted.get("where")
    selector = None if where is None else Selector(where)
    quantifier, group = _format_quantifier(by, _format_groups(by, wanted.get("groups", "present"), selector))
    total = _format_sum([group, _format_selector(selector)], _format_term(str(wanted.get("measure", "?"))))
    ratio = total + (" / population_d" if "per" in wanted else "")
    if step is not None:
        ratio = f"⌊({ratio}) / ({step})⌋·({step})"
    return f"min{{{quantifier[2:-3]}}} {ratio}"


def _describe_goal(name: str, weight: Any, lang: Lang, step: Fraction | None) -> str:
    if isinstance(weight, dict):
        text = _describe_smallest(weight, lang)
        rounded = _(", rounded down to a multiple of {step}", step=Number(step or Fraction(0))).in_(lang)
        return text if step is None else text + rounded
    if name.startswith("shortfall."):
        rule = name.partition(".")[2]
        what = _('what the rule "{rule}" lacks', rule=rule).in_(lang)
    else:
        what = expressions_text.describe_measure(name).in_(lang)
    return what if str(weight) == "1" else f"{weight} × {what}"


def _describe_smallest(wanted: Mapping[str, Any], lang: Lang) -> str:
    measure = expressions_text.describe_measure(str(wanted.get("measure", ""))).in_(lang)
    by = wanted.get("by", "")
    names = [str(name) for name in by] if isinstance(by, list) else [str(by)]
    groups = format_list([column_text.describe_bare_column(name).in_(lang) for name in names], lang)
    if "per" in wanted:
        measure = _("{measure} per inhabitant{limits}", measure=measure, limits="").in_(lang)
    groups += describe_groups(wanted.get("groups"), lang)
    if "where" in wanted:
        condition = describe_where_clause(Selector(wanted["where"]), lang)
        groups += _(", among the applications {condition}", condition=condition).in_(lang)
    return _("{measure} of the group served least (by {columns})", measure=measure, columns=groups).in_(lang)


def describe_measure(measure: MeasureSpec, lang: Lang) -> str:
    """Return « Somme, sur les dossiers financés, de : la note ; 5 si les étiquettes contiennent … »"""
    if measure.mean is not None:
        names = format_list([column_text.describe_column(name).in_(lang) for name in measure.mean], lang)
        text = _("the mean of {columns} (filled cells)", columns=names).in_(lang)
    elif measure.sum is not None:
        text = Items([_describe_term(part, lang) for part in measure.sum], ";").in_(lang)
    else:
        return _SUMMED.in_(lang).format(_describe_term(measure, lang))
    if measure.where is not None:
        text += f", {describe_if_clause(measure.where, lang)}"
    return _SUMMED.in_(lang).format(text)


_SUMMED = _("Sum, over the funded applications, of: {{}}.")


def _describe_term(term: TermSpec | MeasureSpec, lang: Lang) -> str:
    text = (
        column_text.describe_column(term.column).in_(lang)
        if term.column is not None
        else format_number(term.value or Fraction(0), lang)
    )
    if term.where is not None:
        text += f" {describe_if_clause(term.where, lang)}"
    if term.once_per is not None:
        key = column_text.describe_bare_column(term.once_per).in_(lang)
        text += _(", once for each {column}", column=key).in_(lang)
    if term.empty is not None:
        text += _(" (0 where empty)").in_(lang)
    return text


def format_measure_formula(measure: MeasureSpec) -> str:
    """Return `Σ score_i·x_i + 5·Σ{tags: {has: mutualise}} x_i`."""
    if measure.mean is not None:
        return f"Σ mean({' ; '.join(f'{name}_i' for name in measure.mean)})·x_i"
    pieces = []
    for piece in measure.sum or (measure,):
        where = "" if piece.where is None else "{" + describe(piece.where.root) + "}"
        term = (
            f"{piece.column}_i·x_i"
            if piece.column is not None
            else f"{write_number(piece.value or Fraction(0))}·x_i"
        )
        once = "" if piece.once_per is None else f" (once per {piece.once_per})"
        pieces.append(f"Σ{where} {term}{once}")
    return " + ".join(pieces)
