"""What the rows of `blocks.py` must still lose: by the items to come, by a cell's own, for pairs of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tnt_sim.kernel.knapsack import IntArray
from tnt_sim.kernel.states import Pairs, States
from tnt_sim.kernel.swaps import FloatArray, heads

MAX_TABLE = 300_000
"""States of one repair table."""
CELLS = 2**17
"""Cells of one repair table, at the most twice as many."""

FIRST = np.zeros(1, dtype=np.int64)


def toll(over: FloatArray, down: float, price: float, up: float) -> FloatArray:
    """What a row still costs at the least: `over` > 0 is to be brought back, −over > 0 left unused or filled."""
    back = np.where(over > 0, np.inf, 0.0) if np.isinf(down) else np.maximum(over, 0.0) * down
    rate = min(price, up)
    return back if rate == 0 else np.maximum(-over, 0.0) * rate + back


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """f(over): the least that a row's own last items lose to bring it back, or leave unused; a step function.

    `floor` holds what f is at the least in cells of 2^`shift` units of `over` from `first` on: one look instead of
    a search, for the many states that it drops.
    """

    move: IntArray
    best: FloatArray
    price: float
    first: int
    shift: int
    floor: FloatArray

    @classmethod
    def of(
        cls, move: IntArray, cost: FloatArray, price: float, most: float, number: IntArray | None = None
    ) -> Repair | None:
        """From the flips of those items, all subsets that cost at most `most`; None when they are too many.

        Of items with equal `number`, which ascends, a subset flips one at the most.
        """
        moves, costs = np.zeros(1, dtype=np.int64), np.zeros(1)
        first = heads(np.arange(len(move)) if number is None else number)
        for start, end in pairwise([*first.tolist(), len(move)]):
            if end == start + 1:
                mine, its = np.flatnonzero(costs + cost[start] <= most), FIRST
            else:
                pairs = Pairs.within(costs, cost[start:end], most)
                if len(moves) + pairs.total > MAX_TABLE:
                    return None
                mine, its = pairs.every()
            moves = np.concatenate([moves, moves[mine] + move[start + its]])
            costs = np.concatenate([costs, costs[mine] + cost[start + its]])
            if len(moves) > MAX_TABLE:
                return None
        order = np.argsort(moves, kind="stable")
        moves = moves[order]
        best = np.minimum.accumulate(costs[order] - price * moves)
        return cls(moves, best, price, *_floor(moves, best, price, most))

    def least(self, over: IntArray) -> FloatArray:
        """f at each `over`; infinite where no subset brings it back."""
        place = np.searchsorted(self.move, -over, side="right") - 1
        found = self.best[np.maximum(place, 0)] - self.price * over
        return np.where(place < 0, np.inf, np.maximum(found, 0.0))

    def rough(self, over: IntArray) -> FloatArray:
        """No more than f at each `over`."""
        cell = (over - self.first) >> self.shift
        found: FloatArray = self.floor[np.clip(cell, -1, len(self.floor) - 2) + 1]
        return found


def _floor(moves: IntArray, best: FloatArray, price: float, most: float) -> tuple[int, int, FloatArray]:
    """The cells of `Repair`: where they begin, their width as a power of two, and f at the least in each.

    The first stands for all that is below: there f only falls as `over` grows. Beyond the last nothing mends.
    """
    last = 1 - int(moves[0])
    first = -int(moves[-1])
    if price > 0:
        first = max(first, int(max(-(2.0**60), (float(best[-1]) - most) / price)))
    first = min(first, last - 1)
    shift = max(0, (last - first - 1) // CELLS).bit_length()
    n = -(-(last - first) >> shift)
    edges = first + (np.arange(n + 1, dtype=np.int64) << shift)
    place = np.searchsorted(moves, -edges[:-1], side="right") - 1
    inner = np.where(place < 0, np.inf, best[np.maximum(place, 0)] - price * edges[1:])
    outer = [float(best[-1]) - price * first], [np.inf]
    return first, shift, np.maximum(np.concatenate([outer[0], inner, outer[1]]), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What the rows of cells to come lose at the least: their items move no other such row, so that it adds up.

    Each has its place among the rows of a state, its upper bound and its table.
    """

    rows: Sequence[tuple[int, int, Repair]]

    def least(self, states: States) -> FloatArray:
        """Of each state."""
        ahead = np.zeros(len(states.value))
        for row, upper, repair in self.rows:
            ahead += repair.least(states.used[row] - upper)
        return ahead

    def of_pairs(
        self, states: States, part: States, mine: IntArray, its: IntArray, limit: float
    ) -> tuple[IntArray, IntArray]:
        """The pairs that a rough look leaves within the limit, row after row."""
        if not self.rows:
            return mine, its
        lost = states.lost[mine] + part.lost[its]
        for row, upper, repair in self.rows:
            over = states.used[row][mine] + (part.used[row] - upper)[its]
            lost += repair.rough(over)
            keep = np.flatnonzero(lost <= limit)
            mine, its, lost = mine[keep], its[keep], lost[keep]
        return mine, its
