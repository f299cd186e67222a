"""Parts of a choice with the lists of their states (`blocks.py`): blocks, and two parts side by side.

All blocks are joined in two halves of like length. The pairs of the halves are far more than all else: they are
looked at a chunk at a time, and only those that the rows of cells to come leave are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.knapsack import STATE_SECONDS, IntArray
from tnt_sim.kernel.repair import Ahead
from tnt_sim.kernel.states import Pairs, States, undominated

PAIRS = 8
"""Pairs that are looked at in the time of one state."""
NONE = np.zeros(0, dtype=np.int64)
NOTHING_AHEAD = Ahead(())

Trail = list[tuple[IntArray, IntArray]]
"""For each step: the place of each state's parent, and the item that was flipped (−1: none)."""


@dataclass(slots=True, eq=False)
class Block:
    """One own row's items, and the states of the last look at them; row −1 stands for what is in no block."""

    row: int
    items: IntArray
    least: float = 0.0
    states: States = field(default_factory=lambda: States.one(0, NONE))
    trail: Trail = field(default_factory=list)

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        return followed(self.trail, place)[0]


@dataclass(slots=True, eq=False)
class Joined:
    """States of two parts side by side, and where each came from."""

    left: Part
    right: Part
    mine: IntArray
    its: IntArray
    states: States
    least: float

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        return self.left.flipped(int(self.mine[place])) + self.right.flipped(int(self.its[place]))


Part = Block | Joined


@dataclass(slots=True, eq=False)
class Way:
    """How the states of one pass came to be: blocks joined, then items flipped."""

    joined: Part
    trail: Trail = field(default_factory=list)

    def flipped(self, place: int) -> list[int]:
        """The items that one state flipped."""
        items, first = followed(self.trail, place)
        return items + self.joined.flipped(first)


def followed(trail: Trail, place: int) -> tuple[list[int], int]:
    """The items flipped on a trail, from its end back, and the place that it began from."""
    items = []
    for parent, item in reversed(trail):
        if item[place] >= 0:
            items.append(int(item[place]))
        place = int(parent[place])
    return items, place


@dataclass(frozen=True, slots=True)
class Joining:
    """Joins parts: within `beyond` over their leasts, and within `limit` with what lies ahead; `spend` counts."""

    beyond: float
    limit: float
    ahead: Ahead
    spend: Callable[[int], None]
    deadline: Deadline

    def every(self, first: Block, blocks: Sequence[Block]) -> Part:
        """All blocks beside the first part."""
        if not blocks:
            return first
        longest = sorted(blocks, key=lambda block: -_length(block))
        halves: list[Part] = [first, longest[0]]
        for block in longest[1:]:
            halves.sort(key=_length)
            halves[0] = self._two(halves[0], block, NOTHING_AHEAD)
        return self._two(halves[0], halves[1], self.ahead)

    def _two(self, one: Part, other: Part, ahead: Ahead) -> Joined:
        states, part = one.states, other.states
        least = one.least + other.least
        pairs = Pairs.within(states.lost, part.lost, least + self.beyond)
        self.spend(pairs.total // PAIRS)
        kept = [(states.beside(part, NONE, NONE), NONE, NONE)]
        for pair in pairs.chunks():
            self.deadline.check()
            kept.append(self._chunk(states, part, *ahead.of_pairs(states, part, *pair, self.limit), ahead))
        self.deadline.check(sum(len(mine) for _, mine, _ in kept) * STATE_SECONDS)
        both = States.together([chunk for chunk, _, _ in kept])
        mine, its = (np.concatenate([chunk[side] for chunk in kept]) for side in (1, 2))
        found, few = undominated(both)
        return Joined(one, other, mine[few], its[few], found, least)

    def _chunk(
        self, states: States, part: States, mine: IntArray, its: IntArray, ahead: Ahead
    ) -> tuple[States, IntArray, IntArray]:
        """Some pairs side by side: those that what lies ahead leaves within the limit."""
        both = states.beside(part, mine, its)
        if not ahead.rows:
            return both, mine, its
        alive = np.flatnonzero(both.lost + ahead.least(both) <= self.limit)
        return both.pick(alive), mine[alive], its[alive]


def _length(part: Part) -> int:
    return len(part.states.lost)
