"""Formula of `limit`."""

from __future__ import annotations

from tnt_sim.domain.field_types import write_rate
from tnt_sim.rules.expressions.text import _between, _each, _sum, _term, _where
from tnt_sim.rules.kind_support.rule_spec import ShareOfAmount
from tnt_sim.rules.kinds.limit.rule import LimitSpec


def limit_formula(rule: LimitSpec) -> str:
    """Return `∀ d : min(10 k€ ; demand) ≤ Σ{department = d} g_i ≤ 300 k€`."""
    all_text, group = _each(rule.by)
    low, high = _bound(rule.min), _bound(rule.max)
    total = _sum([group, _where(rule.where)], _term(rule.measure))
    if low is not None and rule.by is not None and rule.floor != "strict":
        low = f"min({low} ; demand)"
    return all_text + _between(low, total, high)


def _bound(bound: str | ShareOfAmount | None) -> str | None:
    if isinstance(bound, ShareOfAmount):
        return f"{write_rate(bound.share)} · amount({bound.of_amount})"
    return bound
