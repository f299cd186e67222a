"""Label, sentence, formula, example and keys of `equity`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_rate
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_optional_rate,
    _format_selector,
    _format_sum,
    _format_term,
    describe_bound_predicate,
    describe_for_each,
    describe_scope,
)
from tnt_sim.rules.kinds.equity.rule import EquitySpec

LABEL = _("equity")
EXAMPLE = (
    "rules: [{id: equite, kind: equity, measure: granted, per: population, by: department, groups: "
    "map, min: 50 %, max: 150 %}]"
)
KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "min": _("a group's mean per head, as a share of that of all"),
        "max": _("the same, at most"),
        "per": _("per head, by the map"),
    }
)


def format_equity_formula(rule: EquitySpec) -> str:
    """Return `∀ d : 50 % · (Σ g_i / Σ population) ≤ Σ{department = d} g_i / population_d`."""
    mark = "d"
    term = _format_term(rule.measure)
    where = _format_selector(rule.where)
    text = f"{_format_sum([f'{rule.by} = {mark}', where], term)} / population_{mark}"
    ratio = f"({_format_sum([where], term)} / Σ population)"
    low, high = _format_optional_rate(rule.min), _format_optional_rate(rule.max)
    return f"∀ {mark} : " + _format_bounds(low and f"{low} · {ratio}", text, high and f"{high} · {ratio}")


def describe_equity(rule: EquitySpec, lang: Lang) -> str:
    """Return « pour chaque département, le montant accordé par habitant ne dépasse pas … »."""
    low = None if rule.min is None else format_rate(rule.min, lang)
    high = None if rule.max is None else format_rate(rule.max, lang)
    measure = expressions_text.describe_measure(rule.measure).in_(lang)
    limits = describe_bound_predicate(low, high, lang)
    all_text = ""
    if rule.groups == "map":
        all_text = _(" of the map").in_(lang)
    each = (
        describe_for_each(rule.by, lang).removesuffix(", ")
        + all_text
        + ", "
        + describe_scope(None, rule.where, lang)
    )
    lowered = rule.floor != "strict" and rule.min is not None
    text = each + _("{measure} per inhabitant{limits}", measure=measure, limits=limits).in_(lang)
    if low is not None or high is not None:
        text += _(" of the mean of all").in_(lang)
    return text + _(", or all that its applications can reach").in_(lang) if lowered else text
