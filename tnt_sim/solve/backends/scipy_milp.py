"""SciPy backend (`milp` and `linprog`): a fallback for machines without highspy.

SciPy uses HiGHS too, so it never counts as an independent solver.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np
import scipy

from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import (
    Capabilities,
    Limits,
    RawSolution,
    Termination,
    Tuning,
    build_infeasible_solution,
    build_timeout_solution,
    convert_bounds,
    has_crossed_bounds,
    refuse_non_finite,
)

_SOLVER = f"SciPy {scipy.__version__} (HiGHS)"


class ScipyBackend:
    """`scipy.optimize`: zero relative gap, silent; Ctrl-C raises after the solver has returned."""

    name = "scipy"
    capabilities = Capabilities(
        integer=True,
        duals=True,
        time_limit=True,
        node_limit=True,
        start=False,
        tuning=True,
        independent_of_highs=False,
    )

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        """Solve one model; `start`, `tuning.seed` and `tuning.tolerance` are ignored.

        Raises
        ------
        SolverError
            If SciPy returns an unknown status.
        """
        if has_crossed_bounds(model):
            return build_infeasible_solution(_SOLVER)
        if not model.n_cols:
            return _solve_without_columns(model)
        if limits.expired:
            return build_timeout_solution(_SOLVER)
        began = time.perf_counter()
        answer = _solve_relaxation(model, limits, tuning) if relax else _solve_integer(model, limits, tuning)
        values, bound, duals, termination = answer
        objective = float(model.objective.astype(np.float64) @ values) if values is not None else None
        reduced = None if duals is None else model.objective - duals @ model.matrix
        seconds = time.perf_counter() - began
        raw = RawSolution(termination, values, objective, bound, duals, reduced, _SOLVER, seconds)
        return refuse_non_finite(raw)


_Answer = tuple[FloatArray | None, float | None, FloatArray | None, Termination]


def _build_options(limits: Limits, tuning: Tuning) -> dict[str, Any]:
    options: dict[str, Any] = {"disp": False, "presolve": tuning.presolve}
    if limits.time_seconds is not None:
        options["time_limit"] = max(float(limits.time_seconds), 0.0)
    return options


def _solve_integer(model: LinearModel, limits: Limits, tuning: Tuning) -> _Answer:
    optimize = _import_optimize()

    sign = _get_sign(model)
    low, high = convert_bounds(model.row_lower, model.row_upper)
    options = _build_options(limits, tuning) | {"mip_rel_gap": 0.0}
    if limits.nodes is not None:
        options["node_limit"] = limits.nodes
    result = optimize.milp(
        sign * model.objective.astype(np.float64),
        integrality=model.integer.astype(np.int32),
        bounds=optimize.Bounds(*convert_bounds(model.col_lower, model.col_upper)),
        constraints=optimize.LinearConstraint(model.matrix.to_scipy().astype(np.float64), low, high)
        if model.n_rows
        else None,
        options=options,
    )
    values = None if result.x is None else np.asarray(result.x, dtype=np.float64)
    bound = getattr(result, "mip_dual_bound", None)
    if bound is not None:
        bound = float(sign * bound) if np.isfinite(bound) else None
    return values, bound, None, _read_termination(result, limits)


def _solve_relaxation(model: LinearModel, limits: Limits, tuning: Tuning) -> _Answer:
    """Solve the linear relaxation; rows become equalities and ≤ rows, prices are returned in our sign."""
    optimize = _import_optimize()

    sign, matrix = _get_sign(model), model.matrix.to_scipy().astype(np.float64)
    low, high = convert_bounds(model.row_lower, model.row_upper)
    equal = low == high
    above, below = ~equal & np.isfinite(high), ~equal & np.isfinite(low)
    stacked = scipy.sparse.vstack([matrix[above], -matrix[below]], format="csr")
    result = optimize.linprog(
        sign * model.objective.astype(np.float64),
        A_ub=stacked if stacked.shape[0] else None,
        b_ub=np.concatenate([high[above], -low[below]]) if stacked.shape[0] else None,
        A_eq=matrix[equal] if equal.any() else None,
        b_eq=low[equal] if equal.any() else None,
        bounds=np.column_stack(convert_bounds(model.col_lower, model.col_upper)),
        method="highs",
        options=_build_options(limits, tuning),
    )
    termination = _read_termination(result, limits)
    if termination is not Termination.OPTIMAL:
        return None, None, None, termination
    duals = np.zeros(model.n_rows)
    if stacked.shape[0]:
        n_above = int(above.sum())
        duals[above] += result.ineqlin.marginals[:n_above]
        duals[below] -= result.ineqlin.marginals[n_above:]
    if equal.any():
        duals[equal] = result.eqlin.marginals
    return np.asarray(result.x, dtype=np.float64), float(sign * result.fun), sign * duals, termination


def _import_optimize() -> Any:
    # imported late, because it takes 0.3 s; typed Any, because its stubs need literal option dictionaries
    return importlib.import_module("scipy.optimize")


def _get_sign(model: LinearModel) -> float:
    return -1.0 if model.sense is Sense.MAXIMISE else 1.0


def _read_termination(answer: Any, limits: Limits) -> Termination:
    """Translate SciPy's status; the message refines 1 (« iteration or time limit ») and 4 (« other »)."""
    message = str(answer.message)
    if answer.status == 0:
        return Termination.OPTIMAL
    if answer.status == 1:
        nodes = limits.nodes is not None and ("olution limit" in message or "teration" in message)
        return Termination.NODE_LIMIT if nodes else Termination.TIME_LIMIT
    if answer.status == 2:
        return Termination.INFEASIBLE
    if answer.status == 3:
        return Termination.UNBOUNDED
    if answer.status == 4:
        if "olution limit" in message and limits.nodes is not None:
            return Termination.NODE_LIMIT
        both = "unbounded or infeasible" in message.lower() or "infeasible or unbounded" in message.lower()
        return Termination.INFEASIBLE_OR_UNBOUNDED if both else Termination.NUMERIC_TROUBLE
    raise SolverError(_("{solver}: unknown status {status}", solver=_SOLVER, status=answer.status))


def _solve_without_columns(model: LinearModel) -> RawSolution:
    feasible = model.is_feasible(np.zeros(0, dtype=np.int64))
    if not feasible:
        return build_infeasible_solution(_SOLVER)
    return RawSolution(Termination.OPTIMAL, np.zeros(0), 0.0, 0.0, None, None, _SOLVER, 0.0)
