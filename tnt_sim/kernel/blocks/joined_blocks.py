"""What the rows of `block_search.py` must still lose: by the items to come, by a cell's own, for pairs of states.

Parts of a choice with the lists of their states (`block_search.py`): blocks, and two parts side by side.

All blocks are joined in two halves of like length. The pairs of the halves are far more than all else: they are
looked at a chunk at a time, and only those that the rows of cells to come leave are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.blocks.exchanges import FloatArray, heads
from tnt_sim.kernel.blocks.states import Pairs, States, undominated
from tnt_sim.kernel.knapsack import STATE_SECONDS, IntArray

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


PAIRS = 8
"""Pairs that are looked at in the time of one state."""
NONE = np.zeros(0, dtype=np.int64)
NOTHING_AHEAD = Ahead(())

Trail = list[tuple[IntArray, IntArray]]
"""For each step: the place of each state's parent, and the item that was flipped (−1: none)."""


@dataclass(slots=True, eq=False)
class Block:
    """One own row's items, and the states of the last look at them; row −1 stands for what is in no block."""

    row: int
    items: IntArray
    least: float = 0.0
    states: States = field(default_factory=lambda: States.one(0, NONE))
    trail: Trail = field(default_factory=list)

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        return followed(self.trail, place)[0]


@dataclass(slots=True, eq=False)
class Joined:
    """States of two parts side by side, and where each came from."""

    left: Part
    right: Part
    mine: IntArray
    its: IntArray
    states: States
    least: float

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        return self.left.flipped(int(self.mine[place])) + self.right.flipped(int(self.its[place]))


Part = Block | Joined


@dataclass(slots=True, eq=False)
class Way:
    """How the states of one pass came to be: blocks joined, then items flipped."""

    joined: Part
    trail: Trail = field(default_factory=list)

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        items, first = followed(self.trail, place)
        return items + self.joined.flipped(first)


def followed(trail: Trail, place: int) -> tuple[list[int], int]:
    """The items flipped on a trail, from its end back, and the place that it began from."""
    items = []
    for parent, item in reversed(trail):
        if item[place] >= 0:
            items.append(int(item[place]))
        place = int(parent[place])
    return items, place


@dataclass(frozen=True, slots=True)
class Joining:
    """Joins parts: within `beyond` over their leasts, and within `limit` with what lies ahead; `spend` counts."""

    beyond: float
    limit: float
    ahead: Ahead
    spend: Callable[[int], None]
    deadline: Deadline

    def every(self, first: Block, blocks: Sequence[Block]) -> Part:
        """All blocks beside the first part."""
        if not blocks:
            return first
        longest = sorted(blocks, key=lambda block: -_length(block))
        halves: list[Part] = [first, longest[0]]
        for block in longest[1:]:
            halves.sort(key=_length)
            halves[0] = self._two(halves[0], block, NOTHING_AHEAD)
        return self._two(halves[0], halves[1], self.ahead)

    def _two(self, one: Part, other: Part, ahead: Ahead) -> Joined:
        states, part = one.states, other.states
        least = one.least + other.least
        pairs = Pairs.within(states.lost, part.lost, least + self.beyond)
        self.spend(pairs.total // PAIRS)
        kept = [(states.beside(part, NONE, NONE), NONE, NONE)]
        for pair in pairs.chunks():
            self.deadline.check()
            kept.append(self._chunk(states, part, *ahead.of_pairs(states, part, *pair, self.limit), ahead))
        self.deadline.check(sum(len(mine) for _, mine, _ in kept) * STATE_SECONDS)
        both = States.together([chunk for chunk, _, _ in kept])
        mine, its = (np.concatenate([chunk[side] for chunk in kept]) for side in (1, 2))
        found, few = undominated(both)
        return Joined(one, other, mine[few], its[few], found, least)

    def _chunk(
        self, states: States, part: States, mine: IntArray, its: IntArray, ahead: Ahead
    ) -> tuple[States, IntArray, IntArray]:
        """Some pairs side by side: those that what lies ahead leaves within the limit."""
        both = states.beside(part, mine, its)
        if not ahead.rows:
            return both, mine, its
        alive = np.flatnonzero(both.lost + ahead.least(both) <= self.limit)
        return both.pick(alive), mine[alive], its[alive]


def _length(part: Part) -> int:
    return len(part.states.lost)
