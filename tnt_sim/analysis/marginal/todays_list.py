"""Today's list in a tree of caps, and what may leave it or come in, in arrays for all applications.

Each list that an exchange makes satisfies every cap of the tree that does not rise, so that what it loses or gains
is known in integers. Nothing here says that it is the best one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.analysis.shared.cap_curves import PathTree, RaisedCaps
from tnt_sim.deadline import Deadline
from tnt_sim.kernel.cap_tree.path_room import FAR
from tnt_sim.rules.linear_terms import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TodaysList:
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
    def of(cls, tree: PathTree) -> TodaysList:
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
        rest = np.flatnonzero(enough == FAR)
        enough[rest] = self._find_enough_elsewhere(columns[rest], profit[rest])
        return enough

    def _find_enough_elsewhere(self, columns: IntArray, profit: IntArray) -> IntArray:
        """Find a weight to add to the root where open leaves gain too little; FAR for none.

        Of all other leaves, those come in that the cap of their leaf admits. In the leaf of the column one
        application leaves, or the least profitable part: whatever loses less.
        """
        enough = np.full(len(columns), FAR)
        weight, leaf = self.tree.task.weight[columns], self.leaf_of[columns]
        waiting = self._select_additions(np.ones_like(self.open)) if len(columns) else columns
        for place in np.unique(leaf).tolist():
            own = np.flatnonzero(leaf == place)
            used = waiting[self.leaf_of[waiting] != place]
            gain, paid = self._sum_additions(used)
            gone, lost = self.find_cheapest_departures(place, weight[own] - self.left[place])
            k = np.searchsorted(gain, np.maximum(0, lost - profit[own]), side="left")
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
        return self._sum_additions(self._select_additions(leaves))

    def _sum_additions(self, columns: IntArray) -> tuple[IntArray, IntArray]:
        """Return the profits that columns gain together, rising from 0, and their weights."""
        profit, weight = self.tree.task.profit[columns], self.tree.task.weight[columns]
        return np.append(0, np.cumsum(profit)), np.append(0, np.cumsum(weight))

    def _select_additions(self, leaves: BoolArray) -> IntArray:
        """Select what may come in where some leaves have room, best profit per weight first."""
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
        chosen: IntArray = waiting[fits]
        return chosen

    def _find_departures(self, place: int, need: IntArray) -> tuple[IntArray, IntArray]:
        """Find what leaves a leaf so that some weights come free: its weight, FAR for none, and its profit."""
        return self.find_departures_among(self.select_decided(place), need)

    def find_departures_among(self, columns: IntArray, need: IntArray) -> tuple[IntArray, IntArray]:
        """Find the least profitable part of some columns that frees some weights: its weight and profit.

        The weight is FAR where all columns together free too little.
        """
        p, w = self._sort_columns(columns, falling=False)
        weight, profit = np.append(0, np.cumsum(w)), np.append(0, np.cumsum(p))
        k = np.searchsorted(weight, need, side="left")
        inside = np.minimum(k, len(weight) - 1)
        return np.where(k < len(weight), weight[inside], FAR), profit[inside]

    def _find_single_departures(self, place: int, need: IntArray) -> tuple[IntArray, IntArray]:
        """Find the one of least profit that leaves a leaf so that some weights come free: its weight and profit.

        Both are FAR where no application of the leaf is heavy enough.
        """
        own = self.select_decided(place)
        own = own[np.argsort(self.tree.task.weight[own], kind="stable")]
        profit = self.tree.task.profit[own]
        least = np.append(np.minimum.accumulate(profit[::-1])[::-1], FAR)
        places = np.where(profit == least[:-1], np.arange(len(own)), len(own))
        first = np.append(np.minimum.accumulate(places[::-1])[::-1], len(own))
        k = np.searchsorted(self.tree.task.weight[own], need, side="left")
        return np.append(self.tree.task.weight[own], FAR)[first[k]], least[k]

    def find_cheapest_departures(self, place: int, need: IntArray) -> tuple[IntArray, IntArray]:
        """Find what leaves a leaf at the lesser loss so that some weights come free: its weight and profit.

        The weight is FAR where the whole leaf frees too little.
        """
        gone, lost = self._find_departures(place, need)
        one, least = self._find_single_departures(place, need)
        single = (one < FAR) & ((gone == FAR) | (least < lost)) & (need > 0)
        return np.where(single, one, gone), np.where(single, least, lost)

    def select_decided(self, place: int, *, others: bool = False) -> IntArray:
        """Select the columns that today's list takes in a leaf, or in all others."""
        own = self.tree.decided_columns
        selected: IntArray = own[(self.leaf_of[own] == place) != others]
        return selected

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
