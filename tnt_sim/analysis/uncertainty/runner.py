"""Optimise every draw of a sample in worker processes, then evaluate candidate decisions in each draw.

A draw is optimised with hindsight (the inputs are known). Then the lists that could be decided
today (the plan, the best list on average, the most frequent optimal lists) are read in every draw:
value, money paid, feasibility. For sensitivity, draws are optimised again with one input resampled.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.analysis.uncertainty.draws import (
    Draw,
    FloatArray,
    Input,
    build_scenario,
    compute_input_values,
    draw_of,
    list_inputs,
    sample_points,
)
from tnt_sim.domain.portfolio import CANONICAL
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import InputError, LimitReached, UsageError, VerificationError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import Job, JobOutcome, run_in_processes, run_serially
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.linear_terms import BoolArray, IntArray, find_common_scale
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

INFEASIBLE, STOPPED = Status.INFEASIBLE.value, Status.STOPPED.value
"""Status of a draw without optimum: infeasible, or stopped by a limit."""
Awards = tuple[IntArray, IntArray]
"""Funded rows, ascending, and their grants in cents."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Identity of a sample: all that a worker needs to make any draw again."""

    path: Path
    sets: tuple[str, ...]
    scenario_sha256: str
    n_draws: int
    seed: int
    sampling: str


@dataclass(frozen=True, slots=True)
class DrawTask:
    """Work on one draw.

    Attributes
    ----------
    other : index of the input resampled from a second, independent sample (sensitivity); −1 for
    none
    lists : lists to evaluate in the draw; empty to optimise it
    until : value of `time.monotonic`, one clock for all processes of a machine, at which solvers
    stop
    """

    sample: Sample
    number: int
    other: int = -1
    lists: tuple[Awards, ...] = ()
    until: float = math.inf


@dataclass(frozen=True, eq=False)
class Ground:
    """Scenario prepared for draws: rows that `where` excludes are removed once, so row numbers stay valid."""

    scenario: ScenarioData
    problem: Problem
    inputs: tuple[Input, ...]
    cube: FloatArray
    sample: Sample

    @cached_property
    def second(self) -> FloatArray:
        """Return a second, independent sample, for sensitivity."""
        sample = self.sample
        return sample_points(self.inputs, sample.n_draws, sample.seed + 1, sample.sampling)

    def draw(self, number: int, other: int = -1) -> Draw:
        """Return a draw by number, with the part of input `other` taken from the second sample."""
        point = self.cube[number]
        if other >= 0:
            widths = [len(one.rows) + one.n_groups for one in self.inputs]
            start = sum(widths[:other])
            point = point.copy()
            point[start : start + widths[other]] = self.second[number, start : start + widths[other]]
        return draw_of(self.problem.case.table, self.inputs, compute_input_values(self.inputs, point))


def prepare_ground(scenario: ScenarioData, sample: Sample) -> Ground:
    """Prepare a scenario for draws.

    Raises
    ------
    UsageError
        If the scenario has steps: each of its decisions would have draws of its own.
    """
    if scenario.steps:
        raise UsageError(
            _("`ensemble` looks at one decision, and this scenario has steps."),
            code="usage.ensemble",
        )
    scenario = _with_numbers(scenario)
    problem = compile_problem(scenario)
    files = tuple(entry.model_copy(update={"where": None}) for entry in scenario.spec.dossiers)
    spec = scenario.spec.model_copy(update={"dossiers": files})
    ready = replace(scenario, spec=spec, portfolio=problem.case.portfolio)
    inputs = list_inputs(problem)
    cube = sample_points(inputs, sample.n_draws, sample.seed, sample.sampling)
    return Ground(ready, problem, inputs, cube, sample)


def _with_numbers(scenario: ScenarioData) -> ScenarioData:
    """Convert uncertain extra columns from text to numbers."""
    portfolio = scenario.portfolio
    for entry in scenario.spec.uncertain:
        name = entry.column
        known = name in portfolio.table.columns and name not in CANONICAL
        if name is not None and known and portfolio.table.schema[name] == pl.String:
            numbers, faults = portfolio.read_numbers(name)
            if not faults:
                portfolio = portfolio.with_table(portfolio.table.with_columns(numbers.alias(name)))
    return replace(scenario, portfolio=portfolio)


def build_clock(until: float) -> Clock:
    """Return a clock for the time left."""
    return Clock(None if until == math.inf else until - time.monotonic())


@lru_cache(maxsize=1)
def _load_ground(sample: Sample) -> Ground:
    """Load and prepare the scenario, once per process."""
    scenario = load_scenario(sample.path, sample.sets)
    if scenario.sha256 != sample.scenario_sha256:
        raise UsageError(
            _('"{name}" has changed while it was being computed.', name=sample.path.name),
            code="ensemble-inputs",
        )
    return prepare_ground(scenario, sample)


@dataclass(frozen=True, slots=True, eq=False)
class DrawOptimum:
    """Optimum of one draw.

    Attributes
    ----------
    value : exact value of the first objective
    unspent_cents : money left in each envelope
    rows : funded applications, int (n_funded,)
    worth : by application, 0 if it is gone, in units of `scale`; None if the value is no sum over applications
    """

    status: Status
    value: Fraction
    unspent_cents: Sequence[int]
    rows: NDArray[np.int32]
    scale: Fraction
    worth: IntArray | None


@dataclass(frozen=True, slots=True)
class DrawFailure:
    """Draw without an optimum: infeasible, stopped, or why no answer came."""

    status: str


@dataclass(frozen=True, slots=True)
class DrawReadings:
    """Lists evaluated in one draw, see `Draws`."""

    read: list[tuple[Fraction, int, bool]]
    exceeded: list[bool]


def run_task(task: DrawTask) -> DrawOptimum | DrawFailure | DrawReadings:
    """Optimise one draw, or evaluate lists in it."""
    ground = _load_ground(task.sample)
    draw = ground.draw(task.number, task.other)
    try:
        problem = compile_problem(build_scenario(ground.scenario, draw))
        if task.lists:
            return DrawReadings(
                [_read(problem, draw, awards) for awards in task.lists],
                _find_exceeded_envelopes(problem, draw, task.lists[0]),
            )
        answer = optimise(problem, OptimiseOptions(prove=False), clock=build_clock(task.until))
    except InputError:  # its rules contradict each other
        return DrawFailure(INFEASIBLE)
    except (LimitReached, VerificationError) as error:
        return DrawFailure(error.code)
    if answer.status is Status.INFEASIBLE:
        return DrawFailure(INFEASIBLE)
    if answer.allocation is None or answer.reading is None or not answer.is_closed:
        return DrawFailure(STOPPED)
    stage = problem.stages[0]
    is_sum = not (stage.goal_parts or stage.terms.once or stage.terms.constant or stage.terms.per_cent.any())
    return DrawOptimum(
        status=answer.status,
        value=answer.values[0],
        unspent_cents=answer.reading.envelopes.left_cents,
        rows=np.flatnonzero(answer.allocation.funded).astype(np.int32),
        scale=stage.terms.scale,
        worth=np.where(draw.gone, 0, stage.terms.per_funded) if is_sum else None,
    )


def _read(problem: Problem, draw: Draw, awards: Awards) -> tuple[Fraction, int, bool]:
    """Evaluate a list decided beforehand in a draw: value, cents paid, and whether every hard rule holds.

    Applications that are gone get nothing; the others keep the amounts promised.
    """
    n = problem.case.n
    granted = np.zeros(n, dtype=np.int64)
    granted[awards[0]] = awards[1]
    funded: BoolArray = (granted > 0) & ~draw.gone
    granted = np.where(funded, granted, 0)
    reading = read_allocation(problem, Allocation(funded, granted))
    fits = not np.array(reading.envelopes.excess_cents, dtype=object).any()
    kept = all(rule.holds for rule in reading.rules if rule.mode is Mode.HARD)
    kept &= all(one.read(funded, granted).holds for one in (*problem.limits, *problem.table_rules))
    return reading.values[0], int(draw.compute_paid_cents(granted).sum()), fits and kept


def _find_exceeded_envelopes(problem: Problem, draw: Draw, awards: Awards) -> list[bool]:
    """Return by envelope whether a list exceeds it when granted what its applications ask for in a draw."""
    offers = problem.offers
    funded = np.zeros(problem.case.n, dtype=np.bool_)
    funded[awards[0]] = True
    funded &= ~draw.gone
    asked = np.where(offers.committed, offers.committed_cents, offers.highest_cents)
    reading = read_envelopes(problem.case.tree, problem.case.node, np.where(funded, asked, 0))
    return [cents > 0 for cents in reading.excess_cents]


def build_tasks(sample: Sample, numbers: Sequence[int], **more: Any) -> list[tuple[int, DrawTask]]:
    """Build the jobs of some draws."""
    return [(number, DrawTask(sample, number, **more)) for number in numbers]


MOST_LISTS = 20
"""Most lists evaluated as decisions taken beforehand."""
GROUP = 10
DRAWS_SHARE = 2 / 3
"""Share of the time limit for optimising draws; the rest is for evaluating lists in them."""
ReportProgress = Callable[[str, float], None]


@dataclass(eq=False)
class Draws:
    """Results of the draws so far.

    Attributes
    ----------
    plan : optimum without uncertainty
    solved : outcome of each draw, by number
    lists : lists decided beforehand, by name
    read : by draw, value, cents paid and feasibility of each list
    exceeded : by draw, whether the first list exceeds each envelope when granted what it asks for
    mixed : for each input, the optimal values of the draws in which it was resampled
    stopped_by : time or interrupt, None if complete
    """

    plan: SolveOutcome
    solved: dict[int, DrawOptimum | DrawFailure] = field(default_factory=dict)
    lists: dict[str, Awards] = field(default_factory=dict)
    read: dict[int, list[tuple[Fraction, int, bool]]] = field(default_factory=dict)
    exceeded: dict[int, list[bool]] = field(default_factory=dict)
    mixed: list[dict[int, Fraction]] = field(default_factory=list)
    stopped_by: str | None = None
    failed: int = 0

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


def run_draws(
    problem: Problem,
    sample: Sample,
    n_workers: int,
    n_inputs: int,
    n_sensitivity: int = 0,
    report_progress: ReportProgress | None = None,
    seconds: float | None = None,
) -> Draws:
    """Optimise every draw, evaluate the lists and resample inputs.

    Ctrl-C and the time limit keep what is done. A draw that was in progress then is dropped,
    because its list may not be optimal.

    Parameters
    ----------
    n_workers : worker processes
    n_inputs, n_sensitivity : number of inputs, and draws per input for sensitivity (0 for none)
    tell : called with the phase and the share done, in [0, 1]
    seconds : time limit of the whole
    """
    began = time.monotonic()
    end = math.inf if seconds is None else began + seconds
    draws = Draws(optimise(problem, clock=build_clock(end)))
    total = sample.n_draws * 2 + n_sensitivity * n_inputs
    counter = _Counter(report_progress, total)
    try:
        until = math.inf if seconds is None else began + DRAWS_SHARE * seconds
        for outcome in _run(draws, build_tasks(sample, range(sample.n_draws), until=until), n_workers, until):
            _take(draws, outcome)
            counter.advance("draws")
        _read_lists(problem, sample, draws, n_workers, counter, end)
        if n_sensitivity:
            _run_sensitivity_draws(sample, draws, n_inputs, n_sensitivity, n_workers, counter, end)
    except KeyboardInterrupt:
        draws.stopped_by = "interrupt"
    return draws


def _run_sensitivity_draws(
    sample: Sample,
    draws: Draws,
    n_inputs: int,
    n_sensitivity: int,
    n_workers: int,
    counter: _Counter,
    end: float,
) -> None:
    """Optimise the draws in which one input is resampled, for each input in turn."""
    draws.mixed = [{} for __ in range(n_inputs)]
    jobs = [
        (k * n_sensitivity + number, task)
        for k in range(n_inputs)
        for number, task in build_tasks(sample, range(n_sensitivity), other=k, until=end)
    ]
    for outcome in _run(draws, jobs, n_workers, end):
        k, number = divmod(outcome.number, n_sensitivity)
        if isinstance(outcome.value, DrawOptimum):
            draws.mixed[k][number] = outcome.value.value
        counter.advance("sensitivity")


@dataclass(eq=False)
class _Counter:
    report_progress: ReportProgress | None
    total: int
    done: int = 0

    def advance(self, phase: str) -> None:
        self.done += 1
        if self.report_progress is not None:
            self.report_progress(phase, self.done / self.total)


def _run(draws: Draws, jobs: Sequence[Job], n_workers: int, until: float) -> Generator[JobOutcome]:
    """Yield the results of jobs until the time limit, which is noted in `draws`."""
    groups: Iterable[Sequence[Job]] = [jobs[k : k + GROUP] for k in range(0, len(jobs), GROUP)]
    if n_workers == 1:
        outcomes = run_serially(run_task, groups)
    else:
        outcomes = run_in_processes(run_task, groups, n_workers, deadline=build_clock(until).deadline)
    waiting = len(jobs)
    try:
        for outcome in outcomes:
            if time.monotonic() >= until:
                break
            waiting -= 1
            yield outcome
    finally:
        outcomes.close()
    if waiting:
        draws.stopped_by = "time"


def _take(draws: Draws, outcome: JobOutcome) -> None:
    if outcome.failure is not None:
        draws.failed += 1
        draws.solved[outcome.number] = DrawFailure(outcome.failure)
    else:
        draws.solved[outcome.number] = outcome.value


def _read_lists(
    problem: Problem, sample: Sample, draws: Draws, n_workers: int, counter: _Counter, end: float
) -> None:
    """Evaluate the plan and the most frequent optimal lists that are feasible today in every draw."""
    draws.lists = dict(_generate_lists(problem, draws, end))
    if not draws.lists:
        return
    given = tuple(draws.lists.values())
    for outcome in _run(draws, build_tasks(sample, draws.numbers, lists=given), n_workers, end):
        if isinstance(outcome.value, DrawReadings):
            draws.read[outcome.number] = outcome.value.read
            draws.exceeded[outcome.number] = outcome.value.exceeded
        counter.advance("lists")


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
    optima = list(draws.optima.values())
    worths = [optimum.worth for optimum in optima if optimum.worth is not None]
    if not optima or len(worths) < len(optima):
        return None
    if any(rule.mode is Mode.PENALTY for rule in problem.rules):
        return None
    scale = find_common_scale([optimum.scale for optimum in optima])
    total = np.sum(
        [worth * int(one.scale / scale) for one, worth in zip(optima, worths, strict=True)], axis=0
    )
    first = problem.stages[0]
    terms = replace(first.terms, scale=scale / len(optima), per_funded=total).reduce()
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
