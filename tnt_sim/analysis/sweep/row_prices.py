"""Prices of a problem's rows, and the bound that they prove for it and for similar problems, in exact integers.

With any prices y of the rows A x ≤ b, every feasible x satisfies c·x ≤ y·b + Σ_j max (c − yA)_j x_j. So
prices found once bound every problem with rows of the same names, such as draws and other totals.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tnt_sim.analysis.shared.cap_curves import read_cap_trees
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.reductions.fixing import ExactBound, compute_exact_bound

MOST_SAMPLED = 10_000
"""Columns above which a linear program over a part of them goes first."""
Prices = Mapping[str, float]
"""Price of each row by name, in units of the first goal per unit of the row's measure."""


def compute_row_prices(problem: Problem, deadline: Deadline = UNLIMITED) -> Prices | None:
    """Price the rows of a problem by a linear program, by name; None where nested caps have prices of their own.

    They are per unit of a row's measure, as a model may have rows with other common divisors. Of many
    columns, every k-th goes first, with the bounds of rows divided by k: these prices remain if time runs out.
    None too if it runs out before.

    Raises
    ------
    DeadlineExpired
        If time runs out before it.
    """
    form = formulate(problem, deadline=deadline)
    stage = form.stages[0]
    if stage.sense is Sense.MAXIMISE and read_cap_trees(form, problem, deadline) is not None:
        return None
    up = 1 if stage.sense is Sense.MAXIMISE else -1
    duals, model, value = None, form.model, up * stage.objective
    step = -(-model.n_cols // MOST_SAMPLED)
    if step > 1:
        duals = IncrementalLp().compute_prices(_sample_columns(model, step), value[::step], deadline=deadline)
    if not deadline.expired:
        whole = IncrementalLp().compute_prices(model, value, deadline=deadline)
        duals = duals if whole is None else whole
    if duals is None:
        return None
    return {
        name: up * price * float(stage.scale) / float(unit)
        for name, price, unit in zip(form.model.row_names, duals.tolist(), form.units, strict=True)
        if price
    }


def _sample_columns(model: LinearModel, step: int) -> LinearModel:
    """Return a model of every `step`-th column, with the bounds of rows divided by it."""
    lower, upper = model.row_lower, model.row_upper
    return replace(
        model,
        matrix=model.matrix[:, np.arange(0, model.n_cols, step)],
        row_lower=np.where(lower == NO_LOWER, lower, lower // step),
        row_upper=np.where(upper == NO_UPPER, upper, upper // step),
        col_lower=model.col_lower[::step],
        col_upper=model.col_upper[::step],
        integer=model.integer[::step],
        objective=model.objective[::step],
        col_names=model.col_names[::step],
    )


def compute_row_bound(form: Formulation, prices: Prices, deadline: Deadline = UNLIMITED) -> ExactBound:
    """Compute the bound on the first stage of a formulation that prices of its rows prove.

    Raises
    ------
    DeadlineExpired
        If time runs out where the products exceed 64 bits.
    """
    stage = form.stages[0]
    model = form.model.with_objective(stage.objective, stage.sense)
    units = np.array([float(unit) for unit in form.units]) / float(stage.scale)
    duals = np.array([prices.get(name, 0.0) for name in model.row_names]) * units
    return compute_exact_bound(model, duals, deadline)
