"""Sums of parts' states, part after part: what the parts of a node are worth together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.kernel.tree_states import (
    NOWHERE,
    Budget,
    IntArray,
    States,
    first_of_equals,
    settled,
    undominated,
)

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
