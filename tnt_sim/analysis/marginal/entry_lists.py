"""Optimal lists over a range of amounts, with every change of the list or the gaps where one may hide.

If one pass gives every step, all lists are known. Otherwise the lists at the amounts of the plan
are found, and the interval between two that differ is searched as far as time and `MOST_LISTS`
allow; what remains is a gap. If a rule becomes tighter as the amount grows, nothing can be inferred
between two amounts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tnt_sim.analysis.marginal.entry_thresholds import Lists
from tnt_sim.analysis.shared.amount_variation import FREE
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, list_amount_dependent_rules
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, ReportProgress
from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.analysis.sweep.plan import SweepPlan
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.engine.result import Status
from tnt_sim.rules.linear_terms import BoolArray, IntArray

MOST_LISTS = 160
"""Most amounts whose list is computed, those of the plan included; the rest is reported as gaps."""


def build_reference_list(base: ReferenceSolution, path: EnvelopePath, plan: SweepPlan) -> Lists:
    """Return the list of the reference solution alone."""
    at = path.amount_cents
    cents = np.array([at], dtype=np.int64)
    optimal = base.answer.is_closed and base.answer.canonical
    return Lists(
        cents,
        base.allocation.funded[:, None],
        np.zeros(0, np.bool_),
        rising=not optimal and is_no_worse(base, path, plan),
        from_cents=at,
        to_cents=at,
        optimal=optimal,
    )


def find_optimal_lists(
    base: ReferenceSolution,
    path: EnvelopePath,
    plan: SweepPlan,
    course: StudyProgress,
    report_progress: ReportProgress | None,
) -> Lists:
    """Find the optimal lists over the range of a plan; an early end is recorded in `course`.

    A list whose solve was stopped by a limit is ignored: the optimum may differ.
    """
    walked = plan.free and not any(stage.tolerance for stage in base.problem.stages)
    asked = replace(plan, exact=True) if walked else plan
    outcome = run(
        asked,
        deadline=course.deadline,
        report_progress=report_progress,
        most_lists=MOST_LISTS if walked else None,
    )
    course.take(outcome.stopped_by, outcome.progress)
    known = _map_known_lists(outcome)
    if not known:
        return build_reference_list(base, path, plan)
    cents = np.array(list(known), dtype=np.int64)
    return Lists(
        cents,
        np.stack(list(known.values()), axis=1),
        _find_gaps(outcome, cents),
        nested=plan.nested,
        rising=is_no_worse(base, path, plan),
        from_cents=plan.amounts[0],
        to_cents=int(cents[-1]),
        unseen_cents=_find_unknown_amount(outcome, int(cents[0])),
    )


def is_no_worse(base: ReferenceSolution, path: EnvelopePath, plan: SweepPlan) -> bool:
    """Whether the optimum at each amount of a plan is at least as good as today in every stage.

    This requires that every allocation feasible today stays feasible, and a single objective: with
    two, the optimum may lose in the second to gain in the first.
    """
    alone = plan.moved.share == FREE and len(plan.moved.names) == 1 and plan.free
    upwards = (
        alone
        and plan.amounts[0] >= path.amount_cents
        and not list_amount_dependent_rules(base.problem, path.nodes)
    )
    return upwards and len(base.problem.stages) == 1


def _map_known_lists(result: SweepResult) -> dict[int, BoolArray]:
    """Map each amount with a known canonical optimum to its funded mask, by increasing amount."""
    points: list[Point] = result.nested if result.plan.nested else [*result.free, *result.looked]
    known = {
        point.cents: point.allocation.funded
        for point in points
        if point.status is Status.OPTIMAL and point.canonical and point.allocation is not None
    }
    if result.steps is not None and not result.plan.nested:
        known |= {int(at): result.steps.funded[:, k] for k, at in enumerate(result.steps.cents)}
    return dict(sorted(known.items()))


def _find_unknown_amount(result: SweepResult, first: int) -> int | None:
    """Return the least amount below the first known list about which nothing is known; None if there is none."""
    low = result.plan.amounts[0]
    if result.refined:
        nothing = [p.cents + 1 for p in (*result.free, *result.looked) if p.status is Status.INFEASIBLE]
        low = max([low, *(cents for cents in nothing if cents <= first)])
    nested = (
        {p.cents for p in result.nested if p.status is Status.INFEASIBLE} if result.plan.nested else set()
    )
    if nested and all(cents in nested for cents in result.plan.amounts if cents < first):
        return None
    return low if low < first else None


def _find_gaps(result: SweepResult, cents: IntArray) -> BoolArray:
    """Return the neighbouring amounts between which the list may change unobserved, bool (n_amounts − 1,)."""
    if result.plan.nested:  # this curve is defined at its announcements only
        requested = {point.cents for point in result.nested if point.status is Status.INFEASIBLE} | set(
            cents.tolist()
        )
        missing = [at for at in result.plan.amounts if at not in requested and at < cents[-1]]
        return np.array([any(a < at < b for at in missing) for a, b in pairwise(cents.tolist())], np.bool_)
    if not result.refined:
        return np.ones(len(cents) - 1, np.bool_)
    gaps = np.zeros(len(cents) - 1, np.bool_)
    for low, high in result.band:
        gaps |= (cents[:-1] < high.cents) & (cents[1:] > low.cents)
    return gaps
