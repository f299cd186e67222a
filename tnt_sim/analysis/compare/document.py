"""Documents of `core --json` and `compare --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.equity.list_equity import EquityClass, EquityIndex
from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.documents import DecimalText, DocumentHead, Record, spread
from tnt_sim.verify.verification import CheckRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRun:
    """One run, what its scenario changes against the first one, and what is verified of it."""

    run: str
    changes: Sequence[str]
    verification: CheckRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMove:
    """One change that moves a dossier, in a run that differs from the first in it alone."""

    change: str
    run: str
    funded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreDossier:
    """One dossier: in how many runs it is funded, and what moves it."""

    dossier: str
    n_funded: int
    n_runs: int
    least_cents: int | None
    most_cents: int | None
    core_index: DecimalText
    class_: str
    moved_by: Sequence[CoreMove]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreDocument(DocumentHead):
    """Dossiers that all, some or none of several runs fund, and what moves them."""

    command: Literal["core"] = "core"
    runs: Sequence[CoreRun]
    counts: Mapping[str, int]
    dossiers: Sequence[CoreDossier]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One decision: amounts, counts, value of the first objective, and what is verified of it."""

    name: str
    scenario_sha256: str
    proof: str | None
    verification: CheckRecord
    amount_cents: int | None
    granted_cents: int
    unspent_cents: int | None
    n_funded: int
    inhabitants: int | None
    goal: str
    value: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTotal:
    """Figures of one group of dossiers on one side; `dimension` is empty in the row of the whole side."""

    dimension: str
    group: str
    side: str
    n_funded: int
    granted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMove:
    """One dossier decided differently; an amount is null where the side does not have the dossier."""

    side: str
    dossier: str
    envelope: str | None
    applicant_id: str | None
    applicant_type: str | None
    department: str | None
    region: str | None
    population: int | None
    before_cents: int | None
    after_cents: int | None
    move: str
    change_cents: int
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GainByGroup:
    """Gains and losses of one applicant type, department or region."""

    side: str
    dimension: str
    group: str
    gained_cents: int
    lost_cents: int
    net_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegretEntry:
    """One list under another scenario; null where it breaks a rule there."""

    portfolio: str
    scenario: str
    value: DecimalText | None
    regret: DecimalText | None
    holds: bool
    broken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedIndex(Record):
    """Indices of one side's money per head, six correct decimals, between applicants or between departments.

    The departments are those with an application on some side, so that all sides are measured over the same ones.
    """

    side: str
    index: EquityIndex = spread(EquityIndex, "unit", "n_units", "gini", "theil")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedClass(EquityClass):
    """One class of applicants on one side; the dimension is empty in the row of the whole side."""

    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareDocument(DocumentHead):
    """Decisions side by side; `inputs` has a row per key that differs, with each side's value under its name."""

    command: Literal["compare"] = "compare"
    stopped_by: str | None
    progress: ProgressEntry
    scenario: Sequence[str]
    scenario_sha256: Sequence[str]
    status: Literal["done"] = "done"
    sides: Sequence[ComparedSide]
    inputs: Sequence[Mapping[str, str | None]]
    cells: Mapping[str, Sequence[Mapping[str, str | None]]]
    totals: Sequence[ComparedTotal]
    changes: Sequence[ComparedMove]
    winners: Sequence[GainByGroup]
    regrets: Sequence[RegretEntry]
    indices: Sequence[ComparedIndex]
    classes: Sequence[ComparedClass]
