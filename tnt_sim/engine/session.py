"""A session: one scenario asked again and again with values changed, each time from what the last answer left.

What is kept from one question to the next: the dossiers; the problem, of which only the amounts are laid out anew,
or only the goals read anew, where nothing else can have changed (`reamounted`, `regoaled`); then the rows too, for
the solver and for the proof, and what kernels found for leaves and trees (`model_cache.py`); the linear program
with its basis and prices, to which the new model is a difference (`solve/backends/incremental_lp.py`); and where a
solver is asked, the point in hand and the columns that the last prices close (`solve/methods/core_problem.py`).
None of it can change an answer: kernels take any prices, solvers any start, columns are closed in whole numbers,
and every point is read again in integers.

Cases of one base decided one after the other, each as if alone: problem, rows and kernels' finds are kept.

What a session carries further (the basis of a linear program, a point in hand) is left out: it can change no
optimum, but it can change which of two ways an answer came by, where a kernel gives up at a budget. Here solvers
are handed the same numbers as for the case alone, bit by bit, so that everything told of it is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tnt_sim.deadline import Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import Drafts
from tnt_sim.engine.optimise import ask, decide_problem
from tnt_sim.engine.result import Answer, Result, Status
from tnt_sim.errors import Defects, TntError
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kinds.exclusive.rule import ExclusiveSpec
from tnt_sim.rules.kinds.limit.rule import LimitSpec
from tnt_sim.rules.kinds.requires.rule import RequiresSpec
from tnt_sim.rules.kinds.share.rule import ShareSpec
from tnt_sim.rules.kinds.together.rule import TogetherSpec
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.envelope_assignment import laid_out_again
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.objective import Objective
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.solve.backends.incremental_lp import Difference, LiveLp
from tnt_sim.solve.methods.core_problem import FromLast
from tnt_sim.verify.verification import ProofRows

PLAIN_RULES = (LimitSpec, ShareSpec, ExclusiveSpec, RequiresSpec, TogetherSpec, DecideSpec)
"""Rules that look at no envelope's amount, unless they say `of_amount`."""
LOOKED_AT = ("rules", "caps", "grants", "objective", "measures")
TOLD_OF_GOALS = ("no-objective", "once-differs", "reference-gone")
"""Warnings that a goal brings."""
PLAIN_ENVELOPE = frozenset(
    {"id", "title", "note", "source", "amount", "envelopes", "overbooked", "ring_fenced"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One answer of a session.

    Attributes
    ----------
    answer : as `ask` gives it
    problem : the problem that was asked about
    compiled : `amounts` when only the envelopes were laid out anew, `goals` when only the goals were read anew,
        else `anew`
    changed : what the model changed against the one before, or why it was built anew; None where no linear program
        was needed
    """

    answer: Answer
    problem: Problem
    compiled: str
    changed: Difference | None


class Session:
    """One scenario, asked again and again with values changed.

    >>> session = Session(scenario)  # doctest: +SKIP
    >>> session.solve({"programme.amount": "98 M€"}).answer.values  # doctest: +SKIP

    Parameters
    ----------
    scenario : each question changes this one, not the one before
    backend : `highs`, `scipy` or `pulp:NAME`
    """

    def __init__(self, scenario: Scenario, *, backend: str = "highs") -> None:
        self.scenario = scenario
        self.backend = backend
        self.live = LiveLp()
        self.drafts = Drafts()
        self._first: Problem | None = None
        self._problem: Problem | None = None
        self.stages = FromLast()

    def solve(
        self,
        changes: Mapping[str, object] | None = None,
        *,
        prove: bool = True,
        canonical: bool = True,
        cross_check: str = "never",
        time_limit: float | None = None,
    ) -> Asked:
        """The best allocation of the scenario with some values changed, at dotted paths as in `Scenario.with_`.

        Raises
        ------
        ScenarioError
            When the changes contradict what is there.
        """
        scenario = with_changes(self.scenario, changes) if changes else self.scenario
        options = prove, canonical, cross_check, Deadline(time_limit)
        known = [problem for problem in (self._first, self._problem) if problem is not None]
        for how, quick in laid_again(known, scenario):
            found = self._asked(quick, *options)
            if found.answer.status is not Status.INFEASIBLE:
                return replace(found, compiled=how)
        # compiling says at once, with its reason, what can never hold
        return self._asked(compile_problem(scenario), *options)

    def proof_rows(self, problem: Problem, answer: Answer) -> ProofRows:
        """How many rows the proofs of an answer stand on, with and without a second reading."""
        return self.drafts.proof_rows(problem, answer.certificates)

    def _asked(
        self, problem: Problem, prove: bool, canonical: bool, cross_check: str, deadline: Deadline
    ) -> Asked:
        self._first, self._problem = self._first or problem, problem
        self.live.last = None
        answer = ask(
            problem,
            prove=prove,
            canonical=canonical,
            cross_check=cross_check,
            backend=self.backend,
            clock=Clock.until(deadline),
            method=self.stages.solve,
            live=self.live,
            drafts=self.drafts,
        )
        return Asked(answer, problem, "anew", self.live.last)


def laid_again(known: Sequence[Problem], scenario: Scenario) -> Iterator[tuple[str, Problem]]:
    """The problem of `scenario` from one that is known, by its `amounts`, then by its `goals`."""
    for how, again in (("amounts", reamounted), ("goals", regoaled)):
        found = next((quick for problem in known if (quick := again(problem, scenario)) is not None), None)
        if found is not None:
            yield how, found


def reamounted(problem: Problem, scenario: Scenario) -> Problem | None:
    """The problem of `scenario` where it differs by amounts of envelopes that nothing but the tree looks at.

    None where anything else could differ: then it must be compiled anew.
    """
    before = problem.scenario
    if not _same_data(before, scenario):
        return None
    if not _looks_at_no_amount(problem) or _without_amounts(before.tree) != _without_amounts(scenario.tree):
        return None
    case = laid_out_again(scenario, problem.case)
    if case is None:
        return None
    return replace(problem, scenario=scenario, case=case)


def regoaled(problem: Problem, scenario: Scenario) -> Problem | None:
    """The problem of `scenario` where it differs by goals that nothing else looks at.

    None where anything else could differ: then it must be compiled anew.
    """
    before, case = problem.scenario, problem.case
    if not _same_data(before, scenario) or _without_goals(before.tree) != _without_goals(scenario.tree):
        return None
    told = any(warning.code in TOLD_OF_GOALS for warning in case.warnings.found)
    if told or any(rule.mode is Mode.PENALTY for rule in problem.rules):  # a price names a stage
        return None
    case = replace(case, locate=scenario.locate, defects=Defects(), warnings=Defects(), questions=[])
    spec, offered = scenario.spec, problem.offers
    named = {name: measure for name, measure in spec.measures.items() if measure.in_force(spec.date)}
    measures = Measures(case, offered.in_play, named)
    stages = Objective(spec, case, measures, offered, {rule.id: rule for rule in problem.rules}).stages()
    if case.defects.found or case.warnings.found or case.questions:
        return None
    case = replace(case, warnings=problem.case.warnings, questions=problem.case.questions)
    return replace(problem, scenario=scenario, case=case, stages=stages)


def _same_data(before: Scenario, after: Scenario) -> bool:
    return (
        before.portfolio is after.portfolio
        and _same(before.tables, after.tables)
        and not after.steps
        and after.closes == before.closes
        and after.reserves_freed == before.reserves_freed
    )


def _without_goals(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in tree.items() if key != "objective"}


def _looks_at_no_amount(problem: Problem) -> bool:
    """Whether every rule, limit and goal of the problem is the same whatever the envelopes' amounts are."""
    spec, tree = problem.scenario.spec, problem.scenario.tree
    said = json.dumps([tree.get(key) for key in LOOKED_AT], default=str)
    return (
        not problem.limits
        and not problem.offers.committed.any()
        and problem.case.tree.opened is None
        and all(isinstance(rule, PLAIN_RULES) for rule in spec.rules)
        and all(rule.mode is Mode.HARD for rule in problem.rules)
        and "of_amount" not in said
    )


def _same(left: Mapping[str, object], right: Mapping[str, object]) -> bool:
    return left.keys() == right.keys() and all(left[key] is right[key] for key in left)


def _without_amounts(tree: Mapping[str, Any]) -> Any:
    """The text of a scenario but for amounts; an envelope that says more than that stays whole, as a mark."""

    def bare(envelope: Mapping[str, Any]) -> Any:
        if not set(envelope) <= PLAIN_ENVELOPE:
            return object()  # equal to nothing
        below = [bare(child) for child in envelope.get("envelopes") or ()]
        rest = {key: value for key, value in envelope.items() if key not in ("amount", "envelopes")}
        return rest, envelope.get("amount") is None, below

    return {**{key: value for key, value in tree.items() if key != "programme"}, "": bare(tree["programme"])}


@dataclass
class Series:
    """What the cases so far have left: two problems that a new one may differ from by amounts or goals, and rows.

    `n_kept` counts the problems that were not compiled anew.
    """

    drafts: Drafts = field(default_factory=Drafts)
    n_kept: int = 0
    _known: tuple[Problem, ...] = ()

    def decide(self, scenario: Scenario, *, clock: Clock, **how: Any) -> Result:
        """The decision of a scenario without steps, as `decide` gives it but for the proofs of ties.

        `clock` is for all that is tried together.

        Raises
        ------
        ScenarioError
            Contradictions that need no solver.
        """
        for _, quick in laid_again(self._known, scenario):
            try:
                found = self._decided(quick, clock, how)
            except TntError:
                break
            if found.status is not Status.INFEASIBLE:
                self.n_kept += 1
                return found
        # what goes wrong is told as the case alone tells it: compiling says at once what can never hold
        return self._decided(compile_problem(scenario), clock, how)

    def _decided(self, problem: Problem, clock: Clock, how: dict[str, Any]) -> Result:
        self._known = (*self._known[:1], problem)
        return decide_problem(problem, clock=clock, drafts=self.drafts, ties=False, **how)
