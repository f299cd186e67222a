"""Questions equal brute force: dossiers forced in and out, stages kept, the least money for a value."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.flagship import FROZEN
from support.lanes import drawn
from support.paths import ROOT
from support.small_cases.compiled import problem_of
from support.small_cases.drawn import cases
from support.small_cases.enumeration import allowed
from support.tiny_scenario import HEAD, tiny

from tnt_sim.engine import optimise as question
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import Proof, SolveOutcome, Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import UsageError
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import load_scenario, with_amounts, with_changes
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.methods.lexicographic import StagesOutcome

SHIPPED = ROOT / "scenarios"


def awards_of(problem: Problem, answer: SolveOutcome) -> dict[str, int] | None:
    if answer.allocation is None:
        return None
    names = problem.case.table["dossier"].to_list()
    rows = np.flatnonzero(answer.allocation.funded).tolist()
    return {names[row]: int(answer.allocation.granted_cents[row]) for row in rows}


@drawn(50)
@given(cases(largest=6), st.data())
def test_forced_in_and_out(case: dict[str, Any], data: st.DataObject) -> None:
    problem = problem_of(case)
    if problem is None or not problem.offers.candidate.any():
        return
    row = data.draw(st.sampled_from(np.flatnonzero(problem.offers.candidate).tolist()))
    name, every = problem.case.table["dossier"][row], list(allowed(case))
    for inside in (True, False):
        if not inside and problem.offers.forced[row]:
            continue
        answer = optimise(with_fixed(problem, fund=[row]) if inside else with_fixed(problem, refuse=[row]))
        best = max(
            (found for found in every if (name in found[0]) == inside),
            key=lambda found: found[1],
            default=None,
        )
        assert awards_of(problem, answer) == (None if best is None else best[0])
        if best is None:
            assert answer.status is Status.INFEASIBLE
        else:
            assert answer.canonical


@drawn(50)
@given(cases(largest=6), st.data())
def test_the_least_money_for_a_value(case: dict[str, Any], data: st.DataObject) -> None:
    problem = problem_of(case)
    if problem is None:
        return
    every = list(allowed(case))
    if not every:
        return
    # brute force's goals are « greater is better »; the engine's keep their sense
    wanted = data.draw(st.sampled_from([key[0] for _, key in every]))
    signs = [1 if sense == "maximise" else -1 for sense, _ in case["stages"]]
    kept = [sign * value for sign, value in zip(signs, wanted, strict=True)]
    good = [
        (awards, key)
        for awards, key in every
        if all(have >= want for have, want in zip(key[0], wanted, strict=True))
    ]
    answer = optimise(problem, OptimiseOptions(kept_values=tuple(kept)))
    assert answer.granted_cents == min(-key[1] for _, key in good)
    assert answer.canonical
    assert awards_of(problem, answer) == max(good, key=lambda found: found[1][1:])[0]
    # one unit more than any allocation has: nothing is left
    beyond = [sign * (max(key[0][0] for _, key in every) + 1) for sign in signs[:1]]
    assert optimise(problem, OptimiseOptions(kept_values=tuple(beyond))).status is Status.INFEASIBLE


def test_a_kept_stage_is_followed_by_the_next() -> None:
    problem = compile_problem(load_scenario(SHIPPED / "demat-ads.yaml"))
    whole = optimise(problem)
    first = optimise(problem, OptimiseOptions(n_stages=1, least_granted=False, canonical=False))
    assert first.values[0] == whole.values[0]
    assert optimise(problem, OptimiseOptions(kept_values=tuple(whole.values[:1]))).values == whole.values


@pytest.mark.slow
def test_the_kernel_answers_for_one_envelope() -> None:
    problem = compile_problem(load_scenario(FROZEN))
    best = optimise(problem)
    assert (best.method, best.proof, best.canonical) == ("tree", Proof.PROVED, True)
    funded = best.allocation.funded if best.allocation else np.zeros(0, dtype=bool)
    refused = np.flatnonzero(problem.offers.candidate & ~funded)
    answer = optimise(with_fixed(problem, fund=refused[:1]))
    assert answer.values[0] <= best.values[0]
    assert answer.proof is Proof.PROVED
    cheapest = optimise(problem, OptimiseOptions(kept_values=(best.values[0] - Fraction(1, 10),)))
    assert cheapest.granted_cents is not None
    assert best.granted_cents is not None
    assert cheapest.granted_cents <= best.granted_cents


def test_what_kernels_show_to_be_out_of_reach_goes_to_no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that nothing has, beside a stage that no kernel settles: the answer, and its proof."""
    problem = compile_problem(load_scenario(FROZEN))
    best = optimise(problem, OptimiseOptions(prove=False)).values[0]
    money = ObjectiveStage("money", Sense.MAXIMISE, problem.granted)
    asked = replace(problem, stages=(*problem.stages, money))
    reached = optimise(
        asked,
        OptimiseOptions(kept_values=(best,), n_stages=1, least_granted=False, canonical=False, prove=False),
    )
    assert reached.allocation is not None
    monkeypatch.setattr(question, "solve_lexicographic", None)
    beyond = optimise(
        asked,
        OptimiseOptions(
            kept_values=(best + Fraction(1, 10),), n_stages=1, least_granted=False, canonical=False
        ),
    )
    assert (beyond.status, beyond.proof) == (Status.INFEASIBLE, Proof.PROVED)


def test_amounts_change_in_memory_as_in_the_file() -> None:
    path = FROZEN
    scenario = load_scenario(path)
    richer = with_amounts(scenario, {"tnt": 9_800_000_000, "deconcentre": 2_850_000_050})
    again = load_scenario(path, ["programme.amount=98 M€", "envelopes.deconcentre.amount=28 500 000,50 €"])
    assert richer.sha256 == again.sha256
    assert with_changes(richer, {"programme.amount": "88 M€"}).sha256 != scenario.sha256
    with pytest.raises(UsageError, match="axe-9"):
        with_amounts(scenario, {"axe-9": 1})


def test_what_is_no_candidate_cannot_be_forced() -> None:
    problem = compile_problem(load_scenario(FROZEN))
    row = int(np.flatnonzero(~problem.offers.candidate)[0])
    with pytest.raises(ValueError, match="candidates"):
        with_fixed(problem, fund=[row])
    here = int(np.flatnonzero(problem.offers.candidate)[0])
    for asked in ({"fund": [here]}, {"amounts": {here: 100}}):
        with pytest.raises(ValueError, match="both in and out"):
            with_fixed(problem, refuse=[here], **asked)


def test_a_dossier_out_of_a_group_of_one_rate(tmp_path: Path) -> None:
    """Its group goes on without it: 30 % for 2, since 30 % is left when 3 has its 300 € of 700 €."""
    table = "dossier,axis,cost,requested,score\n1,a,1000,600,10.5\n2,a,1000,500,9\n3,b,1000,500,4\n"
    scenario = """schema_version: 1
id: tiny
programme: {id: p, amount: 700 €}
dossiers: [{file: table.csv}]
grants: [{mode: common_rate, by: axis, levels: [30 %, 50 %]}]
objective: [{maximise: {score: 1}}]
"""
    problem = compile_problem(tiny(tmp_path, scenario, table))
    answer = optimise(with_fixed(problem, refuse=[0]))
    assert answer.allocation is not None
    assert answer.allocation.granted_cents.tolist() == [0, 30000, 30000]


def test_a_stage_that_a_limit_ended_has_the_value_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of a later stage keeps what an earlier one found, and may have more of it."""
    real = question.solve_lexicographic

    def stop_second(*arguments: Any, **options: Any) -> StagesOutcome:
        outcome = real(*arguments, **options)
        first, second, *rest = outcome.stages
        second = replace(second, termination=Termination.TIME_LIMIT, value=second.value - 1, bound=None)
        return replace(outcome, stages=(first, second, *rest))

    monkeypatch.setattr(question, "solve_lexicographic", stop_second)
    monkeypatch.setattr(question._Optimisation, "_solve_by_kernel", lambda *_: None)
    goals = "objective: [{maximise: {dossiers: 1}}, {maximise: {score: 1}}]\n"
    text = HEAD.replace("objective: [{maximise: {score: 1}}]\n", goals)
    result = solve(tiny(tmp_path, text), cross_check="never")
    folder = write_run(result)
    (_, second, *_) = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))["stages"]
    assert (second["termination"], second["value"]) == (
        "time_limit",
        result.document["objective"][1]["value"],
    )
    assert verify_run(folder).ok
