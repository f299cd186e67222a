"""Enumerate all nearly optimal states of one leaf at a price, by an expanding core.

    max b·P − a·W   subject to   W ≤ cap,  x_j ∈ {0, 1}   (or at most one item of each group)

Single items. Let c/b ≥ a/b be the price at which the items fill the capacity and r_j = b·p_j − c·w_j. Then
the leaf is worth at most U = Σ max(0, r_j) + (c − a)·cap, and a selection that differs from « every item with
r > 0 » in the items F falls short of U by exactly

    A = Σ_{j ∈ F} |r_j| + (c − a)·(cap − W)

Multiple-choice groups. A group is worth R = max(0, max_j r_j), and a selection that takes item j instead of
the best one, or none, loses R − r_j, or R, in that group. With U = Σ R + (c − a)·cap the identity is the
same.

Method. Items (groups) enter in the order of their least loss per unit of weight |r_j|/w_j. The remaining
items can bring a state's weight below the capacity, or use the weight that is left, only at that rate or a
dearer one, which gives a lower bound of A. States whose bound exceeds the least A found by more than Γ are
dropped, and so are dominated states. States are int64; the bounds are floats with a margin that keeps too
much rather than too little.

Sources: Pisinger, *A minimal algorithm for the 0-1 knapsack problem*, Operations Research 45 (1997);
Pisinger, *A minimal algorithm for the multiple-choice knapsack problem*, European Journal of Operational
Research 83 (1995). Here their core works at a price, and keeps every state within Γ instead of the optimum
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.cap_tree.dominance import locate_groups, mark_first_items
from tnt_sim.kernel.cap_tree.states import (
    NOWHERE,
    ROOM,
    Budget,
    TreeStates,
    compare_by_rank,
    filter_undominated,
    resolve_ties,
)
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
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, ChoiceGroups, IntArray

MARGIN = 1e-9
"""Relative margin of the float bounds."""
ITEM_WORK = 64
"""Fixed work per item or group, counted in states."""
FloatArray = NDArray[np.float64]


def enumerate_leaf_states(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    a: int,
    b: int,
    gamma: int,
    budget: Budget,
    window: tuple[int, int] | None = None,
    falling: IntArray | None = None,
) -> TreeStates:
    """Enumerate the undominated states of a leaf within Γ of its best value at the price a/b.

    Parameters
    ----------
    profit, weight : int64 (n,), > 0; no weight exceeds the capacity
    a, b : the price
    gamma : Γ, in units of 1/b
    window : least and greatest weight. Then only states of such a weight are returned, their losses are
        counted from the upper bound U, and `best` is U.
    falling : the places by falling efficiency p/w, if they are known

    Returns
    -------
    The states by rising weight; `columns` gives places in the given arrays.

    Raises
    ------
    TooManyStates
        When the states exceed the budget.
    DeadlineExpired
        When time is up.
    OverflowError
        When products exceed 64 bits.
    """
    falling = sort_by_efficiency(profit, weight) if falling is None else falling
    core = _LeafCore(profit, weight, capacity, a, b, gamma, budget, window, falling)
    core.grow()
    return core.enumerate_states()


def sort_by_efficiency(profit: IntArray, weight: IntArray) -> IntArray:
    """Return the places of the items by falling efficiency p/w, int64 (n,); equal ones in their order."""
    return np.argsort(-(profit / weight), kind="stable")


def compute_upper_bound(
    p: IntArray, w: IntArray, capacity: int, a: int, b: int, falling: IntArray | None = None
) -> int:
    """Return the upper bound U of a leaf's value at the price a/b, times b.

    Raises
    ------
    OverflowError
        When products exceed 64 bits.
    """
    falling = sort_by_efficiency(p, w) if falling is None else falling
    inner = _compute_inner_price(p, w, capacity, a, b, falling)
    return int(np.maximum(b * p - inner * w, 0).sum()) + (inner - a) * capacity


@dataclass(frozen=True, slots=True, eq=False)
class _LeafLayer:
    """Backpointers of one item: the parent of each state, and whether the item was flipped."""

    item: int
    parent: NDArray[np.signedinteger]
    flipped: BoolArray


_SLOTS = 9
"""Length of the state of an enumeration in `compiled/leaf_states.c`; then its slots by name."""
_COUNT, _SIDE, _LEAST, _WORK, _TIES, _IS_UNIQUE, _LAYERS, _USED = 0, 1, 2, 3, 4, 5, 7, 8
FIRST_ROOM = 4_096
"""States for which there is room at first."""
PAUSE = 1_000_000
"""States examined between two looks at the clock, some milliseconds."""


class _LeafCore:
    """State enumeration of a leaf of single items, from the items that are best at the filling price.

    `gone` is the sum of |r| over the flipped items of each state, `last` whether the latest item was flipped,
    and `least` the least A known.
    """

    def __init__(
        self,
        p: IntArray,
        w: IntArray,
        capacity: int,
        a: int,
        b: int,
        gamma: int,
        budget: Budget,
        window: tuple[int, int] | None,
        falling: IntArray,
    ) -> None:
        self.p, self.w, self.capacity, self.gamma, self.budget = p, w, capacity, gamma, budget
        self.window = window
        inner = _compute_inner_price(p, w, capacity, a, b, falling)
        self.delta = inner - a
        self.r = b * p - inner * w
        self.base = self.r > 0
        self.bound = int(self.r[self.base].sum()) + self.delta * capacity
        self.weight = np.array([int(w[self.base].sum())])
        self.profit = np.array([int(p[self.base].sum())])
        self.gone = np.zeros(1, dtype=np.int64)
        self.last = np.ones(1, dtype=np.bool_)
        self.layers: list[_LeafLayer] = []
        self.least = self._compute_feasible_value(falling) if window is None else 0

    @property
    def n_held(self) -> int:
        """Return the number of states in all layers."""
        return sum(len(layer.parent) for layer in self.layers)

    def _compute_feasible_value(self, falling: IntArray) -> int:
        """Return the A of a feasible selection: the best items as far as they fit, and one more."""
        first = falling[self.base[falling]]
        if int(self.weight[0]) > self.capacity:
            first = first[: np.searchsorted(np.cumsum(self.w[first]), self.capacity, side="right")]
        out = np.ones(len(self.p), dtype=np.bool_)
        out[first] = False
        room = self.capacity - int(self.w[first].sum())
        lost = int(self.r[self.base & out].sum()) + self.delta * room
        more = np.flatnonzero(out & (self.w <= room))
        gain = self.r[more] + self.delta * self.w[more]
        return lost - max(0, int(gain.max(initial=0)))

    def grow(self) -> None:
        """Branch on every item that a selection within Γ of the best may flip."""
        lost = np.abs(self.r)
        open_ = np.flatnonzero(lost <= self.gamma + self.least)
        order = self._sort_by_loss_ratio(open_, lost)
        each = lost[order] / self.w[order]
        inside = self.base[order]
        drop, add = _compute_next_loss_ratio(each, inside), _compute_next_loss_ratio(each, ~inside)
        functions = get_core()
        if functions is not None and self.gamma < ROOM:
            self._grow_compiled(functions, order, lost, drop, add)
            return
        for place, item in enumerate(order.tolist()):
            if not len(self.weight):  # no state lies within the window
                return
            if lost[item] <= self.gamma + self.least:
                twin = place > 0 and self._is_identical(int(order[place - 1]), item)
                self._flip(item, int(lost[item]), twin=twin)
                self._prune(float(drop[place + 1]), float(add[place + 1]))

    def _grow_compiled(
        self, functions: CompiledCore, order: IntArray, lost: IntArray, drop: FloatArray, add: FloatArray
    ) -> None:
        """Branch on the items of `order` in C: the same states as by `_flip` and `_prune`."""
        n, room, budget = len(self.p), FIRST_ROOM, self.budget
        at = np.zeros(_SLOTS, dtype=np.int64)
        at[_COUNT], at[_LEAST], at[_WORK], at[_TIES], at[_IS_UNIQUE] = (
            1, self.least, budget.work, budget.ties, budget.is_unique,
        )  # fmt: skip
        states, last = np.empty((2, 3, room), dtype=np.int64), np.ones((2, room), dtype=np.uint8)
        states[0, :, 0] = self.weight[0], self.profit[0], self.gone[0]
        codes, layers = np.empty(4 * room, dtype=np.int32), np.empty((2, n), dtype=np.int64)
        window = None if self.window is None else np.array(self.window, dtype=np.int64)
        numbers = [to_int64(one) for one in (self.p, self.w, lost)]
        base, order = np.ascontiguousarray(self.base), to_int64(order)
        while True:
            budget.deadline.check(int(at[_COUNT]) * STATE_SECONDS)
            outcome = functions["leaf_grow"](
                *map(get_address, numbers), get_address(base), n, get_address(order), len(order),
                get_address(drop), get_address(add), self.capacity, self.delta, self.gamma,
                None if window is None else get_address(window), get_address(at), get_address(states),
                get_address(last), room, get_address(codes), len(codes), get_address(layers), PAUSE,
            )  # fmt: skip
            budget.work, budget.ties, budget.is_unique = int(at[_WORK]), int(at[_TIES]), bool(at[_IS_UNIQUE])
            budget.check_memory(2 * int(at[_COUNT]), int(at[_USED]))
            if outcome == DONE:
                break
            if outcome == MORE_STATES:
                states = np.concatenate([states, np.empty((2, 3, 3 * room), dtype=np.int64)], axis=2)
                last = np.concatenate([last, np.empty((2, 3 * room), dtype=np.uint8)], axis=1)
                room *= 4
            elif outcome == MORE_CODES:
                codes = np.concatenate([codes, np.empty(3 * len(codes), dtype=np.int32)])
            elif outcome == TOO_MANY:
                budget.spend(0)
        self.least = int(at[_LEAST])
        self.weight, self.profit, self.gone = states[at[_SIDE], :, : at[_COUNT]].copy()
        parent, flipped = codes[: at[_USED]] >> 1, (codes[: at[_USED]] & 1).astype(np.bool_)
        ends = np.append(layers[1, : at[_LAYERS]], at[_USED]).tolist()
        self.layers = [
            _LeafLayer(item, parent[start:end], flipped[start:end])
            for item, start, end in zip(layers[0].tolist(), ends[:-1], ends[1:], strict=False)
        ]

    def _sort_by_loss_ratio(self, open_: IntArray, lost: IntArray) -> IntArray:
        """Order items by loss per weight; among equal items, the first in rank is added first and dropped last."""
        rank = np.where(self.base[open_], -open_, open_)
        keys = (rank, self.p[open_], self.w[open_], lost[open_] / self.w[open_])
        return open_[np.lexsort(keys)]

    def _is_identical(self, left: int, other: int) -> bool:
        """Return whether two items are equal."""
        return bool(self.p[left] == self.p[other] and self.w[left] == self.w[other])

    def _flip(self, item: int, lost: int, *, twin: bool) -> None:
        """Branch every state on one item; of two equal items, the second is flipped only if the first is."""
        sign = -1 if self.base[item] else 1
        from_ = np.flatnonzero(self.last) if twin else np.arange(len(self.weight))
        count = len(self.weight)
        self.budget.spend(count + len(from_) + ITEM_WORK)
        self.budget.check_memory(count + len(from_), self.n_held)
        weight = np.concatenate([self.weight, self.weight[from_] + sign * self.w[item]])
        profit = np.concatenate([self.profit, self.profit[from_] + sign * self.p[item]])
        gone = np.concatenate([self.gone, self.gone[from_] + lost])
        parent = np.concatenate([np.arange(count), from_])
        flipped = np.arange(len(weight)) >= count
        selected, equal, whose = filter_undominated(weight, profit)
        if len(equal):
            self.layers.append(_LeafLayer(item, parent, flipped))
            selected = resolve_ties(selected, equal, whose, self._compare_selections, self.budget)
            self.layers.pop()
        self.weight, self.profit, self.gone = weight[selected], profit[selected], gone[selected]
        self.last = flipped[selected]
        self.layers.append(_LeafLayer(item, parent[selected], flipped[selected]))

    def _prune(self, drop: float, add: float) -> None:
        """Drop the states that cannot end within Γ of the least A.

        `drop` and `add` are the least losses per unit of weight at which later items lower or raise a state's
        weight.
        """
        room = self.capacity - self.weight
        fits = room >= 0
        if fits.any() and self.window is None:
            self.least = min(self.least, int((self.gone[fits] + self.delta * room[fits]).min()))
        per_unit = np.where(fits, min(float(self.delta), add), -drop if np.isfinite(drop) else -float(ROOM))
        bound = self.gone + room * per_unit
        if self.window is not None:
            low, high = self.window
            lacking, over = np.maximum(low - self.weight, 0), np.maximum(self.weight - high, 0)
            for short, price in ((lacking, add), (over, drop)):
                bound = np.maximum(bound, self.gone + short * (price if np.isfinite(price) else float(ROOM)))
        limit = float(self.gamma + self.least)
        alive = bound <= limit + MARGIN * (1.0 + limit)
        if not alive.all():
            layer = self.layers.pop()
            self.layers.append(_LeafLayer(layer.item, layer.parent[alive], layer.flipped[alive]))
            self.weight, self.profit = self.weight[alive], self.profit[alive]
            self.gone, self.last = self.gone[alive], self.last[alive]

    def _list_flips(self, place: int) -> list[int]:
        """Return the items in which a state differs from the best items."""
        result = []
        for layer in reversed(self.layers):
            if layer.flipped[place]:
                result.append(layer.item)
            place = int(layer.parent[place])
        return result

    def _compare_selections(self, left: int, other: int) -> tuple[int, bool]:
        """Compare the selections of two states."""
        ours = set(self._list_flips(left))
        differing = ours.symmetric_difference(self._list_flips(other))
        if not differing:
            return NOWHERE
        first = min(differing)
        return first, bool(self.base[first]) != (first in ours)

    def _list_columns(self, place: int) -> IntArray:
        """Return the items of a state, ascending."""
        inside = self.base.copy()
        flips = self._list_flips(place)
        inside[flips] = ~inside[flips]
        return np.flatnonzero(inside)

    def enumerate_states(self) -> TreeStates:
        """Return the states within Γ once all items are branched on."""
        short = self.gone + self.delta * (self.capacity - self.weight)
        states = TreeStates(
            self.profit, self.weight, short, self.bound, self._list_columns, self._compare_selections
        )
        if self.window is not None:
            low, high = self.window
            inside = (self.weight >= low) & (self.weight <= high) & (short <= self.gamma)
            return states.pick(np.flatnonzero(inside))
        return filter_within_cap(states, self.capacity, self.gamma)


def filter_within_cap(states: TreeStates, capacity: int, gamma: int) -> TreeStates:
    """Keep the states within a capacity and within Γ of the best of these.

    The losses of `states` are counted from its bound `best`; those returned are counted from the best state.
    """
    fits = states.weight <= capacity
    least = int(states.loss[fits].min())
    loss = np.where(fits, states.loss - least, ROOM)
    return replace(states, loss=loss, best=states.best - least).filter_within(gamma)


def _compute_inner_price(p: IntArray, w: IntArray, capacity: int, a: int, b: int, falling: IntArray) -> int:
    """Return c: the given price, or the higher one at which the items fill the capacity."""
    if float(p.sum()) * b < ROOM and float(w.sum()) * max(a, 1) < ROOM:
        inner = max(a, _find_filling_price(p, w, capacity, a, b, falling))
        if float(w.sum()) * inner < ROOM:
            return inner
    raise OverflowError("the price of a leaf leaves 64 bits")


def _find_filling_price(p: IntArray, w: IntArray, capacity: int, a: int, b: int, falling: IntArray) -> int:
    """Return the price, over b, at which the items worth more than a/b fill the capacity; 0 if all of them fit."""
    worth = falling[(b * p > a * w)[falling]]
    reach = np.cumsum(w[worth])
    if not len(reach) or int(reach[-1]) <= capacity:
        return 0
    place = int(np.searchsorted(reach, capacity, side="right"))
    return b * int(p[worth[place]]) // int(w[worth[place]])


def _compute_next_loss_ratio(each: FloatArray, chosen: BoolArray) -> FloatArray:
    """For each place, return the least loss per weight of the items `chosen` from there on.

    The loss is infinite if none is left.
    """
    cost = np.where(chosen, each, np.inf)
    least: FloatArray = np.append(np.minimum.accumulate(cost[::-1])[::-1], np.inf)
    return least


BASE = -1
"""Marks a group that keeps its best item."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemGroups:
    """Undominated items of multiple-choice groups, in ascending order of groups; profits and weights are > 0.

    Attributes
    ----------
    items, p, w : int64 (n_items,): columns, profits, weights
    choice_groups : the groups of all columns, and the ranking of selections
    """

    items: IntArray
    p: IntArray
    w: IntArray
    choice_groups: ChoiceGroups

    @property
    def most(self) -> tuple[int, int]:
        """Return the greatest profit and the greatest weight of a selection."""
        heads, _ = locate_groups(self.choice_groups.group[self.items])
        return int(np.maximum.reduceat(self.p, heads).sum()), int(np.maximum.reduceat(self.w, heads).sum())


def enumerate_multiple_choice_states(
    groups: ItemGroups, capacity: int, a: int, inner: int, b: int, gamma: int, budget: Budget
) -> TreeStates:
    """Enumerate the undominated states of multiple-choice groups within Γ of the best at the price a/b.

    `inner` is the filling price c ≥ a. No item may be heavier than the capacity, and products with prices
    must fit 64 bits.

    Raises
    ------
    TooManyStates
        When the states exceed the budget.
    DeadlineExpired
        When time is up.
    """
    core = _GroupCore(groups, capacity, a, inner, b, gamma, budget)
    core.grow()
    return core.enumerate_states()


@dataclass(frozen=True, slots=True, eq=False)
class _GroupLayer:
    """Backpointers of one group: the parent of each state, and the alternative it took, or `BASE`."""

    parent: IntArray
    taken: IntArray


class _Alternatives:
    """Alternatives to the best item of each group at the price, ordered by group, int64 (n_alternatives,).

    `item` is the place of the item taken, −1 for none; `lost`, `weight` and `profit` are the changes against
    the best.
    """

    def __init__(
        self, groups: ItemGroups, worth: IntArray, of: IntArray, best: IntArray, base: IntArray
    ) -> None:
        p, w = (np.where(base >= 0, number[base], 0) for number in (groups.p, groups.w))
        other = np.delete(np.arange(len(of)), base[base >= 0])
        left = np.flatnonzero(base >= 0)
        of = np.concatenate([left, of[other]])
        order = np.argsort(of, kind="stable")
        self.group = of[order]
        self.item = np.concatenate([np.full(len(left), -1), other])[order]
        self.lost = np.concatenate([best[left], best[of[len(left) :]] - worth[other]])[order]
        self.weight = np.concatenate([-w[left], groups.w[other] - w[of[len(left) :]]])[order]
        self.profit = np.concatenate([-p[left], groups.p[other] - p[of[len(left) :]]])[order]
        self.each: FloatArray = self.lost / np.abs(self.weight)


class _GroupCore:
    """State enumeration of groups, from the best item of each at the filling price."""

    def __init__(
        self, groups: ItemGroups, capacity: int, a: int, inner: int, b: int, gamma: int, budget: Budget
    ) -> None:
        self.groups, self.capacity, self.gamma, self.budget = groups, capacity, gamma, budget
        self.delta = inner - a
        heads, of = locate_groups(groups.choice_groups.group[groups.items])
        worth = b * groups.p - inner * groups.w
        best = np.maximum(np.maximum.reduceat(worth, heads), 0)
        top = np.flatnonzero((worth == best[of]) & (worth > 0))
        top = top[mark_first_items(of[top])]
        self.base = np.full(len(heads), -1)
        self.base[of[top]] = top
        self.others = _Alternatives(groups, worth, of, best, self.base)
        self.single = np.bincount(of) == 1
        self.bound = int(best.sum()) + self.delta * capacity
        self.weight = np.array([int(groups.w[top].sum())])
        self.profit = np.array([int(groups.p[top].sum())])
        self.gone = np.zeros(1, dtype=np.int64)
        self.last = np.ones(1, dtype=np.bool_)
        self.layers: list[_GroupLayer] = []
        self.least = self._compute_feasible_value()

    def _compute_feasible_value(self) -> int:
        """Return the A of a feasible selection: the best items, or lighter alternatives until they fit."""
        others, over = self.others, int(self.weight[0]) - self.capacity
        if over <= 0:
            more = (others.weight > 0) & (others.weight <= -over)
            gain = self.delta * others.weight[more] - others.lost[more]
            return self.delta * -over - max(0, int(gain.max(initial=0)))
        lighter = np.flatnonzero(others.weight < 0)
        lighter = lighter[np.lexsort((others.each[lighter], others.group[lighter]))]
        lighter = lighter[mark_first_items(others.group[lighter])]
        lighter = lighter[np.argsort(others.each[lighter], kind="stable")]
        freed = np.cumsum(-others.weight[lighter])
        end = int(np.searchsorted(freed, over)) + 1
        if end > len(freed):
            return self.bound
        return int(others.lost[lighter[:end]].sum()) + self.delta * (int(freed[end - 1]) - over)

    def grow(self) -> None:
        """Branch on every group in which a selection within Γ of the best may take another item."""
        others = self.others
        near = np.flatnonzero(others.lost <= self.gamma + self.least)
        if not len(near):
            return
        heads, _ = locate_groups(others.group[near])
        each = np.minimum.reduceat(others.each[near], heads)
        add, drop = (
            np.minimum.reduceat(np.where(others.weight[near] * sign > 0, others.each[near], np.inf), heads)
            for sign in (1, -1)
        )
        order = self._sort_by_loss_ratio(near[heads], each)
        add, drop = _compute_suffix_minimum(add[order]), _compute_suffix_minimum(drop[order])
        ends = np.append(heads, len(near))
        before = BASE
        for place, k in enumerate(order.tolist()):
            own = near[ends[k] : ends[k + 1]]
            own = own[others.lost[own] <= self.gamma + self.least]
            if len(own):
                self._turn(own, twin=before != BASE and self._is_identical(before, int(own[0])))
                self._prune(float(drop[place + 1]), float(add[place + 1]))
                before = int(own[0])

    def _sort_by_loss_ratio(self, first: IntArray, each: FloatArray) -> IntArray:
        """Order groups by their least loss per weight.

        `first` gives one alternative of each group. Among equal single items, the first in the ranking is
        added first and dropped last.
        """
        others = self.others
        group = others.group[first]
        raised = self.groups.choice_groups.raised[
            self.groups.items[np.maximum(self.base[group], others.item[first])]
        ]
        rank = np.where(raised, group + len(self.base), group)
        rank = np.where(others.weight[first] < 0, -rank, rank)
        order: IntArray = np.lexsort((rank, others.profit[first], others.weight[first], each))
        return order

    def _is_identical(self, left: int, other: int) -> bool:
        """Return whether two alternatives belong to single-item groups and change weight and profit alike."""
        others = self.others
        single = bool(self.single[others.group[left]] and self.single[others.group[other]])
        same = others.weight[left] == others.weight[other] and others.profit[left] == others.profit[other]
        return bool(single and same)

    @property
    def n_held(self) -> int:
        """Return the number of states in all layers."""
        return sum(len(layer.parent) for layer in self.layers)

    def _turn(self, alternatives: IntArray, *, twin: bool) -> None:
        """Branch every state on the alternatives of one group.

        Of equal single items, the second changes only after the first.
        """
        from_ = np.flatnonzero(self.last) if twin else np.arange(len(self.weight))
        count, times = len(self.weight), len(alternatives)
        self.budget.spend(count + times * len(from_) + ITEM_WORK)
        self.budget.check_memory(count + times * len(from_), self.n_held)
        parent = np.concatenate([np.arange(count), np.tile(from_, times)])
        taken = np.concatenate([np.full(count, BASE), np.repeat(alternatives, len(from_))])
        turned = taken != BASE
        others = self.others
        weight, profit, gone = (
            now[parent] + np.where(turned, change[taken], 0)
            for now, change in (
                (self.weight, others.weight), (self.profit, others.profit), (self.gone, others.lost),
            )
        )  # fmt: skip
        selected, equal, whose = filter_undominated(weight, profit)
        if len(equal):
            self.layers.append(_GroupLayer(parent, taken))
            selected = resolve_ties(selected, equal, whose, self._compare_selections, self.budget)
            self.layers.pop()
        self.weight, self.profit, self.gone = weight[selected], profit[selected], gone[selected]
        self.last = turned[selected]
        self.layers.append(_GroupLayer(parent[selected], taken[selected]))

    def _prune(self, drop: float, add: float) -> None:
        """Drop the states that cannot end within Γ of the least A."""
        room = self.capacity - self.weight
        fits = room >= 0
        if fits.any():
            self.least = min(self.least, int((self.gone[fits] + self.delta * room[fits]).min()))
        per_unit = np.where(fits, min(float(self.delta), add), -drop if np.isfinite(drop) else -float(ROOM))
        bound = self.gone + room * per_unit
        limit = float(self.gamma + self.least)
        alive: BoolArray = bound <= limit + MARGIN * (1.0 + limit)
        if not alive.all():
            layer = self.layers.pop()
            self.layers.append(_GroupLayer(layer.parent[alive], layer.taken[alive]))
            self.weight, self.profit = self.weight[alive], self.profit[alive]
            self.gone, self.last = self.gone[alive], self.last[alive]

    def _map_exchanges(self, place: int) -> dict[int, int]:
        """Return the groups in which a state differs from the best, with the item taken, −1 for none."""
        result = {}
        for layer in reversed(self.layers):
            taken = int(layer.taken[place])
            if taken != BASE:
                result[int(self.others.group[taken])] = int(self.others.item[taken])
            place = int(layer.parent[place])
        return result

    def _compare_selections(self, left: int, other: int) -> tuple[int, bool]:
        """Compare the selections of two states."""
        ours, theirs = self._map_exchanges(left), self._map_exchanges(other)
        groups = sorted({*ours, *theirs})
        mine, others = ([turned.get(k, self.base[k]) for k in groups] for turned in (ours, theirs))
        return compare_by_rank(self._get_items(mine), self._get_items(others), self.groups.choice_groups)

    def _get_items(self, places: Sequence[int] | IntArray) -> IntArray:
        """Return the items at some places; −1 stands for none."""
        held = np.array(places, dtype=np.int64)
        return self.groups.items[held[held >= 0]]

    def _list_columns(self, place: int) -> IntArray:
        """Return the items of a state, ascending."""
        turned = self._map_exchanges(place)
        chosen = self.base.copy()
        chosen[list(turned)] = list(turned.values())
        return self._get_items(chosen)

    def enumerate_states(self) -> TreeStates:
        """Return the states within Γ once all groups are branched on."""
        short = self.gone + self.delta * (self.capacity - self.weight)
        states = TreeStates(
            self.profit, self.weight, short, self.bound, self._list_columns, self._compare_selections
        )
        return filter_within_cap(states, self.capacity, self.gamma)


def _compute_suffix_minimum(cost: FloatArray) -> FloatArray:
    """For each place, return the least value from there on; infinite at the end."""
    least: FloatArray = np.append(np.minimum.accumulate(cost[::-1])[::-1], np.inf)
    return least
