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

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode, SharedCap, build_cap_trees, find_binding_caps
from tnt_sim.kernel.cap_tree.dominance import (
    has_split_group,
    select_best_items,
    select_undominated_items,
    split_single_items,
    trim_tree,
)
from tnt_sim.kernel.cap_tree.leaves import FRONTIER_CELLS
from tnt_sim.kernel.cap_tree.memo import BoundedMemo, CapMemo, compute_key, describe_shape
from tnt_sim.kernel.cap_tree.tree_search import (
    TreeSolution,
    can_tree_reach,
    maximise_in_tree,
    minimise_weight_in_tree,
)
from tnt_sim.kernel.first_selection import find_first_selection
from tnt_sim.kernel.knapsack import (
    UNCOUNTED,
    BoolArray,
    ChoiceGroups,
    IntArray,
    KnapsackSolution,
    TooManyStates,
    can_reach_profit,
    limit_work,
    solve_knapsack,
)
from tnt_sim.kernel.profit_frontier import Frontier, estimate_additions, recover_items

KNAPSACK_WORK = 5_000_000
"""States examined per knapsack, at most."""
TREE_WORK, COLUMN_WORK = 20_000_000, 20
"""States examined per tree, at most, and how many more per column."""
TIE_CELLS = 4_000_000
"""Limit of items × profits in the table that breaks the tie among equally good selections of one knapsack."""


@dataclass(frozen=True, slots=True)
class Reachability:
    """Cached answer whether a target is reached."""

    reached: bool
    numbers: int = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Caches shared by several calls: caps, efficient pairs of leaves, optima of trees, answers on targets."""

    caps: CapMemo = field(default_factory=CapMemo)
    fronts: BoundedMemo[Frontier] = field(default_factory=BoundedMemo)
    choices: BoundedMemo[TreeSolution] = field(default_factory=BoundedMemo)
    reached: BoundedMemo[Reachability] = field(default_factory=BoundedMemo)


def maximise_under_tree(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    memory: Memory | None = None,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
) -> TreeSolution:
    """Maximise Σ p x under one tree of capacities; break ties by least Σ c x, then by rank order.

    Parameters
    ----------
    profit : int64 (n_cols,), ≥ 0
    cost : int64 (n_cols,), > 0
    memory : caches of earlier calls
    choice_groups : multiple-choice groups: at most one column of a group is taken among a node's own columns; the
        ranking is then that of the groups
    max_bytes : memory of one knapsack's or tree's states

    Raises
    ------
    TooManyStates, OverflowError
        When the tree needs another method.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> tree = CapTreeNode(0, 9, np.array([0, 1, 2]))
    >>> maximise_under_tree(np.array([6, 5, 3]), np.array([5, 4, 4]), tree).columns.tolist()
    [0, 1]
    """
    if memory is None:
        return _solve_tree(profit, cost, tree, BoundedMemo(), choice_groups, deadline, max_bytes)
    known, name = memory, _compute_key(profit, cost, tree, choice_groups)
    return known.choices.get(
        name, lambda: _solve_tree(profit, cost, tree, known.fronts, choice_groups, deadline, max_bytes)
    )


def _solve_tree(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    fronts: BoundedMemo[Frontier],
    choice_groups: ChoiceGroups | None,
    deadline: Deadline,
    max_bytes: int | None,
) -> TreeSolution:
    """Solve a tree: a single capacity as a knapsack, any other by the tree search."""
    own = _list_knapsack_columns(profit, cost, tree, choice_groups)
    if own is not None:
        work = limit_work(KNAPSACK_WORK, max_bytes)
        best = solve_knapsack(profit[own], cost[own], tree.cap, work, deadline)
        taken = best.taken if best.ways == 1 else _find_first_optimum(profit[own], cost[own], best, deadline)
        if taken is not None:
            return TreeSolution(own[np.flatnonzero(taken)], best.profit, best.weight, True)
        # the tree search would meet the same states as the core; without time the optimum stands all the same
        if best.ways == UNCOUNTED or deadline.expired:
            return TreeSolution(own[np.flatnonzero(best.taken)], best.profit, best.weight, False)
    work = estimate_tree_work(tree)
    return maximise_in_tree(profit, cost, tree, work, fronts, choice_groups, deadline, max_bytes)


def _list_knapsack_columns(
    profit: IntArray, cost: IntArray, tree: CapTreeNode, choice_groups: ChoiceGroups | None
) -> IntArray | None:
    """Return the columns of a tree that is a plain knapsack, in rank order; None if it has children or groups."""
    if tree.children:
        return None
    if choice_groups is None:
        return tree.columns
    own, shared = split_single_items(trim_tree(tree, profit, cost, choice_groups).columns, choice_groups)
    return None if len(shared) else own


def _compute_key(
    profit: IntArray, cost: IntArray, tree: CapTreeNode, choice_groups: ChoiceGroups | None, *target: int
) -> bytes:
    """Return the cache key of a tree and its numbers."""
    columns = tree.collect_columns()
    numbers = [columns, profit[columns], cost[columns]]
    if choice_groups is not None:
        numbers += [choice_groups.group[columns], choice_groups.raised[columns].astype(np.int64)]
    return compute_key(numbers, describe_shape(tree), *target)


def estimate_tree_work(tree: CapTreeNode) -> int:
    """Return the budget of states of one tree."""
    return TREE_WORK + COLUMN_WORK * len(tree.collect_columns())


def _find_first_optimum(
    profit: IntArray, cost: IntArray, best: KnapsackSolution, deadline: Deadline
) -> BoolArray | None:
    """Return the first optimal selection in rank order, bool (n,).

    Where the table of profits would exceed `TIE_CELLS`, lists that meet in the middle replace it. The result is
    None where these exceed their limits too, or time is up.
    """
    for find in (partial(recover_items, max_cells=TIE_CELLS), find_first_selection):
        try:
            return find(profit, cost, best.profit, best.weight, deadline=deadline)
        except (TooManyStates, DeadlineExpired):
            continue
    return None


def can_reach(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    target: int,
    memory: Memory | None = None,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Decide whether some selection under a tree of capacities has a profit of at least `target`.

    Parameters are those of `maximise_under_tree`.

    Raises
    ------
    TooManyStates, OverflowError
        When the tree needs another method.
    DeadlineExpired
        When time is up.
    """
    if memory is None:
        return _can_reach_target(profit, cost, tree, target, BoundedMemo(), choice_groups, deadline)
    known, name = memory, _compute_key(profit, cost, tree, choice_groups, target)
    reached = known.reached.get(
        name,
        lambda: Reachability(
            _can_reach_target(profit, cost, tree, target, known.fronts, choice_groups, deadline)
        ),
    )
    return reached.reached


def _can_reach_target(
    profit: IntArray,
    cost: IntArray,
    tree: CapTreeNode,
    target: int,
    fronts: BoundedMemo[Frontier],
    choice_groups: ChoiceGroups | None,
    deadline: Deadline,
) -> bool:
    """Decide whether a target is reached, without the cache."""
    own = _list_knapsack_columns(profit, cost, tree, choice_groups)
    if own is None:
        return can_tree_reach(
            profit, cost, tree, target, estimate_tree_work(tree), fronts, choice_groups, deadline
        )
    return can_reach_profit(profit[own], cost[own], tree.cap, target, KNAPSACK_WORK, deadline)


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


def maximise_under_caps(
    caps: CapRows,
    profit: IntArray,
    cost: IntArray,
    *,
    long: bool = True,
    memory: Memory | None = None,
    shared: Sequence[SharedCap] = (),
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
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
    choice_groups : multiple-choice groups. At most one column of a group is taken where the same caps contain
    all its
        columns that matter. Elsewhere several may be taken: the caller must check, and the result is never
        `single`.
    max_bytes : memory of one knapsack's or tree's states

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
    all_items = build_cap_trees(caps, n_cols, caps.row)
    nested = set().union(*(node.collect_rows() for node in all_items))
    selected = profit > 0
    if choice_groups is not None:
        # only rows that were nested before: a crossing row may contain only some columns of a group
        selected = _select_columns(
            all_items,
            n_cols,
            partial(select_undominated_items, profit=profit, weight=cost, choice_groups=choice_groups),
        )
        caps = caps.restrict_to_columns(selected, nested)
        most = _select_columns(
            build_cap_trees(caps, n_cols, nested),
            n_cols,
            partial(select_best_items, profit=profit, weight=cost, choice_groups=choice_groups),
        )
        all_items = build_cap_trees(caps.restrict_to_columns(most, nested), n_cols, nested)
        nested = set(caps.row)
    gaining = set().union(*(row.collect_caps() for row in shared))
    nested -= gaining
    active = find_binding_caps(all_items, profit, cost, caps.layout) | gaining
    known: dict[tuple[object, ...], TreeSolution] = {}
    memory = memory or Memory()
    rounds = 0
    while True:
        deadline.check()
        trees = _with_shared(build_cap_trees(caps, n_cols, active), shared)
        if not long and any(_is_long(tree, profit) for tree in trees):
            raise LongTreeError
        outside = _list_columns_outside(trees, selected)
        x = np.zeros(n_cols, dtype=np.int64)
        x[outside if choice_groups is None else select_best_items(outside, profit, cost, choice_groups)] = 1
        single = True
        for tree in trees:
            name = tuple(sorted(tree.collect_rows()))
            if name not in known:
                known[name] = maximise_under_tree(
                    profit, cost, tree, memory, choice_groups, deadline, max_bytes
                )
            x[known[name].columns] = 1
            single &= known[name].canonical
        broken, close = _find_violated_caps(caps, x, cost, nested)
        if not broken:
            if choice_groups is not None:
                single &= not has_split_group(
                    [outside, *(np.sort(tree.collect_columns()) for tree in trees)], choice_groups
                )
            return ActiveCapsSolution(x, single, tuple(trees))
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def minimise_cost_under_caps(
    caps: CapRows,
    profit: IntArray,
    cost: IntArray,
    at_least: int,
    *,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
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
    full_rows = {row for row, columns in zip(caps.row, caps.columns, strict=True) if len(columns) == n_cols}
    most = min((cap for row, cap in zip(caps.row, caps.cap, strict=True) if row in full_rows), default=None)
    nested = set().union(
        *(node.collect_rows() for node in build_cap_trees(caps, n_cols, set(caps.row) - full_rows))
    )
    active: set[int] = set()
    spare = int(profit.sum()) - at_least
    if spare < 0:
        return None
    rounds = 0
    while True:
        deadline.check()
        trees = build_cap_trees(caps, n_cols, active)
        if trees:
            root = CapTreeNode(-1, int(cost.sum()), _list_columns_outside(trees, profit > 0), tuple(trees))
            result = minimise_weight_in_tree(
                profit, cost, root, at_least, estimate_tree_work(root), known.fronts, deadline, max_bytes
            )
            if result is None:
                return None
            x = np.zeros(n_cols, dtype=np.int64)
            x[result.columns] = 1
        else:
            work = limit_work(KNAPSACK_WORK, max_bytes)
            x = 1 - solve_knapsack(cost, profit, spare, work, deadline).taken.astype(np.int64)
        broken, close = _find_violated_caps(caps, x, cost, nested)
        if most is not None and int(cost @ x) > most:
            return None  # the least cost under some caps already exceeds the cap on all columns
        if not broken:
            return x
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def _select_columns(
    trees: Sequence[CapTreeNode], n_cols: int, pick: Callable[[IntArray], IntArray]
) -> BoolArray:
    """Apply `pick` to the own columns of each node and to the columns under no tree; bool (n_cols,)."""
    places = np.zeros(n_cols, dtype=np.bool_)
    outside = _list_columns_outside(trees, np.ones(n_cols, dtype=np.bool_))
    for own in (outside, *(part for tree in trees for part in tree.list_columns_by_node())):
        places[pick(own)] = True
    return places


def _list_columns_outside(trees: Sequence[CapTreeNode], covered: BoolArray) -> IntArray:
    """Return those of some columns, bool (n_cols,), that lie under no tree."""
    outside = covered.copy()
    for tree in trees:
        outside[tree.collect_columns()] = False
    return np.flatnonzero(outside)


def _with_shared(trees: list[CapTreeNode], shared: Sequence[SharedCap]) -> list[CapTreeNode]:
    """Place the trees of caps that receive free money under the rows that distribute it.

    Raises
    ------
    ValueError
        When such a cap lies under another cap.
    """
    single = {tree.row: tree for tree in trees}
    tops = [row.build_node(single) for row in shared]
    gaining = set().union(*(row.collect_caps() for row in shared))
    if gaining and any(gaining & tree.collect_rows() for tree in single.values()):
        raise ValueError("a cap that may be gone beyond is under another")
    return [*single.values(), *(top for top in tops if top.children)]


def _is_long(tree: CapTreeNode, profit: IntArray) -> bool:
    """Return whether `LongTreeError` applies: the own columns are too many for dynamic programming by profits."""
    if not tree.children or len(tree.collect_rows()) > FEW_CAPS:
        return False
    return estimate_additions(profit[tree.columns]) > FRONTIER_CELLS or any(
        _is_long(t, profit) for t in tree.children
    )


def _find_violated_caps(
    caps: CapRows, x: IntArray, cost: IntArray, nested: set[int]
) -> tuple[set[int], set[int]]:
    """Return the nested caps that a selection violates, and those with less room than their costliest column."""
    if not caps.row:
        return set(), set()
    entries, starts = caps.get_entries()
    costs = cost[entries]
    spent = np.add.reduceat(costs * x[entries], starts).tolist()
    costliest = np.maximum.reduceat(costs, starts).tolist()
    broken, close = set(), set()
    for row, cap, total, most in zip(caps.row, caps.cap, spent, costliest, strict=True):
        if row not in nested:
            continue
        if total > cap:
            broken.add(row)
        elif total + most > cap:
            close.add(row)
    return broken, close
