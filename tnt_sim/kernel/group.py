"""The best choice under one tree of caps, by whichever kernel fits."""

from __future__ import annotations

import numpy as np

from tnt_sim.kernel.forest import Node
from tnt_sim.kernel.knapsack import IntArray, knapsack
from tnt_sim.kernel.leaves import Fronts
from tnt_sim.kernel.tree import Choice, best_in_tree

KNAPSACK_WORK = 1_000_000
TREE_WORK, COLUMN_WORK = 4_000_000, 20
"""States that a kernel may look at: a knapsack's, a tree's, and a tree's for each of its columns."""


def best_choice(profit: IntArray, cost: IntArray, tree: Node, fronts: Fronts | None = None) -> Choice:
    """max Σ p x under the caps of a tree, then min Σ c x, then the first in rank order.

    A single cap is a plain knapsack; where that cannot say that its choice goes first, the tree's kernel does.
    `fronts` keeps what later calls with the same columns, costs and caps can use.

    Raises
    ------
    TooManyStates, OverflowError
        When the tree is for another method.
    """
    if not tree.children:
        own = tree.columns
        best = knapsack(profit[own], cost[own], tree.cap, KNAPSACK_WORK)
        if best.ways == 1:
            return Choice(own[np.flatnonzero(best.taken)], best.profit, best.weight, True)
    work = TREE_WORK + COLUMN_WORK * len(tree.every())
    return best_in_tree(profit, cost, tree, work, fronts)
