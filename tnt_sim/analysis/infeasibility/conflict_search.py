"""Minimal conflicts and minimal corrections of an infeasible problem, by hitting-set duality.

A *conflict* is a set of constraints that no allocation satisfies together; a minimal one is an
irreducible infeasible subset (IIS, or minimal unsatisfiable subset). A *correction* is a set of
entries whose removal makes the rest feasible. Minimal corrections are exactly the minimal hitting
sets of the conflicts, and the reverse.

Algorithm (implicit hitting sets): take a smallest set that hits all known conflicts and contains no
known correction. If the entries outside it are feasible, it is a minimal correction. Otherwise they
contain a new conflict, which is shrunk to a minimal one. When no hitting set is left, all minimal
conflicts of entries and all minimal corrections are known.

Sources: R. Reiter, "A theory of diagnosis from first principles", Artificial Intelligence 32
(1987), for the duality; M. Liffiton and K. Sakallah, "Algorithms for computing minimal
unsatisfiable subsets of constraints", J. Automated Reasoning 40 (2008); J. Marques-Silva, M. Janota
and A. Belov, "Minimal sets over monotone predicates in Boolean formulae", CAV 2013, for the
shrinking in `shrink`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.infeasibility.elastic_problem import ElasticProblem, LiftableBound
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Status
from tnt_sim.errors import LimitReached
from tnt_sim.rules.linear_terms import Terms, Unit
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

Lines = frozenset[LiftableBound]
Keys = frozenset[str]
LONGEST_TEST, LEAST_TIME = 20.0, 0.02
QUICK_TEST = (1.0, 10.0)
"""Least and most seconds for a test of single lines; in between, five times those of the first test of all."""
LINES_SECONDS, LINES_SHARE = 30.0, 0.2
"""Seconds for all tests of single lines, or a share of the run's time if that is more."""
MOST_HITTING = 2_000
"""Hitting sets of a step, beyond which the enumeration ends and says that it is not complete."""


class Satisfiability(Enum):
    """Result of a feasibility test."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def without_goal(problem: Problem) -> Problem:
    """Return the problem with its hard rules and a constant objective: a pure feasibility problem."""
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    goal = ObjectiveStage("any", Sense.MAXIMISE, Terms(Fraction(1), Unit.NUMBER, zeros, zeros))
    rules = tuple(rule for rule in problem.rules if rule.mode.value == "hard")
    return replace(problem, stages=(goal,), rules=rules)


@dataclass
class FeasibilityTests:
    """Feasibility oracle for sets of lines, with a memory of feasible points and of conflicts.

    Attributes
    ----------
    seconds : time limit of one test; an item whose test does not finish stays in the conflict
    budget : most calls of the solver
    n_solves : number of calls of the solver
    doubtful : whether some test ran out of time
    found : known allocations with the lines that each violates, tried before a solver is called
    clashes : sets of lines known to be infeasible
    """

    form: ElasticProblem
    clock: Clock
    seconds: float = LONGEST_TEST
    budget: int = 100
    report_progress: Callable[[int], None] | None = None
    n_solves: int = 0
    until: Deadline = UNLIMITED
    doubtful: bool = False
    witnesses: list[tuple[Allocation, Lines]] = field(default_factory=list)
    clashes: list[Lines] = field(default_factory=list)

    def decide_satisfiability(self, bounds: Lines) -> Satisfiability:
        """Test whether some allocation satisfies all these lines; if so, `find_witness` returns one."""
        if any(clash <= bounds for clash in self.clashes):
            return Satisfiability.NO
        if self.find_witness(bounds) is not None:
            return Satisfiability.YES
        if self.n_solves >= self.budget or self.compute_seconds_left() <= 0:
            self.doubtful = True
            return Satisfiability.UNKNOWN
        return self._test(bounds)

    def compute_seconds_left(self) -> float:
        """Return the seconds that one more test may take."""
        run = min(self.clock.deadline.seconds_left, self.until.seconds_left)
        return min(self.seconds, run) if run > LEAST_TIME else 0.0

    def set_bound_test_limits(self, first_seconds: float) -> None:
        """Set the time limits for tests of single lines: shorter each, and a share of the time for all."""
        self.seconds = min(max(5 * first_seconds, QUICK_TEST[0]), QUICK_TEST[1])
        deadline = self.clock.deadline
        share = 0.0 if deadline.is_unlimited else LINES_SHARE * deadline.seconds_left
        self.until = deadline.tighten(max(LINES_SECONDS, share))
        self.budget += 2 * len(self.form.lines)

    def find_witness(self, bounds: Lines) -> Allocation | None:
        """Return a known allocation that satisfies these lines in exact integers; None if there is none."""
        for allocation, broken in self.witnesses:
            if not broken & bounds and self.form.is_within_envelopes(allocation, bounds):
                return allocation
        return None

    def _test(self, bounds: Lines) -> Satisfiability:
        problem = without_goal(self.form.restrict_to_bounds(bounds))
        until = self.clock.deadline.tighten(self.compute_seconds_left())
        self.n_solves += 1
        if self.report_progress is not None:
            self.report_progress(self.n_solves)
        try:
            answer = optimise(
                problem,
                OptimiseOptions(least_granted=False, canonical=False, prove=False, method="direct"),
                clock=Clock.from_deadline(until),
            )
        except LimitReached:
            self.doubtful = True
            return Satisfiability.UNKNOWN
        if answer.allocation is not None:
            known = answer.allocation, self.form.find_violated_bounds(answer.allocation)
            self.witnesses.insert(0, known)
            return Satisfiability.YES
        if answer.status is Status.INFEASIBLE:
            self.clashes.append(bounds)
            return Satisfiability.NO
        self.doubtful = True
        return Satisfiability.UNKNOWN


def shrink[Item](items: Sequence[Item], clash: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Reduce `items` to a minimal subset for which `clash` is true.

    `clash` is monotone, true for `items` and false for the empty list. Blocks are removed, with
    twice the size after a success and half the size after a failure (progression). For n items of
    which k are needed this takes about 2k log₂(n/k) tests. If all are needed, each is tested alone
    at the end, and that test yields an allocation which shows that the item is needed.

    >>> shrink([1, 2, 3, 4, 5], lambda part: {2, 5} <= set(part))
    [2, 5]
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
class ConflictSearch:
    """Enumeration of the minimal conflicts of entries and the minimal corrections."""

    tests: FeasibilityTests
    most_sets: int
    most_fixes: int
    conflicts: list[Keys] = field(default_factory=list)
    fixes: list[Keys] = field(default_factory=list)
    complete: bool = False

    @property
    def form(self) -> ElasticProblem:
        """Return the elastic form that is searched."""
        return self.tests.form

    def run(self) -> None:
        """Enumerate until all conflicts and corrections are known, or a limit is reached."""
        keys = [entry.key for entry in self.form.entries]
        self.conflicts.append(self._shrink_to_conflict(keys))
        while True:
            hits = compute_hitting_sets(self.conflicts)
            if hits is None:  # too many to tell which is new, or minimal
                return
            fix = next((hit for hit in hits if not any(known <= hit for known in self.fixes)), None)
            if fix is None:
                self.complete = not self.tests.doubtful
                return
            full = len(self.fixes) >= self.most_fixes or len(self.conflicts) > self.most_sets
            if full or self.tests.n_solves >= self.tests.budget or self.tests.clock.deadline.expired:
                return
            others = [key for key in keys if key not in fix]
            answer = self.tests.decide_satisfiability(self.form.collect_bounds(others))
            if answer is Satisfiability.YES:
                self.fixes.append(fix)
            elif answer is Satisfiability.NO:
                self.conflicts.append(self._shrink_to_conflict(others))
            else:
                return

    def _shrink_to_conflict(self, keys: Sequence[str]) -> Keys:
        """Shrink entries that are infeasible together to a minimal conflict."""
        clash = self._is_infeasible
        return frozenset(shrink(list(keys), clash))

    def _is_infeasible(self, keys: Sequence[str]) -> bool:
        """Whether entries are proved infeasible together; without a result they count as feasible."""
        return self.tests.decide_satisfiability(self.form.collect_bounds(keys)) is Satisfiability.NO


def compute_hitting_sets[Item](sets: Sequence[frozenset[Item]]) -> list[frozenset[Item]] | None:
    """Compute the minimal hitting sets of `sets`, smallest first, by Berge multiplication.

    Returns None where a step has more than `MOST_HITTING` sets: with some of them left out, a set
    that is found later need not be minimal, and others would be missing. The order is deterministic.

    >>> [sorted(hit) for hit in compute_hitting_sets([frozenset("ab"), frozenset("bc")])]
    [['b'], ['a', 'c']]
    """
    hits: list[frozenset[Item]] = [frozenset()]
    for one in sets:
        meeting = [hit for hit in hits if hit & one]
        grown = {hit | {item} for hit in hits if not hit & one for item in one}
        fresh = [hit for hit in grown if not any(other <= hit for other in meeting)]
        hits = [*meeting, *fresh]
        hits = [hit for hit in hits if not any(other < hit for other in hits)]
        if len(hits) > MOST_HITTING:
            return None
    return sorted(hits, key=_build_sort_key)


def _build_sort_key[Item](hit: frozenset[Item]) -> tuple[int, list[str]]:
    return len(hit), sorted(map(str, hit))


def find_minimal_bounds(tests: FeasibilityTests, keys: Keys) -> Lines:
    """Shrink the lines of infeasible entries to a minimal infeasible set of lines."""
    lines = sorted(tests.form.collect_bounds(keys))
    return frozenset(
        shrink(lines, lambda part: tests.decide_satisfiability(frozenset(part)) is Satisfiability.NO)
    )
