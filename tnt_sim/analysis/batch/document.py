"""Document of `batch --json`, and the record of one case, as a worker gives it and the store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.documents import DecimalText, DocumentHead


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
    scenario_sha256: str | None = None
    status: str
    stopped_by: str | None = None
    proof: str | None = None
    publishable: bool | None = None
    canonical: bool | None = None
    method: str | None = None
    amount_cents: int | None = None
    granted_cents: int | None = None
    unspent_cents: int | None = None
    n_dossiers: int | None = None
    n_eligible: int | None = None
    n_funded: int | None = None
    inhabitants: int | None = None
    allocation_sha256: str | None = None
    goals: Sequence[str] | None = None
    values: Sequence[DecimalText | None] | None = None
    bounds: Sequence[DecimalText | None] | None = None
    gap_money_cents: Sequence[int | None] | None = None
    envelopes: Sequence[BatchEnvelope] | None = None
    error_code: str | None = None
    error: str | None = None
    error_fr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord(BatchCaseEntry):
    """One case with its list; `dossier` and `awarded_cents` are parallel lists of the funded applications.

    `seconds` is the only field that depends on the clock; it is stored separately.
    """

    dossier: Sequence[str] | None = None
    awarded_cents: Sequence[int] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDocument(DocumentHead):
    """Many scenarios in one store."""

    command: Literal["batch"] = "batch"
    scenario: Sequence[str]
    scenario_sha256: Sequence[str]
    status: Literal["interrupted", "failures", "done"]
    store: str
    n_cases: int
    n_done: int
    n_failed: int
    runs: Sequence[BatchCaseEntry]
