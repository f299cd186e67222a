"""A linear program that stays alive while its model changes: bounds, costs and right-hand sides are a difference.

Two models of the same columns, rows and coefficients differ by numbers alone; these are handed to the solver that
holds the first, whose basis then needs a few pivots. Another structure begins anew, and the difference says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel, Sense
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import float_bounds
from tnt_sim.solve.backends.highs import load_live


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What changed between two models: places of rows and columns, or why they cannot be compared.

    Attributes
    ----------
    rebuilt : why the structure is another; None when the difference is in numbers alone
    rows, columns, costs : places whose bounds, bounds and objective changed
    """

    rebuilt: Text | None
    rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    columns: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    costs: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return self.rebuilt is None and not (len(self.rows) + len(self.columns) + len(self.costs))


def difference(old: LinearModel, new: LinearModel) -> Difference:
    """What turns `old` into `new`."""
    if old.matrix.shape != new.matrix.shape:
        was, now = "{} × {}".format(*old.matrix.shape), "{} × {}".format(*new.matrix.shape)
        return Difference(Text(f"le modèle fait {now} et non {was}", f"the model is {now}, not {was}"))
    a, b = old.matrix, new.matrix
    same = np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)
    if not same or not np.array_equal(a.data, b.data):
        return Difference(Text("des coefficients ont changé", "coefficients changed"))
    if old.sense is not new.sense:
        return Difference(Text("le sens de l'objectif a changé", "the direction of the objective changed"))
    return Difference(
        None,
        np.flatnonzero((old.row_lower != new.row_lower) | (old.row_upper != new.row_upper)),
        np.flatnonzero((old.col_lower != new.col_lower) | (old.col_upper != new.col_upper)),
        np.flatnonzero(old.objective != new.objective),
    )


@dataclass
class LiveLp:
    """The linear program of the last model that was asked about; `last` says what the latest one changed."""

    last: Difference | None = None
    n_pivots: int = 0
    _model: LinearModel | None = None
    _highs: Any = None
    _unit: FloatArray = field(default_factory=lambda: np.zeros(0))

    def prices(
        self,
        model: LinearModel,
        value: IntArray,
        *,
        primal: bool = False,
        deadline: Deadline = UNLIMITED,
    ) -> FloatArray | None:
        """Prices of max value·x over the model's rows, (n_rows,); None where there is no optimum, or no time.

        `value` may be larger than a model holds: it is brought near 2^10 by a power of two. `primal` is for the
        first of models with far more columns than rows.
        """
        blank = model.with_objective(np.zeros(model.n_cols, dtype=np.int64), Sense.MAXIMISE)
        self._move(blank, primal)
        scale = 2.0 ** np.floor(np.log2(max(1.0, float(np.abs(value).max(initial=0))))) / 1024.0
        columns = np.arange(model.n_cols, dtype=np.int32)
        self._highs.changeColsCost(model.n_cols, columns, value.astype(np.float64) / scale)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + deadline.seconds_left)
        self._highs.run()
        self.n_pivots += max(0, int(self._highs.getInfo().simplex_iteration_count))
        if self._highs.getModelStatus().name != "kOptimal":
            return None
        found: FloatArray = np.asarray(self._highs.getSolution().row_dual) * self._unit * scale
        return found

    def _move(self, model: LinearModel, primal: bool) -> None:
        """Hold this model: by its difference from the one that is held, or anew."""
        if self._model is None:
            self.last = Difference(Text("premier modèle", "first model"))
        else:
            self.last = difference(self._model, model)
        if self.last.rebuilt is not None:
            self._highs, self._unit = load_live(model, primal)
        else:
            rows, columns = self.last.rows, self.last.columns
            low, high = float_bounds(model.row_lower[rows], model.row_upper[rows])
            unit = self._unit[rows]
            self._highs.changeRowsBounds(len(rows), rows.astype(np.int32), low * unit, high * unit)
            low, high = float_bounds(model.col_lower[columns], model.col_upper[columns])
            self._highs.changeColsBounds(len(columns), columns.astype(np.int32), low, high)
        self._model = model
