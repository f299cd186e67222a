"""Undominated states of a node, ties between equal states, and sums of states.

A state (P, W) is the profit and weight of a selection. At the price a/b per unit of weight its value is
b·P − a·W, and its *loss* is the difference to the best value under the node. One state dominates another with
no less profit and no more weight. Of states equal in both, the one whose selection ranks first is kept, as
long as the budget of comparisons lasts.

`StateSums` combines the state lists of a node's parts one after the other and keeps the undominated sums within a
total loss: list dynamic programming.

Source: Nemhauser and Ullmann, *Discrete dynamic programming and capital allocation*, Management Science 15
(1969).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import STATE_SECONDS, BoolArray, ChoiceGroups, IntArray, TooManyStates

__all__ = [
    "NOWHERE",
    "ROOM",
    "BoolArray",
    "Budget",
    "Differ",
    "IntArray",
    "TreeStates",
    "filter_undominated",
    "resolve_ties",
]

ROOM = 2**62
"""Limit of every product of a price with a weight or a profit, so that int64 is exact."""
STATE_BYTES, HELD_BYTES = 100, 16
"""Bytes of a new state, and of one that stays, with what leads back to its items."""
PAIRS = 4_000_000
"""Pairs of states formed together, at most."""
MAX_TIES = 20_000
"""Comparisons of equal states by their items, per tree."""


@dataclass(slots=True)
class Budget:
    """Work and time limits of one tree.

    Attributes
    ----------
    work : states that may still be examined
    ties : equal states that may still be compared
    is_unique : whether every tie met so far was resolved, so that the result is the canonical one
    max_bytes : memory of the arrays of one enumeration or sum, by their lengths; None for no limit
    """

    work: int
    ties: int = MAX_TIES
    is_unique: bool = True
    deadline: Deadline = UNLIMITED
    max_bytes: int | None = None

    def spend(self, states: int) -> None:
        """Count states examined.

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

    def check_memory(self, states: int, held: int = 0) -> None:
        """Check that so many states may be formed together, beside those `held` from before.

        Raises
        ------
        TooManyStates
            When their arrays would exceed `max_bytes`.
        """
        if self.max_bytes is not None and STATE_BYTES * states + HELD_BYTES * held > self.max_bytes:
            raise TooManyStates(f"{states} states of a tree of caps, beside {held}, exceed the memory budget")

    @property
    def max_pairs(self) -> int:
        """Return the pairs of states that are formed together: at most a quarter of the memory budget."""
        return PAIRS if self.max_bytes is None else min(PAIRS, self.max_bytes // (4 * STATE_BYTES) + 1)

    def can_compare(self) -> bool:
        """Count one comparison of equal states.

        Return False, and clear `is_unique`, when the budget of ties is used up.
        """
        self.ties -= 1
        self.is_unique &= self.ties >= 0
        return self.ties >= 0


Differ = Callable[[int, int], tuple[int, bool]]
"""Compares the selections of two states: the first ranking place that only one of them contains, and whether
that is the first one.
"""


@dataclass(frozen=True, slots=True, eq=False)
class TreeStates:
    """Undominated states by rising weight, complete up to some loss; arrays are int64 (n_states,).

    Attributes
    ----------
    profit, weight, loss : of each state; the loss is in units of 1/b
    best : the node's best value at the price, times b
    columns : gives the columns of state k
    differ : compares the selections of two states
    """

    profit: IntArray
    weight: IntArray
    loss: IntArray
    best: int
    columns: Callable[[int], IntArray] = field(repr=False)
    differ: Differ = field(repr=False)

    def filter_within(self, gamma: int) -> TreeStates:
        """Keep the states whose loss is at most `gamma` (Γ)."""
        return self.pick(np.flatnonzero(self.loss <= gamma))

    def pick(self, near: IntArray) -> TreeStates:
        """Select states by their places."""
        return TreeStates(
            self.profit[near],
            self.weight[near],
            self.loss[near],
            self.best,
            lambda k: self.columns(int(near[k])),
            lambda one, other: self.differ(int(near[one]), int(near[other])),
        )


def filter_undominated(weight: IntArray, profit: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the undominated states by rising weight, then the states equal to one of these, and to which."""
    order = np.argsort(weight, kind="stable")
    w, p = weight[order], profit[order]
    top = np.maximum.accumulate(p)
    rising = np.r_[True, p[1:] > top[:-1]]
    selected = np.flatnonzero(rising)
    # of equal weight only the last, which has the greatest profit
    selected = selected[np.r_[w[selected][1:] != w[selected][:-1], True]]
    equal = np.flatnonzero(~rising & (p == top))
    whose = np.minimum(np.searchsorted(w[selected], w[equal]), len(selected) - 1)
    same = (w[selected[whose]] == w[equal]) & (p[selected[whose]] == p[equal])
    return order[selected], order[equal[same]], whose[same]


def resolve_ties(
    front: IntArray, equal: IntArray, whose: IntArray, differ: Differ, budget: Budget
) -> IntArray:
    """Resolve ties: a state replaces its equal when its selection ranks first."""
    for challenger, place in zip(equal.tolist(), whose.tolist(), strict=True):
        if not budget.can_compare():
            break
        if differ(challenger, int(front[place]))[1]:
            front[place] = challenger
    return front


def add_heavier_equals(
    front: IntArray, weight: IntArray, profit: IntArray, differ: Differ, budget: Budget
) -> IntArray:
    """Add heavier states of equal profit whose selection ranks first, where weight is not minimised."""
    order = np.argsort(weight, kind="stable")
    w, p = weight[order], profit[order]
    best = {int(profit[k]): int(k) for k in front}
    known = {int(profit[k]): int(weight[k]) for k in front}
    more = []
    for place in np.flatnonzero(p == np.maximum.accumulate(p)).tolist():
        worth, challenger = int(p[place]), int(order[place])
        if worth not in best or int(w[place]) <= known[worth]:
            continue
        if not budget.can_compare():
            break
        if differ(challenger, best[worth])[1]:
            best[worth] = challenger
            more.append(challenger)
    if not more:
        return front
    every = np.concatenate([front, np.array(more, dtype=np.int64)])
    return every[np.lexsort((profit[every], weight[every]))]


NOWHERE = (2**62, False)
"""Result of a comparison of equal selections."""


def compare_by_rank(ours: IntArray, theirs: IntArray, choice_groups: ChoiceGroups | None) -> tuple[int, bool]:
    """Compare two selections: the first ranking place that only one of them contains, and whether it is `ours`.

    Both are ascending.
    """
    if choice_groups is not None:
        ours, theirs = choice_groups.compute_rank_key(ours), choice_groups.compute_rank_key(theirs)
    n = min(len(ours), len(theirs))
    apart = np.flatnonzero(ours[:n] != theirs[:n])
    place = int(apart[0]) if len(apart) else n
    if place == len(ours) == len(theirs):
        return NOWHERE
    first, other = (int(one[place]) if place < len(one) else ROOM for one in (ours, theirs))
    return min(first, other), first < other


def select_least(loss: IntArray, count: int) -> IntArray:
    """Return the `count` smallest losses, unsorted; all if there are fewer."""
    return loss if len(loss) <= count else np.partition(loss, count)[:count]


def _split_into_spans(count: IntArray, max_pairs: int) -> list[slice]:
    """Cut a list of states into spans with at most `max_pairs` pairs, or of one state.

    `count` gives the pairs of each.
    """
    ends, spans, start = np.cumsum(count), list[slice](), 0
    while start < len(count):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + max_pairs, side="right")))
        spans.append(slice(start, stop))
        start = stop
    return spans or [slice(0, 0)]


class StateSums:
    """Undominated sums of states of several parts, total loss ≤ `need`, weight ≤ `cap`, by rising weight.

    With `heavier`, weight is not minimised: heavier sums of equal profit stay when their selection ranks
    first.
    """

    def __init__(
        self, terms: Sequence[TreeStates], cap: int, need: int, budget: Budget, *, heavier: bool
    ) -> None:
        self.terms, self.budget, self.heavier = terms, budget, heavier
        self.best = sum(part.best for part in terms)
        single = [part for part in terms if len(part.loss) == 1]
        self.weight = np.array([sum(int(part.weight[0]) for part in single)])
        self.profit = np.array([sum(int(part.profit[0]) for part in single)])
        self.loss = np.array([sum(int(part.loss[0]) for part in single)])
        self.layers: list[tuple[int, IntArray, IntArray]] = []
        many = [k for k, part in enumerate(terms) if len(part.loss) != 1]
        for k in sorted(many, key=lambda k: len(terms[k].loss)):
            self._add(k, cap, need)
        fits = self.weight <= cap
        if not fits.all():
            self.weight, self.profit, self.loss = self.weight[fits], self.profit[fits], self.loss[fits]
            kept = np.flatnonzero(fits)
            self.layers.append((-1, kept, np.zeros_like(kept)))

    def _add(self, k: int, cap: int, need: int) -> None:
        """Combine the sums so far with the states of part k."""
        states = self.terms[k]
        order = np.argsort(self.loss, kind="stable")
        count = np.searchsorted(self.loss[order], need - states.loss, side="right")
        total = int(count.sum())
        spans = _split_into_spans(count, self.budget.max_pairs)
        self.budget.spend(total)
        held, parted = sum(len(parent) for _, parent, _ in self.layers), []
        for span in spans:
            self.budget.check_memory(int(count[span].sum()), held)
            parted.append(self._form_pairs(states, order, count, span, cap, peaks=len(spans) > 1))
            held += 2 * len(parted[-1][0])
        self.budget.check_memory(sum(len(own) for own, *_ in parted), held)
        own, theirs, weight, profit = (np.concatenate(one) for one in zip(*parted, strict=True))
        nobody = np.zeros(0, dtype=np.int64)
        selected, equal, whose = (
            filter_undominated(weight, profit) if len(weight) else (nobody, nobody, nobody)
        )
        self.layers.append((k, own, theirs))
        if len(equal):
            selected = resolve_ties(selected, equal, whose, self.compare_selections, self.budget)
        if self.heavier and len(selected):
            selected = add_heavier_equals(selected, weight, profit, self.compare_selections, self.budget)
        own, theirs = own[selected], theirs[selected]
        self.layers[-1] = k, own, theirs
        self.weight, self.profit = weight[selected], profit[selected]
        self.loss = self.loss[own] + states.loss[theirs]

    def _form_pairs(
        self, states_: TreeStates, order: IntArray, count: IntArray, span: slice, cap: int, *, peaks: bool
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Form the pairs of a sum with a span of states of a part that respect the cap.

        Returns the places of both, the weights and the profits. With `peaks`, pairs with less profit than a
        pair of the same span that is no heavier are left out: they are dominated.
        """
        self.budget.deadline.check()
        here = count[span]
        own = order[np.arange(here.sum()) - np.repeat(np.cumsum(here) - here, here)]
        theirs = np.repeat(np.arange(span.start, span.stop), here)
        weight = self.weight[own] + states_.weight[theirs]
        fits = np.flatnonzero(weight <= cap)
        own, theirs, weight = own[fits], theirs[fits], weight[fits]
        profit = self.profit[own] + states_.profit[theirs]
        if peaks:
            rising = np.argsort(weight, kind="stable")
            top = np.maximum.accumulate(profit[rising]) if len(rising) else profit
            kept = np.sort(rising[profit[rising] == top])
            own, theirs, weight, profit = own[kept], theirs[kept], weight[kept], profit[kept]
        return own, theirs, weight, profit

    def _map_chosen_states(self, place: int) -> dict[int, int]:
        """Return the state of each part that a sum consists of; parts with a single state are left out."""
        chosen = {}
        for k, parent, state in reversed(self.layers):
            if k >= 0:
                chosen[k] = int(state[place])
            place = int(parent[place])
        return chosen

    def compare_selections(self, left: int, other: int) -> tuple[int, bool]:
        """Compare the selections of two sums.

        Parts have disjoint columns, so the first difference of any part decides.
        """
        ours, theirs = self._map_chosen_states(left), self._map_chosen_states(other)
        return min(
            (self.terms[k].differ(ours[k], theirs[k]) for k in ours if ours[k] != theirs[k]), default=NOWHERE
        )

    def list_columns(self, place: int) -> IntArray:
        """Return the columns of one sum."""
        chosen = self._map_chosen_states(place)
        return np.concatenate([part.columns(chosen.get(k, 0)) for k, part in enumerate(self.terms)])

    def to_states(self) -> TreeStates:
        """Return the sums as states of a node."""
        return TreeStates(
            self.profit, self.weight, self.loss, self.best, self.list_columns, self.compare_selections
        )
