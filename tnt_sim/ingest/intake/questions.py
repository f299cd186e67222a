"""The questions that a table leaves, each with its lines, euros and the way to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items, Names
from tnt_sim.ingest.intake.columns import ColumnReading, Use
from tnt_sim.ingest.intake.header_words import Role, identify_header
from tnt_sim.ingest.intake.intake import Fate, Intake
from tnt_sim.ingest.intake.lines import LineKind
from tnt_sim.ingest.intake.values import Opinion, ValueList
from tnt_sim.ingest.tables.raw_table import format_letters

_MOST = 12


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the file does not say for certain.

    Attributes
    ----------
    code : its kind
    text : the question, with what was done meanwhile
    answer : the line to write, the option to pass, or the cell to correct
    n : applications that it is about
    cents : requested by them
    """

    code: str
    text: Text
    answer: Text
    n: int = 0
    cents: int = 0


def list_questions(intake: Intake, refresh: str) -> list[Question]:
    """Return the questions, those that decide most euros first within each kind.

    `refresh` is the command that reads the file again, to which options are added.
    """
    return [
        *_ask_of_rows(intake, refresh),
        *_ask_of_sheets(intake, refresh),
        *_ask_of_columns(intake, refresh),
        *_ask_of_cells(intake),
        *_ask_of_values(intake, refresh),
        *_ask_of_further_columns(intake),
    ]


def _format_rows(rows: Sequence[int]) -> str:
    """Return rows of the file, the first ones: « 12, 15, … »."""
    return ", ".join(map(str, rows[:_MOST])) + (", …" if len(rows) > _MOST else "")


def _sum_rows(intake: Intake, rows: Sequence[int]) -> int:
    mask = intake.dossiers["source_row"].cast(pl.Int64).is_in(list(rows))
    return int(intake.cents.filter(mask).sum())


def _ask_of_rows(intake: Intake, refresh: str) -> Iterator[Question]:
    others = [line.row for line in intake.list_lines(LineKind.QUESTIONED) if line.code == "other_table"]
    if others:
        text = _(
            "Lines {rows} are another table of the sheet, with a header of its own; they are left out.",
            rows=_format_rows(others),
        )
        answer = _("put the lines under one header in the workbook, then {refresh}", refresh=refresh)
        yield Question("other_table", text, answer, len(others))
    asked = [line for line in intake.list_lines(LineKind.QUESTIONED) if line.code != "other_table"]
    if asked:
        rows = [settled.row for settled in asked]
        text = _(
            "Lines {rows} are neither applications nor totals for certain; they are left out. What are they?",
            rows=_format_rows(rows),
        )
        answer = _(
            "{refresh} --take {row} to take a line, --drop {row} to set it aside",
            refresh=refresh,
            row=rows[0],
        )
        yield Question("unclear_lines", text, answer, len(rows))
    for settled in intake.lines.lines:
        if settled.code == "wrong_total":
            text = _("Line {row}: {reason}. Is a line missing?", row=settled.row, reason=settled.reason)
            yield Question("wrong_total", text, _("correct the workbook, then {refresh}", refresh=refresh))
    if intake.lines.unnumbered and intake.get_column("dossier") is not None:
        rows = list(intake.lines.unnumbered)
        text = _(
            "Lines {rows} have no number; they are taken under the number of their line (L{row}).",
            rows=_format_rows(rows), row=rows[0],
        )  # fmt: skip
        answer = _(
            "write the numbers in the workbook, or {refresh} --drop {row}", refresh=refresh, row=rows[0]
        )
        yield Question("no_number", text, answer, len(rows), _sum_rows(intake, rows))
    elif intake.get_column("dossier") is None:
        text = _("No column has the number of the applications; each goes by the number of its line.")
        answer = _('{refresh} --column dossier="…"', refresh=refresh)
        yield Question("no_number_column", text, answer, intake.dossiers.height)
    hidden = set(intake.table.sheet.raw.marks.hidden_rows)
    rows = (
        [row for row in intake.dossiers["source_row"].cast(pl.Int64).to_list() if row in hidden]
        if hidden
        else []
    )
    if rows:
        text = _(
            "Lines {rows} are hidden in the workbook; they are read like the others.", rows=_format_rows(rows)
        )
        answer = _("{refresh} --drop {row} to set one aside", refresh=refresh, row=rows[0])
        yield Question("hidden_lines", text, answer, len(rows), _sum_rows(intake, rows))


def _ask_of_sheets(intake: Intake, refresh: str) -> Iterator[Question]:
    for entry in intake.sheets:
        if entry.reason is not None and bool((entry.fates == Fate.QUESTIONED).any()):
            text = (
                _(
                    'The sheet "{sheet}" is another list of applications and is not read. Is it part of the list?',
                    sheet=entry.sheet.name,
                )
                if entry.other
                else _(
                    'The sheet "{sheet}" has the same columns and is not read. Is it part of the list?',
                    sheet=entry.sheet.name,
                )
            )
            answer = _(
                '{refresh} --sheet "{sheet}", or put the lines in one sheet',
                refresh=refresh,
                sheet=entry.sheet.name,
            )
            yield Question("other_sheet", text, answer, len(entry.sheet.raw.rows) - 1)


def _ask_of_columns(intake: Intake, refresh: str) -> Iterator[Question]:
    for entry in intake.columns:
        if entry.rivals:
            text = _(
                '{name}: "{label}" is taken; {others} could be it too.',
                name=entry.name, label=entry.label, others=Names(entry.rivals),
            )  # fmt: skip
            answer = _(
                '{refresh} --column {name}="{other}"', refresh=refresh, name=entry.name, other=entry.rivals[0]
            )
            yield Question("rivals", text, answer)
        if entry.as_granted:
            text = _(
                '"{label}" gives amounts granted; they are taken for the amounts requested.',
                label=entry.label,
            )
            answer = _('{refresh} --column requested="…"', refresh=refresh)
            yield Question("as_granted", text, answer, intake.dossiers.height, int(intake.cents.sum()))
    yield from _ask_of_units(intake)
    for entry in intake.columns:
        meant = identify_header(entry.label)
        unread = entry.use is Use.FURTHER and meant is not None and intake.get_column(meant[0]) is None
        if unread and meant is not None and CANONICAL[meant[0]] is ColumnKind.MONEY:
            text = _(
                '"{label}" has the header of {name}, but most of its cells cannot be read as amounts.',
                label=entry.label, name=meant[0],
            )  # fmt: skip
            answer = _('write the amounts as "12 345,60", then {refresh}', refresh=refresh)
            yield Question("unread_amounts", text, answer, intake.dossiers.height)
    invented = [intake.table.labels[k] for k in sorted(intake.table.invented)]
    if invented:
        text = _("Columns without a header: {names}. What are they?", names=Names(invented))
        answer = _(
            'write the headers in the workbook, or {refresh} --column title="{name}"',
            refresh=refresh,
            name=invented[0],
        )
        yield Question("no_header", text, answer)


def _ask_of_units(intake: Intake) -> Iterator[Question]:
    """Say which amounts are multiplied because of a unit that does not stand in their header."""
    scaled = [
        entry.label for entry in intake.columns if entry.factor > 1 and entry.position in intake.table.scaled
    ]
    if scaled:
        text = _(
            "{names}: read in thousands or millions of euros, as a line above or below the header says.",
            names=Names(scaled),
        )
        yield Question("unit", text, _("write the unit in the headers if it is another"))


def _ask_of_cells(intake: Intake) -> Iterator[Question]:
    for entry in intake.remarks:
        if entry.fate is not Fate.QUESTIONED:
            continue
        if entry.code == "unreadable" and entry.column in FIXED_VALUES:
            continue  # asked by value
        text = _(
            "{column}, lines {rows}: {reason} ({example}).",
            column=_describe(intake, entry.column), rows=_format_rows(entry.rows), reason=entry.reason,
            example=entry.example,
        )  # fmt: skip
        answer = _("correct the cells in the workbook")
        yield Question(entry.code, text, answer, len(entry.rows), _sum_rows(intake, entry.rows))


def _describe(intake: Intake, name: str) -> str:
    column = intake.get_column(name)
    if column is None:
        return name
    position = intake.table.sheet.raw.columns[column.position].position
    return f"{column.label} ({format_letters(position)})" if intake.table.sheet.raw.cells else column.label


def _ask_of_values(intake: Intake, refresh: str) -> Iterator[Question]:
    for values in intake.values:
        column = intake.get_column(values.name)
        unknown = [entry for entry in values.values if not entry.known]
        n, cents = sum(entry.n for entry in unknown), sum(entry.cents for entry in unknown)
        if unknown and values.name in FIXED_VALUES:
            text = _(
                "{label}: {names}: what are they? Meanwhile the cells are empty in the copy.",
                label=values.label, names=Names([entry.value for entry in unknown], _MOST),
            )  # fmt: skip
            answer = _(
                '{refresh} --value {name}:"{value}"={canonical}, one of: {all}',
                refresh=refresh, name=values.name, value=unknown[0].value, canonical=FIXED_VALUES[values.name][0],
                all=Items(FIXED_VALUES[values.name]),
            )  # fmt: skip
            yield Question("unknown_values", text, answer, n, cents)
        elif column is not None and column.role is Role.OPINION:
            yield from _ask_of_opinion(values)


def _ask_of_opinion(values: ValueList) -> Iterator[Question]:
    against = [entry for entry in values.values if entry.opinion is Opinion.AGAINST]
    reserved = [entry for entry in values.values if entry.opinion is Opinion.RESERVED]
    unknown = [entry for entry in values.values if not entry.known]
    if unknown:
        text = _(
            "{label}: what do {names} say? No condition is written meanwhile.",
            label=values.label, names=Names([entry.value for entry in unknown], _MOST),
        )  # fmt: skip
        answer = render_condition(values.label, [entry.value for entry in unknown])
        yield Question(
            "opinion", text, answer, sum(entry.n for entry in unknown), sum(entry.cents for entry in unknown)
        )
        return
    if against:
        text = _(
            "{label}: applications with {names} are not eligible. Is this opinion a condition?",
            label=values.label, names=Names([entry.value for entry in against]),
        )  # fmt: skip
        answer = _('remove the condition from "eligibility" in scenario.yaml if it is not')
        yield Question(
            "opinion", text, answer, sum(entry.n for entry in against), sum(entry.cents for entry in against)
        )
    if reserved:
        text = _(
            "{label}: applications with {names} are eligible like the others.",
            label=values.label, names=Names([entry.value for entry in reserved]),
        )  # fmt: skip
        answer = render_condition(values.label, [entry.value for entry in reserved])
        yield Question(
            "opinion_reserved",
            text,
            answer,
            sum(entry.n for entry in reserved),
            sum(entry.cents for entry in reserved),
        )


def render_condition(label: str, values: Sequence[str]) -> Text:
    """Return the condition that excludes some values, as a scenario writes it."""
    listed = ", ".join(f'"{value}"' for value in values)
    return _('under "eligibility": require: {{"{label}": {{not: [{listed}]}}}}', label=label, listed=listed)


def _ask_of_further_columns(intake: Intake) -> Iterator[Question]:
    """Ask once about the columns that no rule reads, each with what it could serve."""
    further = [
        entry for entry in intake.columns if entry.use is Use.FURTHER and entry.role is not Role.OPINION
    ]
    if further:
        served = [_('"{label}" ({use})', label=entry.label, use=describe_service(entry)) for entry in further]
        text = _n(
            "{n} column is read by no rule: {columns}.", "{n} columns are read by no rule: {columns}.",
            n=len(further), columns=Items(served, ";"),
        )  # fmt: skip
        yield Question("further_columns", text, _("nothing to do, or a rule that names the column"))


def describe_service(entry: ColumnReading) -> Text:
    """Describe what a column that no rule reads could serve."""
    if entry.role is Role.RATE:
        return _("a rate: a condition, or a cap of the grants")
    if entry.role is Role.OPINION:
        return _("an opinion: a condition, or an order")
    match entry.kind:
        case "number":
            return _("numbers: an objective, a measure, a threshold")
        case "date":
            return _("days: a condition")
        case "choice" | "flag":
            return _("a list of values: a condition, or a cap for each value")
    return _("text: shown, or a condition on its words")
