"""The second opinion: agreement to the unit, a better point handed back, and no word without a reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from support.programs import WANT, each_second_opinion
from support.solve_instances import best_of, model_of

from tnt_sim.deadline import Deadline
from tnt_sim.errors import UsageError
from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.backends.registry import list_independent_backends
from tnt_sim.solve.methods import cross_check as module
from tnt_sim.solve.methods.cross_check import Verdict, cross_check
from tnt_sim.solve.methods.lexicographic import StagesOutcome, solve_lexicographic

needs_second = pytest.mark.skipif(not list_independent_backends(), reason=WANT + "a solver beside HiGHS")


def programme(seed: int = 0) -> tuple[LinearModel, list[SolveStage], StagesOutcome]:
    rng = np.random.default_rng(seed)
    costs, scores = rng.integers(10**6, 10**8, 14), rng.integers(1, 1000, 14)
    model = model_of([costs.tolist(), [1] * 14], [NO_LOWER, 4], [int(costs.sum() // 2), 14], scores.tolist())
    stages = [
        SolveStage("score", scores, Sense.MAXIMISE, Fraction(1, 100)),
        SolveStage("granted", costs, Sense.MINIMISE, Fraction(0)),
    ]
    return model, stages, solve_lexicographic(model, stages, HighsBackend())


@pytest.mark.parametrize("name", each_second_opinion())
def test_every_independent_solver_agrees(name: str) -> None:
    model, stages, outcome = programme()
    check = cross_check(model, stages, outcome, name)
    assert check.agrees is True, check
    assert [s.observed for s in check.stages] == [s.value for s in outcome.stages]


@needs_second
@pytest.mark.parametrize("seed", range(4))
def test_the_second_solver_is_asked_about_the_exactly_fixed_core(seed: int) -> None:
    """Columns that no point as good can change are left out; what it finds is the value of the whole model."""
    rng = np.random.default_rng(seed)
    costs, scores = rng.integers(10**6, 10**8, 120), rng.integers(1, 1000, 120)
    model = model_of([costs.tolist(), [1] * 120], [NO_LOWER, 4], [int(costs.sum() // 2), 90], scores.tolist())
    stages = [SolveStage("score", scores, Sense.MAXIMISE, Fraction(0))]
    outcome = solve_lexicographic(model, stages, HighsBackend())
    check = cross_check(model, stages, outcome)
    assert check.agrees is True
    (asked,) = check.stages
    assert asked.n_columns < model.n_cols // 2
    assert asked.observed == outcome.stages[0].value


@needs_second
def test_a_value_that_is_too_low_is_convicted_with_a_better_point() -> None:
    model, stages, outcome = programme(1)
    first = outcome.stages[0]
    assert first.value is not None
    assert outcome.values is not None
    # A first solver that stops one unit short and says « optimal ».
    wrong = replace(outcome, stages=(replace(first, value=first.value - 1), *outcome.stages[1:]))
    check = cross_check(model, stages, wrong)
    assert check.agrees is False
    assert check.verdict is Verdict.BETTER_FOUND
    assert check.improvement is not None
    assert model.is_feasible(check.improvement)
    assert int(stages[0].objective @ check.improvement) == first.value


@needs_second
def test_infeasible_is_confirmed_or_refuted() -> None:
    model, stages, _ = programme(2)
    too_much = model.with_rows([[1] * 14], [14], [14], ["all of them"])
    nothing = solve_lexicographic(too_much, stages, HighsBackend())
    assert nothing.termination is Termination.INFEASIBLE
    assert cross_check(too_much, stages, nothing).agrees is True
    refuted = cross_check(model, stages, nothing)
    assert refuted.verdict is Verdict.BETTER_FOUND
    assert refuted.improvement is not None
    assert model.is_feasible(refuted.improvement)


@needs_second
def test_what_was_not_proved_is_not_confirmed() -> None:
    model, stages, outcome = programme(3)
    stopped = replace(outcome.stages[0], termination=Termination.TIME_LIMIT)
    check = cross_check(model, stages, replace(outcome, stages=(stopped, *outcome.stages[1:])))
    assert (check.agrees, check.verdict) == (None, Verdict.NOT_PROVED)


@needs_second
def test_no_time_is_no_agreement() -> None:
    model, stages, outcome = programme(4)
    check = cross_check(model, stages, outcome, limits=Limits(Deadline(0.0)))
    assert check.agrees is not False
    if check.agrees is None:
        assert check.verdict is Verdict.LIMIT
    assert check.reason.fr


def test_never_and_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    model, stages, outcome = programme()
    assert cross_check(model, stages, outcome, "never").verdict is Verdict.NOT_ASKED
    monkeypatch.setattr(module, "list_independent_backends", lambda: ())
    check = cross_check(model, stages, outcome)
    assert (check.agrees, check.verdict) == (None, Verdict.NO_SOLVER)


@pytest.mark.parametrize("name", ["highs", "scipy", "pulp:HiGHS", "HiGHS", "CP-SAT-2"])
def test_highs_by_another_route_never_counts(name: str) -> None:
    model, stages, outcome = programme()
    with pytest.raises(UsageError):
        cross_check(model, stages, outcome, name)


@needs_second
def test_the_value_is_the_one_by_enumeration() -> None:
    model, stages, outcome = programme(5)
    check = cross_check(model, stages, outcome)
    assert check.stages[0].observed == best_of(model)
