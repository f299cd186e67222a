"""A named model as an object of PuLP, SciPy or HiGHS, for work outside the engine.

PuLP states a model row by row with names, and passes it to solvers that share no code with HiGHS. SciPy takes the
same numbers as arrays. HiGHS keeps the names, gives ranges, and reads and writes files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.formulation.named_model import EQUAL, LEAST, NamedModel

if TYPE_CHECKING:
    import pulp


@dataclass(frozen=True, eq=False)
class ScipyArrays:
    """A stage as SciPy takes it, always minimised: value = sign · result.fun + offset.

    Attributes
    ----------
    c : float64 (n_cols,), costs to minimise: the objective times `sign`
    A : `scipy.sparse.csr_array` (n_rows, n_cols)
    row_lower, row_upper : float64 (n_rows,)
    lower, upper : float64 (n_cols,)
    integrality : int (n_cols,), 1 for whole columns
    sign : -1 if the stage is maximised, otherwise 1
    offset : what the objective leaves out
    """

    c: FloatArray
    A: Any
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    integrality: Any
    sign: int
    offset: float

    def to_milp(self) -> dict[str, Any]:
        """Return the arguments of `scipy.optimize.milp`."""
        from scipy.optimize import Bounds, LinearConstraint

        return {
            "c": self.c,
            "integrality": self.integrality,
            "bounds": Bounds(self.lower, self.upper),
            "constraints": LinearConstraint(self.A, self.row_lower, self.row_upper),
        }

    def to_linprog(self) -> dict[str, Any]:
        """Return the arguments of `scipy.optimize.linprog`: the relaxation, `>=` rows with their signs changed.

        The rows of `A_ub` are those with `<=`, then those with `>=`; the rows of `A_eq` those with `=`. Each group
        keeps the order of the model.
        """
        from scipy.sparse import vstack

        at_most, at_least, equal = self.list_linprog_rows()
        return {
            "c": self.c,
            "A_ub": vstack([self.A[at_most], -self.A[at_least]], format="csr"),
            "b_ub": np.concatenate([self.row_upper[at_most], -self.row_lower[at_least]]),
            "A_eq": self.A[equal],
            "b_eq": self.row_lower[equal],
            "bounds": np.column_stack([self.lower, self.upper]),
            "method": "highs",
        }

    def list_linprog_rows(self) -> tuple[Any, Any, Any]:
        """Return the rows of the model with `<=`, those with `>=`, and those with `=`."""
        is_equal = self.row_lower == self.row_upper
        at_most = np.flatnonzero(np.isfinite(self.row_upper) & ~is_equal)
        at_least = np.flatnonzero(np.isfinite(self.row_lower) & ~is_equal)
        return at_most, at_least, np.flatnonzero(is_equal)


def build_scipy_arrays(model: NamedModel) -> ScipyArrays:
    """Return a named model as arrays for `scipy.optimize`."""
    sign = -1 if model.is_maximised else 1
    row_lower, row_upper = model.row_bounds
    lower, upper = model.column_bounds
    return ScipyArrays(
        c=sign * model.cost,
        A=model.matrix.to_scipy(),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=lower,
        upper=upper,
        integrality=model.integer.astype(np.int64),
        sign=sign,
        offset=float(model.offset),
    )


def build_pulp_problem(model: NamedModel, *, relax: bool = False) -> pulp.LpProblem:
    """Return a named model as a PuLP problem; always name the solver in `problem.solve(solver)`."""
    import pulp

    problem = pulp.LpProblem("model", pulp.LpMaximize if model.is_maximised else pulp.LpMinimize)
    lower, upper = model.column_bounds
    variables = [
        problem.add_variable(
            name,
            low if np.isfinite(low) else None,
            high if np.isfinite(high) else None,
            "Integer" if whole and not relax else "Continuous",
        )
        for name, low, high, whole in zip(
            model.columns, lower.tolist(), upper.tolist(), model.integer.tolist(), strict=True
        )
    ]
    cost = [(variables[j], float(model.cost[j])) for j in np.flatnonzero(model.cost).tolist()]
    problem.setObjective(pulp.LpAffineExpression.from_list(cost, name="objective"))
    matrix = model.matrix
    starts, indices, data = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    for row, (name, sense, rhs) in enumerate(zip(model.rows, model.senses, model.rhs.tolist(), strict=True)):
        entries = range(starts[row], starts[row + 1])
        pairs = [(variables[indices[k]], data[k]) for k in entries]
        pairs = pairs or [(variable, 0.0) for variable in variables[:1]]
        expression = pulp.LpAffineExpression.from_list(pairs)
        if sense == EQUAL:
            problem.addConstraint(expression == rhs, name)
        else:
            problem.addConstraint(expression >= rhs if sense == LEAST else expression <= rhs, name)
    return problem


def build_highs(model: NamedModel, *, relax: bool = False) -> Any:
    """Return a named model as a silent `highspy.Highs` with one thread, not yet run.

    Raises
    ------
    SolverError
        If highspy is missing, or refuses the model.
    """
    from tnt_sim.solve.backends.highs import import_highspy, load_named

    return load_named(import_highspy(), model, relax=relax)
