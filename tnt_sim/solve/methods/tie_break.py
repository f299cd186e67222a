"""One answer: among all optimal points, the greatest in the order of the dossiers' ranks.

First the vector « funded » is made lexicographically greatest in rank order, then the vector of amounts.
The answer is unique, so it depends neither on the solver nor on the point that the walk begins from.

Where many dossiers are open, one solve asks first whether any other choice is as good at all.

The walk is short because exact reduced-cost fixing (`solve/reductions/fixing.py`) leaves few columns open among
points as good as the one in hand, and because a column where the point in hand already is at its greatest, all
ranks before being settled, needs no solve. Equal columns (`solve/reductions/symmetry.py`) are one column for the
solver, and the first of a class goes first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import NO_UPPER, IntArray, LinearModel, Sense, Stage
from tnt_sim.solve.backends.backend import Backend, Limits, Termination
from tnt_sim.solve.methods.integral import Repair, solve_integral
from tnt_sim.solve.reductions.cuts import must_change
from tnt_sim.solve.reductions.fixing import fix_by_reduced_cost
from tnt_sim.solve.reductions.restriction import restrict
from tnt_sim.solve.reductions.symmetry import classes

MANY_OPEN = 60
"""Open dossiers from which it is asked first whether any other choice is as good."""
CHUNK = 20
"""Dossiers decided by one solve; their weights 2^19 … 1 stay far from what a float loses."""


@dataclass(frozen=True, slots=True, eq=False)
class Canonical:
    """The point found, whether it is proven to be the one answer, and what that took.

    `termination` is OPTIMAL when proven, else the word of the solve that ended the walk; the point is
    then as good for every stage, but another could be greater in rank order.
    """

    values: IntArray
    proven: bool
    termination: Termination
    n_solves: int
    n_open: int
    seconds: float
    repairs: tuple[Repair, ...] = ()


def canonical(
    model: LinearModel,
    incumbent: IntArray,
    order: IntArray,
    amounts: IntArray,
    backend: Backend,
    limits: Limits = Limits(),
    goal: Stage | None = None,
) -> Canonical:
    """The greatest point in rank order among those that keep every row of `model`.

    Parameters
    ----------
    model
        With the rows of all stages (so that its points are the optimal ones), and the objective of the last
        stage, whose value at `incumbent` no point beats.
    incumbent : int64 (n_cols,)
        A point that keeps every row.
    order : int (n_dossiers,)
        The 0-1 columns « funded », first rank first.
    amounts : int (n_amounts,)
        The whole columns of the amounts (dossiers with a range), first rank first.
    goal
        What the solver is asked for while it seeks any other point, of use where many columns are open: the goal
        that bounds best, by default the model's own.
    """
    return _Walk(model, incumbent, backend, limits, goal).run(order, amounts)


@dataclass(slots=True)
class _Walk:
    """The state of one walk: the point in hand, and the bounds that are settled so far."""

    model: LinearModel
    point: IntArray
    backend: Backend
    limits: Limits
    goal: Stage | None = None
    lower: IntArray = field(init=False)
    upper: IntArray = field(init=False)
    began: float = field(default_factory=time.perf_counter)
    n_solves: int = 0
    n_open: int = 0
    ended: Termination = Termination.OPTIMAL
    repairs: list[Repair] = field(default_factory=list)
    twins: list[list[int]] = field(default_factory=list)
    twin_place: dict[int, tuple[list[int], int]] = field(default_factory=dict)

    def run(self, order: IntArray, amounts: IntArray) -> Canonical:
        self.lower, self.upper = self._fixed()
        self.n_open = int((self.lower < self.upper).sum())
        ranked = [j for j in order.tolist() if self.lower[j] < self.upper[j]]
        if not self.limits.expired:
            self._know_twins(ranked)
            self._take(self.point)
        one = len(ranked) >= MANY_OPEN and not self.limits.expired and self._only_one(ranked, amounts)
        if ranked and self.limits.expired and not one:
            self.ended = Termination.TIME_LIMIT
        elif not one:
            self._walk_funded(ranked)
        if self.ended is Termination.OPTIMAL:
            self._walk_amounts(amounts.tolist())
        return Canonical(
            values=self.point,
            proven=self.ended is Termination.OPTIMAL,
            termination=self.ended,
            n_solves=self.n_solves,
            n_open=self.n_open,
            seconds=time.perf_counter() - self.began,
            repairs=tuple(self.repairs),
        )

    def _fixed(self) -> tuple[IntArray, IntArray]:
        """Bounds that every point as good as the one in hand keeps; the model's own without prices."""
        if not self.backend.capabilities.duals or not self.model.n_cols:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        duals = self.backend.solve(self.model, relax=True, limits=self.limits).row_duals
        self.n_solves += 1
        if duals is None:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        lower, upper, _ = fix_by_reduced_cost(self.model, duals, self.model.value(self.point), keep_ties=True)
        return lower, upper

    def _know_twins(self, ranked: list[int]) -> None:
        """The classes of equal columns among those to walk, each in rank order."""
        class_of = classes(self.model)
        members: dict[int, list[int]] = {}
        for j in ranked:
            if self.model.col_lower[j] == 0 and self.model.col_upper[j] == 1:
                members.setdefault(int(class_of[j]), []).append(j)
        self.twins = [columns for columns in members.values() if len(columns) > 1]
        self.twin_place = {j: (columns, k) for columns in self.twins for k, j in enumerate(columns)}

    def _take(self, point: IntArray) -> None:
        """Hold a point, sorted within each class of equal columns.

        Exchanging two equal columns changes no row and no value, so the greatest point has x_earlier ≥ x_later.
        """
        point = point.copy()
        for columns in self.twins:
            point[columns] = -np.sort(-point[columns])
        self.point = point

    def _only_one(self, ranked: list[int], amounts: IntArray) -> bool:
        """Whether no other choice of the open dossiers is as good: one solve instead of one for each chunk.

        What differs only by exchanging equal columns is none: the rows x_earlier ≥ x_later leave it out.
        """
        if (self.lower[amounts] < self.upper[amounts]).any():
            return False
        other = must_change(self.model, self.point, np.array(ranked, dtype=np.int64))
        pairs = [pair for columns in self.twins for pair in pairwise(columns)]
        places = np.repeat(np.arange(len(pairs)), 2), np.array(pairs, dtype=np.int64).ravel()
        signs = np.tile(np.array([1, -1], dtype=np.int64), len(pairs))
        equal = sp.csr_array((signs, places), shape=(len(pairs), self.model.n_cols))
        rows = sp.vstack([sp.csr_array(other.coefficients[None, :]), equal], format="csr")
        lower = [other.lower, *([0] * len(pairs))]
        names = ["another", *(f"equal {k}" for k in range(len(pairs)))]
        asked = self.model.with_rows(rows, lower, [NO_UPPER] * len(lower), names)
        if self.goal is not None:
            asked = asked.with_objective(self.goal.objective, self.goal.sense)
        part = restrict(asked, self.lower, self.upper)
        found = solve_integral(part.model, self.backend, self.limits.share(0.5))
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
        """Fix columns where they are; once one is 0, so is every later one that is equal to it."""
        self.lower[columns] = self.point[columns]
        self.upper[columns] = self.point[columns]
        for j in columns:
            if self.point[j] == 0 and j in self.twin_place:
                equal, place = self.twin_place[j]
                self.upper[equal[place + 1 :]] = 0

    def _improve(self, weights: IntArray) -> None:
        """The point that is best for `weights` within the settled bounds; solved on the open columns only."""
        goal = self.model.with_objective(weights, Sense.MAXIMISE)
        part = restrict(goal, self.lower, self.upper)
        start = part.reduce(self.point)
        found = solve_integral(part.model, self.backend, self.limits, start)
        self.n_solves += found.n_solves
        self.repairs.extend(found.repairs)
        self.ended = found.termination
        if found.values is not None:
            self._take(part.expand(found.values))
