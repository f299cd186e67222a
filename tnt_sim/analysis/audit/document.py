"""Document of `audit --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.explain.document import InversionList
from tnt_sim.analysis.infeasibility.document import BoundEntry, RatedBoundEntry
from tnt_sim.analysis.shared.goal_values import StageValue
from tnt_sim.analysis.shared.list_distance import ListChanges
from tnt_sim.analysis.shared.study_head import QuestionHead
from tnt_sim.documents import DecimalText, omit_none
from tnt_sim.engine.result import Proof, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionFinding:
    """One row of the list that was not used as it stands."""

    code: str
    message: str
    hint: str | None
    file: str | None
    row: int | None
    dossier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionEntry:
    """The list as it was read; `allowed` if it satisfies every rule."""

    n_rows: int
    n_committed_added: int
    n_funded: int
    granted_cents: int
    allowed: bool
    findings: Sequence[SelectionFinding]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolatedBound(BoundEntry):
    """One bound that the list exceeds, and by how much."""

    by: DecimalText
    by_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolatedRatedBound(RatedBoundEntry):
    """One bound of a rule that the list exceeds, and by how much."""

    by: DecimalText
    by_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenAward:
    """One award of the list that is not allowed."""

    kind: str
    id: str = ""
    by: None = None
    by_cents: None = None
    words: str


type ViolationEntry = ViolatedRatedBound | ViolatedBound | BrokenAward


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditGoal(StageValue):
    """Value of one stage for the list, the best value found, and the loss; no first value is above `bound`."""

    optimum: DecimalText | None
    loss: DecimalText | None
    bound: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedList:
    """Another list beside the selection: values, money, and who enters and leaves."""

    status: Status
    proof: Proof | None
    values: Sequence[DecimalText]
    granted_cents: int
    saved_cents: int
    n_funded: int
    changes: ListChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapEntry:
    """Fewest decisions to change in order to recover a share of the loss; without a list where time ran out.

    No list changes fewer than `n_changed_from`.
    """

    recover: DecimalText
    goal: str | None
    target: DecimalText | None
    n_changed: int | None
    n_changed_from: int | None
    status: Status
    proof: Proof | None = omit_none()
    values: Sequence[DecimalText] | None = omit_none()
    granted_cents: int | None = omit_none()
    saved_cents: int | None = omit_none()
    n_funded: int | None = omit_none()
    changes: ListChanges | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDocument(QuestionHead):
    """A list made by hand, compared with the rules and with the optimum.

    No list for the same money has a better first value than `better_bound`, and none at least as good grants less
    than `cheaper_from_cents`. Both are null where unknown. `inversions` are left out without a single score.
    """

    command: Literal["audit"] = "audit"
    selection: SelectionEntry
    broken: Sequence[ViolationEntry]
    objective: Sequence[AuditGoal]
    optimum: ComparedList | None
    better: ComparedList | None
    better_bound: DecimalText | None
    cheaper: ComparedList | None
    cheaper_from_cents: int | None
    swaps: Sequence[SwapEntry]
    inversions: InversionList | None = omit_none()
    seconds: float
