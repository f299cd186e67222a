"""Document of `ensemble --json`: amounts in integer cents, exact decimals as text, shares of draws as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tnt_sim.analysis.shared.study_head import StudyState
from tnt_sim.analysis.uncertainty.cost_overrun_fit import Fit
from tnt_sim.documents import DecimalText, DocumentHead, Record, ScenarioHead, leave_unwritten, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk(Record):
    """Mean, least and most of a value over the draws, and its two measures of risk, exact."""

    mean: Fraction
    least: Fraction
    most: Fraction
    var: Fraction
    cvar: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Limits of these measures over the draws whose optimum is known exactly or within limits."""

    n_draws: int
    low: Risk
    high: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOverDraws(Record):
    """One list decided beforehand, in all draws; its largest regret is between two limits, equal where exact.

    It is the optimum without uncertainty (`plan`), the best on average (`average`), or that of a draw (`draw N`),
    and holds in a share of the draws.
    """

    name: str
    risk: Risk = spread(Risk)
    worst_regret: Fraction
    worst_regret_upto: Fraction
    holds: Fraction
    ahead: bool = leave_unwritten()
    """Whether it surely exceeds the optimum of a draw in which it is feasible: it keeps promised amounts where
    applications ask for more, and so is not an allocation of that draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnEnvelope:
    """One envelope: the share of draws with money left, and how much."""

    envelope: str
    amount_cents: int
    p_unspent: float
    mean_unspent_cents: int
    most_unspent_cents: int
    p_exceeded: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEntry:
    """Grants and payments of the plan for one year, on average and at most, and what it may promise on top."""

    year: int | None
    granted_cents: int
    mean_paid_cents: int
    most_paid_cents: int
    may_be_promised: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityEntry:
    """Total effect of one input on the optimal value, and the values where it alone varies.

    `least` and `most` are of the `n_single` draws in which the other inputs are as written; all of them but a
    tenth at each end lie between `low` and `high`.
    """

    input: str
    total_effect: float | None
    n_draws: int
    least: DecimalText | None
    low: DecimalText | None
    high: DecimalText | None
    most: DecimalText | None
    n_single: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDossier:
    """One dossier: in how many draws it is funded.

    `times` and `share` are of the draws that are optimised, `share_low` and `share_high` limits over these and the
    bounded ones. `standing` is `unknown` where these limits leave it open.
    """

    dossier: str
    envelope: str
    department: str | None
    applicant_type: str | None
    planned: bool | None
    times: int
    share: float | None
    share_low: float | None
    share_high: float | None
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleDocument(StudyState, ScenarioHead):
    """Changes by uncertain costs, scores and withdrawals; `robust` names the best lists that always hold.

    `n_draws` are optimised, `n_bounded` more have limits of their optimum, `n_failed` were tried and have neither.
    `value` is of the first, `value_limits` of both together.
    """

    command: Literal["ensemble"] = "ensemble"
    n_draws: int
    n_bounded: int
    n_failed: int
    seed: int
    sampling: str
    inputs: Sequence[str]
    without_dossier: Sequence[str]
    value: Risk | None
    value_limits: RiskLimits | None
    plan_value: DecimalText | None
    information: DecimalText | None
    robust: Mapping[str, str]
    lists: Sequence[ListOverDraws]
    envelopes: Sequence[DrawnEnvelope]
    payments: Sequence[PaymentEntry]
    sensitivity: Sequence[SensitivityEntry]
    dossiers: Sequence[DrawnDossier]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitDocument(DocumentHead):
    """Distributions of the cost overruns of a table, and their entries for a scenario."""

    command: Literal["ensemble"] = "ensemble"
    status: Literal["done"] = "done"
    fit: Fit
    yaml: str
