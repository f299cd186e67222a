"""Nodes that may go beyond their caps with free money of the node above, against trying every choice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.cap_trees import NONE, needed, sharing_tree

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import Memory, can_reach, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapTreeNode


def best_of_all(p: np.ndarray, w: np.ndarray, root: CapTreeNode) -> tuple[int, int, tuple[int, ...]]:
    return max(
        (int(x @ p), -int(x @ w), tuple(x.tolist()))
        for x in map(np.array, itertools.product([1, 0], repeat=len(p)))
        if needed(x, w, root) is not None
    )


@pytest.mark.parametrize("cells", [0, 10**9])
@pytest.mark.parametrize(("seed", "owed"), [*((k, 0) for k in range(60)), *((k, 4) for k in range(30))])
def test_free_money_is_shared_out_as_by_trying_every_choice(
    seed: int, owed: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", cells)
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 11))
    largest = int(rng.integers(2, 8))
    p, w = rng.integers(1, largest, n), rng.integers(1, largest, n) * int(rng.integers(1, 4))
    root = sharing_tree(rng, np.arange(n), w, 2, False, owed)
    best = best_of_all(p, w, root)
    memory = Memory()
    for _ in range(2):
        found = maximise_under_tree(p, w, root, memory)
        assert (found.profit, -found.weight) == best[:2]
        taken = np.zeros(n, dtype=np.int64)
        taken[found.columns] = 1
        assert found.canonical
        assert tuple(taken.tolist()) == best[2]
        assert can_reach(p, w, root, best[0], memory)
        assert not can_reach(p, w, root, best[0] + 1, memory)


def test_a_part_that_owes_and_has_nothing_to_fund() -> None:
    p, w = np.array([5, 4, 3]), np.array([4, 3, 3])
    owing = CapTreeNode(-1, -3, NONE, may_exceed=True)
    found = maximise_under_tree(p, w, CapTreeNode(-1, 9, np.arange(3), (owing,)), Memory())
    assert (found.profit, found.weight) == (7, 6)
