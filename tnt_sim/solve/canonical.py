"""One answer: among all optimal points, the greatest in the order of the dossiers' ranks.

First the vector « funded » is made lexicographically greatest in rank order, then the vector of amounts.
The answer is unique, so it depends neither on the solver nor on the point that the walk begins from.

The walk is short because exact reduced-cost fixing (`fixing.py`) leaves few columns open among points as
good as the one in hand, and because a column where the point in hand already is at its greatest, all
ranks before being settled, needs no solve.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import NO_UPPER, IntArray, LinearModel, Sense
from tnt_sim.solve.backend import Backend, Limits, Termination
from tnt_sim.solve.fixing import fix_by_reduced_cost
from tnt_sim.solve.integral import Repair, solve_integral
from tnt_sim.solve.restriction import restrict

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
    """
    return _Walk(model, incumbent, backend, limits).run(order, amounts)


@dataclass(slots=True)
class _Walk:
    """The state of one walk: the point in hand, and the bounds that are settled so far."""

    model: LinearModel
    point: IntArray
    backend: Backend
    limits: Limits
    lower: IntArray = field(init=False)
    upper: IntArray = field(init=False)
    began: float = field(default_factory=time.perf_counter)
    n_solves: int = 0
    n_open: int = 0
    ended: Termination = Termination.OPTIMAL
    repairs: list[Repair] = field(default_factory=list)

    def run(self, order: IntArray, amounts: IntArray) -> Canonical:
        self.lower, self.upper = self._fixed()
        self.n_open = int((self.lower < self.upper).sum())
        ranked = [j for j in order.tolist() if self.lower[j] < self.upper[j]]
        self._chain_twins(ranked)
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

    def _left(self) -> Limits:
        seconds = self.limits.time_seconds
        if seconds is None:
            return self.limits
        return replace(self.limits, time_seconds=max(0.0, seconds - (time.perf_counter() - self.began)))

    def _fixed(self) -> tuple[IntArray, IntArray]:
        """Bounds that every point as good as the one in hand keeps; the model's own without prices."""
        if not self.backend.capabilities.duals or not self.model.n_cols:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        duals = self.backend.solve(self.model, relax=True, limits=self._left()).row_duals
        self.n_solves += 1
        if duals is None:
            return self.model.col_lower.copy(), self.model.col_upper.copy()
        lower, upper, _ = fix_by_reduced_cost(self.model, duals, self.model.value(self.point), keep_ties=True)
        return lower, upper

    def _chain_twins(self, ranked: list[int]) -> None:
        """For columns that are equal in every row and in the objective, x_earlier ≥ x_later.

        Exchanging two such columns changes no row and no value, so the greatest point keeps these rows.
        """
        m = self.model.matrix.tocsc()
        last: dict[tuple[bytes, bytes, int], int] = {}
        pairs = []
        for j in ranked:
            if self.model.col_lower[j] != 0 or self.model.col_upper[j] != 1:
                continue
            entries = slice(int(m.indptr[j]), int(m.indptr[j + 1]))
            key = (m.indices[entries].tobytes(), m.data[entries].tobytes(), int(self.model.objective[j]))
            if key in last:
                pairs.append((last[key], j))
            last[key] = j
        if not pairs:
            return
        self._sort_twins(pairs)
        row = np.repeat(np.arange(len(pairs)), 2)
        signs = np.tile(np.array([1, -1], dtype=np.int64), len(pairs))
        shape = (len(pairs), self.model.n_cols)
        rows = sp.coo_array((signs, (row, np.array(pairs).ravel())), shape=shape)
        zeros = np.zeros(len(pairs), dtype=np.int64)
        names = [f"twins {i}" for i in range(len(pairs))]
        self.model = self.model.with_rows(rows, zeros, zeros + NO_UPPER, names)

    def _sort_twins(self, pairs: list[tuple[int, int]]) -> None:
        """Bring the point in hand into the order of the chains, without a solve."""
        point = self.point.copy()
        swapped = True
        while swapped:
            swapped = False
            for earlier, later in pairs:
                if point[earlier] < point[later]:
                    point[earlier], point[later] = point[later], point[earlier]
                    swapped = True
        self.point = point

    def _walk_funded(self, ranked: list[int]) -> None:
        position = 0
        while position < len(ranked) and self.ended is Termination.OPTIMAL:
            j = ranked[position]
            if self.point[j] == self.upper[j]:
                self._settle([j])
                position += 1
                continue
            chunk = ranked[position : position + CHUNK]
            weights = np.zeros(self.model.n_cols, dtype=np.int64)
            weights[chunk] = 1 << np.arange(len(chunk) - 1, -1, -1, dtype=np.int64)
            self._improve(weights)
            self._settle(chunk)
            position += len(chunk)

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
        self.lower[columns] = self.point[columns]
        self.upper[columns] = self.point[columns]

    def _improve(self, weights: IntArray) -> None:
        """The point that is best for `weights` within the settled bounds; solved on the open columns only."""
        goal = self.model.with_objective(weights, Sense.MAXIMISE)
        part = restrict(goal, self.lower, self.upper)
        start = part.reduce(self.point)
        found = solve_integral(part.model, self.backend, self._left(), start)
        self.n_solves += found.n_solves
        self.repairs.extend(found.repairs)
        self.ended = found.termination
        if found.values is not None:
            self.point = part.expand(found.values)
