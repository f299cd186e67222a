"""The kernel of trees of caps against trying every choice: profit, least weight, first choice in rank order."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from support.cap_trees import caps_of, keeps, random_tree, under
from support.lanes import seeds

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import Memory, can_reach, maximise_under_caps, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapTreeNode, find_binding_caps
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.near_leaves import NearLeaf
from tnt_sim.kernel.cap_tree.states import TreeStates
from tnt_sim.kernel.cap_tree.tree_search import can_tree_reach, maximise_in_tree
from tnt_sim.kernel.compiled.library import NUMPY, VARIABLE
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.profit_frontier import Frontier


def best_of_all(p: np.ndarray, w: np.ndarray, root: CapTreeNode) -> tuple[int, int, tuple[int, ...]]:
    return max(
        (int(x @ p), -int(x @ w), tuple(x.tolist()))
        for x in map(np.array, itertools.product([1, 0], repeat=len(p)))
        if keeps(x, w, root)
    )


def many_leaves(n_leaves: int, n_items: int) -> tuple[np.ndarray, np.ndarray, CapTreeNode]:
    """A cap over as many more, each of which cuts an item in the relaxed program."""
    rng = np.random.default_rng(5)
    n = n_leaves * n_items
    p, w = rng.integers(20, 101, n), rng.integers(5_000, 200_000, n)
    parts = np.arange(n).reshape(n_leaves, n_items)
    below = tuple(CapTreeNode(k + 1, int(w[part].sum()) // 2, part) for k, part in enumerate(parts))
    return p, w, CapTreeNode(0, int(w.sum()) * 9 // 20, np.zeros(0, dtype=np.int64), below)


@pytest.mark.parametrize("below", seeds([1, 400], 1))
def test_what_hundreds_of_leaves_lose_together_is_asked_of_none(
    below: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a value is reached is asked with few states a leaf: all that the leaves lose is too much for one."""
    p, w, root = many_leaves(200, 12)
    best = maximise_in_tree(p, w, root).profit
    asked: list[int] = []

    def heard(near: Callable[..., TreeStates]) -> Callable[..., TreeStates]:
        def listen(leaf: object, a: int, gamma: int) -> TreeStates:
            asked.append(gamma)
            return near(leaf, a, gamma)

        return listen

    for leaf in (leaves.FrontierLeaf, leaves.ListLeaf, NearLeaf):
        monkeypatch.setattr(leaf, "enumerate_states", heard(leaf.enumerate_states))
    maximise_in_tree(p, w, root)
    first = asked[0]
    asked.clear()
    assert can_tree_reach(p, w, root, best - below)
    assert asked[0] <= first


@pytest.mark.parametrize("cells", [0, 50, 10**9])
@pytest.mark.parametrize("seed", seeds(range(50), 15))
def test_a_tree_is_solved_as_by_trying_every_choice(
    seed: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With frontiers for no leaf, for small leaves and for all."""
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", cells)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        n, top = int(rng.integers(1, 9)), int(rng.choice([3, 6, 20, 1_000, 10**6]))
        p, w = rng.integers(1, top, n), rng.integers(1, top, n)
        w = p.copy() if rng.random() < 0.2 else w
        root = random_tree(rng, np.arange(n), w, int(rng.integers(0, 4)))
        best = best_of_all(p, w, root)
        found = maximise_in_tree(p, w, root)
        x = np.isin(np.arange(n), found.columns).astype(int)
        assert (found.profit, -found.weight, tuple(x.tolist())) == best
        assert found.canonical
        one = maximise_under_tree(p, w, root)  # a single cap goes another way
        assert sorted(one.columns.tolist()) == np.flatnonzero(best[2]).tolist()
        assert can_reach(p, w, root, best[0])
        assert not can_reach(p, w, root, best[0] + 1)
        lazily = maximise_under_caps(caps_of(root), p, w)
        assert tuple(lazily.x.tolist()) == best[2]
        assert lazily.is_unique


def test_only_caps_that_hold_something_back_are_taken_in() -> None:
    p, w = np.array([6, 5, 4, 3]), np.array([2, 2, 2, 2])
    inner = (CapTreeNode(1, 2, np.array([0, 1])), CapTreeNode(2, 4, np.array([2, 3])))
    root = CapTreeNode(0, 4, np.zeros(0, dtype=np.int64), inner)
    assert find_binding_caps([root], p, w) == {0, 1}
    found = maximise_under_caps(caps_of(root), p, w)
    assert found.x.tolist() == [1, 0, 1, 0]
    assert [tree.serialise_rows() for tree in found.trees] == [[0, [[1, []]]]]


@pytest.mark.slow
def test_profits_close_to_costs_are_for_another_method() -> None:
    rng = np.random.default_rng(1)
    n = 3_000
    w = rng.integers(10**7, 10**9, n)
    p = w + 10**7
    halves = tuple(CapTreeNode(k, int(w[k::2].sum()) // 3, np.arange(k, n, 2)) for k in range(2))
    root = CapTreeNode(9, int(w.sum()) // 4, np.zeros(0, dtype=np.int64), halves)
    with pytest.raises(TooManyStates):
        maximise_under_tree(p, w, root)


def test_a_large_tree_of_three_levels_reaches_its_bound() -> None:
    """20,000 items in 30 leaves of 3 axes: the optimum is within one item of the relaxed program's value."""
    rng = np.random.default_rng(5)
    n, leaf = 20_000, rng.integers(0, 30, 20_000)
    w = np.clip(rng.lognormal(11, 0.9, n), 5_000, 2_000_000).astype(np.int64)
    p = rng.integers(20, 101, n)
    none = np.zeros(0, dtype=np.int64)
    parts = [
        CapTreeNode(k, int(w[leaf == k].sum() * rng.uniform(0.5, 0.9)), np.flatnonzero(leaf == k))
        for k in range(30)
    ]
    axes = [parts[10 * k : 10 * k + 10] for k in range(3)]
    nodes = [
        CapTreeNode(100 + k, sum(c.cap for c in axis) * 96 // 100, none, tuple(axis))
        for k, axis in enumerate(axes)
    ]
    root = CapTreeNode(200, sum(node.cap for node in nodes) * 97 // 100, none, tuple(nodes))
    found = maximise_in_tree(p, w, root)
    x = np.isin(np.arange(n), found.columns).astype(np.int64)
    assert keeps(x, w, root)
    assert found.canonical
    # any price on money bounds the value from above
    bound = min(
        float(np.maximum(p - price * w, 0).sum() + price * root.cap) for price in np.linspace(2e-4, 2e-3, 400)
    )
    assert found.profit <= bound


def test_a_leafs_frontier_serves_every_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NUMPY)
    made = 0
    plain = leaves.build_frontier

    def counted(*asked: object) -> object:
        nonlocal made
        made += 1
        return plain(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(leaves, "build_frontier", counted)
    rng = np.random.default_rng(2)
    p, w = rng.integers(1, 20, 12), rng.integers(1, 20, 12)
    fronts: BoundedMemo[Frontier] = BoundedMemo()
    for total, left, right in ((50, 30, 40), (40, 30, 40), (40, 3, 25)):
        parts = (CapTreeNode(1, left, np.arange(6)), CapTreeNode(2, right, np.arange(6, 12)))
        root = CapTreeNode(0, total, np.zeros(0, dtype=np.int64), parts)
        found = maximise_in_tree(p, w, root, fronts=fronts)
        assert (found.profit, -found.weight) == best_of_all(p, w, root)[:2]
    assert made == len(fronts) == 2


def test_what_is_remembered_changes_no_answer() -> None:
    """Trees with profits changed one by one, with a memory so small that it forgets."""
    rng = np.random.default_rng(8)
    n = 10
    p, w = rng.integers(0, 9, n), rng.integers(1, 9, n)
    memory = Memory(BoundedMemo(room=40), BoundedMemo(room=40), BoundedMemo(room=3))
    trees = [random_tree(rng, np.arange(n), w, 2) for _ in range(4)]
    for _ in range(60):
        root = trees[int(rng.integers(len(trees)))]
        if rng.random() < 0.3:
            p = p.copy()
            p[rng.integers(n)] = rng.integers(0, 9)
        best = best_of_all(p, w, root)
        found = maximise_under_tree(p, w, root, memory)
        assert (found.profit, -found.weight) == best[:2]
        target = best[0] + int(rng.integers(0, 2))
        assert can_reach(p, w, root, target, memory) == (target <= best[0])
        assert (
            maximise_under_caps(caps_of(root), p, w, memory=memory).x @ p
            == best[0] + p[~under(root, n)].sum()
        )
    assert 0 < len(memory.choices) < 40
