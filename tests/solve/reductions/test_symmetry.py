"""Equal columns merged: the same values, the same points, and an order among equals."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn, seeds
from support.solve_instances import best_of, model_of, points_of

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.methods.lexicographic import solve_lexicographic
from tnt_sim.solve.methods.tie_break import find_canonical_point
from tnt_sim.solve.reductions.symmetry import Symmetry, classify_columns


@st.composite
def repeated(draw: st.DrawFn) -> LinearModel:
    """A few kinds of columns, each several times, in any order."""
    n_rows, n_kinds = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    whole = st.integers(-3, 5)
    kinds = [[draw(whole) for _ in range(n_rows + 1)] for _ in range(n_kinds)]
    order = draw(st.lists(st.integers(0, n_kinds - 1), min_size=1, max_size=6))
    columns = [kinds[k] for k in order]
    rows = [[column[i] for column in columns] for i in range(n_rows)]
    lower = [draw(st.one_of(st.just(NO_LOWER), st.integers(-6, 2))) for _ in range(n_rows)]
    upper = [draw(st.one_of(st.just(NO_UPPER), st.integers(0, 12))) for _ in range(n_rows)]
    ends = [draw(st.sampled_from([(0, 1), (0, 1), (0, 2), (1, 1), (-1, 1)])) for _ in order]
    return model_of(
        rows, lower, upper, [column[-1] for column in columns], draw(st.sampled_from(list(Sense))),
        col_lower=[low for low, _ in ends], col_upper=[high for _, high in ends],
    )  # fmt: skip


@drawn(200)
@given(repeated())
def test_every_point_has_its_image_and_every_image_a_point(model: LinearModel) -> None:
    small, inverse = Symmetry().apply(model)
    for x in points_of(model):
        y = inverse.reduce(x)
        assert small.is_feasible(y)
        assert small.compute_value(y) == model.compute_value(x)
        back = inverse.expand(y)
        assert model.is_feasible(back)
        assert model.compute_value(back) == model.compute_value(x)
        assert np.array_equal(inverse.reduce(back), y)
    assert best_of(small) == best_of(model)


@drawn(100)
@given(repeated())
def test_a_merged_solve_equals_enumeration(model: LinearModel) -> None:
    found = solve_integral(model, HighsBackend())
    assert found.value == best_of(model)
    if found.values is not None:
        assert model.is_feasible(found.values)
        assert model.compute_value(found.values) == found.value == found.bound


def test_classes_need_equal_rows_objective_and_a_lower_bound_of_0() -> None:
    model = model_of(
        [[2, 2, 2, 2, 3]],
        [NO_LOWER],
        [5],
        [1, 1, 1, 2, 1],
        col_lower=[0, 0, 1, 0, 0],
        col_upper=[1, 3, 1, 1, 1],
    )
    assert classify_columns(model).tolist() == [0, 0, 1, 2, 3]
    small, inverse = Symmetry().apply(model)
    assert small.col_upper.tolist() == [4, 1, 1, 1]
    assert inverse.expand(np.array([2, 1, 0, 1])).tolist() == [1, 1, 1, 0, 1]


def test_a_model_without_equal_columns_is_itself() -> None:
    model = model_of([[2, 3]], [NO_LOWER], [4], [1, 1])
    assert Symmetry().apply(model)[0] is model


def test_a_near_miss_among_equal_columns_is_repaired() -> None:
    """20 grants of 5,000,000.07 € and an envelope one cent short of all of them."""
    fee = 500_000_007
    model = model_of([[fee] * 20 + [1]], [NO_LOWER], [20 * fee - 1], [10] * 20 + [1])
    found = solve_integral(model, HighsBackend())
    assert found.value == 19 * 10 + 1
    assert found.values is not None
    assert model.is_feasible(found.values)


@pytest.mark.parametrize("rules", seeds([1, 95], 1))
def test_five_thousand_equal_fees_end_at_once(rules: int) -> None:
    """C(5000, 2500) best sets; with a cap on each of 95 departments too."""
    n = 5000
    department = np.arange(n) % 95
    rows, upper = [np.ones(n, dtype=np.int64)], [2500]
    if rules > 1:
        rows += [(department == d).astype(np.int64) for d in range(rules)]
        upper += [37] * rules
    model = model_of([row.tolist() for row in rows], [NO_LOWER] * len(rows), upper, [0] * n)
    goal = SolveStage("dossiers", np.ones(n, dtype=np.int64), Sense.MAXIMISE)
    began = time.perf_counter()
    outcome = solve_lexicographic(model, [goal], HighsBackend())
    assert outcome.values is not None
    worst_first = outcome.values[::-1].copy()
    begin = worst_first if outcome.model.is_feasible(worst_first) else outcome.values
    found = find_canonical_point(
        outcome.model, begin, np.arange(n), np.array([], dtype=np.int64), HighsBackend()
    )
    assert found.proven
    assert found.values.tolist() == [1] * 2500 + [0] * 2500
    assert found.n_solves < 200, "each solve settles many dossiers"
    assert time.perf_counter() - began < 60, "seconds on a busy machine; one or two on a free one"
