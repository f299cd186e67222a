"""Undominated states of a part of a tree, and how equal ones are told apart.

A state (P, W) is the profit and weight of a choice. At the price a/b on weight it is worth b·P − a·W, and its loss
is what it falls short of the part's best. Of states that are equal in both, the one whose choice is the
lexicographically greatest in rank order stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, IntArray, TooManyStates
from tnt_sim.kernel.menus import Menus

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
