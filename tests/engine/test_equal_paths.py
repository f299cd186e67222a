"""Exact kernels and the plain path give the same allocation; two thousand: `benchmarks/equal_paths.py`."""

from __future__ import annotations

import pytest
from support.benchmarks import benchmark
from support.lanes import seeds

equal_paths = benchmark("equal_paths")


@pytest.mark.parametrize("first", seeds(range(0, 30, 10), 1))
def test_the_same_allocation(first: int) -> None:
    ways = set()
    for seed in range(first, first + 10):
        way, differ = equal_paths.compare(seed)
        assert differ == "", f"uv run python benchmarks/equal_paths.py {seed} {seed + 1}"
        ways.add(way)
    assert "blocks" in ways
