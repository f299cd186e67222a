"""A result: the allocation, what supports it, and the document that tells it.

A Result from what was solved and read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import polars as pl

from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.decision_reasons import dossier_sentences, idle_worthless
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify import run_document
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons, reasons
from tnt_sim.verify.run_document import StageFigures, allocation_sha256
from tnt_sim.verify.verification import NO_ROWS, ProofRows


class Status(StrEnum):
    """What was found."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


class Proof(StrEnum):
    """What supports it."""

    PROVED = "PROVED"
    CROSS_CHECKED = "CROSS_CHECKED"
    FEASIBLE_GAP = "FEASIBLE_GAP"


ALLOWED: Mapping[Status, tuple[Proof | None, ...]] = MappingProxyType(
    {
        Status.OPTIMAL: (Proof.PROVED, Proof.CROSS_CHECKED),
        Status.FEASIBLE: (Proof.FEASIBLE_GAP,),
        Status.INFEASIBLE: (Proof.PROVED, Proof.CROSS_CHECKED, None),
        Status.STOPPED: (None,),
    }
)
"""What may support each status, of a decision or of an answer. What one solver alone calls the best is `feasible`.

A linear program (`relaxed`) is optimal or infeasible and has no proof. Version 0.1.0 also wrote `optimal` with
`FEASIBLE_GAP`, where one solver had closed a run and none confirmed it: such folders are still read.
"""


def check_words(status: Status, proof: Proof | None) -> None:
    """Check that a status and what supports it do not contradict each other.

    Raises
    ------
    ValueError
        When they do.
    """
    if proof not in ALLOWED[status]:
        raise ValueError(f"status {status} with proof {proof}")


def status_with(proof: Proof | None) -> Status:
    """Name what a list is with this proof: optimal where something shows it, else feasible."""
    return Status.OPTIMAL if proof in ALLOWED[Status.OPTIMAL] else Status.FEASIBLE


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Result of one question: a list, its goals, and what supports them.

    Attributes
    ----------
    status : optimal (proven or confirmed); feasible (a list, not shown to be the best); infeasible; stopped (a
        limit came before any list)
    values : the exact value of each stage of the problem, kept ones included; empty without an allocation
    bests : the best value of each stage, before later ones took what its tolerance gives up; else as `values`
    granted_cents : all that is granted, committed money included; None without an allocation
    allocation, reading : the point and its exact reading; None where there is none
    proof : PROVED when every optimised stage (the least money where all stages are kept, or the impossibility) has
        an exact certificate, CROSS_CHECKED when a second solver agrees, else FEASIBLE_GAP; None when an
        impossibility rests on one solver
    canonical : the allocation is the one answer among equals, walked to its end
    method : tree or blocks (an exact kernel settled it), or direct
    certificates : the checked proofs of the optimised stages, or of the impossibility, as far as they were found
    bound : where the list is not optimal, the bound of the first optimised stage that its solver claims; else None
    claimed : a kernel or one solver ended its search with this list, and nothing else shows that it is the best

    Raises
    ------
    ValueError
        When the status and the proof contradict each other.
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

    def __post_init__(self) -> None:
        check_words(self.status, self.proof)

    @property
    def is_closed(self) -> bool:
        """Whether the search ended with the best list: shown where `status` is optimal, else by one solver's word.

        A step of a search may go on from it; what a planner reads as the best needs `optimal`.
        """
        return self.status is Status.OPTIMAL or self.claimed

    def with_proof(self, proof: Proof | None) -> Answer:
        """Return the same list with what supports it, and the status that goes with that."""
        if self.allocation is None:
            return replace(self, proof=proof)
        status = status_with(proof)
        return replace(self, status=status, proof=proof, claimed=self.is_closed and status is Status.FEASIBLE)


@dataclass(frozen=True)
class Result:
    """One decision, or the reason why there is none.

    Attributes
    ----------
    problem : what was asked, read once
    status, proof : what was found and what supports it
    document : the JSON document of the contract (`run --json`), without `run_dir`
    allocation, reading, reasons : None when there is no allocation
    dossiers : one row per dossier, by rank, with `eligible`, `funded`, `granted_cents`, `reason_code`, `reason`
    prices : shadow prices of a relaxed run, else None
    certificate : what supports the proof, as `certificate.json` holds it
    log : what the solvers printed
    warnings : what the planner should know
    interrupted : Ctrl-C was pressed, even where it cost nothing but a proof of the tie-break
    """

    problem: Problem
    status: Status
    proof: Proof | None
    document: Mapping[str, Any]
    allocation: Allocation | None
    reading: AllocationReading | None
    reasons: Reasons | None
    dossiers: pl.DataFrame
    prices: pl.DataFrame | None
    certificate: Mapping[str, Any]
    log: str
    warnings: tuple[Defect, ...]
    interrupted: bool = False

    def with_allowed_words(self) -> Result:
        """Itself.

        Raises
        ------
        ValueError
            When its status and its proof contradict each other.
        """
        if not (self.document["relaxed"] and self.proof is None and self.status is not Status.FEASIBLE):
            check_words(self.status, self.proof)
        return self

    def summary(self) -> Mapping[str, Any]:
        """The document of `run --json`."""
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "dossiers") -> Any:
        """The dossiers with their decision, or one of `TABLES`, as polars or pandas; amounts in integer cents."""
        return in_backend(
            self.dossiers if table == "dossiers" else document_frame(self.document, table), backend
        )


TABLES = ("envelopes", "rules", "groups", "objective")
"""The tables of a document: its lists, and the groups of rules that have some, a row each."""


def document_frame(document: Mapping[str, Any], table: str) -> pl.DataFrame:
    """One of `TABLES` as a table; what is nested in its rows is left out.

    Raises
    ------
    ValueError
        For a table that does not exist.
    """
    if table not in TABLES:
        raise ValueError(f"table must be one of dossiers, {', '.join(TABLES)}, not {table!r}")
    if table == "groups":
        rows = [{"rule": rule["id"], **group} for rule in document["rules"] for group in rule["groups"]]
    else:
        rows = document[table]
    plain = [{key: value for key, value in row.items() if not isinstance(value, list | dict)} for row in rows]
    return pl.DataFrame(plain, infer_schema_length=None)


def in_backend(frame: pl.DataFrame, backend: str) -> Any:
    """A table as `polars` or `pandas` holds it; ValueError for another name."""
    if backend == "polars":
        return frame
    if backend == "pandas":
        return frame.to_pandas()
    raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")


@dataclass(frozen=True)
class Evidence:
    """What was found and what supports it, before it is told.

    Attributes
    ----------
    status, proof, stopped_by : as in the contract
    stages : figures of each stage of the planner's objective
    canonical : the tie-break is proven too
    least_granted, listing : what supports that no allocation as good grants less, and that none as good goes
        before this list in the order of the dossiers; None when only the solver that found it says so
    method : how the model was solved
    certificate : what `certificate.json` holds
    log : what the solvers printed
    warnings : what the planner should know beyond the problem's own warnings
    rows : the rows that the certificate stands on, with and without a second reading
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


def result_of(
    problem: Problem,
    evidence: Evidence,
    allocation: Allocation | None,
    reading: AllocationReading | None,
    seconds: Mapping[str, float],
) -> Result:
    """Tell one run; without an allocation the same document has nulls and a `conflict`."""
    lang = Lang(problem.scenario.spec.locale)
    why = reasons(problem, allocation, reading) if allocation and reading else None
    idle = idle_worthless(problem, why) if why else None
    warnings = (*problem.warnings, *([idle] if idle else []), *evidence.warnings)
    told: dict[str, Any] = {
        **run_document.head(problem),
        "title": problem.scenario.title,
        "relaxed": False,
        "status": evidence.status.value,
        "stopped_by": evidence.stopped_by,
        "proof": evidence.proof.value if evidence.proof else None,
        "publishable": allocation is not None and evidence.proof in (Proof.PROVED, Proof.CROSS_CHECKED),
        "canonical": evidence.canonical,
        "canonical_proof": {
            "least_granted": evidence.least_granted.value if evidence.least_granted else None,
            "list": evidence.listing.value if evidence.listing else None,
        },
        "proof_rows": evidence.rows.document,
        "method": evidence.method,
        "objective": [stage.document() for stage in evidence.stages],
        **run_document.totals(problem, reading, allocation),
        "envelopes": run_document.envelopes(problem, reading, allocation, why, lang),
        "rules": run_document.rules(reading.rules) if reading else [],
        "warnings": run_document.warning_lines(warnings, lang),
        **run_document.open_questions([problem], lang),
        "allocation_sha256": allocation_sha256(problem, allocation) if allocation else None,
        "seconds": dict(seconds),
    }
    if evidence.status is Status.INFEASIBLE:
        told["conflict"] = []
    return Result(
        problem=problem,
        status=evidence.status,
        proof=evidence.proof,
        document=told,
        allocation=allocation,
        reading=reading,
        reasons=why,
        dossiers=dossier_table(problem, allocation, why, lang),
        prices=None,
        certificate=evidence.certificate,
        log=evidence.log,
        warnings=warnings,
    )


def dossier_table(
    problem: Problem, allocation: Allocation | None, why: Reasons | None, lang: Lang
) -> pl.DataFrame:
    """One row per dossier, by rank, with its envelope, whether it is eligible, and what was decided and why."""
    ids = pl.Series("landed", problem.case.tree.ids, dtype=pl.String)
    landed = ids.gather(pl.Series(problem.case.node))
    table = problem.case.table.with_columns(
        pl.when(pl.col("envelope") == "").then(landed).otherwise(pl.col("envelope")).alias("envelope"),
        pl.Series("eligible", run_document.eligible(problem)),
    )
    if allocation is None or why is None:
        return table
    return table.with_columns(
        pl.Series("funded", allocation.funded),
        pl.Series("granted_cents", allocation.granted_cents),
        why.code.alias("reason_code"),
        dossier_sentences(problem, allocation, why, lang).alias("reason"),
    )
