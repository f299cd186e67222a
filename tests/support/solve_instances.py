"""Small random instances, and their answers by enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.sparse_matrix import SparseMatrix


def model_of(
    rows: Sequence[Sequence[int]],
    lower: Sequence[int],
    upper: Sequence[int],
    objective: Sequence[int],
    sense: Sense = Sense.MAXIMISE,
    *,
    col_lower: Sequence[int] | None = None,
    col_upper: Sequence[int] | None = None,
    integer: bool = True,
) -> LinearModel:
    """A model from plain lists; columns are 0-1 unless bounds are given."""
    n = len(objective)
    matrix = np.array(rows, dtype=np.int64).reshape(len(rows), n)
    return LinearModel(
        matrix=SparseMatrix.from_dense(matrix),
        row_lower=np.array(lower, dtype=np.int64),
        row_upper=np.array(upper, dtype=np.int64),
        col_lower=np.array([0] * n if col_lower is None else col_lower, dtype=np.int64),
        col_upper=np.array([1] * n if col_upper is None else col_upper, dtype=np.int64),
        integer=np.full(n, integer),
        objective=np.array(objective, dtype=np.int64),
        sense=sense,
        row_names=tuple(f"row {i}" for i in range(len(rows))),
        col_names=tuple(f"D-{j}" for j in range(n)),
    )


def points_of(model: LinearModel) -> IntArray:
    """Every point of the columns' box that keeps every row, (n_points, n_cols); small models only."""
    bounds = zip(model.col_lower.tolist(), model.col_upper.tolist(), strict=True)
    corners = list(itertools.product(*(range(low, high + 1) for low, high in bounds)))
    box = np.array(corners, dtype=np.int64).reshape(len(corners), model.n_cols)
    found = box @ model.matrix.toarray().T
    good = np.all((found >= model.row_lower) & (found <= model.row_upper), axis=1)
    return box[good]


def best_of(model: LinearModel) -> int | None:
    """The best value by enumeration, None when nothing is feasible."""
    points = points_of(model)
    if not len(points):
        return None
    values = points @ model.objective
    return int(values.max() if model.sense is Sense.MAXIMISE else values.min())


def near_miss(seed: int) -> LinearModel:
    """An envelope that the most tempting set exceeds by 0.01 to 15 € (amounts in cents, up to 20 M€)."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 13))
    costs = rng.integers(10**6, 2 * 10**9, n)
    scores = rng.integers(1, 10**5, n)
    subset = rng.random(n) < 0.6
    if not subset.any():
        subset[0] = True
    scores[subset] += 10**5
    excess = int(rng.integers(1, 1501))
    envelope = int(costs[subset].sum()) - excess
    rows, lower, upper = [costs.tolist()], [NO_LOWER], [envelope]
    for _ in range(int(rng.integers(0, 3))):
        i, j = rng.choice(n, 2, replace=False)
        row = [0] * n
        row[i], row[j] = 1, -1
        rows.append(row)
        lower.append(NO_LOWER)
        upper.append(0)
    if rng.random() < 0.3:
        rows.append([1] * n)
        lower.append(int(rng.integers(0, n // 2 + 1)))
        upper.append(NO_UPPER)
    return model_of(rows, lower, upper, scores.tolist())
