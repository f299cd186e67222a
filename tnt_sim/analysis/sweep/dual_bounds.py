"""Proven bounds where an optimum is not: the least of exact dual lines and of the sums of rows as knapsacks.

For multipliers y ≥ 0 on rows and a weight s on the goal, every allocation has

    s·g·x  ≤  y·b + max { (s·g − yA) x : x within its bounds }

computed in whole numbers. Only b moves with the amount: a y found at one amount bounds every other one (a line in
b), so all are kept and the least is taken; y = 0, all that could be had without any rule, is always among them.
Later stages stand under the rows « no worse than found » of the earlier ones: what is at least as good there as
the list that was found is worth no more than the bound, whether the earlier stages are proven best or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.certify.claim_systems import Claims, Goal, claims_of
from tnt_sim.certify.row_sum_bound import best_under, relaxed
from tnt_sim.certify.system import MultiplierError, System, slack, weigh
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.proof_lp import Answer, LiveLp, price_groups, whole_multipliers
from tnt_sim.prove.stage_proofs import prove_stages
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem

SECONDS = 10.0
"""The most that the proof of an earlier stage, or a linear program, may take where no time is said."""
MOST_LINES = 40
"""The lines of a stage looked at for one bound: those found last, which are those of the nearest amounts."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Whole multipliers of rows, the goal's own row last among them."""

    rows: tuple[str, ...]
    index: IntArray
    y: IntArray


@dataclass
class Lines:
    """The lines of each stage that the amounts so far have given."""

    found: dict[int, list[Line]] = field(default_factory=dict)

    def add(self, k: int, line: Line) -> None:
        """Keep one, unless it is there."""
        mine = self.found.setdefault(k, [])
        if not any(np.array_equal(one.index, line.index) and np.array_equal(one.y, line.y) for one in mine):
            mine.append(line)

    def least(self, k: int, whole: System) -> Fraction | None:
        """The least bound of stage k over a system whose last row is the goal; None where none can be computed.

        In units of the goal, and not rounded: a straight line as long as one line is the least.
        """
        last = np.array([whole.rows.n - 1], dtype=np.int64)
        told = [
            line_at(whole, line.index, line.y)
            for line in self.found.get(k, [])[-MOST_LINES:]
            if line.rows == whole.rows.names
        ]
        told.append(line_at(whole, last, np.ones(1, dtype=np.int64)))
        return min((bound for bound in told if bound is not None), default=None)


BEYOND_SECONDS = 0.5
"""For writing the rows that known lines bound after the deadline: a list without a bound says little."""


def proven_bounds(
    problem: Problem,
    values: Sequence[Fraction],
    seconds: float = SECONDS,
    *,
    proven: int = 0,
    lines: Lines | None = None,
    fresh: bool = True,
    deadline: Deadline = UNLIMITED,
) -> tuple[Fraction | None, ...]:
    """What no allocation can better: one bound a stage, the earlier stages being no worse than these values.

    Parameters
    ----------
    seconds : the most that the proofs of earlier stages, and what bounds each stage, may take
    proven : how many of the first stages are known to be best
    lines : those of other amounts, to which this one's are added
    fresh : look for a proof and for lines of this amount as well
    deadline : after it nothing is looked for any more, and the lines that are known give the bounds
    """
    try:
        claims = claims_of(problem, Deadline(deadline.seconds_left + BEYOND_SECONDS))
    except (OverflowError, DeadlineExpired):
        return (None,) * len(values)
    known = Lines() if lines is None else lines
    found: list[Fraction | None] = list(values[:proven])
    if fresh:
        found += _proven(problem, values, proven, deadline.within(seconds))
    for k in range(len(found), len(values)):
        until = deadline.within(seconds)
        bound = _bound(claims, k, values, until if fresh and not until.expired else None, known)
        if bound is not None and (bound - values[k]) * claims.goals[k].sign < 0:
            bound = None  # these rows cannot be read with this value
        found.append(bound)
    return tuple(found)


def first_line(problem: Problem, lines: Lines, deadline: Deadline | None = None) -> Fraction | None:
    """The least line of the first stage at an amount, not rounded; with a new one where a deadline is given.

    What an allocation is worth is a whole number of units: it is below the rounded line as it is below the line.
    """
    try:
        claims = claims_of(problem)
    except OverflowError:
        return None
    goal, whole = claims.goals[0], _with_goal(claims, claims.system, 0)
    if deadline is not None:
        _find_line(whole, 0, deadline, lines)
    least = lines.least(0, whole)
    return None if least is None else goal.scale * (goal.sign * least + goal.constant)


def _proven(
    problem: Problem, values: Sequence[Fraction], first: int, deadline: Deadline
) -> list[Fraction | None]:
    """The stages before the last that have an exact certificate, each bounded by its own value."""
    if len(values) - first < 2 or deadline.expired:
        return []
    alone = replace(problem, stages=problem.stages[:-1])
    try:
        proofs = prove_stages(alone, values[:-1], deadline, first=first)
    except PointFound:
        return []
    held = next((k for k, proof in enumerate(proofs) if proof is None), len(proofs))
    return list(values[first : first + held])


def _bound(
    claims: Claims, k: int, values: Sequence[Fraction], deadline: Deadline | None, lines: Lines
) -> Fraction | None:
    goal = claims.goals[k]
    system = claims.keeping(values[:k]) if k else claims.system
    gain = goal.sign * goal.coefficient
    whole = _with_goal(claims, system, k)
    sums = None
    if deadline is not None:
        _find_line(whole, k, deadline, lines)
        sums = None if k else _by_sums(system, gain, claims.goals[-1], deadline)
    known = [bound for bound in (lines.least(k, whole), sums) if bound is not None]
    return goal.scale * (goal.sign * math.floor(min(known)) + goal.constant) if known else None


def _with_goal(claims: Claims, system: System, k: int) -> System:
    """The system with the negative of a stage's goal as its last row."""
    gain = claims.goals[k].sign * claims.goals[k].coefficient
    used = np.flatnonzero(gain)
    return system.with_rows(system.rows.with_row(used, -gain[used], 0, "goal:better"))


def _find_line(whole: System, k: int, deadline: Deadline, lines: Lines) -> None:
    """The line of the linear program's prices, where it ends in time."""
    lp = LiveLp(whole, whole.rows.n - 1).solve(whole.box(), deadline)
    if lp.answer is Answer.BOUNDED:
        lines.add(k, Line(whole.rows.names, *whole_multipliers(whole, lp.prices)))


def line_at(system: System, index: IntArray, y: IntArray) -> Fraction | None:
    """What whole multipliers show the goal, the last row's negative, to be worth at most."""
    scale = int(y[index == system.rows.n - 1].sum())
    if scale <= 0:
        return None
    try:
        room, _ = slack(system, system.box(), weigh(system, index, y))
    except MultiplierError:
        return None
    return Fraction(room, scale)


def _by_sums(system: System, gain: IntArray, least: Goal, deadline: Deadline) -> Fraction | None:
    """The best under the sums of rows that the linear program prices, where it is known in time."""
    if deadline.expired:
        return None
    groups = price_groups(system, gain, deadline)
    if groups is None:
        return None
    try:
        found = relaxed(system, gain, least.coefficient, groups)
        return None if found is None else Fraction(best_under(found, deadline).bound)
    except (MultiplierError, DeadlineExpired):
        return None
