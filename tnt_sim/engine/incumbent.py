"""Allocations before the optimum: the first feasible one, and each better one that a solver finds.

Granting nothing beyond commitments and decisions is feasible unless a rule requires more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.documents import DecimalText
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import NO_UPPER, FloatArray, IntArray, LinearModel, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.greedy import find_greedy_point
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
    read_within_limits,
)
from tnt_sim.verify.run_document import format_fraction

FeasibleList = tuple[Allocation, AllocationReading]
"""A list that satisfies every rule, with its reading."""
MOST_CUTS = 5
"""Most times that a greedy list which the exact reading refuses is made again, with cuts."""


def find_first_point(
    form: Formulation, model: LinearModel, goal: SolveStage, deadline: Deadline
) -> IntArray | None:
    """Find a feasible point with the greedy heuristic; None if the least point violates a row."""
    return find_greedy_point(model, form.recovery, goal, form.least_granted.objective, deadline)


def find_idle_allocation(problem: Problem, limits: Sequence[Fraction]) -> FeasibleList | None:
    """Return the allocation of only committed and forced dossiers, at their least amounts, with its reading.

    Returns None if a rule forbids it, or if the first stages are worse than `limits`.
    """
    offers = problem.offers
    funded = offers.committed | offers.forced
    return read_list(problem, Allocation(funded, np.where(funded, offers.lowest_cents, 0)), limits)


def find_late_allocation(
    problem: Problem, form: Formulation, goal: SolveStage, limits: Sequence[Fraction], deadline: Deadline
) -> FeasibleList | None:
    """Return the allocation of the greedy heuristic with its reading, for when no search found any.

    A list that the exact reading refuses is made again with the cuts of the rules. Returns None if the heuristic
    meets none, or if the first stages are worse than `limits`.
    """
    model = form.model
    for __ in range(MOST_CUTS):
        point = find_first_point(form, model, goal, deadline)
        if point is None:
            return None
        allocation = Allocation(*form.recovery.compute_awards(point))
        result = read_list(problem, allocation, limits)
        narrower = without_refused(problem, form.recovery, model, allocation) if result is None else model
        if narrower is model:
            return result
        model = narrower
    return None


def read_list(problem: Problem, allocation: Allocation, limits: Sequence[Fraction]) -> FeasibleList | None:
    """Return an allocation with its reading; None if a rule forbids it, or a first stage is too bad."""
    reading = read_within_limits(problem, allocation, limits)
    return None if reading is None else (allocation, reading)


def is_better_list(
    problem: Problem, reading: AllocationReading, other: AllocationReading, bests: Sequence[Fraction] = ()
) -> bool:
    """Whether a list is better than another in the first stage in which they differ by more than its tolerance.

    Where a search ended, the tolerance counts from the best values that it found, `bests`, not from the two
    lists: a list below it is worse, whatever it gains in a later stage.
    """
    for k, (stage, value, against) in enumerate(
        zip(problem.stages, reading.values, other.values, strict=True)
    ):
        best = bests[k] if bests and stage.tolerance else against
        gain = value - best if stage.sense is Sense.MAXIMISE else best - value
        if abs(gain) > stage.tolerance * (abs(best) if bests else max(abs(value), abs(best))):
            return gain > 0
    return False


def without_refused(
    problem: Problem, recovery: Recovery, model: LinearModel, allocation: Allocation
) -> LinearModel:
    """Add the cuts of each hard rule that refuses the allocation; return the model itself if there is none.

    A cut requires one of the dossiers `enter` to be funded, or one of the dossiers `leave` not to be.
    """
    column, row = recovery.funded_columns, recovery.candidate
    for rule in problem.rules:
        if rule.mode is not Mode.HARD:
            continue
        for enter, leave in rule.build_cuts(allocation.funded, allocation.granted_cents) or ():
            cut = np.zeros(model.n_cols, dtype=np.int64)
            cut[column] = enter[row].astype(np.int64) - leave[row].astype(np.int64)
            lower = 1 - int(leave[row].sum())
            model = model.with_rows(cut[None, :], [lower], [NO_UPPER], [f"refused {rule.id}"])
    return model


def build_no_allocation_error() -> LimitReached:
    """Build the error for a limit reached before any feasible allocation was found."""
    return LimitReached(
        _("a limit stopped the run before any allocation was found; nothing is written. Raise `time_limit`.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncumbentEvent:
    """One line of `run --events`: a list found on the way; the solver claims the bound, nothing proves it."""

    kind: str = field(default="incumbent", init=False)
    seconds: float
    value: DecimalText
    bound: DecimalText | None
    gap: float | None
    granted_cents: int
    n_funded: int


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """A list found before the optimum, read in exact integers, and how much better one could be.

    Attributes
    ----------
    seconds : since the optimisation began
    value : exact value of the first goal
    bound : no list has a better value, as the solver claims; None while it claims nothing
    """

    seconds: float
    value: Fraction
    bound: Fraction | None
    granted_cents: int
    n_funded: int

    @property
    def gap(self) -> Fraction | None:
        """The part by which the best value may differ from this one, (bound − value) / |value|."""
        if self.bound is None or not self.value:
            return None
        return abs(self.bound - self.value) / abs(self.value)

    def build_event(self) -> IncumbentEvent:
        """Return the list as a line of `run --events`."""
        return IncumbentEvent(
            seconds=round(self.seconds, 3),
            value=format_fraction(self.value),
            bound=format_fraction(self.bound),
            gap=None if self.gap is None else float(self.gap),
            granted_cents=self.granted_cents,
            n_funded=self.n_funded,
        )


OnIncumbent = Callable[[Incumbent], None]
SHARE_OF_READING = 0.05
"""Largest share of the time that reading incumbents may take."""


@dataclass
class IncumbentReader:
    """Reads the points that a solver of the first goal reports, and passes on each list that is better.

    A point counts only if the exact reading finds no broken rule. A solver in doubt costs nothing: what cannot be
    read is not shown.
    """

    problem: Problem
    form: Formulation
    receive: OnIncumbent
    began: float = field(default_factory=time.perf_counter)
    best: Incumbent | None = None
    _bound: Fraction | None = None
    _units: int | None = None
    _waiting: IntArray | None = None
    _next: float = 0.0

    def receive_point(self, point: FloatArray | IntArray | None, bound: int | None) -> None:
        """Receive a point of the model's columns, a bound on the first goal in their units, or both."""
        if point is not None and len(point) == self.form.model.n_cols:
            self._waiting = np.rint(point).astype(np.int64)
        tightened = bound is not None and self._tighten_bound(bound)
        now = time.perf_counter()
        if now < self._next or not (tightened or self._waiting is not None):
            return
        if self._waiting is not None:
            self._read_point(self._waiting)
            self._waiting = None
        elif self.best is not None:
            self._pass_on(self.best.value, self.best.granted_cents, self.best.n_funded)
        spent = time.perf_counter() - now
        self._next = now + spent + max(spent / SHARE_OF_READING, 0.1)

    @property
    def _up(self) -> bool:
        return self.form.stages[0].sense is Sense.MAXIMISE

    def _tighten_bound(self, units: int) -> bool:
        """Keep a claimed bound; return whether it is tighter than the one before."""
        if units == self._units:  # solvers repeat it every millisecond
            return False
        self._units = units
        bound = self.form.stages[0].to_value(units)
        if self._bound is not None and (bound >= self._bound if self._up else bound <= self._bound):
            return False
        self._bound = bound
        return True

    def _read_point(self, point: IntArray) -> None:
        allocation = Allocation(*self.form.recovery.compute_awards(point))
        reading = read_allocation(self.problem, allocation)
        value = reading.values[0]
        known = self.best
        if known is not None and (value <= known.value if self._up else value >= known.value):
            return
        if not list_broken_rules(self.problem, allocation, reading):
            self._pass_on(value, reading.granted_cents, int(allocation.funded.sum()))

    def _pass_on(self, value: Fraction, granted_cents: int, n_funded: int) -> None:
        seconds = time.perf_counter() - self.began
        bound = self._bound
        if bound is not None:  # of what is better than a known list, so that the list itself may be the best
            bound = max(bound, value) if self._up else min(bound, value)
        self.best = Incumbent(seconds, value, bound, granted_cents, n_funded)
        self.receive(self.best)
