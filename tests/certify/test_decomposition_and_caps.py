"""Pieces and trees of caps bound a system from below, never from above: tried on small systems."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.drawn import points, random_system
from support.systems.under_caps import tree_system

from tnt_sim.certify.cap_tree_bound import is_closed_by_caps
from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.decomposition import decompose_system
from tnt_sim.certify.single_row_bound import is_closed_by_row
from tnt_sim.certify.system import MultiplierError, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.kernel_proofs import prove_by_caps
from tnt_sim.prove.refutation import refute


@pytest.mark.parametrize("seed", seeds(range(200), 50))
def test_the_pieces_and_the_rest_cost_no_more_than_any_point(seed: int) -> None:
    rng = Random(seed)
    system = random_system(rng)
    held = points(system)
    y = np.array([rng.randint(0, 6) for _ in range(system.rows.n)])
    weighed = weigh(system, np.arange(system.rows.n), y)
    kept = [r for r in range(system.rows.n) if rng.random() < 0.5]
    pieces = decompose_system(system, system.build_box(), weighed, kept)
    total = pieces.rest
    for piece in pieces.systems:
        inside = points(piece.system)
        if not inside:
            assert not held
            return
        total += min(int(piece.cost @ np.array(x)) for x in inside)
    for point in held:
        assert int(weighed.cost @ np.array(point)) >= total


@pytest.mark.parametrize("seed", seeds(range(200), 50))
def test_one_row_closes_only_what_holds_no_point(seed: int) -> None:
    rng = Random(seed)
    system = random_system(rng)
    if system.rows.n < 2:
        return
    goal, row = rng.sample(range(system.rows.n), 2)
    if is_closed_by_row(system, system.build_box(), goal, row):
        assert not points(system)


@pytest.mark.parametrize("seed", seeds(range(150), 40))
def test_a_tree_of_caps_closes_only_what_holds_no_point(seed: int) -> None:
    system, cost = tree_system(Random(seed))
    held = points(system)
    proof = prove_by_caps(system, cost)
    if proof is not None:
        assert not held
        check_refutation(system, proof)
    try:
        check_refutation(system, refute(system, Deadline(20), cost=cost))
        assert not held
    except PointFound:
        assert held


def test_most_empty_trees_are_closed_by_their_caps() -> None:
    closed = empty = 0
    for seed in range(150):
        system, cost = tree_system(Random(seed))
        empty += not points(system)
        closed += prove_by_caps(system, cost) is not None
    assert closed >= 0.7 * empty > 20


@pytest.mark.parametrize(
    "groups",
    [[[0, [1, 2]], [0, []]], [[9, []]], [[1, [0]]], [[0, [1, 1]]], [[4, []]], [[-1, []]]],
)
def test_groups_that_are_no_tree_are_refused(groups: list[object]) -> None:
    system = next(s for s, _ in (tree_system(Random(k)) for k in range(99)) if s.rows.n == 4 and s.n_cols > 3)
    with pytest.raises(CertificateError):
        check_refutation(system, {"caps": {"goal": 3, "groups": groups}})
    with pytest.raises((MultiplierError, TypeError)):
        is_closed_by_caps(
            system, 3, [(top, [(leaf, (), False) for leaf in leaves], False) for top, leaves in groups]
        )  # type: ignore[misc]
