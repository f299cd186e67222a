"""A goal kept at a value: the least cost, and the largest of one column, as by enumeration, beside free money."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from support.envelope_models import envelopes
from support.lanes import seeds

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.methods import exact_kernels as exact
from tnt_sim.solve.methods.exact_kernels import solve_kept


def points(model: LinearModel) -> list[np.ndarray]:
    rooms = [
        range(int(low), int(high) + 1) for low, high in zip(model.col_lower, model.col_upper, strict=True)
    ]
    return [x for x in map(np.array, itertools.product(*rooms)) if model.is_feasible(x)]


def with_column(model: LinearModel, rows: dict[int, int], most: int) -> LinearModel:
    """The model with one column more, 0 to `most`, that takes room in some rows."""
    entries = sp.csr_array(
        (list(rows.values()), (list(rows), [0] * len(rows))), shape=(model.n_rows, 1), dtype=np.int64
    )
    return LinearModel(
        matrix=sp.hstack([model.matrix.to_scipy(), entries], format="csr"),
        row_lower=model.row_lower,
        row_upper=model.row_upper,
        col_lower=np.append(model.col_lower, 0),
        col_upper=np.append(model.col_upper, most),
        integer=np.append(model.integer, True),
        objective=np.append(model.objective, 0),
        sense=model.sense,
        row_names=model.row_names,
        col_names=(*model.col_names, "open"),
    )


def widened(stage: SolveStage, last: int = 0) -> SolveStage:
    return replace(stage, objective=np.append(stage.objective, last))


def some_values(every_point: list[np.ndarray], goal: SolveStage) -> list[int]:
    every = sorted({int(goal.objective @ x) for x in every_point})
    return [every[0], every[len(every) // 2], every[-1], every[-1] + 1]


@pytest.mark.parametrize("projects", [True, False])
@pytest.mark.parametrize("seed", seeds(range(30), 10))
def test_the_least_cost_for_a_value(seed: int, projects: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With free money projected out, and left out."""
    if not projects:
        monkeypatch.setattr(exact.Projection, "apply", lambda self, model: None)
    model, (goal, least) = envelopes(seed, n=5, most_gains=2)
    every = points(model)
    for value in some_values(every, goal):
        kept = model.with_kept_objective(goal.name, goal.objective, goal.sense, value)
        found = solve_kept(kept, least, goal, value)
        costs = [int(least.objective @ x) for x in every if goal.objective @ x >= value]
        if found is None:
            continue
        if found[0].values is None:
            assert found[0].termination is Termination.INFEASIBLE
            assert not costs
            continue
        assert kept.is_feasible(found[0].values)
        assert found[0].stages[0].value == min(costs)


@pytest.mark.parametrize("seed", seeds(range(40), 10))
def test_the_largest_of_one_column_beside_a_value(seed: int) -> None:
    """A column in the row over all choices, and in that of an envelope, beside columns of free money."""
    model, (goal, _) = envelopes(seed, n=5, most_gains=2)
    whole = model.n_rows - 2
    rows = {whole: 1 + seed % 2} | ({0: 1} if seed % 3 else {})
    model, goal = with_column(model, rows, 6 + seed % 5), widened(goal)
    stage = SolveStage("open", np.eye(1, model.n_cols, model.n_cols - 1, dtype=np.int64)[0], Sense.MAXIMISE)
    points_of_it = points(model)
    for value in some_values(points_of_it, goal):
        kept = model.with_kept_objective(goal.name, goal.objective, goal.sense, value)
        found = solve_kept(kept, stage, goal, value)
        every = [int(x[-1]) for x in points_of_it if goal.objective @ x >= value]
        if found is None:
            continue
        if found[0].values is None:
            assert not every
            continue
        assert kept.is_feasible(found[0].values)
        assert found[0].stages[0].value == max(every)


def test_kernels_settle_most_of_these() -> None:
    """Tests that accept None would pass with a mechanism that finds nothing."""
    told: Counter[str] = Counter()
    for seed in range(30):
        model, (goal, least) = envelopes(seed, n=5, most_gains=2)
        model, goal = with_column(model, {model.n_rows - 2: 1}, 9), widened(goal)
        stage = SolveStage(
            "open", np.eye(1, model.n_cols, model.n_cols - 1, dtype=np.int64)[0], Sense.MAXIMISE
        )
        for value in (0, 10, 20, 60):
            kept = model.with_kept_objective(goal.name, goal.objective, goal.sense, value)
            for name, asked in (("least", widened(least)), ("largest", stage)):
                found = solve_kept(kept, asked, goal, value)
                told[
                    f"{name} {'none' if found is None else 'nothing' if found[0].values is None else 'found'}"
                ] += 1
    assert told["least found"] > 40, told
    assert told["largest found"] > 40, told
    assert told["largest nothing"] > 5, told


def test_a_column_that_another_row_wants_large_is_left_to_a_solver() -> None:
    model, (goal, _) = envelopes(3, n=5, most_gains=2)
    whole = model.n_rows - 2
    model, goal = with_column(model, {whole: 1}, 9), widened(goal)
    stage = SolveStage("open", np.eye(1, model.n_cols, model.n_cols - 1, dtype=np.int64)[0], Sense.MAXIMISE)
    at_least = np.append(goal.objective[:-1], 1)[None, :]
    for lower, upper in ((1, NO_UPPER), (NO_LOWER, 9)):
        odd = model.with_rows(at_least if lower == 1 else -at_least, [lower], [upper], ["odd"])
        assert solve_kept(odd, stage, goal, 0) is None
    assert solve_kept(model, replace(stage, sense=Sense.MINIMISE), goal, 0) is None
