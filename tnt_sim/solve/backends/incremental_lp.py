"""Incremental linear program: keeps a solver instance alive while bounds, costs and right-hand sides change.

Two models with the same columns, rows and coefficients differ only in numbers. These are passed to the
instance that solved the first model, whose basis then needs a few pivots. Another structure starts a new
instance, and `Difference` records why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import convert_bounds
from tnt_sim.solve.backends.highs import load_live


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Change between two models.

    Attributes
    ----------
    rebuilt : why the structure differs; None if only numbers changed
    rows, columns, costs : indices of rows whose bounds changed, columns whose bounds changed, and columns
    whose objective changed
    """

    rebuilt: Text | None
    rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    columns: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    costs: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return self.rebuilt is None and not (len(self.rows) + len(self.columns) + len(self.costs))


def compare_models(old: LinearModel, new: LinearModel) -> Difference:
    """Compare two models."""
    if old.matrix.shape != new.matrix.shape:
        was, now = "{} × {}".format(*old.matrix.shape), "{} × {}".format(*new.matrix.shape)
        return Difference(_("the model is {now}, not {was}", now=now, was=was))
    a, b = old.matrix, new.matrix
    same = np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)
    if not same or not np.array_equal(a.data, b.data):
        return Difference(_("coefficients changed"))
    if old.sense is not new.sense:
        return Difference(_("the direction of the objective changed"))
    return Difference(
        None,
        np.flatnonzero((old.row_lower != new.row_lower) | (old.row_upper != new.row_upper)),
        np.flatnonzero((old.col_lower != new.col_lower) | (old.col_upper != new.col_upper)),
        np.flatnonzero(old.objective != new.objective),
    )


@dataclass
class IncrementalLp:
    """Linear program kept between calls; `last` is the latest change."""

    last: Difference | None = None
    _model: LinearModel | None = None
    _highs: Any = None
    _unit: FloatArray = field(default_factory=lambda: np.zeros(0))

    def compute_prices(
        self,
        model: LinearModel,
        value: IntArray,
        *,
        primal: bool = False,
        deadline: Deadline = UNLIMITED,
    ) -> FloatArray | None:
        """Solve max value·x over the linear relaxation of the model, and return its dual prices.

        Parameters
        ----------
        model
            Rows and column bounds; its objective is ignored.
        value : int64 (n_cols,)
            Coefficients to maximise. They may exceed what a model allows: a power of two scales them near
            2^10.
        primal
            Use the primal simplex when a new instance is created, for far more columns than rows.
        """
        blank = model.with_objective(np.zeros(model.n_cols, dtype=np.int64), Sense.MAXIMISE)
        self._move(blank, primal)
        scale = 2.0 ** np.floor(np.log2(max(1.0, float(np.abs(value).max(initial=0))))) / 1024.0
        columns = np.arange(model.n_cols, dtype=np.int32)
        self._highs.changeColsCost(model.n_cols, columns, value.astype(np.float64) / scale)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + deadline.clock_seconds)
        self._highs.run()
        if self._highs.getModelStatus().name != "kOptimal":
            return None
        found: FloatArray = np.asarray(self._highs.getSolution().row_dual) * self._unit * scale
        return found

    def get_point(self) -> FloatArray:
        """Return the point of the last optimum, float64 (n_cols,)."""
        return np.asarray(self._highs.getSolution().col_value, dtype=np.float64)

    def _move(self, model: LinearModel, primal: bool) -> None:
        """Bring the instance to this model, by its changes or from scratch."""
        if self._model is None:
            self.last = Difference(_("first model"))
        else:
            self.last = compare_models(self._model, model)
        if self.last.rebuilt is not None:
            self._highs, self._unit = load_live(model, primal)
        else:
            rows, columns = self.last.rows, self.last.columns
            low, high = convert_bounds(model.row_lower[rows], model.row_upper[rows])
            unit = self._unit[rows]
            self._highs.changeRowsBounds(len(rows), rows.astype(np.int32), low * unit, high * unit)
            low, high = convert_bounds(model.col_lower[columns], model.col_upper[columns])
            self._highs.changeColsBounds(len(columns), columns.astype(np.int32), low, high)
        self._model = model
