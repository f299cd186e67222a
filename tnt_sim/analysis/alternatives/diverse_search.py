"""Portfolios as far from each other as possible: the goal « far from the nearest of these lists ».

    max d   with   d ≤ distance(x, list_j)   for each list j

One after the other, each portfolio is farthest from all before it (the greedy rule of T. Gonzalez, 1985, which is
never more than twice as close as the best choice of so many portfolios at once).

One more goal over allocations that are nearly as good: a bound for all of them, and a list found in the core.

    bound   the exact bound that the prices of one linear program prove (`solve/reductions/fixing.py`)
    list    dossiers whose reduced cost is large stay as the linear program has them; the others, the core, are
            chosen by the solver, which has the whole only where the core holds nothing

The list is read again in integers. It is the best of all where a certificate shows it, or where it meets the
bound; elsewhere the bound says how much better another could be.

Near-optimal portfolios steered to one side: the most rural, the most mutualised, the most balanced.

The search for near-optimal portfolios: ties, steered ones, and each as far as possible from all before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.list_distance import changed_terms, moved_terms, with_last_stage
from tnt_sim.analysis.shared.progress import Course
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import ask, forced
from tnt_sim.engine.result import Answer, Status
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import formulate
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.expressions.groups import Groups
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit
from tnt_sim.rules.protocols import Mode, RowBuilder, RowKind, RowLabel, RuleReading
from tnt_sim.scenario.objective import Sense, SmallestSpec, Stage, compile_smallest
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import with_kept_row
from tnt_sim.solve.reductions.fixing import exact_bound, fix_by_reduced_cost
from tnt_sim.solve.reductions.tighten import tighten
from tnt_sim.verify.allocation_reading import Allocation, read_allocation

APART = "apart"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The distance to the nearest of some lists, in dossiers or in cents, as a part of a goal."""

    lists: tuple[Terms, ...]
    most: int

    @property
    def unit(self) -> Unit:
        """Dossiers, or money."""
        return self.lists[0].unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """d ≤ distance to each list, d as large as it can be."""
        nearest = builder.column(APART, 0, self.most)
        for k, terms in enumerate(self.lists):
            label = RowLabel(RowKind.LINK, APART, str(k))
            builder.rows([label], terms, None, [0], [None], [(0, nearest, -1)])
        builder.price(nearest, stage, -self.lists[0].scale)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """The smallest distance, exact."""
        return (
            min(max(0, terms.evaluate(funded, granted_cents)) for terms in self.lists) * self.lists[0].scale
        )


def farthest(problem: Problem, n_kept: int, lists: list[Allocation], *, money: bool) -> Problem:
    """The first goals of a problem, and then as far from the nearest of some lists as possible."""
    terms = tuple(distance_terms(problem, [one], money=money) for one in lists)
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    nothing = Terms(terms[0].scale, terms[0].unit, zeros, zeros)
    part = Nearest(terms, max(_most(one, problem) for one in terms))
    return with_last_stage(problem, n_kept, Stage(APART, Sense.MAXIMISE, nothing, parts=(part,)))


def distance_terms(problem: Problem, lists: list[Allocation], *, money: bool) -> Terms:
    """How far an allocation is from some lists together."""
    return moved_terms(problem, lists) if money else changed_terms(problem, [one.funded for one in lists])


def nearest_distance(problem: Problem, lists: list[Allocation], one: Allocation, *, money: bool) -> Fraction:
    """How far an allocation is from the nearest of some lists."""
    each = [distance_terms(problem, [other], money=money) for other in lists]
    return min(max(0, terms.evaluate(one.funded, one.granted_cents)) * terms.scale for terms in each)


def _most(terms: Terms, problem: Problem) -> int:
    """No list is farther than this."""
    each = terms.per_funded + terms.per_cent * problem.offers.highest_cents
    return terms.constant + int(np.maximum(each, 0).sum())


CORE = 150
"""Dossiers that the core holds; a problem with twice as many or fewer is asked as a whole."""
WHOLE = 1 - 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class NearAnswer:
    """What a question came to.

    Attributes
    ----------
    answer : the list that was found
    bound : no allocation is better on the last goal; None where no linear program was solved
    proven : the list is shown to be the best
    n_solves : how many times a solver was asked for a list
    """

    answer: Answer
    bound: Fraction | None
    proven: bool
    n_solves: int


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """Dossiers that every allocation worth looking at funds, or refuses, by exact bounds: bool (n,)."""

    must: BoolArray
    out: BoolArray

    def of(self, problem: Problem) -> Problem:
        """The problem in which they are settled."""
        free = problem.offers.candidate
        return forced(problem, np.flatnonzero(self.must & free), np.flatnonzero(self.out & ~self.must & free))


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxed:
    """The linear program of a question: its bound, and by candidate its point and how dear it is to change it."""

    bound: Fraction | None
    rows: IntArray
    point: np.ndarray
    cost: np.ndarray


def ask_near(problem: Problem, kept: Sequence[Fraction], fixed: Fixed, until: Deadline) -> NearAnswer | None:
    """The best on the last goal with the others held at `kept`; None where no list was found in time."""
    whole = fixed.of(problem)
    relaxed = _relaxed(whole, kept, until)
    bound = None if relaxed is None else relaxed.bound
    n_solves = 0
    if relaxed is not None and len(relaxed.rows) > 2 * CORE:
        n_solves += 1
        answer = _asked(_core(whole, relaxed), kept, until.share(0.5))
        if answer is not None and answer.allocation is not None:
            return NearAnswer(answer, bound, _meets(problem, answer, bound), n_solves)
    answer = _asked(whole, kept, until, prove=True)
    if answer is None:
        return None
    proven = answer.status is Status.OPTIMAL or _meets(problem, answer, bound)
    return NearAnswer(answer, bound, proven, n_solves + 1)


def _asked(
    problem: Problem, kept: Sequence[Fraction], until: Deadline, *, prove: bool = False
) -> Answer | None:
    try:
        return ask(
            problem,
            kept=kept,
            goals=1,
            least=False,
            canonical=False,
            prove=prove,
            clock=Clock.until(until),
            kernels=False,
        )
    except LimitReached:
        return None


def _meets(problem: Problem, answer: Answer, bound: Fraction | None) -> bool:
    if bound is None or not answer.values:
        return False
    value = answer.values[-1]
    return value >= bound if problem.stages[-1].sense is Sense.MAXIMISE else value <= bound


def _relaxed(problem: Problem, kept: Sequence[Fraction], until: Deadline) -> _Relaxed | None:
    try:
        form = formulate(problem, deadline=until)
    except DeadlineExpired:
        return None
    model = tighten(form.model)
    for stage, value in zip(form.stages, kept, strict=False):
        units = value / stage.scale - stage.constant
        up = stage.sense.value == Sense.MAXIMISE.value
        limit = -(-units.numerator // units.denominator) if up else units.numerator // units.denominator
        model = with_kept_row(model, stage.name, stage.objective, stage.sense, limit)
    goal = form.stages[-1]
    model = model.with_objective(goal.objective, goal.sense)
    raw = get_backend("highs").solve(model, relax=True, limits=Limits(until))
    if raw.termination is not Termination.OPTIMAL or raw.values is None or raw.row_duals is None:
        return None
    bound = exact_bound(model, raw.row_duals)
    most = bound.whole(goal.sense)
    columns = form.recovery.funded_columns
    cost = np.abs(np.asarray(bound.reduced_costs, dtype=np.float64))[columns]
    best = None if most is None else (most + goal.constant) * goal.scale
    return _Relaxed(best, form.recovery.candidate, raw.values[columns], cost)


def _core(problem: Problem, relaxed: _Relaxed) -> Problem:
    """The problem in which all but the core are as the linear program has them."""
    order = np.argsort(relaxed.cost, kind="stable")
    free = np.zeros(len(order), dtype=np.bool_)
    free[order[:CORE]] = True
    inside = relaxed.point > WHOLE
    free |= ~inside & (relaxed.point > 1 - WHOLE)
    return forced(problem, relaxed.rows[~free & inside], relaxed.rows[~free & ~inside])


RURAL_HEADS = 3_500
"""A commune of at most so many inhabitants is rural here (the threshold of CGCT L. 2121-8 before 2014)."""
MUTUALISED = "mutualisation"


def steers(problem: Problem) -> Iterator[Stage]:
    """The goals that this portfolio can be steered by; those that no dossier enters are left out."""
    table = problem.case.table
    people = pl.col("population").is_not_null() & (pl.col("population") <= RURAL_HEADS)
    small = table.select(people & (pl.col("applicant_type") == "commune")).to_series().to_numpy()
    shared = table.select(
        (pl.col("applicant_type") == MUTUALISED) | pl.col("tags").list.contains("mutualise")
    )
    for name, mask in (
        ("rural", small),
        ("mutualised", shared.to_series().fill_null(value=False).to_numpy()),
    ):
        if (mask & problem.offers.candidate).any():
            yield Stage(name, Sense.MAXIMISE, _money(mask))
    balanced = _balanced(problem)
    if balanced is not None:
        yield balanced


def _money(mask: BoolArray) -> Terms:
    ones = mask.astype(np.int64)
    return Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)


def _balanced(problem: Problem) -> Stage | None:
    """The department that gets least gets most, per head where there is a map; None without departments."""
    case, offers = problem.case, problem.offers
    inside = case.table.select((pl.col("department") != "").fill_null(value=False)).to_series().to_numpy()
    if len(case.table["department"].filter(pl.Series(inside & offers.candidate)).unique()) < 2:
        return None
    before = len(case.defects.found), len(case.warnings.found)
    spec = SmallestSpec(
        measure="granted", by="department", per="population" if case.map_year is not None else None
    )
    part = compile_smallest(spec, ("objective",), case, Measures(case, offers.in_play, {}), offers)
    failed = len(case.defects.found) > before[0]
    del case.defects.found[before[0] :], case.warnings.found[before[1] :]
    if part is None or failed:
        return None
    zeros = np.zeros(case.n, dtype=np.int64)
    return Stage("balanced", Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, zeros), parts=(part,))


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
