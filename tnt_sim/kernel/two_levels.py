"""Leaves with a cap each under one cap for all: exactly, from the leaves' frontiers and one price.

    max Σ_l P_l  subject to  W_l ≤ cap_l,  Σ_l W_l ≤ C,  (P_l, W_l) a choice of leaf l; among the best, min Σ W_l

For a price a/b on the common cap, best_l = max_k (b·P_k − a·W_k) over the leaf's frontier, and
U = Σ best_l + a·C bounds b times every value. A choice of total profit P loses Σ_l loss_l + a·(C − W) = U − b·P,
with loss_l = best_l − (b·P_l − a·W_l) ≥ 0. So states of which the loss exceeds Γ matter to no choice with
U − b·P ≤ Γ: leaves are combined within Γ, which is widened until the best choice found has U − b·P ≤ Γ. The price
is found by tangents: two lines of a bracket meet at a fraction of integers, where the bound is evaluated exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.kernel.frontier import MAX_CELLS, Frontier, cells, frontier, items_of
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

FIRST_UNITS = 2
"""Γ to begin with, in units of profit."""
MAX_COMBINED = 2_000_000
"""States looked at in one combination of all leaves."""
MAX_TIES = 64
ROOM = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class TwoLevels:
    """The best choice: items, bool (n,), profit, weight; `canonical`: the greatest of the best in rank order."""

    taken: BoolArray
    profit: int
    weight: int
    canonical: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """All leaves' frontiers end to end."""

    profit: IntArray
    weight: IntArray
    start: IntArray
    leaf: IntArray


def two_levels(
    profit: IntArray, weight: IntArray, leaf: IntArray, caps: Sequence[int], capacity: int
) -> TwoLevels:
    """The best choice of items in rank order; `leaf` gives each item's leaf, (n,), `caps` each leaf's cap.

    Raises
    ------
    TooManyStates
        When the frontiers or the combination outgrow their budgets.
    OverflowError
        When products leave 64 bits.
    """
    members = [np.flatnonzero((leaf == k) & (weight <= caps[k])) for k in range(len(caps))]
    if sum(cells(profit[m]) for m in members) > MAX_CELLS:
        raise TooManyStates("the profits of the leaves are too large for their frontiers")
    fronts = [frontier(profit[m], weight[m], cap) for m, cap in zip(members, caps, strict=True)]
    points = _joined(fronts)
    a, b = _price(points, capacity)
    chosen, best_profit, best_weight, complete = _combined(points, capacity, a, b)
    taken = np.zeros(len(profit), dtype=np.bool_)
    for states in chosen:
        found = np.zeros(len(profit), dtype=np.bool_)
        for m, k in zip(members, states, strict=True):
            got = items_of(profit[m], weight[m], int(points.profit[k]), int(points.weight[k]))
            found[m[got]] = True
        first = np.flatnonzero(found != taken)
        if len(first) == 0 or found[first[0]]:
            taken = found
    return TwoLevels(taken, best_profit, best_weight, complete)


def _joined(fronts: Sequence[Frontier]) -> _Points:
    sizes = np.array([len(f.profit) for f in fronts], dtype=np.int64)
    return _Points(
        np.concatenate([f.profit for f in fronts]),
        np.concatenate([f.weight for f in fronts]),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        np.repeat(np.arange(len(fronts)), sizes),
    )


def _best(points: _Points, a: int, b: int) -> tuple[int, int]:
    """Total profit and weight at the price a/b; among equals of a leaf, the least weight."""
    value = _value(points, a, b)
    top = np.maximum.reduceat(value, points.start)[points.leaf]
    at_top = np.flatnonzero(value == top)
    first = at_top[np.r_[True, np.diff(points.leaf[at_top]) > 0]]
    return int(points.profit[first].sum()), int(points.weight[first].sum())


def _value(points: _Points, a: int, b: int) -> IntArray:
    reach = float(points.profit.max(initial=0)) * b + float(points.weight.max(initial=0)) * a
    if reach * max(1, len(points.start)) >= ROOM:
        raise OverflowError("the price of the common cap leaves 64 bits")
    return b * points.profit - a * points.weight


def _price(points: _Points, capacity: int) -> tuple[int, int]:
    """The price a/b at which the bound is least."""
    many = _best(points, 0, 1)
    if many[1] <= capacity:
        return 0, 1
    few = (0, 0)
    while True:
        a, b = many[0] - few[0], many[1] - few[1]
        common = int(np.gcd(a, b))
        a, b = a // common, b // common
        found = _best(points, a, b)
        if b * found[0] - a * found[1] <= b * many[0] - a * many[1]:
            return a, b
        if found[1] > capacity:
            many = found
        else:
            few = found


def _combined(points: _Points, capacity: int, a: int, b: int) -> tuple[list[list[int]], int, int, bool]:
    """The states of the best choices, the best profit and its least weight, and whether these are all."""
    value = _value(points, a, b)
    best = np.maximum.reduceat(value, points.start)
    loss = best[points.leaf] - value
    bound = int(best.sum()) + a * capacity
    gamma = FIRST_UNITS * b
    while True:
        near = [
            np.flatnonzero(part <= gamma) + start
            for part, start in zip(np.split(loss, points.start[1:]), points.start.tolist(), strict=True)
        ]
        found = _merge(points, loss, near, capacity, gamma)
        if found is not None and bound - b * found[1] <= gamma:
            return found
        gamma = max(2 * gamma, bound - b * found[1]) if found is not None else 2 * gamma
        if gamma >= ROOM // 4:
            raise TooManyStates("no choice fits within any loss")


def _merge(
    points: _Points, loss: IntArray, near: Sequence[IntArray], capacity: int, gamma: int
) -> tuple[list[list[int]], int, int, bool] | None:
    order = sorted(range(len(near)), key=lambda k: len(near[k]))
    weight = profit = lost = np.zeros(1, dtype=np.int64)
    layers: list[tuple[IntArray, IntArray]] = []
    work = 0
    for k in order:
        states = near[k]
        work += len(weight) * len(states)
        if work > MAX_COMBINED:
            raise TooManyStates(f"{work} combined states")
        w = (weight[:, None] + points.weight[states][None, :]).ravel()
        p = (profit[:, None] + points.profit[states][None, :]).ravel()
        gone = (lost[:, None] + loss[states][None, :]).ravel()
        keep = np.flatnonzero((gone <= gamma) & (w <= capacity))
        # by weight, the greatest profit first; a later state must bring more, and equals stay for the ties
        keep = keep[np.lexsort((-p[keep], w[keep]))]
        running = np.maximum.accumulate(p[keep]) if len(keep) else p[keep]
        earlier = np.r_[np.int64(-1), running[:-1]]
        same = np.r_[False, (np.diff(w[keep]) == 0) & (np.diff(p[keep]) == 0)]
        rising = p[keep] > earlier
        group = np.cumsum(~same) - 1
        keep = keep[rising[np.flatnonzero(~same)][group]] if len(keep) else keep
        if not len(keep):
            return None
        weight, profit, lost = w[keep], p[keep], gone[keep]
        layers.append((keep // len(states), states[keep % len(states)]))
    top = int(profit.max())
    lightest = int(weight[profit == top].min())
    ends = np.flatnonzero((profit == top) & (weight == lightest))
    chosen = []
    for end in ends[:MAX_TIES].tolist():
        states_of = [0] * len(near)
        place = int(end)
        for k, (parent, state) in zip(reversed(order), reversed(layers), strict=True):
            states_of[k] = int(state[place])
            place = int(parent[place])
        chosen.append(states_of)
    return chosen, top, lightest, len(ends) <= MAX_TIES
