"""Document of a run (`run --json`): figures of envelopes, rules and objectives.

Amounts are in integer cents, exact decimals are text. Figures of money measures are in euros; `num` and `den`
are the exact integers behind each figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
import polars as pl

from tnt_sim.documents import DecimalText, ScenarioHead, omit_none
from tnt_sim.documents import format_fraction as format_fraction
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.inhabitants import find_reached_communes
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Reading, RuleReading, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.question_acceptance import describe_resolution
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.verification import ProofRows

if TYPE_CHECKING:
    from tnt_sim.verify.decision_reasons import Reasons

QUESTIONED = 20
"""Dossiers of an open question that a document names, at most."""


def format_bound(bound: Fraction | None, value: Fraction | None, *, is_maximised: bool) -> str | None:
    """Write a bound on a value, rounded away from it where it differs.

    Examples
    --------
    >>> format_bound(Fraction(1, 3), Fraction(1, 4), is_maximised=True)
    '0.333333333334'
    >>> format_bound(Fraction(1, 3), Fraction(1, 3), is_maximised=True)
    '0.333333333333'
    """
    away = ROUND_CEILING if is_maximised else ROUND_FLOOR
    return format_fraction(bound, ROUND_HALF_EVEN if bound == value else away)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntry:
    """One stage of the objective; null where there is no allocation, or nothing is known."""

    goal: str
    sense: str
    value: DecimalText | None
    bound: DecimalText | None
    gap: DecimalText | None
    gap_money_cents: int | None
    proof: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TieEvidence:
    """Evidence that no equally good allocation grants less, and that none precedes this one."""

    least_granted: str | None = None
    list: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnvelope:
    """Figures of one envelope and of all envelopes below it, and why money is left."""

    id: str
    parent: str | None
    title: str
    amount_cents: int | None
    effective_cents: int | None
    transferred_in_cents: int
    transferred_out_cents: int
    reserved_cents: int
    overprogrammed_cents: int
    committed_cents: int
    granted_cents: int | None
    unspent_cents: int | None
    n_dossiers: int
    n_eligible: int
    n_funded: int | None
    unspent_code: str | None
    unspent_rule: str | None
    unspent_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEntry:
    """Figures of one group of a rule; `num` and `den` are the exact integers behind `value`."""

    group: str | None
    lowered: bool
    min: DecimalText | None
    max: DecimalText | None
    value: DecimalText | None
    num: int
    den: int
    slack: DecimalText | None
    holds: bool
    binds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """Figures of one rule: those of its tightest group, null if it has none."""

    id: str
    kind: str
    mode: str
    min: DecimalText | None = None
    max: DecimalText | None = None
    value: DecimalText | None = None
    num: int | None = None
    den: int | None = None
    slack: DecimalText | None = None
    holds: bool
    binds: bool
    groups: Sequence[GroupEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestionEntry:
    """A choice that the data leave open, for how many dossiers, and what decides it."""

    id: str
    count: int
    dossiers: Sequence[str]
    text: str
    way_out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """One step: what it granted beyond the earlier ones."""

    id: str
    date: str | None
    status: str
    proof: str | None
    canonical_proof: TieEvidence
    objective: Sequence[StageEntry]
    n_funded: int
    granted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPrice:
    """Price of one envelope or rule at one stage of the relaxed problem."""

    stage: int
    goal: str
    kind: str
    id: str
    group: str | None
    side: str
    price: DecimalText
    per: str


class RunTotals(TypedDict):
    """Amount, granted, unspent and counts of the programme; inhabitants if the scenario names a map.

    `n_unlocated` counts the funded dossiers without a territory, or with a code that the map does not know.
    """

    amount_cents: int | None
    granted_cents: int | None
    unspent_cents: int | None
    n_dossiers: int
    n_eligible: int
    n_funded: int | None
    inhabitants: int | None
    n_unlocated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument(ScenarioHead):
    """A decision: the allocation's figures, and what supports them; null where there is no allocation.

    `prices` belong to a relaxed run, `steps` to a scenario with steps, `conflict` to an infeasible one.
    """

    command: Literal["run"] = "run"
    run_dir: str | None = None
    title: str
    relaxed: bool
    status: str
    stopped_by: str | None
    proof: str | None
    publishable: bool
    canonical: bool
    canonical_proof: TieEvidence
    proof_rows: ProofRows
    method: str
    objective: Sequence[StageEntry]
    amount_cents: int | None
    granted_cents: int | None
    unspent_cents: int | None
    n_dossiers: int
    n_eligible: int
    n_funded: int | None
    inhabitants: int | None
    n_unlocated: int | None
    envelopes: Sequence[RunEnvelope]
    rules: Sequence[RuleEntry]
    warnings: Sequence[str]
    open_questions: Sequence[OpenQuestionEntry] | None = omit_none()
    allocation_sha256: str | None
    prices: Sequence[ShadowPrice] | None = omit_none()
    seconds: Mapping[str, float]
    conflict: Sequence[object] | None = omit_none()
    steps: Sequence[StepEntry] | None = omit_none()


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Figures of one stage of the objective; None where there is no allocation."""

    goal: str
    sense: str
    value: Fraction | None
    bound: Fraction | None
    proof: str | None
    gap_money_cents: int | None = None
    """The gap in money; None if it was not computed. A gap of 0 is reported as 0 cents."""

    def build_document(self) -> StageEntry:
        """Build the entry of `objective`."""
        gap = None if self.value is None or self.bound is None else abs(self.bound - self.value)
        return StageEntry(
            goal=self.goal,
            sense=self.sense,
            value=format_fraction(self.value),
            bound=format_bound(self.bound, self.value, is_maximised=self.sense == Sense.MAXIMISE.value),
            gap=format_fraction(gap),
            gap_money_cents=0 if gap == 0 else self.gap_money_cents,
            proof=self.proof,
        )


def build_totals(
    problem: Problem, reading: AllocationReading | None, allocation: Allocation | None
) -> RunTotals:
    """Build the totals of the programme."""
    amount = problem.case.tree.written_cents[0]
    granted = reading.granted_cents if reading else None
    reach = find_reached_communes(problem.case) if allocation else None
    return RunTotals(
        amount_cents=amount,
        granted_cents=granted,
        unspent_cents=max(0, amount - granted) if amount is not None and granted is not None else None,
        n_dossiers=problem.case.n,
        n_eligible=int(select_eligible(problem).sum()),
        n_funded=int(allocation.funded.sum()) if allocation else None,
        inhabitants=reach.count_inhabitants(allocation.funded) if reach and allocation else None,
        n_unlocated=int(reach.unlocated[allocation.funded].sum()) if reach and allocation else None,
    )


def hash_allocation(problem: Problem, allocation: Allocation) -> str:
    """Compute the SHA-256 of the lines « dossier TAB cents LF » of the funded dossiers, sorted by code point."""
    mask = pl.Series(allocation.funded)
    lines = pl.DataFrame(
        {
            "dossier": problem.case.table["dossier"].filter(mask),
            "cents": pl.Series(allocation.granted_cents).filter(mask),
        }
    ).sort("dossier")
    text = lines.select(pl.concat_str("dossier", pl.lit("\t"), "cents", pl.lit("\n"))).to_series()
    return hashlib.sha256("".join(text.to_list()).encode()).hexdigest()


def select_eligible(problem: Problem) -> BoolArray:
    """Return the eligible dossiers, bool (n,).

    These are the committed ones, and those that meet all requirements and that caps leave an amount.
    """
    result: BoolArray = (problem.eligibility.eligible | problem.offers.committed) & ~problem.offers.capped_out
    return result


def build_envelope_entries(
    problem: Problem,
    reading: AllocationReading | None,
    allocation: Allocation | None,
    reasons: Reasons | None,
    lang: Lang,
) -> list[RunEnvelope]:
    """Build one entry per envelope; figures include all envelopes below it."""
    from tnt_sim.verify.reason_sentences import describe_unspent

    tree, node = problem.case.tree, problem.case.node
    n_dossiers = _count_by_node(problem, np.ones(problem.case.n, dtype=np.bool_))
    n_eligible = _count_by_node(problem, select_eligible(problem))
    n_funded = _count_by_node(problem, allocation.funded) if allocation else None
    committed = [0] * tree.n_nodes
    held = (node >= 0) & problem.offers.committed
    np_committed = np.zeros(tree.n_nodes, dtype=np.int64)
    np.add.at(np_committed, node[held], problem.offers.committed_cents[held])
    committed = tree.sum_subtrees(np_committed.tolist())
    entries = []
    for k, name in enumerate(tree.ids):
        amount, option = tree.written_cents[k], tree.options[k]
        given = None if amount is None else amount + option.given_cents
        effective = given if reading is None else reading.envelopes.effective_cents[k]
        granted = reading.envelopes.granted_cents[k] if reading else None
        code = reasons.unspent_code[k] if reasons else None
        entries.append(
            RunEnvelope(
                id=name,
                parent=tree.ids[int(tree.parent[k])] if k else None,
                title=tree.titles[k],
                amount_cents=amount,
                effective_cents=effective,
                transferred_in_cents=reading.envelopes.in_cents[k] if reading else 0,
                transferred_out_cents=reading.envelopes.out_cents[k] if reading else 0,
                reserved_cents=option.reserved_cents,
                overprogrammed_cents=reading.envelopes.overprogrammed_cents[k] if reading else 0,
                committed_cents=committed[k],
                granted_cents=granted,
                unspent_cents=None if effective is None or granted is None else max(effective - granted, 0),
                n_dossiers=n_dossiers[k],
                n_eligible=n_eligible[k],
                n_funded=None if n_funded is None else n_funded[k],
                unspent_code=code,
                unspent_rule=reasons.unspent_rule[k] if reasons else None,
                unspent_because=describe_unspent(problem, reasons, k).in_(lang) if reasons and code else None,
            )
        )
    return entries


def _count_by_node(problem: Problem, mask: BoolArray) -> list[int]:
    node = problem.case.node
    held = mask & (node >= 0)
    own = np.bincount(node[held], minlength=problem.case.tree.n_nodes)
    return problem.case.tree.sum_subtrees(own.tolist())


def build_rule_entries(readings: Sequence[RuleReading]) -> list[RuleEntry]:
    """Build one entry per rule; a rule with `by` lists its groups."""
    entries = []
    for rule in readings:
        groups = [_build_group_entry(reading) for reading in rule.readings]
        entry = RuleEntry(
            id=rule.id,
            kind=rule.kind,
            mode=rule.mode.value,
            holds=rule.holds,
            binds=any(group.binds for group in groups),
            groups=groups if rule.grouped else (),
        )
        if groups:
            tightest = groups[rule.find_tightest()]
            entry = replace(
                entry,
                min=tightest.min,
                max=tightest.max,
                value=tightest.value,
                num=tightest.num,
                den=tightest.den,
                slack=tightest.slack,
            )
        entries.append(entry)
    return entries


def _build_group_entry(reading: Reading) -> GroupEntry:
    slack = reading.slack
    return GroupEntry(
        group=reading.group,
        lowered=reading.lowered,
        min=format_fraction(reading.minimum),
        max=format_fraction(reading.maximum),
        value=format_fraction(reading.value),
        num=reading.num,
        den=reading.den,
        slack=format_fraction(slack),
        holds=reading.holds,
        binds=slack == 0,
    )


def list_open_questions(problems: Sequence[Problem], lang: Lang) -> list[OpenQuestionEntry]:
    """List what the data leave undecided, each question once, with what decides it."""
    result = {question.id: question for problem in problems for question in problem.questions}
    return [
        OpenQuestionEntry(
            id=one.id,
            count=one.count,
            dossiers=one.dossiers[:QUESTIONED],
            text=one.text.in_(lang),
            way_out=describe_resolution(one).in_(lang),
        )
        for one in result.values()
    ]


def format_warnings(warnings: Sequence[Defect], lang: Lang) -> list[str]:
    """Return the warnings as sentences."""
    return [warning.line(lang) for warning in warnings]
