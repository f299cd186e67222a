"""Solve the 0-1 knapsack exactly, with the least weight and the number of optima, by an expanding core.

    max Σ p_j x_j   subject to   Σ w_j x_j ≤ c,  x_j ∈ {0, 1};      among the optima, min Σ w_j x_j

Method. Items are sorted by falling efficiency p/w. Taking them in that order fills the capacity up to the
*break item*. Dynamic programming enumerates states (W, P), the weight and profit of a partial solution, over
a *core* that grows outwards from the break item: items left of the core are taken, items right of it are not.
With e⁺ and e⁻ the efficiencies of the next item on the right and on the left, linear relaxation bounds every
completion of a state:

    W ≤ c:  P + (c − W)·e⁺          W > c:  P − (W − c)·e⁻

A state is discarded when this bound, with one more item changed, is below the best known profit, or when
another state has no less profit at no more weight (dominance). Only the bounds are floats, and a margin makes
them keep too much rather than too little. Profits and weights are exact in int64.

Sources: Pisinger, *A minimal algorithm for the 0-1 knapsack problem*, Operations Research 45 (1997);
Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004).

The module also holds the data of *multiple-choice groups*: the alternative amounts of one dossier, of which
at most one is taken (`ChoiceGroups`), and the order in which equally good selections are ranked. The
multiple-choice knapsack itself is solved in `cap_tree/core_enumeration.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.compiled.library import (
    DONE,
    MORE_CODES,
    MORE_STATES,
    TOO_MANY,
    CompiledCore,
    get_address,
    get_core,
    to_int64,
)
from tnt_sim.kernel.exact_fill import fill_exactly

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MAX_WORK = 4_000_000
"""States examined over all items, at most."""
SEARCH_BYTES = 100
"""Bytes of a search's arrays for each state that it examined, at most."""
FIRST_WORK = 200_000
"""States after which `exact_fill.py` looks for a selection that meets its bounds."""
LAYER_WORK = 200
"""Fixed work per item, counted in states."""
MARGIN = 1e-9
"""Relative margin of the float bounds."""
LARGEST = 2**52
"""Upper limit for sums of profits and of weights: below it a float still represents every integer."""


MOST_WAYS = 2**60
"""Numbers of selections are counted up to here."""
UNCOUNTED = -1
"""The number of optima where nobody counted them."""
STATE_SECONDS = 1e-6
"""Upper estimate of the time per state, in seconds: a step that cannot end in time is not begun."""


class TooManyStates(Exception):
    """The number of states exceeds its budget: the instance needs another method."""


@dataclass(frozen=True, slots=True, eq=False)
class KnapsackSolution:
    """Result of a knapsack.

    Attributes
    ----------
    taken : bool (n,), the items of one optimum
    profit, weight : its profit and weight
    ways : number of selections with exactly this profit and weight, counted up to `MOST_WAYS` (items without
        weight and profit apart); `UNCOUNTED` if `exact_fill.py` found the optimum
    """

    taken: BoolArray
    profit: int
    weight: int
    ways: int


def limit_work(max_work: int, max_bytes: int | None) -> int:
    """Return the states that a search may examine within a memory budget, and at most `max_work`.

    Examples
    --------
    >>> limit_work(5_000_000, 100_000_000)
    1000000
    """
    return max_work if max_bytes is None else min(max_work, max_bytes // SEARCH_BYTES)


def solve_knapsack(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> KnapsackSolution:
    """Maximise the profit of a 0-1 knapsack, then minimise its weight.

        max Σ p_j x_j   subject to   Σ w_j x_j ≤ c,  x_j ∈ {0, 1}

    Parameters
    ----------
    profit, weight : int64 (n,), ≥ 0
    capacity : ≥ 0, in the unit of the weights
    max_work : budget of states over all items

    Raises
    ------
    TooManyStates
        When the states examined over all items exceed `max_work`, and no selection meets the bounds of
        `exact_fill.py`.
    DeadlineExpired
        When time is up.
    OverflowError
        When the sum of the profits or of the weights reaches 2^52.
    ValueError
        For negative numbers.

    Notes
    -----
    `ways` counts items with neither profit nor weight as free, at most 60 of them.

    Examples
    --------
    >>> best = solve_knapsack(np.array([6, 5, 4]), np.array([3, 2, 2]), 4)
    >>> best.profit, best.weight, best.ways
    (9, 4, 1)
    >>> best.taken.tolist()
    [False, True, True]
    """
    _check(profit, weight, capacity)
    taken: BoolArray = (weight == 0) & (profit > 0)
    idle = int(((weight == 0) & (profit == 0)).sum())
    index = np.flatnonzero((weight <= capacity) & (weight > 0) & (profit > 0))
    gained = int(profit[taken].sum())
    if int(weight[index].sum()) <= capacity:
        taken[index] = True
        return KnapsackSolution(
            taken, gained + int(profit[index].sum()), int(weight[index].sum()), 2 ** min(idle, 60)
        )
    index = index[np.argsort(-(profit[index] / weight[index]), kind="stable")]
    core = _search(profit[index], weight[index], capacity, max_work, deadline)
    taken[index[core.chosen]] = True
    ways = core.ways * 2 ** min(idle, 60)
    return KnapsackSolution(taken, gained + core.best_profit, core.best_weight, ways)


def can_reach_profit(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    target: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Decide whether some selection within the capacity has a profit of at least `target`.

    The search is that of `solve_knapsack` with the target as incumbent, and ends at the first such selection.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError, ValueError
        As `solve_knapsack` does.

    Examples
    --------
    >>> can_reach_profit(np.array([6, 5, 4]), np.array([3, 2, 2]), 4, 10)
    False
    """
    _check(profit, weight, capacity)
    free = weight == 0
    target -= int(profit[free].sum())
    index = np.flatnonzero((weight <= capacity) & ~free & (profit > 0))
    if int(weight[index].sum()) <= capacity or target <= 0:
        return int(profit[index].sum()) >= target
    index = index[np.argsort(-(profit[index] / weight[index]), kind="stable")]
    core = _search(profit[index], weight[index], capacity, max_work, deadline, target)
    return core.best_profit >= target and core.ways != 0


def _check(profit: IntArray, weight: IntArray, capacity: int) -> None:
    """Refuse negative numbers and sums that floats cannot represent."""
    if (profit < 0).any() or (weight < 0).any() or capacity < 0:
        raise ValueError("profits, weights and the capacity of a knapsack must not be negative")
    if max(profit.astype(np.float64).sum(), weight.astype(np.float64).sum()) >= LARGEST:
        raise OverflowError("the sums of this knapsack are too large")


@dataclass(frozen=True, slots=True, eq=False)
class _CoreResult:
    """Result of `_KnapsackCore`: the incumbent's numbers, its selections, and the places of its items."""

    best_profit: int
    best_weight: int
    ways: int
    chosen: IntArray


def _search(
    p: IntArray, w: IntArray, capacity: int, max_work: int, deadline: Deadline, target: int | None = None
) -> _CoreResult:
    """Enumerate `FIRST_WORK` states, look for a selection that meets the bounds of `exact_fill.py`, go on."""
    try:
        return _search_core(p, w, capacity, min(max_work, FIRST_WORK), deadline, target)
    except TooManyStates:
        filled = fill_exactly(p, w, capacity, deadline)
        if filled is not None:
            return _CoreResult(int(p[filled].sum()), int(w[filled].sum()), UNCOUNTED, np.flatnonzero(filled))
        if max_work <= FIRST_WORK:
            raise
    return _search_core(p, w, capacity, max_work, deadline, target)


def _search_core(
    p: IntArray, w: IntArray, capacity: int, max_work: int, deadline: Deadline, target: int | None = None
) -> _CoreResult:
    """Enumerate states on the path in force; arguments and limits are those of `_KnapsackCore`."""
    functions = get_core()
    if functions is not None:
        return _search_compiled_core(functions, p, w, capacity, max_work, deadline, target)
    core = _KnapsackCore(p, w, capacity, max_work, deadline, target)
    core.grow()
    return _CoreResult(core.best_profit, core.best_weight, core.ways, core.chosen)


_SLOTS = 19
"""Length of the state of a search in `compiled/knapsack.c`; then its slots that are read here, and its results."""
_CAPACITY, _SOUGHT, _BEST_PROFIT, _BEST_WEIGHT, _WAYS, _COUNT, _LAYERS = 0, 1, 3, 4, 5, 9, 11
_FIRST_ROOM = 4_096
"""States for which there is room at first."""
_PAUSE = 1_000_000
"""States examined between two looks at the clock, some milliseconds."""


def _search_compiled_core(
    functions: CompiledCore,
    p: IntArray,
    w: IntArray,
    capacity: int,
    max_work: int,
    deadline: Deadline,
    target: int | None,
) -> _CoreResult:
    """Enumerate in C: the same states, in the same order, as `_KnapsackCore`."""
    n, room = len(p), _FIRST_ROOM
    p, w = to_int64(p), to_int64(w)
    ratio, loss, bound = p / w, np.empty(n), np.empty(1)
    at = np.zeros(_SLOTS, dtype=np.int64)
    at[_CAPACITY], at[_SOUGHT], at[_BEST_PROFIT] = capacity, target is not None, target or 0
    states = np.empty((6, room), dtype=np.int64)
    survivors = np.empty(4 * room, dtype=np.int32)
    layers, sides = np.empty((3, n), dtype=np.int64), np.empty((4, n), dtype=np.int64)
    visited = np.zeros(n, dtype=np.uint8)
    items = get_address(p), get_address(w), get_address(ratio), n, get_address(at)
    functions["knapsack_start"](*items, get_address(states), room, get_address(loss), get_address(bound))
    while True:
        deadline.check(int(at[_COUNT]) * STATE_SECONDS)
        outcome = functions["knapsack_grow"](
            *items, get_address(states), room, get_address(survivors), len(survivors), get_address(layers),
            get_address(sides), get_address(sides[2:]), get_address(visited), get_address(loss), float(bound[0]),
            max_work, _PAUSE,
        )  # fmt: skip
        if outcome == DONE:
            break
        if outcome == MORE_STATES:
            states = np.concatenate([states, np.empty((6, 3 * room), dtype=np.int64)], axis=1)
            room *= 4
        elif outcome == MORE_CODES:
            survivors = np.concatenate([survivors, np.empty(3 * len(survivors), dtype=np.int32)])
        elif outcome == TOO_MANY:
            raise TooManyStates(f"{at[_COUNT]} states after {at[_LAYERS]} items")
    inside = np.empty(n, dtype=np.uint8)
    functions["knapsack_recover"](
        n, get_address(at), get_address(survivors), get_address(layers), get_address(inside)
    )
    chosen = np.flatnonzero(inside)
    return _CoreResult(int(at[_BEST_PROFIT]), int(at[_BEST_WEIGHT]), int(at[_WAYS]), chosen)


@dataclass(slots=True, eq=False)
class _States:
    """Undominated states by rising weight and profit, int64 (n_states,); `ways` counts the selections of each."""

    weight: IntArray
    profit: IntArray
    ways: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _KnapsackLayer:
    """Backpointers of one item: `survivors` are places among `count` unchanged states, then as many flipped."""

    item: int
    count: int
    survivors: IntArray


class _Side:
    """Items on one side of the break item, nearest first, with the least weight of those outside the core."""

    def __init__(self, items: IntArray, w: IntArray) -> None:
        self.items: list[int] = items.tolist()
        self.least: list[int] = np.minimum.accumulate(w[items][::-1])[::-1].tolist()
        self.place = 0

    @property
    def left(self) -> bool:
        """Whether an item is not yet in the core."""
        return self.place < len(self.items)

    @property
    def item(self) -> int:
        """The next item."""
        return self.items[self.place]

    @property
    def lightest(self) -> int:
        """The least weight among the items not yet in the core."""
        return self.least[self.place]


class _KnapsackCore:
    """State enumeration over items of falling efficiency; each fits alone, all together exceed the capacity.

    Without a `target`, `grow` finds the optimum. With one, it decides whether the target is reached
    (`ways` > 0).
    """

    def __init__(
        self,
        p: IntArray,
        w: IntArray,
        capacity: int,
        max_work: int,
        deadline: Deadline,
        target: int | None = None,
    ) -> None:
        self.p, self.w, self.capacity, self.max_work, self.deadline = p, w, capacity, max_work, deadline
        reach = np.cumsum(w)
        self.split = int(np.searchsorted(reach, capacity, side="right"))
        self.ratio = p / w
        self.sought = target is not None
        self.best_profit = self._compute_greedy_profit() if target is None else target
        self.best_weight, self.ways = LARGEST, 0
        self.chosen: IntArray = np.arange(self.split)
        self.layers: list[_KnapsackLayer] = []
        edge = self.ratio[min(self.split, len(p) - 1)]
        spare = capacity - (int(reach[self.split - 1]) if self.split else 0)
        self.bound = float(p[: self.split].sum()) + spare * float(edge)
        self.loss = np.abs(p - w * edge)

    def grow(self) -> None:
        """Add items to the core, the nearer side first, until no state can improve on the incumbent."""
        split = self.split
        first = np.array([self.w[:split].sum()]), np.array([self.p[:split].sum()])
        states = _States(*first, np.ones(1, dtype=np.int64))
        self._look(states, None)
        known, work = -1, 0
        while len(states.weight) and not (self.sought and self.ways):
            self.deadline.check(len(states.weight) * STATE_SECONDS)
            if known != self.best_profit:
                known = self.best_profit
                left, right = self._select_flippable_items({layer.item for layer in self.layers})
            if right.left and (not left.left or right.item - split <= split - 1 - left.item):
                item, sign, side = right.item, 1, right
            elif left.left:
                item, sign, side = left.item, -1, left
            else:
                break
            side.place += 1
            states = self._flip(states, item, sign, left, right)
            work += len(states.weight) + LAYER_WORK
            if work > self.max_work:
                raise TooManyStates(f"{len(states.weight)} states after {len(self.layers)} items")

    def _select_flippable_items(self, visited: set[int]) -> tuple[_Side, _Side]:
        """Return the items that an optimum may still flip; reduced-cost fixing excludes all others."""
        small = self.loss <= self.bound - self.best_profit + MARGIN * (1.0 + self.bound)
        if visited:
            small[list(visited)] = False
        items = np.flatnonzero(small)
        place = int(np.searchsorted(items, self.split))
        return _Side(items[:place][::-1], self.w), _Side(items[place:], self.w)

    def _compute_greedy_profit(self) -> int:
        """Return a greedy profit: the items before the break item, then each later one that fits."""
        profit, left = int(self.p[: self.split].sum()), self.capacity - int(self.w[: self.split].sum())
        for p, w in zip(self.p[self.split :].tolist(), self.w[self.split :].tolist(), strict=True):
            if w <= left:
                profit, left = profit + p, left - w
        return profit

    def _flip(self, states: _States, item: int, sign: int, left: _Side, right: _Side) -> _States:
        """Branch every state on one item and keep the undominated states whose bound reaches the incumbent."""
        count = len(states.weight)
        w, p = states.weight + sign * self.w[item], states.profit + sign * self.p[item]
        self._look(_States(w, p, states.ways), item)
        w, p = np.concatenate([states.weight, w]), np.concatenate([states.profit, p])
        order = np.argsort(w, kind="stable")
        w, p = w[order], p[order]
        ways = np.concatenate([states.ways, states.ways])[order]
        if (w[1:] == w[:-1]).any():
            place, ways = _select_best_by_weight(w, p, ways)
            order, w, p = order[place], w[place], p[place]
        keep = self._compute_profit_bounds(w, p, left, right) >= self.best_profit - MARGIN * (
            1.0 + abs(self.best_profit)
        )
        keep[1:] &= p[1:] > np.maximum.accumulate(p)[:-1]
        few = np.flatnonzero(keep)
        self.layers.append(_KnapsackLayer(item, count, order[few]))
        return _States(w[few], p[few], ways[few])

    def _look(self, fresh: _States, item: int | None) -> None:
        """Update the incumbent with the new states of one item: the heaviest one that fits is the best of them."""
        place = int(np.searchsorted(fresh.weight, self.capacity, side="right")) - 1
        if place < 0 or fresh.profit[place] < self.best_profit:
            return
        profit, weight = int(fresh.profit[place]), int(fresh.weight[place])
        if (profit, -weight) > (self.best_profit, -self.best_weight):
            self.best_profit, self.best_weight, self.ways = profit, weight, 0
            self.chosen = self._recover_items(place, item)
        if (profit, weight) == (self.best_profit, self.best_weight):
            self.ways = min(self.ways + int(fresh.ways[place]), MOST_WAYS)

    def _recover_items(self, place: int, item: int | None) -> IntArray:
        """Return the places of the items of one state, by backtracking."""
        inside = np.arange(len(self.p)) < self.split
        if item is not None:
            inside[item] = ~inside[item]
        for layer in reversed(self.layers):
            before = int(layer.survivors[place])
            if before >= layer.count:
                inside[layer.item] = ~inside[layer.item]
            place = before % layer.count
        return np.flatnonzero(inside)

    def _compute_profit_bounds(
        self, w: IntArray, p: IntArray, left: _Side, right: _Side
    ) -> NDArray[np.float64]:
        """Bound the profit of each state after at least one more flip; −∞ where no item is left to flip."""
        room = self.capacity - w
        fits = int(np.searchsorted(w, self.capacity, side="right"))
        reach = np.full(len(w), -np.inf)
        up, added = 0.0, 0
        if right.left:
            up = float(self.ratio[right.item])
            added = int(np.searchsorted(w, self.capacity - right.lightest, side="right"))
            reach[:added] = p[:added] + room[:added] * up
        if left.left:
            down = float(self.ratio[left.item])
            removed = left.lightest * (down - up)
            reach[added:fits] = p[added:fits] + room[added:fits] * up - removed
            reach[fits:] = p[fits:] + room[fits:] * down
        return reach


def _select_best_by_weight(w: IntArray, p: IntArray, ways: IntArray) -> tuple[IntArray, IntArray]:
    """Return for each weight the place of a state of greatest profit, and the ways to all such states."""
    fresh = _mark_run_starts(w)
    start = np.flatnonzero(fresh)
    group = np.cumsum(fresh) - 1
    at_top = p == np.maximum.reduceat(p, start)[group]
    total = np.minimum(np.add.reduceat(np.where(at_top, ways, 0), start), MOST_WAYS)
    first = np.flatnonzero(at_top)
    return first[_mark_run_starts(group[first])], total


def _mark_run_starts(values: IntArray) -> BoolArray:
    """Mark where a run of equal values begins, bool (n,)."""
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceGroups:
    """Multiple-choice groups: at most one item of a group is taken.

    Items of a group are adjacent, the greatest amount first. Selections are ranked lexicographically by two
    criteria in turn: which groups are taken, then which items. An item of a `raised` group adds to an amount
    that is granted in any case, so it counts for the second criterion only.

    Attributes
    ----------
    group : int64 (n_items,), ascending group number of each item
    raised : bool (n_items,)
    """

    group: IntArray
    raised: BoolArray

    def __post_init__(self) -> None:
        if len(self.group) and (np.diff(self.group) < 0).any():
            raise ValueError("the items of a group stand together")

    @classmethod
    def of(cls, group: IntArray) -> ChoiceGroups:
        """Build groups of which none is raised."""
        return cls(group, np.zeros(len(group), dtype=np.bool_))

    @property
    def shared(self) -> BoolArray:
        """Items whose group has further items, bool (n_items,)."""
        same = self.group[1:] == self.group[:-1]
        return np.r_[False, same] | np.r_[same, False] if len(self.group) else np.zeros(0, dtype=np.bool_)

    @property
    def plain(self) -> bool:
        """Whether no group has several items and none is raised: then the groups restrict nothing."""
        return not (self.shared.any() or self.raised.any())

    def pick(self, items: IntArray) -> ChoiceGroups:
        """Restrict the groups to some items, given in ascending order."""
        return ChoiceGroups(self.group[items], self.raised[items])

    def compute_rank_key(self, items: IntArray) -> IntArray:
        """Return the ranking key of a selection: ascending positions, int64.

        Of two selections the one that contains the smallest position of their symmetric difference ranks
        first.
        """
        behind = int(self.group[-1]) + 1 if len(self.group) else 0
        funded = self.group[items[~self.raised[items]]]
        return np.concatenate([np.sort(funded), behind + np.sort(items)])
