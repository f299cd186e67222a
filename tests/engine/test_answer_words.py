"""No answer calls a list the best that one solver alone has closed: over drawn cases, and pair by pair."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clocks import StepClock
from support.lanes import drawn
from support.small_cases.compiled import problem_of
from support.small_cases.drawn import cases
from support.tiny_scenario import tiny

from tnt_sim.deadline import Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import ALLOWED, Proof, SolveOutcome, Status
from tnt_sim.scenario.problem import compile_problem

SURE = (Proof.PROVED, Proof.CROSS_CHECKED)
HEAD = """schema_version: 1
id: w
title: W
date: 2026-03-31
programme: {id: p, title: P, amount: 200 000.55 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}, {maximise: {dossiers: 1}}]
rules:
  - {id: dep, title: Plafond, kind: limit, measure: granted, by: department, max: 120 k€}
  - {id: part, title: Part, kind: share, measure: granted, where: {department: "02"}, min: 15 %}
"""
TABLE = """dossier,envelope,department,cost,requested,score
A1,p,01,100000,60000.10,14.5
A2,p,01,100000,55000.25,12.1
A3,p,01,100000,41000,9.8
A4,p,02,100000,72000.99,15.7
A5,p,02,100000,35000,7.4
"""


def check(answer: SolveOutcome) -> None:
    """Its words agree, and say no more than what supports them."""
    assert answer.proof in ALLOWED[answer.status]
    assert (answer.status is Status.OPTIMAL) == (answer.allocation is not None and answer.proof in SURE)
    assert answer.is_closed or answer.status is not Status.OPTIMAL
    assert not (answer.claimed and answer.status is not Status.FEASIBLE)
    assert (answer.allocation is None) == (answer.status in (Status.INFEASIBLE, Status.STOPPED))


@drawn(60)
@given(cases(largest=6), st.data())
def test_words_of_drawn_answers_agree(case: dict[str, Any], data: st.DataObject) -> None:
    problem = problem_of(case)
    if problem is None:
        return
    flag = st.booleans()
    prove, canonical, kernels = data.draw(flag), data.draw(flag), data.draw(flag)
    how = OptimiseOptions(prove=prove, canonical=canonical, method="auto" if kernels else "direct")
    whole = optimise(problem, how)
    check(whole)
    if whole.allocation is None:
        return
    assert whole.is_closed
    if not prove:
        assert (whole.status, whole.claimed) == (Status.FEASIBLE, True)
    n = data.draw(st.integers(1, len(problem.stages)))
    check(optimise(problem, replace(how, kept_values=whole.values[:n])))
    refused = data.draw(st.sampled_from(range(problem.case.n)))
    if problem.offers.candidate[refused] and not problem.offers.forced[refused]:
        check(optimise(with_fixed(problem, refuse=[refused]), replace(how, cross_check="auto")))


def test_words_agree_wherever_a_clock_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step of the false clock: a list that was closed without its proof is claimed, not optimal."""
    problem = compile_problem(tiny(tmp_path, HEAD, TABLE))
    clock = StepClock().install(monkeypatch)
    assert optimise(problem, clock=Clock.from_deadline(Deadline(1e6))).status is Status.OPTIMAL
    seen, n = set(), clock.readings
    # half of the time goes to a kernel, and the proof gets what is left: a list alone is closed after n steps
    for limit in (*range(n + 1), *range(n, 2 * n, 5), 100 * n):
        StepClock().install(monkeypatch)
        answer = optimise(problem, clock=Clock.from_deadline(Deadline(limit * 0.001)))
        check(answer)
        seen.add((answer.status, answer.claimed))
    assert {(Status.FEASIBLE, False), (Status.FEASIBLE, True), (Status.OPTIMAL, False)} <= seen


def test_a_claim_has_the_bound_of_its_solver(tmp_path: Path) -> None:
    alone = optimise(compile_problem(tiny(tmp_path, HEAD, TABLE)), OptimiseOptions(prove=False))
    assert (alone.status, alone.proof, alone.claimed) == (Status.FEASIBLE, Proof.FEASIBLE_GAP, True)
    assert alone.bound == alone.values[0]


@pytest.mark.parametrize(("status", "proof"), list(product(Status, (*Proof, None))))
def test_no_answer_is_made_of_words_that_contradict(status: Status, proof: Proof | None) -> None:
    nothing = status, (), (), None, None, None, proof, False, "direct", 0.0
    if proof in ALLOWED[status]:
        assert SolveOutcome(*nothing).status is status
    else:
        with pytest.raises(ValueError, match="with proof"):
            SolveOutcome(*nothing)


def test_a_proof_that_is_found_later_changes_the_status(tmp_path: Path) -> None:
    alone = optimise(compile_problem(tiny(tmp_path, HEAD, TABLE)), OptimiseOptions(prove=False))
    shown = alone.with_proof(Proof.PROVED)
    assert (shown.status, shown.claimed, shown.is_closed) == (Status.OPTIMAL, False, True)
    lost = shown.with_proof(Proof.FEASIBLE_GAP)
    assert (lost.status, lost.claimed, lost.is_closed) == (Status.FEASIBLE, True, True)
    stopped = replace(alone, claimed=False).with_proof(Proof.FEASIBLE_GAP)
    assert (stopped.status, stopped.is_closed) == (Status.FEASIBLE, False)
