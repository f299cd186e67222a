"""Compute the least extra budget with which a given profit can be reached, where parts have budgets of their own.

    need(z) = min Σ_k max(0, W_k − free_k)      subject to      Σ_k P_k ≥ z

The items are split into parts; (P_k, W_k) is the profit and weight of the selection in part k, and free_k the
budget it has already. A *hard* part gets no extra budget: W_k ≤ free_k.

Method. A part that affords all its items, and a hard part, have a best selection that does not depend on z:
it is fixed once. One remaining part is a minimisation knapsack, solved through its complement: leave out the
most weight for the profit that can be spared. Several remaining parts each get their efficient pairs
(`profit_frontier.py`), and a dynamic program over the profit gained above the parts' own budgets combines
them. All numbers are integers.

Source: Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), on the minimisation knapsack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import BoolArray, IntArray, KnapsackSolution, TooManyStates, solve_knapsack
from tnt_sim.kernel.profit_frontier import build_frontier, estimate_additions, recover_items

FAR = np.int64(2**61)
"""A need that no selection has."""
MAX_CELLS = 200_000_000
"""Limit of n·Σp over the frontiers of all open parts."""
POINTS_PER_LOOK = 64
"""Points of a part combined between two checks of the deadline."""
MAX_GAIN = 20_000
"""Largest profit that several parts may have to gain above what their own budgets buy."""


@dataclass(frozen=True, slots=True, eq=False)
class BudgetedItems:
    """Items that share a budget.

    Attributes
    ----------
    items : int64 (n_items,)
    free : the budget, in the unit of the weights; negative when more is already promised than the part has
    hard : whether the part may get no extra budget
    """

    items: IntArray
    free: int
    hard: bool


@dataclass(frozen=True, slots=True, eq=False)
class AdditionResult:
    """The least extra budget, and the items of a selection that needs no more, bool (n,)."""

    need: int
    taken: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _NeedByProfit:
    """Efficient pairs of one open part from its own budget on; `need` is the extra budget of each.

    `base` is the profit of the first pair, the best that the part's own budget buys.
    """

    base: int
    profit: IntArray
    weight: IntArray
    need: IntArray


class MinimumAddition:
    """Solver for the least extra budget of one set of items and parts, for many profits z.

    Parameters
    ----------
    profit, weight : int64 (n,), ≥ 0
    parts : disjoint, and together all items

    Raises
    ------
    ValueError
        When a hard part has a negative budget.
    TooManyStates, OverflowError
        When a knapsack exceeds its budget or its numbers.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> budget = BudgetedItems(np.array([0, 1]), 8, hard=False)
    >>> items = MinimumAddition(np.array([5, 4]), np.array([10, 7]), [budget])
    >>> items.find_least(4).need, items.find_least(9).need
    (0, 9)
    """

    def __init__(
        self,
        profit: IntArray,
        weight: IntArray,
        groups: Sequence[BudgetedItems],
        deadline: Deadline = UNLIMITED,
    ) -> None:
        if any(part.hard and part.free < 0 for part in groups):
            raise ValueError("a hard part has less than nothing")
        self.profit, self.weight, self.groups = profit, weight, tuple(groups)
        self.deadline = deadline
        self.settled: dict[int, BoolArray] = {}
        self.gained: dict[int, int] = {}
        for k, piece in enumerate(groups):
            best = self._select_without_addition(piece)
            if best is not None:
                self.settled[k] = best
                self.gained[k] = int(profit[piece.items[best]].sum())
        self.open = [k for k in range(len(groups)) if k not in self.settled]
        self.fronts: dict[int, _NeedByProfit] = {}

    def _select_without_addition(self, group: BudgetedItems) -> BoolArray | None:
        """Return the selection of a part that is best for every z, bool (n_items,), or None."""
        profit, weight = self.profit[group.items], self.weight[group.items]
        if int(weight.sum()) <= group.free:
            return np.ones(len(group.items), dtype=np.bool_)
        return self._solve_knapsack(profit, weight, group.free).taken if group.hard else None

    def _solve_knapsack(self, profit: IntArray, weight: IntArray, capacity: int) -> KnapsackSolution:
        return solve_knapsack(profit, weight, capacity, deadline=self.deadline)

    def find_least(self, target: int) -> AdditionResult | None:
        """Return the least extra budget for a total profit; None when all items together do not reach it."""
        rest = target - sum(self.gained.values())
        taken = np.zeros(len(self.profit), dtype=np.bool_)
        for k, best in self.settled.items():
            taken[self.groups[k].items[best]] = True
        if not self.open:
            return AdditionResult(0, taken) if rest <= 0 else None
        if int(sum(self.profit[self.groups[k].items].sum() for k in self.open)) < rest:
            return None
        if len(self.open) == 1:
            items = self.groups[self.open[0]].items
            inside, weight = self._select_cheapest(items, rest)
            taken[items[inside]] = True
            return AdditionResult(max(0, weight - self.groups[self.open[0]].free), taken)
        return self._combine_groups(rest, taken)

    def find_least_with_item(self, place: int, target: int) -> AdditionResult | None:
        """Return the least extra budget for a total profit with item `place` taken; None if impossible."""
        k = next(k for k, part in enumerate(self.groups) if place in part.items)
        piece, w = self.groups[k], int(self.weight[place])
        if piece.hard and w > piece.free:
            return None
        others = BudgetedItems(piece.items[piece.items != place], piece.free - w, piece.hard)
        parts = [others if j == k else own for j, own in enumerate(self.groups)]
        again = MinimumAddition.__new__(MinimumAddition)
        again.profit, again.weight, again.groups = self.profit, self.weight, tuple(parts)
        again.deadline = self.deadline
        again.settled, again.gained = dict(self.settled), dict(self.gained)
        again.open, again.fronts = list(self.open), {j: f for j, f in self.fronts.items() if j != k}
        if k in again.settled:
            best = again._select_without_addition(others)
            if best is None:  # the item uses up the part's own budget
                del again.settled[k], again.gained[k]
                again.open = sorted([*again.open, k])
            else:
                again.settled[k] = best
                again.gained[k] = int(self.profit[others.items[best]].sum())
        addition = again.find_least(target - int(self.profit[place]))
        self.fronts.update({j: f for j, f in again.fronts.items() if j != k})
        if addition is None:
            return None
        taken = addition.taken.copy()
        taken[place] = True
        # a part with a negative budget left pays for the item itself
        return AdditionResult(addition.need, taken)

    def _select_cheapest(self, items: IntArray, target: int) -> tuple[BoolArray, int]:
        """Select the items of least weight for a profit: the complement of a knapsack."""
        profit, weight = self.profit[items], self.weight[items]
        spare = int(profit.sum()) - max(0, target)
        out = self._solve_knapsack(weight, profit, spare)
        return ~out.taken, int(weight.sum()) - out.profit

    def _get_efficient_pairs(self, k: int) -> _NeedByProfit:
        """Return the efficient pairs of an open part, from what its own budget buys on; they are computed once."""
        if k not in self.fronts:
            piece = self.groups[k]
            profit, weight = self.profit[piece.items], self.weight[piece.items]
            if sum(estimate_additions(self.profit[self.groups[j].items]) for j in self.open) > MAX_CELLS:
                raise TooManyStates("the profits of the open parts are too large for their frontiers")
            found = build_frontier(profit, weight, int(weight.sum()), self.deadline)
            first = max(0, int(np.searchsorted(found.weight, piece.free, side="right")) - 1)
            p, w = found.profit[first:], found.weight[first:]
            self.fronts[k] = _NeedByProfit(int(p[0]), p, w, np.maximum(0, w - piece.free))
        return self.fronts[k]

    def _combine_groups(self, rest: int, taken: BoolArray) -> AdditionResult:
        """Combine several open parts: d[t] is the least extra budget for a gain of at least t."""
        gains = [self._get_efficient_pairs(k) for k in self.open]
        must = sum(int(g.need[0]) for g in gains)  # parts that need extra budget even for the empty selection
        top = rest - sum(g.base for g in gains)
        if top > MAX_GAIN:
            raise TooManyStates(f"{top} units to gain over {len(gains)} parts")
        top = max(0, top)
        d = np.full(top + 1, FAR)
        d[0] = 0
        choices: list[IntArray] = []
        for g in gains:
            up = np.minimum(g.profit - g.base, top)
            cost = g.need - int(g.need[0])
            last = int(np.searchsorted(up, top, side="left")) + 1
            d, chosen = _convolve_min_plus(d, up[:last], cost[:last], self.deadline)
            choices.append(chosen)
        at = top
        for k, g, chosen in reversed(list(zip(self.open, gains, choices, strict=True))):
            point = int(chosen[at])
            piece = self.groups[k]
            p, w = int(g.profit[point]), int(g.weight[point])
            inside = recover_items(
                self.profit[piece.items], self.weight[piece.items], p, w, deadline=self.deadline
            )
            taken[piece.items[inside]] = True
            at = max(0, at - (p - g.base))
        return AdditionResult(must + int(d[top]), taken)


def _convolve_min_plus(
    d: IntArray, up: IntArray, cost: IntArray, deadline: Deadline
) -> tuple[IntArray, IntArray]:
    """Compute min over a part's points of d[max(0, t − up)] + cost, for every t, and the minimising point."""
    best = np.full(len(d), FAR)
    chosen = np.zeros(len(d), dtype=np.int64)
    for point, (gain, price) in enumerate(zip(up.tolist(), cost.tolist(), strict=True)):
        if point % POINTS_PER_LOOK == 0:
            deadline.check()
        with_it = np.concatenate([np.full(gain, d[0]), d[: len(d) - gain]]) + price
        better = with_it < best
        best = np.where(better, with_it, best)
        chosen = np.where(better, point, chosen)
    return np.minimum(best, FAR), chosen
