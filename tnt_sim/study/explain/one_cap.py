"""A part of the model with one cap is a knapsack: one pass over its profits bounds every refused dossier at once.

    best(c) = max Σ p_j x_j  subject to  Σ w_j x_j ≤ c          from one frontier of (profit, least weight)

With dossier i in, the part is worth p_i + best(cap − w_i) at most, and an allocation of that worth weighs at least
w_i + (the least weight of that profit). Both may count i twice: they are bounds, and lists read again meet them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, Sense
from tnt_sim.kernel.frontier import Frontier, cells, frontier, items_of
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.study.explain.parts import Parts

MOST_CELLS = 400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class OneCap:
    """One part: its columns, all profits and weights by column, its cap, its frontier, its decided worth."""

    columns: IntArray
    profit: IntArray
    weight: IntArray
    cap: int
    front: Frontier
    worth: int

    def loss(self, column: int) -> int | None:
        """The least that the part loses with a column in, in units of the objective; None when it cannot be in."""
        room = self.cap - int(self.weight[column])
        if room < 0:
            return None
        place = int(np.searchsorted(self.front.weight, room, side="right")) - 1
        return self.worth - int(self.profit[column]) - int(self.front.profit[place])

    def choice(self, column: int) -> IntArray | None:
        """A choice that holds this column and loses no more than `loss`; None when it would count it twice."""
        room = self.cap - int(self.weight[column])
        place = int(np.searchsorted(self.front.weight, room, side="right")) - 1
        target, least = int(self.front.profit[place]), int(self.front.weight[place])
        try:
            taken = items_of(self.profit[self.columns], self.weight[self.columns], target, least)
        except TooManyStates:
            return None
        chosen = self.columns[taken]
        return None if column in chosen else np.append(chosen, column)

    def least_weight(self, column: int, worth: int) -> int:
        """The least weight of a choice that holds the column and is worth that much or more."""
        rest = max(0, worth - int(self.profit[column]))
        place = int(np.searchsorted(self.front.profit, rest, side="left"))
        return int(self.weight[column]) + int(self.front.weight[place])


def one_cap(model: LinearModel, parts: Parts, point: IntArray, part: int) -> OneCap | None:
    """The knapsack that a part is; None when it is none, or too large for one pass."""
    if len(parts.rows[part]) != 1 or model.sense is not Sense.MAXIMISE:
        return None
    row = parts.rows[part][0]
    mine = np.flatnonzero(parts.of_column == part)
    weight = model.matrix[[row], :].toarray().ravel().astype(np.int64)
    plain = (model.col_lower[mine] == 0) & (model.col_upper[mine] == 1)
    fits = model.row_lower[row] == NO_LOWER and model.row_upper[row] != NO_UPPER
    profit = model.objective
    if not fits or not plain.all() or (weight[mine] <= 0).any() or (profit[mine] < 0).any():
        return None
    if cells(profit[mine]) > MOST_CELLS or model.row_upper[row] < 0:
        return None
    front = frontier(profit[mine], weight[mine], int(model.row_upper[row]))
    worth = int(profit[mine][point[mine] > 0].sum())
    return OneCap(mine, profit, weight, int(model.row_upper[row]), front, worth)
