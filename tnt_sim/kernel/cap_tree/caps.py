"""Read the capacity constraints of a model and arrange the nested ones as trees.

A *cap* is a row Σ a_c x_c ≤ b over columns whose coefficients are the columns' costs up to one common factor.
Caps form a tree (a laminar family) when any two are either disjoint or one contains the other. A forest keeps
some caps and ignores all other rows, so it is a relaxation: a solution found with it must be checked against
the rows left out.

The linear relaxation of a laminar knapsack is solved greedily by falling profit per cost
(`find_binding_caps`), since nested capacities define a polymatroid.

Source: Edmonds, *Submodular functions, matroids, and certain polyhedra* (1970).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.kernel.knapsack import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CapTreeNode:
    """One capacity of a tree, over the columns of its children and over its own.

    With `may_exceed`, the node has a budget of its own that it may exceed: only the excess counts in the node
    above. Then all children of the node above are such nodes.

    Attributes
    ----------
    row : the row of the model
    cap : the capacity, in the unit of the costs
    columns : int64, ascending: the columns under this node and under none of its children
    """

    row: int
    cap: int
    columns: IntArray
    children: tuple[CapTreeNode, ...] = ()
    may_exceed: bool = False

    def collect_columns(self) -> IntArray:
        """Return all columns under the node."""
        return np.concatenate([self.columns, *(child.collect_columns() for child in self.children)])

    def list_leaves(self) -> list[CapTreeNode]:
        """Return the nodes that hold columns of their own."""
        own = [self] if len(self.columns) else []
        return [*own, *(leaf for child in self.children for leaf in child.list_leaves())]

    def list_columns_by_node(self) -> list[IntArray]:
        """Return the own columns of the node and of every node under it, as one list per node."""
        return [self.columns, *(part for child in self.children for part in child.list_columns_by_node())]

    def collect_rows(self) -> set[int]:
        """Return the rows of the node and of all nodes under it."""
        return {self.row}.union(*(child.collect_rows() for child in self.children))

    def divide_capacities(self, unit: int) -> CapTreeNode:
        """Return the tree with capacities in multiples of `unit`, which divides all costs.

        Capacities are rounded down.
        """
        children = tuple(child.divide_capacities(unit) for child in self.children)
        return replace(self, cap=self.cap // unit, children=children)

    @property
    def shares(self) -> bool:
        """Whether the node's capacity pays for what its children spend beyond their own budgets."""
        return any(child.may_exceed for child in self.children)

    def list_exceedable_budgets(self) -> list[int]:
        """Return the budgets that nodes may exceed, under this node and its own."""
        below = [cap for child in self.children for cap in child.list_exceedable_budgets()]
        return [self.cap, *below] if self.may_exceed else below

    def serialise_rows(self) -> list[object]:
        """Return the rows as plain values: [row, [child, …]], with True appended if the cap may be exceeded."""
        below = [child.serialise_rows() for child in self.children]
        return [self.row, below, True] if self.may_exceed else [self.row, below]


@dataclass(frozen=True, slots=True)
class SharedCap:
    """A row that distributes free money to caps and to further such rows.

    Attributes
    ----------
    cap : the money to distribute
    caps : rows of the caps that may receive some
    beyond : whether this row may itself receive money from the row above
    """

    row: int
    cap: int
    caps: tuple[int, ...]
    below: tuple[SharedCap, ...] = ()
    may_exceed: bool = False

    def collect_caps(self) -> set[int]:
        """Return the rows of all caps that may receive money, at any depth."""
        return set(self.caps).union(*(child.collect_caps() for child in self.below))

    def build_node(self, trees: dict[int, CapTreeNode]) -> CapTreeNode:
        """Build the node over the trees of its caps, and remove these from `trees`, which is keyed by row."""
        caps = [replace(trees.pop(row), may_exceed=True) for row in self.caps if row in trees]
        nodes = (*caps, *(child.build_node(trees) for child in self.below))
        return CapTreeNode(self.row, self.cap, np.zeros(0, dtype=np.int64), nodes, self.may_exceed)


@dataclass(frozen=True, slots=True, eq=False)
class CapRows:
    """The caps of a model, by falling number of columns.

    Attributes
    ----------
    row : row of each cap
    columns : int64 arrays, ascending: the columns of each cap
    cap : capacity of each, in the unit of the costs
    """

    row: tuple[int, ...]
    columns: tuple[IntArray, ...]
    cap: tuple[int, ...]

    def drop_crossing_caps(self, rows: set[int]) -> CapRows:
        """Remove the caps that contain columns of one of some disjoint rows and also other columns."""
        if not rows:
            return self
        holder = np.full(1 + max(int(columns[-1]) for columns in self.columns), -1, dtype=np.int64)
        for row, columns in zip(self.row, self.columns, strict=True):
            if row in rows:
                holder[columns] = row
        retained = [
            k
            for k, (row, columns) in enumerate(zip(self.row, self.columns, strict=True))
            if row in rows or (holder[columns] == holder[columns[0]]).all()
        ]
        # of caps over equally many columns the given rows come first, so they become the outer nodes
        retained.sort(key=lambda k: (-len(self.columns[k]), self.row[k] not in rows))
        return CapRows(
            tuple(self.row[k] for k in retained),
            tuple(self.columns[k] for k in retained),
            tuple(self.cap[k] for k in retained),
        )

    def restrict_to_columns(self, columns: BoolArray, rows: set[int]) -> CapRows:
        """Restrict some of the rows to some of the columns, bool (n_cols,).

        Rows left without columns are dropped.
        """
        retained = [own[columns[own]] for own in self.columns]
        order = [k for k, row in enumerate(self.row) if row in rows and len(retained[k])]
        order.sort(key=lambda k: -len(retained[k]))
        return CapRows(
            tuple(self.row[k] for k in order),
            tuple(retained[k] for k in order),
            tuple(self.cap[k] for k in order),
        )


def find_caps(
    indptr: IntArray, indices: IntArray, data: IntArray, upper: IntArray, plain: IntArray, cost: IntArray
) -> CapRows:
    """Find the caps of a sparse model.

    A row is a cap when cost_c = f·a_c for all its columns, with one integer f ≥ 1; its capacity is then f·b.

    Parameters
    ----------
    indptr, indices, data : the rows in CSR form, integers
    upper : int64 (n_rows,), the right-hand sides b
    plain : int64, the rows to examine
    cost : int64 (n_cols,), > 0
    """
    rows = plain[indptr[plain + 1] > indptr[plain]]
    if not len(rows):
        return CapRows((), (), ())
    length = indptr[rows + 1] - indptr[rows]
    first = np.cumsum(length) - length
    entry = np.arange(int(length.sum())) + np.repeat(indptr[rows] - first, length)
    columns, values = indices[entry].astype(np.int64), data[entry]
    positive = values > 0
    factor, left = np.divmod(cost[columns], np.where(positive, values, 1))
    least, most = np.minimum.reduceat(factor, first), np.maximum.reduceat(factor, first)
    one = np.logical_and.reduceat(positive & (left == 0), first) & (least == most) & (least > 0)
    order = np.flatnonzero(one)
    order = order[np.lexsort((rows[order], -length[order]))].tolist()
    return CapRows(
        tuple(rows[order].tolist()),
        tuple(columns[int(first[k]) : int(first[k] + length[k])] for k in order),
        tuple(int(upper[rows[k]]) * int(least[k]) for k in order),
    )


def build_cap_trees(caps: CapRows, n_cols: int, rows: Collection[int]) -> list[CapTreeNode]:
    """Arrange the chosen rows as trees.

    The parent of a row is the shortest chosen row that contains all its columns. A row that crosses one
    placed before it is left out. Longer rows are placed first; of equals the first.

    Examples
    --------
    >>> caps = CapRows((0, 1), (np.array([0, 1, 2]), np.array([0, 1])), (9, 5))
    >>> (tree,) = build_cap_trees(caps, 3, {0, 1})
    >>> tree.row, tree.columns.tolist(), tree.children[0].columns.tolist()
    (0, [2], [0, 1])
    """
    holder = np.full(n_cols, -1, dtype=np.int64)
    above: dict[int, int] = {}
    for k, columns in enumerate(caps.columns):
        if caps.row[k] not in rows:
            continue
        over = int(holder[columns[0]])
        if (holder[columns] == over).all():
            above[k] = over
            holder[columns] = k
    below: dict[int, list[int]] = {k: [] for k in (-1, *above)}
    for k, over in above.items():
        below[over].append(k)
    inside = np.argsort(holder, kind="stable")
    starts = np.searchsorted(holder[inside], np.arange(len(caps.row) + 1))

    def build_node(k: int) -> CapTreeNode:
        own = inside[starts[k] : starts[k + 1]]
        return CapTreeNode(caps.row[k], caps.cap[k], own, tuple(build_node(child) for child in below[k]))

    return [build_node(k) for k in below[-1]]


def find_binding_caps(nodes: Sequence[CapTreeNode], profit: IntArray, cost: IntArray) -> set[int]:
    """Return the caps that bind in the linear relaxation.

    Bottom-up, each node keeps the best columns by profit per cost of what its children keep, until it is
    full; the last column may be taken in part. A cap binds when this cut-off comes before the cut-offs of all
    nodes above it.
    """
    n_cols = len(profit)
    order = np.argsort(-(profit / cost), kind="stable")
    place = np.empty(n_cols, dtype=np.int64)
    place[order] = np.arange(n_cols)
    left = cost[order].astype(np.float64)
    last: dict[int, int] = {}

    def select_columns(node: CapTreeNode) -> IntArray:
        """Return the places, ascending in the efficiency order, of the columns kept under a node."""
        own = np.concatenate([place[node.columns], *(select_columns(child) for child in node.children)])
        own.sort()
        reach = np.cumsum(left[own])
        end = int(np.searchsorted(reach, node.cap, side="right"))
        if end == len(own):
            return own
        left[own[end]] -= reach[end] - node.cap
        last[node.row] = int(own[end])
        return own[: end + 1]

    def collect_binding_rows(node: CapTreeNode, above: float) -> set[int]:
        own = last.get(node.row, n_cols)
        here = {node.row} if own < above else set()
        return here.union(*(collect_binding_rows(child, min(own, above)) for child in node.children))

    for node in nodes:
        select_columns(node)
    return set().union(*(collect_binding_rows(node, n_cols) for node in nodes))
