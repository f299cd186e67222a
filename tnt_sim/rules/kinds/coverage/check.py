"""Second reading of `coverage`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from tnt_sim.rules.kinds.coverage.rule import Coverage
from tnt_sim.rules.second_reading.rows import RowCollector, _all, _down, _up, bounded, named, summed


def coverage_lines(lines: RowCollector, rule: Coverage) -> None:
    """Write low ≤ Σ_u worth_u · [u covered] ≤ high."""
    total = summed(lines.columns, rule.terms, _all(lines.columns), 1)
    low, high = rule.minimum, rule.maximum
    if low is not None:
        bounded(lines, [named("rule", rule.id, side="min")], total, [_up(low)], [None])
    if high is not None:
        bounded(lines, [named("rule", rule.id, side="max")], total, [None], [_down(high)])
