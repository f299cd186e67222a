"""Tie-break: finds the lexicographically largest optimal point in the rank order of the dossiers.

Among all optimal points, first the vector « funded » is made lexicographically largest in rank order, then
the vector of amounts. This point is unique, so the answer depends neither on the solver nor on the starting
point.

Three things keep the search short. Exact reduced-cost fixing (`reductions/fixing.py`) leaves few columns
open. A column that is already at its upper bound, with all earlier ranks decided, needs no solve. Identical
columns (`reductions/symmetry.py`) are merged for the solver, and the first in rank order goes first. If many
dossiers are open, one solve first checks whether any other optimal choice exists.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tnt_sim.formulation.linear_model import NO_UPPER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, Termination
from tnt_sim.solve.methods.integral import PointRepair, solve_integral
from tnt_sim.solve.reductions.cuts import build_change_cut
from tnt_sim.solve.reductions.fixing import ReducedCostFixing
from tnt_sim.solve.reductions.restriction import Restriction
from tnt_sim.solve.reductions.symmetry import classify_columns
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

MANY_OPEN = 60
"""From this number of open dossiers, one solve first checks whether another optimal choice exists."""
CHUNK = 20
"""Dossiers decided by one solve, with weights 2^19 … 1, which a float represents exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class TieBreakResult:
    """Result of the tie-break.

    Attributes
    ----------
    values : int64 (n_cols,), the point
    proven : whether it is the lexicographically largest optimal point, according to the solver
    termination : OPTIMAL if `proven`, otherwise the termination of the solve that ended the search. The point
    is then optimal for every stage, but another one may precede it in rank order.
    n_open : columns that reduced-cost fixing left open
    """

    values: IntArray
    proven: bool
    termination: Termination
    n_solves: int
    n_open: int
    seconds: float
    repairs: tuple[PointRepair, ...] = ()


def find_canonical_point(
    model: LinearModel,
    incumbent: IntArray,
    order: IntArray,
    amounts: IntArray,
    backend: Backend,
    limits: Limits = Limits(),
    goal: SolveStage | None = None,
) -> TieBreakResult:
    """Find the lexicographically largest point in rank order among the points of `model`.

    Parameters
    ----------
    model
        Includes the constraints of all stages, so that its points are the optimal ones. Its objective is that
        of the last stage, and no point improves the value at `incumbent`.
    incumbent : int64 (n_cols,)
        A point that satisfies all rows.
    order : int (n_dossiers,)
        The 0-1 columns « funded », first rank first.
    amounts : int (n_amounts,)
        The integer columns of amounts, first rank first.
    goal
        Objective that the solver uses while it looks for another optimal choice: the one that bounds best.
        Default: the model's own.
    """
    return _TieBreakSearch(model, incumbent, backend, limits, goal).run(order, amounts)


@dataclass(slots=True)
class _TieBreakSearch:
    """State of one search: the current point and the bounds decided so far."""

    model: LinearModel
    point: IntArray
    backend: Backend
    limits: Limits
    goal: SolveStage | None = None
    lower: IntArray = field(init=False)
    upper: IntArray = field(init=False)
    began: float = field(default_factory=time.perf_counter)
    n_solves: int = 0
    n_open: int = 0
    ended: Termination = Termination.OPTIMAL
    repairs: list[PointRepair] = field(default_factory=list)
    equal_columns: list[list[int]] = field(default_factory=list)
    twin_place: dict[int, tuple[list[int], int]] = field(default_factory=dict)

    def run(self, order: IntArray, amounts: IntArray) -> TieBreakResult:
        """Decide the columns « funded » in rank order, then the amounts."""
        self.lower, self.upper = self._fix_bounds()
        self.n_open = int((self.lower < self.upper).sum())
        ranked = [j for j in order.tolist() if self.lower[j] < self.upper[j]]
        if not self.limits.expired:
            self._find_identical_columns(ranked)
            self._take(self.point)
        entry = len(ranked) >= MANY_OPEN and not self.limits.expired and self._is_unique(ranked, amounts)
        if ranked and self.limits.expired and not entry:
            self.ended = Termination.TIME_LIMIT
        elif not entry:
            self._walk_funded(ranked)
        if self.ended is Termination.OPTIMAL:
            self._walk_amounts(amounts.tolist())
        return TieBreakResult(
            values=self.point,
            proven=self.ended is Termination.OPTIMAL,
            termination=self.ended,
            n_solves=self.n_solves,
            n_open=self.n_open,
            seconds=time.perf_counter() - self.began,
            repairs=tuple(self.repairs),
        )

    def _fix_bounds(self) -> tuple[IntArray, IntArray]:
        """Return the column bounds after reduced-cost fixing; the model's own if there are no prices."""
        if not self.backend.capabilities.duals or not self.model.n_cols:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        duals = self.backend.solve(self.model, relax=True, limits=self.limits).row_duals
        self.n_solves += 1
        if duals is None:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        value, deadline = self.model.compute_value(self.point), self.limits.deadline
        fixed, _ = ReducedCostFixing(duals, value, deadline=deadline).apply(self.model)
        return fixed.col_lower.copy(), fixed.col_upper.copy()

    def _find_identical_columns(self, ranked: list[int]) -> None:
        """Find the classes of identical 0-1 columns, each in rank order."""
        class_of = classify_columns(self.model)
        members: dict[int, list[int]] = {}
        for j in ranked:
            if self.model.col_lower[j] == 0 and self.model.col_upper[j] == 1:
                members.setdefault(int(class_of[j]), []).append(j)
        self.equal_columns = [columns for columns in members.values() if len(columns) > 1]
        self.twin_place = {j: (columns, k) for columns in self.equal_columns for k, j in enumerate(columns)}

    def _take(self, point: IntArray) -> None:
        """Set the current point, sorted within each class of identical columns.

        Exchanging two identical columns changes no row and no value, so the largest point has x_earlier ≥
        x_later.
        """
        point = point.copy()
        for columns in self.equal_columns:
            point[columns] = -np.sort(-point[columns])
        self.point = point

    def _is_unique(self, ranked: list[int], amounts: IntArray) -> bool:
        """Check with one solve that no other optimal choice of the open dossiers exists.

        Rows x_earlier ≥ x_later exclude choices that only exchange identical columns.
        """
        if (self.lower[amounts] < self.upper[amounts]).any():
            return False
        other = build_change_cut(self.model, self.point, np.array(ranked, dtype=np.int64))
        pairs = [pair for columns in self.equal_columns for pair in pairwise(columns)]
        places = np.repeat(np.arange(len(pairs)), 2), np.array(pairs, dtype=np.int64).ravel()
        signs = np.tile(np.array([1, -1], dtype=np.int64), len(pairs))
        equal = SparseMatrix.from_entries(signs, *places, shape=(len(pairs), self.model.n_cols))
        rows = stack_rows([SparseMatrix.from_dense(other.coefficients), equal])
        lower = [other.lower, *([0] * len(pairs))]
        names = ["another", *(f"equal {k}" for k in range(len(pairs)))]
        variant = self.model.with_rows(rows, lower, [NO_UPPER] * len(lower), names)
        if self.goal is not None:
            variant = variant.with_objective(self.goal.objective, self.goal.sense)
        small, _ = Restriction().apply(variant.with_bounds(self.lower, self.upper))
        found = solve_integral(small, self.backend, self.limits.take_share(0.5))
        self.n_solves += found.n_solves
        return found.termination is Termination.INFEASIBLE

    def _walk_funded(self, ranked: list[int]) -> None:
        for position, j in enumerate(ranked):
            if self.lower[j] == self.upper[j]:
                continue
            if self.point[j] < self.upper[j]:
                chunk = [k for k in ranked[position:] if self.lower[k] < self.upper[k]][:CHUNK]
                weights = np.zeros(self.model.n_cols, dtype=np.int64)
                weights[chunk] = 1 << np.arange(len(chunk) - 1, -1, -1, dtype=np.int64)
                self._improve(weights)
                self._settle(chunk)
            else:
                self._settle([j])
            if self.ended is not Termination.OPTIMAL:
                return

    def _walk_amounts(self, amounts: list[int]) -> None:
        for j in amounts:
            if self.ended is not Termination.OPTIMAL:
                return
            if self.point[j] < self.upper[j]:
                weights = np.zeros(self.model.n_cols, dtype=np.int64)
                weights[j] = 1
                self._improve(weights)
            self._settle([j])

    def _settle(self, columns: list[int]) -> None:
        """Fix columns at their current values; if one is 0, later identical ones are 0 too."""
        self.lower[columns] = self.point[columns]
        self.upper[columns] = self.point[columns]
        for j in columns:
            if self.point[j] == 0 and j in self.twin_place:
                equal, place = self.twin_place[j]
                self.upper[equal[place + 1 :]] = 0

    def _improve(self, weights: IntArray) -> None:
        """Maximise `weights` over the open columns, and take the point found."""
        goal = self.model.with_objective(weights, Sense.MAXIMISE)
        small, restriction = Restriction().apply(goal.with_bounds(self.lower, self.upper))
        start = restriction.reduce(self.point)
        solution = solve_integral(small, self.backend, self.limits, start)
        self.n_solves += solution.n_solves
        self.repairs.extend(solution.repairs)
        self.ended = solution.termination
        if solution.values is not None:
            self._take(restriction.expand(solution.values))
