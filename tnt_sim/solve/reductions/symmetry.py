"""Merging of identical columns: flat-rate grants create hundreds of interchangeable dossiers.

The columns j of a class have the same entries in all rows and the same objective. With y = Σ_j x_j they
become one column 0 ≤ y ≤ Σ_j u_j. Every way to distribute y over the class is feasible and has the same
value; `SymmetryInverse.expand` fills the first columns first.

Source: Achterberg, Bixby, Gu, Rothberg and Weninger, Presolve reductions in mixed integer programming,
INFORMS J. Comput. 32 (2020), on parallel columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tnt_sim.formulation.linear_model import EXACT_LIMIT, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryInverse:
    """Map from merged columns back to all columns.

    Attributes
    ----------
    class_of : int64 (n_cols,), class of each column of the full model
    room : int64 (n_cols,), upper bounds of these columns
    """

    class_of: IntArray
    room: IntArray

    def reduce(self, x: IntArray) -> IntArray:
        """Map a point to the merged model: Σ x over each class."""
        y = np.zeros(int(self.class_of.max(initial=-1)) + 1, dtype=np.int64)
        np.add.at(y, self.class_of, x)
        return y

    def expand(self, y: IntArray) -> IntArray:
        """Map a point to the full model, filling each class from its first column."""
        order = np.argsort(self.class_of, kind="stable")
        room, classes = self.room[order], self.class_of[order]
        single = np.bincount(self.class_of, minlength=len(y))[classes] == 1
        before = np.cumsum(np.where(single, 0, room)) - np.where(single, 0, room)
        first = np.searchsorted(classes, np.arange(len(y)))
        shared = np.clip(y[classes] - (before - before[first[classes]]), 0, room)
        x = np.empty(len(order), dtype=np.int64)
        x[order] = np.where(single, y[classes], shared)
        return x

    def expand_bound(self, bound: int) -> int:
        """Return the bound itself: a merged point has the value of the points that it stands for."""
        return bound


def classify_columns(model: LinearModel) -> IntArray:
    """Compute the class of each column, int64 (n_cols,), numbered by first column.

    Two columns are in one class if they have the same entries in all rows and the same objective; their upper
    bounds may differ. A column that is not an integer column with lower bound 0 and a finite upper bound is
    alone.
    """
    m = model.matrix.T
    starts, objective = m.indptr, model.objective.tolist()
    first: dict[tuple[bytes, bytes, int], int] = {}
    representative = np.arange(model.n_cols)
    for j in _select_candidates(model).tolist():
        entries = slice(int(starts[j]), int(starts[j + 1]))
        key = (m.indices[entries].tobytes(), m.data[entries].tobytes(), objective[j])
        representative[j] = first.setdefault(key, j)
    return np.unique(representative, return_inverse=True)[1].astype(np.int64)


def _select_candidates(model: LinearModel) -> IntArray:
    """Return columns that may have an identical one: mergeable, and with the same random checksum as another."""
    mergeable = model.integer & (model.col_lower == 0) & (model.col_upper < EXACT_LIMIT)
    weights = np.random.default_rng(0).integers(-(2**40), 2**40, model.n_rows + 1)
    with np.errstate(over="ignore"):  # wrapped sums still serve: different sums mean different columns
        sums = weights[:-1] @ model.matrix + model.objective * weights[-1]
    __, inverse, counts = np.unique(sums, return_inverse=True, return_counts=True)
    return np.flatnonzero(mergeable & (counts[inverse] > 1))


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Merging of identical columns. Of the optimal points that only exchange them, one survives."""

    name: ClassVar[str] = "symmetry"
    label: ClassVar[Text] = _("Interchangeable applications are merged into one column.")
    keeps_optima: ClassVar[bool] = False

    def apply(self, model: LinearModel) -> tuple[LinearModel, SymmetryInverse]:
        """Merge identical columns; the model itself comes back if there are none."""
        class_of = classify_columns(model)
        inverse = SymmetryInverse(class_of, np.asarray(model.col_upper))
        n = int(class_of.max(initial=-1)) + 1
        if n == model.n_cols:
            return model, inverse
        first = np.full(n, model.n_cols, dtype=np.int64)
        np.minimum.at(first, class_of, np.arange(model.n_cols))
        size = np.bincount(class_of, minlength=n)
        upper = model.col_upper[first].copy()
        several = size[class_of] > 1
        total = np.zeros(n, dtype=np.int64)
        np.add.at(total, class_of[several], model.col_upper[several])
        small = LinearModel(
            matrix=model.matrix[:, first],
            row_lower=model.row_lower,
            row_upper=model.row_upper,
            col_lower=model.col_lower[first],
            col_upper=np.where(size > 1, total, upper),
            integer=model.integer[first],
            objective=model.objective[first],
            sense=model.sense,
            row_names=model.row_names,
            col_names=tuple(model.col_names[j] for j in first.tolist()),
        )
        return small, inverse
