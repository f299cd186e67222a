"""The second reading of rules that bound sums: `limit`, `share`, `coverage`, `schedule`, `equity`.

    limit, coverage   ⌈min/scale⌉ ≤ Σ ≤ ⌊max/scale⌋
    schedule          Σ ≤ ⌊cents / (100·scale)⌋
    share             q·N − p·D ≥ 0 for a minimum of p/q, ≤ 0 for a maximum, N and D in one scale; D of all groups
                      under `of: all`
    equity            q·M_g − p·Σ M_h ≥ 0 for a share p/q of the totals, ≤ 0 for a maximum

Groups in which several candidates share what counts once have no plain row: they are named as unread.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tnt_sim.certify.priced_rows import ROOM, Columns, Lines, Numbers, Sum, bounded, named, summed
from tnt_sim.rules.base import IntArray
from tnt_sim.rules.coverage import Coverage
from tnt_sim.rules.equity import Equity
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.schedule import Schedule
from tnt_sim.rules.share import Share

ROUNDED = 2**61
"""Figures of an equity row from here on are rounded where they are written: cases too close to call are unread."""


def limit_lines(lines: Lines, rule: Limit) -> None:
    """Each group between its bounds."""
    names, scale = rule.groups.names, rule.terms.scale
    total = summed(lines.columns, rule.terms, rule.groups.codes, len(names))
    none = [None] * len(names)
    low = [None if bound is None else _up(bound / scale) for bound in rule.minimum]
    high = [None if bound is None else _down(bound / scale) for bound in rule.maximum]
    bounded(lines, [named("rule", rule.id, name, "min") for name in names], total, low, none)
    bounded(lines, [named("rule", rule.id, name, "max") for name in names], total, none, high)


def coverage_lines(lines: Lines, rule: Coverage) -> None:
    """What is covered between its bounds."""
    total = summed(lines.columns, rule.terms, _all(lines.columns), 1)
    low, high = rule.minimum, rule.maximum
    if low is not None:
        bounded(lines, [named("rule", rule.id, side="min")], total, [_up(low)], [None])
    if high is not None:
        bounded(lines, [named("rule", rule.id, side="max")], total, [None], [_down(high)])


def schedule_lines(lines: Lines, rule: Schedule) -> None:
    """Each year's sum under its ceiling."""
    for one in rule.ceilings:
        total = summed(lines.columns, one.terms, _all(lines.columns), 1)
        most = _down(Fraction(one.cents, 100) / one.terms.scale)
        bounded(lines, [named("rule", rule.id, one.name, "max")], total, [None], [most])


def share_lines(lines: Lines, rule: Share) -> None:
    """The numerator against the share of the denominator, in each group."""
    names, codes = rule.groups.names, rule.groups.codes
    part = summed(lines.columns, rule.numerator, codes, len(names))
    if rule.pooled:
        _pooled_share(lines, rule, part)
        return
    whole = summed(lines.columns, rule.denominator, codes, len(names))
    for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
        if bound is None:
            continue
        # N·a ≥ p/q·D·b with scales a and b, as whole numbers: left·N − right·D ≥ 0
        ratio = bound * rule.denominator.scale / rule.numerator.scale
        total = _against(part, whole, ratio)
        zero, none = [0] * len(names), [None] * len(names)
        low, high = (zero, none) if side == "min" else (none, zero)
        bounded(lines, [named("rule", rule.id, name, side) for name in names], total, low, high)


def _pooled_share(lines: Lines, rule: Share, part: Sum) -> None:
    """Each group against the denominator of all dossiers, in a row of its own."""
    whole = summed(lines.columns, rule.denominator, _all(lines.columns), 1)
    for group, name in enumerate(rule.groups.names):
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is None:
                continue
            ratio = bound * rule.denominator.scale / rule.numerator.scale
            low, high = ([0], [None]) if side == "min" else ([None], [0])
            total = _against(_only(part, group), whole, ratio)
            bounded(lines, [named("rule", rule.id, name, side)], total, low, high)


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


def _all(columns: Columns) -> IntArray:
    return np.zeros(columns.n, dtype=np.int64)


def _up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _down(value: Fraction) -> int:
    return value.numerator // value.denominator


def _only(total: Sum, group: int) -> Sum:
    """One group of a sum as a sum of its own."""
    code = np.where(total.group == group, 0, -1)
    return Sum(code, total.value, (total.constant[group],), total.linear[[group]])


def _pooled(total: Sum) -> Sum:
    """All groups of a sum together."""
    code = np.where(total.group >= 0, 0, -1)
    return Sum(code, total.value, (sum(total.constant),), np.array([bool(total.linear.all())]))


def _against(part: Sum, whole: Sum, ratio: Fraction) -> Sum:
    """q·part − p·whole for a ratio p/q, by group; a column outside a sum brings it nothing."""
    group = np.maximum(part.group, whole.group)
    left = _times(np.where(part.group >= 0, part.value, 0), ratio.denominator)
    right = _times(np.where(whole.group >= 0, whole.value, 0), ratio.numerator)
    constant = tuple(
        ratio.denominator * a - ratio.numerator * b
        for a, b in zip(part.constant, whole.constant, strict=True)
    )
    return Sum(group, left - right, constant, part.linear & whole.linear)


def _times(value: Numbers, factor: int) -> Numbers:
    """A product in 64 bits where a difference of two such fits them too, else in Python integers."""
    largest = max((abs(int(value.max(initial=0))), abs(int(value.min(initial=0)))), default=0)
    exact: Numbers = value if largest * factor < ROOM // 2 else value.astype(object)
    return exact * factor
