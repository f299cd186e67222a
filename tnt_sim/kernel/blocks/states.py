"""Partial solutions of the block search: values, row activities, losses, and their growth item by item.

States grow one group at a time (list dynamic programming). A state is dropped when its loss exceeds a limit,
or when another state dominates it: equal in all rows but the first, no more of the first, and no less value.

Source: Nemhauser and Ullmann, *Discrete dynamic programming and capital allocation*, Management Science 15
(1969).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.kernel.blocks.exchanges import Exchanges, FloatArray, find_run_starts
from tnt_sim.kernel.knapsack import BoolArray, IntArray

SMALL = 64
"""Lists of at most this length are not searched for dominated states."""
LONG = 5_000
"""Longer lists are searched only if fewer than `FEW_ROWS` rows besides the first distinguish states."""
FEW_ROWS = 2
CHUNK = 100_000
"""Pairs of states formed at once."""


@dataclass(slots=True, eq=False)
class BlockStates:
    """Partial solutions.

    Attributes
    ----------
    value : int64 (n_states,)
    used : int64 (n_rows, n_states), row activities
    lost : float64 (n_states,), loss so far
    ahead : float64 (n_states,), lower bound of the loss to come
    ways : int64 (n_states,), number of selections of each state
    """

    value: IntArray
    used: IntArray
    lost: FloatArray
    ahead: FloatArray
    ways: IntArray

    @classmethod
    def from_value(cls, value: int, used: IntArray) -> BlockStates:
        """Build a single state without loss."""
        zero = np.zeros(1)
        return cls(np.array([value]), used[:, None], zero, zero, np.ones(1, dtype=np.int64))

    @classmethod
    def from_lists(cls, lists: Sequence[BlockStates]) -> BlockStates:
        """Concatenate lists of states."""
        return cls(
            np.concatenate([part.value for part in lists]),
            np.concatenate([part.used for part in lists], axis=1),
            np.concatenate([part.lost for part in lists]),
            np.concatenate([part.ahead for part in lists]),
            np.concatenate([part.ways for part in lists]),
        )

    def pick(self, places: IntArray) -> BlockStates:
        """Select states by their places."""
        return BlockStates(
            self.value[places], self.used[:, places], self.lost[places], self.ahead[places], self.ways[places]
        )

    def branch_on_exchange(self, flips: Flips, k: int) -> BlockStates:
        """Return every state unchanged, then every state with exchange k."""
        return BlockStates(
            np.concatenate([self.value, self.value + int(flips.change[k])]),
            np.concatenate([self.used, self.used + flips.move[:, k : k + 1]], axis=1),
            np.concatenate([self.lost, self.lost + float(flips.cost[k])]),
            np.concatenate([self.ahead, self.ahead]),
            np.concatenate([self.ways, self.ways]),
        )

    def apply_exchanges(self, flips: Flips, place: IntArray, k: IntArray) -> BlockStates:
        """Return the states `place` with the exchanges `k`, pair by pair."""
        return BlockStates(
            self.value[place] + flips.change[k],
            self.used[:, place] + flips.move[:, k],
            self.lost[place] + flips.cost[k],
            self.ahead[place],
            self.ways[place],
        )

    def combine_pairs(self, other: BlockStates, place: IntArray, its: IntArray) -> BlockStates:
        """Combine the states `place` with the states `its` of another part, pair by pair."""
        return BlockStates(
            self.value[place] + other.value[its],
            self.used[:, place] + other.used[:, its],
            self.lost[place] + other.lost[its],
            self.ahead[place],
            self.ways[place] * other.ways[its],
        )


@dataclass(slots=True, eq=False)
class Flips:
    """Exchanges in the order of the search, and what each changes.

    Step s consists of the exchanges from `start[s]` to before `start[s + 1]`, of which one is made: a single
    item, which may also stay, or the items of a group and −1, which changes nothing.

    Attributes
    ----------
    items : int64 (n_flips,)
    start : int64 (n_steps + 1,)
    change, move, cost : changes of the value, of the rows (n_rows, n_flips), and the losses
    lower, raise_ : float64 (n_rows, n_steps + 1), the least cost per unit, from each step on, of lowering or
        raising a row
    """

    items: IntArray
    start: IntArray
    change: IntArray
    move: IntArray
    cost: FloatArray
    lower: FloatArray
    raise_: FloatArray

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return len(self.start) - 1


def build_flips(swaps: Exchanges, items: IntArray, rows: Sequence[int], by: int, most: float) -> Flips:
    """Order the exchanges of some items, ascending, that cost at most `most`, group by group.

    Groups are ordered by their least cost per unit of row `by`, or by their least cost when `by` is negative.
    """
    items = items[swaps.cost[items] <= most]
    # the last entry changes nothing
    change, cost = np.append(swaps.change[items], 0), np.append(swaps.cost[items], 0.0)
    move = np.zeros((len(rows), len(cost)), dtype=np.int64)
    move[:, :-1] = swaps.move[np.ix_(rows, items)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(move != 0, cost / np.abs(move), np.inf)
    order, start = _sort_by_group(swaps.number[items], (ratio[by] if by >= 0 else cost)[:-1], cost)
    move, ratio = move[:, order], ratio[:, order]
    return Flips(
        np.append(items, -1)[order], start, change[order], move, cost[order],
        _compute_suffix_minimum(np.where(move < 0, ratio, np.inf))[:, start],
        _compute_suffix_minimum(np.where(move > 0, ratio, np.inf))[:, start],
    )  # fmt: skip


def _sort_by_group(number: IntArray, key: FloatArray, cost: FloatArray) -> tuple[IntArray, IntArray]:
    """Order places by group and return where each group begins.

    Place n, no change, is added to groups of several items.
    """
    n, first = len(number), find_run_starts(number)
    if len(first) == n:
        return np.argsort(key, kind="stable"), np.arange(n + 1)
    turn = np.argsort(np.minimum.reduceat(key, first), kind="stable")
    rank = np.empty(len(first), dtype=np.int64)
    rank[turn] = np.arange(len(first))
    size = np.diff(first, append=n)
    several = np.flatnonzero(size > 1)
    place = np.concatenate([np.arange(n), np.full(len(several), n)])
    of_group = np.concatenate([np.repeat(rank, size), rank[several]])
    order = np.lexsort((cost[place], of_group))
    start = np.concatenate([[0], np.cumsum((size + (size > 1))[turn])])
    return place[order], start


def branch_states(
    states: BlockStates, flips: Flips, step: int, limit: float, spend: Callable[[int], None]
) -> Iterator[tuple[BlockStates, IntArray, IntArray]]:
    """Branch states on one step: yield new states, their parents' places, and the items exchanged (−1: none).

    There must be at least one state. For a group of several items, only states within the loss limit are
    formed, about `CHUNK` at a time.
    """
    n, first, end = len(states.value), int(flips.start[step]), int(flips.start[step + 1])
    if end == first + 1:
        spend(n)
        item = np.full(2 * n, flips.items[first])
        item[:n] = -1
        every = np.arange(n)
        yield states.branch_on_exchange(flips, first), np.concatenate([every, every]), item
        return
    pairs = Pairs.from_losses(states.lost + states.ahead, flips.cost[first:end], limit)
    spend(pairs.total)
    for mine, its in pairs.iterate_chunks():
        yield states.apply_exchanges(flips, mine, first + its), mine, flips.items[first + its]


def _compute_suffix_minimum(ratio: FloatArray) -> FloatArray:
    """Return the running minimum from each place on, with ∞ appended."""
    least = np.minimum.accumulate(ratio[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([least, np.full((len(ratio), 1), np.inf)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All pairs of places with lost + other ≤ limit, generated on demand."""

    order: IntArray
    count: IntArray

    @classmethod
    def from_losses(cls, lost: FloatArray, other: FloatArray, limit: float) -> Pairs:
        """Find the pairs of two lists of losses."""
        order = np.argsort(other, kind="stable")
        return cls(order, np.searchsorted(other[order], limit - lost, side="right"))

    @property
    def total(self) -> int:
        """Number of pairs."""
        return int(self.count.sum())

    def list_pairs(self) -> tuple[IntArray, IntArray]:
        """Return all pairs."""
        return self._of(np.arange(len(self.count)))

    def iterate_chunks(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the pairs, about `CHUNK` at a time; the pairs of one place of the first list stay together."""
        part = (np.cumsum(self.count) - self.count) // CHUNK
        for number in np.unique(part).tolist():
            yield self._of(np.flatnonzero(part == number))

    def _of(self, places: IntArray) -> tuple[IntArray, IntArray]:
        count = self.count[places]
        mine = np.repeat(places, count)
        start = np.repeat(np.cumsum(count) - count, count)
        return mine, self.order[np.arange(len(mine)) - start]


def partition_rows(hit: BoolArray) -> list[list[int]]:
    """Partition rows greedily into families without common items: bounds of one family may be added."""
    families: list[tuple[list[int], BoolArray]] = []
    for i, own in enumerate(hit):
        for family, visited in families:
            if not (visited & own).any():
                family.append(i)
                visited |= own
                break
        else:
            families.append(([i], own.copy()))
    return [family for family, _ in families]


def filter_undominated(states: BlockStates) -> tuple[BlockStates, IntArray]:
    """Return the undominated states and their places; equal states are merged and their ways added.

    A state is dominated by another with the same activity in all rows but the first, no more in the first,
    and no less value. Long lists with several distinguishing rows are returned unchanged.
    """
    n = len(states.value)
    if n <= SMALL:
        return states, np.arange(n)
    telling = [row for row in states.used[1:] if row.min() != row.max()]
    if n > LONG and len(telling) >= FEW_ROWS:
        return states, np.arange(n)
    first = states.used[0] if len(states.used) else np.zeros(n, dtype=np.int64)
    return _drop_dominated_by_group(states, first, telling)


def _drop_dominated_by_group(
    states: BlockStates, first: IntArray, others: Sequence[IntArray]
) -> tuple[BlockStates, IntArray]:
    """Within equal `others`, keep the states worth more than all that use no more of the first row."""
    n = len(states.value)
    order = np.lexsort((-states.value, first, *others))
    value, first = states.value[order], first[order]
    start = np.zeros(n, dtype=np.bool_)
    start[0] = True
    for row in others:
        other = row[order]
        start[1:] |= other[1:] != other[:-1]
    equal = np.zeros(n, dtype=np.bool_)
    equal[1:] = (value[1:] == value[:-1]) & (first[1:] == first[:-1]) & ~start[1:]
    # ranks of values, shifted group by group, so that one running maximum serves all groups
    rank = np.unique(value, return_inverse=True)[1] + (np.cumsum(start) - 1) * n
    rising = rank >= np.maximum.accumulate(rank)
    heads = np.flatnonzero(~equal)
    ways = np.add.reduceat(states.ways[order], heads)
    keep = rising[heads]
    places = order[heads[keep]]
    found = states.pick(places)
    found.ways = ways[keep]
    return found, places
