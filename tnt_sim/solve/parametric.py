"""The linear program along a direction of its right-hand sides: every breakpoint, with prices and values.

    v(t) = max { c·x : row_lower + t·d ≤ A x ≤ row_upper + t·d,  col_lower ≤ x ≤ col_upper }

is concave (convex for a minimum) and piecewise linear in t. On one piece the prices y stay, and dv/dt = y·d. The
walk is the parametric dual simplex: from an optimal basis, the ratio test on its basic variables gives the t up to
which it stays optimal; a bound just beyond it is handed to a live HiGHS, which needs a pivot or two.

Breakpoints nearer to each other than 10⁻⁷ of what the column between them weighs may be told as one: with amounts
from 100 € to 1 M€ that is 10 cents.

Any prices bound v(t) for *all* t, and exactly so once rounded: `exact_bound(model, y)` at t = 0, plus t·(y·d).

Source: Gass and Saaty, The computational algorithm for the parametric objective function, Naval Res. Logist. Q. 2
(1955).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.errors import SolverError, Text
from tnt_sim.formulation.linear_model import FloatArray, LinearModel, Sense
from tnt_sim.solve.backend import Limits, float_bounds
from tnt_sim.solve.highs import load_live

BEYOND = 1e-7
"""How far the variable that ends a piece is pushed past its bound: more than the solver's tolerance."""
TOLERANCE = 1e-9
DENSE = 4_000_000
"""Entries up to which the matrix is held dense."""
SAME = 1e-9
"""Slopes closer than this, relatively, are one piece."""


@dataclass(frozen=True, slots=True, eq=False)
class Parametric:
    """The pieces of v between `at[0]` and `at[-1]`, the part of the interval asked for where points exist.

    Attributes
    ----------
    at : float64 (n_pieces + 1,)
        The breakpoints, with both ends of the interval; empty when no t has a point.
    value : float64 (n_pieces + 1,)
        v at each of them.
    slope : float64 (n_pieces,)
        dv/dt on each piece: falling when maximising, rising when minimising.
    duals : float64 (n_pieces, n_rows)
        The prices on each piece, in the sign of `RawSolution.row_duals`.
    finished : bool
        False when the time limit ended the walk: the pieces then reach `at[-1]` only.
    """

    at: FloatArray
    value: FloatArray
    slope: FloatArray
    duals: FloatArray
    finished: bool

    def __call__(self, t: float) -> float:
        """v(t) within the interval of the pieces."""
        return float(np.interp(t, self.at, self.value))


def parametric(
    model: LinearModel, direction: FloatArray, lo: float, hi: float, limits: Limits = Limits()
) -> Parametric:
    """Every breakpoint of the linear program of `model` for t from `lo` to `hi`.

    Parameters
    ----------
    model
        Whole columns are let be fractions. t = 0 is the model as it is given.
    direction : (n_rows,)
        What one unit of t adds to the bounds of each row, in the row's own units.
    lo, hi
        The interval; where no point exists at an end, the pieces begin or end where the first one does.
    limits
        `time_seconds` is for the whole walk.

    Raises
    ------
    SolverError
        When the linear program is unbounded, or HiGHS fails.
    """
    began = time.perf_counter()
    d = np.asarray(direction, dtype=np.float64)
    if d.shape != (model.n_rows,) or not lo <= hi:
        raise ValueError("one direction for each row is needed, and lo ≤ hi")
    inside = _feasible(model, d, lo, hi)
    if inside is None:
        nothing = np.zeros(0)
        return Parametric(nothing, nothing, nothing, np.zeros((0, model.n_rows)), True)
    walk = _Walk(model, d, *inside)
    deadline = np.inf if limits.time_seconds is None else began + limits.time_seconds
    finished = walk.run(deadline)
    return Parametric(
        np.array(walk.at), np.array(walk.value), np.array(walk.slope),
        np.array(walk.duals).reshape(-1, model.n_rows), finished,
    )  # fmt: skip


def _feasible(model: LinearModel, d: FloatArray, lo: float, hi: float) -> tuple[float, float] | None:
    """The part of the interval where the linear program has a point: t as one more column, least and greatest."""
    ends = []
    for sign in (1.0, -1.0):
        highs, unit = load_live(model.with_objective(np.zeros(model.n_cols, np.int64), Sense.MINIMISE))
        highs.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        rows = np.flatnonzero(d)
        highs.addCol(sign, lo, hi, len(rows), rows.astype(np.int32), -(d * unit)[rows])
        highs.run()
        status = highs.getModelStatus().name
        if status == "kInfeasible":
            return None
        if status != "kOptimal":
            raise _failed(status)
        ends.append(float(highs.getSolution().col_value[model.n_cols]))
    return ends[0], ends[1]


def _failed(status: str) -> SolverError:
    return SolverError(
        Text(f"le programme linéaire s'est arrêté sur {status}", f"the linear program ended with {status}")
    )


@dataclass(slots=True)
class _Walk:
    """The state of one walk from `now` to `end`."""

    model: LinearModel
    d: FloatArray
    now: float
    end: float
    highs: Any = field(init=False)
    unit: FloatArray = field(init=False)
    low: FloatArray = field(init=False)
    high: FloatArray = field(init=False)
    scaled: Any = field(init=False)
    moving: Any = field(init=False)
    solution: Any = None
    reached: float = 0.0
    at: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    slope: list[float] = field(default_factory=list)
    duals: list[FloatArray] = field(default_factory=list)

    def run(self, deadline: float) -> bool:
        """Walk to the end; False when time ran out."""
        self.highs, self.unit = load_live(self.model)
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self.highs.setOptionValue(name, TOLERANCE)
        self.low, self.high = float_bounds(self.model.row_lower, self.model.row_upper)
        scaled = self.model.matrix.multiply(self.unit[:, None])
        # a few columns are read at each step, which a dense matrix gives ten times sooner
        dense = self.model.n_rows * self.model.n_cols <= DENSE
        self.scaled = np.asfortranarray(scaled.toarray()) if dense else scaled.tocsc()
        self.moving = np.flatnonzero(self.d).astype(np.int32)
        reached = self._solved(self.now)
        self.at.append(self.now)
        self.value.append(reached)
        while True:
            step, beyond = self._room()
            here = min(self.now + step, self.end)
            self._piece_to(here)
            if here >= self.end or self.now + step + beyond >= self.end:
                self.at[-1] = self.end
                return True
            if time.perf_counter() > deadline:
                return False
            self.now += step + beyond
            self._solved(self.now)

    def _solved(self, t: float) -> float:
        """Solve at t, from the last basis."""
        k = self.moving
        move, unit = t * self.d[k], self.unit[k]
        self.highs.changeRowsBounds(len(k), k, (self.low[k] + move) * unit, (self.high[k] + move) * unit)
        self.highs.run()
        status = self.highs.getModelStatus().name
        if status != "kOptimal":  # once more without the basis
            self.highs.clearSolver()
            self.highs.run()
            status = self.highs.getModelStatus().name
        if status != "kOptimal":
            raise _failed(status)
        self.solution = self.highs.getSolution()
        self.reached = float(self.highs.getInfo().objective_function_value)
        return self.reached

    def _piece_to(self, here: float) -> None:
        """One more piece up to `here`, with the prices of the present basis; equal slopes are one piece."""
        y = np.array(self.solution.row_dual) * self.unit
        slope = float(y @ self.d)
        value = self.reached + slope * (here - self.now)
        same = bool(self.slope) and abs(slope - self.slope[-1]) <= SAME * max(1.0, abs(slope))
        if same or (self.slope and here <= self.at[-2]):
            self.at[-1], self.value[-1] = max(here, self.at[-1]), value
            return
        self.at.append(here)
        self.value.append(value)
        self.slope.append(slope)
        self.duals.append(y)

    def _room(self) -> tuple[float, float]:
        """How far t may rise before a basic variable leaves its bounds, and how much further pushes it out."""
        _, basic = self.highs.getBasicVariables()
        basic = np.asarray(basic)
        columns, rows = np.sort(basic[basic >= 0]), np.sort(-1 - basic[basic < 0])
        tight = np.ones(self.model.n_rows, dtype=np.bool_)
        tight[rows] = False
        part = self.scaled[:, columns]
        part = part if isinstance(part, np.ndarray) else part.toarray()
        push = self.d * self.unit
        dx = np.linalg.solve(part[tight], push[tight]) if len(columns) else np.zeros(0)
        rate = np.concatenate([dx, part[rows] @ dx - push[rows]])
        solution = self.solution
        x, a = np.asarray(solution.col_value)[columns], np.asarray(solution.row_value)[rows]
        move = self.now * self.d[rows]
        low, high = float_bounds(self.model.col_lower[columns], self.model.col_upper[columns])
        under = np.concatenate([x - low, a - (self.low[rows] + move) * self.unit[rows]])
        over = np.concatenate([high - x, (self.high[rows] + move) * self.unit[rows] - a])
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(rate > 0, over / rate, np.where(rate < 0, under / -rate, np.inf))
        room = np.where(np.abs(rate) > 1e-13 * np.abs(rate).max(initial=0.0), np.maximum(room, 0.0), np.inf)
        if not len(room) or not np.isfinite(room.min()):
            return np.inf, 0.0
        first = int(np.argmin(room))
        return float(room[first]), BEYOND / float(np.abs(rate[first]))
