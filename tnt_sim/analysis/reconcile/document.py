"""Document of `reconcile --json`: each decision and each line of the export in exactly one list, in cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.shared.study_head import QuestionHead

Evidence = Literal["number", "siret", "siren", "name"]
"""The link of lines to a decision: its number, the supplier's number, or the name alone."""
Doubt = Literal["tie", "supplier", "two_numbers", "same_supplier", "undecided", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledDecision:
    """A decision and its lines; `difference_cents` is what the lines have more than the grant."""

    dossier: str
    applicant: str
    committed: bool
    granted_cents: int
    lines: Sequence[int]
    lines_cents: int
    difference_cents: int
    evidence: Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulDecision:
    """A decision whose lines are in doubt, with those of one least-cost assignment, and why.

    `tie`: another assignment costs the same. `supplier`: a line names the dossier, and its supplier is another
    one or is not shown to be the same. `two_numbers`: a line names several dossiers. `same_supplier`: lines and
    decisions of one supplier do not agree, and several ways are possible. `undecided`: too many choices. `time`:
    no time left.
    """

    dossier: str
    applicant: str
    committed: bool
    granted_cents: int
    lines: Sequence[int]
    lines_cents: int
    difference_cents: int
    why: Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingLine:
    """A line of the export that belongs to no decision; `names` is an unfunded dossier that it names."""

    line: int
    number: str
    supplier: str
    label: str
    cents: int
    names: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLine:
    """A line in doubt, with the dossier of one least-cost assignment and why it is in doubt."""

    line: int
    number: str
    supplier: str
    label: str
    cents: int
    dossier: str | None
    why: Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideLine:
    """A row that is no line: a total, or without an amount; `other_total` is the sum of no lines next to it."""

    line: int
    text: str
    cents: int | None
    why: Literal["total", "other_total", "no_amount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationTotal:
    """Numbers and sums of one list; the last one, `all`, sums the others up."""

    list: Literal["matched", "other_amount", "without_line", "without_decision", "doubtful", "all"]
    n_decisions: int
    granted_cents: int
    n_lines: int
    lines_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDocument(QuestionHead):
    """Decisions of a run reconciled with an accounting export.

    `status` is `agrees` if every decision and every line is matched and totals of the file are those of its lines,
    `differs` if not, `stopped` if time ran out.
    """

    command: Literal["reconcile"] = "reconcile"
    status: Literal["agrees", "differs", "stopped"]  # type: ignore[assignment]
    allocation_sha256: str
    file: str
    file_sha256: str
    columns: dict[str, str]
    totals: Sequence[ReconciliationTotal]
    matched: Sequence[ReconciledDecision]
    other_amount: Sequence[ReconciledDecision]
    without_line: Sequence[ReconciledDecision]
    without_decision: Sequence[AccountingLine]
    doubtful_decisions: Sequence[DoubtfulDecision]
    doubtful_lines: Sequence[DoubtfulLine]
    set_aside: Sequence[SetAsideLine]
