"""The core gives the same answer as the whole model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn, seeds
from support.solve_instances import best_of, model_of, near_miss

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods import core_problem as core
from tnt_sim.solve.methods.core_problem import solve_core
from tnt_sim.solve.methods.integral import solve_integral


@pytest.fixture(autouse=True)
def _small_core() -> Iterator[None]:
    """So few free columns that the quick point is often a bad one, or none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "FEWEST", 1)
        yield


def check(model: LinearModel) -> None:
    best = best_of(model)
    found = solve_core(model, HighsBackend())
    if best is None:
        assert (found.termination, found.values) == (Termination.INFEASIBLE, None)
        return
    assert found.termination is Termination.OPTIMAL
    assert found.values is not None
    assert model.is_feasible(found.values)
    assert found.value == found.bound == model.compute_value(found.values) == best


@pytest.mark.parametrize("seed", seeds(range(60), 15))
def test_near_misses_have_the_answer_of_the_whole_model(seed: int) -> None:
    check(near_miss(seed))


@drawn(100)
@given(st.integers(0, 10**6), st.sampled_from(list(Sense)))
def test_small_programmes_have_the_answer_of_the_whole_model(seed: int, sense: Sense) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 11))
    rows = rng.integers(-3, 12, (2, n))
    lower, upper = [NO_LOWER, int(rng.integers(-2, 6))], [int(rng.integers(0, 30)), 40]
    check(model_of(rows.tolist(), lower, upper, rng.integers(-5, 20, n).tolist(), sense))


def test_a_larger_programme_equals_the_whole() -> None:
    rng = np.random.default_rng(5)
    costs, scores = rng.integers(10**6, 10**8, 400), rng.integers(1, 1000, 400)
    model = model_of([costs.tolist()], [NO_LOWER], [int(costs.sum() // 3)], scores.tolist())
    whole, found = solve_integral(model, HighsBackend()), solve_core(model, HighsBackend())
    assert found.termination is whole.termination is Termination.OPTIMAL
    assert found.value == whole.value


def test_a_limit_is_told_and_the_start_is_held() -> None:
    model = near_miss(3)
    start = solve_integral(model, HighsBackend()).values
    found = solve_core(model, HighsBackend(), Limits(Deadline(0.0)), start)
    assert found.values is not None
    assert found.termination in (Termination.TIME_LIMIT, Termination.OPTIMAL)


def test_a_backend_without_prices_solves_the_whole() -> None:
    model = near_miss(4)
    assert solve_core(model, get_backend("scipy")).value == best_of(model)
