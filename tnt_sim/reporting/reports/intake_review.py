"""Review of a table that was read: what was taken and set aside, the columns, values and questions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.i18n.parameters import Count, Items, Money
from tnt_sim.ingest.intake.columns import ColumnReading, Use
from tnt_sim.ingest.intake.header_words import Role
from tnt_sim.ingest.intake.intake import Fate, Intake
from tnt_sim.ingest.intake.lines import LineKind
from tnt_sim.ingest.intake.questions import Question
from tnt_sim.ingest.intake.unread_columns import UnreadColumn, suggest_use
from tnt_sim.ingest.intake.values import Opinion, ValueList
from tnt_sim.ingest.tables.raw_table import format_letters
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import (
    Callout,
    Cell,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    write_both,
)
from tnt_sim.reporting.reports.unread_columns import build_unread_columns

_MAIN_COLUMNS = ("dossier", "title", "applicant", "requested", "score")
_MOST_LINES = 12


def build_report(
    intake: Intake, questions: Sequence[Question], unread: Sequence[UnreadColumn] = ()
) -> Report:
    """Return the review of a file."""
    nodes: list[Node] = [
        Callout(_summarise(intake, questions), Tone.DOUBT if questions else Tone.GOOD),
        Paragraph(_describe_cells(intake)),
        Paragraph(_describe_place(intake)),
        _build_lines_picture(intake, questions),
        *build_questions(questions),
        *build_unread_columns(unread),
        _build_columns(intake),
        *_build_lines(intake),
        *_build_values(intake),
        *_build_cells(intake),
        _build_applications(intake),
    ]
    return Report(
        title=_("Review of {file}", file=Path(intake.shown_as).name),
        nodes=nodes,
        foot={intake.shown_as: intake.sha256},
    )


def _summarise(intake: Intake, questions: Sequence[Question]) -> Text:
    n_aside = len(intake.list_lines(LineKind.ASIDE))
    return _(
        "{n} applications read, {requested} requested. {aside}, {asked}.",
        n=Count(intake.dossiers.height),
        requested=Money(int(intake.cents.sum())),
        aside=_n("{n} line set aside", "{n} lines set aside", n=n_aside),
        asked=_n("{n} question", "{n} questions", n=len(questions)) if questions else _("no question"),
    )


type _LineRow = tuple[Text, int, int | None, Mark]
"""Words of some lines, their number, what they request or None where unknown, and their mark."""


def _build_lines_picture(intake: Intake, questions: Sequence[Question]) -> Section:
    """Return the lines that were read, those that each question is about, and those set aside."""
    rows: list[_LineRow] = [
        (_("Read as applications"), intake.dossiers.height, int(intake.cents.sum()), Mark.GRANTED)
    ]
    rows += [
        (_("To decide: {question}", question=entry.text), entry.n, entry.cents or None, Mark.WAITING)
        for entry in questions
        if entry.n
    ]
    n_lines = sum(line.kind is LineKind.QUESTIONED for line in intake.lines.lines)
    if n_lines:
        rows.append((_("To decide: lines that may be applications"), n_lines, None, Mark.WAITING))
    rows.append((_("Lines set aside"), len(intake.list_lines(LineKind.ASIDE)), None, Mark.INELIGIBLE))
    decide = _n("{n} question to decide", "{n} questions to decide", n=len(questions))
    finding = _(
        "{n} applications read; {decide}",
        n=Count(intake.dossiers.height),
        decide=decide if questions else _("nothing to decide"),
    )
    question = _("Lines of the file, and what they request; a line may be in several questions")
    alt = write_both(partial(_describe_rows, rows))
    bars = [
        Bar(name, [n], [write_both(partial(_format_row, n, cents))], mark)
        for name, n, cents, mark in rows
        if n
    ]
    columns = [
        Column(_("Lines of the file"), [row[0] for row in rows]),
        Column(_("Lines"), [row[1] for row in rows], Kind.COUNT),
        Column(_("Requested"), [row[2] for row in rows], Kind.ROUND_MONEY),
    ]
    chart = Chart(Bars(bars, above=True), finding, question, alt)
    return Section(
        _("The lines of the file"), [chart, Table(columns, outputs=Output.PAGE, narrow_cards=True)]
    )


def _format_row(n: int, cents: int | None, lang: Lang) -> str:
    money = [] if cents is None else [format_short_amount(cents, lang)]
    return " · ".join([_n("{n} line", "{n} lines", n=n).in_(lang), *money])


def _describe_rows(rows: Sequence[_LineRow], lang: Lang) -> str:
    return "; ".join(f"{name.in_(lang)} {_format_row(n, cents, lang)}" for name, n, cents, _mark in rows)


def _describe_cells(intake: Intake) -> Text:
    counts = intake.count_cells()
    return _(
        "{total} cells: {taken} taken, {aside} set aside with a reason, {asked} asked about, {lost} lost.",
        total=Count(sum(counts.values())),
        taken=Count(counts[Fate.TAKEN]),
        aside=Count(counts[Fate.ASIDE]),
        asked=Count(counts[Fate.QUESTIONED]),
        lost=Count(counts[Fate.LOST]),
    )


def _describe_place(intake: Intake) -> Text:
    sheet = intake.table.sheet
    if sheet.encoding:
        delimiter = {"\t": _("tab"), " ": _("space")}.get(
            sheet.delimiter, Bilingual(sheet.delimiter, sheet.delimiter)
        )
        return _(
            'Headers in line {row}; encoding {encoding}, delimiter "{delimiter}".',
            row=intake.header_row, encoding=sheet.encoding, delimiter=delimiter,
        )  # fmt: skip
    if not sheet.name:
        return _("Headers in line {row}.", row=intake.header_row)
    others = [
        _('"{sheet}" ({reason})', sheet=entry.sheet.name, reason=entry.reason)
        for entry in intake.sheets
        if entry.reason is not None
    ]
    if not others:
        return _('Sheet "{sheet}", headers in line {row}.', sheet=sheet.name, row=intake.header_row)
    return _(
        'Sheet "{sheet}", headers in line {row}. Not read: {others}.',
        sheet=sheet.name, row=intake.header_row, others=Items(others, ";"),
    )  # fmt: skip


def build_questions(questions: Sequence[Question]) -> list[Node]:
    """Return the section of the questions, each with the way to answer it."""
    if not questions:
        return []
    columns = [
        Column(_("Question"), [entry.text for entry in questions]),
        Column(_("Lines"), [entry.n or None for entry in questions], Kind.COUNT),
        Column(_("Requested"), [entry.cents or None for entry in questions], Kind.ROUND_MONEY),
        Column(_("To answer"), [entry.answer for entry in questions], below=True),
    ]
    return [Section(_("Questions"), [Table(columns, most=len(questions), as_cards=True, narrow_cards=True)])]


def _describe_use(entry: ColumnReading, intake: Intake) -> Text:
    if entry.use is Use.ASIDE:
        assert entry.reason is not None
        return _("set aside: {reason}", reason=entry.reason)
    if entry.use is Use.FURTHER:
        return _(
            "kept under its name: {service}",
            service=suggest_use(entry.name, intake.dossiers[entry.name], entry.kind).use,
        )
    return Bilingual(entry.name, entry.name) if entry.certain else _("{name} (to review)", name=entry.name)


def _build_columns(intake: Intake) -> Section:
    sheet = intake.table.sheet
    kept = intake.lines.is_application
    cells = [int(sheet.filled[kept.to_numpy(), entry.position].sum()) for entry in intake.columns]
    letters = [format_letters(sheet.raw.columns[entry.position].position) for entry in intake.columns]
    columns = [
        Column(_("Column"), letters if sheet.raw.cells else [str(k + 1) for k in range(len(letters))]),
        Column(_("Header"), [entry.label for entry in intake.columns]),
        Column(_("Understood as"), [_describe_use(entry, intake) for entry in intake.columns]),
        Column(_("Filled"), cells, Kind.COUNT, optional=True),
    ]
    return Section(_("Columns"), [Table(columns, most=60, narrow_cards=True)], folded=True)


def _build_lines(intake: Intake) -> list[Node]:
    lines = [line for line in intake.lines.lines if line.kind is not LineKind.HEADER]
    if not lines:
        return []
    columns = [
        Column(_("Line"), [line.row for line in lines], Kind.COUNT),
        Column(_("Why"), [line.reason for line in lines]),
        Column(_("Content"), [line.text for line in lines]),
    ]
    return [
        Section(
            _("Lines that are no application"),
            [Table(columns, most=_MOST_LINES, narrow_cards=True)],
            folded=True,
        )
    ]


_OPINIONS = {
    Opinion.FOR: _("favourable"),
    Opinion.RESERVED: _("with reservations"),
    Opinion.AGAINST: _("unfavourable"),
    Opinion.UNKNOWN: _("asked about"),
}


def _build_values(intake: Intake) -> list[Node]:
    tables = [_build_value_table(values) for values in intake.values]
    return [Section(_("Values"), tables, folded=True)] if tables else []


def _build_value_table(values: ValueList) -> Table:
    means: list[Cell] = []
    for entry in values.values:
        if entry.opinion is not None:
            means.append(_OPINIONS[entry.opinion])
        elif not entry.known:
            means.append(_("asked about"))
        else:
            means.append(entry.becomes or None)
    variants = [
        ", ".join(f"{text} ({n})" for text, n in entry.spellings if text != entry.value) or None
        for entry in values.values
    ]
    columns = [
        Column(values.label, [entry.value or _("(empty)") for entry in values.values]),
        Column(_("Lines"), [entry.n for entry in values.values], Kind.COUNT),
        Column(_("Requested"), [entry.cents for entry in values.values], Kind.ROUND_MONEY, optional=True),
    ]
    if any(variants):
        columns.append(Column(_("Also written"), variants))
    if any(mean is not None for mean in means):
        columns.append(Column(_("Read as"), means))
    return Table(columns, caption=values.label, most=_MOST_LINES, narrow_cards=True)


def _build_cells(intake: Intake) -> list[Node]:
    if not intake.remarks:
        return []
    fates = {Fate.ASIDE: _("set aside"), Fate.QUESTIONED: _("asked about")}
    columns = [
        Column(_("Column"), [entry.column for entry in intake.remarks]),
        Column(_("Cells"), [len(entry.rows) for entry in intake.remarks], Kind.COUNT),
        Column(_("Outcome"), [fates[entry.fate] for entry in intake.remarks]),
        Column(_("Why"), [entry.reason for entry in intake.remarks]),
        Column(_("For example"), [entry.example for entry in intake.remarks]),
        Column(_("Lines"), [", ".join(map(str, entry.rows[:_MOST_LINES])) for entry in intake.remarks]),
    ]
    return [Section(_("Cells that are not in the copy"), [Table(columns, narrow_cards=True)], folded=True)]


def _build_applications(intake: Intake) -> Section:
    """Return the table as it was read, line by line."""
    table = intake.dossiers
    columns = [Column(_("Line"), [int(row) for row in table["source_row"].to_list()], Kind.COUNT)]
    heads = {"dossier": _("Number"), "title": _("Title"), "applicant": _("Applicant"), "score": _("Score")}
    for name in _MAIN_COLUMNS:
        if name == "requested" and name in table.columns:
            columns.append(Column(_("Requested"), intake.cents.to_list(), Kind.MONEY))
        elif name in table.columns:
            columns.append(Column(heads[name], table[name].to_list()))
    columns += [
        Column(entry.label, table[entry.name].to_list(), outputs=Output.FILES)
        for entry in intake.columns
        if entry.role is Role.OPINION and entry.name in table.columns
    ]
    words = Paragraph(_("The whole table is in data/dossiers.csv."), soft=True)
    return Section(_("Applications as read"), [words, Table(columns, most=5, narrow_cards=True)], annex=True)
