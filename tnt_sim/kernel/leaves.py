"""The leaves of a tree of caps, as what the tree asks of them: lines for its prices, states within a loss.

A leaf is a list of items under one cap. Where profits are small whole numbers, its whole frontier is found once
and serves every price; else its states are grown around the price that is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Protocol

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.forest import Node
from tnt_sim.kernel.frontier import NARROW, Frontier, cells, frontier, items_of
from tnt_sim.kernel.known import Known, named
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.near import near_states, relaxed
from tnt_sim.kernel.tree_states import NOWHERE, ROOM, Budget, IntArray, States, first_place, least_of

FRONTIER_CELLS = 150_000_000
"""Additions beyond which a leaf has no frontier."""
WIDER = 8
"""A leaf's states are found for so many times the loss asked for, and asked for anew only beyond."""


class Part(Protocol):
    """A leaf or a node of the tree: its columns may be chosen within its caps.

    `size` is how many items it holds.
    """

    @property
    def size(self) -> int: ...

    def line(self, a: int) -> tuple[int, int]:
        """(v, w) such that v − w·a is what the part is worth at the price a/b, about or exactly, times b."""
        ...

    def losses(self, a: int, count: int) -> IntArray:
        """About the `count` least positive losses of its states at the price a/b."""
        ...

    def near(self, a: int, gamma: int) -> States:
        """Its undominated states within Γ of the best at the price a/b."""
        ...


class FrontierLeaf:
    """A leaf with small profits: every undominated choice, from the least weight for each profit."""

    def __init__(
        self,
        columns: IntArray,
        profit: IntArray,
        weight: IntArray,
        front: Frontier,
        b: int,
        grain: int,
        menus: Menus | None,
        deadline: Deadline,
    ) -> None:
        self.items, self.p, self.w, self.b, self.menus = columns, profit, weight, b, menus
        self.size = len(columns)
        self.deadline = deadline
        self.gain, self.weight = front.profit, front.weight
        self.profit = front.profit if grain == 1 else grain * front.profit - front.weight
        self.value = b * self.profit
        self.asked: list[tuple[int, int]] = []
        self.found: dict[int, IntArray] = {}

    def line(self, a: int) -> tuple[int, int]:
        """The best state at a price, exactly; the dearer money is, the lower it lies on the frontier."""
        if float(self.weight[-1]) * a >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        place = bisect_left(self.asked, (a, -1))
        first = self.asked[place][1] if place < len(self.asked) else 0
        last = self.asked[place - 1][1] if place else len(self.value) - 1
        part = slice(first, last + 1)
        best = first + int(np.argmax(self.value[part] - a * self.weight[part]))
        self.asked.insert(place, (a, best))
        return int(self.value[best]), int(self.weight[best])

    def losses(self, a: int, count: int) -> IntArray:
        """The least positive losses."""
        loss = self._loss(a)[0]
        return least_of(loss[loss > 0], count)

    def near(self, a: int, gamma: int) -> States:
        """The states of the frontier within a loss."""
        loss, best = self._loss(a)
        return States(self.profit, self.weight, loss, best, self._columns, self._differ).within(gamma)

    def _loss(self, a: int) -> tuple[IntArray, int]:
        value, weight = self.line(a)
        best = value - weight * a
        return best - (self.value - a * self.weight), best

    def _columns(self, k: int) -> IntArray:
        if k not in self.found:
            gain, weight = int(self.gain[k]), int(self.weight[k])
            taken = items_of(self.p, self.w, gain, weight, deadline=self.deadline)
            self.found[k] = self.items[taken]
        return self.found[k]

    def _differ(self, one: int, other: int) -> tuple[int, bool]:
        return first_place(self._columns(one), self._columns(other), self.menus)


class ListLeaf:
    """A leaf with any profits: items by falling profit per weight, states grown around a price."""

    def __init__(
        self,
        columns: IntArray,
        profit: IntArray,
        weight: IntArray,
        capacity: int,
        b: int,
        budget: Budget,
        menus: Menus | None,
    ) -> None:
        self.items, self.p, self.w, self.capacity = columns, profit, weight, capacity
        self.b, self.budget, self.menus = b, budget, menus
        self.size = len(columns)
        order = np.argsort(-(profit / weight), kind="stable")
        self.ratio = profit[order] / weight[order]
        self.reach = np.r_[0, np.cumsum(weight[order])]
        self.gain = np.r_[0, np.cumsum(profit[order])]
        self.kept: tuple[int, int, States] | None = None

    def line(self, a: int) -> tuple[int, int]:
        """The items worth more than the price, as far as they fit, the last of them in part."""
        k = int(np.searchsorted(-self.ratio, -a / self.b, side="left"))
        if self.reach[k] <= self.capacity:
            return self.b * int(self.gain[k]), int(self.reach[k])
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        part = int(self.b * float(self.ratio[k]) * (self.capacity - int(self.reach[k])))
        return self.b * int(self.gain[k]) + part, self.capacity

    def losses(self, a: int, count: int) -> IntArray:
        """What its items lose that are flipped alone."""
        k = int(np.searchsorted(self.reach, self.capacity, side="right")) - 1
        inner = max(a, int(self.b * self.ratio[k])) if k < len(self.ratio) else a
        if float(self.w.max()) * inner >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        return least_of(np.abs(self.b * self.p - inner * self.w), count)

    def near(self, a: int, gamma: int) -> States:
        """States grown around the price, kept for a greater loss at the same price."""
        if self.kept is None or self.kept[0] != a or self.kept[1] < gamma:
            wide = WIDER * gamma
            found = near_states(self.p, self.w, self.capacity, a, self.b, wide, self.budget)
            self.kept = a, wide, self._named(found)
        return self.kept[2].within(gamma)

    def most(self, a: int) -> int:
        """What the relaxed leaf is worth at a price."""
        return relaxed(self.p, self.w, self.capacity, a, self.b)

    def weighing(self, a: int, gamma: int, low: int, high: int) -> States:
        """States of a weight from low to high that lose no more than Γ against `most`, which is their `best`."""
        window = low, min(high, self.capacity)
        return self._named(near_states(self.p, self.w, self.capacity, a, self.b, gamma, self.budget, window))

    def _named(self, found: States) -> States:
        """The same states over columns instead of places."""

        def differ(one: int, other: int) -> tuple[int, bool]:
            place, ours = found.differ(one, other)
            return (self._place(place), ours) if place < len(self.items) else NOWHERE

        return replace(found, columns=lambda k: self.items[found.columns(k)], differ=differ)

    def _place(self, place: int) -> int:
        """The first place in the order of choices of one of its items."""
        item = self.items[place : place + 1]
        return int(item[0] if self.menus is None else self.menus.order(item)[0])


def leaf_of(
    node: Node,
    profit: IntArray,
    weight: IntArray,
    b: int,
    budget: Budget,
    fronts: Known[Frontier],
    grain: int = 1,
    menus: Menus | None = None,
) -> FrontierLeaf | ListLeaf:
    """The leaf of a node's own columns, by whichever way is cheaper; frontiers are kept in `fronts`.

    With a `grain` above all weights together, profits are grain·p − w: of equal profits the lighter counts.
    With `menus`, the columns stand in the order of choices, each alone of its group.
    """
    used = node.columns[profit[node.columns] > 0]
    if cells(profit[used]) > FRONTIER_CELLS:
        used = used[weight[used] <= node.cap]
    p, w = profit[used], weight[used]
    if cells(p) > FRONTIER_CELLS:
        return ListLeaf(used, p if grain == 1 else grain * p - w, w, node.cap, b, budget, menus)
    # one frontier serves every cap: it goes to its end, or as far as half as wide numbers do
    reach = int(w.sum()) if node.cap >= NARROW else min(int(w.sum()), NARROW - 1)
    front = fronts.get(named((p, w), reach), lambda: frontier(p, w, reach, budget.deadline))
    return FrontierLeaf(used, p, w, front.within(node.cap), b, grain, menus, budget.deadline)
