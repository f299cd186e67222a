"""The work of one draw, in whatever process: solve what it turns out to be, or read given lists there."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.errors import InputError, LimitReached, Text, UsageError, VerificationError
from tnt_sim.portfolio import CANONICAL
from tnt_sim.question import ask
from tnt_sim.result import Status
from tnt_sim.rules.base import BoolArray, IntArray, Mode
from tnt_sim.rules.envelope import read_envelopes
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.ensemble.draw import Draw, draw_of, scenario_of
from tnt_sim.study.ensemble.inputs import Input, inputs_of
from tnt_sim.study.ensemble.sampling import FloatArray, parts, points
from tnt_sim.verify.reading import Allocation, read_allocation

INFEASIBLE, STOPPED = Status.INFEASIBLE.value, Status.STOPPED.value
"""Of a draw without a best list: no allocation keeps its rules, or a limit ended its search."""
Awards = tuple[IntArray, IntArray]
"""The rows that are funded, ascending, and their cents."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which scenario, and which draws of it; all that a worker needs to make any draw again."""

    path: Path
    sets: tuple[str, ...]
    scenario_sha256: str
    n_draws: int
    seed: int
    sampling: str


@dataclass(frozen=True, slots=True)
class Task:
    """One draw to be worked on.

    `other` : the input whose part is taken from a second, independent sample (sensitivity); -1 for none
    lists : lists to read there instead of solving; empty to solve
    until : when `time.monotonic`, one clock for all processes of a machine, says this, solvers give up
    """

    sample: Sample
    number: int
    other: int = -1
    lists: tuple[Awards, ...] = ()
    until: float = math.inf


@dataclass(frozen=True, eq=False)
class Ground:
    """A scenario made ready for draws: rows that its `where` removes are gone, so that rows stay rows."""

    scenario: Scenario
    problem: Problem
    inputs: tuple[Input, ...]
    cube: FloatArray
    sample: Sample

    @cached_property
    def second(self) -> FloatArray:
        """A second, independent sample, for sensitivity."""
        sample = self.sample
        return points(self.inputs, sample.n_draws, sample.seed + 1, sample.sampling)

    def draw(self, number: int, other: int = -1) -> Draw:
        """The draw of a number."""
        point = self.cube[number]
        if other >= 0:
            widths = [len(one.rows) + one.n_groups for one in self.inputs]
            start = sum(widths[:other])
            point = point.copy()
            point[start : start + widths[other]] = self.second[number, start : start + widths[other]]
        return draw_of(self.problem.case.table, self.inputs, parts(self.inputs, point))


def ground_of(scenario: Scenario, sample: Sample) -> Ground:
    """Make a scenario ready.

    Raises
    ------
    UsageError
        For a scenario with steps: each of its decisions would have draws of its own.
    """
    if scenario.steps:
        raise UsageError(
            Text(
                "`ensemble` regarde une seule décision, et ce scénario a des étapes.",
                "`ensemble` looks at one decision, and this scenario has steps.",
            ),
            code="usage.ensemble",
        )
    scenario = _with_numbers(scenario)
    problem = compile_problem(scenario)
    files = tuple(entry.model_copy(update={"where": None}) for entry in scenario.spec.dossiers)
    spec = scenario.spec.model_copy(update={"dossiers": files})
    ready = replace(scenario, spec=spec, portfolio=problem.case.portfolio)
    inputs = inputs_of(problem)
    cube = points(inputs, sample.n_draws, sample.seed, sample.sampling)
    return Ground(ready, problem, inputs, cube, sample)


def _with_numbers(scenario: Scenario) -> Scenario:
    """A further column of a table is text until it is counted: those that are uncertain are read as numbers."""
    portfolio = scenario.portfolio
    for entry in scenario.spec.uncertain:
        name = entry.column
        known = name in portfolio.table.columns and name not in CANONICAL
        if name is not None and known and portfolio.table.schema[name] == pl.String:
            numbers, faults = portfolio.numeric(name)
            if not faults:
                portfolio = portfolio.with_table(portfolio.table.with_columns(numbers.alias(name)))
    return replace(scenario, portfolio=portfolio)


def clock_until(until: float) -> Clock:
    """What is left till then, for solvers."""
    return Clock(None if until == math.inf else until - time.monotonic())


@lru_cache(maxsize=1)
def _ground(sample: Sample) -> Ground:
    """Read and made ready once a process."""
    scenario = load_scenario(sample.path, sample.sets)
    if scenario.sha256 != sample.scenario_sha256:
        raise UsageError(
            Text(
                f"« {sample.path.name} » a changé pendant le calcul.",
                f'"{sample.path.name}" has changed while it was being computed.',
            ),
            code="ensemble-inputs",
        )
    return ground_of(scenario, sample)


def work(task: Task) -> dict[str, Any]:
    """What one draw came to."""
    ground = _ground(task.sample)
    draw = ground.draw(task.number, task.other)
    try:
        problem = compile_problem(scenario_of(ground.scenario, draw))
        if task.lists:
            return {
                "read": [_read(problem, draw, awards) for awards in task.lists],
                "exceeded": _exceeded(problem, draw, task.lists[0]),
            }
        answer = ask(problem, prove=False, clock=clock_until(task.until))
    except InputError:  # its rules contradict each other
        return {"status": INFEASIBLE}
    except (LimitReached, VerificationError) as error:
        return {"status": error.code}
    if answer.status is Status.INFEASIBLE:
        return {"status": INFEASIBLE}
    if answer.allocation is None or answer.reading is None or not answer.is_closed:
        return {"status": STOPPED}
    rows = np.flatnonzero(answer.allocation.funded)
    granted = answer.allocation.granted_cents
    told: dict[str, Any] = {
        "status": answer.status.value,
        "value": answer.values[0],
        "granted_cents": answer.granted_cents,
        "paid_cents": int(draw.paid_cents(granted).sum()),
        "unspent_cents": list(answer.reading.envelopes.left_cents),
        "rows": rows.astype(np.int32),
        "cents": granted[rows],
    }
    stage = problem.stages[0]
    if not (stage.parts or stage.terms.once or stage.terms.constant or stage.terms.per_cent.any()):
        told["worth"] = np.where(draw.gone, 0, stage.terms.per_funded)
        told["scale"] = stage.terms.scale
    return told


def _read(problem: Problem, draw: Draw, awards: Awards) -> tuple[Fraction, int, bool]:
    """What a list decided beforehand is worth in a draw, what it pays there, and whether every hard rule holds.

    Who is gone gets nothing; the others keep what they were promised.
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
    return reading.values[0], int(draw.paid_cents(granted).sum()), fits and kept


def _exceeded(problem: Problem, draw: Draw, awards: Awards) -> list[bool]:
    """Whether each envelope is exceeded where a list is granted what its dossiers ask for in a draw."""
    offers = problem.offers
    funded = np.zeros(problem.case.n, dtype=np.bool_)
    funded[awards[0]] = True
    funded &= ~draw.gone
    asked = np.where(offers.committed, offers.committed_cents, offers.highest_cents)
    reading = read_envelopes(problem.case.tree, problem.case.node, np.where(funded, asked, 0))
    return [cents > 0 for cents in reading.excess_cents]


def tasks(sample: Sample, numbers: Sequence[int], **more: Any) -> list[tuple[int, Task]]:
    """The jobs of some draws."""
    return [(number, Task(sample, number, **more)) for number in numbers]
