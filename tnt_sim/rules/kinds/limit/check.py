"""Second reading of `limit`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.second_reading.rows import RowCollector, _down, _up, bounded, named, summed


def limit_lines(lines: RowCollector, rule: Limit) -> None:
    """Write low ≤ Σ measure ≤ high for each group."""
    names, scale = rule.groups.names, rule.terms.scale
    total = summed(lines.columns, rule.terms, rule.groups.codes, len(names))
    none = [None] * len(names)
    low = [None if bound is None else _up(bound / scale) for bound in rule.minimum]
    high = [None if bound is None else _down(bound / scale) for bound in rule.maximum]
    bounded(lines, [named("rule", rule.id, name, "min") for name in names], total, low, none)
    bounded(lines, [named("rule", rule.id, name, "max") for name in names], total, none, high)
