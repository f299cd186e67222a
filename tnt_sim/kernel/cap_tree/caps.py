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

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import is_

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.knapsack import BoolArray, IntArray

FloatArray = NDArray[np.float64]


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
class Nesting:
    """How some caps contain each other, by their place among all caps; the capacities do not matter.

    Attributes
    ----------
    tops : the caps in no other
    below : the caps directly in each
    own : int64 arrays: the columns of each cap that are in none below it
    """

    tops: tuple[int, ...]
    below: dict[int, tuple[int, ...]]
    own: dict[int, IntArray]


MOST_NESTINGS = 64
"""Nestings kept with the columns of caps."""


@dataclass(frozen=True, slots=True, eq=False)
class EfficiencyOrder:
    """Columns by falling profit per cost, for all capacities.

    Attributes
    ----------
    profit, cost : int64 (n_cols,), the numbers by which they are sorted
    sorted_cost : float64 (n_cols,), the costs in this order
    columns : own columns of each node of some trees, as they were given
    places : int64 arrays, ascending: where these stand in the order
    """

    profit: IntArray
    cost: IntArray
    sorted_cost: FloatArray
    columns: Sequence[IntArray]
    places: Sequence[IntArray]

    @classmethod
    def of(cls, columns: Sequence[IntArray], profit: IntArray, cost: IntArray) -> EfficiencyOrder:
        """Sort the columns, those of equal efficiency by number."""
        n_cols, n_nodes = len(profit), len(columns)
        order = np.argsort(-(profit / cost), kind="stable")
        holder = np.full(n_cols, n_nodes, dtype=np.int16 if n_nodes < 2**15 else np.int64)
        for k, own in enumerate(columns):
            holder[own] = k
        by_node = np.argsort(holder[order], kind="stable")
        ends = np.cumsum([len(own) for own in columns], dtype=np.int64).tolist()
        places = [by_node[end - len(own) : end] for own, end in zip(columns, ends, strict=True)]
        return cls(profit, cost, cost[order].astype(np.float64), columns, places)

    def is_of(self, columns: Sequence[IntArray], profit: IntArray, cost: IntArray) -> bool:
        """Return whether it is the order of these numbers, and the columns are the same arrays."""
        return (
            len(columns) == len(self.columns)
            and all(map(is_, columns, self.columns))
            and np.array_equal(profit, self.profit)
            and np.array_equal(cost, self.cost)
        )


@dataclass(slots=True, eq=False)
class CapLayout:
    """Nestings and orders of the columns of caps, the same for all capacities; each is computed once."""

    nestings: dict[frozenset[int], Nesting] = field(default_factory=dict)
    entries: IntArray | None = None
    starts: IntArray | None = None
    order: EfficiencyOrder | None = None

    def get_order(self, columns: Sequence[IntArray], profit: IntArray, cost: IntArray) -> EfficiencyOrder:
        """Return the columns by efficiency, sorted again if the numbers are others than the last ones."""
        if self.order is None or not self.order.is_of(columns, profit, cost):
            self.order = EfficiencyOrder.of(columns, profit, cost)
        return self.order


@dataclass(frozen=True, slots=True, eq=False)
class CapRows:
    """The caps of a model, by falling number of columns.

    Attributes
    ----------
    row : row of each cap
    columns : int64 arrays, ascending: the columns of each cap, at least one
    cap : capacity of each, in the unit of the costs
    factor : capacity per unit of the right-hand side of the row
    """

    row: tuple[int, ...]
    columns: tuple[IntArray, ...]
    cap: tuple[int, ...]
    factor: tuple[int, ...] = ()
    layout: CapLayout = field(default_factory=CapLayout, repr=False)

    def with_bounds(self, upper: IntArray) -> CapRows:
        """Return the same caps with other right-hand sides of the model's rows, int64 (n_rows,)."""
        bounds = upper[list(self.row)].tolist()
        return replace(self, cap=tuple(b * f for b, f in zip(bounds, self.factor, strict=True)))

    def get_entries(self) -> tuple[IntArray, IntArray]:
        """Return the columns of all caps, one after the other, and where those of each begin."""
        layout = self.layout
        if layout.entries is None or layout.starts is None:
            length = np.array([len(columns) for columns in self.columns], dtype=np.int64)
            layout.entries, layout.starts = np.concatenate(self.columns), np.cumsum(length) - length
        return layout.entries, layout.starts

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
        tuple(least[order].tolist()),
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
    chosen = frozenset(rows)
    nesting = caps.layout.nestings.get(chosen)
    if nesting is None:
        if len(caps.layout.nestings) >= MOST_NESTINGS:
            caps.layout.nestings.clear()
        nesting = caps.layout.nestings[chosen] = _build_nesting(caps, n_cols, chosen)

    def build_node(k: int) -> CapTreeNode:
        return CapTreeNode(
            caps.row[k], caps.cap[k], nesting.own[k], tuple(build_node(child) for child in nesting.below[k])
        )

    return [build_node(k) for k in nesting.tops]


def _build_nesting(caps: CapRows, n_cols: int, rows: Collection[int]) -> Nesting:
    """Find which of the chosen rows contain which, as `build_cap_trees` says."""
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
    own = {k: inside[starts[k] : starts[k + 1]] for k in above}
    return Nesting(tuple(below[-1]), {k: tuple(below[k]) for k in above}, own)


def find_binding_caps(
    nodes: Sequence[CapTreeNode], profit: IntArray, cost: IntArray, layout: CapLayout | None = None
) -> set[int]:
    """Return the caps that bind in the linear relaxation.

    Bottom-up, each node keeps the best columns by profit per cost of what its children keep, until it is
    full; the last column may be taken in part. A cap binds when this cut-off comes before the cut-offs of all
    nodes above it. `layout` keeps the sorted columns for other capacities.
    """
    n_cols = len(profit)
    columns = [own for node in nodes for own in node.list_columns_by_node()]
    order = (layout or CapLayout()).get_order(columns, profit, cost)
    places, left = iter(order.places), order.sorted_cost.copy()
    last: dict[int, int] = {}

    for node in nodes:
        _select_best_columns(node, places, left, last)
    return set().union(*(_collect_binding_rows(node, n_cols, last, n_cols) for node in nodes))


def _select_best_columns(
    node: CapTreeNode, places: Iterator[IntArray], left: FloatArray, last: dict[int, int]
) -> IntArray:
    """Return the places, ascending in the efficiency order, of the best columns under a node, until it is full.

    Parameters
    ----------
    places : those of the columns of each node, the node before its children
    left : cost of each place; changes where a cap takes a column in part
    last : receives the place at which each cap cuts off, by row
    """
    own = next(places)
    if node.children:
        own = np.concatenate(
            [own, *(_select_best_columns(child, places, left, last) for child in node.children)]
        )
        own.sort()
    reach = np.cumsum(left[own])
    end = int(reach.searchsorted(node.cap, side="right"))
    if end == len(own):
        return own
    left[own[end]] -= reach[end] - node.cap
    last[node.row] = int(own[end])
    return own[: end + 1]


def _collect_binding_rows(node: CapTreeNode, above: int, last: dict[int, int], n_cols: int) -> set[int]:
    """Return the rows whose cut-off comes before those of all nodes above."""
    own = last.get(node.row, n_cols)
    here = {node.row} if own < above else set()
    return here.union(
        *(_collect_binding_rows(child, min(own, above), last, n_cols) for child in node.children)
    )
