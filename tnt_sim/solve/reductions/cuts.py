"""Cuts over 0-1 columns and tighter coefficients: the same integer points, a tighter linear relaxation.

Coefficient tightening of 0-1 rows: the same integer points, a tighter linear relaxation.

For a row Σ a_j x_j ≤ b over 0-1 columns with a_j > 0, let M = Σ a_j. If M − a_j < b, no point with x_j = 0
can violate the row, so a_j and b can both be lowered by b − (M − a_j). Example: a cap of 10,000 € on two
dossiers of 5,000 € and 10,000 € becomes « at most one of the two ».

Source: Savelsbergh, Preprocessing and probing techniques for mixed integer programming, ORSA J. Comput. 6
(1994).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, BoolArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.solve.reductions.reduction import SameColumns


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Cut coefficients·x ≥ lower: at least one column of a set T must change.

    Σ_{j∈T, x̂_j=0} x_j + Σ_{j∈T, x̂_j=1} (1 − x_j) ≥ 1
    """

    coefficients: IntArray
    lower: int


def mark_binary_columns(model: LinearModel) -> BoolArray:
    """Return the mask of integer columns whose bounds lie within 0 and 1."""
    return np.asarray(model.integer & (model.col_lower >= 0) & (model.col_upper <= 1))


def derive_cover_cut(model: LinearModel, point: IntArray) -> Cut | None:
    """Derive a cover cut from the first violated row that the 0-1 columns alone violate.

    T starts as the 0-1 columns whose current value uses up room in the row. Even with all other columns at
    their most favourable bounds, T violates the row. T is then reduced to a minimal cover by removing columns
    with small coefficients first. Returns None if no row is violated by its 0-1 columns alone.
    """
    activity = model.compute_activity(point)
    over = (model.row_upper != NO_UPPER) & (activity > model.row_upper)
    under = (model.row_lower != NO_LOWER) & (activity < model.row_lower)
    for row in np.flatnonzero(over.astype(bool)).tolist():
        cut = _derive_row_cover(model, point, row, 1, int(model.row_upper[row]))
        if cut is not None:
            return cut
    for row in np.flatnonzero(under.astype(bool)).tolist():
        cut = _derive_row_cover(model, point, row, -1, -int(model.row_lower[row]))
        if cut is not None:
            return cut
    return None


def _derive_row_cover(model: LinearModel, point: IntArray, row: int, sign: int, limit: int) -> Cut | None:
    """Derive the cover cut of one row, read as sign·(a·x) ≤ limit."""
    m = model.matrix
    begin, end = int(m.indptr[row]), int(m.indptr[row + 1])
    columns = m.indices[begin:end]
    binary = mark_binary_columns(model)[columns].tolist()
    chosen: list[tuple[int, int]] = []
    excess = -limit
    for a, j, whole_choice in zip(m.data[begin:end].tolist(), columns.tolist(), binary, strict=True):
        a *= sign
        cheapest = int(model.col_lower[j] if a > 0 else model.col_upper[j])
        if cheapest in (NO_LOWER, NO_UPPER):
            return None
        excess += a * cheapest
        if whole_choice and int(point[j]) != cheapest:
            excess += abs(a)
            chosen.append((abs(a), j))
    if excess <= 0:
        return None
    retained = []
    for weight, j in sorted(chosen):
        if excess - weight > 0:
            excess -= weight
        else:
            retained.append(j)
    return build_change_cut(model, point, np.array(retained, dtype=np.int64))


def build_no_good_cut(model: LinearModel, point: IntArray) -> Cut | None:
    """Return the cut that removes exactly this 0-1 choice; None if no 0-1 column is open."""
    free = np.flatnonzero(mark_binary_columns(model) & (model.col_lower < model.col_upper))
    return build_change_cut(model, point, free) if free.size else None


def build_change_cut(model: LinearModel, point: IntArray, columns: IntArray) -> Cut:
    """Return the cut that requires at least one of these 0-1 columns to change."""
    coefficients = np.zeros(model.n_cols, dtype=np.int64)
    ones = point[columns] == 1
    coefficients[columns] = np.where(ones, -1, 1)
    return Cut(coefficients, 1 - int(ones.sum()))


MAX_ENTRIES = 64

"""Longest row handled: in longer rows no single dossier fills the difference."""

ROWS_PER_LOOK = 64

"""Rows tightened between two checks of the deadline."""


@dataclass(frozen=True, slots=True)
class CoefficientTightening:
    """Tightening of the short 0-1 rows of a model; its integer points are unchanged.

    Rows that the deadline leaves no time for stay as they are.

    Examples
    --------
    >>> from tnt_sim.formulation.linear_model import Sense
    >>> model = LinearModel(
    ...     matrix=np.array([[5_000, 10_000]]), row_lower=[NO_LOWER], row_upper=[10_000],
    ...     col_lower=[0, 0], col_upper=[1, 1], integer=[True, True],
    ...     objective=[1, 1], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b"],
    ... )
    >>> tight, _ = CoefficientTightening().apply(model)
    >>> tight.matrix.toarray().tolist(), tight.row_upper.tolist()
    ([[5000, 5000]], [5000])
    """

    name: ClassVar[str] = "coefficient_tightening"
    label: ClassVar[Text] = _("Coefficients of short rows are tightened; the possible choices stay the same.")
    keeps_optima: ClassVar[bool] = True

    deadline: Deadline = UNLIMITED

    def apply(self, model: LinearModel) -> tuple[LinearModel, SameColumns]:
        """Tighten rows until the deadline; see the module's equation."""
        matrix = model.matrix.with_data(model.matrix.data.copy())
        upper = model.row_upper.copy()
        zero_one = model.integer & (model.col_lower >= 0) & (model.col_upper <= 1)
        changed = False
        sizes = np.diff(matrix.indptr)
        plain = (
            (model.row_lower == NO_LOWER)
            & (model.row_upper != NO_UPPER)
            & (sizes > 1)
            & (sizes <= MAX_ENTRIES)
        )
        for done, row in enumerate(np.flatnonzero(plain).tolist()):
            if done % ROWS_PER_LOOK == 0 and self.deadline.expired:
                break
            entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
            values = matrix.data[entries]
            if (values <= 0).any() or not zero_one[matrix.indices[entries]].all():
                continue
            tight, bound = _tighten_row(values.tolist(), int(upper[row]))
            if bound != upper[row]:
                matrix.data[entries] = tight
                upper[row] = bound
                changed = True
        return (replace(model, matrix=matrix, row_upper=upper) if changed else model), SameColumns()


def _tighten_row(values: list[int], bound: int) -> tuple[list[int], int]:
    """Tighten one row until nothing changes; a redundant or infeasible row is left as it is."""
    total = sum(values)
    if total <= bound or bound < 0:
        return values, bound
    moved = True
    while moved:
        moved = False
        for place in sorted(range(len(values)), key=lambda k: -values[k]):
            spare = bound - (total - values[place])
            if 0 < spare < values[place]:
                values[place] -= spare
                bound -= spare
                total -= spare
                moved = True
    return values, bound
