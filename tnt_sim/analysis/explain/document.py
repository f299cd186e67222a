"""Documents of `explain --json` and `inversions --json`: amounts in integer cents, exact decimals as text.

A change is one figure of the scenario and the value of it that would fund a refused application. Bounds, a
solve, or a confirmed solve give it different keys: each has a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.analysis.shared.study_head import QuestionHead, StudyState
from tnt_sim.documents import DecimalText, ScenarioHead, omit_none
from tnt_sim.engine.result import Status
from tnt_sim.verify.verification import CheckRecord

type ChangeKind = Literal["any", "score", "grant", "envelope", "requirement", "decision"]
type DecidedStatus = Literal[Status.OPTIMAL, Status.FEASIBLE]
"""Status of the explained run: optimal, or an allocation that nothing shows to be optimal."""


CLAIMED_FIGURE = "CLAIMED"
"""Word for what shows a figure that was read from a file, and not computed again."""
BECAUSE_CODE = {"merit": "rule", "outranked": "crowded_out", "none_fits": "crowded_out"}
"""Reason codes of the run that change where a rule decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChange:
    """Change without an answer, or an obstacle that cannot be lifted by itself; nothing was solved for it."""

    kind: ChangeKind
    of: str
    title: str | None = omit_none()
    status: Literal["undefined", "impossible"] = "undefined"
    why: str
    by: str | None = omit_none()
    settled_by: str | None = omit_none()
    proof: ClassVar[None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpossibleChange:
    """Change that funds the application at no value."""

    kind: ChangeKind
    of: str
    title: str | None = omit_none()
    status: Literal["impossible"] = "impossible"
    why: str
    proof: str | None
    settled_by: str | None = omit_none()
    by: ClassVar[None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreHead:
    """Column of a score, its figure today, its step, and the highest score of the table."""

    kind: Literal["score"] = "score"
    of: str
    unit: Literal["number"] = "number"
    from_: DecimalText
    step: DecimalText
    top: DecimalText
    proof: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChange(ScoreHead):
    """Score that funds the application, found by exact bounds or by a solve."""

    status: Literal["exact"] = "exact"
    to: DecimalText
    by: DecimalText
    tie: bool
    settled_by: str | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInterval(ScoreHead):
    """Limits between which the needed score lies; `high` is null where no allocation was found."""

    status: Literal["interval"] = "interval"
    low: DecimalText
    high: DecimalText | None
    settled_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChange:
    """Largest grant below the request with which the application would be funded."""

    kind: Literal["grant"] = "grant"
    of: str
    status: Literal["exact"] = "exact"
    unit: Literal["money"] = "money"
    from_cents: int
    to_cents: int
    by_cents: int
    step_cents: int
    proof: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeHead:
    """Envelope of a change, and the amount with which the application is funded without loss."""

    kind: Literal["envelope"] = "envelope"
    of: str
    title: str
    unit: Literal["money"] = "money"
    from_cents: int
    to_cents: int
    by_cents: int
    proof: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeChange(EnvelopeHead):
    """Least increase of an envelope; `first_cents` is the first amount found whose optimum funds it."""

    status: Literal["exact"] = "exact"
    tie: bool
    first_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeInterval(EnvelopeHead):
    """Increase of an envelope between two limits."""

    status: Literal["interval"] = "interval"
    low_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeLimits:
    """Increase of the programme, found for all applications at once; null where nothing bounds it from above."""

    kind: Literal["envelope"] = "envelope"
    of: str
    title: str
    status: Literal["exact", "interval"]
    unit: Literal["money"] = "money"
    from_cents: int
    to_cents: int | None
    by_cents: int | None
    low_cents: int
    tie: bool
    first_cents: int | None
    settled_by: str
    proof: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """Least by which a rule must give way for the application to be funded without loss."""

    kind: Literal["rule"] = "rule"
    of: str
    status: Literal["exact"] = "exact"
    unit: str
    by: DecimalText
    proof: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftedObstacle:
    """Requirement or decision without which the application would be funded, and its grant."""

    kind: ChangeKind
    of: str
    status: Literal["exact"] = "exact"
    unit: Literal["yes"] = "yes"
    grant_cents: int
    proof: str | None
    confirmed: bool | None
    settled_by: str | None = omit_none()


type RefusedChange = OpenChange | ImpossibleChange
type RaisedEnvelope = EnvelopeChange | EnvelopeInterval | EnvelopeLimits
type ChangeEntry = (
    RefusedChange | ScoreChange | ScoreInterval | GrantChange | RaisedEnvelope | RuleChange | LiftedObstacle
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetEntry:
    """Requirement that the application misses: its value, the failed comparison, and the shortfall."""

    rule: str
    column: str
    value: str | None
    test: str | None
    limit: str | None
    shortfall: str | None
    unit: str
    wanted: Mapping[str, object]
    reason: str
    source: str
    place: str
    not_given: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginDossier:
    """Application among the last that were funded in an envelope."""

    dossier: str
    granted_cents: int
    per_thousand_euros: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginEntry:
    """Envelope that blocks the application: the money left, and the last applications funded in it."""

    envelope: str
    title: str
    left_cents: int
    asked_cents: int
    per_thousand_euros: str
    dossiers: Sequence[MarginDossier]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRule:
    """Rule, cap, decision, column or envelope option, and its position in the scenario files."""

    id: str
    kind: str
    title: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingRule(NamedRule):
    """Rule whose removal changes the decision; `enters` if the application is funded without it."""

    enters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffectEntry(NamedRule):
    """Applications that enter and leave without the rule; null where a limit stopped the solve."""

    status: Status
    enters: Sequence[str] | None
    leaves: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDecision:
    """Decision that people took on the application."""

    rule: str
    title: str
    reason: str
    author: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRank:
    """Rank on the reserve list of the run, and the amount that the application would get."""

    rank: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedDossier:
    """Decision on one application: reason code, figures behind it, and the changes that would fund it."""

    dossier: str
    envelope: str | None
    eligible: bool
    funded: bool
    granted_cents: int
    asked_cents: int | None
    reason_code: str
    optimal: bool
    reason: str
    missed: Sequence[UnmetEntry]
    margin: MarginEntry | None
    by: str | None
    rule: NamedRule | None
    unclear: bool
    empty: Sequence[str]
    decision: TakenDecision | None
    on_reserve: ReserveRank | None
    because: Sequence[DecidingRule]
    barred_by: NamedRule | None
    changes: Sequence[ChangeEntry] = ()
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveEntry:
    """Refused candidate and what it waits for: a rule, otherwise money; `rank` is null where it is no money."""

    rank: int | None
    dossier: str
    envelope: str
    asked_cents: int
    left_cents: int
    missing_cents: int
    rule: str | None
    looked_at: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledCounts:
    """Number of scores and of obstacles settled by bounds, by a solve, or left open."""

    by_bounds: int
    by_solve: int
    intervals: int
    lifted_by_bounds: int
    lifted_by_solve: int
    lifted_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDossier:
    """Name that is no application of the run, with the nearest one."""

    message: str
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedDossier:
    """Application with the value that ranks it, in cents where the column is money."""

    dossier: str
    value: str | None
    value_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterDossier(RankedDossier):
    """Refused application of an inverted pair."""

    asked_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorseDossier(RankedDossier):
    """Funded application of an inverted pair."""

    granted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvertedPair:
    """Refused application and a worse one that is funded, in one envelope and class."""

    group: str
    better: BetterDossier
    worse: WorseDossier


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBetter(InvertedPair):
    """Refused application with the worst funded one, and the number of worse ones."""

    n_worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InversionList:
    """Inverted pairs of a decision: all of them are counted, the first are listed."""

    rank: str
    n_pairs: int
    n_refused: int
    refused: Sequence[RefusedBetter]
    pairs: Sequence[InvertedPair]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondsEntry:
    """Seconds that the explanation took."""

    explain: float


@dataclass(frozen=True, kw_only=True)
class ExplainedList(StudyState):
    """What is found of a whole list: reasons counted, effects of the rules, inversions and the reserve list."""

    status: DecidedStatus
    reasons: Mapping[str, int]
    rules: Sequence[RuleEffectEntry]
    inversions: InversionList | None
    reserve: Sequence[ReserveEntry]
    settled: SettledCounts | None
    rules_progress: ProgressEntry
    seconds: SecondsEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainDocument(ExplainedList, ScenarioHead):
    """Reasons for the decisions on some applications, effects of the rules, and the reserve list.

    `read_from` is the file of the run folder that the effects, the reserve list and the changes of all were read
    from; the key is left out where all was computed.
    """

    command: Literal["explain"] = "explain"
    run_dir: str | None
    title: str
    lang: str
    synthetic: bool
    verification: CheckRecord | None
    dossiers: Sequence[ExplainedDossier]
    unknown: Sequence[UnknownDossier]
    read_from: str | None = omit_none()

    @property
    def is_of_list(self) -> bool:
        """Whether it answers for the whole list, not for named applications alone."""
        return self.settled is not None or not self.dossiers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExplanation(ExplainedList):
    """`explanation.json` of a run folder: all but the rows of `explanation.parquet`.

    `limit_seconds` is the limit that ended the computation; null where the explanation is whole.
    """

    schema_version: Literal[1] = 1
    scenario_sha256: str
    allocation_sha256: str
    document_sha256: str
    code_sha256: str
    table_sha256: str
    limit_seconds: float | None
    stopped_by: Literal["time"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPrice:
    """Cost of a rule without inversions, hard or at a price per pair; null where there is no allocation."""

    mode: Literal["hard", "priced"]
    penalty: DecimalText | None
    status: Status
    loses: Sequence[DecimalText] | None = None
    granted_cents: int | None = None
    enters: Sequence[str] | None = None
    leaves: Sequence[str] | None = None
    n_pairs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InversionsDocument(QuestionHead):
    """Better applications refused while worse ones are funded, and what having none would cost."""

    command: Literal["inversions"] = "inversions"
    run_dir: str | None
    goals: Sequence[str]
    rank: str
    n_pairs: int
    n_refused: int
    refused: Sequence[RefusedBetter]
    pairs: Sequence[InvertedPair]
    prices: Sequence[OrderPrice]
