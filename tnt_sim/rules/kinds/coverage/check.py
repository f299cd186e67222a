"""Second reading of `coverage`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.linear_terms import Terms
from tnt_sim.rules.second_reading.rows import (
    Pricing,
    RowCollector,
    RuleData,
    _assign_single_group,
    _round_down,
    _round_up,
    add_bounded_rows,
    add_priced_rows,
    format_row_name,
    sum_over_columns,
)


class CoverageData(RuleData, Protocol):
    """Fields of a compiled `coverage` that its second reading reads."""

    @property
    def terms(self) -> Terms:
        """The sum that counts each unit once."""

    @property
    def minimum(self) -> Fraction | None:
        """The least that must be covered."""

    @property
    def maximum(self) -> Fraction | None:
        """The most that may be covered."""


def add_coverage_rows(lines: RowCollector, rule: CoverageData) -> None:
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


def add_priced_coverage_rows(lines: RowCollector, rule: CoverageData, pricing: Pricing) -> None:
    """Write the same with what is missing, or too much, at its price."""
    total = sum_over_columns(lines.columns, rule.terms, _assign_single_group(lines.columns), 1)
    names = [format_row_name("rule", rule.id)]
    add_priced_rows(lines, pricing, names, total, rule.terms.scale, [rule.minimum], [rule.maximum])
