"""Fourier–Motzkin elimination of unallocated-money columns: leaves a model over 0-1 columns.

A column g with 0 ≤ g ≤ u (« gain ») is eliminated if it stands in rows a·x ± g ≤ b only and in no objective.
Each row that g relaxes is added to each row that it burdens:

    a·x − g ≤ b,   a'·x + g ≤ b'   ⇒   (a + a')·x ≤ b + b'

With coefficients ±1 the elimination is exact in integers too: if all these sums are satisfied, some integer g
between 0 and u satisfies the rows. `ProjectionInverse.expand` restores the least such values.

Source: Schrijver, Theory of Linear and Integer Programming (1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, ModelError, SolveStage
from tnt_sim.i18n.message import Text, _
from tnt_sim.solve.reductions.restriction import find_violable_rows
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

MOST_GAINS = 6
"""Most columns to eliminate. The rows may double with each, so larger models are left to a solver."""
MOST_ROWS = 40
"""Most rows that one elimination may create."""
MOST_ENTRIES = 2_000_000
"""Largest rows × columns of the affected rows."""


@dataclass(frozen=True, slots=True, eq=False)
class EliminatedGain:
    """Eliminated column: its index, the rows that it relaxes and their upper bounds."""

    column: int
    rows: IntArray
    upper: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionInverse:
    """Map from the columns left back to all columns.

    Attributes
    ----------
    columns : int64, indices in the whole model of the columns left
    n_cols : number of columns of the whole model
    steps : the eliminations, in order
    """

    columns: IntArray
    n_cols: int
    steps: tuple[EliminatedGain, ...]

    def expand(self, x: IntArray) -> IntArray:
        """Restore the eliminated columns at their least values."""
        point = np.zeros(self.n_cols, dtype=np.int64)
        point[self.columns] = x
        for step in reversed(self.steps):
            needed = step.rows @ point - step.upper
            point[step.column] = max(0, int(needed.max(initial=0)))
        return point

    def expand_bound(self, bound: int) -> int:
        """Return the bound itself: the eliminated columns count in no objective."""
        return bound


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Elimination of all open columns that are not 0-1 and that no objective counts.

    Every choice of the other columns survives, with one of the amounts of money that complete it.

    Attributes
    ----------
    stages : objectives, besides that of the model, that must not count these columns
    """

    name: ClassVar[str] = "projection"
    label: ClassVar[Text] = _("Free money of envelopes is eliminated by combining the rows that contain it.")
    keeps_optima: ClassVar[bool] = False

    stages: Sequence[SolveStage] = ()

    def apply(self, model: LinearModel) -> tuple[LinearModel, ProjectionInverse] | None:
        """Eliminate the columns; None if there are none, or one has another form."""
        ranged = (model.col_lower != model.col_upper) & ((model.col_lower != 0) | (model.col_upper != 1))
        gains = np.flatnonzero(ranged)
        if not 0 < len(gains) <= MOST_GAINS or not _has_only_gains(model, gains, self.stages):
            return None
        touched = np.unique(model.matrix[:, gains].row)
        plain = (model.row_lower[touched] == NO_LOWER) & (model.row_upper[touched] != NO_UPPER)
        if not plain.all() or len(touched) * model.n_cols > MOST_ENTRIES:
            return None
        rows, upper = model.matrix[touched].toarray(), model.row_upper[touched]
        steps = []
        for column in gains.tolist():
            result = _eliminate_column(rows, upper, gains, column, int(model.col_upper[column]))
            if result is None:
                return None
            rows, upper, step = result
            steps.append(step)
        columns = np.flatnonzero(~ranged)
        selected = np.setdiff1d(find_violable_rows(model), touched)
        names = (
            *(model.row_names[k] for k in selected.tolist()),
            *(f"projected {k}" for k in range(len(rows))),
        )
        try:
            small = LinearModel(
                matrix=stack_rows(
                    [model.matrix[selected, columns], SparseMatrix.from_dense(rows[:, columns])]
                ),
                row_lower=np.concatenate([model.row_lower[selected], np.full(len(rows), NO_LOWER)]),
                row_upper=np.concatenate([model.row_upper[selected], upper]),
                col_lower=model.col_lower[columns],
                col_upper=model.col_upper[columns],
                integer=model.integer[columns],
                objective=model.objective[columns],
                sense=model.sense,
                row_names=names,
                col_names=tuple(model.col_names[k] for k in columns.tolist()),
            )
        except ModelError:  # numbers too large for a model
            return None
        return small, ProjectionInverse(columns, model.n_cols, tuple(steps))


def _has_only_gains(model: LinearModel, gains: IntArray, stages: Sequence[SolveStage]) -> bool:
    """Whether these columns have lower bound 0, no objective, and coefficients ±1."""
    return (
        not model.col_lower[gains].any()
        and not model.objective[gains].any()
        and not any(stage.objective[gains].any() for stage in stages)
        and bool((np.abs(model.matrix[:, gains].data) == 1).all())
    )


def _eliminate_column(
    rows: IntArray, upper: IntArray, gains: IntArray, column: int, most: int
) -> tuple[IntArray, IntArray, EliminatedGain] | None:
    """Eliminate one column; None if that needs too many rows."""
    subset = rows[:, column]
    if (np.abs(subset) > 1).any():
        return None
    unit = np.zeros((1, rows.shape[1]), dtype=np.int64)
    unit[0, column] = 1
    low, low_upper = np.vstack([rows[subset < 0], -unit]), np.append(upper[subset < 0], 0)
    high, high_upper = np.vstack([rows[subset > 0], unit]), np.append(upper[subset > 0], most)
    if len(low) * len(high) > MOST_ROWS:
        return None
    sums = (low[:, None, :] + high[None, :, :]).reshape(-1, rows.shape[1])
    bounds = (low_upper[:, None] + high_upper[None, :]).ravel()
    all_items, limits = np.vstack([rows[subset == 0], sums]), np.concatenate([upper[subset == 0], bounds])
    over_choices = ~all_items[:, gains].any(axis=1)
    loose = over_choices & (np.maximum(all_items, 0).sum(axis=1) <= limits)  # satisfied by all 0-1 points
    return all_items[~loose], limits[~loose], EliminatedGain(column, rows[subset < 0], upper[subset < 0])
