"""The best choice under one tree of caps, by whichever kernel fits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.forest import Node
from tnt_sim.kernel.frontier import Frontier, items_of
from tnt_sim.kernel.knapsack import Best, BoolArray, IntArray, TooManyStates, knapsack, reaches
from tnt_sim.kernel.known import Known, named, shape
from tnt_sim.kernel.lasting import apart, trimmed
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.tree import Choice, best_in_tree, tree_reaches

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
