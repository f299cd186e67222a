"""Best bound on the first objective and best point, from kernels that give up.

A kernel maximises the combined objective V = u·p + r of all stages, where p = ±c₁/g is the first objective over
the greatest common divisor g of its coefficients, and r what later stages contribute (`priced_blocks.py`). From
V ≤ B it follows that p ≤ ⌊(B − min r)/u⌋.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage, compute_dot
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.methods.lexicographic import StagesOutcome


@dataclass(slots=True, eq=False)
class BestKnown:
    """Best bound and point of a model's first objective, for a solver to go on from.

    Attributes
    ----------
    bound : bound on the value of every point, or None
    point : int64 (n_cols,), satisfies all rows, or None
    """

    bound: int | None = None
    point: IntArray | None = None

    def record_bound(self, stage: SolveStage, bound: int) -> None:
        """Keep the tighter bound."""
        if self.bound is None or _is_better(stage, self.bound, bound):
            self.bound = bound

    def record_point(self, stage: SolveStage, model: LinearModel, point: IntArray) -> None:
        """Keep the better point, if it satisfies all rows."""
        value = compute_dot(stage.objective, point)
        known = None if self.point is None else compute_dot(stage.objective, self.point)
        if (known is None or _is_better(stage, value, known)) and model.is_feasible(point):
            self.point = point

    def take_open_columns(self, inner: BestKnown, stage: SolveStage, model: LinearModel) -> None:
        """Take over what is known of the model without its fixed columns."""
        is_open = model.col_lower != model.col_upper
        fixed = np.where(is_open, 0, model.col_lower)
        if inner.bound is not None:
            self.record_bound(stage, inner.bound + compute_dot(stage.objective, fixed))
        if inner.point is not None:
            point = fixed.copy()
            point[is_open] = inner.point
            self.record_point(stage, model, point)

    def tighten_outcome(self, stage: SolveStage, outcome: StagesOutcome) -> StagesOutcome:
        """Return the outcome with the tighter bound on its first stage, if this stage was not closed."""
        if self.bound is None or not outcome.stages:
            return outcome
        first = outcome.stages[0]
        if first.termination in (Termination.OPTIMAL, Termination.INFEASIBLE):
            return outcome
        if first.bound is not None and not _is_better(stage, first.bound, self.bound):
            return outcome
        return replace(outcome, stages=(replace(first, bound=self.bound), *outcome.stages[1:]))


def _is_better(stage: SolveStage, value: int, other: int) -> bool:
    return value > other if stage.sense is Sense.MAXIMISE else value < other


def compute_first_bound(stage: SolveStage, combined: IntArray, weight: int, bound: float) -> int:
    """Compute the bound on the first objective that a bound on the combined one implies.

    Parameters
    ----------
    combined : int64 (n_cols,), the combined objective, of 0-1 columns
    weight : u, its weight of the first objective over `gcd(c₁)`

    Examples
    --------
    >>> goal = SolveStage("score", np.array([4, 6]), Sense.MAXIMISE)
    >>> compute_first_bound(goal, np.array([2 * 10 - 3, 3 * 10 - 5]), 10, 36.9)
    8
    """
    sign = 1 if stage.sense is Sense.MAXIMISE else -1
    common = int(np.gcd.reduce(stage.objective)) or 1
    rest = combined.astype(object) - sign * weight * (stage.objective // common).astype(object)
    least = int(np.minimum(rest, 0).sum())
    return sign * common * ((math.floor(bound) - least) // weight)
