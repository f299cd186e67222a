"""Cuts over 0-1 columns that remove an infeasible choice and no feasible point: cover cuts and no-good cuts.

All arithmetic is in integers.

Source: Balas and Jeroslow, Canonical cuts on the unit hypercube, SIAM J. Appl. Math. 23 (1972); Balas, Facets
of the knapsack polytope, Math. Program. 8 (1975), for covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, BoolArray, IntArray, LinearModel


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
