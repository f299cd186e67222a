"""Upper limits of marginal steps: lists better than today's by one application more, or one in another's place.

For envelopes, the list needs what it exceeds them by; for a rule, its violation. An exact reading in
integers, with the amount raised or without the rule, says whether the list stands. The exchanges tried are the
best by value for money: the most profitable in, the least profitable out.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.shared.envelope_path import EnvelopePath, compile_at_amount
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution
from tnt_sim.deadline import Deadline
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import CompiledRule
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import (
    Allocation,
    list_broken_rules,
    list_worse_stages,
    read_allocation,
    read_within_limits,
)
from tnt_sim.verify.decision_reasons import compute_stage_gains

MOST_SIDE = 300
"""Applications in, and out, of which pairs are made."""
MOST_READ = 12
"""Lists of a kind that are read for each question."""
MOST_GROUPS = 3
"""Groups of a rule that are looked at."""


def find_enough_cents(base: ReferenceSolution, path: EnvelopePath, deadline: Deadline) -> int | None:
    """Find cents to add to an envelope with which a list gains a unit in the first stage; None if none is found.

    Parameters
    ----------
    deadline : no list is read after it
    """
    problem, case = base.problem, base.problem.case
    under = (case.node >= path.node) & (case.node < case.tree.end[path.node])
    limits = base.compute_better_limits(0)
    least: int | None = None
    for allocation in _generate_lists(base, under, under):
        if deadline.expired:
            break
        excess = read_allocation(problem, allocation).envelopes.excess_cents
        cents = max(excess)
        if cents <= 0 or (least is not None and cents >= least):
            continue  # a list that needs no money tells nothing of it
        there = compile_at_amount(problem, path, path.amount_cents + cents)
        if read_within_limits(there, allocation, limits) is not None:
            least = cents
    return least


def find_enough_violation(
    base: ReferenceSolution, soft: Problem, rule: CompiledRule, deadline: Deadline
) -> Fraction | None:
    """Find a violation of a rule with which a list gains a unit in the first stage; None if none is found.

    Parameters
    ----------
    soft : the problem with the rule relaxed, whose first stage is its violation
    deadline : no list is read after it
    """
    limits = base.compute_better_limits(0)
    least: Fraction | None = None
    tight = _select_tight_groups(rule, base.allocation)
    for into, out in ((~tight, tight), (tight, ~tight), (tight, tight)):
        for allocation in _generate_lists(base, into, out):
            if deadline.expired:
                return least
            reading = read_allocation(soft, allocation)
            violation = reading.values[0]
            if violation <= 0 or (least is not None and violation >= least):
                continue  # a list that keeps the rule tells nothing of it
            if not list_broken_rules(soft, allocation, reading) and not list_worse_stages(
                soft, (violation, *limits), reading
            ):
                least = violation
    return least


def _select_tight_groups(rule: CompiledRule, today: Allocation) -> BoolArray:
    """Return the applications of the groups of a rule that are the nearest to a bound, bool (n,)."""
    if not isinstance(rule, Limit):
        return np.ones_like(today.funded)
    bounded_sums = rule.read(today.funded, today.granted_cents).readings
    known = sorted(
        (abs(figure.value - bound), figure.group or "")
        for figure in bounded_sums
        for bound in (figure.minimum, figure.maximum)
        if bound is not None and figure.value is not None
    )
    names = {group for _, group in known[:MOST_GROUPS]}
    codes = [k for k, name in enumerate(rule.groups.names) if name in names or len(bounded_sums) == 1]
    return np.isin(rule.groups.codes, codes)


def _generate_lists(base: ReferenceSolution, into: BoolArray, out: BoolArray) -> Iterator[Allocation]:
    """Yield today's list with one application of `into` more, then with one of `out` less, least cents first."""
    offers, today = base.problem.offers, base.allocation
    stage = base.problem.stages[0]
    gain = compute_stage_gains(stage, offers.most_cents, today.funded)
    loss = compute_stage_gains(stage, today.granted_cents, np.zeros_like(today.funded))
    waiting = np.flatnonzero(offers.candidate & ~today.funded & into & (gain > 0))
    gone = np.flatnonzero(offers.candidate & today.funded & out & ~offers.forced)
    cents = offers.most_cents
    waiting = waiting[np.argsort(-gain[waiting] / np.maximum(cents[waiting], 1), kind="stable")][:MOST_SIDE]
    paid = today.granted_cents
    gone = gone[np.argsort(loss[gone] / np.maximum(paid[gone], 1), kind="stable")][:MOST_SIDE]
    for row in waiting[np.argsort(cents[waiting], kind="stable")][:MOST_READ].tolist():
        yield today.exchange([], [row], cents)
    better = gain[waiting][:, None] > loss[gone][None, :]
    added = cents[waiting][:, None] - paid[gone][None, :]
    size = cents[waiting][:, None] + paid[gone][None, :]
    places = _choose_pairs(better, added, size)
    for k, j in places:
        yield today.exchange([gone[j]], [waiting[k]], cents)


def _choose_pairs(better: BoolArray, added: IntArray, size: IntArray) -> list[tuple[int, int]]:
    """Choose the pairs that gain: of those that add no cents the smallest, then those that add the fewest."""
    pairs = np.argwhere(better)
    own_added, own_size = added[better], size[better]
    order = np.lexsort((own_size, np.maximum(own_added, 0)))[:MOST_READ]
    return [(int(k), int(j)) for k, j in pairs[order]]
