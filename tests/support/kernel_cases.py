"""Random calls of the kernels that have a compiled twin, and the comparison of both paths byte for byte.

`tests/kernel/compiled/` runs them by seed; `tools/fuzz_core.py` runs them with fresh seeds under the sanitizers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import enumerate_leaf_states
from tnt_sim.kernel.cap_tree.leaves import build_leaf
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.near_leaves import build_near_leaves
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.cap_tree.tree_search import can_tree_reach, maximise_in_tree, minimise_weight_in_tree
from tnt_sim.kernel.compiled.library import COMPILED, NUMPY, VARIABLE
from tnt_sim.kernel.knapsack import can_reach_profit, solve_knapsack
from tnt_sim.kernel.profit_frontier import build_frontier, recover_items

Call = Callable[[], Any]


@contextmanager
def on_path(path: str) -> Iterator[None]:
    """Run the kernels on one path, `numpy` or `compiled`."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def describe(value: Any) -> Any:
    """Return what a kernel returned as plain values: type, shape and bytes of each array."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if is_dataclass(value):
        return [(one.name, describe(getattr(value, one.name))) for one in fields(value)]
    if isinstance(value, list | tuple):
        return [describe(one) for one in value]
    return value


def run_call(call: Call) -> Any:
    """Return what a call returns, or which exception it raises."""
    try:
        return describe(call())
    except Exception as error:  # noqa: BLE001  (both paths must fail alike)
        return type(error).__name__, str(error)


def assert_equal_paths(call: Call) -> Any:
    """Compare both paths of one call; return what both give."""
    with on_path(NUMPY):
        plain = run_call(call)
    with on_path(COMPILED):
        compiled = run_call(call)
    assert plain == compiled
    return plain


def draw_numbers(rng: np.random.Generator, n: int, top: int) -> np.ndarray:
    """Draw integers of 0 to `top`: spread, or with many ties, or with zeros."""
    shape = int(rng.integers(4))
    if shape == 0:
        return rng.integers(0, top + 1, n)
    if shape == 1:
        return rng.choice(rng.integers(0, top + 1, 3), n)
    if shape == 2:
        return np.where(rng.random(n) < 0.3, 0, rng.integers(0, top + 1, n))
    return np.full(n, rng.integers(0, top + 1))


def draw_size(rng: np.random.Generator, most: int) -> int:
    """Draw a number of items, often 0, 1 or 2."""
    return int(rng.integers(0, 3)) if rng.random() < 0.2 else int(rng.integers(0, most + 1))


def draw_frontier(rng: np.random.Generator) -> Call:
    """Draw a call of `build_frontier`: narrow and wide sums, any capacity."""
    n = draw_size(rng, 60)
    profit = draw_numbers(rng, n, int(rng.choice([1, 5, 40, 300])))
    weight = draw_numbers(rng, n, int(rng.choice([1, 9, 10**6, 2**29, 2**31, 2**50])))
    total = int(weight.sum())
    edges = [0, total, total + 1, 2**30 - 1, 2**30, 2**31, 2**60]
    capacity = int(rng.choice(edges)) if rng.random() < 0.4 else int(rng.integers(0, total + 1))
    return lambda: build_frontier(profit, weight, capacity)


def draw_knapsack_items(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Draw profits, weights and a capacity: few or many values, correlated or not, small or near the largest."""
    n = draw_size(rng, 40)
    weight = draw_numbers(rng, n, int(rng.choice([1, 6, 100, 10**7, 2**46])))
    kind = int(rng.integers(4))
    if kind == 0:
        profit = draw_numbers(rng, n, int(rng.choice([1, 6, 100, 10**7, 2**46])))
    elif kind == 1:
        profit = weight + int(rng.integers(0, 12))
    elif kind == 2:
        profit = np.maximum(0, weight + rng.integers(-3, 4, n))
    else:
        profit = weight.copy()
    total = int(weight.sum())
    capacity = (
        int(rng.choice([0, 1, total, max(0, total - 1)]))
        if rng.random() < 0.2
        else int(rng.integers(0, total + 1))
    )
    return profit, weight, capacity


def draw_knapsack(rng: np.random.Generator) -> Call:
    """Draw a call of `solve_knapsack`, sometimes with a budget that it uses up."""
    profit, weight, capacity = draw_knapsack_items(rng)
    work = int(rng.choice([300, 2_000, 10**6]))
    return lambda: solve_knapsack(profit, weight, capacity, work)


def draw_reach(rng: np.random.Generator) -> Call:
    """Draw a call of `can_reach_profit` with a target near the optimum."""
    profit, weight, capacity = draw_knapsack_items(rng)
    near = int(profit.sum()) * capacity // max(1, int(weight.sum())) + int(rng.integers(-3, 4))
    return lambda: can_reach_profit(profit, weight, capacity, near, 10**6)


def draw_leaf_items(rng: np.random.Generator, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw positive profits and weights, with twins and equal sums where the numbers are small."""
    n = max(1, draw_size(rng, most))
    weight = 1 + draw_numbers(rng, n, int(rng.choice([3, 20, 10**4, 10**8])))
    profit = 1 + draw_numbers(rng, n, int(rng.choice([3, 20, 10**4])))
    return np.where(rng.random(n) < 0.3, weight % 1_000 + 1, profit), weight


def draw_leaf_states(rng: np.random.Generator) -> Call:
    """Draw a call of `enumerate_leaf_states`, with its columns, and what is left of its budget."""
    profit, weight = draw_leaf_items(rng, 25)
    capacity = int(rng.integers(weight.max(), weight.sum() + 1))
    b = 2 ** int(rng.integers(1, 9))
    a = int(rng.integers(0, 2 * b * profit.max() // weight.max() + 2))
    gamma = int(rng.integers(0, b * int(profit.max()) + 1))
    work, ties = int(rng.choice([200, 10**6])), int(rng.choice([0, 2, 100]))
    low = int(rng.integers(0, capacity + 1))
    window = (low, int(rng.integers(low, capacity + 1))) if rng.random() < 0.3 else None

    def enumerate_states() -> list[Any]:
        budget = Budget(work, ties)
        found = enumerate_leaf_states(profit, weight, capacity, a, b, gamma, budget, window)
        columns = [found.columns(k) for k in range(len(found.loss))]
        rank = [found.differ(0, k) for k in range(len(found.loss))]
        spent = [budget.work, budget.ties, budget.is_unique]
        return [found.profit, found.weight, found.loss, found.best, columns, rank, spent]

    return enumerate_states


def draw_nodes(rng: np.random.Generator, profit: np.ndarray, weight: np.ndarray, most: int) -> CapTreeNode:
    """Draw a tree of two or three levels over all items: some leaves, and own columns of its nodes."""
    own, *parts = np.array_split(rng.permutation(len(profit)), int(rng.integers(2, most + 2)))
    nodes = [CapTreeNode(k + 1, _draw_cap(rng, weight[part]), np.sort(part)) for k, part in enumerate(parts)]
    if rng.random() < 0.4:
        split = int(rng.integers(1, len(nodes) + 1))
        inside = [weight[node.columns] for node in nodes[:split]]
        cap = _draw_cap(rng, np.concatenate(inside))
        nodes = [
            CapTreeNode(len(parts) + 1, cap, np.zeros(0, dtype=np.int64), tuple(nodes[:split])),
            *nodes[split:],
        ]
    return CapTreeNode(0, _draw_cap(rng, weight), np.sort(own), tuple(nodes))


def _draw_cap(rng: np.random.Generator, weight: np.ndarray) -> int:
    """Draw a capacity for some items: none, tight, or so that all fit."""
    return int(rng.integers(0, int(weight.sum()) + 2))


def draw_tree(rng: np.random.Generator) -> Call:
    """Draw a call of `maximise_in_tree`, sometimes with a budget that it uses up."""
    profit, weight = draw_leaf_items(rng, 40)
    root = draw_nodes(rng, profit, weight, 7)
    work = int(rng.choice([40, 10**6]))
    return lambda: maximise_in_tree(profit, weight, root, work)


def draw_tree_questions(rng: np.random.Generator) -> Call:
    """Draw targets of a tree: whether each is reached, and the least weight for it."""
    profit, weight = draw_leaf_items(rng, 25)
    root = draw_nodes(rng, profit, weight, 5)
    free = replace(root, cap=int(weight.sum()))
    targets = rng.integers(0, int(profit.sum()) + 2, 3).tolist()

    def ask() -> list[Any]:
        best = maximise_in_tree(profit, weight, root, 10**6).profit
        calls: list[Call] = []
        for target in (best - 1, best, best + 1, *targets):
            calls.append(partial(can_tree_reach, profit, weight, root, target, 10**6))
            calls.append(partial(minimise_weight_in_tree, profit, weight, free, target, 10**6))
        return [run_call(call) for call in calls]

    return ask


def draw_near_leaves(rng: np.random.Generator) -> Call:
    """Draw the leaves of a node: their lines and states at some prices, with columns and ranks."""
    profit, weight = draw_leaf_items(rng, 30)
    parts = np.array_split(rng.permutation(len(profit)), int(rng.integers(1, 5)))
    nodes = [CapTreeNode(k, _draw_cap(rng, weight[part]), np.sort(part)) for k, part in enumerate(parts)]
    b = 2 ** int(rng.integers(0, 20))
    most = 3 * b * int(profit.max()) // int(weight.min()) + 2
    prices = [0, *rng.integers(0, most, 10).tolist(), *(b * profit[:5] // weight[:5]).tolist()]
    losses = rng.integers(0, b * int(profit.max()) + 1, 4).tolist()

    def list_states() -> list[Any]:
        budget = Budget(10**7)

        def build(node: CapTreeNode) -> Any:
            return build_leaf(node, profit, weight, b, budget, BoundedMemo())

        near = build_near_leaves(nodes, profit, weight, b, budget, build)
        leaves = [one or build(node) for one, node in zip(near, nodes, strict=True)]
        told: list[Any] = [[leaf.compute_tangent(a) for a in prices] for leaf in leaves]
        for a, gamma in zip(prices, [0, *losses], strict=False):
            for leaf in leaves:
                found = leaf.enumerate_states(a, gamma)
                places = range(min(6, len(found.loss)))
                told.append([found.profit, found.weight, found.loss, found.best])
                told.append([found.columns(k) for k in places])
                told.append([found.differ(0, k) for k in places])
        return told

    return list_states


def draw_tangents(rng: np.random.Generator) -> Call:
    """Draw the lines of a leaf with all its efficient pairs, at many prices."""
    profit, weight = draw_leaf_items(rng, 25)
    capacity = int(rng.integers(0, int(weight.sum()) + 1))
    b = 2 ** int(rng.integers(0, 20))
    prices = [0, *rng.integers(0, 3 * b * int(profit.max()) // int(weight.min()) + 2, 30).tolist()]
    node = CapTreeNode(0, capacity, np.arange(len(profit)))

    def compute_tangents() -> list[Any]:
        leaf = build_leaf(node, profit, weight, b, Budget(10**6), BoundedMemo())
        return [leaf.compute_tangent(a) for a in prices]

    return compute_tangents


def draw_recovery(rng: np.random.Generator) -> Call:
    """Draw a call of `recover_items` for an efficient pair, or for one that no selection has."""
    profit, weight = draw_leaf_items(rng, 25)
    profit %= 300
    front = build_frontier(profit, weight, int(weight.sum()))
    k = int(rng.integers(len(front.profit)))
    shift = int(rng.random() < 0.1)
    return lambda: recover_items(profit, weight, int(front.profit[k]), int(front.weight[k]) + shift, 10**5)


CASES: dict[str, Callable[[np.random.Generator], Call]] = {
    "frontier": draw_frontier,
    "knapsack": draw_knapsack,
    "reach": draw_reach,
    "recovery": draw_recovery,
    "leaf": draw_leaf_states,
    "tangents": draw_tangents,
    "near leaves": draw_near_leaves,
    "tree": draw_tree,
    "tree questions": draw_tree_questions,
}
"""The drawn calls by name."""
