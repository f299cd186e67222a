"""Proven bounds where an optimum is not: the least of exact dual lines and of the sums of rows as knapsacks.

For multipliers y ≥ 0 on rows and a weight s on the goal, every allocation has

    s·g·x  ≤  y·b + max { (s·g − yA) x : x within its bounds }

computed in whole numbers; later stages stand under the rows « no worse than found » of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from tnt_sim.certify.by_prices import best_under, relaxed
from tnt_sim.certify.claims import Claims, Goal, claims_of
from tnt_sim.certify.system import MultiplierError, System, slack, weigh
from tnt_sim.prove.live_lp import Answer, LiveLp, whole_multipliers
from tnt_sim.prove.prices import price_groups
from tnt_sim.prove.search import PointFound
from tnt_sim.prove.stages import prove_stages
from tnt_sim.rules.base import IntArray
from tnt_sim.scenario.compile import Problem

SECONDS = 10.0
"""The most that the proof of an earlier stage, or a linear program, may take where no time is said."""


def proven_bounds(
    problem: Problem, values: Sequence[Fraction], seconds: float = SECONDS
) -> tuple[Fraction | None, ...]:
    """What no allocation can better: one bound a stage, given that the earlier stages keep these values.

    Proofs of earlier stages and each linear program take `seconds` at most.
    A stage that is not proven best leaves the later ones without a bound: theirs would depend on it.
    """
    try:
        claims = claims_of(problem)
    except OverflowError:
        return (None,) * len(values)
    found: list[Fraction | None] = _proven(problem, values, seconds)
    for k, value in enumerate(values[len(found) :], start=len(found)):
        goal = claims.goals[k]
        bound = _bound(claims, k, values, seconds)
        if bound is not None and (bound - value) * goal.sign < 0:
            bound = None  # these rows cannot be read with this value
        found.append(bound)
        if bound != value:
            break
    return (*found, *([None] * (len(values) - len(found))))


def _proven(problem: Problem, values: Sequence[Fraction], seconds: float) -> list[Fraction | None]:
    """The stages before the last that have an exact certificate, each bounded by its own value."""
    if len(values) < 2:
        return []
    alone = replace(problem, stages=problem.stages[:-1])
    try:
        proofs = prove_stages(alone, values[:-1], seconds)
    except PointFound:
        return []
    held = next((k for k, proof in enumerate(proofs) if proof is None), len(proofs))
    return list(values[:held])


def _bound(claims: Claims, k: int, values: Sequence[Fraction], seconds: float) -> Fraction | None:
    goal = claims.goals[k]
    system = claims.keeping(values[:k]) if k else claims.system
    gain = goal.sign * goal.coefficient
    bounds = [_by_lines(system, gain, seconds), _by_sums(system, gain, claims.goals[-1]) if not k else None]
    known = [bound for bound in bounds if bound is not None]
    return goal.scale * (goal.sign * min(known) + goal.constant) if known else None


def _by_lines(system: System, gain: IntArray, seconds: float) -> int | None:
    """The bound of the prices of the linear program, exactly."""
    used = np.flatnonzero(gain)
    rows = system.rows.with_row(used, -gain[used], 0, "goal:better")
    whole = system.with_rows(rows)
    lp = LiveLp(whole, rows.n - 1).solve(system.box(), seconds)
    if lp.answer is not Answer.BOUNDED:
        return None
    index, y = whole_multipliers(whole, lp.prices)
    return line_at(whole, index, y)


def line_at(system: System, index: IntArray, y: IntArray) -> int | None:
    """What whole multipliers show the goal, the last row's negative, to be worth at most."""
    scale = int(y[index == system.rows.n - 1].sum())
    if scale <= 0:
        return None
    try:
        room, _ = slack(system, system.box(), weigh(system, index, y))
    except MultiplierError:
        return None
    return room // scale


def _by_sums(system: System, gain: IntArray, least: Goal) -> int | None:
    groups = price_groups(system, gain)
    if groups is None:
        return None
    try:
        found = relaxed(system, gain, least.coefficient, groups)
        return None if found is None else best_under(found).bound
    except MultiplierError:
        return None
