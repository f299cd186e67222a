"""Run a sweep: compute the points of its curves, and refine between them.

    free     v(C)   = optimum at amount C
    nested   w(C_i) = optimum at C_i that keeps the applications of C_{i−1} at the same grants

v is the value function of the integer program in its right-hand side. It is computed at the amounts
of the plan; under `exact` or a tolerance, also between them (`compute_exact_steps`, `curve_intervals`). w depends
on the announced amounts and exists only there.
"""

from __future__ import annotations

import math
import time
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from tnt_sim.analysis.shared.executors import Execution, choose_execution
from tnt_sim.analysis.shared.group_sizes import GroupSizes
from tnt_sim.analysis.shared.progress import ProgressEntry, StudyProgress
from tnt_sim.analysis.shared.worker_memory import estimate_worker_bytes
from tnt_sim.analysis.sweep.curve_intervals import (
    Tightening,
    Walk,
    compute_width_cents,
    list_tightening_rules,
)
from tnt_sim.analysis.sweep.derivation_check import check_derived_problem
from tnt_sim.analysis.sweep.envelope_point import (
    LEAST_SECONDS,
    Point,
    Settler,
    build_contradictory_point,
    keep_list,
    tighten_by_larger_amount,
    verify_stored_point,
)
from tnt_sim.analysis.sweep.exact_steps import Counters, SweepSteps, compute_exact_steps, list_figures
from tnt_sim.analysis.sweep.plan import SweepPlan
from tnt_sim.analysis.sweep.point_task import (
    PointOutcome,
    PointTask,
    SweepQuestion,
    compile_amount,
    compute_point,
    solve_amount,
)
from tnt_sim.analysis.sweep.store import BETWEEN, FREE_CURVE, NESTED_CURVE, SweepStore
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import WarmStart, with_fixed
from tnt_sim.engine.result import Status
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import Job, JobOutcome
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

FIRST_SECONDS = 2.0
"""Seconds for the first list, at most half of what is left: the amounts after it start from it."""
LAST_SHARE, LAST_SECONDS = 0.1, 3.0
"""Share of the limit, and most seconds, in which the amounts that were not reached get a list and a bound."""
BOUND_SECONDS = 1.0
"""Seconds that this may take beyond its share."""
ReportProgress = Callable[[str, float], None]


@dataclass
class SweepResult:
    """Result of a sweep, complete or not.

    Attributes
    ----------
    base : problem at the written amount
    free, nested : points of the plan, by increasing amount
    figures : of each point with an allocation, by curve and amount
    steps : all steps that one pass gives, under `exact`
    walked : further steps, one solve each
    looked : every point of that walk, including those that changed nothing
    refined : whether the intervals between the amounts were examined, to the end or not
    band : intervals (lower, upper point) in which the free curve is known only to lie between two
    values
    open : those of them that are wider than requested
    widths : by amount of a free point that is not settled, the cents by which less money may be
    worth as much
    tightening : rules that become tighter as the amount grows
    course : number of amounts settled, and what ended the sweep early
    """

    plan: SweepPlan
    base: Problem
    course: StudyProgress
    free: list[Point] = field(default_factory=list)
    nested: list[Point] = field(default_factory=list)
    steps: SweepSteps | None = None
    walked: list[Point] = field(default_factory=list)
    looked: list[Point] = field(default_factory=list)
    refined: bool = False
    band: list[tuple[Point, Point]] = field(default_factory=list)
    open: list[tuple[Point, Point]] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    tightening: list[Tightening] = field(default_factory=list)
    list_totals: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    n_prices: int = 0
    n_asked: int = 0

    def __repr__(self) -> str:
        return (
            f"<SweepResult of {self.base.scenario.id}: {len(self.free)} free and "
            f"{len(self.nested)} nested points>"
        )

    @property
    def stopped_by(self) -> str | None:
        """Return `time` or `interrupt`; None for a complete sweep."""
        return self.course.stopped_by

    @property
    def progress(self) -> ProgressEntry:
        """Return the progress, in amounts, or in steps if a limit came once all amounts were settled."""
        if self.stopped_by is None or not self.refined:
            return self.course.progress
        n = len({point.cents for point in self.walked})
        n += 0 if self.steps is None else len(self.steps.cents)
        return ProgressEntry(done=n, of=None, unit="steps")


@dataclass
class SweepRun:
    """One sweep in progress."""

    plan: SweepPlan
    store: SweepStore
    clock: Clock
    backend: str = "highs"
    cross_check: str = "never"
    report_progress: ReportProgress | None = None
    most_lists: int | None = None
    """If given, the walk compares lists and not only values, at no more than this many amounts."""
    execution: Execution | None = None
    """Workers for the free amounts; None for this process, where each amount starts from the one before."""
    outcome: SweepResult = field(init=False)
    end: Deadline = field(init=False)
    """End of the search; `clock` ends earlier, so that amounts left over get a list and a bound."""
    counters: Counters = field(init=False)
    settler: Settler = field(init=False)
    warm: WarmStart = field(default_factory=WarmStart)
    resumed: set[tuple[str, int]] = field(default_factory=set)
    done: int = 0
    sizes: GroupSizes = field(init=False)

    def __post_init__(self) -> None:
        base = self.plan.base
        self.clock.begin()
        self.end = self.clock.hold_back_answer(base.case.n).deadline
        left = self.end.limit_seconds
        if left is not None:
            self.clock = Clock.from_deadline(self.end.tighten(left - min(LAST_SHARE * left, LAST_SECONDS)))
        course = StudyProgress(self.clock.deadline, "amounts")
        self.outcome, self.counters = SweepResult(self.plan, base, course), Counters.of(base)
        self.settler = self._build_settler()
        self.sizes = GroupSizes(1 if self.execution is None else self.execution.n_workers)

    def run(self) -> SweepResult:
        """Return all points, or those found before the deadline or Ctrl-C."""
        try:
            with self.outcome.course.catch_limits():
                self._run_all()
                if self.outcome.stopped_by is None:
                    self.store.finish(self.end)
        finally:
            self.store.flush()
        return self.outcome

    def _run_all(self) -> None:
        try:
            self._solve_all()
        except DeadlineExpired:
            self._complete_remaining_amounts()
            raise

    def _solve_all(self) -> None:
        self.outcome.course.n_asked = self.n_points
        low, high = (self._compile_problem(cents) for cents in (self.plan.amounts[0], self.plan.amounts[-1]))
        if (
            low is not None and high is not None and low.offers is not high.offers
        ):  # else only the tree differs
            self.outcome.tightening = list_tightening_rules(low, high, self.clock.deadline)
        if self.plan.free:
            self._compute_free_curve()
        if self.plan.nested:
            self._compute_nested_curve()
            self._as_good_as_nested()
        if self.plan.refined and not self.outcome.tightening:
            self._refine_intervals()
        with suppress(DeadlineExpired):
            check_derived_problem(
                self.plan.moved, self.outcome.base, self.plan.amounts[-1], self.clock.deadline
            )

    @property
    def n_points(self) -> int:
        """Return the number of points requested."""
        return len(self.plan.amounts) * (self.plan.free + self.plan.nested)

    def _iterate_amounts(self) -> Iterator[int]:
        """Yield the amounts of the grid until the deadline; both curves count."""
        course = self.outcome.course
        for cents in self.plan.amounts:
            self.clock.deadline.check()
            yield cents
            course.n_done += 1

    def _compute_free_curve(self) -> None:
        try:
            if self.execution is None:
                self._solve_free_in_order()
            else:
                self._solve_free_on_workers(self.execution)
            self._tighten_bounds()
        finally:
            self._compute_band()
        self._compute_band_widths()

    def _solve_free_in_order(self) -> None:
        """Solve the free amounts one after the other, each from the one before."""
        for cents in self._iterate_amounts():
            problem = self._compile_problem(cents)
            before = self.outcome.free[-1] if self.outcome.free else None
            point = self._solve_point(FREE_CURVE, self.settler, cents, problem)
            self._keep(FREE_CURVE, point)
            self._take(
                FREE_CURVE,
                self.outcome.free,
                self.settler.improve_by_previous(problem, before, point),
                problem,
            )

    def _solve_free_on_workers(self, execution: Execution) -> None:
        """Solve the free amounts that the store does not have on the workers, then improve them in order."""
        left = [cents for cents in self.plan.amounts if not self._restore_free_point(cents)]
        if left:
            self._collect_free_points(left, execution)
        if len(self.outcome.free) < len(self.plan.amounts):
            raise DeadlineExpired
        self._improve_free_points(self.clock.deadline)

    def _collect_free_points(self, amounts: Sequence[int], execution: Execution) -> None:
        """Collect what the workers find; their solvers stop by themselves before the end of the whole."""
        groups = self._generate_groups(amounts, execution)
        outcomes = execution.execute(compute_point, groups, self.end)
        lines: dict[int, PointOutcome] = {}
        try:
            for outcome in outcomes:
                cents = amounts[outcome.number]
                lines[cents] = self._receive_free_point(cents, outcome)
        finally:
            outcomes.close()
            for cents in sorted(lines):  # in the order of amounts, whichever ended first
                for stage, dual_line in lines[cents].lines:
                    self.settler.lines.add(stage, dual_line)

    def _generate_groups(self, amounts: Sequence[int], execution: Execution) -> Iterator[list[Job]]:
        """Yield groups of tasks until the deadline; each task gets its share of the time when it is handed out."""
        question = SweepQuestion.of(self.plan, self.backend, self.cross_check)
        for group in self.sizes.generate_groups(list(enumerate(amounts))):
            if self.clock.deadline.expired:
                return
            yield [(number, self._build_task(question, cents, execution)) for number, cents in group]

    def _build_task(self, question: SweepQuestion, cents: int, execution: Execution) -> PointTask:
        """Build a task; other machines have another clock, so they get no moment at which to stop."""
        left = self.clock.deadline.limit_seconds
        until = math.inf if left is None or not execution.is_local else time.monotonic() + left
        return PointTask(question, cents, until, self._compute_fair_seconds(execution.n_workers))

    def _restore_free_point(self, cents: int) -> bool:
        """Take the free point of an earlier run; whether it could be verified again."""
        self.clock.deadline.check()
        problem = self._compile_problem(cents)
        if problem is None:
            return False
        seconds = self._compute_initial_seconds()
        point = self._find_known_point(FREE_CURVE, self.settler, cents, problem, seconds)
        if point is None:
            return False
        self._take(FREE_CURVE, self.outcome.free, point, problem)
        self.outcome.course.n_done += 1
        return True

    def _receive_free_point(self, cents: int, outcome: JobOutcome) -> PointOutcome:
        """Take what a worker found; an amount that met an error there is solved here, which raises it."""
        if outcome.failure is not None:
            result = PointOutcome(self._solve_failed_point(cents, outcome.failure))
        elif outcome.value is None:
            raise UsageError(
                _('"{name}" has changed while it was being computed.', name=self.plan.scenario.id),
                code="sweep-inputs",
            )
        else:
            result = outcome.value
            self.sizes.record_seconds(result.seconds)
            self.outcome.n_asked += result.n_asked
            self.outcome.n_prices += result.n_asked == 0 and result.point is not None
        if result.point is not None:
            problem = self._compile_problem(cents, deadline=self.end)
            stored = None if problem is None else self._get_stored_point(FREE_CURVE, cents, problem)
            point = self.settler.improve_by_previous(problem, stored, result.point)
            self._keep(FREE_CURVE, point)
            self._take(FREE_CURVE, self.outcome.free, point, problem)
            self.outcome.course.n_done += 1
        return result

    def _solve_failed_point(self, cents: int, failure: str) -> Point:
        if failure == "crashed":
            return Point(cents, Status.STOPPED, None, (), (), None, False, "none", 0.0)
        return self._solve_point(FREE_CURVE, self.settler, cents, self._compile_problem(cents))

    def _improve_free_points(self, deadline: Deadline) -> None:
        """Improve points that workers did not prove by the amount before, as amounts solved in order are."""
        free = self.outcome.free
        for k, point in enumerate(free):
            if point.settled:
                continue
            deadline.check()
            problem = self._compile_problem(point.cents, deadline=deadline)
            better = self.settler.improve_by_previous(problem, free[k - 1] if k else None, point)
            if better is not point:
                self._replace_free_point(k, better, problem)

    def _complete_remaining_amounts(self) -> None:
        """Give each amount that time did not reach the list of the amount before, with a certified bound.

        The bound is that of the dual lines found so far. On the nested curve the free bound of the amount also
        holds for the first goal, as its lists are feasible there.
        """
        grace = Deadline(self.end.seconds_left + BOUND_SECONDS)
        if self.plan.free:
            if self.execution is not None:
                with suppress(DeadlineExpired):
                    self._improve_free_points(grace)
            self._keep_lists(FREE_CURVE, self.outcome.free, grace)
            self._compute_band()
        if self.plan.nested:
            self._keep_lists(NESTED_CURVE, self.outcome.nested, grace)

    def _keep_lists(self, curve: str, points: list[Point], grace: Deadline) -> None:
        """Add a point with the list of the amount before at each amount left, while it satisfies every rule."""
        free = {point.cents: point for point in self.outcome.free}
        known = {point.cents for point in points}
        for cents in self.plan.amounts:
            if cents in known:
                continue
            below = [point for point in points if point.cents < cents]
            before = below[-1] if below else free.get(cents)
            if before is None and curve == FREE_CURVE:
                continue  # workers may have solved a greater amount first
            if before is None or before.allocation is None:
                return
            promised = before.allocation if curve == NESTED_CURVE and below else None
            try:
                grace.check()
                problem = self._compile_problem(cents, promised, grace)
            except DeadlineExpired:
                return
            point = None if problem is None else keep_list(problem, cents, before.allocation)
            if problem is None or point is None:
                return
            point = self.settler.tighten_bounds(problem, point)
            above = free.get(cents)
            if curve == NESTED_CURVE and above is not None:
                point = tighten_by_larger_amount(point, above, self._maximises)
            self._take(curve, points, point, problem)

    @property
    def _maximises(self) -> bool:
        return self.outcome.base.stages[0].sense is Sense.MAXIMISE

    def _compute_width_cents(self, place: int) -> int:
        sense = self.outcome.base.stages[0].sense
        lines, deadline = self.settler.lines, self.clock.deadline
        return compute_width_cents(
            self.plan.moved, self.outcome.free, place, sense, lines, LEAST_SECONDS, deadline
        )

    def _compute_nested_curve(self) -> None:
        """Compute each amount with the grants of the previous one fixed; the first is unconstrained."""
        settler = self._build_settler()
        promised: Allocation | None = None
        for cents in self._iterate_amounts():
            problem = self._compile_problem(cents, promised)
            before = self.outcome.nested[-1] if self.outcome.nested else None
            point = self._solve_point(NESTED_CURVE, settler, cents, problem)
            self._keep(NESTED_CURVE, point)
            self._take(
                NESTED_CURVE,
                self.outcome.nested,
                settler.improve_by_previous(problem, before, point),
                problem,
            )
            promised = self.outcome.nested[-1].allocation or promised

    def _as_good_as_nested(self) -> None:
        """Improve free points by nested ones: a nested allocation is also feasible without the fixed grants."""
        nested = {point.cents: point for point in self.outcome.nested}
        changed = False
        for k, point in enumerate(self.outcome.free):
            self.clock.deadline.check()
            problem = None if point.settled else self._compile_problem(point.cents)
            if problem is None:
                continue
            better = self.settler.improve_by_previous(problem, nested.get(point.cents), point)
            better = self.settler.improve_by_previous(
                problem, self.outcome.free[k - 1] if k else None, better
            )
            if better is not point and better.allocation is not None:
                changed = True
                self._replace_free_point(k, self.settler.tighten_bounds(problem, better), problem)
        if changed:
            self._compute_band()
            self._compute_band_widths()

    def _compute_band(self) -> None:
        """Compute the band of the free curve; only if no rule tightens as the amount grows."""
        if self.outcome.tightening:
            return
        self._propagate_bounds()
        free = self.outcome.free
        self.outcome.band = [(a, b) for a, b in pairwise(free) if b.bounds and a.values != b.bounds]
        self.outcome.open = list(self.outcome.band) if self.plan.refined else []

    def _compute_band_widths(self) -> None:
        """Compute the width of the band in euros at each unsettled amount."""
        free = [] if self.outcome.tightening else self.outcome.free
        for k, point in enumerate(free):
            if not point.settled and point.values:
                self.outcome.widths[point.cents] = self._compute_width_cents(k)

    def _tighten_bounds(self) -> None:
        """Apply the dual lines found at later amounts to the earlier ones."""
        free = self.outcome.free
        for k, point in enumerate(free[:-1] if self.execution is None else free):
            self.clock.deadline.check()
            problem = None if point.settled or not point.values else self._compile_problem(point.cents)
            if problem is not None:
                self.outcome.free[k] = self.settler.tighten_bounds(problem, point, self.clock.deadline)

    def _propagate_bounds(self) -> None:
        """Propagate bounds downwards: without tightening rules, a bound is valid at every smaller amount."""
        free = self.outcome.free
        for k in range(len(free) - 2, -1, -1):
            free[k] = tighten_by_larger_amount(free[k], free[k + 1], self._maximises)

    def _build_settler(self) -> Settler:
        return Settler(self.clock, self.backend, self.cross_check, warm=self.warm)

    def _compile_problem(
        self, cents: int, promised: Allocation | None = None, deadline: Deadline | None = None
    ) -> Problem | None:
        """Compile the problem at an amount, with earlier grants fixed; None for a contradictory scenario."""
        until = deadline or self.clock.deadline
        problem = compile_amount(self.plan.moved, self.outcome.base, cents, until)
        if problem is None or promised is None:
            return problem
        rows = np.flatnonzero(promised.funded & ~problem.offers.committed)
        amounts = dict(zip(rows.tolist(), promised.granted_cents[rows].tolist(), strict=True))
        return with_fixed(problem, fund=rows, amounts=amounts)

    def _solve_point(self, curve: str, settler: Settler, cents: int, problem: Problem | None) -> Point:
        if problem is None:
            return build_contradictory_point(cents)
        known = self._find_known_point(curve, settler, cents, problem, self._compute_initial_seconds())
        if known is not None:
            return known
        before, seconds = settler.n_asked, self._compute_fair_seconds()
        point = solve_amount(settler, self.plan.moved, self.outcome.base, cents, problem, seconds)
        self.outcome.n_prices += settler.n_asked == before
        self.outcome.n_asked += settler.n_asked - before
        return settler.improve_by_previous(problem, self._get_stored_point(curve, cents, problem), point)

    def _get_stored_point(self, curve: str, cents: int, problem: Problem) -> Point | None:
        """Return the point of an earlier run on the same applications; nothing in it is trusted."""
        point = self.store.known.get((curve, cents))
        held = None if point is None else point.allocation
        return None if held is not None and len(held.funded) != problem.case.n else point

    def _find_known_point(
        self, curve: str, settler: Settler, cents: int, problem: Problem, seconds: float | None
    ) -> Point | None:
        """Return a point of an earlier run as far as it can be verified again."""
        point = self._get_stored_point(curve, cents, problem)
        if point is None:
            return None
        verified = verify_stored_point(settler, problem, point, seconds)
        if verified is not None:
            self.resumed.add((curve, cents))
            self.store.record_use(curve, cents)
        return verified

    def _keep(self, curve: str, point: Point) -> None:
        """Keep in the store what a solve found; what other amounts add to it is found again on resuming."""
        if (curve, point.cents) not in self.resumed:
            self.store.put(curve, point)

    def _take(self, curve: str, points: list[Point], point: Point, problem: Problem | None) -> None:
        insort(points, point, key=lambda one: one.cents)
        self._record_figures(curve, point, problem)
        self.done += 1
        if self.report_progress is not None:
            self.report_progress(curve, self.done / max(1, self.n_points))

    def _record_figures(self, curve: str, point: Point, problem: Problem | None) -> None:
        if problem is not None and point.allocation is not None:
            figures = list_figures(self.counters, problem, point.allocation)
            self.outcome.list_totals[curve, point.cents] = figures

    def _replace_free_point(self, place: int, point: Point, problem: Problem | None) -> None:
        self.outcome.free[place] = point
        self._record_figures(FREE_CURVE, point, problem)

    def _compute_fair_seconds(self, n_workers: int = 1) -> float | None:
        """Return a fair share of the remaining time for one solve; more until a list is found to start from.

        Free amounts are solved by `n_workers` at a time, nested ones one after the other.
        """
        left = self.clock.deadline.limit_seconds
        if left is None:
            return None
        n_left = self.n_points - self.done
        if n_workers > 1:
            n_free = len(self.plan.amounts) - len(self.outcome.free)
            n_left += -(-n_free // n_workers) - n_free
        fair = max(0.2, left / max(1, n_left))
        found = any(point.allocation is not None for point in self.outcome.free + self.outcome.nested)
        return fair if found else max(fair, min(FIRST_SECONDS, left / 2))

    def _compute_initial_seconds(self) -> float | None:
        """Return the share of the time that each solve would get if none had been done."""
        limit = self.clock.limit_seconds
        return None if limit is None else limit / max(1, self.n_points)

    def _refine_intervals(self) -> None:
        """Examine the intervals between the amounts, in one pass if possible, otherwise by a walk."""
        if self.plan.exact:
            low, high = self.plan.amounts[0], self.plan.amounts[-1]
            self.outcome.steps = compute_exact_steps(
                self.plan.moved, low, high, self._build_reporter("exact"), self.clock.deadline
            )
        walk, waiting = self._walk(), self._list_intervals()
        self.outcome.refined = True
        requested, by_prices = self.settler.n_asked, self.settler.n_prices
        try:
            while waiting:
                self.clock.deadline.check()
                self._examine_interval(walk, waiting[0])
                waiting.pop(0)
            self._run_walk(walk)
        finally:
            rest = [self._find_neighbours(*interval) for interval in waiting]
            self.outcome.walked += walk.points
            self.outcome.looked = list(walk.at.values())
            self.outcome.band, self.outcome.open = [*walk.list_band_intervals(), *rest], [*walk.open(), *rest]
            self.outcome.n_asked += self.settler.n_asked - requested
            self.outcome.n_prices += self.settler.n_prices - by_prices

    def _walk(self) -> Walk:
        stage = self.outcome.base.stages[0]

        def find_known_point(cents: int, problem: Problem, seconds: float | None) -> Point | None:
            return self._find_known_point(BETWEEN, self.settler, cents, problem, seconds)

        return Walk(
            self.plan.moved,
            self.settler,
            stage.terms.scale,
            stage.sense is Sense.MAXIMISE,
            None if self.plan.exact else self.plan.tolerance,
            find_known_point,
            lambda point: self.store.put(BETWEEN, point),
            self.clock.deadline,
            self.most_lists is not None,
        )

    def _run_walk(self, walk: Walk) -> None:
        whole = max(1, len(walk.waiting))
        while walk.waiting and (self.most_lists is None or len(walk.at) < self.most_lists):
            self.clock.deadline.check()
            walk.solve_widest_interval(self.clock.deadline.limit_seconds)
            if self.report_progress is not None:
                self.report_progress(
                    "walk", len(walk.points) / (len(walk.points) + max(whole, len(walk.waiting)))
                )

    def _list_intervals(self) -> list[tuple[int, int]]:
        """Return the ends of the intervals left open by the pass, or of all intervals of the grid."""
        steps = self.outcome.steps
        if steps is None:
            return [(a.cents, b.cents) for a, b in pairwise(self.outcome.free)]
        return [(first, until - 1) for first, until in steps.open]

    def _examine_interval(self, walk: Walk, interval: tuple[int, int]) -> None:
        """Give an interval to the walk, after its ends were solved if the pass left them open."""
        if self.outcome.steps is None:
            known = {point.cents: point for point in self.outcome.free}
            walk.add_interval(known[interval[0]], known[interval[1]])
            return
        low, *high = [self._solve_end(cents) for cents in dict.fromkeys(interval)]
        self.outcome.walked.append(low)
        if high:
            walk.add_interval(low, high[0])

    def _find_neighbours(self, first: int, last: int) -> tuple[Point, Point]:
        """Return the nearest known points around an interval that was not examined."""
        low, high = self.outcome.free[0], self.outcome.free[-1]
        steps = self.outcome.steps
        if steps is None:
            known = {point.cents: point for point in self.outcome.free}
            return known[first], known[last]
        before = int(np.searchsorted(steps.cents, first, side="right")) - 1
        after = int(np.searchsorted(steps.cents, last))
        if before >= 0:
            low = max(low, steps.build_point(before), key=lambda point: point.cents)
        if after < len(steps.cents):
            high = min(high, steps.build_point(after), key=lambda point: point.cents)
        return low, high

    def _solve_end(self, cents: int) -> Point:
        point = self._solve_point(BETWEEN, self.settler, cents, self._compile_problem(cents))
        self._keep(BETWEEN, point)
        return point

    def _build_reporter(self, phase: str) -> Callable[[float], None] | None:
        report_progress = self.report_progress
        if report_progress is None:
            return None
        return lambda share: report_progress(phase, share)


def choose_sweep_execution(
    plan: SweepPlan, name: str = "processes", workers: int | None = None, scheduler: str | None = None
) -> Execution:
    """Choose who solves the free amounts: this process, unless workers or another executor are requested.

    Parameters
    ----------
    name, workers, scheduler : as for `choose_execution`
    """
    if name == "processes" and workers is None and scheduler is None:
        workers = 1
    worker_bytes = estimate_worker_bytes(plan.base.case.n)
    return choose_execution(name, workers, scheduler, worker_bytes)


def run(
    plan: SweepPlan,
    *,
    store: SweepStore | None = None,
    execution: Execution | None = None,
    time_limit: float | None = None,
    deadline: Deadline | None = None,
    backend: str = "highs",
    cross_check: str = "never",
    report_progress: ReportProgress | None = None,
    most_lists: int | None = None,
) -> SweepResult:
    """Compute all points of a plan within a time limit and store each one as it is found.

    Parameters
    ----------
    store : keeps the points, so that an interrupted sweep can resume
    execution : solves the free amounts on several workers, see `analysis.shared.executors`
    time_limit : seconds from now; ignored if `deadline` is given
    deadline : of the caller
    backend, cross_check : solver, and second solver, as for a run
    tell : called with the phase and the share done, in [0, 1]
    most_lists : if given, an exact walk looks for every change of the list, at no more than this
    many amounts
    """
    clock = Clock(time_limit) if deadline is None else Clock.from_deadline(deadline)
    workers = None if execution is None or execution.is_serial else execution
    return SweepRun(
        plan, store or SweepStore(), clock, backend, cross_check, report_progress, most_lists, workers
    ).run()
