"""A model of 0-1 columns falls into parts that no row joins: then a part's own bound suffices for its columns.

Rows with a price join their columns. A row without one joins its columns too, unless the other rows imply it,
which an exact bound on its activity shows; such rows are left out one after the other. In each part the decision
is the best, since it is the best of the whole: the slack of the bound in other parts says nothing about this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tnt_sim.clock import Clock
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, Sense
from tnt_sim.solve.fixing import ExactBound, exact_bound
from tnt_sim.solve.registry import get_backend

MOST_TESTED = 20
"""Rows without a price that are tried for being implied, the longest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """How a model falls apart.

    Attributes
    ----------
    of_column : the part of each column, int64 (n_cols,)
    slack : by part, how much the bound lies above the decision, in the bound's scale
    rows : by part, the rows that are not implied
    """

    of_column: IntArray
    slack: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]


def parts_of(model: LinearModel, bound: ExactBound, point: IntArray, clock: Clock) -> Parts:
    """Split a model whose bound is known; `point` is the decision, the best of the model."""
    kept = np.ones(model.n_rows, dtype=np.bool_)
    prices = np.array([int(price) != 0 for price in bound.multipliers.tolist()])
    entries = model.matrix.tocoo()
    loose = np.flatnonzero(~prices)
    length = np.bincount(entries.row, minlength=model.n_rows)
    for row in loose[np.argsort(-length[loose], kind="stable")][:MOST_TESTED].tolist():
        if clock.deadline.expired:
            break
        if length[row] > 1 and _is_implied(model, kept, row, clock):
            kept[row] = False
    label = _labels(model, kept)
    numbers = range(int(label.max(initial=-1)) + 1)
    slack = tuple(_slack(model, bound, point, label, part) for part in numbers)
    rows: list[list[int]] = [[] for _ in numbers]
    first = np.full(model.n_rows, -1, dtype=np.int64)
    first[entries.row] = label[entries.col]
    for row in np.flatnonzero(kept & (first >= 0)).tolist():
        rows[int(first[row])].append(row)
    return Parts(label, slack, tuple(tuple(some) for some in rows))


def _labels(model: LinearModel, kept: np.ndarray) -> IntArray:
    entries = model.matrix.tocoo()
    used = kept[entries.row]
    size = model.n_rows + model.n_cols
    ones = np.ones(int(used.sum()), dtype=np.int8)
    graph = coo_array((ones, (entries.row[used], model.n_rows + entries.col[used])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    _, dense = np.unique(label[model.n_rows :], return_inverse=True)
    return dense.astype(np.int64)


def _is_implied(model: LinearModel, kept: np.ndarray, row: int, clock: Clock) -> bool:
    """Whether the other kept rows hold the activity of a row that has only an upper bound within it."""
    upper = int(model.row_upper[row])
    if model.row_lower[row] != NO_LOWER or upper == NO_UPPER:
        return False
    others = np.flatnonzero(kept & (np.arange(model.n_rows) != row))
    activity = model.matrix[[row], :].toarray().ravel().astype(np.int64)
    rest = LinearModel(
        matrix=model.matrix[others, :],
        row_lower=model.row_lower[others],
        row_upper=model.row_upper[others],
        col_lower=model.col_lower,
        col_upper=model.col_upper,
        objective=activity,
        sense=Sense.MAXIMISE,
        integer=model.integer,
        row_names=tuple(model.row_names[k] for k in others.tolist()),
        col_names=model.col_names,
    )
    duals = get_backend("highs").solve(rest, relax=True, limits=clock.limits()).row_duals
    most = None if duals is None else exact_bound(rest, duals).whole(Sense.MAXIMISE)
    return most is not None and most <= upper


def _slack(model: LinearModel, bound: ExactBound, point: IntArray, label: IntArray, part: int) -> int:
    """What the bound leaves above the decision in one part: its rows' slack at their prices, its columns' too."""
    mine = np.flatnonzero(label == part)
    up = 1 if model.sense is Sense.MAXIMISE else -1
    reduced = [up * int(value) for value in np.asarray(bound.reduced_costs)[mine].tolist()]
    total = sum(
        max(cost * int(model.col_lower[j]), cost * int(model.col_upper[j])) - cost * int(point[j])
        for cost, j in zip(reduced, mine.tolist(), strict=True)
    )
    matrix = model.matrix[:, mine]
    inside = np.flatnonzero(np.diff(matrix.tocsr().indptr) > 0)
    activity = model.activity(point)
    for row in inside.tolist():
        price = up * int(bound.multipliers[row])
        if price:
            limit = int(model.row_upper[row]) if price > 0 else int(model.row_lower[row])
            total += price * (limit - int(activity[row]))
    return total
