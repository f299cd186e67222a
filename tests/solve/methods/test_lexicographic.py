"""Stages in order: exact values, tolerance, limits; equal to enumeration."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.solve_instances import model_of, points_of

from tnt_sim.formulation.linear_model import NO_LOWER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.methods.lexicographic import Progress, solve_lexicographic, solve_relaxed


def stage(name: str, objective: list[int], sense: Sense = Sense.MAXIMISE, tolerance: str = "0") -> SolveStage:
    return SolveStage(name, np.array(objective, dtype=np.int64), sense, Fraction(tolerance))


@st.composite
def programmes(draw: st.DrawFn) -> tuple[LinearModel, list[SolveStage]]:
    n = draw(st.integers(2, 8))
    costs = [draw(st.integers(1, 9)) for _ in range(n)]
    floor = [draw(st.integers(0, 1)) for _ in range(n)]
    envelope = draw(st.integers(0, sum(costs)))
    model = model_of([costs, floor], [NO_LOWER, draw(st.integers(0, 2))], [envelope, n], [0] * n)
    stages = [
        SolveStage(
            f"goal {k}",
            np.array([draw(st.integers(-2, 6)) for _ in range(n)], dtype=np.int64),
            draw(st.sampled_from(list(Sense))),
            draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 7), Fraction(1, 100)])),
        )
        for k in range(draw(st.integers(1, 3)))
    ]
    return model, stages


def by_enumeration(model: LinearModel, stages: list[SolveStage]) -> list[int]:
    points, found = points_of(model), []
    for goal in stages:
        if not len(points):
            break
        values = points @ goal.objective
        up = goal.sense is Sense.MAXIMISE
        best = int(values.max() if up else values.min())
        found.append(best)
        limit = goal.compute_limit(best)
        points = points[values >= limit if up else values <= limit]
    return found


@drawn(120)
@given(programmes())
def test_stages_equal_enumeration(case: tuple[LinearModel, list[SolveStage]]) -> None:
    model, stages = case
    outcome = solve_lexicographic(model, stages, HighsBackend())
    expected = by_enumeration(model, stages)
    assert [r.value for r in outcome.stages if r.value is not None] == expected
    if not expected:
        assert outcome.termination is Termination.INFEASIBLE
        assert outcome.values is None
        return
    assert outcome.is_optimal
    assert outcome.values is not None
    assert outcome.model.is_feasible(outcome.values)
    assert outcome.model.n_rows == model.n_rows + len(stages)


def test_a_tolerance_is_a_share_of_the_exact_value() -> None:
    assert stage("a", [1], tolerance="1/7").compute_limit(10) == 9  # 60/7 = 8.57
    assert stage("a", [1], tolerance="1/7").compute_limit(-10) == -11  # −80/7 = −11.4
    assert stage("a", [1], Sense.MINIMISE, "1/7").compute_limit(10) == 11
    assert stage("a", [1], Sense.MINIMISE, "1/7").compute_limit(-10) == -9
    assert stage("a", [1], tolerance="1/3").compute_limit(3 * 10**15 + 1) == 2 * 10**15 + 1


PLAIN = model_of([[3, 4, 5]], [NO_LOWER], [8], [0, 0, 0])
GOALS = [stage("score", [5, 6, 7]), stage("granted", [3, 4, 5], Sense.MINIMISE)]


def test_progress_is_told() -> None:
    seen: list[Progress] = []
    solve_lexicographic(PLAIN, GOALS, HighsBackend(), on_progress=seen.append)
    assert [(p.index, p.name, p.result is None) for p in seen] == [
        (0, "score", True), (0, "score", False), (1, "granted", True), (1, "granted", False),
    ]  # fmt: skip


class Stopping:
    """HiGHS, but the first solve is said to have been stopped."""

    name = "stopping"
    capabilities = HighsBackend.capabilities

    def __init__(self, termination: Termination, holds: bool = True) -> None:
        self.termination, self.holds, self.n_solves = termination, holds, 0

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        self.n_solves += 1
        if self.n_solves > 1:
            return HighsBackend().solve(model, relax=relax, limits=limits, start=start, tuning=tuning)
        point = np.array([1.0, 0.0, 0.0]) if self.holds else None
        return RawSolution(self.termination, point, 5.0, 12.4, None, None, "stopped", 0.0)


@pytest.mark.parametrize("termination", [Termination.TIME_LIMIT, Termination.NODE_LIMIT])
def test_a_stage_that_a_limit_stopped_is_kept_and_told(termination: Termination) -> None:
    backend: Backend = Stopping(termination)
    outcome = solve_lexicographic(PLAIN, GOALS, backend)
    assert not outcome.is_optimal
    assert outcome.termination is termination
    first, second = outcome.stages
    assert (first.value, first.bound, first.limit) == (5, 12, 5)
    assert second.termination is Termination.OPTIMAL
    assert second.value == 3


def test_after_ctrl_c_later_stages_are_skipped() -> None:
    backend = Stopping(Termination.INTERRUPTED)
    outcome = solve_lexicographic(PLAIN, GOALS, backend)
    assert [r.termination for r in outcome.stages] == [Termination.INTERRUPTED] * 2
    assert outcome.stages[1].skipped
    assert outcome.stages[1].value == 3
    assert backend.n_solves == 1


def test_without_time_and_without_a_point_nothing_is_held() -> None:
    outcome = solve_lexicographic(PLAIN, GOALS, Stopping(Termination.TIME_LIMIT, holds=False))
    assert outcome.values is None
    assert len(outcome.stages) == 1
    assert outcome.termination is Termination.TIME_LIMIT


def test_relaxed_stages_have_prices() -> None:
    first, second = solve_relaxed(PLAIN, GOALS, HighsBackend())
    assert first.value == pytest.approx(12.4)
    assert first.row_duals is not None
    assert first.row_duals.tolist() == pytest.approx([1.4])
    assert second.value is not None
    assert second.value < 8
