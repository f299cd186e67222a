"""Settings displayed by the page: envelope sliders, rules, weights, and decisions by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.app.live_answers import LiveAnswer
from tnt_sim.app.page_state import State
from tnt_sim.app.page_text import PAGE
from tnt_sim.app.panels.result_panels import Drawer
from tnt_sim.app.scenario_changes import get_goals, list_stages
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount, format_short_amount, get_currency
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.inhabitants import INHABITANTS
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.kinds.registry import describe_rule
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.objective_text import describe_stage
from tnt_sim.scenario.scenario import ScenarioData

BUILT_IN = ("dossiers", "granted", "population", "leverage")
"""Objectives that any scenario may add, after its own measures; `inhabitants` if it names a map."""
_UNITS = (("M", 100_000_000), ("k", 100_000), ("", 100))
_STEPS_A_SLIDER = 200


@dataclass(frozen=True, slots=True)
class Axis:
    """Envelope with a slider: amount in cents; `below` if it lies under an axis."""

    k: int
    id: str
    title: str
    written_cents: int
    below: bool


def list_axes(scenario: ScenarioData) -> list[Axis]:
    """List the envelopes in force with a written amount, in the order of the tree."""
    day = scenario.spec.date
    result = [
        (spec, len(path))
        for spec, path in scenario.spec.programme.walk_in_force(day)
        if spec.amount is not None
    ]
    return [
        Axis(k, spec.id, spec.title or spec.id, spec.amount or 0, depth > 2)
        for k, (spec, depth) in enumerate(result)
    ]


def select_unit(axes: list[Axis]) -> tuple[str, int]:
    """Return scale and cents of the unit of the boxes: millions from ten million up, thousands from 10,000."""
    largest = max((axis.written_cents for axis in axes), default=0)
    return next((pair for pair in _UNITS if largest >= 10 * pair[1]), _UNITS[-1])


def list_unit_marks(axes: list[Axis], lang: Lang) -> tuple[str, str]:
    """Return what stands before and after a number box, as a language writes an amount: « … M€ », €…M."""
    before, after = get_currency().add_to("0", select_unit(axes)[0], lang).split("0")
    return before.rstrip(), after.lstrip()


def parse_box(text: str, unit: tuple[str, int]) -> int:
    """Parse the content of a number box: "31" or "31,5" in its unit, or an amount with its own unit."""
    try:
        if any(sign.isalpha() or sign == get_currency().symbol for sign in text):
            cents = Fraction(parse_cents(text))
        else:
            cents = parse_decimal(text, "," if "," in text else ".") * unit[1]
    except MoneyError as error:
        raise ValueError(text) from error
    if cents < 0 or cents.denominator != 1 or cents > 2**53:
        raise ValueError(text)
    return int(cents)


def format_box(cents: int, unit: tuple[str, int], lang: Lang) -> str:
    """Write cents for a number box, exactly."""
    whole, rest = divmod(cents, unit[1])
    decimals = str(rest).rjust(len(str(unit[1])) - 1, "0").rstrip("0")
    mark = "," if lang is Lang.FR else "."
    return f"{whole}{mark}{decimals}" if decimals else str(whole)


def compute_step(written_cents: int) -> int:
    """Return a round step: 1, 2 or 5 times a power of ten, for about two hundred steps per slider."""
    wanted = max(100, written_cents * 2 // _STEPS_A_SLIDER)
    power: int = 10 ** (len(str(wanted)) - 1)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def compute_slider_max(axis: Axis, cents: int) -> int:
    """Return twice the written amount, or more if the present one exceeds it, in whole steps."""
    step = compute_step(axis.written_cents)
    return -(-max(2 * axis.written_cents, cents * 5 // 4, 10 * step) // step) * step


def get_amount(axis: Axis, state: State) -> int:
    """Return the amount of an envelope under the settings."""
    return state.amounts.get(axis.id, axis.written_cents)


def format_axis_values(axes: list[Axis], state: State, lang: Lang) -> dict[str, dict[str, str]]:
    """Return the values of the slider and box of each envelope."""
    unit, result = select_unit(axes), {}
    for axis in axes:
        cents = get_amount(axis, state)
        result[f"amount-{axis.k}"] = {
            "value": str(cents),
            "max": str(compute_slider_max(axis, cents)),
            "text": format_amount(cents, lang),
        }
        result[f"box-{axis.k}"] = {"value": format_box(cents, unit, lang)}
    return result


def render_axes(drawer: Drawer, axes: list[Axis], state: State, answer: LiveAnswer | None) -> dict[str, str]:
    """Return what is beside each slider: a bar, granted and left."""
    n_funded = None if answer is None else _count_funded(answer)
    return {
        f"axis-{axis.k}": drawer.render_macro(
            "axis_told", _describe_axis(axis, state, answer, n_funded, drawer.lang)
        )
        for axis in axes
    }


def _count_funded(answer: LiveAnswer) -> IntArray:
    """Return how many applications are funded under each envelope, int64 (n_nodes,): its nodes follow it."""
    case = answer.problem.case
    own = np.bincount(case.node[answer.allocation.funded], minlength=case.tree.n_nodes)
    before = np.concatenate([[0], np.cumsum(own)])
    return np.asarray(before[np.asarray(case.tree.end)] - before[:-1], dtype=np.int64)


def _describe_axis(
    axis: Axis, state: State, answer: LiveAnswer | None, n_funded: IntArray | None, lang: Lang
) -> dict[str, Any]:
    cents = get_amount(axis, state)
    written = ""
    if cents != axis.written_cents:
        amount = format_short_amount(axis.written_cents, lang)
        written = _("as written: {amount}", amount=amount).in_(lang)
    if answer is None or n_funded is None or axis.id not in answer.problem.case.tree.ids:
        return {"bar": 0, "words": "", "written": written, "id": ""}
    tree = answer.problem.case.tree
    node = tree.get_node(axis.id)
    granted, left = answer.reading.envelopes.granted_cents[node], answer.reading.envelopes.left_cents[node]
    text = _n(
        "{granted} granted, {n} funded; {left} left",
        "{granted} granted, {n} funded; {left} left",
        n=int(n_funded[node]),
        granted=format_short_amount(granted, lang),
        left=format_short_amount(left, lang),
    )
    if granted > cents:
        text = _("{sentence}; the excess comes from above", sentence=text)
    return {
        "bar": round(1000 * granted / max(cents, granted, 1)),
        "words": text.in_(lang),
        "written": written,
        "id": axis.id,
        "title": axis.title,
        "chosen": state.envelope == axis.id,
    }


def is_rule_on(rule: Any, state: State) -> bool:
    """Whether a rule is switched on under the settings."""
    return state.rules.get(rule.id, not rule.off)


def describe_rules(scenario: ScenarioData, state: State, lang: Lang) -> list[dict[str, Any]]:
    """Return the rules with a sentence each; one that is not in force cannot be switched on."""
    return [
        {
            "id": rule.id,
            "title": rule.title or rule.id,
            "own": bool(rule.title),
            "on": is_rule_on(rule, state),
            "closed": not rule.model_copy(update={"off": False}).is_in_force(scenario.spec.date),
            "words": describe_rule(rule, lang),
        }
        for rule in scenario.spec.rules
    ]


def describe_stages(scenario: ScenarioData, state: State, lang: Lang) -> list[dict[str, Any]]:
    """Return the stages of the objective: weights in use, and objectives that may be added."""
    result = []
    for k, stage in enumerate(list_stages(scenario)):
        goals = get_goals(stage)
        plain = {name: str(weight) for name, weight in goals.items() if not isinstance(weight, dict)}
        used = list(plain)
        reached = () if scenario.spec.map_year is None else (INHABITANTS,)
        more = [name for name in (*scenario.spec.measures, *BUILT_IN, *reached) if name not in goals]
        values = {**plain, **{name: text for (j, name), text in state.weights.items() if j == k}}
        sentences = [
            {
                "stage": k,
                "k": j,
                "name": name,
                "words": capitalise(expressions_text.describe_measure(name).in_(lang)),
                "value": values.get(name, "0").replace(".", "," if lang is Lang.FR else "."),
            }
            for j, name in enumerate((*used, *more))
        ]
        result.append(
            {
                "title": _format_stage_title(scenario, k, whole=len(plain) == len(goals)).in_(lang),
                "used": sentences[: len(used)],
                "more": sentences[len(used) :],
            }
        )
    return result


def _format_stage_title(scenario: ScenarioData, k: int, *, whole: bool) -> Text:
    """Return the title of a stage: « Objectif 1 : maximiser ».

    It is the sentence of the stage if some of its objectives have no weight to change.
    """
    if not whole:
        spec = scenario.spec.objective[k]
        stage = Bilingual(describe_stage(spec, Lang.FR), describe_stage(spec, Lang.EN))
        return _("{number}. {stage}", number=k + 1, stage=stage)
    sense = expressions_text.SENSE["minimise" if "minimise" in list_stages(scenario)[k] else "maximise"]
    return _("Goal {k}: {sense}", k=k + 1, sense=sense)


def build_input_values(
    scenario: ScenarioData, axes: list[Axis], state: State, lang: Lang
) -> dict[str, dict[str, Any]]:
    """Return the value of every input of the page by its id."""
    result: dict[str, dict[str, Any]] = dict(format_axis_values(axes, state, lang))
    for k, rule in enumerate(scenario.spec.rules):
        result[f"rule-{k}"] = {"value": is_rule_on(rule, state)}
    for stage in describe_stages(scenario, state, lang):
        for one in (*stage["used"], *stage["more"]):
            result[f"weight-{one['stage']}-{one['k']}"] = {"value": one["value"]}
    for share in ("pro_rata", "free"):
        result[f"share-{share}"] = {"value": state.share == share}
    for key in ("search", "department", "envelope", "present"):
        result[key] = {"value": getattr(state, key)}
    return result


def render_forced(drawer: Drawer, state: State) -> str:
    """Return what was decided by hand, and other values changed by a repair."""
    lang = drawer.lang
    rows = [
        {
            "dossier": one.dossier,
            "reason": one.reason,
            "side": PAGE["kept" if one.inside else "refused"].in_(lang),
        }
        for __, one in sorted(state.forced.items())
    ]
    return drawer.render_macro("forced", {"rows": rows, "sets": sorted(state.sets.items())})
