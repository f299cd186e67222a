"""Primal and dual solution of the relaxation of a named model, by HiGHS, SciPy or a solver of PuLP, in one sign.

A dual price is the change of the objective per unit of a right-hand side: ≥ 0 for a maximum and ≤ 0 for a minimum
when the stage is maximised, the opposite when it is minimised. With the reduced costs r = cost − y·matrix, each
vector of prices of these signs bounds the stage:

    cost·x  ≤  y·rhs + Σ_j max(r_j·lower_j, r_j·upper_j)        for every x of a stage that is maximised

HiGHS also gives ranges, in which its basis and so its prices stay optimal. CBC writes 8 digits: its prices are
corrected by least squares on the equations r_j = 0 of the columns strictly between their bounds, which every
optimal vector of prices satisfies (complementary slackness), and of those whose reduced cost is within rounding.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import LimitReached, NothingDecided, SolverError
from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.formulation.named_model import LEAST, MOST, NamedModel
from tnt_sim.i18n.message import _
from tnt_sim.solve.backends.model_objects import build_highs, build_pulp_problem, build_scipy_arrays
from tnt_sim.solve.backends.pulp_bridge import build_time_option, get_solver_family
from tnt_sim.solve.backends.solver_process import limit_processes

INTERIOR = 1e-6
"""Share of its range by which a column must be away from both bounds to count as strictly between them."""
NEGLIGIBLE = 1e-9
"""Share of the largest cost below which the price of a row, times its longest coefficient, counts as 0."""
LAST_DIGIT = 2e-8
"""Relative error of a reduced cost whose prices have 8 digits, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Intervals in which the basis stays optimal, one number changing at a time; ±∞ where nothing ends it.

    Attributes
    ----------
    rhs_from, rhs_to : float64 (n_rows,), right-hand sides with the same prices
    cost_from, cost_to : float64 (n_cols,), costs with the same primal point
    """

    rhs_from: FloatArray
    rhs_to: FloatArray
    cost_from: FloatArray
    cost_to: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PricedPoint:
    """An optimal point of the relaxation with its prices.

    Attributes
    ----------
    values : float64 (n_cols,)
    prices : float64 (n_rows,)
    solver : its name
    ranges : None for solvers that give none
    """

    values: FloatArray
    prices: FloatArray
    solver: str
    ranges: Ranges | None = None

    def compute_reduced_costs(self, model: NamedModel) -> FloatArray:
        """Compute cost − prices·matrix, float64 (n_cols,)."""
        return np.asarray(model.cost - self.prices @ model.matrix)


def solve_relaxation_of(model: NamedModel, solver: str, deadline: Deadline = UNLIMITED) -> PricedPoint:
    """Solve the relaxation with `highs`, `scipy` or `pulp:NAME`, until the deadline."""
    solvers: dict[str, Callable[[NamedModel, Deadline], PricedPoint]] = {
        "highs": _solve_with_highs,
        "scipy": _solve_with_scipy,
    }
    if solver not in solvers and not solver.startswith("pulp:"):
        raise SolverError(_('"{solver}" is not highs, scipy or pulp:NAME.', solver=solver))
    if not model.columns:
        return _settle_without_columns(model, solver)
    _check_optimal(not deadline.expired, False, "kTimeLimit")  # small models are solved without a look at it
    if solver in solvers:
        return solvers[solver](model, deadline)
    return _solve_with_pulp(model, solver.removeprefix("pulp:"), deadline)


def _settle_without_columns(model: NamedModel, solver: str) -> PricedPoint:
    """Return the only point of a model without candidates; solvers refuse one without columns."""
    lower, upper = model.row_bounds
    _check_optimal(True, bool(((lower > 0) | (upper < 0)).any()), "")
    n_rows, nothing = len(model.rows), np.zeros(0)
    ranges = Ranges(
        rhs_from=np.where(np.isfinite(upper), 0, -np.inf),
        rhs_to=np.where(np.isfinite(lower), 0, np.inf),
        cost_from=nothing,
        cost_to=nothing,
    )
    return PricedPoint(nothing, np.zeros(n_rows), solver, ranges)


def _check_optimal(is_optimal: bool, is_infeasible: bool, word: str) -> None:
    if is_infeasible:
        raise NothingDecided(_("no point satisfies all rows of the relaxation."))
    if not is_optimal:
        raise LimitReached(_("the linear program was not solved to the end ({word}).", word=word))


def _solve_with_highs(model: NamedModel, deadline: Deadline) -> PricedPoint:
    highs = build_highs(model, relax=True)
    highs.setOptionValue("time_limit", deadline.clock_seconds)
    highs.run()
    status = highs.getModelStatus().name
    _check_optimal(status == "kOptimal", status in ("kInfeasible", "kUnboundedOrInfeasible"), status)
    solution = highs.getSolution()
    values, prices = np.array(solution.col_value), np.array(solution.row_dual)
    return PricedPoint(values, prices, f"HiGHS {highs.version()}", _read_ranges(highs, model, values, prices))


def _read_ranges(highs: Any, model: NamedModel, values: FloatArray, prices: FloatArray) -> Ranges | None:
    """Read the ranges of HiGHS; those of numbers outside the basis follow from slacks and reduced costs."""
    code, ranging = highs.getRanging()
    if code.name != "kOk" or not ranging.valid:
        return None
    basis = highs.getBasis()
    n_rows, n_cols = len(model.rows), len(model.columns)
    is_basic_row = np.array([status.name == "kBasic" for status in basis.row_status], dtype=np.bool_)
    is_basic = np.array([status.name == "kBasic" for status in basis.col_status], dtype=np.bool_)
    activity, senses = model.matrix @ values, np.array(model.senses, dtype=np.str_)
    low, high = (np.array(part.value_)[:n_rows] for part in (ranging.row_bound_dn, ranging.row_bound_up))
    reduced = np.asarray(model.cost - prices @ model.matrix)
    lower, upper = model.column_bounds
    at_upper = (values > (lower + upper) / 2) == model.is_maximised
    cost_low, cost_high = (
        np.array(part.value_)[:n_cols] for part in (ranging.col_cost_dn, ranging.col_cost_up)
    )
    is_fixed = lower == upper
    edge = model.cost - reduced
    return Ranges(
        rhs_from=np.where(is_basic_row, np.where(senses == MOST, activity, -np.inf), low),
        rhs_to=np.where(is_basic_row, np.where(senses == LEAST, activity, np.inf), high),
        cost_from=np.where(is_basic, cost_low, np.where(at_upper & ~is_fixed, edge, -np.inf)),
        cost_to=np.where(is_basic, cost_high, np.where(at_upper | is_fixed, np.inf, edge)),
    )


def _solve_with_scipy(model: NamedModel, deadline: Deadline) -> PricedPoint:
    import scipy
    from scipy.optimize import linprog

    arrays = build_scipy_arrays(model)
    result = linprog(**arrays.to_linprog(), options={"time_limit": deadline.clock_seconds})
    _check_optimal(result.status == 0, result.status == 2, str(result.message))
    at_most, at_least, equal = arrays.list_linprog_rows()
    prices = np.zeros(len(model.rows))
    one_sided = result.ineqlin.marginals
    prices[at_most], prices[at_least] = one_sided[: len(at_most)], -one_sided[len(at_most) :]
    prices[equal] = result.eqlin.marginals
    return PricedPoint(np.asarray(result.x), arrays.sign * prices, f"SciPy {scipy.__version__} (HiGHS)")


def _solve_with_pulp(model: NamedModel, name: str, deadline: Deadline) -> PricedPoint:
    import pulp

    problem, backend = build_pulp_problem(model, relax=True), f"pulp:{name}"
    with tempfile.TemporaryDirectory(prefix="tnt-sim-") as folder:
        try:
            solver = pulp.getSolver(name, msg=False, **build_time_option(name, deadline.limit_seconds))
            if hasattr(solver, "tmpDir"):
                solver.tmpDir = folder
            with limit_processes(deadline, solver):
                status = problem.solve(solver).status
        except pulp.PulpError as error:
            raise SolverError(_("{name}: {reason}", name=backend, reason=str(error))) from error
    known = pulp.LpSolveStatus
    _check_optimal(status == known.Optimal, status == known.Infeasible, str(status))
    raw_prices = [constraint.pi for constraint in problem.constraints()]
    if any(price is None for price in raw_prices):
        raise SolverError(_("{name}: {reason}", name=backend, reason=_("it gives no prices")))
    values = np.array([variable.value() or 0.0 for variable in problem.variables()])
    prices = np.array(raw_prices, dtype=np.float64)
    if get_solver_family(name) == "cbc":
        # PuLP gives CBC « minimise −cost » for a maximised stage, and leaves the prices in that sign
        prices = refine_prices(model, values, -prices if model.is_maximised else prices)
    return PricedPoint(values, prices, f"PuLP {pulp.__version__} ({name})")


def refine_prices(model: NamedModel, values: FloatArray, prices: FloatArray) -> FloatArray:
    """Correct prices of 8 digits: least squares on r_j = 0 where it is so, or within rounding.

    Rows without a price keep none, so that complementary slackness is not lost.
    """
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import lsmr

    lower, upper = model.column_bounds
    margin = INTERIOR * np.maximum(1, np.where(np.isfinite(upper - lower), upper - lower, 1))
    interior = np.flatnonzero((values > lower + margin) & (values < upper - margin))
    longest = model.matrix.reduce_rows(np.maximum, 0)
    priced = np.flatnonzero(np.abs(prices) * longest > NEGLIGIBLE * np.abs(model.cost).max(initial=0))
    refined = np.zeros_like(prices)
    refined[priced] = prices[priced]
    reduced = model.cost - refined @ model.matrix
    rounding = LAST_DIGIT * (np.abs(model.cost) + np.abs(refined) @ abs(model.matrix))
    settled = np.union1d(interior, np.flatnonzero(np.abs(reduced) <= rounding))
    if not len(priced) or not len(settled):
        return refined
    by_row = diags_array(1 / longest[priced])
    equations = (by_row @ model.matrix[priced][:, settled].to_scipy()).T.tocsr()
    sizes = abs(equations).max(axis=1).toarray().ravel()
    by_equation = diags_array(1 / np.where(sizes > 0, sizes, 1))
    for __ in range(3):
        residual = by_equation @ (model.cost - refined @ model.matrix)[settled]
        step = lsmr(
            by_equation @ equations, residual, atol=1e-15, btol=1e-15, maxiter=10 * len(priced) + 100
        )[0]
        refined[priced] += step / longest[priced]
    return refined
