"""Coefficient tightening of 0-1 rows: the same integer points, a tighter linear relaxation.

For a row Σ a_j x_j ≤ b over 0-1 columns with a_j > 0, let M = Σ a_j. If M − a_j < b, no point with x_j = 0
can violate the row, so a_j and b can both be lowered by b − (M − a_j). Example: a cap of 10,000 € on two
dossiers of 5,000 € and 10,000 € becomes « at most one of the two ».

Source: Savelsbergh, Preprocessing and probing techniques for mixed integer programming, ORSA J. Comput. 6
(1994).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.solve.reductions.reduction import SameColumns

MAX_ENTRIES = 64
"""Longest row handled: in longer rows no single dossier fills the difference."""
ROWS_PER_LOOK = 64
"""Rows tightened between two checks of the deadline."""


@dataclass(frozen=True, slots=True)
class CoefficientTightening:
    """Tightening of the short 0-1 rows of a model; its integer points are unchanged.

    Rows that the deadline leaves no time for stay as they are.

    Examples
    --------
    >>> from tnt_sim.formulation.linear_model import Sense
    >>> model = LinearModel(
    ...     matrix=np.array([[5_000, 10_000]]), row_lower=[NO_LOWER], row_upper=[10_000],
    ...     col_lower=[0, 0], col_upper=[1, 1], integer=[True, True],
    ...     objective=[1, 1], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b"],
    ... )
    >>> tight, _ = CoefficientTightening().apply(model)
    >>> tight.matrix.toarray().tolist(), tight.row_upper.tolist()
    ([[5000, 5000]], [5000])
    """

    name: ClassVar[str] = "coefficient_tightening"
    label: ClassVar[Text] = _("Coefficients of short rows are tightened; the possible choices stay the same.")
    keeps_optima: ClassVar[bool] = True

    deadline: Deadline = UNLIMITED

    def apply(self, model: LinearModel) -> tuple[LinearModel, SameColumns]:
        """Tighten rows until the deadline; see the module's equation."""
        matrix = model.matrix.with_data(model.matrix.data.copy())
        upper = model.row_upper.copy()
        zero_one = model.integer & (model.col_lower >= 0) & (model.col_upper <= 1)
        changed = False
        sizes = np.diff(matrix.indptr)
        plain = (
            (model.row_lower == NO_LOWER)
            & (model.row_upper != NO_UPPER)
            & (sizes > 1)
            & (sizes <= MAX_ENTRIES)
        )
        for done, row in enumerate(np.flatnonzero(plain).tolist()):
            if done % ROWS_PER_LOOK == 0 and self.deadline.expired:
                break
            entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
            values = matrix.data[entries]
            if (values <= 0).any() or not zero_one[matrix.indices[entries]].all():
                continue
            tight, bound = _tighten_row(values.tolist(), int(upper[row]))
            if bound != upper[row]:
                matrix.data[entries] = tight
                upper[row] = bound
                changed = True
        return (replace(model, matrix=matrix, row_upper=upper) if changed else model), SameColumns()


def _tighten_row(values: list[int], bound: int) -> tuple[list[int], int]:
    """Tighten one row until nothing changes; a redundant or infeasible row is left as it is."""
    total = sum(values)
    if total <= bound or bound < 0:
        return values, bound
    moved = True
    while moved:
        moved = False
        for place in sorted(range(len(values)), key=lambda k: -values[k]):
            spare = bound - (total - values[place])
            if 0 < spare < values[place]:
                values[place] -= spare
                bound -= spare
                total -= spare
                moved = True
    return values, bound
