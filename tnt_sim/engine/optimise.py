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
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import BUDGETS, Clock
from tnt_sim.engine.incumbent import (
    build_early_result,
    build_no_allocation_error,
    find_first_point,
    find_idle_allocation,
    list_worse_stages,
)
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.result import Proof, ResultData, SolveOutcome, Status, build_result, derive_status
from tnt_sim.engine.solution_evidence import (
    build_disagreement_error,
    build_evidence,
    build_idle_evidence,
    build_infeasible_evidence,
    compute_money_gaps,
    read_again,
)
from tnt_sim.errors import SolverError, VerificationError
from tnt_sim.formulation.formulate import Formulation, with_kept_values
from tnt_sim.formulation.linear_model import NO_UPPER, IntArray, LinearModel, ModelError, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.stage_proofs import prove_empty, prove_nothing_kept, prove_stages
from tnt_sim.prove.tie_break_proofs import TieProofs, prove_ties
from tnt_sim.rules.kinds.equity.rule import Equity
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.load import with_amounts, with_changes
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.backends.registry import get_backend, list_independent_backends
from tnt_sim.solve.methods.cap_tree import build_infeasible_outcome
from tnt_sim.solve.methods.core_problem import solve_core
from tnt_sim.solve.methods.cross_check import CrossCheck, Verdict, build_stage_model, quarantine_model
from tnt_sim.solve.methods.cross_check import cross_check as ask_second
from tnt_sim.solve.methods.exact_kernels import WORDS, solve_blocks, solve_exactly, solve_kept
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.methods.lexicographic import (
    Progress,
    ProofHints,
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
    list_broken_rules,
    read_allocation,
)

__all__ = ["SolveOutcome", "optimise", "with_amounts", "with_changes", "with_fixed"]


def without_refused(
    problem: Problem, recovery: Recovery, model: LinearModel, allocation: Allocation
) -> LinearModel:
    """Add a cut for each `equity` figure that the exact check rejects; return the model itself if there is none.

    A cut requires one of the dossiers `enter` to be funded, or one of the dossiers `leave` not to be.
    """
    column, row = recovery.funded_columns, recovery.candidate
    for rule in problem.rules:
        if not isinstance(rule, Equity) or rule.mode is not Mode.HARD:
            continue
        for enter, leave in rule.build_cuts(allocation.funded, allocation.granted_cents) or ():
            cut = np.zeros(model.n_cols, dtype=np.int64)
            cut[column] = enter[row].astype(np.int64) - leave[row].astype(np.int64)
            lower = 1 - int(leave[row].sum())
            model = model.with_rows(cut[None, :], [lower], [NO_UPPER], [f"refused {rule.id}"])
    return model


METHODS: dict[str, StageSolver] = {
    "auto": solve_integral,
    "direct": solve_integral,
    "core": solve_core,
    "tree": solve_integral,
}
"""How the solver solves a stage. `auto` and `tree` first try an exact kernel on the whole decision."""
Report = Callable[[str, float], None]


def decide(
    scenario: ScenarioData,
    *,
    backend: str,
    cross_check: str,
    clock: Clock,
    method: str = "auto",
    progress: Report | None = None,
) -> ResultData:
    """Decide a scenario without steps, within the time that `clock` has left; see `decide_problem`."""
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
    model_cache: ModelCache | None = None,
    ties: bool = True,
) -> ResultData:
    """Find the optimal allocation of a compiled problem, with its evidence.

    Parameters
    ----------
    model_cache
        Rows and kernel results of previous problems, to reuse; the answer does not depend on them.
    ties
        Also seek proofs of « least granted » and of the tie-break.

    Raises
    ------
    LimitReached
        If a limit stopped the run before any feasible allocation was found.
    DisagreementError
        If two solvers contradict each other.
    VerificationError
        If the exact check contradicts the solver.
    """
    model_cache = model_cache or ModelCache()
    try:
        form = model_cache.build_formulation(problem, clock.hold_back(BUDGETS.result_share))
    except DeadlineExpired:
        return build_early_result(problem, method, clock.seconds)
    finally:
        clock.record_phase("formulate")
    return _Decision(
        problem, form, model_cache, backend, cross_check, method, clock, progress, ties
    ).build_result()


@dataclass(frozen=True, slots=True, eq=False)
class _Optimum:
    """End of the loop: the last model, cuts included, the results of its stages, and the chosen point.

    `tie_break` and `allocation` are None if no point was found.
    """

    model: LinearModel
    outcome: StagesOutcome
    tie_break: TieBreakResult | None = None
    allocation: Allocation | None = None


class _Optimisation(ABC):
    """The loop of every optimisation: solve the stages, break ties, cut off what the exact reading refuses."""

    problem: Problem
    backend: str
    deadline: Deadline
    form: Formulation
    stages: list[SolveStage]
    is_unique: bool = False
    """An exact kernel solved the stages and proved its point to be the unique answer."""
    tie_break_goal: SolveStage | None = None
    """The objective under which the tie-break looks for other optima; by default that of the last stage."""

    @abstractmethod
    def _solve_first(self, model: LinearModel) -> tuple[LinearModel, StagesOutcome]:
        """Solve the stages for the first time; the model may come back with columns fixed."""

    @abstractmethod
    def _solve(self, model: LinearModel, start: IntArray | None) -> StagesOutcome:
        """Solve the stages with a solver, from a point if there is one."""

    def _find_optimum(self, model: LinearModel) -> _Optimum:
        """Run the loop."""
        model, outcome = self._solve_first(model)
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

    def _solve_in_order(
        self,
        model: LinearModel,
        start: IntArray | None,
        method: StageSolver,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> StagesOutcome:
        """Solve the stages with the chosen solver within the deadline."""
        solver, limits = get_backend(self.backend), Limits(self.deadline)
        return solve_lexicographic(model, self.stages, solver, limits, on_progress, start, method)

    def _break_ties(self, outcome: StagesOutcome) -> TieBreakResult:
        """Find the first of the equal optima in rank order, as time allows."""
        assert outcome.values is not None
        stopped = outcome.termination is Termination.INTERRUPTED
        if self.is_unique and not stopped:
            return TieBreakResult(outcome.values, True, Termination.OPTIMAL, 0, 0, 0.0)
        if stopped or self.deadline.expired:
            return _build_unbroken(outcome, Termination.INTERRUPTED if stopped else Termination.TIME_LIMIT)
        recovery, solver = self.form.recovery, get_backend(self.backend)
        columns = recovery.funded_columns, recovery.amount_columns
        limits = Limits(self.deadline)
        return find_canonical_point(
            outcome.model, outcome.values, *columns, solver, limits, self.tie_break_goal
        )


def _build_unbroken(outcome: StagesOutcome, why: Termination) -> TieBreakResult:
    """Build the result of a tie-break that was not made."""
    assert outcome.values is not None
    return TieBreakResult(outcome.values, False, why, 0, 0, 0.0)


@dataclass
class _Decision(_Optimisation):
    """State of one decision: the loop, with proofs, a second solver and evidence for planners."""

    problem: Problem
    form: Formulation
    model_cache: ModelCache
    backend: str
    choice: str
    method: str
    clock: Clock
    progress: Report | None
    ties: bool
    stages: list[SolveStage] = field(init=False)
    checked: CrossCheck = field(init=False)
    proofs: list[dict[str, Any] | None] = field(default_factory=list)
    interrupted: bool = False
    first: IntArray | None = None
    """A feasible point found before the solve."""
    deadline: Deadline = field(init=False)
    """When the search ends; the time left after it serves to build the result."""

    def __post_init__(self) -> None:
        until = self.clock.hold_back(BUDGETS.result_share)
        left = until.seconds_left
        kept_back = min(BUDGETS.gap_seconds, BUDGETS.gap_share * left)
        self.deadline = until.tighten(None if math.isinf(left) else left - kept_back)

    def build_result(self) -> ResultData:
        """Find the allocation and build the result."""
        self.stages = [stage.to_solve_stage() for stage in (*self.form.stages, self.form.least_granted)]
        self.tie_break_goal = self.stages[0]
        deadline = self.deadline.take_share(BUDGETS.first_share).tighten(BUDGETS.first_seconds)
        self.first = find_first_point(self.form, self.form.model, self.stages[0], deadline)
        optimum = self._find_optimum(CoefficientTightening(self.deadline).apply(self.form.model)[0])
        outcome, tie_break, allocation = optimum.outcome, optimum.tie_break, optimum.allocation
        if tie_break is None or allocation is None:
            nothing = outcome.values is None and outcome.termination is Termination.INFEASIBLE
            return self._without_allocation(outcome) if nothing else self._build_idle_result(outcome)
        reading = read_again(self.problem, self.form, allocation, outcome)
        self.clock.record_phase("verify")
        ties = self._prove_ties(outcome, tie_break, allocation, reading)
        evidence = build_evidence(
            self.form, outcome, tie_break, self.checked, reading, self.method, self.proofs, ties,
            self._compute_money_gaps(optimum.model, outcome),
        )  # fmt: skip
        rows = self.model_cache.count_proof_rows(self.problem, self.proofs)
        result = build_result(
            self.problem, replace(evidence, rows=rows), allocation, reading, self.clock.seconds
        )
        return replace(result, interrupted=self.interrupted)

    def _break_ties(self, outcome: StagesOutcome) -> TieBreakResult:
        """Break ties unless Ctrl-C was pressed, which keeps the point that is at hand."""
        self._report_progress("tie_break", 0.9)
        unbroken = _build_unbroken(outcome, Termination.INTERRUPTED)
        if self.interrupted:
            return unbroken
        try:
            return super()._break_ties(outcome)
        except KeyboardInterrupt:
            return unbroken
        finally:
            self.clock.record_phase("solve")

    def _report_progress(self, phase: str, done: float) -> None:
        if self.progress is not None:
            self.progress(phase, done)

    def _solve_first(self, model: LinearModel) -> tuple[LinearModel, StagesOutcome]:
        return model, self._solve(model, None)

    def _solve(self, model: LinearModel, start: IntArray | None) -> StagesOutcome:
        """Solve the stages and cross-check them; solve again from any better point of the second solver.

        If a kernel found a point but no proof was found, the solver starts from this point; otherwise it
        starts from the first feasible point.
        """
        settled = self._solve_by_kernel(model) if start is None else None
        if settled is not None:
            self.proofs = self._prove_stages(settled)
            if self._proven:
                self.checked = self._run_cross_check(model, settled)
                return settled
            start = settled.values  # so that a solver stopped by a limit returns at least this
        self.is_unique = False
        if start is None and self.first is not None and model.is_feasible(self.first):
            start = self.first
        report = _build_progress_report(self.progress)
        for _ in range(BUDGETS.better_starts):
            outcome = self._solve_in_order(model, start, METHODS[self.method], report)
            self.clock.record_phase("solve")
            if outcome.values is None and outcome.termination is Termination.INTERRUPTED:
                raise KeyboardInterrupt
            self.proofs = self._prove_stages(outcome)
            self.checked = self._run_cross_check(model, outcome)
            better = self.checked.improvement if self.checked.verdict is Verdict.BETTER_FOUND else None
            if better is None:
                return outcome
            start = better
        folder = self._store_disputed_model(model, outcome, self.checked)
        raise build_disagreement_error(self.checked, folder)

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
            solvers = get_backend(self.backend), get_backend(second)
            return quarantine_model(piece, *solvers, place, self.clock.deadline).folder
        except (OSError, SolverError):
            return None

    def _solve_by_kernel(self, model: LinearModel) -> StagesOutcome | None:
        """Solve the decision with an exact kernel, if one applies; only for the model without added cuts."""
        whole = self.method in ("auto", "tree") and self.backend == "highs"
        if self.deadline.expired or not whole or model.n_rows != self.form.model.n_rows:
            return None
        recovery = self.form.recovery
        deadline = self.deadline.take_share(BUDGETS.kernel_share)
        result = solve_exactly(
            self.form.model, self.stages, memory=self.model_cache.solved, recovery=recovery, deadline=deadline
        )
        self.clock.record_phase("solve")
        if result is None:
            return None
        outcome, self.is_unique = result
        return outcome

    def _prove_stages(self, outcome: StagesOutcome) -> list[dict[str, Any] | None]:
        """Seek an exact certificate for each stage, or for infeasibility; an empty list if there is no time."""
        self._report_progress("proof", 0.8)
        stopped = self.interrupted or outcome.termination is Termination.INTERRUPTED
        if stopped or self.deadline.expired:
            return []
        if not outcome.is_optimal and outcome.termination is not Termination.INFEASIBLE:
            return []
        deadline = self._compute_proof_deadline(sum(stage.seconds for stage in outcome.stages))
        try:
            if outcome.values is None:
                return [prove_empty(self.problem, deadline)]
            allocation = Allocation(*self.form.recovery.compute_awards(outcome.values))
            values = read_allocation(self.problem, allocation).values
            claims = self.model_cache.build_claims(self.problem, deadline)
            checked = self.model_cache.checked
            return prove_stages(self.problem, values, deadline, None, 0, outcome.proof_hints, claims, checked)
        except KeyboardInterrupt:
            self.interrupted = True
            return []
        except PointFound:
            # the prover's rows may be relaxations of the rules, so that a point of theirs proves nothing
            return []
        finally:
            self.clock.record_phase("proof")

    def _prove_ties(
        self,
        outcome: StagesOutcome,
        tie_break: TieBreakResult,
        allocation: Allocation,
        reading: AllocationReading,
    ) -> TieProofs:
        """Seek certificates of « least granted » and of the tie-break, if the stages have theirs."""
        if not self.ties or self.interrupted or not (self._proven and tie_break.proven):
            return TieProofs()
        deadline = self._compute_proof_deadline(tie_break.seconds, BUDGETS.tie_proof_seconds)
        try:
            funded, cents = allocation.funded, allocation.granted_cents
            return prove_ties(self.problem, reading.values, funded, cents, deadline, outcome.proof_hints)
        except KeyboardInterrupt:
            self.interrupted = True
            return TieProofs()
        finally:
            self.clock.record_phase("proof")

    def _compute_money_gaps(self, model: LinearModel, outcome: StagesOutcome) -> tuple[int | None, ...]:
        """Express the gaps of a decision stopped by a limit in money."""
        if outcome.is_optimal or self.interrupted:
            return ()
        amount = self.problem.case.tree.written_cents[0]
        limits = Limits(self.clock.hold_back(BUDGETS.result_share).tighten(BUDGETS.gap_seconds))
        return compute_money_gaps(self.form, model, outcome, amount, get_backend(self.backend), limits)

    def _compute_proof_deadline(
        self, spent: float, seconds: tuple[float, float] = BUDGETS.proof_seconds
    ) -> Deadline:
        """Limit a proof to four times what the solve took, within `seconds`, as time allows."""
        least, most = seconds
        return self.deadline.take_share(BUDGETS.proof_share).tighten(min(max(least, 4 * spent), most))

    @property
    def _proven(self) -> bool:
        return bool(self.proofs) and all(proof is not None for proof in self.proofs)

    def _without_allocation(self, outcome: StagesOutcome) -> ResultData:
        """Build the result « infeasible », supported by an exact proof or else by two solvers."""
        evidence = build_infeasible_evidence(
            self.form, outcome, self.checked, self.proofs, proven=self._proven
        )
        return build_result(self.problem, evidence, None, None, self.clock.seconds)

    def _build_idle_result(self, outcome: StagesOutcome) -> ResultData:
        """Return the allocation that needs no solver, if the rules allow it (a limit stopped the solver)."""
        result = find_idle_allocation(self.problem, ())
        if result is None:
            raise build_no_allocation_error()
        allocation, reading = result
        evidence = build_idle_evidence(self.form, outcome, self.checked, reading, self.method)
        return build_result(self.problem, evidence, allocation, reading, self.clock.seconds)

    def _run_cross_check(self, model: LinearModel, outcome: StagesOutcome) -> CrossCheck:
        """Cross-check with another solver; after Ctrl-C, skip it."""
        self._report_progress("cross_check", 0.8)
        self.interrupted |= outcome.termination is Termination.INTERRUPTED

        def ask(choice: str) -> CrossCheck:
            # half of the remaining time, so that the tie-break has time too
            limits = Limits(self.deadline).take_share(BUDGETS.cross_check_share)
            return ask_second(model, self.stages, outcome, choice, limits, first=self.backend)

        try:
            needed = self.choice != "auto" or not self._proven
            checked = ask(self.choice if needed and not self.interrupted else "never")
        except KeyboardInterrupt:
            self.interrupted = True
            checked = ask("never")
        self.clock.record_phase("cross_check")
        return checked


def _build_progress_report(progress: Report | None) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def report_progress(step: Progress) -> None:
        done = step.index + (step.result is not None)
        progress(step.name, 0.8 * done / step.n_stages)

    return report_progress


Rows = Sequence[int] | IntArray

_NO_LIMIT = (Termination.INFEASIBLE, Termination.INTERRUPTED)


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

    Raises
    ------
    ValueError
        If a row is not a candidate (ineligible, or already committed), or is both in and out.
    """
    offers = problem.offers
    rows = np.unique(np.array([*fund, *refuse, *(amounts or {})], dtype=np.int64))
    if not offers.candidate[rows].all():
        raise ValueError("only candidates can be funded, refused or offered another amount")
    both = sorted({*map(int, refuse)} & {*map(int, fund), *(amounts or {})})
    if both:
        names = ", ".join(f"« {problem.case.table['dossier'][row]} »" for row in both)
        raise ValueError(f"asked both in and out: {names}")
    out = np.zeros_like(offers.candidate)
    out[np.asarray(refuse, dtype=np.int64)] = True
    inside = offers.forced.copy()
    inside[np.asarray(fund, dtype=np.int64)] = True
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


def optimise(
    problem: Problem,
    *,
    limits: Sequence[Fraction] = (),
    goals: int | None = None,
    least: bool = True,
    canonical: bool = True,
    prove: bool = True,
    backend: str = "highs",
    cross_check: str = "never",
    clock: Clock | None = None,
    method: StageSolver = solve_integral,
    live: IncrementalLp | None = None,
    kernels: bool = True,
    blocks: bool = True,
    model_cache: ModelCache | None = None,
) -> SolveOutcome:
    """Re-optimise with the first stages kept at given values.

        optimise stage_{k+1}, …, then min granted, then the tie-break
        subject to stage_j no worse than kept_j for j ≤ k

    Parameters
    ----------
    kept
        A value for each of the first stages, in its unit: a minimum if it is maximised, a maximum if it is
        minimised.
    goals
        Number of following stages to optimise. Default: all.
    least
        Then minimise the total granted. With every stage kept, this is the least money for at least these
        values.
    canonical
        Then break ties, so that the answer is unique.
    prove
        Seek an exact certificate of each optimised stage, or of the least money if every stage is kept.
    cross_check
        `never`, or `auto` or an independent solver, used if no certificate is found.
    clock
        The time left. At its end the answer is the best allocation found so far.
    kernels
        Try exact kernels before a solver, for half of the time at most.
    blocks
        With a kept objective, also try blocks under prices, which are slow if an amount has many steps.
    live, model_cache
        Linear program, rows and kernel results of the previous call, to start from (`session.py`); the answer
        does not depend on them.

    Raises
    ------
    ValueError
        If no stage is left to optimise.
    VerificationError
        If the exact check contradicts the solver.
    """
    return _Question(
        _without_tolerance(problem, len(limits)),
        tuple(limits),
        len(problem.stages) - len(limits) if goals is None else goals,
        least,
        canonical,
        prove,
        backend,
        cross_check,
        (clock or Clock(None)).deadline,
        method,
        live,
        kernels,
        blocks,
        model_cache or ModelCache(),
    ).build_outcome()


def _without_tolerance(problem: Problem, n_kept: int) -> Problem:
    """Remove the tolerance of the stages that are kept."""
    stages = [
        replace(stage, tolerance=Fraction(0)) if k < n_kept else stage
        for k, stage in enumerate(problem.stages)
    ]
    return replace(problem, stages=tuple(stages))


@dataclass
class _Question(_Optimisation):
    """State of one re-optimisation: the loop, with the first stages kept."""

    problem: Problem
    limits: tuple[Fraction, ...]
    goals: int
    least: bool
    canonical: bool
    prove: bool
    backend: str
    choice: str
    deadline: Deadline
    method: StageSolver
    live: IncrementalLp | None = None
    kernels: bool = True
    blocks: bool = True
    model_cache: ModelCache = field(default_factory=ModelCache)
    form: Formulation = field(init=False)
    stages: list[SolveStage] = field(init=False)
    certificates: tuple[Mapping[str, Any], ...] = field(init=False, default=())

    def build_outcome(self) -> SolveOutcome:
        """Re-optimise and build the answer."""
        began = time.perf_counter()
        try:
            self.form = self.model_cache.build_formulation(self.problem, self.deadline)
        except DeadlineExpired:
            return self._find_idle_outcome(began) or self._build_stopped_outcome(began)
        self.stages = self._list_stages()
        model, _ = CoefficientTightening(self.deadline).apply(self.form.model)
        optimum = self._find_optimum(with_kept_values(model, self.form.stages, self.limits))
        outcome, tie_break, allocation = optimum.outcome, optimum.tie_break, optimum.allocation
        if tie_break is None or allocation is None:
            idle = None if outcome.termination in _NO_LIMIT else self._find_idle_outcome(began)
            return idle or self._without_allocation(optimum, began)
        reading = self._read(allocation)
        bests = self._compute_best_values(outcome, reading.values)
        held = [*self.limits, *bests[len(self.limits) : len(self.limits) + self.goals]]
        if len(self.limits) == len(self.problem.stages):  # the least money is the objective
            held.append(Fraction(reading.granted_cents, 100))
        proof = self._determine_proof(optimum, held)
        status, closed = derive_status(proof), outcome.is_optimal
        bound = None if status is Status.OPTIMAL else self._compute_bound(outcome)
        method, took = WORDS.get(outcome.stages[0].solver, "direct"), time.perf_counter() - began
        head = status, reading.values, bests, reading.granted_cents, allocation, reading
        claimed = closed and status is Status.FEASIBLE
        return SolveOutcome(
            *head, proof, closed and tie_break.proven, method, took, self.certificates, bound, claimed
        )

    def _compute_bound(self, outcome: StagesOutcome) -> Fraction | None:
        first = self.form.stages[len(self.limits) :][: min(1, self.goals)]
        if not first or outcome.stages[0].bound is None:
            return None
        return first[0].to_value(outcome.stages[0].bound)

    def _list_stages(self) -> list[SolveStage]:
        form, first = self.form, len(self.limits)
        requested = [*form.stages[first : first + self.goals], *([form.least_granted] if self.least else [])]
        if not requested:
            raise ValueError("a question must leave a stage to optimise")
        return [stage.to_solve_stage() for stage in requested]

    def _solve_first(self, model: LinearModel) -> tuple[LinearModel, StagesOutcome]:
        """Try exact kernels on the model as formulated; otherwise fix columns and ask a solver."""
        result = self._solve_by_kernel(with_kept_values(self.form.model, self.form.stages, self.limits))
        if result is not None:
            outcome, self.is_unique = result
            return model, outcome
        model = self._fix_columns(model)
        return model, self._solve(model, None)

    def _solve(self, model: LinearModel, start: IntArray | None) -> StagesOutcome:
        self.is_unique = False
        return self._solve_in_order(model, start, self.method)

    def _break_ties(self, outcome: StagesOutcome) -> TieBreakResult:
        """Break ties, if requested."""
        if not self.canonical and not self.is_unique:
            return _build_unbroken(outcome, Termination.INTERRUPTED)
        return super()._break_ties(outcome)

    def _fix_columns(self, model: LinearModel) -> LinearModel:
        """Fix the columns that no point worth the first kept value can change (exact reduced-cost fixing)."""
        if not self.limits:
            return model
        form = self.form
        first, row = form.stages[0], model.n_rows - min(len(self.limits), len(form.stages))
        up = first.sense is Sense.MAXIMISE
        limit = int(model.row_lower[row] if up else model.row_upper[row])
        weighed = model.with_objective(first.objective, first.sense)
        try:
            result = fix_columns(
                weighed,
                get_backend(self.backend),
                limit,
                Limits(self.deadline).take_share(BUDGETS.fixing_share),
            )
        except ModelError:  # the value is out of reach, which the solver detects at once
            return model
        return model.with_bounds(result.col_lower, result.col_upper)

    def _solve_by_kernel(self, model: LinearModel) -> tuple[StagesOutcome, bool] | None:
        form, stages = self.form, self.stages
        if self.backend != "highs" or not self.kernels:
            return None
        known, deadline = self.model_cache.solved, self.deadline.take_share(BUDGETS.kernel_share)
        if not self.limits:
            return solve_exactly(
                model, stages, self.live, memory=known, recovery=form.recovery, deadline=deadline
            )
        first, result = form.stages[0], None
        if len(stages) == 1 and first.sense is Sense.MAXIMISE:
            goal = SolveStage(first.name, first.objective, first.sense)
            at_least = int(model.row_lower[model.n_rows - min(len(self.limits), len(form.stages))])
            result = solve_kept(model, stages[0], goal, at_least, known, deadline)
            result = result or self._refute_first_limit(goal, at_least, deadline)
        if result or not self.blocks:
            return result
        return solve_blocks(model, stages, self.live, form.recovery, deadline)

    def _refute_first_limit(
        self, goal: SolveStage, at_least: int, deadline: Deadline
    ) -> tuple[StagesOutcome, bool] | None:
        """Show that the first kept value is out of reach, if a tree of caps finds the best value.

        Amounts that the objective does not count are left out, because only the best value matters.
        """
        form, known = self.form, self.model_cache.solved
        least = form.least_granted
        cost = least.objective.copy()
        cost[form.recovery.amount_columns] = 0
        stages = goal, SolveStage(least.name, cost, least.sense)
        found = solve_exactly(form.model, stages, memory=known, deadline=deadline, max_work=0)
        best = None if found is None else found[0].stages[0].value
        return (
            build_infeasible_outcome(form.model, stages, 0.0)
            if best is not None and best < at_least
            else None
        )

    def _read(self, allocation: Allocation) -> AllocationReading:
        """Check exactly that all rules and all kept values are satisfied."""
        reading = read_allocation(self.problem, allocation)
        broken = [
            *list_broken_rules(self.problem, allocation, reading),
            *list_worse_stages(self.problem, self.limits, reading),
        ]
        if broken:
            raise VerificationError(broken)
        return reading

    def _compute_best_values(
        self, outcome: StagesOutcome, values: tuple[Fraction, ...]
    ) -> tuple[Fraction, ...]:
        first, results = len(self.limits), list(values)
        asked = self.form.stages[first : first + self.goals]
        for k, (stage, result) in enumerate(zip(asked, outcome.stages, strict=False), first):
            if stage.tolerance and result.value is not None:
                results[k] = stage.to_value(result.value)
        return tuple(results)

    def _determine_proof(self, optimum: _Optimum, held: list[Fraction]) -> Proof:
        outcome = optimum.outcome
        if not outcome.is_optimal:
            return Proof.FEASIBLE_GAP
        if self.prove and self._is_proven(held, outcome.proof_hints):
            return Proof.PROVED
        return Proof.CROSS_CHECKED if self._is_confirmed(optimum) else Proof.FEASIBLE_GAP

    def _is_confirmed(self, optimum: _Optimum) -> bool:
        """Whether a second solver confirms the result, if one is requested."""
        limits = Limits(self.deadline).take_share(BUDGETS.cross_check_share)
        model, outcome = optimum.model, optimum.outcome
        checked = ask_second(model, self.stages, outcome, self.choice, limits, first=self.backend)
        return bool(checked.agrees)

    def _is_proven(self, held: list[Fraction], proof_hints: ProofHints | None) -> bool:
        first, deadline = len(self.limits), self._compute_proof_deadline()
        if deadline.expired:
            return False
        try:
            claims = self.model_cache.build_claims(self.problem, deadline)
            checked = self.model_cache.checked
            proofs = prove_stages(self.problem, held, deadline, None, first, proof_hints, claims, checked)
        except PointFound:  # the prover's rows may be relaxations: their point refutes nothing
            return False
        self.certificates = tuple(
            proof for proof in proofs if proof is not None
        )  # none after the first failure
        return bool(proofs) and len(self.certificates) == len(proofs)

    def _compute_proof_deadline(self) -> Deadline:
        return self.deadline.take_share(BUDGETS.question_proof_share).tighten(BUDGETS.question_proof_seconds)

    def _find_idle_outcome(self, began: float) -> SolveOutcome | None:
        """Return the allocation that needs no solver, if it satisfies the rules and the kept values."""
        result = find_idle_allocation(self.problem, self.limits)
        if result is None:
            return None
        values, cents, took = result[1].values, result[1].granted_cents, time.perf_counter() - began
        known = values, values, cents, *result
        return SolveOutcome(Status.FEASIBLE, *known, Proof.FEASIBLE_GAP, False, "direct", took)

    def _build_stopped_outcome(self, began: float) -> SolveOutcome:
        """Return STOPPED: no feasible allocation was found in time."""
        took = time.perf_counter() - began
        return SolveOutcome(Status.STOPPED, (), (), None, None, None, None, False, "direct", took)

    def _without_allocation(self, optimum: _Optimum, began: float) -> SolveOutcome:
        """Return INFEASIBLE, or STOPPED if nothing was found in time."""
        outcome = optimum.outcome
        if outcome.termination is Termination.INTERRUPTED:
            raise KeyboardInterrupt
        nothing, proof = outcome.termination is Termination.INFEASIBLE, None
        if nothing and self.prove and self._is_proven_infeasible():
            proof = Proof.PROVED
        elif nothing and self._is_confirmed(optimum):
            proof = Proof.CROSS_CHECKED
        took = time.perf_counter() - began
        status = Status.INFEASIBLE if nothing else Status.STOPPED
        return SolveOutcome(status, (), (), None, None, None, proof, False, "direct", took, self.certificates)

    def _is_proven_infeasible(self) -> bool:
        try:
            proof = prove_nothing_kept(self.problem, self.limits, self._compute_proof_deadline())
        except PointFound:
            return False
        self.certificates = () if proof is None else (proof,)
        return proof is not None
