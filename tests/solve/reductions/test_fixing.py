"""Exact bounds and fixing: valid for any prices, and never at the cost of an optimum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clocks import StepClock
from support.lanes import drawn
from support.solve_instances import best_of, model_of, points_of

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, ModelError
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.reductions.fixing import ReducedCostFixing, compute_bound_in_time, compute_exact_bound
from tnt_sim.solve.reductions.restriction import Restriction


@st.composite
def priced_models(draw: st.DrawFn) -> tuple[LinearModel, np.ndarray]:
    """A small model with prices that need not be a solver's, nor have the right signs."""
    n, n_rows = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    big = draw(st.sampled_from([1, 1, 1_000_003, 2**45]))
    whole = st.integers(-9, 9)
    rows = [[draw(whole) * big for _ in range(n)] for _ in range(n_rows)]
    row_lower = [draw(st.one_of(st.just(NO_LOWER), st.integers(-12, 4))) for _ in range(n_rows)]
    row_upper = [draw(st.one_of(st.just(NO_UPPER), st.integers(-4, 12))) for _ in range(n_rows)]
    lower = [draw(st.integers(-1, 1)) for _ in range(n)]
    upper = [low + draw(st.integers(0, 3)) for low in lower]
    model = model_of(
        rows,
        [low if low == NO_LOWER else low * big for low in row_lower],
        [high if high == NO_UPPER else high * big for high in row_upper],
        [draw(whole) * draw(st.sampled_from([1, big])) for _ in range(n)],
        draw(st.sampled_from(list(Sense))),
        col_lower=lower, col_upper=upper,
    )  # fmt: skip
    prices: np.ndarray | None = None
    if draw(st.booleans()):
        prices = HighsBackend().solve(model, relax=True).row_duals
    if prices is None:
        a_price = st.floats(-20, 20) | st.sampled_from([np.nan, np.inf, 0.0])
        prices = np.array([draw(a_price) for _ in range(n_rows)])
    return model, prices


@drawn(300)
@given(priced_models())
def test_the_bound_holds_for_every_feasible_point(case: tuple[LinearModel, np.ndarray]) -> None:
    model, prices = case
    best = best_of(model)
    bound = compute_exact_bound(model, prices)
    if best is None or bound.value is None:
        return
    whole = bound.round_to_integer(model.sense)
    assert whole is not None
    if model.sense is Sense.MAXIMISE:
        assert best <= whole <= bound.value
    else:
        assert best >= whole >= bound.value


@drawn(300)
@given(priced_models(), st.data())
def test_no_point_as_good_as_the_incumbent_is_lost(
    case: tuple[LinearModel, np.ndarray], data: st.DataObject
) -> None:
    model, prices = case
    points = points_of(model)
    if not len(points):
        return
    values = [model.compute_value(point) for point in points]
    place = data.draw(st.integers(0, len(points) - 1))
    incumbent = values[place]
    fixed, _ = ReducedCostFixing(prices, incumbent).apply(model)
    inside = np.all((points >= fixed.col_lower) & (points <= fixed.col_upper), axis=1)
    up = 1 if model.sense is Sense.MAXIMISE else -1
    for value, kept in zip(values, inside.tolist(), strict=True):
        assert kept or up * value < up * incumbent
    fixed, _ = ReducedCostFixing(prices, incumbent, points[place]).apply(model)
    inside = np.all((points >= fixed.col_lower) & (points <= fixed.col_upper), axis=1)
    assert inside[place]
    for value, kept in zip(values, inside.tolist(), strict=True):
        assert kept or up * value <= up * incumbent


def test_the_prices_of_a_linear_program_close_its_gap() -> None:
    model = model_of([[3, 4, 5]], [NO_LOWER], [8], [5, 6, 7], integer=False)
    answer = HighsBackend().solve(model, relax=True)
    assert answer.row_duals is not None
    bound = compute_exact_bound(model, answer.row_duals)
    assert bound.value is not None
    assert bound.value >= Fraction(62, 5)
    assert bound.value - Fraction(62, 5) < Fraction(1, 10**9)
    assert bound.round_to_integer(Sense.MAXIMISE) == 12


def test_a_free_column_bounds_nothing() -> None:
    model = model_of([[1, -1]], [NO_LOWER], [1], [1, 1], col_upper=[NO_UPPER, NO_UPPER])
    assert compute_exact_bound(model, np.array([1.0])).value is None
    assert ReducedCostFixing(np.array([1.0]), 5).apply(model)[0] is model


def test_an_impossible_incumbent_is_refused() -> None:
    model = model_of([[1, 1]], [NO_LOWER], [1], [1, 1])
    with pytest.raises(ModelError):
        ReducedCostFixing(np.array([1.0]), 9).apply(model)


@drawn(200)
@given(priced_models(), st.data())
def test_a_restricted_model_has_the_same_points(
    case: tuple[LinearModel, np.ndarray], data: st.DataObject
) -> None:
    """Substituting fixed columns, and counting from another point, changes neither points nor values."""
    model, _ = case
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    for j in range(model.n_cols):
        if data.draw(st.booleans()):
            lower[j] = upper[j] = data.draw(st.integers(int(lower[j]), int(upper[j])))
    around = None
    if data.draw(st.booleans()):
        around = np.array([data.draw(st.integers(int(a), int(b))) for a, b in zip(lower, upper, strict=True)])
    part, inverse = Restriction(around).apply(model.with_bounds(lower, upper))
    expected = {tuple(p) for p in points_of(model.with_bounds(lower, upper)).tolist()}
    found = points_of(part)
    assert {tuple(inverse.expand(y).tolist()) for y in found} == expected
    for y in found:
        x = inverse.expand(y)
        assert model.compute_value(x) == inverse.expand_bound(part.compute_value(y))
        assert inverse.reduce(x).tolist() == y.tolist()


def test_a_bound_beyond_64_bits_ends_with_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bound as without a limit, or none: it looks at the clock every few columns."""
    monkeypatch.setattr("tnt_sim.solve.reductions.fixing.COLUMNS_PER_LOOK", 2)
    n = 40
    model = model_of([[1] * n], [NO_LOWER], [8], [2**48 + k for k in range(n)])
    prices = np.array([2.0**48])
    whole = compute_exact_bound(model, prices)
    assert whole.multipliers.dtype == object
    clock = StepClock().install(monkeypatch)
    with pytest.raises(DeadlineExpired):
        compute_exact_bound(model, prices, Deadline(5 * clock.tick))
    assert clock.readings <= 7
    assert compute_exact_bound(model, prices, Deadline(1.0)).value == whole.value
    fixed, _ = ReducedCostFixing(prices, 0, deadline=Deadline(5 * clock.tick)).apply(model)
    assert fixed is model
    assert compute_bound_in_time(model, prices, Deadline(5 * clock.tick)) is None
    assert compute_bound_in_time(model, prices, Deadline(1.0)) == whole.value
