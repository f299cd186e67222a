"""Bound on the best value of the first objective, from the prices of one linear program, in exact integers."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import compute_exact_bound


def compute_value_bound(problem: Problem, deadline: Deadline = UNLIMITED) -> Fraction | None:
    """Bound the first stage of every feasible allocation; None without prices in time.

    With any prices y, c·x ≤ y·b + Σ_j max over x_j of (c − yA)_j x_j for every feasible x (maximised).
    """
    try:
        form = formulate(problem, deadline=deadline)
    except DeadlineExpired:
        return None
    stage = form.stages[0]
    model = CoefficientTightening().apply(form.model)[0].with_objective(stage.objective, stage.sense)
    duals = get_backend("highs").solve(model, relax=True, limits=Limits(deadline)).row_duals
    most = None if duals is None else compute_exact_bound(model, duals).round_to_integer(stage.sense)
    return None if most is None else (most + stage.constant) * stage.scale
