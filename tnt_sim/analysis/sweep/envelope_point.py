"""Solve one amount of a sweep, by surrogate constraints that serve every amount, or as a problem of its own.

A point holds a verified allocation, its value and a proven bound at that amount C::

    L(C) = value of the allocation, read exactly against the rules at C
    U(C) = least proven upper bound at C

A point of an earlier run is verified again before it is used: its list is read exactly and its
certificates are replayed. A point without certificates keeps its list and gets new bounds; it is
solved again if it would get much more time than it had.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.analysis.sweep.dual_bounds import SECONDS, DualLines, compute_proven_bounds
from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import Claims, build_claims
from tnt_sim.certify.row_sum_bound import Group, relax_to_knapsacks, solve_relaxation
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.certify.system import MultiplierError
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, WarmStart, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, check_words, derive_status
from tnt_sim.prove.proof_lp import build_row_groups
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.rules.second_reading.rows import ChoiceColumns
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.exact_kernels import WORDS
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)

PRICES = "prices"
FIRST_SHARE, ASK_SHARE, BOUND_SHARE = 0.35, 0.4, 0.15
"""Shares of the time of one amount: first stage alone, other stages, and each bound of an unproved stage."""
SURROGATE_SHARE = 0.5
"""Share of the time of one amount that surrogate constraints may take."""
LEAST_SECONDS = 2.0
"""Seconds that a bound may always take, within the time of the whole."""
SURE = (Proof.PROVED, Proof.CROSS_CHECKED)
MAX_FAILED = 4
"""Successive failures of new surrogate constraints after which they are no longer tried."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckedProofs:
    """Checked proofs of the stages from `first` on, for the problem with the first `n_stages` stages."""

    n_stages: int
    first: int
    proofs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Result at one amount.

    Attributes
    ----------
    cents : total of the moved envelopes
    status, proof : as in the contract; proof is None for an infeasibility without evidence
    values, bounds : L and U of each stage, exact; empty without an allocation. A bound is None if
    unknown
    allocation : None if there is none
    canonical : whether it is the canonical optimum
    method : prices, tree or direct
    seconds : time spent
    shown : proofs, so that they can be replayed
    """

    cents: int
    status: Status
    proof: Proof | None
    values: tuple[Fraction, ...]
    bounds: tuple[Fraction | None, ...]
    allocation: Allocation | None
    canonical: bool
    method: str
    seconds: float
    proofs: tuple[CheckedProofs, ...] = ()

    def __post_init__(self) -> None:
        check_words(self.status, self.proof)

    @classmethod
    def of(cls, cents: int, answer: SolveOutcome, proofs: tuple[CheckedProofs, ...] = ()) -> Point:
        """Build a point from a solution, with its values as bounds: valid only if it is proved optimal."""
        return cls(
            cents,
            answer.status,
            answer.proof,
            answer.values,
            answer.values,
            answer.allocation,
            answer.canonical,
            answer.method,
            answer.seconds,
            proofs,
        )

    @property
    def settled(self) -> bool:
        """Whether L equals U, or infeasibility is proved."""
        if self.allocation is None:
            return self.status is Status.INFEASIBLE and self.proof is not None
        return self.values == self.bounds


def build_contradictory_point(cents: int) -> Point:
    """Return the point of an amount at which the scenario contradicts itself, as compiling shows in integers."""
    return Point(cents, Status.INFEASIBLE, Proof.PROVED, (), (), None, False, "none", 0.0)


@dataclass
class Settler:
    """Solves one amount after the other and tries first what settled the previous one."""

    clock: Clock
    backend: str = "highs"
    cross_check: str = "never"
    groups: list[Group] | None = None
    lines: DualLines = field(default_factory=DualLines)
    failed: int = 0
    warm: WarmStart = field(default_factory=WarmStart)
    """Rows and kernel results of the amounts before; no answer depends on them."""
    n_prices: int = field(default=0)
    n_asked: int = field(default=0)

    def solve_point(self, problem: Problem, cents: int, *, seconds: float | None = None) -> Point:
        """Solve one amount; `seconds` limits a problem of its own."""
        began = time.perf_counter()
        point = (
            None if has_only_envelope_caps(problem) else self.settle_by_surrogates(problem, cents, seconds)
        )
        if point is None:
            point = self._optimise_amount(problem, cents, seconds)
        return replace(point, seconds=time.perf_counter() - began)

    def settle_by_surrogates(
        self, problem: Problem, cents: int, seconds: float | None = None
    ) -> Point | None:
        """Return the point if surrogate constraints and the exact reading settle it together; otherwise None.

        They take at most half of `seconds`; once that is too short for them, they are not tried again.
        """
        if not is_plain_sum(problem):
            return None
        began = time.perf_counter()
        deadline = self._build_clock(seconds, SURROGATE_SHARE).deadline
        try:
            claims = self.warm.model_cache.build_claims(problem, deadline)
        except DeadlineExpired:
            return None
        if claims is None:
            return None
        result = None if self.groups is None else settle_by_knapsacks(problem, claims, self.groups, deadline)
        if result is None and self.failed < MAX_FAILED and not deadline.expired:
            self.groups = build_row_groups(claims.system, claims.goals[0].coefficient, deadline)
            result = (
                None if self.groups is None else settle_by_knapsacks(problem, claims, self.groups, deadline)
            )
            self.failed = 0 if result is not None else self.failed + 1
            if deadline.expired:
                self.failed = MAX_FAILED
        if result is None:
            return None
        allocation, reading, canonical = result
        proof = Proof.PROVED if has_valid_rows(problem, claims) else Proof.FEASIBLE_GAP
        self.n_prices += 1
        return Point(
            cents,
            derive_status(proof),
            proof,
            reading.values,
            reading.values,
            allocation,
            canonical,
            PRICES,
            time.perf_counter() - began,
        )

    def _optimise_amount(self, problem: Problem, cents: int, seconds: float | None) -> Point:
        """Solve the amount as a problem of its own: all stages, or the first one and then the others."""
        self.n_asked += 1
        share = self._build_clock(seconds, BOUND_SHARE).deadline.limit_seconds
        clock = self._build_clock(seconds, ASK_SHARE)
        n = len(problem.stages)
        if n == 1 or problem.stages[0].tolerance:
            answer = self._ask(problem, clock)
            return self._build_point(problem, cents, answer, share, _collect_checked_proofs(answer, n, 0))
        alone = replace(problem, stages=problem.stages[:1])
        held = self._ask(alone, self._build_clock(seconds, FIRST_SHARE))
        checked = _collect_checked_proofs(held, 1, 0)
        if held.allocation is None:
            return self._build_point(problem, cents, held, share, checked)
        rest = self._ask(problem, clock, held.values) if held.is_closed else held
        if rest.allocation is None or rest is held:
            rest = _with_all_stages(problem, held)
        elif checked:
            checked += _collect_checked_proofs(rest, n, 1)
        proofs = [answer.proof for answer in (held, rest)]
        proof = max((proof or Proof.FEASIBLE_GAP for proof in proofs), key=list(Proof).index)
        return self._build_point(
            problem, cents, rest.with_proof(proof), share, checked, int(held.proof in SURE)
        )

    def _ask(self, problem: Problem, clock: Clock, kept_values: tuple[Fraction, ...] = ()) -> SolveOutcome:
        options = OptimiseOptions(kept_values=kept_values, backend=self.backend, cross_check=self.cross_check)
        return optimise(problem, options, clock=clock, warm=self.warm)

    def _build_point(
        self,
        problem: Problem,
        cents: int,
        answer: SolveOutcome,
        seconds: float | None,
        proofs: tuple[CheckedProofs, ...],
        proven: int = 0,
    ) -> Point:
        """Convert a solution to a point, with certified bounds unless it is proved optimal."""
        point = Point.of(cents, answer, proofs)
        proven = max(proven, sum(len(part.proofs) for part in proofs))
        return point if answer.proof in SURE else self.add_bounds(problem, point, seconds, proven)

    def add_bounds(
        self, problem: Problem, point: Point, seconds: float | None = None, proven: int = 0
    ) -> Point:
        """Compute the bounds of a point that has an allocation.

        `proven` is the number of first stages known to be optimal.
        """
        if point.allocation is None:
            return point
        most, deadline = self._limit_bound_seconds(seconds), self.clock.deadline
        bounds = compute_proven_bounds(
            problem,
            point.values,
            most,
            proven=proven,
            lines=self.lines,
            fresh=not deadline.expired,
            deadline=deadline,
            model_cache=self.warm.model_cache,
        )
        return self._mark_if_proved(problem, replace(point, bounds=bounds))

    def _limit_bound_seconds(self, seconds: float | None) -> float:
        """Return the most seconds of a bound: 2 at least, but the amount's own where a line is known already."""
        if seconds is None:
            return SECONDS
        least = min(LEAST_SECONDS, seconds / BOUND_SHARE) if self.lines.lines else LEAST_SECONDS
        return min(SECONDS, max(least, seconds))

    def improve_by_previous(self, problem: Problem | None, before: Point | None, point: Point) -> Point:
        """Return the point, or the allocation of the previous amount if that is better, with new bounds."""
        retained = improve_by_previous(problem, before, point)
        if retained is point or problem is None:
            return point
        bound = point.bounds[0] if len(problem.stages) == 1 and point.bounds else None
        sign = 1 if problem.stages[0].sense is Sense.MAXIMISE else -1
        if bound is not None and sign * bound >= sign * retained.values[0]:
            return self._mark_if_proved(problem, replace(retained, bounds=(bound,)))
        pairs = zip(point.bounds, retained.values, strict=False)
        proven = next((k for k, (bound, value) in enumerate(pairs) if bound != value), len(point.bounds))
        return self.add_bounds(problem, retained, LEAST_SECONDS, proven)

    def tighten_bounds(self, problem: Problem, point: Point, deadline: Deadline = UNLIMITED) -> Point:
        """Return the point with the tighter of its bounds and all lines known by now."""
        bounds = compute_proven_bounds(
            problem,
            point.values,
            lines=self.lines,
            fresh=False,
            deadline=deadline,
            model_cache=self.warm.model_cache,
        )
        both = zip(point.bounds, bounds, problem.stages, strict=True)
        least = [_select_tighter(one, other, stage.sense is Sense.MAXIMISE) for one, other, stage in both]
        return replace(point, bounds=tuple(least))

    def verify_tie_break(self, problem: Problem, proved: Point, seconds: float | None) -> Point | None:
        """Break the ties of a proven point again; None if another list comes first among its equals.

        Certificates cover the stages alone. Where time ends first, the point is no longer said to be canonical. A
        kernel that found the point finds it again at once, but may not apply once the value is kept by a row.
        """
        by_kernel = len(problem.stages) == 1 and proved.method in WORDS.values()
        kept = () if by_kernel else proved.values
        options = OptimiseOptions(kept_values=kept, prove=False, backend=self.backend)
        answer = optimise(problem, options, clock=self._build_clock(seconds), warm=self.warm)
        first, known = answer.allocation, proved.allocation
        if first is None or known is None or not answer.canonical:
            return replace(proved, canonical=False)
        same = np.array_equal(first.granted_cents, known.granted_cents)
        return proved if same and np.array_equal(first.funded, known.funded) else None

    def _mark_if_proved(self, problem: Problem, point: Point) -> Point:
        """Return the point as proved optimal if its bounds are its values and its rows have a second reading."""
        if not point.settled:
            return point
        claims = self.warm.model_cache.build_claims(problem) or build_claims(problem)
        if has_valid_rows(problem, claims):
            return replace(point, status=Status.OPTIMAL, proof=Proof.PROVED)
        return point

    def _build_clock(self, seconds: float | None, share: float = 1.0) -> Clock:
        """Return a clock for one solve, or what is left of the sweep's own."""
        deadline = self.clock.deadline.tighten(seconds)
        return Clock.from_deadline(deadline if share == 1.0 else deadline.take_share(share))


def _with_all_stages(problem: Problem, held: SolveOutcome) -> SolveOutcome:
    """Complete an allocation found for the first stage with the values of the others, which are unproved."""
    assert held.allocation is not None
    reading = read_allocation(problem, held.allocation)
    return replace(
        held,
        status=Status.FEASIBLE,
        proof=Proof.FEASIBLE_GAP,
        values=reading.values,
        reading=reading,
        canonical=False,
        claimed=False,
    )


def _collect_checked_proofs(answer: SolveOutcome, n_stages: int, first: int) -> tuple[CheckedProofs, ...]:
    return (CheckedProofs(n_stages, first, answer.certificates),) if answer.certificates else ()


def has_valid_rows(problem: Problem, claims: Claims) -> bool:
    """Whether no row is narrower than the second reading of its rule, apart from rows of forced applications."""
    promised = {f"must:{row}" for row in np.flatnonzero(problem.offers.forced).tolist()}
    return set(compare_readings(problem, claims).narrow) <= promised


def is_plain_sum(problem: Problem) -> bool:
    """Whether the objective is one maximised sum over applications with a single amount each."""
    offers = problem.offers
    if (
        len(problem.stages) != 1
        or problem.stages[0].sense is not Sense.MAXIMISE
        or problem.stages[0].goal_parts
    ):
        return False
    return not (offers.ranged & offers.candidate).any() and not len(offers.levels.row)


def has_only_envelope_caps(problem: Problem) -> bool:
    """Whether no rule binds but the caps of the envelopes, which a kernel answers without prices of rows."""
    return not (problem.rules or problem.table_rules or problem.limits)


def settle_by_knapsacks(
    problem: Problem, claims: Claims, groups: Sequence[Group], deadline: Deadline = UNLIMITED
) -> tuple[Allocation, AllocationReading, bool] | None:
    """Return the allocation of the surrogate knapsacks if it satisfies every rule and attains their bound.

    Every allocation satisfies the surrogate constraints, so one that attains their bound is
    optimal. If the weights are grants, the cheapest and first of the knapsack's optima is the
    canonical optimum.
    """
    goal, least = claims.goals[0], claims.goals[-1]
    try:
        relaxation = relax_to_knapsacks(claims.system, goal.coefficient, least.coefficient, groups)
        if relaxation is None or not relaxation.cheapest:
            return None
        best = solve_relaxation(relaxation, deadline)
    except (MultiplierError, DeadlineExpired):
        return None
    allocation = build_allocation(problem, best.taken)
    reading = read_allocation(problem, allocation)
    if reading.values[0] != (best.bound + goal.constant) * goal.scale:
        return None
    if list_broken_rules(problem, allocation, reading):
        return None
    return allocation, reading, True


def build_allocation(problem: Problem, taken: BoolArray) -> Allocation:
    """Convert choices, bool (n_choices,), to an allocation; committed applications keep their grants."""
    offers = problem.offers
    choices = ChoiceColumns.of(offers)
    funded = offers.committed.copy()
    granted = np.where(offers.committed, offers.committed_cents, 0)
    rows = choices.dossier[taken]
    funded[rows] = True
    granted[rows] = choices.cents[taken]
    return Allocation(funded, granted)


def improve_by_previous(problem: Problem | None, before: Point | None, point: Point) -> Point:
    """Improve an unsettled point with the allocation of the previous amount, if that satisfies every rule."""
    if point.settled or before is None or before.allocation is None or problem is None:
        return point
    retained = keep_list(problem, point.cents, before.allocation)
    if retained is None:
        return point
    signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in problem.stages]
    mine = [sign * value for sign, value in zip(signs, point.values, strict=False)]
    theirs = [sign * value for sign, value in zip(signs, retained.values, strict=True)]
    if point.allocation is not None and mine >= theirs:
        return point
    return replace(retained, seconds=point.seconds, proofs=point.proofs)


def keep_list(problem: Problem, cents: int, allocation: Allocation) -> Point | None:
    """Return the point of a list made at another amount, without bounds; None if it breaks a rule here."""
    reading = read_allocation(problem, allocation)
    if list_broken_rules(problem, allocation, reading):
        return None
    return Point(
        cents,
        Status.FEASIBLE,
        Proof.FEASIBLE_GAP,
        reading.values,
        (None,) * len(reading.values),
        allocation,
        False,
        "kept",
        0.0,
    )


def tighten_by_larger_amount(point: Point, above: Point, up: bool) -> Point:
    """Tighten the bound of a point with that of a larger amount; valid if no rule tightens. `up` to maximise."""
    if point.settled or not point.bounds or not above.bounds:
        return point
    return replace(point, bounds=(_select_tighter(point.bounds[0], above.bounds[0], up), *point.bounds[1:]))


def _select_tighter(left: Fraction | None, other: Fraction | None, up: bool) -> Fraction | None:
    if left is None or other is None:
        return other if left is None else left
    return min(left, other) if up else max(left, other)


WORTH_MORE = 2.0
"""A stored point is solved again if it would get at least this multiple of the time it had."""


def verify_stored_point(
    settler: Settler, problem: Problem, stored: Point, seconds: float | None
) -> Point | None:
    """Verify a stored point; None if it must be solved again.

    Parameters
    ----------
    seconds : what a solve of its own would get; None without a limit
    """
    if stored.method == PRICES:
        return settler.settle_by_surrogates(problem, stored.cents)
    if stored.allocation is None:
        return _verify_infeasibility(problem, stored)
    reading = read_allocation(problem, stored.allocation)
    if reading.values != stored.values or list_broken_rules(problem, stored.allocation, reading):
        return None
    proven = count_proven_stages(problem, stored)
    if proven == len(problem.stages):
        proved = replace(stored, bounds=stored.values, status=Status.OPTIMAL, proof=Proof.PROVED)
        return settler.verify_tie_break(problem, proved, seconds) if stored.canonical else proved
    if stored.proof is Proof.CROSS_CHECKED or seconds is None or seconds >= WORTH_MORE * stored.seconds:
        return None
    point = replace(stored, status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP, canonical=False)
    return settler.add_bounds(problem, point, seconds, proven)


def count_proven_stages(problem: Problem, stored: Point) -> int:
    """Count the first stages that the stored certificates prove optimal."""
    proven = 0
    for piece in stored.proofs:
        if piece.first != proven or not piece.first < piece.n_stages <= len(problem.stages):
            return proven
        claims = build_claims(replace(problem, stages=problem.stages[: piece.n_stages]))
        for proof in piece.proofs[: piece.n_stages - piece.first]:
            try:
                check_refutation(claims.of_stage(proven, stored.values), proof)
            except (CertificateError, ValueError):
                return proven
            proven += 1
    return proven


def _verify_infeasibility(problem: Problem, stored: Point) -> Point | None:
    """Return the point if a stored certificate proves infeasibility; otherwise None."""
    for proved in stored.proofs:
        if not 0 < proved.n_stages <= len(problem.stages):
            continue
        claims = build_claims(replace(problem, stages=problem.stages[: proved.n_stages]))
        for proof in proved.proofs:
            try:
                check_refutation(claims.system, proof)
            except (CertificateError, ValueError):
                continue
            return replace(stored, status=Status.INFEASIBLE, proof=Proof.PROVED, values=(), bounds=())
    return None
