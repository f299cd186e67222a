"""The leaves of a tree of caps, as what the tree asks of them: lines for its prices, states within a loss.

A leaf is a list of items under one cap. Where profits are small whole numbers, its whole frontier is found once
and serves every price; else its states are grown around the price that is asked for.

A part of a tree of caps that has money of its own and may take more: above, only what it takes beyond counts.

With own money m, a choice (P, W) of the part needs n = max(0, W − m) of the node above. At the price a/b on what
it needs, and with t the price at which the part just spends its own money, it is priced at c = min(a, t), and

    V_part(c) + c·m   ≥   b·P − a·n

with equality up to  loss + (a − c)·n + c·max(0, m − W).

A leaf of a tree of caps whose items stand in groups of which one is taken at most.

At the price a/b a group is worth max(0, max_j (b·p_j − a·w_j)). As a node above leaves would, the leaf has a price
of its own, at which the best of each group fill its cap, and below which it is full.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.cap_tree.caps import Node
from tnt_sim.kernel.cap_tree.core_enumeration import Groups, near_menus, near_states, relaxed
from tnt_sim.kernel.cap_tree.dominance import firsts, runs
from tnt_sim.kernel.cap_tree.memo import Known, named
from tnt_sim.kernel.cap_tree.states import NOWHERE, ROOM, Budget, States, first_place, least_of
from tnt_sim.kernel.knapsack import IntArray, Menus
from tnt_sim.kernel.profit_frontier import NARROW, Frontier, cells, frontier, items_of

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


_NEVER = 1 << 62


def filled(line: Callable[[int], tuple[int, int]], cap: int) -> tuple[int, int]:
    """The price t at which v − w·t + t·cap is least for lines (v, w) of a part, by tangents, and that value."""
    if cap < 0:  # what was promised is more than its own: it never needs nothing, at any price
        return _NEVER, 0
    many = line(0)
    if many[1] <= cap:
        return 0, many[0]
    few = (0, 0)
    while True:
        a = (many[0] - few[0]) // (many[1] - few[1])
        found = line(a)
        known = max(many[0] - a * many[1], few[0] - a * few[1])
        if found[0] - a * found[1] <= known:
            break
        if found[1] > cap:
            many = found
        else:
            few = found
    reached = {p: v + p * (cap - w) for p, (v, w) in ((p, line(p)) for p in (a, a + 1))}
    best = min(reached, key=lambda p: (reached[p], p))
    return best, reached[best]


class Beyond:
    """A part with money of its own."""

    def __init__(self, part: Part, own: int) -> None:
        self.part, self.own, self.size = part, own, part.size
        self.price, self.full = filled(part.line, own)

    def line(self, a: int) -> tuple[int, int]:
        """From its own price on it needs nothing; below, what it takes beyond its own."""
        if a >= self.price:
            return self.full, 0
        v, w = self.part.line(a)
        return (v, w - self.own) if w > self.own else (self.full, 0)

    def losses(self, a: int, count: int) -> IntArray:
        """The part's."""
        return self.part.losses(min(a, self.price), count)

    def near(self, a: int, gamma: int) -> States:
        """The part's states by what they need; of those that need nothing, the one that is worth most."""
        inner = min(a, self.price)
        wanted = gamma
        while True:
            states = self.part.near(inner, wanted)
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
        found = States(
            states.profit, needed, short - least, states.best + inner * self.own - least,
            states.columns, states.differ,
        )  # fmt: skip
        return found.among(np.arange(first, len(needed))).within(gamma)


class MenuLeaf:
    """Items by group, ascending, none of which another of its group beats or is heavier than the capacity."""

    def __init__(
        self,
        items: IntArray,
        profit: IntArray,
        weight: IntArray,
        menus: Menus,
        capacity: int,
        b: int,
        budget: Budget,
    ) -> None:
        self.groups = Groups(items, profit, weight, menus)
        self.capacity, self.b, self.budget = capacity, b, budget
        self.size = len(items)
        self.heads, self.of = runs(menus.group[items])
        self.richest, self.heaviest = self.groups.most
        self.price, self.full = filled(self._sum, capacity)
        self.kept: tuple[int, int, States] | None = None

    def _worth(self, a: int) -> tuple[IntArray, IntArray]:
        """What each item is worth at a price, and the best of each group, which may be none."""
        if float(self.heaviest) * a >= ROOM or float(self.richest) * self.b >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        worth = self.b * self.groups.p - a * self.groups.w
        return worth, np.maximum(np.maximum.reduceat(worth, self.heads), 0)

    def _sum(self, a: int) -> tuple[int, int]:
        worth, best = self._worth(a)
        top = np.flatnonzero((worth == best[self.of]) & (worth > 0))
        top = top[firsts(self.of[top])]
        return self.b * int(self.groups.p[top].sum()), int(self.groups.w[top].sum())

    def line(self, a: int) -> tuple[int, int]:
        """The best of each group, exactly; below its own price it is full."""
        return (self.full, self.capacity) if a < self.price else self._sum(a)

    def losses(self, a: int, count: int) -> IntArray:
        """What alternatives to the best of their group lose alone."""
        worth, best = self._worth(max(a, self.price))
        loss = np.concatenate([best[self.of] - worth, best])
        return least_of(loss[loss > 0], count)

    def near(self, a: int, gamma: int) -> States:
        """States grown around the price, kept for a greater loss at the same price."""
        if self.kept is None or self.kept[0] != a or self.kept[1] < gamma:
            inner, wide = max(a, self.price), WIDER * gamma
            self._worth(inner)
            found = near_menus(self.groups, self.capacity, a, inner, self.b, wide, self.budget)
            self.kept = a, wide, found
        return self.kept[2].within(gamma)
