"""One more goal over allocations that are nearly as good: a bound for all of them, and a list found in the core.

    bound   the exact bound that the prices of one linear program prove (`solve/fixing.py`)
    list    dossiers whose reduced cost is large stay as the linear program has them; the others, the core, are
            chosen by the solver, which has the whole only where the core holds nothing

The list is read again in integers. It is the best of all where a certificate shows it, or where it meets the
bound; elsewhere the bound says how much better another could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import formulate
from tnt_sim.question import Answer, ask, forced
from tnt_sim.result import Status
from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.solve.backend import Limits, Termination
from tnt_sim.solve.fixing import exact_bound
from tnt_sim.solve.lexicographic import with_kept_row
from tnt_sim.solve.registry import get_backend
from tnt_sim.solve.tighten import tighten

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
