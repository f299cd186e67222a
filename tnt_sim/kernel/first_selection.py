"""Find the first optimal selection of a knapsack in rank order, where a table over profits would be too large.

    Σ p_j x_j = P,  Σ w_j x_j = W,  x_j ∈ {0, 1};      among these, the lexicographically largest x

P is the optimal profit and W its least weight, so that every solution is an optimum. Nearly all decisions then
follow from a price m/d on weight. With r_j = d·p_j − m·w_j every solution satisfies

    Σ_{j flipped} |r_j| = Σ max(0, r_j) − (d·P − m·W) = gap

where an item is *flipped* if it is taken with r_j ≤ 0, or left out with r_j > 0. An item with |r_j| > gap is never
flipped, and every flip uses up a part of the gap.

Search. Nodes are the decisions about the first items, and the child that takes the next item comes first. At a
node the sets of flips within the rest of the gap are listed for the next items and for the last ones, in
lexicographic order, and the shorter list grows until both meet. The first set of the first list that some set of
the second one completes is the answer below this node. Where both lists are too long, the search branches. Sets of
one list with equal profit and weight are interchangeable, so the first of them stands for all.

Source: Horowitz and Sahni, *Computing partitions with applications to the knapsack problem*, Journal of the ACM 21
(1974).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

MOST_SETS = 30_000
"""Length up to which a list of flips grows."""
MOST_NODES = 2_000
"""Nodes at which lists are made, at most."""
MOST_WORK = 60_000_000
"""Sets examined in all lists together, at most: about five seconds."""
MOST_LINKS = 4_000_000
"""Flips kept for the lists of one node, at most: 32 MB."""
FEWER = 0.9
"""Lists are made again where at most this share of the items that may be flipped is left."""
USEFUL = 0.9
"""A list is soon merged again if at most this share of its sets was left."""
MARGIN = 1e-9
"""Relative margin of float sums of reduced profits; they only decide what is not examined."""


def find_first_selection(
    profit: IntArray,
    weight: IntArray,
    target: int,
    least: int,
    deadline: Deadline = UNLIMITED,
    most_sets: int = MOST_SETS,
    most_nodes: int = MOST_NODES,
) -> BoolArray:
    """Find the first selection in rank order with an optimal profit and its least weight, bool (n,).

    Parameters
    ----------
    profit : int64 (n,), ≥ 0, items in rank order
    weight : int64 (n,), > 0
    target, least : optimal profit, and the least weight of a selection with it
    most_sets, most_nodes : limits of the search

    Raises
    ------
    TooManyStates
        When the search exceeds its limits.
    ArithmeticError
        When no selection has this profit and weight.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> find_first_selection(np.array([3, 3, 2, 4]), np.array([2, 2, 1, 3]), 6, 4).tolist()
    [True, True, False, False]
    """
    search = _SelectionSearch(profit, weight, target, least)
    stack, n_nodes = [search.root], 0
    while stack:
        deadline.check()
        node = stack.pop()
        items = search.list_items(node)
        if not search.can_reach(node, items):
            continue
        if len(items) <= FEWER * node.n_tried:
            n_nodes += 1
            if n_nodes > most_nodes:
                raise TooManyStates(f"{n_nodes} nodes before the first selection")
            met, flipped = search.complete(node, items, most_sets, deadline)
            if flipped is not None:
                return search.build_selection(node.flipped + flipped)
            if met:
                continue
            node = replace(node, n_tried=len(items))
        stack += search.branch(node, int(items[0]))
    raise ArithmeticError("no selection has this profit and weight")


@dataclass(frozen=True, slots=True)
class _Node:
    """Decisions about the items before `place`, and what is left to reach by flips of later ones.

    Attributes
    ----------
    gap : what these flips may lose
    profit, weight : what they must change in all
    flipped : the flips before `place`
    n_tried : items that might be flipped where lists were last made; infinite before
    """

    place: int
    gap: float
    profit: int
    weight: int
    flipped: tuple[int, ...] = ()
    n_tried: float = math.inf


class _SelectionSearch:
    """Losses and changes of each item's flip, and the root of the search."""

    def __init__(self, profit: IntArray, weight: IntArray, target: int, least: int) -> None:
        m, d = _find_price(profit, weight, least)
        reduced = d * profit.astype(object) - m * weight.astype(object)
        gap = sum(int(r) for r in reduced if r > 0) - (d * target - m * least)
        self.start: BoolArray = (reduced > 0).astype(np.bool_)
        sign = np.where(self.start, -1, 1)
        self.profit, self.weight = sign * profit, sign * weight
        self.loss = np.abs(reduced).astype(np.float64)
        left = int(profit[self.start].sum()), int(weight[self.start].sum())
        self.margin = MARGIN * (1.0 + abs(gap))
        self.root = _Node(0, float(gap), target - left[0], least - left[1])
        self.open = np.flatnonzero(self.loss <= self.root.gap + self.margin)
        self.n_examined = 0

    def list_items(self, node: _Node) -> IntArray:
        """Return the items from the node's place on that may be flipped, ascending."""
        items: IntArray = self.open[np.searchsorted(self.open, node.place) :]
        items = items[self.loss[items] <= node.gap + self.margin]
        change = self.weight[items]
        least, most = _sum_signs(change)
        return items[(change <= node.weight - least) & (change >= node.weight - most)]

    def can_reach(self, node: _Node, items: IntArray) -> bool:
        """Return whether flips of some items can change profit and weight as far as they must."""
        for change, need in ((self.profit, node.profit), (self.weight, node.weight)):
            least, most = _sum_signs(change[items])
            if not least <= need <= most:
                return False
        return True

    def branch(self, node: _Node, item: int) -> tuple[_Node, _Node]:
        """Return the children that leave the item out and take it, the second to be examined first."""
        unflipped = replace(node, place=item + 1)
        flipped = _Node(
            item + 1,
            node.gap - float(self.loss[item]),
            node.profit - int(self.profit[item]),
            node.weight - int(self.weight[item]),
            (*node.flipped, item),
            node.n_tried,
        )
        return (flipped, unflipped) if self.start[item] else (unflipped, flipped)

    def complete(
        self, node: _Node, items: IntArray, most_sets: int, deadline: Deadline
    ) -> tuple[bool, tuple[int, ...] | None]:
        """Look for the first set of flips of some items that reaches what the node lacks.

        Returns whether the lists met before both were longer than `most_sets`, and the flips; None if there are
        none. Raises `TooManyStates` beyond `MOST_WORK` or `MOST_LINKS`.
        """
        limit = node.gap + self.margin
        least, most = _sum_signs(self.weight[items])
        front, back = _FlipSets(), _FlipSets()
        first, last = 0, len(items)
        while first < last:
            if min(len(front), len(back)) > most_sets:
                return False, None
            deadline.check()
            self.n_examined += len(front) + len(back)
            if self.n_examined > MOST_WORK or front.n_links + back.n_links > MOST_LINKS:
                raise TooManyStates(f"{self.n_examined} sets of flips before the first selection")
            if len(front) <= len(back):
                item, first, sets = int(items[first]), first + 1, front
            else:
                item, last, sets = int(items[last - 1]), last - 1, back
            flip = item, int(self.profit[item]), int(self.weight[item]), float(self.loss[item])
            sets.grow(*flip, limit, is_taken=bool(self.start[item]), is_next=sets is front)
            sets.keep_within(node.weight - (most - sets.most), node.weight - (least - sets.least))
        front.merge_equal()
        back.merge_equal()
        places = _match_first(front, back, node.profit, node.weight)
        if places is None:
            return True, None
        return True, (*front.list_items(places[0]), *back.list_items(places[1]))

    def build_selection(self, flipped: tuple[int, ...]) -> BoolArray:
        """Return the selection after some flips, bool (n,)."""
        taken = self.start.copy()
        taken[list(flipped)] ^= True
        return taken


def _sum_signs(change: IntArray) -> tuple[int, int]:
    """Return the sums of the negative and of the positive changes."""
    return int(np.minimum(change, 0).sum()), int(np.maximum(change, 0).sum())


def _find_price(profit: IntArray, weight: IntArray, filled: int) -> tuple[int, int]:
    """Return profit and weight of the item at which items by falling efficiency fill the weight `filled`."""
    order = np.argsort(-(profit / weight), kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), filled, side="right"))
    item = order[min(place, len(order) - 1)]
    return int(profit[item]), int(weight[item])


class _FlipSets:
    """Sets of flips in lexicographic order of the selections that they lead to.

    `profit`, `weight` and `loss` are sums over each set. A set is its last flip, `link`, and the set before it.
    """

    def __init__(self) -> None:
        self.profit, self.weight = np.zeros((2, 1), dtype=np.int64)
        self.loss = np.zeros(1)
        self.link = np.full(1, -1)
        self.n_links, self.next_merge = 0, 2
        self.least = self.most = (
            0  # changes of weight that flips of the items seen can make at least and at most
        )
        self.starts: list[int] = []
        self.items: list[int] = []
        self.before: list[IntArray] = []

    def __len__(self) -> int:
        return len(self.link)

    def grow(
        self, item: int, profit: int, weight: int, loss: float, limit: float, *, is_taken: bool, is_next: bool
    ) -> None:
        """Add the flip of an item to each set that stays within the limit.

        The item comes after those of the sets if it `is_next`, otherwise before them. Unless flipped, it is taken
        if `is_taken`.
        """
        fits = self.loss + loss <= limit
        old, count = np.flatnonzero(fits), len(self)
        plain, flipped = np.arange(count), np.arange(len(old))
        if is_next:
            before = np.cumsum(fits) - fits
            plain, flipped = plain + before + (fits & (not is_taken)), old + before[old] + is_taken
        elif is_taken:
            flipped += count
        else:
            plain += len(old)
        self.least, self.most = self.least + min(weight, 0), self.most + max(weight, 0)
        links = self.n_links + np.arange(len(old))
        self.starts.append(self.n_links)
        self.items.append(item)
        self.before.append(self.link[old])
        self.n_links += len(old)
        self.link = _join_columns(self.link, plain, links, flipped)
        self.profit = _join_columns(self.profit, plain, self.profit[old] + profit, flipped)
        self.weight = _join_columns(self.weight, plain, self.weight[old] + weight, flipped)
        self.loss = _join_columns(self.loss, plain, self.loss[old] + loss, flipped)
        if len(self) > self.next_merge:
            self.merge_equal()

    def keep_within(self, least: int, most: int) -> None:
        """Keep the sets that change the weight by `least` to `most`."""
        inside = (self.weight >= least) & (self.weight <= most)
        if not inside.all():
            self._keep(np.flatnonzero(inside))

    def _keep(self, places: IntArray) -> None:
        self.profit, self.weight = self.profit[places], self.weight[places]
        self.loss, self.link = self.loss[places], self.link[places]

    def merge_equal(self) -> None:
        """Keep the first of the sets with equal profit and weight."""
        if not len(self):
            return
        order = np.lexsort((self.weight, self.profit))
        p, w = self.profit[order], self.weight[order]
        fresh = np.r_[True, (p[1:] != p[:-1]) | (w[1:] != w[:-1])]
        first = np.sort(order[fresh])
        self.next_merge = (2 if len(first) < USEFUL * len(self) else 16) * len(first)
        self._keep(first)

    def list_items(self, place: int) -> list[int]:
        """Return the items that a set flips."""
        items, link = [], int(self.link[place])
        while link >= 0:
            k = bisect_right(self.starts, link) - 1
            items.append(self.items[k])
            link = int(self.before[k][link - self.starts[k]])
        return items


def _join_columns[Number: np.generic](
    plain: NDArray[Number], at: IntArray, flipped: NDArray[Number], places: IntArray
) -> NDArray[Number]:
    """Return both columns as one, each value at its place."""
    joined = np.empty(len(plain) + len(flipped), dtype=plain.dtype)
    joined[at], joined[places] = plain, flipped
    return joined


def _match_first(front: _FlipSets, back: _FlipSets, profit: int, weight: int) -> tuple[int, int] | None:
    """Return the first set of `front`, and the set of `back`, that reach a profit and weight together."""
    p = np.concatenate([profit - front.profit, back.profit])
    w = np.concatenate([weight - front.weight, back.weight])
    order = np.lexsort((w, p))
    left, right = order[:-1], order[1:]
    equal = (p[left] == p[right]) & (w[left] == w[right])
    if not equal.any():
        return None
    count = len(front)
    one, other = np.minimum(left[equal], right[equal]), np.maximum(left[equal], right[equal])
    best = int(np.argmin(one))
    return int(one[best]), int(other[best]) - count
