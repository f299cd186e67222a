"""Results: the allocation, the evidence that supports it, and the document that reports it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import polars as pl

from tnt_sim.certify.certificate import PRICES
from tnt_sim.certify.verifier_rows import has_lists
from tnt_sim.documents import dump_document
from tnt_sim.engine.personal_columns import select_left_out
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import Problem
from tnt_sim.values.answer_values import Proof as Proof
from tnt_sim.verify import run_document
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, determine_reasons
from tnt_sim.verify.reason_sentences import describe_dossiers, warn_zero_gain
from tnt_sim.verify.run_document import StageFigures, hash_allocation
from tnt_sim.verify.verification import (
    NO_ROWS,
    Answer,
    Means,
    ProofRows,
    Verification,
    build_fresh,
    format_changes,
)


class Status(StrEnum):
    """What was found: an optimum, a feasible allocation, infeasibility, or nothing in time."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


_FROM_STRONGEST: Sequence[Proof | None] = (*Proof, None)

ALLOWED: Mapping[Status, tuple[Proof | None, ...]] = MappingProxyType(
    {
        Status.OPTIMAL: (Proof.PROVED, Proof.CROSS_CHECKED),
        Status.FEASIBLE: (Proof.FEASIBLE_GAP,),
        Status.INFEASIBLE: (Proof.PROVED, Proof.CROSS_CHECKED, None),
        Status.STOPPED: (None,),
    }
)
"""Evidence that each status may have. What only one solver calls optimal is `feasible`.

A linear relaxation (`relaxed`) is optimal or infeasible and has no proof.
"""


def find_weakest_proof(proofs: Iterable[Proof | None]) -> Proof | None:
    """Return the weakest evidence of several answers; None if one of them has none, or there is no answer.

    >>> find_weakest_proof([Proof.PROVED, Proof.CROSS_CHECKED]).value
    'CROSS_CHECKED'
    """
    return max(proofs, key=_FROM_STRONGEST.index, default=None)


def check_words(status: Status, proof: Proof | None) -> None:
    """Check that a status and its evidence do not contradict each other."""
    if proof not in ALLOWED[status]:
        raise ValueError(f"status {status} with proof {proof}")


def derive_status(proof: Proof | None) -> Status:
    """Return the status that goes with this evidence: optimal if proved or confirmed, otherwise feasible."""
    return Status.OPTIMAL if proof in ALLOWED[Status.OPTIMAL] else Status.FEASIBLE


@dataclass(frozen=True, slots=True, eq=False)
class SolveOutcome:
    """Result of one optimisation: allocation, objective values, status and evidence.

    Attributes
    ----------
    status : optimal (proved or confirmed); feasible (an allocation, not shown to be optimal); infeasible;
    stopped (a limit came before any allocation)
    values : exact value of each stage of the problem, kept ones included; empty without an allocation
    bests : best value of each stage, before later stages used its tolerance; otherwise as `values`
    granted_cents : total granted, commitments included; None without an allocation
    allocation, reading : the allocation and its exact reading; None if there is none
    proof : PROVED if every optimised stage has an exact certificate (the least money if all stages are kept,
    or the infeasibility); CROSS_CHECKED if a second solver agrees; otherwise FEASIBLE_GAP. None if
    infeasibility rests on one solver.
    canonical : the tie-break was completed
    method : `tree` or `blocks` (an exact kernel), or `direct`
    certificates : checked proofs of the optimised stages, or of infeasibility, as far as found
    bound : if the allocation is not optimal, the solver's bound on the first optimised stage; otherwise None
    claimed : a kernel or one solver completed its search with this allocation, and nothing else shows that it
    is optimal
    evidence : the content of a result, `with_evidence` and if time sufficed; otherwise None
    interrupted : Ctrl-C was pressed and ended a phase
    """

    status: Status
    values: tuple[Fraction, ...]
    bests: tuple[Fraction, ...]
    granted_cents: int | None
    allocation: Allocation | None
    reading: AllocationReading | None
    proof: Proof | None
    canonical: bool
    method: str
    seconds: float
    certificates: tuple[Mapping[str, Any], ...] = ()
    bound: Fraction | None = None
    claimed: bool = False
    evidence: Evidence | None = None
    interrupted: bool = False

    def __repr__(self) -> str:
        return (
            f"<SolveOutcome {self.status}, proof {self.proof or 'none'}, "
            f"values {[str(v) for v in self.values[:5]]}, {self.granted_cents} cents>"
        )

    def __post_init__(self) -> None:
        check_words(self.status, self.proof)

    @classmethod
    def of_list(
        cls,
        allocation: Allocation,
        reading: AllocationReading,
        method: str = "direct",
        *,
        canonical: bool = False,
        claimed: bool = False,
    ) -> SolveOutcome:
        """Return the outcome of a list that was read, without a proof that it is optimal."""
        return cls(
            status=Status.FEASIBLE,
            values=reading.values,
            bests=reading.values,
            granted_cents=reading.granted_cents,
            allocation=allocation,
            reading=reading,
            proof=Proof.FEASIBLE_GAP,
            canonical=canonical,
            method=method,
            seconds=0.0,
            claimed=claimed,
        )

    @property
    def is_closed(self) -> bool:
        """Whether the search was completed: optimal, or claimed to be by a kernel or one solver.

        A further step of a search may rely on it. What a planner reads as optimal needs `status` optimal.
        """
        return self.status is Status.OPTIMAL or self.claimed

    def with_proof(self, proof: Proof | None) -> SolveOutcome:
        """Return the same allocation with other evidence, and the status that follows from it."""
        if self.allocation is None:
            return replace(self, proof=proof)
        status = derive_status(proof)
        return replace(self, status=status, proof=proof, claimed=self.is_closed and status is Status.FEASIBLE)


@dataclass(frozen=True)
class ResultData:
    """Result of one decision, or the reason why there is none.

    Attributes
    ----------
    problem : the compiled problem
    status, proof : what was found, and its evidence
    data : the document of the run, whose JSON form is `document`; `run_dir` is None
    allocation, reading, reasons : None if there is no allocation
    dossiers : one row per dossier, by rank, with `select_eligible`, `funded`, `granted_cents`, `reason_code`,
    `reason`
    prices : shadow prices of a relaxed run, otherwise None
    certificate : the evidence, as in `certificate.json`
    log : output of the solvers
    warnings : warnings for the planner
    interrupted : Ctrl-C was pressed, even if this only prevented a proof of the tie-break
    """

    problem: Problem
    status: Status
    proof: Proof | None
    data: run_document.RunDocument
    allocation: Allocation | None
    reading: AllocationReading | None
    reasons: Reasons | None
    dossiers: pl.DataFrame
    prices: pl.DataFrame | None
    certificate: Mapping[str, Any]
    log: str
    warnings: tuple[Defect, ...]
    interrupted: bool = False

    def __repr__(self) -> str:
        return (
            f"<Result {self.problem.scenario.id}: {self.status}, proof {self.proof or 'none'}, "
            f"{self.data.n_funded} funded>"
        )

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document of `run --json`."""
        return dump_document(self.data)

    def with_allowed_words(self) -> ResultData:
        """Return the result itself, after checking that its status and proof agree."""
        if not (self.data.relaxed and self.proof is None and self.status is not Status.FEASIBLE):
            check_words(self.status, self.proof)
        return self

    def summary(self) -> Mapping[str, Any]:
        """Return the document of `run --json`."""
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "dossiers") -> Any:
        """Return the dossiers with their decisions, or one of `TABLES`; amounts are in integer cents.

        Parameters
        ----------
        backend
            `polars` or `pandas`.
        table
            `dossiers`, `build_envelope_entries`, `build_rule_entries`, `groups` or `objective`.
        """
        return convert_frame(self.dossiers if table == "dossiers" else build_frame(self.data, table), backend)


def of_fresh(
    document: run_document.RunDocument,
    sets: Sequence[str] = (),
    means: Means = Means.KERNEL,
    first_means: Means = Means.KERNEL,
) -> Verification:
    """Return what a run shows that this process has just computed, checked and proved.

    `means` is what shows the optimum, and `first_means` the rank among ties, where a certificate does.
    """
    listed = document.canonical_proof.list == "PROVED"
    best = document.status == "optimal" and not document.relaxed
    fresh = build_fresh(best, document.proof, document.canonical, document.proof_rows, listed=listed)
    optimal = Answer.of_certificate(means) if fresh.optimal.is_certified else fresh.optimal
    first = Answer.of_certificate(first_means) if fresh.first.is_certified else fresh.first
    return replace(fresh, optimal=optimal, first=first, changes=format_changes(sets))


def build_own_verification(result: ResultData) -> Verification:
    """Return what a result shows that this process has computed: what `verify` would say of its run folder."""
    parts = result.certificate.get("steps", (result.certificate,))
    stages = [proof for part in parts for proof in part.get("proofs", ())]
    ties = [(part.get("tie_break") or {}).get(name) for part in parts for name in ("least_granted", "list")]
    return of_fresh(result.data, result.problem.scenario.sets, _read_means(stages), _read_means(ties))


def _read_means(proofs: Sequence[Mapping[str, Any] | None]) -> Means:
    """Return the least plain of what shows the proofs: the prover has checked each price that it wrote."""
    prices = [None if proof is None else proof.get(PRICES) for proof in proofs]
    if not prices or None in prices:
        return Means.KERNEL
    return Means.LIST if any(map(has_lists, prices)) else Means.SUMS


TABLES = ("envelopes", "rules", "groups", "objective")
"""Tables of a document: its lists, and `groups`, with one row per group of a rule."""


def build_frame(document: run_document.RunDocument, table: str) -> pl.DataFrame:
    """Return one of `TABLES` as a table, without nested values."""
    if table not in TABLES:
        raise ValueError(f"table must be one of dossiers, {', '.join(TABLES)}, not {table!r}")
    if table == "groups":
        rows = [{"rule": rule.id, **dump_document(group)} for rule in document.rules for group in rule.groups]
    else:
        rows = [dump_document(entry) for entry in getattr(document, table)]
    return build_entry_frame(rows)


def build_entry_frame(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Return entries of a document as a table, without nested values."""
    plain = [{key: value for key, value in row.items() if not isinstance(value, list | dict)} for row in rows]
    return pl.DataFrame(plain, infer_schema_length=None)


def convert_frame(frame: pl.DataFrame, backend: str) -> Any:
    """Return a table as `polars` or `pandas` data frame; ValueError for another backend."""
    if backend == "polars":
        return frame
    if backend == "pandas":
        return frame.to_pandas()
    raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")


@dataclass(frozen=True)
class Evidence:
    """What was found and what supports it, before the result is built.

    Attributes
    ----------
    status, proof, stopped_by : as in the document of a run
    stages : figures of each stage of the planner's objective
    canonical : the status is optimal and the tie-break was completed
    least_granted : evidence that no equally good allocation grants less; None if only the solver that found
    it says so
    listing : evidence that no equally good allocation precedes this one in rank order; None if only the
    solver says so
    method : how the model was solved
    certificate : content of `certificate.json`
    log : output of the solvers
    warnings : warnings beyond the problem's own
    rows : rows behind the certificate, with and without a second reading
    """

    status: Status
    proof: Proof | None
    stages: tuple[StageFigures, ...]
    stopped_by: str | None = None
    canonical: bool = False
    least_granted: Proof | None = None
    listing: Proof | None = None
    method: str = "direct"
    certificate: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""
    warnings: tuple[Defect, ...] = ()
    rows: ProofRows = NO_ROWS


def build_result(
    problem: Problem,
    evidence: Evidence,
    allocation: Allocation | None,
    reading: AllocationReading | None,
    seconds: Mapping[str, float],
) -> ResultData:
    """Build the result of one run; without an allocation, the document has nulls and a `conflict`."""
    lang = Lang(problem.scenario.spec.locale)
    why = determine_reasons(problem, allocation, reading) if allocation and reading else None
    idle = warn_zero_gain(problem, why) if why else None
    warnings = (*problem.warnings, *([idle] if idle else []), *evidence.warnings)
    document = run_document.RunDocument(
        scenario=problem.scenario.id,
        scenario_sha256=problem.scenario.sha256,
        title=problem.scenario.title,
        relaxed=False,
        status=evidence.status,
        stopped_by=evidence.stopped_by,
        proof=evidence.proof,
        publishable=allocation is not None and evidence.proof in (Proof.PROVED, Proof.CROSS_CHECKED),
        canonical=evidence.canonical,
        canonical_proof=run_document.TieEvidence(least_granted=evidence.least_granted, list=evidence.listing),
        proof_rows=evidence.rows,
        method=evidence.method,
        objective=[stage.build_document() for stage in evidence.stages],
        **run_document.build_totals(problem, reading, allocation),
        envelopes=run_document.build_envelope_entries(problem, reading, allocation, why, lang),
        rules=run_document.build_rule_entries(reading.rules) if reading else [],
        warnings=run_document.format_warnings(warnings, lang),
        open_questions=run_document.list_open_questions([problem], lang),
        allocation_sha256=hash_allocation(problem, allocation) if allocation else None,
        seconds=seconds,
        conflict=() if evidence.status is Status.INFEASIBLE else None,
    )
    return ResultData(
        problem=problem,
        status=evidence.status,
        proof=evidence.proof,
        data=document,
        allocation=allocation,
        reading=reading,
        reasons=why,
        dossiers=build_dossier_table(problem, allocation, why, lang),
        prices=None,
        certificate=evidence.certificate,
        log=evidence.log,
        warnings=warnings,
    )


def build_dossier_table(
    problem: Problem, allocation: Allocation | None, why: Reasons | None, lang: Lang
) -> pl.DataFrame:
    """Build the dossier table, by rank: envelope, eligibility, decision and reason.

    Columns that look personal are not in it if nobody reads or allows them.
    """
    ids = pl.Series("landed", problem.case.tree.ids, dtype=pl.String)
    landed = ids.gather(pl.Series(problem.case.node))
    table = problem.case.table.drop(select_left_out(problem.scenario)).with_columns(
        pl.when(pl.col("envelope") == "").then(landed).otherwise(pl.col("envelope")).alias("envelope"),
        pl.Series("eligible", run_document.select_eligible(problem)),
    )
    if allocation is None or why is None:
        return table
    return table.with_columns(
        pl.Series("funded", allocation.funded),
        pl.Series("granted_cents", allocation.granted_cents),
        why.code.alias("reason_code"),
        describe_dossiers(problem, allocation, why, lang).alias("reason"),
    )
