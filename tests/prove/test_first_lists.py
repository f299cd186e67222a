"""Proofs that a list is the first of equals, and what is handed out of proofs of a decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.systems.by_hand import system
from support.systems.drawn import points
from support.systems.equal_scores import SCENARIO, TABLE, decide
from support.systems.listed import worlds
from support.tiny_scenario import HEAD, tiny

from tnt_sim.certify.certificate import PRICES
from tnt_sim.certify.claim_systems import build_claims, compute_granted_value
from tnt_sim.certify.proof_checker import CandidateList, check_first, list_order
from tnt_sim.certify.system import System
from tnt_sim.certify.verifier import check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import Deadline
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.prove import price_proofs, stage_proofs
from tnt_sim.prove import tie_break_proofs as ties
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.price_proofs import add_price_proofs, find_order_proof
from tnt_sim.prove.stage_proofs import build_problem_claims, find_proof, prove_infeasible, prove_stages
from tnt_sim.prove.tie_break_proofs import add_order_prices, prove_first, prove_ties
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.lexicographic import ProofHints

ENDLESS = Deadline(None)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SolveOutcome:
    """A decision in which many lists are worth as much."""
    return decide(tmp_path_factory.mktemp("decision"))


def test_the_first_of_equals_is_proven_and_no_later_list() -> None:
    """By rounds and trees for the checker, and by prices for the verifier."""
    proven = 0
    for _, whole, lists in worlds(30):
        order = {key: list_order(whole, listed) for key, listed in lists.items()}
        first, *later = sorted(lists, reverse=True)
        check_first(whole, lists[first], prove_first(whole, lists[first], ENDLESS))
        prices = find_order_proof(whole, order[first], ENDLESS)
        assert prices is not None
        assert check_claim(describe_system(whole), prices, order[first]) == ""
        proven += 1
        for key in later[:3]:
            with pytest.raises((PointFound, NotProved)):
                prove_first(whole, lists[key], ENDLESS)
            assert find_order_proof(whole, order[key], ENDLESS) is None
    assert proven > 15


def find_open() -> tuple[System, CandidateList]:
    """A system, and the first list in it, before which a part is left that is not empty at sight."""
    for _, whole, lists in worlds(60):
        listed = lists[max(lists)]
        if any(prove_first(whole, listed, ENDLESS)["parts"]):
            proof = find_order_proof(whole, list_order(whole, listed), ENDLESS)
            if proof is not None and any(part.get("multipliers") for part in proof["parts"]):
                return whole, listed
    raise AssertionError("none is left open")


def test_an_order_is_proven_on_as_many_entries_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, listed = find_open()
    order = list_order(whole, listed)
    assert find_order_proof(whole, order, Deadline(0.0)) is None
    for more, is_found in ((0, True), (-1, False)):
        monkeypatch.setattr(price_proofs, "MOST_ENTRIES", len(whole.rows.row) + more)
        assert (find_order_proof(whole, order, ENDLESS) is not None) is is_found


def test_no_list_is_proven_without_time() -> None:
    whole, listed = find_open()
    with pytest.raises(NotProved, match="no time is left"):
        prove_first(whole, listed, Deadline(0.0))


def test_both_proofs_of_a_tie_are_those_of_the_list(
    result: SolveOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that grants more, or comes later, has fewer of them; prices are added where there is time."""
    problem, values, allocation = result.problem, result.reading.values, result.allocation
    claims = build_claims(problem)
    answer = prove_ties(problem, values, allocation, ENDLESS, 20.0)
    assert None not in (answer.least_granted, answer.listing)
    later = replace(
        allocation,
        funded=np.array([False, False, True, True]), granted_cents=np.array([0, 0, 500_00, 500_00]),
    )  # fmt: skip
    found_later = prove_ties(problem, values, later, ENDLESS, 20.0)
    assert (found_later.least_granted is not None, found_later.listing) == (True, None)
    dear = replace(
        allocation,
        funded=np.array([True, True, False, False]), granted_cents=np.array([600_00, 500_00, 0, 0]),
    )  # fmt: skip
    assert prove_ties(problem, values, dear, ENDLESS, 20.0) == ties.TieProofs()
    assert prove_ties(problem, values, allocation, ENDLESS, 0.0).listing is None
    attained = (*values, compute_granted_value(problem, allocation.granted_cents))
    priced = add_order_prices(problem, claims, attained, allocation, answer.listing, ENDLESS)
    assert priced is not None
    assert {key: part for key, part in priced.items() if key != PRICES} == answer.listing
    assert PRICES in priced
    assert add_order_prices(problem, claims, attained, allocation, None, ENDLESS) is None
    assert (
        add_order_prices(problem, claims, attained, allocation, answer.listing, Deadline(0.0))
        is answer.listing
    )
    assert add_order_prices(problem, claims, attained, later, answer.listing, ENDLESS) is answer.listing
    off = replace(allocation, granted_cents=allocation.granted_cents // 500_00 * 500_01)
    assert add_order_prices(problem, claims, attained, off, answer.listing, ENDLESS) is answer.listing


def test_a_hint_by_caps_proves_the_least_money_where_a_search_finds_nothing(
    result: SolveOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> dict[str, Any]:
        raise NotProved("nothing is found")

    monkeypatch.setattr(stage_proofs, "refute", fail)
    problem, values, allocation = result.problem, result.reading.values, result.allocation
    good, other = (ProofHints(trees=((name, (), False),)) for name in ("envelope:tout", "envelope:nobody"))
    for hints, is_proven in ((good, True), (other, False), (ProofHints(), False), (None, False)):
        answer = prove_ties(problem, values, allocation, ENDLESS, 20.0, hints)
        assert (answer.least_granted is not None) is is_proven
        assert answer.least_granted is None or "caps" in answer.least_granted


def test_the_hint_of_a_decision_is_that_of_its_first_goal(
    result: SolveOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def note(_system: System, _deadline: Deadline, _cost: Any, hints: Any, *_: Any) -> dict[str, Any]:
        given.append(hints)
        return {}

    monkeypatch.setattr(stage_proofs, "find_proof", note)
    problem, hints = result.problem, ProofHints()
    attained = (*result.reading.values, compute_granted_value(problem, result.allocation.granted_cents))
    prove_stages(problem, attained, ENDLESS, proof_hints=hints)
    prove_stages(problem, attained, ENDLESS, proof_hints=hints, first=1)
    assert given == [hints, None, None]


def test_stages_with_a_proof_are_given_prices_in_their_time(result: SolveOutcome) -> None:
    problem, claims = result.problem, build_claims(result.problem)
    attained = (*result.reading.values, compute_granted_value(problem, result.allocation.granted_cents))
    proofs = prove_stages(problem, attained, ENDLESS, claims=claims)
    assert len(proofs) == 2
    assert None not in proofs
    priced = add_price_proofs(claims, attained, proofs, ENDLESS)
    for k, (bare, proof) in enumerate(zip(proofs, priced, strict=True)):
        assert {key: part for key, part in proof.items() if key != PRICES} == bare
        assert check_claim(describe_system(claims.of_stage(k, attained)), proof[PRICES]) == ""
    assert add_price_proofs(claims, attained, [None, proofs[1]], ENDLESS)[0] is None
    assert add_price_proofs(claims, attained, proofs, Deadline(0.0)) == proofs
    assert [proof is not None for proof in prove_stages(problem, attained, ENDLESS, first=1)] == [True]
    assert prove_stages(problem, attained, Deadline(0.0)) == [None, None]
    with pytest.raises(PointFound):
        prove_stages(problem, (attained[0] - 5,), ENDLESS)
    assert prove_stages(problem, (attained[0] + claims.goals[0].scale / 3,), ENDLESS) == [None]


def test_a_hint_that_holds_is_the_proof_and_another_is_not() -> None:
    """The cap of the hint closes the goal, or leaves it to be reached by its gain alone."""
    whole = system(([2, 3], 4), ([2, 3], 9), ([-2, -3], -4))
    rows = replace(whole.rows, names=("a:max", "b:max", "stage:x:better"))
    whole = whole.with_rows(rows)
    good, bad = (ProofHints(trees=((name, (), False),)) for name in "ab")
    caps = {"caps": {"goal": 2, "groups": [[0, []]]}}
    assert find_proof(whole, ENDLESS, proof_hints=good) == caps
    other = find_proof(whole, ENDLESS, proof_hints=bad)
    assert other is not None
    assert other != {"caps": {"goal": 2, "groups": [[1, []]]}}
    assert find_proof(whole, Deadline(0.0), proof_hints=good) is None
    with_point = whole.with_rows(replace(rows, upper=np.array([4, 9, -3])))
    assert points(with_point)
    with pytest.raises(PointFound):
        find_proof(with_point, ENDLESS, proof_hints=good)


def test_an_impossibility_is_proven_only_where_nothing_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = "rules: [{id: r, kind: limit, measure: granted, min: 1 101 €, max: 1 199 €}]\n"
    problem = compile_problem(tiny(tmp_path, HEAD + rules))
    kept: tuple[Any, ...] = ()
    for least, is_empty in ((1_101, True), (1_100, False)):
        told = f"rules: [{{id: r, kind: limit, measure: granted, min: {least} €, max: 1 199 €}}]\n"
        table = TABLE.replace("1000,600,5", "1000,500,5").replace("500,5\n4", "600,5\n4")
        asked = compile_problem(tiny(tmp_path, SCENARIO.replace("1 100", "1 199") + told, table))
        if is_empty:
            assert prove_infeasible(asked, kept, ENDLESS) is not None
        else:
            with pytest.raises(PointFound):
                prove_infeasible(asked, kept, ENDLESS)
        assert prove_infeasible(asked, kept, Deadline(0.0)) is None
    assert build_problem_claims(problem, Deadline(0.0)) is None
    assert build_problem_claims(problem, ENDLESS) is not None
    monkeypatch.setattr("tnt_sim.prove.stage_proofs.has_every_reading", lambda _: False)
    assert build_problem_claims(problem, ENDLESS) is None
    assert prove_infeasible(problem, kept, ENDLESS) is None
    assert prove_stages(problem, (), ENDLESS) == []
