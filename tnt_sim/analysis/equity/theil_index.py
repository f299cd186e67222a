"""Theil index of money per inhabitant, and its split between and within classes, rounded correctly.

For units with inhabitants p_i, cents g_i, P = Σ p_i and M = Σ g_i, where 0·ln 0 = 0::

    T = Σ_i (g_i / M) · ln((g_i / M) / (p_i / P))
    T = T_between + T_within,   T_between: the same sum over the classes, with their Σ g_i and Σ p_i

T is 0 where every unit has as much per head, and ln(P / p_i) where unit i has everything.

An index is shown with `DECIMALS` decimals, each of them right. A first sum in floats has a bound on its error;
where the bound leaves the last digit open, the sum is taken again with 50 digits, then 100. The search ends: T is
a sum of logarithms of rationals with rational factors, so it is 0 or transcendental (A. Baker, "Linear forms in
the logarithms of algebraic numbers", Mathematika 13, 1966), and never halfway between two decimals.

Source: H. Theil, *Economics and Information Theory* (1967), chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from functools import partial

import numpy as np

from tnt_sim.rules.linear_terms import IntArray, sum_by_group, sum_exactly

DECIMALS = 6
"""Decimals of an index; all of them are right."""
_STEP = Decimal(1).scaleb(-DECIMALS)
_DIGITS = (0, 50, 100)
"""Digits of one attempt after the other; 0 stands for floats."""
_SLACK = Decimal(2) ** -52
_MOST_ROUNDINGS = 64
"""Roundings of a term and of its sum, at most: 4 of the logarithm, 6 of its factors, 40 of a sum in pairs."""


@dataclass(frozen=True, slots=True)
class IndexBounds:
    """An interval that contains an index."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class TheilSplit:
    """The parts of an index between and within classes, each rounded by itself."""

    between: Fraction
    within: Fraction


@dataclass(frozen=True, eq=False)
class TheilUnits:
    """Units of an index: inhabitants above 0 and cents of at least 0, int64 (n,), with money in all."""

    inhabitants: IntArray
    cents: IntArray

    def compute_index(self) -> Fraction:
        """Compute the index, rounded."""
        return _settle(partial(enclose_index, self))

    def split_index(self, classes: IntArray, n_classes: int) -> TheilSplit:
        """Compute the parts between and within classes; `classes` are in 0 … n_classes − 1, int64 (n,)."""
        heads, money = (sum_by_group(part, classes, n_classes) for part in (self.inhabitants, self.cents))
        named = [k for k in range(n_classes) if heads[k]]
        groups = TheilUnits(
            np.array([heads[k] for k in named], dtype=np.int64),
            np.array([money[k] for k in named], dtype=np.int64),
        )

        def enclose_within(digits: int) -> IndexBounds:
            whole, between = enclose_index(self, digits), enclose_index(groups, max(digits, _DIGITS[1]))
            with localcontext(Context(prec=_DIGITS[-1] + 20)):
                return IndexBounds(whole.low - between.high, whole.high - between.low)

        return TheilSplit(groups.compute_index(), _settle(enclose_within))


def enclose_index(units: TheilUnits, digits: int) -> IndexBounds:
    """Return an interval that contains the index: a sum with so many digits, or of floats for 0."""
    paid = units.cents > 0
    people, money = units.inhabitants[paid], units.cents[paid]
    population, total = sum_exactly(units.inhabitants), sum_exactly(money)
    if not digits:
        return _enclose_by_floats(people, money, population, total)
    with localcontext(Context(prec=digits + 20)):
        index = Decimal(0)
        for heads, cents in zip(people.tolist(), money.tolist(), strict=True):
            index += cents * (Decimal(cents * population) / Decimal(heads * total)).ln()
        index /= total
        error = Decimal(1).scaleb(-digits)
        return IndexBounds(index - error, index + error)


def _enclose_by_floats(people: IntArray, money: IntArray, population: int, total: int) -> IndexBounds:
    shares = money / float(total)
    terms = shares * np.log(money / people * (population / total))
    error = _SLACK * (_MOST_ROUNDINGS * Decimal(float(np.abs(terms).sum())) + 16)
    index = Decimal(float(terms.sum()))
    return IndexBounds(index - error, index + error)


def _settle(enclose: Callable[[int], IndexBounds]) -> Fraction:
    """Return the rounded value of what the intervals of more and more digits contain."""
    for digits in _DIGITS:
        bounds = enclose(digits)
        low, high = (value.quantize(_STEP, ROUND_HALF_EVEN) for value in (bounds.low, bounds.high))
        if low == high:
            return Fraction(low)
    raise ArithmeticError(f"an index of which {_DIGITS[-1]} digits do not settle {DECIMALS} decimals")
