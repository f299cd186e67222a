"""Proven bounds for optima that are not proved: Lagrangian lines and surrogate knapsacks.

For multipliers y ≥ 0 on the rows A x ≤ b and a weight s > 0 on the objective g, every allocation
satisfies (weak duality)::

    s·g·x  ≤  y·b + max { (s·g − yA) x : x within its bounds }

evaluated in exact integers. Only b depends on the amount, so a y found at one amount bounds every
other one, as a line in b. All lines are kept and the least bound is used; y = 0, the bound without
any row, is always among them. A second bound solves the surrogate constraints of the first stage as
exact knapsacks.

A later stage is bounded with the rows "earlier stages no worse than found" added: the bound is
valid among allocations that are at least as good in those stages, whether or not they are proved
optimal.

Sources: A. M. Geoffrion, "Lagrangean relaxation for integer programming", Mathematical Programming
Study 2 (1974); F. Glover, "Surrogate constraint duality in mathematical programming", Operations
Research 23 (1975).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.certify.claim_systems import ClaimGoal, Claims, build_claims
from tnt_sim.certify.row_sum_bound import relax_to_knapsacks, solve_relaxation
from tnt_sim.certify.system import MultiplierError, System, compute_slack, weigh
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.proof_lp import LpStatus, ProofLp, build_row_groups, round_multipliers
from tnt_sim.prove.stage_proofs import prove_stages
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem

SECONDS = 10.0
"""Default limit for the proof of an earlier stage, or for a linear program."""
MOST_LINES = 40
"""Lines of a stage evaluated for one bound: the latest ones, found at the nearest amounts."""


@dataclass(frozen=True, slots=True, eq=False)
class DualLine:
    """Integer multipliers of rows, the row of the objective last."""

    rows: tuple[str, ...]
    index: IntArray
    y: IntArray


@dataclass
class DualLines:
    """Dual lines of each stage found at the amounts so far."""

    lines: dict[int, list[DualLine]] = field(default_factory=dict)

    def add(self, k: int, dual_line: DualLine) -> None:
        """Add a line unless it is known."""
        known_lines = self.lines.setdefault(k, [])
        if not any(
            np.array_equal(one.index, dual_line.index) and np.array_equal(one.y, dual_line.y)
            for one in known_lines
        ):
            known_lines.append(dual_line)

    def find_least_bound(self, k: int, whole: System) -> Fraction | None:
        """Return the least bound of stage k over a system whose last row is the objective, or None.

        In units of the objective, not rounded: piecewise linear in the right-hand side.
        """
        last = np.array([whole.rows.n - 1], dtype=np.int64)
        entries = [
            evaluate_dual_line(whole, line.index, line.y)
            for line in self.lines.get(k, [])[-MOST_LINES:]
            if line.rows == whole.rows.names
        ]
        entries.append(evaluate_dual_line(whole, last, np.ones(1, dtype=np.int64)))
        return min((bound for bound in entries if bound is not None), default=None)


BEYOND_SECONDS = 0.5
"""Seconds allowed after the deadline to write the rows that known lines bound."""


def compute_proven_bounds(
    problem: Problem,
    values: Sequence[Fraction],
    seconds: float = SECONDS,
    *,
    proven: int = 0,
    lines: DualLines | None = None,
    fresh: bool = True,
    deadline: Deadline = UNLIMITED,
    model_cache: ModelCache | None = None,
) -> tuple[Fraction | None, ...]:
    """Bound each stage, given that the earlier stages are no worse than these values.

    Parameters
    ----------
    values : value of each stage
    seconds : limit for the proofs of earlier stages, and for each bound
    proven : number of first stages known to be optimal
    lines : lines of other amounts, to which those of this amount are added
    fresh : whether to look for a proof and for lines of this amount
    deadline : after it only known lines are used
    model_cache : holds the rows of other amounts, of which those of this amount are made
    """
    until = Deadline(deadline.seconds_left + BEYOND_SECONDS)
    try:
        claims = None if model_cache is None else model_cache.build_claims(problem, until)
        claims = claims or build_claims(problem, until)
    except (OverflowError, DeadlineExpired):
        return (None,) * len(values)
    known = DualLines() if lines is None else lines
    result: list[Fraction | None] = list(values[:proven])
    if fresh:
        result += _list_proven_values(problem, values, proven, deadline.tighten(seconds))
    for k in range(len(result), len(values)):
        until = deadline.tighten(seconds)
        bound = _compute_bound(claims, k, values, until if fresh and not until.expired else None, known)
        if bound is not None and (bound - values[k]) * claims.goals[k].sign < 0:
            bound = None  # the rows exclude this value: the bound does not apply to it
        result.append(bound)
    return tuple(result)


def compute_first_stage_bound(
    problem: Problem, lines: DualLines, deadline: Deadline | None = None
) -> Fraction | None:
    """Return the least line of the first stage at an amount, not rounded; None if there is none.

    With a deadline, a line of this amount is added first. Values are whole numbers of units, so a
    value below the rounded line is also below the line.
    """
    try:
        claims = build_claims(problem)
    except OverflowError:
        return None
    goal, whole = claims.goals[0], _with_goal(claims, claims.system, 0)
    if deadline is not None:
        _find_line(whole, 0, deadline, lines)
    least = lines.find_least_bound(0, whole)
    return None if least is None else goal.scale * (goal.sign * least + goal.constant)


def _list_proven_values(
    problem: Problem, values: Sequence[Fraction], first: int, deadline: Deadline
) -> list[Fraction | None]:
    """Return the values of the leading stages, except the last stage, that have an exact certificate."""
    if len(values) - first < 2 or deadline.expired:
        return []
    alone = replace(problem, stages=problem.stages[:-1])
    try:
        proofs = prove_stages(alone, values[:-1], deadline, first=first)
    except PointFound:
        return []
    held = next((k for k, proof in enumerate(proofs) if proof is None), len(proofs))
    return list(values[first : first + held])


def _compute_bound(
    claims: Claims, k: int, values: Sequence[Fraction], deadline: Deadline | None, lines: DualLines
) -> Fraction | None:
    goal = claims.goals[k]
    system = claims.restrict_to_values(values[:k]) if k else claims.system
    gain = goal.sign * goal.coefficient
    whole = _with_goal(claims, system, k)
    sums = None
    if deadline is not None:
        _find_line(whole, k, deadline, lines)
        sums = None if k else _compute_surrogate_bound(system, gain, claims.goals[-1], deadline)
    known = [bound for bound in (lines.find_least_bound(k, whole), sums) if bound is not None]
    return goal.scale * (goal.sign * math.floor(min(known)) + goal.constant) if known else None


def _with_goal(claims: Claims, system: System, k: int) -> System:
    """Add the negative of a stage's objective as the last row of the system."""
    gain = claims.goals[k].sign * claims.goals[k].coefficient
    used = np.flatnonzero(gain)
    return system.with_rows(system.rows.with_row(used, -gain[used], 0, "goal:better"))


def _find_line(whole: System, k: int, deadline: Deadline, lines: DualLines) -> None:
    """Add the line given by the dual prices of the linear program, if it ends in time."""
    lp = ProofLp(whole, whole.rows.n - 1).solve(whole.build_box(), deadline)
    if lp.answer is LpStatus.BOUNDED:
        lines.add(k, DualLine(whole.rows.names, *round_multipliers(whole, lp.prices)))


def evaluate_dual_line(system: System, index: IntArray, y: IntArray) -> Fraction | None:
    """Return the bound that integer multipliers prove for the objective; None if they prove none."""
    scale = int(y[index == system.rows.n - 1].sum())
    if scale <= 0:
        return None
    try:
        room, _ = compute_slack(system, system.build_box(), weigh(system, index, y))
    except MultiplierError:
        return None
    return Fraction(room, scale)


def _compute_surrogate_bound(
    system: System, gain: IntArray, least: ClaimGoal, deadline: Deadline
) -> Fraction | None:
    """Return the bound from the surrogate constraints priced by the linear program, if known in time."""
    if deadline.expired:
        return None
    groups = build_row_groups(system, gain, deadline)
    if groups is None:
        return None
    try:
        found = relax_to_knapsacks(system, gain, least.coefficient, groups)
        return None if found is None else Fraction(solve_relaxation(found, deadline).bound)
    except (MultiplierError, DeadlineExpired):
        return None
