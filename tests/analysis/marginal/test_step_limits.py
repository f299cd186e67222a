"""Limits of marginal steps, known before any solve, contain the exact ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.nested_caps import solve_nested_caps

from tnt_sim.analysis.marginal import marginal_euro
from tnt_sim.analysis.marginal.cap_limits import compute_increase_limits
from tnt_sim.analysis.marginal.list_exchanges import find_enough_cents, find_enough_violation
from tnt_sim.analysis.marginal.marginal_euro import (
    BOUNDED,
    ENVELOPE,
    NEVER,
    RISES,
    RULE,
    STOPPED,
    compute_marginal_euros,
    with_distance,
)
from tnt_sim.analysis.shared.cap_curves import CapCurves
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, build_envelope_path, set_amount
from tnt_sim.analysis.shared.goal_bounds import compute_bound_without_rules
from tnt_sim.analysis.shared.list_distance import with_first_stage
from tnt_sim.analysis.shared.reference_solution import (
    ReferenceSolution,
    relax_rule_to_report,
    solve_reference,
)
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Status
from tnt_sim.kernel.cap_tree.path_room import FAR
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem
from tnt_sim.studies.marginal_euro.answer import describe_outcome
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

ODD_RULES = """rules:
  - {id: floor, kind: limit, measure: granted, where: {theme: t0}, min: %d €}
  - {id: themes, kind: limit, measure: granted, by: theme, max: %.2f €}
  - {id: each, kind: limit, measure: dossiers, by: theme, min: 1}
"""


def solve_ruled(folder: Path, seed: int, n: int = 9) -> ReferenceSolution:
    """A decision under floors and caps, with ties, cents, and scores that are zero or negative: SYNTHETIC."""
    random = np.random.default_rng(seed)
    theme = np.concatenate([np.arange(3), random.integers(0, 3, n - 3)])
    ask = random.choice([3, 4, 4, 5, 8], n) + random.integers(0, 3, n) * 0.37
    score = random.choice([-1, 0, 2, 2, 3.5, 5], n)
    pl.DataFrame(
        {
            "dossier": [f"D{k}" for k in range(n)],
            "theme": [f"t{k}" for k in theme.tolist()],
            "cost": ask,
            "requested": ask,
            "score": score,
        }
    ).write_csv(folder / "dossiers.csv")
    text = f"""schema_version: 1
id: ruled
title: SYNTHETIC
programme: {{id: tout, amount: {ask.sum() * 0.55:.2f} €}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
    text += ODD_RULES % (min(int(ask[theme == 0].min()) + 1, int(ask[theme == 0].sum())), ask.sum() * 0.3 + 4)
    (folder / "ruled.yaml").write_text(text, encoding="utf-8")
    return solve_reference(load_scenario(folder / "ruled.yaml"), prove=False)


def find_best(problem: Problem) -> Fraction:
    """The best value of every list that breaks no rule, by trying all."""
    offers, n = problem.offers, problem.case.n
    best = None
    for chosen in product((False, True), repeat=n):
        funded = np.array(chosen) & offers.candidate
        allocation = Allocation(funded, np.where(funded, offers.most_cents, 0))
        reading = read_allocation(problem, allocation)
        if not list_broken_rules(problem, allocation, reading):
            best = reading.values[0] if best is None else max(best, reading.values[0])
    assert best is not None
    return best


def raise_fully(problem: Problem, path: EnvelopePath) -> Problem:
    return set_amount(problem, path, path.amount_cents + int(problem.offers.most_cents.sum()))


@pytest.mark.parametrize("seed", range(24))
def test_limits_of_increases_contain_the_exact_ones(tmp_path: Path, seed: int) -> None:
    base = solve_nested_caps(tmp_path, seed + 300, cents=seed % 2 == 1, rule=seed % 3 == 2)
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    assert curves is not None
    paths = {
        name: build_envelope_path(base.problem, name).restrict_upwards()
        for name in base.problem.case.tree.ids
    }
    raised = curves.find_raised_paths(list(paths.values()), UNLIMITED)
    limits = compute_increase_limits(curves, raised)
    assert set(limits) == {name for name, caps in raised.items() if caps.tree >= 0}
    exact = curves.find_increases(raised, UNLIMITED)
    for name, one in limits.items():
        low, high = raised[name].to_cents(one.enough, curves.trees[raised[name].tree].task.unit)
        assert low <= exact[name].low
        assert exact[name].high <= high
        there = optimise(raise_fully(base.problem, paths[name]), OptimiseOptions(prove=False))
        assert one.most_gain is not None
        assert there.bests[0] - base.answer.bests[0] <= one.most_gain * base.units[0]


def test_limits_of_increases_say_something(tmp_path: Path) -> None:
    told = []
    for seed in range(12):
        base = solve_nested_caps(tmp_path, seed + 300, cents=seed % 2 == 1, rule=seed % 3 == 2)
        curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
        assert curves is not None
        paths = [build_envelope_path(base.problem, name) for name in base.problem.case.tree.ids]
        raised = curves.find_raised_paths(paths, UNLIMITED)
        told += [one.enough for one in compute_increase_limits(curves, raised).values()]
    assert sum(one.low == FAR for one in told) > 3
    assert sum(0 < one.low < FAR for one in told) > 3
    assert sum(one.high < FAR for one in told) > len(told) // 2


@pytest.mark.parametrize("seed", range(6))
def test_what_the_curves_do_not_reach_is_an_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    base = solve_nested_caps(tmp_path, seed + 300, cents=seed % 2 == 1, rule=False)
    exact = compute_marginal_euros(base, rules=[], prove=False)
    monkeypatch.setattr(marginal_euro, "MOST_SOLVED", 0)  # as with many dossiers
    monkeypatch.setattr(CapCurves, "narrow_questions", lambda *_: None)
    for seconds in (None, 0.0):
        if seconds is not None:
            monkeypatch.setattr(marginal_euro, "CURVE_SHARE", 1.0)

            def stop(*_: object) -> None:
                raise DeadlineExpired

            monkeypatch.setattr(marginal_euro._MarginalSearch, "find_envelope_step", stop)
        found = {one.id: one for one in compute_marginal_euros(base, rules=[], prove=False)}
        for one in exact:
            here = found[one.id]
            assert here.status != STOPPED
            if here.status == NEVER:
                assert one.status == NEVER
            elif here.status == RISES and one.status == RISES:
                assert here.step.low is not None
                assert one.step.low is not None
                assert one.step.high is not None
                assert here.step.low <= one.step.low
                assert here.step.high is None or one.step.high <= here.step.high
            if here.status == BOUNDED:
                assert here.most_gain is not None
            if here.most_gain is not None and one.gain is not None:
                assert one.gain <= here.most_gain


@pytest.mark.parametrize("seed", range(20))
def test_an_exchange_is_enough_for_a_step(tmp_path: Path, seed: int) -> None:
    base = solve_ruled(tmp_path, seed)
    steps = {(one.kind, one.id): one for one in compute_marginal_euros(base, prove=False)}
    assert find_best(base.problem) == base.answer.bests[0]
    cents = find_enough_cents(base, build_envelope_path(base.problem, "tout"), UNLIMITED)
    exact = steps[ENVELOPE, "tout"]
    if cents is not None:
        assert exact.status == RISES
        assert exact.step.low is not None
        assert exact.step.low * 100 <= cents
    for rule in base.problem.rules:
        soft, distance = with_distance(base.problem, rule.id)
        violation = find_enough_violation(base, with_first_stage(soft, distance), rule, UNLIMITED)
        exact = steps[RULE, rule.id]
        if violation is not None:
            assert exact.status == RISES
            assert exact.step.low is not None
            assert exact.step.low <= violation
        bound = compute_bound_without_rules(base.problem)
        assert bound is not None
        assert find_best(relax_rule_to_report(base.problem, rule.id)) <= bound


@pytest.mark.parametrize("seed", range(4))
def test_no_question_stays_unknown_when_nothing_is_solved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    base = solve_ruled(tmp_path, seed)
    exact = {(one.kind, one.id): one for one in compute_marginal_euros(base, prove=False)}

    def stop(*_: object) -> None:
        raise DeadlineExpired

    monkeypatch.setattr(marginal_euro._MarginalSearch, "find_envelope_step", stop)
    monkeypatch.setattr(marginal_euro._MarginalSearch, "find_rule_step", stop)
    found = compute_marginal_euros(base, clock=Clock.from_deadline(Deadline(1000)), prove=False)
    assert {(one.kind, one.id) for one in found} == set(exact)
    for one in found:
        other = exact[one.kind, one.id]
        if one.kind == RULE:
            assert one.most_gain is not None
            assert one.status in (RISES, BOUNDED)
        if one.step.low is not None and other.step.low is not None:
            assert one.step.low <= other.step.low
            assert one.step.high is not None
            assert other.step.low <= one.step.high


@pytest.mark.parametrize("seed", range(8))
def test_limits_beside_a_list_that_is_not_optimal(tmp_path: Path, seed: int) -> None:
    """A gain over a list that lacks what it could fund today may need no money, and is bounded all the same."""
    base = solve_nested_caps(tmp_path, seed + 300, cents=seed % 2 == 1, rule=seed % 3 == 2)
    lacking = base.allocation.funded.copy()
    lacking[np.flatnonzero(lacking)[:2]] = False
    allocation = Allocation(lacking, np.where(lacking, base.allocation.granted_cents, 0))
    now = read_allocation(base.problem, allocation).values[0]
    curves = CapCurves.of(base.problem, allocation, UNLIMITED)
    assert curves is not None
    paths = {
        name: build_envelope_path(base.problem, name).restrict_upwards()
        for name in base.problem.case.tree.ids
    }
    raised = curves.find_raised_paths(list(paths.values()), UNLIMITED)
    limits = compute_increase_limits(curves, raised, optimal=False)
    assert limits
    for name, one in limits.items():
        there = optimise(raise_fully(base.problem, paths[name]), OptimiseOptions(prove=False))
        assert one.most_gain is not None
        assert there.bests[0] - now <= one.most_gain * base.units[0]
        assert one.enough.low == 0
        high = raised[name].to_cents(one.enough, curves.trees[raised[name].tree].task.unit).high
        if high < FAR:
            path = paths[name]
            at = optimise(
                set_amount(base.problem, path, path.amount_cents + high), OptimiseOptions(prove=False)
            )
            assert at.bests[0] > now


@pytest.mark.parametrize("seed", [0, 18, 28])
def test_a_list_that_is_not_proven_never_excludes_a_gain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Where a better list exists today, no envelope is without gain, nor does one need money."""
    best = solve_nested_caps(tmp_path, seed + 900, n=7, cents=True, rule=False)
    lacking = best.allocation.funded.copy()
    lacking[np.flatnonzero(lacking)[:1]] = False
    allocation = Allocation(lacking, np.where(lacking, best.allocation.granted_cents, 0))
    reading = read_allocation(best.problem, allocation)
    assert reading.values[0] < best.answer.values[0]
    answer = replace(
        best.answer,
        allocation=allocation,
        values=reading.values,
        bests=reading.values,
        status=Status.FEASIBLE,
        claimed=False,
        canonical=False,
        granted_cents=reading.granted_cents,
    )
    base = replace(best, answer=answer, limits=reading.values)
    for solved in (True, False):
        if not solved:
            monkeypatch.setattr(marginal_euro, "MOST_SOLVED", 0)  # as with many dossiers
        for one in compute_marginal_euros(base, clock=Clock.from_deadline(Deadline(1000)), prove=False):
            assert one.status != NEVER
            assert not one.step.low


def test_a_limit_of_the_gain_names_its_goal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second goal may gain where the first cannot."""
    table = "dossier,cost,requested,score\nA,5,5,3\nB,5,5,0\nC,5,5,2\nD,5,5,0\n"
    (tmp_path / "dossiers.csv").write_text(table, encoding="utf-8")
    text = """schema_version: 1
id: two
title: SYNTHETIC
programme: {id: tout, amount: 20 €}
dossiers: [{file: dossiers.csv}]
objective: [{maximise: {score: 1}}, {maximise: {dossiers: 1}}]
rules:
  - {id: most, kind: limit, measure: dossiers, max: 2}
"""
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    base = solve_reference(load_scenario(tmp_path / "two.yaml"), prove=False)
    (exact,) = compute_marginal_euros(base, envelopes=[], prove=False)
    assert (exact.status, exact.goal, exact.gain) == (RISES, "dossiers", Fraction(1))

    def stop(*_: object) -> None:
        raise DeadlineExpired

    monkeypatch.setattr(marginal_euro._MarginalSearch, "find_rule_step", stop)
    clock = Clock.from_deadline(Deadline(1000))
    (found,) = compute_marginal_euros(base, envelopes=[], clock=clock, prove=False)
    assert (found.status, found.goal, found.most_gain) == (BOUNDED, "score", Fraction(0))
    outcome = describe_outcome(found).en
    assert outcome == "open; in score, no change gains more than +0"
    monkeypatch.setattr(marginal_euro, "find_enough_violation", lambda *_: Fraction(1))
    (found,) = compute_marginal_euros(base, envelopes=[], clock=clock, prove=False)
    assert (found.status, found.step.low, found.step.high, found.goal) == (
        RISES,
        Fraction(0),
        Fraction(1),
        None,
    )
    outcome = describe_outcome(found).en
    assert outcome == "its gain was not computed"
