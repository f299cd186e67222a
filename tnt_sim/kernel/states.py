"""Lists of partial choices of `blocks.py`: what they are worth, use and have lost, what they must still lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.knapsack import BoolArray, IntArray

FloatArray = NDArray[np.float64]

SMALL = 64
"""Shorter lists are not searched for dominated states."""
LONG = 5_000
"""Longer lists are searched only where at most `FEW_ROWS` rows still tell states apart: else too few are found."""
FEW_ROWS = 2
CHUNK = 100_000
"""Pairs of states looked at together."""


@dataclass(slots=True, eq=False)
class States:
    """Partial choices: value, rows used (n_rows, n_states), loss so far, loss still ahead at the least, ways."""

    value: IntArray
    used: IntArray
    lost: FloatArray
    ahead: FloatArray
    ways: IntArray

    @classmethod
    def one(cls, value: int, used: IntArray) -> States:
        """A single state that has lost nothing."""
        zero = np.zeros(1)
        return cls(np.array([value]), used[:, None], zero, zero, np.ones(1, dtype=np.int64))

    def pick(self, places: IntArray) -> States:
        """Some of the states."""
        return States(
            self.value[places], self.used[:, places], self.lost[places], self.ahead[places], self.ways[places]
        )

    def flipped(self, flips: Flips, k: int) -> States:
        """Every state as it is, then every state with item k flipped."""
        return States(
            np.concatenate([self.value, self.value + int(flips.change[k])]),
            np.concatenate([self.used, self.used + flips.move[:, k : k + 1]], axis=1),
            np.concatenate([self.lost, self.lost + float(flips.cost[k])]),
            np.concatenate([self.ahead, self.ahead]),
            np.concatenate([self.ways, self.ways]),
        )

    def beside(self, other: States, mine: IntArray, its: IntArray) -> States:
        """Pairs of a state of mine and one of the other's, by place."""
        return States(
            self.value[mine] + other.value[its],
            self.used[:, mine] + other.used[:, its],
            self.lost[mine] + other.lost[its],
            self.ahead[mine],
            self.ways[mine] * other.ways[its],
        )


@dataclass(slots=True, eq=False)
class Flips:
    """Items to flip in turn, and what each flip does to value, rows and loss.

    `lower` and `raise_` (n_rows, n + 1): the least ratio, from each place on, of items that lower or raise a row.
    """

    items: IntArray
    change: IntArray
    move: IntArray
    cost: FloatArray
    lower: FloatArray
    raise_: FloatArray


def flips_of(
    items: IntArray, change: IntArray, move: IntArray, cost: FloatArray, by: int, most: float
) -> Flips:
    """The items of which a flip costs at most `most`, by their ratio on row `by` (by cost when negative)."""
    small = cost <= most
    items, change, move, cost = items[small], change[small], move[:, small], cost[small]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(move != 0, cost / np.abs(move), np.inf)
    order = np.argsort(ratio[by] if by >= 0 else cost, kind="stable")
    move, ratio = move[:, order], ratio[:, order]
    return Flips(
        items[order], change[order], move, cost[order],
        _from_here(np.where(move < 0, ratio, np.inf)), _from_here(np.where(move > 0, ratio, np.inf)),
    )  # fmt: skip


def _from_here(ratio: FloatArray) -> FloatArray:
    least = np.minimum.accumulate(ratio[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([least, np.full((len(ratio), 1), np.inf)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All pairs of places with lost + other ≤ limit, without writing them down at once."""

    order: IntArray
    count: IntArray

    @classmethod
    def within(cls, lost: FloatArray, other: FloatArray, limit: float) -> Pairs:
        """From two lists of losses."""
        order = np.argsort(other, kind="stable")
        return cls(order, np.searchsorted(other[order], limit - lost, side="right"))

    @property
    def total(self) -> int:
        """How many pairs there are."""
        return int(self.count.sum())

    def chunks(self) -> Iterator[tuple[IntArray, IntArray]]:
        """The pairs, about `CHUNK` at a time; one place of the first list is never split."""
        part = (np.cumsum(self.count) - self.count) // CHUNK
        for number in np.unique(part).tolist():
            places = np.flatnonzero(part == number)
            count = self.count[places]
            mine = np.repeat(places, count)
            start = np.repeat(np.cumsum(count) - count, count)
            yield mine, self.order[np.arange(len(mine)) - start]


def apart(hit: BoolArray) -> list[list[int]]:
    """Rows in families of which no item moves two: what their rows still cost may be added up."""
    families: list[tuple[list[int], BoolArray]] = []
    for i, mine in enumerate(hit):
        for family, seen in families:
            if not (seen & mine).any():
                family.append(i)
                seen |= mine
                break
        else:
            families.append(([i], mine.copy()))
    return [family for family, _ in families]


def undominated(states: States) -> tuple[States, IntArray]:
    """States that no other beats, with their places: none is worth more at the same rows, the first or less of it.

    States that are equal in all become one, with their ways together.
    """
    n = len(states.value)
    if n <= SMALL:
        return states, np.arange(n)
    telling = [row for row in states.used[1:] if row.min() != row.max()]
    if n > LONG and len(telling) >= FEW_ROWS:
        return states, np.arange(n)
    first = states.used[0] if len(states.used) else np.zeros(n, dtype=np.int64)
    return _best_by_group(states, first, telling)


def _best_by_group(states: States, first: IntArray, others: Sequence[IntArray]) -> tuple[States, IntArray]:
    """Within equal `others`: the states that are worth more than all that use as much of the first or less."""
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
    # values counted from the least, each group above the one before: one running maximum serves all groups
    rank = np.unique(value, return_inverse=True)[1] + (np.cumsum(start) - 1) * n
    rising = rank >= np.maximum.accumulate(rank)
    heads = np.flatnonzero(~equal)
    ways = np.add.reduceat(states.ways[order], heads)
    keep = rising[heads]
    places = order[heads[keep]]
    found = states.pick(places)
    found.ways = ways[keep]
    return found, places
