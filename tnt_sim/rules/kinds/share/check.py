"""Second reading of `share`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from tnt_sim.rules.kinds.share.rule import Share
from tnt_sim.rules.second_reading.rows import RowCollector, Sum, _against, _all, _only, bounded, named, summed


def share_lines(lines: RowCollector, rule: Share) -> None:
    """Write the numerator against its share of the denominator, for each group."""
    names, codes = rule.groups.names, rule.groups.codes
    piece = summed(lines.columns, rule.numerator, codes, len(names))
    if rule.pooled:
        _pooled_share(lines, rule, piece)
        return
    whole = summed(lines.columns, rule.denominator, codes, len(names))
    for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
        if bound is None:
            continue
        # N·a ≥ p/q·D·b with scales a and b, as whole numbers: left·N − right·D ≥ 0
        ratio = bound * rule.denominator.scale / rule.numerator.scale
        total = _against(piece, whole, ratio)
        zero, none = [0] * len(names), [None] * len(names)
        low, high = (zero, none) if side == "min" else (none, zero)
        bounded(lines, [named("rule", rule.id, name, side) for name in names], total, low, high)


def _pooled_share(lines: RowCollector, rule: Share, numerator: Sum) -> None:
    """Write each group against the denominator of all dossiers, in a row of its own."""
    whole = summed(lines.columns, rule.denominator, _all(lines.columns), 1)
    for group, name in enumerate(rule.groups.names):
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is None:
                continue
            ratio = bound * rule.denominator.scale / rule.numerator.scale
            low, high = ([0], [None]) if side == "min" else ([None], [0])
            total = _against(_only(numerator, group), whole, ratio)
            bounded(lines, [named("rule", rule.id, name, side)], total, low, high)
