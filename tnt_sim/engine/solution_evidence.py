"""Evidence of a decision: status, proof, certificate, warnings, and the gap in money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tnt_sim.certify.claim_systems import Agreement
from tnt_sim.engine.result import Evidence, Proof, Status, derive_status
from tnt_sim.errors import Defect, DisagreementError, VerificationError
from tnt_sim.formulation.formulate import Formulation, ModelStage
from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.prove.tie_break_proofs import TieProofs
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Backend, Limits, Termination
from tnt_sim.solve.methods.cross_check import CrossCheck, Verdict, build_unfinished_check
from tnt_sim.solve.methods.exact_kernels import WORDS
from tnt_sim.solve.methods.lexicographic import StageResult, StagesOutcome
from tnt_sim.solve.methods.tie_break import TieBreakResult
from tnt_sim.solve.reductions.fixing import compute_bound_in_time
from tnt_sim.verify import claim_consistency
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    list_worse_stages,
    read_allocation,
)
from tnt_sim.verify.run_document import StageFigures, format_bound, format_fraction
from tnt_sim.verify.verification import ProofRows

MAX_LISTED = 5
"""Rows that a warning names."""
_STOPS = {
    Termination.TIME_LIMIT: "time",
    Termination.NODE_LIMIT: "nodes",
    Termination.SOLUTION_LIMIT: "nodes",
    Termination.MEMORY_LIMIT: "memory",
    Termination.INTERRUPTED: "interrupt",
}


def find_stopping_limit(outcome: StagesOutcome, tie_break: TieBreakResult) -> str | None:
    """Return the limit that stopped the decision (`time`, `nodes`, `memory`, `interrupt`), or None."""
    interrupted = tie_break.termination is Termination.INTERRUPTED
    word = tie_break.termination if outcome.is_optimal or interrupted else outcome.termination
    return _STOPS.get(word)


def collect_evidence_warnings(
    outcome: StagesOutcome, proof: Proof, tie_break: TieBreakResult, *, closed: bool
) -> tuple[Defect, ...]:
    """Return the warning about the weakest part of the evidence; empty if nothing is missing.

    `closed` : the search for the goals ended by itself.
    """
    if not closed:
        return (claim_consistency.NOT_PROVED,)
    if proof is Proof.FEASIBLE_GAP:
        return (claim_consistency.ONE_SOLVER,)
    is_first = tie_break.proven and outcome.is_optimal
    return () if is_first else (claim_consistency.NOT_CANONICAL,)


def collect_check_warnings(checked: CrossCheck) -> tuple[Defect, ...]:
    """Return the warning that no second solver confirms the result; empty if one does."""
    return (
        ()
        if checked.agrees
        else (claim_consistency.build_unconfirmed_warning(checked.reason, checked.verdict.value),)
    )


def build_disagreement_error(checked: CrossCheck, folder: Path | None) -> DisagreementError:
    """Build the error for two solvers that contradict each other; `folder` is where the model was stored."""
    stages = "; ".join(
        f"{stage.name}: {stage.expected} / {stage.observed} ({stage.solver})" for stage in checked.stages
    )
    claims = f" ({stages})" if stages else ""
    place = NO_TEXT
    if folder is not None:
        place = _(' The model is kept in "{folder}".', folder=folder)
    return DisagreementError(
        _(
            "two solvers do not agree ({reason}){claims}. Nothing is decided.{place}",
            reason=checked.reason,
            claims=claims,
            place=place,
        )
    )


def build_certificate(
    form: Formulation,
    outcome: StagesOutcome,
    tie_break: TieBreakResult | None,
    checked: CrossCheck,
    proofs: Sequence[Mapping[str, object] | None],
    ties: TieProofs = TieProofs(),
    values: Sequence[Fraction] = (),
) -> dict[str, object]:
    """Build the content of `certificate.json`, without anything that depends on the clock.

    `stages` repeats the solver's claims, values and bounds in the unit of each objective. `proofs` has one
    entry per stage, null if none was found; for an infeasible scenario, one entry, the proof of
    infeasibility. `tie_break` holds the proofs of « least granted » and of the tie-break.
    """
    return {
        "schema_version": 1,
        "stages": [
            {
                "goal": found.name,
                "sense": found.sense.value,
                "value": _format_goal_value(stage, found, value),
                "bound": _format_goal_bound(stage, found.bound, value),
                "termination": found.termination.value,
                "solver": found.solver,
                "repairs": [f"{repair.kind.value}: {repair.detail}" for repair in found.repairs],
            }
            for stage, found, value in zip(
                (*form.stages, form.least_granted),
                outcome.stages,
                (*values, *[None] * (len(form.stages) + 1)),
                strict=False,
            )
        ],
        "proofs": list(proofs),
        "tie_break": None
        if tie_break is None
        else {
            "proven": tie_break.proven,
            "n_open": tie_break.n_open,
            "least_granted": ties.least_granted,
            "list": ties.listing,
        },
        "cross_check": {
            "verdict": checked.verdict.value,
            "solver": checked.solver,
            "stages": [
                {
                    "goal": stage.name,
                    "verdict": stage.verdict.value,
                    "solver": stage.solver,
                    "found": stage.observed,
                }
                for stage in checked.stages
            ],
        },
    }


def _format_goal_bound(stage: ModelStage, units: int | None, value: Fraction | None) -> str | None:
    """Convert a bound in model units to one on the objective's value, as text."""
    bound = None if units is None else stage.to_value(units)
    return format_bound(bound, value, is_maximised=stage.sense is Sense.MAXIMISE)


def _format_goal_value(stage: ModelStage, result: StageResult, value: Fraction | None) -> str | None:
    """Write the value that a stage ended with; that of the list, `value`, where a limit ended the stage.

    The list then comes from a later stage, which keeps what the stage has and may have more.
    """
    if result.value is None or (result.termination is not Termination.OPTIMAL and value is not None):
        return format_fraction(None if result.value is None else value)
    return format_fraction(stage.to_value(result.value))


def join_solver_logs(outcome: StagesOutcome) -> str:
    """Join the solver logs of all stages."""
    return "".join(f"== {found.name} ==\n{found.log}" for found in outcome.stages)


def build_evidence(
    form: Formulation,
    outcome: StagesOutcome,
    tie_break: TieBreakResult,
    checked: CrossCheck,
    reading: AllocationReading,
    method: str,
    proofs: Sequence[Mapping[str, Any] | None],
    ties: TieProofs,
    money: Sequence[int | None] = (),
) -> Evidence:
    """Combine solver outcome, proofs, cross-check and exact reading into the evidence of an allocation."""
    closed, whole = outcome.has_closed(len(form.stages)), outcome.is_optimal
    confirmed, checked = checked.agrees, checked.restrict(len(form.stages))
    otherwise = Proof.CROSS_CHECKED if closed and checked.agrees else Proof.FEASIBLE_GAP
    padded = [*proofs, *([None] * len(form.stages))][: len(form.stages)]
    each = [otherwise if proof is None else Proof.PROVED for proof in padded]
    proof = Proof.PROVED if all(word is Proof.PROVED for word in each) else otherwise
    spare = [*money, *([None] * len(form.stages))]
    stages = tuple(
        StageFigures(
            stage.name,
            stage.sense.value,
            value,
            None if found.bound is None else stage.to_value(found.bound),
            word.value,
            cents,
        )
        for stage, found, value, word, cents in zip(
            form.stages, outcome.stages, reading.values, each, spare, strict=False
        )
    )
    unconfirmed = () if proof is Proof.PROVED else collect_check_warnings(checked)
    # what only one solver calls optimal is `feasible`, with the bound that this solver claims
    status = derive_status(proof)
    stopped = None if whole and tie_break.proven else find_stopping_limit(outcome, tie_break)
    return Evidence(
        status=status,
        proof=proof,
        stages=stages,
        stopped_by=stopped,
        canonical=status is Status.OPTIMAL and whole and tie_break.proven,
        least_granted=Proof.PROVED
        if ties.least_granted
        else Proof.CROSS_CHECKED
        if whole and confirmed
        else None,
        listing=Proof.PROVED if ties.listing else None,
        method=get_method_name(method, outcome),
        certificate=build_certificate(form, outcome, tie_break, checked, proofs, ties, reading.values),
        log=join_solver_logs(outcome),
        warnings=(*unconfirmed, *collect_evidence_warnings(outcome, proof, tie_break, closed=closed)),
    )


def build_infeasible_evidence(
    form: Formulation,
    outcome: StagesOutcome,
    checked: CrossCheck,
    proofs: Sequence[Mapping[str, Any] | None],
    *,
    proven: bool,
) -> Evidence:
    """Build the evidence of infeasibility."""
    return Evidence(
        status=Status.INFEASIBLE,
        proof=Proof.PROVED if proven else Proof.CROSS_CHECKED if checked.agrees else None,
        stages=tuple(StageFigures(stage.name, stage.sense.value, None, None, None) for stage in form.stages),
        certificate=build_certificate(form, outcome, None, checked, proofs),
        log=join_solver_logs(outcome),
        warnings=() if proven else collect_check_warnings(checked),
    )


def build_idle_evidence(
    form: Formulation, outcome: StagesOutcome, checked: CrossCheck, reading: AllocationReading, method: str
) -> Evidence:
    """Build the evidence of an allocation found before the solver found any; only the first stage has a bound."""
    first = outcome.stages[0].bound if outcome.stages else None
    bounds = [None if first is None else form.stages[0].to_value(first)]
    bounds += [None] * (len(form.stages) - 1)
    return Evidence(
        status=Status.FEASIBLE,
        proof=Proof.FEASIBLE_GAP,
        stages=tuple(
            StageFigures(stage.name, stage.sense.value, value, bound, Proof.FEASIBLE_GAP.value, None)
            for stage, value, bound in zip(form.stages, reading.values, bounds, strict=True)
        ),
        stopped_by=_STOPS.get(outcome.termination),
        method=get_method_name(method, outcome),
        certificate=build_certificate(form, outcome, None, checked, [], values=reading.values),
        log=join_solver_logs(outcome),
        warnings=(*collect_check_warnings(checked), claim_consistency.NOT_PROVED),
    )


def build_early_evidence(
    problem: Problem,
    reading: AllocationReading,
    method: str,
    ended: Termination = Termination.TIME_LIMIT,
) -> Evidence:
    """Build the evidence of an allocation that no search found; `ended`: why that of its best one ended."""
    return Evidence(
        status=Status.FEASIBLE,
        proof=Proof.FEASIBLE_GAP,
        stages=tuple(
            StageFigures(stage.goal, stage.sense.value, value, None, Proof.FEASIBLE_GAP.value, None)
            for stage, value in zip(problem.stages, reading.values, strict=True)
        ),
        stopped_by=_STOPS.get(ended),
        method="core" if method == "core" else "direct",
        certificate={
            "schema_version": 1,
            "stages": [],
            "proofs": [],
            "tie_break": None,
            "cross_check": {"verdict": Verdict.NOT_PROVED.value, "solver": None, "stages": []},
        },
        warnings=(*collect_check_warnings(build_unfinished_check()), claim_consistency.NOT_PROVED),
    )


def with_proof_rows(evidence: Evidence, agreement: Agreement | None) -> Evidence:
    """Add the rows behind the proofs, or the warning that these are stronger than the rules."""
    if agreement is None:
        return evidence
    if agreement.holds:
        return replace(evidence, rows=ProofRows(agreement.n_read, agreement.n_unread))
    warning = claim_consistency.build_strong_rows_warning(", ".join(agreement.narrow[:MAX_LISTED]))
    return replace(evidence, warnings=(*evidence.warnings, warning))


def get_method_name(method: str, outcome: StagesOutcome) -> str:
    """Return how the model was solved, as in the `method` field."""
    return WORDS.get(outcome.stages[0].solver, "core" if method == "core" else "direct")


def read_again(
    problem: Problem,
    form: Formulation,
    allocation: Allocation,
    outcome: StagesOutcome,
    kept_values: Sequence[Fraction],
    n_stages: int,
) -> AllocationReading:
    """Check an allocation exactly: rules satisfied, kept values reached, stages worth what was claimed."""
    reading = read_allocation(problem, allocation)
    broken = [
        *list_broken_rules(problem, allocation, reading),
        *list_worse_stages(problem, kept_values, reading),
    ]
    asked = slice(len(kept_values), len(kept_values) + n_stages)
    for stage, result, value in zip(form.stages[asked], outcome.stages, reading.values[asked], strict=False):
        worst = None if result.limit is None else stage.to_value(result.limit)
        best = None if result.value is None else stage.to_value(result.value)
        inside = worst is not None and best is not None and min(worst, best) <= value <= max(worst, best)
        if not inside and worst is not None and result.termination is not Termination.OPTIMAL:
            # auxiliary columns of a non-optimal point may not be tight, so its exact value may be better
            inside = value >= worst if result.sense is Sense.MAXIMISE else value <= worst
        if not inside:
            broken.append(
                Defect(
                    f"objective:{stage.name}",
                    _(
                        'the goal "{stage_name}" is {value} when read again, not {best}.',
                        stage_name=stage.name,
                        value=str(value),
                        best=str(best),
                    ),
                )
            )
    if broken:
        raise VerificationError(broken)
    return reading


def compute_money_gaps(
    form: Formulation,
    model: LinearModel,
    outcome: StagesOutcome,
    amount_cents: int | None,
    backend: Backend,
    limits: Limits,
) -> tuple[int | None, ...]:
    """Express the gap of each stage in money: the envelope less the least money that its value needs, in cents.

    With z the values of the stages up to k, over fractional points and bounded exactly by weak duality:

        amount − ⌈ min Σ granted : { rows, value_j no worse than z_j for j ≤ k } ⌉

    No allocation with these values grants less, so stage k wastes at most this amount. None for a stage
    without a gap, without prices, or without an amount.
    """
    results: list[int | None] = []
    for stage, result in zip(form.stages, outcome.stages, strict=False):
        if result.value is None or limits.expired:
            break
        model = model.with_kept_objective(stage.name, stage.objective, stage.sense, result.value)
        closed = amount_cents is None or result.bound == result.value
        results.append(
            None if closed else _compute_money_gap(form, model, int(amount_cents or 0), backend, limits)
        )
    return tuple(results)


def _compute_money_gap(
    form: Formulation, model: LinearModel, amount_cents: int, backend: Backend, limits: Limits
) -> int | None:
    """Compute this amount for one stage, whose constraint `model` contains."""
    least = form.least_granted
    goal = model.with_objective(least.objective, Sense.MINIMISE)
    duals = backend.solve(goal, relax=True, limits=limits).row_duals if backend.capabilities.duals else None
    bound = None if duals is None else compute_bound_in_time(goal, duals, limits.deadline)
    if bound is None:
        return None
    cents = math.ceil(100 * least.to_value(math.ceil(bound)))
    return max(0, amount_cents - cents)
