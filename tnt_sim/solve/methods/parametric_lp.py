"""Pivots of the parametric dual simplex, in floats over a live basis; where one fails, HiGHS is asked.

    A x = s,   low ≤ x ≤ high,   L + t·push ≤ s ≤ U + t·push,   min c·x

Columns C and rows outside T are basic (rows of T are tight), so x_C = B⁻¹ (s_T − A_TN x_N) with B = A_TC, which is
as small as the number of tight rows. When a basic variable v reaches a bound as t grows, it stays there; of the
non-basic variables j that can hold it (e_j = dv/dx_j) the one with the least |d_j| / |e_j| becomes basic in its
place, d being the reduced costs. Costs are carried from pivot to pivot and computed anew every `FRESH` of them.

Source: Gass and Saaty, The computational algorithm for the parametric objective function, Naval Res. Logist. Q. 2
(1955); Harris, Pivot selection methods of the Devex LP code, Math. Program. 5 (1973), for the choice among ties.

The linear program along a direction of its right-hand sides: every breakpoint, with prices and values.

    v(t) = max { c·x : row_lower + t·d ≤ A x ≤ row_upper + t·d,  col_lower ≤ x ≤ col_upper }

is concave (convex for a minimum) and piecewise linear in t. On one piece the prices y stay, and dv/dt = y·d. The
walk is the parametric dual simplex: from an optimal basis, the ratio test on its basic variables gives the t up to
which it stays optimal, and a pivot the next one (`parametric_lp.py`). Where floats allow none, a bound just beyond
is handed to a live HiGHS, as the first one was.

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
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import BoolArray, FloatArray, IntArray, LinearModel, Sense
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import Limits, float_bounds
from tnt_sim.solve.backends.highs import load_live

FRESH = 40
WRONG = 1e-6
"""Fresh costs of the wrong sign by more than this part of the largest end the pivots."""


@dataclass(frozen=True, slots=True)
class Room:
    """How far t may rise: c·x now, the step, how much more pushes past it, who ends it, upwards or not."""

    value: float
    step: float
    beyond: float
    leaving: int
    upwards: bool


@dataclass(slots=True, eq=False)
class Program:
    """The linear program, its rows scaled: A (m, n), bounds of columns, and of rows at t = 0, costs."""

    matrix: Any
    low: FloatArray
    high: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    push: FloatArray
    cost: FloatArray


@dataclass(slots=True, eq=False)
class Basis:
    """One basis of a program: who is basic, and at which bound all others stand."""

    program: Program
    basic: BoolArray
    up: BoolArray
    loose: BoolArray
    row_up: BoolArray
    columns: IntArray = field(init=False)
    tight: IntArray = field(init=False)
    free: IntArray = field(init=False)
    inverse: FloatArray = field(init=False)
    part: FloatArray = field(init=False)
    resting: FloatArray = field(init=False)
    rested: FloatArray = field(init=False)
    reduced: FloatArray = field(init=False)
    price: FloatArray = field(init=False)
    age: int = 0

    def __post_init__(self) -> None:
        p = self.program
        self.resting = np.where(self.basic, 0.0, np.where(self.up, p.high, p.low))
        self._settle()
        self._fresh()

    def _settle(self) -> None:
        """Who is basic, and the inverse of their part of the matrix."""
        self.columns, self.free = np.flatnonzero(self.basic), np.flatnonzero(self.loose)
        self.tight = np.flatnonzero(~self.loose)
        part = self.program.matrix[:, self.columns]
        self.part = part if isinstance(part, np.ndarray) else part.toarray()
        self.inverse = np.linalg.inv(self.part[self.tight])

    def _fresh(self) -> None:
        """Prices, reduced costs and what resting columns use, from nothing but the basis."""
        p = self.program
        self.rested = p.matrix @ self.resting
        self.price = np.zeros(len(p.push))
        self.price[self.tight] = p.cost[self.columns] @ self.inverse
        self.reduced = p.cost - self.price @ p.matrix
        self.reduced[self.columns] = 0.0
        self.age = 0

    @property
    def slope(self) -> float:
        """How the value changes with t."""
        return float(self.price @ self.program.push)

    def _bound(self, t: float) -> FloatArray:
        """The bounds at which the tight rows stand."""
        p, k = self.program, self.tight
        return np.where(self.row_up[k], p.row_high[k], p.row_low[k]) + t * p.push[k]

    def solution(self, t: float) -> tuple[FloatArray, FloatArray]:
        """The basic columns and the loose rows at t."""
        x = self.inverse @ (self._bound(t) - self.rested[self.tight])
        return x, self.rested[self.free] + self.part[self.free] @ x

    def room(self, t: float, past: float) -> Room:
        """How far t may rise before a basic variable leaves its bounds; `past` is how far one is then pushed."""
        p, columns, rows = self.program, self.columns, self.free
        dx = self.inverse @ p.push[self.tight]
        rate = np.concatenate([dx, self.part[rows] @ dx - p.push[rows]])
        x, a = self.solution(t)
        value = float(p.cost[columns] @ x + p.cost @ self.resting)
        move = t * p.push[rows]
        under = np.concatenate([x - p.low[columns], a - p.row_low[rows] - move])
        over = np.concatenate([p.high[columns] - x, p.row_high[rows] + move - a])
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(rate > 0, over / rate, np.where(rate < 0, under / -rate, np.inf))
        moves = np.abs(rate) > 1e-13 * np.abs(rate).max(initial=0.0)
        room = np.where(moves, np.maximum(room, 0.0), np.inf)
        if not len(room) or not np.isfinite(room.min()):
            return Room(value, np.inf, 0.0, -1, False)
        first = int(np.argmin(room))
        beyond = past / float(np.abs(rate[first]))
        return Room(value, float(room[first]), beyond, first, bool(rate[first] > 0))

    def pivot(self, room: Room) -> bool:
        """Hold who leaves at its bound, another variable basic in its place; False where floats allow none."""
        p, k = self.program, len(self.columns)
        aside = np.zeros(len(p.push))
        leaving = int(self.columns[room.leaving] if room.leaving < k else self.free[room.leaving - k])
        if room.leaving < k:
            aside[self.tight] = self.inverse[room.leaving]
        else:
            aside[self.tight] = self.part[leaving] @ self.inverse
            aside[leaving] = -1.0
        effect = -(aside @ p.matrix)
        aside[self.free] = 0.0
        entering = self._entering(effect, aside, 1.0 if room.upwards else -1.0)
        if entering is None:
            return False
        is_row, j = entering
        theta = float(self.price[j] / aside[j] if is_row else self.reduced[j] / effect[j])
        self.reduced -= theta * effect
        self.price -= theta * aside
        self.reduced[self.columns] = 0.0
        if is_row:
            self.price[j], self.loose[j] = 0.0, True
        else:
            self.reduced[j], self.basic[j] = 0.0, True
            self._rest(j, 0.0)
        if room.leaving < k:
            self.basic[leaving], self.up[leaving], self.reduced[leaving] = False, room.upwards, theta
            self._rest(leaving, float(p.high[leaving] if room.upwards else p.low[leaving]))
        else:
            self.loose[leaving], self.row_up[leaving], self.price[leaving] = False, room.upwards, theta
        self.age += 1
        try:
            self._settle()
        except np.linalg.LinAlgError:
            return False
        if self.age < FRESH:
            return True
        self._fresh()
        return self._is_optimal()

    def _rest(self, column: int, value: float) -> None:
        moved = value - self.resting[column]
        if moved:
            own = self.program.matrix[:, [column]]
            own = own if isinstance(own, np.ndarray) else own.toarray()
            self.rested += moved * own[:, 0]
            self.resting[column] = value

    def _entering(self, effect: FloatArray, aside: FloatArray, sign: float) -> tuple[bool, int] | None:
        """Who becomes basic, a row or not: the first whose cost changes its sign, of ties the greatest effect."""
        p, k = self.program, self.tight
        move = np.where(self.up, -1.0, 1.0)
        row_move = np.where(self.row_up[k], -1.0, 1.0)
        may = ~self.basic & (p.low < p.high)
        row_may = p.row_low[k] < p.row_high[k]
        # what each brings v back by, for each unit that it moves, and what that costs
        back = np.concatenate([-sign * effect * move, -sign * aside[k] * row_move])
        cost = np.concatenate([self.reduced * move, self.price[k] * row_move])
        small = TOLERANCE * float(np.abs(back).max(initial=0.0))
        able = np.flatnonzero(np.concatenate([may, row_may]) & (back > small))
        if not len(able):
            return None
        cost = np.maximum(cost[able], 0.0)
        slack = TOLERANCE * float(np.abs(p.cost).max(initial=1.0))
        least = float(((cost + slack) / back[able]).min())
        ties = np.flatnonzero(cost <= least * back[able])
        found = int(able[ties[int(np.argmax(back[able[ties]]))]])
        n = len(effect)
        return (False, found) if found < n else (True, int(k[found - n]))

    def _is_optimal(self) -> bool:
        """Whether every cost has the sign that its bound asks for, near enough."""
        p, k = self.program, self.tight
        wrong = np.where(self.up, self.reduced, -self.reduced)[~self.basic & (p.low < p.high)]
        row_wrong = np.where(self.row_up[k], self.price[k], -self.price[k])[p.row_low[k] < p.row_high[k]]
        worst = max(float(wrong.max(initial=0.0)), float(row_wrong.max(initial=0.0)))
        return worst <= WRONG * float(np.abs(p.cost).max(initial=1.0))


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
