"""Optimise or bound every draw of a sample by an executor, then evaluate candidate decisions in each draw.

The lists that could be decided today (the plan, the best list on average, the most frequent optimal lists) are
read in every draw: value, money paid, feasibility. For sensitivity, draws are optimised again with one input
resampled, and with one that varies alone. With a store, a draw that is there is not computed again. Where time
is short for all draws, each gets limits of its optimum first (`draw_bounds.py`), and exact answers come while
time lasts.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from tnt_sim.analysis.shared.executors import Execution, executor
from tnt_sim.analysis.shared.goal_bounds import Prices, compute_row_prices
from tnt_sim.analysis.shared.group_sizes import GroupSizes
from tnt_sim.analysis.uncertainty.draw_bounds import DrawInterval
from tnt_sim.analysis.uncertainty.draw_task import (
    INFEASIBLE,
    INPUTS_CHANGED,
    Awards,
    DrawFailure,
    DrawOptimum,
    DrawOutcome,
    DrawReadings,
    DrawTask,
    Ground,
    build_clock,
    run_task,
)
from tnt_sim.analysis.uncertainty.store import DRAWS, LISTS, SENSITIVITY, SINGLE, DrawStore, hash_task
from tnt_sim.deadline import DeadlineExpired
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.errors import UsageError
from tnt_sim.formulation.linear_model import ModelError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import Job, JobOutcome
from tnt_sim.rules.linear_terms import IntArray, find_common_scale
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

MOST_LISTS = 20
"""Most lists evaluated as decisions taken beforehand."""
PLAN_SHARE = 0.25
"""Share of the time left for the optimum without uncertainty, proof included."""
DRAWS_SHARE = 2 / 3
"""Share of the time limit for optimising draws; the rest is for evaluating lists in them."""
PRICES_SHARE = 0.1
"""Share of the time limit for the linear program whose prices bound draws."""
LATE_LIMITS_SHARE = 3 / 4
"""Share of the time limit at which limits of draws end."""
START_SHARE = 0.1
"""Share of the time limit above which workers take too long to start, and this process computes the draws."""
START_SECONDS, START_RATIO = 1.0, 3.0
"""Time for a worker to start: to import this package, and to read and prepare the scenario, which takes that many
times as long as to prepare it."""
ReportProgress = Callable[[str, float], None]


@dataclass(eq=False)
class WorthSum:
    """Sum of the worth of each application over the optimal draws, without the array of each draw.

    Attributes
    ----------
    n : draws in the sum
    is_complete : whether every value is a sum over applications
    by_scale : sums by the unit in which the worth is written
    """

    n: int = 0
    is_complete: bool = True
    by_scale: dict[Fraction, IntArray] = field(default_factory=dict)

    def add(self, optimum: DrawOptimum) -> None:
        """Add the worth of one draw."""
        self.n += 1
        if optimum.worth is None:
            self.is_complete = False
        elif optimum.scale in self.by_scale:
            self.by_scale[optimum.scale] = self.by_scale[optimum.scale] + optimum.worth
        else:
            self.by_scale[optimum.scale] = optimum.worth

    def compute(self) -> tuple[Fraction, IntArray] | None:
        """Return the common unit and the sum in it; None without a draw, or if a value is no such sum."""
        if not self.is_complete or not self.by_scale:
            return None
        scale = find_common_scale(list(self.by_scale))
        parts = [worth * int(unit / scale) for unit, worth in self.by_scale.items()]
        total: IntArray = np.sum(parts, axis=0)
        return scale, total


@dataclass(eq=False)
class Draws:
    """Results of the draws so far.

    Attributes
    ----------
    plan : optimum without uncertainty
    solved : outcome of each draw that was optimised, by number
    bounded : limits of the optima of other draws, by number
    lists : lists decided beforehand, by name
    read : by draw, value, cents paid and feasibility of each list
    exceeded : by draw, whether the first list exceeds each envelope when granted what it asks for
    mixed : for each input, the optimal values of the draws in which it was resampled
    single : for each input, the optimal values of the draws in which it alone varies
    stopped_by : time or interrupt, None if complete
    worth : sum over the draws of what each application is worth
    """

    plan: SolveOutcome
    solved: dict[int, DrawOptimum | DrawFailure] = field(default_factory=dict)
    bounded: dict[int, DrawInterval] = field(default_factory=dict)
    lists: dict[str, Awards] = field(default_factory=dict)
    read: dict[int, list[tuple[Fraction, int, bool]]] = field(default_factory=dict)
    exceeded: dict[int, list[bool]] = field(default_factory=dict)
    mixed: list[dict[int, Fraction]] = field(default_factory=list)
    single: list[dict[int, Fraction]] = field(default_factory=list)
    stopped_by: str | None = None
    worth: WorthSum = field(default_factory=lambda: WorthSum())

    @property
    def n_infeasible(self) -> int:
        """Return the number of draws without a feasible allocation."""
        return sum(outcome.status == INFEASIBLE for outcome in self.solved.values())

    @property
    def optima(self) -> dict[int, DrawOptimum]:
        """Return the draws with an optimum, by number, in order."""
        known = sorted(self.solved.items())
        return {number: outcome for number, outcome in known if isinstance(outcome, DrawOptimum)}

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the draws with an optimum, in order."""
        return list(self.optima)

    @property
    def intervals(self) -> dict[int, tuple[Fraction, Fraction]]:
        """Return the limits of the optimal value of each draw that has any, by number, in order."""
        exact = {number: (one.value, one.value) for number, one in self.optima.items()}
        within = {number: (one.low, one.high) for number, one in self.bounded.items()}
        return dict(sorted((exact | within).items()))


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """Time limits of an ensemble.

    Attributes
    ----------
    seconds : for the whole, or None
    draw_seconds : for each draw, or None
    """

    seconds: float | None = None
    draw_seconds: float | None = None


def choose_draw_execution(
    execution: Execution, limit_seconds: float | None, prepare_seconds: float
) -> Execution:
    """Choose this process alone instead of worker processes that would take too much of the limit to start.

    Parameters
    ----------
    limit_seconds : for the whole ensemble, or None
    prepare_seconds : time that this process took to prepare the scenario
    """
    if limit_seconds is None or not execution.is_local or execution.is_serial:
        return execution
    start_seconds = START_SECONDS + START_RATIO * prepare_seconds
    if start_seconds <= START_SHARE * limit_seconds:
        return execution
    return Execution(executor("serial", 1), 1, is_serial=True)


def run_draws(
    ground: Ground,
    execution: Execution,
    n_sensitivity: int = 0,
    report_progress: ReportProgress | None = None,
    limits: DrawLimits = DrawLimits(),
    store: DrawStore | None = None,
) -> Draws:
    """Optimise every draw, evaluate the lists and resample inputs.

    Ctrl-C and the time limit keep what is done. A draw that was in progress then is dropped,
    because its list may not be optimal.

    Parameters
    ----------
    n_sensitivity : draws per input for sensitivity; 0 for none
    report_progress : called with the phase and the share done, in [0, 1]
    store : keeps outcomes, if given
    """
    began = time.monotonic()
    end = math.inf if limits.seconds is None else began + limits.seconds
    total = ground.sample.n_draws * 2 + 2 * n_sensitivity * len(ground.inputs)
    run = _DrawsRun(ground, execution, store, limits, _Counter(report_progress, total))
    bounded = run.compute_first_limits(began)
    plan = optimise(ground.problem, clock=build_clock(end).take_share(PLAN_SHARE))
    run.draws = draws = Draws(plan, bounded=bounded)
    try:
        run.optimise_draws(_compute_moment(began, limits.seconds, DRAWS_SHARE))
        run.compute_late_limits(_compute_moment(began, limits.seconds, LATE_LIMITS_SHARE))
        run.read_lists(end)
        if n_sensitivity:
            run.sample_inputs_again(n_sensitivity, end)
            run.sample_single_inputs(n_sensitivity, end)
    except KeyboardInterrupt:
        draws.stopped_by = "interrupt"
    if store is not None and draws.stopped_by is None:
        store.finish(run.keys)
    return draws


def _compute_moment(began: float, seconds: float | None, share: float) -> float:
    """Return the value of `time.monotonic` after a share of a limit."""
    return math.inf if seconds is None else began + share * seconds


@dataclass(eq=False)
class _Counter:
    report_progress: ReportProgress | None
    total: int
    done: int = 0

    def advance(self, phase: str) -> None:
        self.done += 1
        if self.report_progress is not None:
            self.report_progress(phase, self.done / self.total)


@dataclass(eq=False)
class _DrawsRun:
    """An ensemble under way; `keys` are the cases asked for so far, in order, `prices` those of rows."""

    ground: Ground
    execution: Execution
    store: DrawStore | None
    limits: DrawLimits
    counter: _Counter
    draws: Draws = field(init=False)
    keys: list[str] = field(default_factory=list)
    prices: Prices | None = None
    is_priced: bool = False

    def compute_first_limits(self, began: float) -> dict[int, DrawInterval]:
        """Bound every draw before any is optimised, unless the time for the last limits would do for all of them.

        One draw is bounded to measure that.
        """
        seconds, n_draws = self.limits.seconds, self.ground.sample.n_draws
        if seconds is None or self.store is not None:
            return {}
        until = _compute_moment(began, seconds, LATE_LIMITS_SHARE)
        self._compute_prices(until)
        first = run_task(self._build_limits_task(0, until), self.ground)
        bounded = {0: first} if isinstance(first, DrawInterval) else {}
        if n_draws * first.seconds > (LATE_LIMITS_SHARE - DRAWS_SHARE) * seconds * self.execution.n_workers:
            bounded |= self._compute_limits(range(1, n_draws), until)
        return bounded

    def compute_late_limits(self, until: float) -> None:
        """Bound the draws that are neither optimised, nor infeasible, nor bounded."""
        draws = self.draws
        settled = {
            number
            for number, outcome in draws.solved.items()
            if isinstance(outcome, DrawOptimum) or outcome.status == INFEASIBLE
        }
        numbers = [
            n for n in range(self.ground.sample.n_draws) if n not in settled and n not in draws.bounded
        ]
        if numbers:
            self._compute_prices(until)
            draws.bounded |= self._compute_limits(numbers, until)

    def _compute_prices(self, until: float) -> None:
        """Price the rows of the scenario once, within a share of the limit."""
        if self.is_priced:
            return
        self.is_priced = True
        seconds = self.limits.seconds
        clock = build_clock(until, None if seconds is None else PRICES_SHARE * seconds)
        with suppress(DeadlineExpired, ModelError):
            self.prices = compute_row_prices(self.ground.problem, clock.deadline)

    def _compute_limits(self, numbers: Iterable[int], until: float) -> dict[int, DrawInterval]:
        tasks = [(number, self._build_limits_task(number, until)) for number in numbers]
        outcomes = self._run_jobs(tasks, until, is_noted=False)
        return {
            outcome.number: outcome.value
            for outcome in outcomes
            if outcome.failure is None and isinstance(outcome.value, DrawInterval)
        }

    def _build_limits_task(self, number: int, until: float) -> DrawTask:
        return self._build_task(number, until, wants_limits=True, prices=self.prices)

    def optimise_draws(self, until: float) -> None:
        """Optimise every draw, unless less time is left than the plan took without an end."""
        plan = self.draws.plan
        if self.draws.bounded and not plan.is_closed and until - time.monotonic() < plan.seconds:
            self.draws.stopped_by = "time"
            return
        tasks = [self._build_task(number, until) for number in range(self.ground.sample.n_draws)]
        for number, outcome in self._compute(tasks, until):
            if isinstance(outcome, DrawOptimum):
                self.draws.worth.add(outcome)
                self.draws.solved[number] = replace(outcome, worth=None)
                self.draws.bounded.pop(number, None)
            elif isinstance(outcome, DrawFailure):
                self.draws.solved[number] = outcome
            self.counter.advance(DRAWS)

    def read_lists(self, end: float) -> None:
        """Evaluate the plan and the most frequent optimal lists that are feasible today in every draw.

        A store keeps what is read in optimised draws alone: its lists would be others once all draws are.
        """
        draws = self.draws
        draws.lists = dict(_generate_lists(self.ground.problem, draws, end))
        if not draws.lists:
            return
        lists, numbers = tuple(draws.lists.values()), list(draws.intervals)
        if self.store is not None:
            numbers = draws.numbers
        tasks = [self._build_task(number, end, lists=lists) for number in numbers]
        for place, outcome in self._compute(tasks, end):
            if isinstance(outcome, DrawReadings):
                draws.read[numbers[place]] = outcome.read
                draws.exceeded[numbers[place]] = outcome.exceeded
            self.counter.advance(LISTS)

    def sample_inputs_again(self, n: int, end: float) -> None:
        """Optimise the draws in which one input is resampled, for each input in turn."""
        inputs = range(len(self.ground.inputs))
        self.draws.mixed = [{} for __ in inputs]
        tasks = [self._build_task(number, end, other=k) for k in inputs for number in range(n)]
        for place, outcome in self._compute(tasks, end):
            k, number = divmod(place, n)
            if isinstance(outcome, DrawOptimum):
                self.draws.mixed[k][number] = outcome.value
            self.counter.advance(SENSITIVITY)

    def sample_single_inputs(self, n: int, end: float) -> None:
        """Optimise the draws in which one input varies and the others are as written, for each input in turn."""
        inputs = range(len(self.ground.inputs))
        self.draws.single = [{} for __ in inputs]
        tasks = [self._build_task(number, end, single=k) for k in inputs for number in range(n)]
        for place, outcome in self._compute(tasks, end):
            k, number = divmod(place, n)
            if isinstance(outcome, DrawOptimum):
                self.draws.single[k][number] = outcome.value
            self.counter.advance(SINGLE)

    def _build_task(self, number: int, until: float, **more: Any) -> DrawTask:
        """Build a task; other machines have another clock, so they get no moment at which to stop."""
        until = until if self.execution.is_local else math.inf
        return DrawTask(self.ground.sample, number, until=until, seconds=self.limits.draw_seconds, **more)

    def _compute(self, tasks: Sequence[DrawTask], until: float) -> Generator[tuple[int, DrawOutcome]]:
        """Yield outcomes by place until the time limit, which is noted: first those stored, then the others."""
        store = self.store
        left = dict(enumerate(tasks))
        if store is not None:
            keys = [hash_task(task) for task in tasks]
            self.keys += keys
            places = {key: place for place, key in enumerate(keys)}
            for key, stored in store.read_outcomes(places):
                if left.pop(places[key], None) is not None:
                    yield places[key], stored
        for outcome in self._run_jobs(list(left.items()), until):
            yield outcome.number, self._receive(outcome)

    def _run_jobs(self, jobs: Sequence[Job], until: float, *, is_noted: bool = True) -> Generator[JobOutcome]:
        """Yield the outcomes of jobs until a time limit, which is noted, and keep each in the store."""
        if not jobs:
            return
        sizes, tasks = GroupSizes(self.execution.n_workers), dict(jobs)
        store = self.store
        pending = None if store is None else store.pending
        deadline = build_clock(until).deadline
        is_here = self.execution.is_serial and store is None
        work = partial(run_task, ground=self.ground) if is_here else run_task
        outcomes = self.execution.execute(work, sizes.generate_groups(jobs), deadline)
        waiting = len(jobs)
        try:
            for outcome in outcomes:
                if time.monotonic() >= until:
                    break
                waiting -= 1
                self._check_inputs(outcome.value)
                if outcome.failure is None:
                    sizes.record_seconds(outcome.value.seconds)
                    if pending is not None and outcome.value.is_final:
                        pending.add((tasks[outcome.number], outcome.value))
                yield outcome
        finally:
            outcomes.close()
            if pending is not None:
                pending.flush()
        if waiting and is_noted:
            self.draws.stopped_by = "time"

    def _receive(self, outcome: JobOutcome) -> DrawOutcome:
        """Return what a worker computed, or its failure."""
        if outcome.failure is not None:
            return DrawFailure(outcome.failure)
        value: DrawOutcome = outcome.value
        return value

    def _check_inputs(self, outcome: DrawOutcome | None) -> None:
        """Check that a worker read the scenario with which the ensemble began."""
        if isinstance(outcome, DrawFailure) and outcome.status == INPUTS_CHANGED:
            raise UsageError(
                _('"{name}" has changed while it was being computed.', name=self.ground.sample.path.name),
                code="ensemble-inputs",
            )


def _generate_lists(problem: Problem, draws: Draws, end: float) -> Iterable[tuple[str, Awards]]:
    if draws.plan.allocation is not None:
        rows = np.flatnonzero(draws.plan.allocation.funded)
        yield "plan", (rows, draws.plan.allocation.granted_cents[rows])
    average = _optimise_average(problem, draws, end)
    if average is not None:
        yield "average", average
    counted: Counter[bytes] = Counter()
    first: dict[bytes, int] = {}
    optima = draws.optima
    for number, optimum in optima.items():
        key = optimum.rows.tobytes()
        counted[key] += 1
        first.setdefault(key, number)
    for key, __ in sorted(counted.items(), key=lambda item: (-item[1], first[item[0]]))[: MOST_LISTS - 2]:
        awards = _as_offered(problem, optima[first[key]].rows.astype(np.int64))
        if awards is not None:
            yield f"draw {first[key]}", awards


def _optimise_average(problem: Problem, draws: Draws, end: float) -> Awards | None:
    """Find today's list with the best average value over the draws (sample average approximation).

    With w_ij the worth of application i in draw j, 0 where it is gone, it maximises Σ_j Σ_i w_ij
    x_i / n under today's rules. None if a value is not a sum over applications.
    """
    summed = draws.worth.compute()
    if summed is None or any(rule.mode is Mode.PENALTY for rule in problem.rules):
        return None
    scale, total = summed
    first = problem.stages[0]
    terms = replace(first.terms, scale=scale / draws.worth.n, per_funded=total).reduce()
    question = replace(problem, stages=(replace(first, terms=terms), *problem.stages[1:]))
    answer = optimise(question, OptimiseOptions(prove=False), clock=build_clock(end))
    if answer.allocation is None or not answer.is_closed:
        return None
    rows = np.flatnonzero(answer.allocation.funded)
    return rows, answer.allocation.granted_cents[rows]


def _as_offered(problem: Problem, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Awards | None:
    """Return a list with today's amounts; None if it is not feasible today."""
    n, offers = problem.case.n, problem.offers
    granted = np.zeros(n, dtype=np.int64)
    granted[rows] = offers.highest_cents[rows]
    funded = np.zeros(n, dtype=np.bool_)
    funded[rows] = True
    funded |= offers.committed
    granted = np.where(offers.committed, offers.committed_cents, granted)
    allocation = Allocation(funded, granted)
    if (granted[funded] <= 0).any():
        return None
    if list_broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    chosen = np.flatnonzero(funded)
    return chosen, granted[chosen]
