"""Compare transfers at the same total with an extension of the total.

With v the optimal value and T₀ the written total::

    alone(T)   = v(total T, no transfers between siblings);  alone(T₀) is the starting point
    moved(T)   = v(total T, with transfers);  moved(T₀) − alone(T₀) is the gain by transfers

    moved(T) − alone(T₀) = [moved(T₀) − alone(T₀)] + [moved(T) − moved(T₀)]

The decomposition holds stage by stage, in whole units. On the *free* curve each list is optimised
by itself. On the *nested* curve every funded application stays funded for the same grant: from
alone(T₀) to moved(T₀) and on to each larger total, and from alone(T₀) to each larger total without
transfers. Where transfers gain neither value nor money, the list without transfers is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tnt_sim.analysis.extend.result import FREE, NESTED, ExtendResult, GrantedRange, ListAtTotal
from tnt_sim.analysis.extend.transfer import (
    TRANSFER,
    TransferReading,
    classify_transfer_limits,
    has_same_amounts,
    read_transfers,
    with_transfers,
    without_transfers,
)
from tnt_sim.analysis.marginal.extension_allocation import read_axes
from tnt_sim.analysis.marginal.marginal_euro import compute_marginal_euros
from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.shared.envelope_path import build_envelope_path, compile_at_amount
from tnt_sim.analysis.shared.progress import GrowingAnswer, StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReportProgress, solve_reference
from tnt_sim.analysis.sweep.dual_bounds import DualLines
from tnt_sim.analysis.sweep.envelope_point import SURE, Point, Settler
from tnt_sim.deadline import Deadline
from tnt_sim.domain.budget_tree import Tree
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import OptimiseOptions, WarmStart, optimise, with_fixed
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.rules.linear_terms import sum_exactly
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.values.answer_values import Interval
from tnt_sim.verify.allocation_reading import Allocation

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.total_limits import TotalLimits

STEPS = (2, 10, 20)
"""Default totals: the written one plus so many round steps."""
MOST_RANGES = 12
REFERENCE_SHARE = 0.3
"""Most of the time that the list of the scenario as written may take."""
LIMITS_SHARE = 0.3
"""Most of the time left that limits of all lists may take."""
LEAST_SECONDS, OTHER_LISTS_SECONDS = 0.2, 30.0
"""Least seconds for a list, and most seconds for the search of other lists of equal value."""


def extend_of(
    scenario: ScenarioData,
    to: Sequence[str | int] = (),
    *,
    clock: Clock | None = None,
    report_progress: ReportProgress | None = None,
) -> ExtendResult:
    """Compare transfers and extensions of a scenario.

    Parameters
    ----------
    to : totals of the programme: "98 M€", "110 %" or whole euros; by default three round ones
    clock : time limit
    tell : called with the curve and the share done, in [0, 1]
    """
    clock = clock or Clock(None)
    totals = parse_totals(AmountVariation.of(scenario), to)
    base = solve_reference(scenario, clock, share=REFERENCE_SHARE)
    clock = clock.hold_back_answer(base.problem.case.n)
    line = build_envelope_path(base.problem, base.problem.case.tree.ids[0])
    result = ExtendResult(
        base,
        line,
        totals,
        StudyProgress(clock.deadline, "questions"),
        classify_transfer_limits(base.problem.case.tree),
    )
    with result.course.catch_limits():
        _ExtensionSearch(result, clock, report_progress).run()
    return result


def parse_totals(moved: AmountVariation, to: Sequence[str | int]) -> tuple[int, ...]:
    """Parse the larger totals, increasing; the written total is always examined."""
    written = moved.base_cents
    if not to:
        return tuple(written + step * round_step(written) for step in STEPS)
    totals = sorted({moved.parse_amount(text) for text in to})
    if totals[0] < written:
        raise UsageError(
            _("a total is below the written amount. For a smaller envelope: sweep --from."),
            code="usage.total",
        )
    return tuple(total for total in totals if total > written)


def round_step(written_cents: int) -> int:
    """Return a power of ten, in cents, of which a programme has between 80 and 800; at least one cent.

    >>> round_step(8_800_000_000)
    100000000
    """
    step = 1
    while step * 10 * STEPS[-1] * 4 <= written_cents:
        step *= 10
    return step


@dataclass
class _ExtensionSearch:
    """Sequence of the solves, the most informative first."""

    result: ExtendResult
    clock: Clock
    report_progress: ReportProgress | None
    settlers: dict[tuple[str, bool], Settler] = field(default_factory=dict)
    model_cache: dict[tuple[str, bool], ModelCache] = field(default_factory=dict)
    lines: DualLines = field(default_factory=DualLines)
    problems: dict[int, Problem | None] = field(default_factory=dict)
    seconds: float | None = None
    """Part of the time that the list under way has."""

    def run(self) -> None:
        """Solve all questions, or as many as time allows."""
        result, written = self.result, self.result.path.amount_cents
        questions = [
            _ListQuestion(self, curve, total, moved)
            for curve in (FREE, NESTED)
            for total in (written, *result.totals)
            for moved in (False, True)
            if (curve, total, moved) != (NESTED, written, False)
        ]
        for question in result.course.improve_in_turn(questions, LIMITS_SHARE, self.report_progress):
            if question.key not in result.standings:
                result.course.withdraw_item()
        self._improve()
        compute_marginal_euros(
            result.base,
            envelopes=list(read_axes(result.base.problem)[0]) or [result.path.id],
            rules=(),
            clock=self.clock,
            into=result.next,
            course=result.course,
        )
        self._compare_equals()

    @cached_property
    def limits(self) -> TotalLimits:
        """Limits of the first goal at each total."""
        from tnt_sim.analysis.extend.total_limits import TotalLimits

        return TotalLimits(self.result.base, self.result.path)

    def settle(self, curve: str, total: int, moved: bool, seconds: float | None) -> None:
        """Find one list."""
        self.seconds = seconds
        problem = self.compile_problem(total)
        if problem is None:
            return
        promised = self._get_promised_list(curve, total, moved)
        variant = _fix_promised_list(
            with_transfers(problem) if moved else without_transfers(problem), promised
        )
        single = self.result.get_list(curve, total, False) if moved else None
        point = self._find_known_point(variant, total, promised, single) or self._solve_point(
            curve, moved, variant, total
        )
        if not point.settled:
            stopped = point.allocation is None and point.status is Status.STOPPED
            self.result.course.withdraw_item(stopped=stopped)
        if promised is None:
            for rival in (self.result.get_list(curve, self._get_previous_total(total), moved), single):
                if rival is not None:
                    point = self._get_settler(curve, moved).improve_by_previous(variant, rival.point, point)
        if single is not None and (promised is None or total == self._written):
            point = self._with_fewest_moves(point, single.point)
        self._keep(curve, total, moved, problem, point)

    @property
    def _written(self) -> int:
        return self.result.path.amount_cents

    def _get_previous_total(self, total: int) -> int:
        every = (self._written, *self.result.totals)
        return every[max(0, every.index(total) - 1)]

    def _get_promised_list(self, curve: str, total: int, moved: bool) -> Allocation | None:
        """Return the list whose applications stay funded; None on the free curve."""
        if curve == FREE:
            return None
        before = (
            (self._written, False) if total == self._written else (self._get_previous_total(total), moved)
        )
        found = self.result.get_list(NESTED, *before)
        return None if found is None else found.allocation

    def compile_problem(self, total: int) -> Problem | None:
        """Return the problem at a total; None if the scenario contradicts itself there."""
        base = self.result.base.problem
        if total == self._written:
            return base
        if total not in self.problems:
            try:
                problem = compile_at_amount(base, self.result.path, total, self.clock.deadline)
            except ScenarioError:
                problem = None
            self.problems[total] = problem
        return self.problems[total]

    def _get_settler(self, curve: str, moved: bool) -> Settler:
        """Return the settler of a curve; all know the dual lines of each other, which bound any amounts."""
        return self.settlers.setdefault((curve, moved), Settler(self.clock, lines=self.lines))

    def _find_known_point(
        self, problem: Problem, total: int, promised: Allocation | None, untransferred: ListAtTotal | None
    ) -> Point | None:
        """Return the point of a question already answered, such as the scenario as written; otherwise None."""
        if promised is not None:
            return None
        if untransferred is not None and has_same_amounts(problem, without_transfers(untransferred.problem)):
            return untransferred.point
        if total == self._written and has_same_amounts(problem, self.result.base.problem):
            return self._of_answer(self.result.base.answer, problem, total, FREE, untransferred is not None)
        return None

    def _of_answer(
        self, answer: SolveOutcome, problem: Problem, total: int, curve: str, moved: bool
    ) -> Point:
        point = Point.of(total, answer)
        if answer.proof in SURE:
            return point
        return self._get_settler(curve, moved).add_bounds(problem, point, self.seconds)

    def _solve_point(self, curve: str, moved: bool, problem: Problem, total: int) -> Point:
        """Find the optimum, with certified bounds if it is not proved."""
        clock = Clock.from_deadline(self.clock.deadline.tighten(self.seconds))
        model_cache = self.model_cache.setdefault((curve, moved), ModelCache())
        return self._of_answer(
            optimise(problem, clock=clock, warm=WarmStart(model_cache)), problem, total, curve, moved
        )

    def _with_fewest_moves(self, point: Point, base_point: Point) -> Point:
        """Return the list without transfers if these gain neither value nor money."""
        if point.allocation is None or base_point.allocation is None or point.values != base_point.values:
            return point
        saves = base_point.allocation.granted_cents.sum() - point.allocation.granted_cents.sum()
        return point if saves > 0 else replace(point, allocation=base_point.allocation)

    def _keep(self, curve: str, total: int, moved: bool, problem: Problem, point: Point) -> None:
        reading = None if point.allocation is None else read_transfers(problem, point.allocation, moved=moved)
        self.result.standings[curve, total, moved] = ListAtTotal(total, problem, point, reading)

    def _improve(self) -> None:
        """Improve free lists by nested ones: a nested list is also feasible without the fixed grants."""
        for (curve, total, moved), best_list in list(self.result.standings.items()):
            nested = self.result.standings.get((NESTED, total, moved))
            if curve == NESTED or nested is None or best_list.point.settled:
                continue
            asked = with_transfers(best_list.problem) if moved else without_transfers(best_list.problem)
            point = self._get_settler(FREE, moved).improve_by_previous(asked, nested.point, best_list.point)
            self._keep(FREE, total, moved, best_list.problem, point)

    def _compare_equals(self) -> None:
        """Find what the giving and taking envelopes are granted in other lists of equal value and money."""
        best_list = self.result.get_list(FREE, self._written, True)
        if best_list is None or best_list.transfers is None or not best_list.point.settled:
            return
        names = _list_transfer_siblings(best_list.problem.case.tree, best_list.transfers)
        self.result.n_ranges = len(names)
        clock = Clock.from_deadline(self.clock.deadline.tighten(OTHER_LISTS_SECONDS))
        for name in self.result.course.iterate_items(names):
            (least, low), (most, high) = (
                _optimise_granted_cents(best_list, name, sense, clock)
                for sense in (Sense.MINIMISE, Sense.MAXIMISE)
            )
            if not (low and high):
                self.result.course.withdraw_item()
            self.result.ranges.append(GrantedRange(name, least, most, low and high))


@dataclass
class _ListQuestion(GrowingAnswer):
    """List of a curve, its name, at a total, with or without transfers."""

    search: _ExtensionSearch
    name: str
    total: int
    moved: bool

    @property
    def key(self) -> tuple[str, int, bool]:
        """Its place in the result."""
        return self.name, self.total, self.moved

    @property
    def bounds(self) -> Interval:
        """Limits of the first goal."""
        return self.search.result.within.get(self.key, Interval())

    def find_bounds(self, until: Deadline) -> None:
        """Compute limits of the first goal, but for the scenario as written."""
        search, total, moved = self.search, self.total, self.moved
        is_written = total == search.result.path.amount_cents and not moved
        problem = None if is_written else search.compile_problem(total)
        if problem is not None:
            nested = self.name == NESTED
            search.result.within[self.key] = search.limits.compute(
                problem, total, moved=moved, nested=nested, deadline=until
            )

    def find_answer(self, until: Deadline) -> None:
        """Find the list."""
        left = until.limit_seconds
        self.search.settle(*self.key, None if left is None else max(LEAST_SECONDS, left))


def _list_transfer_siblings(tree: Tree, transfers: TransferReading) -> list[str]:
    """List the envelopes that give or take, with their siblings if these are few, in the order of the tree."""
    named = {
        tree.get_node(name)
        for move in transfers.moves
        if move.kind == TRANSFER
        for name in (move.from_, move.to)
    }
    parents = {int(tree.parent[k]) for k in named}
    family = [
        k for parent in parents for k in tree.list_children(parent) if tree.written_cents[k] is not None
    ]
    return [tree.ids[k] for k in sorted(family if len(family) <= MOST_RANGES else named)]


def _fix_promised_list(problem: Problem, promised: Allocation | None) -> Problem:
    """Return the problem with a list fixed as funded, with the same grants."""
    if promised is None:
        return problem
    rows = np.flatnonzero(promised.funded & ~problem.offers.committed)
    amounts = dict(zip(rows.tolist(), promised.granted_cents[rows].tolist(), strict=True))
    return with_fixed(problem, fund=rows, amounts=amounts)


def _optimise_granted_cents(
    best_list: ListAtTotal, name: str, sense: Sense, clock: Clock
) -> tuple[int, bool]:
    """Minimise or maximise what an envelope is granted at equal value and money, in cents.

    The second result says whether the first is proved.
    """
    problem = with_transfers(best_list.problem)
    tree, node = problem.case.tree, problem.case.node
    place = tree.get_node(name)
    under = (node >= place) & (node < tree.end[place])
    money = ObjectiveStage("granted", Sense.MINIMISE, problem.granted)
    piece = ObjectiveStage(name, sense, problem.granted.restrict(under))
    assert best_list.allocation is not None
    whole = Fraction(int(best_list.allocation.granted_cents.sum()), 100)
    answer = optimise(
        replace(problem, stages=(*problem.stages, money, piece)),
        OptimiseOptions(
            kept_values=(*best_list.point.values, whole), n_stages=1, least_granted=False, canonical=False
        ),
        clock=clock,
    )
    if answer.allocation is None:  # a limit came first: the list itself gives a value
        return sum_exactly(best_list.allocation.granted_cents[under]), False
    return int(answer.values[-1] * 100), answer.proof in SURE
