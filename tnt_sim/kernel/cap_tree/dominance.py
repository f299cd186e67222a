"""Dominance inside multiple-choice groups: at most one item of a group is taken.

An item is dropped when another item of its group, under the same capacities, has at least its profit and at
most its weight; of equal items the first stays. Exchanging the two keeps a solution feasible, loses nothing,
and ranks no later. Items with profit ≤ 0 are dropped too.

Source: Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), chapter on the multiple-choice knapsack
problem.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.knapsack import BoolArray, ChoiceGroups, IntArray

_NEVER = np.int64(2**63 - 1)


def select_undominated_items(
    items: IntArray, profit: IntArray, weight: IntArray, choice_groups: ChoiceGroups
) -> IntArray:
    """Return the undominated items.

    Parameters
    ----------
    items : int64, ascending, all under the same capacities
    profit, weight : int64 (n_cols,), of all items
    """
    used = items[profit[items] > 0]
    heads, of = locate_groups(choice_groups.group[used])
    if len(heads) == len(used):
        return used
    p, w = profit[used], weight[used]
    # the lightest item of greatest profit dominates all that weigh as much or more: mostly all others
    top = p == np.maximum.reduceat(p, heads)[of]
    light = np.minimum.reduceat(np.where(top, w, _NEVER), heads)[of]
    stays = w < light
    first = np.flatnonzero(top & (w == light))
    stays[first[mark_first_items(of[first])]] = True
    used, p, w, of = used[stays], p[stays], w[stays], of[stays]
    if len(used) == len(heads):
        return used
    # by rising weight, each remaining item must have more profit than all before it in its group
    order = np.lexsort((-p, w, of))
    rank = np.unique(p, return_inverse=True)[1]
    place = (of * len(used) + rank)[order]
    rises = np.r_[True, place[1:] > np.maximum.accumulate(place)[:-1]]
    return used[np.sort(order[rises])]


def select_best_items(
    items: IntArray, profit: IntArray, weight: IntArray, choice_groups: ChoiceGroups
) -> IntArray:
    """Return the best item of each group: the greatest profit, which must be positive, then the least weight."""
    places = select_undominated_items(items, profit, weight, choice_groups)
    heads, of = locate_groups(choice_groups.group[places])
    if len(heads) == len(places):
        return places
    best: BoolArray = profit[places] == np.maximum.reduceat(profit[places], heads)[of]
    return places[best]


def trim_tree(
    node: CapTreeNode, profit: IntArray, weight: IntArray, choice_groups: ChoiceGroups
) -> CapTreeNode:
    """Remove from a tree the items that are dominated inside their node or heavier than its cap.

    Items of one group under different nodes are not compared, since different capacities limit them.
    """
    own = node.columns if node.may_exceed else node.columns[weight[node.columns] <= node.cap]
    children = tuple(trim_tree(child, profit, weight, choice_groups) for child in node.children)
    return replace(
        node, columns=select_undominated_items(own, profit, weight, choice_groups), children=children
    )


def split_single_items(items: IntArray, choice_groups: ChoiceGroups) -> tuple[IntArray, IntArray]:
    """Split items into those alone in their group, in ranking order, and those that share one, ascending."""
    shares = choice_groups.pick(items).shared
    alone, raised = items[~shares], choice_groups.raised[items[~shares]]
    return np.concatenate([alone[~raised], alone[raised]]), items[shares]


def locate_groups(group: IntArray) -> tuple[IntArray, IntArray]:
    """Return where each group begins in ascending group numbers, and the place of each item's group."""
    first = mark_first_items(group)
    return np.flatnonzero(first), np.cumsum(first) - 1


def compute_greatest_sum(node: CapTreeNode, number: IntArray, choice_groups: ChoiceGroups | None) -> int:
    """Return the greatest sum of some numbers ≥ 0 over the selections under a node, one item per group."""
    own = compute_own_sum(node, number, choice_groups)
    return own + sum(compute_greatest_sum(child, number, choice_groups) for child in node.children)


def compute_own_sum(node: CapTreeNode, number: IntArray, choice_groups: ChoiceGroups | None) -> int:
    """Return the greatest sum of some numbers ≥ 0 over a node's own columns, one item per group."""
    own = number[node.columns]
    if choice_groups is not None and len(own):
        own = np.maximum.reduceat(own, locate_groups(choice_groups.group[node.columns])[0])
    return int(own.sum())


def has_split_group(columns: list[IntArray], choice_groups: ChoiceGroups) -> bool:
    """Return whether a group has items in several of some disjoint lists, each ascending."""
    groups = [part[mark_first_items(part)] for part in (choice_groups.group[items] for items in columns)]
    every = np.sort(np.concatenate(groups)) if groups else np.zeros(0, dtype=np.int64)
    return bool((every[1:] == every[:-1]).any())


def mark_first_items(group: IntArray) -> BoolArray:
    """Mark the first item of each group, bool (n_items,)."""
    first = np.ones(len(group), dtype=np.bool_)
    first[1:] = group[1:] != group[:-1]
    return first
