"""Report of a scenario before any solve: eligibility, unreachable money, data quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.documents import DocumentHead, omit_none
from tnt_sim.domain.budget_tree import Tree
from tnt_sim.domain.territory import YEARS
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.i18n.parameters import Count, Items, Money
from tnt_sim.ingest.quality.checks import check_quality
from tnt_sim.reporting.command_documents import UnreadColumnEntry
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Words,
    write_both,
)
from tnt_sim.reporting.reports.envelope_table import Outlet, build_envelope_table
from tnt_sim.reporting.reports.personal_columns import PersonalColumnEntry, build_personal_section
from tnt_sim.reporting.reports.quality import (
    QualityEntry,
    build_findings_table,
    build_quality,
    build_quality_entry,
)
from tnt_sim.reporting.reports.warnings import build_warnings
from tnt_sim.reporting.text.vocabulary import REASON, describe_eligible, describe_filed
from tnt_sim.rules.envelopes.tree_reading import can_gain, compute_unassigned_cents
from tnt_sim.rules.expressions.selectors import describe
from tnt_sim.rules.expressions.text import describe_selector
from tnt_sim.rules.linear_terms import BoolArray, sum_by_group
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic
from tnt_sim.scenario.spec import SourceSpec
from tnt_sim.verify.run_document import (
    OpenQuestionEntry,
    build_envelope_entries,
    list_open_questions,
    select_eligible,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One file of dossiers."""

    file: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEntry:
    """One envelope: what its dossiers could receive, and what no dossier can."""

    id: str
    parent: str | None
    title: str
    amount_cents: int | None
    committed_cents: int
    n_dossiers: int
    n_eligible: int
    demand_cents: int
    unreachable_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementEntry:
    """One requirement: how many dossiers miss it, miss nothing else, or do not say."""

    id: str
    reason: str
    require: str
    sentence: str
    n_missed: int
    n_only_this: int
    n_not_given: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleName:
    """A rule of the scenario, with its figures."""

    id: str
    kind: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateDocument(DocumentHead):
    """Checks of a scenario without solving it, and the quality of its data."""

    command: Literal["validate"] = "validate"
    scenario: str
    title: str
    scenario_sha256: str
    status: Literal["valid"] = "valid"
    synthetic: bool
    amount_cents: int | None
    demand_cents: int
    n_dossiers: int
    n_eligible: int
    n_committed: int
    n_candidates: int
    sources: Sequence[SourceEntry]
    envelopes: Sequence[DemandEntry]
    checks: Sequence[RequirementEntry]
    rules: Sequence[RuleName]
    open_questions: Sequence[OpenQuestionEntry] | None = omit_none()
    warnings: Sequence[str]
    quality: QualityEntry | None = omit_none()
    unread_columns: Sequence[UnreadColumnEntry] | None = omit_none()
    personal_columns: Sequence[PersonalColumnEntry] | None = omit_none()


def build_check_document(problem: Problem, lang: Lang) -> ValidateDocument:
    """Build the document of `validate --json`, without the quality of the data."""
    scenario = problem.scenario
    demand, stuck = compute_demand_cents(problem), compute_unreachable_cents(problem)
    entries = build_envelope_entries(problem, None, None, None, lang)
    return ValidateDocument(
        scenario=scenario.id,
        title=scenario.title,
        scenario_sha256=scenario.sha256,
        synthetic=is_synthetic(scenario),
        amount_cents=problem.case.tree.written_cents[0],
        demand_cents=demand[0],
        n_dossiers=problem.case.n,
        n_eligible=int(select_eligible(problem).sum()),
        n_committed=int(problem.offers.committed.sum()),
        n_candidates=int(problem.offers.candidate.sum()),
        sources=_list_sources(problem),
        envelopes=[
            DemandEntry(
                id=entry.id,
                parent=entry.parent,
                title=entry.title,
                amount_cents=entry.amount_cents,
                committed_cents=entry.committed_cents,
                n_dossiers=entry.n_dossiers,
                n_eligible=entry.n_eligible,
                demand_cents=demand[k],
                unreachable_cents=stuck[k],
            )
            for k, entry in enumerate(entries)
        ],
        checks=_count_by_requirement(problem, lang),
        rules=[RuleName(id=rule.id, kind=rule.kind, mode=rule.mode) for rule in problem.rules],
        open_questions=list_open_questions([problem], lang),
        warnings=[
            *(defect.line(lang) for defect in problem.warnings),
            *_describe_unreachable(problem, stuck, lang),
        ],
    )


def list_unread_columns(scenario: ScenarioData, lang: Lang) -> list[UnreadColumnEntry]:
    """Return the columns of a table read by `tnt-sim new --from` that no rule reads, and what they could serve."""
    if not any(isinstance(entry.source, SourceSpec) for entry in scenario.spec.dossiers):
        return []
    from tnt_sim.ingest.forms.mapping import SOURCE_ROW
    from tnt_sim.ingest.intake.unread_columns import select_unread, suggest_use
    from tnt_sim.reporting.reports.unread_columns import build_unread_entry

    table = scenario.portfolio.table
    names = [name for name in scenario.portfolio.extra_columns if name != SOURCE_ROW]
    unread = select_unread(names, scenario.tree)
    return [
        build_unread_entry(suggest_use(name, table[name].cast(pl.String).fill_null("")), lang)
        for name in unread
    ]


def compute_demand_cents(problem: Problem) -> list[int]:
    """Return by envelope the most that its applications could receive, commitments included, in cents."""
    offered, case = problem.offers, problem.case
    most = offered.highest_cents
    held = (case.node >= 0) & offered.in_play
    return case.tree.sum_subtrees(sum_by_group(most[held], case.node[held], case.tree.n_nodes))


def compute_unreachable_cents(problem: Problem) -> list[int]:
    """Return by envelope the money that no application can receive, whatever is decided; counted once."""
    tree, offered, case = problem.case.tree, problem.offers, problem.case
    most = offered.highest_cents
    held = (case.node >= 0) & offered.in_play
    own = sum_by_group(most[held], case.node[held], tree.n_nodes)
    reach = _compute_reach(tree, own)
    stuck = [0] * tree.n_nodes
    for node in range(tree.n_nodes):
        money = tree.amount_cents[node]
        if money is None:
            continue
        children = tree.list_children(node)
        rest = compute_unassigned_cents(tree, node) or 0
        if rest < 0:
            stuck[node] = max(
                0, money - own[node] - sum(_compute_receivable_cents(tree, c, reach) for c in children)
            )
            continue
        loose = own[node] + sum(reach[c] for c in children if tree.amount_cents[c] is None)
        gains = sum(max(0, reach[c] - (tree.amount_cents[c] or 0)) for c in children if can_gain(tree, c))
        given = sum(tree.options[c].given_cents for c in children) + tree.options[node].overprogram_cents
        stuck[node] = max(0, rest - given - loose - gains - _compute_transferable_cents(tree, node, reach))
    return stuck


def _compute_transferable_cents(tree: Tree, node: int, reach: Sequence[int]) -> int:
    """Return what a node could give to siblings that could use it."""
    option = tree.options[node]
    hunger = sum(max(0, reach[other] - (tree.amount_cents[other] or 0)) for other in option.transfer_to)
    return hunger if option.out_cents is None else min(hunger, option.out_cents)


def _compute_reach(tree: Tree, own: Sequence[int]) -> list[int]:
    """Return what could be granted at and below each node if its own amount were unlimited."""
    reach = list(own)
    for node in range(tree.n_nodes - 1, 0, -1):
        reach[int(tree.parent[node])] += _compute_receivable_cents(tree, node, reach)
    return reach


def _compute_receivable_cents(tree: Tree, node: int, reach: Sequence[int]) -> int:
    """Return what a child can take from its parent: at most its amount, unless it may receive more."""
    money = tree.amount_cents[node]
    return reach[node] if money is None or can_gain(tree, node) else min(money, reach[node])


def _describe_unreachable(problem: Problem, stuck: Sequence[int], lang: Lang) -> list[str]:
    result = []
    for node, cents in enumerate(stuck):
        if cents:
            name, money = problem.case.tree.ids[node], format_amount(cents, lang)
            text = _('At least {money} of "{name}" can reach no application.', money=money, name=name)
            result.append(text.in_(lang))
    return result


def _count_by_requirement(problem: Problem, lang: Lang) -> list[RequirementEntry]:
    """Return each requirement with the applications that miss it, and those that miss nothing else."""
    spec = {entry.id: entry for entry in problem.scenario.spec.eligibility}
    missed = np.zeros(problem.case.n, dtype=np.int64)
    masks: dict[str, BoolArray] = {}
    limits = {failure.rule: failure.limit for failure in problem.eligibility.failures}
    blank: dict[str, BoolArray] = {}
    for failure in problem.eligibility.failures:
        if not failure.is_filled:
            blank[failure.rule] = blank.get(failure.rule, failure.mask) | failure.mask
        masks[failure.rule] = masks.get(failure.rule, np.zeros(problem.case.n, dtype=np.bool_)) | failure.mask
    for mask in masks.values():
        missed += mask
    checks = []
    for rule, mask in masks.items():
        entry = spec.get(rule)
        checks.append(
            RequirementEntry(
                id=rule,
                reason=(entry.reason or entry.title) if entry else "",
                require=describe(entry.require.root) if entry else limits[rule],
                sentence=describe_selector(entry.require.root, lang) if entry else "",
                n_missed=int(mask.sum()),
                n_only_this=int((mask & (missed == 1)).sum()),
                n_not_given=int(blank[rule].sum()) if rule in blank else 0,
            )
        )
    capped = int(problem.offers.capped_out.sum())
    if capped:
        checks.append(
            RequirementEntry(
                id="capped_out",
                reason="",
                require="",
                sentence="",
                n_missed=capped,
                n_only_this=capped,
                n_not_given=0,
            )
        )
    return checks


def _list_sources(problem: Problem) -> list[SourceEntry]:
    portfolio = problem.scenario.portfolio
    return [SourceEntry(file=s.path, sha256=s.sha256, rows=s.n_rows) for s in portfolio.sources]


def build_report(document: ValidateDocument) -> Report:
    """Return the report of a scenario and its data."""
    nodes: list[Node] = [
        Callout(_("The scenario is valid. Nothing was solved."), Tone.GOOD),
        *map(Paragraph, _describe_totals(document)),
        Section(_("Envelopes"), [build_envelope_table(document.envelopes, Outlet.CHECK)]),
    ]
    if document.checks:
        nodes.append(Section(_("Not eligible, and why"), [_build_checks(document.checks)]))
    nodes += build_warnings(document.warnings)
    if document.unread_columns:
        from tnt_sim.reporting.reports.unread_columns import build_unread_entries

        nodes += build_unread_entries(document.unread_columns)
    nodes += build_personal_section(document.personal_columns or [])
    if document.quality is not None:
        nodes.append(Section(_("State of the data"), build_quality(document.quality)))
    return Report(
        title=_("Check of the scenario"),
        subject=document.title,
        about=[document.scenario],
        nodes=nodes,
        synthetic=document.synthetic,
        foot={"scenario_sha256": document.scenario_sha256},
    )


def _describe_totals(document: ValidateDocument) -> list[Text]:
    filed, eligible = describe_filed(document.n_dossiers), describe_eligible(document.n_eligible)
    committed = document.n_committed
    return [
        _(
            "{filed}, {eligible}, of which {committed} already committed",
            filed=filed,
            eligible=eligible,
            committed=Count(committed),
        )
        if committed
        else write_both(Items((filed, eligible)).in_),
        _(
            "The envelope is {amount}; the eligible applications, each taken alone, may get {demand} in all",
            amount=Money(document.amount_cents),
            demand=Money(document.demand_cents),
        ),
    ]


def _build_checks(checks: Sequence[RequirementEntry]) -> Table:
    columns = [
        Column(_("Applications"), [check.n_missed for check in checks], Kind.COUNT),
        Column(_("For this reason only"), [check.n_only_this for check in checks], Kind.COUNT),
        Column(_("Condition"), [check.id for check in checks]),
        Column(_("Reason"), [_describe_check(check) for check in checks]),
    ]
    return Table(columns, most=len(checks))


def _describe_check(check: RequirementEntry) -> Words:
    fixed = REASON[check.id] if check.id in ("state", "capped_out") else check.sentence or check.require
    reason = check.reason or fixed
    if not check.n_not_given:
        return reason
    return _("{reason} (not given: {count})", reason=reason, count=Count(check.n_not_given))


LEGAL_CAP = Fraction(4, 5)
MOST_COMPARED = 200_000
"""Most applications among which similar ones are searched."""


def build_scenario_quality(scenario: ScenarioData, lang: Lang) -> QualityEntry:
    """Return the data-quality findings; the legal cap is checked if the scenario sets no cap or rate itself."""
    portfolio, spec = scenario.portfolio, scenario.spec
    decided = bool(spec.caps) or any(entry.max_rate is not None for entry in spec.grants)
    formulas = any(entry.formula is not None for entry in spec.grants)
    quality = check_quality(
        portfolio.table, timezone=spec.timezone, map_year=choose_map_year(scenario),
        rate_cap=None if decided else LEGAL_CAP, likeness=len(portfolio) <= MOST_COMPARED,
        variants=portfolio.extra_columns, unwatched=frozenset({"requested"} if formulas else ()),
    )  # fmt: skip
    table = build_findings_table(quality, portfolio.table["dossier"], portfolio.table["_row"], lang)
    return build_quality_entry(quality, table, lang)


def choose_map_year(scenario: ScenarioData) -> int:
    """Return the year of the map that the scenario names, otherwise the one nearest to its date."""
    spec = scenario.spec
    if spec.map_year is not None:
        return spec.map_year
    year = spec.date.year if spec.date is not None else YEARS[0]
    return min(YEARS, key=lambda known: abs(known - year))
