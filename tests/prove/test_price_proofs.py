"""Proofs by prices: found where a system is empty, never where it has a point, and on the shipped scenarios."""

from __future__ import annotations

from random import Random

import pytest
from support.lanes import seeds
from support.paths import ROOT
from support.systems.drawn import points, random_system
from support.systems.under_caps import draw_few_of_some, tree_system

from tnt_sim.certify.claim_systems import build_claims, compute_granted_value
from tnt_sim.certify.verifier import check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.result import build_own_verification
from tnt_sim.engine.solve import solve
from tnt_sim.prove import price_proofs
from tnt_sim.prove.price_proofs import find_price_proof
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.verification import Means


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


@pytest.mark.parametrize("first", seeds(range(0, 400, 100), 1))
def test_rows_that_allow_few_of_some_columns_are_blocks(first: int) -> None:
    empty = joined = forged = 0
    for seed in range(first, first + 100):
        dice = Random(seed)
        system = draw_few_of_some(dice)
        record, proof = describe_system(system), find_price_proof(system, UNLIMITED)
        assert (proof is None) == bool(points(system)), seed
        if proof is not None:
            empty += 1
            joined += len(proof.get("blocks", []))
            assert check_claim(record, proof) == ""
            continue
        for _ in range(20):
            forged += 1
            rows = dice.sample(range(5), 3)
            trees = [{"row": rows[0], "price": dice.randint(0, 4)}] if dice.random() < 0.5 else []
            multipliers = {str(row): dice.randint(0, 4) for row in dice.sample(range(5), 3)}
            assert check_claim(record, {"multipliers": multipliers, "trees": trees, "blocks": rows[1:]})
    assert empty > 20
    assert joined > 20
    assert forged > 200


def test_the_steps_of_a_shipped_scenario_are_shown_by_lists_in_their_time() -> None:
    result = solve(load_scenario(ROOT / "scenarios" / "demat-ads.yaml"))
    assert build_own_verification(result).optimal.means is Means.LIST


def test_a_search_out_of_time_or_parts_gives_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = [random_system(Random(seed)) for seed in range(200)]
    empty = [system for system in systems if not points(system)]
    assert all(find_price_proof(system, Deadline(0.0)) is None for system in empty)
    monkeypatch.setattr(price_proofs, "MOST_PARTS", 1)
    proofs = [find_price_proof(system, UNLIMITED) for system in empty]
    assert any(proof is None for proof in proofs)
    assert any(proof is not None for proof in proofs)


@pytest.mark.parametrize("name", [
    "motifs", "equite-territoriale", "ae-cp",
    *(pytest.param(name, marks=pytest.mark.slow)
      for name in ("tnt-2021", "cybersecurite-data", "demat-ads", "franceconnect", "franceconnect-10m")),
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
