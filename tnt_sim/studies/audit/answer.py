"""Report of an audit: rules broken, loss, what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from tnt_sim.analysis.audit.audit import AuditResult
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
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_decimal
from tnt_sim.i18n.parameters import Count, Money, Number
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Tone,
    Words,
    build_section,
    write_both,
    write_words,
)
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.inversion_picture import build_inversion_chart, build_inversion_section
from tnt_sim.reporting.reports.study_report import build_change_table, build_interruption
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.protocols import Sense
from tnt_sim.values.answer_values import label_goal
from tnt_sim.verify.verification import Verification

type NameGoal = Callable[[str], Words]
"""Names a goal: on a page with the title of its measure."""

BETTER = (
    _("The best found for the same money"),
    _("The best for the same money"),
)
CHEAPER = (
    _("As good for the least money found"),
    _("As good for the least money"),
)
"""Titles of a list that is not shown to be optimal, and of one that is."""


def map_tables(result: AuditResult) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return the table of the answer: one row for each application."""
    return {"dossiers": result.to_dataframe}


def list_charts() -> Mapping[str, Callable[[AuditResult], Chart]]:
    """Return what builds its charts by name."""
    return {"inversions": _build_inversions}


def _build_inversions(result: AuditResult) -> Chart:
    """Return the list by value and amount, with a line from each better application that it leaves out."""
    pairs = result.data.inversions
    if pairs is None:
        raise ValueError("no single score orders the applications: there are no inversions to draw")
    chart = build_inversion_chart(pairs, DecidedDossiers.of_list(result.problem, result.allocation))
    if chart is None:
        raise ValueError("no application has an amount and a value: there is nothing to draw")
    return chart


def build_verdict(document: AuditDocument) -> Iterator[Callout]:
    """Yield whether the list is allowed, and what it loses."""
    yield Callout(describe_verdict(document), Tone.GOOD if document.selection.allowed else Tone.BAD)


def build_page(document: AuditDocument) -> list[Node]:
    """Return findings, broken rules, goals, better lists and swaps."""
    return _build_nodes(document, label_goal)


def finish_report(report: Report, result: AuditResult) -> Report:
    """Return the report with a page of its own: a picture of the list, goals by title, folded parts."""
    document = result.data
    if document.status == "infeasible":
        return report
    dossiers = DecidedDossiers.of_list(result.problem, result.allocation)
    page: list[Node] = [*build_verdict(document), *build_interruption(document)]
    page += build_inversion_section(document.inversions, dossiers)
    page += _build_nodes(document, dossiers.describe_goal, on_page=True)
    return replace(report, page=page)


def list_verifications(result: AuditResult) -> list[Verification | None]:
    """Return the check of the run whose list this is, where it is one."""
    return [result.selection.verification]


def _build_nodes(document: AuditDocument, name_goal: NameGoal, *, on_page: bool = False) -> list[Node]:
    """Return findings, broken rules, goals, better lists and swaps; a page folds all but the first of the last."""
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
    is_best = document.optimum is None or document.status == "optimal"
    goals = _build_goals(document.objective, name_goal, is_best=is_best)
    nodes.append(goals)
    first = document.objective[0]
    nodes += _describe_best_limit(first, document.optimum, name_goal)
    limits = (
        _describe_better_limit(first, document.better, document.better_bound, name_goal),
        _describe_money_limit(document.cheaper, document.cheaper_from_cents),
    )
    for titles, answer, limit in zip(
        (BETTER, CHEAPER), (document.better, document.cheaper), limits, strict=True
    ):
        title = titles[answer is not None and answer.status == "optimal"]
        if answer is not None:
            values = write_both(partial(_describe_answer, answer, document, name_goal))
            inner = [Paragraph(values), *limit, build_change_table(answer.changes)]
            nodes.append(Section(title, inner, folded=on_page))
        elif limit:
            nodes.append(Section(title, limit))
    for swap in document.swaps:
        table = [build_change_table(swap.changes)] if swap.changes else []
        words_of_goal = None if swap.goal is None else name_goal(swap.goal)
        nodes.append(
            Section(describe_swap(swap, allowed, words_of_goal), table, folded=on_page and bool(table))
        )
    return nodes


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
            "{n} committed application that the list does not name is counted in it.",
            "{n} committed applications that the list does not name are counted in it.",
            n=chosen.n_committed_added,
        )
        nodes.insert(0, Callout(added, Tone.WARNING))
    return nodes


def _build_goals(goals: Sequence[AuditGoal], name_goal: NameGoal, *, is_best: bool) -> Section:
    return build_section(
        _("Goals"),
        [
            Column(_("Goal"), [name_goal(goal.goal) for goal in goals]),
            Column(_("This list"), [goal.value for goal in goals], Kind.DECIMAL),
            Column(
                _("Best possible") if is_best else _("Best found"),
                [goal.optimum for goal in goals],
                Kind.DECIMAL,
            ),
            Column(_p("audit", "Loss"), [goal.loss for goal in goals], Kind.DECIMAL),
        ],
    )


def _describe_answer(answer: ComparedList, document: AuditDocument, name_goal: NameGoal, lang: Lang) -> str:
    goals = ", ".join(
        f"{write_words(name_goal(goal.goal), lang)} {format_decimal(value, lang)}"
        for goal, value in zip(document.objective, answer.values, strict=True)
    )
    goals, granted = capitalise(goals), Money(answer.granted_cents)
    if answer.saved_cents > 0:
        saved = Money(answer.saved_cents)
        return _("{goals}, for {granted}, {saved} less.", goals=goals, granted=granted, saved=saved).in_(lang)
    return _("{goals}, for {granted}.", goals=goals, granted=granted).in_(lang)


def _describe_best_limit(goal: AuditGoal, answer: ComparedList | None, name_goal: NameGoal) -> list[Node]:
    """Tell what no list passes in the first goal, where no list is shown to be the best."""
    if goal.bound is None or (answer is not None and answer.status == "optimal"):
        return []
    value, name = Number(parse_decimal(goal.bound)), name_goal(goal.goal)
    if Sense(goal.sense) is Sense.MINIMISE:
        text = _("No list that keeps the rules has less than {value} ({goal}).", value=value, goal=name)
    else:
        text = _("No list that keeps the rules has more than {value} ({goal}).", value=value, goal=name)
    return [Paragraph(text)]


def _describe_better_limit(
    goal: AuditGoal, answer: ComparedList | None, bound: str | None, name_goal: NameGoal
) -> list[Node]:
    """Tell what no list for the same money passes in the first goal, where none is shown to be the best."""
    if bound is None or (answer is not None and answer.status == "optimal"):
        return []
    value, name = Number(parse_decimal(bound)), name_goal(goal.goal)
    if Sense(goal.sense) is Sense.MINIMISE:
        text = _("No list for as much money has less than {value} ({goal}).", value=value, goal=name)
    else:
        text = _("No list for as much money has more than {value} ({goal}).", value=value, goal=name)
    return [Paragraph(text)]


def _describe_money_limit(answer: ComparedList | None, cents: int | None) -> list[Node]:
    """Tell the money that no list as good goes below, where none is shown to grant the least."""
    if cents is None or (answer is not None and answer.status == "optimal"):
        return []
    return [Paragraph(_("No list as good grants less than {money}.", money=Money(cents)))]


def describe_verdict(document: AuditDocument) -> Text:
    """Summarise the selection in one sentence."""
    chosen = document.selection
    granted = Money(chosen.granted_cents)
    held = _n(
        "{n} application selected, {granted}",
        "{n} applications selected, {granted}",
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


def describe_swap(swap: SwapEntry, allowed: bool, goal: Words | None = None) -> Text:
    """Write a swap: « Pour regagner 90 % de l'écart : 4 dossiers changent »."""
    n, least = swap.n_changed, swap.n_changed_from
    if n is None and least is None:
        sentence = _("there was no time")
    elif n is None:
        assert least is not None
        sentence = _n("{n} application changes at least", "{n} applications change at least", n=least)
    elif swap.status == "optimal" or least == n:
        sentence = _n("{n} application changes", "{n} applications change", n=n)
    elif least:
        sentence = _("{least} to {n} applications change", least=Count(least), n=Count(n))
    else:
        sentence = _n("{n} application changes at most", "{n} applications change at most", n=n)
    goal = goal or swap.goal
    if goal is None:
        return _("To satisfy every rule with the fewest changes: {change}", change=sentence)
    percent = parse_decimal(swap.recover) * 100
    note = NO_TEXT if allowed else _(" and keep the rules")
    return _(
        "To recover {percent}% of the loss ({goal}){note}: {change}",
        percent=Number(percent),
        goal=goal,
        note=note,
        change=sentence,
    )
