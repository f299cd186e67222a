"""The choices of groups of items, one of each at most, that are nearly the best at a price: a core that grows.

As `near.py` has it for single items. With c/b ≥ a/b the price at which the best of each group fills the cap, an
item is worth r_j = b·p_j − c·w_j, and a group R = max(0, max r_j). A choice that takes other items, or none, in
some groups falls short of U = Σ R + (c − a)·cap by

    A = Σ (R − r_j, or R for none) + (c − a)·(cap − W)

Groups are taken in by the least loss for each unit of weight that an alternative has. Until then a state can only
end with W ≤ cap, or with less room, at that cost. States of which A must exceed the least A found by more than Γ
are dropped, as are dominated ones. The bounds that drop are floats with a margin that only keeps more.

Source: the core of Pisinger, A minimal algorithm for the multiple-choice knapsack problem, EJOR 83 (1995), with a
price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.lasting import firsts, runs
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.near import ITEM_WORK, MARGIN, within_cap
from tnt_sim.kernel.tree_states import (
    ROOM,
    BoolArray,
    Budget,
    IntArray,
    States,
    first_place,
    settled,
    undominated,
)

FloatArray = NDArray[np.float64]
BASE = -1
"""A group as it is at the price."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Items by group, ascending, none of which another of its group beats; profits and weights are > 0.

    Attributes
    ----------
    items, p, w : int64 (n_items,)
    menus : the groups of all items, and their order
    """

    items: IntArray
    p: IntArray
    w: IntArray
    menus: Menus

    @property
    def most(self) -> tuple[int, int]:
        """The greatest profit and the greatest weight of a choice."""
        heads, _ = runs(self.menus.group[self.items])
        return int(np.maximum.reduceat(self.p, heads).sum()), int(np.maximum.reduceat(self.w, heads).sum())


def near_menus(
    groups: Groups, capacity: int, a: int, inner: int, b: int, gamma: int, budget: Budget
) -> States:
    """Undominated states of some groups within Γ of their best at a/b; `inner` is the price c ≥ a.

    No weight passes the capacity, and products with the prices fit 64 bits.

    Raises
    ------
    TooManyStates
        When the states outgrow the budget.
    """
    core = _Core(groups, capacity, a, inner, b, gamma, budget)
    core.grow()
    return core.states()


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """What one group did: for each state its parent, and which alternative it took, or `BASE`."""

    parent: IntArray
    taken: IntArray


class _Alternatives:
    """What each group may do instead of what is best at the price: by group, int64 (n_alternatives,).

    `item` is the place of the item that is taken, -1 for none; `lost`, `weight` and `profit` what that changes.
    """

    def __init__(self, groups: Groups, worth: IntArray, of: IntArray, best: IntArray, base: IntArray) -> None:
        p, w = (np.where(base >= 0, number[base], 0) for number in (groups.p, groups.w))
        other = np.delete(np.arange(len(of)), base[base >= 0])
        left = np.flatnonzero(base >= 0)
        of = np.concatenate([left, of[other]])
        order = np.argsort(of, kind="stable")
        self.group = of[order]
        self.item = np.concatenate([np.full(len(left), -1), other])[order]
        self.lost = np.concatenate([best[left], best[of[len(left) :]] - worth[other]])[order]
        self.weight = np.concatenate([-w[left], groups.w[other] - w[of[len(left) :]]])[order]
        self.profit = np.concatenate([-p[left], groups.p[other] - p[of[len(left) :]]])[order]
        self.each: FloatArray = self.lost / np.abs(self.weight)


class _Core:
    """Grows the states of some groups from the best of each at the price that fills the cap."""

    def __init__(
        self, groups: Groups, capacity: int, a: int, inner: int, b: int, gamma: int, budget: Budget
    ) -> None:
        self.groups, self.capacity, self.gamma, self.budget = groups, capacity, gamma, budget
        self.delta = inner - a
        heads, of = runs(groups.menus.group[groups.items])
        worth = b * groups.p - inner * groups.w
        best = np.maximum(np.maximum.reduceat(worth, heads), 0)
        top = np.flatnonzero((worth == best[of]) & (worth > 0))
        top = top[firsts(of[top])]
        self.base = np.full(len(heads), -1)
        self.base[of[top]] = top
        self.others = _Alternatives(groups, worth, of, best, self.base)
        self.single = np.bincount(of) == 1
        self.bound = int(best.sum()) + self.delta * capacity
        self.weight = np.array([int(groups.w[top].sum())])
        self.profit = np.array([int(groups.p[top].sum())])
        self.gone = np.zeros(1, dtype=np.int64)
        self.last = np.ones(1, dtype=np.bool_)
        self.layers: list[_Layer] = []
        self.least = self._reached()

    def _reached(self) -> int:
        """A loss that some choice has: the best of each group, lighter ones until they fit, or none at all."""
        others, over = self.others, int(self.weight[0]) - self.capacity
        if over <= 0:
            more = (others.weight > 0) & (others.weight <= -over)
            gain = self.delta * others.weight[more] - others.lost[more]
            return self.delta * -over - max(0, int(gain.max(initial=0)))
        lighter = np.flatnonzero(others.weight < 0)
        lighter = lighter[np.lexsort((others.each[lighter], others.group[lighter]))]
        lighter = lighter[firsts(others.group[lighter])]
        lighter = lighter[np.argsort(others.each[lighter], kind="stable")]
        freed = np.cumsum(-others.weight[lighter])
        end = int(np.searchsorted(freed, over)) + 1
        if end > len(freed):
            return self.bound
        return int(others.lost[lighter[:end]].sum()) + self.delta * (int(freed[end - 1]) - over)

    def grow(self) -> None:
        """Take in every group that a choice within Γ of the best may have otherwise."""
        others = self.others
        near = np.flatnonzero(others.lost <= self.gamma + self.least)
        if not len(near):
            return
        heads, _ = runs(others.group[near])
        each = np.minimum.reduceat(others.each[near], heads)
        add, drop = (
            np.minimum.reduceat(np.where(others.weight[near] * sign > 0, others.each[near], np.inf), heads)
            for sign in (1, -1)
        )
        order = self._order(near[heads], each)
        add, drop = _next(add[order]), _next(drop[order])
        ends = np.append(heads, len(near))
        before = BASE
        for place, k in enumerate(order.tolist()):
            mine = near[ends[k] : ends[k + 1]]
            mine = mine[others.lost[mine] <= self.gamma + self.least]
            if len(mine):
                self._turn(mine, twin=before != BASE and self._twins(before, int(mine[0])))
                self._prune(float(drop[place + 1]), float(add[place + 1]))
                before = int(mine[0])

    def _order(self, first: IntArray, each: FloatArray) -> IntArray:
        """Groups, by one alternative of each, by growing loss per weight; of equal single items the first in the
        order of choices is added first and dropped last."""
        others = self.others
        group = others.group[first]
        raised = self.groups.menus.raised[self.groups.items[np.maximum(self.base[group], others.item[first])]]
        rank = np.where(raised, group + len(self.base), group)
        rank = np.where(others.weight[first] < 0, -rank, rank)
        order: IntArray = np.lexsort((rank, others.profit[first], others.weight[first], each))
        return order

    def _twins(self, one: int, other: int) -> bool:
        """Whether two alternatives are of equal single items."""
        others = self.others
        single = bool(self.single[others.group[one]] and self.single[others.group[other]])
        same = others.weight[one] == others.weight[other] and others.profit[one] == others.profit[other]
        return bool(single and same)

    def _turn(self, mine: IntArray, *, twin: bool) -> None:
        """Every state with its group as it is, and with each alternative; of equal items only the first alone."""
        from_ = np.flatnonzero(self.last) if twin else np.arange(len(self.weight))
        count, times = len(self.weight), len(mine)
        self.budget.spend(count + times * len(from_) + ITEM_WORK)
        parent = np.concatenate([np.arange(count), np.tile(from_, times)])
        taken = np.concatenate([np.full(count, BASE), np.repeat(mine, len(from_))])
        turned = taken != BASE
        others = self.others
        weight, profit, gone = (
            now[parent] + np.where(turned, change[taken], 0)
            for now, change in (
                (self.weight, others.weight), (self.profit, others.profit), (self.gone, others.lost),
            )
        )  # fmt: skip
        kept, equal, whose = undominated(weight, profit)
        if len(equal):
            self.layers.append(_Layer(parent, taken))
            kept = settled(kept, equal, whose, self._differ, self.budget)
            self.layers.pop()
        self.weight, self.profit, self.gone = weight[kept], profit[kept], gone[kept]
        self.last = turned[kept]
        self.layers.append(_Layer(parent[kept], taken[kept]))

    def _prune(self, drop: float, add: float) -> None:
        """Drop what cannot come within Γ of the least loss any more."""
        room = self.capacity - self.weight
        fits = room >= 0
        if fits.any():
            self.least = min(self.least, int((self.gone[fits] + self.delta * room[fits]).min()))
        per_unit = np.where(fits, min(float(self.delta), add), -drop if np.isfinite(drop) else -float(ROOM))
        bound = self.gone + room * per_unit
        limit = float(self.gamma + self.least)
        alive: BoolArray = bound <= limit + MARGIN * (1.0 + limit)
        if not alive.all():
            layer = self.layers.pop()
            self.layers.append(_Layer(layer.parent[alive], layer.taken[alive]))
            self.weight, self.profit = self.weight[alive], self.profit[alive]
            self.gone, self.last = self.gone[alive], self.last[alive]

    def _turned(self, place: int) -> dict[int, int]:
        """By group, the items that one state takes otherwise than at the price; -1 for none."""
        found = {}
        for layer in reversed(self.layers):
            taken = int(layer.taken[place])
            if taken != BASE:
                found[int(self.others.group[taken])] = int(self.others.item[taken])
            place = int(layer.parent[place])
        return found

    def _differ(self, one: int, other: int) -> tuple[int, bool]:
        ours, theirs = self._turned(one), self._turned(other)
        groups = sorted({*ours, *theirs})
        mine, others = ([turned.get(k, self.base[k]) for k in groups] for turned in (ours, theirs))
        return first_place(self._items(mine), self._items(others), self.groups.menus)

    def _items(self, places: Sequence[int] | IntArray) -> IntArray:
        """The items at some places, of which -1 are none."""
        held = np.array(places, dtype=np.int64)
        return self.groups.items[held[held >= 0]]

    def _columns(self, place: int) -> IntArray:
        """The items of one state, ascending."""
        turned = self._turned(place)
        chosen = self.base.copy()
        chosen[list(turned)] = list(turned.values())
        return self._items(chosen)

    def states(self) -> States:
        """What is within Γ of the best, once every group is in."""
        short = self.gone + self.delta * (self.capacity - self.weight)
        found = States(self.profit, self.weight, short, self.bound, self._columns, self._differ)
        return within_cap(found, self.capacity, self.gamma)


def _next(cost: FloatArray) -> FloatArray:
    """For each place, the least from there on; infinite where none is left."""
    least: FloatArray = np.append(np.minimum.accumulate(cost[::-1])[::-1], np.inf)
    return least
