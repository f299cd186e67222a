"""Closes a part by one row alone: the best of the goal under that row is a knapsack, solved exactly here.

All other rows and the blocks are left out, which only lets more points in. Every choice counts by its goal cost g
(to be as low as possible) and its weight a in the row:

    g < 0, a > 0   an item of profit −g         g > 0, a < 0   taken at first; an item of profit g to leave out
    else           taken or left for nothing, whichever is better for both
"""

from __future__ import annotations

import numpy as np

from tnt_sim.certify.system import Box, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import MAX_WORK, TooManyStates, knapsack
from tnt_sim.rules.linear_terms import BoolArray, IntArray


def closed_by_row(
    system: System,
    box: Box,
    goal: int,
    row: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Whether no point of the box that keeps `row` keeps the row `goal`.

    Raises
    ------
    MultiplierError
        For rows that do not exist, or numbers that are too large.
    DeadlineExpired
        When time is up.
    """
    if not (0 <= goal < system.rows.n and 0 <= row < system.rows.n and goal != row):
        raise MultiplierError("there is no such row")
    cost, weight = dense(system, goal), dense(system, row)
    n = system.n_choices
    base, room = 0, int(system.rows.upper[row])
    free_ends = zip(cost[n:].tolist(), weight[n:].tolist(), box.low.tolist(), box.high.tolist(), strict=True)
    for g_free, a_free, low, high in free_ends:
        base += min(g_free * low, g_free * high)
        room -= min(a_free * low, a_free * high)
    fixed = made_choices(system, box)
    free = box.open & ~fixed
    base += int(cost[:n][fixed].sum())
    room -= int(weight[:n][fixed].sum())
    g, a = cost[:n][free], weight[:n][free]
    default = (a < 0) | ((a == 0) & (g < 0))
    base += int(g[default].sum())
    room -= int(a[default].sum())
    # items to take in, or to leave out again
    into, out = ~default & (g < 0), default & (g > 0)
    if room < 0:
        return True
    profit = np.concatenate([-g[into], g[out]])
    heavy = np.concatenate([a[into], -a[out]])
    try:
        best = knapsack(profit, heavy, room, max_work, deadline)
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"the knapsack of a row is too large: {error}") from error
    return base - best.profit > int(system.rows.upper[goal])


def made_choices(system: System, box: Box) -> BoolArray:
    """What every point of the box chooses: the only open choice of a block that must choose; bool (n_choices,)."""
    n = system.n_choices
    single = np.bincount(system.block[:n], weights=box.open, minlength=len(box.must)) == 1
    made: BoolArray = box.open & (box.must & single)[system.block[:n]]
    return made


def dense(system: System, row: int) -> IntArray:
    """The coefficients of one row, int64 (n_cols,)."""
    found = np.zeros(system.n_cols, dtype=np.int64)
    starts = system.rows.starts()
    part = slice(int(starts[row]), int(starts[row + 1]))
    found[system.rows.col[part]] = system.rows.value[part]
    return found
