"""Nodes that may go beyond their caps with free money of the node above, against trying every choice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import Memory, best_choice, can_reach
from tnt_sim.kernel.cap_tree.caps import Node

NONE = np.zeros(0, dtype=np.int64)


def sharing_tree(
    rng: np.random.Generator, columns: np.ndarray, w: np.ndarray, depth: int, beyond: bool, owed: int = 0
) -> Node:
    """A row that shares money out to parts, each with money of its own and perhaps capped inside.

    A part may have promised up to `owed` more than its own: then it needs that even when it takes nothing.
    """
    parts = [part for part in np.array_split(rng.permutation(columns), int(rng.integers(2, 4))) if len(part)]
    below = []
    for part in map(np.sort, parts):
        if depth and len(part) > 2 and rng.random() < 0.5:
            below.append(sharing_tree(rng, part, w, depth - 1, True, owed))
            continue
        own = int(rng.integers(-owed, int(w[part].sum()) + 2))
        inside: tuple[Node, ...] = ()
        if len(part) > 2 and rng.random() < 0.5:
            half, part = part[:2], part[2:]
            inside = (Node(-1, int(rng.integers(0, int(w[half].sum()) + 1)), half),)
        below.append(Node(-1, own, part, inside, beyond=True))
    free = int(rng.integers(0, int(w[columns].sum()) // 2 + 1)) + owed * len(columns)
    return Node(-1, free, NONE, tuple(below), beyond)


def needed(x: np.ndarray, w: np.ndarray, node: Node) -> int | None:
    """What a node takes, or what it needs beyond its cap; None where a cap is broken."""
    below = [needed(x, w, child) for child in node.children]
    if any(part is None for part in below):
        return None
    total = int((x * w)[node.columns].sum()) + sum(part for part in below if part is not None)
    if node.beyond:
        return max(0, total - node.cap)
    return total if total <= node.cap else None


def best_of_all(p: np.ndarray, w: np.ndarray, root: Node) -> tuple[int, int, tuple[int, ...]]:
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
        found = best_choice(p, w, root, memory)
        assert (found.profit, -found.weight) == best[:2]
        taken = np.zeros(n, dtype=np.int64)
        taken[found.columns] = 1
        assert found.canonical
        assert tuple(taken.tolist()) == best[2]
        assert can_reach(p, w, root, best[0], memory)
        assert not can_reach(p, w, root, best[0] + 1, memory)


def test_a_part_that_owes_and_has_nothing_to_fund() -> None:
    p, w = np.array([5, 4, 3]), np.array([4, 3, 3])
    owing = Node(-1, -3, NONE, beyond=True)
    found = best_choice(p, w, Node(-1, 9, np.arange(3), (owing,)), Memory())
    assert (found.profit, found.weight) == (7, 6)
