"""Prove a subproblem empty by one row alone: the relaxation to that row is a knapsack, solved exactly.

All other rows and the blocks are relaxed. With g the coefficient of a choice in the goal row (to be
minimised) and a its coefficient in the row, the minimum of Σ g·x under Σ a·x ≤ b is reduced to a knapsack
with profits and weights ≥ 0:

    g < 0, a > 0    an item of profit −g and weight a
    g > 0, a < 0    taken at first; leaving it out is an item of profit g and weight −a
    otherwise       taken or left, whichever is better for both

Free columns take the bound that is best for each row separately, which relaxes the problem further.

Source: Martello and Toth, *Knapsack Problems* (1990), on knapsacks with negative coefficients.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.certify.system import Box, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import MAX_WORK, TooManyStates, solve_knapsack
from tnt_sim.rules.linear_terms import BoolArray, IntArray


def is_closed_by_row(
    system: System,
    box: Box,
    goal: int,
    row: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Return whether no point of the box satisfies both `row` and the row `goal`, by the knapsack relaxation.

    False means that this bound is too weak, not that a point exists.

    Raises
    ------
    MultiplierError
        For rows that do not exist, or a knapsack too large.
    DeadlineExpired
        When time is up.
    """
    if not (0 <= goal < system.rows.n and 0 <= row < system.rows.n and goal != row):
        raise MultiplierError("there is no such row")
    cost, weight = expand_row(system, goal), expand_row(system, row)
    n = system.n_choices
    base, room = 0, int(system.rows.upper[row])
    free_ends = zip(cost[n:].tolist(), weight[n:].tolist(), box.low.tolist(), box.high.tolist(), strict=True)
    for g_free, a_free, low, high in free_ends:
        base += min(g_free * low, g_free * high)
        room -= min(a_free * low, a_free * high)
    fixed = mark_forced_choices(system, box)
    free = box.open & ~fixed
    base += int(cost[:n][fixed].sum())
    room -= int(weight[:n][fixed].sum())
    g, a = cost[:n][free], weight[:n][free]
    default = (a < 0) | ((a == 0) & (g < 0))
    base += int(g[default].sum())
    room -= int(a[default].sum())
    # items to add, or to leave out again
    into, out = ~default & (g < 0), default & (g > 0)
    if room < 0:
        return True
    profit = np.concatenate([-g[into], g[out]])
    heavy = np.concatenate([a[into], -a[out]])
    try:
        best = solve_knapsack(profit, heavy, room, max_work, deadline)
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"the knapsack of a row is too large: {error}") from error
    return base - best.profit > int(system.rows.upper[goal])


def mark_forced_choices(system: System, box: Box) -> BoolArray:
    """Mark the choices that every point of the box makes: the only open choice of a block that must be chosen."""
    n = system.n_choices
    single = np.bincount(system.block[:n], weights=box.open, minlength=len(box.must)) == 1
    made: BoolArray = box.open & (box.must & single)[system.block[:n]]
    return made


def expand_row(system: System, row: int) -> IntArray:
    """Return the coefficients of one row, int64 (n_cols,)."""
    places = np.zeros(system.n_cols, dtype=np.int64)
    starts = system.rows.compute_row_starts()
    part = slice(int(starts[row]), int(starts[row + 1]))
    places[system.rows.col[part]] = system.rows.value[part]
    return places
