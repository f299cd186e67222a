"""The page of `explain`: what is decided on an application, its place among the others, and what would change it.

A terminal names rules and envelopes by their ids, which it takes as arguments; a page names them by their titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    DecidingRule,
    EnvelopeChange,
    EnvelopeInterval,
    EnvelopeLimits,
    ExplainDocument,
    ExplainedDossier,
    GrantChange,
    ImpossibleChange,
    LiftedObstacle,
    NamedRule,
    OpenChange,
    RefusedChange,
    ReserveEntry,
    RuleChange,
    RuleEffectEntry,
    ScoreChange,
    ScoreInterval,
)
from tnt_sim.analysis.explain.sentences import (
    NOTES,
    describe_cause,
    describe_refusal,
    explain_briefly,
    explain_dossier,
    get_sentence_key,
    measure_distance,
)
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.result import Status
from tnt_sim.i18n.message import NO_TEXT, Capitalised, MessageParameter, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.parameters import Count, Items, Listed, Money, MoneyChange, Number, SignedNumber
from tnt_sim.reporting.charts.theme import Mark
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
)
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import MARKS, build_dossier_chart, build_margin_chart
from tnt_sim.reporting.reports.explanation import build_origin, describe_obstacle
from tnt_sim.reporting.reports.explanation import build_report as build_terminal_report
from tnt_sim.reporting.reports.study_report import build_interruption
from tnt_sim.rules.expressions.column_text import describe_bare_column

MOST_PICTURED, MOST_OPEN = 12, 2
"""Most applications with a picture of their own, and most that are open."""
CHUNK_ROWS, MOST_ROWS, MOST_LISTED = 500, 3_000, 10_000
"""Rows of a folded table, and most rows of a page whose reasons are written out."""
MOST_IN_LINE = 10
LONGER = frozenset({"outranked", "outranked_barred", "none_fits_barred"})
"""Reasons of which the first sentence of a page does not say all."""
TONES = {Mark.GRANTED: Tone.GOOD, Mark.COMMITTED: Tone.GOOD}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change that would fund an application by itself: its figure today, the needed one, the difference."""

    what: Text
    now: Words
    needed: Text
    difference: Words


def build_report(document: ExplainDocument, decided: DecidedRun) -> Report:
    """Return the report of an explanation with the nodes of its page."""
    page = build_page(document, DecidedDossiers.of_decision(decided))
    return replace(build_terminal_report(document), page=page)


def build_page(document: ExplainDocument, dossiers: DecidedDossiers) -> list[Node]:
    """Return the answer, then a section for each application or tables of many, then annexes."""
    entries = document.dossiers
    if not entries or len(entries) > MOST_PICTURED:
        return [
            *_build_overview(document, dossiers),
            *_build_annexes(document, dossiers),
            *build_origin(document),
        ]
    answers: list[Node] = [
        Callout(
            describe_entry(dossiers, entry),
            TONES.get(_get_mark(dossiers, entry), Tone.PLAIN),
        )
        for entry in entries
    ]
    sections = [
        _build_section(document, dossiers, entry, is_folded=number >= MOST_OPEN)
        for number, entry in enumerate(entries)
    ]
    return [*answers, *build_interruption(document), *sections, *build_origin(document)]


def _get_mark(dossiers: DecidedDossiers, entry: ExplainedDossier) -> Mark:
    return dossiers.get_dossier(entry.dossier).mark


def describe_entry(dossiers: DecidedDossiers, entry: ExplainedDossier) -> Text:
    """Return the decision on an application, its amount and why, in one sentence without ids of rules."""
    return explain_briefly(entry, _describe_name(dossiers, entry.dossier), dossiers.naming)


def _describe_name(dossiers: DecidedDossiers, name: str) -> MessageParameter:
    title = dossiers.get_dossier(name).title
    return _('"{title}" ({name})', title=title, name=name) if title and title != name else name


def _build_section(
    document: ExplainDocument, dossiers: DecidedDossiers, entry: ExplainedDossier, *, is_folded: bool
) -> Section:
    """Return the picture of an application, the changes that would fund it, and the rules that concern it."""
    nodes: list[Node] = []
    chart = build_dossier_chart(dossiers, entry)
    if chart is not None:
        nodes.append(chart)
    rows, not_enough = list_change_rows(dossiers, entry)
    if rows:
        nodes.append(build_change_table(rows))
    elif not entry.funded:
        nodes.append(Paragraph(_("No change of a single figure is known to fund it."), soft=True))
    nodes += [Paragraph(words, soft=True) for words in not_enough]
    if get_sentence_key(entry) in LONGER:
        nodes.append(Paragraph(explain_dossier(entry, dossiers.naming)))
    if concerned := _list_concerned(document, dossiers, entry):
        nodes.append(concerned)
    is_alone = len(document.dossiers) == 1
    title = _("Where it stands") if is_alone else _describe_heading(dossiers, entry)
    return Section(title, nodes, folded=is_folded)


def _describe_heading(dossiers: DecidedDossiers, entry: ExplainedDossier) -> Text:
    name, mark = dossiers.describe_dossier(entry.dossier), MARKS[_get_mark(dossiers, entry)]
    return _("{name}: {outcome}", name=name, outcome=mark)


def build_change_table(rows: Sequence[ChangeRow]) -> Table:
    """Return the changes as a table."""
    return Table(
        [
            Column(_("If this alone changes"), [row.what for row in rows]),
            Column(_("Today"), [row.now for row in rows], Kind.FIGURE),
            Column(_("Needed"), [row.needed for row in rows], Kind.FIGURE),
            Column(_("Difference"), [row.difference for row in rows], Kind.FIGURE),
        ],
        caption=_("What would fund it"),
    )


def list_change_rows(
    dossiers: DecidedDossiers, entry: ExplainedDossier
) -> tuple[list[ChangeRow], list[Text]]:
    """Return the changes that would fund an application, and sentences on those that would not be enough."""
    rows, not_enough = list[ChangeRow](), list[Text]()
    for change in entry.changes:
        if isinstance(change, OpenChange | ImpossibleChange):
            if change.status == "impossible":
                words = _describe_impossible(dossiers, change)
                note = NOTES.get(change.proof)
                not_enough.append(words if note is None else join_sentences(words, note))
        elif (row := _build_change_row(dossiers, change)) is not None:
            note = NOTES.get(change.proof)
            rows.append(row if note is None else replace(row, what=join_sentences(row.what, note)))
    return rows, not_enough


def _describe_impossible(dossiers: DecidedDossiers, change: RefusedChange) -> Text:
    by = dossiers.describe_rule_of(change.by) if change.by else ""
    return describe_refusal(change, _find_title_of_change(dossiers, change.kind, change.of), by)


def _find_title_of_change(dossiers: DecidedDossiers, kind: str, name: str) -> MessageParameter:
    """Return the title of what a change is about."""
    match kind:
        case "score":
            return describe_bare_column(name)
        case "envelope":
            return dossiers.describe_envelope(name)
        case "requirement":
            return dossiers.describe_requirement(name) or _("a requirement")
    return dossiers.describe_rule_of(name)


def _build_change_row(dossiers: DecidedDossiers, change: ChangeEntry) -> ChangeRow | None:
    match change:
        case ScoreChange() | ScoreInterval():
            return _build_score_row(change)
        case GrantChange():
            return ChangeRow(
                _("Amount requested"),
                Money(change.from_cents),
                Money(change.to_cents),
                MoneyChange(-abs(change.by_cents)),
            )
        case EnvelopeChange() | EnvelopeInterval() | EnvelopeLimits():
            return _build_envelope_row(dossiers, change)
        case RuleChange():
            return ChangeRow(
                _('Rule "{name}"', name=dossiers.describe_rule_of(change.of)),
                "–",
                _("gives way"),
                measure_distance(change),
            )
        case LiftedObstacle():
            return _build_lifted_row(dossiers, change)
    return None


def _build_score_row(change: ScoreChange | ScoreInterval) -> ChangeRow | None:
    what = Capitalised(describe_bare_column(change.of))
    now = Number(parse_decimal(change.from_))
    if not isinstance(change, ScoreInterval):
        return ChangeRow(
            what,
            now,
            Number(parse_decimal(change.to)),
            SignedNumber(parse_decimal(change.by)),
        )
    if change.high is None:
        if change.low == change.from_:
            return None
        falls = parse_decimal(change.low) < parse_decimal(change.from_)
        low = Number(parse_decimal(change.low))
        return ChangeRow(
            what, now, _("at most {low}", low=low) if falls else _("at least {low}", low=low), "–"
        )
    ends = sorted((change.low, change.high), key=parse_decimal)
    low, high = (Number(parse_decimal(end)) for end in ends)
    return ChangeRow(what, now, _("between {low} and {high}", low=low, high=high), "–")


def _build_envelope_row(
    dossiers: DecidedDossiers, change: EnvelopeChange | EnvelopeInterval | EnvelopeLimits
) -> ChangeRow | None:
    title = change.title or dossiers.describe_envelope(change.of)
    what = _('Envelope "{title}"', title=title)
    now = Money(change.from_cents)
    low = None if isinstance(change, EnvelopeChange) else change.low_cents
    if change.by_cents is None or change.to_cents is None:
        if not low:
            return None
        least = change.from_cents + low
        return ChangeRow(what, now, _("at least {low}", low=Money(least)), MoneyChange(low))
    if change.status == "interval" and low is not None and low != change.by_cents:
        needed = _(
            "between {low} and {high}", low=Money(change.from_cents + low), high=Money(change.to_cents)
        )
        return ChangeRow(what, now, needed, "–")
    return ChangeRow(
        what,
        now,
        Money(change.to_cents),
        MoneyChange(change.by_cents),
    )


def _build_lifted_row(dossiers: DecidedDossiers, change: LiftedObstacle) -> ChangeRow:
    is_decision = change.kind == "decision"
    what = _find_title_of_change(dossiers, change.kind, change.of)
    head = _('Decision "{name}"', name=what) if is_decision else _('Requirement "{name}"', name=what)
    needed = _p("change", "taken back") if is_decision else _p("change", "met")
    return ChangeRow(head, "–", needed, _("then {grant}", grant=Money(change.grant_cents)))


def _list_concerned(
    document: ExplainDocument, dossiers: DecidedDossiers, entry: ExplainedDossier
) -> Section | None:
    """Return the rules that decide on an application, each with its part in it and what it does to the list."""
    rules: dict[str, tuple[NamedRule, Text]] = {}
    if entry.barred_by is not None:
        rules[entry.barred_by.id] = (
            entry.barred_by,
            _("Even with more money, funding it without changing the others would break it."),
        )
    if entry.rule is not None:
        rules[entry.rule.id] = (entry.rule, _("Funding it would break it.") if not entry.funded else NO_TEXT)
    for rule in entry.because:
        rules[rule.id] = (rule, _describe_part(rule))
    if not rules:
        return None
    effects = {rule.id: rule for rule in document.rules}
    listed = [effects.get(name) for name in rules]
    return Section(
        _("Rules that concern it"),
        [
            Table(
                [
                    Column(
                        _("Rule"),
                        [_describe_rule(dossiers, rule) for rule, _words in rules.values()],
                    ),
                    Column(_("For this application"), [words for _rule, words in rules.values()]),
                    *_list_effect_columns(listed),
                ],
                narrow_cards=True,
            )
        ],
    )


def _describe_part(rule: DecidingRule) -> Text:
    if rule.enters:
        return _("Without it, this application would be funded.")
    return _("Without it, this application would not be funded.")


def _describe_rule(dossiers: DecidedDossiers, rule: NamedRule) -> Text:
    return Capitalised(describe_cause(rule, dossiers.naming))


def _list_effect_columns(effects: Sequence[RuleEffectEntry | None]) -> list[Column]:
    """Return who would enter and who would leave without each rule."""
    entering = [None if one is None or one.enters is None else _list_names(one.enters) for one in effects]
    leaving = [None if one is None or one.leaves is None else _list_names(one.leaves) for one in effects]
    return [Column(_("Would enter without it"), entering), Column(_("Would leave without it"), leaving)]


def _list_names(names: Sequence[str]) -> Text:
    if not names:
        return _p("dossiers", "none")
    return _("{count}: {names}", count=Count(len(names)), names=Listed(names, 6))


def _build_overview(document: ExplainDocument, dossiers: DecidedDossiers) -> list[Node]:
    """Return what is decided on all applications, the margin, those next in line, and tables of all asked."""
    nodes: list[Node] = [Callout(_describe_totals(dossiers), Tone.PLAIN), *build_interruption(document)]
    margin = build_margin_chart(dossiers)
    in_line = _build_line(document, dossiers)
    if margin is not None or in_line is not None:
        inner: list[Node] = [
            *([] if margin is None else [margin[1]]),
            *([] if in_line is None else [in_line]),
        ]
        nodes.append(Section(_("Who is next"), inner))
    if document.dossiers:
        nodes.append(
            Section(_("Why, application by application"), _build_chunks(document.dossiers, dossiers))
        )
    return nodes


def _describe_totals(dossiers: DecidedDossiers) -> Text:
    """Say how many applications are funded, not selected, or out of the question, and for how much."""
    groups = dossiers.table.group_by("mark").agg(pl.len().alias("n"), pl.col("cents").sum())
    counts = {mark: (n, cents) for mark, n, cents in groups.iter_rows()}
    n_funded, granted = (
        sum(counts.get(mark, (0, 0))[k] for mark in (Mark.GRANTED, Mark.COMMITTED)) for k in (0, 1)
    )
    n_others, wanted = counts.get(Mark.WAITING, (0, 0))
    n_out = sum(counts.get(mark, (0, 0))[0] for mark in (Mark.REFUSED, Mark.INELIGIBLE))
    return _(
        "{funded} for {granted}. {others}, and {out}.",
        funded=_n("{n} application is funded", "{n} applications are funded", n=n_funded),
        granted=Money(granted),
        others=_n(
            "{n} eligible application is not selected and asks {asked}",
            "{n} eligible applications are not selected and ask {asked} together",
            n=n_others,
            asked=Money(wanted),
        ),
        out=_n("{n} is excluded or not eligible", "{n} are excluded or not eligible", n=n_out),
    )


def _build_line(document: ExplainDocument, dossiers: DecidedDossiers) -> Table | None:
    """Return the first entries of the reserve list, with what each lacks."""
    first = document.reserve[:MOST_IN_LINE]
    if not first:
        return None
    return Table(
        [
            Column(_("Application"), [dossiers.describe_dossier(entry.dossier) for entry in first]),
            Column(_("Asks"), [entry.asked_cents for entry in first], Kind.MONEY),
            Column(_("Obstacle"), _list_obstacles(document, dossiers, first)),
        ],
        caption=_(
            "Next in line: first what brings most to the first goal per euro, then those that a rule keeps out"
        ),
    )


def _list_obstacles(
    document: ExplainDocument, dossiers: DecidedDossiers, entries: Sequence[ReserveEntry]
) -> list[Words]:
    is_proven = document.status == Status.OPTIMAL
    return [describe_obstacle(entry, dossiers.describe_rule_of, proven=is_proven) for entry in entries]


def _build_chunks(entries: Sequence[ExplainedDossier], dossiers: DecidedDossiers) -> list[Node]:
    """Return folded tables of the applications by outcome, with reasons while there is room."""
    nodes: list[Node] = []
    room, n_listed, n_left = MOST_ROWS, 0, 0
    for mark in (Mark.WAITING, Mark.REFUSED, Mark.INELIGIBLE, Mark.GRANTED, Mark.COMMITTED):
        chosen = [entry for entry in entries if _get_mark(dossiers, entry) is mark]
        for start in range(0, len(chosen), CHUNK_ROWS):
            rows = chosen[start : start + CHUNK_ROWS]
            caption = _(
                "{outcome}: {first} to {last} of {n}",
                outcome=Capitalised(PLURALS[mark]),
                first=Count(start + 1),
                last=Count(start + len(rows)),
                n=Count(len(chosen)),
            )
            is_told = room >= len(rows)
            room -= len(rows) if is_told else 0
            listed = min(len(rows), max(0, MOST_LISTED - n_listed))
            n_listed += listed
            n_left += len(rows) - listed
            if listed:
                columns = _list_columns(rows[:listed], dossiers, mark, is_told=is_told)
                nodes.append(Table(columns, caption=caption, folded=True))
    if n_left:
        nodes.append(
            Paragraph(
                _n(
                    "{n} application more is in the workbook and in the JSON document.",
                    "{n} applications more are in the workbook and in the JSON document.",
                    n=n_left,
                )
            )
        )
    return nodes


PLURALS = {
    Mark.GRANTED: _p("dossiers", "funded"),
    Mark.COMMITTED: _p("dossiers", "already committed"),
    Mark.WAITING: _p("dossiers", "not selected"),
    Mark.REFUSED: _p("dossiers", "excluded"),
    Mark.INELIGIBLE: _p("dossiers", "not eligible"),
}


def _list_columns(
    entries: Sequence[ExplainedDossier], dossiers: DecidedDossiers, mark: Mark, *, is_told: bool
) -> list[Column]:
    is_funded = mark in (Mark.GRANTED, Mark.COMMITTED)
    cents = [entry.granted_cents if is_funded else entry.asked_cents for entry in entries]
    columns = [
        Column(_("Application"), [dossiers.describe_dossier(entry.dossier) for entry in entries]),
        Column(_("Granted") if is_funded else _("Asks"), cents, Kind.MONEY),
    ]
    if is_told:
        columns.append(Column(_("Why"), [explain_dossier(entry, dossiers.naming) for entry in entries]))
        if not is_funded:
            columns.append(
                Column(_("What would fund it"), [_describe_changes(dossiers, entry) for entry in entries])
            )
    return columns


def _describe_changes(dossiers: DecidedDossiers, entry: ExplainedDossier) -> Text:
    """Return the changes of a row: what, from, to."""
    rows, _not_enough = list_change_rows(dossiers, entry)
    return Items([_("{what}: {needed}.", what=row.what, needed=row.needed) for row in rows], "")


def _build_annexes(document: ExplainDocument, dossiers: DecidedDossiers) -> list[Section]:
    """Return what each rule does, and the whole reserve list."""
    annexes = []
    if document.rules:
        names = [_describe_rule(dossiers, rule) for rule in document.rules]
        columns = [Column(_("Rule"), names), *_list_effect_columns(document.rules)]
        annexes.append(Section(_("What each rule does"), [Table(columns)], annex=True))
    if document.reserve:
        annexes.append(
            Section(
                _("Reserve list, in the order of entry"), [_build_reserve(document, dossiers)], annex=True
            )
        )
    return annexes


def _build_reserve(document: ExplainDocument, dossiers: DecidedDossiers) -> Table:
    reserve = document.reserve
    return Table(
        [
            Column(_("Application"), [dossiers.describe_dossier(entry.dossier) for entry in reserve]),
            Column(_("Envelope"), [dossiers.describe_envelope(entry.envelope) for entry in reserve]),
            Column(_("Asks"), [entry.asked_cents for entry in reserve], Kind.MONEY),
            Column(_("Obstacle"), _list_obstacles(document, dossiers, reserve)),
        ]
    )
