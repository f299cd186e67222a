"""Document of `batch --json`: every case with its figures, without its list of dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tnt_sim.analysis.batch.runner import BatchResult
from tnt_sim.documents import DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnvelope:
    """Figures of one envelope of a case."""

    id: str
    amount_cents: int | None
    effective_cents: int | None
    granted_cents: int | None
    unspent_cents: int | None
    n_funded: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCaseEntry:
    """One case: what it changes, and its figures; null where it failed or has no allocation."""

    case_sha256: str
    name: str
    changes: Sequence[str]
    scenario_sha256: str | None
    status: str
    stopped_by: str | None
    proof: str | None
    publishable: bool | None
    canonical: bool | None
    method: str | None
    amount_cents: int | None
    granted_cents: int | None
    unspent_cents: int | None
    n_dossiers: int | None
    n_eligible: int | None
    n_funded: int | None
    inhabitants: int | None
    allocation_sha256: str | None
    goals: Sequence[str] | None
    values: Sequence[DecimalText | None] | None
    bounds: Sequence[DecimalText | None] | None
    gap_money_cents: Sequence[int | None] | None
    envelopes: Sequence[BatchEnvelope] | None
    error_code: str | None
    error: str | None
    error_fr: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDocument:
    """Many scenarios in one store."""

    schema_version: Literal[1] = 1
    command: Literal["batch"] = "batch"
    scenario: Sequence[str]
    scenario_sha256: Sequence[str]
    status: Literal["interrupted", "failures", "done"]
    store: str
    n_cases: int
    n_done: int
    n_failed: int
    runs: Sequence[BatchCaseEntry]


def build_document(result: BatchResult) -> BatchDocument:
    """Build the document of a batch."""
    table = result.runs.drop("dossier", "awarded_cents")
    return BatchDocument(
        scenario=[base.id for base in result.plan.bases],
        scenario_sha256=[base.sha256 for base in result.plan.bases],
        status="interrupted" if result.interrupted else "failures" if result.n_failed else "done",
        store=str(result.folder),
        n_cases=len(result.plan.cases),
        n_done=result.runs.height,
        n_failed=result.n_failed,
        runs=[_build_case(row) for row in table.iter_rows(named=True)],
    )


def _build_case(row: dict[str, Any]) -> BatchCaseEntry:
    envelopes = row.pop("envelopes")
    listed = None if envelopes is None else [BatchEnvelope(**one) for one in envelopes]
    return BatchCaseEntry(**row, envelopes=listed)
