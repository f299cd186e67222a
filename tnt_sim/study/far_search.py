"""The search for near-optimal portfolios: ties, steered ones, and each as far as possible from all before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import formulate
from tnt_sim.question import Answer, ask
from tnt_sim.rules.base import BoolArray, Mode
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.groups import Groups
from tnt_sim.rules.limit import Limit
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.solve.fixing import fix_by_reduced_cost
from tnt_sim.solve.registry import get_backend
from tnt_sim.study.apart import APART, distance_terms, farthest, nearest_distance
from tnt_sim.study.near import with_last_stage
from tnt_sim.study.steered import steers
from tnt_sim.verify.reading import Allocation, read_allocation

MOST_TIES = 5
QUESTION_SECONDS = 6.0
"""For each portfolio: what is found by then is taken, and told as not proven farthest."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """One near-optimal allocation.

    Attributes
    ----------
    name : `different`, or what it is steered to
    distance : to the nearest portfolio before it, in dossiers or in euros; of a steered one, to the optimum
    proven : whether the solver ended: no other is farther, or better on that figure
    figure : what a steered one is best at; None elsewhere
    """

    name: str
    allocation: Allocation
    values: tuple[Fraction, ...]
    granted_cents: int
    distance: Fraction
    proven: bool
    figure: Fraction | None = None


@dataclass
class Search:
    """The portfolios as they are found."""

    problem: Problem
    within: Fraction
    clock: Clock
    money: bool
    tell: Progress
    floor: Fraction = Fraction(0)
    lists: list[Allocation] = field(default_factory=list)
    portfolios: list[Portfolio] = field(default_factory=list)
    steered: list[Portfolio] = field(default_factory=list)
    ties: list[Portfolio] = field(default_factory=list)
    n_solves: int = 0
    must: BoolArray = field(init=False)
    out: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.must = self.problem.offers.committed.copy()
        self.out = ~self.problem.offers.in_play

    def start(self, optimum: Answer) -> None:
        """The worst value that the first goal may have, and what that closes."""
        assert optimum.allocation is not None
        stage, best = self.problem.stages[0], optimum.values[0]
        given_up = self.within * abs(best)
        self.floor = best - given_up if stage.sense is Sense.MAXIMISE else best + given_up
        self.lists.append(optimum.allocation)
        self._close()

    def differ(self, count: int) -> None:
        """One portfolio after the other, each farthest from all before."""
        for k in range(count):
            self.tell("different", k / (count + 4))
            answer = self._asked(farthest(self.problem, 1, self.lists, money=self.money), (self.floor,))
            found = self._portfolio("different", answer, 1)
            if found is None:
                found = self._far_in_all()
            if found is None or found.distance == 0:
                return
            self.portfolios.append(found)
            self.lists.append(found.allocation)

    def _far_in_all(self) -> Portfolio | None:
        """Where time was too short for the nearest: far from all together, which is a plain sum."""
        goal = Stage(APART, Sense.MAXIMISE, distance_terms(self.problem, self.lists, money=self.money))
        found = self._portfolio(
            "different", self._asked(with_last_stage(self.problem, 1, goal), (self.floor,)), 1
        )
        if found is None:
            return None
        apart = nearest_distance(self.problem, self.lists, found.allocation, money=self.money)
        return replace(found, distance=apart, proven=False)

    def steer(self) -> None:
        """The best on each of some other figures."""
        for stage in steers(self.problem):
            self.tell(stage.goal, 0.9)
            answer = self._asked(with_last_stage(self.problem, 1, stage), (self.floor,))
            found = self._portfolio(stage.goal, answer, 1)
            if found is not None:
                away = nearest_distance(self.problem, self.lists[:1], found.allocation, money=self.money)
                self.steered.append(replace(found, figure=found.distance, distance=away))

    def tie(self, optimum: Answer) -> None:
        """Other allocations that are as good in every goal and cost no more."""
        assert optimum.allocation is not None
        assert optimum.granted_cents is not None
        n, lists = len(self.problem.stages), [optimum.allocation]
        capped = _no_more(self.problem, optimum.granted_cents)
        while len(self.ties) < MOST_TIES:
            answer = self._asked(farthest(capped, n, lists, money=False), optimum.values)
            found = self._portfolio("tie", answer, n)
            if found is None or found.distance == 0:
                return
            self.ties.append(found)
            lists.append(found.allocation)

    def _asked(self, problem: Problem, kept: Sequence[Fraction]) -> Answer | None:
        left = self.clock.limits().time_seconds
        limit = QUESTION_SECONDS if left is None else min(QUESTION_SECONDS, max(0.01, left / 4))
        self.n_solves += 1
        try:
            return ask(
                problem, kept=kept, goals=1, least=False, canonical=False, prove=False, clock=Clock(limit)
            )
        except LimitReached:
            return None

    def _portfolio(self, name: str, answer: Answer | None, at: int) -> Portfolio | None:
        """What was found, read again as an allocation of the problem itself."""
        if answer is None or answer.allocation is None:
            return None
        reading = read_allocation(self.problem, answer.allocation)
        return Portfolio(
            name, answer.allocation, reading.values, reading.granted_cents, answer.values[at], answer.optimal
        )

    def _close(self) -> None:
        """What no portfolio within the loss can change, by exact reduced costs."""
        form = formulate(self.problem)
        stage = form.stages[0]
        model = form.model.with_objective(stage.objective, stage.sense)
        backend = get_backend("highs")
        duals = backend.solve(model, relax=True, limits=self.clock.limits()).row_duals
        if duals is None:
            return
        units = self.floor / stage.scale - stage.constant
        up = stage.sense.value == Sense.MAXIMISE.value
        worst = math.ceil(units) if up else math.floor(units)
        lower, upper, _ = fix_by_reduced_cost(model, duals, worst, keep_ties=True)
        columns, rows = form.recovery.funded_columns, form.recovery.candidate
        self.must[rows[lower[columns] == 1]] = True
        self.out[rows[upper[columns] == 0]] = True


def _no_more(problem: Problem, cents: int) -> Problem:
    """The problem with no more granted than that."""
    groups = Groups((None,), np.zeros(problem.case.n, dtype=np.int64), grouped=False)
    limit = Limit("money", "limit", Mode.HARD, problem.granted, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))
