"""Limits of the least increase with which each application comes in without loss, or the value rises, in one pass.

Only nested caps on money bind (`analysis/shared/cap_curves.py`). With U, λ and r of the prices of these caps
(`analysis/shared/cap_prices.py`), v the value of today's list, and s the sum of λ over the caps that rise, an
increase a funds i without loss only if

    b·v  ≤  U − max(0, −r_i) + s·a

It is enough if a list is known. Today's list takes i in; if the cap of its leaf has too little left, the least
profitable part of that leaf leaves, and others of leaves with room come in until nothing is lost. The caps above
then need what these weigh beyond what is left. An application of another tree takes the place of others in its
leaf, or in its tree if they free too little, and the tree that rises pays for what is lost. Where no list is
known, the bound without the cap that rises may show that no increase is enough. All is read in integers, with all
applications in arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.analysis.marginal.todays_list import TodaysList
from tnt_sim.analysis.shared.cap_curves import CapCurves, PathTree, RaisedCaps
from tnt_sim.analysis.shared.cap_prices import CapPrices
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds
from tnt_sim.rules.linear_terms import BoolArray, IntArray


def compute_extension_limits(
    curves: CapCurves, rows: Sequence[int], raised: RaisedCaps, deadline: Deadline = UNLIMITED
) -> dict[int, IntegerBounds]:
    """Bound the least weight to add to some caps so that each application comes in without loss, by row.

    FAR where no increase is enough, or where none is known to be. A row that no tree of caps covers has no entry.
    """
    prices = curves.trees[raised.tree].compute_prices(deadline) if raised.tree >= 0 else None
    if raised.tree >= 0 and prices is None:
        return {}  # no prices in 64 bits
    rising = None if prices is None else _RisingTree.of(curves.trees[raised.tree], raised, prices)
    covered = np.array([row for row in rows if curves.has_curve(row)], dtype=np.int64)
    columns = np.searchsorted(curves.form.recovery.candidate, covered)
    limits: dict[int, IntegerBounds] = {}
    numbers = curves.tree_of[columns]
    for number in np.unique(numbers).tolist():
        deadline.check()
        own, tree, rises = numbers == number, curves.trees[number], number == raised.tree
        never = (
            tree.task.weight[columns[own]] > _find_fixed_room(tree, raised if rises else None)[columns[own]]
        )
        profit = curves.form.stages[0].objective[columns[own]]
        if rises and rising is not None:
            low = rising.compute_lower_limits(columns[own])
            high = rising.compute_upper_limits(columns[own], profit)
            unknown = np.flatnonzero((high == FAR) & ~never)
            never[unknown] = rising.is_never_enough(columns[own][unknown], deadline)
        else:
            lost = tree.compute_least_losses(columns[own], deadline)
            low = _compute_limits_elsewhere(lost, rising)
            high = _find_enough_for_losses(_find_losses(tree, columns[own], profit), rising)
            unknown = np.flatnonzero((high == FAR) & ~never)
            if len(unknown) and rising is not None:
                most = rising.compute_most_gain(deadline)
                never[unknown] = [most is not None and lost[k] > most for k in unknown.tolist()]
        for row, least, most, out in zip(
            covered[own].tolist(), low, high.tolist(), never.tolist(), strict=True
        ):
            limits[row] = IntegerBounds(FAR if out else least, most)
    return limits


@dataclass(frozen=True, slots=True)
class IncreaseLimits:
    """Limits of what more weight in some caps of a tree brings.

    Attributes
    ----------
    enough : limits of the least weight that gains a unit, FAR for none
    most_gain : upper limit of the gain of any weight, in units
    """

    enough: IntegerBounds
    most_gain: int | None


def compute_increase_limits(
    curves: CapCurves,
    raised: Mapping[str, RaisedCaps],
    deadline: Deadline = UNLIMITED,
    *,
    optimal: bool = True,
) -> dict[str, IncreaseLimits]:
    """Bound what more weight in some caps brings to a list, by id.

    Ids whose turn does not come have no entry.

    Parameters
    ----------
    optimal : whether no list is worth more today; otherwise a gain may need no weight
    """
    limits: dict[str, IncreaseLimits] = {}
    try:
        spare = 0 if optimal else _compute_spare(curves, deadline)
        if spare is None:
            return limits
        for number in sorted({caps.tree for caps in raised.values() if caps.tree >= 0}):
            tree = curves.trees[number]
            lists = TodaysList.of(tree)
            exchanges = lists.find_least_exchanges(deadline)
            prices = tree.compute_prices(deadline)
            no_root = _compute_prices_without_root(tree, deadline)
            for name, caps in raised.items():
                if caps.tree != number:
                    continue
                deadline.check()
                low, high = 0, lists.find_enough_for_gain(exchanges, caps)
                most = _compute_most_gain(tree, caps, no_root if caps.above else prices)
                if not optimal:
                    most = None if most is None else max(0, most + spare)
                elif prices is not None:
                    low = _RisingTree.of(tree, caps, prices).find_least_for_gain(1)
                if (most is not None and most < 1) or (optimal and lists.can_hold_all(caps)):
                    low, high, most = FAR, FAR, 0
                limits[name] = IncreaseLimits(IntegerBounds(low, high), most)
    except DeadlineExpired:
        pass
    return limits


def _compute_spare(curves: CapCurves, deadline: Deadline) -> int | None:
    """Bound what all trees gain today, in units; None without prices."""
    objective = curves.form.stages[0].objective
    outside = curves.tree_of < 0
    most = int(np.maximum(objective, 0)[outside].sum())
    for tree in curves.trees:
        prices = tree.compute_prices(deadline)
        if prices is None:
            return None
        most += prices.bound // prices.b
    return max(0, most - int(objective[curves.funded].sum()))


def _compute_prices_without_root(tree: PathTree, deadline: Deadline) -> CapPrices | None:
    """Price the caps of a tree whose root has room for all its columns."""
    most = int(tree.task.weight[tree.root.collect_columns()].sum())
    return tree.compute_prices(deadline, root=replace(tree.root, cap=most))


def _compute_most_gain(tree: PathTree, raised: RaisedCaps, prices: CapPrices | None) -> int | None:
    """Bound what a tree gains where the cap of one leaf does not bind, in units."""
    if prices is None:
        return None
    most = prices.bound
    leaf = next((node for node in tree.root.children if node.row == raised.leaf), None)
    if leaf is not None:
        price, columns = prices.price[leaf.row], leaf.collect_columns()
        reduced = prices.reduced[np.searchsorted(prices.columns, columns)]
        free = np.maximum(0, reduced + price * tree.task.weight[columns]) - np.maximum(0, reduced)
        most += int(free.sum()) - price * leaf.cap
    return most // prices.b - tree.decided_profit


@dataclass(frozen=True, slots=True, eq=False)
class _RisingTree:
    """The tree whose caps rise, with their prices.

    Attributes
    ----------
    slope : sum of the prices of the caps that rise
    """

    tree: PathTree
    raised: RaisedCaps
    prices: CapPrices
    slope: int

    @classmethod
    def of(cls, tree: PathTree, raised: RaisedCaps, prices: CapPrices) -> _RisingTree:
        rows = {raised.leaf} | ({tree.root.row} if raised.above else set())
        return cls(tree, raised, prices, prices.sum_prices(rows - {-1}))

    def find_least(self, lacks: int) -> int:
        """Return the least weight to add that raises the bound by some lacks; FAR where nothing does."""
        if lacks <= 0:
            return 0
        return -(-lacks // self.slope) if self.slope else FAR

    def find_least_for_gain(self, gain: int) -> int:
        """Return a weight without which the tree is not worth more than today by a gain."""
        return self.find_least(self.prices.b * (self.tree.decided_profit + gain) - self.prices.bound)

    def compute_lower_limits(self, columns: IntArray) -> list[int]:
        """Bound from below the weight to add so that each column comes in without loss."""
        return [
            self.find_least(lacks) for lacks in self.prices.compute_lacks(columns, self.tree.decided_profit)
        ]

    def is_never_enough(self, columns: IntArray, deadline: Deadline) -> BoolArray:
        """Whether prices show that no weight, however large, lets each column in without loss, bool (n,)."""
        never = np.zeros(len(columns), dtype=np.bool_)
        if not len(columns) or self.raised.leaf >= 0:
            return never
        prices = _compute_prices_without_root(self.tree, deadline) if self.raised.above else self.prices
        if prices is not None:
            never[:] = [lacks > 0 for lacks in prices.compute_lacks(columns, self.tree.decided_profit)]
        return never

    def compute_most_gain(self, deadline: Deadline) -> int | None:
        """Bound what the tree gains with any weight, in units; None without prices."""
        prices = _compute_prices_without_root(self.tree, deadline) if self.raised.above else self.prices
        return _compute_most_gain(self.tree, self.raised, prices)

    def compute_upper_limits(self, columns: IntArray, profit: IntArray) -> IntArray:
        """Find a weight to add with which a list with each column is worth as much as today's; FAR for none."""
        lists = TodaysList.of(self.tree)
        weight = self.tree.task.weight[columns]
        high = np.full(len(columns), FAR)
        good = profit >= 0
        if self.raised.leaf >= 0:
            inside = lists.leaf_of[columns] == lists.find_leaf(self.raised.leaf)
            left = lists.left[lists.leaf_of[columns]]
            above = weight - lists.left_above
            enough = np.maximum(weight - left, above if self.raised.above else 0)
            fits = good & inside & (self.raised.above | (above <= 0))
            return np.where(fits, np.maximum(enough, 0), FAR)
        if self.raised.above:
            high[good] = lists.find_enough(columns[good], profit[good])
        return high


def _find_fixed_room(tree: PathTree, raised: RaisedCaps | None) -> IntArray:
    """Return the least capacity above each column that does not rise, int64 (n_cols,); FAR for none."""
    room = np.full(len(tree.task.weight), FAR)
    nodes = [tree.root]
    while nodes:
        node = nodes.pop()
        nodes += node.children
        above = raised is not None and raised.above and node.row == tree.root.row
        if not above and (raised is None or node.row != raised.leaf):
            columns = node.collect_columns()
            room[columns] = np.minimum(room[columns], node.cap)
    return room


def _compute_limits_elsewhere(lost: Sequence[int], rising: _RisingTree | None) -> list[int]:
    """Bound from below the weight to add to the tree that rises, so that it gains what another tree loses."""
    if rising is None:
        return [FAR if loss else 0 for loss in lost]
    return [rising.find_least_for_gain(loss) if loss else 0 for loss in lost]


def _find_losses(tree: PathTree, columns: IntArray, profit: IntArray) -> IntArray:
    """Find what today's list loses with each column in where no cap rises; FAR where no exchange is found.

    The least profitable part of its leaf leaves, or one application of it that is heavy enough. Where the leaf
    frees too little for the root, others leave other leaves.
    """
    losses = np.full(len(columns), FAR)
    if tree.n_levels > 1:
        return losses
    lists = TodaysList.of(tree)
    leaf, weight = lists.leaf_of[columns], tree.task.weight[columns]
    need = weight - np.minimum(lists.left[leaf], lists.left_above)
    for place in np.unique(leaf).tolist():
        own = np.flatnonzero(leaf == place)
        gone, lost = lists.find_cheapest_departures(place, need[own])
        losses[own] = np.where(gone < FAR, np.maximum(0, lost - profit[own]), FAR)
        rest = own[gone == FAR]
        if len(rest):
            gone, lost = lists.find_cheapest_departures(place, weight[rest] - lists.left[place])
            others = lists.select_decided(place, others=True)
            free = np.where(gone < FAR, gone, 0)
            more, paid = lists.find_departures_among(others, weight[rest] - lists.left_above - free)
            known = (gone < FAR) & (more < FAR)
            losses[rest] = np.where(known, np.maximum(0, lost + paid - profit[rest]), FAR)
    return losses


def _find_enough_for_losses(losses: IntArray, rising: _RisingTree | None) -> IntArray:
    """Find a weight to add to a tree with which it gains some losses elsewhere; FAR for none."""
    if rising is None:
        return np.where(losses == 0, 0, FAR)
    gain, enough = TodaysList.of(rising.tree).list_enough(rising.raised)
    k = np.searchsorted(gain, losses, side="left")
    found: IntArray = np.where(k < len(gain), enough[np.minimum(k, len(gain) - 1)], FAR)
    return found
