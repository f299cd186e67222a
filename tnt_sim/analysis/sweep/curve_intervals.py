"""Refine the value function between two amounts by a best-first walk, for any rules that only relax.

A list that is optimal at C stays feasible down to C″ = min { C : it satisfies every rule at C },
and the value is constant on [C″, C]; the next question is C″ − 1 cent. Between two known amounts
the value therefore lies in [L(lower), U(upper)], with L the value found and U a proven bound. The
widest interval goes first: it is bisected while it is wider than a few units, then walked from
above, one solve per step. If most of the width comes from the gap at one amount, that amount is
solved again with more time. A walk that a tolerance or the time ends thus leaves a narrow band.

This needs monotonicity: no rule may become tighter as the amount grows. `list_tightening_rules` tests it row
by row.

The width of the band in euros is C − min { C′ : U(C′) ≥ L(C) }, to the cent, from exact dual lines.
U is evaluated at each amount with the right-hand sides of that amount, because proportional shares
are rounded to the cent and a straight line in C would be off by a cent.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.sweep.dual_bounds import DualLines, compute_first_stage_bound
from tnt_sim.analysis.sweep.envelope_point import Point, Settler, tighten_by_larger_amount
from tnt_sim.analysis.sweep.plan import Tolerance
from tnt_sim.certify.claim_systems import Claims, RowSource, build_claims
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.result import Status
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.protocols import Case, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation


@dataclass(frozen=True, slots=True)
class Tightening:
    """Rule that becomes tighter as the amount grows: its id, or an envelope and its option."""

    id: str
    option: str | None = None

    def __str__(self) -> str:
        return self.id if self.option is None else f"{self.id}.{self.option}"


def list_tightening_rules(low: Problem, high: Problem, deadline: Deadline = UNLIMITED) -> list[Tightening]:
    """List the rules that have a row at the higher amount which the same row at the lower one does not imply.

    The rows of the tree only relax, because no amount falls as the total grows.
    """
    before, after = build_claims(low, deadline), build_claims(high, deadline)
    # an envelope's option may have no row at one amount, such as a share of 0 €; all other sources stand in order
    options = {_build_tightening(old.of): old for old in before.written if isinstance(old.of, EnvelopeLimit)}
    others = iter([old for old in before.written if not isinstance(old.of, EnvelopeLimit)])
    result = []
    for new in after.written:
        tightening = _build_tightening(new.of)
        old = options.get(tightening) if isinstance(new.of, EnvelopeLimit) else next(others)
        if isinstance(new.of, Case) or (old is not None and _is_implied(before, old, after, new)):
            continue
        result.append(tightening)
    return list(dict.fromkeys(result))


def _is_implied(before: Claims, old: RowSource, after: Claims, new: RowSource) -> bool:
    """Whether the later rows have the same coefficients and right-hand sides that are no tighter."""
    if old.last - old.first != new.last - new.first:
        return False
    one, other = before.system.rows, after.system.rows
    if (other.upper[new.first : new.last] < one.upper[old.first : old.last]).any():
        return False
    n = before.system.n_choices
    for a, b in zip(
        _extract_choice_entries(before, old, n), _extract_choice_entries(after, new, n), strict=True
    ):
        if not np.array_equal(a, b):
            return False
    return True


def _extract_choice_entries(
    claims: Claims, source: RowSource, n_choices: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return row, column and value of the entries on choices; other columns are auxiliary."""
    rows = claims.system.rows
    inside = (rows.row >= source.first) & (rows.row < source.last) & (rows.col < n_choices)
    return rows.row[inside] - source.first, rows.col[inside], rows.value[inside]


def _build_tightening(of: object) -> Tightening:
    if isinstance(of, EnvelopeLimit):
        return Tightening(of.envelope, of.option)
    return Tightening(str(getattr(of, "id", type(of).__name__)))


FEW_UNITS = 8
"""Intervals of at most this many units of the first objective are walked from above."""
NEXT_SHARE, AGAIN_SHARE = 0.25, 0.5
"""Shares of the remaining time for a new amount, and for one that is solved again."""
LEAST_SECONDS = 0.2

Pair = tuple[Point, Point]
Known = Callable[[int, Problem, float | None], Point | None]
Width = Fraction | float
"""Width of an interval, an exact fraction; the only float is `UNKNOWN`."""
UNKNOWN: Width = float("inf")


@dataclass
class Walk:
    """State of the walk between the amounts of a grid.

    Attributes
    ----------
    unit : of the first objective; `up` if it is maximised
    tolerance : width that the band may keep; none by default
    known : returns a point of an earlier run, if it can be verified again
    keep : receives each point that is found
    deadline : end of the walk
    lists : whether amounts differ if their lists do, and not only their values
    points : points found, each at the amount from which its list is feasible
    at : best known point at each amount
    waiting : heap of intervals, the widest first
    """

    moved: AmountVariation
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
    """Amounts whose interval to the next one is not examined."""

    def add_interval(self, low: Point, high: Point) -> None:
        """Add the interval between two neighbours of the grid; call with the lowest first."""
        self.at.setdefault(low.cents, low)
        self.ends.discard(low.cents)
        self._hold(low, high)
        self.ends.add(high.cents)

    def solve_widest_interval(self, seconds: float | None) -> Point | None:
        """Solve once where the width is largest; None if nothing is open or the time is up."""
        while self.waiting and not self.deadline.expired:
            width, high_cents, low_cents = heapq.heappop(self.waiting)
            low, high = self.at[low_cents], self.at[-high_cents]
            if not self.is_open(low, high):
                continue
            if self.compute_width(low, high) < -width:
                self._wait(low, high)  # it has become narrower since
                continue
            return self._narrow_interval(low, high, seconds)
        return None

    def list_band_intervals(self) -> list[Pair]:
        """Return the intervals in which the value is known only to lie in [L(first), U(second)]."""
        return [(low, high) for low, high in self._list_pairs() if self._can_differ(low, high)]

    def open(self) -> list[Pair]:
        """Return the intervals that are wider than the tolerance."""
        return [pair for pair in self._list_pairs() if self.is_open(*pair)]

    def compute_width(self, low: Point, high: Point) -> Width:
        """Return U − L of an interval in the first objective; infinite if nothing was found."""
        if not low.values or not high.values or high.bounds[0] is None:
            return UNKNOWN
        return abs(high.bounds[0] - low.values[0])

    def is_open(self, low: Point, high: Point) -> bool:
        """Whether the width between two points exceeds the tolerance."""
        if not self._can_differ(low, high):
            return False
        width = self.compute_width(low, high)
        if width == UNKNOWN:
            return True
        if self.tolerance is not None:
            return width > self.tolerance.of(high.values[0])
        if self.lists and not (low.canonical and high.canonical):
            return width > 0
        return width > 0 or (low.settled and high.settled)  # otherwise a later stage is not proved here

    def find_least_feasible_amount(self, point: Point, floor: int) -> int:
        """Find by bisection the least amount from `floor` on at which the point's list satisfies every rule.

        After the deadline, the least amount known by then.
        """
        if point.allocation is None:
            return point.cents
        low, high = floor, point.cents
        near = self.moved.compile_problem_at(point.cents) if low < high else None
        while low < high and not self.deadline.expired:
            middle = (low + high) // 2
            if is_feasible_at(self.moved, middle, point.allocation, near):
                high = middle
            else:
                low = middle + 1
        return high

    def _can_differ(self, low: Point, high: Point) -> bool:
        if high.cents - low.cents <= 1:
            return False
        sure = low.settled and high.settled and (not self.lists or (low.canonical and high.canonical))
        return not sure or not self._is_equal(low, high)

    def _is_equal(self, left: Point, other: Point) -> bool:
        """Whether two points have the same values and, if lists are compared, the same grants."""
        if left.values != other.values or not self.lists:
            return left.values == other.values
        own, theirs = left.allocation, other.allocation
        if own is None or theirs is None:
            return own is theirs
        return np.array_equal(own.granted_cents, theirs.granted_cents)

    def _list_pairs(self) -> list[Pair]:
        known = [self.at[cents] for cents in sorted(self.at)]
        return [(low, high) for low, high in pairwise(known) if low.cents not in self.ends]

    def _narrow_interval(self, low: Point, high: Point, seconds: float | None) -> Point:
        most = max(_compute_gap(low), _compute_gap(high))
        if most > 0 and 2 * most >= self.compute_width(low, high):
            return self._solve_again(low if _compute_gap(low) >= most else high, low, high, seconds)
        few = low.status is Status.INFEASIBLE or self.compute_width(low, high) <= FEW_UNITS * self.unit
        cents = high.cents - 1 if few else (low.cents + high.cents) // 2
        point = tighten_by_larger_amount(self._settle_amount(cents, low, seconds, NEXT_SHARE), high, self.up)
        if point.status is not Status.INFEASIBLE:
            self._hold(low, point)
        else:
            self.at[cents] = point
        self._wait(self.at[cents], high)
        return point

    def _settle_amount(self, cents: int, low: Point, seconds: float | None, share: float) -> Point:
        """Solve at an amount; the result is no worse than the list of the lower neighbour."""
        written = None if seconds is None else max(LEAST_SECONDS, seconds * share)
        problem = self.moved.compile_problem_at(cents)
        known = self.known(cents, problem, written) if self.known is not None else None
        point = known or self.settler.solve_point(problem, cents, seconds=written)
        point = self.settler.improve_by_previous(problem, low, point)
        if self.keep is not None and known is None:
            self.keep(point)
        return point

    def _solve_again(self, point: Point, low: Point, high: Point, seconds: float | None) -> Point:
        """Solve a point again with more time than it had; without a time limit a second solve gains nothing."""
        if seconds is None or seconds * AGAIN_SHARE < point.seconds:
            return point
        result = self.settler.solve_point(
            self.moved.compile_problem_at(point.cents), point.cents, seconds=seconds * AGAIN_SHARE
        )
        spent = max(result.seconds, seconds * AGAIN_SHARE)
        better = (
            result
            if result.values and _compute_gap(result) < _compute_gap(point)
            else replace(point, seconds=spent)
        )
        self.at[point.cents] = better
        if self.keep is not None and better is result:
            self.keep(result)
        self._wait(self.at[low.cents], self.at[high.cents])
        return better

    def _hold(self, low: Point, point: Point) -> None:
        """Record a point; a settled one applies from the amount at which its list becomes feasible."""
        self.at[point.cents] = point
        start = point
        if point.settled:
            if self._is_equal(low, point):
                return
            start = replace(point, cents=self.find_least_feasible_amount(point, low.cents + 1))
            self.at[start.cents] = start
        self.points.append(start)
        self._wait(low, start)

    def _wait(self, low: Point, high: Point) -> None:
        if self.is_open(low, high):
            heapq.heappush(self.waiting, (-self.compute_width(low, high), -high.cents, low.cents))


def _compute_gap(point: Point) -> Width:
    """Return the gap U − L at one amount."""
    if point.status is Status.INFEASIBLE:
        return Fraction(0)
    if not point.values or point.bounds[0] is None:
        return UNKNOWN
    return abs(point.bounds[0] - point.values[0])


def is_feasible_at(
    moved: AmountVariation, cents: int, allocation: Allocation, near: Problem | None = None
) -> bool:
    """Whether a list satisfies every rule at an amount.

    `near`, the problem at another amount, saves compiling where only the tree's amounts change.
    """
    alike = near is not None and moved.find_overdrawn_envelope(cents) is None
    try:
        problem = (
            moved.update_problem_at(near, cents) if near and alike else None
        ) or moved.compile_problem_at(cents)
    except ScenarioError:
        return False
    return not list_broken_rules(problem, allocation, read_allocation(problem, allocation))


Read = Callable[[int], Fraction | None]


def compute_width_cents(
    moved: AmountVariation,
    points: Sequence[Point],
    place: int,
    sense: Sense,
    lines: DualLines,
    seconds: float,
    deadline: Deadline = UNLIMITED,
) -> int:
    """Compute by how many cents less money may be worth as much as the point at one amount.

    Parameters
    ----------
    points : points of the free curve by increasing amount; no rule may tighten
    place : index of the point
    sense : of the first stage
    lines : known dual lines
    seconds : limit for the line of this amount
    """
    point = points[place]
    if point.settled or not point.values:
        return 0
    sign = 1 if sense is Sense.MAXIMISE else -1
    value = point.values[0]
    deadline.check()
    there = moved.compile_problem_at(point.cents, deadline)
    compute_first_stage_bound(there, lines, deadline.tighten(seconds))  # adds the line of this amount

    def compute_excess(cents: int) -> Fraction | None:
        """Return U − value, sign turned so that more is better; None if the scenario contradicts itself."""
        deadline.check()
        try:
            bound = compute_first_stage_bound(moved.compile_problem_at(cents, deadline), lines)
        except ScenarioError:
            return None
        return None if bound is None else sign * (bound - value)

    below = [other.cents for other in points[:place] if _is_out_of_reach(other, value, sign)]
    return point.cents - find_sign_change(compute_excess, max(below, default=-1), point.cents)


def _is_out_of_reach(point: Point, value: Fraction, sign: int) -> bool:
    """Whether no allocation at the point's amount reaches a value."""
    return bool(point.bounds) and point.bounds[0] is not None and sign * (point.bounds[0] - value) < 0


def find_sign_change(excess: Read, fails: int, holds: int) -> int:
    """Find the least integer at which a nondecreasing function is not negative.

    Regula falsi with bisection as a safeguard: each interpolated guess is tried with its neighbour,
    and the midpoint if both together did not halve the interval. A straight line is solved at once.

    Parameters
    ----------
    fails, holds : integers at which the function is negative (−1: none known) and not negative

    >>> find_sign_change(lambda cents: Fraction(cents - 700), 0, 10_000)
    700
    """
    low, high = (None if fails < 0 else excess(fails)), excess(holds)

    def look(cents: int) -> bool:
        nonlocal fails, holds, low, high
        if not fails < cents < holds:
            return False
        result = excess(cents)
        if result is not None and result >= 0:
            holds, high = cents, result
            return True
        fails, low = cents, result
        return False

    while holds - fails > 1:
        guess, before = _interpolate_zero(fails, holds, low, high), holds - fails
        look(guess - 1 if look(guess) else guess + 1)
        if 2 * (holds - fails) > before:
            look((fails + holds) // 2)
    return holds


def _interpolate_zero(fails: int, holds: int, low: Fraction | None, high: Fraction | None) -> int:
    """Interpolate the zero between both ends, strictly inside."""
    if low is None or high is None or high <= low:
        return (fails + holds) // 2
    guess = fails + int(-low * (holds - fails) / (high - low)) + 1
    return min(max(guess, fails + 1), holds - 1)
