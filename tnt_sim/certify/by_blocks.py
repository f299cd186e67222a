"""Closes a system by exact blocks under prices: the best of the goal under some rows is found by the kernel.

The rows that are named have prices, and some of them a block of their own (`kernel/blocks.py`). Any prices are
sound: the kernel's answer does not depend on them. Rows that are not named and what the blocks of choices say are
left out, which only lets more points in; free columns take the end that serves the goal, and each row, best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.certify.one_row import dense, made_choices
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.kernel.blocks import crossing
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.base import IntArray

SCALE = 50
"""Prices are written as whole multiples of 2^−SCALE."""
MAX_WORK = 12_000_000


def closed_by_blocks(
    system: System, goal: int, rows: Sequence[int], own: Sequence[int], prices: Sequence[int]
) -> bool:
    """Whether no point under the rows keeps the row `goal`; `own` are places in `rows`.

    Raises
    ------
    MultiplierError
        For rows that do not exist or share items where they must not, or numbers that are too large.
    """
    if len(set(rows)) != len(rows) or not all(0 <= r < system.rows.n for r in (goal, *rows)) or goal in rows:
        raise MultiplierError("there are no such rows")
    if len(prices) != len(rows) or min(prices, default=0) < 0 or not all(0 <= k < len(rows) for k in own):
        raise MultiplierError("each row needs a price that is not negative")
    if len(set(own)) != len(own):
        raise MultiplierError("a row has a block of its own twice")
    gain, wanted = gains(system, goal)
    weight, upper = zip(*(bounded(system, row) for row in rows), strict=True) if rows else ((), ())
    matrix = np.array(weight, dtype=np.int64).reshape(len(rows), len(gain))
    if (np.count_nonzero(matrix[list(own)], axis=0) > 1).any():
        raise MultiplierError("two rows with blocks of their own share an item")
    price = np.array([k / 2.0**SCALE for k in prices])
    try:
        room = np.array(upper, dtype=np.int64)
        return crossing(gain, matrix, room, price, list(own), MAX_WORK, wanted) is None
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"the blocks are too large: {error}") from error


def gains(system: System, goal: int) -> tuple[IntArray, int]:
    """What each choice that is open to choose gains, (n_choices,), and what a point must gain to keep `goal`."""
    cost, n = dense(system, goal), system.n_choices
    made = made_choices(system, system.box())
    free = np.minimum(cost[n:] * system.low[n:], cost[n:] * system.high[n:]).sum()
    wanted = int(free) + int(cost[:n][made].sum()) - int(system.rows.upper[goal])
    return np.where(made, 0, -cost[:n]), wanted


def bounded(system: System, row: int) -> tuple[IntArray, int]:
    """A row's coefficients on choices that are open to choose, and the most that is left of its bound for them."""
    weight, n = dense(system, row), system.n_choices
    made = made_choices(system, system.box())
    free = np.minimum(weight[n:] * system.low[n:], weight[n:] * system.high[n:]).sum()
    room = int(system.rows.upper[row]) - int(free) - int(weight[:n][made].sum())
    return np.where(made, 0, weight[:n]), room
