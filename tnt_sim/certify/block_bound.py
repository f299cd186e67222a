"""Prove a system empty by exact blocks under prices: the kernel optimises the goal under some rows.

The named rows have prices, and some of them a block of their own (`kernel/blocks/block_search.py`). Any
prices ≥ 0 are sound, since the kernel's result does not depend on them. The system is first rewritten so that
blocks take at most one choice (`choice_blocks.py`); these blocks are the kernel's multiple-choice groups.

What is relaxed: rows not named; the duty of a block without an open choice to be chosen; the link between
rows of a free column, which takes the bound that is best for the goal and for each row.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.certify.choice_blocks import reformulate_blocks
from tnt_sim.certify.single_row_bound import expand_row, mark_forced_choices
from tnt_sim.certify.system import ROOM, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks.block_search import search_blocks
from tnt_sim.kernel.blocks.exchanges import mark_touched_items, number_groups
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.linear_terms import IntArray

SCALE = 50
"""Prices are integer multiples of 2^−SCALE."""
MAX_WORK = 12_000_000


def is_closed_by_blocks(
    system: System,
    goal: int,
    rows: Sequence[int],
    own: Sequence[int],
    prices: Sequence[int],
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Return whether the rows `rows` prove that no point satisfies the row `goal`.

    False means that this relaxation has a solution, not that the system has one.

    Parameters
    ----------
    own : places in `rows` of the rows with a block of their own
    prices : ≥ 0, one per row, in units of 2^−SCALE

    Raises
    ------
    MultiplierError
        For rows that do not exist, own rows that share a block, or numbers too large.
    DeadlineExpired
        When time is up.
    """
    if len(set(rows)) != len(rows) or not all(0 <= r < system.rows.n for r in (goal, *rows)) or goal in rows:
        raise MultiplierError("there are no such rows")
    if len(prices) != len(rows) or min(prices, default=0) < 0 or not all(0 <= k < len(rows) for k in own):
        raise MultiplierError("each row needs a price that is not negative")
    if len(set(own)) != len(own):
        raise MultiplierError("a row has a block of its own twice")
    system = reformulate_blocks(system, (goal, *rows))
    group = system.block[select_open_choices(system)]
    gain, wanted = compute_gains(system, goal)
    weight, upper = zip(*(reduce_row(system, row) for row in rows), strict=True) if rows else ((), ())
    matrix = np.array(weight, dtype=np.int64).reshape(len(rows), len(gain))
    if (mark_touched_items(matrix[list(own)], number_groups(group, len(group))).sum(axis=0) > 1).any():
        raise MultiplierError("two rows with blocks of their own share a block of choices")
    price = np.array([k / 2.0**SCALE for k in prices])
    try:
        room = np.array(upper, dtype=np.int64)
        solution = search_blocks(
            gain,
            matrix,
            room,
            price,
            list(own),
            MAX_WORK,
            wanted,
            group=group,
            deadline=deadline,
            max_bytes=None,
        )
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"the blocks are too large: {error}") from error
    return solution is None


def select_open_choices(system: System) -> IntArray:
    """Return the choices that are neither excluded nor fixed, int64 (n_items,)."""
    box = system.build_box()
    return np.flatnonzero(box.open & ~mark_forced_choices(system, box))


def compute_gains(system: System, goal: int) -> tuple[IntArray, int]:
    """Return the gain of each item, int64 (n_items,), and the total gain that a point needs to satisfy `goal`."""
    cost, settled = _split_row(system, goal)
    return -cost, settled - int(system.rows.upper[goal])


def reduce_row(system: System, row: int) -> tuple[IntArray, int]:
    """Return a row's coefficients on the items, int64 (n_items,), and what is left of its bound for them."""
    weight, settled = _split_row(system, row)
    return weight, int(system.rows.upper[row]) - settled


def _split_row(system: System, row: int) -> tuple[IntArray, int]:
    """Return a row's coefficients on the items, and the least value of its fixed choices and free columns."""
    weight, n = expand_row(system, row), system.n_choices
    width = np.maximum(np.abs(system.low[n:]), np.abs(system.high[n:])).astype(np.float64)
    if (
        np.abs(weight.astype(np.float64)).sum() + (np.abs(weight[n:].astype(np.float64)) * width).sum()
        >= ROOM
    ):
        raise MultiplierError("a sum leaves 64 bits")
    box = system.build_box()
    made = mark_forced_choices(system, box)
    free = np.minimum(weight[n:] * box.low, weight[n:] * box.high).sum()
    return weight[:n][box.open & ~made], int(free) + int(weight[:n][made].sum())
