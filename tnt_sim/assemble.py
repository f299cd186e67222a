"""A Result from what was solved and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tnt_sim.errors import Defect, Lang
from tnt_sim.result import Proof, Result, Status
from tnt_sim.scenario.compile import Problem
from tnt_sim.verify import figures
from tnt_sim.verify.figures import StageFigures, allocation_sha256
from tnt_sim.verify.reading import Allocation, AllocationReading
from tnt_sim.verify.reasons import Reasons, reasons
from tnt_sim.verify.verification import NO_ROWS, ProofRows
from tnt_sim.verify.words import dossier_sentences, idle_worthless


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
        **figures.head(problem),
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
        **figures.totals(problem, reading, allocation),
        "envelopes": figures.envelopes(problem, reading, allocation, why, lang),
        "rules": figures.rules(reading.rules) if reading else [],
        "warnings": figures.warning_lines(warnings, lang),
        **figures.open_questions([problem], lang),
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
        pl.Series("eligible", figures.eligible(problem)),
    )
    if allocation is None or why is None:
        return table
    return table.with_columns(
        pl.Series("funded", allocation.funded),
        pl.Series("granted_cents", allocation.granted_cents),
        why.code.alias("reason_code"),
        dossier_sentences(problem, allocation, why, lang).alias("reason"),
    )
