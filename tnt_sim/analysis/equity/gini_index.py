"""Gini index of money per inhabitant over many units, on columns of integers.

For units with inhabitants p_i, cents g_i, P = Σ p_i and M = Σ g_i, in ascending order of g_i / p_i::

    G = 1 − Σ_i p_i · (2·Σ_{j<i} g_j + g_i) / (P·M)

The order is exact: units are sorted by the whole part of g_i / p_i, then by 62 binary digits of its fraction.
Two different fractions with denominators below 2³¹ differ by more than 2⁻⁶². The sums are Python integers.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from operator import mul

import numpy as np

from tnt_sim.rules.linear_terms import IntArray, sum_exactly

_BITS = 31


def compute_gini(inhabitants: IntArray, cents: IntArray) -> Fraction | None:
    """Compute the Gini index of units; None for fewer than two, or without money.

    Parameters
    ----------
    inhabitants : int64 (n,), each above 0
    cents : int64 (n,), each at least 0
    """
    population, money = sum_exactly(inhabitants), sum_exactly(cents)
    if len(inhabitants) < 2 or money <= 0:
        return None
    paid = cents > 0
    people, granted = inhabitants[paid], cents[paid]
    order = sort_by_per_head(people, granted)
    amounts = granted[order].tolist()
    doubled = (2 * after - own for after, own in zip(accumulate(amounts), amounts, strict=True))
    below = sum(map(mul, people[order].tolist(), doubled))
    return 1 - Fraction(below, population * money)


def sort_by_per_head(inhabitants: IntArray, cents: IntArray) -> IntArray:
    """Return the positions of units in ascending order of cents per inhabitant, exactly."""
    if len(inhabitants) and int(inhabitants.max()) >> _BITS:
        ratios = [Fraction(g, p) for g, p in zip(cents.tolist(), inhabitants.tolist(), strict=True)]
        return np.array(sorted(range(len(ratios)), key=ratios.__getitem__), dtype=np.int64)
    whole, rest = np.divmod(cents, inhabitants)
    high, rest = np.divmod(rest << _BITS, inhabitants)
    low = (rest << _BITS) // inhabitants
    return np.lexsort(((high << _BITS) + low, whole))
