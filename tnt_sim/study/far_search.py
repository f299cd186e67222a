"""The search for near-optimal portfolios: ties, steered ones, and each as far as possible from all before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.deadline import DeadlineExpired
from tnt_sim.formulation.formulate import formulate
from tnt_sim.question import Answer
from tnt_sim.rules.base import Mode
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.groups import Groups
from tnt_sim.rules.limit import Limit
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.solve.fixing import fix_by_reduced_cost
from tnt_sim.solve.registry import get_backend
from tnt_sim.solve.tighten import tighten
from tnt_sim.study.apart import APART, distance_terms, farthest, nearest_distance
from tnt_sim.study.course import Course
from tnt_sim.study.near import with_last_stage
from tnt_sim.study.near_ask import Fixed, NearAnswer, ask_near
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
    proven : no other is farther, or better on that figure
    bound : where that is not proven, no other is farther, or better, than this; None where nothing is known
    figure : what a steered one is best at; None elsewhere
    """

    name: str
    allocation: Allocation
    values: tuple[Fraction, ...]
    granted_cents: int
    distance: Fraction
    proven: bool
    bound: Fraction | None = None
    figure: Fraction | None = None


@dataclass
class Search:
    """The portfolios as they are found."""

    problem: Problem
    within: Fraction
    clock: Clock
    money: bool
    tell: Progress
    course: Course
    floor: Fraction = Fraction(0)
    lists: list[Allocation] = field(default_factory=list)
    portfolios: list[Portfolio] = field(default_factory=list)
    steered: list[Portfolio] = field(default_factory=list)
    ties: list[Portfolio] = field(default_factory=list)
    n_solves: int = 0
    fixed: Fixed = field(init=False)

    def __post_init__(self) -> None:
        self.fixed = Fixed(self.problem.offers.committed.copy(), ~self.problem.offers.in_play)

    def start(self, optimum: Answer) -> None:
        """The worst value that the first goal may have, and what that settles."""
        assert optimum.allocation is not None
        stage, best = self.problem.stages[0], optimum.values[0]
        given_up = self.within * abs(best)
        self.floor = best - given_up if stage.sense is Sense.MAXIMISE else best + given_up
        self.lists.append(optimum.allocation)
        self.fixed = self._settled(self.floor)

    def differ(self, count: int) -> None:
        """One portfolio after the other, each as far as possible from all before."""
        for k in self.course.each(range(count)):
            self.tell("different", k / (count + 4))
            far = farthest(self.problem, 1, self.lists, money=self.money)
            found = self._found("different", self._asked(far, (self.floor,), self.fixed), 1)
            if found is None:
                found = self._far_in_all()
            if found is None or found.distance == 0:
                if found is None:
                    self.course.unanswered()
                return
            self.portfolios.append(found)
            self.lists.append(found.allocation)

    def _far_in_all(self) -> Portfolio | None:
        """Where time was too short for the nearest: far from all together, which is a plain sum."""
        goal = Stage(APART, Sense.MAXIMISE, distance_terms(self.problem, self.lists, money=self.money))
        asked = with_last_stage(self.problem, 1, goal)
        found = self._found("different", self._asked(asked, (self.floor,), self.fixed), 1)
        if found is None:
            return None
        apart = nearest_distance(self.problem, self.lists, found.allocation, money=self.money)
        return replace(found, distance=apart, proven=False, bound=None)

    def steer(self) -> None:
        """The best on each of some other figures."""
        for stage in steers(self.problem):
            self.tell(stage.goal, 0.9)
            asked = with_last_stage(self.problem, 1, stage)
            found = self._found(stage.goal, self._asked(asked, (self.floor,), self.fixed), 1)
            if found is not None:
                away = nearest_distance(self.problem, self.lists[:1], found.allocation, money=self.money)
                self.steered.append(replace(found, figure=found.distance, distance=away))

    def tie(self, optimum: Answer) -> None:
        """Other allocations that are as good in every goal and cost no more."""
        assert optimum.allocation is not None
        assert optimum.granted_cents is not None
        n, lists = len(self.problem.stages), [optimum.allocation]
        capped = _no_more(self.problem, optimum.granted_cents)
        fixed = self._settled(optimum.values[0])
        while len(self.ties) < MOST_TIES:
            asked = self._asked(farthest(capped, n, lists, money=False), optimum.values, fixed)
            found = self._found("tie", asked, n)
            if found is None or found.distance == 0:
                return
            self.ties.append(found)
            lists.append(found.allocation)

    def _asked(self, problem: Problem, kept: Sequence[Fraction], fixed: Fixed) -> NearAnswer | None:
        self.course.deadline.check()
        until = self.course.deadline.share(0.25).within(QUESTION_SECONDS)
        answer = ask_near(problem, kept, fixed, until)
        self.n_solves += 1 if answer is None else answer.n_solves
        return answer

    def _found(self, name: str, near: NearAnswer | None, at: int) -> Portfolio | None:
        """What was found, read again as an allocation of the problem itself."""
        if near is None or near.answer.allocation is None:
            return None
        answer = near.answer
        assert answer.allocation is not None
        reading = read_allocation(self.problem, answer.allocation)
        cents, proven = reading.granted_cents, near.proven
        bound = None if proven else near.bound
        return Portfolio(name, answer.allocation, reading.values, cents, answer.values[at], proven, bound)

    def _settled(self, worst: Fraction) -> Fixed:
        """What no allocation whose first goal is no worse than that can change, by exact reduced costs."""
        must, out = self.problem.offers.committed.copy(), ~self.problem.offers.in_play
        try:
            form = formulate(self.problem, deadline=self.clock.deadline)
        except DeadlineExpired:
            return Fixed(must, out)
        stage = form.stages[0]
        model = tighten(form.model).with_objective(stage.objective, stage.sense)
        duals = get_backend("highs").solve(model, relax=True, limits=self.clock.limits()).row_duals
        if duals is None:
            return Fixed(must, out)
        units = worst / stage.scale - stage.constant
        up = stage.sense.value == Sense.MAXIMISE.value
        whole = math.ceil(units) if up else math.floor(units)
        lower, upper, _ = fix_by_reduced_cost(model, duals, whole, keep_ties=True)
        columns, rows = form.recovery.funded_columns, form.recovery.candidate
        must[rows[lower[columns] == 1]] = True
        out[rows[upper[columns] == 0]] = True
        return Fixed(must, out)


def _no_more(problem: Problem, cents: int) -> Problem:
    """The problem with no more granted than that."""
    groups = Groups((None,), np.zeros(problem.case.n, dtype=np.int64), grouped=False)
    limit = Limit("money", "limit", Mode.HARD, problem.granted, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))
