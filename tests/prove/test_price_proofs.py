"""Proofs by prices: found where a system is empty, never where it has a point, and on the shipped scenarios."""

from __future__ import annotations

from random import Random

import pytest
from support.lanes import seeds
from support.paths import ROOT
from support.systems.drawn import points, random_system
from support.systems.under_caps import tree_system

from tnt_sim.certify.claim_systems import build_claims, compute_granted_value
from tnt_sim.certify.verifier import check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.solve import solve
from tnt_sim.prove import price_proofs
from tnt_sim.prove.price_proofs import find_price_proof
from tnt_sim.scenario.load import load_scenario


@pytest.mark.parametrize("first", seeds(range(0, 600, 60), 1))
def test_a_system_is_proved_empty_exactly_when_it_has_no_point(first: int) -> None:
    empty = 0
    for seed in range(first, first + 60):
        dice = Random(seed)
        system = random_system(dice) if seed % 2 else tree_system(dice)[0]
        proof = find_price_proof(system, UNLIMITED)
        if points(system):
            assert proof is None, seed
            continue
        empty += 1
        assert proof is not None, seed
        assert check_claim(describe_system(system), proof) == ""
    assert empty > 10


def test_a_search_out_of_time_or_parts_gives_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = [random_system(Random(seed)) for seed in range(200)]
    empty = [system for system in systems if not points(system)]
    assert all(find_price_proof(system, Deadline(0.0)) is None for system in empty)
    monkeypatch.setattr(price_proofs, "MOST_PARTS", 1)
    proofs = [find_price_proof(system, UNLIMITED) for system in empty]
    assert any(proof is None for proof in proofs)
    assert any(proof is not None for proof in proofs)


@pytest.mark.parametrize("name", [
    "motifs", "equite-territoriale",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("tnt-2021", "demat-ads", "franceconnect")),
])  # fmt: skip
def test_each_goal_of_a_shipped_scenario_is_shown_by_sums_or_a_list(name: str) -> None:
    result = solve(load_scenario(ROOT / "scenarios" / f"{name}.yaml"))
    assert result.reading is not None
    assert result.allocation is not None
    claims = build_claims(result.problem)
    values = (*result.reading.values, compute_granted_value(result.problem, result.allocation.granted_cents))
    for k, proof in enumerate(
        [*result.certificate["proofs"], result.certificate["tie_break"]["least_granted"]]
    ):
        system = claims.of_stage(k, values)
        prices = find_price_proof(system, UNLIMITED, proof)
        assert prices is not None
        assert check_claim(describe_system(system), prices) == ""
