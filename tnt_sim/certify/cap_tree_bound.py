"""Prove a system empty by trees of capacities: the optimum of the goal under some caps, from the exact kernels.

A tree is a row, with rows below it over disjoint parts of its columns and proportional coefficients, at any
depth. The kernels (`kernel/cap_tree/`) find the best gain of the goal under these caps; if it does not reach
the goal, the system has no point. The system is first rewritten so that blocks take at most one choice
(`choice_blocks.py`).

What is relaxed: rows not named; the exclusion between a block's choices under different nodes or outside all
trees; the duty to choose from a block, except where the choice is already fixed; the link between rows of a
free column, which takes the bound that is best for each row.

A cap Σ w·x − e ≤ a, whose free column e ≥ 0 is counted by a row Σ e ≤ f above, may be exceeded: e is at least
the excess. If the best gains just reach the goal, every point that reaches it costs at least as much as these
optima; a row that limits the cost (`less`) then proves the system empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.certify.choice_blocks import build_choice_groups, reformulate_blocks
from tnt_sim.certify.single_row_bound import expand_row, mark_forced_choices
from tnt_sim.certify.system import BIG, ROOM, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.best_choice import Memory, can_reach, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.dominance import locate_groups
from tnt_sim.kernel.cap_tree.tree_search import TreeSolution
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.linear_terms import BoolArray, IntArray

Tree = tuple[int, "Sequence[Tree]", bool]
"""A row, the trees below it, and whether its cap may be exceeded."""
OUTSIDE = -1
NONE = np.zeros(0, dtype=np.int64)


def is_closed_by_caps(
    system: System,
    goal: int,
    trees: Sequence[Tree],
    less: int | None = None,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Return whether the caps of the trees prove that no point satisfies the row `goal` (and the row `less`).

    False means that this bound is too weak, not that a point exists.

    Parameters
    ----------
    memory : kernel results of earlier checks

    Raises
    ------
    MultiplierError
        For rows that form no tree, or numbers too large.
    DeadlineExpired
        When time is up.
    """
    wanted = [goal] if less is None else [goal, less]
    if less == goal or not all(0 <= row < system.rows.n for row in wanted):
        raise MultiplierError("there is no such row")
    system = reformulate_blocks(system, wanted)
    _check_sizes(system)
    n, choice_groups = system.n_choices, build_choice_groups(system)
    cost = expand_row(system, goal)
    free = cost[n:]
    least = int(np.minimum(free * system.low[n:], free * system.high[n:]).sum())
    created = mark_forced_choices(system, system.build_box())
    least += int(cost[:n][created].sum())
    gain = np.where(created | (system.high[:n] == 0), 0, np.maximum(-cost[:n], 0))
    reader = _CapReader(
        system,
        goal,
        created,
        compute_remaining_bounds(system, created),
        np.full(n, OUTSIDE),
        np.zeros(n, dtype=np.int64),
    )
    nodes = [reader.read_root(tree) for tree in trees]
    outside = gain[reader.holder == OUTSIDE]
    if choice_groups is not None and len(outside):
        outside = np.maximum.reduceat(outside, locate_groups(system.block[:n][reader.holder == OUTSIDE])[0])
    least -= int(outside.sum()) + int(system.rows.upper[goal])
    try:
        if less is not None:
            best = [
                maximise_under_tree(gain, reader.weight, node, memory, choice_groups, deadline)
                for node in nodes
            ]
            least -= sum(choice.profit for choice in best)
            return least > 0 or (least == 0 and _is_too_costly(reader, less, gain, best))
        for node in nodes[:-1]:
            least -= maximise_under_tree(gain, reader.weight, node, memory, choice_groups, deadline).profit
        if not nodes:
            return least > 0
        return not can_reach(gain, reader.weight, nodes[-1], least, memory, choice_groups, deadline)
    except (TooManyStates, OverflowError) as error:
        raise MultiplierError(f"a tree of caps is too large: {error}") from error


def _check_sizes(system: System) -> None:
    """Refuse systems in which a row's value could exceed 64 bits."""
    rows = system.rows
    width = np.maximum(np.abs(system.low), np.abs(system.high)).astype(np.float64)
    reach = np.bincount(
        rows.row, weights=np.abs(rows.value.astype(np.float64)) * width[rows.col], minlength=rows.n
    )
    if (reach + np.abs(rows.upper.astype(np.float64)) >= ROOM).any():
        raise MultiplierError("a sum leaves 64 bits")


def _is_too_costly(reader: _CapReader, less: int, gain: IntArray, best: Sequence[TreeSolution]) -> bool:
    """Return whether the cheapest selection that reaches the goal violates the row `less`.

    It takes the optima of the trees and, outside, of each block a choice of its greatest gain.
    """
    system, n = reader.system, reader.system.n_choices
    cost = expand_row(system, less)
    inside = reader.holder != OUTSIDE
    weight = np.maximum(reader.weight[inside], 1)
    times = cost[:n][inside] // weight
    rate = int(times[0]) if len(times) else 0
    if rate < 0 or (cost[:n][inside] != rate * weight).any():
        raise MultiplierError("a row counts other costs than the trees")
    free = np.minimum(cost[n:] * system.low[n:], cost[n:] * system.high[n:])
    total = rate * sum(choice.weight for choice in best) + int(free.sum())
    total += _compute_least_cost_outside(reader, cost[:n], gain)
    return total > int(system.rows.upper[less])


def _compute_least_cost_outside(reader: _CapReader, cost: IntArray, gain: IntArray) -> int:
    """Return the least cost of the choices needed outside the trees: of each block one of its greatest gain."""
    places = np.flatnonzero((reader.holder == OUTSIDE) & (reader.system.high[: len(cost)] > 0))
    heads, of = locate_groups(reader.system.block[places])
    own, created = gain[places], reader.forced[places]
    most = np.maximum.reduceat(own, heads)
    each = np.minimum.reduceat(np.where(own == most[of], cost[places], BIG), heads)
    needed = (most > 0) | np.logical_or.reduceat(created, heads)
    return int(np.where(needed, each, np.minimum(each, 0)).sum())


def compute_remaining_bounds(system: System, forced: BoolArray) -> IntArray:
    """Return what fixed choices and the least of free columns leave of each row's bound, int64 (n_rows,)."""
    rows, n = system.rows, system.n_choices
    left = rows.upper.copy()
    settled = rows.col >= n
    settled[~settled] = forced[rows.col[~settled]]
    col, value = rows.col[settled], rows.value[settled]
    low, high = system.low.copy(), system.high.copy()
    low[:n][forced] = 1
    np.subtract.at(left, rows.row[settled], np.minimum(value * low[col], value * high[col]))
    return left


@dataclass(slots=True)
class _CapReader:
    """Reads trees of rows as nodes for the kernels.

    Attributes
    ----------
    made : bool (n_choices,), choices already fixed
    room : int64 (n_rows,), remaining bound of each row
    holder : int64 (n_choices,), the lowest row read over each column
    weight : int64 (n_choices,), cost of each column in its tree
    """

    system: System
    goal: int
    forced: BoolArray
    room: IntArray
    holder: IntArray
    weight: IntArray

    def read_root(self, tree: Tree) -> CapTreeNode:
        """Read a tree that lies under no other."""
        row, below, beyond = tree
        if beyond:
            raise MultiplierError("nothing is above a cap that may be gone beyond")
        self._check_row(row)
        if not any(child[2] for child in below):
            return self.read_node(tree, OUTSIDE)
        if self.room[row] < 0:
            raise MultiplierError("a cap is negative")
        return CapTreeNode(row, int(self.room[row]), NONE, self._read_shared_trees(row, below))

    def _check_row(self, row: int) -> None:
        """Refuse a row that does not exist or is the goal."""
        if not 0 <= row < self.system.rows.n or row == self.goal:
            raise MultiplierError("there is no such row")

    def _read_shared_trees(self, above: int, trees: Sequence[Tree]) -> tuple[CapTreeNode, ...]:
        """Read the trees under a row that distributes money; each has its own free column in that row."""
        if len(self._read_cap(above)[0]):
            raise MultiplierError("a row that shares money out counts choices")
        written = self._map_free_columns(above)
        nodes: list[CapTreeNode] = []
        for row, below, excess in trees:
            self._check_row(row)
            own = self._map_free_columns(row)
            pays = [c for c, value in own.items() if value == -1 and written.get(c) == 1]
            if not excess or len(pays) != 1 or self.system.low[pays[0]] != 0:
                raise MultiplierError("a cap is not paid by one column of the row above")
            del written[pays[0]]
            # `room` allows for the column at its largest, which the node above counts instead
            cap = int(self.room[row]) - int(self.system.high[pays[0]])
            nodes.append(self._read_budgeted_node(row, below, cap))
        return tuple(nodes)

    def _read_budgeted_node(self, row: int, below: Sequence[Tree], cap: int) -> CapTreeNode:
        """Read a node whose cap may be exceeded."""
        if cap < 0:
            raise MultiplierError("a cap is negative")
        if any(child[2] for child in below):
            return CapTreeNode(row, cap, NONE, self._read_shared_trees(row, below), may_exceed=True)
        columns, cost = self._read_cap(row)
        node = self.read_node((row, below, False), OUTSIDE)
        if (self.weight[columns] != cost).any():
            raise MultiplierError("a cap counts other costs than the one above")
        return replace(node, cap=cap, may_exceed=True)

    def _map_free_columns(self, row: int) -> dict[int, int]:
        """Return the free columns of a row with their coefficients."""
        columns, values = self._get_entries(row)
        free = columns >= self.system.n_choices
        return dict(zip(columns[free].tolist(), values[free].tolist(), strict=True))

    def _get_entries(self, row: int) -> tuple[IntArray, IntArray]:
        """Return the columns of a row and their coefficients."""
        rows = self.system.rows
        first, last = np.searchsorted(rows.row, [row, row + 1]).tolist()
        return rows.col[first:last], rows.value[first:last]

    def read_node(self, tree: Tree, above: int) -> CapTreeNode:
        """Read a tree whose columns all lie under the row `above` and under no other row read so far."""
        row, below, beyond = tree
        self._check_row(row)
        if beyond:
            raise MultiplierError("only a row that shares money out is over a cap that may be gone beyond")
        columns, cost = self._read_cap(row)
        if (self.holder[columns] != above).any():
            raise MultiplierError("two caps share a column, or a cap is no part of the one above")
        if above == OUTSIDE:
            self.weight[columns] = cost
        cap = _scale_capacity(self.weight[columns], cost, int(self.room[row]))
        if cap < 0:
            raise MultiplierError("a cap is negative")
        self.holder[columns] = row
        children = tuple(self.read_node(child, row) for child in below)
        return CapTreeNode(row, cap, columns[self.holder[columns] == row], children)

    def _read_cap(self, row: int) -> tuple[IntArray, IntArray]:
        """Return the open choices that a row counts, and the cost of each."""
        columns, cost = self._get_entries(row)
        open_ = columns < self.system.n_choices
        choices = columns[open_]
        open_[open_] = ~self.forced[choices] & (self.system.high[choices] > 0)
        if (cost[open_] < 0).any():
            raise MultiplierError("a cap has a negative coefficient")
        return columns[open_], cost[open_]


def _scale_capacity(weight: IntArray, cost: IntArray, room: int) -> int:
    """Return the capacity in units of `weight` that Σ cost·x ≤ room gives; one must be a multiple of the other."""
    if not len(cost):
        return room  # all its columns are fixed
    times, pieces = int(weight[0] // cost[0]), int(cost[0] // weight[0])
    if times and (weight == times * cost).all():
        return times * room
    if pieces and (cost == pieces * weight).all():
        return room // pieces
    raise MultiplierError("a cap counts other costs than the one above")
