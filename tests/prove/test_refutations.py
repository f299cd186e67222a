"""Each way of refuting a system by itself: it finds a proof where no point is left, and none where one is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.lanes import seeds
from support.systems.drawn import points, random_system
from support.systems.of_amounts import GOAL, amounts_system, bounded, value

from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.system import System
from tnt_sim.deadline import Deadline
from tnt_sim.prove import refutation
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.refutation import _Root, refute

WAYS = {
    "rounds": {"MAX_ROUNDS": 10},
    "tree": {"MAX_ROUNDS": 0},
    "tree after one round": {"MAX_ROUNDS": 1},
}


def nothing(*_: Any) -> None:
    """What finds no proof."""


def goal_system(rng: Random) -> tuple[System, System] | None:
    """A system whose goal is asked for one unit more than the best, and just the best; None where none is best."""
    plain, _ = amounts_system(rng, 1)
    held = points(plain)
    if not held:
        return None
    best = min(value(plain, x, GOAL) for x in held)
    return bounded(plain, goal=best - 1), bounded(plain, goal=best)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", seeds(range(0, 120, 12), 4))
def test_rounds_and_trees_refute_what_holds_no_point(
    way: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refutation, "prove_by_blocks", nothing)
    monkeypatch.setattr(_Root, "prove_by_row", nothing)
    monkeypatch.setattr(_Root, "prove_by_pieces", nothing)
    for name, number in WAYS[way].items():
        monkeypatch.setattr(refutation, name, number)
    closed = open_ = 0
    for seed in range(first, first + 12):
        rng = Random(seed)
        some = [random_system(rng), *(goal_system(rng) or ())]
        for one in some:
            held = points(one)
            try:
                proof = refute(one, Deadline(20))
            except PointFound:
                assert held
                open_ += 1
                continue
            assert not held
            check_refutation(one, proof)
            assert len(proof["rounds"]) <= WAYS[way]["MAX_ROUNDS"]
            closed += bool(proof["tree"])
    assert closed + open_ > 10
