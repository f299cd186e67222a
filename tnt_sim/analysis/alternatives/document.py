"""Document of `alternatives --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.shared.goal_values import GoalValue
from tnt_sim.analysis.shared.list_distance import ListChanges
from tnt_sim.analysis.shared.study_head import QuestionHead
from tnt_sim.documents import DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimumEntry:
    """The optimum, with which the others are compared."""

    objective: Sequence[GoalValue]
    granted_cents: int | None
    n_funded: int
    allocation_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeEntry:
    """One other list: what it loses, how far it is, and who enters and leaves."""

    rank: int
    name: str
    objective: Sequence[GoalValue]
    loss: DecimalText
    granted_cents: int
    n_funded: int
    distance: DecimalText
    figure: DecimalText | None
    bound: DecimalText | None
    proven: bool
    changes: ListChanges
    allocation_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDecisions:
    """How many dossiers all lists fund or refuse, and for how many that is proven of any list within the loss."""

    n_portfolios: int
    n_funded: int
    n_refused: int
    n_funded_proven: int
    n_refused_proven: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDossier:
    """One dossier that some lists fund and others do not."""

    dossier: str
    title: str
    n_funded_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativesDocument(QuestionHead):
    """Other lists that are nearly as good, as different as possible."""

    command: Literal["alternatives"] = "alternatives"
    within: DecimalText
    by: str
    optimum: OptimumEntry | None
    portfolios: Sequence[AlternativeEntry]
    steered: Sequence[AlternativeEntry]
    ties: Sequence[AlternativeEntry]
    shared: SharedDecisions | None
    open: Sequence[OpenDossier]
    n_solves: int
    seconds: float
