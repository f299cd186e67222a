"""Exchanges against the Lagrangian solution, where at most one item of each group is taken.

For reduced values r = v − yA, the Lagrangian solution holds in each group the first item of greatest r, if
that is positive, and nothing otherwise. Each item stands for one other selection of its group, its
*exchange*: an item not held replaces the one that is, and the held item leaves without replacement. So a
group has as many exchanges as items, and a selection makes at most one of them. With
best = max(0, max_j r_j), an exchange loses

    cost_j = best − r_j  for an item that enters,      cost_j = best  for the held item that leaves

An item that excludes no other is a group by itself, and its exchange is a flip of x_j, of cost |r_j|.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.knapsack import BoolArray, IntArray

FloatArray = NDArray[np.float64]


def number_groups(group: IntArray | None, n: int) -> IntArray:
    """Number the groups from 0, int64 (n,); with None every item is a group by itself.

    Raises
    ------
    ValueError
        When the items of a group are not adjacent.
    """
    if group is None:
        return np.arange(n)
    if group.shape != (n,) or (np.diff(group) < 0).any():
        raise ValueError("the items of a group stand together")
    return np.cumsum(np.diff(group, prepend=group[:1]) != 0)


def find_run_starts(number: IntArray) -> IntArray:
    """Return where each run of equal numbers begins."""
    return np.flatnonzero(np.diff(number, prepend=-1))


def mark_touched_items(hit: NDArray[Any], number: IntArray) -> BoolArray:
    """Return, for rows (m, n), the items of the groups in which a row has a nonzero coefficient, bool (m, n)."""
    places: BoolArray = hit != 0
    if places.size and number[-1] + 1 < len(number):
        places = np.logical_or.reduceat(places, find_run_starts(number), axis=1)[:, number]
    return places


def reduce_by_group(largest: np.ufunc, changes: NDArray[Any], number: IntArray) -> NDArray[Any]:
    """Reduce the last axis by group, with np.maximum or np.minimum."""
    if not changes.shape[-1]:
        return changes
    return largest.reduceat(changes, find_run_starts(number), axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Exchanges:
    """The exchanges of n items under m rows.

    Attributes
    ----------
    number : int64 (n,), group of each item
    held : bool (n,), the Lagrangian solution
    place : int64 (n,), the item that the group holds; the item itself if it holds none
    change, move, cost : change of the value, int64 (n,), of the rows, int64 (m, n), and the loss, float64
        (n,)
    """

    number: IntArray
    held: BoolArray
    place: IntArray
    change: IntArray
    move: IntArray
    cost: FloatArray

    @classmethod
    def of(cls, value: IntArray, rows: IntArray, reduced: FloatArray, number: IntArray) -> Exchanges:
        """Build the exchanges for the reduced values r = `reduced`."""
        n = len(value)
        held = reduced > 0
        place = np.arange(n)
        if n and number[-1] + 1 < n:
            greatest = np.flatnonzero(reduced == reduce_by_group(np.maximum, reduced, number)[number])
            best = greatest[find_run_starts(number[greatest])]
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

    def compute_least_costs(self, items: IntArray) -> FloatArray:
        """Return the cost of the cheapest exchange of each group; items are ascending."""
        found: FloatArray = reduce_by_group(np.minimum, self.cost[items], self.number[items])
        return found

    def apply_exchanges(self, items: Sequence[int]) -> BoolArray:
        """Return the selection after the exchanges of some items, one per group, bool (n,)."""
        taken, items = self.held.copy(), list(items)
        taken[self.place[items]] = False
        taken[items] = ~self.held[items]
        return taken
