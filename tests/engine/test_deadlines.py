"""A false clock stops every way to an answer at every step: each leaves a list that keeps every rule, at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.clocks import StepClock
from support.lanes import Lane, seeds
from support.tiny_scenario import tiny

from tnt_sim.certify.claim_systems import Claims
from tnt_sim.deadline import Cancellation, Deadline, DeadlineExpired
from tnt_sim.engine import optimise as optimise_module
from tnt_sim.engine import solve as engine
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import ALLOWED, Proof, ResultData, Status
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.session import SolverSession
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import formulate, update_formulation
from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.i18n.message import Lang
from tnt_sim.prove.stage_proofs import build_problem_claims, prove_stages
from tnt_sim.reporting.text.vocabulary import describe_verdict
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.backends.backend import Backend, Limits
from tnt_sim.solve.methods.cross_check import CrossCheck, StageCheck, Verdict, cross_check
from tnt_sim.solve.methods.integral import IntegralSolution, solve_integral
from tnt_sim.solve.methods.lexicographic import StagesOutcome
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.run_replay import verify_run

TABLE = """dossier,envelope,department,theme,filed_at,cost,requested,score,committed
A1,p,01,x,2026-01-01,100000.40,60000.10,14.5,
A2,p,01,y,2026-01-02,100000,55000.25,12.1,
A3,p,01,x,2026-01-03,100000,41000,9.8,
A4,p,02,y,2026-01-04,100000,72000.99,15.7,
A5,p,02,x,2026-01-05,100000,35000,7.4,20000
A6,p,02,y,2026-01-06,100000,28000.50,6.6,
A7,p,03,x,2026-01-07,100000,52000,11.3,
A8,p,03,y,2026-01-08,100000,64000,13.2,
A9,p,03,x,2026-01-09,100000,23000.05,5.9,
B1,p,03,y,2026-01-10,100000,47000,10.4,
"""
HEAD = """schema_version: 1
id: w
title: W
date: 2026-03-31
programme: {id: p, title: P, amount: 250 000.55 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
NESTED = """rules:
  - {id: dep, title: Plafond, kind: limit, measure: granted, by: department, max: 120 k€}
"""
CROSSING = (
    NESTED
    + """  - {id: theme, title: Thème, kind: limit, measure: granted, by: theme, max: 110 k€}
  - {id: part, title: Part, kind: share, measure: granted, where: {department: "02"}, min: 15 %}
"""
)
LEVELS = "grants: [{mode: levels, levels: [20 %, 35 %, 50 %]}]\n"
RANGES = "grants: [{mode: range, min_rate: 20 %, max_rate: 60 %, round: 100 €}]\n"
STEPS = """steps:
  - {id: un, date: 2026-01-04, set: {programme.amount: 150 k€}}
  - {id: deux, date: 2026-01-31}
"""
PEOPLE = "measures: {people: {column: score, once_per: department}}\n"
REACHED = "  - {id: reached, kind: limit, measure: people, max: 60}\n"
FLOOR = """rules:
  - {id: least, title: Minimum, kind: limit, measure: dossiers, min: 3}
"""
TICK = StepClock().tick
MOST_AFTER = 60
"""Readings of the clock after it has run out, in all that ends and tells a run."""


Found = list[tuple[Problem, Allocation | None, Status, Proof | None]]


@dataclass(frozen=True)
class Way:
    """A way to an answer: the scenario, and how it is solved."""

    scenario: str
    solve: Callable[[ScenarioData, float], Found]


def run(
    **how: object,
) -> Callable[[ScenarioData, float], Found]:
    """`engine.solve` within a limit."""

    def solve(scenario: ScenarioData, seconds: float) -> Found:
        result: ResultData = engine.solve(scenario, time_limit=seconds, **how)  # type: ignore[arg-type]
        problem = result.problem
        if scenario.steps:  # the last step's problem knows what the first kept
            problem = compile_problem(scenario)
        return [(problem, result.allocation, result.status, result.proof)]

    return solve


def questions(scenario: ScenarioData, seconds: float) -> Found:
    """A problem, and one with a dossier out, each within a limit."""
    problem = compile_problem(scenario)
    found = []
    for asked in (problem, with_fixed(problem, refuse=[int(np.flatnonzero(problem.offers.candidate)[0])])):
        answer = optimise(
            asked, OptimiseOptions(cross_check="auto"), clock=Clock.from_deadline(Deadline(seconds))
        )
        found.append((asked, answer.allocation, answer.status, answer.proof))
    return found


def session(scenario: ScenarioData, seconds: float) -> Found:
    """Two questions of a session."""
    asked, found = SolverSession(scenario), []
    for changes in (None, {"programme.amount": "200 k€"}):
        said = asked.optimise(changes, clock=Clock(seconds))
        found.append((said.problem, said.answer.allocation, said.answer.status, said.answer.proof))
    return found


WAYS = {
    "direct": Way(HEAD + CROSSING, run(method="direct", cross_check="never")),
    "core": Way(HEAD + CROSSING, run(method="core", cross_check="never")),
    "caps": Way(HEAD + NESTED, run(cross_check="never")),
    "blocks": Way(HEAD + CROSSING, run(cross_check="never")),
    "levels": Way(HEAD + LEVELS + CROSSING, run(cross_check="never")),
    "ranges": Way(HEAD + RANGES + CROSSING, run(cross_check="never")),
    "steps": Way(HEAD + STEPS + NESTED, run(cross_check="never")),
    "questions": Way(HEAD + CROSSING, questions),
    "session": Way(HEAD + NESTED, session),
}


def steps_of(total: int) -> Iterator[int]:
    """Every early step, then some up to the last one."""
    yield from sorted({*range(min(6, total)), *np.geomspace(6, total, 10).astype(int).tolist()})


@pytest.mark.parametrize("name", WAYS)
def test_every_way_leaves_a_list_at_every_step(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = WAYS[name]
    scenario = tiny(tmp_path, way.scenario, TABLE)
    whole = StepClock().install(monkeypatch)
    best = way.solve(scenario, 1e6)
    assert all(status is Status.OPTIMAL for _, _, status, _ in best)
    for limit in steps_of(whole.readings):
        clock = StepClock().install(monkeypatch)
        found = way.solve(scenario, limit * TICK)
        parts = len(found) if name in ("questions", "session") else 1
        assert clock.readings <= parts * (limit + MOST_AFTER), (limit, clock.readings)
        for problem, allocation, status, proof in found:
            assert allocation is not None, limit
            assert status in (Status.OPTIMAL, Status.FEASIBLE)
            reading = read_allocation(problem, allocation)
            if name != "steps":
                assert not list_broken_rules(problem, allocation, reading), limit
            assert proof in ALLOWED[status] or name in ("questions", "session")
            assert allocation.funded[problem.offers.committed].all()


def test_the_second_opinion_keeps_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No certificate, so that a second solver is asked: the list stands wherever that one is stopped."""
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])
    scenario = tiny(tmp_path, HEAD + CROSSING, TABLE)
    whole = StepClock().install(monkeypatch)
    assert engine.solve(scenario, time_limit=1e6).proof is Proof.CROSS_CHECKED
    for limit in steps_of(whole.readings):
        clock = StepClock().install(monkeypatch)
        result = engine.solve(scenario, time_limit=limit * TICK)
        assert result.allocation is not None
        assert clock.readings <= limit + MOST_AFTER


def test_what_one_solver_closes_is_not_called_optimal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No certificate and no second solver: a list with the bound that one solver claims."""
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])
    result = engine.solve(tiny(tmp_path, HEAD + CROSSING, TABLE), cross_check="never")
    assert (result.status, result.proof) == (Status.FEASIBLE, Proof.FEASIBLE_GAP)
    told = result.document
    assert (told["publishable"], told["canonical"], told["stopped_by"]) == (False, False, None)
    assert told["objective"][0]["gap"] == "0"
    assert any(warning.code == "one-solver" for warning in result.warnings)


def test_a_list_that_one_solver_closed_is_confirmed_with_the_rest_of_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value equals its own bound, and the first share of the time was not enough for the second solver."""
    asked, now = list[float](), [0.0]
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: now[0])
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])

    def ask(*given: Any, **how: Any) -> CrossCheck:
        limits = given[4]
        asked.append(limits.time_seconds)
        if len(asked) == 1:
            now[0] += limits.time_seconds
            limits = Limits(Deadline(0.0))
        return cross_check(*given[:4], limits, **how)

    monkeypatch.setattr(optimise_module, "ask_second", ask)
    scenario = tiny(tmp_path, HEAD + CROSSING, TABLE)
    result = engine.solve(scenario, time_limit=1_000.0, method="direct")
    assert result.proof is Proof.CROSS_CHECKED
    assert len(asked) == 2
    assert asked[1] == pytest.approx(asked[0])  # all that half of the time had left


def test_goals_are_confirmed_where_only_the_least_money_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second solver agrees on each goal and never ends with « least granted »; no goal is asked twice."""
    before = list[Sequence[StageCheck]]()
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])

    def ask(*given: Any, **how: Any) -> CrossCheck:
        before.append(how["before"])
        found = cross_check(*given, **how)
        *goals, least = found.stages
        assert all(
            again is known for again, known in zip(goals, before[1][:1] if before[1:] else (), strict=False)
        )
        unfinished = replace(least, verdict=Verdict.LIMIT)
        return replace(found, agrees=None, verdict=Verdict.LIMIT, stages=(*goals, unfinished))

    monkeypatch.setattr(optimise_module, "ask_second", ask)
    result = engine.solve(tiny(tmp_path, HEAD + CROSSING, TABLE), method="direct")
    assert [len(checks) for checks in before] == [0, 2]
    assert (result.status, result.proof) == (Status.OPTIMAL, Proof.CROSS_CHECKED)
    assert result.data.canonical_proof.least_granted is None
    assert not result.warnings
    assert not verify_run(write_run(result, tmp_path / "runs" / "one")).defects


@pytest.mark.parametrize("proof", [Proof.PROVED, Proof.CROSS_CHECKED])
def test_a_search_for_the_least_money_leaves_time_for_the_evidence(
    proof: Proof, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value equals its own bound, and « least granted » goes on for as long as it may."""
    now = [0.0]
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: now[0])
    if proof is Proof.CROSS_CHECKED:
        monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])

    def solve(
        model: LinearModel, backend: Backend, limits: Limits, start: Any = None, **how: Any
    ) -> IntegralSolution:
        if model.sense is Sense.MINIMISE:
            now[0] += limits.time_seconds or 0.0
            limits = Limits(Deadline(0.0))
        return solve_integral(model, backend, limits, start, **how)

    monkeypatch.setitem(optimise_module.METHODS, "direct", solve)
    scenario = tiny(tmp_path, HEAD + CROSSING, TABLE)
    result = engine.solve(scenario, time_limit=100.0, method="direct")
    assert now[0] <= 100.0
    assert (result.status, result.proof) == (Status.OPTIMAL, proof)
    assert (result.data.canonical, result.data.stopped_by) == (False, "time")
    assert result.data.objective[0].gap == "0"
    assert [warning.code for warning in result.warnings] == ["not-canonical"]
    assert not verify_run(write_run(result, tmp_path / "runs" / "one")).defects


@pytest.mark.parametrize("in_time", [False, True])
def test_a_proof_is_sought_with_the_rest_of_the_limit(
    in_time: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its share was not enough and no second solver confirms the list; a search that ended found nothing."""
    asked, now = list[float](), [0.0]
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: now[0])

    def prove(*given: Any) -> Any:
        deadline = given[2]
        asked.append(deadline.seconds_left)
        if len(asked) > 1:
            return prove_stages(*given)
        now[0] += 0.0 if in_time else deadline.seconds_left
        return [None]

    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", prove)
    scenario = tiny(tmp_path, HEAD + CROSSING, TABLE)
    result = engine.solve(scenario, cross_check="never", time_limit=20.0, method="direct")
    assert result.proof is (Proof.FEASIBLE_GAP if in_time else Proof.PROVED)
    assert len(asked) == (1 if in_time else 2)


@pytest.mark.parametrize("lang", Lang)
def test_such_runs_verify_and_say_it(lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one solver closes, and what no time was left for: folders that verify, and sentences that say it."""
    scenario = tiny(tmp_path, HEAD + f"locale: {lang.value}\n" + CROSSING, TABLE)
    stopped = engine.solve(scenario, time_limit=0.0)
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])
    alone = engine.solve(scenario, cross_check="never")
    said = {Lang.FR: ("un seul solveur", "limite de temps"), Lang.EN: ("one solver", "time limit")}[lang]
    for name, result, words in zip(("alone", "stopped"), (alone, stopped), said, strict=True):
        told = verify_run(write_run(result, tmp_path / "runs" / name))
        assert not told.defects, told.defects
        assert words in describe_verdict(result.data).in_(lang)


def test_a_contradiction_of_words_is_a_breakdown(tmp_path: Path) -> None:
    result = engine.solve(tiny(tmp_path, HEAD, TABLE), cross_check="never")
    with pytest.raises(ValueError, match="optimal with proof"):
        replace(result, proof=Proof.FEASIBLE_GAP).with_allowed_words()


def test_a_floor_allows_no_list_before_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doing nothing breaks the rule: only then may a limit leave nothing."""
    scenario = tiny(tmp_path, HEAD + FLOOR, TABLE)
    StepClock().install(monkeypatch)
    with pytest.raises(LimitReached, match="avant qu"):
        engine.solve(scenario, time_limit=0.0)


def test_a_limit_of_nothing_holds_a_quick_list(tmp_path: Path) -> None:
    """Even without a second the list is more than nothing, and says what stopped it."""
    result = engine.solve(tiny(tmp_path, HEAD + CROSSING, TABLE), time_limit=0.0)
    told = result.document
    assert (told["status"], told["proof"], told["stopped_by"]) == ("feasible", "FEASIBLE_GAP", "time")
    assert not told["publishable"]
    assert told["n_funded"] >= 1


@pytest.mark.parametrize(
    "work",
    [
        "engine.optimise.solve_exactly",
        "solve.methods.lexicographic.fix_columns",
        "solve.methods.greedy._build_moves",
    ],
)
def test_nothing_long_begins_after_the_limit(
    work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these takes seconds at a million dossiers before it first looks at the clock."""
    begun = list[str]()
    monkeypatch.setattr(f"tnt_sim.{work}", lambda *_, **__: begun.append(work))
    result = engine.solve(tiny(tmp_path, HEAD + CROSSING, TABLE), time_limit=0.0)
    assert result.allocation is not None
    assert not begun


@pytest.mark.drawn
@pytest.mark.parametrize("kernels", seeds([False, True], 1))
def test_no_rows_of_a_proof_are_written_after_the_limit(
    kernels: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take seconds where there are many dossiers, whether a proof is sought then or not."""
    problem = compile_problem(tiny(tmp_path, HEAD + CROSSING, TABLE))
    whole, begun = StepClock().install(monkeypatch), list[int]()
    optimise(
        problem,
        OptimiseOptions(method="auto" if kernels else "direct"),
        clock=Clock.from_deadline(Deadline(1e6)),
    )

    def written(asked: Problem, deadline: Deadline) -> Claims | None:
        begun.append(clock.readings)
        return build_problem_claims(asked, deadline)

    monkeypatch.setattr("tnt_sim.engine.model_cache.build_problem_claims", written)
    for limit in range(0, whole.readings, 3 if Lane.slow else 7):
        clock = StepClock().install(monkeypatch)
        optimise(
            problem,
            OptimiseOptions(method="auto" if kernels else "direct"),
            clock=Clock.from_deadline(Deadline(limit * TICK)),
        )
        assert max(begun, default=0) <= limit
        begun.clear()


@pytest.mark.parametrize("grants", ["", LEVELS, RANGES])
def test_no_model_is_written_after_the_limit(
    grants: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million dossiers take seconds to read and to write as rows: both end at the next look at the clock."""
    scenario = tiny(tmp_path, HEAD + grants + PEOPLE + CROSSING + REACHED, TABLE)
    problem = compile_problem(scenario)
    steps: list[tuple[int, Callable[[Deadline], object]]] = [
        (3, lambda deadline: compile_problem(scenario, deadline)),
        (3, lambda deadline: formulate(problem, deadline=deadline)),
        (2, lambda deadline: update_formulation(formulate(problem), problem, problem, deadline)),
    ]
    for least, step in steps:
        whole = StepClock().install(monkeypatch)
        step(Deadline(1e6))
        assert whole.readings >= least
        for limit in range(whole.readings - 1):
            clock = StepClock().install(monkeypatch)
            with pytest.raises(DeadlineExpired):
                step(Deadline(limit * TICK))
            assert clock.readings <= limit + 2


def test_the_limit_counts_from_where_the_inputs_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading tables and rules takes what it takes; a question's own scenarios are read within its time."""
    scenario = tiny(tmp_path, HEAD + NESTED, TABLE)
    clock = StepClock().install(monkeypatch)

    def slow(asked: ScenarioData, *_: object) -> Problem:
        clock.readings += 1_000_000
        return compile_problem(asked)

    monkeypatch.setattr("tnt_sim.engine.optimise.compile_problem", slow)
    result = engine.solve(scenario, time_limit=500.0)
    assert result.status is Status.OPTIMAL
    began = Clock(1.0)
    began.begin()
    end = began.deadline
    began.begin()
    assert began.deadline is end
    part = Clock.from_deadline(end)
    part.begin()
    assert part.deadline is end


def test_without_a_model_the_list_in_hand_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit comes while the model is written: the list that needs none is told, with what stopped it."""
    scenario = tiny(tmp_path, HEAD + CROSSING, TABLE)
    monkeypatch.setattr("tnt_sim.engine.model_cache.formulate", lambda *_, **__: Deadline(0.0).check())
    result = engine.solve(scenario, time_limit=5.0)
    told = result.document
    assert (told["status"], told["stopped_by"], told["n_funded"]) == ("feasible", "time", 1)
    assert told["objective"][0]["bound"] is None
    verified = verify_run(write_run(result, tmp_path / "runs" / "r"))
    assert not verified.defects, verified.defects
    problem = compile_problem(scenario)
    answer = optimise(problem, clock=Clock(5.0))
    assert (answer.status, answer.proof) == (Status.FEASIBLE, Proof.FEASIBLE_GAP)
    better = optimise(problem, OptimiseOptions(kept_values=(answer.values[0] + 1,)), clock=Clock(5.0))
    assert (better.status, better.allocation) == (Status.STOPPED, None)


def test_no_limit_reads_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock(math.inf).install(monkeypatch)
    questions(tiny(tmp_path, HEAD + NESTED, TABLE), 10.0)
    before = clock.readings
    compile_problem(tiny(tmp_path, HEAD, TABLE))
    optimise(compile_problem(tiny(tmp_path, HEAD + NESTED, TABLE)), OptimiseOptions(prove=False))
    assert clock.readings == before


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_list_after_the_limit_is_sought_on_the_clock_of_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    """Where a switch ends the computation, the greedy list is not sought either."""
    problem, switch = compile_problem(tiny(tmp_path, HEAD + FLOOR, TABLE)), Cancellation()

    def find_nothing(_: object, model: LinearModel) -> optimise_module._Optimum:
        if cancelled:
            switch.cancel()
        return optimise_module._Optimum(model, StagesOutcome((), None, model))

    monkeypatch.setattr(optimise_module._Optimisation, "_find_optimum", find_nothing)
    clock = Clock.from_deadline(Deadline(100.0, switch.read_clock))
    answer = optimise(problem, OptimiseOptions(prove=False), clock=clock)
    assert answer.status is (Status.STOPPED if cancelled else Status.FEASIBLE)
