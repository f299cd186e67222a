"""Robust portfolio modelling: the non-dominated allocations when the weights of criteria are known in part.

With criteria M_k, each divided by a round figure p_k, an allocation is worth Σ w_k M_k / p_k. It
dominates another if it is worth at least as much for every feasible weight and more for some.
Linearity in w reduces this to the vertices e of the weight polytope: the non-dominated allocations
are the Pareto set of the vectors (V_e).

Up to 40 candidates and three criteria, the whole Pareto set is found. A search zone is the set of
points above a lower corner ℓ; the best Σ V_e in a zone is non-dominated and splits it::

    max Σ_e V_e  s.t.  V_e > ℓ_e for all e   →   z;  new zones with ℓ_e := z_e, for each e

The enumeration ends when every zone is empty.

For larger problems, the supported outcomes (optimal for some weight) are found exactly with an
outer approximation of the value as a function of w::

    { (w, z) : w feasible, z ≥ V(w) for each known outcome V }

The optimum at a vertex w either is worth z, or cuts the vertex off; when every vertex is confirmed,
no weight has a better outcome. Other outcomes are sampled from zones between two known ones.

`with_opinion_goals` builds a lexicographic objective for ordinal opinions: as many applications with the
best opinion as possible, then with the next. Numeric scores for opinions would state trade-offs
that nobody stated.

Sources: J. Liesiö, P. Mild and A. Salo, "Preference programming for robust portfolio modeling and
project selection", EJOR 181 (2007); K. Klamroth, R. Lacour and D. Vanderpooten, "On the
representation of the search region in multi-objective optimization", EJOR 245 (2015); H. P. Benson,
"An outer approximation algorithm for generating all efficient extreme points…", J. Global
Optimization 13 (1998).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import lcm
from random import Random

import numpy as np
import polars as pl

from tnt_sim.analysis.preferences.document import (
    BorderlineDossier,
    CriterionEntry,
    UndominatedEntry,
    WeightsDocument,
)
from tnt_sim.analysis.preferences.weight_polytope import (
    Criterion,
    Half,
    Polytope,
    Weights,
    build_criteria,
    build_feasible_region,
    parse_half_spaces,
)
from tnt_sim.analysis.shared.list_distance import with_last_stage
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReportProgress
from tnt_sim.analysis.shared.study_head import build_question_head
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import LimitReached, UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.linear_terms import combine
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import format_fraction, hash_allocation


def with_opinion_goals(scenario: ScenarioData, column: str, opinions: Sequence[str]) -> ScenarioData:
    """Return the scenario with goals that count opinions lexicographically, best first; its measures stay."""
    names = [f"{column}-{number}" for number in range(1, len(opinions) + 1)]
    measures = {
        f"measures.{name}": {"title": opinion, "value": 1, "where": {column: opinion}}
        for name, opinion in zip(names, opinions, strict=True)
    }
    return with_changes(scenario, {**measures, "objective": [{"maximise": {name: 1}} for name in names]})


EXACT_DOSSIERS, EXACT_CRITERIA = 40, 3
QUESTION_SECONDS = 20.0
Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, eq=False)
class UndominatedAllocation:
    """Non-dominated allocation: value of each criterion, and V at each vertex of the weights.

    `supported`: whether it is optimal for some weight; None if not known.
    """

    allocation: Allocation
    criteria: Point
    values: Point
    granted_cents: int
    supported: bool | None


@dataclass(frozen=True, eq=False)
class WeightsResult:
    """Non-dominated allocations under partially known weights.

    Attributes
    ----------
    region : polytope of feasible weights
    corners : its vertices
    outcomes : one allocation per outcome, by decreasing value of the first criterion
    exact : whether the whole Pareto set was sought; otherwise the supported outcomes and a sample
    complete : whether what was sought was found
    n_draws : zones sampled, if not exact
    """

    problem: Problem
    criteria: tuple[Criterion, ...]
    region: Polytope
    corners: tuple[Weights, ...]
    outcomes: tuple[UndominatedAllocation, ...]
    exact: bool
    complete: bool
    n_draws: int
    n_solves: int
    seconds: float
    course: StudyProgress
    lang: Lang = Lang.FR

    @cached_property
    def data(self) -> WeightsDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self)

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per application with its core index: the share of the allocations that fund it."""
        n = max(1, len(self.outcomes))
        total = np.sum([one.allocation.funded for one in self.outcomes], axis=0) if self.outcomes else 0
        index = np.broadcast_to(np.asarray(total) / n, self.problem.case.n)
        table = self.problem.case.table.select("dossier", "title")
        return table.with_columns(pl.Series("core_index", index.copy()))


def search_weights(
    problem: Problem,
    criteria: Sequence[str],
    course: StudyProgress,
    *,
    ranges: Mapping[str, tuple[str, str]],
    order: Sequence[str],
    seed: int,
    draws: int,
    report_progress: ReportProgress | None,
) -> WeightsResult:
    """Search on a compiled problem."""
    read = build_criteria(problem, criteria)
    halves = parse_half_spaces(list(criteria), ranges, order)
    tell = report_progress or (lambda phase, done: None)
    return _WeightSearch(problem, read, halves, course, seed, draws, tell).run()


@dataclass
class _WeightSearch:
    """Search for the outcomes."""

    problem: Problem
    criteria: tuple[Criterion, ...]
    halves: list[Half]
    course: StudyProgress
    seed: int
    draws: int
    report_progress: ReportProgress
    region: Polytope = field(init=False)
    corners: list[Weights] = field(default_factory=list)
    n_drawn: int = 0
    allocations: dict[Point, UndominatedAllocation] = field(default_factory=dict)
    n_solves: int = 0
    doubtful: bool = False

    def run(self) -> WeightsResult:
        began = time.perf_counter()
        n = len(self.criteria)
        self.region = build_feasible_region(n, self.halves)
        self.corners = self.region.points
        if not self.corners:
            raise UsageError(_("no weights meet these ranges and this order."))
        exact = n <= EXACT_CRITERIA and int(self.problem.offers.candidate.sum()) <= EXACT_DOSSIERS
        with self.course.catch_limits():
            if exact:
                self._enumerate_zones()
            else:
                self._find_supported_outcomes()
                self._sample_zones()
        if self.doubtful and self.course.deadline.expired:
            self.course.stopped_by = self.course.stopped_by or TIME
        self.doubtful |= self.course.stopped_by is not None
        outcomes = sorted(self._select_undominated(), key=lambda one: one.criteria, reverse=True)
        return WeightsResult(
            self.problem,
            self.criteria,
            self.region,
            tuple(self.corners),
            tuple(outcomes),
            exact,
            not self.doubtful,
            0 if exact else self.n_drawn,
            self.n_solves,
            time.perf_counter() - began,
            self.course,
        )

    # -- one solve -------------------------------------------------------------------------------

    def build_worth_stage(self, w: Weights) -> ObjectiveStage:
        """Return Σ w_k M_k / p_k as a stage to maximise."""
        factors = [share / one.per * one.terms.scale for share, one in zip(w, self.criteria, strict=True)]
        scale = Fraction(1, lcm(*(factor.denominator for factor in factors)))
        pieces = [
            (int(factor / scale), replace(one.terms, scale=Fraction(1)))
            for factor, one in zip(factors, self.criteria, strict=True)
        ]
        terms = combine(pieces)
        return ObjectiveStage("worth", Sense.MAXIMISE, replace(terms, scale=scale).reduce())

    def _ask(self, stages: Sequence[ObjectiveStage], limits: Sequence[Fraction]) -> SolveOutcome | None:
        self.course.deadline.check()
        until = self.course.deadline.tighten(QUESTION_SECONDS)
        self.n_solves += 1
        self.report_progress("weights", min(0.95, self.n_solves / 500))
        problem = replace(with_last_stage(self.problem, 0, stages[-1]), stages=tuple(stages))
        try:
            answer = optimise(
                problem,
                OptimiseOptions(
                    kept_values=tuple(limits),
                    n_stages=1,
                    canonical=False,
                    prove=False,
                    method="auto" if not limits else "direct",
                ),
                clock=Clock.from_deadline(until),
            )
        except LimitReached:
            self.doubtful = True
            return None
        self.doubtful |= not answer.is_closed and answer.status is not Status.INFEASIBLE
        self.course.n_done += 1
        return answer

    def _record_allocation(
        self, answer: SolveOutcome | None, *, supported: bool | None
    ) -> UndominatedAllocation | None:
        if answer is None or answer.allocation is None or answer.granted_cents is None:
            return None
        funded, granted = answer.allocation.funded, answer.allocation.granted_cents
        criteria = tuple(one.terms.evaluate(funded, granted) * one.terms.scale for one in self.criteria)
        values = tuple(self.compute_value(criteria, w) for w in self.corners)
        displayed = (supported and answer.is_closed) or None
        if values not in self.allocations or displayed:
            self.allocations[values] = UndominatedAllocation(
                answer.allocation, criteria, values, answer.granted_cents, displayed
            )
        return self.allocations[values]

    def compute_value(self, criteria: Point, w: Weights) -> Fraction:
        """Return Σ w_k M_k / p_k of an outcome."""
        return sum(
            (a * m / one.per for a, m, one in zip(w, criteria, self.criteria, strict=True)), Fraction(0)
        )

    # -- whole Pareto set ------------------------------------------------------------------------

    def _enumerate_zones(self) -> None:
        """Enumerate the Pareto set zone by zone until all are empty."""
        worth = [self.build_worth_stage(w) for w in self.corners]
        middle = tuple(sum(part, Fraction(0)) / len(self.corners) for part in zip(*self.corners, strict=True))
        stages = [*worth, self.build_worth_stage(middle)]
        low = tuple(_compute_lower_bound(stage, self.problem) - stage.terms.scale for stage in worth)
        waiting = [low]
        while waiting:
            if self._is_out_of_time():
                return
            zone = waiting.pop()
            kept = [bound + stage.terms.scale for bound, stage in zip(zone, worth, strict=True)]
            entry = self._record_allocation(self._ask(stages, kept), supported=None)
            if entry is None:
                continue
            waiting = _split([*waiting, zone], entry.values)

    def _is_out_of_time(self) -> bool:
        self.course.deadline.check()
        return self.doubtful

    # -- supported outcomes ------------------------------------------------------------------------

    def _find_supported_outcomes(self) -> None:
        """Find the supported outcomes: solve at each vertex of the outer approximation, cut with better ones."""
        tops = [self._optimise_at(w) for w in self.corners]
        if any(top is None for top in tops):
            return
        top = max(self.compute_value(one, w) for w in self.corners for one in tops if one is not None) + 1
        first, *others = dict.fromkeys(one for one in tops if one is not None)
        envelope = self.region.extend_to_prism(top, self._compute_gradient(first))
        for one in others:
            envelope = envelope.intersect_half_space(self._build_half_space(one))
        confirmed = set(self.corners)
        while not self._is_out_of_time():
            at = next(
                (corner.point for corner in envelope.corners
                 if corner.point[-1] < top and corner.point[:-1] not in confirmed), None
            )  # fmt: skip
            if at is None:
                return
            confirmed.add(at[:-1])
            better = self._optimise_at(at[:-1])
            if better is not None and self.compute_value(better, at[:-1]) > at[-1]:
                envelope = envelope.intersect_half_space(self._build_half_space(better))

    def _optimise_at(self, w: Weights) -> Point | None:
        """Return the criteria of the optimum at one weight."""
        one = self._record_allocation(self._ask([self.build_worth_stage(w)], ()), supported=True)
        return None if one is None else one.criteria

    def _compute_gradient(self, criteria: Point) -> Point:
        """Return the gradient of V(w) for an outcome."""
        return tuple(value / one.per for value, one in zip(criteria, self.criteria, strict=True))

    def _build_half_space(self, criteria: Point) -> Half:
        """Return the half-space z ≥ V(w)."""
        return (*(-slope for slope in self._compute_gradient(criteria)), Fraction(1)), Fraction(0)

    def _sample_zones(self) -> None:
        """Sample zones between two outcomes; the best Σ V_e in a zone is never dominated."""
        random, known = Random(self.seed), list(self.allocations.values())
        worth = [self.build_worth_stage(w) for w in self.corners]
        middle = tuple(sum(part, Fraction(0)) / len(self.corners) for part in zip(*self.corners, strict=True))
        for __ in range(self.draws if len(known) > 1 else 0):
            if self._is_out_of_time():
                return
            self.n_drawn += 1
            a, b = random.sample(known, 2)
            limits = [
                min(x, y) + stage.terms.scale for x, y, stage in zip(a.values, b.values, worth, strict=True)
            ]
            self._record_allocation(
                self._ask([*worth, self.build_worth_stage(middle)], limits), supported=None
            )

    def _select_undominated(self) -> list[UndominatedAllocation]:
        every = list(self.allocations.values())
        return [one for one in every if not any(_is_dominating(other.values, one.values) for other in every)]


def _compute_lower_bound(stage: ObjectiveStage, problem: Problem) -> Fraction:
    """Bound the value of every allocation from below."""
    terms, most = stage.terms, problem.offers.highest_cents
    each = np.minimum(terms.per_funded, 0) + np.minimum(terms.per_cent, 0) * most
    once = sum(int(np.minimum(part.worth, 0).sum()) for part in terms.once)
    return (terms.constant + int(each.sum()) + once) * terms.scale


def _is_dominating(left: Point, other: Point) -> bool:
    return left != other and all(a >= b for a, b in zip(left, other, strict=True))


def _split(zones: Sequence[Point], z: Point) -> list[Point]:
    """Split the zones that contain a new point, and drop zones contained in another."""
    limits = [zone for zone in zones if not all(a > b for a, b in zip(z, zone, strict=True))]
    pieces = [
        (*zone[:k], z[k], *zone[k + 1 :])
        for zone in zones
        if all(a > b for a, b in zip(z, zone, strict=True))
        for k in range(len(z))
    ]
    all_items = list(dict.fromkeys([*limits, *pieces]))
    return [
        zone
        for zone in all_items
        if not any(
            other != zone and all(a <= b for a, b in zip(other, zone, strict=True)) for other in all_items
        )
    ]


def build_document(result: WeightsResult) -> WeightsDocument:
    """Build the document of the lists that were found."""
    table = result.to_dataframe()
    play = pl.Series(result.problem.offers.in_play)
    moving = table.filter(play & (pl.col("core_index") > 0) & (pl.col("core_index") < 1))
    missing = Status.INFEASIBLE if result.complete else Status.STOPPED
    return WeightsDocument(
        **build_question_head(
            result.problem, result.course, Status.OPTIMAL if result.outcomes else missing, result.lang
        ),
        criteria=[CriterionEntry(name=one.name, per=format_fraction(one.per)) for one in result.criteria],
        corners=[[format_fraction(weight) for weight in corner] for corner in result.corners],
        exact=result.exact,
        complete=result.complete,
        n_draws=result.n_draws,
        portfolios=[_build_entry(result, k, one) for k, one in enumerate(result.outcomes, start=1)],
        core=table.filter(play & (pl.col("core_index") == 1))["dossier"].to_list(),
        borderline=[
            BorderlineDossier(**row) for row in moving.select("dossier", "title", "core_index").to_dicts()
        ],
        n_exterior=int((play & (table["core_index"] == 0)).sum()),
        n_solves=result.n_solves,
        seconds=round(result.seconds, 3),
    )


def _build_entry(result: WeightsResult, rank: int, allocation: UndominatedAllocation) -> UndominatedEntry:
    known = result.exact and result.complete
    return UndominatedEntry(
        rank=rank,
        criteria={
            criterion.name: format_fraction(value)
            for criterion, value in zip(result.criteria, allocation.criteria, strict=True)
        },
        supported=_is_supported(result, allocation) if known else allocation.supported,
        granted_cents=allocation.granted_cents,
        n_funded=int(allocation.allocation.funded.sum()),
        allocation_sha256=hash_allocation(result.problem, allocation.allocation),
    )


def _is_supported(result: WeightsResult, allocation: UndominatedAllocation) -> bool:
    """Whether some feasible weight makes the outcome optimal among all known outcomes."""
    cell = result.region
    for other in result.outcomes:
        gap = tuple(
            (a - b) / c.per
            for a, b, c in zip(allocation.criteria, other.criteria, result.criteria, strict=True)
        )
        cell = cell.intersect_half_space((gap, Fraction(0)))
    return bool(cell.corners)
