"""Second reading of `linear`: its rows rebuilt from the written coefficients for the proof checker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol

import numpy as np

from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.rules.second_reading.rows import (
    Pricing,
    RowCollector,
    RuleData,
    Sum,
    _round_down,
    _round_up,
    add_bounded_rows,
    add_priced_rows,
    format_row_name,
    round_bounds,
    sum_over_columns,
)


class LinearData(RuleData, Protocol):
    """Fields of a compiled `linear` that its second reading reads."""

    @property
    def per_euro(self) -> Mapping[int, Fraction]:
        """Coefficients of amounts in euros, by row of the table."""

    @property
    def per_dossier(self) -> Mapping[int, Fraction]:
        """Coefficients of decisions, by row of the table."""

    @property
    def n_dossiers(self) -> int:
        """Number of dossiers of the table."""

    @property
    def minimum(self) -> Fraction | None:
        """The least sum."""

    @property
    def maximum(self) -> Fraction | None:
        """The largest sum."""


def add_linear_rows(lines: RowCollector, rule: LinearData) -> None:
    """Write minimum ≤ Σ aᵢ gᵢ + Σ bᵢ xᵢ ≤ maximum, multiplied until every number is whole."""
    total, scale = _sum_coefficients(lines, rule)
    low = round_bounds([rule.minimum], scale, _round_up)
    high = round_bounds([rule.maximum], scale, _round_down)
    for side, least, most in (("min", low, [None]), ("max", [None], high)):
        if least != most:
            add_bounded_rows(lines, [format_row_name("rule", rule.id, None, side)], total, least, most)


def add_priced_linear_rows(lines: RowCollector, rule: LinearData, pricing: Pricing) -> None:
    """Write the same with what is missing, or too much, at its price."""
    total, scale = _sum_coefficients(lines, rule)
    names = [format_row_name("rule", rule.id)]
    add_priced_rows(lines, pricing, names, total, scale, [rule.minimum], [rule.maximum])


def _sum_coefficients(lines: RowCollector, rule: LinearData) -> tuple[Sum, Fraction]:
    """Return the sum in whole numbers, and the unit that they count."""
    cents = {row: value / 100 for row, value in rule.per_euro.items()}
    numbers = [*cents.values(), *rule.per_dossier.values()]
    denominator = math.lcm(*(value.denominator for value in numbers))
    divisor = math.gcd(*(int(value * denominator) for value in numbers)) or 1
    scale = Fraction(divisor, denominator)
    per_cent = np.zeros(rule.n_dossiers, dtype=np.int64)
    per_funded = np.zeros(rule.n_dossiers, dtype=np.int64)
    for row, value in cents.items():
        per_cent[row] = int(value / scale)
    for row, value in rule.per_dossier.items():
        per_funded[row] = int(value / scale)
    terms = Terms(scale, Unit.NUMBER, per_funded, per_cent)
    return sum_over_columns(lines.columns, terms, np.zeros(rule.n_dossiers, dtype=np.int64), 1), scale
