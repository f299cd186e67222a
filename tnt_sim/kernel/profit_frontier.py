"""The least weight for every profit of one leaf, by dynamic programming over profits.

    minw[q] = min { Σ w_j x_j : Σ p_j x_j = q }

Items are taken in from the last rank to the first and included on ties, so that walking the decisions from the
first rank gives, among the choices of one profit and weight, the lexicographically greatest in rank order.

Every best choice of one knapsack, for every capacity at once, by dynamic programming over profits.

    minw[q] = min { Σ w_j x_j : Σ p_j x_j = q },      best(c) = max { q : minw[q] ≤ c }

One pass over the items gives all steps of best(c); the decisions are kept as bits, so that one more pass from the
first rank gives the choices of all steps together. Items are taken in from the last rank to the first and included
on ties: each choice is the lexicographically greatest in rank order among those of its profit and least weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

NEVER = np.int64(2**61)
NARROW = 2**30
"""Capacities below leave room for a sum in 32 bits."""
MAX_BITS = 400_000_000
"""Decisions kept at once to walk back through one leaf."""
CELLS_PER_LOOK = 4_000_000
"""Additions between two looks at the clock: some milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """The choices that no other beats on both counts, by rising profit and weight; int64 (n_points,)."""

    profit: IntArray
    weight: IntArray

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return 2 * len(self.profit)

    def within(self, capacity: int) -> Frontier:
        """Its part within a smaller capacity."""
        end = int(np.searchsorted(self.weight, capacity, side="right"))
        return Frontier(self.profit[:end], self.weight[:end])


def cells(profit: IntArray) -> int:
    """Additions that a leaf's frontier takes."""
    return len(profit) * int(profit.sum())


def frontier(profit: IntArray, weight: IntArray, capacity: int, deadline: Deadline = UNLIMITED) -> Frontier:
    """The undominated (profit, weight) within the capacity; DeadlineExpired when time is up."""
    # half as wide where it fits, since reading memory is what takes time; no sum passes never + capacity
    narrow = capacity < NARROW
    never = NARROW if narrow else NEVER
    least: NDArray[Any] = np.full(int(profit.sum()) + 1, never, dtype=np.int32 if narrow else np.int64)
    least[0] = 0
    top = done = 0
    for j in np.argsort(profit, kind="stable").tolist():
        p, w = int(profit[j]), int(weight[j])
        if w > capacity:
            continue
        shifted = least[: top + 1] + w
        into = least[p : p + top + 1]
        np.minimum(into, shifted, out=into)
        top += p
        done += top
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    # a profit is worth keeping only if every greater one weighs more
    after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], never)
    keep = np.flatnonzero((least < after) & (least <= capacity))
    return Frontier(keep.astype(np.int64), least[keep].astype(np.int64))


def items_of(
    profit: IntArray,
    weight: IntArray,
    target: int,
    least: int,
    max_cells: int = MAX_BITS,
    deadline: Deadline = UNLIMITED,
) -> BoolArray:
    """The lexicographically greatest choice of profit `target` and weight `least`, the least for that profit.

    With a price μ on weight, r = p − μ·w and gap = Σ max(0, r) − (target − μ·least), no such choice differs from
    « every item with r > 0 » in an item with |r| > gap: only the others are open.

    Raises
    ------
    TooManyStates
        When the open items times profits are more than `max_cells`: a decision is kept for each.
    DeadlineExpired
        When time is up.
    """
    price = _break_ratio(profit, weight, least)
    reduced = profit - price * weight
    gap = float(np.maximum(reduced, 0.0).sum()) - (target - price * least)
    margin = 1e-9 * (1.0 + float(np.abs(reduced).sum()))
    taken: BoolArray = reduced > gap + margin
    open_ = np.flatnonzero(np.abs(reduced) <= gap + margin)
    rest = target - int(profit[taken].sum())
    room = least - int(weight[taken].sum())
    if len(open_) * (rest + 1) > max_cells:
        raise TooManyStates(f"{len(open_)} items and {rest} units of profit in one leaf")
    taken[open_] = _exactly(profit[open_], weight[open_], rest, room, deadline)
    return taken


def _break_ratio(profit: IntArray, weight: IntArray, filled: int) -> float:
    """Profit per weight of the item at which the best items by ratio have filled a weight."""
    heavy = np.flatnonzero(weight > 0)
    if not len(heavy):
        return 0.0
    ratio = profit[heavy] / weight[heavy]
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[heavy][order]), filled, side="right"))
    return float(ratio[order[min(place, len(order) - 1)]])


def _exactly(profit: IntArray, weight: IntArray, target: int, room: int, deadline: Deadline) -> BoolArray:
    """The lexicographically greatest choice of exactly `target` and at most `room`, which is known to exist."""
    n = len(profit)
    least = np.full(target + 1, NEVER)
    least[0] = 0
    takes = np.zeros((n, target + 1), dtype=np.bool_)
    done = 0
    for j in range(n - 1, -1, -1):
        p, w = int(profit[j]), int(weight[j])
        if p > target:
            continue
        shifted = least[: target + 1 - p] + w
        into = least[p:]
        better = shifted <= into
        takes[j, p:] = better
        np.copyto(into, shifted, where=better)
        done += target
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    if least[target] != room:
        raise ArithmeticError("the state of a leaf is not reached by its items")
    taken = np.zeros(n, dtype=np.bool_)
    left = target
    for j in range(n):
        if takes[j, left]:
            taken[j] = True
            left -= int(profit[j])
    return taken


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
