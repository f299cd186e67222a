"""The linear program along a direction: against the ratio order, and against cold solves at single points."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from support.lanes import drawn, seeds

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.methods.parametric_lp import solve_parametric


def model_of(rows, lower, upper, objective, sense=Sense.MAXIMISE) -> LinearModel:
    matrix = np.array(rows, dtype=np.int64)
    n_rows, n = matrix.shape
    return LinearModel(
        sp.csr_array(matrix), np.array(lower), np.array(upper), np.zeros(n, np.int64), np.ones(n, np.int64),
        np.ones(n, bool), np.array(objective), sense, tuple(f"r{i}" for i in range(n_rows)),
        [f"x{j}" for j in range(n)],
    )  # fmt: skip


def by_ratio(profit: list[int], weight: list[int], capacity: Fraction) -> Fraction:
    """The fractional knapsack, by Dantzig's order."""
    total = Fraction(0)
    for p, w in sorted(zip(profit, weight, strict=True), key=lambda item: Fraction(-item[0], item[1])):
        share = min(Fraction(1), capacity / w)
        total, capacity = total + share * p, capacity - share * w
    return total


@drawn(25)
@given(st.lists(st.tuples(st.integers(1, 90), st.integers(10**4, 10**8)), min_size=1, max_size=12))
def test_one_envelope_breaks_where_the_ratio_order_says(items: list[tuple[int, int]]) -> None:
    profit, weight = [p for p, _ in items], [w for _, w in items]
    total = sum(weight)
    found = solve_parametric(model_of([weight], [NO_LOWER], [0], profit), np.ones(1), 0, 2 * total)
    ratios = {Fraction(p, w) for p, w in items}
    assert len(found.slope) == len(ratios) + 1  # and the flat piece at the end
    assert found.slope == pytest.approx([*sorted(map(float, ratios), reverse=True), 0.0])
    for t, value in zip(found.at.tolist(), found.value.tolist(), strict=True):
        assert value == pytest.approx(float(by_ratio(profit, weight, Fraction(t))), rel=1e-9)


def cold(model: LinearModel, d: np.ndarray, t: float) -> float | None:
    """The value at one t, solved afresh."""
    a = model.matrix.toarray()
    up, low = model.row_upper != NO_UPPER, model.row_lower != NO_LOWER
    sign = -1 if model.sense is Sense.MAXIMISE else 1
    done = linprog(
        sign * model.objective,
        np.vstack([a[up], -a[low]]),
        np.concatenate([(model.row_upper + t * d)[up], -(model.row_lower + t * d)[low]]),
        bounds=(0, 1),
    )
    return sign * done.fun if done.status == 0 else None


@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_rows_that_cross(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 14
    rows = random.integers(1, 10**7, (4, n)) * (random.random((4, n)) < 0.6)
    rows[0] = np.maximum(rows.max(axis=0), 1)
    lower = [NO_LOWER, NO_LOWER, int(rows[2].sum() // 4), int(rows[3].sum() // 3)]
    upper = [0, int(rows[1].sum() // 2), NO_UPPER, NO_UPPER]
    sense = Sense.MAXIMISE if seed % 3 else Sense.MINIMISE
    model = model_of(rows, lower, upper, random.integers(1, 100, n) * (1 if seed % 3 else -1), sense)
    d = np.array([1.0, 0.0, 0.1 * (seed % 2), 0.0])
    top = int(rows[0].sum())
    found = solve_parametric(model, d, 0, top)
    assert found.finished
    steps = np.diff(found.slope)
    assert (steps < 0).all() if sense is Sense.MAXIMISE else (steps > 0).all()
    assert cold(model, d, found.at[0] - 1e-3 * top) is None  # no point before the first piece
    for t in [*found.at, *random.uniform(found.at[0], found.at[-1], 8)]:
        value = cold(model, d, t)
        assert value is None or found(t) == pytest.approx(value, rel=1e-7, abs=1e-4)
    for k, y in enumerate(found.duals):
        assert y @ d == pytest.approx(found.slope[k])


def test_no_point_anywhere_and_time_that_runs_out() -> None:
    model = model_of([[3, 4], [3, 4]], [NO_LOWER, 100], [0, NO_UPPER], [1, 1])
    assert len(solve_parametric(model, np.array([1.0, 0.0]), 0, 50).at) == 0
    loose = model_of([[3, 4]], [NO_LOWER], [0], [1, 1])
    cut = solve_parametric(loose, np.ones(1), 0, 50, Limits(Deadline(0.0)))
    assert not cut.finished
    assert cut.at[-1] < 50
