"""The rule kind `limit`: its words and its record."""

from __future__ import annotations

from tnt_sim.domain.field_types import write_rate
from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_groups,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
    describe_bound_predicate,
    describe_scope,
)
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.rule_spec import ShareOfAmount
from tnt_sim.rules.kind_support.text import describe_bound
from tnt_sim.rules.kinds.limit.check import add_limit_rows, add_priced_limit_rows
from tnt_sim.rules.kinds.limit.rule import Limit, LimitSpec, compile_limit, refuse_limit_clashes

LABEL = _("limit")

EXAMPLE = "rules: [{id: departements, kind: limit, measure: granted, by: department, min: 200 k€, max: 1 M€}]"


def describe_limit(rule: LimitSpec, lang: Lang) -> str:
    """Return the sentence of a limit: its groups, its measure and the bounds."""
    low, high = (describe_bound(bound, rule.measure, lang) for bound in (rule.min, rule.max))
    measure = expressions_text.describe_measure(rule.measure).in_(lang)
    scope = describe_scope(rule.by, rule.where, lang, groups=rule.groups)
    text = f"{scope}{measure}{describe_bound_predicate(low, high, lang)}"
    if rule.min is not None and rule.floor_used == "demand":
        text += _(", or all that the group can take where it asks for less").in_(lang)
    return text


def format_limit_formula(rule: LimitSpec) -> str:
    """Return `∀ d : min(10 k€ ; demand) ≤ Σ{department = d} g_i ≤ 300 k€`."""
    all_text, group = _format_quantifier(rule.by, _format_groups(rule.by or "", rule.groups, rule.where))
    low, high = _format_bound(rule.min), _format_bound(rule.max)
    total = _format_sum([group, _format_selector(rule.where)], _format_term(rule.measure))
    if low is not None and rule.floor_used == "demand":
        low = f"min({low} ; demand)"
    return all_text + _format_bounds(low, total, high)


def _format_bound(bound: str | ShareOfAmount | None) -> str | None:
    if isinstance(bound, ShareOfAmount):
        return f"{write_rate(bound.share)} · amount({bound.of_amount})"
    return bound


LIMIT = RuleKind(
    name="limit",
    spec=LimitSpec,
    compile_rule=compile_limit,
    second_reading={Limit: add_limit_rows},
    priced_reading={Limit: add_priced_limit_rows},
    label=LABEL,
    describe=describe_limit,
    format_formula=format_limit_formula,
    example=EXAMPLE,
    refuse_clashes=refuse_limit_clashes,
)
