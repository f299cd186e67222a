"""A leaf of a tree of caps whose items stand in groups of which one is taken at most.

At the price a/b a group is worth max(0, max_j (b·p_j − a·w_j)). As a node above leaves would, the leaf has a price
of its own, at which the best of each group fill its cap, and below which it is full.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.kernel.beyond import filled
from tnt_sim.kernel.lasting import firsts, runs
from tnt_sim.kernel.leaves import WIDER
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.near_menus import Groups, near_menus
from tnt_sim.kernel.tree_states import ROOM, Budget, IntArray, States, least_of


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
