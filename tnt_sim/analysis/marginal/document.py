"""Documents of the marginal questions, from `marginal-euro` to `extension-shares`.

Amounts are integer cents, exact decimals are text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tnt_sim.analysis.marginal.entry_thresholds import Entries
from tnt_sim.analysis.marginal.extension_allocation import ExtensionOption
from tnt_sim.analysis.marginal.marginal_euro import NextEuro
from tnt_sim.analysis.marginal.rule_prices import Price
from tnt_sim.analysis.marginal.target_envelope import TargetResult
from tnt_sim.analysis.shared.envelope_path import EnvelopePath
from tnt_sim.analysis.shared.goal_values import GoalValue, list_goal_values
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, count_departments
from tnt_sim.analysis.shared.study_head import QuestionHead, build_question_head
from tnt_sim.documents import TableRows, omit_none
from tnt_sim.engine.result import Proof, Status
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalDocument(QuestionHead):
    """First keys of every question on money; `points` stays empty, it belongs to curves."""

    question: str
    envelope: str | None
    amount_cents: int | None
    points: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEntry:
    """Figures of the reference solution."""

    objective: Sequence[GoalValue]
    n_funded: int
    granted_cents: int
    n_departments: int
    proof: Proof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEuroDocument(MarginalDocument):
    """Gain of the next euro of each envelope, or of the next unit of each rule."""

    command: Literal["marginal-euro"] = "marginal-euro"
    question: Literal["next"] = "next"
    base: ReferenceEntry
    next: Sequence[NextEuro]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryThresholdRow:
    """One dossier that can be funded, and the amounts from which it is."""

    dossier: str
    eligible: bool
    funded: bool
    flag: str
    no_loss_cents: int | None
    no_loss_upto_cents: int | None
    no_loss_never: bool
    method: str
    first_cents: int | None
    first_from_cents: int | None
    first_upto_cents: int | None
    stable_from_cents: int | None
    stable_low_cents: int | None
    stable_upto_cents: int | None
    out_until_cents: int | None
    flips: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryThresholdsDocument(MarginalDocument):
    """From which amount of an envelope each dossier is funded."""

    command: Literal["entry-thresholds"] = "entry-thresholds"
    question: Literal["entries"] = "entries"
    from_cents: int
    to_cents: int
    n_lists: int
    exact: bool
    nested: bool
    flags: Mapping[str, int]
    entries: Sequence[EntryThresholdRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEntry:
    """One target: the smallest amount and the list there, or why no amount reaches it."""

    target: str
    words: str
    reached: bool
    amount_cents: int | None
    amount_from_cents: int | None
    extra_cents: int | None
    exact: bool
    missing: str | None
    blocked_by: Sequence[str]
    proof: Proof | None
    stopped: bool
    objective: Sequence[GoalValue] = ()
    n_funded: int | None = None
    granted_cents: int | None = None
    dossiers: Sequence[str] = ()
    n_departments: int | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDocument(MarginalDocument):
    """The smallest amount of an envelope that reaches each target."""

    command: Literal["target"] = "target"
    question: Literal["target"] = "target"
    targets: Sequence[TargetEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePricesDocument(MarginalDocument):
    """Prices of rules, fences, separations of money and decisions."""

    command: Literal["rule-prices"] = "rule-prices"
    question: Literal["prices"] = "prices"
    base: ReferenceEntry
    unsettled: Sequence[str]
    prices: Sequence[Price]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionDocument(MarginalDocument):
    """Where an extra amount does most: shared by the model, by a key, or given to one axis."""

    command: Literal["extension-shares"] = "extension-shares"
    question: Literal["extension"] = "extension"
    extra_cents: int
    base: ReferenceEntry
    ways: Sequence[ExtensionOption]


def build_head(
    problem: Problem, path: EnvelopePath | None, course: StudyProgress, status: Status, lang: Lang
) -> dict[str, Any]:
    """Build the keys of `MarginalDocument` that are the same for every question."""
    return {
        **build_question_head(problem, course, status, lang),
        "envelope": None if path is None else path.id,
        "amount_cents": path.amount_cents if path is not None and path.written else None,
    }


def build_reference_entry(base: ReferenceSolution) -> ReferenceEntry:
    """Build the figures of the reference solution."""
    return ReferenceEntry(
        objective=list_goal_values(base.problem, base.answer.values),
        proof=base.answer.proof,
        n_funded=int(base.allocation.funded.sum()),
        granted_cents=int(base.allocation.granted_cents.sum()),
        n_departments=count_departments(base.problem, base.allocation),
    )


def build_entry_rows(thresholds: Entries) -> TableRows[EntryThresholdRow]:
    """Build one row per dossier that can be funded."""
    return TableRows(thresholds.table.filter(thresholds.table["eligible"]), EntryThresholdRow)


def count_flags(thresholds: Entries) -> dict[str, int]:
    """Count the dossiers by flag."""
    return {row["flag"]: row["count"] for row in thresholds.table["flag"].value_counts().to_dicts()}


def build_target_entry(result: TargetResult, lang: Lang) -> TargetEntry:
    """Build one target: the smallest amount and the list there, or the reason why no amount reaches it."""
    entry = TargetEntry(
        target=result.target.text,
        words=result.target.words.in_(lang),
        reached=result.amount_cents is not None,
        amount_cents=result.amount_cents,
        amount_from_cents=result.lower_cents,
        extra_cents=result.extra_cents,
        exact=result.exact,
        missing=None if result.missing is None else result.missing.in_(lang),
        blocked_by=[text.in_(lang) for text in result.blocked_by],
        proof=result.proof,
        stopped=result.stopped,
    )
    answer, problem = result.answer, result.problem
    if answer is None or answer.allocation is None:
        return entry
    names = problem.case.table["dossier"].gather(np.flatnonzero(answer.allocation.funded))
    return replace(
        entry,
        objective=list_goal_values(problem, answer.values),
        n_funded=int(answer.allocation.funded.sum()),
        granted_cents=int(answer.allocation.granted_cents.sum()),
        dossiers=names.to_list(),
        n_departments=count_departments(problem, answer.allocation),
    )
