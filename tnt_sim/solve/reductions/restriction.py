"""Substitution of fixed columns: a smaller model over the open columns, and the way back.

    x = base + E·y,   row_lower − A·base ≤ (A E)·y ≤ row_upper − A·base

E places the open columns y among all columns. `base` may also shift the origin of open columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, ExactArray, FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.sparse_matrix import SparseMatrix


@dataclass(frozen=True, slots=True, eq=False)
class RestrictionInverse:
    """Map from the open columns back to all columns.

    Attributes
    ----------
    open_columns : int64, indices in the full model, in the order of the restricted columns
    base : int64 (n_cols,), point of the full model that y = 0 stands for
    offset : value of `base`; value of x = offset + value of y
    """

    open_columns: IntArray
    base: IntArray
    offset: int

    def expand(self, y: IntArray) -> IntArray:
        """Map a point y of the restricted model to the full model."""
        x = self.base.copy()
        x[self.open_columns] += y
        return x

    def expand_bound(self, bound: int) -> int:
        """Add the value of `base`."""
        return bound + self.offset

    def reduce(self, x: IntArray) -> IntArray:
        """Map a point x to the restricted model; `x` must equal `base` on the fixed columns."""
        return x[self.open_columns] - self.base[self.open_columns]


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """Removal of fixed columns, and of rows that no point within the column bounds can violate.

    A row that is violated whatever the open columns are is kept, so that the restricted model is infeasible
    too. Open columns are counted from 0, or from `around`.
    """

    name: ClassVar[str] = "restriction"
    label: ClassVar[Text] = _("Fixed columns are removed, and rows that no choice can violate any more.")
    keeps_optima: ClassVar[bool] = True

    around: IntArray | None = None

    def apply(self, model: LinearModel) -> tuple[LinearModel, RestrictionInverse]:
        """Substitute the columns whose two bounds are equal; see the module's equation."""
        col_lower, col_upper = model.col_lower, model.col_upper
        is_open = col_lower != col_upper
        base = np.where(is_open, 0 if self.around is None else self.around, col_lower)
        columns = np.flatnonzero(is_open)
        matrix = model.matrix[:, columns]
        shift = model.compute_activity(base)
        low = _shift_bounds(col_lower[columns], base[columns], NO_LOWER)
        high = _shift_bounds(col_upper[columns], base[columns], NO_UPPER)
        least, most = _compute_activity_range(matrix, low, high)
        row_lower = _drop_redundant_bounds(_shift_bounds(model.row_lower, shift, NO_LOWER), least, NO_LOWER)
        row_upper = _drop_redundant_bounds(_shift_bounds(model.row_upper, shift, NO_UPPER), most, NO_UPPER)
        selected = np.flatnonzero((row_lower != NO_LOWER) | (row_upper != NO_UPPER))
        small = LinearModel(
            matrix=matrix[selected],
            row_lower=row_lower[selected],
            row_upper=row_upper[selected],
            col_lower=low.astype(np.int64),
            col_upper=high.astype(np.int64),
            integer=model.integer[columns],
            objective=model.objective[columns],
            sense=model.sense,
            row_names=tuple(model.row_names[i] for i in selected.tolist()),
            col_names=tuple(model.col_names[j] for j in columns.tolist()),
        )
        return small, RestrictionInverse(columns, base, model.compute_value(base))


def find_violable_rows(model: LinearModel) -> IntArray:
    """Return the rows that some point within the column bounds violates; the others are redundant."""
    least, most = _compute_activity_range(model.matrix, model.col_lower, model.col_upper)
    lower = _drop_redundant_bounds(model.row_lower, least, NO_LOWER)
    upper = _drop_redundant_bounds(model.row_upper, most, NO_UPPER)
    return np.flatnonzero((lower != NO_LOWER) | (upper != NO_UPPER))


def _shift_bounds(bounds: IntArray, shift: ExactArray, absent: int) -> ExactArray:
    return np.where(bounds == absent, absent, bounds - shift)


def _compute_activity_range(
    matrix: SparseMatrix, low: IntArray | ExactArray, high: IntArray | ExactArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the least and the largest activity of each row over the column bounds, in floats."""
    a = matrix.astype(np.float64)
    up, down = a.positive, a.negative
    low_f = np.where(low == NO_LOWER, -1e300, low.astype(np.float64))
    high_f = np.where(high == NO_UPPER, 1e300, high.astype(np.float64))
    return up @ low_f + down @ high_f, up @ high_f + down @ low_f


def _drop_redundant_bounds(bounds: IntArray | ExactArray, reach: FloatArray, absent: int) -> IntArray:
    """Mark bounds that no point can violate as absent.

    Errors of `reach` are limited to its last digits; a margin keeps every bound that is in doubt.
    """
    slack = np.abs(reach) * 1e-12 + 0.5
    written = bounds.astype(np.float64)
    free = reach + slack < written if absent == NO_UPPER else reach - slack > written
    # a reach of exactly 0 is the common case of a row without open columns
    free |= (reach == 0) & (written >= 0 if absent == NO_UPPER else written <= 0)
    return np.where(free, absent, bounds).astype(np.int64)
