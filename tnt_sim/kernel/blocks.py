"""Rows that cross, exactly: disjoint rows each with a block of its own, a few priced rows over all blocks.

    max Σ v_j x_j  subject to  A x ≤ b,  x ∈ {0, 1}

For prices y ≥ 0 let r = v − yA. Every x loses  Σ_{flipped} |r_j| + y·(b − A x) = L(y) − v·x  against the bound
L(y) = Σ max(0, r_j) + y·b, where an item is flipped when it is not on the side that its r holds it at. Rows of
which no two share an item are *own* rows: their blocks are solved exactly, which settles most of the loss (with
four floors that bind on 2,000 dossiers, 147 units of 174). The rest, Γ, is what the blocks may lose together over
their leasts: all block states within Γ are combined, then the items in no block are flipped one by one, and Γ is
widened until the best choice found lies within it. So the choice is the best one, whatever the prices were.

A state whose row is over by e must give back e at no less than the cheapest ratio |r|/a of the items still to
come that lower it, and one with room e left pays y for each unit or what filling it costs; states beyond the best
choice are dropped by these bounds. They are floats with a margin that only ever keeps more; values and rows are
int64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

FloatArray = NDArray[np.float64]

MAX_WORK = 3_000_000
"""States looked at, over all items and all tries."""
MAX_STATES = 300_000
FIRST_SHARE = 0.05
"""Γ to begin with, as a share of what the blocks lose at the least."""
SMALL = 64
"""Shorter lists are not searched for dominated states."""
MARGIN = 1e-11
LARGEST = 2**61


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """The best choice, bool (n,), its value, and in how many ways that value is reached."""

    taken: BoolArray
    value: int
    ways: int


def crossing(
    value: IntArray,
    rows: IntArray,
    upper: IntArray,
    price: FloatArray,
    own: Sequence[int],
    max_work: int = MAX_WORK,
    at_least: int | None = None,
) -> Crossing | None:
    """The best choice under all rows; None when there is none, or none that is worth `at_least`.

    Parameters
    ----------
    value : int64 (n,)
    rows : int64 (m, n)
    upper : int64 (m,)
    price : float64 (m,)
        Any prices ≥ 0 give the same answer; those of the linear program give it soonest.
    own : places of rows, no two of which share an item.

    Raises
    ------
    TooManyStates
        When the states looked at outgrow `max_work`.
    OverflowError
        When sums leave what is handled exactly.
    """
    reach = np.abs(rows.astype(np.float64)).sum(axis=1) + np.abs(upper.astype(np.float64))
    if max(np.abs(value.astype(np.float64)).sum(), reach.max(initial=0.0)) >= LARGEST:
        raise OverflowError("the sums of these rows are too large")
    if not np.isfinite(price).all() or (price < 0).any():
        raise ValueError("prices are finite and not negative")
    return _Search(value, rows, upper, price, list(own), max_work).run(at_least)


@dataclass(slots=True, eq=False)
class _States:
    """Values, rows used (n_rows, n_states), what is lost so far, ways; over the rows that still matter."""

    value: IntArray
    used: IntArray
    lost: FloatArray
    ways: IntArray

    def pick(self, places: IntArray) -> _States:
        return _States(self.value[places], self.used[:, places], self.lost[places], self.ways[places])


@dataclass(slots=True, eq=False)
class _Flips:
    """Items to flip in turn, cheapest ratio first, and what each does to value, rows and loss.

    `lower` and `raise_` (n_rows, n + 1): the least ratio, from each place on, of items that lower or raise a row.
    """

    items: IntArray
    change: IntArray
    move: IntArray
    cost: FloatArray
    lower: FloatArray
    raise_: FloatArray

    @classmethod
    def of(cls, search: _Search, items: IntArray, rows: Sequence[int], most: float) -> _Flips:
        """The items of which a flip may still matter, by their ratio on the first of the rows."""
        cost = np.abs(search.reduced[items])
        items, cost = items[cost <= most], cost[cost <= most]
        sign = np.where(search.inside[items], -1, 1)
        move = search.rows[np.ix_(rows, items)] * sign
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(move != 0, cost / np.abs(move), np.inf)
        order = np.argsort(ratio[0] if len(rows) else cost, kind="stable")
        items, cost, move, ratio = items[order], cost[order], move[:, order], ratio[:, order]
        return cls(
            items, search.value[items] * sign[order], move, cost,
            _from_here(np.where(move < 0, ratio, np.inf)), _from_here(np.where(move > 0, ratio, np.inf)),
        )  # fmt: skip


def _from_here(ratio: FloatArray) -> FloatArray:
    least = np.minimum.accumulate(ratio[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([least, np.full((len(ratio), 1), np.inf)], axis=1)


@dataclass(slots=True, eq=False)
class _Block:
    """One own row's items, and the states of the last look at them."""

    row: int
    items: IntArray
    least: float = 0.0
    states: _States | None = None
    trail: list[tuple[int, IntArray, BoolArray]] = field(default_factory=list)


class _Search:
    """One search; `run` widens Γ until the best choice lies within it."""

    def __init__(
        self, value: IntArray, rows: IntArray, upper: IntArray, price: FloatArray, own: list[int], work: int
    ) -> None:
        self.value, self.rows, self.upper, self.price = value, rows, upper, price
        self.reduced = value - price @ rows
        self.inside: BoolArray = self.reduced > 0
        self.bound = float(np.maximum(self.reduced, 0.0).sum() + price @ upper)
        size = np.abs(value.astype(np.float64)).sum() + (price @ np.abs(rows.astype(np.float64))).sum()
        self.margin = MARGIN * (1.0 + float(size + price @ np.abs(upper.astype(np.float64))))
        self.common = [i for i in range(len(rows)) if i not in own]
        # the longest of the common rows first: its ratios order the last items
        self.common.sort(key=lambda i: -int(np.count_nonzero(rows[i])))
        self.blocks = [_Block(i, np.flatnonzero(rows[i])) for i in own]
        loose = np.ones(len(value), dtype=np.bool_)
        for block in self.blocks:
            loose[block.items] = False
        self.loose = np.flatnonzero(loose)
        self.left = work
        self.floor: int | None = None
        self.best: int | None = None
        self.ways = 0
        self.taken = self.inside.copy()

    def run(self, at_least: int | None) -> Crossing | None:
        """The best choice; with `at_least`, Γ is what such a choice may lose and one pass decides."""
        most = float(np.abs(self.reduced).sum() + self.price @ np.abs(self.upper)) + self.margin
        self.floor = at_least
        if at_least is not None:
            most = min(most, self.bound - at_least + self.margin)
        for block in self.blocks:
            if not self._least(block, most):
                return None
        settled = sum(block.least for block in self.blocks)
        gamma = FIRST_SHARE * settled + _typical(self.reduced) / 50 + self.margin
        if at_least is not None:
            gamma = self.bound - at_least - settled + self.margin
        while gamma >= 0:
            self._within(gamma, settled)
            if self.best is None:
                if gamma > most or at_least is not None:
                    return None
                gamma *= 4
                continue
            lost = self.bound - self.best - settled
            if lost <= gamma:
                return Crossing(self.taken, self.best, self.ways)
            gamma = min(4 * gamma, lost + self.margin)
        return None

    def _least(self, block: _Block, most: float) -> bool:
        """What the block loses at the least: look within twice as much until a state is found."""
        within = _typical(self.reduced[block.items]) / 20 + self.margin
        while True:
            self._look(block, within)
            assert block.states is not None
            if len(block.states.lost):
                block.least = float(block.states.lost.min())
                return True
            if within > most:
                return False
            within *= 2

    def _look(self, block: _Block, within: float) -> None:
        """All states of a block that lose no more than `within`."""
        own, price = block.row, float(self.price[block.row])
        flips = _Flips.of(self, block.items, [own, *self.common], within + self.margin)
        block.trail = []
        inside = block.items[self.inside[block.items]]
        used = self.rows[np.ix_([own, *self.common], inside)].sum(axis=1)[:, None]
        used[0] -= self.upper[own]
        states = _States(
            np.array([int(self.value[inside].sum())]), used, np.zeros(1), np.ones(1, dtype=np.int64)
        )
        limit = within + self.margin
        for k in range(len(flips.items)):
            states, parent, flipped = self._flip(states, flips, k)
            over = states.used[0].astype(np.float64)
            keep = np.flatnonzero(
                states.lost + _toll(over, flips.lower[0, k + 1], price, flips.raise_[0, k + 1]) <= limit
            )
            states, few = _undominated(states.pick(keep))
            block.trail.append((int(flips.items[k]), parent[keep[few]], flipped[keep[few]]))
        lost = states.lost - price * states.used[0]
        keep = np.flatnonzero((states.used[0] <= 0) & (lost <= limit))
        found = _States(states.value[keep], states.used[1:, keep], lost[keep], states.ways[keep])
        block.states, few = _undominated(found)
        block.trail.append((-1, keep[few], np.zeros(len(few), dtype=np.bool_)))

    def _flip(self, states: _States, flips: _Flips, k: int) -> tuple[_States, IntArray, BoolArray]:
        """Every state as it is, then every state with the item flipped."""
        n = len(states.value)
        self._spend(n)
        both = _States(
            np.concatenate([states.value, states.value + int(flips.change[k])]),
            np.concatenate([states.used, states.used + flips.move[:, k : k + 1]], axis=1),
            np.concatenate([states.lost, states.lost + float(flips.cost[k])]),
            np.concatenate([states.ways, states.ways]),
        )
        place = np.arange(2 * n)
        return both, place % n if n else place, place >= n

    def _spend(self, n: int) -> None:
        self.left -= n
        if self.left < 0 or n > MAX_STATES:
            raise TooManyStates(f"{n} states at once")

    def _within(self, gamma: float, settled: float) -> None:
        """The best choice among those whose blocks lose at most Γ beyond their leasts."""
        self.best, self.ways = None, 0
        loose_in = self.loose[self.inside[self.loose]]
        used = self.rows[np.ix_(self.common, loose_in)].sum(axis=1)[:, None]
        states = _States(
            np.array([int(self.value[loose_in].sum())]), used, np.zeros(1), np.ones(1, dtype=np.int64)
        )
        limit, rest = settled + gamma + self.margin, settled
        merged: list[tuple[_Block, IntArray, IntArray]] = []
        for block in self.blocks:
            self._look(block, block.least + gamma)
            rest -= block.least
            states, before, mine = self._joined(states, block, limit - rest)
            merged.append((block, before, mine))
        self._last(states, merged, limit)

    def _joined(self, states: _States, block: _Block, limit: float) -> tuple[_States, IntArray, IntArray]:
        """Every state with every state of the block, within the limit."""
        part = block.states
        assert part is not None
        n, m = len(states.value), len(part.value)
        self._spend(n * m // 8)
        both = _States(
            (states.value[:, None] + part.value[None, :]).ravel(),
            (states.used[:, :, None] + part.used[:, None, :]).reshape(len(states.used), n * m),
            (states.lost[:, None] + part.lost[None, :]).ravel(),
            (states.ways[:, None] * part.ways[None, :]).ravel(),
        )
        keep = np.flatnonzero(both.lost <= limit)
        found, few = _undominated(both.pick(keep))
        return found, keep[few] // m, keep[few] % m

    def _last(self, states: _States, merged: list[tuple[_Block, IntArray, IntArray]], limit: float) -> None:
        """Flip the items that are in no block, and hold the best choice that keeps every common row."""
        flips = _Flips.of(self, self.loose, self.common, limit)
        upper, price = self.upper[self.common], self.price[self.common]
        trail: list[tuple[int, IntArray, BoolArray]] = []
        self._hold(states, np.arange(len(states.value)), merged, trail, None)
        for k in range(len(flips.items)):
            if not len(states.value):
                return
            n = len(states.value)
            states, parent, flipped = self._flip(states, flips, k)
            self._hold(states.pick(np.arange(n, 2 * n)), parent[n:], merged, trail, int(flips.items[k]))
            most = limit if self.best is None else min(limit, self.bound - self.best + self.margin)
            toll = np.zeros(2 * n)
            for i in range(len(upper)):
                over = (states.used[i] - upper[i]).astype(np.float64)
                dear = _toll(over, flips.lower[i, k + 1], float(price[i]), flips.raise_[i, k + 1])
                np.maximum(toll, dear, out=toll)
            keep = np.flatnonzero(states.lost + toll <= most)
            states, few = _undominated(states.pick(keep))
            trail.append((int(flips.items[k]), parent[keep[few]], flipped[keep[few]]))

    def _hold(
        self,
        states: _States,
        parent: IntArray,
        merged: list[tuple[_Block, IntArray, IntArray]],
        trail: list[tuple[int, IntArray, BoolArray]],
        item: int | None,
    ) -> None:
        """Take in new states: a better choice, or further ways to the best."""
        fits = np.flatnonzero((states.used <= self.upper[self.common][:, None]).all(axis=0))
        if not len(fits):
            return
        top = int(states.value[fits].max())
        known = self.floor if self.best is None else self.best
        if known is not None and top < known:
            return
        at_top = fits[states.value[fits] == top]
        if self.best is None or top > self.best:
            self.best, self.ways = top, 0
            self.taken = self._traced(int(parent[at_top[0]]), merged, trail, item)
        self.ways += int(states.ways[at_top].sum())

    def _traced(
        self,
        place: int,
        merged: list[tuple[_Block, IntArray, IntArray]],
        trail: list[tuple[int, IntArray, BoolArray]],
        item: int | None,
    ) -> BoolArray:
        """The items of one state."""
        taken = self.inside.copy()
        if item is not None:
            taken[item] = ~taken[item]
        place = _undone(taken, trail, place)
        for block, before, mine in reversed(merged):
            _undone(taken, block.trail, int(mine[place]))
            place = int(before[place])
        return taken


def _typical(reduced: FloatArray) -> float:
    return float(np.median(np.abs(reduced))) if len(reduced) else 0.0


def _undone(taken: BoolArray, trail: list[tuple[int, IntArray, BoolArray]], place: int) -> int:
    """Follow a trail back, flipping what it flipped; the place that it began from."""
    for item, parent, flipped in reversed(trail):
        if flipped[place]:
            taken[item] = ~taken[item]
        place = int(parent[place])
    return place


def _toll(over: FloatArray, down: float, price: float, up: float) -> FloatArray:
    """What a row still costs at the least: `over` > 0 is to be brought back, −over > 0 left unused or filled."""
    back = np.where(over > 0, over, 0.0)
    spare = np.where(over < 0, -over, 0.0) * min(price, up)
    return spare + (np.where(back > 0, np.inf, 0.0) if np.isinf(down) else back * down)


def _undominated(states: _States) -> tuple[_States, IntArray]:
    """States that no other beats, with their places: none is worth more at the same rows, the first or less of it.

    States that are equal in all become one, with their ways together.
    """
    n = len(states.value)
    if n <= SMALL:
        return states, np.arange(n)
    first = states.used[0] if len(states.used) else np.zeros(n, dtype=np.int64)
    order = np.lexsort((-states.value, first, *states.used[1:]))
    value, first = states.value[order], first[order]
    start = np.zeros(n, dtype=np.bool_)
    start[0] = True
    for row in states.used[1:]:
        other = row[order]
        start[1:] |= other[1:] != other[:-1]
    equal = np.zeros(n, dtype=np.bool_)
    equal[1:] = (value[1:] == value[:-1]) & (first[1:] == first[:-1]) & ~start[1:]
    group = np.cumsum(start) - 1
    # values counted from the least, each group above the one before: one running maximum serves all groups
    rank = np.unique(value, return_inverse=True)[1] + group * n
    rising = rank >= np.maximum.accumulate(rank)
    heads = np.flatnonzero(~equal)
    ways = np.add.reduceat(states.ways[order], heads)
    keep = rising[heads]
    places = order[heads[keep]]
    found = states.pick(places)
    found.ways = ways[keep]
    return found, places


__all__ = ["Crossing", "crossing"]
