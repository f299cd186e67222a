"""Solve a 0-1 program with crossing rows exactly: Lagrangian relaxation with exact blocks, then gap enumeration.

    max Σ v_j x_j   subject to   A x ≤ b,  x ∈ {0, 1}^n,  Σ_{j in group} x_j ≤ 1

Bound. For prices y ≥ 0 let r = v − yA. The Lagrangian bound is L(y) = Σ_groups max(0, max_j r_j) + y·b,
reached by the *held* selection: the best item of each group with r > 0. A selection x that exchanges items in
some groups falls short of it by exactly

    L(y) − v·x = Σ_{exchanges} cost_j + y·(b − A x),      all terms ≥ 0 when A x ≤ b

with cost_j as in `exchanges.py`; for an item without a group, cost_j = |r_j|.

Blocks. Some rows of which no two share a group are *own* rows. The groups that an own row touches form its
block, in which all selections near the optimum are enumerated exactly. The least losses of the blocks close
most of the gap (with four binding floors over 2,000 dossiers, 147 units of 174).

Enumeration. Let Γ be the loss that the blocks may have together beyond these least losses. All combinations
of block states within Γ are formed, then the groups outside all blocks are exchanged one by one, and Γ grows
until the best selection found lies within it. So the result is optimal whatever the prices were; good prices
only make it fast.

Groups outside all blocks are visited in *cells*: first, one after the other, those of common rows that share
no group; then the rest. What the row of a later cell must still lose by its own items is a step function of
its excess (`RemainingExcess` in `joined_blocks.py`). It discards most combinations early: with four floors
across six caps all but a few of five million.

Bounds. A state whose row exceeds its bound by e must lower it, at no less per unit than the cheapest ratio
cost/|a| of later exchanges that do; a row with room e left pays per unit the lesser of y and the ratio of
filling it. These bounds are floats with a margin that keeps too much rather than too little. Values and rows
are int64.

Sources: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974);
Handler and Zang, *A dual algorithm for the constrained shortest path problem*, Networks 10 (1980), for
closing the gap by enumeration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.blocks.exchanges import (
    Exchanges,
    FloatArray,
    mark_touched_items,
    number_groups,
    reduce_by_group,
)
from tnt_sim.kernel.blocks.joined_blocks import (
    NONE,
    Ahead,
    Block,
    Joining,
    RemainingExcess,
    StateOrigin,
    Trail,
    compute_loss_bound,
)
from tnt_sim.kernel.blocks.states import (
    BlockStates,
    Flips,
    branch_states,
    build_flips,
    filter_undominated,
    partition_rows,
)
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, IntArray, TooManyStates

__all__ = ["BlockSolution", "FloatArray", "search_blocks"]

MAX_WORK = 6_000_000
"""States examined over all items and all Γ, at most."""
MAX_BYTES = 512 * 10**6
"""Bytes of all arrays of a search at once, at most."""
COPIES = 7
"""Lists as long as the one that is branched, at once: it, its two branches, and copies of these."""
STEP_BYTES = 16
"""Bytes by which a trail records one state of one step."""
WIDER = 1.35
"""Factor by which Γ grows; twice applied once a selection is known."""
FIRST_SHARE = 0.05
"""First Γ, as a share of the blocks' least losses."""
LONG_PASS = 50_000
"""States of a pass after which a good selection is sought first, to limit the next Γ."""
FEW, SPREAD = 1_000, 1.5
"""States kept at once in such a search, and the multiple of Γ that the loss may reach beyond the least losses."""
MARGIN = 1e-11
"""Relative margin of the float bounds."""
LARGEST = 2**61
"""Limit of all sums of values and of rows."""
LARGEST_PRICE = 2.0**500
"""Limit of prices; with sums below `LARGEST`, all floats stay finite."""


Heard = Callable[[BoolArray | None, float], None]
"""Callback for progress: the best selection so far, or None, and an upper bound of the optimum, or ∞."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockSolution:
    """An optimum: the items taken, bool (n,), the value, and the number of selections that reach this value."""

    taken: BoolArray
    value: int
    ways: int


def search_blocks(
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
    max_bytes: int | None = MAX_BYTES,
) -> BlockSolution | None:
    """Maximise v·x subject to A x ≤ b, x binary, at most one item per group.

    Parameters
    ----------
    value : int64 (n,), of any sign
    rows : int64 (m, n), of any sign
    upper : int64 (m,)
    price : float64 (m,) Lagrangian multipliers y ≥ 0. Any give the same result; the dual values of the linear
        relaxation are fast.
    own : places of the rows with a block of their own; no two of them may share a group
    max_work : budget of states
    at_least : if given, only selections of at least this value are sought
    at_most : a known upper bound of the optimum; the search starts from it
    heard : called with each better selection (None while there is none) and each upper bound
    group : int64 (n,), ascending: items with the same number exclude each other; None if none do
    max_bytes : memory budget, counted from the lengths of arrays before they are made, and so the same on every
        machine; None for no limit

    Returns
    -------
    An optimum; None if no selection is feasible, or none is worth `at_least`.

    Raises
    ------
    TooManyStates
        When the states examined exceed `max_work`, or their arrays `max_bytes`.
    DeadlineExpired
        When time is up.
    OverflowError
        When sums or prices are too large.
    ValueError
        For prices that are negative or not finite, or groups that are not adjacent.

    Examples
    --------
    >>> rows = np.array([[2, 3, 0], [0, 1, 1]])
    >>> best = search_blocks(np.array([4, 5, 3]), rows, np.array([4, 1]), np.array([1.0, 2.0]), [0])
    >>> best.taken.tolist(), best.value, best.ways
    ([True, False, True], 7, 1)
    """
    number = number_groups(group, len(value))
    reach = _compute_group_magnitudes(rows, number).sum(axis=1) + np.abs(upper.astype(np.float64))
    if max(_compute_group_magnitudes(value, number).sum(), reach.max(initial=0.0)) >= LARGEST:
        raise OverflowError("the sums of these rows are too large")
    if not np.isfinite(price).all() or (price < 0).any():
        raise ValueError("prices are finite and not negative")
    if price.max(initial=0.0) >= LARGEST_PRICE:
        raise OverflowError("these prices are too large")
    search = _BlockSearch(value, rows, upper, price, list(own), number, max_work, heard, deadline, max_bytes)
    return search.run(at_least, at_most)


class _BlockSearch:
    """One search; `run` widens Γ until the best selection lies within it."""

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
        max_bytes: int | None,
    ) -> None:
        self.max_bytes, self.pass_bytes = max_bytes, 0
        self.state_bytes = 8 * (4 + len(rows))  # `BlockStates`
        self.value, self.rows, self.upper, self.price = value, rows, upper, price
        reduced = value - price @ rows
        self.swaps = Exchanges.of(value, rows, reduced, number)
        self.bound = float(np.where(self.swaps.held, reduced, 0.0).sum() + price @ upper)
        per_item = price @ np.abs(rows.astype(np.float64))
        size = (
            _compute_group_magnitudes(value, number).sum() + _compute_group_magnitudes(per_item, number).sum()
        )
        self.margin = MARGIN * (1.0 + float(size + price @ np.abs(upper.astype(np.float64))))
        # greatest loss of a feasible selection: L(y) minus the least value of any selection
        least = float(np.minimum(reduce_by_group(np.minimum, value, number), 0).sum())
        self.most = self.bound - least + self.margin
        self.hit = mark_touched_items(rows, number)
        self.common = [i for i in range(len(rows)) if i not in own]
        # the longest of the common rows first: its ratios order the last items
        self.common.sort(key=lambda i: -int(np.count_nonzero(rows[i])))
        self.blocks = [Block(i, np.flatnonzero(self.hit[i])) for i in own]
        loose = np.ones(len(value), dtype=np.bool_)
        for block in self.blocks:
            loose[block.items] = False
        self.loose = np.flatnonzero(loose)
        self.cells = self._partition_into_cells()
        self.left, self.heard, self.deadline = work, heard, deadline
        self.floor: int | None = None
        self.best: int | None = None
        self.ways = 0
        self.taken = self.swaps.held.copy()

    def _partition_into_cells(self) -> list[tuple[int, IntArray]]:
        """Return the cells, each with the row it settles (its place among the common rows) and its items.

        The largest family of disjoint common rows is chosen, the longest row aside; the rest goes with that
        row.
        """
        hit = self.hit[np.ix_(self.common, self.loose)]
        families = [family for family in partition_rows(hit) if 0 not in family]
        family = max(families, key=len, default=[])
        cells = [(place, self.loose[hit[place]]) for place in family]
        rest = self.loose[~hit[family].any(axis=0)] if family else self.loose
        return [*cells, (0 if len(self.common) else -1, rest)]

    def run(self, at_least: int | None, at_most: int | None) -> BlockSolution | None:
        """Return an optimum; with `at_least`, Γ is the greatest loss of such a selection, and one pass decides."""
        most = self.most
        self.floor = at_least
        if at_least is not None:
            most = min(most, self.bound - at_least + self.margin)
        settled = 0.0
        for block in self.blocks:
            if not self._find_least_loss(block, most, settled):
                return None
            settled += block.least
        typical = _compute_median_cost(self.swaps.compute_least_costs(np.arange(len(self.value))))
        gamma = FIRST_SHARE * settled + typical / 50 + self.margin
        if at_most is not None:
            gamma = max(gamma, self.bound - at_most - settled + self.margin)
        if at_least is not None:
            gamma = self.bound - at_least - settled + self.margin
        while gamma >= 0:
            self._record_bound(None, self.bound - settled + self.margin)
            before = self.left
            try:
                self._search_within(gamma, settled)
            except (TooManyStates, DeadlineExpired):
                if self.best is not None:
                    self._record_bound(self.taken, np.inf)
                raise
            if self.best is not None and self.bound - self.best - settled <= gamma:
                self._record_bound(self.taken, self.best)
                return BlockSolution(self.taken, self.best, self.ways)
            if self.best is None and (gamma > most or at_least is not None):
                return None
            if self.best is None:
                self._record_bound(None, self.bound - settled - gamma + self.margin)
                if self.floor is None and before - self.left > LONG_PASS:
                    self._search_within(gamma, settled, FEW)
            gamma = self._compute_next_gamma(gamma, settled)
        return None

    def _compute_next_gamma(self, gamma: float, settled: float) -> float:
        """Return the next Γ: larger, but no more than is known to be enough.

        Much larger once a selection is known.
        """
        wider = WIDER * gamma
        if self.best is not None:
            self._record_bound(self.taken, np.inf)
            self.floor, wider = self.best, WIDER * wider
        if self.floor is None:
            return wider
        return min(wider, self.bound - self.floor - settled + self.margin)

    def _record_bound(self, taken: BoolArray | None, bound: float) -> None:
        """Report a selection and a bound."""
        if self.heard is not None:
            self.heard(taken, bound)

    def _find_least_loss(self, block: Block, most: float, settled: float) -> bool:
        """Find the least loss of a block, by doubling the range until a state is found.

        False if it has no feasible state. `settled` is what the blocks before it lose at least.
        """
        within = _compute_median_cost(self.swaps.compute_least_costs(block.items)) / 20 + self.margin
        while True:
            self._look(block, within)
            if len(block.states.lost):
                block.least = float(block.states.lost.min())
                return True
            if within > most:
                return False
            self._record_bound(None, self.bound - settled - within + self.margin)
            within *= 2

    def _look(self, block: Block, within: float) -> None:
        """Enumerate the states of a block with a loss of at most `within`."""
        own, price = block.row, float(self.price[block.row])
        limit = within + self.margin
        block.bytes, block.states = 0, BlockStates.from_value(0, NONE)
        flips = build_flips(self.swaps, block.items, [own, *self.common], 0, limit)
        block.trail = []
        inside = block.items[self.swaps.held[block.items]]
        used = self.rows[np.ix_([own, *self.common], inside)].sum(axis=1)
        used[0] -= self.upper[own]
        states = BlockStates.from_value(int(self.value[inside].sum()), used)
        for k in range(flips.n_steps):
            if not len(states.value):
                break
            retained = []
            for result, parent, item in branch_states(states, flips, k, limit, self._spend):
                over = result.used[0].astype(np.float64)
                still = compute_loss_bound(over, flips.lower[0, k + 1], price, flips.raise_[0, k + 1])
                retained.append(
                    _select_states(result, parent, item, np.flatnonzero(result.lost + still <= limit))
                )
            states = _record_undominated(retained, block.trail)
            block.bytes += STEP_BYTES * len(states.value)
        lost = states.lost - price * states.used[0]
        keep = np.flatnonzero((states.used[0] <= 0) & (lost <= limit))
        ended = BlockStates(
            states.value[keep], states.used[1:, keep], lost[keep], np.zeros(len(keep)), states.ways[keep]
        )
        block.states = _record_undominated([(ended, keep, np.full(len(keep), -1))], block.trail)
        block.bytes += (STEP_BYTES + self.state_bytes) * len(block.states.value)

    def _spend(self, n: int) -> None:
        """Count n states that are branched against the budgets and the deadline."""
        self._count_work(n)
        self._check_room(COPIES * n)

    def _count_work(self, n: int) -> None:
        """Count n states against the budget of work and the deadline."""
        self.deadline.check(n * STATE_SECONDS)
        self.left -= n
        if self.left < 0:
            raise TooManyStates(f"{n} states at once")

    def _check_room(self, n: int) -> None:
        """Check that n further states stay within the memory budget, beside the blocks' states and all trails."""
        if self.max_bytes is None:
            return
        needed = n * (self.state_bytes + STEP_BYTES) + self.pass_bytes + sum(b.bytes for b in self.blocks)
        if needed > self.max_bytes:
            raise TooManyStates(f"{needed} bytes for {n} states")

    def _search_within(self, gamma: float, settled: float, most_kept: int | None = None) -> None:
        """Find the best selection among those whose blocks lose at most Γ beyond their least losses.

        With `most_kept`, the search is heuristic: more loss is allowed outside the blocks, but only so many
        states are kept.
        """
        self.best, self.ways, self.pass_bytes = None, 0, 0
        limit = settled + (gamma if most_kept is None else SPREAD * gamma) + self.margin
        if self.floor is not None:
            limit = min(limit, self.bound - self.floor + self.margin)
        excess = min(gamma + self.margin, limit - settled)
        repairs = self._build_excess_tables(limit - settled)
        for block in self.blocks:
            self._look(block, block.least + excess)
        inside = self.loose[self.swaps.held[self.loose]]
        used = self.rows[np.ix_(self.common, inside)].sum(axis=1)
        first = Block(-1, NONE, states=BlockStates.from_value(int(self.value[inside].sum()), used))
        joining = Joining(
            excess, limit, _collect_later_tables(repairs), self._count_work, self.deadline, self._check_room
        )
        option = StateOrigin(joining.join_all(first, self.blocks))
        states = option.joined.states
        self.pass_bytes = joining.n_joined * (self.state_bytes + STEP_BYTES)
        every = np.arange(len(states.value))
        self._hold(states, every >= 0, every, option, np.full(len(every), -1))
        for number in range(len(self.cells)):
            states.ahead = _collect_later_tables(repairs[number + 1 :]).compute_least_loss(states)
            states = self._branch_on_cell(states, number, limit, option, most_kept)

    def _build_excess_tables(self, most: float) -> list[tuple[int, int, RemainingExcess | None]]:
        """Return for each cell but the last its row's place, its bound, and its table of losses to come."""
        result = []
        for row, items in self.cells[:-1]:
            i = self.common[row]
            small = items[self.swaps.cost[items] <= most]
            move, cost, number = self.swaps.move[i, small], self.swaps.cost[small], self.swaps.number[small]
            table = RemainingExcess.of(move, cost, float(self.price[i]), most, number)
            result.append((row, int(self.upper[i]), table))
        return result

    def _branch_on_cell(
        self, states: BlockStates, number: int, limit: float, origin: StateOrigin, most_kept: int | None
    ) -> BlockStates:
        """Exchange the items of one cell, group by group; then its row is settled."""
        row, items = self.cells[number]
        flips = build_flips(self.swaps, items, self.common, row, limit)
        after: Flips | None = None
        if number + 1 < len(self.cells):
            later = np.sort(np.concatenate([items for _, items in self.cells[number + 1 :]]))
            after = build_flips(self.swaps, later, self.common, -1, limit)
        for k in range(flips.n_steps):
            if not len(states.value):
                return states
            retained = []
            for result, parent, item in branch_states(
                states, flips, k, self._compute_loss_limit(limit), self._spend
            ):
                self._hold(result, item >= 0, parent, origin, item)
                ends = result.lost + self._compute_loss_bounds(result, flips, after, k + 1, row)
                keep = np.flatnonzero(ends <= self._compute_loss_limit(limit))
                if most_kept is not None and len(keep) > most_kept:
                    keep = keep[np.argpartition(ends[keep], most_kept)[:most_kept]]
                retained.append(_select_states(result, parent, item, keep))
            states = _record_undominated(retained, origin.trail)
            self.pass_bytes += STEP_BYTES * len(states.value)
        return states if after is None else self._filter_by_row(states, row, origin)

    def _compute_loss_limit(self, limit: float) -> float:
        """Return the greatest loss of a state that is still as good as the best selection found."""
        return limit if self.best is None else min(limit, self.bound - self.best + self.margin)

    def _compute_loss_bounds(
        self, states: BlockStates, flips: Flips, after: Flips | None, k: int, row: int
    ) -> FloatArray:
        """Bound what states must still lose, by the row of this cell and later cells, or by any other row."""
        most = states.ahead
        for place, i in enumerate(self.common):
            down, up = float(flips.lower[place, k]), float(flips.raise_[place, k])
            if place != row and after is not None:
                down, up = min(down, float(after.lower[place, 0])), min(up, float(after.raise_[place, 0]))
            still = compute_loss_bound(
                (states.used[place] - self.upper[i]).astype(np.float64), down, float(self.price[i]), up
            )
            most = np.maximum(most, states.ahead + still if place == row else still)
        return most

    def _filter_by_row(self, states: BlockStates, row: int, origin: StateOrigin) -> BlockStates:
        """Keep the states that satisfy a row whose items are all decided.

        The row no longer distinguishes states.
        """
        i = self.common[row]
        keep = np.flatnonzero(states.used[row] <= self.upper[i])
        states = states.pick(keep)
        states.lost = states.lost + self.price[i] * (self.upper[i] - states.used[row])
        states.used[row] = self.upper[i]
        return _record_undominated([(states, keep, np.full(len(keep), -1))], origin.trail)

    def _hold(
        self, states: BlockStates, fresh: BoolArray, parent: IntArray, origin: StateOrigin, item: IntArray
    ) -> None:
        """Update the best selection, or the number of ways to it, with new states."""
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
            self.taken = self.swaps.apply_exchanges(
                last + origin.list_exchanged_items(int(parent[at_top[0]]))
            )
        self.ways += int(states.ways[at_top].sum())


def _collect_later_tables(repairs: Sequence[tuple[int, int, RemainingExcess | None]]) -> Ahead:
    """Collect the tables of later cells."""
    return Ahead([(row, upper, table) for row, upper, table in repairs if table is not None])


Grown = tuple[BlockStates, IntArray, IntArray]
"""States, the places of their parents, and the items exchanged."""


def _select_states(states: BlockStates, parent: IntArray, item: IntArray, keep: IntArray) -> Grown:
    """Select some of the states, with their parents and items."""
    return states.pick(keep), parent[keep], item[keep]


def _record_undominated(grown_lists: Sequence[Grown], trail: Trail) -> BlockStates:
    """Return the undominated states of one step, and record their parents in the trail."""
    every, parent, item = grown_lists[0] if len(grown_lists) == 1 else _join_chunks(grown_lists)
    states, few = filter_undominated(every)
    trail.append((parent, item) if states is every else (parent[few], item[few]))
    return states


def _join_chunks(grown_lists: Sequence[Grown]) -> Grown:
    """Concatenate the chunks of one step."""
    states, parent, item = zip(*grown_lists, strict=True)
    return BlockStates.from_lists(states), np.concatenate(parent), np.concatenate(item)


def _compute_median_cost(cost: FloatArray) -> float:
    """Return the median cost, 0 without items."""
    return float(np.median(cost)) if len(cost) else 0.0


def _compute_group_magnitudes(changes: NDArray[Any], number: IntArray) -> FloatArray:
    """Return the greatest magnitude in each group."""
    most: FloatArray = reduce_by_group(np.maximum, np.abs(changes.astype(np.float64)), number)
    return most
