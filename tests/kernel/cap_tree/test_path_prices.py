"""Prices of a tree bound what fits within each weight, and span the weights that are asked for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tnt_sim.deadline import UNLIMITED
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.path_room import PartTree, count_levels, find_item_price
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.cap_tree.tree_search import scale_to_units

B = 1 << 20


def find_relaxed_best(profit: np.ndarray, weight: np.ndarray, capacity: int) -> float:
    """The best profit within a capacity where one item may be taken in part."""
    best = 0.0
    for j in sorted(range(len(profit)), key=lambda j: -profit[j] / weight[j]):
        share = min(1.0, capacity / weight[j])
        best, capacity = best + share * float(profit[j]), capacity - round(share * weight[j])
        if capacity <= 0:
            break
    return best


def test_the_price_of_items_is_that_at_which_they_fill_a_capacity() -> None:
    """Below it they weigh more than the capacity, from it on no more; 0 where all of them fit."""
    random = np.random.default_rng(3)
    for _ in range(80):
        n = int(random.integers(1, 7))
        weight = random.integers(1, 9, n)
        profit = weight * random.integers(1, 20, n)  # so that prices are whole
        for capacity in range(int(weight.sum()) + 3):
            price = find_item_price(profit, weight, capacity, 1)
            assert int(weight[profit > price * weight].sum()) <= capacity
            if capacity >= weight.sum():
                assert price == 0
            else:
                assert int(weight[profit >= price * weight].sum()) > capacity
            assert find_item_price(profit, weight, capacity, B) == B * price


@pytest.mark.parametrize("depth", [0, 1])
def test_prices_of_a_tree_bound_every_selection(depth: int) -> None:
    random = np.random.default_rng(11 + depth)
    met = 0
    for _ in range(25):
        n = 7
        profit, weight = random.integers(1, 12, n), random.integers(1, 15, n)
        first = np.arange(3)
        below = (CapTreeNode(1, int(weight[first].sum()) // 2, first),) if depth else ()
        columns = np.arange(3, n) if depth else np.arange(n)
        root = CapTreeNode(0, int(weight.sum()) * 2 // 3, columns, below)
        task, light = scale_to_units(profit, weight, root, 10**6, None, None, UNLIMITED)
        tree = PartTree(task, light, B, Budget(10**7))
        selections = np.array(list(product((0, 1), repeat=n)))
        if depth:
            selections = selections[selections[:, first] @ task.weight[first] <= light.children[0].cap]
        gained, weighed = selections @ profit, selections @ task.weight
        asked = np.array([int(weighed.max()) // 4, int(weighed.max()) // 2])
        grid = tree.find_prices(asked)
        assert (np.diff(grid.price) > 0).all()
        assert (np.diff(grid.profit) <= 0).all()
        assert (np.diff(grid.weight) <= 0).all()
        ends = np.arange(int(weighed.max()) + 1).astype(np.float64)
        bounds = grid.compute_bounds(ends, B)
        for end in ends.astype(int).tolist():
            best = int(gained[weighed <= end].max())
            assert (bounds[:, end] >= best - 1e-6).all()
            if not depth and asked[0] <= end <= asked[1]:
                # prices are taken at some weights between both: the bound is near that of items taken in part
                near = find_relaxed_best(profit, task.weight, end)
                assert bounds[:, end].min() >= near - 1e-3
                met += bounds[:, end].min() <= near + 0.2
        # the parts weigh at most the least weight at the dearest price, and at least the most at the cheapest
        assert grid.weight[-1] <= asked[0] + task.weight.max()
        assert grid.weight[0] >= asked[1] - (2 if depth else 1) * task.weight.max()
        for k in range(len(grid.price) - 1):
            assert grid.find_weight(float(grid.profit[k])) >= grid.weight[k + 1]
    assert depth or met > 60


def test_levels_of_a_tree_are_those_above_its_deepest_leaf() -> None:
    none = np.zeros(0, dtype=np.int64)

    def nest(depth: int) -> CapTreeNode:
        return CapTreeNode(0, 1, none, (nest(depth - 1), CapTreeNode(1, 1, none)) if depth else ())

    assert [count_levels(nest(depth)) for depth in range(5)] == [1, 1, 2, 3, 4]
