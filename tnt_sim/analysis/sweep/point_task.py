"""One amount of the free curve as the work of a worker.

A task holds neither clock nor content of files, so it may run anywhere. Each process loads and compiles the
scenario once. The amounts that a process solves start from each other, as those of one process alone do: from
rows, results of kernels and surrogate constraints, on which no list, value or proof depends.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.sweep.dual_bounds import DualLine, DualLines
from tnt_sim.analysis.sweep.envelope_point import Point, Settler, build_contradictory_point
from tnt_sim.analysis.sweep.plan import SweepPlan
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Status
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem


@dataclass(frozen=True, slots=True)
class SweepQuestion:
    """Identity of a sweep: all that a worker needs to solve any of its amounts.

    Attributes
    ----------
    names, share : envelopes that vary, and how amounts below follow
    backend, cross_check : solver, and second solver
    """

    path: Path
    sets: tuple[str, ...]
    scenario_sha256: str
    names: tuple[str, ...]
    share: str
    backend: str
    cross_check: str

    @classmethod
    def of(cls, plan: SweepPlan, backend: str, cross_check: str) -> SweepQuestion:
        """Return the question of a plan."""
        scenario = plan.scenario
        if scenario.path is None:
            raise UsageError(
                _("this scenario does not come from a file. Write it to a .yaml file and give its name.")
            )
        sets = tuple(scenario.sets)
        moved = plan.moved
        return cls(scenario.path, sets, scenario.sha256, moved.names, moved.share, backend, cross_check)


@dataclass(frozen=True, slots=True)
class PointTask:
    """Work on one amount.

    Attributes
    ----------
    until : value of `time.monotonic`, one clock for all processes of a machine, at which solvers stop
    seconds : limit of this amount; None for none
    """

    question: SweepQuestion
    cents: int
    until: float = math.inf
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PointOutcome:
    """Result of a worker at one amount.

    Attributes
    ----------
    point : None if the limit of the whole came first
    lines : dual lines found at this amount, each with its stage
    n_asked : problems solved on their own: 0 if surrogate constraints settled the amount
    seconds : spent on it, after the scenario was loaded
    """

    point: Point | None
    lines: tuple[tuple[int, DualLine], ...] = ()
    n_asked: int = 0
    seconds: float = 0.0


@dataclass(eq=False)
class _Ground:
    """Scenario of a sweep in a worker, with the state that its amounts share."""

    moved: AmountVariation
    base: Problem
    settler: Settler


def compute_point(task: PointTask) -> PointOutcome | None:
    """Solve one amount; None if the scenario differs from the one with which the sweep began."""
    ground = _load_ground(task.question)
    if ground is None:
        return None
    began, settler = time.perf_counter(), ground.settler
    left = None if task.until == math.inf else max(0.0, task.until - time.monotonic())
    settler.clock = Clock(left)
    n_asked, n_lines = settler.n_asked, _count_lines(settler.lines)
    point: Point | None = None
    try:
        problem = compile_amount(ground.moved, ground.base, task.cents, settler.clock.deadline)
        point = solve_amount(settler, ground.moved, ground.base, task.cents, problem, task.seconds)
    except DeadlineExpired:
        point = None
    lines = [
        (stage, one) for stage, known in settler.lines.lines.items() for one in known[n_lines.get(stage, 0) :]
    ]
    spent = time.perf_counter() - began
    return PointOutcome(point, tuple(lines), settler.n_asked - n_asked, spent)


def compile_amount(
    moved: AmountVariation, base: Problem, cents: int, deadline: Deadline = UNLIMITED
) -> Problem | None:
    """Return the problem at an amount, derived from the written one where possible; None for a contradiction."""
    derived = moved.derive_problem_at(base, cents)
    return _compile_anew(moved, cents, deadline) if derived is None else derived


def solve_amount(
    settler: Settler,
    moved: AmountVariation,
    base: Problem,
    cents: int,
    problem: Problem | None,
    seconds: float | None,
) -> Point:
    """Solve one amount; an infeasible one is compiled, which finds what contradicts itself there.

    Parameters
    ----------
    problem : at this amount; None where the scenario contradicts itself
    seconds : limit of the amount
    """
    if problem is None:
        return build_contradictory_point(cents)
    point = settler.solve_point(problem, cents, seconds=seconds)
    derived = problem.rules is base.rules
    may_contradict = point.status is Status.INFEASIBLE and derived
    if may_contradict and _compile_anew(moved, cents, settler.clock.deadline) is None:
        return build_contradictory_point(cents)
    return point


def _compile_anew(moved: AmountVariation, cents: int, deadline: Deadline) -> Problem | None:
    try:
        return moved.compile_problem_at(cents, deadline)
    except ScenarioError:
        return None


def _count_lines(lines: DualLines) -> dict[int, int]:
    return {stage: len(known) for stage, known in lines.lines.items()}


@lru_cache(maxsize=1)
def _load_ground(question: SweepQuestion) -> _Ground | None:
    """Load and compile the scenario, once per process; None if it is not the one of the question."""
    scenario = load_scenario(question.path, question.sets)
    if scenario.sha256 != question.scenario_sha256:
        return None
    moved = AmountVariation.of(scenario, question.names, question.share)
    settler = Settler(Clock(None), question.backend, question.cross_check)
    return _Ground(moved, compile_problem(scenario), settler)
