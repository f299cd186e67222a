"""Which caps of a model form two levels of a tree: groups of columns under a cap, in disjoint parts under caps.

Only rows Σ a_c x_c ≤ b whose coefficients are the costs up to one factor count. A candidate keeps the rows of one
depth as tops, alone or with those just below as leaves, and leaves all others out: what it finds must be checked
against them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.kernel.knapsack import IntArray

MAX_DEPTH = 4


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One independent group: its columns, its top row, its leaf rows, and each column's leaf (-1: none)."""

    columns: IntArray
    top: int
    leaves: tuple[int, ...]
    leaf: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Caps:
    """The rows that cap costs, by falling length: columns of each, and its cap in units of cost."""

    row: tuple[int, ...]
    columns: tuple[IntArray, ...]
    cap: tuple[int, ...]


def caps_on(
    indptr: IntArray, indices: IntArray, data: IntArray, upper: IntArray, plain: IntArray, cost: IntArray
) -> Caps:
    """The rows among `plain` that are caps on cost."""
    found = []
    for row in plain.tolist():
        part = slice(int(indptr[row]), int(indptr[row + 1]))
        columns, values = indices[part], data[part]
        if not len(columns) or (values <= 0).any() or (cost[columns] % values).any():
            continue
        factor = cost[columns] // values
        if factor[0] > 0 and (factor == factor[0]).all():
            found.append((row, columns.astype(np.int64), int(upper[row]) * int(factor[0])))
    found.sort(key=lambda item: (-len(item[1]), item[0]))
    return Caps(tuple(r for r, _, _ in found), tuple(c for _, c, _ in found), tuple(b for _, _, b in found))


def candidates(caps: Caps, n_cols: int) -> list[list[Group]]:
    """The ways to see at most two levels, from the top of the tree downwards; each first without its leaves."""
    holder = np.full(n_cols, -1, dtype=np.int64)
    depth: list[int] = []
    for k, columns in enumerate(caps.columns):
        # one level below the deepest row that holds all of its columns; crossing rows are no part of the tree
        above = int(holder[columns[0]])
        within = bool((holder[columns] == above).all())
        depth.append((depth[above] + 1 if above >= 0 else 0) if within else -1)
        if within:
            holder[columns] = k
    deepest = max(depth, default=-1)
    found = []
    for top in range(min(deepest + 1, MAX_DEPTH)):
        whole = _groups(caps, depth, top, n_cols)
        found.append([Group(g.columns, g.top, (), np.full(len(g.columns), -1)) for g in whole])
        if any(group.leaves for group in whole):
            found.append(whole)
    return found


def _groups(caps: Caps, depth: list[int], top_depth: int, n_cols: int) -> list[Group]:
    owner, leaf_of = np.full(n_cols, -1, dtype=np.int64), np.full(n_cols, -1, dtype=np.int64)
    tops = [k for k, d in enumerate(depth) if d == top_depth]
    for k in tops:
        owner[caps.columns[k]] = k
    children: dict[int, list[int]] = {k: [] for k in tops}
    for k, d in enumerate(depth):
        if d == top_depth + 1:
            above = int(owner[caps.columns[k][0]])
            leaf_of[caps.columns[k]] = len(children[above])
            children[above].append(k)
    return [
        Group(
            caps.columns[k],
            caps.row[k],
            tuple(caps.row[c] for c in children[k]),
            leaf_of[caps.columns[k]],
        )
        for k in tops
    ]
