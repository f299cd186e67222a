"""Leaves of a tree of capacities, and nodes with a budget of their own.

Every part of a tree answers three requests at a price a/b per unit of weight: its *line* (a supporting line
of its value function V(a) = max b·P − a·W), its smallest losses, and all its undominated states within a loss
Γ.

`FrontierLeaf`. Where profits are small integers, all efficient pairs are computed once and serve every price
and capacity. `ListLeaf`. Otherwise the states near the optimum are enumerated for each price
(`core_enumeration.py`). `GroupLeaf`. Items in multiple-choice groups: at price a/b a group is worth
max(0, max_j b·p_j − a·w_j).

`BudgetedNode`: a node with a budget m of its own, which draws on the node above for more. A selection (P, W) uses
n = max(0, W − m) of the node above. Let t be the price at which the node just spends its budget, and
c = min(a, t):

    V(c) + c·m  ≥  b·P − a·n,      with the difference    loss(c) + (a − c)·n + c·max(0, m − W)

A price that fills a capacity is found by minimising V(t) + t·cap, the Lagrangian dual in one multiplier, by
tangents (`find_filling_price`).

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import (
    ItemGroups,
    compute_upper_bound,
    enumerate_leaf_states,
    enumerate_multiple_choice_states,
    sort_by_efficiency,
)
from tnt_sim.kernel.cap_tree.dominance import locate_groups, mark_first_items
from tnt_sim.kernel.cap_tree.memo import BoundedMemo, compute_key
from tnt_sim.kernel.cap_tree.states import NOWHERE, ROOM, Budget, TreeStates, compare_by_rank, select_least
from tnt_sim.kernel.compiled.library import get_address, get_core, to_int64
from tnt_sim.kernel.knapsack import BoolArray, ChoiceGroups, IntArray
from tnt_sim.kernel.profit_frontier import NARROW, Frontier, build_frontier, estimate_additions, recover_items

FRONTIER_CELLS = 150_000_000
"""Limit of n·Σp, beyond which a leaf is enumerated by price instead."""
FIRST_UNITS = 2
"""Units of profit that a state within the first Γ may lose, at most."""
WIDER = 8
"""States are enumerated for this multiple of the requested loss, so that later requests are served from them."""


class CapNode(Protocol):
    """A leaf or a node of the tree, whose columns may be selected within its capacities.

    `size` is the number of its items.
    """

    @property
    def size(self) -> int: ...

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return (v, w) such that v − w·a is b times the value at price a/b, exactly or by linear relaxation."""
        ...

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return about the `count` smallest positive losses of its states at the price a/b."""
        ...

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the undominated states within `gamma` (Γ) of the best at the price a/b."""
        ...


class FrontierLeaf:
    """A leaf with small integer profits: all its efficient pairs are known."""

    def __init__(
        self,
        columns: IntArray,
        profit: IntArray,
        weight: IntArray,
        front: Frontier,
        b: int,
        grain: int,
        choice_groups: ChoiceGroups | None,
        deadline: Deadline,
    ) -> None:
        self.items, self.p, self.w, self.b, self.choice_groups = columns, profit, weight, b, choice_groups
        self.size = len(columns)
        self.deadline = deadline
        self.gain, self.weight = front.profit, front.weight
        self.profit = front.profit if grain == 1 else grain * front.profit - front.weight
        self.value = b * self.profit
        self.hull = build_hull(self.profit, self.weight, b)
        self.queries: list[tuple[int, int]] = []
        self.columns_of: dict[int, IntArray] = {}

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the best pair at a price, exactly.

        It is a corner of the hull; without it earlier answers bound its place, since weight falls as the price
        rises.
        """
        if self.hull is not None:
            profit, weight = self.hull.find_corner(a)
            return self.b * profit, weight
        if float(self.weight[-1]) * a >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        place = bisect_left(self.queries, (a, -1))
        first = self.queries[place][1] if place < len(self.queries) else 0
        last = self.queries[place - 1][1] if place else len(self.value) - 1
        part = slice(first, last + 1)
        best = first + int(np.argmax(self.value[part] - a * self.weight[part]))
        self.queries.insert(place, (a, best))
        return int(self.value[best]), int(self.weight[best])

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the `count` smallest positive losses."""
        loss = self._compute_losses(a)[0]
        return select_least(loss[loss > 0], count)

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the efficient pairs within a loss."""
        loss, best = self._compute_losses(a)
        return TreeStates(
            self.profit, self.weight, loss, best, self._recover_columns, self._compare_selections
        ).filter_within(gamma)

    def _compute_losses(self, a: int) -> tuple[IntArray, int]:
        """Return the loss of each pair at a price, and the best value."""
        value, weight = self.compute_tangent(a)
        best = value - weight * a
        return best - (self.value - a * self.weight), best

    def _recover_columns(self, k: int) -> IntArray:
        """Recover the columns of pair k; they are cached."""
        if k not in self.columns_of:
            gain, weight = int(self.gain[k]), int(self.weight[k])
            taken = recover_items(self.p, self.w, gain, weight, deadline=self.deadline)
            self.columns_of[k] = self.items[taken]
        return self.columns_of[k]

    def _compare_selections(self, left: int, other: int) -> tuple[int, bool]:
        return compare_by_rank(self._recover_columns(left), self._recover_columns(other), self.choice_groups)


@dataclass(frozen=True, slots=True, eq=False)
class Hull:
    """The upper hull of profit against weight, or the sum of several.

    Attributes
    ----------
    negated_key : int64 (n_edges,), rising; an edge is worth its weight at a price a where −a ≥ its negated key
    profit, weight : int64 (n_edges + 1,), of the corner before each edge and of the last one
    heaviest : the greatest weight among those added up
    """

    negated_key: IntArray
    profit: IntArray
    weight: IntArray
    heaviest: int

    def find_corner(self, a: int) -> tuple[int, int]:
        """Return profit and weight of the first of the best points at the price a.

        Raises
        ------
        OverflowError
            When the product of price and weight leaves 64 bits.
        """
        if float(self.heaviest) * a >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        k = int(self.negated_key.searchsorted(-a, side="right"))
        return int(self.profit[k]), int(self.weight[k])


def build_hull(profit: IntArray, weight: IntArray, b: int) -> Hull | None:
    """Build the hull of points with strictly rising weight, with prices over b; None without the library in C."""
    functions = get_core()
    if functions is None or not len(profit):
        return None
    corners, keys = np.empty((2, len(profit)), dtype=np.int64)
    profit, weight = to_int64(profit), to_int64(weight)
    count = functions["list_hull"](
        get_address(profit), get_address(weight), len(profit), b, get_address(corners), get_address(keys)
    )
    corners = corners[:count]
    return Hull(-keys[: count - 1], profit[corners], weight[corners], int(weight[-1]))


def add_hulls(hulls: Sequence[Hull]) -> Hull:
    """Build the hull of the sums of several: all their edges, in the order of their keys."""
    keys = np.concatenate([hull.negated_key for hull in hulls])
    order = np.argsort(keys, kind="stable")
    profit, weight = (
        np.cumsum(np.concatenate([[sum(int(corner[0]) for corner in corners)],
                                  np.concatenate([np.diff(corner) for corner in corners])[order]]))
        for corners in ([hull.profit for hull in hulls], [hull.weight for hull in hulls])
    )  # fmt: skip
    return Hull(keys[order], profit, weight, max(hull.heaviest for hull in hulls))


class ListLeaf:
    """A leaf with any profits: items by falling efficiency; states are enumerated around a price."""

    def __init__(
        self,
        columns: IntArray,
        profit: IntArray,
        weight: IntArray,
        capacity: int,
        b: int,
        budget: Budget,
        choice_groups: ChoiceGroups | None,
    ) -> None:
        self.items, self.p, self.w, self.capacity = columns, profit, weight, capacity
        self.b, self.budget, self.choice_groups = b, budget, choice_groups
        self.size = len(columns)
        self.order = order = sort_by_efficiency(profit, weight)
        self.ratio = profit[order] / weight[order]
        self.reach = np.r_[0, np.cumsum(weight[order])]
        self.gain = np.r_[0, np.cumsum(profit[order])]
        self.last_states: tuple[int, int, TreeStates] | None = None

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the line of the linear relaxation: items of efficiency above the price, the last in part."""
        k = int(np.searchsorted(-self.ratio, -a / self.b, side="left"))
        if self.reach[k] <= self.capacity:
            return self.b * int(self.gain[k]), int(self.reach[k])
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        part = int(self.b * float(self.ratio[k]) * (self.capacity - int(self.reach[k])))
        return self.b * int(self.gain[k]) + part, self.capacity

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the losses of single flips."""
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        inner = max(a, int(self.b * self.ratio[k])) if k < len(self.ratio) else a
        if float(self.w.max()) * inner >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        return select_least(np.abs(self.b * self.p - inner * self.w), count)

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss; they are cached for a wider loss at the same price."""
        if self.last_states is None or self.last_states[0] != a or self.last_states[1] < gamma:
            wide = WIDER * gamma
            states = enumerate_leaf_states(
                self.p, self.w, self.capacity, a, self.b, wide, self.budget, falling=self.order
            )
            self.last_states = a, wide, self._translate_states(states)
        return self.last_states[2].filter_within(gamma)

    def compute_upper_bound(self, a: int) -> int:
        """Return the value of the linear relaxation at a price, an upper bound."""
        return compute_upper_bound(self.p, self.w, self.capacity, a, self.b, self.order)

    def enumerate_weight_window(self, a: int, gamma: int, low: int, high: int) -> TreeStates:
        """Return the states of weight `low` to `high` within Γ of `compute_upper_bound`, which is their `best`."""
        window = low, min(high, self.capacity)
        return self._translate_states(
            enumerate_leaf_states(
                self.p, self.w, self.capacity, a, self.b, gamma, self.budget, window, self.order
            )
        )

    def _translate_states(self, states: TreeStates) -> TreeStates:
        """Translate states from places in the leaf to columns."""

        def compare_selections(left: int, other: int) -> tuple[int, bool]:
            place, ours = states.differ(left, other)
            return (self._get_rank(place), ours) if place < len(self.items) else NOWHERE

        return replace(states, columns=lambda k: self.items[states.columns(k)], differ=compare_selections)

    def _get_rank(self, place: int) -> int:
        """Return the first ranking position of an item."""
        item = self.items[place : place + 1]
        return int(item[0] if self.choice_groups is None else self.choice_groups.compute_rank_key(item)[0])


def is_within_frontier_cells(additions: IntArray) -> BoolArray:
    """Return whether all efficient pairs of leaves may be computed, by the additions n·Σp that these take."""
    return additions <= FRONTIER_CELLS


def build_leaf(
    node: CapTreeNode,
    profit: IntArray,
    weight: IntArray,
    b: int,
    budget: Budget,
    fronts: BoundedMemo[Frontier],
    grain: int = 1,
    choice_groups: ChoiceGroups | None = None,
) -> FrontierLeaf | ListLeaf:
    """Build the leaf of a node's own columns, of the kind that costs less.

    Parameters
    ----------
    fronts : cache of efficient pairs
    grain : when > 1, profits are grain·p − w, so that of equal profits the lighter selection is better; it
        must exceed every weight of a selection
    choice_groups : gives the rank order of the columns; each is alone in its group
    """
    used = node.columns[profit[node.columns] > 0]
    if estimate_additions(profit[used]) > FRONTIER_CELLS:
        used = used[weight[used] <= node.cap]
    p, w = profit[used], weight[used]
    if estimate_additions(p) > FRONTIER_CELLS:
        return ListLeaf(used, p if grain == 1 else grain * p - w, w, node.cap, b, budget, choice_groups)
    # one frontier serves every cap: it extends to all items, or as far as 32-bit sums allow
    reach = int(w.sum()) if node.cap >= NARROW else min(int(w.sum()), NARROW - 1)
    front = fronts.get(compute_key((p, w), reach), lambda: build_frontier(p, w, reach, budget.deadline))
    return FrontierLeaf(
        used, p, w, front.restrict_to_capacity(node.cap), b, grain, choice_groups, budget.deadline
    )


_NEVER = 1 << 62


def find_filling_price(compute_tangent: Callable[[int], tuple[int, int]], cap: int) -> tuple[int, int]:
    """Find the price that fills a capacity: minimise V(t) + t·cap over integer t ≥ 0, where V(t) is the upper
    envelope of lines v − w·t.

    Method: intersect the tangents on both sides of the minimum until no lower point is found.

    Parameters
    ----------
    line : gives a supporting line (v, w) of V at a price
    cap : capacity; below 0 nothing is free at any price

    Returns
    -------
    The price t, and the minimum.
    """
    if cap < 0:  # a negative budget: it always needs more
        return _NEVER, 0
    many = compute_tangent(0)
    if many[1] <= cap:
        return 0, many[0]
    few = (0, 0)
    while True:
        a = (many[0] - few[0]) // (many[1] - few[1])
        result = compute_tangent(a)
        known = max(many[0] - a * many[1], few[0] - a * few[1])
        if result[0] - a * result[1] <= known:
            break
        if result[1] > cap:
            many = result
        else:
            few = result
    reached = {p: v + p * (cap - w) for p, (v, w) in ((p, compute_tangent(p)) for p in (a, a + 1))}
    best = min(reached, key=lambda p: (reached[p], p))
    return best, reached[best]


class BudgetedNode:
    """A node with a budget of its own: the node above sees only what it uses beyond it."""

    def __init__(self, node: CapNode, own: int) -> None:
        self.node, self.own, self.size = node, own, node.size
        self.price, self.full = find_filling_price(node.compute_tangent, own)

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the line of the excess: 0 from the node's own price on, below it the weight beyond the budget."""
        if a >= self.price:
            return self.full, 0
        v, w = self.node.compute_tangent(a)
        return (v, w - self.own) if w > self.own else (self.full, 0)

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the losses of the node's part."""
        return self.node.list_least_losses(min(a, self.price), count)

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the states by excess; of those without excess, only the one of greatest profit."""
        inner = min(a, self.price)
        wanted = gamma
        while True:
            states = self.node.enumerate_states(inner, wanted)
            if len(states.weight) and float(states.weight[-1]) * max(a, 1) >= ROOM:
                raise OverflowError("the price of a part leaves 64 bits")
            needed = np.maximum(states.weight - self.own, 0)
            idle = np.maximum(self.own - states.weight, 0)
            short = states.loss + (a - inner) * needed + inner * idle
            least = int(short.min())
            if wanted >= gamma + least:
                break
            wanted = gamma + least
        first = max(0, int((needed == 0).sum()) - 1)
        result = TreeStates(
            states.profit, needed, short - least, states.best + inner * self.own - least,
            states.columns, states.differ,
        )  # fmt: skip
        return result.pick(np.arange(first, len(needed))).filter_within(gamma)


class GroupLeaf:
    """A leaf of items in multiple-choice groups, undominated, each no heavier than the capacity.

    Items are adjacent by group, groups ascending. `price` is the price at which the best items of the groups
    fill the capacity; below it the leaf is full.
    """

    def __init__(
        self,
        items: IntArray,
        profit: IntArray,
        weight: IntArray,
        choice_groups: ChoiceGroups,
        capacity: int,
        b: int,
        budget: Budget,
    ) -> None:
        self.groups = ItemGroups(items, profit, weight, choice_groups)
        self.capacity, self.b, self.budget = capacity, b, budget
        self.size = len(items)
        self.heads, self.of = locate_groups(choice_groups.group[items])
        self.richest, self.heaviest = self.groups.most
        self.price, self.full = find_filling_price(self._sum, capacity)
        self.last_states: tuple[int, int, TreeStates] | None = None

    def _compute_values(self, a: int) -> tuple[IntArray, IntArray]:
        """Return the value of each item at a price, and the best of each group, at least 0 for taking none."""
        if float(self.heaviest) * a >= ROOM or float(self.richest) * self.b >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        worth = self.b * self.groups.p - a * self.groups.w
        return worth, np.maximum(np.maximum.reduceat(worth, self.heads), 0)

    def _sum(self, a: int) -> tuple[int, int]:
        """Add up the best items of all groups at a price."""
        worth, best = self._compute_values(a)
        top = np.flatnonzero((worth == best[self.of]) & (worth > 0))
        top = top[mark_first_items(self.of[top])]
        return self.b * int(self.groups.p[top].sum()), int(self.groups.w[top].sum())

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the leaf's line at a price."""
        return (self.full, self.capacity) if a < self.price else self._sum(a)

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the losses of taking another item, or none, in one group."""
        worth, best = self._compute_values(max(a, self.price))
        loss = np.concatenate([best[self.of] - worth, best])
        return select_least(loss[loss > 0], count)

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss; they are cached for a wider loss at the same price."""
        if self.last_states is None or self.last_states[0] != a or self.last_states[1] < gamma:
            inner, wide = max(a, self.price), WIDER * gamma
            self._compute_values(inner)
            states = enumerate_multiple_choice_states(
                self.groups, self.capacity, a, inner, self.b, wide, self.budget
            )
            self.last_states = a, wide, states
        return self.last_states[2].filter_within(gamma)
