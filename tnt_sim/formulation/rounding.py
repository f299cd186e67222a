"""Rows in the units that suit solvers: divided by what all entries share, or rounded outwards where too long.

    Σ a_j x_j ≥ b, x ≥ 0   becomes   Σ ⌈a_j/s⌉ x_j ≥ ⌈b/s⌉          Σ a_j x_j ≤ b   becomes   Σ ⌊a_j/s⌋ x_j ≤ ⌊b/s⌋

This is for integers too long for a solver's floats. Every point that keeps the row keeps the rounded one; what
that lets through beyond it, the exact reading refuses.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray

LARGEST = 2**40
"""Beyond it HiGHS has been seen to prove a wrong optimum (entries of 2^48); its result was refused, but late."""


def outwards(
    values: list[IntArray], low: int | None, high: int | None
) -> tuple[list[IntArray], int | None, int | None, int]:
    """The entries of one one-sided row and its bounds, divided by s (given last) where they are too long."""
    largest = max((int(abs(part).max()) for part in values if len(part)), default=0)
    if largest <= LARGEST:
        return values, low, high, 1
    if (low is None) == (high is None):
        raise ValueError("a row is rounded outwards on one side only")
    step = -(-largest // LARGEST)
    if low is not None:
        return [-(-part // step) for part in values], -(-low // step), None, step
    assert high is not None
    return [part // step for part in values], None, high // step, step


def divide(
    matrix: Any, lower: list[int], upper: list[int], units: list[Fraction]
) -> tuple[IntArray, IntArray]:
    """Divide each row by the common divisor of its coefficients, in place; bounds are rounded inwards.

    Σ a_j x_j is a multiple of the divisor, so rounding the bounds inwards changes nothing but helps solvers.
    """
    low, high = np.array(lower, dtype=np.int64), np.array(upper, dtype=np.int64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled) == 0:
        return low, high
    divisor = np.ones(matrix.shape[0], dtype=np.int64)
    divisor[filled] = np.gcd.reduceat(np.abs(matrix.data), matrix.indptr[filled])
    matrix.data //= np.repeat(divisor, np.diff(matrix.indptr))
    for row in np.flatnonzero(divisor > 1).tolist():
        units[row] *= int(divisor[row])
    low = np.where(low == NO_LOWER, low, -(-low // divisor))
    high = np.where(high == NO_UPPER, high, high // divisor)
    return low, high
