"""The 0-1 knapsack, exactly: the greatest profit within a capacity, then the least weight, and how many ways.

    max Σ p_j x_j  subject to  Σ w_j x_j ≤ c,  x ∈ {0, 1};  among the best, min Σ w_j x_j

Items stand by falling p/w; those before the break item are in, those after it out. The core grows outwards from
the break item; a state (W, P) is the weight and profit of a choice inside the core with everything before it in
and everything after it out. With e⁺ the ratio of the next item outside on the right and e⁻ on the left, no
completion of a state is worth more than

    W ≤ c:  P + (c − W)·e⁺          W > c:  P − (W − c)·e⁻

States that cannot reach the best known profit by one more change, or that another state beats on both counts, are
dropped. Bounds are floats with a margin that only ever keeps more; profits and weights are exact in int64.

Source: Pisinger, A minimal algorithm for the 0-1 knapsack problem, Oper. Res. 45 (1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MAX_WORK = 4_000_000
LAYER_WORK = 200
"""What one item costs whatever its states, in states."""
MARGIN = 1e-9
LARGEST = 2**52
"""Sums of profits and of weights stay below this, where a float still tells two integers apart."""


class TooManyStates(Exception):
    """The list of states outgrew its budget: the instance is for another method."""


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best choice: items, bool (n,), its profit and weight, and the number of ways to reach both."""

    taken: BoolArray
    profit: int
    weight: int
    ways: int


def knapsack(profit: IntArray, weight: IntArray, capacity: int, max_work: int = MAX_WORK) -> Best:
    """The best choice of items; profits, weights and the capacity are ≥ 0.

    Raises
    ------
    TooManyStates
        When the states looked at, over all items, outgrow `max_work`.
    OverflowError
        When sums leave what is handled exactly.
    ValueError
        For negative numbers.
    """
    if (profit < 0).any() or (weight < 0).any() or capacity < 0:
        raise ValueError("profits, weights and the capacity of a knapsack must not be negative")
    if max(profit.astype(np.float64).sum(), weight.astype(np.float64).sum()) >= LARGEST:
        raise OverflowError("the sums of this knapsack are too large")
    taken: BoolArray = (weight == 0) & (profit > 0)
    idle = int(((weight == 0) & (profit == 0)).sum())
    index = np.flatnonzero((weight <= capacity) & (weight > 0) & (profit > 0))
    gained = int(profit[taken].sum())
    if int(weight[index].sum()) <= capacity:
        taken[index] = True
        return Best(taken, gained + int(profit[index].sum()), int(weight[index].sum()), 2 ** min(idle, 60))
    index = index[np.argsort(-(profit[index] / weight[index]), kind="stable")]
    core = _Core(profit[index], weight[index], capacity, max_work)
    core.grow()
    taken[index[core.chosen]] = True
    ways = core.ways * 2 ** min(idle, 60)
    return Best(taken, gained + core.best_profit, core.best_weight, ways)


@dataclass(slots=True, eq=False)
class _States:
    """Undominated states by rising weight, and in how many ways each is reached; (n_states,)."""

    weight: IntArray
    profit: IntArray
    ways: IntArray

    def where(self, keep: BoolArray) -> _States:
        return _States(self.weight[keep], self.profit[keep], self.ways[keep])


@dataclass(slots=True, eq=False)
class _Layer:
    """What one item did: for each state its parent, and whether the item was flipped."""

    item: int
    parent: IntArray
    flipped: BoolArray


class _Core:
    """Items by falling ratio, none alone too heavy, not all of which fit; `grow` finds the best choice."""

    def __init__(self, p: IntArray, w: IntArray, capacity: int, max_work: int) -> None:
        self.p, self.w, self.capacity, self.max_work = p, w, capacity, max_work
        reach = np.cumsum(w)
        self.split = int(np.searchsorted(reach, capacity, side="right"))
        self.ratio = p / w
        self.best_profit, self.best_weight, self.ways = self._greedy(), LARGEST, 0
        self.chosen: IntArray = np.arange(self.split)
        self.layers: list[_Layer] = []
        edge = self.ratio[min(self.split, len(p) - 1)]
        spare = capacity - (int(reach[self.split - 1]) if self.split else 0)
        self.bound = float(p[: self.split].sum()) + spare * float(edge)
        self.loss = np.abs(p - w * edge)

    def grow(self) -> None:
        """Take in items from the break item outwards until no state can still matter."""
        split = self.split
        first = np.array([self.w[:split].sum()]), np.array([self.p[:split].sum()])
        states = _States(*first, np.ones(1, dtype=np.int64))
        self._look(states, np.zeros(1, dtype=np.int64), None)
        known, work = -1, 0
        while len(states.weight):
            if known != self.best_profit:
                known, seen = self.best_profit, {layer.item for layer in self.layers}
                left, right = self._sides(seen)
            if not len(left) and not len(right):
                break
            if len(right) and (not len(left) or right[0] - split <= split - 1 - left[0]):
                item, sign, right = int(right[0]), 1, right[1:]
            else:
                item, sign, left = int(left[0]), -1, left[1:]
            states = self._flip(states, item, sign)
            keep = self._alive(states, left, right)
            states = states.where(keep)
            layer = self.layers[-1]
            layer.parent, layer.flipped = layer.parent[keep], layer.flipped[keep]
            work += len(states.weight) + LAYER_WORK
            if work > self.max_work:
                raise TooManyStates(f"{len(states.weight)} states after {len(self.layers)} items")

    def _sides(self, seen: set[int]) -> tuple[IntArray, IntArray]:
        """The items that a best choice may still flip, outwards from the break item: a flip alone costs `loss`."""
        small = self.loss <= self.bound - self.best_profit + MARGIN * (1.0 + self.bound)
        if seen:
            small[list(seen)] = False
        items = np.flatnonzero(small)
        place = int(np.searchsorted(items, self.split))
        return items[:place][::-1], items[place:]

    def _greedy(self) -> int:
        """A profit that is reached: the items before the break item, then whatever still fits."""
        profit, left = int(self.p[: self.split].sum()), self.capacity - int(self.w[: self.split].sum())
        for p, w in zip(self.p[self.split :].tolist(), self.w[self.split :].tolist(), strict=True):
            if w <= left:
                profit, left = profit + p, left - w
        return profit

    def _flip(self, states: _States, item: int, sign: int) -> _States:
        """Every state as it is and with the item changed; the undominated ones, equal ones counted together."""
        count = len(states.weight)
        w = np.concatenate([states.weight, states.weight + sign * int(self.w[item])])
        p = np.concatenate([states.profit, states.profit + sign * int(self.p[item])])
        ways = np.concatenate([states.ways, states.ways])
        flipped = np.arange(2 * count) >= count
        parent = np.concatenate([np.arange(count), np.arange(count)])
        self._look(_States(w[count:], p[count:], ways[count:]), parent[count:], item)
        order = np.argsort(w, kind="stable")
        w, p, ways = w[order], p[order], ways[order]
        fresh = _changes(w)
        start = np.flatnonzero(fresh)
        top = np.maximum.reduceat(p, start)
        group = np.cumsum(fresh) - 1
        at_top = p == top[group]
        total = np.add.reduceat(np.where(at_top, ways, 0), start)
        first = np.flatnonzero(at_top)
        first = first[_changes(group[first])]
        rising = np.ones(len(top), dtype=np.bool_)
        np.greater(top[1:], np.maximum.accumulate(top)[:-1], out=rising[1:])
        pick = order[first[rising]]
        self.layers.append(_Layer(item, parent[pick], flipped[pick]))
        return _States(w[start[rising]], top[rising], total[rising])

    def _look(self, fresh: _States, parent: IntArray, item: int | None) -> None:
        """Take in states that are new at this item: a better one, or further ways to the best."""
        fits = fresh.weight <= self.capacity
        if not fits.any():
            return
        profit = int(fresh.profit[fits].max())
        if profit < self.best_profit:
            return
        at_best = fits & (fresh.profit == profit)
        weight = int(fresh.weight[at_best].min())
        at_best &= fresh.weight == weight
        if (profit, -weight) > (self.best_profit, -self.best_weight):
            self.best_profit, self.best_weight, self.ways = profit, weight, 0
            place = int(np.flatnonzero(at_best)[0])
            self.chosen = self._trace(int(parent[place]), item)
        if (profit, weight) == (self.best_profit, self.best_weight):
            self.ways += int(fresh.ways[at_best].sum())

    def _trace(self, place: int, item: int | None) -> IntArray:
        """The places of the items of one state."""
        inside = np.arange(len(self.p)) < self.split
        if item is not None:
            inside[item] = ~inside[item]
        for layer in reversed(self.layers):
            if layer.flipped[place]:
                inside[layer.item] = ~inside[layer.item]
            place = int(layer.parent[place])
        return np.flatnonzero(inside)

    def _alive(self, states: _States, left: IntArray, right: IntArray) -> BoolArray:
        """The states that one change more at least may bring to the best profit; items that may still change."""
        room = (self.capacity - states.weight).astype(np.float64)
        up = float(self.ratio[right[0]]) if len(right) else 0.0
        profit = states.profit.astype(np.float64)
        reach = np.full(len(profit), -np.inf)
        if len(right):
            reach = np.where(room >= float(self.w[right].min()), profit + room * up, reach)
        if len(left):
            down = float(self.ratio[left[0]])
            removed = profit + room * up - float(self.w[left].min()) * (down - up)
            reach = np.maximum(reach, np.where(room >= 0, removed, profit + room * down))
        alive: BoolArray = reach >= self.best_profit - MARGIN * (1.0 + abs(self.best_profit))
        return alive


def _changes(values: IntArray) -> BoolArray:
    """Where a run of equal values begins."""
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins
