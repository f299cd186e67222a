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

import numpy as np

from tnt_sim.analysis.extend.result import FREE, NESTED, ExtendResult, GrantedRange, ListAtTotal
from tnt_sim.analysis.extend.transfer import (
    TRANSFER,
    TransferReading,
    limits_of,
    read_transfers,
    same_amounts,
    with_transfers,
    without_transfers,
)
from tnt_sim.analysis.marginal.extension_allocation import axes_of
from tnt_sim.analysis.marginal.marginal_euro import next_euros
from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.shared.envelope_path import line_of, really_at
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import Tell, base_of, tell_of
from tnt_sim.analysis.sweep.envelope_point import SURE, Point, Settler
from tnt_sim.domain.budget_tree import Tree
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import ask, forced
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Text
from tnt_sim.rules.linear_terms import exact_sum
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.verify.allocation_reading import Allocation

STEPS = (2, 10, 20)
"""Default totals: the written one plus so many round steps."""
MOST_RANGES = 12
LEAST_SECONDS, OTHER_LISTS_SECONDS = 0.2, 30.0
"""Least seconds for a list, and most seconds for the search of other lists of equal value."""


def extend_of(
    scenario: Scenario,
    to: Sequence[str | int] = (),
    *,
    clock: Clock | None = None,
    report_progress: Tell | None = None,
) -> ExtendResult:
    """Compare transfers and extensions of a scenario.

    Parameters
    ----------
    to : totals of the programme: "98 M€", "110 %" or whole euros; by default three round ones
    clock : time limit
    tell : called with the curve and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For a programme without amount, a total below it, or a scenario with steps.
    NothingDecided, LimitReached
        If there is no optimum to start from.
    """
    clock = clock or Clock(None)
    totals = totals_of(AmountVariation.of(scenario), to)
    base = base_of(scenario, clock)
    line = line_of(base.problem, base.problem.case.tree.ids[0])
    result = ExtendResult(
        base, line, totals, StudyProgress(clock.deadline, "questions"), limits_of(base.problem.case.tree)
    )
    with result.course.held():
        _ExtensionSearch(result, clock, report_progress).run()
    return result


def totals_of(moved: AmountVariation, to: Sequence[str | int]) -> tuple[int, ...]:
    """Parse the larger totals, increasing; the written total is always examined.

    Raises
    ------
    UsageError
        If a total is below the written amount.
    """
    written = moved.base_cents
    if not to:
        return tuple(written + step * round_step(written) for step in STEPS)
    totals = sorted({moved.cents_of(text) for text in to})
    if totals[0] < written:
        raise UsageError(
            Text(
                "un total demandé est inférieur au montant écrit. Pour une enveloppe plus petite : sweep --from.",
                "a total is below the written amount. For a smaller envelope: sweep --from.",
            ),
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
    report_progress: Tell | None
    settlers: dict[tuple[str, bool], Settler] = field(default_factory=dict)
    drafts: dict[tuple[str, bool], ModelCache] = field(default_factory=dict)
    waiting: int = 0

    def run(self) -> None:
        """Solve all questions, or as many as time allows."""
        result, written = self.result, self.result.path.amount_cents
        wanted = [
            (curve, total, moved)
            for curve in (FREE, NESTED)
            for total in (written, *result.totals)
            for moved in (False, True)
            if (curve, total, moved) != (NESTED, written, False)
        ]
        self.waiting = len(wanted)
        for key in result.course.each(wanted):
            tell_of(self.report_progress, key[0], 1 - self.waiting / len(wanted))
            self._settle(*key)
            self.waiting -= 1
        self._improve()
        next_euros(
            result.base,
            envelopes=list(axes_of(result.base.problem)[0]) or [result.path.id],
            rules=(),
            clock=self.clock,
            into=result.next,
            course=result.course,
        )
        self._compare_equals()

    def _settle(self, curve: str, total: int, moved: bool) -> None:
        """Find one list."""
        problem = self._problem(total)
        if problem is None:
            return
        promised = self._promised(curve, total, moved)
        variant = _promising(with_transfers(problem) if moved else without_transfers(problem), promised)
        single = self.result.standing(curve, total, False) if moved else None
        point = self._known(variant, total, promised, single) or self._point(curve, moved, variant, total)
        if not point.settled:
            stopped = point.allocation is None and point.status is Status.STOPPED
            self.result.course.unanswered(stopped=stopped)
        if promised is None:
            for rival in (self.result.standing(curve, self._before(total), moved), single):
                if rival is not None:
                    point = self._settler(curve, moved).carried(variant, rival.point, point)
        if single is not None and (promised is None or total == self._written):
            point = self._with_fewest_moves(point, single.point)
        self._keep(curve, total, moved, problem, point)

    @property
    def _written(self) -> int:
        return self.result.path.amount_cents

    def _before(self, total: int) -> int:
        every = (self._written, *self.result.totals)
        return every[max(0, every.index(total) - 1)]

    def _promised(self, curve: str, total: int, moved: bool) -> Allocation | None:
        """Return the list whose applications stay funded; None on the free curve."""
        if curve == FREE:
            return None
        before = (self._written, False) if total == self._written else (self._before(total), moved)
        found = self.result.standing(NESTED, *before)
        return None if found is None else found.allocation

    def _problem(self, total: int) -> Problem | None:
        """Return the problem at a total; None if the scenario contradicts itself there."""
        base = self.result.base.problem
        try:
            return (
                base
                if total == self._written
                else really_at(base, self.result.path, total, self.clock.deadline)
            )
        except ScenarioError:
            return None

    def _settler(self, curve: str, moved: bool) -> Settler:
        return self.settlers.setdefault((curve, moved), Settler(self.clock))

    def _known(
        self, problem: Problem, total: int, promised: Allocation | None, untransferred: ListAtTotal | None
    ) -> Point | None:
        """Return the point of a question already answered, such as the scenario as written; otherwise None."""
        if promised is not None:
            return None
        if untransferred is not None and same_amounts(problem, without_transfers(untransferred.problem)):
            return untransferred.point
        if total == self._written and same_amounts(problem, self.result.base.problem):
            return self._of_answer(self.result.base.answer, problem, total, FREE, untransferred is not None)
        return None

    def _of_answer(
        self, answer: SolveOutcome, problem: Problem, total: int, curve: str, moved: bool
    ) -> Point:
        point = Point.of(total, answer)
        if answer.proof in SURE:
            return point
        return self._settler(curve, moved).bounded(problem, point, self._seconds())

    def _point(self, curve: str, moved: bool, problem: Problem, total: int) -> Point:
        """Find the optimum, with certified bounds if it is not proved."""
        clock = Clock.until(self.clock.deadline.within(self._seconds()))
        drafts = self.drafts.setdefault((curve, moved), ModelCache())
        return self._of_answer(ask(problem, clock=clock, drafts=drafts), problem, total, curve, moved)

    def _seconds(self) -> float | None:
        """Return a fair share of the remaining time."""
        left = self.clock.deadline.limit_seconds
        return None if left is None else max(LEAST_SECONDS, left / max(1, self.waiting))

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
            point = self._settler(FREE, moved).carried(asked, nested.point, best_list.point)
            self._keep(FREE, total, moved, best_list.problem, point)

    def _compare_equals(self) -> None:
        """Find what the giving and taking envelopes are granted in other lists of equal value and money."""
        best_list = self.result.standing(FREE, self._written, True)
        if best_list is None or best_list.transfers is None or not best_list.point.settled:
            return
        names = _siblings_that_move(best_list.problem.case.tree, best_list.transfers)
        self.result.n_ranges = len(names)
        clock = Clock.until(self.clock.deadline.within(OTHER_LISTS_SECONDS))
        for name in self.result.course.each(names):
            (least, low), (most, high) = (
                _granted(best_list, name, sense, clock) for sense in (Sense.MINIMISE, Sense.MAXIMISE)
            )
            if not (low and high):
                self.result.course.unanswered()
            self.result.ranges.append(GrantedRange(name, least, most, low and high))


def _siblings_that_move(tree: Tree, transfers: TransferReading) -> list[str]:
    """List the envelopes that give or take, with their siblings if these are few, in the order of the tree."""
    named = {
        tree.index(name)
        for move in transfers.moves
        if move.kind == TRANSFER
        for name in (move.giver, move.taker)
    }
    parents = {int(tree.parent[k]) for k in named}
    family = [k for parent in parents for k in tree.children(parent) if tree.written_cents[k] is not None]
    return [tree.ids[k] for k in sorted(family if len(family) <= MOST_RANGES else named)]


def _promising(problem: Problem, promised: Allocation | None) -> Problem:
    """Return the problem with a list fixed as funded, with the same grants."""
    if promised is None:
        return problem
    rows = np.flatnonzero(promised.funded & ~problem.offers.committed)
    amounts = dict(zip(rows.tolist(), promised.granted_cents[rows].tolist(), strict=True))
    return forced(problem, fund=rows, amounts=amounts)


def _granted(best_list: ListAtTotal, name: str, sense: Sense, clock: Clock) -> tuple[int, bool]:
    """Minimise or maximise what an envelope is granted at equal value and money, in cents.

    The second result says whether the first is proved.
    """
    problem = with_transfers(best_list.problem)
    tree, node = problem.case.tree, problem.case.node
    place = tree.index(name)
    under = (node >= place) & (node < tree.end[place])
    money = ObjectiveStage("granted", Sense.MINIMISE, problem.granted)
    piece = ObjectiveStage(name, sense, problem.granted.where(under))
    assert best_list.allocation is not None
    whole = Fraction(int(best_list.allocation.granted_cents.sum()), 100)
    answer = ask(
        replace(problem, stages=(*problem.stages, money, piece)),
        limits=(*best_list.point.values, whole),
        goals=1,
        least=False,
        canonical=False,
        clock=clock,
    )
    if answer.allocation is None:  # a limit came first: the list itself gives a value
        return exact_sum(best_list.allocation.granted_cents[under]), False
    return int(answer.values[-1] * 100), answer.proof in SURE
