"""Optimisation of a compiled problem: formulate, solve, check exactly, cross-check, prove.

`decide` and `decide_problem` find the allocation of a scenario. `optimise` re-optimises a problem with some
objectives kept at given values, and `with_fixed` returns the problem with some dossiers fixed in or out.
Analyses (what an application would need, what a rule costs) are built from these two:

    with_fixed   the same problem with dossiers funded, refused, or offered exactly one amount
    optimise     with stage_j no worse than kept_j for j ≤ k: optimise stage_{k+1}, …,
                 then min granted, then the tie-break

Decisions and re-optimisations run the same loop (`_Optimisation`): solve the stages, break ties, and cut off
what the exact reading refuses. They differ in what they try first and in the evidence that they seek.
A changed problem is a problem too, so formulation, kernels, proofs and exact checks apply unchanged.

No solver is trusted: every allocation is checked in exact integers from the problem's data, and one that
violates a rule is never returned. `without_refused` handles rules whose rows were rounded outwards: it adds a
valid cut for a point that satisfies such rows but not the rule, and the model is solved again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tnt_sim.certify.claim_systems import Agreement
from tnt_sim.deadline import Deadline, DeadlineExpired, read_processor_time
from tnt_sim.engine.budgets import BUDGETS, Clock
from tnt_sim.engine.incumbent import (
    FeasibleList,
    IncumbentReader,
    OnIncumbent,
    build_no_allocation_error,
    find_first_point,
    find_idle_allocation,
    find_late_allocation,
    is_better_list,
    read_list,
    without_refused,
)
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.result import (
    Evidence,
    Proof,
    ResultData,
    SolveOutcome,
    Status,
    build_result,
    derive_status,
)
from tnt_sim.engine.solution_evidence import (
    build_disagreement_error,
    build_early_evidence,
    build_evidence,
    build_idle_evidence,
    build_infeasible_evidence,
    compute_money_gaps,
    get_method_name,
    read_again,
    with_proof_rows,
)
from tnt_sim.errors import SolverError
from tnt_sim.formulation.formulate import Formulation, ModelStage, with_kept_values
from tnt_sim.formulation.linear_model import IntArray, LinearModel, ModelError, SolveStage
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.price_proofs import add_price_proofs
from tnt_sim.prove.stage_proofs import prove_infeasible, prove_stages
from tnt_sim.prove.tie_break_proofs import TieProofs, add_order_prices, prove_ties
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import with_amounts, with_changes
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.backends.registry import get_backend, list_independent_backends
from tnt_sim.solve.methods.best_known import BestKnown
from tnt_sim.solve.methods.cap_tree import build_infeasible_outcome
from tnt_sim.solve.methods.core_problem import solve_core
from tnt_sim.solve.methods.cross_check import (
    CrossCheck,
    StageCheck,
    Verdict,
    build_stage_model,
    quarantine_model,
)
from tnt_sim.solve.methods.cross_check import cross_check as ask_second
from tnt_sim.solve.methods.exact_kernels import solve_blocks, solve_exactly, solve_kept
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.methods.lexicographic import (
    Progress,
    StageSolver,
    StagesOutcome,
    find_refuted_stage,
    fix_columns,
    solve_lexicographic,
)
from tnt_sim.solve.methods.tie_break import TieBreakResult, find_canonical_point
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    read_allocation,
)

__all__ = ["OptimiseOptions", "SolveOutcome", "optimise", "with_amounts", "with_changes", "with_fixed"]


MANY_COLUMNS = 10_000
"""Columns from which on a linear program needs a noticeable part of a short limit."""
METHODS: dict[str, StageSolver] = {
    "auto": solve_integral,
    "direct": solve_integral,
    "core": solve_core,
    "tree": solve_integral,
}
"""How the solver solves a stage. `auto` and `tree` first try an exact kernel on the whole problem."""
Report = Callable[[str, float], None]
Proofs = Sequence[Mapping[str, Any] | None]
"""A certificate for each stage, None for a stage without one; or one certificate of infeasibility."""


@dataclass(frozen=True, slots=True)
class OptimiseOptions:
    """Options of an optimisation: what it looks for, and which evidence it seeks.

    Attributes
    ----------
    kept_values : a bound on each of the first stages, in its unit: a minimum if it is maximised, else a maximum.
    The stages after them are optimised
    n_stages : number of stages to optimise after these; None for all
    least_granted : then minimise the total granted. If `kept_values` bounds every stage, the result is the least
    money for at least these values
    canonical : then break ties, so that the answer is unique
    prove : seek an exact certificate of each optimised stage, of the least money, or of infeasibility
    prove_ties : also seek proofs of « least granted » and of the tie-break
    backend : `highs`, `scipy` or `pulp:NAME`
    cross_check : `never`, or `auto` or an independent solver, used if no certificate is found
    method : one of `METHODS`; `auto` and `tree` give exact kernels half of the time at most
    blocks : with a kept objective, also try blocks under prices, which are slow if an amount has many steps
    on_incumbent : called with each better list of the first goal, read in integers, while solvers work
    first_list : begin with a greedy list, as a decision does, so that no limit gives less than it
    search_seconds : most seconds after the model and the first list are there, None for all that are left
    known_lists : lists of the same dossiers. No answer that is not optimal is worse than those that are feasible
    with_evidence : the outcome is a decision for planners. The search begins with a first list, accepts a kernel's
    list only with its proof, and always asks a named second solver. Ctrl-C ends it with the best list so far. The
    outcome carries its evidence: figures of the stages, certificate, warnings
    """

    kept_values: tuple[Fraction, ...] = ()
    n_stages: int | None = None
    least_granted: bool = True
    canonical: bool = True
    prove: bool = True
    prove_ties: bool = False
    backend: str = "highs"
    cross_check: str = "never"
    method: str = "auto"
    blocks: bool = True
    on_incumbent: OnIncumbent | None = None
    first_list: bool = False
    search_seconds: float | None = None
    known_lists: tuple[Allocation, ...] = ()
    with_evidence: bool = False

    def __post_init__(self) -> None:
        if self.with_evidence and (self.kept_values or self.n_stages is not None or not self.least_granted):
            raise ValueError("a decision has all stages, and keeps none")


DEFAULT = OptimiseOptions()


def decide(
    scenario: ScenarioData, options: OptimiseOptions, *, clock: Clock, progress: Report | None = None
) -> ResultData:
    """Decide a scenario without steps, within the time that `clock` has left; see `decide_problem`."""
    problem = compile_problem(scenario)
    clock.begin()
    return decide_problem(problem, replace(options, prove_ties=True), clock=clock, progress=progress)


def decide_problem(
    problem: Problem,
    options: OptimiseOptions,
    *,
    clock: Clock,
    progress: Report | None = None,
) -> ResultData:
    """Find the optimal allocation of a compiled problem, with its evidence, and build its result."""
    options = replace(options, with_evidence=True)
    outcome = optimise(problem, options, clock=clock, progress=progress)
    return build_outcome_result(problem, outcome, clock.seconds)


def build_outcome_result(problem: Problem, outcome: SolveOutcome, seconds: Mapping[str, float]) -> ResultData:
    """Build the result of an optimisation `with_evidence`."""
    if outcome.evidence is None:
        raise build_no_allocation_error()
    result = build_result(problem, outcome.evidence, outcome.allocation, outcome.reading, seconds)
    return replace(result, interrupted=outcome.interrupted)


@dataclass
class WarmStart:
    """Models, bases and kernel results of earlier optimisations, to start from; no answer depends on them.

    Attributes
    ----------
    model_cache : rows and kernel results of recent problems
    live : the linear program with its basis
    solve_stage : solver of a stage that remembers the last one; by default that of the method
    """

    model_cache: ModelCache = field(default_factory=ModelCache)
    live: IncrementalLp | None = None
    solve_stage: StageSolver | None = None


def optimise(
    problem: Problem,
    options: OptimiseOptions = DEFAULT,
    *,
    clock: Clock | None = None,
    progress: Report | None = None,
    warm: WarmStart | None = None,
) -> SolveOutcome:
    """Optimise a problem, with its first stages kept at given values.

        optimise stage_{k+1}, …, then min granted, then the tie-break
        subject to stage_j no worse than kept_j for j ≤ k

    Parameters
    ----------
    clock
        The time left, by default without end. At its end the answer is the best allocation found so far.
    progress
        Called with the name of a phase and the share that is done.
    warm
        Models, bases and kernel results of earlier optimisations.
    """
    clock = clock or Clock(None)
    if not options.with_evidence:
        clock = Clock.from_deadline(clock.deadline)
    n_kept = len(options.kept_values)
    return _Optimisation(
        _without_tolerance(problem, n_kept), options, clock, progress, warm or WarmStart()
    ).build_outcome()


def _without_tolerance(problem: Problem, n_kept: int) -> Problem:
    """Remove the tolerance of the stages that are kept."""
    if not any(stage.tolerance for stage in problem.stages[:n_kept]):
        return problem
    stages = [
        replace(stage, tolerance=Fraction(0)) if k < n_kept else stage
        for k, stage in enumerate(problem.stages)
    ]
    return replace(problem, stages=tuple(stages))


@dataclass(frozen=True, slots=True, eq=False)
class _Optimum:
    """End of the loop: the last model, cuts included, the results of its stages, and the chosen point.

    `tie_break` and `allocation` are None if no point was found.
    """

    model: LinearModel
    outcome: StagesOutcome
    tie_break: TieBreakResult | None = None
    allocation: Allocation | None = None


@dataclass
class _Optimisation:
    """One optimisation: solve the stages, seek evidence, break ties, cut off what the exact reading refuses."""

    problem: Problem
    options: OptimiseOptions
    clock: Clock
    progress: Report | None
    warm: WarmStart
    began: float = field(default_factory=time.perf_counter)
    processor_began: float = field(default_factory=read_processor_time)
    deadline: Deadline = field(init=False)
    """When the search ends; the time left after it serves to build the result."""
    form: Formulation = field(init=False)
    stages: list[SolveStage] = field(init=False)
    checked: CrossCheck = field(init=False)
    proofs: Proofs = field(default_factory=list)
    agreement: Agreement | None = None
    """The rows behind the proofs, compared with the second reading of the rules."""
    is_unique: bool = False
    """An exact kernel solved the stages and proved its point to be the unique answer."""
    proof_ran_out: bool = False
    """The search for proofs ended with its share of the time."""
    interrupted: bool = False
    first: IntArray | None = None
    """A feasible point found before the solve."""
    is_first_cut: bool = False
    """The time was up before the first list was whole."""
    known: BestKnown = field(default_factory=BestKnown)
    """Best bound and point of the kernels that gave up."""
    reader: IncumbentReader | None = None
    """Passes on better lists, if somebody listens."""

    @property
    def _n_kept_values(self) -> int:
        return len(self.options.kept_values)

    @property
    def _begins_with_list(self) -> bool:
        return self.options.first_list or self.options.with_evidence

    @property
    def _goals(self) -> Sequence[ModelStage]:
        """The stages to optimise, « least granted » apart."""
        return self.form.stages[self._n_kept_values :][: self.options.n_stages]

    @property
    def _n_searched(self) -> int:
        """The stages whose evidence is sought: those of a planner for a decision, all for a question."""
        return len(self._goals) if self.options.with_evidence else len(self.stages)

    def _is_closed(self, outcome: StagesOutcome) -> bool:
        """Whether the search for these stages ended by itself: with optima, or because nothing is feasible."""
        return outcome.has_closed(self._n_searched) or outcome.termination is Termination.INFEASIBLE

    @property
    def _proven(self) -> bool:
        return bool(self.proofs) and all(proof is not None for proof in self.proofs)

    def build_outcome(self) -> SolveOutcome:
        """Find the optimum and build the outcome."""
        until = self._hold_back_result()
        try:
            self.form = self.warm.model_cache.build_formulation(self.problem, until)
        except DeadlineExpired:
            return self._build_idle_outcome(None)
        finally:
            self.clock.record_phase("formulate")
        self.deadline = self._compute_search_deadline()
        self.stages = self._list_stages()
        if self._begins_with_list:
            self.first = self._find_first_point()
            self.is_first_cut = self.deadline.expired
        self.deadline = self.deadline.tighten(self.options.search_seconds)
        if self.options.on_incumbent is not None:
            self.reader = IncumbentReader(self.problem, self.form, self.options.on_incumbent, self.began)
            self.reader.receive_point(self.first, None)
        model, _ = CoefficientTightening(self.deadline).apply(self.form.model)
        optimum = self._find_optimum(with_kept_values(model, self.form.stages, self.options.kept_values))
        better = self._find_missing_evidence(optimum)
        if better is not None:
            optimum = self._find_optimum(optimum.model, better)
        outcome, tie_break, allocation = optimum.outcome, optimum.tie_break, optimum.allocation
        if tie_break is None or allocation is None:
            if outcome.values is None and outcome.termination is Termination.INFEASIBLE:
                if not self.options.with_evidence:
                    self._find_evidence(optimum.model, outcome)
                return self._build_infeasible_outcome(outcome)
            return self._build_idle_outcome(outcome)
        reading = read_again(
            self.problem, self.form, allocation, outcome, self.options.kept_values, len(self._goals)
        )
        self.clock.record_phase("verify")
        if not self.options.with_evidence:
            self._find_evidence(optimum.model, outcome, reading)
        return self._build_optimum_outcome(optimum, tie_break, allocation, reading)

    def _compute_search_deadline(self) -> Deadline:
        """Keep time back for the gap in money and for the result `with_evidence`."""
        if not self.options.with_evidence:
            return self.clock.deadline
        until = self._hold_back_result()
        left = until.seconds_left
        kept_back = min(BUDGETS.gap_seconds, BUDGETS.gap_share * left)
        return until.tighten(None if math.isinf(left) else left - kept_back)

    def _hold_back_result(self) -> Deadline:
        """Keep time back for the result, and for its files `with_evidence`."""
        n_readings = BUDGETS.run_readings if self.options.with_evidence else 1.0
        return self.clock.hold_back(BUDGETS.result_share, n_readings)

    def _find_first_point(self) -> IntArray | None:
        """Find a feasible point of the model as formulated, for a solver to start from."""
        deadline = self.deadline.take_share(BUDGETS.first_share).tighten(BUDGETS.first_seconds)
        return find_first_point(self.form, self.form.model, self.stages[0], deadline)

    def _list_stages(self) -> list[SolveStage]:
        stages = [*self._goals, *([self.form.least_granted] if self.options.least_granted else [])]
        if not stages:
            raise ValueError("an optimisation must have a stage to optimise")
        return [stage.to_solve_stage() for stage in stages]

    # The loop

    def _find_optimum(self, model: LinearModel, start: IntArray | None = None) -> _Optimum:
        """Solve the stages, break ties, and cut off what the exact reading refuses, until nothing is refused.

        From a point `start`, only a solver is asked.
        """
        model, outcome = self._solve_first(model) if start is None else (model, self._solve(model, start))
        for _ in range(BUDGETS.rounds):
            if outcome.values is None:
                break
            tie_break = self._break_ties(outcome)
            if find_refuted_stage(self.stages, outcome.stages, tie_break.values) is not None:
                # the tie-break found a point better than a stage's « optimum »
                outcome = self._solve(model, tie_break.values)
                continue
            allocation = Allocation(*self.form.recovery.compute_awards(tie_break.values))
            narrower = without_refused(self.problem, self.form.recovery, model, allocation)
            if narrower is model:
                return _Optimum(model, outcome, tie_break, allocation)
            model, outcome = narrower, self._solve(narrower, None)
        return _Optimum(model, outcome)

    def _solve_first(self, model: LinearModel) -> tuple[LinearModel, StagesOutcome]:
        """Try an exact kernel on the model as formulated; otherwise fix columns and ask a solver.

        `with_evidence`, a kernel's point without a proof is only a start for the solver.
        """
        settled = self._solve_by_kernel(
            with_kept_values(self.form.model, self.form.stages, self.options.kept_values)
        )
        self.clock.record_phase("solve")
        start = None
        if settled is not None:
            outcome, self.is_unique = settled
            if not self.options.with_evidence:
                return model, outcome
            self._find_evidence(model, outcome)
            better = self._get_better_point()
            if better is None and (self._proven or not self.options.prove):
                return model, outcome
            # a solver stopped by a limit returns at least this
            start = outcome.values if better is None else better
        model = self._fix_columns(model)
        return model, self._solve(model, start)

    def _solve(self, model: LinearModel, start: IntArray | None) -> StagesOutcome:
        """Solve the stages with a solver, from a point if there is one, and seek evidence.

        The stages are solved again from any better point of the second solver.
        """
        self.is_unique = False
        if start is None and self.first is None and not self._begins_with_list:
            self.first = self._find_first_point()
        if self.first is not None:
            self.known.record_point(self.stages[0], self.form.model, self.first)
        self.first = self.known.point
        if start is None and self.first is not None and model.is_feasible(self.first):
            start = self.first
        report = _build_progress_report(self.progress)
        heard = None if self.reader is None else self.reader.receive_point
        solver, limits = get_backend(self.options.backend), Limits(self.deadline, on_point=heard)
        solve_stage = self.warm.solve_stage or METHODS[self.options.method]
        share = BUDGETS.least_granted_share if self.options.with_evidence else 1.0
        for _ in range(BUDGETS.better_starts):
            outcome = solve_lexicographic(
                model, self.stages, solver, limits, report, start, solve_stage, share
            )
            outcome = self.known.tighten_outcome(self.stages[0], outcome)
            self.clock.record_phase("solve")
            if outcome.values is None and outcome.termination is Termination.INTERRUPTED:
                raise KeyboardInterrupt
            if not self.options.with_evidence:
                return outcome
            self._find_evidence(model, outcome)
            better = self._get_better_point()
            if better is None:
                return outcome
            start = better
        folder = self._store_disputed_model(model, outcome, self.checked)
        raise build_disagreement_error(self.checked, folder)

    def _break_ties(self, outcome: StagesOutcome) -> TieBreakResult:
        """Find the first of the equal optima in rank order, as time and options allow."""
        assert outcome.values is not None
        self._report_progress("tie_break", 0.9)
        if self.interrupted or outcome.termination is Termination.INTERRUPTED:
            return _build_unbroken(outcome, Termination.INTERRUPTED)
        if self.is_unique:
            return TieBreakResult(outcome.values, True, Termination.OPTIMAL, 0, 0, 0.0)
        stopped = self.deadline.expired or outcome.termination is Termination.TIME_LIMIT
        if stopped or not self.options.canonical:
            expired = Termination.TIME_LIMIT if self.options.canonical else Termination.OPTIMAL
            return _build_unbroken(outcome, expired)
        recovery, solver = self.form.recovery, get_backend(self.options.backend)
        columns = recovery.funded_columns, recovery.amount_columns
        with self._keep_on_interrupt("solve"):
            limits = Limits(self.deadline)
            if self._is_evidence_missing(outcome):
                limits = limits.take_share(BUDGETS.missing_tie_break_share)
            return find_canonical_point(
                outcome.model, outcome.values, *columns, solver, limits, self.stages[0]
            )
        return _build_unbroken(outcome, Termination.INTERRUPTED)

    @contextmanager
    def _keep_on_interrupt(self, phase: str) -> Iterator[None]:
        """Let Ctrl-C end this phase alone `with_evidence`, and record the phase."""
        try:
            yield
        except KeyboardInterrupt:
            if not self.options.with_evidence:
                raise
            self.interrupted = True
        finally:
            self.clock.record_phase(phase)

    def _report_progress(self, phase: str, done: float) -> None:
        if self.progress is not None:
            self.progress(phase, done)

    # Kernels and fixing

    def _solve_by_kernel(self, model: LinearModel) -> tuple[StagesOutcome, bool] | None:
        """Solve the stages with an exact kernel, if one applies."""
        whole = self.options.method in ("auto", "tree") and self.options.backend == "highs"
        if self.deadline.expired or not whole:
            return None
        form, stages, live = self.form, self.stages, self.warm.live
        max_bytes = self.problem.scenario.spec.solver.memory
        known, deadline = self.warm.model_cache.solved, self.deadline.take_share(BUDGETS.kernel_share)
        if not self.options.kept_values:
            return solve_exactly(
                model,
                stages,
                live,
                memory=known,
                recovery=form.recovery,
                deadline=deadline,
                known=self.known,
                max_bytes=max_bytes,
                end=self.deadline,
            )
        first, result = form.stages[0], None
        if len(stages) == 1 and first.sense is Sense.MAXIMISE:
            goal = SolveStage(first.name, first.objective, first.sense)
            at_least = int(model.row_lower[model.n_rows - min(self._n_kept_values, len(form.stages))])
            result = solve_kept(model, stages[0], goal, at_least, known, deadline, max_bytes)
            result = result or self._refute_first_value(goal, at_least, deadline)
        if result or not self.options.blocks:
            return result
        return solve_blocks(model, stages, live, form.recovery, deadline, max_bytes)

    def _refute_first_value(
        self, goal: SolveStage, at_least: int, deadline: Deadline
    ) -> tuple[StagesOutcome, bool] | None:
        """Show that the first kept value is out of reach, if a tree of caps finds the best value.

        Amounts that the objective does not count are left out, because only the best value matters.
        """
        form, known = self.form, self.warm.model_cache.solved
        least = form.least_granted
        cost = least.objective.copy()
        cost[form.recovery.amount_columns] = 0
        stages = goal, SolveStage(least.name, cost, least.sense)
        max_bytes = self.problem.scenario.spec.solver.memory
        solution = solve_exactly(
            form.model, stages, memory=known, deadline=deadline, max_work=0, max_bytes=max_bytes
        )
        best = None if solution is None else solution[0].stages[0].value
        return (
            build_infeasible_outcome(form.model, stages, 0.0)
            if best is not None and best < at_least
            else None
        )

    def _fix_columns(self, model: LinearModel) -> LinearModel:
        """Fix the columns that no point worth the first kept value can change (exact reduced-cost fixing)."""
        if not self.options.kept_values:
            return model
        form = self.form
        first, row = form.stages[0], model.n_rows - min(self._n_kept_values, len(form.stages))
        up = first.sense is Sense.MAXIMISE
        limit = int(model.row_lower[row] if up else model.row_upper[row])
        weighed = model.with_objective(first.objective, first.sense)
        try:
            result = fix_columns(
                weighed,
                get_backend(self.options.backend),
                limit,
                Limits(self.deadline).take_share(BUDGETS.fixing_share),
            )
        except ModelError:  # the value is out of reach, which the solver detects at once
            return model
        return model.with_bounds(result.col_lower, result.col_upper)

    # Evidence

    def _find_evidence(
        self, model: LinearModel, outcome: StagesOutcome, reading: AllocationReading | None = None
    ) -> None:
        """Seek proofs, then a second opinion.

        A decision does so as soon as the stages are solved, because a kernel's list counts only with its proof,
        and a better point of the second solver starts the stages again. A question does so once, at the end.
        """
        self.agreement = None
        self.proofs = self._prove_stages(outcome, reading)
        self.checked = self._run_cross_check(model, outcome)

    def _find_missing_evidence(self, optimum: _Optimum) -> IntArray | None:
        """Give what the limit leaves to the second solver, then to the proof, where one solver closed the list.

        Both had a share of the time before, so that the tie-break had some too. Returns a better point of the
        second solver, if it finds one.
        """
        outcome = optimum.outcome
        if not self._is_evidence_missing(outcome):
            return None
        if self.checked.verdict is Verdict.LIMIT and not self.deadline.expired:
            self.checked = self._run_cross_check(optimum.model, outcome, 1.0, self.checked.stages)
            better = self._get_better_point()
            if better is not None:
                return better
        agrees = self.checked.restrict(self._n_searched).agrees
        if not agrees and self.proof_ran_out and not self.deadline.is_unlimited:
            self.proofs = self._prove_stages(outcome, None, self.deadline)
        return None

    def _is_evidence_missing(self, outcome: StagesOutcome) -> bool:
        """Whether one solver alone closed the goals of a decision, so that the time left serves to show it."""
        if not self.options.with_evidence or self.interrupted or not self._is_closed(outcome):
            return False
        return not (self._proven or self.checked.agrees)

    def _get_better_point(self) -> IntArray | None:
        """Return the better point of the second solver, if it found one."""
        return self.checked.improvement if self.checked.verdict is Verdict.BETTER_FOUND else None

    def _prove_stages(
        self, outcome: StagesOutcome, reading: AllocationReading | None, deadline: Deadline | None = None
    ) -> Proofs:
        """Seek an exact certificate for each stage, or for infeasibility; an empty list if there is no time."""
        if not self.options.prove:
            return []
        self._report_progress("proof", 0.8)
        spent = sum(stage.seconds for stage in outcome.stages)
        deadline = deadline or self._compute_proof_deadline(spent)
        if self.interrupted or not self._is_closed(outcome) or deadline.expired:
            return []
        try:
            with self._keep_on_interrupt("proof"):
                if outcome.values is None:
                    return self._check_rows(
                        [prove_infeasible(self.problem, self.options.kept_values, deadline)], deadline
                    )
                cache = self.warm.model_cache
                claims = cache.build_claims(self.problem, deadline)
                held, hints = self._list_held_values(outcome, reading), outcome.proof_hints
                return self._check_rows(
                    prove_stages(
                        self.problem, held, deadline, None, self._n_kept_values, hints, claims, cache.checked
                    ),
                    deadline,
                )
        except PointFound:
            pass  # the prover's rows may be relaxations of the rules, so that a point of theirs proves nothing
        finally:
            self.proof_ran_out = deadline.expired
        return []

    def _check_rows(self, proofs: Proofs, deadline: Deadline) -> Proofs:
        """Drop the proofs if their rows are stronger than the second reading of the rules."""
        if not any(proofs):
            return proofs
        try:
            agreement = self.agreement = self.warm.model_cache.compare_proof_rows(self.problem, deadline)
        except DeadlineExpired:
            return []
        if agreement is None:
            return proofs
        holds = agreement.holds if self.options.with_evidence else agreement.rows_hold
        return proofs if holds else []

    def _list_held_values(self, outcome: StagesOutcome, reading: AllocationReading | None) -> list[Fraction]:
        """Return the values to prove: kept ones, optimised ones, and the least money if no stage is left."""
        if reading is None:
            assert outcome.values is not None
            allocation = Allocation(*self.form.recovery.compute_awards(outcome.values))
            reading = read_allocation(self.problem, allocation)
        if self.options.with_evidence:
            return list(reading.values)
        bests = self._compute_best_values(outcome, reading.values)
        held = [
            *self.options.kept_values,
            *bests[self._n_kept_values : self._n_kept_values + len(self._goals)],
        ]
        if self._n_kept_values == len(self.problem.stages):  # the least money is the objective
            held.append(Fraction(reading.granted_cents, 100))
        return held

    def _compute_best_values(
        self, outcome: StagesOutcome, values: tuple[Fraction, ...]
    ) -> tuple[Fraction, ...]:
        results = list(values)
        for k, (stage, result) in enumerate(
            zip(self._goals, outcome.stages, strict=False), self._n_kept_values
        ):
            if stage.tolerance and result.value is not None:
                results[k] = stage.to_value(result.value)
        return tuple(results)

    def _compute_proof_deadline(
        self, spent: float, seconds: tuple[float, float] = BUDGETS.proof_seconds
    ) -> Deadline:
        """Limit a proof to four times what the solve took, within `seconds`, as time allows.

        These are processor seconds, so that a proof is found or not whatever else the machine does.
        """
        if not self.options.with_evidence:
            share = self.deadline.take_share(BUDGETS.question_proof_share)
            return share.tighten(BUDGETS.question_proof_seconds, read_processor_time)
        least, most = seconds
        share = self.deadline.take_share(BUDGETS.proof_share)
        return share.tighten(min(max(least, 4 * spent), most), read_processor_time)

    def _run_cross_check(
        self,
        model: LinearModel,
        outcome: StagesOutcome,
        share: float = BUDGETS.cross_check_share,
        before: Sequence[StageCheck] = (),
    ) -> CrossCheck:
        """Cross-check with another solver; after Ctrl-C, skip it."""
        choice = self.options.cross_check
        self._report_progress("cross_check", 0.8)
        self.interrupted |= self.options.with_evidence and outcome.termination is Termination.INTERRUPTED

        def ask(choice: str) -> CrossCheck:
            limits = Limits(self.deadline).take_share(share)
            first = self.options.backend
            return ask_second(model, self.stages, outcome, choice, limits, first=first, before=before)

        named = choice != "auto" and self.options.with_evidence
        useful = self.options.with_evidence or self._is_closed(outcome)
        if (named or not self._proven) and useful and not self.interrupted:
            with self._keep_on_interrupt("cross_check"):
                return ask(choice)
        return ask("never")

    def _store_disputed_model(
        self, model: LinearModel, outcome: StagesOutcome, checked: CrossCheck
    ) -> Path | None:
        """Keep the model on which two solvers contradict each other, and return its folder."""
        requested = [stage.solver for stage in checked.stages if stage.solver]
        second = requested[-1] if requested else next(iter(list_independent_backends()), None)
        if second is None:
            return None
        place = self.problem.scenario.root / "runs" / "quarantine"
        if outcome.values is None:
            piece = model
        else:
            piece = build_stage_model(model, self.stages, outcome.stages, max(0, len(requested) - 1))
        try:
            solvers = get_backend(self.options.backend), get_backend(second)
            return quarantine_model(piece, *solvers, place, self.clock.deadline).folder
        except (OSError, SolverError):
            return None

    def _prove_ties(
        self,
        outcome: StagesOutcome,
        tie_break: TieBreakResult,
        allocation: Allocation,
        reading: AllocationReading,
    ) -> TieProofs:
        """Seek certificates of « least granted » and of the tie-break, if the stages have theirs."""
        sought = self.options.prove_ties and not self.interrupted and outcome.is_optimal
        if not (sought and self._proven and tie_break.proven):
            return TieProofs()
        deadline = self._compute_proof_deadline(tie_break.seconds, BUDGETS.tie_proof_seconds)
        own = max(BUDGETS.list_proof_seconds, read_processor_time() - self.processor_began)
        with self._keep_on_interrupt("proof"):
            return prove_ties(self.problem, reading.values, allocation, deadline, own, outcome.proof_hints)
        return TieProofs()

    def _complete_proofs(
        self, ties: TieProofs, allocation: Allocation, reading: AllocationReading
    ) -> tuple[Proofs, TieProofs]:
        """Add to each proof one that the verifier reads, as far as the time of the decision allows."""
        if not self.options.prove_ties or self.interrupted or not self._proven:
            return self.proofs, ties
        deadline = self._hold_back_result().tighten(BUDGETS.price_proof_seconds, read_processor_time)
        claims = self.warm.model_cache.build_claims(self.problem, deadline)
        if claims is None:
            return self.proofs, ties
        values = (*reading.values, Fraction(reading.granted_cents, 100))
        with self._keep_on_interrupt("proof"):
            *proofs, least_granted = add_price_proofs(
                claims, values, [*self.proofs, ties.least_granted], deadline
            )
            listing = add_order_prices(self.problem, claims, values, allocation, ties.listing, deadline)
            return proofs, TieProofs(least_granted, listing)
        return self.proofs, ties

    def _compute_money_gaps(self, model: LinearModel, outcome: StagesOutcome) -> tuple[int | None, ...]:
        """Express the gaps of a decision stopped by a limit in money."""
        if self._is_closed(outcome) or self.interrupted:
            return ()
        amount = self.problem.case.tree.written_cents[0]
        until = self._hold_back_result().tighten(BUDGETS.gap_seconds)
        if model.n_cols > MANY_COLUMNS and until.seconds_left < self.clock.reading_seconds:
            return ()  # the linear program takes about as long as reading did, and looks at no clock at first
        limits = Limits(until)
        return compute_money_gaps(
            self.form, model, outcome, amount, get_backend(self.options.backend), limits
        )

    # Outcomes

    def _build_optimum_outcome(
        self,
        optimum: _Optimum,
        tie_break: TieBreakResult,
        allocation: Allocation,
        reading: AllocationReading,
    ) -> SolveOutcome:
        outcome, evidence = optimum.outcome, None
        if self.options.with_evidence:
            ties = self._prove_ties(outcome, tie_break, allocation, reading)
            proofs, ties = self._complete_proofs(ties, allocation, reading)
            evidence = build_evidence(
                self.form, outcome, tie_break, self.checked, reading, self.options.method, proofs, ties,
                self._compute_money_gaps(optimum.model, outcome),
            )  # fmt: skip
            evidence = with_proof_rows(evidence, self.agreement)
        closed = self._is_closed(outcome) and self._get_better_point() is None
        proof = Proof.FEASIBLE_GAP
        agrees = self.checked.restrict(self._n_searched).agrees
        if closed and (self._proven or agrees):
            proof = Proof.PROVED if self._proven else Proof.CROSS_CHECKED
        status = derive_status(proof)
        bests = self._compute_best_values(outcome, reading.values)
        better = None
        if status is not Status.OPTIMAL:
            better = self._find_better_list(reading, bests if closed else ())
        if better is not None:
            return self._build_list_outcome(better, None, outcome.termination)
        bound = None
        if status is not Status.OPTIMAL and self._goals and outcome.stages[0].bound is not None:
            bound = self._goals[0].to_value(outcome.stages[0].bound)
        return SolveOutcome(
            status=status,
            values=reading.values,
            bests=bests,
            granted_cents=reading.granted_cents,
            allocation=allocation,
            reading=reading,
            proof=proof,
            canonical=closed and outcome.is_optimal and tie_break.proven,
            method=get_method_name(self.options.method, outcome),
            seconds=time.perf_counter() - self.began,
            certificates=tuple(proof for proof in self.proofs if proof is not None),
            bound=bound,
            claimed=closed and status is Status.FEASIBLE,
            evidence=evidence,
            interrupted=self.interrupted,
        )

    def _build_infeasible_outcome(self, outcome: StagesOutcome) -> SolveOutcome:
        """Build the outcome « infeasible », supported by an exact proof or else by two solvers."""
        proof, evidence = Proof.CROSS_CHECKED if self.checked.agrees else None, None
        if self._proven:
            proof = Proof.PROVED
        if self.options.with_evidence:
            evidence = build_infeasible_evidence(
                self.form, outcome, self.checked, self.proofs, proven=self._proven
            )
            if self.agreement is not None and not self.agreement.holds:
                evidence = with_proof_rows(evidence, self.agreement)
        proofs = tuple(proof for proof in self.proofs if proof is not None)
        return self._build_empty_outcome(Status.INFEASIBLE, proof, proofs, evidence)

    def _build_idle_outcome(self, outcome: StagesOutcome | None) -> SolveOutcome:
        """Return the best list that needs no solver, if the rules and the kept values allow any.

        A limit stopped the solver, or the formulation if there is no `outcome`. The list is greedy, known, or
        that of the commitments alone. The status is `stopped` if there is none.
        """
        self.is_first_cut = outcome is not None
        best = self._find_better_list(None)
        if best is None:
            return self._build_empty_outcome(Status.STOPPED, None, (), None)
        return self._build_list_outcome(best, outcome, Termination.TIME_LIMIT)

    def _find_better_list(
        self, reading: AllocationReading | None, bests: Sequence[Fraction] = ()
    ) -> FeasibleList | None:
        """Return the best list that needs no search; None if none is better than that of `reading`.

        `bests`: the best value of each stage, where the search that made the reading ended.
        """
        problem, limits = self.problem, self.options.kept_values
        lists = [read_list(problem, known, limits) for known in self.options.known_lists]
        if self.first is not None and self._begins_with_list:
            awards = Allocation(*self.form.recovery.compute_awards(self.first))
            lists.append(read_list(problem, awards, limits))
        if self.is_first_cut:
            late = self.clock.deadline.extend(BUDGETS.late_seconds).tighten(BUDGETS.late_seconds)
            lists.append(find_late_allocation(problem, self.form, self.stages[0], limits, late))
        if reading is None:
            lists.append(find_idle_allocation(problem, limits))
        best = None
        for found in lists:
            if found is not None and (reading is None or is_better_list(problem, found[1], reading, bests)):
                best, reading = found, found[1]
        return best

    def _build_list_outcome(
        self, best: FeasibleList, outcome: StagesOutcome | None, ended: Termination
    ) -> SolveOutcome:
        """Build the outcome of a list that no search found; `outcome` is that of a search without a list."""
        (allocation, reading), evidence = best, None
        if self.options.with_evidence:
            evidence = (
                build_early_evidence(self.problem, reading, self.options.method, ended)
                if outcome is None
                else build_idle_evidence(self.form, outcome, self.checked, reading, self.options.method)
            )
        return SolveOutcome(
            Status.FEASIBLE, reading.values, reading.values, reading.granted_cents, allocation, reading,
            Proof.FEASIBLE_GAP, False, "direct", time.perf_counter() - self.began, evidence=evidence,
            interrupted=self.interrupted,
        )  # fmt: skip

    def _build_empty_outcome(
        self,
        status: Status,
        proof: Proof | None,
        proofs: tuple[Mapping[str, Any], ...],
        evidence: Evidence | None,
    ) -> SolveOutcome:
        took = time.perf_counter() - self.began
        return SolveOutcome(
            status, (), (), None, None, None, proof, False, "direct", took, proofs, evidence=evidence,
            interrupted=self.interrupted,
        )  # fmt: skip


def _build_unbroken(outcome: StagesOutcome, why: Termination) -> TieBreakResult:
    """Build the result of a tie-break that was not made."""
    assert outcome.values is not None
    return TieBreakResult(outcome.values, False, why, 0, 0, 0.0)


def _build_progress_report(progress: Report | None) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def report_progress(step: Progress) -> None:
        done = step.index + (step.result is not None)
        progress(step.name, 0.8 * done / step.n_stages)

    return report_progress


Rows = Sequence[int] | IntArray


def with_fixed(
    problem: Problem, fund: Rows = (), refuse: Rows = (), amounts: Mapping[int, int] | None = None
) -> Problem:
    """Return the problem with dossiers fixed in, fixed out, or offered exactly one amount, by row.

    Rules stay as compiled: a minimum is not lowered because a dossier that could serve it is out.

    Parameters
    ----------
    fund
        Rows that must be funded.
    refuse
        Rows that must not be funded.
    amounts
        Cents by row: the dossier receives this amount or nothing.
    """
    offers = problem.offers
    rows = np.unique(np.array([*fund, *refuse, *(amounts or {})], dtype=np.int64))
    if not offers.candidate[rows].all():
        raise ValueError("only candidates can be funded, refused or offered another amount")
    both = sorted({*map(int, refuse)} & {*map(int, fund), *(amounts or {})})
    if both:
        names = ", ".join(f'"{problem.case.table["dossier"][row]}"' for row in both)
        raise ValueError(f"asked both in and out: {names}")
    inside = offers.forced.copy()
    inside[np.asarray(fund, dtype=np.int64)] = True
    if not len(refuse) and not amounts:
        # all other arrays stay the same objects, and with them the rows of a model
        return replace(problem, offers=replace(offers, forced=inside))
    out = np.zeros_like(offers.candidate)
    out[np.asarray(refuse, dtype=np.int64)] = True
    least, most, ranged = offers.least_cents.copy(), offers.most_cents.copy(), offers.ranged.copy()
    levelled = np.zeros_like(out)
    for row, cents in (amounts or {}).items():
        least[row] = most[row] = cents
        ranged[row], levelled[row] = False, True
    candidate = offers.candidate & ~out
    levels = offers.levels.restrict(candidate & ~levelled)
    changed = replace(
        offers,
        candidate=candidate,
        forced=inside & candidate,
        refused=offers.refused | out,
        ranged=ranged & candidate,
        least_cents=least,
        most_cents=most,
        levels=levels,
        common=replace(offers.common, levels=levels),
    )
    return replace(problem, offers=changed)
