"""Benders decomposition of unallocated money: solves the dossier choices alone, then completes the amounts.

Let x be the choices and l ≤ g ≤ u the amounts of unallocated money (« gains »), which count in no objective.
A row a·x + c·g ≤ b implies a·x ≤ b − min(c·g), so the model over x alone is a relaxation. Its best x is
optimal for the whole model if some g completes it.

If none does, a linear program gives multipliers y ≥ 0 of rows that no g satisfies together (Farkas). The
aggregated row Σ y_r (a_r·x + c_r·g) ≤ Σ y_r b_r, relaxed in the same way, is valid and excludes this x. It is
added as a Benders cut, and the choices are solved again.

Source: Benders, Partitioning procedures for solving mixed-variables programming problems, Numerische
Mathematik 4 (1962).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, ModelError, SolveStage
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.reductions.restriction import Restriction, find_violable_rows
from tnt_sim.sparse_matrix import stack_rows

RELAXATION = (
    "benders_relaxation",
    _("Free money of envelopes is first left aside, then shared out once the applications are chosen."),
)
"""Name and label of this step in a chain of reductions."""
MOST_ENTRIES = 2_000_000
"""Largest rows × columns of the affected rows; larger models are left to a solver."""


@dataclass(frozen=True, slots=True, eq=False)
class Loosened:
    """Relaxation of a model over its choices, and the way back.

    Attributes
    ----------
    model : the relaxation
    columns, gains : indices of the choices, and of all other columns, in the whole model
    touched : rows of the whole model that contain gains
    whole : the whole model, its rows with gains written as ≤
    """

    model: LinearModel
    columns: IntArray
    gains: IntArray
    touched: IntArray
    whole: LinearModel

    def expand(self, x: IntArray) -> IntArray | None:
        """Complete a choice with the least total gains; None if no gains satisfy all rows."""
        lower, upper = self.whole.col_lower.copy(), self.whole.col_upper.copy()
        lower[self.columns] = upper[self.columns] = x
        small, restriction = Restriction().apply(self.whole.with_bounds(lower, upper))
        gains = small.with_objective(np.ones(small.n_cols, dtype=np.int64), Sense.MINIMISE)
        found = solve_integral(gains, get_backend("highs")).values if gains.n_cols else x[:0]
        point = None if found is None else restriction.expand(found)
        return point if point is not None and self.whole.is_feasible(point) else None

    def without(self, x: IntArray) -> Loosened | None:
        """Add a Benders cut that the choice `x` violates; None if none is found."""
        multipliers = self._propose_farkas_multipliers(x)
        rows = multipliers @ self.whole.matrix[self.touched]
        upper = int(multipliers @ self.whole.row_upper[self.touched]) - self._compute_least(rows[self.gains])
        own = rows[self.columns]
        if int(own @ x) <= upper:
            return None
        try:
            model = self.model.with_rows(own[None, :], [NO_LOWER], [upper], ["clash"])
        except ModelError:  # numbers too large for a model
            return None
        return replace(self, model=model)

    def _compute_least(self, coefficients: IntArray) -> int:
        """Compute the minimum of coefficients·g over the bounds of the gains."""
        bounds = self.whole.col_lower[self.gains], self.whole.col_upper[self.gains]
        return int(np.minimum(coefficients * bounds[0], coefficients * bounds[1]).sum())

    def _propose_farkas_multipliers(self, x: IntArray) -> IntArray:
        """Propose Farkas multipliers, int64 (n_touched,), of rows that no gains satisfy together with `x`.

        They are dual prices of the least total violation, rounded; `without` checks the cut exactly.
        """
        from scipy.optimize import linprog
        from scipy.sparse import eye_array, hstack

        matrix = self.whole.matrix[self.touched]
        n_rows, n_gains = len(self.touched), len(self.gains)
        left = self.whole.row_upper[self.touched] - matrix[:, self.columns] @ x
        low, high = self.whole.col_lower[self.gains], self.whole.col_upper[self.gains]
        program = linprog(
            np.r_[np.zeros(n_gains), np.ones(n_rows)],
            A_ub=hstack([matrix[:, self.gains].to_scipy(), -eye_array(n_rows)], format="csr").astype(float),
            b_ub=left.astype(float),
            bounds=[*zip(low.tolist(), high.tolist(), strict=True), *[(0, None)] * n_rows],
        )
        if program.status != 0:
            return np.zeros(n_rows, dtype=np.int64)
        return np.rint(-program.ineqlin.marginals).astype(np.int64)


def _convert_to_at_most_rows(model: LinearModel, columns: IntArray) -> LinearModel:
    """Write every row over these columns as ≤ rows."""
    held = np.zeros(model.n_rows, dtype=np.bool_)
    held[np.unique(model.matrix[:, columns].row)] = True
    low = np.flatnonzero(held & (model.row_lower != NO_LOWER))
    if not len(low):
        return model
    stays = np.flatnonzero(~held | (model.row_upper != NO_UPPER))
    names = [model.row_names[k] for k in (*stays.tolist(), *low.tolist())]
    lower = np.where(held, NO_LOWER, model.row_lower)
    return LinearModel(
        matrix=stack_rows([model.matrix[stays], -model.matrix[low]]),
        row_lower=np.concatenate([lower[stays], np.full(len(low), NO_LOWER)]),
        row_upper=np.concatenate([model.row_upper[stays], -model.row_lower[low]]),
        col_lower=model.col_lower,
        col_upper=model.col_upper,
        integer=model.integer,
        objective=model.objective,
        sense=model.sense,
        row_names=tuple(names),
        col_names=model.col_names,
    )


def relax_to_counted_columns(model: LinearModel, stages: Sequence[SolveStage]) -> Loosened | None:
    """Relax the model to the columns that some stage counts; None if it has no others or is too large."""
    counted = np.any([stage.objective != 0 for stage in stages], axis=0)
    columns, gains = np.flatnonzero(counted), np.flatnonzero(~counted)
    if not len(gains):
        return None
    model = _convert_to_at_most_rows(model, gains)
    touched = np.unique(model.matrix[:, gains].row).astype(np.int64)
    if len(touched) * model.n_cols > MOST_ENTRIES:
        return None
    part, (low, high) = model.matrix[:, gains], (model.col_lower[gains], model.col_upper[gains])
    least = part.positive @ low + part.negative @ high
    selected = np.intersect1d(
        find_violable_rows(model), np.flatnonzero(np.diff(model.matrix[:, columns].indptr))
    )
    upper = model.row_upper[selected]
    try:
        small = LinearModel(
            matrix=model.matrix[selected, columns],
            row_lower=model.row_lower[selected],
            row_upper=np.where(upper == NO_UPPER, NO_UPPER, upper - least[selected]),
            col_lower=model.col_lower[columns],
            col_upper=model.col_upper[columns],
            integer=model.integer[columns],
            objective=model.objective[columns],
            sense=model.sense,
            row_names=tuple(model.row_names[k] for k in selected.tolist()),
            col_names=tuple(model.col_names[k] for k in columns.tolist()),
        )
    except ModelError:
        return None
    return Loosened(small, columns, gains, touched, model)
