"""Second reading of `coverage`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from tnt_sim.rules.kinds.coverage.rule import Coverage
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    _assign_single_group,
    _round_down,
    _round_up,
    add_bounded_rows,
    format_row_name,
    sum_over_columns,
)


def add_coverage_rows(lines: RowCollector, rule: Coverage) -> None:
    """Write low ≤ Σ_u worth_u · [u covered] ≤ high."""
    total = sum_over_columns(lines.columns, rule.terms, _assign_single_group(lines.columns), 1)
    low, high = rule.minimum, rule.maximum
    if low is not None:
        add_bounded_rows(
            lines, [format_row_name("rule", rule.id, side="min")], total, [_round_up(low)], [None]
        )
    if high is not None:
        add_bounded_rows(
            lines, [format_row_name("rule", rule.id, side="max")], total, [None], [_round_down(high)]
        )
