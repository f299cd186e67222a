"""Formula of `limit`."""

from __future__ import annotations

from tnt_sim.domain.field_types import write_rate
from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
)
from tnt_sim.rules.kind_support.rule_spec import ShareOfAmount
from tnt_sim.rules.kinds.limit.rule import LimitSpec


def format_limit_formula(rule: LimitSpec) -> str:
    """Return `∀ d : min(10 k€ ; demand) ≤ Σ{department = d} g_i ≤ 300 k€`."""
    all_text, group = _format_quantifier(rule.by)
    low, high = _format_bound(rule.min), _format_bound(rule.max)
    total = _format_sum([group, _format_selector(rule.where)], _format_term(rule.measure))
    if low is not None and rule.by is not None and rule.floor != "strict":
        low = f"min({low} ; demand)"
    return all_text + _format_bounds(low, total, high)


def _format_bound(bound: str | ShareOfAmount | None) -> str | None:
    if isinstance(bound, ShareOfAmount):
        return f"{write_rate(bound.share)} · amount({bound.of_amount})"
    return bound
