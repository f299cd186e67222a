"""Which caps of a model form trees: groups of columns under a cap, in disjoint parts under caps, and so on.

Only rows Σ a_c x_c ≤ b whose coefficients are the costs up to one factor count. A forest keeps some of them and
leaves all other rows out: what it finds must be checked against them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.kernel.knapsack import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A cap over the columns of its children and over its own, which lie under no child; ascending.

    A node may go `beyond` its cap: then only what it takes beyond counts in the node above, whose children all do.
    """

    row: int
    cap: int
    columns: IntArray
    children: tuple[Node, ...] = ()
    beyond: bool = False

    def every(self) -> IntArray:
        """All columns under the node."""
        return np.concatenate([self.columns, *(child.every() for child in self.children)])

    def parts(self) -> list[IntArray]:
        """The columns of the node's own and those of every node under it."""
        return [self.columns, *(part for child in self.children for part in child.parts())]

    def rows(self) -> set[int]:
        """The rows of the node and of all under it."""
        return {self.row}.union(*(child.rows() for child in self.children))

    def divided(self, unit: int) -> Node:
        """The same with costs counted in units, which all costs are multiples of."""
        children = tuple(child.divided(unit) for child in self.children)
        return replace(self, cap=self.cap // unit, children=children)

    @property
    def shares(self) -> bool:
        """Whether it shares its cap out to children that may go beyond theirs."""
        return any(child.beyond for child in self.children)

    def allowances(self) -> list[int]:
        """The caps, under the node and its own, that nodes may go beyond."""
        below = [cap for child in self.children for cap in child.allowances()]
        return [self.cap, *below] if self.beyond else below

    def sketch(self) -> list[object]:
        """Rows alone, as plain values: [row, [child, …]], with True at the end where it may go beyond."""
        below = [child.sketch() for child in self.children]
        return [self.row, below, True] if self.beyond else [self.row, below]


@dataclass(frozen=True, slots=True)
class Shared:
    """A row that shares free money out: to caps, and to further such rows; `beyond` if it may get more itself."""

    row: int
    cap: int
    caps: tuple[int, ...]
    below: tuple[Shared, ...] = ()
    beyond: bool = False

    def every(self) -> set[int]:
        """The rows of all caps that it gives to."""
        return set(self.caps).union(*(child.every() for child in self.below))

    def over(self, trees: dict[int, Node]) -> Node:
        """The node over the trees of its caps, by row; each is taken out of `trees`."""
        caps = [replace(trees.pop(row), beyond=True) for row in self.caps if row in trees]
        nodes = (*caps, *(child.over(trees) for child in self.below))
        return Node(self.row, self.cap, np.zeros(0, dtype=np.int64), nodes, self.beyond)


@dataclass(frozen=True, slots=True, eq=False)
class Caps:
    """The rows that cap costs, by falling length: columns of each, and its cap in units of cost."""

    row: tuple[int, ...]
    columns: tuple[IntArray, ...]
    cap: tuple[int, ...]

    def within(self, rows: set[int]) -> Caps:
        """Without those that hold columns of one of some disjoint rows and further ones."""
        if not rows:
            return self
        holder = np.full(1 + max(int(columns[-1]) for columns in self.columns), -1, dtype=np.int64)
        for row, columns in zip(self.row, self.columns, strict=True):
            if row in rows:
                holder[columns] = row
        kept = [
            k
            for k, (row, columns) in enumerate(zip(self.row, self.columns, strict=True))
            if row in rows or (holder[columns] == holder[columns[0]]).all()
        ]
        # of rows over the same columns these go outside: what holds back all of them holds inside
        kept.sort(key=lambda k: (-len(self.columns[k]), self.row[k] not in rows))
        return Caps(
            tuple(self.row[k] for k in kept),
            tuple(self.columns[k] for k in kept),
            tuple(self.cap[k] for k in kept),
        )

    def over(self, columns: BoolArray, rows: set[int]) -> Caps:
        """Some of the rows over some of the columns, bool (n_cols,), where they hold any."""
        kept = [own[columns[own]] for own in self.columns]
        order = [k for k, row in enumerate(self.row) if row in rows and len(kept[k])]
        order.sort(key=lambda k: -len(kept[k]))
        return Caps(
            tuple(self.row[k] for k in order),
            tuple(kept[k] for k in order),
            tuple(self.cap[k] for k in order),
        )


def caps_on(
    indptr: IntArray, indices: IntArray, data: IntArray, upper: IntArray, plain: IntArray, cost: IntArray
) -> Caps:
    """The rows among `plain` that are caps on cost."""
    rows = plain[indptr[plain + 1] > indptr[plain]]
    if not len(rows):
        return Caps((), (), ())
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
    return Caps(
        tuple(rows[order].tolist()),
        tuple(columns[int(first[k]) : int(first[k] + length[k])] for k in order),
        tuple(int(upper[rows[k]]) * int(least[k]) for k in order),
    )


def forest(caps: Caps, n_cols: int, rows: Collection[int]) -> list[Node]:
    """The chosen rows as trees: each node under the shortest chosen row that holds all of its columns.

    Rows that hold a part only of another chosen row's columns cross it; the longer one is kept, and of equals the
    first.
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

    def grown(k: int) -> Node:
        own = inside[starts[k] : starts[k + 1]]
        return Node(caps.row[k], caps.cap[k], own, tuple(grown(child) for child in below[k]))

    return [grown(k) for k in below[-1]]


def binding(nodes: Sequence[Node], profit: IntArray, cost: IntArray) -> set[int]:
    """The rows that hold something back in the relaxed program, where the last column taken is taken in part.

    Under nested caps that program is solved greedily: each node takes the best by profit per cost of what its
    children take, until it is full. A row holds back what lies between its own last column and those above.
    """
    n_cols = len(profit)
    order = np.argsort(-(profit / cost), kind="stable")
    place = np.empty(n_cols, dtype=np.int64)
    place[order] = np.arange(n_cols)
    left = cost[order].astype(np.float64)
    last: dict[int, int] = {}

    def taken(node: Node) -> IntArray:
        """Places in the order, ascending, of what is taken under a node; `left` holds how much of each."""
        mine = np.concatenate([place[node.columns], *(taken(child) for child in node.children)])
        mine.sort()
        reach = np.cumsum(left[mine])
        end = int(np.searchsorted(reach, node.cap, side="right"))
        if end == len(mine):
            return mine
        left[mine[end]] -= reach[end] - node.cap
        last[node.row] = int(mine[end])
        return mine[: end + 1]

    def holding(node: Node, above: float) -> set[int]:
        own = last.get(node.row, n_cols)
        here = {node.row} if own < above else set()
        return here.union(*(holding(child, min(own, above)) for child in node.children))

    for node in nodes:
        taken(node)
    return set().union(*(holding(node, n_cols) for node in nodes))
