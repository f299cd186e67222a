"""Undominated states of a part of a tree, and how equal ones are told apart.

A state (P, W) is the profit and weight of a choice. At the price a/b on weight it is worth b·P − a·W, and its loss
is what it falls short of the part's best. Of states that are equal in both, the one whose choice is the
lexicographically greatest in rank order stays.

Sums of parts' states, part after part: what the parts of a node are worth together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, IntArray, Menus, TooManyStates

__all__ = ["NOWHERE", "ROOM", "BoolArray", "Budget", "Differ", "IntArray", "States", "settled", "undominated"]

ROOM = 2**62
"""Every product below stays under this."""
MAX_TIES = 20_000
"""Equal states that are compared by their items, in one tree."""


@dataclass(slots=True)
class Budget:
    """What one tree may cost, and until when; `alone` says that every tie met was settled."""

    work: int
    ties: int = MAX_TIES
    alone: bool = True
    deadline: Deadline = UNLIMITED

    def spend(self, states: int) -> None:
        """Count states looked at.

        Raises
        ------
        TooManyStates
            When the budget is used up.
        DeadlineExpired
            When time is up.
        """
        self.deadline.check(states * STATE_SECONDS)
        self.work -= states
        if self.work < 0:
            raise TooManyStates("the states of a tree of caps outgrew their budget")

    def may_compare(self) -> bool:
        """Whether two equal states may still be compared; if not, the first stays and is not the one answer."""
        self.ties -= 1
        self.alone &= self.ties >= 0
        return self.ties >= 0


Differ = Callable[[int, int], tuple[int, bool]]
"""The first place in the order that only one of two states' choices holds, and whether it is the first state's."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Undominated states by rising weight, int64 (n_states,); complete up to the loss that was asked for.

    Attributes
    ----------
    profit, weight, loss : of each state
    best : the part's best value at the price, scaled
    columns : the columns of the choice of state k
    differ : where the choices of two states first differ
    """

    profit: IntArray
    weight: IntArray
    loss: IntArray
    best: int
    columns: Callable[[int], IntArray] = field(repr=False)
    differ: Differ = field(repr=False)

    def within(self, gamma: int) -> States:
        """The states that lose no more than Γ."""
        return self.among(np.flatnonzero(self.loss <= gamma))

    def among(self, near: IntArray) -> States:
        """Some of the states, by place."""
        return States(
            self.profit[near],
            self.weight[near],
            self.loss[near],
            self.best,
            lambda k: self.columns(int(near[k])),
            lambda one, other: self.differ(int(near[one]), int(near[other])),
        )


def undominated(weight: IntArray, profit: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """The places of the undominated states by rising weight; the places of further equal ones, and whose equal."""
    order = np.argsort(weight, kind="stable")
    w, p = weight[order], profit[order]
    top = np.maximum.accumulate(p)
    rising = np.r_[True, p[1:] > top[:-1]]
    kept = np.flatnonzero(rising)
    # of one weight only the last, which is worth most
    kept = kept[np.r_[w[kept][1:] != w[kept][:-1], True]]
    equal = np.flatnonzero(~rising & (p == top))
    whose = np.minimum(np.searchsorted(w[kept], w[equal]), len(kept) - 1)
    same = (w[kept[whose]] == w[equal]) & (p[kept[whose]] == p[equal])
    return order[kept], order[equal[same]], whose[same]


def settled(kept: IntArray, equal: IntArray, whose: IntArray, differ: Differ, budget: Budget) -> IntArray:
    """`kept` with each tie settled: a state replaces its equal when its choice goes first."""
    for challenger, place in zip(equal.tolist(), whose.tolist(), strict=True):
        if not budget.may_compare():
            break
        if differ(challenger, int(kept[place]))[1]:
            kept[place] = challenger
    return kept


def first_of_equals(
    kept: IntArray, weight: IntArray, profit: IntArray, differ: Differ, budget: Budget
) -> IntArray:
    """`kept` with heavier states of an equal profit whose choice goes first, where weight is no goal."""
    order = np.argsort(weight, kind="stable")
    w, p = weight[order], profit[order]
    best = {int(profit[k]): int(k) for k in kept}
    known = {int(profit[k]): int(weight[k]) for k in kept}
    more = []
    for place in np.flatnonzero(p == np.maximum.accumulate(p)).tolist():
        worth, challenger = int(p[place]), int(order[place])
        if worth not in best or int(w[place]) <= known[worth]:
            continue
        if not budget.may_compare():
            break
        if differ(challenger, best[worth])[1]:
            best[worth] = challenger
            more.append(challenger)
    if not more:
        return kept
    every = np.concatenate([kept, np.array(more, dtype=np.int64)])
    return every[np.lexsort((profit[every], weight[every]))]


NOWHERE = (2**62, False)
"""Two states with the same choice differ in no column."""


def first_place(ours: IntArray, theirs: IntArray, menus: Menus | None) -> tuple[int, bool]:
    """The first place in the order of choices that only one of two choices holds, and whether ours does."""
    if menus is not None:
        ours, theirs = menus.order(ours), menus.order(theirs)
    places = np.setxor1d(ours, theirs)
    return (int(places[0]), bool(places[0] in ours)) if len(places) else NOWHERE


def least_of(loss: IntArray, count: int) -> IntArray:
    """About the `count` least of some losses."""
    return loss if len(loss) <= count else np.partition(loss, count)[:count]


PAIRS = 4_000_000
"""Pairs held at once, of about 100 bytes each."""


def _spans(count: IntArray) -> list[slice]:
    """Spans of a part's states with at most `PAIRS` pairs, or of one state; `count` (n_states,) is each one's."""
    ends, spans, start = np.cumsum(count), list[slice](), 0
    while start < len(count):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + PAIRS, side="right")))
        spans.append(slice(start, stop))
        start = stop
    return spans or [slice(0, 0)]


class Sums:
    """The undominated sums of parts' states that lose at most `need` and keep the cap, by rising weight."""

    def __init__(
        self, parts: Sequence[States], cap: int, need: int, budget: Budget, *, heavier: bool
    ) -> None:
        self.parts, self.budget, self.heavier = parts, budget, heavier
        self.best = sum(part.best for part in parts)
        alone = [part for part in parts if len(part.loss) == 1]
        self.weight = np.array([sum(int(part.weight[0]) for part in alone)])
        self.profit = np.array([sum(int(part.profit[0]) for part in alone)])
        self.loss = np.array([sum(int(part.loss[0]) for part in alone)])
        self.layers: list[tuple[int, IntArray, IntArray]] = []
        many = [k for k, part in enumerate(parts) if len(part.loss) != 1]
        for k in sorted(many, key=lambda k: len(parts[k].loss)):
            self._add(k, cap, need)
        fits = self.weight <= cap
        if not fits.all():
            self.weight, self.profit, self.loss = self.weight[fits], self.profit[fits], self.loss[fits]
            kept = np.flatnonzero(fits)
            self.layers.append((-1, kept, np.zeros_like(kept)))

    def _add(self, k: int, cap: int, need: int) -> None:
        part = self.parts[k]
        order = np.argsort(self.loss, kind="stable")
        count = np.searchsorted(self.loss[order], need - part.loss, side="right")
        total = int(count.sum())
        self.budget.spend(total)
        spans = _spans(count)
        parted = [self._pairs(part, order, count, span, cap, peaks=len(spans) > 1) for span in spans]
        mine, theirs, weight, profit = (np.concatenate(one) for one in zip(*parted, strict=True))
        nobody = np.zeros(0, dtype=np.int64)
        kept, equal, whose = undominated(weight, profit) if len(weight) else (nobody, nobody, nobody)
        self.layers.append((k, mine, theirs))
        if len(equal):
            kept = settled(kept, equal, whose, self.differ, self.budget)
        if self.heavier and len(kept):
            kept = first_of_equals(kept, weight, profit, self.differ, self.budget)
        mine, theirs = mine[kept], theirs[kept]
        self.layers[-1] = k, mine, theirs
        self.weight, self.profit = weight[kept], profit[kept]
        self.loss = self.loss[mine] + part.loss[theirs]

    def _pairs(
        self, part: States, order: IntArray, count: IntArray, span: slice, cap: int, *, peaks: bool
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Pairs of a sum with some states of a part that keep the cap: places of both, weight and profit.

        With `peaks`, those alone that no lighter pair of the same states is worth more than: the others are
        neither undominated among all pairs nor equal to one that is.
        """
        self.budget.deadline.check()
        here = count[span]
        mine = order[np.arange(here.sum()) - np.repeat(np.cumsum(here) - here, here)]
        theirs = np.repeat(np.arange(span.start, span.stop), here)
        weight = self.weight[mine] + part.weight[theirs]
        fits = np.flatnonzero(weight <= cap)
        mine, theirs, weight = mine[fits], theirs[fits], weight[fits]
        profit = self.profit[mine] + part.profit[theirs]
        if peaks:
            rising = np.argsort(weight, kind="stable")
            top = np.maximum.accumulate(profit[rising]) if len(rising) else profit
            kept = np.sort(rising[profit[rising] == top])
            mine, theirs, weight, profit = mine[kept], theirs[kept], weight[kept], profit[kept]
        return mine, theirs, weight, profit

    def _chosen(self, place: int) -> dict[int, int]:
        """Which state of each part a sum is made of; parts of one state are left out."""
        chosen = {}
        for k, parent, state in reversed(self.layers):
            if k >= 0:
                chosen[k] = int(state[place])
            place = int(parent[place])
        return chosen

    def differ(self, one: int, other: int) -> tuple[int, bool]:
        """Where two sums first differ: as many columns as parts, of which the first counts."""
        ours, theirs = self._chosen(one), self._chosen(other)
        return min(
            (self.parts[k].differ(ours[k], theirs[k]) for k in ours if ours[k] != theirs[k]), default=NOWHERE
        )

    def columns(self, place: int) -> IntArray:
        """The columns of one sum."""
        chosen = self._chosen(place)
        return np.concatenate([part.columns(chosen.get(k, 0)) for k, part in enumerate(self.parts)])

    def states(self) -> States:
        """The sums as states of the root."""
        return States(self.profit, self.weight, self.loss, self.best, self.columns, self.differ)
