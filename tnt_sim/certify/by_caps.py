"""Closes a system by trees of caps: the best of the goal under some caps is found exactly by the kernels.

A tree is a row and, under it, rows over disjoint parts of its columns with its coefficients, and so on. A choice
that its block leaves alone and that must be made counts as made. Rows that are not named and all else that the
blocks say are left out, which only lets more points in; every column outside all trees takes its cheaper end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.one_row import dense, made_choices
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.kernel.forest import Node
from tnt_sim.kernel.group import Memory, best_choice, can_reach
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.base import BoolArray, IntArray

Tree = tuple[int, "Sequence[Tree]"]
"""A row and the trees under it."""
OUTSIDE = -1


def closed_by_caps(system: System, goal: int, trees: Sequence[Tree], memory: Memory | None = None) -> bool:
    """Whether no point under the caps of the trees keeps the row `goal`; `memory` is of earlier checks.

    Raises
    ------
    MultiplierError
        For rows that form no tree, or numbers that are too large.
    """
    n = system.n_choices
    if not 0 <= goal < system.rows.n:
        raise MultiplierError("there is no such row")
    cost = dense(system, goal)
    free = cost[n:]
    least = int(np.minimum(free * system.low[n:], free * system.high[n:]).sum())
    made = made_choices(system, system.box())
    least += int(cost[:n][made].sum())
    gain = np.where(made, 0, np.maximum(-cost[:n], 0))
    reader = _Reader(
        system, goal, made, rooms(system, made), np.full(n, OUTSIDE), np.zeros(n, dtype=np.int64)
    )
    nodes = [reader.node(tree, OUTSIDE) for tree in trees]
    least -= int(gain[reader.holder == OUTSIDE].sum()) + int(system.rows.upper[goal])
    try:
        for node in nodes[:-1]:
            least -= best_choice(gain, reader.weight, node, memory).profit
        return not can_reach(gain, reader.weight, nodes[-1], least, memory) if nodes else least > 0
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"a tree of caps is too large: {error}") from error


def rooms(system: System, made: BoolArray) -> IntArray:
    """What made choices and the cheaper ends of free columns leave of each row's bound, int64 (n_rows,)."""
    rows, n = system.rows, system.n_choices
    left = rows.upper.copy()
    settled = rows.col >= n
    settled[~settled] = made[rows.col[~settled]]
    col, value = rows.col[settled], rows.value[settled]
    low, high = system.low.copy(), system.high.copy()
    low[:n][made] = 1
    np.subtract.at(left, rows.row[settled], np.minimum(value * low[col], value * high[col]))
    return left


@dataclass(slots=True)
class _Reader:
    """Reads trees of rows. `holder` is the lowest row read over each column, `weight` what it costs there."""

    system: System
    goal: int
    made: BoolArray
    room: IntArray
    holder: IntArray
    weight: IntArray

    def node(self, tree: Tree, above: int) -> Node:
        """A tree whose columns all lie under the row `above` and under no other row yet."""
        row, below = tree
        if not 0 <= row < self.system.rows.n or row == self.goal:
            raise MultiplierError("there is no such row")
        columns, cost = self._cap(row)
        if not len(columns) or (self.holder[columns] != above).any():
            raise MultiplierError("two caps share a column, or a cap is no part of the one above")
        if above == OUTSIDE:
            self.weight[columns] = cost
        cap = _in_units_of(self.weight[columns], cost, int(self.room[row]))
        if cap < 0:
            raise MultiplierError("a cap is negative")
        self.holder[columns] = row
        children = tuple(self.node(child, row) for child in below)
        return Node(row, cap, columns[self.holder[columns] == row], children)

    def _cap(self, row: int) -> tuple[IntArray, IntArray]:
        """The choices that a row counts and that are still to be made, and what each costs."""
        rows = self.system.rows
        first, last = np.searchsorted(rows.row, [row, row + 1]).tolist()
        columns, cost = rows.col[first:last], rows.value[first:last]
        open_ = columns < self.system.n_choices
        if (cost[open_] < 0).any():
            raise MultiplierError("a cap has a negative coefficient")
        open_[open_] = ~self.made[columns[open_]]
        return columns[open_], cost[open_]


def _in_units_of(weight: IntArray, cost: IntArray, room: int) -> int:
    """The cap on weights that Σ cost·x ≤ room says, one being a multiple of the other over all columns."""
    times, parts = int(weight[0] // cost[0]), int(cost[0] // weight[0])
    if times and (weight == times * cost).all():
        return times * room
    if parts and (cost == parts * weight).all():
        return room // parts
    raise MultiplierError("a cap counts other costs than the one above")
