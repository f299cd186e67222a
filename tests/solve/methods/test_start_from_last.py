"""A solver that begins from what the last model left says what a fresh one says."""

from __future__ import annotations

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods import core_problem as from_last
from tnt_sim.solve.methods.core_problem import MAX_SHAPES, CoreProblem, repair_point
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.sparse_matrix import SparseMatrix


def drawn(rng: np.random.Generator, n: int, *, ranged: bool) -> LinearModel:
    """Rows of both sides over 0-1 columns, one of them perhaps a whole number up to 5."""
    rows = rng.integers(0, 9, (4, n)) * (rng.random((4, n)) < 0.7)
    upper = rows.sum(axis=1) // 2
    high = np.ones(n, dtype=np.int64)
    high[0] = 5 if ranged else 1
    return LinearModel(
        matrix=SparseMatrix.from_dense(rows),
        row_lower=np.array([NO_LOWER, NO_LOWER, NO_LOWER, int(rows[3].sum() // 4)]),
        row_upper=np.array([*upper[:3].tolist(), NO_UPPER]),
        col_lower=np.zeros(n, dtype=np.int64),
        col_upper=high,
        integer=np.ones(n, dtype=bool),
        objective=rng.integers(1, 20, n),
        sense=Sense.MAXIMISE,
        row_names=tuple("abcd"),
        col_names=tuple(f"x{k}" for k in range(n)),
    )


@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_each_answer_is_a_fresh_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, carried, highs = drawn(rng, 14, ranged=seed % 3 == 0), CoreProblem(), get_backend("highs")
    for _ in range(12):
        model = first
        if rng.random() < 0.7:
            upper = model.row_upper.copy()
            upper[rng.integers(3)] += int(rng.integers(-9, 9))
            model = model.with_row_bounds(model.row_lower, np.maximum(upper, 0))
        if rng.random() < 0.4:
            sense = Sense.MINIMISE if rng.random() < 0.5 else Sense.MAXIMISE
            model = model.with_objective(rng.integers(0, 20, model.n_cols), sense)
        if rng.random() < 0.3:
            model = model.with_rows(
                model.objective[None, :], [int(rng.integers(0, 40))], [NO_UPPER], ["kept"]
            )
        ours, fresh = carried.solve(model, highs), solve_integral(model, highs)
        assert (ours.termination, ours.value, ours.bound) == (fresh.termination, fresh.value, fresh.bound)
        assert ours.values is None or model.is_feasible(ours.values)


def test_the_last_point_closes_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver is asked of the first model whole, and of those that follow in part."""
    widths = []

    def noted(model: LinearModel, *rest: object) -> object:
        widths.append(model.n_cols)
        return solve_integral(model, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(from_last, "solve_integral", noted)
    rng = np.random.default_rng(4)
    model, carried, highs = drawn(rng, 60, ranged=False), CoreProblem(), get_backend("highs")
    for more in (0, 3, -4, 6):
        carried.solve(
            model.with_row_bounds(model.row_lower, model.row_upper + np.array([more, 0, 0, 0])), highs
        )
    assert widths[0] == 60
    assert max(widths[1:]) < 60


def test_a_point_is_brought_back_to_the_rows() -> None:
    rng, found = np.random.default_rng(1), 0
    for _ in range(40):
        model = drawn(rng, 12, ranged=False)
        point = rng.integers(0, 2, 12)
        back = repair_point(model, point, rng.random(4))
        if back is not None:
            found += 1
            assert model.is_feasible(back)
            if model.is_feasible(point):
                assert model.compute_value(back) >= model.compute_value(point)
    assert found > 20
    empty = model.with_row_bounds(np.array([NO_LOWER, NO_LOWER, NO_LOWER, 10**6]), model.row_upper)
    assert repair_point(empty, point, np.zeros(4)) is None


def test_only_some_shapes_are_kept() -> None:
    model, carried, highs = (
        drawn(np.random.default_rng(3), 10, ranged=False),
        CoreProblem(),
        get_backend("highs"),
    )
    for k in range(MAX_SHAPES + 3):
        carried.solve(model, highs)
        model = model.with_rows(np.ones((1, 10), dtype=np.int64), [0], [NO_UPPER], [f"further {k}"])
    assert len(carried._lives) == MAX_SHAPES
