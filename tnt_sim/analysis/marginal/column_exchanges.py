"""Lists with one more column each, from exchanges on a list that is known, all columns at once.

With a the activity of the list, A the rows and K what leaves, column i comes in where in every row

    lower ≤ a + A_i − Σ_{k in K} A_k ≤ upper

and then the list loses Σ_{k in K} c_k − c_i of the goal. K is empty, or one column, or several by value per weight
or by weight: of the columns that stand in the same rows as i, or of those that stand in all rows that i makes
bind. K is a guess; the rows are read in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Self

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel
from tnt_sim.kernel.cap_tree.path_room import FAR
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.sparse_matrix import SparseMatrix

MOST_LEAVING = 64
"""Most columns that leave for one that comes in."""
MOST_TRIED = 1_000
"""Columns, the heaviest first, that are tried for questions without a list."""
READ_TOGETHER = 20_000
"""Columns that come in whose rows are read between two checks of the deadline."""
NEAR = 1e-3
"""Rounding of floats that guess what leaves."""


def find_exchange_losses(
    model: LinearModel, point: IntArray, columns: IntArray, weight: IntArray, deadline: Deadline = UNLIMITED
) -> IntArray:
    """Find what the goal loses with each column in, by one exchange; FAR where none is found.

    A loss below 0 is a list better than the one known. Columns that are not reached in time have FAR.

    Parameters
    ----------
    point : int64 (n_cols,), a list that satisfies every row
    columns : int64, columns that may be 1 and that the list leaves at 0
    weight : int64 (n_cols,), positive: what leaves is looked for by it

    Examples
    --------
    >>> model = LinearModel(
    ...     matrix=np.array([[4, 3, 2]]), row_lower=[NO_LOWER], row_upper=[5], col_lower=[0, 0, 0],
    ...     col_upper=[1, 1, 1], integer=[True] * 3, objective=[4, 5, 3], sense=Sense.MAXIMISE,
    ...     row_names=["cap"], col_names=["a", "b", "c"],
    ... )
    >>> find_exchange_losses(model, np.array([0, 1, 1]), np.array([0]), np.array([4, 3, 2])).tolist()
    [4]
    """
    exchange = _Exchange.of(model, point, weight, columns)
    if exchange is None:
        return np.full(len(columns), FAR)
    exchange.read_losses(np.arange(len(columns)), [], deadline)
    for list_pools in (exchange.list_pools_of_same_rows, exchange.list_pools_of_binding_rows):
        pools = list(takewhile(lambda _: not deadline.expired, list_pools()))
        for choose in (exchange.choose_single_columns, exchange.choose_prefixes, exchange.choose_by_weight):
            attempts = [choose(pool) for pool in takewhile(lambda _: not deadline.expired, pools)]
            exchange.read_losses(exchange.full, attempts, deadline)
    return exchange.losses


def find_impossible_columns(model: LinearModel, columns: IntArray) -> BoolArray:
    """Tell which columns exceed by themselves a row in which nothing is negative, bool (n,).

    Parameters
    ----------
    columns : int64, columns whose value 1 is tested

    Examples
    --------
    >>> model = LinearModel(
    ...     matrix=np.array([[6, 5]]), row_lower=[NO_LOWER], row_upper=[5], col_lower=[0, 0], col_upper=[1, 1],
    ...     integer=[True] * 2, objective=[1, 1], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b"],
    ... )
    >>> find_impossible_columns(model, np.array([0, 1])).tolist()
    [True, False]
    """
    matrix = model.matrix
    rising = np.ones(model.n_rows, dtype=np.bool_)
    rising[matrix.row[matrix.data < 0]] = False
    rising &= bool((model.col_lower >= 0).all())
    own = matrix.T[columns]
    impossible = np.zeros(len(columns), dtype=np.bool_)
    impossible[own.row[rising[own.indices] & (own.data > model.row_upper[own.indices])]] = True
    return impossible


@dataclass(frozen=True, slots=True, eq=False)
class _LeavingPool:
    """Questions, by their place, and the columns of which some may leave for each of them."""

    questions: IntArray
    columns: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Leaving:
    """Columns that leave, each with the place of its question."""

    question: IntArray
    column: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Exchange:
    """Questions on a list in a model.

    Attributes
    ----------
    columns : that come in, one for each question
    by_column : rows of the model, transposed
    value : int64 (n_cols,), what each column adds to the goal; greater is better
    activity : int64 (n_rows,), of the list
    out : bool (n_cols,), columns of the list that may leave it
    breaks : by entry of `by_column`, whether the list without the column is below the row's lower limit
    binding : by question, the rows above their upper limit with its column in, and those near their lower one
    full : questions for which something must leave
    need, most : by question, the weight that must leave and the weight that may, about
    losses : int64, by question, found so far
    """

    model: LinearModel
    columns: IntArray
    by_column: SparseMatrix
    value: IntArray
    weight: IntArray
    activity: IntArray
    out: BoolArray
    breaks: BoolArray
    binding: SparseMatrix
    full: IntArray
    need: FloatArray
    most: FloatArray
    losses: IntArray

    @classmethod
    def of(cls, model: LinearModel, point: IntArray, weight: IntArray, columns: IntArray) -> Self | None:
        """Read the list; None where it breaks a row, or where numbers leave 64 bits."""
        activity = model.compute_activity(point)
        if activity.dtype == object or (weight <= 0).any():
            return None
        if ((activity < model.row_lower) | (activity > model.row_upper)).any():
            return None
        by_column = model.matrix.T
        own = by_column[columns]
        reach, rows = activity[own.indices] + own.data, own.indices
        per_unit = weight[columns][own.row] / np.abs(own.data)
        over = (own.data > 0) & (model.row_upper[rows] != NO_UPPER) & (reach > model.row_upper[rows])
        floor = (own.data > 0) & (model.row_lower[rows] != NO_LOWER)
        need, most = np.zeros(len(columns)), np.full(len(columns), np.inf)
        above = (reach - model.row_upper[rows]) * per_unit
        np.maximum.at(need, own.row[over], np.ceil(above[over] - NEAR))
        spare = (reach - model.row_lower[rows]) * per_unit
        np.minimum.at(most, own.row[floor], np.floor(spare[floor] + NEAR))
        near = floor & ((activity[rows] - model.row_lower[rows]) * per_unit < need[own.row])
        binding = own._keep_entries(over | near)
        breaks = activity[by_column.indices] - by_column.data < model.row_lower[by_column.indices]
        value = model.objective if model.sense is Sense.MAXIMISE else -model.objective
        out = (point == 1) & (model.col_lower <= 0)
        losses = np.full(len(columns), FAR)
        return cls(
            model, columns, by_column, value, weight, activity, out, breaks, binding, np.flatnonzero(need > 0),
            need, most, losses,
        )  # fmt: skip

    def list_pools_of_same_rows(self) -> Iterator[_LeavingPool]:
        """List the columns of the list by the rows in which they stand."""
        keys = _compute_keys(self.by_column)
        leaving, wanted_keys = np.flatnonzero(self.out), keys[self.columns[self.full]]
        leaving = leaving[np.argsort(keys[leaving], kind="stable")]
        order = np.argsort(wanted_keys, kind="stable")
        known, start, count = np.unique(wanted_keys[order], return_index=True, return_counts=True)
        first, end = (np.searchsorted(keys[leaving], known, side) for side in ("left", "right"))
        for k in range(len(known)):
            yield _LeavingPool(self.full[order[start[k] : start[k] + count[k]]], leaving[first[k] : end[k]])

    def list_pools_of_binding_rows(self) -> Iterator[_LeavingPool]:
        """List the columns of the list that stand in all rows which some questions make bind.

        Columns that another lower limit does not let go are left out.
        """
        keys = _compute_keys(self.binding)[self.full]
        order = np.argsort(keys, kind="stable")
        for _, start, count in zip(
            *np.unique(keys[order], return_index=True, return_counts=True), strict=True
        ):
            own = self.full[order[start : start + count]]
            rows = self.binding.indices[self.binding.indptr[own[0]] : self.binding.indptr[own[0] + 1]]
            columns = self._find_columns_in(rows)
            sizes = np.diff(self.by_column.indptr)[columns]
            entries = np.repeat(self.by_column.indptr[columns] - np.cumsum(sizes) + sizes, sizes) + np.arange(
                int(sizes.sum())
            )
            stuck = self.breaks[entries] & ~np.isin(self.by_column.indices[entries], rows)
            free = np.ones(len(columns), dtype=np.bool_)
            free[np.repeat(np.arange(len(columns)), sizes)[stuck]] = False
            yield _LeavingPool(own, columns[free])

    def _find_columns_in(self, rows: IntArray) -> IntArray:
        """Return the columns that may leave and have a positive entry in all of some rows."""
        matrix = self.model.matrix
        common = None
        for row in rows[np.argsort(np.diff(matrix.indptr)[rows], kind="stable")].tolist():
            entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
            own = matrix.indices[entries][matrix.data[entries] > 0]
            if common is None:
                common = own[self.out[own]]
            elif len(own) < matrix.shape[1]:
                inside = np.zeros(matrix.shape[1], dtype=np.bool_)
                inside[own] = True
                common = common[inside[common]]
        return np.zeros(0, dtype=np.int64) if common is None else common

    def choose_single_columns(self, pool: _LeavingPool) -> _Leaving:
        """Choose, for each question, the least valuable column whose weight suffices and is not too much."""
        columns = pool.columns[np.argsort(self.weight[pool.columns], kind="stable")]
        weight = self.weight[columns]
        first = np.searchsorted(weight, self.need[pool.questions], side="left")
        end = np.searchsorted(weight, self.most[pool.questions], side="right")
        some = np.flatnonzero(first < end)
        places = _find_least_places(self.value[columns], first[some], end[some])
        return _Leaving(pool.questions[some], columns[places])

    def choose_prefixes(self, pool: _LeavingPool) -> _Leaving:
        """Choose, for each question, the least columns by value per weight whose weight suffices."""
        ratio = self.value[pool.columns] / self.weight[pool.columns]
        columns = pool.columns[np.argsort(ratio, kind="stable")[:MOST_LEAVING]]
        count = np.searchsorted(np.cumsum(self.weight[columns]), self.need[pool.questions], side="left") + 1
        known = count <= len(columns)
        count = count[known]
        starts = np.cumsum(count) - count
        places = np.arange(int(count.sum())) - np.repeat(starts, count)
        return _Leaving(np.repeat(pool.questions[known], count), columns[places])

    def choose_by_weight(self, pool: _LeavingPool) -> _Leaving:
        """Choose, for questions without a list, the heaviest columns that are not too much, until they suffice."""
        open_ = pool.questions[self.losses[pool.questions] == FAR]
        if not len(open_) or not len(pool.columns):
            return _Leaving(open_[:0], open_[:0])
        columns = pool.columns[self.weight[pool.columns] <= self.most[open_].max()]
        columns = columns[np.argsort(-self.weight[columns], kind="stable")[:MOST_TRIED]]
        need, most, total = self.need[open_], self.most[open_], np.zeros(len(open_))
        count, pairs = np.zeros(len(open_), dtype=np.int64), list[tuple[IntArray, IntArray]]()
        for column in columns.tolist():
            takes = (total < need) & (total + self.weight[column] <= most) & (count < MOST_LEAVING)
            own = np.flatnonzero(takes)
            if len(own):
                total[own] += self.weight[column]
                count[own] += 1
                pairs.append((own, np.full(len(own), column)))
            elif (total >= need).all():
                break
        question = np.concatenate([one for one, _ in pairs] or [open_[:0]])
        column_of = np.concatenate([one for _, one in pairs] or [open_[:0]])
        enough = (total >= need)[question]
        return _Leaving(open_[question[enough]], column_of[enough])

    def read_losses(self, questions: IntArray, attempts: Sequence[_Leaving], deadline: Deadline) -> None:
        """Read what is lost where some columns leave; only the losses of lists that satisfy every row stay.

        Parameters
        ----------
        questions : their places; with attempts, only those for which something leaves
        """
        question = np.concatenate([one.question for one in attempts]) if attempts else np.zeros(0, np.int64)
        column = np.concatenate([one.column for one in attempts]) if attempts else np.zeros(0, np.int64)
        order = np.argsort(question, kind="stable")
        question, column = question[order], column[order]
        if attempts:
            questions = np.unique(question)
        for start in range(0, len(questions), READ_TOGETHER):
            if deadline.expired:
                return
            own = questions[start : start + READ_TOGETHER]
            first, end = (
                np.searchsorted(question, own[0], "left"),
                np.searchsorted(question, own[-1], "right"),
            )
            self._read_some(own, question[first:end], column[first:end])

    def _read_some(self, own: IntArray, question: IntArray, column: IntArray) -> None:
        model, place = self.model, np.searchsorted(own, question)
        sign = np.concatenate([np.ones(len(own), np.int64), np.full(len(place), -1)])
        rows = np.concatenate([np.arange(len(own)), place])
        columns = np.concatenate([self.columns[own], column])
        change = SparseMatrix.from_entries(sign, rows, columns, (len(own), model.n_cols)) @ self.by_column
        reach = self.activity[change.indices] + change.data
        broken = (reach > model.row_upper[change.indices]) | (reach < model.row_lower[change.indices])
        satisfied = np.ones(len(own), dtype=np.bool_)
        satisfied[change.row[broken]] = False
        lost = -self.value[self.columns[own]]
        np.add.at(lost, place, self.value[column])
        self.losses[own] = np.where(satisfied, np.minimum(self.losses[own], lost), self.losses[own])


def _compute_keys(matrix: SparseMatrix) -> IntArray:
    """Return a number for each row of a matrix, equal where the same columns have entries."""
    codes = np.random.default_rng(0).integers(1, 2**62, matrix.shape[1])
    keys = np.zeros(matrix.shape[0], dtype=np.int64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        keys[filled] = np.add.reduceat(codes[matrix.indices], matrix.indptr[filled])
    return keys


def _find_least_places(values: IntArray, first: IntArray, end: IntArray) -> IntArray:
    """Return the place of the least value within each non-empty range, by ranges of powers of two."""
    if not len(first):
        return first
    level = np.floor(np.log2(end - first)).astype(np.int64)
    least = [np.arange(len(values))]
    for k in range(int(level.max())):
        left, right = least[-1][: -(1 << k)], least[-1][1 << k :]
        least.append(np.where(values[right] < values[left], right, left))
    places = np.zeros(len(first), dtype=np.int64)
    for k in np.unique(level).tolist():
        own = level == k
        left, right = least[k][first[own]], least[k][end[own] - (1 << k)]
        places[own] = np.where(values[right] < values[left], right, left)
    return places
