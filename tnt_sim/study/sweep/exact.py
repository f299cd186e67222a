"""The exact curve: every amount at which the answer changes.

Where sums of rows settle the question, each is one knapsack whose capacity grows with the amount: one pass over
profits gives all steps and all lists (`kernel/curve.py`). Each list is read exactly against the rules at its own
amount. What is left, between two steps whose list breaks a rule, is walked from above:

    solve at C; the list found serves down to C″ = min { C : it keeps every rule };  solve again at C″ − 1 cent

which is one solve a step, with any rules, as long as none of them asks more when the amount grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.certify.agreement import agreement
from tnt_sim.certify.by_prices import Group, Pack, Relaxed, relaxed
from tnt_sim.certify.claims import Claims, Written, claims_of
from tnt_sim.certify.row_sheet import Choices
from tnt_sim.certify.system import MultiplierError
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.curve import Curve, curve
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.prove.prices import price_groups
from tnt_sim.result import Proof, Status
from tnt_sim.rules.base import BoolArray, IntArray, Mode
from tnt_sim.rules.envelope import read_envelopes
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.moved import Moved
from tnt_sim.study.sweep.point import PRICES, Point, plain
from tnt_sim.verify.reading import Allocation

Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Steps by rising amount, and the intervals [from, until) that this pass leaves open.

    Attributes
    ----------
    cents : int64 (n_steps,), the amount from which each step is in force
    units : int64 (n_steps,), its value: scale · units
    funded : bool (n_dossiers, n_steps), committed dossiers included
    """

    problem: Problem
    cents: IntArray
    units: IntArray
    scale: Fraction
    funded: BoolArray
    open: tuple[tuple[int, int], ...]

    def value(self, k: int) -> Fraction:
        """The value of one step."""
        return self.scale * int(self.units[k])

    def allocation(self, k: int) -> Allocation:
        """The list of one step: each dossier has one amount here."""
        offers, funded = self.problem.offers, self.funded[:, k]
        amount = np.where(offers.committed, offers.committed_cents, offers.most_cents)
        return Allocation(funded, np.where(funded, amount, 0))

    def point(self, k: int) -> Point:
        """One step as a point."""
        value = (self.value(k),)
        cents = int(self.cents[k])
        return Point(cents, Status.OPTIMAL, Proof.PROVED, value, value, self.allocation(k), True, PRICES, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """One knapsack over the range: its pack at the lower end, its capacity's slope, and its steps."""

    pack: Pack
    slope: int
    steps: Curve

    def amounts(self, low: int, high: int) -> tuple[IntArray, IntArray]:
        """The steps in force within [low, high], and the amount from which each is, not below `low`."""
        if self.slope == 0:
            return np.array([self.steps.step_at(self.pack.room)]), np.array([low])
        first = self.steps.step_at(self.pack.room)
        last = self.steps.step_at(self.pack.room + self.slope * (high - low))
        places = np.arange(first, last + 1)
        missing = np.maximum(self.steps.weight[places] - self.pack.room, 0)
        return places, low + -(-missing // self.slope)


def exact_steps(
    moved: Moved, low: int, high: int, tell: Tell | None = None, deadline: Deadline = UNLIMITED
) -> Steps | None:
    """All steps that one pass over profits gives; None where no sums of rows settle the question, or without time.

    Steps that were not read when the deadline passed are left open.
    """
    if deadline.expired:
        return None
    base = moved.problem_at(high, deadline)
    if not plain(base) or any(rule.penalty is not None for rule in base.rules):
        return None
    if moved.lean(base, low) is None:
        return None
    try:
        claims = claims_of(base, deadline)
        groups = price_groups(claims.system, claims.goals[0].coefficient, deadline)
        if groups is None or not agreement(base, claims, deadline).holds:
            return None
        found = _moving(moved, base, groups, low, high, deadline)
        return None if found is None else _Pass(moved, base, claims, low, high, *found, deadline).steps(tell)
    except (MultiplierError, TooManyStates, DeadlineExpired):
        return None


def _moving(
    moved: Moved, base: Problem, groups: Sequence[Group], low: int, high: int, deadline: Deadline
) -> tuple[Relaxed, list[_Moving]] | None:
    """The knapsacks at the lower end and how they grow; None where they do not grow evenly by whole cents."""
    middle = (low + high) // 2
    at = [_relaxed_at(moved, base, groups, cents, deadline) for cents in (low, middle, high)]
    first, second, last = at
    if first is None or second is None or last is None or not first.cheapest:
        return None
    found = []
    for one, two, three in zip(first.packs, second.packs, last.packs, strict=True):
        if not (_same(one, two) and _same(one, three)):
            return None
        slope, rest = divmod(three.room - one.room, max(1, high - low))
        if rest or slope < 0 or two.room != one.room + slope * (middle - low):
            return None
        found.append(_Moving(one, slope, curve(one.gain, one.weight, deadline)))
    return first, found


def _relaxed_at(
    moved: Moved, base: Problem, groups: Sequence[Group], cents: int, deadline: Deadline
) -> Relaxed | None:
    problem = moved.lean(base, cents)
    assert problem is not None
    claims = claims_of(problem, deadline)
    return relaxed(claims.system, claims.goals[0].coefficient, claims.goals[-1].coefficient, groups)


def _same(one: Pack, other: Pack) -> bool:
    return (
        np.array_equal(one.choice, other.choice)
        and np.array_equal(one.gain, other.gain)
        and np.array_equal(one.weight, other.weight)
    )


@dataclass
class _Pass:
    """All steps of one range from its knapsacks."""

    moved: Moved
    base: Problem
    claims: Claims
    low: int
    high: int
    first: Relaxed
    packs: list[_Moving]
    deadline: Deadline = UNLIMITED

    def steps(self, tell: Tell | None) -> Steps:
        """Each step read exactly at its own amount; what breaks a rule is left open until the next step."""
        amounts, taken, gain = self._joined()
        goal = self.claims.goals[0]
        units = gain + self.first.value + self.first.rest + goal.constant
        funded = self._funded(taken)
        steps = Steps(self.base, amounts, units, goal.scale, funded, ())
        right = steps_hold(self.moved, self.claims, steps, taken, tell, self.deadline)
        ends = np.append(amounts[1:], self.high + 1)
        wrong = np.flatnonzero(~right)
        open_ = _merged(list(zip(amounts[wrong].tolist(), ends[wrong].tolist(), strict=True)))
        return Steps(self.base, amounts[right], units[right], goal.scale, funded[:, right], tuple(open_))

    def _joined(self) -> tuple[IntArray, BoolArray, IntArray]:
        """The amounts of all steps, the choices, bool (n_choices, n_steps), and the packs' gains together."""
        each = [pack.amounts(self.low, self.high) for pack in self.packs]
        amounts = np.unique(np.concatenate([np.array([self.low]), *(when for _, when in each)]))
        taken = np.repeat(self.first.outside[:, None], len(amounts), axis=1)
        gain = np.zeros(len(amounts), dtype=np.int64)
        for pack, (places, when) in zip(self.packs, each, strict=True):
            at = np.searchsorted(when, amounts, side="right") - 1
            taken[pack.pack.choice] |= pack.steps.choices(places)[:, at]
            gain += pack.steps.profit[places[at]]
        return amounts, taken, gain

    def _funded(self, taken: BoolArray) -> BoolArray:
        offers = self.base.offers
        funded = np.repeat(offers.committed[:, None], taken.shape[1], axis=1)
        funded[Choices.of(offers).dossier] |= taken
        return funded


def _merged(intervals: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Neighbouring intervals as one."""
    found: list[tuple[int, int]] = []
    for start, end in intervals:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def steps_hold(
    moved: Moved,
    claims: Claims,
    steps: Steps,
    taken: BoolArray,
    tell: Tell | None = None,
    deadline: Deadline = UNLIMITED,
) -> BoolArray:
    """Which steps keep every rule at their own amount and are worth what they claim, bool (n_steps,).

    The tree and the value are read for each step. A rule is read once for each pattern of the choices that its
    rows hold: what it says of two lists that agree there is the same. A step that is not read in time counts as
    one that does not hold.
    """
    problem = steps.problem
    right = np.ones(len(steps.cents), dtype=np.bool_)
    rules = {id(rule): rule for rule in (*problem.rules, *problem.table_rules) if rule.mode is Mode.HARD}
    for part in claims.written:
        if id(part.of) in rules or part.of is problem.caps:
            columns = _columns(claims, part)
            right &= _by_pattern(problem, part.of, steps, taken[columns], deadline)
    stage = problem.stages[0]
    for k, cents in enumerate(steps.cents.tolist()):
        if deadline.expired:
            right[k:] = False
            return right
        lean = moved.lean(problem, cents)
        assert lean is not None
        allocation = steps.allocation(k)
        tree = read_envelopes(lean.case.tree, lean.case.node, allocation.granted_cents)
        value = stage.terms.evaluate(allocation.funded, allocation.granted_cents) * stage.terms.scale
        right[k] &= tree.holds and value == steps.value(k)
        if tell is not None and k % 64 == 0:
            tell(k / len(right))
    return right


def _columns(claims: Claims, part: Written) -> IntArray:
    rows = claims.system.rows
    inside = (rows.row >= part.first) & (rows.row < part.last) & (rows.col < claims.system.n_choices)
    return np.unique(rows.col[inside])


def _by_pattern(problem: Problem, of: Any, steps: Steps, taken: BoolArray, deadline: Deadline) -> BoolArray:
    """Whether a rule, or the caps, hold on each step; taken : bool (n_columns, n_steps)."""
    packed = np.packbits(taken, axis=0)
    _, first, place = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    holds = np.zeros(len(first), dtype=np.bool_)
    for k, step in enumerate(first.tolist()):
        if deadline.expired:
            break
        allocation = steps.allocation(step)
        if of is problem.caps:
            holds[k] = not problem.caps.broken(allocation.funded, allocation.granted_cents)
        else:
            holds[k] = of.read(allocation.funded, allocation.granted_cents).holds
    return holds[place.ravel()]
