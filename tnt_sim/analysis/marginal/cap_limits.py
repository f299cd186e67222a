"""Limits of the least increase with which each application comes in without loss, or the value rises, in one pass.

Only nested caps on money bind (`analysis/shared/cap_curves.py`). With U, λ and r of the prices of these caps
(`analysis/shared/cap_prices.py`), v the value of today's list, and s the sum of λ over the caps that rise, an
increase a funds i without loss only if

    b·v  ≤  U − max(0, −r_i) + s·a

It is enough if a list is known. Today's list takes i in; if the cap of its leaf has too little left, the least
profitable part of that leaf leaves, and others of leaves with room come in until nothing is lost. The caps above
then need what these weigh beyond what is left. An application of another tree takes the place of others in its
leaf, and the tree that rises pays for what is lost. All is read in integers, with all applications in arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

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

    Raises
    ------
    DeadlineExpired
        If time runs out first.
    """
    rising = None if raised.tree < 0 else _RisingTree.of(curves.trees[raised.tree], raised, deadline)
    if rising is None and raised.tree >= 0:
        return {}  # no prices in 64 bits
    covered = np.array([row for row in rows if curves.has_curve(row)], dtype=np.int64)
    columns = np.searchsorted(curves.form.recovery.candidate, covered)
    limits: dict[int, IntegerBounds] = {}
    numbers = curves.tree_of[columns]
    for number in np.unique(numbers).tolist():
        deadline.check()
        own, tree, rises = numbers == number, curves.trees[number], number == raised.tree
        if rises and rising is not None:
            low = rising.compute_lower_limits(columns[own])
            high = rising.compute_upper_limits(columns[own], curves.form.stages[0].objective[columns[own]])
        else:
            low = _compute_limits_elsewhere(tree, columns[own], rising, deadline)
            losses = _find_losses(tree, columns[own], curves.form.stages[0].objective[columns[own]])
            high = _find_enough_for_losses(losses, rising)
        never = (
            tree.task.weight[columns[own]] > _find_fixed_room(tree, raised if rises else None)[columns[own]]
        )
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
            lists = _TodaysList.of(tree)
            exchanges = lists.find_least_exchanges(deadline)
            prices = CapPrices.of(tree.task.profit, tree.task.weight, tree.root, deadline)
            open_root = replace(tree.root, cap=int(tree.task.weight[tree.root.collect_columns()].sum()))
            no_root = CapPrices.of(tree.task.profit, tree.task.weight, open_root, deadline)
            for name, caps in raised.items():
                if caps.tree != number:
                    continue
                deadline.check()
                low, high = 0, lists.find_enough_for_gain(exchanges, caps)
                most = _compute_most_gain(tree, caps, no_root if caps.above else prices)
                if not optimal:
                    most = None if most is None else max(0, most + spare)
                elif prices is not None:
                    low = _RisingTree.with_prices(tree, caps, prices).find_least_for_gain(1)
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
        prices = CapPrices.of(tree.task.profit, tree.task.weight, tree.root, deadline)
        if prices is None:
            return None
        most += prices.bound // prices.b
    return max(0, most - int(objective[curves.funded].sum()))


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
    def of(cls, tree: PathTree, raised: RaisedCaps, deadline: Deadline) -> _RisingTree | None:
        prices = CapPrices.of(tree.task.profit, tree.task.weight, tree.root, deadline)
        return None if prices is None else cls.with_prices(tree, raised, prices)

    @classmethod
    def with_prices(cls, tree: PathTree, raised: RaisedCaps, prices: CapPrices) -> _RisingTree:
        """Return the tree with prices that are known."""
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

    def compute_upper_limits(self, columns: IntArray, profit: IntArray) -> IntArray:
        """Find a weight to add with which a list with each column is worth as much as today's; FAR for none."""
        lists = _TodaysList.of(self.tree)
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


@dataclass(frozen=True, slots=True, eq=False)
class _TodaysList:
    """Today's list in a tree of one level, and what may leave it or come in, by profit per weight.

    Attributes
    ----------
    leaf_of : leaf of each column, int64 (n_cols,): its place among the children of the root; the last place for
    columns directly under the root
    left : weight left in each leaf, int64 (n_leaves + 1,); FAR for the last place
    left_above : weight left in the root
    funded : bool (n_cols,)
    open : bool (n_leaves + 1,), leaves with room for any of their applications
    """

    tree: PathTree
    leaf_of: IntArray
    left: IntArray
    left_above: int
    funded: BoolArray
    open: BoolArray

    @classmethod
    def of(cls, tree: PathTree) -> _TodaysList:
        root, weight = tree.root, tree.task.weight
        leaf_of = np.full(len(weight), len(root.children))
        for place, child in enumerate(root.children):
            leaf_of[child.columns] = place
        funded = np.zeros(len(weight), dtype=np.bool_)
        funded[tree.decided_columns] = True
        left = np.array([child.cap for child in root.children] + [FAR], dtype=np.int64)
        np.subtract.at(left, leaf_of[tree.decided_columns], weight[tree.decided_columns])
        left[-1] = FAR
        heaviest = np.zeros(len(left), dtype=np.int64)
        waiting = root.collect_columns()
        waiting = waiting[~funded[waiting]]
        np.maximum.at(heaviest, leaf_of[waiting], weight[waiting])
        return cls(tree, leaf_of, left, root.cap - tree.decided_weight, funded, heaviest <= left)

    def find_leaf(self, row: int) -> int:
        """Return the place of the leaf of a cap."""
        return next(place for place, child in enumerate(self.tree.root.children) if child.row == row)

    def find_enough(self, columns: IntArray, profit: IntArray) -> IntArray:
        """Find a weight to add to the root for each column; FAR for none."""
        weight = self.tree.task.weight[columns]
        leaf = self.leaf_of[columns]
        need = weight - self.left[leaf]
        in_place = need <= 0
        enough = np.full(len(columns), FAR)
        freed = self._find_freed(profit[in_place])
        enough[in_place] = np.maximum(0, weight[in_place] - freed - self.left_above)
        gain, paid = self._list_additions(self.open)
        for place in np.unique(leaf[~in_place]).tolist():
            own = np.flatnonzero(~in_place & (leaf == place))
            gone, lost = self._find_departures(place, need[own])
            short = np.maximum(0, lost - profit[own])
            k = np.searchsorted(gain, short, side="left")
            known = (gone < FAR) & (k < len(gain))
            added = weight[own] - gone + paid[np.minimum(k, len(gain) - 1)] - self.left_above
            enough[own] = np.where(known, np.maximum(0, added), FAR)
        return enough

    def find_least_exchanges(self, deadline: Deadline) -> tuple[IntArray, IntArray]:
        """Find the least weight that a gain of a unit adds to each leaf, int64 (n_leaves + 1,) each; FAR for none.

        One waiting application comes in, in the place of none or of one of less profit: one of its leaf, or else
        one of any leaf so that the root has room.
        """
        profit, weight = self.tree.task.profit, self.tree.task.weight
        inside, across = (np.full(len(self.left), FAR) for _ in range(2))
        columns = self.tree.root.collect_columns()
        columns = columns[np.argsort(self.leaf_of[columns], kind="stable")]
        ends = np.searchsorted(self.leaf_of[columns], np.arange(1, len(self.left)))
        anywhere = self._rank_departures(self.tree.decided_columns)
        for place, own in enumerate(np.split(columns, ends)):
            deadline.check()
            waiting = own[~self.funded[own] & (profit[own] > 0)]
            p, w = profit[waiting], weight[waiting]
            here = self._rank_departures(own[self.funded[own]])
            inside[place] = (w - _find_most_freed(here, p)).min(initial=FAR)
            fits = w - _find_most_freed(anywhere, p) <= self.left_above
            across[place] = w[fits].min(initial=FAR)
        return inside, across

    def _rank_departures(self, columns: IntArray) -> tuple[IntArray, IntArray]:
        """Return profits that may leave, rising, and the most weight of one of at most as much."""
        profit = self.tree.task.profit[columns]
        order = np.argsort(profit, kind="stable")
        return profit[order], np.maximum.accumulate(self.tree.task.weight[columns][order])

    def find_enough_for_gain(self, exchanges: tuple[IntArray, IntArray], raised: RaisedCaps) -> int:
        """Find a weight to add to some caps with which a list is worth a unit more; FAR for none.

        Parameters
        ----------
        exchanges : weights that a gain adds to each leaf, with one that leaves it, or another leaf
        """
        inside, across = exchanges
        enough = FAR
        if raised.leaf >= 0:
            place = self.find_leaf(raised.leaf)
            own, above = int(inside[place] - self.left[place]), int(inside[place]) - self.left_above
            enough = int(across[place] - self.left[place])
            if raised.above or above <= 0:
                enough = min(enough, max(own, above))
        if raised.above:
            fits = inside <= self.left
            enough = min(enough, int(inside[fits].min(initial=FAR)) - self.left_above)
        return FAR if enough > FAR // 2 else max(0, enough)

    def can_hold_all(self, raised: RaisedCaps) -> bool:
        """Whether the caps that rise hold all applications of any profit under them, so that they never bind."""
        profit, weight = self.tree.task.profit, self.tree.task.weight
        used = [node for node in (self.tree.root, *self.tree.root.children) if node.row == raised.leaf]
        used += [self.tree.root] if raised.above else []
        under = [(node, node.collect_columns()) for node in used]
        return all(int(weight[own[profit[own] > 0]].sum()) <= node.cap for node, own in under)

    def _find_freed(self, profit: IntArray) -> IntArray:
        """Find the weight that leaves today's list while it loses at most some profits."""
        p, w = self._sort_columns(self.tree.decided_columns, falling=False)
        count = np.searchsorted(np.cumsum(p), profit, side="right")
        return np.append(0, np.cumsum(w))[count]

    def _list_additions(self, leaves: BoolArray) -> tuple[IntArray, IntArray]:
        """List what may come in where some leaves have room: the profits gained, rising from 0, and their weights.

        Parameters
        ----------
        leaves : bool (n_leaves + 1,), the leaves that are looked at
        """
        waiting = self.tree.root.collect_columns()
        waiting = waiting[~self.funded[waiting] & leaves[self.leaf_of[waiting]]]
        waiting = waiting[self.tree.task.profit[waiting] > 0]
        waiting = self._sort_by_ratio(waiting, falling=True)
        leaf = self.leaf_of[waiting]
        order = np.argsort(leaf, kind="stable")
        weight = self.tree.task.weight[waiting[order]]
        reach = np.cumsum(weight)
        first = np.searchsorted(leaf[order], leaf[order], side="left")
        reach -= (reach - weight)[first] if len(first) else 0
        fits = np.zeros(len(waiting), dtype=np.bool_)
        fits[order] = reach <= self.left[leaf[order]]
        chosen = waiting[fits]
        gain, paid = self.tree.task.profit[chosen], self.tree.task.weight[chosen]
        return np.append(0, np.cumsum(gain)), np.append(0, np.cumsum(paid))

    def _find_departures(self, place: int, need: IntArray) -> tuple[IntArray, IntArray]:
        """Find what leaves a leaf so that some weights come free: its weight, FAR for none, and its profit."""
        own = self.tree.decided_columns
        p, w = self._sort_columns(own[self.leaf_of[own] == place], falling=False)
        weight, profit = np.append(0, np.cumsum(w)), np.append(0, np.cumsum(p))
        k = np.searchsorted(weight, need, side="left")
        inside = np.minimum(k, len(weight) - 1)
        return np.where(k < len(weight), weight[inside], FAR), profit[inside]

    def _find_least_departure(self, place: int, need: IntArray) -> IntArray:
        """Find the least profit of one that leaves a leaf so that some weights come free; FAR for none."""
        own = self.tree.decided_columns
        own = own[self.leaf_of[own] == place]
        own = own[np.argsort(self.tree.task.weight[own], kind="stable")]
        profit = np.append(np.minimum.accumulate(self.tree.task.profit[own][::-1])[::-1], FAR)
        least: IntArray = profit[np.searchsorted(self.tree.task.weight[own], need, side="left")]
        return least

    def list_enough(self, raised: RaisedCaps) -> tuple[IntArray, IntArray]:
        """List gains of this list, rising from 0, and a weight to add to some caps that is enough for each."""
        if raised.leaf < 0:
            gain, paid = self._list_additions(np.ones_like(self.open))
            return gain, np.maximum(0, paid - self.left_above)
        place = self.find_leaf(raised.leaf)
        waiting = self.tree.root.collect_columns()
        waiting = waiting[~self.funded[waiting] & (self.leaf_of[waiting] == place)]
        p, w = self._sort_columns(waiting[self.tree.task.profit[waiting] > 0], falling=True)
        gain, paid = np.append(0, np.cumsum(p)), np.append(0, np.cumsum(w))
        if not raised.above:
            fits = paid <= self.left_above
            gain, paid = gain[fits], paid[fits]
        above = paid - self.left_above if raised.above else np.zeros_like(paid)
        return gain, np.maximum(0, np.maximum(paid - self.left[place], above))

    def _sort_columns(self, columns: IntArray, *, falling: bool) -> tuple[IntArray, IntArray]:
        ordered = self._sort_by_ratio(columns, falling=falling)
        return self.tree.task.profit[ordered], self.tree.task.weight[ordered]

    def _sort_by_ratio(self, columns: IntArray, *, falling: bool) -> IntArray:
        ratio = self.tree.task.profit[columns] / self.tree.task.weight[columns]
        ordered: IntArray = columns[np.argsort(-ratio if falling else ratio, kind="stable")]
        return ordered


def _find_most_freed(departures: tuple[IntArray, IntArray], profit: IntArray) -> IntArray:
    """Return the most weight of one that leaves with less than each profit; 0 for none."""
    ranked, weight = departures
    freed: IntArray = np.append(0, weight)[np.searchsorted(ranked, profit, side="left")]
    return freed


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


def _compute_limits_elsewhere(
    tree: PathTree, columns: IntArray, rising: _RisingTree | None, deadline: Deadline
) -> list[int]:
    """Bound from below the weight to add to the tree that rises, for columns of another tree."""
    prices = CapPrices.of(tree.task.profit, tree.task.weight, tree.root, deadline)
    if prices is None:
        return [0] * len(columns)
    lost = [max(0, -(-lacks // prices.b)) for lacks in prices.compute_lacks(columns, tree.decided_profit)]
    if rising is None:
        return [FAR if loss else 0 for loss in lost]
    return [rising.find_least_for_gain(loss) if loss else 0 for loss in lost]


def _find_losses(tree: PathTree, columns: IntArray, profit: IntArray) -> IntArray:
    """Find what today's list loses with each column in where no cap rises; FAR where no exchange is found.

    The least profitable part of its leaf leaves, or one application of it that is heavy enough.
    """
    losses = np.full(len(columns), FAR)
    if tree.n_levels > 1:
        return losses
    lists = _TodaysList.of(tree)
    leaf = lists.leaf_of[columns]
    need = tree.task.weight[columns] - np.minimum(lists.left[leaf], lists.left_above)
    for place in np.unique(leaf).tolist():
        own = np.flatnonzero(leaf == place)
        gone, lost = lists._find_departures(place, need[own])
        least = np.minimum(np.where(gone < FAR, lost, FAR), lists._find_least_departure(place, need[own]))
        losses[own] = np.where(least < FAR, np.maximum(0, least - profit[own]), FAR)
    return losses


def _find_enough_for_losses(losses: IntArray, rising: _RisingTree | None) -> IntArray:
    """Find a weight to add to a tree with which it gains some losses elsewhere; FAR for none."""
    if rising is None:
        return np.where(losses == 0, 0, FAR)
    gain, enough = _TodaysList.of(rising.tree).list_enough(rising.raised)
    k = np.searchsorted(gain, losses, side="left")
    found: IntArray = np.where(k < len(gain), enough[np.minimum(k, len(gain) - 1)], FAR)
    return found
