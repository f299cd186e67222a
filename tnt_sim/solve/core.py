"""One stage by its core: prices, a quick point, exact fixing, and only then the proof.

The relaxed solve gives prices; a small model over the columns that the prices leave undecided gives a good
point; the exact bound then closes every column that no better point can change (`fixing.py`), usually all
but a few hundred, and the solver proves the rest. What is closed is closed in whole numbers, so the
answer is the same as without this, only sooner.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from tnt_sim.formulation.linear_model import IntArray, LinearModel, Sense
from tnt_sim.solve.backend import Backend, Limits, RawSolution, Termination
from tnt_sim.solve.fixing import fix_by_reduced_cost
from tnt_sim.solve.integral import solve_integral
from tnt_sim.solve.restriction import Restriction, restrict
from tnt_sim.solve.solution import IntegralSolution

FEWEST = 120
"""Columns that the quick point may choose freely, at the least; plus two for each row."""

QUICK_NODES = 500
"""Nodes after which the quick point is taken as it is."""


def solve_core(
    model: LinearModel, backend: Backend, limits: Limits = Limits(), start: IntArray | None = None
) -> IntegralSolution:
    """Like `solve_integral`, by way of the core; falls back to it wherever the core does not help."""
    began = time.perf_counter()
    if not (backend.capabilities.duals and backend.capabilities.node_limit) or not model.integer.all():
        return solve_integral(model, backend, limits, start)
    relaxed = backend.solve(model, relax=True, limits=limits)
    if relaxed.row_duals is None or relaxed.reduced_costs is None or relaxed.values is None:
        return solve_integral(model, backend, limits, start)
    quick = _quick_point(model, relaxed, backend, limits)
    known = better(model, quick, start)
    if known is None:
        return solve_integral(model, backend, limits, start)
    value = model.value(known)
    lower, upper, _ = fix_by_reduced_cost(model, relaxed.row_duals, value, keep_ties=False)
    # The point in hand stays inside, so that the core is never empty and the solver can begin from it.
    part = restrict(model, np.minimum(lower, known), np.maximum(upper, known))
    found = solve_integral(part.model, backend, limits, part.reduce(known))
    return expanded(found, part, model, known, relaxed.log, time.perf_counter() - began)


def _quick_point(
    model: LinearModel, relaxed: RawSolution, backend: Backend, limits: Limits
) -> IntArray | None:
    """The best of a small model: columns with a clear price stay where the relaxed solve has them."""
    assert relaxed.reduced_costs is not None
    assert relaxed.values is not None
    n_free = min(model.n_cols, FEWEST + 2 * model.n_rows)
    clear = np.argsort(np.abs(relaxed.reduced_costs), kind="stable")[n_free:]
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    at = np.clip(np.rint(relaxed.values).astype(np.int64), lower, upper)
    lower[clear] = upper[clear] = at[clear]
    part = restrict(model, lower, upper)
    found = solve_integral(part.model, backend, replace(limits, nodes=QUICK_NODES))
    return None if found.values is None else part.expand(found.values)


def better(model: LinearModel, left: IntArray | None, right: IntArray | None) -> IntArray | None:
    points = [point for point in (left, right) if point is not None and model.is_feasible(point)]
    if not points:
        return None
    sign = 1 if model.sense is Sense.MAXIMISE else -1
    return max(points, key=lambda point: sign * model.value(point))


def expanded(
    found: IntegralSolution, part: Restriction, model: LinearModel, known: IntArray, log: str, seconds: float
) -> IntegralSolution:
    """The answer over all columns; what lies outside the core is no better than the point in hand."""
    values = known if found.values is None else part.expand(found.values)
    value = model.value(values)
    bound = None if found.bound is None else found.bound + part.offset
    if bound is not None:
        sides = (bound, value)
        bound = max(sides) if model.sense is Sense.MAXIMISE else min(sides)
    termination = found.termination
    if termination is Termination.INFEASIBLE:  # against a point in hand: a word that cannot be true
        termination = Termination.NUMERIC_TROUBLE
    return replace(
        found, values=values, value=value, bound=bound, termination=termination,
        log=log + found.log, n_solves=found.n_solves + 2, seconds=seconds,
    )  # fmt: skip
