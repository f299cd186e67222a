"""Free money projected out: 0-1 columns are left where an envelope may gain what its neighbours do not claim.

A gain g, 0 ≤ g ≤ u, stands in rows a·x ± g ≤ b only and in no goal. Fourier and Motzkin's elimination adds each
row that g relieves to each that it burdens,

    a·x − g ≤ b,   a'·x + g ≤ b'   ⇒   (a + a')·x ≤ b + b'

With coefficients of 1 this is exact in integers too: where all such sums hold, some whole g lies between its
bounds. A point over the 0-1 columns then has its gains back, the least that hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, ModelError, Stage
from tnt_sim.solve.reductions.restriction import breakable

MOST_GAINS = 6
MOST_ROWS = 40
MOST_ENTRIES = 2_000_000
"""Beyond these, a solver is left to it: the rows double with each gain."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A gain that was eliminated: the rows that it relieves, and their bounds."""

    column: int
    rows: IntArray
    upper: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """A model without its gains, and the way back."""

    model: LinearModel
    columns: IntArray
    whole: LinearModel
    steps: tuple[Step, ...]

    def expand(self, x: IntArray) -> IntArray | None:
        """The point of the whole model, each gain the least that holds; None if that breaks a row."""
        point = np.zeros(self.whole.n_cols, dtype=np.int64)
        point[self.columns] = x
        for step in reversed(self.steps):
            needed = step.rows @ point - step.upper
            point[step.column] = max(0, int(needed.max(initial=0)))
        return point if self.whole.is_feasible(point) else None


def without_gains(model: LinearModel, stages: Sequence[Stage]) -> Projected | None:
    """The model over its 0-1 columns; None where there is no gain, or a column is something else."""
    ranged = (model.col_lower != model.col_upper) & ((model.col_lower != 0) | (model.col_upper != 1))
    gains = np.flatnonzero(ranged)
    if not 0 < len(gains) <= MOST_GAINS or not _only_gains(model, gains, stages):
        return None
    touched = np.unique(model.matrix[:, gains].tocoo().row)
    plain = (model.row_lower[touched] == NO_LOWER) & (model.row_upper[touched] != NO_UPPER)
    if not plain.all() or len(touched) * model.n_cols > MOST_ENTRIES:
        return None
    rows, upper = model.matrix[touched].toarray(), model.row_upper[touched]
    steps = []
    for column in gains.tolist():
        found = _eliminated(rows, upper, gains, column, int(model.col_upper[column]))
        if found is None:
            return None
        rows, upper, step = found
        steps.append(step)
    columns = np.flatnonzero(~ranged)
    kept = np.setdiff1d(breakable(model), touched)
    names = (*(model.row_names[k] for k in kept.tolist()), *(f"projected {k}" for k in range(len(rows))))
    try:
        small = LinearModel(
            matrix=sp.vstack([model.matrix[kept][:, columns], sp.csr_array(rows[:, columns])], format="csr"),
            row_lower=np.concatenate([model.row_lower[kept], np.full(len(rows), NO_LOWER)]),
            row_upper=np.concatenate([model.row_upper[kept], upper]),
            col_lower=model.col_lower[columns],
            col_upper=model.col_upper[columns],
            integer=model.integer[columns],
            objective=model.objective[columns],
            sense=model.sense,
            row_names=names,
            col_names=tuple(model.col_names[k] for k in columns.tolist()),
        )
    except ModelError:  # sums that a model does not hold
        return None
    return Projected(small, columns, model, tuple(steps))


def _only_gains(model: LinearModel, gains: IntArray, stages: Sequence[Stage]) -> bool:
    """Whether these columns begin at 0, are worth nothing, and count once in their rows."""
    return (
        not model.col_lower[gains].any()
        and not any(stage.objective[gains].any() for stage in stages)
        and bool((np.abs(model.matrix[:, gains].data) == 1).all())
    )


def _eliminated(
    rows: IntArray, upper: IntArray, gains: IntArray, column: int, most: int
) -> tuple[IntArray, IntArray, Step] | None:
    """The rows without a column, each that it relieves added to each that it burdens; None where too many."""
    part = rows[:, column]
    if (np.abs(part) > 1).any():
        return None
    unit = np.zeros((1, rows.shape[1]), dtype=np.int64)
    unit[0, column] = 1
    low, low_upper = np.vstack([rows[part < 0], -unit]), np.append(upper[part < 0], 0)
    high, high_upper = np.vstack([rows[part > 0], unit]), np.append(upper[part > 0], most)
    if len(low) * len(high) > MOST_ROWS:
        return None
    sums = (low[:, None, :] + high[None, :, :]).reshape(-1, rows.shape[1])
    bounds = (low_upper[:, None] + high_upper[None, :]).ravel()
    every, limits = np.vstack([rows[part == 0], sums]), np.concatenate([upper[part == 0], bounds])
    over_choices = ~every[:, gains].any(axis=1)
    loose = over_choices & (np.maximum(every, 0).sum(axis=1) <= limits)  # it always holds
    return every[~loose], limits[~loose], Step(column, rows[part < 0], upper[part < 0])
