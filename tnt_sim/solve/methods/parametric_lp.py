"""Parametric linear programming over right-hand sides: all breakpoints of the optimal value along a direction.

    v(t) = max { c·x : row_lower + t·d ≤ A x ≤ row_upper + t·d,  col_lower ≤ x ≤ col_upper }

v is concave and piecewise linear in t (convex for a minimum). On one piece the dual prices y are constant and
dv/dt = y·d.

The method is the parametric dual simplex. From an optimal basis, the ratio test on the basic variables gives
the t up to which the basis stays optimal, and a pivot gives the next basis. HiGHS provides the first basis,
and another one just beyond the breakpoint if a pivot fails numerically.

Basis in use, with s the row activities and `push` the scaled direction d: A x = s, low ≤ x ≤ high, L + t·push
≤ s ≤ U + t·push, min c·x. Columns C and the rows outside T are basic (rows of T are tight). Then x_C = B⁻¹
(s_T − A_TN x_N) with B = A_TC, a square matrix as small as the number of tight rows. When a basic variable v
reaches a bound, it leaves the basis there. Among the non-basic variables j that can hold it (e_j = dv/dx_j),
the one with the least |d_j|/|e_j| enters, d being the reduced costs. Reduced costs are updated at each pivot
and recomputed every `FRESH` pivots.

Any prices y bound v(t) for all t: `compute_exact_bound(model, y)` at t = 0, plus t·(y·d). This bound is exact once
the prices are rounded. Breakpoints closer than 10⁻⁷, relative to the coefficients of the column between them,
may be merged: with amounts from 100 € to 1 M€ this is 10 cents.

Source: Gass and Saaty, The computational algorithm for the parametric objective function, Naval Res. Logist.
Q. 2 (1955); Harris, Pivot selection methods of the Devex LP code, Math. Program. 5 (1973), for the choice
among ties.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import BoolArray, FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits, convert_bounds
from tnt_sim.solve.backends.highs import load_live

FRESH = 40
"""Pivots after which prices and reduced costs are recomputed."""
WRONG = 1e-6
"""Largest dual infeasibility accepted after recomputation, relative to the largest cost."""


@dataclass(frozen=True, slots=True)
class StepLength:
    """Result of a ratio test.

    Attributes
    ----------
    value : c·x at the current t
    step : by how much t may rise
    beyond : further rise that pushes the leaving variable clearly past its bound
    leaving : place of the leaving variable, basic columns first, then loose rows; -1 if none
    upwards : whether it leaves at its upper bound
    """

    value: float
    step: float
    overshoot: float
    leaving: int
    upwards: bool


@dataclass(slots=True, eq=False)
class Program:
    """The linear program to minimise, rows scaled: A (m, n), bounds at t = 0, direction `push` (m,) and costs."""

    matrix: Any
    low: FloatArray
    high: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    push: FloatArray
    cost: FloatArray


@dataclass(slots=True, eq=False)
class Basis:
    """A basis of the program: which variables are basic, and at which bound each other variable rests."""

    program: Program
    basic: BoolArray
    up: BoolArray
    loose: BoolArray
    row_up: BoolArray
    columns: IntArray = field(init=False)
    tight: IntArray = field(init=False)
    free: IntArray = field(init=False)
    inverse: FloatArray = field(init=False)
    basic_columns: FloatArray = field(init=False)
    resting: FloatArray = field(init=False)
    rested: FloatArray = field(init=False)
    reduced: FloatArray = field(init=False)
    price: FloatArray = field(init=False)
    age: int = 0

    def __post_init__(self) -> None:
        p = self.program
        self.resting = np.where(self.basic, 0.0, np.where(self.up, p.high, p.low))
        self._invert_basis()
        self._recompute_prices()

    def _invert_basis(self) -> None:
        """Invert the basis matrix."""
        self.columns, self.free = np.flatnonzero(self.basic), np.flatnonzero(self.loose)
        self.tight = np.flatnonzero(~self.loose)
        part = self.program.matrix[:, self.columns]
        self.basic_columns = part if isinstance(part, np.ndarray) else part.toarray()
        self.inverse = np.linalg.inv(self.basic_columns[self.tight])

    def _recompute_prices(self) -> None:
        """Recompute prices, reduced costs and the activity of resting columns from the basis."""
        p = self.program
        self.rested = p.matrix @ self.resting
        self.price = np.zeros(len(p.push))
        self.price[self.tight] = p.cost[self.columns] @ self.inverse
        self.reduced = p.cost - self.price @ p.matrix
        self.reduced[self.columns] = 0.0
        self.age = 0

    @property
    def slope(self) -> float:
        """Change of the value per unit of t."""
        return float(self.price @ self.program.push)

    def _compute_bounds(self, t: float) -> FloatArray:
        """Return the bounds at which the tight rows stand."""
        p, k = self.program, self.tight
        return np.where(self.row_up[k], p.row_high[k], p.row_low[k]) + t * p.push[k]

    def compute_solution(self, t: float) -> tuple[FloatArray, FloatArray]:
        """Compute the basic columns and the loose rows at t."""
        x = self.inverse @ (self._compute_bounds(t) - self.rested[self.tight])
        return x, self.rested[self.free] + self.basic_columns[self.free] @ x

    def compute_step_length(self, t: float, past: float) -> StepLength:
        """Ratio test: how far t may rise before a basic variable leaves its bounds.

        `past` is how far the leaving variable is then pushed past its bound.
        """
        p, columns, rows = self.program, self.columns, self.free
        dx = self.inverse @ p.push[self.tight]
        rate = np.concatenate([dx, self.basic_columns[rows] @ dx - p.push[rows]])
        x, a = self.compute_solution(t)
        value = float(p.cost[columns] @ x + p.cost @ self.resting)
        move = t * p.push[rows]
        under = np.concatenate([x - p.low[columns], a - p.row_low[rows] - move])
        over = np.concatenate([p.high[columns] - x, p.row_high[rows] + move - a])
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(rate > 0, over / rate, np.where(rate < 0, under / -rate, np.inf))
        moves = np.abs(rate) > 1e-13 * np.abs(rate).max(initial=0.0)
        room = np.where(moves, np.maximum(room, 0.0), np.inf)
        if not len(room) or not np.isfinite(room.min()):
            return StepLength(value, np.inf, 0.0, -1, False)
        first = int(np.argmin(room))
        beyond = past / float(np.abs(rate[first]))
        return StepLength(value, float(room[first]), beyond, first, bool(rate[first] > 0))

    def pivot(self, room: StepLength) -> bool:
        """Exchange the leaving variable for an entering one; False if that fails numerically."""
        p, k = self.program, len(self.columns)
        aside = np.zeros(len(p.push))
        leaving = int(self.columns[room.leaving] if room.leaving < k else self.free[room.leaving - k])
        if room.leaving < k:
            aside[self.tight] = self.inverse[room.leaving]
        else:
            aside[self.tight] = self.basic_columns[leaving] @ self.inverse
            aside[leaving] = -1.0
        effect = -(aside @ p.matrix)
        aside[self.free] = 0.0
        entering = self._choose_entering_variable(effect, aside, 1.0 if room.upwards else -1.0)
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
            self._set_resting_value(j, 0.0)
        if room.leaving < k:
            self.basic[leaving], self.up[leaving], self.reduced[leaving] = False, room.upwards, theta
            self._set_resting_value(leaving, float(p.high[leaving] if room.upwards else p.low[leaving]))
        else:
            self.loose[leaving], self.row_up[leaving], self.price[leaving] = False, room.upwards, theta
        self.age += 1
        try:
            self._invert_basis()
        except np.linalg.LinAlgError:
            return False
        if self.age < FRESH:
            return True
        self._recompute_prices()
        return self._is_optimal()

    def _set_resting_value(self, column: int, value: float) -> None:
        moved = value - self.resting[column]
        if moved:
            own = self.program.matrix[:, [column]]
            own = own if isinstance(own, np.ndarray) else own.toarray()
            self.rested += moved * own[:, 0]
            self.resting[column] = value

    def _choose_entering_variable(
        self, effect: FloatArray, aside: FloatArray, sign: float
    ) -> tuple[bool, int] | None:
        """Choose the entering variable (row or column): least cost per effect, then largest effect."""
        p, k = self.program, self.tight
        move = np.where(self.up, -1.0, 1.0)
        row_move = np.where(self.row_up[k], -1.0, 1.0)
        may = ~self.basic & (p.low < p.high)
        row_may = p.row_low[k] < p.row_high[k]
        # by how much a unit of each variable brings v back, and what that costs
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
        """Whether all reduced costs have the right sign, within tolerance."""
        p, k = self.program, self.tight
        wrong = np.where(self.up, self.reduced, -self.reduced)[~self.basic & (p.low < p.high)]
        row_wrong = np.where(self.row_up[k], self.price[k], -self.price[k])[p.row_low[k] < p.row_high[k]]
        worst = max(float(wrong.max(initial=0.0)), float(row_wrong.max(initial=0.0)))
        return worst <= WRONG * float(np.abs(p.cost).max(initial=1.0))


OVERSHOOT = 1e-7
"""How far the leaving variable is pushed past its bound: more than the solver's tolerance."""
TOLERANCE = 1e-9
DENSE = 4_000_000
"""Entries up to which the matrix is stored dense."""
MAX_STILL = 50
"""Degenerate pivots at one t before HiGHS solves just beyond it."""
SAME = 1e-9
"""Relative difference below which two slopes count as one piece."""


@dataclass(frozen=True, slots=True, eq=False)
class Parametric:
    """Piecewise linear value function v between `at[0]` and `at[-1]`.

    Attributes
    ----------
    at : float64 (n_pieces + 1,)
        Breakpoints and both ends of the interval where the program is feasible; empty if it never is.
    value : float64 (n_pieces + 1,)
        v at each of them.
    slope : float64 (n_pieces,)
        dv/dt on each piece: decreasing when maximising, increasing when minimising.
    duals : float64 (n_pieces, n_rows)
        Prices on each piece, in the sign of `RawSolution.row_duals`.
    finished : bool
        False if the deadline ended the computation; the pieces then end at `at[-1]`.
    """

    at: FloatArray
    value: FloatArray
    slope: FloatArray
    duals: FloatArray
    finished: bool

    def __call__(self, t: float) -> float:
        """Interpolate v(t) within the interval."""
        return float(np.interp(t, self.at, self.value))


def solve_parametric(
    model: LinearModel, direction: FloatArray, lo: float, hi: float, limits: Limits = Limits()
) -> Parametric:
    """Compute all breakpoints of the linear relaxation of `model` for t from `lo` to `hi`.

    Parameters
    ----------
    model
        The model at t = 0; integrality is dropped.
    direction : float64 (n_rows,)
        Change of the bounds of each row per unit of t, in the row's own units.
    lo, hi
        The interval. Where the program is infeasible near an end, the pieces cover only the feasible part.
    limits
        Its deadline covers the whole computation.

    Examples
    --------
    Maximise 3a + b with a + b ≤ 1 + t and 0 ≤ a, b ≤ 1:

    >>> from tnt_sim.formulation.linear_model import NO_LOWER
    >>> model = LinearModel(
    ...     matrix=np.array([[1, 1]]), row_lower=[NO_LOWER], row_upper=[1], col_lower=[0, 0], col_upper=[1, 1],
    ...     integer=[True, True], objective=[3, 1], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b"],
    ... )
    >>> v = solve_parametric(model, np.array([1.0]), -1.0, 1.0)
    >>> v.at.tolist(), v.slope.tolist()
    ([-1.0, 0.0, 1.0], [3.0, 1.0])
    """
    d = np.asarray(direction, dtype=np.float64)
    if d.shape != (model.n_rows,) or not lo <= hi:
        raise ValueError("one direction for each row is needed, and lo ≤ hi")
    inside = _find_feasible_interval(model, d, lo, hi)
    if inside is None:
        nothing = np.zeros(0)
        return Parametric(nothing, nothing, nothing, np.zeros((0, model.n_rows)), True)
    walk = _ParametricWalk(model, d, *inside)
    finished = walk.run(limits.deadline)
    return Parametric(
        np.array(walk.at), np.array(walk.value), np.array(walk.slope),
        np.array(walk.duals).reshape(-1, model.n_rows), finished,
    )  # fmt: skip


def _find_feasible_interval(
    model: LinearModel, d: FloatArray, lo: float, hi: float
) -> tuple[float, float] | None:
    """Find the feasible part of the interval, by minimising and maximising t as a column."""
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
            raise _build_error(status)
        ends.append(float(highs.getSolution().col_value[model.n_cols]))
    return ends[0], ends[1]


def _build_error(status: str) -> SolverError:
    return SolverError(_("the linear program ended with {status}", status=status))


@dataclass(slots=True)
class _ParametricWalk:
    """State of the computation, from `now` to `end`."""

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
        """Compute pieces up to the end; False if time runs out."""
        self.highs, self.unit = load_live(self.model)
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self.highs.setOptionValue(name, TOLERANCE)
        self.sign = -1.0 if self.model.sense is Sense.MAXIMISE else 1.0
        self.program = self._build_program()
        self.moving = np.flatnonzero(self.d).astype(np.int32)
        basis, still = self._solve_at(self.now), 0
        while True:
            room = basis.compute_step_length(self.now, OVERSHOOT)
            if not self.at:
                self.at.append(self.now)
                self.value.append(self.sign * room.value)
            here = min(self.now + room.step, self.end)
            self._append_piece(here, basis, room)
            if here >= self.end or self.now + room.step + room.overshoot >= self.end:
                self.at[-1] = self.end
                return True
            if deadline.expired:
                return False
            still = still + 1 if here == self.now else 0
            self.now = here
            if still > MAX_STILL or not basis.pivot(room):
                self.now += room.overshoot
                basis, still = self._solve_at(self.now), 0

    def _build_program(self) -> Program:
        """Build the program in the row units of the HiGHS model, to be minimised."""
        model, unit = self.model, self.unit
        scaled = model.matrix.with_data(model.matrix.data * np.repeat(unit, np.diff(model.matrix.indptr)))
        # each step reads columns, ten times faster from a dense matrix
        dense = model.n_rows * model.n_cols <= DENSE
        low, high = convert_bounds(model.row_lower, model.row_upper)
        columns = convert_bounds(model.col_lower, model.col_upper)
        matrix = np.asfortranarray(scaled.toarray()) if dense else scaled.to_scipy().tocsc()
        cost = self.sign * model.objective.astype(np.float64)
        return Program(matrix, *columns, low * unit, high * unit, self.d * unit, cost)

    def _solve_at(self, t: float) -> Basis:
        """Solve with HiGHS at t, from its last basis."""
        k, program = self.moving, self.program
        move = t * program.push[k]
        self.highs.changeRowsBounds(len(k), k, program.row_low[k] + move, program.row_high[k] + move)
        self.highs.run()
        status = self.highs.getModelStatus().name
        if status != "kOptimal":  # solve again from scratch
            self.highs.clearSolver()
            self.highs.run()
            status = self.highs.getModelStatus().name
        if status != "kOptimal":
            raise _build_error(status)
        return self._read_basis(t)

    def _read_basis(self, t: float) -> Basis:
        program, solution = self.program, self.highs.getSolution()
        __, members = self.highs.getBasicVariables()
        members = np.asarray(members)
        n_rows, n_cols = program.matrix.shape
        basic, loose = np.zeros(n_cols, dtype=np.bool_), np.zeros(n_rows, dtype=np.bool_)
        basic[members[members >= 0]] = True
        loose[-1 - members[members < 0]] = True
        x, a = np.asarray(solution.col_value), np.asarray(solution.row_value) - t * program.push
        up = program.high - x < x - program.low
        return Basis(program, basic, up, loose, program.row_high - a < a - program.row_low)

    def _append_piece(self, here: float, basis: Basis, room: StepLength) -> None:
        """Append a piece up to `here` with the prices of the basis; equal slopes are merged."""
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
