"""Linear relaxation of an integer system, and its dual values as exact integer multipliers.

`ProofLp` keeps a HiGHS model in memory: between solves only bounds change, and the simplex method restarts
from the last basis. Dual values are rounded to integers, which loses tightness but not validity: any
multipliers ≥ 0 give valid rows.

`build_row_groups` aggregates rows by their dual values for `certify/row_sum_bound.py`. Rows with a positive price
that share columns form one group: money that moves from an envelope to its children enters both rows with
opposite signs and cancels in the sum.

Source: Neumaier and Shcherbina, *Safe bounds in linear and mixed-integer linear programming*, Mathematical
Programming 99 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.certify.row_sum_bound import Group
from tnt_sim.certify.system import Box, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.solve.backends.highs import (
    choose_simplex_strategy,
    has_time_for_first_step,
    import_highspy,
)
from tnt_sim.sparse_matrix import SparseMatrix, label_components, stack_rows

FloatArray = NDArray[np.float64]


INFINITE = 1e30
"""HiGHS takes bounds of this size as infinite."""


class LpStatus(StrEnum):
    """Status of one solve: bounded optimum, infeasible, or no usable answer."""

    BOUNDED = "bounded"
    EMPTY = "empty"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, eq=False)
class LpSolution:
    """Result of one solve.

    Attributes
    ----------
    x : float64 (n_cols,)
    cost : value of the goal row; ∞ if infeasible
    prices : float64 (n_rows,), multipliers; ≥ 0 for an optimum, with 1 for the goal row; a dual ray if
        infeasible
    """

    answer: LpStatus
    x: FloatArray
    cost: float
    prices: FloatArray

    def compute_multipliers(self) -> FloatArray:
        """Return the multipliers, ≥ 0: a dual ray comes with either sign."""
        prices = self.prices
        if self.answer is LpStatus.EMPTY and -prices.min(initial=0.0) > prices.max(initial=0.0):
            prices = -prices
        return np.maximum(prices, 0.0)


@dataclass
class ProofLp:
    """The linear program min (goal row) subject to the other rows, blocks and bounds.

    `goal` is the row to minimise, or −1 for feasibility only.
    """

    system: System
    goal: int
    highs: Any = field(init=False)
    low: FloatArray = field(init=False)
    high: FloatArray = field(init=False)
    wide: IntArray = field(init=False)
    must: BoolArray = field(init=False)
    unit: FloatArray = field(init=False)
    worth: float = field(init=False)
    n_solves: int = 0

    def _build(self) -> None:
        """Hand the program over to HiGHS."""
        system, rows = self.system, self.system.rows
        highspy = import_highspy()
        self.highs = highspy.Highs()
        self.highs.silent()
        for name, value in (
            ("threads", 1),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
        ):
            self.highs.setOptionValue(name, value)
        self.highs.setOptionValue("simplex_strategy", choose_simplex_strategy(system.n_cols))
        size = np.bincount(system.block[: system.n_choices], minlength=len(system.must))
        self.wide = np.flatnonzero(size > 1).astype(np.int64)
        self.must = np.zeros(len(self.wide), dtype=np.bool_)
        cost = np.zeros(system.n_cols)
        retained = rows.row != self.goal
        if self.goal >= 0:
            cost[rows.col[~retained]] = rows.value[~retained]
        # scale large costs to about 2^10 by a power of two, where absolute tolerances are meaningful
        self.worth = 2.0 ** max(0.0, np.floor(np.log2(max(1.0, float(np.abs(cost).max(initial=0.0))))) - 10.0)
        # scale each row to about 1 by a power of two, without rounding, so that tolerances mean the same in all
        longest = np.ones(rows.n)
        np.maximum.at(longest, rows.row, np.abs(rows.value.astype(np.float64)))
        self.unit = 2.0 ** -np.floor(np.log2(longest))
        matrix = SparseMatrix.from_entries(
            rows.value[retained] * self.unit[rows.row[retained]],
            rows.row[retained],
            rows.col[retained],
            (rows.n, system.n_cols),
        )
        choice = np.flatnonzero(np.isin(system.block, self.wide))
        blocks = SparseMatrix.from_entries(
            np.ones(len(choice)),
            np.searchsorted(self.wide, system.block[choice]),
            choice,
            (len(self.wide), system.n_cols),
        )
        both = stack_rows([matrix, blocks])
        upper = np.concatenate([rows.upper * self.unit, np.ones(len(self.wide))])
        if self.goal >= 0:
            upper[self.goal] = highspy.kHighsInf
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = system.n_cols, both.shape[0]
        lp.col_cost_ = cost / self.worth
        self.low, self.high = system.low.astype(np.float64), system.high.astype(np.float64)
        lp.col_lower_, lp.col_upper_ = self.low, self.high
        lp.row_lower_ = np.full(both.shape[0], -highspy.kHighsInf)
        lp.row_upper_ = upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = both.indptr
        lp.a_matrix_.index_ = both.indices
        lp.a_matrix_.value_ = both.data
        self.highs.passModel(lp)

    def solve(self, box: Box, deadline: Deadline = UNLIMITED) -> LpSolution:
        """Solve over a box; the answer is UNCLEAR when time is up first."""
        system = self.system
        if not self.n_solves:
            if not has_time_for_first_step(system.n_cols, deadline):
                return LpSolution(LpStatus.UNCLEAR, np.zeros(system.n_cols), np.nan, np.zeros(system.rows.n))
            self._build()
        self._move(box)
        relaxation = self._run(deadline)
        if relaxation.answer is LpStatus.UNCLEAR and self.highs.getModelStatus().name != "kTimeLimit":
            self.highs.clearSolver()
            relaxation = self._run(deadline)
        return relaxation

    def _run(self, deadline: Deadline) -> LpSolution:
        """Run HiGHS from the last basis and read the result."""
        highs = self.highs
        self.n_solves += 1
        highs.setOptionValue("time_limit", highs.getRunTime() + deadline.clock_seconds)
        highs.run()
        status = highs.getModelStatus().name
        n = self.system.rows.n
        solution = highs.getSolution()
        x = np.asarray(solution.col_value)
        if status in ("kOptimal", "kModelEmpty"):
            prices = np.maximum(-np.asarray(solution.row_dual)[:n] * self.unit * self.worth, 0.0)
            if self.goal >= 0:
                prices[self.goal] = 1.0
            return LpSolution(
                LpStatus.BOUNDED, x, self.worth * highs.getInfo().objective_function_value, prices
            )
        if status in ("kInfeasible", "kUnboundedOrInfeasible"):
            ray = highs.getDualRay()
            values = np.asarray(ray[2] if len(ray) > 2 else [])
            given = values[:n] * self.unit if ray[1] and len(values) >= n else np.zeros(n)
            return LpSolution(LpStatus.EMPTY, x, np.inf, given)
        return LpSolution(LpStatus.UNCLEAR, x, np.nan, np.zeros(n))

    def _move(self, box: Box) -> None:
        """Change the bounds to those of a box."""
        system, n = self.system, self.system.n_choices
        low = np.concatenate([np.zeros(n), box.low.astype(np.float64)])
        high = np.concatenate([box.open.astype(np.float64), box.high.astype(np.float64)])
        if n:
            count = np.add.reduceat(box.open, system.heads, dtype=np.int64)
            sole = (box.must & (count == 1))[system.block[:n]] & box.open
            low[:n] = sole
        moved = np.flatnonzero((low != self.low) | (high != self.high)).astype(np.int32)
        if len(moved):
            self.highs.changeColsBounds(len(moved), moved, low[moved], high[moved])
            self.low, self.high = low, high
        must = box.must[self.wide]
        for k in np.flatnonzero(must != self.must).tolist():
            self.highs.changeRowBounds(self.system.rows.n + k, 1.0 if must[k] else -INFINITE, 1.0)
        self.must = must


def round_multipliers(system: System, prices: FloatArray) -> tuple[IntArray, IntArray]:
    """Round prices to integer multipliers of one scale that fit 64 bits; return rows and weights.

    Parameters
    ----------
    prices : float64 (n_rows,); those ≤ 0 are left out
    """
    index = np.flatnonzero(prices > 0).astype(np.int64)
    if not len(index):
        return index, index
    y = prices[index]
    rows = system.rows
    width = np.maximum(np.abs(system.low), np.abs(system.high)).astype(np.float64)
    weight = np.zeros(rows.n)
    weight[index] = y
    reach = float((np.abs(rows.value) * width[rows.col] * weight[rows.row]).sum())
    reach = max(reach, float(np.abs(y * rows.upper[index].astype(np.float64)).sum()), 1e-300)
    bits = 60 - int(np.ceil(np.log2(max(reach, float(y.max())))))
    whole = np.rint(y * 2.0**bits).astype(np.int64)
    return index[whole > 0], whole[whole > 0]


LARGEST_RATIO = 10_000
"""Largest denominator of a ratio of two prices."""
LARGEST_MULTIPLIER = 2**20
"""Multipliers in exact ratios that exceed this are rounded instead."""
FAINT = 1e-9
"""Prices below this share of the greatest count as zero."""


def build_row_groups(system: System, gain: IntArray, deadline: Deadline = UNLIMITED) -> list[Group] | None:
    """Return groups of rows with integer multipliers for `row_sum_bound.py`; None without an optimum in time.

    Parameters
    ----------
    gain : int64 (n_cols,), the objective, maximised
    """
    prices = compute_row_prices(system, gain, deadline)
    if prices is None:
        return None
    rows = system.rows
    used = np.flatnonzero(prices > 0)
    if not len(used):
        return []
    kept = np.isin(rows.row, used)
    labels, _ = label_components(rows.row[kept], rows.col[kept], (rows.n, system.n_cols))
    groups: list[Group] = []
    for label in np.unique(labels[used]):
        members = used[labels[used] == label]
        groups.append(_round_prices(prices[members], [rows.names[r] for r in members.tolist()]))
    return groups


def compute_row_prices(system: System, gain: IntArray, deadline: Deadline = UNLIMITED) -> FloatArray | None:
    """Return the dual values ≥ 0 of max gain·x over the linear relaxation, float64 (n_rows,).

    None without an optimum.
    """
    used = np.flatnonzero(gain)
    rows = system.rows.with_row(used, -gain[used], int(np.abs(gain).sum()) + 1, "goal:better")
    relaxation = ProofLp(system.with_rows(rows), rows.n - 1).solve(system.build_box(), deadline)
    if relaxation.answer is not LpStatus.BOUNDED:
        return None
    prices = relaxation.prices[:-1]
    return np.where(prices > FAINT * prices.max(initial=0.0), prices, 0.0)


def _round_prices(prices: FloatArray, names: list[str]) -> dict[str, int]:
    """Convert prices to integers in nearly the same ratios; any positive multipliers are valid."""
    ratios = [Fraction(float(p / prices.min())).limit_denominator(LARGEST_RATIO) for p in prices]
    common = lcm(*(ratio.denominator for ratio in ratios))
    whole = [int(ratio * common) for ratio in ratios]
    if max(whole) > LARGEST_MULTIPLIER:
        whole = [max(1, round(float(p / prices.max()) * LARGEST_MULTIPLIER)) for p in prices]
    return dict(zip(names, whole, strict=True))
