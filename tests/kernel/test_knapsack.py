"""The kernels against trying every choice: value, least weight, number of ways, first choice in rank order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.kernel.cap_tree.caps import build_cap_trees, find_caps
from tnt_sim.kernel.knapsack import TooManyStates, can_reach_profit, solve_knapsack


def every(n: int) -> list[np.ndarray]:
    return [np.array(x) for x in itertools.product([1, 0], repeat=n)]


@pytest.mark.parametrize("seed", seeds(range(60), 20))
def test_knapsack_is_the_best_of_all_choices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(8):
        n, top = int(rng.integers(1, 9)), int(rng.choice([4, 20, 1000]))
        p, w = rng.integers(0, top, n), rng.integers(0, top, n)
        capacity = int(rng.integers(0, w.sum() + 2))
        fitting = [(int(x @ p), -int(x @ w)) for x in every(n) if x @ w <= capacity]
        best = max(fitting)
        found = solve_knapsack(p, w, capacity)
        assert (found.profit, -found.weight) == best
        assert found.ways == fitting.count(best)
        assert (int(p[found.taken].sum()), int(w[found.taken].sum())) == (found.profit, found.weight)
        assert can_reach_profit(p, w, capacity, best[0])
        assert not can_reach_profit(p, w, capacity, best[0] + 1)


def test_negative_numbers_and_long_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        solve_knapsack(np.array([-1]), np.array([1]), 1)
    rng = np.random.default_rng(0)
    w = rng.integers(10**6, 10**7, 3_000)
    with pytest.raises(TooManyStates):
        solve_knapsack(w + w % 1_000, w, int(w.sum()) // 3, max_work=20_000)
    with pytest.raises(OverflowError):
        solve_knapsack(np.array([2**52]), np.array([2]), 1)


def test_a_large_plain_instance_keeps_its_promise() -> None:
    """2,000 items: the optimum lies within one item of the greedy bound, and its weight within the capacity."""
    rng = np.random.default_rng(3)
    w = np.clip(rng.lognormal(11, 0.9, 2_000), 5_000, 2_000_000).astype(np.int64)
    p = np.rint(10 * rng.integers(20, 101, 2_000) * np.sqrt(w) / 100).astype(np.int64)
    capacity = int(w.sum()) * 45 // 100
    found = solve_knapsack(p, w, capacity)
    order = np.argsort(-(p / w), kind="stable")
    reach = np.cumsum(w[order])
    split = int(np.searchsorted(reach, capacity, side="right"))
    inside = int(p[order[:split]].sum())
    assert inside <= found.profit <= inside + int(p[order[split]])
    assert found.weight <= capacity
    assert can_reach_profit(p, w, capacity, found.profit)
    assert not can_reach_profit(p, w, capacity, found.profit + 1)


def test_the_tree_is_read_off_the_rows() -> None:
    """Rows: all of 4 columns, two halves, one that crosses, one whose coefficients are no costs."""
    cost = np.array([2, 4, 6, 8])
    rows = [[0, 1, 2, 3], [0, 1], [2, 3], [1, 2], [0, 3]]
    data = [[1, 2, 3, 4], [1, 2], [3, 4], [4, 6], [1, 1]]
    indptr = np.cumsum([0, *map(len, rows)])
    caps = find_caps(
        indptr,
        np.concatenate(rows),
        np.concatenate(data),
        np.array([5, 2, 6, 3, 1]),
        np.arange(5),
        cost,
    )
    assert caps.row == (0, 1, 2, 3)
    assert caps.cap == (10, 4, 12, 3)
    assert [node.serialise_rows() for node in build_cap_trees(caps, 4, {0, 1, 2, 3})] == [
        [0, [[1, []], [2, []]]]
    ]
    assert [node.serialise_rows() for node in build_cap_trees(caps, 4, {1, 3})] == [[1, []]]
