"""A sample of the drawn values for `--set` of `benchmarks/drawn_sets.py`, and what a long run of it found."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.benchmarks import benchmark
from support.lanes import Lane, share

drawn = benchmark("drawn_sets")


@pytest.mark.drawn
def test_each_value_is_refused_with_its_place_or_gives_a_decision_that_checks(tmp_path: Path) -> None:
    found = list(drawn.outcomes(share(50), 7, tmp_path))
    assert [one for one in found if one.wrong] == []
    said = [one.said for one in found]
    assert said.count("refused") < len(said) - (3 if Lane.is_whole() else 1), "some decide"
    if Lane.is_whole():
        assert {one.scenario for one in found} == set(drawn.NAMES)


FOUND = [
    ("money", "rules.vise.min=9223372036854775808"),
    ("money", "rules.trois.max=9007199254740993"),
    ("maps", "rules.zones.min=" + "9" * 25),
    ("money", "solver.cross_check=fr"),
    ("steps", "solver.backend=2021-02-29"),
]


@pytest.mark.parametrize(("name", "change"), FOUND)
def test_what_was_found(name: str, change: str, tmp_path: Path) -> None:
    """A bound that no solver holds was an unexpected failure; an unknown solver was refused without its key."""
    one = drawn.judged(name, drawn.project(drawn.EVERY[name], tmp_path / name), change, "found")
    assert (one.said, one.wrong) == ("refused", "")
