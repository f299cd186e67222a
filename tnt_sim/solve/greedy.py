"""A point that keeps every row, before any solver: what stays when a deadline leaves time for nothing else.

Nothing is taken but what must be. Then dossiers are taken one by one, by falling gain of the first goal per unit
of cost, each at its least amount, wherever every row still holds; then open amounts are raised as far as the rows
let them. Rows and point are whole numbers, so nothing of it rests on a tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import IntArray, LinearModel
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.solve.lexicographic import Stage

ROOM = 2**61
"""Activities of rows stay below this."""
PER_LOOK = 256
"""Dossiers taken between two looks at the clock: about a millisecond."""


def greedy_point(
    model: LinearModel,
    recovery: Recovery,
    goal: Stage,
    cost: IntArray,
    deadline: Deadline = UNLIMITED,
) -> IntArray | None:
    """A point that keeps every row and bound exactly; None where taking nothing breaks one.

    Parameters
    ----------
    goal : what is to gain
    cost : int64 (n_cols,), what each column costs
    deadline : once it has passed, the point stays as it is then
    """
    x = np.clip(np.zeros(model.n_cols, dtype=np.int64), model.col_lower, model.col_upper)
    reached = model.activity(x)
    if not model.is_feasible(x) or reached.dtype == object or np.abs(reached).max(initial=0) >= ROOM:
        return None
    if deadline.expired:
        return x
    gain = goal.objective if goal.sense.value == "maximise" else -goal.objective
    filling = _Filling(model, x, reached.astype(np.int64), model.matrix.tocsc())
    for place, move in enumerate(_moves(recovery, x, gain, cost)):
        if place % PER_LOOK == 0 and deadline.expired:
            break
        filling.take(move)
    for place, column in enumerate(recovery.ranged_columns.tolist()):
        if place % PER_LOOK == 0 and deadline.expired:
            break
        if gain[column] > 0:
            filling.raise_(column)
    return filling.x if model.is_feasible(filling.x) else x


def _moves(
    recovery: Recovery, x: IntArray, gain: IntArray, cost: IntArray
) -> Iterator[list[tuple[int, int]]]:
    """For each dossier that gains, the best first: the columns that fund it at its least amount, with values."""
    least = _least_levels(recovery)
    place = np.searchsorted(recovery.candidate, np.array(list(least), dtype=np.int64))
    gained, spent = (of[: len(recovery.candidate)].astype(np.float64) for of in (gain, cost))
    for column, levels in zip(place.tolist(), least.values(), strict=True):
        gained[column] += sum(float(gain[other]) * value for other, value in levels)
        spent[column] += sum(float(cost[other]) * value for other, value in levels)
    ratio = gained / np.maximum(spent, 1.0)
    useful = np.flatnonzero((ratio > 0) & (x[: len(ratio)] == 0))
    for column in useful[np.argsort(-ratio[useful], kind="stable")].tolist():
        yield [(column, 1), *least.get(int(recovery.candidate[column]), ())]


def _least_levels(recovery: Recovery) -> dict[int, list[tuple[int, int]]]:
    """Of each dossier with levels: the columns of its least one, with their values."""
    amount = dict(zip(recovery.amount_rows.tolist(), recovery.amount_columns.tolist(), strict=True))
    row, step = recovery.options.row, recovery.options.step
    columns = recovery.option_columns
    first = np.unique(row, return_index=True)[1]  # levels stand by dossier, ascending
    return {int(row[k]): [(int(columns[k]), 1), (amount[int(row[k])], int(step[k]))] for k in first.tolist()}


@dataclass(slots=True)
class _Filling:
    """A point and what its rows reach, changed column by column while every row holds."""

    model: LinearModel
    x: IntArray
    reached: IntArray
    columns: sp.csc_array

    def take(self, move: list[tuple[int, int]]) -> None:
        """Set some columns, all or none of them."""
        touched = []
        for column, value in move:
            rows, entries = self._entries(column)
            self.reached[rows] += entries * value
            self.x[column] += value
            touched.append(rows)
        rows = np.concatenate(touched)
        now = self.reached[rows]
        if (now <= self.model.row_upper[rows]).all() and (now >= self.model.row_lower[rows]).all():
            return
        for column, value in move:
            rows, entries = self._entries(column)
            self.reached[rows] -= entries * value
            self.x[column] -= value

    def raise_(self, column: int) -> None:
        """Raise one column as far as its bound and the rows let it."""
        rows, entries = self._entries(column)
        up, down = entries > 0, entries < 0
        above = (self.model.row_upper[rows] - self.reached[rows])[up] // entries[up]
        below = (self.reached[rows] - self.model.row_lower[rows])[down] // -entries[down]
        room = int(self.model.col_upper[column] - self.x[column])
        step = min([room, *above.tolist(), *below.tolist()])
        if step > 0:
            self.reached[rows] += entries * step
            self.x[column] += step

    def _entries(self, column: int) -> tuple[IntArray, IntArray]:
        part = slice(int(self.columns.indptr[column]), int(self.columns.indptr[column + 1]))
        return self.columns.indices[part].astype(np.int64), self.columns.data[part]
