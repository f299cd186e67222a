"""Largest value of one integer column while an objective is kept at a value.

    maximise t   subject to   Σ v_j x_j ≥ at_least,   A x + a t ≤ b,   a ≥ 0

The larger t is, the less is left for x. A row r in which every choice has a cost bounds t ≤ (b_r − min A_r
x)/a_r, where the minimum is the least cost of reaching the objective, computed by the cap-tree kernel. If
this choice leaves enough room in all other rows, the bound is attained and is the maximum.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    BoolArray,
    IntArray,
    LinearModel,
    SolveStage,
    compute_dot,
)
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.cap_tree import build_infeasible_outcome, build_kernel_outcome
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.methods.lexicographic import StagesOutcome
from tnt_sim.solve.reductions.restriction import Restriction

KernelOutcome = tuple[StagesOutcome, bool] | None
Cheapest = Callable[[LinearModel, SolveStage], KernelOutcome]
"""Minimises a cost while the objective is kept, with an exact kernel; returns None if no kernel can."""


@dataclass(frozen=True, slots=True, eq=False)
class _CapacityColumn:
    """Integer column t with rows a·x + coefficient·t ≤ upper, and its bounds."""

    place: int
    low: int
    high: int
    rows: IntArray
    coefficient: IntArray


def solve_largest(
    model: LinearModel, stage: SolveStage, goal: SolveStage, cheapest: Cheapest
) -> KernelOutcome:
    """Maximise the one open column that a stage counts; None if the kernels cannot.

    `cheapest` keeps `goal`, in which that column does not count.
    """
    began = time.perf_counter()
    column = _find_column(model, stage)
    if column is None or goal.objective[column.place]:
        return None
    least = model.col_lower.copy(), model.col_upper.copy()
    least[0][column.place] = least[1][column.place] = column.low
    cost, rows = _extract_cost(model, column, goal)
    if cost is None:
        return None
    result = cheapest(model.with_bounds(*least), SolveStage("cost", cost, Sense.MINIMISE))
    if result is None:
        return None
    if result[0].values is None:
        return build_infeasible_outcome(model, [stage], time.perf_counter() - began)
    x = result[0].values
    most = min(column.high, *(_compute_room(model, column, row, x) for row in rows))
    point = _complete_choice(model, column, (cost > 0) | (goal.objective != 0), x, most)
    return (
        None
        if point is None
        else build_kernel_outcome(model, [stage], point, False, time.perf_counter() - began)
    )


def _find_column(model: LinearModel, stage: SolveStage) -> _CapacityColumn | None:
    """Return the column that a stage maximises; None if there are several, or if a row favours a large value."""
    is_open = model.col_lower != model.col_upper
    counted = np.flatnonzero((stage.objective != 0) & is_open)
    if len(counted) != 1 or (stage.objective[counted[0]] > 0) != (stage.sense is Sense.MAXIMISE):
        return None
    place = int(counted[0])
    low, high = int(model.col_lower[place]), int(model.col_upper[place])
    entries = model.matrix[:, [place]]
    rows, coefficients = [], []
    for row, value in zip(entries.row.tolist(), entries.data.tolist(), strict=True):
        own = slice(int(model.matrix.indptr[row]), int(model.matrix.indptr[row + 1]))
        columns, data = model.matrix.indices[own], model.matrix.data[own]
        if is_open[columns[columns != place]].any():
            if value < 0 or model.row_lower[row] != NO_LOWER:
                return None
            rows.append(row)
            coefficients.append(value)
            continue
        settled = int(data[columns != place] @ model.col_lower[columns[columns != place]])
        low, high = _tighten_bounds(
            low, high, value, settled, int(model.row_lower[row]), int(model.row_upper[row])
        )
    if low >= high:
        return None
    return _CapacityColumn(
        place, low, high, np.array(rows, dtype=np.int64), np.array(coefficients, dtype=np.int64)
    )


def _tighten_bounds(
    low: int, high: int, value: int, settled: int, row_lower: int, row_upper: int
) -> tuple[int, int]:
    """Tighten the bounds of a column with a row in which it is the only open one."""
    ends = []
    if row_upper != NO_UPPER:
        ends.append((row_upper - settled, value > 0))
    if row_lower != NO_LOWER:
        ends.append((row_lower - settled, value < 0))
    for end, above in ends:
        if above:
            high = min(high, end // value)
        else:
            low = max(low, -(-end // value))
    return low, high


def _extract_cost(
    model: LinearModel, column: _CapacityColumn, goal: SolveStage
) -> tuple[IntArray | None, Sequence[int]]:
    """Return a row's cost of each choice, divided by its gcd (or None), and the rows with this cost."""
    zero_one = (model.col_lower >= 0) & (model.col_upper <= 1)
    needed = (goal.objective != 0) & (model.col_lower != model.col_upper)
    places: IntArray | None = None
    rows: list[int] = []
    for row in column.rows.tolist():
        cost = model.matrix[[row]].toarray().ravel()
        cost[column.place] = 0
        if not cost.any() or (cost[needed] <= 0).any() or cost[~zero_one].any():
            continue
        cost //= int(np.gcd.reduce(cost))
        if places is None or np.array_equal(cost, places):
            places = cost
            rows.append(row)
    return places, rows


def _compute_room(model: LinearModel, column: _CapacityColumn, row: int, x: IntArray) -> int:
    """Compute how large the column may be in a row, beside a choice."""
    beside = x.copy()
    beside[column.place] = 0
    spent = compute_dot(model.matrix[[row]].toarray().ravel(), beside)
    coefficient = int(column.coefficient[np.flatnonzero(column.rows == row)[0]])
    return (int(model.row_upper[row]) - spent) // coefficient


def _complete_choice(
    model: LinearModel, column: _CapacityColumn, choice: BoolArray, x: IntArray, value: int
) -> IntArray | None:
    """Complete the choice with the column at `value`; None if that is infeasible."""
    lower, upper = np.where(choice, x, model.col_lower), np.where(choice, x, model.col_upper)
    lower[column.place] = upper[column.place] = value
    part, inverse = Restriction().apply(model.with_bounds(lower, upper))
    found = solve_integral(part, get_backend("highs")).values
    point = None if found is None else inverse.expand(found)
    return point if point is not None and model.is_feasible(point) else None
