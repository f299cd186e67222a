"""The rule kind `equity`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_rate
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_groups,
    _format_optional_rate,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
    describe_bound_predicate,
    describe_scope,
)
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.equity.check import add_equity_rows
from tnt_sim.rules.kinds.equity.rule import Equity, EquitySpec, compile_equity

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
    """Return `∀ d : 50 % · mean ≤ Σ{department = d} g_i / population_d ≤ …, mean = …`."""
    all_text, group = _format_quantifier(rule.by, _format_groups(rule.by, rule.groups, rule.where))
    total = _format_sum([group, _format_selector(rule.where)], _format_term(rule.measure))
    low, high = (rate and f"{rate} · mean" for rate in map(_format_optional_rate, (rule.min, rule.max)))
    if low and rule.floor != "strict":
        low = f"min({low} ; demand / population_d)"
    bounded = all_text + _format_bounds(low, f"{total} / population_d", high)
    return f"{bounded}, mean = (Σ_d {total}) / Σ_d population_d" if low or high else bounded


def describe_equity(rule: EquitySpec, lang: Lang) -> str:
    """Return « pour chaque département, le montant accordé par habitant ne dépasse pas … »."""
    low = None if rule.min is None else format_rate(rule.min, lang)
    high = None if rule.max is None else format_rate(rule.max, lang)
    measure = expressions_text.describe_measure(rule.measure).in_(lang)
    limits = describe_bound_predicate(low, high, lang)
    each = describe_scope(rule.by, rule.where, lang, groups=rule.groups)
    lowered = rule.floor != "strict" and rule.min is not None
    text = each + _("{measure} per inhabitant{limits}", measure=measure, limits=limits).in_(lang)
    if low is not None or high is not None:
        text += _(" of the mean of these groups together").in_(lang)
    return text + _(", or all that its applications can reach").in_(lang) if lowered else text


EQUITY = RuleKind(
    name="equity",
    spec=EquitySpec,
    compile_rule=compile_equity,
    second_reading={Equity: add_equity_rows},
    label=LABEL,
    describe=describe_equity,
    format_formula=format_equity_formula,
    example=EXAMPLE,
    keys=KEYS,
    reads_amounts=True,
)
