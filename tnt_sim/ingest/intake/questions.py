"""The questions that a table leaves, each with its lines, euros and the way to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind
from tnt_sim.i18n.command_words import quote_value
from tnt_sim.i18n.message import Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.i18n.parameters import Items, Names
from tnt_sim.ingest.intake.answers import NO_ENVELOPE, PROVISIONAL
from tnt_sim.ingest.intake.columns import ColumnReading, Use
from tnt_sim.ingest.intake.grades import Grades, choose_last_goal, find_grades, render_order
from tnt_sim.ingest.intake.header_units import remove_sign
from tnt_sim.ingest.intake.header_words import Role, identify_header, is_scale_unclear
from tnt_sim.ingest.intake.intake import Fate, Intake, SheetReading
from tnt_sim.ingest.intake.lines import LineKind
from tnt_sim.ingest.intake.side_by_side import iterate_blocks
from tnt_sim.ingest.intake.stated_conditions import is_excluded
from tnt_sim.ingest.intake.table_search import is_number
from tnt_sim.ingest.intake.unread_columns import UnreadColumn, render_exclusion, select_unread, suggest_use
from tnt_sim.ingest.intake.values import ListedValue, Opinion, ValueList
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


def list_questions(
    intake: Intake, refresh: str, unread: Sequence[UnreadColumn] = (), scenario: object = None
) -> list[Question]:
    """Return the questions, in the order of the table: lines, sheets, columns, cells, values.

    `refresh` is the command that reads the file again, to which options are added. `unread` are the columns
    that no rule reads. `scenario` is the scenario as mappings, lists and scalars, None for that of
    `tnt-sim new`.
    """
    asked_columns = {entry.name for entry in intake.columns if _get_unread_meaning(intake, entry) is not None}
    return [
        *_ask_of_rows(intake, refresh),
        *_ask_of_exclusions(intake, refresh, scenario),
        *_ask_of_sheets(intake, refresh),
        *_ask_of_columns_apart(intake, refresh),
        *_ask_of_columns(intake, refresh),
        *_ask_of_cells(intake),
        *_ask_of_values(intake, refresh, scenario),
        *_ask_of_further_columns([entry for entry in unread if entry.name not in asked_columns]),
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
        text = _n(
            "Line {rows} is the header of another table of the sheet; it is left out.",
            "Lines {rows} are another table of the sheet, with a header of its own; they are left out.",
            n=len(others), rows=_format_rows(others),
        )  # fmt: skip
        answer = _("put the lines under one header in the workbook, then {refresh}", refresh=refresh)
        yield Question("other_table", text, answer, len(others))
    asked = [line for line in intake.list_lines(LineKind.QUESTIONED) if line.code != "other_table"]
    if asked:
        rows = [settled.row for settled in asked]
        text = _n(
            "Line {rows} is neither an application nor a total for certain; it is left out. What is it?",
            "Lines {rows} are neither applications nor totals for certain; they are left out. What are they?",
            n=len(rows), rows=_format_rows(rows),
        )  # fmt: skip
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
        text = _n(
            "Line {rows} has no number; it is taken under the number of its line (L{row}).",
            "Lines {rows} have no number; they are taken under the number of their line (L{row}).",
            n=len(rows), rows=_format_rows(rows), row=rows[0],
        )  # fmt: skip
        answer = _(
            "write the numbers in the workbook, or {refresh} --drop {row}", refresh=refresh, row=rows[0]
        )
        yield Question("no_number", text, answer, len(rows), _sum_rows(intake, rows))
    elif intake.get_column("dossier") is None:
        text = _("No column has the number of the applications; each goes by the number of its line.")
        answer = _(
            "{refresh} --column dossier={label}",
            refresh=refresh,
            label=quote_value(_suggest_number_column(intake)),
        )
        yield Question("no_number_column", text, answer, intake.dossiers.height)
    yield from _ask_of_hidden_lines(intake, refresh)


def _ask_of_hidden_lines(intake: Intake, refresh: str) -> Iterator[Question]:
    hidden = intake.table.sheet.raw.marks.hidden_rows
    rows = _list_rows(intake, intake.dossiers["source_row"].cast(pl.Int64).is_in(list(hidden)))
    if rows:
        text = _n(
            "Line {rows} is hidden in the workbook; it is read like the others.",
            "Lines {rows} are hidden in the workbook; they are read like the others.",
            n=len(rows), rows=_format_rows(rows),
        )  # fmt: skip
        answer = _("{refresh} --drop {row} to set one aside", refresh=refresh, row=rows[0])
        yield Question("hidden_lines", text, answer, len(rows), _sum_rows(intake, rows))


def _ask_of_exclusions(intake: Intake, refresh: str, scenario: object) -> Iterator[Question]:
    """Ask about the applications that a condition excludes as they lack an envelope, an amount or a score."""
    yield from _ask_of_envelopes(intake, refresh, scenario)
    yield from _ask_of_amounts(intake, refresh, scenario)
    yield from _ask_of_scores(intake, refresh, scenario)


def _describe_exclusion(n: int, *, excluded: bool) -> Text:
    """Return whether a condition excludes applications, as a clause."""
    if excluded:
        return _n("a condition excludes it meanwhile", "a condition excludes them meanwhile", n=n)
    return _n(
        'no condition of "eligibility" excludes it for certain',
        'no condition of "eligibility" excludes them for certain',
        n=n,
    )


def _add_condition(answer: Text, condition: str, *, excluded: bool) -> Text:
    """Return an answer, with the condition that would exclude the applications where none does."""
    if excluded:
        return answer
    return _(
        '{answer}; or, to exclude them, under "eligibility": - {condition}',
        answer=answer,
        condition=condition,
    )


def _ask_of_envelopes(intake: Intake, refresh: str, scenario: object) -> Iterator[Question]:
    """Ask about the applications that name no envelope, where others do."""
    if "envelope" not in intake.dossiers.columns:
        return
    rows = _list_rows(intake, intake.dossiers["envelope"] == NO_ENVELOPE)
    if rows:
        excluded = is_excluded(scenario, "envelope", NO_ENVELOPE)
        text = _n(
            "Line {rows} names no envelope; {status}. Which one does it ask from?",
            "Lines {rows} name no envelope; {status}. Which ones do they ask from?",
            n=len(rows), rows=_format_rows(rows), status=_describe_exclusion(len(rows), excluded=excluded),
        )  # fmt: skip
        named = intake.dossiers["envelope"].filter(intake.dossiers["envelope"] != NO_ENVELOPE).mode().sort()
        option = quote_value(f"envelope:{NO_ENVELOPE}={named[0]}")
        answer = _(
            "write it in the workbook, or type {refresh} --value {option} --apply.",
            refresh=refresh, option=option,
        )  # fmt: skip
        if excluded:
            without = _(
                'Without the condition "{none}" of scenario.yaml, they draw on the whole programme.',
                none=NO_ENVELOPE,
            )
            answer = join_sentences(answer, without)
        else:
            condition = f"{{id: {NO_ENVELOPE}, require: {{envelope: {{not: {NO_ENVELOPE}}}}}}}"
            under = _('To exclude them, write under "eligibility": - {condition}', condition=condition)
            answer = join_sentences(answer, under)
        yield Question("no_envelope", text, answer, len(rows), _sum_rows(intake, rows))


def _ask_of_amounts(intake: Intake, refresh: str, scenario: object) -> Iterator[Question]:
    """Ask about the applications whose amount requested is blank; one that cannot be read is asked by cell."""
    if "requested" not in intake.dossiers.columns:
        return
    unreadable = {
        row
        for entry in intake.remarks
        if entry.column == "requested" and entry.fate is Fate.QUESTIONED
        for row in entry.rows
    }
    empty = intake.dossiers["requested"] == ""
    rows = [row for row in _list_rows(intake, empty) if row not in unreadable]
    if not rows:
        return
    if scenario is None and empty.all():
        text = _n(
            "Line {rows} has no amount requested. What does it ask for?",
            "Lines {rows} have no amount requested. What do they ask for?",
            n=len(rows), rows=_format_rows(rows),
        )  # fmt: skip
        excluded = True
    else:
        excluded = is_excluded(scenario, "requested", "")
        text = _n(
            "Line {rows} has no amount requested; {status}. What does it ask for?",
            "Lines {rows} have no amount requested; {status}. What do they ask for?",
            n=len(rows), rows=_format_rows(rows), status=_describe_exclusion(len(rows), excluded=excluded),
        )  # fmt: skip
    answer = _("write the amounts in the workbook, then {refresh} --apply", refresh=refresh)
    condition = f"{{id: montant, require: {{{PROVISIONAL['montant']}}}}}"
    answer = _add_condition(answer, condition, excluded=excluded)
    yield Question("no_amount", text, answer, len(rows))


def _ask_of_scores(intake: Intake, refresh: str, scenario: object) -> Iterator[Question]:
    """Ask about the applications that have no score, where others do."""
    if "score" not in intake.dossiers.columns or choose_last_goal(intake.dossiers) != "score":
        return
    rows = _list_rows(intake, intake.dossiers["score"] == "")
    if rows:
        excluded = is_excluded(scenario, "score", "")
        text = _n(
            "Line {rows} has no score; {status}. What is its score?",
            "Lines {rows} have no score; {status}. What are their scores?",
            n=len(rows), rows=_format_rows(rows), status=_describe_exclusion(len(rows), excluded=excluded),
        )  # fmt: skip
        answer = _("write it in the workbook, then {refresh} --apply", refresh=refresh)
        condition = f"{{id: note, require: {{{PROVISIONAL['note']}}}}}"
        answer = _add_condition(answer, condition, excluded=excluded)
        yield Question("no_score", text, answer, len(rows), _sum_rows(intake, rows))


def _list_rows(intake: Intake, mask: pl.Series) -> list[int]:
    """Return the rows in the file of some applications."""
    return [int(row) for row in intake.dossiers["source_row"].filter(mask).to_list()]


def _ask_of_sheets(intake: Intake, refresh: str) -> Iterator[Question]:
    for entry in intake.sheets:
        if entry.beside:
            yield _ask_of_table_beside(entry, refresh)
        elif entry.reason is not None and bool((entry.fates == Fate.QUESTIONED).any()):
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
                "{refresh} --sheet {sheet}, or put the lines in one sheet",
                refresh=refresh,
                sheet=quote_value(entry.sheet.name),
            )
            yield Question("other_sheet", text, answer, len(entry.sheet.raw.rows) - 1)


def _ask_of_table_beside(entry: SheetReading, refresh: str) -> Question:
    """Say which columns are another table, by their headers, and how their lines or columns are read."""
    first, last = entry.letters
    headers = Names(entry.list_headers(), _MOST)
    text = _(
        "Columns {first} to {last} ({headers}) are another table; they are not read.",
        first=first, last=last, headers=headers,
    )  # fmt: skip
    if entry.other:
        text = _(
            "Columns {first} to {last} ({headers}) are another list of applications; they are not read. "
            "Is it part of the list?",
            first=first, last=last, headers=headers,
        )  # fmt: skip
    answer = _(
        "nothing to do, or copy its lines below the table (other applications), or delete the empty column before "
        "it (columns of the same ones), then {refresh}",
        refresh=refresh,
    )
    return Question("table_beside", text, answer, len(entry.sheet.raw.rows) - 1)


def _ask_of_columns_apart(intake: Intake, refresh: str) -> Iterator[Question]:
    """Ask about the columns of applications that an empty column separates from those that name them."""
    table, named = intake.table, {entry.name: entry for entry in intake.columns}
    anchor = next((named[name] for name in ("dossier", "title", "applicant") if name in named), None)
    if anchor is None or not table.header_rows:
        return
    blocks = iterate_blocks(table.sheet, table.header_rows[0])
    near = next((block for block in blocks if anchor.position in block), ())
    apart = [
        entry.label
        for entry in intake.columns
        if entry.position not in near and (entry.use is Use.CANONICAL or entry.role is Role.OPINION)
    ]
    if apart:
        text = _n(
            'Column {names} stands apart from "{anchor}", after or before an empty column; it is read on the same '
            "lines. Does each cell belong to the application of its line?",
            'Columns {names} stand apart from "{anchor}", after or before an empty column; they are read on the '
            "same lines. Does each cell belong to the application of its line?",
            n=len(apart), names=Names(apart, _MOST), anchor=anchor.label,
        )  # fmt: skip
        answer = _(
            'nothing to do if so; else move that table to a sheet of its own, delete its columns from "columns" '
            "in intake.yaml, then {refresh} --apply",
            refresh=refresh,
        )
        yield Question("columns_apart", text, answer, intake.dossiers.height, int(intake.cents.sum()))


def _ask_of_columns(intake: Intake, refresh: str) -> Iterator[Question]:
    for entry in intake.columns:
        if entry.rivals:
            text = _(
                '{name}: "{label}" is taken; {others} could be it too.',
                name=entry.name, label=entry.label, others=Names(entry.rivals),
            )  # fmt: skip
            answer = _(
                "{refresh} --column {name}={other}",
                refresh=refresh, name=entry.name, other=quote_value(entry.rivals[0]),
            )  # fmt: skip
            yield Question("rivals", text, answer)
        if entry.as_granted:
            text = _(
                '"{label}" gives amounts granted; they are taken for the amounts requested.',
                label=entry.label,
            )
            answer = _('{refresh} --column requested="…"', refresh=refresh)
            yield Question("as_granted", text, answer, intake.dossiers.height, int(intake.cents.sum()))
    yield from _ask_of_currency(intake, refresh)
    yield from _ask_of_units(intake)
    for entry in intake.columns:
        meant = _get_unread_meaning(intake, entry)
        if meant == "score":
            text = _(
                '"{label}" has the header of a score, but most of its cells cannot be read as numbers on one '
                "scale; it counts for nothing meanwhile.",
                label=entry.label,
            )
            answer = _(
                'write all scores on one scale, as "15" or "15/20", then {refresh} --apply and, in place of '
                "objective in scenario.yaml, {objective}",
                refresh=refresh, objective="objective: [{maximise: {score: 1}}]",
            )  # fmt: skip
            yield Question("unread_score", text, answer, intake.dossiers.height, int(intake.cents.sum()))
        elif meant is not None and is_scale_unclear(entry.label):
            text = _(
                '"{label}" has the header of {name}, perhaps in thousands or millions; it is not read meanwhile.',
                label=entry.label, name=meant,
            )  # fmt: skip
            answer = _(
                'write the unit in the header, as "({unit})", or {refresh} --column {name}={column} if its '
                "amounts are whole",
                unit=get_currency().build_unit("k"), refresh=refresh, name=meant, column=quote_value(entry.label),
            )  # fmt: skip
            yield Question("unclear_scale", text, answer, intake.dossiers.height)
        elif meant is not None:
            text = _(
                '"{label}" has the header of {name}, but most of its cells cannot be read as amounts.',
                label=entry.label, name=meant,
            )  # fmt: skip
            answer = _('write the amounts as "12 345,60", then {refresh}', refresh=refresh)
            yield Question("unread_amounts", text, answer, intake.dossiers.height)
    hidden = set(intake.table.sheet.raw.marks.hidden_columns)
    unseen = [
        entry.label for entry in intake.columns
        if intake.table.sheet.raw.columns[entry.position].position in hidden
    ]  # fmt: skip
    if unseen:
        text = _n(
            "Column {names} is hidden in the workbook; it is read like the others.",
            "Columns {names} are hidden in the workbook; they are read like the others.",
            n=len(unseen), names=Names(unseen),
        )  # fmt: skip
        answer = _("remove from the workbook what must not be read, then {refresh}", refresh=refresh)
        yield Question("hidden_columns", text, answer)
    invented = [intake.table.labels[k] for k in sorted(intake.table.invented)]
    if invented:
        text = _("Columns without a header: {names}. What are they?", names=Names(invented))
        answer = _(
            "write the headers in the workbook, or {refresh} --column title={name}",
            refresh=refresh,
            name=quote_value(invented[0]),
        )
        yield Question("no_header", text, answer)


def _get_unread_meaning(intake: Intake, entry: ColumnReading) -> str | None:
    """Return the amount or the score that a header names where its cells are not read as such; else None."""
    meant = identify_header(entry.label)
    if entry.use is not Use.FURTHER or meant is None or intake.get_column(meant[0]) is not None:
        return None
    return meant[0] if meant[0] == "score" or CANONICAL[meant[0]] is ColumnKind.MONEY else None


def _suggest_number_column(intake: Intake) -> str:
    """Return the header of a column that could number the applications: no cell is empty or stands twice."""
    for entry in intake.columns:
        if entry.use is Use.FURTHER and entry.kind in ("text", "number"):
            cells = intake.dossiers[entry.name]
            if (cells != "").all() and cells.is_unique().all():
                return entry.label
    return "…"


def _ask_of_currency(intake: Intake, refresh: str) -> Iterator[Question]:
    """Ask for the currency where amounts have signs of another one than that in which they are read."""
    if intake.other_signs:
        text = _(
            "Amounts or their headers have {signs}, but they are read in {symbol}. Which currency are they in?",
            signs=Names(intake.other_signs), symbol=get_currency().symbol,
        )  # fmt: skip
        answer = _(
            "write one sign in the headers of the amounts, and the same in scenario.yaml (key {key}), then "
            "{refresh}",
            key="currency", refresh=refresh,
        )  # fmt: skip
        yield Question("currency", text, answer, intake.dossiers.height, int(intake.cents.sum()))


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
    signed = [
        entry.label for entry in intake.columns
        if entry.factor > 1 and get_currency() != EURO and _has_signs(intake, entry)
    ]  # fmt: skip
    if signed:
        text = _(
            "{names}: read in thousands or millions, as the header says, though the cells have the sign of whole "
            "amounts.",
            names=Names(signed),
        )
        yield Question(
            "unit_in_cells", text, _("write the header without its scale if the amounts are whole")
        )


def _has_signs(intake: Intake, entry: ColumnReading) -> bool:
    """Return whether cells of a column are bare numbers with the sign of a currency."""
    texts = intake.table.sheet.texts[entry.position][intake.table.first :]
    return any(remove_sign(text) != text and is_number(text) for text in texts)


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


def _ask_of_values(intake: Intake, refresh: str, scenario: object) -> Iterator[Question]:
    orders = _find_orders(intake)
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
                "{refresh} --value {name}:{value}={canonical}, one of: {all}",
                refresh=refresh, name=values.name, value=quote_value(unknown[0].value),
                canonical=FIXED_VALUES[values.name][0],
                all=Items(FIXED_VALUES[values.name]),
            )  # fmt: skip
            yield Question("unknown_values", text, answer, n, cents)
        elif column is not None and column.role is Role.OPINION:
            yield from _ask_of_opinion(values, scenario)
            if values.name in orders:
                yield _ask_of_order(intake, values, orders, scenario)


def _find_orders(intake: Intake) -> dict[str, Grades]:
    """Return the grades of each column of opinions with some, first the one that a new scenario follows."""
    opinions = {entry.name for entry in intake.columns if entry.role is Role.OPINION}
    graded = [
        (values.name, grades)
        for values in intake.values
        if values.name in opinions and (grades := find_grades(values)) is not None
    ]
    return dict(sorted(graded, key=lambda pair: not pair[1].certain))


def _ask_of_opinion(values: ValueList, scenario: object) -> Iterator[Question]:
    against = [entry for entry in values.values if entry.opinion is Opinion.AGAINST]
    reserved = [entry for entry in values.values if entry.opinion is Opinion.RESERVED]
    unknown = [entry for entry in values.values if not entry.known]
    grades = find_grades(values)
    if unknown and grades is not None:
        return  # asked as an order
    if unknown:
        left = _select_eligible(values.name, unknown, scenario)
        if left:
            text = _(
                "{label}: what do {names} say? No condition excludes them for certain meanwhile.",
                label=values.label, names=Names([entry.value for entry in left], _MOST),
            )  # fmt: skip
            yield _build_opinion_question("opinion", text, render_condition(values.name, left), left)
        return
    if against:
        left = [] if scenario is None else _select_eligible(values.name, against, scenario)
        named_values = left or against
        names = Names([entry.value for entry in named_values])
        if left:
            text = _(
                '{label}: no condition of "eligibility" excludes applications with {names} for certain. Is this '
                "opinion a condition?",
                label=values.label, names=names,
            )  # fmt: skip
            answer = _("if so, {condition}", condition=render_condition(values.name, left))
        else:
            text = _(
                "{label}: applications with {names} are not eligible. Is this opinion a condition?",
                label=values.label, names=names,
            )  # fmt: skip
            answer = _('remove the condition from "eligibility" in scenario.yaml if it is not')
        yield _build_opinion_question("opinion", text, answer, named_values)
    left = _select_eligible(values.name, reserved, scenario)
    if left:
        text = _(
            "{label}: applications with {names} are eligible like the others.",
            label=values.label, names=Names([entry.value for entry in left]),
        )  # fmt: skip
        yield _build_opinion_question("opinion_reserved", text, render_condition(values.name, left), left)


def _select_eligible(column: str, entries: Sequence[ListedValue], scenario: object) -> list[ListedValue]:
    """Return the values that no condition excludes for certain; a new scenario has one for none of them."""
    return [entry for entry in entries if scenario is None or not is_excluded(scenario, column, entry.value)]


def _build_opinion_question(code: str, text: Text, answer: Text, entries: Sequence[ListedValue]) -> Question:
    return Question(
        code, text, answer, sum(entry.n for entry in entries), sum(entry.cents for entry in entries)
    )


def _ask_of_order(
    intake: Intake, values: ValueList, orders: Mapping[str, Grades], scenario: object
) -> Question:
    """Offer graded opinions as an order: goals that count the best grade first.

    `orders` are the grades by column, as `_find_orders` gives them: a new scenario follows the first ones if
    they are certain and there is no score. The measures of the others are numbered apart.
    """
    grades, names = orders[values.name], list(orders)
    order = " > ".join(", ".join(group) for group in grades.groups)
    goal, at = choose_last_goal(intake.dossiers), names.index(values.name)
    entries, stages = render_order(values.name, grades, goal, f"avis{at + 1}" if at else "avis")
    measures, objective = f"measures: {{{', '.join(entries)}}}", f"objective: [{', '.join(stages)}]"
    write = _(
        "write {measures} and, in place of objective, {objective}", measures=measures, objective=objective
    )
    if at or (isinstance(scenario, Mapping) and scenario.get("measures")):
        write = _(
            'write, under "measures", {measures} and, in place of objective, {objective}',
            measures=", ".join(entries), objective=objective,
        )  # fmt: skip
    if not grades.certain:
        text = _(
            "{label}: is {order} an order, the best first? Nothing follows from it meanwhile.",
            label=values.label, order=order,
        )  # fmt: skip
        condition = render_exclusion(values.name, grades.groups[-1])
        answer = _(
            '{write}; or as a condition, under "eligibility": - {condition}', write=write, condition=condition
        )
    elif goal == "score":
        text = _(
            "{label}: {order} is an order. Should it decide before the score?",
            label=values.label,
            order=order,
        )
        answer = write
    elif at:
        text = _(
            '{label}: {order} is an order too, but a new scenario follows that of "{followed}". Should it decide '
            "in its place?",
            label=values.label, order=order, followed=names[0],
        )  # fmt: skip
        answer = write
    else:
        text = _(
            "{label}: {order} is the order that a new scenario follows, as there is no score. Should it decide?",
            label=values.label, order=order,
        )  # fmt: skip
        objective = f"objective: [{{maximise: {{{goal}: 1}}}}]"
        answer = _("if not, write in scenario.yaml, in place of objective, {objective}", objective=objective)
    graded = {value for group in grades.groups for value in group}
    return _build_opinion_question(
        "opinion_order", text, answer, [entry for entry in values.values if entry.value in graded]
    )


def render_condition(name: str, values: Sequence[ListedValue]) -> Text:
    """Return the condition that excludes some values of a column, as a scenario writes it, and its place."""
    condition = render_exclusion(name, [entry.value for entry in values])
    return _('under "{block}": - {entry}', block="eligibility", entry=condition)


def list_unread_columns(intake: Intake, scenario: object = None) -> list[UnreadColumn]:
    """Return the columns that no rule reads, each with what it could serve.

    `scenario` is the scenario as mappings, lists and scalars. Without one it is that of `tnt-sim new`, which
    reads opinions alone.
    """
    kinds = {entry.name: entry.kind for entry in intake.columns if entry.use is Use.FURTHER}
    if scenario is None:
        opinions = {entry.name for entry in intake.columns if entry.role is Role.OPINION}
        named = [name for name in kinds if name not in opinions]
    else:
        named = select_unread(kinds, scenario)
    return [suggest_use(name, intake.dossiers[name], kinds[name]) for name in named]


def _ask_of_further_columns(unread: Sequence[UnreadColumn]) -> Iterator[Question]:
    """Ask once about the columns that no rule reads; the review lists what each could serve."""
    if unread:
        text = _n(
            "{n} column is read by no rule: {columns}.", "{n} columns are read by no rule: {columns}.",
            n=len(unread), columns=Names([entry.name for entry in unread], _MOST),
        )  # fmt: skip
        answer = _('nothing to do, or write a line of "Columns that no rule reads" in scenario.yaml')
        yield Question("further_columns", text, answer)
