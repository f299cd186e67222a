"""Random trees of caps and their items, and what an allocation takes from them."""

from __future__ import annotations

import numpy as np

from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode


def some_items(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Up to seven items, at times many alike."""
    n, top = int(rng.integers(1, 8)), int(rng.choice([2, 4, 30, 10**6]))
    return rng.integers(1, top + 1, n), rng.integers(1, top + 1, n)


def random_tree(rng: np.random.Generator, columns: np.ndarray, w: np.ndarray, depth: int) -> CapTreeNode:
    """A tree over some columns: each node with up to three children and columns of its own."""
    total = int(w[columns].sum())
    cap = int(rng.integers(0, total + 2)) if rng.random() < 0.8 else total + 1
    row = int(rng.integers(1, 10**9))
    if depth == 0 or len(columns) < 2:
        return CapTreeNode(row, cap, columns)
    under = rng.integers(0, int(rng.integers(2, 5)), len(columns))
    parts = [columns[under == k] for k in range(1, under.max() + 1) if (under == k).any()]
    return CapTreeNode(row, cap, columns[under == 0], tuple(random_tree(rng, p, w, depth - 1) for p in parts))


def keeps(x: np.ndarray, w: np.ndarray, node: CapTreeNode) -> bool:
    return int((x * w)[node.collect_columns()].sum()) <= node.cap and all(
        keeps(x, w, c) for c in node.children
    )


def every_cap(node: CapTreeNode) -> list[CapTreeNode]:
    return [node, *(found for child in node.children for found in every_cap(child))]


def caps_of(root: CapTreeNode) -> CapRows:
    nodes = sorted(every_cap(root), key=lambda node: -len(node.collect_columns()))
    return CapRows(
        tuple(node.row for node in nodes),
        tuple(np.sort(node.collect_columns()) for node in nodes),
        tuple(node.cap for node in nodes),
    )


def under(root: CapTreeNode, n: int) -> np.ndarray:
    inside = np.zeros(n, dtype=bool)
    inside[root.collect_columns()] = True
    return inside


NONE = np.zeros(0, dtype=np.int64)


def sharing_tree(
    rng: np.random.Generator, columns: np.ndarray, w: np.ndarray, depth: int, beyond: bool, owed: int = 0
) -> CapTreeNode:
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
        inside: tuple[CapTreeNode, ...] = ()
        if len(part) > 2 and rng.random() < 0.5:
            half, part = part[:2], part[2:]
            inside = (CapTreeNode(-1, int(rng.integers(0, int(w[half].sum()) + 1)), half),)
        below.append(CapTreeNode(-1, own, part, inside, may_exceed=True))
    free = int(rng.integers(0, int(w[columns].sum()) // 2 + 1)) + owed * len(columns)
    return CapTreeNode(-1, free, NONE, tuple(below), beyond)


def needed(x: np.ndarray, w: np.ndarray, node: CapTreeNode) -> int | None:
    """What a node takes, or what it needs beyond its cap; None where a cap is broken."""
    below = [needed(x, w, child) for child in node.children]
    if any(part is None for part in below):
        return None
    total = int((x * w)[node.columns].sum()) + sum(part for part in below if part is not None)
    if node.may_exceed:
        return max(0, total - node.cap)
    return total if total <= node.cap else None
