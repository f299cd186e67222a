"""Decisions by exact blocks under prices: against every choice there is, stage after stage, ties included."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from support.lanes import drawn
from support.small_decisions import best_points, decisions

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel, SolveStage
from tnt_sim.kernel.knapsack import ChoiceGroups
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.methods.priced_blocks import combine_objectives, solve_crossing
from tnt_sim.solve.reductions.amounts_as_binaries import MENU
from tnt_sim.sparse_matrix import SparseMatrix


@drawn(300)
@given(decisions())
def test_every_stage_and_the_one_answer(case: tuple[LinearModel, list[SolveStage]]) -> None:
    model, stages = case
    found = solve_crossing(model, stages)
    points = best_points(model, stages)
    if not points:
        assert found is None
        return
    if found is None:  # all columns fixed, or a linear program without prices: for a solver
        return
    outcome, alone = found
    assert outcome.is_optimal
    x = tuple(outcome.values.tolist())
    assert x in points
    if len(points) == 1:
        assert x == points[0]
    if alone:
        assert x == points[0]


def test_equal_columns_are_filled_by_rank_and_leave_one_answer() -> None:
    n = 6
    model = LinearModel(
        SparseMatrix.from_dense(np.ones((1, n), dtype=np.int64)), np.array([NO_LOWER]), np.array([3]),
        np.zeros(n, np.int64),
        np.ones(n, np.int64), np.ones(n, bool), np.zeros(n, np.int64), Sense.MAXIMISE, ("cap",), list("abcdef"),
    )  # fmt: skip
    stages = [
        SolveStage("score", np.array([5, 5, 5, 5, 5, 1]), Sense.MAXIMISE),
        SolveStage("granted", np.ones(n, np.int64), Sense.MINIMISE),
    ]
    found = solve_crossing(model, stages)
    assert found is not None
    assert found[0].values.tolist() == [1, 1, 1, 0, 0, 0]
    assert found[1]


def test_what_it_leaves_to_a_solver() -> None:
    n = 3
    model = LinearModel(
        SparseMatrix.from_dense(np.ones((1, n), dtype=np.int64)), np.array([NO_LOWER]), np.array([2]),
        np.zeros(n, np.int64),
        np.array([1, 1, 4]), np.ones(n, bool), np.zeros(n, np.int64), Sense.MAXIMISE, ("cap",), list("abc"),
    )  # fmt: skip
    goal, least = np.ones(n, np.int64), SolveStage("granted", np.ones(n, np.int64), Sense.MINIMISE)
    assert (
        solve_crossing(model, [SolveStage("score", goal, Sense.MAXIMISE), least]) is None
    )  # a column up to 4
    zero_one = model.with_bounds(np.zeros(n, np.int64), np.ones(n, np.int64))
    tolerant = SolveStage("score", goal, Sense.MAXIMISE, Fraction(1, 10))
    assert solve_crossing(zero_one, [tolerant, least]) is None
    large = SolveStage("score", np.array([2**52, 2**52 - 1, 1]), Sense.MAXIMISE)
    assert combine_objectives([large, large]) is None
    alone = solve_crossing(zero_one, [large, large])  # a single choice is best for the first stage
    assert alone is not None
    assert alone[0].values.tolist() == [1, 1, 0]
    assert alone[1]
    tied = SolveStage("score", np.array([2**52, 2**52, 1]), Sense.MAXIMISE)
    one = zero_one.with_rows(np.ones((1, n), np.int64), [NO_LOWER], [1], ["one"])
    assert solve_crossing(one, [tied, large]) is None  # two choices are: their money is for a solver to tell


@pytest.mark.parametrize("seed", range(6))
def test_one_objective_orders_as_the_stages_do(seed: int) -> None:
    random = np.random.default_rng(seed)
    stages = [
        SolveStage(f"s{k}", random.integers(-3, 4, 6), s) for k, s in enumerate([*Sense, Sense.MAXIMISE])
    ]
    value = combine_objectives(stages)
    points = random.integers(0, 2, (40, 6))

    def key(x: np.ndarray) -> tuple[int, ...]:
        return tuple(int(s.objective @ x) * (1 if s.sense is Sense.MAXIMISE else -1) for s in stages)

    for x, y in zip(points, points[::-1], strict=True):
        assert (int(value @ x) > int(value @ y)) == (key(x) > key(y))


@pytest.mark.parametrize(("n_each", "wide"), [(3, False), (100, True)])
def test_rows_of_many_amounts_are_priced_by_the_primal_simplex(
    n_each: int, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, 300 ranges of 800 amounts take 38 s; the answer is the same."""
    asked = []
    whole = IncrementalLp.compute_prices

    def bound(model: LinearModel, value: np.ndarray, price: np.ndarray) -> float:
        over = np.maximum(value - price @ model.matrix.toarray(), 0).sum()
        return float(price @ model.row_upper + over)

    def prices(
        self: IncrementalLp, model: LinearModel, value: np.ndarray, *, primal: bool, deadline: Deadline
    ) -> np.ndarray | None:
        assert deadline.is_unlimited
        asked.append(primal)
        found = whole(self, model, value, primal=primal)
        other = whole(IncrementalLp(), model, value, primal=not primal)
        assert bound(model, value, found) == pytest.approx(bound(model, value, other))
        return found

    monkeypatch.setattr(IncrementalLp, "compute_prices", prices)
    n = 2 * n_each
    group = np.repeat([0, 1], n_each)
    cost = np.tile(np.arange(n_each, 0, -1), 2)
    menu = np.array([group == 0, group == 1], dtype=np.int64)
    model = LinearModel(
        SparseMatrix.from_dense(np.vstack([cost, menu])), np.full(3, NO_LOWER),
        np.array([n_each + n_each // 2, 1, 1]),
        np.zeros(n, np.int64), np.ones(n, np.int64), np.ones(n, bool), np.zeros(n, np.int64), Sense.MAXIMISE,
        ("cap", MENU, MENU), [f"x{j}" for j in range(n)],
    )  # fmt: skip
    worth = cost * np.repeat([3, 2], n_each)
    stages = [SolveStage("score", worth, Sense.MAXIMISE), SolveStage("granted", cost, Sense.MINIMISE)]
    found = solve_crossing(model, stages, choice_groups=ChoiceGroups.of(group))
    assert found is not None
    assert found[0].stages[0].value == 3 * n_each + 2 * (n_each // 2)
    assert asked == [wide]
