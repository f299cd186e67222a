"""Rows that cross, exactly: disjoint rows each with a block of its own, a few priced rows over all blocks.

    max Σ v_j x_j  subject to  A x ≤ b,  x ∈ {0, 1},  Σ_{j in group} x_j ≤ 1

For prices y ≥ 0 let r = v − yA. Every x loses  Σ_{flipped} cost_j + y·(b − A x) = L(y) − v·x  against the bound
L(y) = Σ_groups max(0, max r_j) + y·b, where a group is flipped, by one of its items, when it is not at the best
that r holds it at (`exchanges.py`). An item that excludes no other is a group by itself; cost_j is then |r_j|.
Rows of which no two share a group are *own* rows: their blocks are solved exactly, which settles most of the loss
(with four floors that bind on 2,000 dossiers, 147 units of 174). The rest, Γ, is what the blocks may lose together
over their leasts: all block states within Γ are combined, then the items in no block are flipped one by one, and Γ
is widened until the best choice found lies within it. So the choice is the best one, whatever the prices were.

A group of which a row moves one item belongs to that row's block as a whole; its items are flipped in one step.
Groups in no block stand in cells: those of a common row that shares none with other such rows, cell after cell,
then all others. What the row of a cell to come must lose by its own items alone is a step function of what it is
over (`Repair`), looked up for every joined state: with four floors across six caps this drops all but a few of
five million states.

A state whose row is over by e must give back e at no less than the cheapest ratio |r|/a of the items still to
come that lower it, and one with room e left pays y for each unit or what filling it costs; states beyond the best
choice are dropped by these bounds. They are floats with a margin that only ever keeps more; values and rows are
int64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks.exchanges import FloatArray, Swaps, numbered, per_group, touched
from tnt_sim.kernel.blocks.joined_blocks import NONE, Ahead, Block, Joining, Repair, Trail, Way, toll
from tnt_sim.kernel.blocks.states import Flips, States, apart, flips_of, grown, undominated
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, IntArray, TooManyStates

__all__ = ["Crossing", "FloatArray", "crossing"]

MAX_WORK = 6_000_000
"""States looked at, over all items and all tries."""
WIDER = 1.35
FIRST_SHARE = 0.05
"""Γ to begin with, as a share of what the blocks lose at the least."""
LONG_PASS = 50_000
"""States of a pass after which a good choice is sought first, to know how far the next must go."""
FEW, SPREAD = 1_000, 1.5
"""States kept in such a search, and how much more than the blocks the rest may lose."""
MARGIN = 1e-11
LARGEST = 2**61
LARGEST_PRICE = 2.0**500
"""With sums below `LARGEST`, all floats stay finite."""


Heard = Callable[[BoolArray | None, float], None]


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
    at_most: int | None = None,
    heard: Heard | None = None,
    group: IntArray | None = None,
    deadline: Deadline = UNLIMITED,
) -> Crossing | None:
    """The best choice under all rows; None when there is none, or none that is worth `at_least`.

    Parameters
    ----------
    value : int64 (n,)
    rows : int64 (m, n)
    upper : int64 (m,)
    price : float64 (m,)
        Any prices ≥ 0 give the same answer; those of the linear program give it soonest.
    own : places of rows, no two of which share a group.
    at_most : what no choice is worth more than, where that is known: the search begins there.
    heard : told of each better choice (None while there is none) and of each bound on what any is worth.
    group : int64 (n,), ascending: of items with the same number one at the most is taken; None: all by themselves.

    Raises
    ------
    TooManyStates
        When the states looked at outgrow `max_work`.
    DeadlineExpired
        When time is up.
    OverflowError
        When sums leave what is handled exactly.
    """
    number = numbered(group, len(value))
    reach = _reach(rows, number).sum(axis=1) + np.abs(upper.astype(np.float64))
    if max(_reach(value, number).sum(), reach.max(initial=0.0)) >= LARGEST:
        raise OverflowError("the sums of these rows are too large")
    if not np.isfinite(price).all() or (price < 0).any():
        raise ValueError("prices are finite and not negative")
    if price.max(initial=0.0) >= LARGEST_PRICE:
        raise OverflowError("these prices are too large")
    search = _Search(value, rows, upper, price, list(own), number, max_work, heard, deadline)
    return search.run(at_least, at_most)


class _Search:
    """One search; `run` widens Γ until the best choice lies within it."""

    def __init__(
        self,
        value: IntArray,
        rows: IntArray,
        upper: IntArray,
        price: FloatArray,
        own: list[int],
        number: IntArray,
        work: int,
        heard: Heard | None,
        deadline: Deadline,
    ) -> None:
        self.value, self.rows, self.upper, self.price = value, rows, upper, price
        reduced = value - price @ rows
        self.swaps = Swaps.of(value, rows, reduced, number)
        self.bound = float(np.where(self.swaps.held, reduced, 0.0).sum() + price @ upper)
        per_item = price @ np.abs(rows.astype(np.float64))
        size = _reach(value, number).sum() + _reach(per_item, number).sum()
        self.margin = MARGIN * (1.0 + float(size + price @ np.abs(upper.astype(np.float64))))
        # no choice that keeps the rows loses more: L(y) less the least that any choice is worth
        least = float(np.minimum(per_group(np.minimum, value, number), 0).sum())
        self.most = self.bound - least + self.margin
        self.hit = touched(rows, number)
        self.common = [i for i in range(len(rows)) if i not in own]
        # the longest of the common rows first: its ratios order the last items
        self.common.sort(key=lambda i: -int(np.count_nonzero(rows[i])))
        self.blocks = [Block(i, np.flatnonzero(self.hit[i])) for i in own]
        loose = np.ones(len(value), dtype=np.bool_)
        for block in self.blocks:
            loose[block.items] = False
        self.loose = np.flatnonzero(loose)
        self.cells = self._cells()
        self.left, self.heard, self.deadline = work, heard, deadline
        self.floor: int | None = None
        self.best: int | None = None
        self.ways = 0
        self.taken = self.swaps.held.copy()

    def _cells(self) -> list[tuple[int, IntArray]]:
        """The items in no block, by the row that is settled with them: disjoint common rows, then the first."""
        hit = self.hit[np.ix_(self.common, self.loose)]
        families = [family for family in apart(hit) if 0 not in family]
        family = max(families, key=len, default=[])
        cells = [(place, self.loose[hit[place]]) for place in family]
        rest = self.loose[~hit[family].any(axis=0)] if family else self.loose
        return [*cells, (0 if len(self.common) else -1, rest)]

    def run(self, at_least: int | None, at_most: int | None) -> Crossing | None:
        """The best choice; with `at_least`, Γ is what such a choice may lose and one pass decides."""
        most = self.most
        self.floor = at_least
        if at_least is not None:
            most = min(most, self.bound - at_least + self.margin)
        for block in self.blocks:
            if not self._least(block, most):
                return None
        settled = sum(block.least for block in self.blocks)
        typical = _typical(self.swaps.nearest(np.arange(len(self.value))))
        gamma = FIRST_SHARE * settled + typical / 50 + self.margin
        if at_most is not None:
            gamma = max(gamma, self.bound - at_most - settled + self.margin)
        if at_least is not None:
            gamma = self.bound - at_least - settled + self.margin
        while gamma >= 0:
            self._tell(None, self.bound - settled)
            before = self.left
            self._within(gamma, settled)
            if self.best is not None and self.bound - self.best - settled <= gamma:
                self._tell(self.taken, self.best)
                return Crossing(self.taken, self.best, self.ways)
            if self.best is None and (gamma > most or at_least is not None):
                return None
            if self.best is None:
                self._tell(None, self.bound - settled - gamma)
                if self.floor is None and before - self.left > LONG_PASS:
                    self._within(gamma, settled, FEW)
            gamma = self._wider(gamma, settled)
        return None

    def _wider(self, gamma: float, settled: float) -> float:
        """The next Γ: wider, but no more than what is known to be enough; far wider where a choice is known."""
        wider = WIDER * gamma
        if self.best is not None:
            self._tell(self.taken, np.inf)
            self.floor, wider = self.best, WIDER * wider
        if self.floor is None:
            return wider
        return min(wider, self.bound - self.floor - settled + self.margin)

    def _tell(self, taken: BoolArray | None, bound: float) -> None:
        if self.heard is not None:
            self.heard(taken, bound)

    def _least(self, block: Block, most: float) -> bool:
        """What the block loses at the least: look within twice as much until a state is found."""
        within = _typical(self.swaps.nearest(block.items)) / 20 + self.margin
        while True:
            self._look(block, within)
            if len(block.states.lost):
                block.least = float(block.states.lost.min())
                return True
            if within > most:
                return False
            within *= 2

    def _look(self, block: Block, within: float) -> None:
        """All states of a block that lose no more than `within`."""
        own, price = block.row, float(self.price[block.row])
        limit = within + self.margin
        flips = flips_of(self.swaps, block.items, [own, *self.common], 0, limit)
        block.trail = []
        inside = block.items[self.swaps.held[block.items]]
        used = self.rows[np.ix_([own, *self.common], inside)].sum(axis=1)
        used[0] -= self.upper[own]
        states = States.one(int(self.value[inside].sum()), used)
        for k in range(flips.n_steps):
            if not len(states.value):
                break
            kept = []
            for found, parent, item in grown(states, flips, k, limit, self._spend):
                over = found.used[0].astype(np.float64)
                still = toll(over, flips.lower[0, k + 1], price, flips.raise_[0, k + 1])
                kept.append(_picked(found, parent, item, np.flatnonzero(found.lost + still <= limit)))
            states = _left(kept, block.trail)
        lost = states.lost - price * states.used[0]
        keep = np.flatnonzero((states.used[0] <= 0) & (lost <= limit))
        ended = States(
            states.value[keep], states.used[1:, keep], lost[keep], np.zeros(len(keep)), states.ways[keep]
        )
        block.states = _left([(ended, keep, np.full(len(keep), -1))], block.trail)

    def _spend(self, n: int) -> None:
        self.deadline.check(n * STATE_SECONDS)
        self.left -= n
        if self.left < 0:
            raise TooManyStates(f"{n} states at once")

    def _within(self, gamma: float, settled: float, most_kept: int | None = None) -> None:
        """The best choice among those whose blocks lose at most Γ beyond their leasts.

        With `most_kept`, a good one, soon: what is in no block may lose more, and only so many states are kept.
        """
        self.best, self.ways = None, 0
        limit = settled + (gamma if most_kept is None else SPREAD * gamma) + self.margin
        if self.floor is not None:
            limit = min(limit, self.bound - self.floor + self.margin)
        beyond = min(gamma + self.margin, limit - settled)
        repairs = self._repairs(limit - settled)
        for block in self.blocks:
            self._look(block, block.least + beyond)
        inside = self.loose[self.swaps.held[self.loose]]
        used = self.rows[np.ix_(self.common, inside)].sum(axis=1)
        first = Block(-1, NONE, states=States.one(int(self.value[inside].sum()), used))
        joining = Joining(beyond, limit, _ahead(repairs), self._spend, self.deadline)
        way = Way(joining.every(first, self.blocks))
        states = way.joined.states
        every = np.arange(len(states.value))
        self._hold(states, every >= 0, every, way, np.full(len(every), -1))
        for number in range(len(self.cells)):
            states.ahead = _ahead(repairs[number + 1 :]).least(states)
            states = self._cell(states, number, limit, way, most_kept)

    def _repairs(self, most: float) -> list[tuple[int, int, Repair | None]]:
        """For each cell but the last, what its row must lose by its own items alone: place, bound, table."""
        found = []
        for row, items in self.cells[:-1]:
            i = self.common[row]
            small = items[self.swaps.cost[items] <= most]
            move, cost, number = self.swaps.move[i, small], self.swaps.cost[small], self.swaps.number[small]
            table = Repair.of(move, cost, float(self.price[i]), most, number)
            found.append((row, int(self.upper[i]), table))
        return found

    def _cell(self, states: States, number: int, limit: float, way: Way, most_kept: int | None) -> States:
        """Flip the items of one cell; its row is settled with them."""
        row, items = self.cells[number]
        flips = flips_of(self.swaps, items, self.common, row, limit)
        after: Flips | None = None
        if number + 1 < len(self.cells):
            later = np.sort(np.concatenate([items for _, items in self.cells[number + 1 :]]))
            after = flips_of(self.swaps, later, self.common, -1, limit)
        for k in range(flips.n_steps):
            if not len(states.value):
                return states
            kept = []
            for found, parent, item in grown(states, flips, k, self._most(limit), self._spend):
                self._hold(found, item >= 0, parent, way, item)
                ends = found.lost + self._tolls(found, flips, after, k + 1, row)
                keep = np.flatnonzero(ends <= self._most(limit))
                if most_kept is not None and len(keep) > most_kept:
                    keep = keep[np.argpartition(ends[keep], most_kept)[:most_kept]]
                kept.append(_picked(found, parent, item, keep))
            states = _left(kept, way.trail)
        return states if after is None else self._settled(states, row, way)

    def _most(self, limit: float) -> float:
        """What a state may lose and still be as good as the best choice found."""
        return limit if self.best is None else min(limit, self.bound - self.best + self.margin)

    def _tolls(self, states: States, flips: Flips, after: Flips | None, k: int, row: int) -> FloatArray:
        """What states must still lose: by this cell's row and those of cells to come, or by any other row."""
        most = states.ahead
        for place, i in enumerate(self.common):
            down, up = float(flips.lower[place, k]), float(flips.raise_[place, k])
            if place != row and after is not None:
                down, up = min(down, float(after.lower[place, 0])), min(up, float(after.raise_[place, 0]))
            still = toll(
                (states.used[place] - self.upper[i]).astype(np.float64), down, float(self.price[i]), up
            )
            most = np.maximum(most, states.ahead + still if place == row else still)
        return most

    def _settled(self, states: States, row: int, way: Way) -> States:
        """The states that keep a row whose items are all decided; it tells them apart no more."""
        i = self.common[row]
        keep = np.flatnonzero(states.used[row] <= self.upper[i])
        states = states.pick(keep)
        states.lost = states.lost + self.price[i] * (self.upper[i] - states.used[row])
        states.used[row] = self.upper[i]
        return _left([(states, keep, np.full(len(keep), -1))], way.trail)

    def _hold(self, states: States, fresh: BoolArray, parent: IntArray, way: Way, item: IntArray) -> None:
        """Take in fresh states: a better choice, or further ways to the best."""
        fits = np.flatnonzero((states.used <= self.upper[self.common][:, None]).all(axis=0) & fresh)
        if not len(fits):
            return
        top = int(states.value[fits].max())
        known = self.floor if self.best is None else self.best
        if known is not None and top < known:
            return
        at_top = fits[states.value[fits] == top]
        if self.best is None or top > self.best:
            self.best, self.ways = top, 0
            last = [k for k in item[at_top[:1]].tolist() if k >= 0]
            self.taken = self.swaps.taken(last + way.flipped(int(parent[at_top[0]])))
        self.ways += int(states.ways[at_top].sum())


def _ahead(repairs: Sequence[tuple[int, int, Repair | None]]) -> Ahead:
    return Ahead([(row, upper, table) for row, upper, table in repairs if table is not None])


Grown = tuple[States, IntArray, IntArray]
"""States, the places of their parents, and the items flipped."""


def _picked(states: States, parent: IntArray, item: IntArray, keep: IntArray) -> Grown:
    return states.pick(keep), parent[keep], item[keep]


def _left(kept: Sequence[Grown], trail: Trail) -> States:
    """The states of one step that no other beats; the trail says where they came from."""
    every, parent, item = kept[0] if len(kept) == 1 else _together(kept)
    states, few = undominated(every)
    trail.append((parent, item) if states is every else (parent[few], item[few]))
    return states


def _together(kept: Sequence[Grown]) -> Grown:
    states, parent, item = zip(*kept, strict=True)
    return States.together(states), np.concatenate(parent), np.concatenate(item)


def _typical(cost: FloatArray) -> float:
    return float(np.median(cost)) if len(cost) else 0.0


def _reach(found: NDArray[Any], number: IntArray) -> FloatArray:
    """The greatest magnitude of each group."""
    most: FloatArray = per_group(np.maximum, np.abs(found.astype(np.float64)), number)
    return most
