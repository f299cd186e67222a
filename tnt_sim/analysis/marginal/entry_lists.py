"""The best list at each amount of a range, for the entries of dossiers: every change of it, or where one may lie.

One pass gives every step where it can. Elsewhere the lists at the amounts of the plan are found, and what lies
between two of them that differ is walked by lists, as far as the time and `MOST_LISTS` go; what is left unknown is
a gap. Where a rule asks more as the amount grows, nothing is said between two amounts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tnt_sim.analysis.marginal.entry_thresholds import Lists
from tnt_sim.analysis.shared.amount_variation import FREE
from tnt_sim.analysis.shared.envelope_path import Line, moving_rules
from tnt_sim.analysis.shared.progress import Course
from tnt_sim.analysis.shared.reference_solution import Base, Tell
from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.analysis.sweep.plan import Plan
from tnt_sim.analysis.sweep.runner import Found, run
from tnt_sim.engine.result import Status
from tnt_sim.rules.linear_terms import BoolArray, IntArray

MOST_LISTS = 160
"""Amounts at which a list is asked for, those of the plan included, before what is left is told as a gap."""


def today(base: Base, line: Line) -> Lists:
    """The list of today alone."""
    at = line.amount_cents
    cents = np.array([at], dtype=np.int64)
    return Lists(cents, base.allocation.funded[:, None], np.zeros(0, np.bool_), from_cents=at, to_cents=at)


def best_lists(base: Base, line: Line, plan: Plan, course: Course, tell: Tell | None) -> Lists:
    """The best lists over the range of a plan; what ended the search early is noted in `course`.

    A list that a limit stopped says nothing: the best one may be another.
    """
    walked = plan.free and not any(stage.tolerance for stage in base.problem.stages)
    asked = replace(plan, exact=True) if walked else plan
    found = run(asked, deadline=course.deadline, tell=tell, most_lists=MOST_LISTS if walked else None)
    course.take(found.told())
    known = _known(found)
    if not known:
        return today(base, line)
    cents = np.array(list(known), dtype=np.int64)
    return Lists(
        cents,
        np.stack(list(known.values()), axis=1),
        _gaps(found, cents),
        nested=plan.nested,
        rising=rises(base, line, plan),
        from_cents=plan.amounts[0],
        to_cents=int(cents[-1]),
        unseen_cents=_unseen(found, int(cents[0])),
    )


def rises(base: Base, line: Line, plan: Plan) -> bool:
    """Whether the best list at each amount of a plan is no worse than today's in every goal.

    Nothing that is possible today is lost, and there is one goal: for more of the first, a list may be worse in
    the second.
    """
    alone = plan.moved.share == FREE and len(plan.moved.names) == 1 and plan.free
    upwards = alone and plan.amounts[0] >= line.amount_cents and not moving_rules(base.problem, line.nodes)
    return upwards and len(base.problem.stages) == 1


def _known(found: Found) -> dict[int, BoolArray]:
    """Who is funded at each amount of which the one answer is known, by rising amount."""
    points: list[Point] = found.nested if found.plan.nested else [*found.free, *found.looked]
    known = {
        point.cents: point.allocation.funded
        for point in points
        if point.status is Status.OPTIMAL and point.canonical and point.allocation is not None
    }
    if found.steps is not None and not found.plan.nested:
        known |= {int(at): found.steps.funded[:, k] for k, at in enumerate(found.steps.cents)}
    return dict(sorted(known.items()))


def _unseen(found: Found, first: int) -> int | None:
    """The least amount below the first known list of which nothing is known; None where there is none."""
    low = found.plan.amounts[0]
    if found.refined:
        nothing = [p.cents + 1 for p in (*found.free, *found.looked) if p.status is Status.INFEASIBLE]
        low = max([low, *(cents for cents in nothing if cents <= first)])
    nested = {p.cents for p in found.nested if p.status is Status.INFEASIBLE} if found.plan.nested else set()
    if nested and all(cents in nested for cents in found.plan.amounts if cents < first):
        return None
    return low if low < first else None


def _gaps(found: Found, cents: IntArray) -> BoolArray:
    """Between which neighbouring amounts the list may change unseen, bool (n_amounts − 1,)."""
    if found.plan.nested:  # this curve exists at its announcements alone
        asked = {point.cents for point in found.nested if point.status is Status.INFEASIBLE} | set(
            cents.tolist()
        )
        missing = [at for at in found.plan.amounts if at not in asked and at < cents[-1]]
        return np.array([any(a < at < b for at in missing) for a, b in pairwise(cents.tolist())], np.bool_)
    if not found.refined:
        return np.ones(len(cents) - 1, np.bool_)
    gaps = np.zeros(len(cents) - 1, np.bool_)
    for low, high in found.band:
        gaps |= (cents[:-1] < high.cents) & (cents[1:] > low.cents)
    return gaps
