"""The best choice under one tree of caps, by whichever kernel fits.

The best choice under as few caps as settle it: those that hold something back, and then what it breaks.

A choice that is the best under some of the caps and keeps all of them is the best under all. So caps are taken in
round by round, and only trees of caps that have grown are solved again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.caps import Caps, Node, Shared, binding, forest
from tnt_sim.kernel.cap_tree.dominance import apart, greatest, lasting, scattered, trimmed
from tnt_sim.kernel.cap_tree.leaves import FRONTIER_CELLS
from tnt_sim.kernel.cap_tree.memo import Known, named, shape
from tnt_sim.kernel.cap_tree.tree_search import Choice, best_in_tree, cheapest_in_tree, tree_reaches
from tnt_sim.kernel.knapsack import Best, BoolArray, IntArray, Menus, TooManyStates, knapsack, reaches
from tnt_sim.kernel.profit_frontier import Frontier, cells, items_of

KNAPSACK_WORK = 5_000_000
TREE_WORK, COLUMN_WORK = 20_000_000, 20
"""States that a kernel may look at: a knapsack's, a tree's, and a tree's for each of its columns."""
TIE_CELLS = 4_000_000
"""Items times profits beyond which equal choices are told apart otherwise."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether a value was within reach."""

    said: bool
    numbers: int = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """What was found for leaves and for whole trees, for later calls with the same of them."""

    fronts: Known[Frontier] = field(default_factory=Known)
    choices: Known[Choice] = field(default_factory=Known)
    reached: Known[Reached] = field(default_factory=Known)


def best_choice(
    profit: IntArray,
    cost: IntArray,
    tree: Node,
    memory: Memory | None = None,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> Choice:
    """max Σ p x under the caps of a tree, then min Σ c x, then the first in rank order.

    A single cap is a plain knapsack; where several choices are the best, the first of them is told apart among the
    few items that they may differ in, or else by the tree's kernel. With `menus`, one column of a group at most
    is taken among a node's own, and `canonical` is for the order of theirs.

    Raises
    ------
    TooManyStates, OverflowError
        When the tree is for another method.
    DeadlineExpired
        When time is up.
    """
    if memory is None:
        return _best(profit, cost, tree, Known(), menus, deadline)
    known, name = memory, _name(profit, cost, tree, menus)
    return known.choices.get(name, lambda: _best(profit, cost, tree, known.fronts, menus, deadline))


def _best(
    profit: IntArray,
    cost: IntArray,
    tree: Node,
    fronts: Known[Frontier],
    menus: Menus | None,
    deadline: Deadline,
) -> Choice:
    own = _alone(profit, cost, tree, menus)
    if own is not None:
        best = knapsack(profit[own], cost[own], tree.cap, KNAPSACK_WORK, deadline)
        taken = best.taken if best.ways == 1 else _first(profit[own], cost[own], best, deadline)
        if taken is not None:
            return Choice(own[np.flatnonzero(taken)], best.profit, best.weight, True)
    return best_in_tree(profit, cost, tree, tree_work(tree), fronts, menus, deadline)


def _alone(profit: IntArray, cost: IntArray, tree: Node, menus: Menus | None) -> IntArray | None:
    """The columns of a single cap, in rank order, where each can be taken with every other; else None."""
    if tree.children:
        return None
    if menus is None:
        return tree.columns
    own, shared = apart(trimmed(tree, profit, cost, menus).columns, menus)
    return None if len(shared) else own


def _name(profit: IntArray, cost: IntArray, tree: Node, menus: Menus | None, *target: int) -> bytes:
    columns = tree.every()
    numbers = [columns, profit[columns], cost[columns]]
    if menus is not None:
        numbers += [menus.group[columns], menus.raised[columns].astype(np.int64)]
    return named(numbers, shape(tree), *target)


def tree_work(tree: Node) -> int:
    """How many states one tree may cost."""
    return TREE_WORK + COLUMN_WORK * len(tree.every())


def _first(profit: IntArray, cost: IntArray, best: Best, deadline: Deadline) -> BoolArray | None:
    """The first in rank order of the choices of the best profit and least cost; None where that takes long."""
    try:
        return items_of(profit, cost, best.profit, best.weight, TIE_CELLS, deadline)
    except TooManyStates:
        return None


def can_reach(
    profit: IntArray,
    cost: IntArray,
    tree: Node,
    target: int,
    memory: Memory | None = None,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Whether some choice under the caps of a tree, as `best_choice` knows them, is worth `target` or more.

    Raises
    ------
    TooManyStates, OverflowError
        When the tree is for another method.
    DeadlineExpired
        When time is up.
    """
    if memory is None:
        return _reaches(profit, cost, tree, target, Known(), menus, deadline)
    known, name = memory, _name(profit, cost, tree, menus, target)
    reached = known.reached.get(
        name, lambda: Reached(_reaches(profit, cost, tree, target, known.fronts, menus, deadline))
    )
    return reached.said


def _reaches(
    profit: IntArray,
    cost: IntArray,
    tree: Node,
    target: int,
    fronts: Known[Frontier],
    menus: Menus | None,
    deadline: Deadline,
) -> bool:
    own = _alone(profit, cost, tree, menus)
    if own is None:
        return tree_reaches(profit, cost, tree, target, tree_work(tree), fronts, menus, deadline)
    return reaches(profit[own], cost[own], tree.cap, target, KNAPSACK_WORK, deadline)


FEW_CAPS = 12
CLOSE_ROUNDS = 1
"""Rounds after which caps that one column more would break are taken in as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """The best choice, int64 (n_cols,); whether no other is as good and goes first; the trees that settle it."""

    x: IntArray
    alone: bool
    trees: tuple[Node, ...]


class LongTreeError(Exception):
    """A tree of few caps with a leaf too long for a frontier: other kernels may be quicker."""


def best_under_caps(
    caps: Caps,
    profit: IntArray,
    cost: IntArray,
    *,
    long: bool = True,
    memory: Memory | None = None,
    shared: Sequence[Shared] = (),
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> Settled:
    """max Σ p x under every cap that crosses no other, then min Σ c x; profits ≥ 0, costs > 0, caps ≥ 0.

    Columns under no cap are taken when they are worth something. `memory` is of earlier calls, for later ones.
    The caps that `shared` gives to may be gone beyond, and no other holds columns of theirs and further ones.
    Of a group of `menus` one column at most is taken where the same caps hold all of its columns that matter; else
    more may be, which is for the caller to see, and no choice is told to go first.

    Raises
    ------
    LongTreeError
        Unless `long`, before such a tree is solved.
    DeadlineExpired
        When time is up.
    TooManyStates, OverflowError
        When the trees are for another method.
    """
    n_cols = len(profit)
    every = forest(caps, n_cols, caps.row)
    nested = set().union(*(node.rows() for node in every))
    kept = profit > 0
    if menus is not None:
        # only rows that were nested before: one that crossed others may hold less than all of a group
        kept = _picked(every, n_cols, partial(lasting, profit=profit, weight=cost, menus=menus))
        caps = caps.over(kept, nested)
        most = _picked(
            forest(caps, n_cols, nested), n_cols, partial(greatest, profit=profit, weight=cost, menus=menus)
        )
        every = forest(caps.over(most, nested), n_cols, nested)
        nested = set(caps.row)
    gaining = set().union(*(row.every() for row in shared))
    nested -= gaining
    active = binding(every, profit, cost) | gaining
    known: dict[tuple[object, ...], Choice] = {}
    memory = memory or Memory()
    rounds = 0
    while True:
        deadline.check()
        trees = _with_shared(forest(caps, n_cols, active), shared)
        if not long and any(_is_long(tree, profit) for tree in trees):
            raise LongTreeError
        outside = _outside(trees, kept)
        x = np.zeros(n_cols, dtype=np.int64)
        x[outside if menus is None else greatest(outside, profit, cost, menus)] = 1
        alone = True
        for tree in trees:
            name = tuple(sorted(tree.rows()))
            if name not in known:
                known[name] = best_choice(profit, cost, tree, memory, menus, deadline)
            x[known[name].columns] = 1
            alone &= known[name].canonical
        broken, close = _broken(caps, x, cost, nested)
        if not broken:
            if menus is not None:
                alone &= not scattered([outside, *(np.sort(tree.every()) for tree in trees)], menus)
            return Settled(x, alone, tuple(trees))
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def cheapest_under_caps(
    caps: Caps,
    profit: IntArray,
    cost: IntArray,
    at_least: int,
    *,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> IntArray | None:
    """min Σ c x subject to Σ p x ≥ at_least under every cap that crosses no other; None where nothing is worth it.

    Profits are ≥ 0, costs > 0, caps ≥ 0. Without caps it is a knapsack of what is left out.

    Raises
    ------
    DeadlineExpired
        When time is up.
    TooManyStates, OverflowError
        When the trees are for another method.
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
            root = Node(-1, int(cost.sum()), _outside(trees, profit > 0), tuple(trees))
            found = cheapest_in_tree(profit, cost, root, at_least, tree_work(root), known.fronts, deadline)
            if found is None:
                return None
            x = np.zeros(n_cols, dtype=np.int64)
            x[found.columns] = 1
        else:
            x = 1 - knapsack(cost, profit, spare, KNAPSACK_WORK, deadline).taken.astype(np.int64)
        broken, close = _broken(caps, x, cost, nested)
        if most is not None and int(cost @ x) > most:
            return None  # what costs least under some of the caps costs more than a cap on all of it
        if not broken:
            return x
        active = active | broken | (close if rounds >= CLOSE_ROUNDS else set())
        rounds += 1


def _picked(trees: Sequence[Node], n_cols: int, pick: Callable[[IntArray], IntArray]) -> BoolArray:
    """What is picked among the columns of each node's own, and among those under no tree; bool (n_cols,)."""
    found = np.zeros(n_cols, dtype=np.bool_)
    outside = _outside(trees, np.ones(n_cols, dtype=np.bool_))
    for own in (outside, *(part for tree in trees for part in tree.parts())):
        found[pick(own)] = True
    return found


def _outside(trees: Sequence[Node], kept: BoolArray) -> IntArray:
    """Those of some columns, bool (n_cols,), that lie under no tree."""
    outside = kept.copy()
    for tree in trees:
        outside[tree.every()] = False
    return np.flatnonzero(outside)


def _with_shared(trees: list[Node], shared: Sequence[Shared]) -> list[Node]:
    """The trees, those of gaining caps under the rows that share money out.

    Raises
    ------
    ValueError
        When such a cap is under another.
    """
    alone = {tree.row: tree for tree in trees}
    tops = [row.over(alone) for row in shared]
    gaining = set().union(*(row.every() for row in shared))
    if gaining and any(gaining & tree.rows() for tree in alone.values()):
        raise ValueError("a cap that may be gone beyond is under another")
    return [*alone.values(), *(top for top in tops if top.children)]


def _is_long(tree: Node, profit: IntArray) -> bool:
    """Whether a tree is for `LongTreeError`."""
    if not tree.children or len(tree.rows()) > FEW_CAPS:
        return False
    return cells(profit[tree.columns]) > FRONTIER_CELLS or any(_is_long(t, profit) for t in tree.children)


def _broken(caps: Caps, x: IntArray, cost: IntArray, nested: set[int]) -> tuple[set[int], set[int]]:
    """The nested caps that a choice breaks, and those that its dearest column more would break."""
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
