"""Pivots of the parametric dual simplex, in floats over a live basis; where one fails, HiGHS is asked.

    A x = s,   low ≤ x ≤ high,   L + t·push ≤ s ≤ U + t·push,   min c·x

Columns C and rows outside T are basic (rows of T are tight), so x_C = B⁻¹ (s_T − A_TN x_N) with B = A_TC, which is
as small as the number of tight rows. When a basic variable v reaches a bound as t grows, it stays there; of the
non-basic variables j that can hold it (e_j = dv/dx_j) the one with the least |d_j| / |e_j| becomes basic in its
place, d being the reduced costs. Costs are carried from pivot to pivot and computed anew every `FRESH` of them.

Source: Gass and Saaty, The computational algorithm for the parametric objective function, Naval Res. Logist. Q. 2
(1955); Harris, Pivot selection methods of the Devex LP code, Math. Program. 5 (1973), for the choice among ties.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.formulation.linear_model import BoolArray, FloatArray, IntArray

FRESH = 40
TOLERANCE = 1e-9
"""Costs below this part of the largest are none; so are effects."""
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
