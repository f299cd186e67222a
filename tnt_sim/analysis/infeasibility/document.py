"""Document of `conflict --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.shared.goal_values import GoalValue
from tnt_sim.analysis.shared.study_head import QuestionHead
from tnt_sim.documents import DecimalText, omit_none


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundHead:
    """Which bound is meant, and where the scenario writes it; `side` is empty where an entry binds as a whole."""

    kind: str
    id: str
    title: str
    group: str | None
    group_name: str | None
    side: str
    table: bool
    file: str | None
    line: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundEntry(BoundHead):
    """One bound as written, in its unit and, if it is money in whole cents, in cents."""

    bound: DecimalText | None
    bound_cents: int | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedBoundEntry(BoundHead):
    """One bound of a rule; `rate` is the share that it requires, null for rules without one."""

    bound: DecimalText
    bound_cents: int | None
    rate: DecimalText | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessEntry:
    """An allocation that satisfies all other members of a conflict: that member is needed."""

    allocation_sha256: str
    n_funded: int
    granted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEntry(BoundEntry):
    """One member of a conflict; `without` is null where no allocation was found."""

    without: WitnessEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedMemberEntry(RatedBoundEntry):
    """One member of a conflict that is a bound of a rule."""

    without: WitnessEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashEntry:
    """One conflict: its members, its evidence, and whether each member is shown to be needed."""

    members: Sequence[MemberEntry | RatedMemberEntry]
    proof: str | None
    minimal: bool
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftedEntry(BoundHead):
    """An entry that a repair lifts."""

    do: Literal["lift"] = "lift"
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EasedHead(BoundHead):
    """By how much a repair eases a bound; `all_groups` where a rule `by` a column has one bound for all groups."""

    do: Literal["raise", "lower"]
    by: DecimalText
    by_cents: int | None
    from_: DecimalText
    from_cents: int | None
    to: DecimalText
    to_cents: int | None
    all_groups: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EasedEntry(EasedHead):
    """A bound that a repair eases; `above` names the envelopes that its texts raise with it."""

    above: Sequence[str] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EasedShareEntry(EasedHead):
    """A share that a repair misses, and the share that it reaches."""

    rate: DecimalText
    reached: DecimalText | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheapestDossier:
    """The cheapest dossier that would count towards a minimum number."""

    dossier: str
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EasedCountEntry(EasedHead):
    """A minimum number of dossiers that a repair lowers, and the cheapest one more."""

    cheapest: CheapestDossier | None
    words: str = ""


type ActionEntry = EasedShareEntry | EasedCountEntry | EasedEntry | LiftedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairEntry:
    """A repair with the best allocation after it.

    `cents` is by how much its bounds in money change in all, `added_cents` what of it is added to envelopes: a
    minimum that is lowered adds none. Where `cents` is 0, `change_cents` is how much less is granted than after
    the repair without money that lets most be granted.
    """

    rank: int
    n_rules: int
    cents: int
    added_cents: int
    change_cents: int | None = None
    actions: Sequence[ActionEntry]
    verified: Literal[True] = True
    least: bool
    least_proven: bool | None
    objective: Sequence[GoalValue]
    best_found: bool
    n_funded: int | None
    granted_cents: int | None
    set: Sequence[str] | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDocument(QuestionHead):
    """Which rules contradict each other, and what would be enough to settle it.

    `n_sets` counts all conflicts that the search met, if any; `sets` explains the first ones.
    """

    command: Literal["conflict"] = "conflict"
    step: str | None
    n_sets: int | None = omit_none()
    sets: Sequence[ClashEntry]
    repairs: Sequence[RepairEntry]
    complete: bool
    n_solves: int
    seconds: float
