"""Live answers to the settings of the page, each optimised from the previous one and verified."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tnt_sim.analysis.infeasibility.document import ClashEntry, RepairEntry
from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.app.page_state import State
from tnt_sim.app.scenario_changes import apply_state, build_tree
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions
from tnt_sim.engine.result import Proof, ResultData, SolveOutcome, Status
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.errors import Defect, LimitReached, TntError
from tnt_sim.i18n.message import Text, _, capitalise_text, join_sentences
from tnt_sim.scenario.problem import Problem, is_clash
from tnt_sim.scenario.scenario import ScenarioData, is_sequence
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, determine_reasons
from tnt_sim.verify.verification import ProofRows, of_fresh

QUICK, LONG, CONFLICT_SECONDS = 5.0, 60.0, 20.0
"""Time limits in seconds: of an immediate answer, of a longer one on request, and of a search for repairs."""
CONFLICTS, REPAIRS = 2, 3


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

    @property
    def sure(self) -> bool:
        """Whether it is optimal, with evidence."""
        return self.status is Status.OPTIMAL


@dataclass(frozen=True, eq=False)
class LiveConflict:
    """Settings without an allocation, with the reason in sentences.

    `clash`: a search for repairs makes sense; `stopped`: more time might find an allocation.
    """

    state: State
    sentences: tuple[Text, ...]
    clash: bool = False
    stopped: bool = False


class LiveAnswers:
    """Session on one scenario whose settings change.

    Parameters
    ----------
    scenario : as written, from a file
    """

    def __init__(self, scenario: ScenarioData) -> None:
        self.scenario = scenario
        self._session = SolverSession(scenario)
        self._options = OptimiseOptions(backend=scenario.spec.solver.backend)

    def optimise_state(self, state: State, seconds: float = QUICK) -> LiveAnswer | LiveConflict:
        """Optimise under the settings within a time limit; no setting of a planner raises."""
        began = time.perf_counter()
        try:
            problem, result = self._solve_state(state, seconds)
        except LimitReached:
            return LiveConflict(state, (_NOTHING[Status.STOPPED],), stopped=True)
        except TntError as error:
            if is_clash(error):
                return LiveConflict(state, (_NOTHING[Status.INFEASIBLE],), clash=True)
            return LiveConflict(state, tuple(describe_defect(defect) for defect in error.defects_found()))
        if result.allocation is None or result.reading is None:
            clash = result.status is Status.INFEASIBLE
            return LiveConflict(state, (_NOTHING[result.status],), clash=clash, stopped=not clash)
        why = determine_reasons(problem, result.allocation, result.reading)
        if isinstance(result, ResultData):
            canonical, rows = result.data.canonical, of_fresh(result.data).rows
        else:
            canonical, rows = result.canonical, self._session.build_proof_rows(problem, result)
        return LiveAnswer(
            state, problem, result.allocation, result.reading, why, result.status, result.proof, canonical, rows,
            time.perf_counter() - began,
        )  # fmt: skip

    def _solve_state(self, state: State, seconds: float) -> tuple[Problem, SolveOutcome | ResultData]:
        """Solve with the session; a scenario with steps is solved as a whole."""
        if is_sequence(self.scenario):
            result = solve(apply_state(self.scenario, state), time_limit=seconds)
            return result.problem, result
        asked = self._session.optimise(build_tree(self.scenario, state), self._options, clock=Clock(seconds))
        return asked.problem, asked.answer

    def find_conflicts(self, state: State) -> SettledClashes:
        """Find the minimal conflicts of infeasible settings and the cheapest repairs.

        Raises
        ------
        TntError
            If the search itself fails.
        """
        conflict_ = conflict(
            apply_state(self.scenario, state),
            time_limit=CONFLICT_SECONDS,
            max_sets=CONFLICTS,
            max_repairs=REPAIRS,
        )
        return SettledClashes(conflict_.data.sets, conflict_.data.repairs)


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
    return capitalise_text(text)
