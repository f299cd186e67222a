"""Prices of nested caps, and what they certify about every column in one pass, in exact integers.

With λ_c ≥ 0 the price of the cap c over b, and r_j = b·p_j − w_j·Σ λ_c over the caps above the column j, every
selection x within the caps satisfies

    b·Σ p_j x_j  ≤  U = Σ_c λ_c·cap_c + Σ_j max(0, r_j)

One with column i in loses max(0, −r_i) of U, and caps that rise together by a raise U by a·Σ λ_c of them. All this
is true for any prices. Those chosen solve the linear relaxation but for rounding: greedily by falling profit per
weight, since nested caps are a polymatroid.

Sources: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974);
Edmonds, *Submodular functions, matroids, and certain polyhedra* (1970).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.rules.linear_terms import BoolArray, IntArray

MOST_BITS, PRODUCT_BITS = 40, 61
"""Bits of the denominator b, at most, and of every product."""


@dataclass(frozen=True, slots=True, eq=False)
class CapPrices:
    """Prices of the caps of one tree.

    Attributes
    ----------
    b : denominator of prices
    price : λ of each cap, by row, over b
    columns : int64, ascending: the columns under the tree
    reduced : int64, reduced profits r of these columns, over b
    bound : U, over b
    """

    b: int
    price: dict[int, int]
    columns: IntArray
    reduced: IntArray
    bound: int

    @classmethod
    def of(
        cls, profit: IntArray, weight: IntArray, root: CapTreeNode, deadline: Deadline = UNLIMITED
    ) -> Self | None:
        """Price the caps of a tree; None where products leave 64 bits.

        Parameters
        ----------
        profit, weight : int64 (n_cols,), weights in the unit of the capacities and positive

        Examples
        --------
        >>> tree = CapTreeNode(0, 5, np.arange(3))
        >>> prices = CapPrices.of(np.array([6, 5, 4]), np.array([2, 3, 4]), tree)
        >>> prices.bound // prices.b
        11
        """
        ratio = profit / weight
        fill = _find_fill_ratios(root, ratio, weight.astype(np.float64), deadline)
        columns = np.sort(root.collect_columns())
        p, w = profit[columns], weight[columns]
        top = max(fill.values(), default=0.0) * float(w.max(initial=1))
        greatest = float(np.maximum(p, 0).sum(dtype=np.float64)) + float(np.abs(p).max(initial=0)) + top
        bits = min(MOST_BITS, PRODUCT_BITS - int(np.ceil(np.log2(max(2.0, greatest)))))
        if bits < 1:
            return None
        b = 1 << bits
        path, price = np.zeros(len(profit), dtype=np.int64), dict[int, int]()

        whole = {row: int(b * one) for row, one in fill.items()}
        value = _set_prices(root, 0, whole, price, path)
        reduced = b * p - w * path[columns]
        return cls(b, price, columns, reduced, value + int(np.maximum(reduced, 0).sum()))

    def sum_prices(self, rows: Iterable[int]) -> int:
        """Return by how much one more unit of weight in some caps raises U."""
        return sum(self.price.get(row, 0) for row in rows)

    def compute_lacks(self, columns: IntArray, profit: int) -> list[int]:
        """Return b·profit less what the bound leaves with each column in.

        A selection with the column may be worth the profit only where this is at most 0.

        Parameters
        ----------
        columns : int64, columns of the tree, each taken alone
        """
        lost = np.maximum(0, -self.reduced[np.searchsorted(self.columns, columns)])
        short = self.b * profit - self.bound
        return [short + one for one in lost.tolist()]


def _find_fill_ratios(
    root: CapTreeNode, ratio: np.ndarray, left: np.ndarray, deadline: Deadline
) -> dict[int, float]:
    """Find, by row, the profit per weight at which the linear relaxation fills each cap; 0 where it does not."""
    fill: dict[int, float] = {}

    _select_relaxed_columns(root, ratio, left, fill, deadline)
    return fill


def _select_relaxed_columns(
    node: CapTreeNode, ratio: np.ndarray, left: np.ndarray, fill: dict[int, float], deadline: Deadline
) -> IntArray:
    """Select the columns that the linear relaxation takes under a node; record where it fills each cap."""
    parts = [_select_relaxed_columns(child, ratio, left, fill, deadline) for child in node.children]
    deadline.check()
    own = np.concatenate([node.columns[ratio[node.columns] > 0], *parts])
    own = own[np.argsort(-ratio[own], kind="stable")]
    reach = np.cumsum(left[own])
    end = int(np.searchsorted(reach, node.cap, side="right"))
    fill[node.row] = float(ratio[own[end]]) if end < len(own) else 0.0
    if end == len(own):
        return own
    left[own[end]] -= reach[end] - node.cap
    selected: IntArray = own[: end + 1]
    return selected


def _set_prices(
    node: CapTreeNode, above: int, whole: dict[int, int], price: dict[int, int], path: IntArray
) -> int:
    """Price a cap and those under it; return what the caps are worth at their prices, over b.

    Parameters
    ----------
    above : prices of the caps above, over b
    whole : by row, what a unit of weight is worth where the relaxation fills the cap, over b
    price : receives the price of each cap, by row
    path : receives the sum of prices above each column, int64 (n_cols,)
    """
    here = max(above, whole[node.row])
    price[node.row] = here - above
    path[node.columns] = here
    below = sum(_set_prices(child, here, whole, price, path) for child in node.children)
    return price[node.row] * node.cap + below


def compute_tree_prices(
    profit: IntArray, weight: IntArray, trees: Iterable[CapTreeNode], deadline: Deadline = UNLIMITED
) -> tuple[list[CapPrices], BoolArray] | None:
    """Price the caps of several trees; None where products leave 64 bits."""
    free, of_trees = np.ones(len(profit), dtype=np.bool_), list[CapPrices]()
    for tree in trees:
        prices = CapPrices.of(profit, weight, tree, deadline)
        if prices is None:
            return None
        free[prices.columns] = False
        of_trees.append(prices)
    return of_trees, free


def compute_selection_bound(
    profit: IntArray, weight: IntArray, trees: Iterable[CapTreeNode], deadline: Deadline = UNLIMITED
) -> int | None:
    """Bound what a selection under the caps of several trees is worth; None where products leave 64 bits."""
    gain = np.maximum(profit, 0)
    priced = compute_tree_prices(gain, weight, trees, deadline)
    if priced is None:
        return None
    return sum(prices.bound // prices.b for prices in priced[0]) + int(gain[priced[1]].sum())
