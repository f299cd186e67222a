"""Limits of what lists of a problem reach, and lists near them, from one linear program that stays.

The rows are those of the problem, one per objective and one of the money granted. A question bounds some of these
and asks for the best of a linear form c. With any prices y of the rows A, b

    c·x  ≤  y·b + Σ_j max over x_j of (c − yA)_j x_j        (maximised)

which is evaluated in integers. The point of the linear program, rounded down and filled up again until every row
holds, is a list. It counts where a second reading finds no broken rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.alternatives.far_lists import FINE, FarLists
from tnt_sim.analysis.shared.cap_prices import CapPrices
from tnt_sim.analysis.shared.list_distance import CHANGED, build_change_terms, with_last_stage
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import GRANTED, Formulation, ModelStage, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.rules.linear_terms import BoolArray, Terms, sum_exactly
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import compute_exact_bound
from tnt_sim.sparse_matrix import SparseMatrix
from tnt_sim.verify.allocation_reading import Allocation

MOST_COLUMNS = 200_000
"""Most candidates for which the linear program is solved; above, prices of nested caps give limits."""
MOST_ROUNDINGS = 5
"""Most points that are rounded for one question, each with the rows tightened by what the last one lacked."""
MOST_FILLED = 2_000
"""Most columns that are tried for each row below its lower limit."""
NEAR = 1e-6
"""Distance below which a value of a column is taken for an integer."""


@dataclass(frozen=True, slots=True, eq=False)
class QuestionLimits:
    """Limit of all lists in one form, and lists near it.

    Attributes
    ----------
    bound : exact limit of the form; None if unknown
    lists : feasible in the model, without a second reading
    """

    bound: Fraction | None
    lists: tuple[Allocation, ...] = ()


@dataclass(eq=False)
class LimitSearch:
    """Limits of lists under the rules of one problem.

    Attributes
    ----------
    form : of the problem, with the distance to a list as its last objective
    model : its rows, then one per objective, then the money granted; these are open
    """

    form: Formulation
    model: LinearModel
    by_column: SparseMatrix
    _lp: IncrementalLp = field(default_factory=IncrementalLp)

    @classmethod
    def of(cls, problem: Problem, funded: BoolArray, deadline: Deadline) -> LimitSearch:
        """Build the rows.

        Parameters
        ----------
        funded : bool (n,), the list to which distances are measured
        """
        distance = ObjectiveStage(CHANGED, Sense.MINIMISE, build_change_terms(problem, [funded]))
        form = formulate(with_last_stage(problem, len(problem.stages), distance), deadline=deadline)
        model = CoefficientTightening(deadline).apply(form.model)[0]
        for goal in (*form.stages[:-1], form.least_granted):
            model = model.with_kept_objective(goal.name, goal.objective, goal.sense, 0)
        deadline.check()
        search = cls(form, model, model.matrix.T)
        return replace(search, model=search._build_model({}))

    def find_best_value(self, most_cents: int | None, deadline: Deadline) -> QuestionLimits:
        """Bound the first objective of every list that grants no more than some money."""
        limits = {} if most_cents is None else {GRANTED: Fraction(most_cents, 100)}
        return self._find_limits(self.form.stages[0], limits, deadline)

    def find_least_granted(self, values: Sequence[Fraction], deadline: Deadline) -> QuestionLimits:
        """Bound the money, in euros, of every list whose first objectives are no worse than some values."""
        return self._find_limits(self.form.least_granted, self._list_limits(values), deadline)

    def find_least_distance(self, values: Sequence[Fraction], deadline: Deadline) -> QuestionLimits:
        """Bound the distance of every list whose first objectives are no worse than some values."""
        return self._find_limits(self.form.stages[-1], self._list_limits(values), deadline)

    def _list_limits(self, values: Sequence[Fraction]) -> dict[str, Fraction]:
        return {str(place): value for place, value in enumerate(values)}

    def _build_model(self, limits: Mapping[str, Fraction]) -> LinearModel:
        """Return the model with some objectives bounded, by their place, and the money by its name."""
        lower, upper = self.model.row_lower.copy(), self.model.row_upper.copy()
        goals = (*self.form.stages[:-1], self.form.least_granted)
        start = self.model.n_rows - len(goals)
        for place, goal in enumerate(goals):
            row = start + place
            lower[row], upper[row] = NO_LOWER, NO_UPPER
            worst = limits.get(GRANTED if goal is self.form.least_granted else str(place))
            if worst is not None and goal.sense is Sense.MAXIMISE:
                lower[row] = goal.round_value(worst)
            elif worst is not None:
                upper[row] = goal.round_value(worst)
        return self.model.with_row_bounds(lower, upper)

    def _find_limits(
        self, goal: ModelStage, limits: Mapping[str, Fraction], deadline: Deadline
    ) -> QuestionLimits:
        """Bound a form over the lists within some limits, and round the points of the linear program."""
        up = 1 if goal.sense is Sense.MAXIMISE else -1
        question_model = self._build_model(limits).with_objective(goal.objective, goal.sense)
        tighter, one_more = question_model, _compute_mean_entries(question_model.matrix)
        bound: Fraction | None = None
        lists: list[Allocation] = []
        try:
            for turn in range(MOST_ROUNDINGS):
                deadline.check()
                prices = self._lp.compute_prices(tighter, up * goal.objective, deadline=deadline)
                if prices is None:
                    break
                exact = compute_exact_bound(question_model, up * prices, deadline)
                if turn == 0:
                    most = exact.round_to_integer(goal.sense)
                    bound = None if most is None else goal.to_value(most)
                loss = -up * np.asarray(exact.reduced_costs, dtype=np.float64)
                x = self._round_point(
                    question_model, up * goal.objective, self._lp.get_point(), loss, deadline
                )
                if x is None:
                    break
                activity = question_model.compute_activity(x)
                below, above = question_model.row_lower - activity, activity - question_model.row_upper
                if not (below > 0).any() and not (above > 0).any():
                    lists.append(Allocation(*self.form.recovery.compute_awards(x)))
                    break
                tighter = tighter.with_row_bounds(
                    tighter.row_lower + np.where(below > 0, below + (turn + 1) * one_more, 0),
                    tighter.row_upper - np.where(above > 0, above + (turn + 1) * one_more, 0),
                )
        except DeadlineExpired:
            pass
        return QuestionLimits(bound, tuple(lists))

    def _round_point(
        self, model: LinearModel, gain: IntArray, point: FloatArray, loss: FloatArray, deadline: Deadline
    ) -> IntArray | None:
        """Round a point down, then raise columns that gain, and those that rows below their lower limit need.

        Parameters
        ----------
        gain : int64 (n_cols,), what each column adds to the form, greater is better
        loss : float64 (n_cols,), what each column costs at the prices
        """
        x = np.clip(np.floor(point + NEAR).astype(np.int64), model.col_lower, model.col_upper)
        activity = model.compute_activity(x)
        if activity.dtype == object:
            return None
        parts = np.flatnonzero((point - x > NEAR) & (gain >= 0) & (x < model.col_upper))
        for column in parts[np.argsort(x[parts] - point[parts], kind="stable")].tolist():
            deadline.check()
            self._raise_column(model, x, activity, column)
        for row in np.flatnonzero(activity < model.row_lower).tolist():
            entries = slice(int(model.matrix.indptr[row]), int(model.matrix.indptr[row + 1]))
            columns, data = model.matrix.indices[entries], model.matrix.data[entries]
            used = (data > 0) & (x[columns] < model.col_upper[columns])
            columns, data = columns[used], data[used]
            order = np.argsort(np.maximum(0.0, loss[columns]) / data, kind="stable")[:MOST_FILLED]
            for column in columns[order].tolist():
                deadline.check()
                if activity[row] >= model.row_lower[row]:
                    break
                self._raise_column(model, x, activity, column)
        return x

    def _raise_column(self, model: LinearModel, x: IntArray, activity: IntArray, column: int) -> None:
        """Raise a column by one where no row then exceeds its upper limit or falls below its lower one."""
        entries = slice(int(self.by_column.indptr[column]), int(self.by_column.indptr[column + 1]))
        rows, data = self.by_column.indices[entries], self.by_column.data[entries]
        reached = activity[rows] + data
        if ((data > 0) & (reached > model.row_upper[rows])).any():
            return
        if ((data < 0) & (reached < model.row_lower[rows])).any():
            return
        x[column] += 1
        activity[rows] = reached


def _compute_mean_entries(matrix: SparseMatrix) -> IntArray:
    """Return the mean size of the entries of each row, int64 (n_rows,)."""
    sizes = np.diff(matrix.indptr)
    total = np.bincount(matrix.row, weights=np.abs(matrix.data), minlength=len(sizes))
    return np.ceil(total / np.maximum(1, sizes)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class CapLimitSearch:
    """Limits of lists under nested caps alone, by their prices, where a linear program would be too large."""

    lists: FarLists
    funded: BoolArray

    @classmethod
    def of(cls, problem: Problem, funded: BoolArray, deadline: Deadline) -> CapLimitSearch | None:
        """Read the caps; None where grants have several amounts, or envelopes are no nested caps."""
        lists = FarLists.of(problem, Fraction(0), deadline)
        return None if lists is None else cls(lists, funded)

    def find_best_value(self, most_cents: int | None, deadline: Deadline) -> QuestionLimits:
        """Bound the first objective of every list that grants no more than some money."""
        lists, form = self.lists, self.lists.form
        if most_cents is None:
            cap = int(lists.cents.sum())
        else:
            committed = lists.problem.offers.committed_cents[lists.problem.offers.committed]
            cap = most_cents - int(committed.sum())
        if cap < 0:
            return QuestionLimits(None)
        own = np.ones(len(lists.cents), dtype=np.bool_)
        for tree in lists.trees:
            own[tree.collect_columns()] = False
        root = CapTreeNode(-1, cap, np.flatnonzero(own), tuple(lists.trees))
        try:
            prices = CapPrices.of(np.maximum(lists.value, 0), lists.cents, root, deadline)
        except DeadlineExpired:
            return QuestionLimits(None)
        return QuestionLimits(None if prices is None else form.stages[0].to_value(prices.bound // prices.b))

    def find_least_granted(self, values: Sequence[Fraction], deadline: Deadline) -> QuestionLimits:
        """Bound the money, in euros, of every list whose first objectives are no worse than some values."""
        fine = FINE + int(np.median(self.lists.cents)).bit_length()
        held = sum_exactly(np.abs(self.lists.value)).bit_length()
        return self._find_least(self.lists.problem.granted, values, max(0, min(fine, 58 - held)), deadline)

    def find_least_distance(self, values: Sequence[Fraction], deadline: Deadline) -> QuestionLimits:
        """Bound the distance of every list whose first objectives are no worse than some values."""
        terms = build_change_terms(self.lists.problem, [self.funded])
        return self._find_least(terms, values, FINE, deadline)

    def _find_least(
        self, terms: Terms, values: Sequence[Fraction], fine: int, deadline: Deadline
    ) -> QuestionLimits:
        stage, value = self.lists.form.stages[0], self.lists.value
        if values:
            within = replace(self.lists, floor=values[0], least=stage.round_value(values[0]))
        else:  # any value will do
            floor = stage.to_value(sum_exactly(np.minimum(value, 0)))
            within = replace(self.lists, floor=floor, value=np.zeros_like(value), least=0)
        falling = replace(
            terms, per_funded=-terms.per_funded, per_cent=-terms.per_cent, constant=-terms.constant
        )
        listed, bound = within.find_far_list(falling, deadline, fine)
        return QuestionLimits(
            None if bound is None else max(Fraction(0), -bound), () if listed is None else (listed,)
        )
