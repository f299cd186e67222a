"""Search for diverse near-optimal allocations: each is as far as possible from all found before.

    max d   s.t.  d ≤ distance(x, list_j) for each known list j,  first objective within the loss

This greedy max-min rule is that of farthest-point clustering, with a guarantee of one half of the
best possible smallest distance, if each step is solved to optimality.

Each step optimises one more objective over near-optimal allocations:

    bound   exact Lagrangian bound from the dual prices of one linear program (`reductions/fixing`)
    list    first the rounded point of the linear program. Where that is far from the bound, core problem:
            applications with a large reduced cost stay as in the linear program, the solver chooses the others;
            the whole problem is solved only if the core is infeasible

The list is checked in integers. It is optimal if a certificate shows it or if it meets the bound;
otherwise the bound limits how much better another list can be.

Further searches: ties of the optimum, and allocations steered towards rural, mutualised or balanced
funding.

Sources: T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical
Computer Science 38 (1985); E. Balas and E. Zemel, "An algorithm for large zero-one knapsack
problems", Operations Research 28 (1980), for the core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.analysis.alternatives.far_lists import FarLists
from tnt_sim.analysis.shared.list_distance import build_change_terms, build_moved_money_terms, with_last_stage
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import Formulation, formulate, with_kept_values
from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray, Terms, Unit
from tnt_sim.rules.protocols import Mode, RowBuilder, RowKind, RowLabel, RuleReading, Sense
from tnt_sim.scenario.objective import ObjectiveStage, SmallestSpec, compile_smallest
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.greedy import complete_point
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import ReducedCostFixing, compute_exact_bound
from tnt_sim.verify.allocation_reading import Allocation, read_allocation, read_within_limits

APART = "apart"


@dataclass(frozen=True, slots=True)
class Nearest:
    """Distance to the nearest of some lists, in applications or in cents, as a part of a stage."""

    lists: tuple[Terms, ...]
    most: int

    @property
    def unit(self) -> Unit:
        """Return the unit of the distance."""
        return self.lists[0].unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Write the rows d ≤ distance to each list, with d maximised."""
        nearest = builder.add_column(APART, 0, self.most)
        for k, terms in enumerate(self.lists):
            label = RowLabel(RowKind.LINK, APART, str(k))
            builder.add_rows([label], terms, None, [0], [None], [(0, nearest, -1)])
        builder.add_price(nearest, stage, -self.lists[0].scale)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Return the smallest distance, exact."""
        return (
            min(max(0, terms.evaluate(funded, granted_cents)) for terms in self.lists) * self.lists[0].scale
        )


def build_max_distance_problem(
    problem: Problem, n_kept: int, lists: list[Allocation], *, money: bool
) -> Problem:
    """Keep the first stages of a problem, then maximise the distance to the nearest of some lists."""
    terms = tuple(build_distance_terms(problem, [one], money=money) for one in lists)
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    nothing = Terms(terms[0].scale, terms[0].unit, zeros, zeros)
    part = Nearest(terms, max(_compute_distance_bound(one, problem) for one in terms))
    return with_last_stage(
        problem, n_kept, ObjectiveStage(APART, Sense.MAXIMISE, nothing, goal_parts=(part,))
    )


def build_distance_terms(problem: Problem, lists: list[Allocation], *, money: bool) -> Terms:
    """Return the sum of distances to some lists as a linear form."""
    return (
        build_moved_money_terms(problem, lists)
        if money
        else build_change_terms(problem, [one.funded for one in lists])
    )


def compute_nearest_distance(
    problem: Problem, lists: list[Allocation], allocation: Allocation, *, money: bool
) -> Fraction:
    """Return the distance of an allocation to the nearest of some lists."""
    each = [build_distance_terms(problem, [other], money=money) for other in lists]
    return min(
        max(0, terms.evaluate(allocation.funded, allocation.granted_cents)) * terms.scale for terms in each
    )


def _compute_distance_bound(terms: Terms, problem: Problem) -> int:
    """Bound the distance to a list from above."""
    each = terms.per_funded + terms.per_cent * problem.offers.highest_cents
    return terms.constant + int(np.maximum(each, 0).sum())


CORE = 150
"""Size of the core; a problem with at most twice as many candidates is solved as a whole."""
WHOLE = 1 - 1e-6
CLOSE = Fraction(1, 200)
"""Distance from its bound, as a share of it, within which a rounded list stands."""
MANY = 2_000
"""Candidates beyond which a rounded list stands anyway: a solver finds no list within `QUESTION_SECONDS`."""
ROUNDINGS = 6
"""Linear programs whose points are rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class NearOutcome:
    """Result of one step.

    Attributes
    ----------
    answer : the list found
    bound : bound on the last stage; None if no linear program was solved
    proven : whether the list is shown to be optimal
    n_solves : number of solves
    """

    answer: SolveOutcome
    bound: Fraction | None
    proven: bool
    n_solves: int

    @property
    def says_something(self) -> bool:
        """Whether the list is proved optimal or better than nothing: an unproved distance of 0 shows nothing."""
        return self.proven or bool(self.answer.values[-1])


@dataclass(frozen=True, slots=True, eq=False)
class FixedDossiers:
    """Applications with the same decision in every allocation within the loss, by exact bounds.

    `must` and `out`: bool (n,), funded and refused in all of them.
    """

    must: BoolArray
    out: BoolArray

    def of(self, problem: Problem) -> Problem:
        """Return the problem with these applications fixed."""
        free = problem.offers.candidate
        return with_fixed(
            problem, np.flatnonzero(self.must & free), np.flatnonzero(self.out & ~self.must & free)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxed:
    """Linear relaxation of a step: its bound, and by candidate its value and absolute reduced cost.

    `form` and `model` are the formulation, and its rows with the kept values.
    """

    bound: Fraction | None
    rows: IntArray
    point: np.ndarray
    cost: np.ndarray
    form: Formulation
    model: LinearModel


def ask_near(
    problem: Problem, limits: Sequence[Fraction], fixed: FixedDossiers, until: Deadline
) -> NearOutcome | None:
    """Optimise the last stage with the others kept at `limits`; None if no list was found in time."""
    whole = fixed.of(problem)
    relaxed = _solve_relaxation(whole, limits, until)
    bound = None if relaxed is None else relaxed.bound
    n_solves = 0
    rounded: SolveOutcome | None = None
    known: NearOutcome | None = None
    if relaxed is not None and len(relaxed.rows) > 2 * CORE:
        rounded = _round_relaxation(problem, limits, relaxed, until)
        many = len(relaxed.rows) > MANY
        if rounded is not None and (many or _is_close_to_bound(rounded, bound)):
            known = NearOutcome(rounded, bound, _has_reached_bound(problem, rounded, bound), n_solves)
            if known.says_something:
                return known
        n_solves += 1
        answer = _optimise_until(_fix_outside_core(whole, relaxed), limits, until.take_share(0.5))
        answer = _select_better(problem, answer, rounded)
        if answer is not None:
            known = NearOutcome(answer, bound, _has_reached_bound(problem, answer, bound), n_solves)
            if known.says_something:
                return known
    answer = _optimise_until(whole, limits, until, prove=True)
    if answer is None:
        return known
    proven = answer.status is Status.OPTIMAL or _has_reached_bound(problem, answer, bound)
    return NearOutcome(answer, bound, proven, n_solves + 1)


def _optimise_until(
    problem: Problem, limits: Sequence[Fraction], until: Deadline, *, prove: bool = False
) -> SolveOutcome | None:
    try:
        return optimise(
            problem,
            OptimiseOptions(
                kept_values=tuple(limits),
                n_stages=1,
                least_granted=False,
                canonical=False,
                prove=prove,
                method="direct",
            ),
            clock=Clock.from_deadline(until),
        )
    except LimitReached:
        return None


def _has_reached_bound(problem: Problem, answer: SolveOutcome, bound: Fraction | None) -> bool:
    if bound is None or not answer.values:
        return False
    value = answer.values[-1]
    return value >= bound if problem.stages[-1].sense is Sense.MAXIMISE else value <= bound


def _is_close_to_bound(answer: SolveOutcome, bound: Fraction | None) -> bool:
    """Whether the last stage is within `CLOSE` of its bound, so that a solver would gain little."""
    return bound is not None and abs(bound - answer.values[-1]) <= CLOSE * abs(bound)


def _select_better(
    problem: Problem, answer: SolveOutcome | None, other: SolveOutcome | None
) -> SolveOutcome | None:
    """Return the outcome whose last stage is better, among those with an allocation."""
    up = 1 if problem.stages[-1].sense is Sense.MAXIMISE else -1
    every = [one for one in (answer, other) if one is not None and one.allocation is not None]
    return max(every, key=lambda one: up * one.values[-1], default=None)


def _round_relaxation(
    problem: Problem, limits: Sequence[Fraction], relaxed: _Relaxed, until: Deadline
) -> SolveOutcome | None:
    """Round the point of the linear program to a list; None where that breaks a rule or a kept value.

    Fractions are rounded down, and applications added where a row is below its lower bound. Where a kept value
    is still short of its limit by s, the linear program is solved again with a limit that is higher by s, 2s, 4s
    and so on, since fractions would take up the same amount again.
    """
    if problem.stages[0].sense is not Sense.MAXIMISE or len(relaxed.form.recovery.amount_rows):
        return None
    model, goal = relaxed.model, relaxed.form.stages[-1]
    value_rows = np.arange(model.n_rows - len(limits), model.n_rows)
    if (model.row_lower[value_rows] == NO_LOWER).any():
        return None
    up = 1 if goal.sense is Sense.MAXIMISE else -1
    n, point, raised = len(relaxed.rows), relaxed.point, model.row_lower.copy()
    lp = IncrementalLp()
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.argsort(-relaxed.cost, kind="stable")] = np.arange(1, n + 1)
    for k in range(ROUNDINGS):
        x = model.col_lower.copy()
        x[:n] = np.maximum(x[:n], point > WHOLE)
        completed = complete_point(model, relaxed.form.recovery, x, ranks, until)
        if completed is None:
            return None
        for column in range(n, model.n_cols):  # the distance to the nearest list
            if goal.objective[column]:
                completed[column] = (
                    _find_largest_step(model, completed, column) if up * goal.objective[column] > 0 else 0
                )
        short = model.row_lower - model.compute_activity(completed)
        if (short <= 0).all():
            return _read_outcome(problem, limits, relaxed.form, completed)
        if (short[: value_rows[0]] > 0).any() or until.expired:
            return None
        raised = raised.copy()
        raised[value_rows] += np.maximum(short[value_rows], 0) << k
        higher = replace(model, row_lower=raised)
        if lp.compute_prices(higher, up * goal.objective, deadline=until) is None:
            return None
        point = lp.get_point()[:n]
    return None


def _find_largest_step(model: LinearModel, x: IntArray, column: int) -> int:
    """Return how far a column may rise from 0 within its bounds and rows."""
    entries = model.matrix[:, [column]]
    reached = model.compute_activity(x)[entries.row]
    above = [
        (int(model.row_upper[i]) - int(a)) // int(v)
        for i, a, v in zip(entries.row, reached, entries.data, strict=True)
        if v > 0
    ]
    below = [
        (int(a) - int(model.row_lower[i])) // int(-v)
        for i, a, v in zip(entries.row, reached, entries.data, strict=True)
        if v < 0
    ]
    return max(0, min([int(model.col_upper[column]), *above, *below]))


def _read_outcome(
    problem: Problem, limits: Sequence[Fraction], form: Formulation, point: IntArray
) -> SolveOutcome | None:
    """Read a point as a list of the problem, in integers; None if it breaks a rule or a kept value."""
    allocation = Allocation(*form.recovery.compute_awards(point))
    reading = read_within_limits(problem, allocation, limits)
    return None if reading is None else SolveOutcome.of_list(allocation, reading)


def _solve_relaxation(problem: Problem, limits: Sequence[Fraction], until: Deadline) -> _Relaxed | None:
    try:
        form = formulate(problem, deadline=until)
    except DeadlineExpired:
        return None
    model = with_kept_values(CoefficientTightening().apply(form.model)[0], form.stages, limits)
    goal = form.stages[-1]
    model = model.with_objective(goal.objective, goal.sense)
    raw = get_backend("highs").solve(model, relax=True, limits=Limits(until))
    if raw.termination is not Termination.OPTIMAL or raw.values is None or raw.row_duals is None:
        return None
    try:
        bound = compute_exact_bound(model, raw.row_duals, until)
    except DeadlineExpired:
        return None
    most = bound.round_to_integer(goal.sense)
    columns = form.recovery.funded_columns
    cost = np.abs(np.asarray(bound.reduced_costs, dtype=np.float64))[columns]
    best = None if most is None else (most + goal.constant) * goal.scale
    return _Relaxed(best, form.recovery.candidate, raw.values[columns], cost, form, model)


def _fix_outside_core(problem: Problem, relaxed: _Relaxed) -> Problem:
    """Fix all applications outside the core at their values in the linear program."""
    order = np.argsort(relaxed.cost, kind="stable")
    free = np.zeros(len(order), dtype=np.bool_)
    free[order[:CORE]] = True
    inside = relaxed.point > WHOLE
    free |= ~inside & (relaxed.point > 1 - WHOLE)
    return with_fixed(problem, relaxed.rows[~free & inside], relaxed.rows[~free & ~inside])


RURAL_HEADS = 3_500
"""Most inhabitants of a rural commune here (threshold of CGCT article L. 2121-8 before 2014)."""
MUTUALISED = "mutualisation"


def generate_steering_stages(problem: Problem) -> Iterator[ObjectiveStage]:
    """Yield the stages towards which the allocations can be steered; those without a candidate are left out."""
    table = problem.case.table
    people = pl.col("population").is_not_null() & (pl.col("population") <= RURAL_HEADS)
    small = table.select(people & (pl.col("applicant_type") == "commune")).to_series().to_numpy()
    shared = table.select(
        (pl.col("applicant_type") == MUTUALISED) | pl.col("tags").list.contains("mutualise")
    )
    for name, mask in (
        ("rural", small),
        ("mutualised", shared.to_series().fill_null(value=False).to_numpy()),
    ):
        if (mask & problem.offers.candidate).any():
            yield ObjectiveStage(name, Sense.MAXIMISE, _build_money_terms(mask))
    balanced = _build_balance_stage(problem)
    if balanced is not None:
        yield balanced


def _build_money_terms(mask: BoolArray) -> Terms:
    ones = mask.astype(np.int64)
    return Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)


def _build_balance_stage(problem: Problem) -> ObjectiveStage | None:
    """Maximise the grants of the department with the least, per head if there is a map.

    None without at least two departments.
    """
    case, offers = problem.case, problem.offers
    inside = case.table.select((pl.col("department") != "").fill_null(value=False)).to_series().to_numpy()
    if len(case.table["department"].filter(pl.Series(inside & offers.candidate)).unique()) < 2:
        return None
    before = len(case.defects.entries), len(case.warnings.entries)
    spec = SmallestSpec(
        measure="granted", by="department", per="population" if case.map_year is not None else None
    )
    piece = compile_smallest(spec, ("objective",), case, Measures(case, offers.in_play, {}), offers)
    failed = len(case.defects.entries) > before[0]
    del case.defects.entries[before[0] :], case.warnings.entries[before[1] :]
    if piece is None or failed:
        return None
    zeros = np.zeros(case.n, dtype=np.int64)
    return ObjectiveStage(
        "balanced", Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, zeros), goal_parts=(piece,)
    )


MOST_TIES = 5
PRICES_SHARE = 0.5
"""Share of the time left for lists from prices, which go first where there are many candidates."""
QUESTION_SHARE, MOST_SHARE = 0.25, 0.8
"""Least and greatest share of the time left for one allocation."""
QUESTION_SECONDS = 6.0
"""Seconds for each allocation; what is found by then is used, as not proved farthest."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class NearOptimalAllocation:
    """One near-optimal allocation.

    Attributes
    ----------
    name : `different`, `tie`, or what it is steered towards
    distance : to the nearest allocation before it, in applications or in euros; if steered, to the
    optimum
    proven : whether none is farther, or better in the steered figure
    bound : bound on that distance or figure, if not proved; None if unknown
    figure : value of the steered figure; None elsewhere
    """

    name: str
    allocation: Allocation
    values: tuple[Fraction, ...]
    granted_cents: int
    distance: Fraction
    proven: bool
    bound: Fraction | None = None
    figure: Fraction | None = None


@dataclass
class DiverseSearch:
    """Search for near-optimal allocations."""

    problem: Problem
    within: Fraction
    clock: Clock
    money: bool
    report_progress: Progress
    course: StudyProgress
    floor: Fraction = Fraction(0)
    lists: list[Allocation] = field(default_factory=list)
    portfolios: list[NearOptimalAllocation] = field(default_factory=list)
    steered: list[NearOptimalAllocation] = field(default_factory=list)
    ties: list[NearOptimalAllocation] = field(default_factory=list)
    n_solves: int = 0
    fixed: FixedDossiers = field(init=False)

    def __post_init__(self) -> None:
        self.fixed = FixedDossiers(self.problem.offers.committed.copy(), ~self.problem.offers.in_play)

    def start(self, optimum: SolveOutcome) -> None:
        """Compute the worst allowed value of the first stage."""
        assert optimum.allocation is not None
        stage, best = self.problem.stages[0], optimum.values[0]
        given_up = self.within * abs(best)
        self.floor = best - given_up if stage.sense is Sense.MAXIMISE else best + given_up
        self.lists.append(optimum.allocation)

    def fix_dossiers(self) -> None:
        """Fix applications by reduced costs."""
        self.fixed = self._fix_by_reduced_costs(self.floor)

    def find_distant_allocations(self, count: int) -> None:
        """Find `count` allocations, each as far as possible from all before."""
        for k in self.course.iterate_items(range(count)):
            self.report_progress("different", k / (count + 4))
            far = build_max_distance_problem(self.problem, 1, self.lists, money=self.money)
            share = min(MOST_SHARE, max(QUESTION_SHARE, 1 / (count - k)))
            allocation = self._read_new_allocation(
                "different", self._optimise_near(far, (self.floor,), self.fixed, share), 1
            )
            if allocation is None:
                allocation = self._maximise_total_distance()
            if allocation is None or allocation.distance == 0:
                # today's list satisfies all rows: only a limit ends the search for one, and only a proof says
                # that no other list differs
                if allocation is None or not allocation.proven:
                    self.course.stopped_by = TIME
                return
            self.portfolios.append(allocation)
            self.lists.append(allocation.allocation)

    def find_lists_from_prices(self, count: int) -> list[NearOptimalAllocation]:
        """Find lists far from those before, with upper limits of their distance, from prices of nested caps.

        Without a limit, or with few candidates, there are none: every question gets its own search.
        """
        deadline, known = self.course.deadline, [self.lists[0]]
        if deadline.is_unlimited or int(self.problem.offers.candidate.sum()) <= MANY:
            return []
        until = deadline.take_share(PRICES_SHARE)
        far_lists: list[NearOptimalAllocation] = []
        try:
            lists = FarLists.of(self.problem, self.floor, until)
        except DeadlineExpired:
            lists = None
        most: Fraction | None = None
        for k in range(count if lists is not None else 0):
            assert lists is not None
            own = until.take_share(1 / (count - k))
            terms = build_distance_terms(self.problem, known, money=self.money)
            allocation, total = lists.find_far_list(terms, own)
            if total is not None:  # the nearest is no farther than the mean, and than the first
                here = total / len(known)
                most = here if most is None else min(most, here)
            if allocation is None:
                allocation = lists.drop_least_valuable(known[0], k, own)
            far_list = None if allocation is None else self._read_far_list(allocation, known, most)
            if far_list is not None:
                far_lists.append(far_list)
                known.append(far_list.allocation)
        return far_lists

    def add_lists_from_prices(self, far: Sequence[NearOptimalAllocation], count: int) -> None:
        """Take lists from prices where a limit ended the search for others."""
        for candidate in far:
            if len(self.portfolios) < count:
                most = far[0].distance if far[0].proven else far[0].bound
                again = self._read_far_list(candidate.allocation, self.lists, most)
                if again is not None:
                    self.portfolios.append(again)
                    self.lists.append(again.allocation)

    def _read_far_list(
        self, allocation: Allocation, known: list[Allocation], bound: Fraction | None
    ) -> NearOptimalAllocation | None:
        """Read a list with its distance to the nearest of those known; None if it is one of them.

        Parameters
        ----------
        bound : upper limit of the distance of any list to the first
        """
        apart = compute_nearest_distance(self.problem, known, allocation, money=self.money)
        if not apart:
            return None
        reading = read_allocation(self.problem, allocation)
        cents, proven = reading.granted_cents, apart == bound
        return NearOptimalAllocation(
            "different", allocation, reading.values, cents, apart, proven, None if proven else bound
        )

    def _maximise_total_distance(self) -> NearOptimalAllocation | None:
        """Maximise the sum of distances instead, if the max-min step was not solved in time."""
        goal = ObjectiveStage(
            APART, Sense.MAXIMISE, build_distance_terms(self.problem, self.lists, money=self.money)
        )
        asked = with_last_stage(self.problem, 1, goal)
        allocation = self._read_new_allocation(
            "different", self._optimise_near(asked, (self.floor,), self.fixed), 1
        )
        if allocation is None:
            return None
        apart = compute_nearest_distance(self.problem, self.lists, allocation.allocation, money=self.money)
        return replace(allocation, distance=apart, proven=False, bound=None)

    def steer(self) -> None:
        """Find the best allocation for each steered figure."""
        for stage in generate_steering_stages(self.problem):
            self.report_progress(stage.goal, 0.9)
            asked = with_last_stage(self.problem, 1, stage)
            allocation = self._read_new_allocation(
                stage.goal, self._optimise_near(asked, (self.floor,), self.fixed), 1
            )
            if allocation is not None:
                away = compute_nearest_distance(
                    self.problem, self.lists[:1], allocation.allocation, money=self.money
                )
                self.steered.append(replace(allocation, figure=allocation.distance, distance=away))

    def find_tied_allocations(self, optimum: SolveOutcome) -> None:
        """Find other allocations that are as good in every stage and cost no more."""
        assert optimum.allocation is not None
        assert optimum.granted_cents is not None
        n, lists = len(self.problem.stages), [optimum.allocation]
        capped = _add_granted_limit(self.problem, optimum.granted_cents)
        fixed = self._fix_by_reduced_costs(optimum.values[0])
        while len(self.ties) < MOST_TIES:
            outcome = self._optimise_near(
                build_max_distance_problem(capped, n, lists, money=False), optimum.values, fixed
            )
            allocation = self._read_new_allocation("tie", outcome, n)
            if allocation is None or allocation.distance == 0:
                return
            self.ties.append(allocation)
            lists.append(allocation.allocation)

    def _optimise_near(
        self,
        problem: Problem,
        limits: Sequence[Fraction],
        fixed: FixedDossiers,
        share: float = QUESTION_SHARE,
    ) -> NearOutcome | None:
        self.course.deadline.check()
        until = self.course.deadline.take_share(share).tighten(QUESTION_SECONDS)
        answer = ask_near(problem, limits, fixed, until)
        self.n_solves += 1 if answer is None else answer.n_solves
        return answer

    def _read_new_allocation(
        self, name: str, near: NearOutcome | None, at: int
    ) -> NearOptimalAllocation | None:
        """Read what was found as an allocation of the problem itself."""
        if near is None or near.answer.allocation is None:
            return None
        answer = near.answer
        assert answer.allocation is not None
        reading = read_allocation(self.problem, answer.allocation)
        cents, proven = reading.granted_cents, near.proven
        bound = None if proven else near.bound
        return NearOptimalAllocation(
            name, answer.allocation, reading.values, cents, answer.values[at], proven, bound
        )

    def _fix_by_reduced_costs(self, worst: Fraction) -> FixedDossiers:
        """Fix by reduced costs what no allocation with a first stage no worse than `worst` can change."""
        must, out = self.problem.offers.committed.copy(), ~self.problem.offers.in_play
        try:
            form = formulate(self.problem, deadline=self.clock.deadline)
        except DeadlineExpired:
            return FixedDossiers(must, out)
        stage = form.stages[0]
        model = CoefficientTightening().apply(form.model)[0].with_objective(stage.objective, stage.sense)
        duals = get_backend("highs").solve(model, relax=True, limits=self.clock.build_limits()).row_duals
        if duals is None:
            return FixedDossiers(must, out)
        units = worst / stage.scale - stage.constant
        up = stage.sense is Sense.MAXIMISE
        whole = math.ceil(units) if up else math.floor(units)
        fixed, _ = ReducedCostFixing(duals, whole, deadline=self.clock.deadline).apply(model)
        columns, rows = form.recovery.funded_columns, form.recovery.candidate
        must[rows[fixed.col_lower[columns] == 1]] = True
        out[rows[fixed.col_upper[columns] == 0]] = True
        return FixedDossiers(must, out)


def _add_granted_limit(problem: Problem, cents: int) -> Problem:
    """Add a limit on the total money granted."""
    groups = Groups((None,), np.zeros(problem.case.n, dtype=np.int64), grouped=False)
    limit = Limit("money", "limit", Mode.HARD, problem.granted, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))
