"""The memory budget of blocks: what is counted is what is taken; the answer is the same, or there is none."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest

from tnt_sim.kernel.blocks.active_rows import settle
from tnt_sim.kernel.blocks.block_search import BlockSolution, search_blocks
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.sparse_matrix import SparseMatrix


def search_drawn(seed: int, n: int, max_bytes: int | None) -> BlockSolution | None:
    """Search a decision of two caps with blocks of their own, and two more that cross them."""
    random = np.random.default_rng(seed)
    weight = random.integers(1_000, 90_000, n)
    side = random.integers(0, 2, n)
    cross = random.integers(0, 3, n)
    rows = np.stack(
        [weight * (side == 0), weight * (side == 1), weight * (cross == 0), weight * (cross == 1)]
    )
    upper = rows.sum(axis=1) * 45 // 100
    value = weight // 1_000 + random.integers(1, 30, n)
    return search_blocks(value, rows, upper, np.full(4, 0.0007), [0, 1], max_bytes=max_bytes)


@pytest.mark.parametrize("seed", range(8))
def test_every_budget_gives_the_same_answer_or_none(seed: int) -> None:
    whole = search_drawn(seed, 24, None)
    assert whole is not None
    ends = []
    for max_bytes in (0, 10_000, 30_000, 100_000, 300_000, 10**7, 10**9):
        try:
            found = search_drawn(seed, 24, max_bytes)
        except TooManyStates:
            ends.append(False)
            continue
        ends.append(True)
        assert found is not None
        assert (found.value, found.ways) == (whole.value, whole.ways)
        assert found.taken.tobytes() == whole.taken.tobytes()
    assert ends == sorted(ends)
    assert not ends[0]
    assert ends[-1]


@pytest.mark.parametrize("max_bytes", [1_000_000, 3_000_000])
def test_no_more_is_taken_than_is_counted(max_bytes: int) -> None:
    """Numpy's arrays are traced: their peak stays within the budget, and comes near it."""
    tracemalloc.start()
    try:
        with pytest.raises(TooManyStates, match="bytes for"):
            search_drawn(1, 400, max_bytes)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max_bytes / 8 < peak <= max_bytes


def test_the_same_budget_ends_at_the_same_state() -> None:
    """The count depends on lengths alone: neither on the machine nor on what ran before."""
    told = []
    for _ in range(2):
        with pytest.raises(TooManyStates) as error:
            search_drawn(1, 400, 1_000_000)
        told.append(str(error.value))
    assert told[0] == told[1]


def test_arrays_are_counted_in_numbers_of_eight_bytes() -> None:
    told = set()
    for max_bytes in range(0, 60_000, 1_500):
        try:
            search_drawn(3, 24, max_bytes)
        except TooManyStates as error:
            (needed,) = re.findall(r"(\d+) bytes for", str(error))
            told.add(int(needed))
            assert max_bytes < int(needed)
    assert len(told) > 5
    assert {needed % 8 for needed in told} == {0}


def test_rows_that_would_not_fit_are_not_made_dense() -> None:
    n = 3_000
    rows = SparseMatrix.from_dense(np.ones((20, n), dtype=np.int64))
    value, upper = np.arange(1, n + 1), np.full(20, n // 2)
    with pytest.raises(TooManyStates, match="20 rows over 3000 items"):
        settle(value, rows, upper, np.ones(20), max_bytes=1_000_000)
