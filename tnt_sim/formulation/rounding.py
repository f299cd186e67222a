"""Rows whose integers are too long for a solver's floats, given rounded outwards.

    Σ a_j x_j ≥ b, x ≥ 0   becomes   Σ ⌈a_j/s⌉ x_j ≥ ⌈b/s⌉          Σ a_j x_j ≤ b   becomes   Σ ⌊a_j/s⌋ x_j ≤ ⌊b/s⌋

Every point that keeps the row keeps the rounded one; what that lets through beyond it, the exact reading refuses.
"""

from __future__ import annotations

from tnt_sim.formulation.linear_model import IntArray

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
