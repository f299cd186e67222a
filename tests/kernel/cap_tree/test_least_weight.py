"""The least weight for a profit under caps, and a long list's states within a window, as by every choice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize
from support.cap_trees import caps_of, keeps, random_tree, some_items
from support.lanes import seeds

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import can_reach, maximise_under_tree, minimise_cost_under_caps
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import compute_upper_bound, enumerate_leaf_states
from tnt_sim.kernel.cap_tree.states import Budget, TreeStates


def least_of_all(p: np.ndarray, w: np.ndarray, root: CapTreeNode, target: int) -> int | None:
    every = (np.array(x) for x in itertools.product((0, 1), repeat=len(p)))
    return min((int(x @ w) for x in every if int(x @ p) >= target and keeps(x, w, root)), default=None)


@pytest.mark.parametrize("cells", [0, 50, 10**9])
@pytest.mark.parametrize("seed", seeds(range(60), 20))
def test_the_least_weight_is_that_of_every_choice(
    seed: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With frontiers for no leaf, for small ones and for all; the caps hold all items, or some are under none."""
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", cells)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        n, top = int(rng.integers(1, 9)), int(rng.choice([3, 6, 20, 1_000, 10**6]))
        p, w = rng.integers(0, top, n), rng.integers(1, top, n)
        root = random_tree(rng, np.arange(n), w, int(rng.integers(0, 4)))
        if rng.random() < 0.5:
            root = CapTreeNode(0, int(w.sum()), root.columns, root.children)
        caps = caps_of(root)
        for target in {0, 1, int(p.sum()), int(p.sum()) + 1, *rng.integers(0, int(p.sum()) + 2, 4).tolist()}:
            least = least_of_all(p, w, root, target)
            found = minimise_cost_under_caps(caps, p, w, target)
            assert (found is None) == (least is None)
            if found is not None:
                assert keeps(found, w, root)
                assert (int(found @ p) >= target, int(found @ w)) == (True, least)


def test_caps_are_met_that_bind_one_after_the_other() -> None:
    """The cheapest by weight alone breaks a cap; what stands in for it breaks another, which was not looked at."""
    p, w = np.array([9, 8, 8, 1]), np.array([2, 2, 3, 2])
    caps = CapRows((0, 1), (np.array([0, 1]), np.array([2, 3])), (2, 2))
    assert minimise_cost_under_caps(caps, p, w, 10).tolist() == [1, 0, 0, 1]  # type: ignore[union-attr]
    assert minimise_cost_under_caps(caps, p, w, 11) is None


@pytest.mark.parametrize("seed", seeds(range(0, 400, 20), 8))
def test_a_window_holds_every_state_that_a_sum_could_need(seed: int) -> None:
    """Each choice within the window and Γ of U is there, or one that is as good in both and within them too."""
    for k in range(seed, seed + 20):
        rng = np.random.default_rng(k)
        p, w = some_items(rng)
        capacity, b = int(rng.integers(int(w.max()), int(w.sum()) + 2)), 2**10
        a = int(rng.integers(0, 2 * (b * int(p.sum()) // int(w.sum())) + 2)) * int(rng.random() < 0.7)
        bound = compute_upper_bound(p, w, capacity, a, b)
        low = int(rng.integers(0, capacity + 1))
        high = int(rng.integers(low, capacity + 1))
        gamma = int(rng.choice([0, b, 3 * b, bound + 1]))
        found = enumerate_leaf_states(p, w, capacity, a, b, gamma, Budget(10**6), (low, high))
        states = {
            (int(p @ np.array(x)), int(w @ np.array(x))) for x in itertools.product((1, 0), repeat=len(p))
        }
        # no other state of any weight is as good in both
        alone = {s for s in states if not any(r >= s[0] and u <= s[1] and (r, u) != s for r, u in states)}
        wanted = {(q, v) for q, v in alone if low <= v <= high and bound - (b * q - a * v) <= gamma}
        told = set(zip(found.profit.tolist(), found.weight.tolist(), strict=True))
        assert wanted <= told <= states
        assert all(low <= v <= high for _, v in told)
        assert found.best == bound
        assert all(bound >= b * q - a * v for q, v in states if v <= capacity)


@pytest.mark.parametrize("seed", range(6))
def test_one_long_list_beside_others_is_settled_as_by_a_solver(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list that holds most items, whose states are looked for within a window only."""
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", 0)
    windows: list[tuple[int, int]] = []
    weighing = leaves.ListLeaf.enumerate_weight_window

    def noted(leaf: leaves.ListLeaf, a: int, gamma: int, low: int, high: int) -> TreeStates:
        windows.append((low, high))
        return weighing(leaf, a, gamma, low, high)

    monkeypatch.setattr(leaves.ListLeaf, "enumerate_weight_window", noted)
    rng = np.random.default_rng(seed)
    n = 240
    p, w = rng.integers(1, 300, n), rng.integers(1_000, 90_000, n)
    w[0] = int(w.sum()) // 8  # one as large as what many others weigh together
    p[0] = int(p.sum()) // 8
    parts = [np.arange(160 + 20 * k, 180 + 20 * k) for k in range(4)]
    below = tuple(CapTreeNode(k + 1, int(w[part].sum()) // 3, part) for k, part in enumerate(parts))
    root = CapTreeNode(0, int(w.sum()) // 3, np.arange(160), below)
    rows = [(w * np.isin(np.arange(n), node.collect_columns()), node.cap) for node in (root, *below)]
    best = solved(-p, rows)
    least = solved(w, [*rows, (-p, best)])
    found = maximise_under_tree(p, w, root)
    assert (found.profit, found.weight, found.canonical) == (-best, least, True)
    assert can_reach(p, w, root, -best)
    assert not can_reach(p, w, root, 1 - best)
    x = minimise_cost_under_caps(caps_of(root), p, w, -best)
    assert x is not None
    assert (int(x @ p), int(x @ w)) == (-best, least)
    assert minimise_cost_under_caps(caps_of(root), p, w, 1 - best) is None
    assert windows


def solved(cost: np.ndarray, rows: list[tuple[np.ndarray, int]]) -> int:
    """The least cost of a choice under some rows, by a solver that knows nothing of trees."""
    matrix, upper = np.array([row for row, _ in rows]), np.array([cap for _, cap in rows])
    limits = optimize.LinearConstraint(matrix, ub=upper)
    found = optimize.milp(
        cost, constraints=limits, bounds=(0, 1), integrality=np.ones(len(cost)), options={"mip_rel_gap": 0}
    )
    return round(found.fun)
