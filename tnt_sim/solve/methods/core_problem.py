"""Core problem: solves one stage over the few columns that the linear relaxation leaves undecided.

`solve_core` solves the linear relaxation for prices, then a small model over the columns with the smallest
reduced costs for a good point. Exact reduced-cost fixing (`reductions/fixing.py`) then fixes all columns that
no better point can change, usually all but a few hundred, and the solver solves the rest. The fixing is
exact, so the optimal value is the same as without it.

`CoreProblem` starts from the previous model of the same shape instead. Its linear program moves to the new model
from the last basis (`backends/incremental_lp.py`), and the last point is repaired until it satisfies all
rows; fixing and the final solve follow as above.

Source: Balas and Zemel, An algorithm for large zero-one knapsack problems, Operations Research 28 (1980).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination, convert_bounds
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.methods.integral import IntegralSolution, solve_integral
from tnt_sim.solve.reductions.fixing import ReducedCostFixing
from tnt_sim.solve.reductions.reduction import ChainInverse, Inverse, translate_points
from tnt_sim.solve.reductions.restriction import Restriction

FEWEST = 120
"""Columns left free for the quick point, at least; two per row are added."""

QUICK_NODES = 500
"""Branch-and-bound nodes for the quick point."""


def solve_core(
    model: LinearModel, backend: Backend, limits: Limits = Limits(), start: IntArray | None = None
) -> IntegralSolution:
    """Solve one stage through its core problem; same contract as `solve_integral`.

    It calls `solve_integral` on the whole model if the backend lacks prices or node limits, if no prices are
    found, or if no feasible point is found.
    """
    began = time.perf_counter()
    if not (backend.capabilities.duals and backend.capabilities.node_limit) or not model.integer.all():
        return solve_integral(model, backend, limits, start)
    relaxed = backend.solve(model, relax=True, limits=limits)
    if relaxed.row_duals is None or relaxed.reduced_costs is None or relaxed.values is None:
        return solve_integral(model, backend, limits, start)
    quick = _find_quick_point(model, relaxed, backend, limits)
    known = select_better_point(model, quick, start)
    if known is None:
        return solve_integral(model, backend, limits, start)
    found, inverse = _solve_around(model, relaxed.row_duals, known, backend, limits)
    return expand_solution(found, inverse, model, known, relaxed.log, time.perf_counter() - began)


def _solve_around(
    model: LinearModel, row_duals: FloatArray, known: IntArray, backend: Backend, limits: Limits
) -> tuple[IntegralSolution, Inverse]:
    """Solve over the columns that a point better than `known` may change, starting from `known`."""
    fixed, bounds = ReducedCostFixing(row_duals, model.compute_value(known), known, limits.deadline).apply(
        model
    )
    core, columns = Restriction().apply(fixed)
    inverse = ChainInverse((bounds, columns))
    found = solve_integral(core, backend, translate_points(limits, inverse), columns.reduce(known))
    return found, inverse


def _find_quick_point(
    model: LinearModel, relaxed: RawSolution, backend: Backend, limits: Limits
) -> IntArray | None:
    """Solve a small model in which columns with large reduced costs stay at their relaxed values."""
    assert relaxed.reduced_costs is not None
    assert relaxed.values is not None
    n_free = min(model.n_cols, FEWEST + 2 * model.n_rows)
    clear = np.argsort(np.abs(relaxed.reduced_costs), kind="stable")[n_free:]
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    at = np.clip(np.rint(relaxed.values).astype(np.int64), lower, upper)
    lower[clear] = upper[clear] = at[clear]
    part, inverse = Restriction().apply(model.with_bounds(lower, upper))
    found = solve_integral(part, backend, replace(limits, nodes=QUICK_NODES, on_point=None))
    return None if found.values is None else inverse.expand(found.values)


def select_better_point(model: LinearModel, left: IntArray | None, right: IntArray | None) -> IntArray | None:
    """Return the better of two points, among those that are feasible; None if neither is."""
    points = [point for point in (left, right) if point is not None and model.is_feasible(point)]
    if not points:
        return None
    sign = 1 if model.sense is Sense.MAXIMISE else -1
    return max(points, key=lambda point: sign * model.compute_value(point))


def expand_solution(
    solution: IntegralSolution,
    inverse: Inverse,
    model: LinearModel,
    known: IntArray,
    log: str,
    seconds: float,
) -> IntegralSolution:
    """Translate the core's solution to all columns; its bound is at least the incumbent's value."""
    values = known if solution.values is None else inverse.expand(solution.values)
    value = model.compute_value(values)
    bound = None if solution.bound is None else inverse.expand_bound(solution.bound)
    if bound is not None:
        sides = (bound, value)
        bound = max(sides) if model.sense is Sense.MAXIMISE else min(sides)
    termination = solution.termination
    if termination is Termination.INFEASIBLE:  # wrong: the incumbent is feasible
        termination = Termination.NUMERIC_TROUBLE
    return replace(
        solution, values=values, value=value, bound=bound, termination=termination,
        log=log + solution.log, n_solves=solution.n_solves + 2, seconds=seconds,
    )  # fmt: skip


MAX_SHAPES = 8
"""Linear programs kept: those of the stages, and of models with cuts."""
MAX_CELLS = 4_000_000
"""Largest rows × columns of a model whose points are repaired."""
MAX_FLIPS = 200
"""Columns flipped to make a point feasible, at most."""

Shape = tuple[int, int, Sense]
"""Number of rows, number of columns, and sense."""


@dataclass
class CoreProblem:
    """Solver that reuses the last point per number of columns, and the linear program per shape."""

    _points: dict[int, IntArray] = field(default_factory=dict)
    _lives: dict[Shape, IncrementalLp] = field(default_factory=dict)

    def solve(
        self, model: LinearModel, backend: Backend, limits: Limits = Limits(), start: IntArray | None = None
    ) -> IntegralSolution:
        """Solve one stage; same contract and optimal value as `solve_integral`, but faster on similar models."""
        began = time.perf_counter()
        last = start if start is not None else self._points.get(model.n_cols)
        result = None if last is None else self._solve_core(model, backend, limits, last, began)
        if result is None:
            known = last if last is not None and model.is_feasible(last) else None
            result = solve_integral(model, backend, limits, known)
        if result.values is not None:
            self._points[model.n_cols] = result.values
        return result

    def _solve_core(
        self, model: LinearModel, backend: Backend, limits: Limits, last: IntArray, began: float
    ) -> IntegralSolution | None:
        """Solve the core problem around a point near the last one; None if there is no such point."""
        if not model.integer.all():
            return None
        prices = self._compute_prices(model, limits.deadline)
        if prices is None:
            return None
        known = last if model.is_feasible(last) else None
        known = select_better_point(model, known, repair_point(model, last, prices, limits.deadline))
        if known is None:
            return None
        inner, inverse = _solve_around(model, prices, known, backend, limits)
        found = expand_solution(inner, inverse, model, known, "", time.perf_counter() - began)
        return replace(found, n_solves=inner.n_solves)

    def _compute_prices(self, model: LinearModel, deadline: Deadline) -> FloatArray | None:
        shape = model.n_rows, model.n_cols, model.sense
        live = self._lives.setdefault(shape, IncrementalLp())
        if len(self._lives) > MAX_SHAPES:
            del self._lives[next(iter(self._lives))]
        up = model.sense is Sense.MAXIMISE
        found = live.compute_prices(model, model.objective if up else -model.objective, deadline=deadline)
        return found if found is None or up else -found


def repair_point(
    model: LinearModel, point: IntArray, prices: FloatArray, deadline: Deadline = UNLIMITED
) -> IntArray | None:
    """Repair a point by flipping 0-1 columns, the cheapest first at these prices.

    First flip columns that reduce the violation of rows, at the least loss of reduced cost per unit of
    violation removed. Then add columns that improve the objective and violate no row. Returns None if this
    does not succeed in time, or if the model is too large.
    """
    if model.n_rows * model.n_cols > MAX_CELLS:
        return None
    sign = 1 if model.sense is Sense.MAXIMISE else -1
    rows = model.matrix.toarray().astype(np.float64)
    low, high = convert_bounds(model.row_lower, model.row_upper)
    worth = sign * (model.objective - prices @ rows)
    x = np.clip(point, model.col_lower, model.col_upper)
    can = (model.col_lower == 0) & (model.col_upper == 1)
    reach = rows @ x
    for _ in range(MAX_FLIPS):
        off = _compute_violation(reach, low, high).sum()
        if not off:
            break
        if deadline.expired:
            return None
        step = np.where(x > 0, -1.0, 1.0)
        nearer = off - _compute_violation((reach[:, None] + rows * step).T, low, high).sum(axis=1)
        usable = can & (nearer > 0)
        if not usable.any():
            return None
        each = np.where(usable, np.maximum(-step * worth, 0.0) / np.where(usable, nearer, 1.0), np.inf)
        best = int(np.argmin(each))
        reach += rows[:, best] * step[best]
        x[best] += int(step[best])
    addable = can & (x == 0) & (sign * model.objective > 0)
    for j in np.flatnonzero(addable)[np.argsort(-worth[addable], kind="stable")].tolist():
        if deadline.expired:
            break
        if not _compute_violation(after := reach + rows[:, j], low, high).any():
            x[j], reach = 1, after
    return x if model.is_feasible(x) else None


def _compute_violation(reach: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Compute the violation of each row."""
    far: FloatArray = np.maximum(reach - high, 0.0) + np.maximum(low - reach, 0.0)
    return far
