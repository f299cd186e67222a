"""Free money left out: feasible choices stay, clashes rule out others only, the decision is the solver's."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.envelope_models import envelopes
from support.lanes import seeds

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, SolveStage
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods import exact_kernels as exact
from tnt_sim.solve.methods.benders_projection import relax_to_counted_columns
from tnt_sim.solve.methods.exact_kernels import solve_exactly
from tnt_sim.solve.methods.lexicographic import solve_lexicographic


def feasible(model: LinearModel, n: int) -> set[tuple[int, ...]]:
    """Every choice of the first n columns that some gains go with, by enumeration."""
    rooms = [range(int(u) + 1) for u in model.col_upper[n:]]
    return {
        x
        for x in itertools.product((0, 1), repeat=n)
        if any(model.is_feasible(np.array([*x, *g])) for g in itertools.product(*rooms))
    }


def turned_round(model: LinearModel, every: int) -> LinearModel:
    """The same rows, each k-th of them written as « at least »."""
    turned = np.arange(model.n_rows) % every == 0
    sign = np.where(turned, -1, 1)
    return replace(
        model,
        matrix=model.matrix.with_data(model.matrix.data * np.repeat(sign, np.diff(model.matrix.indptr))),
        row_lower=np.where(turned, -model.row_upper, NO_LOWER),
        row_upper=np.where(turned, NO_UPPER, model.row_upper),
    )


@pytest.mark.parametrize("every", [1, 2, 99])
@pytest.mark.parametrize("seed", seeds(range(12), 3))
def test_feasible_choices_stay_and_clashes_leave(seed: int, every: int) -> None:
    """With « at most » rows and « at least » rows over free money."""
    model, stages = envelopes(seed, n=6)
    model = turned_round(model, every)
    small = relax_to_counted_columns(model, stages)
    assert small is not None
    n = len(small.columns)
    good = feasible(model, n)
    for x in itertools.product((0, 1), repeat=n):
        point, choice = small.expand(np.array(x)), np.array(x)
        assert (point is not None) == (x in good)
        if x in good:
            assert small.model.is_feasible(choice)
            continue
        further = small.without(choice) if small.model.is_feasible(choice) else None
        if further is not None:
            assert not further.model.is_feasible(choice)
            assert all(further.model.is_feasible(np.array(other)) for other in good)


@pytest.mark.parametrize("seed", seeds(range(25), 8))
def test_the_decision_is_the_solvers(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the projection switched off, what is found this way is the optimum."""
    monkeypatch.setattr(exact.Projection, "apply", lambda self, model: None)
    model, stages = envelopes(seed, n=10)
    found = solve_exactly(model, stages)
    fresh = solve_lexicographic(model, stages, get_backend("highs"))
    if found is not None:
        assert [stage.value for stage in found[0].stages] == [stage.value for stage in fresh.stages]


def test_clashes_are_met_among_these() -> None:
    """A generator without any would leave the search for multipliers untested."""
    ruled_out = 0
    for seed in range(25):
        model, stages = envelopes(seed, n=6)
        small = relax_to_counted_columns(model, stages)
        assert small is not None
        good = feasible(model, 6)
        for x in itertools.product((0, 1), repeat=6):
            if x not in good and small.model.is_feasible(np.array(x)):
                ruled_out += small.without(np.array(x)) is not None
    assert ruled_out > 0


def test_no_gains_or_a_goal_on_all_columns_is_nothing_to_leave_out() -> None:
    model, stages = envelopes(3)
    everywhere = [replace(stage, objective=np.ones_like(stage.objective)) for stage in stages]
    assert relax_to_counted_columns(model, everywhere) is None
    assert isinstance(stages[0], SolveStage)
