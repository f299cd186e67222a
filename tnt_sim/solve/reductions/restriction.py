"""Substitution of fixed columns, and of a point to count from: the model that is left is small.

x = base + E·y,   row_lower − A·base ≤ (A E)·y ≤ row_upper − A·base
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, ExactArray, FloatArray, IntArray, LinearModel


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """A model over the open columns only, and the way back.

    `model` has its columns in the order of `open_columns`; `base` is a point of the full model whose
    value `offset` is what `model.value` leaves out.
    """

    model: LinearModel
    open_columns: IntArray
    base: IntArray
    offset: int

    def expand(self, y: IntArray) -> IntArray:
        """The point of the full model."""
        x = self.base.copy()
        x[self.open_columns] += y
        return x

    def reduce(self, x: IntArray) -> IntArray:
        """The point of the small model, for an `x` that agrees with `base` on the closed columns."""
        return x[self.open_columns] - self.base[self.open_columns]


def restrict(
    model: LinearModel, col_lower: IntArray, col_upper: IntArray, around: IntArray | None = None
) -> Restriction:
    """The model under tighter bounds, without the columns that these fix.

    Open columns are counted from 0, or from `around`. Rows that no open column can break any more are
    left out; a row that is broken for good stays, so that the small model is infeasible too.
    """
    is_open = col_lower != col_upper
    base = np.where(is_open, 0 if around is None else around, col_lower)
    columns = np.flatnonzero(is_open)
    matrix = model.matrix[:, columns]
    shift = model.activity(base)
    low = _shifted(col_lower[columns], base[columns], NO_LOWER)
    high = _shifted(col_upper[columns], base[columns], NO_UPPER)
    least, most = _reach(matrix, low, high)
    row_lower = _needed(_shifted(model.row_lower, shift, NO_LOWER), least, NO_LOWER)
    row_upper = _needed(_shifted(model.row_upper, shift, NO_UPPER), most, NO_UPPER)
    kept = np.flatnonzero((row_lower != NO_LOWER) | (row_upper != NO_UPPER))
    small = LinearModel(
        matrix=matrix[kept],
        row_lower=row_lower[kept],
        row_upper=row_upper[kept],
        col_lower=low.astype(np.int64),
        col_upper=high.astype(np.int64),
        integer=model.integer[columns],
        objective=model.objective[columns],
        sense=model.sense,
        row_names=tuple(model.row_names[i] for i in kept.tolist()),
        col_names=tuple(model.col_names[j] for j in columns.tolist()),
    )
    return Restriction(small, columns, base, model.value(base))


def breakable(model: LinearModel) -> IntArray:
    """The rows that some point within the columns' bounds breaks: the others say nothing."""
    least, most = _reach(model.matrix, model.col_lower, model.col_upper)
    lower = _needed(model.row_lower, least, NO_LOWER)
    upper = _needed(model.row_upper, most, NO_UPPER)
    return np.flatnonzero((lower != NO_LOWER) | (upper != NO_UPPER))


def _shifted(bounds: IntArray, shift: ExactArray, absent: int) -> ExactArray:
    return np.where(bounds == absent, absent, bounds - shift)


def _reach(
    matrix: object, low: IntArray | ExactArray, high: IntArray | ExactArray
) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest activity of each row over the columns' bounds, in floats."""
    a = matrix.astype(np.float64)  # type: ignore[attr-defined]
    up, down = a.maximum(0), a.minimum(0)
    low_f = np.where(low == NO_LOWER, -1e300, low.astype(np.float64))
    high_f = np.where(high == NO_UPPER, 1e300, high.astype(np.float64))
    return up @ low_f + down @ high_f, up @ high_f + down @ low_f


def _needed(bounds: IntArray | ExactArray, reach: FloatArray, absent: int) -> IntArray:
    """Bounds that some open column can still break; the others become absent.

    The floats of `reach` may be wrong by their last digits only: what is dropped is clear of that.
    """
    slack = np.abs(reach) * 1e-12 + 0.5
    given = bounds.astype(np.float64)
    free = reach + slack < given if absent == NO_UPPER else reach - slack > given
    # An exact 0 on both sides is the common case of a row without open columns.
    free |= (reach == 0) & (given >= 0 if absent == NO_UPPER else given <= 0)
    return np.where(free, absent, bounds).astype(np.int64)
