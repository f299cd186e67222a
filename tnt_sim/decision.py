"""From a scenario to one decision: formulate, solve, read again, cross-check, tell.

No solver's word is evidence here: every allocation is read again in exact integers from the problem's data, and
one that breaks a rule is never shown as a decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tnt_sim.assemble import result_of
from tnt_sim.clock import Clock
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.drafts import Drafts
from tnt_sim.errors import SolverError
from tnt_sim.evidence import (
    disagreement,
    empty_evidence,
    evidence_of,
    idle_evidence,
    read_again,
)
from tnt_sim.formulation.formulate import Formulation, ModelStage
from tnt_sim.formulation.linear_model import IntArray, LinearModel
from tnt_sim.gap_money import gaps_in_money
from tnt_sim.incumbent import first_point, idle_keeping, nothing_found, unwritten_result
from tnt_sim.prove.search import PointFound
from tnt_sim.prove.stages import prove_empty, prove_stages
from tnt_sim.prove.ties import TieProofs, prove_ties
from tnt_sim.refused import without_refused
from tnt_sim.result import Result
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.solve.backend import Limits, Termination
from tnt_sim.solve.canonical import Canonical, canonical
from tnt_sim.solve.core import solve_core
from tnt_sim.solve.cross_check import CrossCheck, Verdict
from tnt_sim.solve.cross_check import cross_check as ask_second
from tnt_sim.solve.exact import solve_exactly
from tnt_sim.solve.integral import solve_integral
from tnt_sim.solve.lexicographic import (
    Progress,
    Stage,
    StageSolver,
    StagesOutcome,
    refuted,
    solve_lexicographic,
)
from tnt_sim.solve.quarantine import quarantine, stage_model
from tnt_sim.solve.registry import get_backend, independent_backends
from tnt_sim.solve.tighten import tighten
from tnt_sim.verify.reading import Allocation, AllocationReading, read_allocation

METHODS: dict[str, StageSolver] = {
    "auto": solve_integral,
    "direct": solve_integral,
    "core": solve_core,
    "tree": solve_integral,
}
"""How a stage goes to a solver. `auto` and `tree` first try whether an exact kernel settles the whole decision."""
MAX_ROUNDS = 3
"""Times that a better point of the second solver is taken as the start of a new solve."""

MAX_REFUSED = 30
"""Times that a point which the exact reading of a rounded rule refuses is cut off and the model solved again."""

PROOF_SHARE = 0.3
"""The most of what is left of a run's time that is spent on a proof."""
PROOF_SECONDS = (10.0, 60.0)
"""The least and the most: in between, a proof may take four times what the stages took."""
TIE_SECONDS = (5.0, 30.0)  # the same for « least granted » and the list

GAP_SECONDS = 5.0
"""The most that is kept back for the linear program that tells a gap in money."""
GAP_SHARE = 0.05
"""What is kept back for it of a short limit."""
TELL_SHARE = 0.25
"""The most of a limit that is kept back for telling the result."""
KERNEL_SHARE = 0.5
"""The most of what is left of a run's time that exact kernels may take: a solver must have its time too."""
FIRST_SECONDS, FIRST_SHARE = 5.0, 0.5
"""The most for a first point, before anything is solved, and the most of what is left."""

Report = Callable[[str, float], None]


def decide(
    scenario: Scenario,
    *,
    backend: str,
    cross_check: str,
    clock: Clock,
    method: str = "auto",
    progress: Report | None = None,
) -> Result:
    """One decision of a scenario without steps, within what `clock` has left."""
    problem = compile_problem(scenario)
    clock.begin()
    return decide_problem(
        problem,
        backend=backend,
        cross_check=cross_check,
        clock=clock,
        method=method,
        progress=progress,
    )


def decide_problem(
    problem: Problem,
    *,
    backend: str,
    cross_check: str,
    clock: Clock,
    method: str = "auto",
    progress: Report | None = None,
    drafts: Drafts | None = None,
    ties: bool = True,
) -> Result:
    """The decision of a compiled problem.

    Parameters
    ----------
    drafts : rows of the problem before, and what kernels found, to carry on; the answer is the same
    ties : seek proofs of « least granted » and of the list too
    """
    drafts = drafts or Drafts()
    try:
        form = drafts.form(problem, clock.keeping_back(TELL_SHARE))
    except DeadlineExpired:
        return unwritten_result(problem, method, clock.seconds)
    finally:
        clock.lap("formulate")
    return _Decision(problem, form, drafts, backend, cross_check, method, clock, progress, ties).result()


@dataclass
class _Decision:
    """One decision on its way: solve, ask a second solver, read again."""

    problem: Problem
    form: Formulation
    drafts: Drafts
    backend: str
    choice: str
    method: str
    clock: Clock
    progress: Report | None
    ties: bool
    stages: list[Stage] = field(init=False)
    alone: bool = False
    """A kernel settled the decision and found its point to be the only one."""
    proofs: list[dict[str, Any] | None] = field(default_factory=list)
    interrupted: bool = False
    first: IntArray | None = None
    """A point in hand before anything is solved."""
    deadline: Deadline = field(init=False)
    """When the search ends; what is left of the run's time then is for what is said of it."""

    def __post_init__(self) -> None:
        until = self.clock.keeping_back(TELL_SHARE)
        left = until.seconds_left
        kept_back = min(GAP_SECONDS, GAP_SHARE * left)
        self.deadline = until.within(None if math.isinf(left) else left - kept_back)

    def result(self) -> Result:
        self.stages = [_stage(stage) for stage in (*self.form.stages, self.form.least_granted)]
        deadline = self.deadline.share(FIRST_SHARE).within(FIRST_SECONDS)
        self.first = first_point(self.form, self.form.model, self.stages[0], deadline)
        model = tighten(self.form.model, self.deadline)
        start: IntArray | None = None
        for _ in range(MAX_REFUSED):
            outcome, checked = self._solved(model, start)
            if outcome.values is None and outcome.termination is Termination.INFEASIBLE:
                return self._without_allocation(outcome, checked)
            if outcome.values is None:
                return self._at_limit(outcome, checked)
            tie_break = self._tie_break(outcome)
            start = None
            if refuted(self.stages, outcome.stages, tie_break.values) is not None:
                start = tie_break.values  # the walk met a point better than a stage's « optimum »
                continue
            allocation = Allocation(*self.form.recovery.awards(tie_break.values))
            narrower = without_refused(self.problem, self.form.recovery, model, allocation)
            if narrower is model:
                break
            model = narrower
        reading = read_again(self.problem, self.form, allocation, outcome)
        self.clock.lap("verify")
        ties = self._tie_proofs(outcome, tie_break, allocation, reading)
        evidence = evidence_of(
            self.form, outcome, tie_break, checked, reading, self.method, self.proofs, ties,
            self._gaps_in_money(model, outcome),
        )  # fmt: skip
        rows = self.drafts.proof_rows(self.problem, self.proofs)
        told = result_of(self.problem, replace(evidence, rows=rows), allocation, reading, self.clock.seconds)
        return replace(told, interrupted=self.interrupted)

    def _tie_break(self, outcome: StagesOutcome) -> Canonical:
        self._tell("tie_break", 0.9)
        assert outcome.values is not None
        recovery = self.form.recovery
        unwalked = Canonical(outcome.values, False, Termination.INTERRUPTED, 0, 0, 0.0)
        if self.interrupted:
            return unwalked
        if self.alone:
            return Canonical(outcome.values, True, Termination.OPTIMAL, 0, 0, 0.0)
        if self.deadline.expired:
            return replace(unwalked, termination=Termination.TIME_LIMIT)
        try:
            found = canonical(
                outcome.model,
                outcome.values,
                recovery.funded_columns,
                recovery.amount_columns,
                get_backend(self.backend),
                Limits(self.deadline),
                self.stages[0],
            )
        except KeyboardInterrupt:
            found = unwalked
        self.clock.lap("solve")
        return found

    def _tell(self, phase: str, done: float) -> None:
        if self.progress is not None:
            self.progress(phase, done)

    def _solved(self, model: LinearModel, start: IntArray | None) -> tuple[StagesOutcome, CrossCheck]:
        """The stages and the second opinion on them; a better point of the second begins them anew.

        What a kernel settled and no proof was found for is where the solver begins, else a point found at once.
        """
        settled = self._by_kernel(model) if start is None else None
        if settled is not None:
            self.proofs = self._proofs(settled)
            if self._proven:
                return settled, self._second_opinion(model, settled)
            start = settled.values  # a solver that a limit stops has no less than this
        self.alone = False
        if start is None and self.first is not None and model.is_feasible(self.first):
            start = self.first
        solver = get_backend(self.backend)
        for _ in range(MAX_ROUNDS):
            outcome = solve_lexicographic(
                model,
                self.stages,
                solver,
                Limits(self.deadline),
                _told(self.progress),
                start,
                METHODS[self.method],
            )
            self.clock.lap("solve")
            if outcome.values is None and outcome.termination is Termination.INTERRUPTED:
                raise KeyboardInterrupt
            self.proofs = self._proofs(outcome)
            checked = self._second_opinion(model, outcome)
            better = checked.improvement if checked.verdict is Verdict.BETTER_FOUND else None
            if better is None:
                return outcome, checked
            start = better
        raise disagreement(checked, self._kept_apart(model, outcome, checked))

    def _kept_apart(self, model: LinearModel, outcome: StagesOutcome, checked: CrossCheck) -> Path | None:
        """Where the model is kept that two solvers contradict each other on."""
        asked = [stage.solver for stage in checked.stages if stage.solver]
        second = asked[-1] if asked else next(iter(independent_backends()), None)
        if second is None:
            return None
        place = self.problem.scenario.root / "runs" / "quarantine"
        if outcome.values is None:
            part = model
        else:
            part = stage_model(model, self.stages, outcome.stages, max(0, len(asked) - 1))
        try:
            solvers = get_backend(self.backend), get_backend(second)
            return quarantine(part, *solvers, place, self.clock.deadline).folder
        except (OSError, SolverError):
            return None

    def _by_kernel(self, model: LinearModel) -> StagesOutcome | None:
        """The decision by an exact kernel where one settles it; only for the model as it was first written."""
        whole = self.method in ("auto", "tree") and self.backend == "highs"
        if self.deadline.expired or not whole or model.n_rows != self.form.model.n_rows:
            return None
        recovery = self.form.recovery
        deadline = self.deadline.share(KERNEL_SHARE)
        found = solve_exactly(
            self.form.model, self.stages, memory=self.drafts.solved, recovery=recovery, deadline=deadline
        )
        self.clock.lap("solve")
        if found is None:
            return None
        outcome, self.alone = found
        return outcome

    def _proofs(self, outcome: StagesOutcome) -> list[dict[str, Any] | None]:
        """An exact certificate for each stage, or for « nothing fits », where one is found in time."""
        self._tell("proof", 0.8)
        stopped = self.interrupted or outcome.termination is Termination.INTERRUPTED
        if stopped or self.deadline.expired:
            return []
        if not outcome.is_optimal and outcome.termination is not Termination.INFEASIBLE:
            return []
        deadline = self._proof_deadline(sum(stage.seconds for stage in outcome.stages))
        try:
            if outcome.values is None:
                return [prove_empty(self.problem, deadline)]
            allocation = Allocation(*self.form.recovery.awards(outcome.values))
            values = read_allocation(self.problem, allocation).values
            claims = self.drafts.claims(self.problem, deadline)
            checked = self.drafts.checked
            return prove_stages(self.problem, values, deadline, None, 0, outcome.grounds, claims, checked)
        except KeyboardInterrupt:
            self.interrupted = True
            return []
        except PointFound:
            # these rows may be wider than the rules: a point of theirs proves nothing and contradicts nobody
            return []
        finally:
            self.clock.lap("proof")

    def _tie_proofs(
        self, outcome: StagesOutcome, tie_break: Canonical, allocation: Allocation, reading: AllocationReading
    ) -> TieProofs:
        """Certificates of « least granted » and of the list, where the stages have theirs."""
        if not self.ties or self.interrupted or not (self._proven and tie_break.proven):
            return TieProofs()
        deadline = self._proof_deadline(tie_break.seconds, TIE_SECONDS)
        try:
            funded, cents = allocation.funded, allocation.granted_cents
            return prove_ties(self.problem, reading.values, funded, cents, deadline, outcome.grounds)
        except KeyboardInterrupt:
            self.interrupted = True
            return TieProofs()
        finally:
            self.clock.lap("proof")

    def _gaps_in_money(self, model: LinearModel, outcome: StagesOutcome) -> tuple[int | None, ...]:
        """What the gaps of a decision that a limit stopped are worth."""
        if outcome.is_optimal or self.interrupted:
            return ()
        amount = self.problem.case.tree.written_cents[0]
        limits = Limits(self.clock.keeping_back(TELL_SHARE).within(GAP_SECONDS))
        return gaps_in_money(self.form, model, outcome, amount, get_backend(self.backend), limits)

    def _proof_deadline(self, spent: float, seconds: tuple[float, float] = PROOF_SECONDS) -> Deadline:
        """Until when a proof is sought: four times what the solve took, between two sizes, as time allows."""
        least, most = seconds
        return self.deadline.share(PROOF_SHARE).within(min(max(least, 4 * spent), most))

    @property
    def _proven(self) -> bool:
        return bool(self.proofs) and all(proof is not None for proof in self.proofs)

    def _without_allocation(self, outcome: StagesOutcome, checked: CrossCheck) -> Result:
        """Nothing fits: by an exact proof, or else by the word of two solvers."""
        evidence = empty_evidence(self.form, outcome, checked, self.proofs, proven=self._proven)
        return result_of(self.problem, evidence, None, None, self.clock.seconds)

    def _at_limit(self, outcome: StagesOutcome, checked: CrossCheck) -> Result:
        """The list that needs no solver, where one is allowed: a limit stopped all else."""
        found = idle_keeping(self.problem, ())
        if found is None:
            raise nothing_found()
        allocation, reading = found
        evidence = idle_evidence(self.form, outcome, checked, reading, self.method)
        return result_of(self.problem, evidence, allocation, reading, self.clock.seconds)

    def _second_opinion(self, model: LinearModel, outcome: StagesOutcome) -> CrossCheck:
        """Ask another solver; after Ctrl-C, before it or during it, only what is in hand is told."""
        self._tell("cross_check", 0.8)
        self.interrupted |= outcome.termination is Termination.INTERRUPTED

        def ask(choice: str) -> CrossCheck:
            # half of what is left: the tie-break must have its time too
            limits = Limits(self.deadline).share(0.5)
            return ask_second(model, self.stages, outcome, choice, limits, first=self.backend)

        try:
            needed = self.choice != "auto" or not self._proven
            checked = ask(self.choice if needed and not self.interrupted else "never")
        except KeyboardInterrupt:
            self.interrupted = True
            checked = ask("never")
        self.clock.lap("cross_check")
        return checked


def _stage(stage: ModelStage) -> Stage:
    return Stage(stage.name, stage.objective, stage.sense, stage.tolerance, stage.constant)


def _told(progress: Report | None) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def tell(step: Progress) -> None:
        done = step.index + (step.result is not None)
        progress(step.name, 0.8 * done / step.n_stages)

    return tell
