"""Random calls of the kernels that have a compiled twin, and the comparison of both paths byte for byte.

`tests/kernel/compiled/` runs them by seed; `tools/fuzz_core.py` runs them with fresh seeds under the sanitizers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import enumerate_leaf_states
from tnt_sim.kernel.cap_tree.leaves import build_leaf
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.cap_tree.tree_search import maximise_in_tree
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


def draw_tree(rng: np.random.Generator) -> Call:
    """Draw a call of `maximise_in_tree`: a root with two leaves and columns of its own."""
    profit, weight = draw_leaf_items(rng, 24)
    parts = np.array_split(rng.permutation(len(profit)), 3)
    columns = [np.sort(part) for part in parts]
    caps = [int(rng.integers(0, int(weight[part].sum()) + 2)) for part in columns[:2]]
    total = int(rng.integers(0, int(weight.sum()) + 1))
    leaves = tuple(CapTreeNode(k + 1, cap, columns[k]) for k, cap in enumerate(caps))
    return lambda: maximise_in_tree(profit, weight, CapTreeNode(0, total, columns[2], leaves))


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
    "tree": draw_tree,
}
"""The drawn calls by name."""
