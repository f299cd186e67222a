"""Second reading of `schedule`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.rules.kinds.schedule.rule import Schedule
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    _assign_single_group,
    _round_down,
    add_bounded_rows,
    format_row_name,
    sum_over_columns,
)


def add_schedule_rows(lines: RowCollector, rule: Schedule) -> None:
    """Write the sum of each year ≤ its ceiling."""
    for ceiling in rule.ceilings:
        total = sum_over_columns(lines.columns, ceiling.terms, _assign_single_group(lines.columns), 1)
        most = _round_down(Fraction(ceiling.cents, 100) / ceiling.terms.scale)
        add_bounded_rows(
            lines, [format_row_name("rule", rule.id, ceiling.name, "max")], total, [None], [most]
        )
