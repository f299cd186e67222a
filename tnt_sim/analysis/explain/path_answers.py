"""Loss of forcing each refused application in, from the curves of nested caps.

With p_i the value of application i, w_i its grant and V(g) the best value of all others while g is taken from the
caps above it, the best value with i in is p_i + V(w_i) (`analysis/shared/cap_curves.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from tnt_sim.analysis.explain.refusal_bounds import LossInterval
from tnt_sim.analysis.shared.cap_curves import UNKNOWN, CapCurves, PathQuestion, TreeChange, narrow_bounds
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds, PathRoom
from tnt_sim.kernel.knapsack import TooManyStates


@dataclass(eq=False)
class ForcedValue(PathQuestion):
    """Best value of all others with an application in, and the least money granted at that value.

    Attributes
    ----------
    total : limits of the weight granted under the tree at this value, the application included
    tie : weight that the decision grants under the tree, against which `total` decides a tie; None where
    several caps lie above a leaf, and `total` is not known
    """

    total: IntegerBounds = UNKNOWN
    tie: int | None = None

    @property
    def open(self) -> bool:
        """Whether the value, or on a tie the money, is not known."""
        if not self.limits.exact:
            return True
        undecided = self.tie is not None and self.total.low <= self.tie <= self.total.high
        return undecided and not self.total.exact and self.limits.low > -FAR

    def narrow(self, room: PathRoom) -> None:
        """Narrow the value, then the money at it."""
        PathQuestion.narrow(self, room)
        if self.tie is not None and self.limits.exact and self.limits.low > -FAR:
            assert self.taken is not None
            self.total = narrow_bounds(self.total, room.find_weight(self.limits.low, self.taken))


@dataclass(eq=False, repr=False)
class PathAnswers(CapCurves):
    """Curves of a decision that only nested caps on money bind, and what forcing an application in costs."""

    def find_intervals(self, rows: Sequence[int], deadline: Deadline) -> dict[int, LossInterval]:
        """Bound what forcing in each of some covered applications would cost, by row; none if not reached."""
        questions = [self._ask_value(row) for row in rows]
        self.narrow_questions(questions, deadline)
        intervals = {}
        for question in questions:
            if question.limits == UNKNOWN:
                continue
            interval = self._read_interval(question)
            if interval.wins is None and not interval.impossible and not deadline.expired:
                interval = self._solve_interval(question.row, deadline) or interval
            intervals[question.row] = interval
        return intervals

    def compute_least_losses(self, rows: Sequence[int], deadline: Deadline) -> dict[int, Fraction]:
        """Bound from below, by prices of the caps, what forcing in each of some covered applications costs."""
        columns = np.array([self.column[row] for row in rows], dtype=np.int64)
        losses: dict[int, Fraction] = {}
        for number in np.unique(self.tree_of[columns]).tolist():
            places = np.flatnonzero(self.tree_of[columns] == number)
            least = self.trees[number].compute_least_losses(columns[places], deadline)
            for place, loss in zip(places.tolist(), least, strict=True):
                losses[rows[place]] = self.form.stages[0].scale * loss
        return losses

    def _solve_interval(self, row: int, deadline: Deadline) -> LossInterval | None:
        """Solve one tree with an application in, where a tie is left to rank; None where a limit stops it."""
        tree, column = self.get_tree(row), self.column[row]
        try:
            others = tree.solve_changed(column, TreeChange(forced=True), self.memory, deadline)
        except (TooManyStates, OverflowError, DeadlineExpired):
            return None
        if others is None:
            return LossInterval(Fraction(0), None, impossible=True)
        scale = self.form.stages[0].scale
        loss = scale * (tree.decided_profit - self.get_profit(row) - others.profit)
        less = tree.decided_weight - others.weight - self.get_weight(row)
        wins = less > 0 if less else None
        if not less and others.canonical:
            apart = np.setxor1d(np.append(others.columns, column), tree.decided_columns)
            wins = not len(apart) or int(apart[0]) not in tree.decided_columns
        return LossInterval(loss, loss, wins=wins)

    def _ask_value(self, row: int) -> ForcedValue:
        tree, weight = self.get_tree(row), self.get_weight(row)
        tie = tree.decided_weight if tree.n_levels == 1 else None
        return ForcedValue(row, partial(PathRoom.find_profit, taken=weight), taken=weight, tie=tie)

    def _read_interval(self, value: ForcedValue) -> LossInterval:
        scale = self.form.stages[0].scale
        without = self.get_tree(value.row).decided_profit - self.get_profit(value.row)
        low = max(Fraction(0), scale * (without - value.limits.high))
        if value.limits.high == -FAR:
            return LossInterval(Fraction(0), None, impossible=True)
        high = None if value.limits.low == -FAR else scale * (without - value.limits.low)
        wins = None
        if value.tie is not None and not value.total.low <= value.tie <= value.total.high:
            wins = value.total.high < value.tie
        return LossInterval(low, high, wins=wins)
