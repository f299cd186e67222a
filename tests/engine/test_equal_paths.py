"""Exact kernels and the plain path give the same allocation; two thousand: `benchmarks/equal_paths.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from equal_paths import compare


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_the_same_allocation(first: int) -> None:
    ways = set()
    for seed in range(first, first + 10):
        way, differ = compare(seed)
        assert differ == "", f"uv run python benchmarks/equal_paths.py {seed} {seed + 1}"
        ways.add(way)
    assert "blocks" in ways
