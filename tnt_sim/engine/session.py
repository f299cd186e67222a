"""Repeated optimisation of one scenario: reuses models, kernel results and bases between similar problems.

`SolverSession` is the one way in which many changed versions of a scenario are solved: by the page, by
`Session.solve` and `solve_many` in Python, and by batches. It reuses:

* the compiled problem, if only envelope amounts or only objectives changed (`derive_by_amounts`,
`derive_by_goals`);
* rows for the solver and for the prover, and kernel results (`model_cache.py`);
* the linear program with its basis (`solve/backends/incremental_lp.py`);
* the last point, and the columns that reduced costs fix (`solve/methods/core_problem.py`).

None of this can change an optimal answer: kernels accept any prices, solvers accept any start, fixing is
exact, and every point is checked in integers.

A basis or a start changes no optimum, but may change which method finds it when a kernel gives up at a limit.
`optimise_many` and batches therefore use a session `as_alone`, without the last two: solvers receive exactly the
same data as for the version alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import DEFAULT, OptimiseOptions, Report, WarmStart, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import Defects, TntError
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.envelope_assignment import update_case
from tnt_sim.scenario.load import list_sets, with_changes
from tnt_sim.scenario.objective import Objective
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.backends.incremental_lp import Difference, IncrementalLp
from tnt_sim.solve.methods.core_problem import CoreProblem
from tnt_sim.verify.verification import ProofRows

LOOKED_AT = ("rules", "caps", "grants", "objective", "measures")
TOLD_OF_GOALS = ("no-objective", "once-differs", "reference-gone")
"""Warnings that an objective may cause."""
PLAIN_ENVELOPE = frozenset(
    {"id", "title", "note", "source", "amount", "envelopes", "overbooked", "ring_fenced"}
)


@dataclass(frozen=True, slots=True, eq=False)
class SessionOutcome:
    """Result of one solve in a session.

    Attributes
    ----------
    answer : result of `optimise`
    problem : the problem that was solved
    compiled : how the problem was obtained: `amounts` if only envelope amounts were replaced, `goals` if only
    objectives were, otherwise `anew`
    changed : change of the linear program against the previous one, or why it was rebuilt; None if none was
    needed
    """

    answer: SolveOutcome
    problem: Problem
    compiled: str
    changed: Difference | None

    def __repr__(self) -> str:
        return f"<SessionOutcome {self.problem.scenario.id}: {self.answer.status}, compiled {self.compiled}>"


class SolverSession:
    """Optimises changed versions of one scenario, reusing what the previous optimisations computed.

    Parameters
    ----------
    scenario
        The base scenario. Each call changes this one, not the previous version.
    wants_notices
        Whether compiled problems carry their warnings and open questions.
    as_alone
        Whether each version gets the same bytes as if it were alone: no basis and no point of another one is
        used.
    """

    def __init__(self, scenario: ScenarioData, *, wants_notices: bool = True, as_alone: bool = False) -> None:
        self.scenario = scenario
        self.wants_notices = wants_notices
        self.live = None if as_alone else IncrementalLp()
        self.warm = WarmStart(ModelCache(), self.live, None if as_alone else CoreProblem().solve)
        self.n_derived = 0
        """Versions whose problem was not compiled."""
        self._first: Problem | None = None
        self._problem: Problem | None = None

    def __repr__(self) -> str:
        return f"<SolverSession {self.scenario.id}>"

    def optimise(
        self,
        changes: Mapping[str, object] | None = None,
        options: OptimiseOptions = DEFAULT,
        *,
        clock: Clock | None = None,
    ) -> SessionOutcome:
        """Find the optimal allocation of the scenario with some values changed.

        Parameters
        ----------
        changes
            New values by dotted path, as in `Scenario.with_`.
        """
        scenario = with_changes(self.scenario, changes) if changes else self.scenario
        return self.optimise_version(scenario, options, clock=clock)

    def optimise_version(
        self,
        scenario: ScenarioData,
        options: OptimiseOptions = DEFAULT,
        *,
        clock: Clock | None = None,
        progress: Report | None = None,
    ) -> SessionOutcome:
        """Find the optimal allocation of a version of the scenario, without steps; otherwise as `optimise`."""
        clock = clock or Clock(None)
        known = [problem for problem in (self._first, self._problem) if problem is not None]
        for how, quick in derive_problems(known, scenario):
            version = self._optimise_problem(quick, options, clock, progress)
            if version.answer.status is not Status.INFEASIBLE:
                self.n_derived += 1
                return replace(version, compiled=how)
        # compiling says why rules cannot be satisfied; `accept` is checked against the open questions
        wants_notices = self.wants_notices or bool(scenario.spec.accept)
        problem = compile_problem(scenario, wants_notices=wants_notices)
        return self._optimise_problem(problem, options, clock, progress)

    def optimise_many(
        self,
        changes: Sequence[Mapping[str, object]],
        options: OptimiseOptions = DEFAULT,
        *,
        clock: Clock | None = None,
    ) -> Iterator[tuple[int, SessionOutcome | TntError]]:
        """Optimise several versions of the scenario, and yield each with its place in `changes`.

        Versions that differ by amounts and objectives alone come one after the other, as they share the compiled
        problem, rows and kernel results. Each outcome is that of the version alone. A version that is refused
        yields its error. Problems come without warnings and open questions.

        Parameters
        ----------
        changes
            New values by dotted path, for each version.
        clock
            The time for all; versions after its end are not yielded.
        """
        clock = clock or Clock(None)
        session = SolverSession(self.scenario, wants_notices=False, as_alone=True)
        session.warm.model_cache = self.warm.model_cache
        session._first = self._first
        for place in sort_versions([list_sets(one) for one in changes]):
            if clock.deadline.expired:
                return
            try:
                yield place, session.optimise(changes[place], options, clock=clock)
            except TntError as error:
                yield place, error

    def build_proof_rows(self, problem: Problem, answer: SolveOutcome) -> ProofRows:
        """Count the rows behind the proofs of an answer, with and without a second reading."""
        return self.warm.model_cache.count_proof_rows(problem, answer.certificates)

    def _optimise_problem(
        self, problem: Problem, options: OptimiseOptions, clock: Clock, progress: Report | None
    ) -> SessionOutcome:
        self._first, self._problem = self._first or problem, problem
        if self.live is not None:
            self.live.last = None
        answer = optimise(problem, options, clock=clock, progress=progress, warm=self.warm)
        return SessionOutcome(answer, problem, "anew", None if self.live is None else self.live.last)


def sort_versions(versions: Sequence[Sequence[str]]) -> list[int]:
    """Return the places of versions, given by their texts `PATH=VALUE`, in an order in which they share most.

    Versions that share the compiled problem come together, and among them those with the same objectives, and
    those that change the same amounts.
    """
    places: dict[object, int] = {}

    def get_place(key: object) -> int:
        return places.setdefault(key, len(places))

    return sorted(
        range(len(versions)),
        key=lambda k: (
            get_place(list_compiled_changes(versions[k])),
            get_place(tuple(text for text in versions[k] if text.startswith("objective="))),
            sorted(text.partition("=")[0] for text in versions[k]),
        ),
    )


def list_compiled_changes(version: Sequence[str]) -> tuple[str, ...]:
    """Return the changes of a version, as texts `PATH=VALUE`, by which its problem must be compiled anew.

    These are all but amounts and objectives.

    Examples
    --------
    >>> list_compiled_changes(["programme.amount=1 M€", "rules.plafond.max=20 k€"])
    ('rules.plafond.max=20 k€',)
    """
    paths = [(text.partition("=")[0].strip(), text) for text in version]
    return tuple(text for path, text in paths if not (path.endswith(".amount") or path == "objective"))


def derive_problems(known: Sequence[Problem], scenario: ScenarioData) -> Iterator[tuple[str, Problem]]:
    """Derive the problem of `scenario` from a known one: by its amounts, then by its objectives."""
    for how, again in (("amounts", derive_by_amounts), ("goals", derive_by_goals)):
        found = next((quick for problem in known if (quick := again(problem, scenario)) is not None), None)
        if found is not None:
            yield how, found


def derive_by_amounts(problem: Problem, scenario: ScenarioData) -> Problem | None:
    """Derive the problem of `scenario` if it differs only by envelope amounts that only the tree uses.

    Returns None if anything else could differ; the scenario must then be compiled.
    """
    before = problem.scenario
    if not _has_same_data(before, scenario):
        return None
    if not _is_amount_free(problem) or _without_amounts(before.tree) != _without_amounts(scenario.tree):
        return None
    case = update_case(scenario, problem.case)
    if case is None:
        return None
    return replace(problem, scenario=scenario, case=case)


def derive_by_goals(problem: Problem, scenario: ScenarioData) -> Problem | None:
    """Derive the problem of `scenario` if it differs only by objectives that nothing else uses.

    Returns None if anything else could differ; the scenario must then be compiled.
    """
    before, case = problem.scenario, problem.case
    if not _has_same_data(before, scenario) or _without_goals(before.tree) != _without_goals(scenario.tree):
        return None
    told = any(warning.code in TOLD_OF_GOALS for warning in case.warnings.entries)
    if told or any(rule.mode is Mode.PENALTY for rule in problem.rules):  # a price names a stage
        return None
    case = replace(case, locate=scenario.locate, defects=Defects(), warnings=Defects(), questions=[])
    spec, offered = scenario.spec, problem.offers
    named = {name: measure for name, measure in spec.measures.items() if measure.is_in_force(spec.date)}
    measures = Measures(case, offered.in_play, named)
    stages = Objective(
        spec, case, measures, offered, {rule.id: rule for rule in problem.rules}
    ).resolve_stages()
    if case.defects.entries or case.warnings.entries or case.questions:
        return None
    case = replace(case, warnings=problem.case.warnings, questions=problem.case.questions)
    return replace(problem, scenario=scenario, case=case, stages=stages)


def _has_same_data(before: ScenarioData, after: ScenarioData) -> bool:
    return (
        before.portfolio is after.portfolio
        and _has_same_values(before.tables, after.tables)
        and not after.steps
        and after.closes == before.closes
        and after.reserves_freed == before.reserves_freed
    )


def _without_goals(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in tree.items() if key != "objective"}


def _is_amount_free(problem: Problem) -> bool:
    """Whether no rule, limit or objective of the problem depends on envelope amounts."""
    spec, tree = problem.scenario.spec, problem.scenario.tree
    word = json.dumps([tree.get(key) for key in LOOKED_AT], default=str)
    return (
        not problem.limits
        and not problem.offers.committed.any()
        and problem.case.tree.opened is None
        and not any(load_rule_kinds()[rule.kind].reads_amounts for rule in spec.rules)
        and all(rule.mode is Mode.HARD for rule in problem.rules)
        and "of_amount" not in word
    )


def _has_same_values(left: Mapping[str, object], right: Mapping[str, object]) -> bool:
    return left.keys() == right.keys() and all(left[key] is right[key] for key in left)


def _without_amounts(tree: Mapping[str, Any]) -> Any:
    """Return a scenario's values without amounts; an envelope with other options compares unequal to anything."""

    def remove_amounts(envelope: Mapping[str, Any]) -> Any:
        if not set(envelope) <= PLAIN_ENVELOPE:
            return object()  # equal to nothing
        below = [remove_amounts(child) for child in envelope.get("envelopes") or ()]
        rest = {key: value for key, value in envelope.items() if key not in ("amount", "envelopes")}
        return rest, envelope.get("amount") is None, below

    return {
        **{key: value for key, value in tree.items() if key != "programme"},
        "": remove_amounts(tree["programme"]),
    }
