"""Second reading of `schedule`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.linear_terms import Terms
from tnt_sim.rules.second_reading.rows import (
    Pricing,
    RowCollector,
    RuleData,
    _assign_single_group,
    _round_down,
    add_bounded_rows,
    add_priced_rows,
    format_row_name,
    sum_over_columns,
)


class CeilingData(Protocol):
    """Fields of one sum that the second reading of `schedule` reads."""

    @property
    def name(self) -> str:
        """The year and what it counts."""

    @property
    def terms(self) -> Terms:
        """The sum."""

    @property
    def cents(self) -> int:
        """The most that it may be."""


class ScheduleData(RuleData, Protocol):
    """Fields of a compiled `schedule` that its second reading reads."""

    @property
    def ceilings(self) -> Sequence[CeilingData]:
        """The ceilings of each year, with their sums."""


def add_schedule_rows(lines: RowCollector, rule: ScheduleData) -> None:
    """Write the sum of each year ≤ its ceiling."""
    for ceiling in rule.ceilings:
        total = sum_over_columns(lines.columns, ceiling.terms, _assign_single_group(lines.columns), 1)
        most = _round_down(Fraction(ceiling.cents, 100) / ceiling.terms.scale)
        add_bounded_rows(
            lines, [format_row_name("rule", rule.id, ceiling.name, "max")], total, [None], [most]
        )


def add_priced_schedule_rows(lines: RowCollector, rule: ScheduleData, pricing: Pricing) -> None:
    """Write the same with what is too much at its price."""
    for ceiling in rule.ceilings:
        total = sum_over_columns(lines.columns, ceiling.terms, _assign_single_group(lines.columns), 1)
        names, most = [format_row_name("rule", rule.id, ceiling.name, "max")], Fraction(ceiling.cents, 100)
        add_priced_rows(lines, pricing, names, total, ceiling.terms.scale, [None], [most])
