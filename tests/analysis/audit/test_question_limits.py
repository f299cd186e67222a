"""Limits of the questions of an audit, and the lists beside them, against enumeration."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases.clashing_rules import Choices, world, write
from support.nested_caps import solve_nested_caps

import tnt_sim as tnt
from tnt_sim.analysis.audit import audit as audit_module
from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.analysis.audit.question_limits import CapLimitSearch, LimitSearch
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, read_within_limits

AUDIT = load_study("audit")


def limited(
    seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, solves: int
) -> tuple[Choices, int, AuditResult] | None:
    """Audit a list of a random world whose searches end after the first ones; None without any list."""
    case = world(seed, 9, least=6)
    case["rules"] = case["rules"][:2]
    every = Choices(case)
    if not every.allowed.any():
        return None
    row = seed * 77 % len(every.held)
    search, left = audit_module._optimise_in_time, iter(range(solves))

    def end_after(*given: Any, **named: Any) -> SolveOutcome | None:
        if next(left, None) is None:
            raise DeadlineExpired
        return search(*given, **named)

    monkeypatch.setattr(audit_module, "_optimise_in_time", end_after)
    names = "".join(f"{d}\n" for d in sorted(every.names(row)))
    (folder / "liste.csv").write_text("dossier\n" + names, encoding="utf-8")
    try:
        return every, row, tnt.audit(write(case, folder), folder / "liste.csv").result
    except ScenarioError:
        return None


def list_intervals(
    every: Choices, row: int, found: AuditResult
) -> Iterator[tuple[Fraction | None, Any, Any]]:
    """Bound, true figure and figure of the list, of each question; greater is worse."""
    fine = every.allowed
    refused = {rule["some"][0] for rule in every.case["rules"] if rule["kind"] == "refuse"}
    score = [0 if d["id"] in refused else d["tenths"] for d in every.case["dossiers"]]
    value = every.held @ np.array(score)
    held = None if found.optimum is None or not found.optimum.values else -10 * found.optimum.values[0]
    bound = found.optimum_bound
    yield None if bound is None else -10 * bound, -value[fine].max(), held
    within = fine & (every.cents <= every.cents[row])
    if within.any() and found.better is not None:
        bound = found.better_bound
        yield None if bound is None else -10 * bound, -value[within].max(), -10 * found.better.values[0]
    as_good = fine & (value >= value[row])
    if as_good.any() and found.cheaper is not None:
        yield (
            None if found.cheaper_from_cents is None else Fraction(found.cheaper_from_cents),
            every.cents[as_good].min(),
            found.cheaper.granted_cents,
        )
    for swap in found.swaps:
        reach = fine & (value >= (-1 if swap.target is None else 10 * swap.target))
        least = None if swap.n_changed_from is None else Fraction(swap.n_changed_from)
        yield least, every.apart(row)[reach].min(), swap.n_changed


@pytest.mark.parametrize("solves", [0, 1, 2])
def test_every_answer_is_within_its_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, solves: int
) -> None:
    n_bounds = n_tight = n_lists = 0
    for seed in range(300, 320):
        with monkeypatch.context() as patch:
            asked = limited(seed, tmp_path, patch, solves=solves)
        if asked is None:
            continue
        for bound, best, listed in list_intervals(*asked):
            assert bound is None or bound <= best
            assert listed is None or listed >= best
            n_bounds += bound is not None
            n_tight += bound == best
            n_lists += listed is not None
        assert asked[2].course.stopped_by == "time"
        for swap in asked[2].swaps:
            assert swap.answer is None or not swap.answer.is_closed
    assert n_bounds > 30
    assert n_tight > 10
    assert n_lists > 30


TABLE = """dossier,cost,requested,score,jobs,theme,least
A,900.10,400.05,3.5,2,a,100
B,800.20,300.15,3.5,1,b,
C,700.30,300.15,2.25,4,a,
D,600.40,200.25,2,2,b,50
E,500.50,200.25,1.75,2,a,
F,400.60,100.35,1.5,3,b,
"""
SCENARIO = """schema_version: 1
id: limits
title: SYNTHETIC
programme: {id: tout, amount: 850.55 €, envelopes: [{id: x, amount: 400.40 €}, {id: y, amount: 450.15 €}]}
dossiers: [{file: d.csv}]
rules:
  - {id: floor, kind: limit, measure: granted, where: {theme: b}, min: 300 €}
  - {id: count, kind: limit, measure: dossiers, max: 4}
"""
GOALS = (
    "objective: [{maximise: {score: 1}}, {maximise: {jobs: 1}}]\n",
    "objective: [{minimise: {granted: 1}}, {maximise: {score: 1}}]\n",
    "objective: [{maximise: {score: 1}, tolerance: 10 %}, {maximise: {jobs: 1}}]\n",
)


def list_allowed(problem: Problem) -> list[tuple[Allocation, AllocationReading]]:
    offers = problem.offers
    found = []
    for chosen in product((False, True), repeat=problem.case.n):
        funded = np.array(chosen)
        allocation = Allocation(funded, np.where(funded, offers.most_cents, 0))
        reading = read_within_limits(problem, allocation, ())
        if reading is not None:
            found.append((allocation, reading))
    return found


@pytest.mark.parametrize("goals", GOALS)
def test_limits_of_several_goals_with_cents_and_ties(tmp_path: Path, goals: str) -> None:
    lines = [line.rsplit(",", 1)[0] for line in TABLE.splitlines()]
    rows = [line + (",envelope" if k == 0 else f",{'xy'[k % 2]}") for k, line in enumerate(lines)]
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "limits.yaml").write_text(SCENARIO + goals, encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "limits.yaml"))
    lists = list_allowed(problem)
    assert len(lists) > 5
    up = problem.stages[0].sense == "maximise"
    mine = np.array([True, False, True, False, True, False])
    search = LimitSearch.of(problem, mine, UNLIMITED)
    for _, given in lists:
        within = [one for _, one in lists if one.granted_cents <= given.granted_cents]
        bound = search.find_best_value(given.granted_cents, UNLIMITED).bound
        assert bound is not None
        if up:
            assert bound >= max(one.values[0] for one in within)
        else:
            assert bound <= min(one.values[0] for one in within)
        for kept in (given.values[:1], given.values):
            good = [
                (allocation, one)
                for allocation, one in lists
                if read_within_limits(problem, allocation, kept) is not None
            ]
            money = search.find_least_granted(kept, UNLIMITED)
            least = min(one.granted_cents for _, one in good)
            assert money.bound is not None
            assert money.bound * 100 <= least
            distance = search.find_least_distance(kept, UNLIMITED)
            nearest = min(int((allocation.funded != mine).sum()) for allocation, _ in good)
            assert distance.bound is not None
            assert distance.bound <= nearest
            for allocation in (*money.lists, *distance.lists):
                assert read_within_limits(problem, allocation, kept) is not None


def test_a_deadline_leaves_a_limit_unknown(tmp_path: Path) -> None:
    problem = compile_problem(write(world(301, 9, least=6), tmp_path))
    funded = np.zeros(problem.case.n, dtype=np.bool_)
    search = LimitSearch.of(problem, funded, UNLIMITED)
    assert search.find_least_distance((), Deadline(0.0)).bound is None
    with pytest.raises(DeadlineExpired):
        LimitSearch.of(problem, funded, Deadline(0.0))


def test_an_interval_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ""
    for seed in range(300, 320):
        with monkeypatch.context() as patch:
            asked = limited(seed, tmp_path, patch, solves=1)
        if asked is not None:
            lines = render_report(build_report(AUDIT, asked[2].data), Lang.EN, 100)
            told += " ".join(line.plain for line in lines)
    for words in (
        "No list as good grants less than",
        "No list for as much money has more than",
        "applications change",
    ):
        assert words in told


def test_limits_from_prices_of_caps(tmp_path: Path) -> None:
    """With many dossiers prices of nested caps bound every question, on rules too, with cents and ties."""
    n_near = n_asked = 0
    for seed in range(10):
        base = solve_nested_caps(tmp_path, seed + 700, n=9, cents=seed % 2 == 1, rule=seed % 3 == 2)
        problem, lists = base.problem, list_allowed(base.problem)
        mine = np.arange(9) % 2 == 0
        search = CapLimitSearch.of(problem, mine, UNLIMITED)
        assert search is not None
        best = search.find_best_value(None, UNLIMITED).bound
        assert best is not None
        assert best >= base.answer.values[0]
        for _, given in lists[:: max(1, len(lists) // 12)]:
            value = search.find_best_value(given.granted_cents, UNLIMITED).bound
            within = [one.values[0] for _, one in lists if one.granted_cents <= given.granted_cents]
            assert value is not None
            assert value >= max(within)
            good = [(some, one) for some, one in lists if one.values[0] >= given.values[0]]
            least = min(one.granted_cents for _, one in good)
            money = search.find_least_granted(given.values, UNLIMITED).bound
            assert money is not None
            assert money * 100 <= least
            nearest = min(int((some.funded != mine).sum()) for some, _ in good)
            distance = search.find_least_distance(given.values, UNLIMITED)
            assert distance.bound is not None
            assert distance.bound <= nearest
            nearest = min(int((some.funded != mine).sum()) for some, _ in lists)
            within_rules = search.find_least_distance((), UNLIMITED).bound
            assert within_rules is not None
            assert 0 <= within_rules <= nearest
            n_near += money * 100 >= least * Fraction(3, 4)
            n_asked += 1
    assert n_near > n_asked // 3


def test_an_audit_of_many_dossiers_asks_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = solve_nested_caps(tmp_path, 701, n=12, cents=True, rule=False)
    names = base.problem.case.table["dossier"].to_list()
    (tmp_path / "liste.csv").write_text("dossier\n" + "\n".join(names[::2]) + "\n", encoding="utf-8")
    exact = tnt.audit(base.problem.scenario, tmp_path / "liste.csv").result
    search, left = audit_module._optimise_in_time, iter(range(1))

    def end_after(*given: Any, **named: Any) -> SolveOutcome | None:
        if next(left, None) is None:
            raise DeadlineExpired
        return search(*given, **named)

    monkeypatch.setattr(audit_module, "MOST_COLUMNS", 0)
    monkeypatch.setattr(audit_module, "_optimise_in_time", end_after)
    found = tnt.audit(base.problem.scenario, tmp_path / "liste.csv").result
    assert found.cheaper_from_cents is not None
    assert exact.cheaper is not None
    assert exact.cheaper.granted_cents is not None
    assert 0 < found.cheaper_from_cents <= exact.cheaper.granted_cents
    for one, other in zip(found.swaps, exact.swaps, strict=True):
        assert one.n_changed_from is not None
        assert one.n_changed is not None
        assert other.n_changed is not None
        assert one.n_changed_from <= other.n_changed <= one.n_changed


def test_an_open_optimum_is_not_called_the_best_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = set()
    for seed in range(300, 320):
        with monkeypatch.context() as patch:
            asked = limited(seed, tmp_path, patch, solves=seed % 2)
        if asked is None or asked[2].data.optimum is None:
            continue
        status = asked[2].data.status
        statuses.add(status)
        told = " ".join(
            line.plain for line in render_report(build_report(AUDIT, asked[2].data), Lang.EN, 100)
        )
        assert ("Best possible" in told, "Best found" in told) == (status == "optimal", status != "optimal")
    assert statuses == {"optimal", "feasible"}


def test_a_list_with_two_variants_is_audited(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "dossier,requested,cost,score,variant_of\nR,300,300,9,\nP,300,300,5,R\nQ,300,300,6,\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "schema_version: 1\nid: s\nlocale: en\nprogramme: {id: tout, amount: 700 €}\n"
        "dossiers: [{file: d.csv}]\nobjective: [{maximise: {score: 1}}]\n",
        encoding="utf-8",
    )
    (tmp_path / "liste.csv").write_text("dossier\nR\nP\n", encoding="utf-8")
    found = tnt.audit(load_scenario(tmp_path / "s.yaml"), tmp_path / "liste.csv").result
    assert [entry.words for entry in found.broken] == ["the column `variant_of` (one at most): broken once"]
    assert [swap.n_changed for swap in found.swaps if swap.stage < 0] == [1]
