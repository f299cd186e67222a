"""Document of `weights --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.shared.study_head import QuestionHead
from tnt_sim.documents import DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionEntry:
    """One criterion, and what its values are divided by."""

    name: str
    per: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class UndominatedEntry:
    """One list that no other dominates; `supported` if some weights make it the best, null if unknown."""

    rank: int
    criteria: Mapping[str, DecimalText]
    supported: bool | None
    granted_cents: int
    n_funded: int
    allocation_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderlineDossier:
    """One dossier that some of the lists fund, and the share of them."""

    dossier: str
    title: str
    core_index: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsDocument(QuestionHead):
    """Lists that no other dominates where the weights of criteria are known only roughly."""

    command: Literal["weights"] = "weights"
    criteria: Sequence[CriterionEntry]
    corners: Sequence[Sequence[DecimalText]]
    exact: bool
    complete: bool
    n_draws: int
    portfolios: Sequence[UndominatedEntry]
    core: Sequence[str]
    borderline: Sequence[BorderlineDossier]
    n_exterior: int
    n_solves: int
    seconds: float
