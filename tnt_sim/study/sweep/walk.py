"""The curve between two amounts, whatever the rules, as long as none asks more as it grows.

    the list found at C serves down to C″ = min { C : it keeps every rule at C };  below, nothing beats C″ − 1 cent

so that between two known amounts the value lies in [L(lower one), U(upper one)]. The interval in which most is
unknown goes first: it is cut in the middle while it holds more than a few units, then walked from above, one solve
a step; where most is unknown at the amount itself, that one is asked again with more time. So a walk that a
tolerance or the time ends leaves the narrowest band.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import ScenarioError
from tnt_sim.result import Status
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.moved import Moved
from tnt_sim.study.sweep.point import Point, Settler, at_most
from tnt_sim.study.sweep.tolerance import Tolerance
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation

FEW_UNITS = 8
"""An interval that holds no more units of the first goal is walked from above."""
NEXT_SHARE, AGAIN_SHARE = 0.25, 0.5
"""Of the time that is left: a new amount, and one that is asked again."""
LEAST_SECONDS = 0.2

Pair = tuple[Point, Point]
Known = Callable[[int, Problem, float | None], Point | None]
Width = Fraction | float
"""How much is unknown: an exact fraction, never a rounded one; the only float is `UNKNOWN`."""
UNKNOWN: Width = float("inf")


@dataclass
class Walk:
    """What is known between the amounts of a grid.

    Attributes
    ----------
    unit : of the first goal; `up` where it is maximised
    tolerance : how wide the band may stay, nothing by default
    known : a point of an earlier run at an amount, where it can be shown again
    keep : told each point that is found
    deadline : after it nothing more is looked at, and what is known is whole
    lists : amounts differ where their lists do, and not only their values
    points : those found, each from the amount at which its list begins to serve
    at : the best point known at each amount
    """

    moved: Moved
    settler: Settler
    unit: Fraction
    up: bool = True
    tolerance: Tolerance | None = None
    known: Known | None = None
    keep: Callable[[Point], None] | None = None
    deadline: Deadline = UNLIMITED
    lists: bool = False
    points: list[Point] = field(default_factory=list)
    at: dict[int, Point] = field(default_factory=dict)
    waiting: list[tuple[Width, int, int]] = field(default_factory=list)
    ends: set[int] = field(default_factory=set)
    """Amounts above which nothing is looked at."""

    def between(self, low: Point, high: Point) -> None:
        """Look between two neighbours of the grid, the lowest first."""
        self.at.setdefault(low.cents, low)
        self.ends.discard(low.cents)
        self._hold(low, high)
        self.ends.add(high.cents)

    def step(self, seconds: float | None) -> Point | None:
        """One solve where most is unknown; None when nothing is left to look at, or no time."""
        while self.waiting and not self.deadline.expired:
            width, high_cents, low_cents = heapq.heappop(self.waiting)
            low, high = self.at[low_cents], self.at[-high_cents]
            if not self.is_open(low, high):
                continue
            if self.width(low, high) < -width:
                self._wait(low, high)  # it has become narrower since
                continue
            return self._narrowed(low, high, seconds)
        return None

    def band(self) -> list[Pair]:
        """The intervals in which the value is not known: it lies between L of the first and U of the second."""
        return [(low, high) for low, high in self._pairs() if self._differ(low, high)]

    def open(self) -> list[Pair]:
        """Those of them that are wider than the tolerance."""
        return [pair for pair in self._pairs() if self.is_open(*pair)]

    def width(self, low: Point, high: Point) -> Width:
        """How much is unknown between two points, in the first goal; infinite where nothing was found."""
        if not low.values or not high.values or high.bounds[0] is None:
            return UNKNOWN
        return abs(high.bounds[0] - low.values[0])

    def is_open(self, low: Point, high: Point) -> bool:
        """Whether more than the tolerance is unknown between two points."""
        if not self._differ(low, high):
            return False
        width = self.width(low, high)
        if width == UNKNOWN:
            return True
        if self.tolerance is not None:
            return width > self.tolerance.of(high.values[0])
        if self.lists and not (low.canonical and high.canonical):
            return width > 0
        return width > 0 or (low.settled and high.settled)  # else a later goal is not proven at these amounts

    def serves_from(self, point: Point, floor: int) -> int:
        """The least amount from `floor` on at which the point's list keeps every rule.

        When the time is over, the least that is known by then.
        """
        if point.allocation is None:
            return point.cents
        low, high = floor, point.cents
        near = self.moved.problem_at(point.cents) if low < high else None
        while low < high and not self.deadline.expired:
            middle = (low + high) // 2
            if serves(self.moved, middle, point.allocation, near):
                high = middle
            else:
                low = middle + 1
        return high

    def _differ(self, low: Point, high: Point) -> bool:
        if high.cents - low.cents <= 1:
            return False
        sure = low.settled and high.settled and (not self.lists or (low.canonical and high.canonical))
        return not sure or not self._same(low, high)

    def _same(self, one: Point, other: Point) -> bool:
        """Whether two points say the same."""
        if one.values != other.values or not self.lists:
            return one.values == other.values
        mine, theirs = one.allocation, other.allocation
        if mine is None or theirs is None:
            return mine is theirs
        return np.array_equal(mine.granted_cents, theirs.granted_cents)

    def _pairs(self) -> list[Pair]:
        known = [self.at[cents] for cents in sorted(self.at)]
        return [(low, high) for low, high in pairwise(known) if low.cents not in self.ends]

    def _narrowed(self, low: Point, high: Point, seconds: float | None) -> Point:
        most = max(_own(low), _own(high))
        if most > 0 and 2 * most >= self.width(low, high):
            return self._again(low if _own(low) >= most else high, low, high, seconds)
        few = low.status is Status.INFEASIBLE or self.width(low, high) <= FEW_UNITS * self.unit
        cents = high.cents - 1 if few else (low.cents + high.cents) // 2
        found = at_most(self._settled(cents, low, seconds, NEXT_SHARE), high, self.up)
        if found.status is not Status.INFEASIBLE:
            self._hold(low, found)
        else:
            self.at[cents] = found
        self._wait(self.at[cents], high)
        return found

    def _settled(self, cents: int, low: Point, seconds: float | None, share: float) -> Point:
        """The best at an amount, as far as the time goes, and no less than what the amount before held."""
        given = None if seconds is None else max(LEAST_SECONDS, seconds * share)
        problem = self.moved.problem_at(cents)
        known = self.known(cents, problem, given) if self.known is not None else None
        found = known or self.settler.point(problem, cents, seconds=given)
        found = self.settler.carried(problem, low, found)
        if self.keep is not None and known is None:
            self.keep(found)
        return found

    def _again(self, point: Point, low: Point, high: Point, seconds: float | None) -> Point:
        """The point with more time than it had; nothing is gained by a second try without a limit."""
        if seconds is None or seconds * AGAIN_SHARE < point.seconds:
            return point
        found = self.settler.point(
            self.moved.problem_at(point.cents), point.cents, seconds=seconds * AGAIN_SHARE
        )
        spent = max(found.seconds, seconds * AGAIN_SHARE)
        better = found if found.values and _own(found) < _own(point) else replace(point, seconds=spent)
        self.at[point.cents] = better
        if self.keep is not None and better is found:
            self.keep(found)
        self._wait(self.at[low.cents], self.at[high.cents])
        return better

    def _hold(self, low: Point, found: Point) -> None:
        """Keep a point; a settled one holds from where its list begins to serve."""
        self.at[found.cents] = found
        start = found
        if found.settled:
            if self._same(low, found):
                return
            start = replace(found, cents=self.serves_from(found, low.cents + 1))
            self.at[start.cents] = start
        self.points.append(start)
        self._wait(low, start)

    def _wait(self, low: Point, high: Point) -> None:
        if self.is_open(low, high):
            heapq.heappush(self.waiting, (-self.width(low, high), -high.cents, low.cents))


def _own(point: Point) -> Width:
    """How much is unknown at one amount."""
    if point.status is Status.INFEASIBLE:
        return Fraction(0)
    if not point.values or point.bounds[0] is None:
        return UNKNOWN
    return abs(point.bounds[0] - point.values[0])


def serves(moved: Moved, cents: int, allocation: Allocation, near: Problem | None = None) -> bool:
    """Whether a list keeps every rule at an amount; `near`, the problem at another, saves compiling it."""
    alike = near is not None and moved.overdrawn(cents) is None
    try:
        problem = (moved.lean(near, cents) if near and alike else None) or moved.problem_at(cents)
    except ScenarioError:
        return False
    return not broken_rules(problem, allocation, read_allocation(problem, allocation))
