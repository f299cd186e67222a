"""Second reading of `limit`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.linear_terms import Groups, Terms
from tnt_sim.rules.second_reading.rows import (
    Pricing,
    RowCollector,
    RuleData,
    _round_down,
    _round_up,
    add_bounded_rows,
    add_priced_rows,
    format_row_name,
    round_bounds,
    sum_over_columns,
)


class LimitData(RuleData, Protocol):
    """Fields of a compiled `limit` that its second reading reads."""

    @property
    def terms(self) -> Terms:
        """The measure."""

    @property
    def groups(self) -> Groups:
        """The group of each dossier."""

    @property
    def minimum(self) -> tuple[Fraction | None, ...]:
        """The minimum of each group."""

    @property
    def maximum(self) -> tuple[Fraction | None, ...]:
        """The maximum of each group."""


def add_limit_rows(lines: RowCollector, rule: LimitData) -> None:
    """Write low ≤ Σ measure ≤ high for each group."""
    names, scale = rule.groups.names, rule.terms.scale
    total = sum_over_columns(lines.columns, rule.terms, rule.groups.codes, len(names))
    none = [None] * len(names)
    low = round_bounds(rule.minimum, scale, _round_up)
    high = round_bounds(rule.maximum, scale, _round_down)
    for side, least, most in (("min", low, none), ("max", none, high)):
        if least != most:
            sides = [format_row_name("rule", rule.id, name, side) for name in names]
            add_bounded_rows(lines, sides, total, least, most)


def add_priced_limit_rows(lines: RowCollector, rule: LimitData, pricing: Pricing) -> None:
    """Write the same with what is missing, or too much, at its price."""
    names = [format_row_name("rule", rule.id, name) for name in rule.groups.names]
    total = sum_over_columns(lines.columns, rule.terms, rule.groups.codes, len(names))
    add_priced_rows(lines, pricing, names, total, rule.terms.scale, rule.minimum, rule.maximum)
