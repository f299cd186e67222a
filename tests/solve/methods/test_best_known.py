"""What blocks hold when they give up: bounds and points against every choice there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.small_decisions import best_points, decisions

from tnt_sim.deadline import DeadlineExpired
from tnt_sim.formulation.linear_model import LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.methods import exact_kernels
from tnt_sim.solve.methods.best_known import BestKnown, compute_first_bound
from tnt_sim.solve.methods.lexicographic import StageResult, StagesOutcome
from tnt_sim.solve.methods.priced_blocks import combine_objectives, compute_leading_weight, solve_crossing


@drawn(300)
@given(decisions(), st.integers(0, 60))
def test_bounds_and_points_at_every_budget(case: tuple[LinearModel, list[SolveStage]], max_work: int) -> None:
    """No allocation is better than the bound, and the point is one; where the search ends, both agree."""
    model, stages = case
    known = BestKnown()
    try:
        found = solve_crossing(model, stages, max_work=max_work, known=known)
    except DeadlineExpired:
        found = None
    best = best_points(model, stages)
    first, sign = stages[0], 1 if stages[0].sense is Sense.MAXIMISE else -1
    if best and known.bound is not None:
        assert sign * known.bound >= sign * int(first.objective @ np.array(best[0]))
    if known.point is not None:
        assert model.is_feasible(known.point)
    if found is not None and known.bound is not None:
        assert known.bound == found[0].stages[0].value


@drawn(60)
@given(decisions())
def test_kernels_that_give_up_leave_the_bound_of_the_relaxation(
    case: tuple[LinearModel, list[SolveStage]],
) -> None:
    model, stages = case
    known = BestKnown()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_kernels, "SEARCH_SHARE", 1e6)
        found = exact_kernels.solve_exactly(model, stages, known=known, max_work=0)
    best = best_points(model, stages)
    sign = 1 if stages[0].sense is Sense.MAXIMISE else -1
    if best and found is None:
        assert known.bound is not None
        assert sign * known.bound >= sign * int(stages[0].objective @ np.array(best[0]))


@drawn(60)
@given(decisions(), st.sampled_from([0, 500, 5_000, 100_000]))
def test_kernels_within_any_memory_are_right_or_leave_a_bound(
    case: tuple[LinearModel, list[SolveStage]], max_bytes: int
) -> None:
    """Knapsacks, trees and blocks: what does not fit is left to a solver, with a bound on the first goal."""
    model, stages = case
    known = BestKnown()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_kernels, "SEARCH_SHARE", 1e6)
        found = exact_kernels.solve_exactly(model, stages, known=known, max_bytes=max_bytes)
    best = best_points(model, stages)
    goal, sign = stages[0], 1 if stages[0].sense is Sense.MAXIMISE else -1
    if found is not None and found[0].values is not None:
        assert best
        assert found[0].stages[0].value == int(goal.objective @ np.array(best[0]))
    elif best and found is None:
        assert known.bound is not None
        assert sign * known.bound >= sign * int(goal.objective @ np.array(best[0]))


@given(decisions())
def test_the_bound_of_the_first_goal_from_all_goals(case: tuple[LinearModel, list[SolveStage]]) -> None:
    """From the combined value of a point follows its own value of the first goal, and no less."""
    model, stages = case
    combined = combine_objectives(stages)
    assert combined is not None
    first = stages[0]
    unit = int(compute_leading_weight(stages) * (int(np.gcd.reduce(first.objective)) or 1))
    for point in np.eye(model.n_cols, dtype=np.int64):
        value = int(first.objective @ point)
        assert compute_first_bound(first, combined, unit, int(combined @ point)) == value


def outcome_of(model: LinearModel, termination: Termination, bound: int | None) -> StagesOutcome:
    result = StageResult("g", Sense.MAXIMISE, termination, 5, None, bound, "highs", 0.0)
    return StagesOutcome((result,), np.zeros(model.n_cols, dtype=np.int64), model)


@given(decisions())
def test_a_tighter_bound_counts_where_the_stage_is_open(case: tuple[LinearModel, list[SolveStage]]) -> None:
    model = case[0]
    goal = SolveStage("g", np.ones(model.n_cols, dtype=np.int64), Sense.MAXIMISE)
    known = BestKnown(bound=7)
    for termination, bound, then in (
        (Termination.TIME_LIMIT, None, 7),
        (Termination.TIME_LIMIT, 9, 7),
        (Termination.TIME_LIMIT, 6, 6),
        (Termination.OPTIMAL, 9, 9),
    ):
        assert known.tighten_outcome(goal, outcome_of(model, termination, bound)).stages[0].bound == then
