"""Stages that an earlier one already settles, and later points that refute an earlier « optimum »."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from support.solve_instances import model_of

from tnt_sim.formulation.linear_model import NO_LOWER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, Termination
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.backends.registry import list_independent_backends
from tnt_sim.solve.methods.cross_check import Verdict, cross_check
from tnt_sim.solve.methods.integral import IntegralSolution, solve_integral
from tnt_sim.solve.methods.lexicographic import MAX_RESTARTS, find_refuted_stage, solve_lexicographic

COSTS = [30, 20, 50, 40]
PROGRAMME = model_of([COSTS], [NO_LOWER], [85], [0] * 4)


def goal(objective: list[int], sense: Sense = Sense.MAXIMISE, tolerance: str = "0") -> SolveStage:
    return SolveStage("goal", np.array(objective, dtype=np.int64), sense, Fraction(tolerance))


@pytest.mark.parametrize("sense", list(Sense))
@pytest.mark.parametrize("factor", [1, 3, -2])
def test_least_granted_after_a_goal_on_granted_needs_no_solve(factor: int, sense: Sense) -> None:
    stages = [goal(COSTS), goal([factor * cost for cost in COSTS], sense)]
    outcome = solve_lexicographic(PROGRAMME, stages, HighsBackend())
    second = outcome.stages[1]
    assert outcome.is_optimal
    assert (second.skipped, second.n_solves) == (True, 0)
    assert second.value == second.bound == 80 * factor
    assert outcome.values is not None
    assert outcome.model.is_feasible(outcome.values)
    others = [name for name in list_independent_backends() if name != "pulp:CPSAT"]
    if others:
        checked = cross_check(PROGRAMME, stages, outcome, others[0])
        assert checked.agrees is True
        assert [check.verdict for check in checked.stages] == [Verdict.AGREES] * 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (goal(COSTS, tolerance="0.1"), goal(COSTS, Sense.MINIMISE)),  # some may be given up: not one value
        (goal(COSTS), goal([30, 20, 50, 41], Sense.MINIMISE)),
        (goal([1, 0, 0, 0]), goal([0, 1, 0, 0], Sense.MINIMISE)),
        (goal([1, 1, 1, 0]), goal([1, 1, 1, 1])),
    ],
)
def test_what_is_not_settled_is_solved(first: SolveStage, second: SolveStage) -> None:
    outcome = solve_lexicographic(PROGRAMME, [first, second], HighsBackend())
    assert not outcome.stages[1].skipped
    assert outcome.stages[1].n_solves >= 1


def test_a_stage_that_was_not_finished_settles_nothing() -> None:
    def stopped(
        model: LinearModel, backend: Backend, limits: Limits, start: IntArray | None
    ) -> IntegralSolution:
        found = solve_integral(model, backend, limits, start)
        return replace(found, termination=Termination.NODE_LIMIT) if start is None else found

    stages = [goal(COSTS), goal(COSTS, Sense.MINIMISE)]
    outcome = solve_lexicographic(PROGRAMME, stages, HighsBackend(), solve=stopped)
    assert not outcome.stages[1].skipped


Solver = Callable[[LinearModel, Backend, Limits, IntArray | None], IntegralSolution]


def lying(times: int) -> Solver:
    """The first stage is called optimal at the dearest dossier alone, so many times."""
    told = 0

    def solve(
        model: LinearModel, backend: Backend, limits: Limits, start: IntArray | None
    ) -> IntegralSolution:
        nonlocal told
        first = model.n_rows == PROGRAMME.n_rows
        if not first or told == times:
            return solve_integral(model, backend, limits, start)
        told += 1
        point = np.array([0, 0, 1, 0])
        value = model.compute_value(point)
        return IntegralSolution(Termination.OPTIMAL, point, value, value, "liar", "")

    return solve


STAGES = [goal([3, 2, 4, 4]), goal(COSTS)]
"""Best: 7 with 30 + 40 or 40 + … ; the second stage then finds points that are better for the first too."""


@pytest.mark.parametrize("times", [0, 1, MAX_RESTARTS])
def test_a_later_point_that_is_better_begins_all_anew(times: int) -> None:
    right = solve_lexicographic(PROGRAMME, STAGES, HighsBackend())
    found = solve_lexicographic(PROGRAMME, STAGES, HighsBackend(), solve=lying(times))
    assert found.is_optimal
    assert [stage.value for stage in found.stages] == [stage.value for stage in right.stages]


def test_a_solver_that_lies_for_ever_is_numeric_trouble_and_not_an_optimum() -> None:
    found = solve_lexicographic(PROGRAMME, STAGES, HighsBackend(), solve=lying(99))
    assert not found.is_optimal
    assert found.termination is Termination.NUMERIC_TROUBLE
    assert found.stages[0].bound is None


def test_refuted_names_the_stage() -> None:
    outcome = solve_lexicographic(PROGRAMME, STAGES, HighsBackend())
    assert outcome.values is not None
    assert find_refuted_stage(STAGES, outcome.stages, outcome.values) is None
    for index, stage in enumerate(outcome.stages):
        assert stage.value is not None
        lower = [*outcome.stages]
        lower[index] = replace(stage, value=stage.value - 1)
        assert find_refuted_stage(STAGES, lower, outcome.values) == index
        lower[index] = replace(stage, value=stage.value - 1, termination=Termination.TIME_LIMIT)
        assert find_refuted_stage(STAGES, lower, outcome.values) is None
