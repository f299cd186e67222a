"""A sample of the oracle: 250 small instances against all 2^n sets (`benchmarks/oracle.py` walks many more)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.lanes import share
from support.trust.instances import Instance, brute_force, near_miss, random_small
from support.trust.oracle_check import RIGHT, UNPROVEN, WRONG, Answer, judge_all, judged

N_OF_EACH = 125


@pytest.mark.drawn
@pytest.mark.parametrize("family", [near_miss, random_small])
def test_no_mismatch_and_no_overspend(family: Callable[[int], Instance], tmp_path: Path) -> None:
    judgements = judge_all(
        (family(seed) for seed in range(share(N_OF_EACH))),
        tmp_path,
        second="never",
    )
    assert [entry for entry in judgements if entry[1] != RIGHT] == []
    proofs = Counter(said.proof for _, _, said in judgements if said.funded is not None)
    assert proofs["PROVED"] >= 0.95 * proofs.total(), proofs


def small() -> Instance:
    return Instance("small", np.array([300, 200, 200]), np.array([3, 2, 2]) * 10**6, 400)


def test_the_reference_takes_the_best_score_then_the_least_money_then_the_first_ranks() -> None:
    assert brute_force(small()) == [1, 2]
    dear = small()
    dear.cents[0] = 400
    dear.micro[0] = 4 * 10**6
    assert brute_force(dear) == [0]  # as good and as dear as the two others: the first rank decides
    cheap = Instance("cheap", np.array([300, 299]), np.array([1, 1]) * 10**6, 300)
    assert brute_force(cheap) == [1]


def test_the_reference_knows_every_rule() -> None:
    needed = small()
    needed.require(1, 0)
    assert brute_force(needed) == [0]
    apart = small()
    apart.exclude([1, 2], 1)
    assert brute_force(apart) == [0]
    floor = small()
    floor.limit("dossiers", None, min=3)
    assert brute_force(floor) is None
    leaf = small()
    leaf.leaves(np.array([0, 1, 1]), [300, 300])
    assert brute_force(leaf) == [0]


def test_a_wrong_answer_would_be_seen() -> None:
    def said(funded: list[int] | None, status: str = "optimal", canonical: bool = True) -> Answer:
        return Answer(funded, status, "PROVED", canonical, 0.0)

    assert judged(small(), said([1, 2]), [1, 2]) == RIGHT
    assert judged(small(), said([0]), [1, 2]) == WRONG
    assert judged(small(), said(None, "infeasible"), [1, 2]) == WRONG
    assert judged(small(), said([0, 1]), [1, 2]) == "overspent"
    assert judged(small(), said([1, 2], canonical=False), [1, 2]) == UNPROVEN
    assert judged(small(), said(None, "SolverError: no"), [1, 2]) == "SolverError: no"
