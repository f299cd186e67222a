"""The linear program along a direction of its right-hand sides: every breakpoint, with prices and values.

    v(t) = max { c·x : row_lower + t·d ≤ A x ≤ row_upper + t·d,  col_lower ≤ x ≤ col_upper }

is concave (convex for a minimum) and piecewise linear in t. On one piece the prices y stay, and dv/dt = y·d. The
walk is the parametric dual simplex: from an optimal basis, the ratio test on its basic variables gives the t up to
which it stays optimal, and a pivot the next one (`pivots.py`). Where floats allow none, a bound just beyond is
handed to a live HiGHS, as the first one was.

Breakpoints nearer to each other than 10⁻⁷ of what the column between them weighs may be told as one: with amounts
from 100 € to 1 M€ that is 10 cents.

Any prices bound v(t) for *all* t, and exactly so once rounded: `exact_bound(model, y)` at t = 0, plus t·(y·d).

Source: Gass and Saaty, The computational algorithm for the parametric objective function, Naval Res. Logist. Q. 2
(1955).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError, Text
from tnt_sim.formulation.linear_model import FloatArray, LinearModel, Sense
from tnt_sim.solve.backend import Limits, float_bounds
from tnt_sim.solve.highs import load_live
from tnt_sim.solve.pivots import Basis, Program, Room

BEYOND = 1e-7
"""How far the variable that ends a piece is pushed past its bound: more than the solver's tolerance."""
TOLERANCE = 1e-9
DENSE = 4_000_000
"""Entries up to which the matrix is held dense."""
MAX_STILL = 50
"""Pivots at one t, after which HiGHS is asked beyond it."""
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
        The deadline is for the whole walk.

    Raises
    ------
    SolverError
        When the linear program is unbounded, or HiGHS fails.
    """
    d = np.asarray(direction, dtype=np.float64)
    if d.shape != (model.n_rows,) or not lo <= hi:
        raise ValueError("one direction for each row is needed, and lo ≤ hi")
    inside = _feasible(model, d, lo, hi)
    if inside is None:
        nothing = np.zeros(0)
        return Parametric(nothing, nothing, nothing, np.zeros((0, model.n_rows)), True)
    walk = _Walk(model, d, *inside)
    finished = walk.run(limits.deadline)
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
    program: Program = field(init=False)
    sign: float = field(init=False)
    moving: Any = field(init=False)
    at: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    slope: list[float] = field(default_factory=list)
    duals: list[FloatArray] = field(default_factory=list)

    def run(self, deadline: Deadline) -> bool:
        """Walk to the end; False when time ran out."""
        self.highs, self.unit = load_live(self.model)
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self.highs.setOptionValue(name, TOLERANCE)
        self.sign = -1.0 if self.model.sense is Sense.MAXIMISE else 1.0
        self.program = self._program()
        self.moving = np.flatnonzero(self.d).astype(np.int32)
        basis, still = self._solved(self.now), 0
        while True:
            room = basis.room(self.now, BEYOND)
            if not self.at:
                self.at.append(self.now)
                self.value.append(self.sign * room.value)
            here = min(self.now + room.step, self.end)
            self._piece_to(here, basis, room)
            if here >= self.end or self.now + room.step + room.beyond >= self.end:
                self.at[-1] = self.end
                return True
            if deadline.expired:
                return False
            still = still + 1 if here == self.now else 0
            self.now = here
            if still > MAX_STILL or not basis.pivot(room):
                self.now += room.beyond
                basis, still = self._solved(self.now), 0

    def _program(self) -> Program:
        """The linear program in the units of the live one, to be minimised."""
        model, unit = self.model, self.unit
        scaled = model.matrix.multiply(unit[:, None])
        # columns are read at each step, which a dense matrix gives ten times sooner
        dense = model.n_rows * model.n_cols <= DENSE
        low, high = float_bounds(model.row_lower, model.row_upper)
        columns = float_bounds(model.col_lower, model.col_upper)
        matrix = np.asfortranarray(scaled.toarray()) if dense else scaled.tocsc()
        cost = self.sign * model.objective.astype(np.float64)
        return Program(matrix, *columns, low * unit, high * unit, self.d * unit, cost)

    def _solved(self, t: float) -> Basis:
        """The basis of HiGHS at t, from its last one."""
        k, program = self.moving, self.program
        move = t * program.push[k]
        self.highs.changeRowsBounds(len(k), k, program.row_low[k] + move, program.row_high[k] + move)
        self.highs.run()
        status = self.highs.getModelStatus().name
        if status != "kOptimal":  # once more without the basis
            self.highs.clearSolver()
            self.highs.run()
            status = self.highs.getModelStatus().name
        if status != "kOptimal":
            raise _failed(status)
        return self._basis(t)

    def _basis(self, t: float) -> Basis:
        program, solution = self.program, self.highs.getSolution()
        _, members = self.highs.getBasicVariables()
        members = np.asarray(members)
        n_rows, n_cols = program.matrix.shape
        basic, loose = np.zeros(n_cols, dtype=np.bool_), np.zeros(n_rows, dtype=np.bool_)
        basic[members[members >= 0]] = True
        loose[-1 - members[members < 0]] = True
        x, a = np.asarray(solution.col_value), np.asarray(solution.row_value) - t * program.push
        up = program.high - x < x - program.low
        return Basis(program, basic, up, loose, program.row_high - a < a - program.row_low)

    def _piece_to(self, here: float, basis: Basis, room: Room) -> None:
        """One more piece up to `here`, with the prices of the present basis; equal slopes are one piece."""
        slope = self.sign * basis.slope
        value = self.sign * room.value + slope * (here - self.now)
        same = bool(self.slope) and abs(slope - self.slope[-1]) <= SAME * max(1.0, abs(slope))
        if same or (self.slope and here <= self.at[-2]):
            self.at[-1], self.value[-1] = max(here, self.at[-1]), value
            return
        self.at.append(here)
        self.value.append(value)
        self.slope.append(slope)
        self.duals.append(self.sign * basis.price * self.unit)
