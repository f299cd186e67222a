"""The best choice of one group of a tree, by whichever kernel fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.kernel.knapsack import MAX_WORK, BoolArray, IntArray, knapsack
from tnt_sim.kernel.two_levels import two_levels


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Items in rank order, bool (n,), their profit and weight; `canonical`: no other is as good and goes first."""

    taken: BoolArray
    profit: int
    weight: int
    canonical: bool


def best_choice(
    profit: IntArray,
    weight: IntArray,
    leaf: IntArray,
    caps: Sequence[int],
    capacity: int,
    max_work: int = MAX_WORK,
) -> Choice:
    """max Σ p x under the leaves' caps and the common one, then min Σ w x; `leaf` is -1 outside all leaves.

    Raises
    ------
    TooManyStates, OverflowError
        When the group is for another method.
    """
    if not len(caps):
        best = knapsack(profit, weight, capacity, max_work)
        return Choice(best.taken, best.profit, best.weight, best.ways == 1)
    loose = leaf < 0
    every = [*caps, capacity] if loose.any() else list(caps)
    found = two_levels(profit, weight, np.where(loose, len(caps), leaf), every, capacity)
    return Choice(found.taken, found.profit, found.weight, found.canonical)
