"""Rows that cross, exactly: disjoint rows each with a block of its own, a few priced rows over all blocks.

    max Σ v_j x_j  subject to  A x ≤ b,  x ∈ {0, 1}

For prices y ≥ 0 let r = v − yA. Every x loses  Σ_{flipped} |r_j| + y·(b − A x) = L(y) − v·x  against the bound
L(y) = Σ max(0, r_j) + y·b, where an item is flipped when it is not on the side that its r holds it at. Rows of
which no two share an item are *own* rows: their blocks are solved exactly, which settles most of the loss (with
four floors that bind on 2,000 dossiers, 147 units of 174). The rest, Γ, is what the blocks may lose together over
their leasts: all block states within Γ are combined, then the items in no block are flipped one by one, and Γ is
widened until the best choice found lies within it. So the choice is the best one, whatever the prices were.

Items in no block stand in cells: those of a common row that shares no item with other such rows, cell after cell,
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

import numpy as np

from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates
from tnt_sim.kernel.parts import NONE, Block, Joining, Way
from tnt_sim.kernel.repair import Ahead, Repair, toll
from tnt_sim.kernel.states import Flips, FloatArray, States, apart, flips_of, undominated

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
    at_most : what no choice is worth more than, where that is known: the search begins there.
    heard : told of each better choice (None while there is none) and of each bound on what any is worth.

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
    if price.max(initial=0.0) >= LARGEST_PRICE:
        raise OverflowError("these prices are too large")
    return _Search(value, rows, upper, price, list(own), max_work, heard).run(at_least, at_most)


class _Search:
    """One search; `run` widens Γ until the best choice lies within it."""

    def __init__(
        self,
        value: IntArray,
        rows: IntArray,
        upper: IntArray,
        price: FloatArray,
        own: list[int],
        work: int,
        heard: Heard | None,
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
        self.blocks = [Block(i, np.flatnonzero(rows[i])) for i in own]
        loose = np.ones(len(value), dtype=np.bool_)
        for block in self.blocks:
            loose[block.items] = False
        self.loose = np.flatnonzero(loose)
        self.cells = self._cells()
        self.left, self.heard = work, heard
        self.floor: int | None = None
        self.best: int | None = None
        self.ways = 0
        self.taken = self.inside.copy()

    def _cells(self) -> list[tuple[int, IntArray]]:
        """The items in no block, by the row that is settled with them: disjoint common rows, then the first."""
        hit = self.rows[np.ix_(self.common, self.loose)] != 0
        families = [family for family in apart(hit) if 0 not in family]
        family = max(families, key=len, default=[])
        cells = [(place, self.loose[hit[place]]) for place in family]
        rest = self.loose[~hit[family].any(axis=0)] if family else self.loose
        return [*cells, (0 if len(self.common) else -1, rest)]

    def run(self, at_least: int | None, at_most: int | None) -> Crossing | None:
        """The best choice; with `at_least`, Γ is what such a choice may lose and one pass decides.

        No choice that keeps the rows loses more than `most`, L(y) less the least that any choice is worth.
        """
        most = self.bound - float(np.minimum(self.value, 0).sum()) + self.margin
        self.floor = at_least
        if at_least is not None:
            most = min(most, self.bound - at_least + self.margin)
        for block in self.blocks:
            if not self._least(block, most):
                return None
        settled = sum(block.least for block in self.blocks)
        gamma = FIRST_SHARE * settled + _typical(self.reduced) / 50 + self.margin
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
        within = _typical(self.reduced[block.items]) / 20 + self.margin
        while True:
            self._look(block, within)
            if len(block.states.lost):
                block.least = float(block.states.lost.min())
                return True
            if within > most:
                return False
            within *= 2

    def _flips(self, items: IntArray, rows: Sequence[int], by: int, most: float) -> Flips:
        sign = np.where(self.inside[items], -1, 1)
        move = self.rows[np.ix_(rows, items)] * sign
        return flips_of(items, self.value[items] * sign, move, np.abs(self.reduced[items]), by, most)

    def _look(self, block: Block, within: float) -> None:
        """All states of a block that lose no more than `within`."""
        own, price = block.row, float(self.price[block.row])
        limit = within + self.margin
        flips = self._flips(block.items, [own, *self.common], 0, limit)
        block.trail = []
        inside = block.items[self.inside[block.items]]
        used = self.rows[np.ix_([own, *self.common], inside)].sum(axis=1)
        used[0] -= self.upper[own]
        states = States.one(int(self.value[inside].sum()), used)
        for k in range(len(flips.items)):
            states, parent, flipped = self._flip(states, flips, k)
            over = states.used[0].astype(np.float64)
            still = toll(over, flips.lower[0, k + 1], price, flips.raise_[0, k + 1])
            keep = np.flatnonzero(states.lost + still <= limit)
            states, few = undominated(states.pick(keep))
            block.trail.append((int(flips.items[k]), parent[keep[few]], flipped[keep[few]]))
        lost = states.lost - price * states.used[0]
        keep = np.flatnonzero((states.used[0] <= 0) & (lost <= limit))
        found = States(
            states.value[keep], states.used[1:, keep], lost[keep], np.zeros(len(keep)), states.ways[keep]
        )
        block.states, few = undominated(found)
        block.trail.append((-1, keep[few], np.zeros(len(few), dtype=np.bool_)))

    def _flip(self, states: States, flips: Flips, k: int) -> tuple[States, IntArray, BoolArray]:
        n = len(states.value)
        self._spend(n)
        place = np.arange(2 * n)
        return states.flipped(flips, k), place % n if n else place, place >= n

    def _spend(self, n: int) -> None:
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
        inside = self.loose[self.inside[self.loose]]
        used = self.rows[np.ix_(self.common, inside)].sum(axis=1)
        first = Block(-1, NONE, states=States.one(int(self.value[inside].sum()), used))
        way = Way(Joining(beyond, limit, _ahead(repairs), self._spend).every(first, self.blocks))
        states = way.joined.states
        self._hold(states, np.arange(len(states.value)), way, None)
        for number in range(len(self.cells)):
            states.ahead = _ahead(repairs[number + 1 :]).least(states)
            states = self._cell(states, number, limit, way, most_kept)

    def _repairs(self, most: float) -> list[tuple[int, int, Repair | None]]:
        """For each cell but the last, what its row must lose by its own items alone: place, bound, table."""
        found = []
        for row, items in self.cells[:-1]:
            i = self.common[row]
            sign = np.where(self.inside[items], -1, 1)
            move = self.rows[i, items] * sign
            cost, small = np.abs(self.reduced[items]), np.abs(self.reduced[items]) <= most
            table = Repair.of(move[small], cost[small], float(self.price[i]), most)
            found.append((row, int(self.upper[i]), table))
        return found

    def _cell(self, states: States, number: int, limit: float, way: Way, most_kept: int | None) -> States:
        """Flip the items of one cell; its row is settled with them."""
        row, items = self.cells[number]
        flips = self._flips(items, self.common, row, limit)
        later = [items for _, items in self.cells[number + 1 :]]
        after = self._flips(np.concatenate(later), self.common, -1, limit) if later else None
        for k in range(len(flips.items)):
            if not len(states.value):
                return states
            n = len(states.value)
            states, parent, flipped = self._flip(states, flips, k)
            self._hold(states.pick(np.arange(n, 2 * n)), parent[n:], way, int(flips.items[k]))
            most = limit if self.best is None else min(limit, self.bound - self.best + self.margin)
            ends = states.lost + self._tolls(states, flips, after, k + 1, row)
            keep = np.flatnonzero(ends <= most)
            if most_kept is not None and len(keep) > most_kept:
                keep = keep[np.argpartition(ends[keep], most_kept)[:most_kept]]
            states, few = undominated(states.pick(keep))
            way.trail.append((int(flips.items[k]), parent[keep[few]], flipped[keep[few]]))
        return states if after is None else self._settled(states, row, way)

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
        states, few = undominated(states)
        way.trail.append((-1, keep[few], np.zeros(len(few), dtype=np.bool_)))
        return states

    def _hold(self, states: States, parent: IntArray, way: Way, item: int | None) -> None:
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
            self.taken = self.inside.copy()
            if item is not None:
                self.taken[item] = ~self.taken[item]
            way.undo(self.taken, int(parent[at_top[0]]))
        self.ways += int(states.ways[at_top].sum())


def _ahead(repairs: Sequence[tuple[int, int, Repair | None]]) -> Ahead:
    return Ahead([(row, upper, table) for row, upper, table in repairs if table is not None])


def _typical(reduced: FloatArray) -> float:
    return float(np.median(np.abs(reduced))) if len(reduced) else 0.0


__all__ = ["Crossing", "FloatArray", "crossing"]
