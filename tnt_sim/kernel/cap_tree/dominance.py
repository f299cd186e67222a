"""Which items of groups of which one is taken at most may be in a best choice, wherever the same caps hold them.

An item without profit goes, and one that another of its group beats: profit as great and weight as small, of fully
equal ones the first. Whoever takes it is worth no less, weighs no more and goes no later with the other instead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tnt_sim.kernel.cap_tree.caps import Node
from tnt_sim.kernel.knapsack import BoolArray, IntArray, Menus

_NEVER = np.int64(2**63 - 1)


def lasting(items: IntArray, profit: IntArray, weight: IntArray, menus: Menus) -> IntArray:
    """Those of some items, ascending, that no other of their group among them beats."""
    used = items[profit[items] > 0]
    heads, of = runs(menus.group[used])
    if len(heads) == len(used):
        return used
    p, w = profit[used], weight[used]
    # the lightest of a group's greatest profit beats all that weigh as much or more: mostly all others
    top = p == np.maximum.reduceat(p, heads)[of]
    light = np.minimum.reduceat(np.where(top, w, _NEVER), heads)[of]
    stays = w < light
    first = np.flatnonzero(top & (w == light))
    stays[first[firsts(of[first])]] = True
    used, p, w, of = used[stays], p[stays], w[stays], of[stays]
    if len(used) == len(heads):
        return used
    # of what is left, by rising weight, each must be worth more than all before it in its group
    order = np.lexsort((-p, w, of))
    rank = np.unique(p, return_inverse=True)[1]
    place = (of * len(used) + rank)[order]
    rises = np.r_[True, place[1:] > np.maximum.accumulate(place)[:-1]]
    return used[np.sort(order[rises])]


def greatest(items: IntArray, profit: IntArray, weight: IntArray, menus: Menus) -> IntArray:
    """The best item of each group among some items: the greatest profit, if any, then the least weight."""
    found = lasting(items, profit, weight, menus)
    heads, of = runs(menus.group[found])
    if len(heads) == len(found):
        return found
    best: BoolArray = profit[found] == np.maximum.reduceat(profit[found], heads)[of]
    return found[best]


def trimmed(node: Node, profit: IntArray, weight: IntArray, menus: Menus) -> Node:
    """A tree without the items of its nodes that are beaten by one of theirs, or heavier than their cap.

    Items of one group under different nodes are left: other caps hold them.
    """
    own = node.columns if node.beyond else node.columns[weight[node.columns] <= node.cap]
    children = tuple(trimmed(child, profit, weight, menus) for child in node.children)
    return replace(node, columns=lasting(own, profit, weight, menus), children=children)


def apart(items: IntArray, menus: Menus) -> tuple[IntArray, IntArray]:
    """The items that are alone of their group, in the order of choices, and those that share one, ascending."""
    shares = menus.picked(items).shared
    alone, raised = items[~shares], menus.raised[items[~shares]]
    return np.concatenate([alone[~raised], alone[raised]]), items[shares]


def runs(group: IntArray) -> tuple[IntArray, IntArray]:
    """Where each group begins in ascending numbers of groups, and the place of each one's group among these."""
    first = firsts(group)
    return np.flatnonzero(first), np.cumsum(first) - 1


def most_of(node: Node, number: IntArray, menus: Menus | None) -> int:
    """The greatest sum of numbers ≥ 0 that a choice under a node may have."""
    own = number[node.columns]
    if menus is not None and len(own):
        own = np.maximum.reduceat(own, runs(menus.group[node.columns])[0])
    return int(own.sum()) + sum(most_of(child, number, menus) for child in node.children)


def scattered(parts: list[IntArray], menus: Menus) -> bool:
    """Whether items of one group are in several of some disjoint parts, each ascending."""
    groups = [part[firsts(part)] for part in (menus.group[items] for items in parts)]
    every = np.sort(np.concatenate(groups)) if groups else np.zeros(0, dtype=np.int64)
    return bool((every[1:] == every[:-1]).any())


def firsts(group: IntArray) -> BoolArray:
    """Where each group begins, bool (n_items,)."""
    first = np.ones(len(group), dtype=np.bool_)
    first[1:] = group[1:] != group[:-1]
    return first
