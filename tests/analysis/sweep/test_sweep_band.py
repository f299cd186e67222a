"""The band of a sweep where proofs are missing: certified at every amount, its width exact, refined as asked."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.analysis_cases.sweep_steps import SPAN, euros
from support.analysis_cases.sweeps import Score, Small, small
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.sweep import envelope_point as points_of
from tnt_sim.analysis.sweep.curve_intervals import find_sign_change
from tnt_sim.analysis.sweep.dual_bounds import DualLines, compute_first_stage_bound, compute_proven_bounds
from tnt_sim.analysis.sweep.envelope_point import Settler
from tnt_sim.analysis.sweep.plan import Tolerance, build_plan
from tnt_sim.analysis.sweep.result import build_document
from tnt_sim.analysis.sweep.runner import SweepResult, SweepRun, run
from tnt_sim.analysis.sweep.store import SweepStore
from tnt_sim.deadline import Deadline
from tnt_sim.documents import dump_document
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import Proof, SolveOutcome, Status
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.prove.proof_lp import LpSolution, ProofLp
from tnt_sim.scenario.problem import Problem


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each amount has the best list without the first dossier, and no proof."""

    def poor(problem: Problem, options: OptimiseOptions, **more: Any) -> SolveOutcome:
        if problem.offers.forced.any():  # promises are kept by the best list
            return optimise(problem, options, **more)
        rows = problem.offers.candidate.nonzero()[0][:1]
        found = optimise(with_fixed(problem, refuse=rows), replace(options, prove=False), **more)
        return replace(found, status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP)

    monkeypatch.setattr(points_of, "optimise", poor)
    monkeypatch.setattr(Settler, "settle_by_surrogates", lambda *_: None)


def crossing(seed: int) -> Small:
    return small(100 + seed, crossing=True, own=seed % 2 == 0)


def swept(case: Small, folder: Path, *, time_limit: float | None = None, **more: Any) -> SweepResult:
    plan = build_plan(case.scenario(folder), start=euros(case.base), stop=euros(case.base + SPAN), **more)
    return run(plan, time_limit=time_limit)


def best_value(case: Small, cents: int) -> Score:
    best = case.best(cents)
    assert best is not None
    return case.value(best)


@pytest.mark.parametrize("seed", seeds(range(5), 2))
@pytest.mark.usefixtures("unproven")
def test_bounds_hold_where_nothing_is_proven(seed: int, tmp_path: Path) -> None:
    case = crossing(seed)
    found = swept(case, tmp_path, steps=6, free=True)
    for point in found.free:
        assert point.bounds[0] is not None
        assert point.values[0] <= best_value(case, point.cents) <= point.bounds[0]
    for low, high in found.band:
        for cents in range(low.cents, high.cents):
            value = best_value(case, cents)
            assert low.values[0] <= value
            assert high.bounds[0] is not None
            assert value <= high.bounds[0]


@pytest.mark.parametrize("seed", seeds(range(5), 2))
@pytest.mark.usefixtures("unproven")
def test_the_width_in_euros_is_exact(seed: int, tmp_path: Path) -> None:
    """C − min { C′ : U(C′) ≥ L(C) }, against a look at every cent from nothing up."""
    case = crossing(seed)
    scenario = case.scenario(tmp_path)
    asked = build_plan(scenario, start=euros(case.base), stop=euros(case.base + SPAN), steps=2, free=True)
    sweep = SweepRun(asked, SweepStore(), Clock(None))
    found = sweep.run()
    told = {
        p["amount_cents"]: p["free"]["width_cents"] for p in dump_document(build_document(found))["points"]
    }
    bounds = {c: _upper(sweep, c) for c in range(case.base + SPAN + 1)}
    for point in found.free:
        least = min(c for c, bound in bounds.items() if bound is not None and bound >= point.values[0])
        assert told[point.cents] == (0 if point.settled else point.cents - least)


def _upper(sweep: SweepRun, cents: int) -> Fraction | None:
    """The least of all lines at an amount, and of what is known of greater ones."""
    try:
        line = compute_first_stage_bound(sweep.plan.moved.compile_problem_at(cents), sweep.settler.lines)
    except ScenarioError:
        return None
    above = [point.bounds[0] for point in sweep.outcome.free if point.cents >= cents]
    bounds = [bound for bound in (line, *above) if bound is not None]
    return Fraction(math.floor(min(bounds)))


@pytest.mark.usefixtures("unproven")
def test_no_promise_has_a_price_below_nothing(tmp_path: Path) -> None:
    """Where the free list that was found is worse than one that keeps promises, it is not the best free one."""
    better = 0
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        case = crossing(seed)
        found = swept(case, folder, steps=6)
        for free, nested in zip(found.free, found.nested, strict=True):
            assert free.values[0] >= nested.values[0]
            assert free.bounds[0] is not None
            assert free.values[0] <= best_value(case, free.cents) <= free.bounds[0]
            better += free.method == "kept"
        for point in dump_document(build_document(found))["points"]:
            assert float(point["price_of_nesting"]) >= 0
            assert (point["price_goal"] == "score") == (point["price_of_nesting"] != "0")
    assert better


@pytest.mark.parametrize("slope", [1, 3, 7])
def test_the_first_amount_that_reaches(slope: int) -> None:
    """Straight, bent, and with a floor; None where the scenario contradicts itself."""
    for start in range(0, 60, 7):
        straight = [Fraction(slope * (c - start), 2) for c in range(100)]
        bent = [min(value, Fraction(c - start, 5)) for c, value in enumerate(straight)]
        floored = [Fraction(value.__floor__()) for value in straight]
        for curve in (straight, bent, floored):
            for none_below in (0, 11):
                read = {c: None if c < none_below else value for c, value in enumerate(curve)}
                expected = min(c for c, value in read.items() if value is not None and value >= 0)
                assert find_sign_change(lambda c, read=read: read[c], -1, 99) == expected  # type: ignore[misc]


@pytest.mark.parametrize("tolerance", ["10 %", "1"])
@pytest.mark.parametrize("seed", seeds(range(5), 2))
def test_refined_until_the_tolerance(seed: int, tolerance: str, tmp_path: Path) -> None:
    case = crossing(seed)
    found = swept(case, tmp_path, steps=1, free=True, tolerance=tolerance)
    assert not found.open
    known = sorted({p.cents: p for p in (*found.free, *found.walked)}.values(), key=lambda p: p.cents)
    allowed = Tolerance.of_text(tolerance)
    inside = {c for low, high in found.band for c in range(low.cents, high.cents)}
    for low, high in found.band:
        assert high.bounds[0] is not None
        assert high.bounds[0] - low.values[0] <= allowed.of(high.values[0])
        assert low.values[0] <= best_value(case, high.cents - 1) <= high.bounds[0]
    for cents in range(case.base, case.base + SPAN + 1):
        last = next(p for p in reversed(known) if p.cents <= cents)
        value = best_value(case, cents)
        assert last.values[0] <= value
        if cents not in inside:
            assert last.values[0] == value
    document = dump_document(build_document(found))
    assert all(part["within_tolerance"] for part in document["band"])
    assert document["tolerance"] == tolerance


@pytest.mark.usefixtures("unproven")
def test_a_refinement_without_proofs_ends(tmp_path: Path) -> None:
    case = crossing(1)
    for limit in (None, 0.5):
        found = swept(case, tmp_path, steps=1, free=True, tolerance="1", time_limit=limit)
        for low, high in found.band:
            assert high.bounds[0] is not None
            for cents in range(low.cents, high.cents):
                assert low.values[0] <= best_value(case, cents) <= high.bounds[0]


@pytest.mark.parametrize("words", [{"exact": True}, {"nested": True}, {"text": "0 %"}, {"text": "peu"}])
def test_no_such_tolerance(words: dict[str, Any], tmp_path: Path) -> None:
    text = words.pop("text", "1 %")
    with pytest.raises(UsageError):
        build_plan(small(1).scenario(tmp_path), tolerance=text, **words)


def test_every_goal_has_a_bound_at_once(tmp_path: Path) -> None:
    """What could be had without any rule bounds each goal, in no time; the lines of an amount bound the others."""
    case = crossing(0)
    moved = AmountVariation.of(case.scenario(tmp_path))
    low, high = moved.compile_problem_at(case.base), moved.compile_problem_at(case.base + SPAN)
    every = sum(score for *_, score in case.dossiers)
    best = case.best(case.base)
    assert best is not None
    value = Fraction(case.value(best))
    assert compute_proven_bounds(low, (value,), fresh=False) == (every,)
    lines = DualLines()
    (there,) = compute_proven_bounds(high, (value,), lines=lines)
    (here,) = compute_proven_bounds(low, (value,), lines=lines, fresh=False)
    assert there is not None
    assert here is not None
    assert value <= here <= there <= every


@pytest.mark.parametrize("readings", [1, 2, 3, 5, 8])
def test_no_linear_program_of_a_bound_goes_beyond_the_deadline(
    readings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gets what is left and none begins after it; a bound there is nevertheless."""
    problem = AmountVariation.of(crossing(0).scenario(tmp_path)).compile_problem_at(crossing(0).base)
    clock, given, solve = StepClock().install(monkeypatch), list[float](), ProofLp._run

    def noted(self: ProofLp, deadline: Deadline) -> LpSolution:
        given.append(deadline.seconds_left)
        return solve(self, deadline)

    monkeypatch.setattr(ProofLp, "_run", noted)
    left = readings * clock.tick
    assert compute_proven_bounds(problem, (Fraction(0),), 10.0, deadline=Deadline(left))[0] is not None
    assert all(0 <= seconds <= left for seconds in given)
    assert len(given) <= readings
    assert clock.readings < 40
