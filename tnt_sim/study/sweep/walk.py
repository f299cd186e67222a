"""The steps of the curve from above, one solve a step, whatever the rules, as long as none asks more as it grows.

    solve at C;   the list serves down to C″ = min { C : it keeps every rule at C };   solve again at C″ − 1 cent

Since no amount below C″ can be worth more than what C″ − 1 cent is worth, nothing is missed. The interval in which
most is still unknown goes first, so that a walk that is stopped leaves the narrowest band.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tnt_sim.errors import ScenarioError
from tnt_sim.result import Status
from tnt_sim.study.moved import Moved
from tnt_sim.study.sweep.point import Point, Settler
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation

Share = Callable[[int], float | None]
"""How many seconds the next of so many open intervals may take; None without a limit."""


@dataclass
class Walk:
    """The steps between two settled amounts, found so far."""

    moved: Moved
    settler: Settler
    points: list[Point] = field(default_factory=list)
    waiting: list[tuple[float, int, Point, Point]] = field(default_factory=list)
    left: list[tuple[Point, Point]] = field(default_factory=list)
    """Intervals that a point without proof leaves open."""

    def between(self, low: Point, high: Point) -> None:
        """Look between two points; the later one is moved down to where its list begins to serve."""
        start = replace(high, cents=self.serves_from(high, low.cents + 1))
        self.points.append(start)
        self._wait(low, start)

    def step(self, seconds: float | None) -> Point | None:
        """One solve in the widest open interval; None when nothing is open."""
        if not self.waiting:
            return None
        _, _, low, high = heapq.heappop(self.waiting)
        cents = high.cents - 1
        found = self.settler.point(self.moved.problem_at(cents), cents, seconds=seconds)
        if not found.settled:
            self.left.append((low, high))
            return found
        if found.status is Status.INFEASIBLE or found.values == low.values:
            return found
        self.between(low, found)
        return found

    def open(self) -> list[tuple[Point, Point]]:
        """The intervals in which more may be known: nothing there is worth less than L, or more than U."""
        return [*self.left, *((low, high) for _, _, low, high in self.waiting)]

    def serves_from(self, point: Point, floor: int) -> int:
        """The least amount from `floor` on at which the point's list keeps every rule."""
        if point.allocation is None:
            return point.cents
        low, high = floor, point.cents
        while low < high:
            middle = (low + high) // 2
            if serves(self.moved, middle, point.allocation):
                high = middle
            else:
                low = middle + 1
        return high

    def _wait(self, low: Point, high: Point) -> None:
        if high.cents - low.cents > 1 and high.values != low.values:
            heapq.heappush(self.waiting, (-_width(low, high), -high.cents, low, high))


def serves(moved: Moved, cents: int, allocation: Allocation) -> bool:
    """Whether a list keeps every rule at an amount."""
    try:
        problem = moved.problem_at(cents)
    except ScenarioError:
        return False
    return not broken_rules(problem, allocation, read_allocation(problem, allocation))


def _width(low: Point, high: Point) -> float:
    """How much is unknown between two points, as a part of the first stage's value."""
    if not low.values or not high.values:
        return float("inf")
    top = high.bounds[0] if high.bounds and high.bounds[0] is not None else high.values[0]
    return float(abs(top - low.values[0]) / max(abs(top), Fraction(1)))
