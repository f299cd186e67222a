"""The groups of a node of which one item is taken at most, as one more leaf beside that of its single items.

At the price a/b a group is worth max(0, max_j (b·p_j − a·w_j)), and every alternative to its best loses what it
falls short of that. Only groups with an alternative within the loss asked for are looked at. The node above caps
what the leaf takes.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.kernel.lasting import firsts, runs
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.near import ITEM_WORK
from tnt_sim.kernel.sums import Sums
from tnt_sim.kernel.tree_states import ROOM, Budget, IntArray, States, first_place, least_of


class MenuLeaf:
    """Items by group, ascending, none of which another of its group beats."""

    def __init__(
        self, items: IntArray, profit: IntArray, weight: IntArray, menus: Menus, b: int, budget: Budget
    ) -> None:
        self.items, self.p, self.w, self.menus = items, profit, weight, menus
        self.b, self.budget = b, budget
        self.heads, self.of = runs(menus.group[items])
        self.heaviest = int(np.maximum.reduceat(weight, self.heads).sum())
        self.richest = int(np.maximum.reduceat(profit, self.heads).sum())
        self.kept: tuple[int, int, States] | None = None

    def _worth(self, a: int) -> tuple[IntArray, IntArray]:
        """What each item is worth at a price, and the best of each group, which may be none."""
        if float(self.heaviest) * a >= ROOM or float(self.richest) * self.b >= ROOM:
            raise OverflowError("the price of a leaf leaves 64 bits")
        worth = self.b * self.p - a * self.w
        return worth, np.maximum(np.maximum.reduceat(worth, self.heads), 0)

    def line(self, a: int) -> tuple[int, int]:
        """The best of each group, exactly."""
        worth, best = self._worth(a)
        top = np.flatnonzero((worth == best[self.of]) & (worth > 0))
        top = top[firsts(self.of[top])]
        return self.b * int(self.p[top].sum()), int(self.w[top].sum())

    def losses(self, a: int, count: int) -> IntArray:
        """What alternatives to the best of their group lose alone."""
        worth, best = self._worth(a)
        loss = np.concatenate([best[self.of] - worth, best])
        return least_of(loss[loss > 0], count)

    def near(self, a: int, gamma: int) -> States:
        """Sums over the groups, kept for a smaller loss at the same price."""
        if self.kept is None or self.kept[0] != a or self.kept[1] < gamma:
            self.kept = a, gamma, self._near(a, gamma)
        return self.kept[2].within(gamma)

    def _near(self, a: int, gamma: int) -> States:
        worth, best = self._worth(a)
        loss = best[self.of] - worth
        near = loss <= gamma
        open_ = np.add.reduceat(near.astype(np.int64), self.heads) + (best <= gamma) > 1
        settled = np.flatnonzero(near & ~open_[self.of])
        parts = [self._states([settled], np.zeros(1, dtype=np.int64), int(best[~open_].sum()))]
        groups = np.flatnonzero(open_)
        self.budget.spend(ITEM_WORK * len(groups))
        ends = np.append(self.heads, len(self.items))
        for k in groups.tolist():
            own = ends[k] + np.flatnonzero(near[ends[k] : ends[k + 1]])
            choices, lost = [own[j : j + 1] for j in range(len(own))], loss[own]
            if best[k] <= gamma:
                choices, lost = [own[:0], *choices], np.append(best[k], lost)
            parts.append(self._states(choices, lost, int(best[k])))
        return Sums(parts, self.heaviest, gamma, self.budget, heavier=False).states()

    def _states(self, choices: list[IntArray], loss: IntArray, best: int) -> States:
        """Some choices by their places among the items."""

        def columns(k: int) -> IntArray:
            return self.items[choices[k]]

        def differ(one: int, other: int) -> tuple[int, bool]:
            return first_place(columns(one), columns(other), self.menus)

        profit, weight = (
            np.array([int(number[own].sum()) for own in choices]) for number in (self.p, self.w)
        )
        return States(profit, weight, loss, best, columns, differ)
