"""One draw of a sample as the work of a worker: optimised, bounded, or with lists decided beforehand read in it.

A draw is optimised with hindsight (the inputs are known). A task holds neither clock nor content of files, so it
may run anywhere; each process loads the scenario once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.analysis.shared.goal_bounds import Prices
from tnt_sim.analysis.uncertainty.draw_bounds import DrawInterval, compute_optimum_limits
from tnt_sim.analysis.uncertainty.draws import (
    Draw,
    FloatArray,
    Input,
    build_scenario,
    check_sample,
    compute_input_values,
    draw_of,
    list_inputs,
    sample_points,
)
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.domain.portfolio import CANONICAL
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Status
from tnt_sim.errors import InputError, LimitReached, UsageError, VerificationError
from tnt_sim.formulation.linear_model import ModelError
from tnt_sim.i18n.message import _
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation, read_allocation

INFEASIBLE, STOPPED = Status.INFEASIBLE.value, Status.STOPPED.value
"""Status of a draw without optimum: infeasible, or stopped by a limit."""
INPUTS_CHANGED = "inputs-changed"
"""Status of a draw of another scenario than the one with which the ensemble began."""
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
    single : index of the only input that varies, the others as written; −1 for all inputs
    lists : lists to evaluate in the draw; empty to optimise it
    until : value of `time.monotonic`, one clock for all processes of a machine, at which solvers
    stop
    seconds : limit of this draw; None for no limit of its own
    wants_limits : whether to bound the optimum instead of finding it
    prices : of rows, for these limits
    """

    sample: Sample
    number: int
    other: int = -1
    single: int = -1
    lists: tuple[Awards, ...] = ()
    until: float = math.inf
    seconds: float | None = None
    wants_limits: bool = False
    prices: Prices | None = None


@dataclass(frozen=True, eq=False)
class Ground:
    """Scenario prepared for draws: rows that `where` excludes are removed once, so row numbers stay valid."""

    scenario: ScenarioData
    problem: Problem
    inputs: tuple[Input, ...]
    sample: Sample
    cubes: dict[int, FloatArray] = field(default_factory=dict)

    def draw(self, number: int, other: int = -1, deadline: Deadline = UNLIMITED, *, single: int = -1) -> Draw:
        """Return a draw by number, with the part of input `other` taken from a second, independent sample.

        With `single`, this input alone varies, and the others are as written. The first draw of a process makes
        the sample.
        """
        point = self._sample_cube(0, deadline)[number]
        if other >= 0:
            widths = [len(one.rows) + one.n_groups for one in self.inputs]
            start = sum(widths[:other])
            point = point.copy()
            second = self._sample_cube(1, deadline)
            point[start : start + widths[other]] = second[number, start : start + widths[other]]
        inputs, values = self.inputs, compute_input_values(self.inputs, point)
        if single >= 0:
            inputs, values = inputs[single : single + 1], values[single : single + 1]
        return draw_of(self.problem.case.portfolio, inputs, values)

    def _sample_cube(self, which: int, deadline: Deadline) -> FloatArray:
        sample = self.sample
        if which not in self.cubes:
            self.cubes[which] = sample_points(
                self.inputs, sample.n_draws, sample.seed + which, sample.sampling, deadline
            )
        return self.cubes[which]


def estimate_sample_bytes(inputs: Sequence[Input], n_draws: int) -> int:
    """Estimate the memory that a process takes for the points of a sample, at its peak: two arrays of floats."""
    return 2 * 8 * n_draws * sum(len(one.rows) + one.n_groups for one in inputs)


def prepare_ground(scenario: ScenarioData, sample: Sample) -> Ground:
    """Prepare a scenario for draws."""
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
    check_sample(inputs, sample.n_draws, sample.sampling)
    return Ground(ready, problem, inputs, sample)


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


def build_clock(until: float, seconds: float | None = None) -> Clock:
    """Return a clock for the time left, or for `seconds` if these are fewer."""
    limits = [max(0.0, until - time.monotonic())] if until < math.inf else []
    return Clock(min([*limits, *([] if seconds is None else [seconds])], default=None))


@lru_cache(maxsize=1)
def _load_ground(sample: Sample) -> Ground | None:
    """Load and prepare the scenario, once per process; None if it is not the one that the sample names."""
    scenario = load_scenario(sample.path, sample.sets)
    return prepare_ground(scenario, sample) if scenario.sha256 == sample.scenario_sha256 else None


@dataclass(frozen=True, slots=True, eq=False)
class DrawOptimum:
    """Optimum of one draw.

    Attributes
    ----------
    value : exact value of the first objective
    unspent_cents : money left in each envelope
    rows : funded applications, int (n_funded,)
    worth : by application, 0 if it is gone, in units of `scale`; None if the value is no sum over applications
    is_final : whether more time for the whole could not change it
    seconds : spent on it, after the scenario was loaded
    """

    status: Status
    value: Fraction
    unspent_cents: Sequence[int]
    rows: NDArray[np.int32]
    scale: Fraction
    worth: IntArray | None
    is_final: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class DrawFailure:
    """Draw without an optimum: infeasible, stopped, or why no answer came."""

    status: str
    is_final: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class DrawReadings:
    """Lists evaluated in one draw, see `Draws`."""

    read: list[tuple[Fraction, int, bool]]
    exceeded: list[bool]
    is_final: bool = True
    seconds: float = 0.0


StoredOutcome = DrawOptimum | DrawFailure | DrawReadings
DrawOutcome = StoredOutcome | DrawInterval


def run_task(task: DrawTask, ground: Ground | None = None) -> DrawOutcome:
    """Optimise one draw, bound its optimum, or evaluate lists in it.

    The status is `INPUTS_CHANGED` if the scenario differs from the one with which the ensemble began.

    Parameters
    ----------
    ground : the scenario, where this process has it already
    """
    ground = ground or _load_ground(task.sample)
    if ground is None:
        return DrawFailure(INPUTS_CHANGED)
    began = time.perf_counter()
    return replace(_compute_outcome(task, ground), seconds=time.perf_counter() - began)


def _compute_outcome(task: DrawTask, ground: Ground) -> DrawOutcome:
    try:
        deadline = build_clock(task.until).deadline
        draw = ground.draw(task.number, task.other, deadline, single=task.single)
    except DeadlineExpired:
        return DrawFailure(STOPPED, is_final=False)
    clock = build_clock(task.until, task.seconds)
    is_own = clock.limit_seconds is None or clock.limit_seconds == task.seconds
    try:
        problem = compile_problem(build_scenario(ground.scenario, draw), wants_notices=False)
        if task.wants_limits:
            return _limit_optimum(problem, task.prices, clock.deadline)
        if task.lists:
            return DrawReadings(
                [_read(problem, draw, awards) for awards in task.lists],
                _find_exceeded_envelopes(problem, draw, task.lists[0]),
            )
        answer = optimise(problem, OptimiseOptions(prove=False), clock=clock)
    except InputError:  # its rules contradict each other
        return DrawFailure(INFEASIBLE)
    except (LimitReached, VerificationError) as error:
        return DrawFailure(error.code, is_own)
    if answer.status is Status.INFEASIBLE:
        return DrawFailure(INFEASIBLE)
    if answer.allocation is None or answer.reading is None or not answer.is_closed:
        return DrawFailure(STOPPED, is_own)
    stage = problem.stages[0]
    is_sum = not (stage.goal_parts or stage.terms.once or stage.terms.constant or stage.terms.per_cent.any())
    return DrawOptimum(
        status=answer.status,
        value=answer.values[0],
        unspent_cents=answer.reading.envelopes.left_cents,
        rows=np.flatnonzero(answer.allocation.funded).astype(np.int32),
        scale=stage.terms.scale,
        worth=np.where(draw.gone, 0, stage.terms.per_funded) if is_sum else None,
        is_final=is_own or answer.canonical,
    )


def _limit_optimum(problem: Problem, prices: Prices | None, deadline: Deadline) -> DrawInterval | DrawFailure:
    try:
        interval = compute_optimum_limits(problem, prices, deadline)
    except (DeadlineExpired, ModelError):
        interval = None
    return DrawFailure(STOPPED, is_final=False) if interval is None else interval


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
