"""rules/kinds/equity/check.py."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.rules.kinds.equity.rule import Equity
from tnt_sim.rules.second_reading.rows import Lines, Sum, _against, _only, _pooled, bounded, named, summed

ROUNDED = 2**61
"""Figures of an equity row from here on are rounded where they are written: cases too close to call are unread."""


def equity_lines(lines: Lines, rule: Equity) -> None:
    """Each group against its share of all; what a low demand opens up needs a further column and is unread."""
    of, codes = rule.of, rule.of.groups.codes
    own = summed(lines.columns, of.terms, codes, len(of.heads))
    for group, (name, heads) in enumerate(zip(of.groups.names, of.heads, strict=True)):
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is None:
                continue
            ratio = bound * Fraction(heads, sum(of.heads))
            _one_group(lines, rule, own, group, named("rule", rule.id, name, side), side, ratio)


def _one_group(
    lines: Lines, rule: Equity, own: Sum, group: int, name: str, side: str, ratio: Fraction
) -> None:
    if not own.linear.all():
        lines.unread.update(("any", f"{name}:{side}"))
        return
    mine = _only(own, group)
    if side == "max":
        bounded(lines, [name], _against(mine, _pooled(own), ratio), [None], [0])
        return
    demand = rule.of.most[group]
    if rule.strict or demand >= ratio * rule.of.total:
        bounded(lines, [name], _against(mine, _pooled(own), ratio), [0], [None])
        return
    if demand < ratio * sum(rule.of.settled):
        bounded(lines, [name], mine, [demand], [None])
        if max(ratio.denominator * max(rule.of.most), ratio.numerator * rule.of.total) < ROUNDED:
            return
    lines.unread.add(f"{name}:{side}")
