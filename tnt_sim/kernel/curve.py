"""Every best choice of one knapsack, for every capacity at once, by dynamic programming over profits.

    minw[q] = min { Σ w_j x_j : Σ p_j x_j = q },      best(c) = max { q : minw[q] ≤ c }

One pass over the items gives all steps of best(c); the decisions are kept as bits, so that one more pass from the
first rank gives the choices of all steps together. Items are taken in from the last rank to the first and included
on ties: each choice is the lexicographically greatest in rank order among those of its profit and least weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.frontier import CELLS_PER_LOOK, NEVER
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

MAX_CELLS = 1_500_000_000
"""Items × profits looked at in one pass; a bit is kept for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The steps by rising capacity: from `weight[k]` on, `profit[k]` can be had; int64 (n_steps,).

    The first step is the choice of nothing: profit 0 at weight 0.
    """

    profit: IntArray
    weight: IntArray
    _unit: int
    _gain: IntArray = field(repr=False)
    _bits: NDArray[np.uint8] = field(repr=False)

    def step_at(self, capacity: int) -> int:
        """The step in force at a capacity, -1 for a negative one."""
        return int(np.searchsorted(self.weight, capacity, side="right")) - 1

    def choices(self, steps: IntArray) -> BoolArray:
        """The choice of each of some steps, bool (n_items, len(steps)), items in rank order."""
        left = self.profit[steps] // self._unit
        taken = np.zeros((len(self._gain), len(steps)), dtype=np.bool_)
        for j, p in enumerate(self._gain.tolist()):
            row = self._bits[j]
            take = (row[left >> 3] >> (7 - (left & 7)).astype(np.uint8)) & 1
            taken[j] = take.astype(np.bool_)
            left = left - p * take.astype(np.int64)
        return taken


def curve(profit: IntArray, weight: IntArray, deadline: Deadline = UNLIMITED) -> Curve:
    """All steps of the knapsack of some items in rank order; profits ≥ 0 and weights > 0.

    Raises
    ------
    TooManyStates
        When items × profits outgrow the budget.
    DeadlineExpired
        When time is up.
    ValueError
        For a negative profit, or a weight that is not positive.
    """
    if (profit < 0).any() or (weight <= 0).any():
        raise ValueError("profits must not be negative, and weights must be positive")
    unit = max(1, int(np.gcd.reduce(profit))) if len(profit) else 1
    gain = profit // unit
    total = int(gain.sum())
    if len(profit) * (total + 1) > MAX_CELLS:
        raise TooManyStates(f"{len(profit)} items and {total} units of profit")
    least = np.full(total + 1, NEVER)
    least[0] = 0
    bits = np.zeros((len(profit), total // 8 + 1), dtype=np.uint8)
    reached = done = 0
    for j in range(len(profit) - 1, -1, -1):
        p, w = int(gain[j]), int(weight[j])
        if p == 0:
            continue  # a dossier that brings nothing is never worth its weight
        reached += p
        shifted = least[: reached + 1 - p] + w
        into = least[p : reached + 1]
        better = shifted <= into
        np.copyto(into, shifted, where=better)
        bits[j] = _packed(better, p, total)
        done += total
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], NEVER)
    keep = np.flatnonzero(least < after)
    return Curve(keep * unit, least[keep], unit, gain, bits)


def _packed(better: BoolArray, start: int, total: int) -> NDArray[np.uint8]:
    whole = np.zeros(total + 1, dtype=np.bool_)
    whole[start : start + len(better)] = better
    return np.packbits(whole)
