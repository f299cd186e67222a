"""Optimise under the capacities of a model: choose the kernel, and add capacities only where they are violated.

Constraint generation. The optimum under some of the capacities is the optimum under all of them if it
violates none. So the search starts with the capacities that bind in the linear relaxation, solves the
resulting trees exactly, adds those that the solution violates, and repeats; only trees that changed are
solved again.

A tree with a single capacity and no groups is a 0-1 knapsack (`knapsack.py`); any other goes to
`tree_search.py`.

Source: Dantzig, Fulkerson and Johnson, *Solution of a large-scale traveling-salesman problem*, Operations
Research 2 (1954), for the generation of violated constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode, SharedCap, binding, forest
from tnt_sim.kernel.cap_tree.dominance import apart, greatest, lasting, scattered, trimmed
from tnt_sim.kernel.cap_tree.leaves import FRONTIER_CELLS
from tnt_sim.kernel.cap_tree.memo import BoundedMemo, named, shape
from tnt_sim.kernel.cap_tree.tree_search import TreeSolution, best_in_tree, cheapest_in_tree, tree_reaches
from tnt_sim.kernel.knapsack import (
    BoolArray,
    ChoiceGroups,
    IntArray,
    KnapsackSolution,
    TooManyStates,
    knapsack,
    reaches,
)
from tnt_sim.kernel.profit_frontier import Frontier, cells, items_of

KNAPSACK_WORK = 5_000_000
"""States examined per knapsack, at most."""
TREE_WORK, COLUMN_WORK = 20_000_000, 20
"""States examined per tree, at most, and how many more per column."""
TIE_CELLS = 4_000_000
"""Limit of items × profits for the tie-break among equally good selections of one knapsack; beyond it the tree
search resolves the tie.
"""


@dataclass(frozen=True, slots=True)
class Reachability:
    """Cached answer whether a target is reached."""

    reached: bool
    numbers: int = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Caches shared by several calls: efficient pairs of leaves, optima of trees, and decisions about targets."""

    fronts: BoundedMemo[Frontier] = field(default_factory=BoundedMemo)
    choices: BoundedMemo[TreeSolution] = field(default_factory=BoundedMemo)
    reached: BoundedMemo[Reachability] = field(default_factory=BoundedMemo)


def best_choice(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    memory: Memory | None = None,
    menus: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
) -> TreeSolution:
    """Maximise Σ p x under one tree of capacities; break ties by least Σ c x, then by rank order.

    Parameters
    ----------
    profit : int64 (n_cols,), ≥ 0
    cost : int64 (n_cols,), > 0
    memory : caches of earlier calls
    menus : multiple-choice groups: at most one column of a group is taken among a node's own columns; the
        ranking is then that of the groups

    Raises
    ------
    TooManyStates, OverflowError
        When the tree needs another method.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> tree = CapTreeNode(0, 9, np.array([0, 1, 2]))
    >>> best_choice(np.array([6, 5, 3]), np.array([5, 4, 4]), tree).columns.tolist()
    [0, 1]
    """
    if memory is None:
        return _best(profit, cost, tree, BoundedMemo(), menus, deadline)
    known, name = memory, _name(profit, cost, tree, menus)
    return known.choices.get(name, lambda: _best(profit, cost, tree, known.fronts, menus, deadline))


def _best(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    fronts: BoundedMemo[Frontier],
    menus: ChoiceGroups | None,
    deadline: Deadline,
) -> TreeSolution:
    """Solve a tree: a single capacity as a knapsack, any other by the tree search."""
    own = _free_columns(profit, cost, tree, menus)
    if own is not None:
        best = knapsack(profit[own], cost[own], tree.cap, KNAPSACK_WORK, deadline)
        taken = best.taken if best.ways == 1 else _first(profit[own], cost[own], best, deadline)
        if taken is not None:
            return TreeSolution(own[np.flatnonzero(taken)], best.profit, best.weight, True)
    return best_in_tree(profit, cost, tree, tree_work(tree), fronts, menus, deadline)


def _free_columns(
    profit: IntArray, cost: IntArray, tree: CapTreeNode, menus: ChoiceGroups | None
) -> IntArray | None:
    """Return the columns of a tree that is a plain knapsack, in rank order; None if it has children or groups."""
    if tree.children:
        return None
    if menus is None:
        return tree.columns
    own, shared = apart(trimmed(tree, profit, cost, menus).columns, menus)
    return None if len(shared) else own


def _name(
    profit: IntArray, cost: IntArray, tree: CapTreeNode, menus: ChoiceGroups | None, *target: int
) -> bytes:
    """Return the cache key of a tree and its numbers."""
    columns = tree.all_columns()
    numbers = [columns, profit[columns], cost[columns]]
    if menus is not None:
        numbers += [menus.group[columns], menus.raised[columns].astype(np.int64)]
    return named(numbers, shape(tree), *target)


def tree_work(tree: CapTreeNode) -> int:
    """Return the budget of states of one tree."""
    return TREE_WORK + COLUMN_WORK * len(tree.all_columns())


def _first(profit: IntArray, cost: IntArray, best: KnapsackSolution, deadline: Deadline) -> BoolArray | None:
    """Return the first optimal selection in rank order, bool (n,).

    The result is None where its table would exceed `TIE_CELLS`.
    """
    try:
        return items_of(profit, cost, best.profit, best.weight, TIE_CELLS, deadline)
    except TooManyStates:
        return None


def can_reach(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    target: int,
    memory: Memory | None = None,
    menus: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Decide whether some selection under a tree of capacities has a profit of at least `target`.

    Parameters are those of `best_choice`.

    Raises
    ------
    TooManyStates, OverflowError
        When the tree needs another method.
    DeadlineExpired
        When time is up.
    """
    if memory is None:
        return _reaches(profit, cost, tree, target, BoundedMemo(), menus, deadline)
    known, name = memory, _name(profit, cost, tree, menus, target)
    reached = known.reached.get(
        name, lambda: Reachability(_reaches(profit, cost, tree, target, known.fronts, menus, deadline))
    )
    return reached.reached


def _reaches(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    target: int,
    fronts: BoundedMemo[Frontier],
    menus: ChoiceGroups | None,
    deadline: Deadline,
) -> bool:
    """Decide whether a target is reached, without the cache."""
    own = _free_columns(profit, cost, tree, menus)
    if own is None:
        return tree_reaches(profit, cost, tree, target, tree_work(tree), fronts, menus, deadline)
    return reaches(profit[own], cost[own], tree.cap, target, KNAPSACK_WORK, deadline)


FEW_CAPS = 12
"""Greatest number of caps of a tree that `LongTreeError` may concern."""
CLOSE_ROUNDS = 1
"""Rounds after which caps that one more column would violate are added as well."""


@dataclass(frozen=True, slots=True, eq=False)
class ActiveCapsSolution:
    """Optimum under all caps.

    Attributes
    ----------
    x : int64 (n_cols,), 0 or 1
    alone : whether no equally good selection ranks before it
    trees : the trees of caps that determine it; they are the proof's hint
    """

    x: IntArray
    is_unique: bool
    trees: tuple[CapTreeNode, ...]


class LongTreeError(Exception):
    """A tree of few caps has a node with children and too many own columns: another kernel may be quicker."""


def best_under_caps(
    caps: CapRows,
    profit: IntArray,
    cost: IntArray,
    *,
    long: bool = True,
    memory: Memory | None = None,
    shared: Sequence[SharedCap] = (),
    menus: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
) -> ActiveCapsSolution:
    """Maximise Σ p x under every cap that crosses no other, then minimise Σ c x.

    Parameters
    ----------
    caps : capacities ≥ 0
    profit : int64 (n_cols,), ≥ 0
    cost : int64 (n_cols,), > 0
    long : whether to solve trees to which `LongTreeError` applies
    memory : caches of earlier calls
    shared : rows that distribute free money to caps; these may be exceeded, and no other cap may contain
        columns of theirs and also others
    menus : multiple-choice groups. At most one column of a group is taken where the same caps contain all its
        columns that matter. Elsewhere several may be taken: the caller must check, and the result is never
        `single`.

    Returns
    -------
    The optimum. Columns of positive profit under no cap are taken, of a group the best one.

    Raises
    ------
    LongTreeError
        Unless `long`, before such a tree is solved.
    DeadlineExpired
        When time is up.
    TooManyStates, OverflowError
        When the trees need another method.
    """
    n_cols = len(profit)
    all_items = forest(caps, n_cols, caps.row)
    nested = set().union(*(node.rows() for node in all_items))
    selected = profit > 0
    if menus is not None:
        # only rows that were nested before: a crossing row may contain only some columns of a group
        selected = _picked(all_items, n_cols, partial(lasting, profit=profit, weight=cost, menus=menus))
        caps = caps.over(selected, nested)
        most = _picked(
            forest(caps, n_cols, nested), n_cols, partial(greatest, profit=profit, weight=cost, menus=menus)
        )
        all_items = forest(caps.over(most, nested), n_cols, nested)
        nested = set(caps.row)
    gaining = set().union(*(row.all_caps() for row in shared))
    nested -= gaining
    active = binding(all_items, profit, cost) | gaining
    known: dict[tuple[object, ...], TreeSolution] = {}
    memory = memory or Memory()
    rounds = 0
    while True:
        deadline.check()
        trees = _with_shared(forest(caps, n_cols, active), shared)
        if not long and any(_is_long(tree, profit) for tree in trees):
            raise LongTreeError
        outside = _outside(trees, selected)
        x = np.zeros(n_cols, dtype=np.int64)
        x[outside if menus is None else greatest(outside, profit, cost, menus)] = 1
        single = True
        for tree in trees:
            name = tuple(sorted(tree.rows()))
            if name not in known:
                known[name] = best_choice(profit, cost, tree, memory, menus, deadline)
            x[known[name].columns] = 1
            single &= known[name].canonical
        broken, close = _broken(caps, x, cost, nested)
        if not broken:
            if menus is not None:
                single &= not scattered([outside, *(np.sort(tree.all_columns()) for tree in trees)], menus)
            return ActiveCapsSolution(x, single, tuple(trees))
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def cheapest_under_caps(
    caps: CapRows,
    profit: IntArray,
    cost: IntArray,
    at_least: int,
    *,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> IntArray | None:
    """Minimise Σ c x subject to Σ p x ≥ at_least under every cap that crosses no other; None if infeasible.

    Profits are ≥ 0, costs > 0, capacities ≥ 0. As long as no cap is violated the problem is a minimisation
    knapsack, solved through its complement: leave out the most cost for the profit that can be spared.

    Raises
    ------
    DeadlineExpired
        When time is up.
    TooManyStates, OverflowError
        When the trees need another method.
    """
    n_cols, known = len(profit), memory or Memory()
    every = {row for row, columns in zip(caps.row, caps.columns, strict=True) if len(columns) == n_cols}
    most = min((cap for row, cap in zip(caps.row, caps.cap, strict=True) if row in every), default=None)
    nested = set().union(*(node.rows() for node in forest(caps, n_cols, set(caps.row) - every)))
    active: set[int] = set()
    spare = int(profit.sum()) - at_least
    if spare < 0:
        return None
    rounds = 0
    while True:
        deadline.check()
        trees = forest(caps, n_cols, active)
        if trees:
            root = CapTreeNode(-1, int(cost.sum()), _outside(trees, profit > 0), tuple(trees))
            result = cheapest_in_tree(profit, cost, root, at_least, tree_work(root), known.fronts, deadline)
            if result is None:
                return None
            x = np.zeros(n_cols, dtype=np.int64)
            x[result.columns] = 1
        else:
            x = 1 - knapsack(cost, profit, spare, KNAPSACK_WORK, deadline).taken.astype(np.int64)
        broken, close = _broken(caps, x, cost, nested)
        if most is not None and int(cost @ x) > most:
            return None  # the least cost under some caps already exceeds the cap on all columns
        if not broken:
            return x
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def _picked(trees: Sequence[CapTreeNode], n_cols: int, pick: Callable[[IntArray], IntArray]) -> BoolArray:
    """Apply `pick` to the own columns of each node and to the columns under no tree; bool (n_cols,)."""
    places = np.zeros(n_cols, dtype=np.bool_)
    outside = _outside(trees, np.ones(n_cols, dtype=np.bool_))
    for own in (outside, *(part for tree in trees for part in tree.own_columns())):
        places[pick(own)] = True
    return places


def _outside(trees: Sequence[CapTreeNode], covered: BoolArray) -> IntArray:
    """Return those of some columns, bool (n_cols,), that lie under no tree."""
    outside = covered.copy()
    for tree in trees:
        outside[tree.all_columns()] = False
    return np.flatnonzero(outside)


def _with_shared(trees: list[CapTreeNode], shared: Sequence[SharedCap]) -> list[CapTreeNode]:
    """Place the trees of caps that receive free money under the rows that distribute it.

    Raises
    ------
    ValueError
        When such a cap lies under another cap.
    """
    single = {tree.row: tree for tree in trees}
    tops = [row.over(single) for row in shared]
    gaining = set().union(*(row.all_caps() for row in shared))
    if gaining and any(gaining & tree.rows() for tree in single.values()):
        raise ValueError("a cap that may be gone beyond is under another")
    return [*single.values(), *(top for top in tops if top.children)]


def _is_long(tree: CapTreeNode, profit: IntArray) -> bool:
    """Return whether `LongTreeError` applies: the own columns are too many for dynamic programming by profits."""
    if not tree.children or len(tree.rows()) > FEW_CAPS:
        return False
    return cells(profit[tree.columns]) > FRONTIER_CELLS or any(_is_long(t, profit) for t in tree.children)


def _broken(caps: CapRows, x: IntArray, cost: IntArray, nested: set[int]) -> tuple[set[int], set[int]]:
    """Return the nested caps that a selection violates, and those with less room than their costliest column."""
    broken, close = set(), set()
    for row, columns, cap in zip(caps.row, caps.columns, caps.cap, strict=True):
        if row not in nested:
            continue
        spent = int(cost[columns] @ x[columns])
        if spent > cap:
            broken.add(row)
        elif spent + int(cost[columns].max()) > cap:
            close.add(row)
    return broken, close
