"""Prices of a relaxation that are the only optimal ones: each is maximised and minimised over all optimal ones.

With one optimal point x of the relaxation, a vector of prices y is optimal exactly if it has the signs of the rows
and is complementary to x: y_i = 0 on rows that x leaves slack, and the reduced cost r_j = c_j − y·A_j is 0 where
x_j is strictly between its bounds, and of the sign of its bound elsewhere. A column or row near its bound counts
as on it: the set then is larger, and fewer prices count as the only ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.formulation.named_model import EQUAL, MOST, NamedModel
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.solve.backends.highs import import_highspy
from tnt_sim.solve.backends.model_objects import build_highs
from tnt_sim.sparse_matrix import SparseMatrix

NEAR = 1e-6
"""Share of its size by which a number may miss its bound and count as on it."""
NARROW = 1e-6
"""Widest range of a scaled price that counts as one number."""


class DualFace:
    """All optimal vectors of prices of a relaxation, as a linear program over the prices of rows that bind.

    Columns are divided by their range, then prices are multiplied by the largest coefficient of their row over the
    largest cost: a scaled price is what its row takes from a column over its range, so that all are of one size.
    """

    def __init__(self, model: NamedModel) -> None:
        self.model = model
        relaxed = build_highs(model, relax=True)
        relaxed.run()
        assert relaxed.getModelStatus().name == "kOptimal"
        values = np.array(relaxed.getSolution().col_value)
        activity = model.matrix @ values
        self.binding = np.flatnonzero(np.abs(activity - model.rhs) <= NEAR * np.maximum(1, np.abs(model.rhs)))
        lower, upper = model.column_bounds
        reach = np.maximum(1, np.where(np.isfinite(upper - lower), upper - lower, np.abs(values)))
        matrix = model.matrix.with_data(model.matrix.data * reach[model.matrix.indices])
        longest = matrix.reduce_rows(np.maximum, 0)
        unit = np.abs(model.cost * reach).max(initial=0) or 1.0
        self.scale = np.where(longest > 0, longest, 1)[self.binding] / unit
        self.highs = self._build(values, matrix[self.binding], model.cost * reach / unit, unit)

    def _build(self, values: FloatArray, matrix: SparseMatrix, cost: FloatArray, unit: float) -> Any:
        """Rows of the program: A_jᵀ y = c_j between bounds, ≤ c_j or ≥ c_j on them."""
        model, inf = self.model, import_highspy().kHighsInf
        lower, upper = model.column_bounds
        near = NEAR * np.maximum(1, np.abs(values))
        on_lower, on_upper = values <= lower + near, values >= upper - near
        better = 1 if model.is_maximised else -1
        up, down = (on_upper, on_lower) if better > 0 else (on_lower, on_upper)
        low = np.where(down & ~up, cost, np.where(down & up, -inf, np.where(up, -inf, cost)))
        high = np.where(up & ~down, cost, np.where(down & up, inf, np.where(down, inf, cost)))
        by_column = matrix.T
        data = by_column.data / (self.scale * unit)[by_column.indices]
        senses = np.array(model.senses, dtype=np.str_)[self.binding]
        positive = (senses == MOST) == (better > 0)
        free = senses == EQUAL
        highs = import_highspy().Highs()
        highs.setOptionValue("output_flag", False)
        n = len(self.binding)
        highs.passModel(
            n, by_column.shape[0], by_column.nnz, 2, 1, 0.0, np.zeros(n),
            np.where(free | ~positive, -inf, 0.0), np.where(free | positive, inf, 0.0), low, high,
            by_column.indptr.astype(np.int32), by_column.indices.astype(np.int32), data,
            np.zeros(n, dtype=np.int32),
        )  # fmt: skip
        return highs

    def measure_width(self, direction: FloatArray) -> float:
        """Compute max − min of the scaled prices along a direction; ∞ where nothing bounds them."""
        found = []
        for sign in (1.0, -1.0):
            costs = sign * direction
            self.highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
            self.highs.run()
            status = self.highs.getModelStatus().name
            if status in ("kUnbounded", "kUnboundedOrInfeasible"):
                return float("inf")
            assert status == "kOptimal", status
            found.append(float(self.highs.getObjectiveValue()))
        return -(found[0] + found[1])

    def mark_unique(self) -> BoolArray:
        """Mark the rows whose price is the same in every optimal vector, bool (n_rows,): all, if a random
        direction has no width.
        """
        unique = np.ones(len(self.model.rows), dtype=np.bool_)
        n = len(self.binding)
        if not n or self.measure_width(np.random.default_rng(1).uniform(1, 2, n)) <= NARROW:
            return unique
        widths = [self.measure_width(np.eye(1, n, k).ravel()) for k in range(n)]
        unique[self.binding] = np.array(widths) <= NARROW
        return unique
