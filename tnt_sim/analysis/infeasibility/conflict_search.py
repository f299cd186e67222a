"""Which lines clash: minimal conflicts and corrections of an open form, each the hitting sets of the other.

A *conflict* is a set of lines that no allocation holds together; a *correction* is a set of entries without which
all else fits. Every correction meets every conflict, so the next correction to try is a smallest set that meets
all known conflicts: where all else fits, it is one; where it does not, a new conflict lies beside it. When no set
is left to try, all minimal conflicts (of entries) and all minimal corrections are known.

Leaving out by parts: J. Marques-Silva, M. Janota and A. Belov, CAV 2013. Duality: R. Reiter 1987; M. Liffiton and
K. Sakallah, J. Autom. Reasoning 2008.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.infeasibility.elastic_problem import Line, OpenForm
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import ask
from tnt_sim.engine.result import Status
from tnt_sim.errors import LimitReached
from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

Lines = frozenset[Line]
Keys = frozenset[str]
LONGEST_TEST, LEAST_TIME = 20.0, 0.02
QUICK_TEST = (1.0, 10.0)
"""Seconds for a test of single lines, the least and the most: five times what the first test of all took."""
LINES_SECONDS, LINES_SHARE = 30.0, 0.2
"""Seconds for all tests of single lines, or a share of the run's time where that is more."""
MOST_HITTING = 2_000


class Fits(Enum):
    """What a test said."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def without_goal(problem: Problem) -> Problem:
    """The problem with nothing to optimise: any allocation will do."""
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    goal = Stage("any", Sense.MAXIMISE, Terms(Fraction(1), Unit.NUMBER, zeros, zeros))
    rules = tuple(rule for rule in problem.rules if rule.mode.value == "hard")
    return replace(problem, stages=(goal,), rules=rules)


@dataclass
class Trials:
    """Asks whether some lines fit together; remembers every answer that settles others.

    Attributes
    ----------
    seconds : the most for one test; a test that takes longer keeps its member
    n_solves : how many times a solver was asked
    doubtful : whether some test ran out of time
    found : allocations with the lines that each breaks; tried again before a solver is asked
    clashes : what is known not to fit
    """

    form: OpenForm
    clock: Clock
    seconds: float = LONGEST_TEST
    budget: int = 100
    tell: Callable[[int], None] | None = None
    n_solves: int = 0
    until: Deadline = UNLIMITED
    doubtful: bool = False
    found: list[tuple[Allocation, Lines]] = field(default_factory=list)
    clashes: list[Lines] = field(default_factory=list)

    def fits(self, kept: Lines) -> Fits:
        """Whether some allocation holds all these lines; `witness` then has one."""
        if any(clash <= kept for clash in self.clashes):
            return Fits.NO
        if self.witness(kept) is not None:
            return Fits.YES
        if self.n_solves >= self.budget or self.left() <= 0:
            self.doubtful = True
            return Fits.UNKNOWN
        return self._asked(kept)

    def left(self) -> float:
        """Seconds that one more test may take."""
        run = min(self.clock.deadline.seconds_left, self.until.seconds_left)
        return min(self.seconds, run) if run > LEAST_TIME else 0.0

    def for_lines(self, first_seconds: float) -> None:
        """From now on tests are of single lines: shorter, and all together within their share of the time."""
        self.seconds = min(max(5 * first_seconds, QUICK_TEST[0]), QUICK_TEST[1])
        deadline = self.clock.deadline
        share = 0.0 if deadline.is_unlimited else LINES_SHARE * deadline.seconds_left
        self.until = deadline.within(max(LINES_SECONDS, share))
        self.budget += 2 * len(self.form.lines)

    def witness(self, kept: Lines) -> Allocation | None:
        """A remembered allocation that holds these lines, read exactly."""
        for allocation, broken in self.found:
            if not broken & kept and self.form.envelopes_hold(allocation, kept):
                return allocation
        return None

    def _asked(self, kept: Lines) -> Fits:
        problem = without_goal(self.form.keeping(kept))
        until = self.clock.deadline.within(self.left())
        self.n_solves += 1
        if self.tell is not None:
            self.tell(self.n_solves)
        try:
            answer = ask(
                problem, least=False, canonical=False, prove=False, clock=Clock.until(until), kernels=False
            )
        except LimitReached:
            self.doubtful = True
            return Fits.UNKNOWN
        if answer.allocation is not None:
            known = answer.allocation, self.form.broken(answer.allocation)
            self.found.insert(0, known)
            return Fits.YES
        if answer.status is Status.INFEASIBLE:
            self.clashes.append(kept)
            return Fits.NO
        self.doubtful = True
        return Fits.UNKNOWN


def shrink[Item](items: Sequence[Item], clash: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """A minimal part of `items` that still clashes; `clash(items)` must hold, `clash(())` must not.

    Part after part is left out, twice as much after each that can be, half as much after each that cannot. Of n
    items k of which are needed this asks about 2k log(n/k) times; n times where all are, and then every test is
    « all but this one », whose point shows that it is needed.
    """
    needed: list[Item] = []
    rest, size = list(items), max(1, len(items) // 2)
    while rest:
        without = [*needed, *rest[size:]]
        if without and clash(without):
            rest = rest[size:]
            size = min(2 * size, max(1, len(rest)))
        elif size == 1:
            needed.append(rest.pop(0))
        else:
            size //= 2
    return needed


@dataclass
class Search:
    """The minimal conflicts, of entries, and the minimal corrections."""

    tests: Trials
    most_sets: int
    most_fixes: int
    conflicts: list[Keys] = field(default_factory=list)
    fixes: list[Keys] = field(default_factory=list)
    complete: bool = False

    @property
    def form(self) -> OpenForm:
        """What is searched."""
        return self.tests.form

    def run(self) -> None:
        """Find conflicts and corrections until all are known or a cap is reached."""
        keys = [entry.key for entry in self.form.entries]
        self.conflicts.append(self._conflict(keys))
        while True:
            fix = self._next()
            if fix is None:
                self.complete = not self.tests.doubtful
                return
            full = len(self.fixes) >= self.most_fixes or len(self.conflicts) > self.most_sets
            if full or self.tests.n_solves >= self.tests.budget or self.tests.clock.deadline.expired:
                return
            others = [key for key in keys if key not in fix]
            answer = self.tests.fits(self.form.lines_of(others))
            if answer is Fits.YES:
                self.fixes.append(fix)
            elif answer is Fits.NO:
                self.conflicts.append(self._conflict(others))
            else:
                return

    def _conflict(self, keys: Sequence[str]) -> Keys:
        """A minimal conflict among entries that clash together."""
        clash = self._clash
        return frozenset(shrink(list(keys), clash))

    def _clash(self, keys: Sequence[str]) -> bool:
        """Whether entries clash; where no test says so, they are taken not to, and stay in the conflict."""
        return self.tests.fits(self.form.lines_of(keys)) is Fits.NO

    def _next(self) -> Keys | None:
        """A smallest set that meets all known conflicts and holds no known correction."""
        return next(
            (hit for hit in hitting_sets(self.conflicts) if not any(fix <= hit for fix in self.fixes)), None
        )


def hitting_sets[Item](sets: Sequence[frozenset[Item]]) -> list[frozenset[Item]]:
    """The minimal sets that meet all of `sets`, smallest first, in a fixed order (Berge); thousands at most."""
    hits: list[frozenset[Item]] = [frozenset()]
    for one in sets:
        meeting = [hit for hit in hits if hit & one]
        grown = {hit | {item} for hit in hits if not hit & one for item in one}
        fresh = [hit for hit in grown if not any(other <= hit for other in meeting)]
        hits = [*meeting, *fresh]
        hits = [hit for hit in hits if not any(other < hit for other in hits)]
        hits = sorted(hits, key=_order)[:MOST_HITTING]
    return sorted(hits, key=_order)


def _order[Item](hit: frozenset[Item]) -> tuple[int, list[str]]:
    return len(hit), sorted(map(str, hit))


def minimal_lines(tests: Trials, keys: Keys) -> Lines:
    """A minimal set of lines that clash, within entries that clash."""
    lines = sorted(tests.form.lines_of(keys))
    return frozenset(shrink(lines, lambda part: tests.fits(frozenset(part)) is Fits.NO))
