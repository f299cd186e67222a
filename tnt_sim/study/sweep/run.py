"""A sweep from its plan to its points: the free curve, the nested one, every step where that is asked.

free     v(C)   = the best at C, whatever was said before
nested   w(C_i) = the best at C_i that keeps every promise of C_{i−1}: who was funded, and for how much
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.errors import ScenarioError
from tnt_sim.question import forced
from tnt_sim.result import Proof, Status
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.sweep.exact import Steps, exact_steps
from tnt_sim.study.sweep.figures import Counters, list_figures
from tnt_sim.study.sweep.plan import Plan
from tnt_sim.study.sweep.point import Point, Settler
from tnt_sim.study.sweep.store import Store
from tnt_sim.study.sweep.tightening import Tightening, tightening
from tnt_sim.study.sweep.walk import Walk
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation

FREE_CURVE, NESTED_CURVE = "free", "nested"
Tell = Callable[[str, float], None]


@dataclass
class Found:
    """What a sweep came to, complete or not.

    Attributes
    ----------
    base : the problem at the written amount
    free, nested : points by rising amount; those asked for
    figures : of each point with an allocation, by curve and amount
    steps : every step that one pass gives, under `exact`
    walked : further steps, one solve each
    open : intervals (lower, upper amount) of which only a band is known
    tightening : rules that ask more as the amount grows
    stopped_by : time or interrupt, None for a sweep that ended
    """

    plan: Plan
    base: Problem
    free: list[Point] = field(default_factory=list)
    nested: list[Point] = field(default_factory=list)
    steps: Steps | None = None
    walked: list[Point] = field(default_factory=list)
    open: list[tuple[Point, Point]] = field(default_factory=list)
    tightening: list[Tightening] = field(default_factory=list)
    stopped_by: str | None = None
    figures: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    n_prices: int = 0
    n_asked: int = 0


@dataclass
class Run:
    """One sweep on its way."""

    plan: Plan
    store: Store
    clock: Clock
    backend: str = "highs"
    cross_check: str = "never"
    tell: Tell | None = None
    found: Found = field(init=False)
    counters: Counters = field(init=False)
    done: int = 0

    def __post_init__(self) -> None:
        base = compile_problem(self.plan.scenario)
        self.found, self.counters = Found(self.plan, base), Counters.of(base)

    def result(self) -> Found:
        """All points, or those that were found before Ctrl-C."""
        try:
            self._all()
        except KeyboardInterrupt:
            self.found.stopped_by = "interrupt"
        return self.found

    def _all(self) -> None:
        low, high = (self._problem(cents) for cents in (self.plan.amounts[0], self.plan.amounts[-1]))
        if low is not None and high is not None:
            self.found.tightening = tightening(low, high)
        if self.plan.free:
            self._free()
            if not self.found.tightening:
                self._lowered()
        if self.plan.nested:
            self._nested()
        if self.plan.exact:
            self._exact()

    @property
    def n_points(self) -> int:
        """How many points are asked for."""
        return len(self.plan.amounts) * (self.plan.free + self.plan.nested)

    def _free(self) -> None:
        settler = self._settler()
        for cents in self.plan.amounts:
            problem = self._problem(cents)
            point = self._known(FREE_CURVE, cents, problem) or self._point(settler, cents, problem)
            point = carried(problem, self.found.free[-1] if self.found.free else None, point)
            self._take(FREE_CURVE, self.found.free, point, problem)

    def _nested(self) -> None:
        """Each amount with the promises of the one before; the first is free to choose."""
        settler = self._settler()
        promised: Allocation | None = None
        for cents in self.plan.amounts:
            problem = self._problem(cents, promised)
            point = self._known(NESTED_CURVE, cents, problem) or self._point(settler, cents, problem)
            point = carried(problem, self.found.nested[-1] if self.found.nested else None, point)
            self._take(NESTED_CURVE, self.found.nested, point, problem)
            promised = point.allocation or promised

    def _lowered(self) -> None:
        """Where no rule tightens, no amount is worth more than a bound of a greater one."""
        free = self.found.free
        for k in range(len(free) - 2, -1, -1):
            one, other = free[k], free[k + 1]
            if not one.bounds or not other.bounds or one.settled:
                continue
            mine, theirs = one.bounds[0], other.bounds[0]
            sign = 1 if self.found.base.stages[0].sense is Sense.MAXIMISE else -1
            if theirs is not None and (mine is None or sign * theirs < sign * mine):
                free[k] = replace(one, bounds=(theirs, *one.bounds[1:]))

    def _settler(self) -> Settler:
        return Settler(self.clock, self.backend, self.cross_check)

    def _problem(self, cents: int, promised: Allocation | None = None) -> Problem | None:
        """The problem at an amount, with promises to keep; None where the scenario contradicts itself."""
        try:
            problem = self.plan.moved.problem_at(cents)
        except ScenarioError:
            return None
        if promised is None:
            return problem
        rows = np.flatnonzero(promised.funded & ~problem.offers.committed)
        amounts = dict(zip(rows.tolist(), promised.granted_cents[rows].tolist(), strict=True))
        return forced(problem, fund=rows, amounts=amounts)

    def _point(self, settler: Settler, cents: int, problem: Problem | None) -> Point:
        if problem is None:
            return Point(cents, Status.INFEASIBLE, None, (), (), None, False, "none", 0.0)
        before = settler.n_asked
        point = settler.point(problem, cents, seconds=self._seconds())
        self.found.n_prices += settler.n_asked == before
        self.found.n_asked += settler.n_asked - before
        return point

    def _known(self, curve: str, cents: int, problem: Problem | None) -> Point | None:
        """A point of an earlier run, if it was settled and its allocation still keeps every rule."""
        point = self.store.known.get((curve, cents))
        if point is None or problem is None or not point.settled or point.allocation is None:
            return None
        reading = read_allocation(problem, point.allocation)
        if reading.values != point.values or broken_rules(problem, point.allocation, reading):
            return None
        return point

    def _take(self, curve: str, points: list[Point], point: Point, problem: Problem | None) -> None:
        points.append(point)
        if problem is not None and point.allocation is not None:
            figures = list_figures(self.counters, problem, point.allocation)
            self.found.figures[curve, point.cents] = figures
        if self.store.known.get((curve, point.cents)) is not point:
            self.store.put(curve, point)
        self.done += 1
        if self.tell is not None:
            self.tell(curve, self.done / max(1, self.n_points))

    def _seconds(self) -> float | None:
        """A fair share of what is left for a question of its own."""
        left = self.clock.limits().time_seconds
        return None if left is None else max(0.2, left / max(1, self.n_points - self.done))

    def _exact(self) -> None:
        """Every step: one pass where that is enough, else a walk from above between the points of the grid."""
        low, high = self.plan.amounts[0], self.plan.amounts[-1]
        if self.found.tightening:
            return
        self.found.steps = exact_steps(self.plan.moved, low, high, self._told("exact"))
        walk = Walk(self.plan.moved, self._settler())
        for first, last in self._open_ends():
            walk.between(first, last)
        try:
            self._walk(walk)
        finally:
            self.found.walked = walk.points
            self.found.open = walk.open()
            self.found.n_asked += walk.settler.n_asked
            self.found.n_prices += walk.settler.n_prices

    def _walk(self, walk: Walk) -> None:
        whole = max(1, len(walk.waiting))
        while walk.waiting:
            left = self.clock.limits().time_seconds
            if left is not None and left <= 0.05:
                self.found.stopped_by = "time"
                return
            walk.step(left)
            if self.tell is not None:
                self.tell("walk", len(walk.points) / (len(walk.points) + max(whole, len(walk.waiting))))

    def _open_ends(self) -> list[tuple[Point, Point]]:
        """The intervals that one pass leaves open, between settled points; all of the grid's without a pass."""
        steps = self.found.steps
        if steps is None:
            pairs = zip(self.found.free[:-1], self.found.free[1:], strict=True)
            return [(a, b) for a, b in pairs if b.settled]
        settler = self._settler()
        ends = []
        for first, until in steps.open:
            cents_ = dict.fromkeys((first, until - 1))
            both = [self._point(settler, cents, self._problem(cents)) for cents in cents_]
            self.found.walked.append(both[0])
            ends.append((both[0], both[-1]))
        return [(a, b) for a, b in ends if b.settled and a.cents < b.cents]

    def _told(self, phase: str) -> Callable[[float], None] | None:
        tell = self.tell
        if tell is None:
            return None
        return lambda share: tell(phase, share)


def carried(problem: Problem | None, before: Point | None, point: Point) -> Point:
    """A point that is not settled holds at least what the amount before held, where that keeps every rule."""
    if point.settled or before is None or before.allocation is None or problem is None:
        return point
    reading = read_allocation(problem, before.allocation)
    if broken_rules(problem, before.allocation, reading):
        return point
    signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in problem.stages]
    mine = [sign * value for sign, value in zip(signs, point.values, strict=False)]
    theirs = [sign * value for sign, value in zip(signs, reading.values, strict=True)]
    if point.allocation is not None and mine >= theirs:
        return point
    bounds = (point.bounds or (None,))[:1]
    return Point(
        point.cents,
        Status.FEASIBLE,
        Proof.FEASIBLE_GAP,
        reading.values,
        (*bounds, *[None] * (len(reading.values) - 1)),
        before.allocation,
        False,
        "kept",
        point.seconds,
    )


def run(
    plan: Plan,
    *,
    store: Store | None = None,
    time_limit: float | None = None,
    backend: str = "highs",
    cross_check: str = "never",
    tell: Tell | None = None,
) -> Found:
    """Find all points of a plan within a time, keeping each as it is found."""
    keep = store or Store(None, "")
    return Run(plan, keep, Clock(time_limit), backend, cross_check, tell).result()
