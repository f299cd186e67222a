"""Closes a system by a tree of caps: the best of the goal under some caps is found exactly by the kernels.

A group is a top row and leaf rows over disjoint parts of its columns, all with the top row's coefficients. A
choice that its block leaves alone and that must be made counts as made. Rows that are not named and all else that
the blocks say are left out, which only lets more points in; every column outside all groups takes its cheaper end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.certify.one_row import dense, made_choices
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.kernel.group import best_choice
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.base import BoolArray, IntArray


def closed_by_caps(system: System, goal: int, groups: Sequence[tuple[int, Sequence[int]]]) -> bool:
    """Whether no point under the caps of the groups keeps the row `goal`.

    Raises
    ------
    MultiplierError
        For rows that form no tree, or numbers that are too large.
    """
    n = system.n_choices
    rows = [row for top, leaves in groups for row in (top, *leaves)]
    if not all(0 <= row < system.rows.n and row != goal for row in rows) or not 0 <= goal < system.rows.n:
        raise MultiplierError("there is no such row")
    cost = dense(system, goal)
    free = cost[n:]
    least = int(np.minimum(free * system.low[n:], free * system.high[n:]).sum())
    made = made_choices(system, system.box())
    least += int(cost[:n][made].sum())
    gain = np.where(made, 0, np.maximum(-cost[:n], 0))
    seen = np.zeros(n, dtype=np.bool_)
    for top, leaves in groups:
        least -= _best(system, gain, top, leaves, seen, made)
    least -= int(gain[~seen].sum())
    return least > int(system.rows.upper[goal])


def _best(
    system: System, gain: IntArray, top: int, leaves: Sequence[int], seen: BoolArray, made: BoolArray
) -> int:
    """The greatest gain of one group; its columns are marked as seen."""
    n = system.n_choices
    weight, room = _cap(system, top, made)
    columns = np.flatnonzero(weight[:n])
    if seen[columns].any():
        raise MultiplierError("two groups share a column")
    seen[columns] = True
    leaf = np.full(n, -1, dtype=np.int64)
    caps = []
    for number, row in enumerate(leaves):
        part, cap = _cap(system, row, made)
        mine = np.flatnonzero(part[:n])
        if (part[mine] != weight[mine]).any() or (leaf[mine] >= 0).any():
            raise MultiplierError("a leaf is no part of its top")
        leaf[mine] = number
        caps.append(cap)
    if room < 0 or min(caps, default=0) < 0:
        raise MultiplierError("a cap is negative")
    columns = columns[~made[columns]]
    try:
        return best_choice(gain[columns], weight[columns], leaf[columns], caps, room).profit
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"a tree of caps is too large: {error}") from error


def _cap(system: System, row: int, made: BoolArray) -> tuple[IntArray, int]:
    """A row's coefficients, and what its free columns and the choices made leave of its bound at most."""
    n = system.n_choices
    weight = dense(system, row)
    if (weight[:n] < 0).any():
        raise MultiplierError("a cap has a negative coefficient")
    free = weight[n:]
    room = int(system.rows.upper[row]) - int(np.minimum(free * system.low[n:], free * system.high[n:]).sum())
    return weight, room - int(weight[:n][made].sum())
