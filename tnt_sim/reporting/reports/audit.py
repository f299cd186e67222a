"""Report of an audit: rules broken, loss, what to change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tnt_sim.analysis.audit.document import (
    AuditDocument,
    AuditGoal,
    BrokenAward,
    ComparedList,
    SelectionEntry,
    SwapEntry,
    ViolationEntry,
)
from tnt_sim.analysis.audit.sentences import describe_violation
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n, _p, capitalise_text
from tnt_sim.i18n.numbers import format_decimal
from tnt_sim.i18n.parameters import Money, Number
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Tone,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_change_table, build_study_report
from tnt_sim.rules.expressions.text import capitalise

BETTER = (
    _("The best found for the same money"),
    _("The best for the same money"),
)
CHEAPER = (
    _("As good for the least money found"),
    _("As good for the least money"),
)
"""Titles of a list that is not shown to be optimal, and of one that is."""


def build_report(document: AuditDocument) -> Report:
    """Return the report of an audit."""
    allowed = document.selection.allowed
    nodes = _build_findings(document.selection)
    if document.broken:
        words = [write_both(partial(_describe_broken, entry)) for entry in document.broken]
        columns = [Column(_("Rule"), words)]
        nodes.append(build_section(_("Broken rules"), columns, most=48))
    if document.status == "infeasible":
        nodes.append(
            Callout(_("No allocation satisfies all the rules: no list can be a decision."), Tone.BAD)
        )
    nodes.append(_build_goals(document.objective))
    for titles, answer in ((BETTER, document.better), (CHEAPER, document.cheaper)):
        if answer is not None:
            values = _describe_answer(answer, document)
            title = titles[answer.status == "optimal"]
            nodes.append(Section(title, [Paragraph(values), build_change_table(answer.changes)]))
    for swap in document.swaps:
        table = [build_change_table(swap.changes)] if swap.changes else []
        nodes.append(Section(describe_swap(swap, allowed), table))
    verdict = Callout(describe_verdict(document), Tone.GOOD if allowed else Tone.BAD)
    return build_study_report(document, _("Audit of a list"), verdict, nodes)


def _describe_broken(entry: ViolationEntry, lang: Lang) -> str:
    return capitalise(entry.words if isinstance(entry, BrokenAward) else describe_violation(entry, lang))


def _build_findings(chosen: SelectionEntry) -> list[Node]:
    nodes: list[Node] = []
    if chosen.findings:
        messages = [capitalise(" ".join(filter(None, (one.message, one.hint)))) for one in chosen.findings]
        columns = [
            Column(_("Row"), [one.row for one in chosen.findings], Kind.COUNT),
            Column(_("Finding"), messages),
        ]
        nodes.append(build_section(_("Rows of the list"), columns))
    if chosen.n_committed_added:
        added = _n(
            "{n} committed dossier that the list does not name is counted in it.",
            "{n} committed dossiers that the list does not name are counted in it.",
            n=chosen.n_committed_added,
        )
        nodes.insert(0, Callout(added, Tone.WARNING))
    return nodes


def _build_goals(goals: Sequence[AuditGoal]) -> Section:
    return build_section(
        _("Goals"),
        [
            Column(_("Goal"), [goal.goal for goal in goals]),
            Column(_("This list"), [goal.value for goal in goals], Kind.DECIMAL),
            Column(_("Best possible"), [goal.optimum for goal in goals], Kind.DECIMAL),
            Column(_p("audit", "Loss"), [goal.loss for goal in goals], Kind.DECIMAL),
        ],
    )


def _describe_answer(answer: ComparedList, document: AuditDocument) -> Text:
    goals = write_both(
        lambda lang: ", ".join(
            f"{goal.goal} {format_decimal(value, lang)}"
            for goal, value in zip(document.objective, answer.values, strict=True)
        )
    )
    goals, granted = capitalise_text(goals), Money(answer.granted_cents)
    if answer.saved_cents > 0:
        saved = Money(answer.saved_cents)
        return _("{goals}, for {granted}, {saved} less.", goals=goals, granted=granted, saved=saved)
    return _("{goals}, for {granted}.", goals=goals, granted=granted)


def describe_verdict(document: AuditDocument) -> Text:
    """Summarise the selection in one sentence."""
    chosen = document.selection
    granted = Money(chosen.granted_cents)
    held = _n(
        "{n} dossier selected, {granted}",
        "{n} dossiers selected, {granted}",
        n=chosen.n_funded,
        granted=granted,
    )
    if not chosen.allowed:
        broken = _n(
            "{n} rule or amount is not satisfied",
            "{n} rules or amounts are not satisfied",
            n=len(document.broken),
        )
        return _("{held}: {broken}; the list cannot be a decision as it is.", held=held, broken=broken)
    losses = [goal.loss for goal in document.objective if goal.loss and parse_decimal(goal.loss) != 0]
    if document.optimum is None:
        return _("{held}: every rule is satisfied.", held=held)
    if not losses or parse_decimal(losses[0]) < 0:
        if document.status == "optimal":
            return _("{held}: every rule is satisfied, and no choice does better.", held=held)
        return _(
            "{held}: every rule is satisfied; no better choice was found, but nothing proves that there is none.",
            held=held,
        )
    return _("{held}: every rule is satisfied; a better choice exists.", held=held)


def describe_swap(swap: SwapEntry, allowed: bool) -> Text:
    """Write a swap: « Pour regagner 90 % de l'écart : 4 dossiers changent »."""
    n = swap.n_changed
    if n is None:
        sentence = _("there was no time")
    elif swap.status == "optimal":
        sentence = _n("{n} dossier changes", "{n} dossiers change", n=n)
    else:
        sentence = _n("{n} dossier changes at most", "{n} dossiers change at most", n=n)
    if swap.goal is None:
        return _("To satisfy every rule with the fewest changes: {change}", change=sentence)
    percent = parse_decimal(swap.recover) * 100
    note = NO_TEXT if allowed else _(" and keep the rules")
    return _(
        "To recover {percent}% of the loss ({goal}){note}: {change}",
        percent=Number(percent),
        goal=swap.goal,
        note=note,
        change=sentence,
    )
