"""Formula of `share`."""

from __future__ import annotations

from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_optional_rate,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
)
from tnt_sim.rules.kinds.share.rule import ShareSpec


def format_share_formula(rule: ShareSpec) -> str:
    """Return `25 % · Σ g_i ≤ Σ{commune_rurale: true} g_i`."""
    all_text, group = _format_quantifier(rule.by)
    top = _format_sum(
        [group, _format_selector(rule.whole), _format_selector(rule.where)], _format_term(rule.measure)
    )
    bottom = _format_sum(
        ["" if rule.pooled else group, _format_selector(rule.whole)],
        _format_term(rule.of_measure or rule.measure),
    )
    low, high = _format_optional_rate(rule.min), _format_optional_rate(rule.max)
    if low is None and high is None:
        return f"{all_text}{top} / {bottom}"
    return all_text + _format_bounds(low and f"{low} · {bottom}", top, high and f"{high} · {bottom}")
