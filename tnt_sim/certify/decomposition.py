"""Split a subproblem into independent pieces by Lagrangian relaxation of the rows that link them.

For any y ≥ 0 and any set K of rows to keep, every point of the subproblem satisfies (yA)x ≤ y·b and the rows
K. If no row of K and no block joins two groups of columns, the least of (yA)x under K is the sum of the least
values of the groups. A sum above y·b proves the subproblem empty.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import BIG, Box, MultiplierError, Rows, System, Weighed
from tnt_sim.rules.linear_terms import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Subsystem:
    """An independent piece: its system, the cost (yA) of its columns, and their places in the whole system."""

    system: System
    cost: IntArray
    columns: IntArray

    def build_cheaper_system(self, bound: int) -> System:
        """Return the system that has no solution if no point of the piece costs less than `bound`."""
        used = np.flatnonzero(self.cost)
        rows = self.system.rows.with_row(used, self.cost[used], bound - 1, "piece:better")
        return self.system.with_rows(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """The pieces, the least cost of the columns in no kept row (`rest`), and y·b (`limit`)."""

    systems: tuple[Subsystem, ...]
    rest: int
    limit: int


def decompose_system(system: System, box: Box, weighed: Weighed, priced: Sequence[int]) -> Decomposition:
    """Split a subproblem under the rows `priced`; pieces come in the order of their first column.

    Raises
    ------
    MultiplierError
        When a block that must be chosen has no open choice.
    """
    rows = system.rows
    keep = np.zeros(rows.n, dtype=np.bool_)
    keep[np.array(priced, dtype=np.int64)] = True
    used = keep[rows.row]
    label = _label_components(system, rows.row[used], rows.col[used], rows.n)
    touched = np.zeros(system.n_cols, dtype=np.bool_)
    touched[rows.col[used]] = True
    names, piece = np.unique(label, return_inverse=True)
    inside = np.zeros(len(names), dtype=np.bool_)
    inside[piece[touched]] = True
    order = np.argsort(piece, kind="stable")
    starts = np.searchsorted(piece[order], np.arange(len(names) + 1))
    row_piece = np.full(rows.n, -1, dtype=np.int64)
    row_piece[rows.row[used]] = piece[rows.col[used]]
    systems = []
    for k in np.flatnonzero(inside).tolist():
        columns = np.sort(order[starts[k] : starts[k + 1]])
        systems.append(_build_subsystem(system, box, weighed, columns, row_piece == k))
    return Decomposition(
        tuple(systems), _compute_loose_cost(system, box, weighed, ~inside[piece]), weighed.limit
    )


def _label_components(system: System, row: IntArray, col: IntArray, n_rows: int) -> IntArray:
    """Return the smallest column of each connected component, int64 (n_cols,).

    Rows and blocks connect their columns.
    """
    label = np.arange(system.n_cols, dtype=np.int64)
    n = system.n_choices
    while True:
        before = label.copy()
        least = np.full(n_rows, system.n_cols, dtype=np.int64)
        np.minimum.at(least, row, label[col])
        np.minimum.at(label, col, least[row])
        if n:
            label[:n] = np.minimum.reduceat(label[:n], system.heads)[system.block[:n]]
        label = label[label]
        if (label == before).all():
            return label


def _build_subsystem(
    system: System, box: Box, weighed: Weighed, columns: IntArray, own_rows: BoolArray
) -> Subsystem:
    """Build the system of one component."""
    rows = system.rows
    n = system.n_choices
    choice = columns[columns < n]
    choice = choice[box.open[choice]]
    free = columns[columns >= n]
    blocks = np.unique(system.block[columns[columns < n]])
    counted = np.isin(blocks, system.block[choice])
    if (box.must[blocks] & ~counted).any():
        raise MultiplierError("a block that must be chosen has no choice left")
    blocks = blocks[counted]
    columns = np.concatenate([choice, free])
    place = np.full(system.n_cols, -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    used = own_rows[rows.row] & (place[rows.col] >= 0)
    row_place = np.cumsum(own_rows) - 1
    piece = System(
        block=np.concatenate(
            [np.searchsorted(blocks, system.block[choice]), np.full(len(free), -1, dtype=np.int64)]
        ),
        must=box.must[blocks],
        low=np.concatenate([np.zeros(len(choice), dtype=np.int64), box.low[free - n]]),
        high=np.concatenate([np.ones(len(choice), dtype=np.int64), box.high[free - n]]),
        rows=Rows(
            row_place[rows.row[used]],
            place[rows.col[used]],
            rows.value[used],
            rows.upper[own_rows],
            tuple(name for name, keep in zip(rows.names, own_rows.tolist(), strict=True) if keep),
        ),
    )
    return Subsystem(piece, weighed.cost[columns], columns)


def _compute_loose_cost(system: System, box: Box, weighed: Weighed, loose: BoolArray) -> int:
    """Return the least cost of the columns that no kept row contains."""
    n, total = system.n_choices, 0
    if n:
        open_cost = np.where(box.open, weighed.cost[:n], BIG)
        least = np.minimum.reduceat(open_cost, system.heads)
        own = loose[:n][system.heads]
        if (own & box.must & (least == BIG)).any():
            raise MultiplierError("a block that must be chosen has no choice left")
        total = int(np.where(box.must, least, np.minimum(least, 0))[own].sum())
    cost = weighed.cost[n:]
    free = np.where(cost > 0, cost * box.low, cost * box.high)
    return total + int(free[loose[n:]].sum())
