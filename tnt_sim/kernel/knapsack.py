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

Items that exclude each other: the amounts that one dossier may get, one of them at most.

A group's items stand together, the greatest amount first. The order of choices asks first which groups are taken,
then how much each gets, so an item stands for two places in it: its group's, and behind all groups its own. Items
of a `raised` group are what is added to an amount that is taken in any case: they have the second place only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MAX_WORK = 4_000_000
LAYER_WORK = 200
"""What one item costs whatever its states, in states."""
MARGIN = 1e-9
LARGEST = 2**52
"""Sums of profits and of weights stay below this, where a float still tells two integers apart."""


STATE_SECONDS = 1e-6
"""What one state takes at the most, so that a step which would not end in time is not begun."""


class TooManyStates(Exception):
    """The list of states outgrew its budget: the instance is for another method."""


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best choice: items, bool (n,), its profit and weight, and the number of ways to reach both."""

    taken: BoolArray
    profit: int
    weight: int
    ways: int


def knapsack(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> Best:
    """The best choice of items; profits, weights and the capacity are ≥ 0.

    Raises
    ------
    TooManyStates
        When the states looked at, over all items, outgrow `max_work`.
    DeadlineExpired
        When time is up.
    OverflowError
        When sums leave what is handled exactly.
    ValueError
        For negative numbers.
    """
    _check(profit, weight, capacity)
    taken: BoolArray = (weight == 0) & (profit > 0)
    idle = int(((weight == 0) & (profit == 0)).sum())
    index = np.flatnonzero((weight <= capacity) & (weight > 0) & (profit > 0))
    gained = int(profit[taken].sum())
    if int(weight[index].sum()) <= capacity:
        taken[index] = True
        return Best(taken, gained + int(profit[index].sum()), int(weight[index].sum()), 2 ** min(idle, 60))
    index = index[np.argsort(-(profit[index] / weight[index]), kind="stable")]
    core = _Core(profit[index], weight[index], capacity, max_work, deadline)
    core.grow()
    taken[index[core.chosen]] = True
    ways = core.ways * 2 ** min(idle, 60)
    return Best(taken, gained + core.best_profit, core.best_weight, ways)


def reaches(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    target: int,
    max_work: int = MAX_WORK,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Whether some choice is worth `target` or more; states that fall short of it are never kept.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError, ValueError
        As `knapsack` does.
    """
    _check(profit, weight, capacity)
    free = weight == 0
    target -= int(profit[free].sum())
    index = np.flatnonzero((weight <= capacity) & ~free & (profit > 0))
    if int(weight[index].sum()) <= capacity or target <= 0:
        return int(profit[index].sum()) >= target
    index = index[np.argsort(-(profit[index] / weight[index]), kind="stable")]
    core = _Core(profit[index], weight[index], capacity, max_work, deadline, target)
    core.grow()
    return core.ways > 0


def _check(profit: IntArray, weight: IntArray, capacity: int) -> None:
    if (profit < 0).any() or (weight < 0).any() or capacity < 0:
        raise ValueError("profits, weights and the capacity of a knapsack must not be negative")
    if max(profit.astype(np.float64).sum(), weight.astype(np.float64).sum()) >= LARGEST:
        raise OverflowError("the sums of this knapsack are too large")


@dataclass(slots=True, eq=False)
class _States:
    """Undominated states, both weight and profit rising, and in how many ways each is reached; (n_states,)."""

    weight: IntArray
    profit: IntArray
    ways: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """What one item did: of `count` states as they were, then as many flipped, those that stayed."""

    item: int
    count: int
    kept: IntArray


class _Side:
    """Items on one side of the break item, outwards, of which some are taken in; the lightest that is left."""

    def __init__(self, items: IntArray, w: IntArray) -> None:
        self.items: list[int] = items.tolist()
        self.least: list[int] = np.minimum.accumulate(w[items][::-1])[::-1].tolist()
        self.place = 0

    @property
    def left(self) -> bool:
        """Whether an item is left."""
        return self.place < len(self.items)

    @property
    def item(self) -> int:
        """The next item."""
        return self.items[self.place]

    @property
    def lightest(self) -> int:
        """The least weight of what is left."""
        return self.least[self.place]


class _Core:
    """Items by falling ratio, none alone too heavy, not all of which fit; `grow` finds the best choice.

    With a `target`, whether a choice is worth that much: then `ways` is not 0.
    """

    def __init__(
        self,
        p: IntArray,
        w: IntArray,
        capacity: int,
        max_work: int,
        deadline: Deadline,
        target: int | None = None,
    ) -> None:
        self.p, self.w, self.capacity, self.max_work, self.deadline = p, w, capacity, max_work, deadline
        reach = np.cumsum(w)
        self.split = int(np.searchsorted(reach, capacity, side="right"))
        self.ratio = p / w
        self.sought = target is not None
        self.best_profit = self._greedy() if target is None else target
        self.best_weight, self.ways = LARGEST, 0
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
        self._look(states, None)
        known, work = -1, 0
        while len(states.weight) and not (self.sought and self.ways):
            self.deadline.check(len(states.weight) * STATE_SECONDS)
            if known != self.best_profit:
                known = self.best_profit
                left, right = self._sides({layer.item for layer in self.layers})
            if right.left and (not left.left or right.item - split <= split - 1 - left.item):
                item, sign, side = right.item, 1, right
            elif left.left:
                item, sign, side = left.item, -1, left
            else:
                break
            side.place += 1
            states = self._flip(states, item, sign, left, right)
            work += len(states.weight) + LAYER_WORK
            if work > self.max_work:
                raise TooManyStates(f"{len(states.weight)} states after {len(self.layers)} items")

    def _sides(self, seen: set[int]) -> tuple[_Side, _Side]:
        """The items that a best choice may still flip, outwards from the break item: a flip alone costs `loss`."""
        small = self.loss <= self.bound - self.best_profit + MARGIN * (1.0 + self.bound)
        if seen:
            small[list(seen)] = False
        items = np.flatnonzero(small)
        place = int(np.searchsorted(items, self.split))
        return _Side(items[:place][::-1], self.w), _Side(items[place:], self.w)

    def _greedy(self) -> int:
        """A profit that is reached: the items before the break item, then whatever still fits."""
        profit, left = int(self.p[: self.split].sum()), self.capacity - int(self.w[: self.split].sum())
        for p, w in zip(self.p[self.split :].tolist(), self.w[self.split :].tolist(), strict=True):
            if w <= left:
                profit, left = profit + p, left - w
        return profit

    def _flip(self, states: _States, item: int, sign: int, left: _Side, right: _Side) -> _States:
        """Every state as it is and with the item changed: the undominated ones that may still matter."""
        count = len(states.weight)
        w, p = states.weight + sign * self.w[item], states.profit + sign * self.p[item]
        self._look(_States(w, p, states.ways), item)
        w, p = np.concatenate([states.weight, w]), np.concatenate([states.profit, p])
        order = np.argsort(w, kind="stable")
        w, p = w[order], p[order]
        ways = np.concatenate([states.ways, states.ways])[order]
        if (w[1:] == w[:-1]).any():
            place, ways = _of_one_weight(w, p, ways)
            order, w, p = order[place], w[place], p[place]
        keep = self._reach(w, p, left, right) >= self.best_profit - MARGIN * (1.0 + abs(self.best_profit))
        keep[1:] &= p[1:] > np.maximum.accumulate(p)[:-1]
        few = np.flatnonzero(keep)
        self.layers.append(_Layer(item, count, order[few]))
        return _States(w[few], p[few], ways[few])

    def _look(self, fresh: _States, item: int | None) -> None:
        """Take in states that are new at this item: the heaviest that fits is the best of them."""
        place = int(np.searchsorted(fresh.weight, self.capacity, side="right")) - 1
        if place < 0 or fresh.profit[place] < self.best_profit:
            return
        profit, weight = int(fresh.profit[place]), int(fresh.weight[place])
        if (profit, -weight) > (self.best_profit, -self.best_weight):
            self.best_profit, self.best_weight, self.ways = profit, weight, 0
            self.chosen = self._trace(place, item)
        if (profit, weight) == (self.best_profit, self.best_weight):
            self.ways += int(fresh.ways[place])

    def _trace(self, place: int, item: int | None) -> IntArray:
        """The places of the items of one state."""
        inside = np.arange(len(self.p)) < self.split
        if item is not None:
            inside[item] = ~inside[item]
        for layer in reversed(self.layers):
            before = int(layer.kept[place])
            if before >= layer.count:
                inside[layer.item] = ~inside[layer.item]
            place = before % layer.count
        return np.flatnonzero(inside)

    def _reach(self, w: IntArray, p: IntArray, left: _Side, right: _Side) -> NDArray[np.float64]:
        """What one change more at least may bring each state to; -∞ where none is left to make."""
        room = self.capacity - w
        fits = int(np.searchsorted(w, self.capacity, side="right"))
        reach = np.full(len(w), -np.inf)
        up, added = 0.0, 0
        if right.left:
            up = float(self.ratio[right.item])
            added = int(np.searchsorted(w, self.capacity - right.lightest, side="right"))
            reach[:added] = p[:added] + room[:added] * up
        if left.left:
            down = float(self.ratio[left.item])
            removed = left.lightest * (down - up)
            reach[added:fits] = p[added:fits] + room[added:fits] * up - removed
            reach[fits:] = p[fits:] + room[fits:] * down
        return reach


def _of_one_weight(w: IntArray, p: IntArray, ways: IntArray) -> tuple[IntArray, IntArray]:
    """For each weight the place of a state of the greatest profit, and the ways to all such."""
    fresh = _changes(w)
    start = np.flatnonzero(fresh)
    group = np.cumsum(fresh) - 1
    at_top = p == np.maximum.reduceat(p, start)[group]
    total = np.add.reduceat(np.where(at_top, ways, 0), start)
    first = np.flatnonzero(at_top)
    return first[_changes(group[first])], total


def _changes(values: IntArray) -> BoolArray:
    """Where a run of equal values begins."""
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins


@dataclass(frozen=True, slots=True, eq=False)
class Menus:
    """The group of each item, int64 (n_items,), ascending; whether it is raised, bool (n_items,)."""

    group: IntArray
    raised: BoolArray

    def __post_init__(self) -> None:
        if len(self.group) and (np.diff(self.group) < 0).any():
            raise ValueError("the items of a group stand together")

    @classmethod
    def of(cls, group: IntArray) -> Menus:
        """Groups of which none is raised."""
        return cls(group, np.zeros(len(group), dtype=np.bool_))

    @property
    def shared(self) -> BoolArray:
        """The items whose group has further items, bool (n_items,)."""
        same = self.group[1:] == self.group[:-1]
        return np.r_[False, same] | np.r_[same, False] if len(self.group) else np.zeros(0, dtype=np.bool_)

    @property
    def plain(self) -> bool:
        """Whether every item is alone and by itself, so that all is as without menus."""
        return not (self.shared.any() or self.raised.any())

    def picked(self, items: IntArray) -> Menus:
        """Those of some items, ascending."""
        return Menus(self.group[items], self.raised[items])

    def order(self, items: IntArray) -> IntArray:
        """The places in the order of choices that a choice of items holds, ascending.

        Of two choices goes first which holds the first place that only one of them holds.
        """
        behind = int(self.group[-1]) + 1 if len(self.group) else 0
        funded = self.group[items[~self.raised[items]]]
        return np.concatenate([np.sort(funded), behind + np.sort(items)])
