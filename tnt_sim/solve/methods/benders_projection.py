"""Free money left out where it cannot be projected out: the choices alone, under what it could add at most.

A row a·x + c·g ≤ b over choices x and gains l ≤ g ≤ u holds for no x beyond a·x ≤ b − min(c·g). The best choice
under such rows is the best of all where some gains make it keep every row as written. Where none do, a linear
program says which rows clash (Farkas): with its multipliers y ≥ 0 the row Σ y_r (a_r·x + c_r·g) ≤ Σ y_r b_r,
loosened in the same way, holds for all that is feasible and not for that choice. It is added, and the best choice
sought again (Benders).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    IntArray,
    LinearModel,
    ModelError,
    Sense,
    Stage,
)
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.reductions.restriction import breakable, restrict

MOST_ENTRIES = 2_000_000
"""Beyond these, a solver is left to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Loosened:
    """A model over its choices, under rows that hold wherever those of the whole model can.

    Attributes
    ----------
    model : over the choices
    columns, gains : places of the choices and of all others among the whole model's columns
    touched : the rows of the whole model that hold gains
    """

    model: LinearModel
    columns: IntArray
    gains: IntArray
    touched: IntArray
    whole: LinearModel

    def expand(self, x: IntArray) -> IntArray | None:
        """The point of the whole model with gains that keep its rows; None where there are none."""
        lower, upper = self.whole.col_lower.copy(), self.whole.col_upper.copy()
        lower[self.columns] = upper[self.columns] = x
        part = restrict(self.whole, lower, upper)
        gains = part.model.with_objective(np.ones(part.model.n_cols, dtype=np.int64), Sense.MINIMISE)
        found = solve_integral(gains, get_backend("highs")).values if gains.n_cols else x[:0]
        point = None if found is None else part.expand(found)
        return point if point is not None and self.whole.is_feasible(point) else None

    def without(self, x: IntArray) -> Loosened | None:
        """The same under one more row, which a choice that no gains go with breaks; None where none is found."""
        multipliers = self._clash(x)
        rows = multipliers @ self.whole.matrix[self.touched]
        upper = int(multipliers @ self.whole.row_upper[self.touched]) - self._least(rows[self.gains])
        own = rows[self.columns]
        if int(own @ x) <= upper:
            return None
        try:
            model = self.model.with_rows(own[None, :], [NO_LOWER], [upper], ["clash"])
        except ModelError:  # sums that a model does not hold
            return None
        return replace(self, model=model)

    def _least(self, coefficients: IntArray) -> int:
        """What gains with these coefficients come to at the least."""
        bounds = self.whole.col_lower[self.gains], self.whole.col_upper[self.gains]
        return int(np.minimum(coefficients * bounds[0], coefficients * bounds[1]).sum())

    def _clash(self, x: IntArray) -> IntArray:
        """Multipliers of touched rows that no gains keep together beside a choice; no more than a proposal."""
        from scipy.optimize import linprog

        matrix = self.whole.matrix[self.touched]
        n_rows, n_gains = len(self.touched), len(self.gains)
        left = self.whole.row_upper[self.touched] - matrix[:, self.columns] @ x
        low, high = self.whole.col_lower[self.gains], self.whole.col_upper[self.gains]
        program = linprog(
            np.r_[np.zeros(n_gains), np.ones(n_rows)],
            A_ub=sp.hstack([matrix[:, self.gains], -sp.eye_array(n_rows)], format="csr").astype(float),
            b_ub=left.astype(float),
            bounds=[*zip(low.tolist(), high.tolist(), strict=True), *[(0, None)] * n_rows],
        )
        if program.status != 0:
            return np.zeros(n_rows, dtype=np.int64)
        return np.rint(-program.ineqlin.marginals).astype(np.int64)


def _at_most(model: LinearModel, columns: IntArray) -> LinearModel:
    """The model with a row « at most » for each « at least » over one of these columns."""
    held = np.zeros(model.n_rows, dtype=np.bool_)
    held[np.unique(model.matrix[:, columns].tocoo().row)] = True
    low = np.flatnonzero(held & (model.row_lower != NO_LOWER))
    if not len(low):
        return model
    stays = np.flatnonzero(~held | (model.row_upper != NO_UPPER))
    names = [model.row_names[k] for k in (*stays.tolist(), *low.tolist())]
    lower = np.where(held, NO_LOWER, model.row_lower)
    return LinearModel(
        matrix=sp.vstack([model.matrix[stays], -model.matrix[low]], format="csr"),
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


def loosened(model: LinearModel, stages: Sequence[Stage]) -> Loosened | None:
    """The model over the columns that some stage counts; None where it has no others, or they are too many."""
    counted = np.any([stage.objective != 0 for stage in stages], axis=0)
    columns, gains = np.flatnonzero(counted), np.flatnonzero(~counted)
    if not len(gains):
        return None
    model = _at_most(model, gains)
    touched = np.unique(model.matrix[:, gains].tocoo().row).astype(np.int64)
    if len(touched) * model.n_cols > MOST_ENTRIES:
        return None
    part, (low, high) = model.matrix[:, gains], (model.col_lower[gains], model.col_upper[gains])
    least = part.maximum(0) @ low + part.minimum(0) @ high
    kept = np.intersect1d(breakable(model), np.flatnonzero(np.diff(model.matrix[:, columns].tocsr().indptr)))
    upper = model.row_upper[kept]
    try:
        small = LinearModel(
            matrix=sp.csr_array(model.matrix[kept][:, columns]),
            row_lower=model.row_lower[kept],
            row_upper=np.where(upper == NO_UPPER, NO_UPPER, upper - least[kept]),
            col_lower=model.col_lower[columns],
            col_upper=model.col_upper[columns],
            integer=model.integer[columns],
            objective=model.objective[columns],
            sense=model.sense,
            row_names=tuple(model.row_names[k] for k in kept.tolist()),
            col_names=tuple(model.col_names[k] for k in columns.tolist()),
        )
    except ModelError:
        return None
    return Loosened(small, columns, gains, touched, model)
