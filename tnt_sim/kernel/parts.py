"""Parts of a choice with the lists of their states (`blocks.py`): blocks, and two parts side by side.

All blocks are joined in two halves of like length. The pairs of the halves are far more than all else: they are
looked at a chunk at a time, and only those that the rows of cells to come leave are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tnt_sim.kernel.knapsack import BoolArray, IntArray
from tnt_sim.kernel.repair import Ahead
from tnt_sim.kernel.states import Pairs, States, undominated

PAIRS = 8
"""Pairs that are looked at in the time of one state."""
NONE = np.zeros(0, dtype=np.int64)
NOTHING_AHEAD = Ahead(())

Trail = list[tuple[int, IntArray, BoolArray]]
"""For each item flipped (−1: none): the place of each state's parent, and whether it was flipped."""


@dataclass(slots=True, eq=False)
class Block:
    """One own row's items, and the states of the last look at them; row −1 stands for what is in no block."""

    row: int
    items: IntArray
    least: float = 0.0
    states: States = field(default_factory=lambda: States.one(0, NONE))
    trail: Trail = field(default_factory=list)

    def undo(self, taken: BoolArray, place: int) -> None:
        """Flip what one state flipped."""
        undone(taken, self.trail, place)


@dataclass(slots=True, eq=False)
class Joined:
    """States of two parts side by side, and where each came from."""

    left: Part
    right: Part
    mine: IntArray
    its: IntArray
    states: States
    least: float

    def undo(self, taken: BoolArray, place: int) -> None:
        """Flip what one state flipped."""
        self.left.undo(taken, int(self.mine[place]))
        self.right.undo(taken, int(self.its[place]))


Part = Block | Joined


@dataclass(slots=True, eq=False)
class Way:
    """How the states of one pass came to be: blocks joined, then items flipped."""

    joined: Part
    trail: Trail = field(default_factory=list)

    def undo(self, taken: BoolArray, place: int) -> None:
        """Flip what one state flipped."""
        self.joined.undo(taken, undone(taken, self.trail, place))


def undone(taken: BoolArray, trail: Trail, place: int) -> int:
    """Follow a trail back, flipping what it flipped; the place that it began from."""
    for item, parent, flipped in reversed(trail):
        if flipped[place]:
            taken[item] = ~taken[item]
        place = int(parent[place])
    return place


@dataclass(frozen=True, slots=True)
class Joining:
    """Joins parts: within `beyond` over their leasts, and within `limit` with what lies ahead; `spend` counts."""

    beyond: float
    limit: float
    ahead: Ahead
    spend: Callable[[int], None]

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
        kept = [ahead.of_pairs(states, part, *pair, self.limit) for pair in pairs.chunks()]
        mine, its = (np.concatenate(side) for side in zip(*kept, strict=True)) if kept else (NONE, NONE)
        both = states.beside(part, mine, its)
        if ahead.rows:
            alive = np.flatnonzero(both.lost + ahead.least(both) <= self.limit)
            both, mine, its = both.pick(alive), mine[alive], its[alive]
        found, few = undominated(both)
        return Joined(one, other, mine[few], its[few], found, least)


def _length(part: Part) -> int:
    return len(part.states.lost)
