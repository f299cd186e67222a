"""Live answers to the settings of the page, each optimised from the previous one and verified.

All pages of a scenario share one `LiveAnswers`: its sessions, and the last answers by their settings.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tnt_sim.analysis.infeasibility.document import ClashEntry, RepairEntry
from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.app.page_state import State, encode
from tnt_sim.app.scenario_changes import apply_state, build_tree
from tnt_sim.deadline import Cancellation, Deadline, ProcessorClock
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.multi_step import decide_steps
from tnt_sim.engine.optimise import OptimiseOptions, build_outcome_result
from tnt_sim.engine.result import Proof, ResultData, SolveOutcome, Status
from tnt_sim.engine.session import SolverSession
from tnt_sim.errors import Defect, InfeasibleScenarioError, LimitReached, TntError
from tnt_sim.i18n.message import Capitalised, Text, _, join_sentences
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData, is_sequence
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, determine_reasons
from tnt_sim.verify.verification import ProofRows

AT_ONCE, QUICK, LONG = 0.3, 4.0, 60.0
"""Processor seconds: of the search whose list stands at once, of an answer with it, of a longer one on request."""
CONFLICT_SECONDS, CELL_CONFLICT_SECONDS = 20.0, 6.0
"""Seconds of a search for repairs, there and in a notebook, where no newer setting ends it."""
CONFLICTS, REPAIRS = 2, 3
SESSIONS = 2
"""Answers computed at the same time, each in a session of its own; further ones wait."""
MOST_RECENT, RECENT_DOSSIERS = 24, 100_000
"""Most answers kept for settings that come back, and most dossiers in them together."""


class AnswerSuperseded(Exception):
    """A newer setting of the same page has cancelled this answer."""


class SettledClashes(NamedTuple):
    """Minimal conflicts of infeasible settings, and the cheapest repairs; both empty if the search failed."""

    sets: Sequence[ClashEntry] = ()
    repairs: Sequence[RepairEntry] = ()


@dataclass(frozen=True, eq=False)
class LiveAnswer:
    """Verified allocation for some settings.

    Attributes
    ----------
    seconds : from the settings to the allocation, its proof and its reading, without drawing
    proof, status, canonical : evidence, as in a result
    rows : rows that its proofs use
    outcome : what `build_result` begins with, if the desk keeps evidence
    phases : seconds of each phase
    is_sought : a better list is still looked for
    """

    state: State
    problem: Problem
    allocation: Allocation
    reading: AllocationReading
    reasons: Reasons
    status: Status
    proof: Proof | None
    canonical: bool
    rows: ProofRows
    seconds: float
    outcome: SolveOutcome | ResultData | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    is_sought: bool = False

    @classmethod
    def of_result(cls, result: ResultData) -> LiveAnswer | None:
        """Return a result as the answer to the scenario as written; None if it has no list of its own."""
        if (
            result.allocation is None
            or result.reading is None
            or result.reasons is None
            or result.data.relaxed
        ):
            return None
        return cls(
            State(), result.problem, result.allocation, result.reading, result.reasons, result.status,
            result.proof, result.data.canonical, result.data.proof_rows, sum(result.data.seconds.values()),
            result, result.data.seconds,
        )  # fmt: skip

    @property
    def sure(self) -> bool:
        """Whether it is optimal, with evidence."""
        return self.status is Status.OPTIMAL

    def build_result(self) -> ResultData:
        """Return the answer as the result of a run, from the evidence that was found with it."""
        if isinstance(self.outcome, ResultData):
            return self.outcome
        if self.outcome is None or self.outcome.evidence is None:
            raise ValueError("the answer was computed without evidence for a result")
        return build_outcome_result(self.problem, self.outcome, self.phases)


@dataclass(frozen=True, eq=False)
class LiveConflict:
    """Settings without an allocation, with the reason in sentences.

    `clash`: a search for repairs makes sense; `stopped`: more time might find an allocation.
    """

    state: State
    sentences: tuple[Text, ...]
    clash: bool = False
    stopped: bool = False


class _Request:
    """Settings to optimise, the processor seconds of this thread for it, and lists that the answer must match."""

    def __init__(
        self, state: State, seconds: float, cancellation: Cancellation | None, before: LiveAnswer | None
    ) -> None:
        self.state, self.switch = state, cancellation or Cancellation()
        self.deadline = Deadline(seconds, ProcessorClock(self.switch))
        self.known_lists = () if before is None else (before.allocation,)
        self.began = time.perf_counter()


class LiveAnswers:
    """Session on one scenario whose settings change.

    Parameters
    ----------
    scenario : as written, from a file
    with_evidence : answers can be built into results of runs
    conflict_seconds : for a search for repairs
    """

    def __init__(
        self,
        scenario: ScenarioData,
        *,
        with_evidence: bool = False,
        conflict_seconds: float = CONFLICT_SECONDS,
    ) -> None:
        self.scenario = scenario
        self.conflict_seconds = conflict_seconds
        self._idle = [SolverSession(scenario)]
        self._permits = threading.BoundedSemaphore(SESSIONS)
        self._options = OptimiseOptions(
            backend=scenario.spec.solver.backend, first_list=True, with_evidence=with_evidence
        )
        self._recent: OrderedDict[str, LiveAnswer] = OrderedDict()
        n_dossiers = scenario.portfolio.table.height
        self._most_recent = max(2, min(MOST_RECENT, RECENT_DOSSIERS // max(1, n_dossiers)))
        self._guard = threading.Lock()

    def release(self) -> None:
        """Free the sessions that nobody uses, and the answers for settings that come back: both are made again."""
        with self._guard:
            self._idle.clear()
            self._recent.clear()

    @contextmanager
    def _borrow_session(self) -> Iterator[SolverSession]:
        """Lend a session that no other thread uses, and take it back."""
        with self._permits:
            with self._guard:
                session = self._idle.pop() if self._idle else SolverSession(self.scenario)
            try:
                yield session
            finally:
                with self._guard:
                    self._idle.append(session)

    def optimise_state(
        self,
        state: State,
        seconds: float = QUICK,
        cancellation: Cancellation | None = None,
        before: LiveAnswer | None = None,
    ) -> LiveAnswer | LiveConflict:
        """Optimise under the settings within a limit of processor seconds; no setting of a planner raises.

        The list is never worse than a greedy one, nor than that of the answer `before` where it is still feasible.
        """
        return self._take_recent(state) or self._optimise(_Request(state, seconds, cancellation, before))

    def generate_answers(
        self, state: State, cancellation: Cancellation | None = None, before: LiveAnswer | None = None
    ) -> Iterator[LiveAnswer | LiveConflict]:
        """Yield the list that stands at once, and then the best that is found; only one where it is optimal.

        Both together take `QUICK` processor seconds at most; the second is no worse than the first. Raises as
        `optimise_state` does.
        """
        request = _Request(state, QUICK, cancellation, before)
        if (recent := self._take_recent(state)) is not None or is_sequence(self.scenario):
            yield recent or self._optimise(request)
            return
        first = self._optimise(request, AT_ONCE)
        can_improve = first.stopped if isinstance(first, LiveConflict) else not first.sure
        if not can_improve or request.deadline.expired:
            yield first
            return
        if isinstance(first, LiveAnswer):
            yield replace(first, is_sought=True)
            request.known_lists = (first.allocation, *request.known_lists)
        yield self._optimise(request)

    def _take_recent(self, state: State) -> LiveAnswer | None:
        with self._guard:
            recent = self._recent.get(encode(state.settings))
        return None if recent is None else replace(recent, state=state)

    def _optimise(self, request: _Request, search_seconds: float | None = None) -> LiveAnswer | LiveConflict:
        if request.switch.is_cancelled:
            raise AnswerSuperseded
        answer = self._compute_answer(request, search_seconds)
        if request.switch.is_cancelled:
            raise AnswerSuperseded
        if isinstance(answer, LiveAnswer) and answer.sure:
            self.record_answer(answer)
        return answer

    def record_answer(self, answer: LiveAnswer) -> None:
        """Keep an answer for settings that come back."""
        with self._guard:
            self._recent[encode(answer.state.settings)] = answer
            while len(self._recent) > self._most_recent:
                self._recent.popitem(last=False)

    def _compute_answer(self, request: _Request, search_seconds: float | None) -> LiveAnswer | LiveConflict:
        state = request.state
        try:
            problem, result, rows, phases = self._solve_state(request, search_seconds)
        except LimitReached:
            return LiveConflict(state, (_NOTHING[Status.STOPPED],), stopped=True)
        except TntError as error:
            if isinstance(error, InfeasibleScenarioError):
                return LiveConflict(state, (_NOTHING[Status.INFEASIBLE],), clash=True)
            return LiveConflict(state, tuple(describe_defect(defect) for defect in error.defects_found()))
        if result.allocation is None or result.reading is None or rows is None:
            clash = result.status is Status.INFEASIBLE
            return LiveConflict(state, (_NOTHING[result.status],), clash=clash, stopped=not clash)
        if result.status is not Status.OPTIMAL and _is_without_new_grants(problem, result.allocation):
            return LiveConflict(state, (_NOTHING[Status.STOPPED],), stopped=True)
        why = determine_reasons(problem, result.allocation, result.reading)
        canonical = result.data.canonical if isinstance(result, ResultData) else result.canonical
        return LiveAnswer(
            state, problem, result.allocation, result.reading, why, result.status, result.proof, canonical, rows,
            time.perf_counter() - request.began, result if self._options.with_evidence else None, phases,
        )  # fmt: skip

    def _solve_state(
        self, request: _Request, search_seconds: float | None
    ) -> tuple[Problem, SolveOutcome | ResultData, ProofRows | None, Mapping[str, float]]:
        """Solve in a session; a scenario with steps is solved as a whole. Both end when they are cancelled."""
        state, clock = request.state, Clock.from_deadline(request.deadline)
        if is_sequence(self.scenario):
            options = replace(self._options, cross_check=self.scenario.spec.solver.cross_check)
            steps = apply_state(self.scenario, state)
            result = decide_steps(steps, options, clock=clock).with_allowed_words()
            rows = None if result.allocation is None else result.data.proof_rows
            return result.problem, result, rows, clock.seconds
        with self._borrow_session() as session:
            options = replace(self._options, search_seconds=search_seconds, known_lists=request.known_lists)
            outcome = session.optimise(build_tree(self.scenario, state), options, clock=clock)
            problem, answer = outcome.problem, outcome.answer
            rows = None if answer.allocation is None else session.build_proof_rows(problem, answer)
        return problem, answer, rows, clock.seconds

    def find_conflicts(self, state: State, cancellation: Cancellation | None = None) -> SettledClashes:
        """Find the minimal conflicts of infeasible settings and the cheapest repairs."""

        def stop_if_cancelled(*_: object) -> None:
            if cancellation is not None and cancellation.is_cancelled:
                raise AnswerSuperseded

        conflict_ = conflict(
            apply_state(self.scenario, state),
            clock=Clock(self.conflict_seconds),
            max_sets=CONFLICTS,
            max_repairs=REPAIRS,
            progress=stop_if_cancelled,
        )
        return SettledClashes(conflict_.data.sets, conflict_.data.repairs)


def _is_without_new_grants(problem: Problem, allocation: Allocation) -> bool:
    """Whether a list holds only what is committed or decided: no list, while nothing says it is the best."""
    offers = problem.offers
    return not (allocation.funded & ~(offers.committed | offers.forced)).any()


_NOTHING = {
    Status.INFEASIBLE: _("No allocation satisfies all the rules with these settings."),
    Status.STOPPED: _("There was no time: nothing was found, and nothing says that it is impossible."),
}


def describe_defect(defect: Defect) -> Text:
    """Write a defect with its remedy, and its line if it is in a file."""
    text = join_sentences(defect.text, defect.hint)
    files = [str(place) for place in defect.places if place.file and place.line is not None]
    if files:
        text = _("{text} ({places})", text=text, places=", ".join(dict.fromkeys(files)))
    return Capitalised(text)
