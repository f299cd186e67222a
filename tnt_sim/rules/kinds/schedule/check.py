"""Second reading of `schedule`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.rules.kinds.schedule.rule import Schedule
from tnt_sim.rules.second_reading.rows import RowCollector, _all, _down, bounded, named, summed


def schedule_lines(lines: RowCollector, rule: Schedule) -> None:
    """Write the sum of each year ≤ its ceiling."""
    for ceiling in rule.ceilings:
        total = summed(lines.columns, ceiling.terms, _all(lines.columns), 1)
        most = _down(Fraction(ceiling.cents, 100) / ceiling.terms.scale)
        bounded(lines, [named("rule", rule.id, ceiling.name, "max")], total, [None], [most])
