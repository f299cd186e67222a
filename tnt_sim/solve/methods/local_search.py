"""Local search: finds and improves a point by single flips of dossiers, where the greedy heuristic meets none.

The search starts from the dossiers whose gain exceeds the prices of their rows in the linear relaxation. A step
flips the dossier, funded or not, that lowers the weighted violation of the rows most:

    Σ_i weight_i · max(0, lower_i − a_i, a_i − upper_i) / unit_i

with the activities a and the largest entry unit_i of each row.

Where no flip lowers it, the weights of the violated rows grow. The search keeps a point that satisfies all rows,
and « a better value » becomes one more row. Scores are floats and only choose the flips: activities are exact
integers.

Source: Luteberget and Sartor, *Feasibility Jump: an LP-free Lagrangian MIP heuristic*, Mathematical Programming
Computation 15 (2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    BoolArray,
    FloatArray,
    IntArray,
    LinearModel,
)
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.sparse_matrix import SparseMatrix

ROOM = 2**61
"""Bound on row activities, so that sums stay within int64."""
MOST_STEPS = 2_000
"""Steps of one search."""
QUICK_STEPS = 100
"""Steps without a better point that a first list waits for."""
MOST_CELLS = 40_000_000
"""Steps × dossiers × rows of one search, some tenths of a second."""
MOST_MOVES = 5_000
"""Dossiers beyond which no search is made."""
MOST_WIDTH = 400_000
"""Dossiers × rows beyond which no search is made."""
PATIENCE = 3
"""Steps after which a dossier may be flipped again."""
ANYWAY = 0.3
"""How often the best flip is made although it lowers nothing."""
GAIN_WEIGHT = 0.01
"""Weight of the reduced gain, in units of the largest gain, against that of one violated row."""


def search_point(
    model: LinearModel,
    moves: SparseMatrix,
    start: IntArray,
    gain: IntArray,
    deadline: Deadline,
    most_idle: int = QUICK_STEPS,
) -> IntArray | None:
    """Search for a point that satisfies all rows, of large gain; None if it meets none.

    Parameters
    ----------
    moves : int64 (n_moves, n), what funding each dossier adds to the first columns of the point
    start : int64 (n_cols,), the point without any of the moves
    gain : int64 (n_cols,), the objective to maximise
    most_idle : steps without a better point after which the search ends with the one that it has
    """
    n_moves, n = moves.shape
    if not 0 < n_moves <= MOST_MOVES:
        return None
    effect = moves @ model.matrix[:, :n].T
    rows, reached = np.unique(effect.indices), model.compute_activity(start)
    reach = abs(effect).astype(np.float64).T @ np.ones(n_moves)
    if reached.dtype == object or max(np.abs(reached).max(initial=0), reach.max(initial=0.0)) >= ROOM:
        return None
    if not 0 < n_moves * len(rows) <= MOST_WIDTH:
        return None
    prices = IncrementalLp().compute_prices(model, gain, deadline=deadline)
    if prices is None or deadline.expired:
        return None
    gained = moves @ gain[:n]
    reduced = gained - effect.astype(np.float64) @ prices
    lower, upper = model.row_lower[rows], model.row_upper[rows]
    search = _FlipSearch(effect[:, rows].toarray(), gained, lower, upper, reduced)
    taken = search.run(reached[rows], deadline, most_idle)
    if taken is None:
        return None
    point = start.copy()
    point[:n] += taken.astype(np.int64) @ moves
    return point if model.is_feasible(point) else None


@dataclass(frozen=True, slots=True, eq=False)
class _FlipSearch:
    """Moves and bounds of the rows that they change.

    `effect` is int64 (n_moves, n_rows), what each move adds to the rows; `reduced` is float64 (n_moves,), the gain
    of each move without the prices of its rows.
    """

    effect: IntArray
    gain: IntArray
    lower: IntArray
    upper: IntArray
    reduced: FloatArray

    def run(self, reached: IntArray, deadline: Deadline, most_idle: int) -> BoolArray | None:
        """Return the best moves met, bool (n_moves,); None if none satisfy the rows.

        Parameters
        ----------
        reached : activities without any move
        """
        unit = np.maximum(np.abs(self.effect).max(axis=0), 1).astype(np.float64)
        most = float(np.abs(self.gain).max(initial=1)) or 1.0
        change = np.column_stack([self.effect / unit, self.gain / most])
        low = np.append(np.where(self.lower == NO_LOWER, -np.inf, self.lower / unit), -np.inf)
        high = np.append(np.where(self.upper == NO_UPPER, np.inf, self.upper / unit), np.inf)
        towards = GAIN_WEIGHT * self.reduced / most
        taken = self.reduced > 0
        reached = reached + taken.astype(np.int64) @ self.effect
        value = int(self.gain[taken].sum())
        weight, free_from = np.ones(len(low)), np.zeros(len(taken), dtype=np.int64)
        random = np.random.default_rng(len(taken))
        best, best_value, found_at = None, value, 0
        for step in range(min(MOST_STEPS, MOST_CELLS // self.effect.size)):
            if deadline.expired or (best is not None and step - found_at > most_idle):
                break
            if (best is None or value > best_value) and self._is_feasible(reached):
                best, best_value, found_at = taken.copy(), value, step
                low[-1], weight[:] = (value + 1) / most, 1.0
            here = np.append(reached / unit, value / most)
            violated = np.maximum(low - here, here - high)
            sign = np.where(taken, -1.0, 1.0)
            new = here + sign[:, None] * change
            score = np.maximum(np.maximum(low - new, new - high), 0.0) @ weight - towards * sign
            score[free_from > step] = np.inf
            move = int(np.argmin(score))
            if score[move] >= np.maximum(violated, 0.0) @ weight:
                weight[violated > 0] += 1.0
                if random.random() > ANYWAY:
                    continue
            way = -1 if taken[move] else 1
            reached, value = reached + way * self.effect[move], value + way * int(self.gain[move])
            taken[move], free_from[move] = not taken[move], step + PATIENCE
        return best

    def _is_feasible(self, reached: IntArray) -> bool:
        return bool(((reached >= self.lower) & (reached <= self.upper)).all())
