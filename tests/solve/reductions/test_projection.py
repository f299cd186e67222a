"""Gains projected out: the same choices hold, each has gains, and the whole decision is the solver's own."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from support.envelope_models import envelopes
from support.lanes import seeds

from tnt_sim.formulation.linear_model import NO_LOWER, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.exact_kernels import solve_exactly
from tnt_sim.solve.methods.lexicographic import solve_lexicographic
from tnt_sim.solve.reductions.projection import MOST_GAINS, Projection


@pytest.mark.parametrize("seed", seeds(range(25), 8))
def test_the_same_choices_hold(seed: int) -> None:
    model, stages = envelopes(seed, n=6)
    projected = Projection(stages).apply(model)
    assert projected is not None
    small, inverse = projected
    n = len(inverse.columns)
    rooms = [range(int(u) + 1) for u in model.col_upper[n:]]
    for x in itertools.product((0, 1), repeat=n):
        some = any(model.is_feasible(np.array([*x, *g])) for g in itertools.product(*rooms))
        assert small.is_feasible(np.array(x)) == some
        point = inverse.expand(np.array(x))
        assert model.is_feasible(point) == some
        if some:
            assert point[:n].tolist() == list(x)


@pytest.mark.parametrize("seed", seeds(range(25), 8))
def test_the_decision_is_the_solvers(seed: int) -> None:
    model, stages = envelopes(seed, n=10)
    found = solve_exactly(model, stages)
    fresh = solve_lexicographic(model, stages, get_backend("highs"))
    if found is None:
        return
    outcome, _ = found
    assert outcome.values is not None
    assert model.is_feasible(outcome.values)
    assert [stage.value for stage in outcome.stages] == [stage.value for stage in fresh.stages]


def test_most_are_settled() -> None:
    settled = sum(solve_exactly(*envelopes(seed, n=10)) is not None for seed in range(25))
    assert settled >= 20


def test_what_is_no_gain_is_left_to_a_solver() -> None:
    model, stages = envelopes(1)
    gain = model.n_cols - 1
    worth = [
        SolveStage("score", np.eye(model.n_cols, dtype=np.int64)[gain], Sense.MAXIMISE, Fraction(0)),
        stages[1],
    ]
    assert Projection(worth).apply(model) is None
    lower = np.zeros(model.n_cols, dtype=np.int64)
    lower[gain] = 1
    assert Projection(stages).apply(model.with_bounds(lower, model.col_upper + lower)) is None
    halves = model.with_rows(2 * np.eye(model.n_cols, dtype=np.int64)[gain], [NO_LOWER], [9], ["twice"])
    assert Projection(stages).apply(halves) is None
    floor = model.with_rows(np.eye(model.n_cols, dtype=np.int64)[gain], [0], [9], ["floor"])
    assert Projection(stages).apply(floor) is None
    many = model.with_bounds(lower * 0, np.full(model.n_cols, 2))
    assert model.n_cols > MOST_GAINS
    assert Projection(stages).apply(many) is None
    choices = model.with_bounds(lower * 0, lower * 0 + 1)
    assert Projection(stages).apply(choices) is None
