"""A part of a tree of caps that has money of its own and may take more: above, only what it takes beyond counts.

With own money m, a choice (P, W) of the part needs n = max(0, W − m) of the node above. At the price a/b on what
it needs, and with t the price at which the part just spends its own money, it is priced at c = min(a, t), and

    V_part(c) + c·m   ≥   b·P − a·n

with equality up to  loss + (a − c)·n + c·max(0, m − W).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tnt_sim.kernel.leaves import Part
from tnt_sim.kernel.tree_states import ROOM, IntArray, States

_NEVER = 1 << 62


def filled(line: Callable[[int], tuple[int, int]], cap: int) -> tuple[int, int]:
    """The price t at which v − w·t + t·cap is least for lines (v, w) of a part, by tangents, and that value."""
    if cap < 0:  # what was promised is more than its own: it never needs nothing, at any price
        return _NEVER, 0
    many = line(0)
    if many[1] <= cap:
        return 0, many[0]
    few = (0, 0)
    while True:
        a = (many[0] - few[0]) // (many[1] - few[1])
        found = line(a)
        known = max(many[0] - a * many[1], few[0] - a * few[1])
        if found[0] - a * found[1] <= known:
            break
        if found[1] > cap:
            many = found
        else:
            few = found
    reached = {p: v + p * (cap - w) for p, (v, w) in ((p, line(p)) for p in (a, a + 1))}
    best = min(reached, key=lambda p: (reached[p], p))
    return best, reached[best]


class Beyond:
    """A part with money of its own."""

    def __init__(self, part: Part, own: int) -> None:
        self.part, self.own, self.size = part, own, part.size
        self.price, self.full = filled(part.line, own)

    def line(self, a: int) -> tuple[int, int]:
        """From its own price on it needs nothing; below, what it takes beyond its own."""
        if a >= self.price:
            return self.full, 0
        v, w = self.part.line(a)
        return (v, w - self.own) if w > self.own else (self.full, 0)

    def losses(self, a: int, count: int) -> IntArray:
        """The part's."""
        return self.part.losses(min(a, self.price), count)

    def near(self, a: int, gamma: int) -> States:
        """The part's states by what they need; of those that need nothing, the one that is worth most."""
        inner = min(a, self.price)
        wanted = gamma
        while True:
            states = self.part.near(inner, wanted)
            if len(states.weight) and float(states.weight[-1]) * max(a, 1) >= ROOM:
                raise OverflowError("the price of a part leaves 64 bits")
            needed = np.maximum(states.weight - self.own, 0)
            idle = np.maximum(self.own - states.weight, 0)
            short = states.loss + (a - inner) * needed + inner * idle
            least = int(short.min())
            if wanted >= gamma + least:
                break
            wanted = gamma + least
        first = max(0, int((needed == 0).sum()) - 1)
        found = States(
            states.profit, needed, short - least, states.best + inner * self.own - least,
            states.columns, states.differ,
        )  # fmt: skip
        return found.among(np.arange(first, len(needed))).within(gamma)
