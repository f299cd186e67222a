"""Decisions and impossibilities are proven, by whichever method found them; a weaker word is told as such."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.flagship import FROZEN
from support.tiny_scenario import HEAD, TABLE, tiny

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.certify.proof_checker import Checker
from tnt_sim.deadline import Deadline
from tnt_sim.engine import optimise as decision
from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import SolveStage
from tnt_sim.prove import stage_proofs as stages
from tnt_sim.prove import tie_break_proofs as ties
from tnt_sim.prove.kernel_proofs import prove_from_hints
from tnt_sim.prove.stage_proofs import find_proof, prove_stages
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.exact_kernels import solve_exactly
from tnt_sim.solve.methods.lexicographic import ProofHints, StagesOutcome, solve_lexicographic

NOTHING_FITS = """rules:
  - {id: trop, kind: limit, measure: granted, where: {department: "01"}, min: 501 €, max: 599 €}
  - {id: un, kind: limit, measure: dossiers, where: {department: "02"}, min: 1}
"""
LEVELS = """grants:
  - {levels: [25 %, 50 %, 75 %]}
rules:
  - {id: part, kind: share, measure: granted, where: {department: "01"}, max: 40 %}
"""
RANGE = """grants:
  - {mode: range, min: 100 €, round: 10 €}
rules:
  - {id: part, kind: share, measure: dossiers, where: {department: "02"}, min: 30 %}
"""


@pytest.mark.parametrize("method", ["auto", "direct", "core", "tree"])
def test_the_plain_decision_is_proven_by_every_method(tmp_path: Path, method: str) -> None:
    result = solve(tiny(tmp_path), method=method, cross_check="never")
    assert result.proof is Proof.PROVED
    assert result.document["objective"][0]["proof"] == "PROVED"
    assert result.document["publishable"]


@pytest.mark.parametrize("rules", [LEVELS, RANGE])
def test_amounts_chosen_by_the_model_are_proven(tmp_path: Path, rules: str) -> None:
    result = solve(tiny(tmp_path, HEAD + rules), cross_check="never")
    assert result.status is Status.OPTIMAL
    assert result.proof is Proof.PROVED


def test_a_value_that_can_be_bettered_is_not_proven(tmp_path: Path) -> None:
    result = solve(tiny(tmp_path), cross_check="never")
    proofs = result.certificate["proofs"]
    values = result.reading.values if result.reading else ()
    check = Checker.of(result.problem)
    assert check.check_stages(values, proofs) == (True,)
    assert check.check_stages([values[0] - 1], proofs) == (False,)
    assert check.check_stages([values[0] - Fraction(1, 3)], proofs) == (False,)
    assert check.check_stages(values, [None]) == (False,)
    assert not check.is_infeasible(proofs[0])
    assert not check.is_infeasible(None)


def test_that_nothing_fits_is_proven(tmp_path: Path) -> None:
    """Every grant of department 01 is 600 €, so no sum lies between 501 and 599 €."""
    table = TABLE.replace("2,a,02", "2,a,01").replace("1000,500,9", "1000,600,9") + "5,b,02,v,100,900,300,2\n"
    result = solve(tiny(tmp_path, HEAD + NOTHING_FITS, table), cross_check="never")
    assert result.status is Status.INFEASIBLE
    assert result.proof is Proof.PROVED
    assert Checker.of(result.problem).is_infeasible(result.certificate["proofs"][0])


def test_each_stage_has_its_own_proof(tmp_path: Path) -> None:
    two = HEAD.replace(
        "objective: [{maximise: {score: 1}}]",
        "objective: [{maximise: {dossiers: 1}}, {maximise: {population: 1}, tolerance: 10 %}, "
        "{minimise: {granted: 1}}]",
    )
    result = solve(tiny(tmp_path, two), cross_check="never")
    assert [goal["proof"] for goal in result.document["objective"]] == ["PROVED"] * 3


def test_the_programme_of_2021_is_proven() -> None:
    result = solve(load_scenario(FROZEN))
    assert result.proof is Proof.PROVED
    assert result.document["canonical"]
    assert result.document["canonical_proof"]["least_granted"] == "PROVED"
    assert result.document["method"] == "tree"
    direct = solve(load_scenario(FROZEN), method="direct", cross_check="never")
    assert direct.proof is Proof.PROVED
    assert direct.document["allocation_sha256"] == result.document["allocation_sha256"]


def test_what_the_kernel_settled_it_by_is_where_a_proof_is_sought_first(tmp_path: Path) -> None:
    """Grounds are no evidence: those of other rows prove nothing, and the search finds its own proof."""
    problem = compile_problem(tiny(tmp_path))
    form = formulate(problem)
    goals = [SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant) for s in form.stages]
    least = form.least_granted
    found = solve_exactly(form.model, [*goals, SolveStage(least.name, least.objective, least.sense)])
    assert found is not None
    outcome = found[0]
    assert outcome.proof_hints is not None
    value = form.stages[0].scale * (outcome.stages[0].value + form.stages[0].constant)
    system = build_claims(problem).of_stage(0, [value])
    known = prove_from_hints(system, outcome.proof_hints)
    assert known is not None
    check_refutation(system, known)
    assert prove_from_hints(system, ProofHints(trees=(("envelope:nobody", (), False),))) is None
    bare = ProofHints()  # no row at all closes nothing
    assert prove_stages(problem, [value], Deadline(5.0), None, 0, bare)[0] is not None
    better = build_claims(problem).of_stage(0, [value - form.stages[0].scale])
    with pytest.raises(CertificateError):
        check_refutation(better, known)


TWO_STAGES = HEAD.replace(
    "objective: [{maximise: {score: 1}}]",
    "objective: [{maximise: {dossiers: 1}}, {maximise: {population: 1}}]",
)


def test_stages_are_proven_one_after_the_other_until_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = solve(tiny(tmp_path, TWO_STAGES), cross_check="never")
    assert result.reading is not None
    told: list[float] = []
    asked: list[int] = []
    proofs = prove_stages(result.problem, result.reading.values, Deadline(20), told.append)
    assert told == [0.0, 0.5]
    assert None not in proofs
    right = stages.find_proof

    def first_fails(system: Any, *given: Any) -> Any:
        asked.append(len(asked))
        return None if len(asked) == 1 else right(system, *given)

    monkeypatch.setattr(stages, "find_proof", first_fails)
    assert prove_stages(result.problem, result.reading.values, Deadline(20)) == [None, None]
    assert asked == [0]


def test_a_proof_that_does_not_hold_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = solve(tiny(tmp_path), cross_check="never")
    assert result.reading is not None
    system = build_claims(result.problem).of_stage(0, result.reading.values)
    assert find_proof(system, Deadline(20)) is not None
    monkeypatch.setattr(stages, "refute", lambda *_, **__: {"rounds": [], "pool": [], "tree": []})
    assert find_proof(system, Deadline(20)) is None


def test_ties_are_proven_on_as_many_entries_as_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = solve(tiny(tmp_path), cross_check="never")
    held, reading = result.allocation, result.reading
    assert held is not None
    assert reading is not None
    n_entries = len(build_claims(result.problem).system.rows.row)
    for most, proven in ((n_entries, True), (n_entries - 1, False)):
        monkeypatch.setattr(ties, "MAX_TIE_ENTRIES", most)
        found = ties.prove_ties(result.problem, reading.values, held, Deadline(20), 20.0)
        assert ((found.least_granted is not None), (found.listing is not None)) == (proven, proven)


def test_a_solver_begins_where_a_kernel_ended_without_a_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a limit leaves the kernel's allocation, which is the best, rather than what the solver had."""
    begun: list[object] = []

    def solved(*given: Any, **named: Any) -> StagesOutcome:
        begun.append(given[5])
        return solve_lexicographic(*given, **named)

    proven = solve(tiny(tmp_path, HEAD + LEVELS), cross_check="never")
    assert not begun
    assert proven.document["method"] == "blocks"
    monkeypatch.setattr(decision, "prove_stages", lambda *_: [None])
    monkeypatch.setattr(decision, "solve_lexicographic", solved)
    result = solve(tiny(tmp_path, HEAD + LEVELS), cross_check="never")
    assert result.document["method"] == "direct"
    funded, cents = formulate(result.problem).recovery.compute_awards(np.asarray(begun[0]))
    held = proven.allocation
    assert held is not None
    assert (funded.tolist(), cents.tolist()) == (held.funded.tolist(), held.granted_cents.tolist())


@pytest.mark.parametrize(
    ("grants", "method"),
    [(LEVELS, "blocks"), (RANGE, "blocks"), (LEVELS[: LEVELS.index("rules:")], "tree")],
)
def test_open_amounts_are_settled_by_kernels(tmp_path: Path, grants: str, method: str) -> None:
    """A solver would give the same list: that it was not asked is what is told here."""
    result = solve(tiny(tmp_path, HEAD + grants), cross_check="never")
    assert (result.document["method"], result.proof) == (method, Proof.PROVED)
