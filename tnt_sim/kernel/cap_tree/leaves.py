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
tangents (`filled`).

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import ItemGroups, near_menus, near_states, relaxed
from tnt_sim.kernel.cap_tree.dominance import firsts, runs
from tnt_sim.kernel.cap_tree.memo import BoundedMemo, named
from tnt_sim.kernel.cap_tree.states import NOWHERE, ROOM, Budget, TreeStates, first_place, least_of
from tnt_sim.kernel.knapsack import ChoiceGroups, IntArray
from tnt_sim.kernel.profit_frontier import NARROW, Frontier, cells, frontier, items_of

FRONTIER_CELLS = 150_000_000
"""Limit of n·Σp, beyond which a leaf is enumerated by price instead."""
WIDER = 8
"""States are enumerated for this multiple of the requested loss, so that later requests are served from them."""


class CapNode(Protocol):
    """A leaf or a node of the tree, whose columns may be selected within its capacities.

    `size` is the number of its items.
    """

    @property
    def size(self) -> int: ...

    def value_at(self, a: int) -> tuple[int, int]:
        """Return (v, w) such that v − w·a is b times the value at price a/b, exactly or by linear relaxation."""
        ...

    def losses(self, a: int, count: int) -> IntArray:
        """Return about the `count` smallest positive losses of its states at the price a/b."""
        ...

    def near(self, a: int, gamma: int) -> TreeStates:
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
        menus: ChoiceGroups | None,
        deadline: Deadline,
    ) -> None:
        self.items, self.p, self.w, self.b, self.menus = columns, profit, weight, b, menus
        self.size = len(columns)
        self.deadline = deadline
        self.gain, self.weight = front.profit, front.weight
        self.profit = front.profit if grain == 1 else grain * front.profit - front.weight
        self.value = b * self.profit
        self.queries: list[tuple[int, int]] = []
        self.columns_of: dict[int, IntArray] = {}

    def value_at(self, a: int) -> tuple[int, int]:
        """Return the best pair at a price, exactly.

        Earlier answers bound its place, since weight falls as the price rises.
        """
        if float(self.weight[-1]) * a >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        place = bisect_left(self.queries, (a, -1))
        first = self.queries[place][1] if place < len(self.queries) else 0
        last = self.queries[place - 1][1] if place else len(self.value) - 1
        part = slice(first, last + 1)
        best = first + int(np.argmax(self.value[part] - a * self.weight[part]))
        self.queries.insert(place, (a, best))
        return int(self.value[best]), int(self.weight[best])

    def losses(self, a: int, count: int) -> IntArray:
        """Return the `count` smallest positive losses."""
        loss = self._loss(a)[0]
        return least_of(loss[loss > 0], count)

    def near(self, a: int, gamma: int) -> TreeStates:
        """Return the efficient pairs within a loss."""
        loss, best = self._loss(a)
        return TreeStates(self.profit, self.weight, loss, best, self._columns, self._differ).within(gamma)

    def _loss(self, a: int) -> tuple[IntArray, int]:
        """Return the loss of each pair at a price, and the best value."""
        value, weight = self.value_at(a)
        best = value - weight * a
        return best - (self.value - a * self.weight), best

    def _columns(self, k: int) -> IntArray:
        """Recover the columns of pair k; they are cached."""
        if k not in self.columns_of:
            gain, weight = int(self.gain[k]), int(self.weight[k])
            taken = items_of(self.p, self.w, gain, weight, deadline=self.deadline)
            self.columns_of[k] = self.items[taken]
        return self.columns_of[k]

    def _differ(self, left: int, other: int) -> tuple[int, bool]:
        return first_place(self._columns(left), self._columns(other), self.menus)


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
        menus: ChoiceGroups | None,
    ) -> None:
        self.items, self.p, self.w, self.capacity = columns, profit, weight, capacity
        self.b, self.budget, self.menus = b, budget, menus
        self.size = len(columns)
        order = np.argsort(-(profit / weight), kind="stable")
        self.ratio = profit[order] / weight[order]
        self.reach = np.r_[0, np.cumsum(weight[order])]
        self.gain = np.r_[0, np.cumsum(profit[order])]
        self.last_states: tuple[int, int, TreeStates] | None = None

    def value_at(self, a: int) -> tuple[int, int]:
        """Return the line of the linear relaxation: items of efficiency above the price, the last in part."""
        k = int(np.searchsorted(-self.ratio, -a / self.b, side="left"))
        if self.reach[k] <= self.capacity:
            return self.b * int(self.gain[k]), int(self.reach[k])
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        part = int(self.b * float(self.ratio[k]) * (self.capacity - int(self.reach[k])))
        return self.b * int(self.gain[k]) + part, self.capacity

    def losses(self, a: int, count: int) -> IntArray:
        """Return the losses of single flips."""
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        inner = max(a, int(self.b * self.ratio[k])) if k < len(self.ratio) else a
        if float(self.w.max()) * inner >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        return least_of(np.abs(self.b * self.p - inner * self.w), count)

    def near(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss; they are cached for a wider loss at the same price."""
        if self.last_states is None or self.last_states[0] != a or self.last_states[1] < gamma:
            wide = WIDER * gamma
            found = near_states(self.p, self.w, self.capacity, a, self.b, wide, self.budget)
            self.last_states = a, wide, self._named(found)
        return self.last_states[2].within(gamma)

    def most(self, a: int) -> int:
        """Return the value of the linear relaxation at a price, an upper bound."""
        return relaxed(self.p, self.w, self.capacity, a, self.b)

    def weighing(self, a: int, gamma: int, low: int, high: int) -> TreeStates:
        """Return the states of weight `low` to `high` within Γ of the bound `most`, which is their `best`."""
        window = low, min(high, self.capacity)
        return self._named(near_states(self.p, self.w, self.capacity, a, self.b, gamma, self.budget, window))

    def _named(self, states: TreeStates) -> TreeStates:
        """Translate states from places in the leaf to columns."""

        def differ(left: int, other: int) -> tuple[int, bool]:
            place, ours = states.differ(left, other)
            return (self._place(place), ours) if place < len(self.items) else NOWHERE

        return replace(states, columns=lambda k: self.items[states.columns(k)], differ=differ)

    def _place(self, place: int) -> int:
        """Return the first ranking position of an item."""
        item = self.items[place : place + 1]
        return int(item[0] if self.menus is None else self.menus.order(item)[0])


def leaf_of(
    node: CapTreeNode,
    profit: IntArray,
    weight: IntArray,
    b: int,
    budget: Budget,
    fronts: BoundedMemo[Frontier],
    grain: int = 1,
    menus: ChoiceGroups | None = None,
) -> FrontierLeaf | ListLeaf:
    """Build the leaf of a node's own columns, of the kind that costs less.

    Parameters
    ----------
    fronts : cache of efficient pairs
    grain : when > 1, profits are grain·p − w, so that of equal profits the lighter selection is better; it
        must exceed every weight of a selection
    menus : gives the rank order of the columns; each is alone in its group
    """
    used = node.columns[profit[node.columns] > 0]
    if cells(profit[used]) > FRONTIER_CELLS:
        used = used[weight[used] <= node.cap]
    p, w = profit[used], weight[used]
    if cells(p) > FRONTIER_CELLS:
        return ListLeaf(used, p if grain == 1 else grain * p - w, w, node.cap, b, budget, menus)
    # one frontier serves every cap: it extends to all items, or as far as 32-bit sums allow
    reach = int(w.sum()) if node.cap >= NARROW else min(int(w.sum()), NARROW - 1)
    front = fronts.get(named((p, w), reach), lambda: frontier(p, w, reach, budget.deadline))
    return FrontierLeaf(used, p, w, front.within(node.cap), b, grain, menus, budget.deadline)


_NEVER = 1 << 62


def filled(value_at: Callable[[int], tuple[int, int]], cap: int) -> tuple[int, int]:
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
    many = value_at(0)
    if many[1] <= cap:
        return 0, many[0]
    few = (0, 0)
    while True:
        a = (many[0] - few[0]) // (many[1] - few[1])
        result = value_at(a)
        known = max(many[0] - a * many[1], few[0] - a * few[1])
        if result[0] - a * result[1] <= known:
            break
        if result[1] > cap:
            many = result
        else:
            few = result
    reached = {p: v + p * (cap - w) for p, (v, w) in ((p, value_at(p)) for p in (a, a + 1))}
    best = min(reached, key=lambda p: (reached[p], p))
    return best, reached[best]


class BudgetedNode:
    """A node with a budget of its own: the node above sees only what it uses beyond it."""

    def __init__(self, node: CapNode, own: int) -> None:
        self.node, self.own, self.size = node, own, node.size
        self.price, self.full = filled(node.value_at, own)

    def value_at(self, a: int) -> tuple[int, int]:
        """Return the line of the excess: 0 from the node's own price on, below it the weight beyond the budget."""
        if a >= self.price:
            return self.full, 0
        v, w = self.node.value_at(a)
        return (v, w - self.own) if w > self.own else (self.full, 0)

    def losses(self, a: int, count: int) -> IntArray:
        """Return the losses of the node's part."""
        return self.node.losses(min(a, self.price), count)

    def near(self, a: int, gamma: int) -> TreeStates:
        """Return the states by excess; of those without excess, only the one of greatest profit."""
        inner = min(a, self.price)
        wanted = gamma
        while True:
            states = self.node.near(inner, wanted)
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
        return result.among(np.arange(first, len(needed))).within(gamma)


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
        menus: ChoiceGroups,
        capacity: int,
        b: int,
        budget: Budget,
    ) -> None:
        self.groups = ItemGroups(items, profit, weight, menus)
        self.capacity, self.b, self.budget = capacity, b, budget
        self.size = len(items)
        self.heads, self.of = runs(menus.group[items])
        self.richest, self.heaviest = self.groups.most
        self.price, self.full = filled(self._sum, capacity)
        self.last_states: tuple[int, int, TreeStates] | None = None

    def _worth(self, a: int) -> tuple[IntArray, IntArray]:
        """Return the value of each item at a price, and the best of each group, at least 0 for taking none."""
        if float(self.heaviest) * a >= ROOM or float(self.richest) * self.b >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        worth = self.b * self.groups.p - a * self.groups.w
        return worth, np.maximum(np.maximum.reduceat(worth, self.heads), 0)

    def _sum(self, a: int) -> tuple[int, int]:
        """Add up the best items of all groups at a price."""
        worth, best = self._worth(a)
        top = np.flatnonzero((worth == best[self.of]) & (worth > 0))
        top = top[firsts(self.of[top])]
        return self.b * int(self.groups.p[top].sum()), int(self.groups.w[top].sum())

    def value_at(self, a: int) -> tuple[int, int]:
        """Return the leaf's line at a price."""
        return (self.full, self.capacity) if a < self.price else self._sum(a)

    def losses(self, a: int, count: int) -> IntArray:
        """Return the losses of taking another item, or none, in one group."""
        worth, best = self._worth(max(a, self.price))
        loss = np.concatenate([best[self.of] - worth, best])
        return least_of(loss[loss > 0], count)

    def near(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss; they are cached for a wider loss at the same price."""
        if self.last_states is None or self.last_states[0] != a or self.last_states[1] < gamma:
            inner, wide = max(a, self.price), WIDER * gamma
            self._worth(inner)
            found = near_menus(self.groups, self.capacity, a, inner, self.b, wide, self.budget)
            self.last_states = a, wide, found
        return self.last_states[2].within(gamma)
