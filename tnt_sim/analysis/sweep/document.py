"""Document of `sweep --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from tnt_sim.analysis.shared.goal_values import StageValue
from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.documents import DecimalText, ScenarioHead, TableRows
from tnt_sim.engine.result import Proof, Status
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.rules.protocols import Sense

if TYPE_CHECKING:
    import polars as pl

CURVES = ("free", "nested")
"""The curves of a sweep: each amount for itself, and each with what was granted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepGoal:
    """One stage of the objective; `unit` says how its values are written."""

    goal: str
    sense: Sense
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class TighteningEntry:
    """One rule, or option of an envelope, that becomes tighter as the amount grows."""

    id: str
    option: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGoal(StageValue):
    """Value of one stage at one amount, its bound, and the gap between them; null if unknown."""

    bound: DecimalText | None
    gap: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEnvelopeEntry:
    """Figures of one written envelope at one amount, with all below it."""

    id: str
    parent: str | None
    title: str
    amount_cents: int | None
    effective_cents: int | None
    granted_cents: int
    n_funded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """List and figures at one amount of one curve; without a list, `objective` is empty."""

    status: Status
    proof: Proof | None
    canonical: bool
    method: str
    objective: Sequence[PointGoal] = ()
    width_cents: int | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FundedCurvePoint(CurvePoint):
    """The list at one amount, and who entered and left since the previous amount."""

    granted_cents: int
    n_funded: int
    n_new: int
    population: int | None
    inhabitants: int | None
    n_departments: int
    envelopes: Sequence[SweepEnvelopeEntry]
    allocation_sha256: str
    left_cents: int
    entered: Sequence[str]
    left: Sequence[str]


type AnyCurvePoint = FundedCurvePoint | CurvePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPointEntry:
    """One amount: each list for itself, the list that keeps what was granted before, and what keeping it costs."""

    amount_cents: int
    free: AnyCurvePoint | None
    nested: AnyCurvePoint | None
    price_of_nesting: DecimalText | None
    price_goal: str | None

    def get_curve(self, curve: str) -> AnyCurvePoint | None:
        """Return the point of the curve `free` or `nested`."""
        return self.nested if curve == "nested" else self.free

    def get_list(self, curve: str) -> FundedCurvePoint | None:
        """Return the list of a curve; None without one."""
        point = self.get_curve(curve)
        return point if isinstance(point, FundedCurvePoint) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptDossier:
    """One dossier that some amount changes: where it is funded, and from where on for good."""

    dossier: str
    title: str
    envelope: str
    granted_cents: int
    free_from_cents: int | None
    free_at_cents: Sequence[int]
    nested_from_cents: int | None
    nested_at_cents: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnspentEntry:
    """Unspent money of one envelope at the largest amount, with its reason."""

    id: str
    title: str
    unspent_cents: int
    unspent_code: str
    unspent_because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepStepsEntry:
    """Every known amount at which the optimum changes, by column."""

    amount_cents: Sequence[int]
    value: Sequence[DecimalText]
    bound: Sequence[DecimalText | None]
    n_funded: Sequence[int]
    granted_cents: Sequence[int]
    population: Sequence[int | None]
    inhabitants: Sequence[int | None]
    n_departments: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandEntry:
    """One interval in which the free curve is known only to lie between two values."""

    from_cents: int
    until_cents: int
    low: DecimalText | None
    high: DecimalText | None
    width: DecimalText | None
    within_tolerance: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDocument(ScenarioHead):
    """The best list at each amount of an envelope; amounts that were not reached are missing from `points`."""

    command: Literal["sweep"] = "sweep"
    title: str
    date: str | None
    synthetic: bool
    sweep_dir: str | None = None
    status: Status
    stopped_by: str | None
    progress: ProgressEntry
    proof: Proof | None
    envelopes: Sequence[str]
    share: str
    base_cents: int | None
    from_cents: int
    to_cents: int
    free: bool
    nested: bool
    exact: bool
    tolerance: str | None
    goals: Sequence[SweepGoal]
    n_dossiers: int
    n_departments: int
    tightening: Sequence[TighteningEntry]
    points: Sequence[SweepPointEntry]
    dossiers: Sequence[SweptDossier]
    unspent: Sequence[UnspentEntry]
    steps: SweepStepsEntry | None
    band: Sequence[BandEntry]
    warnings: Sequence[str]

    @property
    def dossier_table(self) -> pl.DataFrame:
        """`dossiers` as columns."""
        return cast("TableRows[SweptDossier]", self.dossiers).table

    @property
    def first_curve(self) -> str:
        """The curve that is displayed where one is enough: `free` if it was asked for."""
        return "free" if self.free else "nested"

    def has_curve(self, curve: str) -> bool:
        """Whether a curve was asked for."""
        return self.nested if curve == "nested" else self.free
