"""What each item changes, where of the items of a group one at the most is taken (`block_search.py`).

For r = v − yA a group holds the first of its items with the greatest r, if that is positive, else none. Every
item stands for one other choice of its group, its *swap*: an item that is not held comes in place of the one that
is, and the held one leaves for none. So there are as many swaps as items; a choice swaps some groups, each once:

    cost_j = best − r_j for an item that comes,  best − 0 for the one that leaves;  best = max(0, max r)

An item that excludes no other is a group by itself, and its swap is a flip from the side that r holds it at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.knapsack import BoolArray, IntArray

FloatArray = NDArray[np.float64]


def numbered(group: IntArray | None, n: int) -> IntArray:
    """The number of each item's group, counted from 0, int64 (n,); None: every item by itself.

    Raises
    ------
    ValueError
        When the items of a group do not stand together.
    """
    if group is None:
        return np.arange(n)
    if group.shape != (n,) or (np.diff(group) < 0).any():
        raise ValueError("the items of a group stand together")
    return np.cumsum(np.diff(group, prepend=group[:1]) != 0)


def heads(number: IntArray) -> IntArray:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.diff(number, prepend=-1))


def touched(hit: NDArray[Any], number: IntArray) -> BoolArray:
    """Of rows (m, n) that move some items: the items whose group they move, bool (m, n)."""
    found: BoolArray = hit != 0
    if found.size and number[-1] + 1 < len(number):
        found = np.logical_or.reduceat(found, heads(number), axis=1)[:, number]
    return found


def per_group(largest: np.ufunc, found: NDArray[Any], number: IntArray) -> NDArray[Any]:
    """np.maximum or np.minimum over the items of each group, along the last axis."""
    if not found.shape[-1]:
        return found
    return largest.reduceat(found, heads(number), axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Swaps:
    """Swaps of n items under m rows.

    Attributes
    ----------
    number : int64 (n,), of each item's group
    held : bool (n,)
    place : int64 (n,), the item that the group holds, the item itself where it holds none
    change, move, cost : what a swap does to value (n,), to rows (m, n), and what it loses, (n,)
    """

    number: IntArray
    held: BoolArray
    place: IntArray
    change: IntArray
    move: IntArray
    cost: FloatArray

    @classmethod
    def of(cls, value: IntArray, rows: IntArray, reduced: FloatArray, number: IntArray) -> Swaps:
        """For r = `reduced`."""
        n = len(value)
        held = reduced > 0
        place = np.arange(n)
        if n and number[-1] + 1 < n:
            greatest = np.flatnonzero(reduced == per_group(np.maximum, reduced, number)[number])
            best = greatest[heads(number[greatest])]
            held &= best[number] == place
            place = np.where(reduced[best] > 0, best, -1)[number]
            place = np.where(place < 0, np.arange(n), place)
        sign = np.where(held, -1, 1)
        change, move, cost = value * sign, rows * sign, np.abs(reduced)
        into = np.flatnonzero(place != np.arange(n))
        change[into] -= value[place[into]]
        move[:, into] -= rows[:, place[into]]
        cost[into] = reduced[place[into]] - reduced[into]
        return cls(number, held, place, change, move, cost)

    def nearest(self, items: IntArray) -> FloatArray:
        """The cost of the cheapest swap of each group of some items that stand in ascending order."""
        found: FloatArray = per_group(np.minimum, self.cost[items], self.number[items])
        return found

    def taken(self, items: Sequence[int]) -> BoolArray:
        """The choice in which some groups swap, each by one item."""
        taken, items = self.held.copy(), list(items)
        taken[self.place[items]] = False
        taken[items] = ~self.held[items]
        return taken
