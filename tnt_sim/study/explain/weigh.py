"""Two answers weighed against each other, as the contract breaks ties: stages, then money, then rank order.

v beats w  ⇔  at the first stage where they differ v is better; at none, v grants less; as much, and the
              first dossier funded in only one of the two is funded in v; else the first greater amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.verify.reading import Allocation


def gains(
    stages: Sequence[Stage], value: Sequence[Fraction], than: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    """By how much each stage of one answer is better than that of another (negative: worse)."""
    return tuple(
        (a - b) if stage.sense is Sense.MAXIMISE else (b - a)
        for stage, a, b in zip(stages, value, than, strict=True)
    )


def sign_of(gained: Sequence[Fraction]) -> int:
    """1 when the first stage that differs is better, -1 when it is worse, 0 when none differs."""
    first = next((gain for gain in gained if gain), Fraction(0))
    return (first > 0) - (first < 0)


def goes_first(one: Allocation, other: Allocation) -> int:
    """Which of two allocations of equal stages is the one answer: 1 the first, -1 the other, 0 the same."""
    less = int(other.granted_cents.sum()) - int(one.granted_cents.sum())
    if less:
        return 1 if less > 0 else -1
    for a, b in ((one.funded, other.funded), (one.granted_cents, other.granted_cents)):
        apart = np.flatnonzero(a != b)
        if len(apart):
            return 1 if a[apart[0]] > b[apart[0]] else -1
    return 0


def units(problem: Problem, deadline: Deadline = UNLIMITED) -> tuple[Fraction, ...]:
    """For each stage a step of which all its values are whole multiples: what the least gain can be."""
    return tuple(stage.scale for stage in formulate(problem, deadline=deadline).stages)


def with_tolerance(problem: Problem) -> bool:
    """Whether a stage may give up some of its best for later ones: then answers are not weighed in order."""
    return any(stage.tolerance for stage in problem.stages)
