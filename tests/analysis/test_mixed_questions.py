"""Every question on mixes of all kinds of rules equals enumeration; 200 by hand: `benchmarks/mixes.py`."""

from __future__ import annotations

from collections import Counter

import pytest
from support.lanes import first_of, seeds
from support.mixed_cases.questions import QUESTIONS, check


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 6, 3), 1))
def test_every_question_equals_enumeration(first: int) -> None:
    told: list[str] = []
    for seed in first_of(range(first, first + 3), 1):
        found, _ = check(seed, largest=6 + seed % 3, points=200)
        told += [f"{seed}: {line}" for line in found]
    assert told == []


@pytest.mark.drawn
def test_each_question_is_looked_at() -> None:
    count: Counter[str] = Counter()
    for seed in first_of(range(20, 26), 3):
        found, more = check(seed, ("next", "targets", "session", "explain"), largest=6, points=200)
        assert found == []
        count += more
    for name in ("next", "targets", "session", "explain"):
        assert any(key.startswith(name) for key in count), (name, sorted(QUESTIONS))
