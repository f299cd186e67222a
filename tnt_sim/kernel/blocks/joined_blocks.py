"""Combine the states of blocks, and bound what rows must still lose.

Blocks are joined into two halves of similar length, and the pairs of the halves are formed a chunk at a time:
there are far more of them than of all other states (meet in the middle). A pair is kept only if the rows that
later items must still satisfy leave it within the loss limit.

`RemainingExcess` tabulates such a row. For exchanges S of its own items with total cost c_S and total move
m_S, a row that exceeds its bound by `over` (below it when negative) still loses at least

    f(over) = min { c_S + price·(−over − m_S) : m_S ≤ −over }

that is, the exchanges that bring it within its bound, and its price on the room that remains.

Source: Horowitz and Sahni, *Computing partitions with applications to the knapsack problem*, Journal of the
ACM 21 (1974), for joining two halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.blocks.exchanges import FloatArray, find_run_starts
from tnt_sim.kernel.blocks.states import BlockStates, Pairs, filter_undominated
from tnt_sim.kernel.knapsack import STATE_SECONDS, IntArray

MAX_TABLE = 300_000
"""Subsets of exchanges per table, at most."""
CELLS = 2**17
"""Grid cells per table, at most."""

FIRST = np.zeros(1, dtype=np.int64)


def compute_loss_bound(over: FloatArray, down: float, price: float, up: float) -> FloatArray:
    """Bound from below what a row must still lose.

    An excess `over` > 0 is brought back at `down` per unit; room −over > 0 costs the lesser of `price` and
    `up` per unit, to leave or to fill.
    """
    back = np.where(over > 0, np.inf, 0.0) if np.isinf(down) else np.maximum(over, 0.0) * down
    rate = min(price, up)
    return back if rate == 0 else np.maximum(-over, 0.0) * rate + back


@dataclass(frozen=True, slots=True, eq=False)
class RemainingExcess:
    """The step function f(over) of one row, and a grid of its minima.

    `floor` holds the minimum of f in cells of 2^`shift` units of `over` from `first` on: a look-up replaces a
    search, for the many states that it discards.
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
    ) -> RemainingExcess | None:
        """Tabulate all subsets of exchanges that cost at most `most`; None when there are too many.

        Of items with equal `number`, which is ascending, a subset exchanges at most one. Dearer subsets are
        left out, so f is exact where it is at most `most`.
        """
        moves, costs = np.zeros(1, dtype=np.int64), np.zeros(1)
        first = find_run_starts(np.arange(len(move)) if number is None else number)
        for start, end in pairwise([*first.tolist(), len(move)]):
            if end == start + 1:
                own, its = np.flatnonzero(costs + cost[start] <= most), FIRST
            else:
                pairs = Pairs.from_losses(costs, cost[start:end], most)
                if len(moves) + pairs.total > MAX_TABLE:
                    return None
                own, its = pairs.list_pairs()
            moves = np.concatenate([moves, moves[own] + move[start + its]])
            costs = np.concatenate([costs, costs[own] + cost[start + its]])
            if len(moves) > MAX_TABLE:
                return None
        order = np.argsort(moves, kind="stable")
        moves = moves[order]
        best = np.minimum.accumulate(costs[order] - price * moves)
        return cls(moves, best, price, *_build_grid(moves, best, price, most))

    def compute_least_loss(self, over: IntArray) -> FloatArray:
        """Return f at each `over`; infinite where no subset brings the row back."""
        place = np.searchsorted(self.move, -over, side="right") - 1
        found = self.best[np.maximum(place, 0)] - self.price * over
        return np.where(place < 0, np.inf, np.maximum(found, 0.0))

    def look_up_bound(self, over: IntArray) -> FloatArray:
        """Return a lower bound of f at each `over`, from the grid."""
        cell = (over - self.first) >> self.shift
        found: FloatArray = self.floor[np.clip(cell, -1, len(self.floor) - 2) + 1]
        return found


def _build_grid(moves: IntArray, best: FloatArray, price: float, most: float) -> tuple[int, int, FloatArray]:
    """Return the grid of a table: first cell, cell width as a power of two, and the minimum of f in each cell.

    The first entry stands for all values below the grid, where f only falls as `over` grows. Beyond the last
    cell no subset brings the row back.
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
    """Rows to be settled later, which share no items, so that their losses add up.

    Each entry is the row's place in a state, its upper bound and its table.
    """

    rows: Sequence[tuple[int, int, RemainingExcess]]

    def compute_least_loss(self, states: BlockStates) -> FloatArray:
        """Return the loss still ahead of each state."""
        ahead = np.zeros(len(states.value))
        for row, upper, repair in self.rows:
            ahead += repair.compute_least_loss(states.used[row] - upper)
        return ahead

    def of_pairs(
        self, states: BlockStates, right: BlockStates, left_place: IntArray, its: IntArray, limit: float
    ) -> tuple[IntArray, IntArray]:
        """Discard pairs whose loss exceeds the limit by the grid bound, row by row.

        Return the places of the others.
        """
        if not self.rows:
            return left_place, its
        lost = states.lost[left_place] + right.lost[its]
        for row, upper, repair in self.rows:
            over = states.used[row][left_place] + (right.used[row] - upper)[its]
            lost += repair.look_up_bound(over)
            keep = np.flatnonzero(lost <= limit)
            left_place, its, lost = left_place[keep], its[keep], lost[keep]
        return left_place, its


PAIRS = 8
"""Number of pairs that take the time of one state."""
NONE = np.zeros(0, dtype=np.int64)
NOTHING_AHEAD = Ahead(())

Trail = list[tuple[IntArray, IntArray]]
"""For each step: the place of each state's parent, and the item exchanged (−1: none)."""


@dataclass(slots=True, eq=False)
class Block:
    """The items of one own row and the states last enumerated; row −1 stands for what lies in no block."""

    row: int
    items: IntArray
    least: float = 0.0
    states: BlockStates = field(default_factory=lambda: BlockStates.from_value(0, NONE))
    trail: Trail = field(default_factory=list)
    bytes: int = 0

    def list_exchanged_items(self, place: int) -> list[int]:
        """Return the items that a state exchanged."""
        return follow_trail(self.trail, place)[0]


@dataclass(slots=True, eq=False)
class JoinedStates:
    """States of two parts combined, with the places `left_place` and `its` that each state comes from."""

    left: BlockOrJoin
    right: BlockOrJoin
    left_place: IntArray
    its: IntArray
    states: BlockStates
    least: float

    def list_exchanged_items(self, place: int) -> list[int]:
        """Return the items that a state exchanged."""
        return self.left.list_exchanged_items(int(self.left_place[place])) + self.right.list_exchanged_items(
            int(self.its[place])
        )


BlockOrJoin = Block | JoinedStates


@dataclass(slots=True, eq=False)
class StateOrigin:
    """History of one pass: the joined blocks, then the exchanges outside them."""

    joined: BlockOrJoin
    trail: Trail = field(default_factory=list)

    def list_exchanged_items(self, place: int) -> list[int]:
        """Return the items that a state exchanged."""
        items, first = follow_trail(self.trail, place)
        return items + self.joined.list_exchanged_items(first)


def follow_trail(trail: Trail, place: int) -> tuple[list[int], int]:
    """Follow a trail backwards from a state: the items exchanged, and the place where it began."""
    items = []
    for parent, item in reversed(trail):
        if item[place] >= 0:
            items.append(int(item[place]))
        place = int(parent[place])
    return items, place


def _check_nothing(n: int) -> None:
    """Count no memory."""


@dataclass(slots=True)
class Joining:
    """Joins parts.

    Attributes
    ----------
    beyond : loss allowed beyond the parts' least losses
    limit : total loss allowed, with what lies ahead
    spend : counts the states formed
    check_room : checks that so many states stay within the memory budget
    n_joined : states of the joins so far
    """

    allowance: float
    limit: float
    ahead: Ahead
    spend: Callable[[int], None]
    deadline: Deadline
    check_room: Callable[[int], None] = _check_nothing
    n_joined: int = 0

    def join_all(self, first: Block, blocks: Sequence[Block]) -> BlockOrJoin:
        """Join all blocks with the first part."""
        if not blocks:
            return first
        longest = sorted(blocks, key=lambda block: -_count_states(block))
        halves: list[BlockOrJoin] = [first, longest[0]]
        for block in longest[1:]:
            halves.sort(key=_count_states)
            halves[0] = self._join_pair(halves[0], block, NOTHING_AHEAD)
        return self._join_pair(halves[0], halves[1], self.ahead)

    def _join_pair(self, left: BlockOrJoin, other: BlockOrJoin, ahead: Ahead) -> JoinedStates:
        """Join two parts and keep the undominated pairs."""
        states, item = left.states, other.states
        least = left.least + other.least
        pairs = Pairs.from_losses(states.lost, item.lost, least + self.allowance)
        self.spend(pairs.total // PAIRS)
        retained = [(states.combine_pairs(item, NONE, NONE), NONE, NONE)]
        n_pairs_formed = 0
        for pair in pairs.iterate_chunks():
            self.deadline.check()
            close = ahead.of_pairs(states, item, *pair, self.limit)
            # their copies: the list of all, and what of it is not dominated
            self.check_room(self.n_joined + 3 * (n_pairs_formed + len(close[0])))
            retained.append(self._form_pairs(states, item, *close, ahead))
            n_pairs_formed += len(retained[-1][1])
        self.deadline.check(sum(len(left_place) for _, left_place, _ in retained) * STATE_SECONDS)
        both = BlockStates.from_lists([chunk for chunk, _, _ in retained])
        left_place, its = (np.concatenate([chunk[side] for chunk in retained]) for side in (1, 2))
        found, few = filter_undominated(both)
        self.n_joined += len(few)
        return JoinedStates(left, other, left_place[few], its[few], found, least)

    def _form_pairs(
        self, states: BlockStates, right: BlockStates, left_place: IntArray, its: IntArray, ahead: Ahead
    ) -> tuple[BlockStates, IntArray, IntArray]:
        """Form some pairs, and keep those that the rows ahead leave within the limit."""
        both = states.combine_pairs(right, left_place, its)
        if not ahead.rows:
            return both, left_place, its
        alive = np.flatnonzero(both.lost + ahead.compute_least_loss(both) <= self.limit)
        return both.pick(alive), left_place[alive], its[alive]


def _count_states(block: BlockOrJoin) -> int:
    """Number of states of a part."""
    return len(block.states.lost)
