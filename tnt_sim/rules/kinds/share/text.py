"""Formula of `share`."""

from __future__ import annotations

from tnt_sim.rules.expressions.text import _between, _each, _rate, _sum, _term, _where
from tnt_sim.rules.kinds.share.rule import ShareSpec


def share_formula(rule: ShareSpec) -> str:
    """Return `25 % · Σ g_i ≤ Σ{commune_rurale: true} g_i`."""
    all_text, group = _each(rule.by)
    top = _sum([group, _where(rule.whole), _where(rule.where)], _term(rule.measure))
    bottom = _sum(["" if rule.pooled else group, _where(rule.whole)], _term(rule.of_measure or rule.measure))
    low, high = _rate(rule.min), _rate(rule.max)
    if low is None and high is None:
        return f"{all_text}{top} / {bottom}"
    return all_text + _between(low and f"{low} · {bottom}", top, high and f"{high} · {bottom}")
