"""Document of `batch --json`: every case with its figures, without its list of dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tnt_sim.analysis.batch.record import BatchCaseEntry, BatchEnvelope
from tnt_sim.analysis.batch.runner import BatchResult


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
