"""Kernels within a memory budget: the arrays stay below it, and what does not fit is refused, never guessed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from support.cap_trees import keeps, random_tree
from support.lanes import seeds

from tnt_sim.deadline import UNLIMITED
from tnt_sim.kernel import knapsack
from tnt_sim.kernel.cap_tree import core_enumeration
from tnt_sim.kernel.cap_tree.best_choice import maximise_under_tree
from tnt_sim.kernel.cap_tree.states import NOWHERE, PAIRS, STATE_BYTES, Budget, StateSums, TreeStates
from tnt_sim.kernel.compiled.library import NUMPY, VARIABLE
from tnt_sim.kernel.knapsack import TooManyStates, limit_work, solve_knapsack

MEGABYTE = 1_000_000


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Trace the allocations of numpy; gives a function that returns their peak in bytes."""
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["", NUMPY])
def test_a_knapsack_gives_up_below_its_memory(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strongly correlated items have as many states as there are sums of weights."""
    if path:
        monkeypatch.setenv(VARIABLE, path)
    random = np.random.default_rng(3)
    weight = np.sort(random.integers(10_000, 1_000_000, 60))
    profit = weight + 100_000
    order = np.argsort(-(profit / weight), kind="stable")
    n_bytes = 8 * MEGABYTE
    work, capacity = limit_work(10**9, n_bytes), int(weight.sum()) // 2
    with traced() as peak:
        with pytest.raises(TooManyStates):
            knapsack._search_core(profit[order], weight[order], capacity, work, UNLIMITED)
        assert 0.05 * n_bytes < peak() < n_bytes


def test_the_memory_of_a_knapsack_bounds_its_work() -> None:
    assert limit_work(5, None) == limit_work(5, 10**9) == 5
    assert limit_work(10**9, 1_000) == 1_000 // knapsack.SEARCH_BYTES


@pytest.mark.parametrize("n_bytes", [0, 1, 999, 4_096, 20 * MEGABYTE])
def test_pairs_formed_together_take_a_quarter_of_the_memory(n_bytes: int) -> None:
    """One more than fits, so that there is always one; without a budget as many as ever."""
    most = Budget(10**9, max_bytes=n_bytes).max_pairs
    assert 4 * (most - 1) * STATE_BYTES <= n_bytes < 4 * most * STATE_BYTES
    assert Budget(10**9, max_bytes=10**15).max_pairs == Budget(10**9).max_pairs == PAIRS


def wide_parts(n: int) -> list[TreeStates]:
    """Two lists of states whose sums are all different and undominated."""
    parts = []
    for step in (1, n):
        place = step * np.arange(n)
        zeros = np.zeros(n, dtype=np.int64)
        parts.append(TreeStates(place, place, zeros, 0, lambda k: np.array([k]), lambda *_: NOWHERE))
    return parts


def test_sums_are_formed_in_pieces_within_the_memory() -> None:
    """A million pairs, of which the cap leaves few, take 100 MB at once."""
    parts, n_bytes = wide_parts(1_000), 20 * MEGABYTE
    whole = StateSums(parts, 50_000, 0, Budget(10**9), heavier=False)
    with traced() as peak:
        found = StateSums(parts, 50_000, 0, Budget(10**9, max_bytes=n_bytes), heavier=False)
        assert peak() < n_bytes
    np.testing.assert_array_equal(found.weight, whole.weight)
    np.testing.assert_array_equal(found.profit, whole.profit)


def test_sums_that_stay_too_many_are_refused_before_they_are_made() -> None:
    parts, n_bytes = wide_parts(1_000), 20 * MEGABYTE
    with traced() as peak:
        with pytest.raises(TooManyStates):
            StateSums(parts, 10**9, 0, Budget(10**9, max_bytes=n_bytes), heavier=False)
        assert peak() < n_bytes


@pytest.mark.parametrize("path", ["", NUMPY])
def test_states_of_a_leaf_are_refused_before_the_memory_is_full(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path:
        monkeypatch.setenv(VARIABLE, path)
    random = np.random.default_rng(4)
    weight = random.integers(10_000, 1_000_000, 60)
    profit, n_bytes = weight + 100_000, 8 * MEGABYTE
    budget = Budget(10**7, max_bytes=n_bytes)
    with traced() as peak:
        with pytest.raises(TooManyStates):
            core_enumeration.enumerate_leaf_states(
                profit, weight, int(weight.sum()) // 2, 0, 1 << 20, 10**12, budget
            )
        assert peak() < 2 * n_bytes  # the compiled path grows its arrays fourfold


@pytest.mark.parametrize("seed", seeds(range(30), 10))
def test_a_tree_within_any_memory_is_right_or_refused(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(4, 10))
    profit, weight = random.integers(1, 9, n), random.integers(1, 9, n)
    root = random_tree(random, np.arange(n), weight, 3)
    every = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    best = max(int(x @ profit) for x in every if keeps(x, weight, root))
    refused = []
    for max_bytes in (0, 400, 4_000, None):
        try:
            found = maximise_under_tree(profit, weight, root, max_bytes=max_bytes)
        except TooManyStates:
            refused.append(max_bytes)
        else:
            assert found.profit == best
    assert None not in refused


def test_a_knapsack_without_memory_is_refused() -> None:
    weight = np.arange(10, 60)
    with pytest.raises(TooManyStates):
        solve_knapsack(weight * 7 % 23 + 40, weight, 600, limit_work(10**6, 0))
