"""Greedy heuristic: finds a feasible point quickly, for when the deadline leaves time for nothing else.

Start from the least point (only forced dossiers). If it is below the lower bound of some rows, add dossiers that
raise these rows until each is satisfied, the row that needs the largest share of what could raise it first; if
that fails, `local_search.py` looks for such a point. Add dossiers in decreasing order of gain of the first
objective per unit of cost, each at its least amount, whenever all rows remain satisfied. Then raise amounts
as far as the rows allow. All arithmetic is in integers, so feasibility does not depend on a tolerance.

Dossiers are added in rounds, for speed. A round considers the dossiers that fit individually, in order, and
adds each one that fits together with all of those before it, added or not. Dossiers that can never fit again
are dropped. The rounds end when no remaining dossier fits. If all rows are caps, the result is that of adding
dossiers one by one.

Source: Dantzig, Discrete-variable extremum problems, Operations Research 5 (1957), for the order by ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.methods.local_search import MOST_MOVES, MOST_STEPS, search_point
from tnt_sim.sparse_matrix import SparseMatrix

PER_ROUND = 100_000
"""Dossiers handled together; one round over them takes less than 0.1 s."""
ROOM = 2**61
"""Bound on row activities, so that sums fit in int64."""
MOST_PASSES = 20
"""Passes over the rows below their lower bound."""
FIRST_ADDED = 16
"""Dossiers added together at first when a point is completed; then twice as many each time."""
PER_LOOK = 256
"""Amounts raised between two checks of the deadline, about a millisecond."""


def find_greedy_point(
    model: LinearModel,
    recovery: Recovery,
    goal: SolveStage,
    cost: IntArray,
    deadline: Deadline = UNLIMITED,
) -> IntArray | None:
    """Find a point that satisfies all rows and bounds exactly; None if the heuristic meets none.

    It meets none if the least point exceeds an upper bound, or if neither additions nor a local search bring all
    rows to their lower bounds.

    Parameters
    ----------
    goal : the objective to improve
    cost : int64 (n_cols,), cost of one unit of each column
    deadline : when it passes, the point found so far is returned
    """
    x = np.clip(np.zeros(model.n_cols, dtype=np.int64), model.col_lower, model.col_upper)
    reached = model.compute_activity(x)
    if reached.dtype == object or np.abs(reached).max(initial=0) >= ROOM or (reached > model.row_upper).any():
        return None
    is_short = bool((reached < model.row_lower).any())
    gain = goal.objective if goal.sense is Sense.MAXIMISE else -goal.objective
    filling = _Filling(model, x.copy(), reached.astype(np.int64))
    if deadline.expired:
        return None if is_short else x
    moves = _build_moves(recovery, (x == 0) & (model.col_upper > 0), gain, cost, useful_only=not is_short)
    if deadline.expired:
        return None if is_short else x
    if is_short:
        if not filling.reach_lower_bounds(moves, deadline):
            point = search_point(model, moves, x, gain, deadline)
            if point is None:
                return None
            filling = _Filling(model, point, model.compute_activity(point))
        x = filling.x.copy()
        moves = _build_moves(recovery, (x == 0) & (model.col_upper > 0), gain, cost)
    filling.fill(moves, deadline)
    if not deadline.expired:
        filling.raise_amounts(recovery.ranged_columns[gain[recovery.ranged_columns] > 0], deadline)
    return filling.x if model.is_feasible(filling.x) else x


def search_better_point(
    model: LinearModel, recovery: Recovery, goal: SolveStage, cost: IntArray, deadline: Deadline
) -> IntArray | None:
    """Search for a point of large value by flips of dossiers at their least amounts; None if it meets none.

    Parameters are those of `find_greedy_point`.
    """
    if deadline.expired or len(recovery.candidate) > MOST_MOVES:
        return None
    x = np.clip(np.zeros(model.n_cols, dtype=np.int64), model.col_lower, model.col_upper)
    gain = goal.objective if goal.sense is Sense.MAXIMISE else -goal.objective
    moves = _build_moves(recovery, (x == 0) & (model.col_upper > 0), gain, cost, useful_only=False)
    return search_point(model, moves, x, gain, deadline, MOST_STEPS)


def complete_point(
    model: LinearModel,
    recovery: Recovery,
    point: IntArray,
    worth: IntArray,
    deadline: Deadline = UNLIMITED,
) -> IntArray | None:
    """Add dossiers to a point, the worthiest first, until its rows reach their lower bounds or none fits.

    Parameters
    ----------
    point : int64 (n_cols,), exceeds no upper bound of a row
    worth : int64 (n_candidates,), > 0
    """
    reached = model.compute_activity(point)
    if reached.dtype == object or np.abs(reached).max(initial=0) >= ROOM or (reached > model.row_upper).any():
        return None
    filling = _Filling(model, point.copy(), reached.astype(np.int64))
    gain = np.zeros(model.n_cols, dtype=np.int64)
    gain[: len(worth)] = worth
    moves = _build_moves(recovery, (point == 0) & (model.col_upper > 0), gain, np.zeros_like(gain))
    first, length = 0, FIRST_ADDED
    while (filling.reached < model.row_lower).any() and first < moves.shape[0] and not deadline.expired:
        filling.fill(moves[first : first + length], deadline)
        filling.reached = np.asarray(model.compute_activity(filling.x))
        first, length = first + length, 2 * length
    return filling.x


def _build_moves(
    recovery: Recovery, free: BoolArray, gain: IntArray, cost: IntArray, *, useful_only: bool = True
) -> SparseMatrix:
    """Return what funding each dossier changes, best ratio first: int64 (n_moves, n_cols).

    With `useful_only`, dossiers without gain are left out.
    """
    n = len(recovery.candidate)
    place, columns, values = _list_least_levels(recovery)
    gained, spent = gain[:n].astype(np.float64), cost[:n].astype(np.float64)
    np.add.at(gained, place, gain[columns].astype(np.float64) * values)
    np.add.at(spent, place, cost[columns].astype(np.float64) * values)
    ratio = gained / np.maximum(spent, 1.0)
    useful = np.flatnonzero((ratio > 0) & free[:n] if useful_only else free[:n])
    order = useful[np.argsort(-ratio[useful], kind="stable")]
    at = np.full(n, -1, dtype=np.int64)
    at[order] = np.arange(len(order))
    levelled = at[place] >= 0
    entries = np.concatenate([np.ones(len(order), dtype=np.int64), values[levelled]])
    changed = np.concatenate([order, columns[levelled]])
    moves = np.concatenate([np.arange(len(order)), at[place[levelled]]])
    return SparseMatrix.from_entries(entries, moves, changed, (len(order), recovery.n_columns))


def _list_least_levels(recovery: Recovery) -> tuple[IntArray, IntArray, IntArray]:
    """Return the columns of each dossier's lowest level and their values: place of the dossier, column, value."""
    options = recovery.options
    first = np.unique(options.row, return_index=True)[1]  # levels stand by dossier, ascending
    place = np.searchsorted(recovery.candidate, options.row[first])
    amount = recovery.amount_columns[np.searchsorted(recovery.amount_rows, options.row[first])]
    columns = np.concatenate([recovery.option_columns[first], amount])
    values = np.concatenate([np.ones(len(first), dtype=np.int64), options.step[first]])
    return np.tile(place, 2), columns, values


@dataclass(slots=True)
class _Filling:
    """A point and the activity of its rows."""

    model: LinearModel
    x: IntArray
    reached: IntArray

    def fill(self, moves: SparseMatrix, deadline: Deadline) -> None:
        """Apply moves in order, as long as all rows are satisfied."""
        n_moves, n_columns = moves.shape
        tight = self._find_tight_rows(n_columns)
        by_column = self.model.matrix[tight, :n_columns].T
        for first in range(0, n_moves, PER_ROUND):
            subset = moves[first : first + PER_ROUND]
            effect = (subset @ by_column).T  # (n_tight, n_moves), moves ascending in each row
            reach = abs(effect).astype(np.float64) @ np.ones(subset.shape[0])
            if reach.max(initial=0.0) >= ROOM:
                return
            self._apply_rounds(subset, effect, tight, deadline)
            if deadline.expired:
                return

    def reach_lower_bounds(self, moves: SparseMatrix, deadline: Deadline) -> bool:
        """Apply moves until each row reaches its lower bound; return whether all do.

        A row that some moves raise may meanwhile be lowered by others: it is raised again in the next pass.
        """
        (n_moves, n), model = moves.shape, self.model
        by_move = moves @ model.matrix[:, :n].T
        effect = by_move.T  # (n_rows, n_moves)
        if (abs(effect).astype(np.float64) @ np.ones(n_moves)).max(initial=0.0) >= ROOM:
            return False
        possible = effect.positive.astype(np.float64) @ np.ones(n_moves)
        waiting = np.ones(n_moves, dtype=np.bool_)
        for _ in range(MOST_PASSES):
            short = np.flatnonzero(self.reached < model.row_lower)
            if not len(short):
                return True
            share = (model.row_lower - self.reached)[short] / np.maximum(possible[short], 1.0)
            for target in short[np.argsort(-share, kind="stable")].tolist():
                entries = slice(int(effect.indptr[target]), int(effect.indptr[target + 1]))
                choice = np.sort(effect.indices[entries][effect.data[entries] > 0])
                choice = choice[waiting[choice]]
                taken = self._raise_row(target, by_move[choice].T, possible > 0, deadline)
                if taken is None or deadline.expired:
                    return False
                waiting[choice[taken]] = False
                self.x[:n] += np.ones(len(taken), dtype=np.int64) @ moves[choice[taken]]
        return False

    def _raise_row(
        self, target: int, effect: SparseMatrix, may_fall: BoolArray, deadline: Deadline
    ) -> IntArray | None:
        """Apply moves in order until a row reaches its lower bound, and return their places.

        None if it does not, or not in time. `effect` is what each move changes in each row, int64 (n_rows,
        n_moves). Rows that `may_fall` are not kept at their lower bounds.
        """
        waiting = np.ones(effect.shape[1], dtype=np.bool_)
        raised = effect[[target]].toarray().ravel()
        row, move, value = effect.row, effect.indices, effect.data
        while (need := int(self.model.row_lower[target]) - int(self.reached[target])) > 0:
            above, below = self._compute_room(np.arange(len(may_fall)))
            below[may_fall] = ROOM
            fits = waiting.copy()
            fits[move[(value > above[row]) | (-value > below[row])]] = False
            counted = np.where(fits[move], value, 0)
            fits[move[_mark_overflow(np.maximum(counted, 0), effect.indptr, above[row])]] = False
            fits[move[_mark_overflow(np.maximum(-counted, 0), effect.indptr, below[row])]] = False
            gained = np.where(fits, raised, 0)
            fits &= np.cumsum(gained) - gained < need
            if not fits.any() or deadline.expired:
                return None
            self.reached += effect @ fits.astype(np.int64)
            waiting &= ~fits
        return np.flatnonzero(~waiting)

    def _apply_rounds(
        self, moves: SparseMatrix, effect: SparseMatrix, tight: IntArray, deadline: Deadline
    ) -> None:
        """Apply a batch of moves in rounds, at least one round."""
        waiting = np.ones(moves.shape[0], dtype=np.bool_)
        helped = _mark_mixed_rows(effect)
        row, move, value = effect.row, effect.indices, effect.data
        while True:
            above, below = self._compute_room(tight)
            single = waiting.copy()
            stops = (value > above[row]) | (-value > below[row])
            single[move[stops]] = False
            for_good = np.zeros_like(waiting)
            for_good[move[stops & ~helped[row]]] = True
            waiting &= ~for_good
            if not single.any():
                return
            counted = np.where(single[move], value, 0)
            fits = single
            fits[move[_mark_overflow(np.maximum(counted, 0), effect.indptr, above[row])]] = False
            fits[move[_mark_overflow(np.maximum(-counted, 0), effect.indptr, below[row])]] = False
            self.x[: moves.shape[1]] += fits.astype(np.int64) @ moves
            self.reached[tight] += effect @ fits.astype(np.int64)
            waiting &= ~fits
            if deadline.expired:
                return
            keep = waiting[move]
            row, move, value = row[keep], move[keep], value[keep]
            effect = SparseMatrix(value, move, _compute_row_starts(row, len(tight)), effect.shape)

    def _find_tight_rows(self, n_columns: int) -> IntArray:
        """Return the rows that raising some of the first columns brings closer to a bound."""
        model, matrix = self.model, self.model.matrix
        row = matrix.row
        up = (matrix.data > 0) & (model.row_upper != NO_UPPER)[row]
        down = (matrix.data < 0) & (model.row_lower != NO_LOWER)[row]
        nearer = (up | down) & (matrix.indices < n_columns)
        return np.flatnonzero(np.bincount(row[nearer], minlength=model.n_rows))

    def _compute_room(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Return by how much each row may still rise, and fall."""
        lower, upper, reached = self.model.row_lower[rows], self.model.row_upper[rows], self.reached[rows]
        above = np.where(upper == NO_UPPER, ROOM, np.minimum(upper, ROOM) - reached)
        below = np.where(lower == NO_LOWER, ROOM, reached - np.maximum(lower, -ROOM))
        return above, below

    def raise_amounts(self, columns: IntArray, deadline: Deadline) -> None:
        """Raise columns one by one, each as far as its bound and the rows allow."""
        if not len(columns):
            return
        self.reached = np.asarray(self.model.compute_activity(self.x))
        by_column = self.model.matrix.T
        for place, column in enumerate(columns.tolist()):
            if place % PER_LOOK == 0 and deadline.expired:
                return
            part = slice(int(by_column.indptr[column]), int(by_column.indptr[column + 1]))
            rows, entries = by_column.indices[part], by_column.data[part]
            up, down = entries > 0, entries < 0
            above = (self.model.row_upper[rows] - self.reached[rows])[up] // entries[up]
            under = (self.reached[rows] - self.model.row_lower[rows])[down] // -entries[down]
            room = int(self.model.col_upper[column] - self.x[column])
            step = min([room, *above.tolist(), *under.tolist()])
            if step > 0:
                self.reached[rows] += entries * step
                self.x[column] += step


def _mark_mixed_rows(effect: SparseMatrix) -> BoolArray:
    """Return the rows that some moves raise and others lower, where a move may fit later; bool (n_rows,)."""
    row, n = effect.row, effect.shape[0]
    up, down = (np.bincount(row[side], minlength=n) > 0 for side in (effect.data > 0, effect.data < 0))
    mixed: BoolArray = up & down
    return mixed


def _mark_overflow(value: IntArray, starts: NDArray[Any], room: IntArray) -> BoolArray:
    """Return the entries at which the running sum of their row exceeds the room; sums start anew in each row."""
    total = np.cumsum(value)
    before = np.concatenate([np.zeros(1, dtype=np.int64), total])[starts[:-1]]
    beyond: BoolArray = (value > 0) & (total - np.repeat(before, np.diff(starts)) > room)
    return beyond


def _compute_row_starts(row: IntArray, n_rows: int) -> IntArray:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(row, minlength=n_rows))])
