"""All draws of a sample: solved, then the lists worth deciding beforehand read in each of them."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.question import Answer, ask
from tnt_sim.rules.base import Mode, common_scale
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.ensemble.one import INFEASIBLE, Awards, Sample, clock_until, tasks, work
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation
from tnt_sim.workers import Job, Outcome, in_processes, serially

MOST_LISTS = 20
"""Lists that are held against each other as decisions taken beforehand."""
GROUP = 10
DRAWS_SHARE = 2 / 3
"""The share of a time limit after which no more draws are decided, so that lists are read in those that are."""
Tell = Callable[[str, float], None]


@dataclass(eq=False)
class Draws:
    """What has come of the draws so far.

    Attributes
    ----------
    plan : the decision without uncertainty
    solved : by the number of the draw
    lists : the lists decided beforehand, by name, and their readings in each draw of `read`
    read : the draws that they were read in
    exceeded : in each of these, the envelopes that the first list exceeds, granted what it asks for there
    mixed : for each input, the values of the draws in which it was drawn anew
    stopped_by : time or interrupt, None where all was done
    """

    plan: Answer
    solved: dict[int, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, Awards] = field(default_factory=dict)
    read: dict[int, list[tuple[Fraction, int, bool]]] = field(default_factory=dict)
    exceeded: dict[int, list[bool]] = field(default_factory=dict)
    mixed: list[dict[int, Fraction]] = field(default_factory=list)
    stopped_by: str | None = None
    failed: int = 0

    @property
    def n_infeasible(self) -> int:
        """How many draws have no allocation that keeps every rule."""
        return sum(told["status"] == INFEASIBLE for told in self.solved.values())

    @property
    def numbers(self) -> list[int]:
        """The draws whose best list was found, in order."""
        return [number for number in sorted(self.solved) if "value" in self.solved[number]]


def run_draws(
    problem: Problem,
    sample: Sample,
    n_workers: int,
    n_inputs: int,
    n_sensitivity: int = 0,
    tell: Tell | None = None,
    seconds: float | None = None,
) -> Draws:
    """Solve every draw, read the lists, draw inputs anew; Ctrl-C and the end of `seconds` keep what is done.

    A draw that was under way then is left out: its list may not be its best.
    """
    began = time.monotonic()
    end = math.inf if seconds is None else began + seconds
    draws = Draws(ask(problem, clock=clock_until(end)))
    total = sample.n_draws * 2 + n_sensitivity * n_inputs
    counter = _Counter(tell, total)
    try:
        until = math.inf if seconds is None else began + DRAWS_SHARE * seconds
        for outcome in _run(draws, tasks(sample, range(sample.n_draws), until=until), n_workers, until):
            _take(draws, outcome)
            counter.tick("draws")
        _read_lists(problem, sample, draws, n_workers, counter, end)
        if n_sensitivity:
            _mix(sample, draws, n_inputs, n_sensitivity, n_workers, counter, end)
    except KeyboardInterrupt:
        draws.stopped_by = "interrupt"
    return draws


def _mix(
    sample: Sample,
    draws: Draws,
    n_inputs: int,
    n_sensitivity: int,
    n_workers: int,
    counter: _Counter,
    end: float,
) -> None:
    """Solve draws in which one input was drawn anew, for each input in turn; workers are started once."""
    draws.mixed = [{} for _ in range(n_inputs)]
    jobs = [
        (k * n_sensitivity + number, task)
        for k in range(n_inputs)
        for number, task in tasks(sample, range(n_sensitivity), other=k, until=end)
    ]
    for outcome in _run(draws, jobs, n_workers, end):
        k, number = divmod(outcome.number, n_sensitivity)
        if outcome.failure is None and "value" in outcome.value:
            draws.mixed[k][number] = outcome.value["value"]
        counter.tick("sensitivity")


@dataclass(eq=False)
class _Counter:
    tell: Tell | None
    total: int
    done: int = 0

    def tick(self, phase: str) -> None:
        self.done += 1
        if self.tell is not None:
            self.tell(phase, self.done / self.total)


def _run(draws: Draws, jobs: Sequence[Job], n_workers: int, until: float) -> Generator[Outcome]:
    """What comes of jobs in time; `draws` is told when time ends them."""
    groups: Iterable[Sequence[Job]] = [jobs[k : k + GROUP] for k in range(0, len(jobs), GROUP)]
    if n_workers == 1:
        outcomes = serially(work, groups)
    else:
        outcomes = in_processes(work, groups, n_workers, deadline=clock_until(until).deadline)
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


def _take(draws: Draws, outcome: Outcome) -> None:
    if outcome.failure is not None:
        draws.failed += 1
        draws.solved[outcome.number] = {"status": outcome.failure}
    else:
        draws.solved[outcome.number] = outcome.value


def _read_lists(
    problem: Problem, sample: Sample, draws: Draws, n_workers: int, counter: _Counter, end: float
) -> None:
    """Read the plan and the most frequent best lists, those that may be decided today, in every draw."""
    draws.lists = dict(_lists(problem, draws, end))
    if not draws.lists:
        return
    given = tuple(draws.lists.values())
    for outcome in _run(draws, tasks(sample, draws.numbers, lists=given), n_workers, end):
        if outcome.failure is None and "read" in outcome.value:
            draws.read[outcome.number] = outcome.value["read"]
            draws.exceeded[outcome.number] = outcome.value["exceeded"]
        counter.tick("lists")


def _lists(problem: Problem, draws: Draws, end: float) -> Iterable[tuple[str, Awards]]:
    if draws.plan.allocation is not None:
        rows = np.flatnonzero(draws.plan.allocation.funded)
        yield "plan", (rows, draws.plan.allocation.granted_cents[rows])
    average = _best_average(problem, draws, end)
    if average is not None:
        yield "average", average
    counted: Counter[bytes] = Counter()
    first: dict[bytes, int] = {}
    for number in draws.numbers:
        key = draws.solved[number]["rows"].tobytes()
        counted[key] += 1
        first.setdefault(key, number)
    for key, _ in sorted(counted.items(), key=lambda item: (-item[1], first[item[0]]))[: MOST_LISTS - 2]:
        awards = _as_offered(problem, draws.solved[first[key]]["rows"].astype(np.int64))
        if awards is not None:
            yield f"draw {first[key]}", awards


def _best_average(problem: Problem, draws: Draws, end: float) -> Awards | None:
    """The list of today that is worth most on average over the draws; None where a value is no sum over dossiers.

    With w_ij the worth of dossier i in draw j, 0 where it is gone, Σ_j Σ_i w_ij x_i / n is a problem like today's.
    """
    solved = [draws.solved[number] for number in draws.numbers]
    if not solved or any("worth" not in told for told in solved):
        return None
    if any(rule.mode is Mode.PENALTY for rule in problem.rules):
        return None
    scale = common_scale([told["scale"] for told in solved])
    total = np.sum([told["worth"] * int(told["scale"] / scale) for told in solved], axis=0)
    first = problem.stages[0]
    terms = replace(first.terms, scale=scale / len(solved), per_funded=total).reduced()
    question = replace(problem, stages=(replace(first, terms=terms), *problem.stages[1:]))
    answer = ask(question, prove=False, clock=clock_until(end))
    if answer.allocation is None or not answer.is_closed:
        return None
    rows = np.flatnonzero(answer.allocation.funded)
    return rows, answer.allocation.granted_cents[rows]


def _as_offered(problem: Problem, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Awards | None:
    """The list with the amounts that are offered today; None where it may not be decided today."""
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
    if broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    chosen = np.flatnonzero(funded)
    return chosen, granted[chosen]
