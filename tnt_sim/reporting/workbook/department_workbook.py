"""Workbook of one department: write it, read the choices back, and consolidate the choices of departments.

The layout is stable (docs/decisions/0036-workbooks.md). Sheet `Choix` has one row per application below row 1,
with columns from A: number, applicant, title, envelope, base, requested, proposed, proposed amount,
rate, reason, choice, amount chosen, remark. The hidden sheet `_tnt` has keys in column A and values
in column B. Columns are read back by letter.

Choices:

    fund     the application is funded, at the chosen amount if one is written
    follow   as proposed: no decision, unless another amount is written for a proposed application
    refuse   the application is not funded
    wait     not funded now; the reason says so

Choices on which the workbooks agree become a scenario layer. An application with conflicting
choices is listed as a conflict and gets no decision.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.domain.budget_tree import GROUP_SEPARATOR
from tnt_sim.domain.field_types import write_cents
from tnt_sim.domain.money import MoneyError, format_decimal_euros, parse_cents
from tnt_sim.engine.award_list import guard_formulas
from tnt_sim.engine.run_folder.writer import to_yaml
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.errors import DataError, Defect, Defects, Place, suggest_name
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.parameters import Money
from tnt_sim.ingest.portfolio_reader import read_bytes
from tnt_sim.ingest.tables.raw_table import HiddenRows, RawTable, ReadOptions, format_letters, quote_cell
from tnt_sim.ingest.tables.workbooks import read_workbook
from tnt_sim.ingest.tables.zip_packages import refuse
from tnt_sim.reporting.renderers.xlsx import (
    INPUT,
    Paper,
    Styles,
    add_sheet,
    check_rows,
    close,
    create_workbook,
    set_up,
    write_text,
)
from tnt_sim.reporting.reports.decision_table import BASE, RATE
from tnt_sim.reporting.workbook.dossier_sheet import (
    NAMES,
    SheetColumn,
    convert_to_euros,
    format_flags,
    set_widths,
    write_table,
)

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

LAYOUT = "1"
SHEET, ENVELOPES, KEYS = _("Choices"), _("Envelopes"), "_tnt"
CHOICES = {
    "follow": _("follow"),
    "fund": _("fund"),
    "refuse": _p("department_workbook", "refuse"),
    "wait": _("wait"),
}
"""Possible choices; the first is the initial value: as proposed."""

_HEADS = {
    "proposed": _("Proposed"),
    "amount": _("Proposed amount"),
    "choice": _("Choice"),
    "chosen": _("Chosen amount"),
    "remark": _("Remark"),
}
_PROPOSED, _AMOUNT, _CHOICE, _CHOSEN = "G", "H", "K", "L"


@dataclass(frozen=True, slots=True)
class DepartmentExtract:
    """Applications of one department (or other group), with the envelopes they request from."""

    by: str
    group: str
    table: pl.DataFrame
    nodes: tuple[int, ...]


def build_extracts(table: pl.DataFrame, by: str) -> list[DepartmentExtract]:
    """Return one part per value of a column, in order; applications without a value are under `""`."""
    result = []
    groups = table.select(pl.col(by).fill_null("")).to_series()
    for group in sorted(groups.unique().to_list()):
        mine = table.filter(groups == group)
        nodes = tuple(mine[NODE].drop_nulls().unique().sort().to_list())
        result.append(DepartmentExtract(by, group, mine, nodes))
    return result


def build_department_workbook(run: StoredRun, extract: DepartmentExtract, lang: Lang) -> bytes:
    """Return the workbook of a part."""
    check_rows(extract.table.height)
    stream = io.BytesIO()
    foot = f"{run.name} · {extract.group or '–'} · {run.data.allocation_sha256[:12]}"
    title = f"{extract.group or '–'} – {run.title}"
    book = create_workbook(stream, title, foot, run.spec.date)
    styles, paper = Styles(book, lang), Paper(title, foot, lang, repeat=0)
    _write_choices(book, styles, run, extract, paper)
    _write_envelopes(book, styles, run, extract, paper)
    _write_keys(book, run, extract, lang)
    return close(book, stream)


def _write_choices(
    book: Workbook, styles: Styles, run: StoredRun, extract: DepartmentExtract, paper: Paper
) -> None:
    lang, table = paper.lang, extract.table
    sheet = add_sheet(book, SHEET.in_(lang))
    columns = _build_columns(run, table, lang)
    write_table(sheet, styles, columns, 0, None, lang)
    set_widths(sheet, columns)
    n = table.height
    choice, amount, remark = (
        styles.get_cell_formats(kind, bg_color=INPUT)[0] for kind in ("text", "money", "text")
    )
    first = next(iter(CHOICES.values())).in_(lang)
    for row in range(1, n + 1):
        sheet.write_string(row, 10, first, choice)
        sheet.write_blank(row, 11, None, amount)
        sheet.write_blank(row, 12, None, remark)
    if n:
        words = [text.in_(lang) for text in CHOICES.values()]
        sheet.data_validation(1, 10, n, 10, {"validate": "list", "source": words})
        least = {"validate": "decimal", "criteria": ">=", "value": 0}
        sheet.data_validation(1, 11, n, 11, least)
    sheet.autofilter(0, 0, max(n, 1), len(columns) - 1)
    sheet.freeze_panes(1, 1)
    set_up(sheet, paper)


def _build_columns(run: StoredRun, table: pl.DataFrame, lang: Lang) -> list[SheetColumn]:
    names = {key: text.in_(lang) for key, text in {**NAMES, **_HEADS}.items()}
    ids = {k: entry.id for k, entry in enumerate(run.envelopes)}
    nodes = table[NODE].replace_strict(ids, default=None, return_dtype=pl.String)
    empty: Sequence[Any] = [None] * table.height
    return [
        SheetColumn(names["dossier"], "text", table["dossier"].to_list(), 13),
        SheetColumn(names["applicant"], "text", table["applicant"].to_list(), 24, wrap=True),
        SheetColumn(names["title"], "text", table["title"].to_list(), 36, wrap=True),
        SheetColumn(names["envelope"], "text", nodes.to_list(), 14),
        SheetColumn(names["base"], "money", convert_to_euros(table[BASE]), 15),
        SheetColumn(names["requested"], "money", convert_to_euros(table["requested_cents"]), 15),
        SheetColumn(names["proposed"], "text", format_flags(table["funded"], lang), 9),
        SheetColumn(names["amount"], "money", convert_to_euros(table["granted_cents"]), 15),
        SheetColumn(names["rate"], "rate", table[RATE].to_list(), 8),
        SheetColumn(names["reason"], "text", table["reason"].to_list(), 46, wrap=True),
        SheetColumn(names["choice"], "text", empty, 11),
        SheetColumn(names["chosen"], "money", empty, 15),
        SheetColumn(names["remark"], "text", empty, 24),
    ]


def _write_envelopes(
    book: Workbook, styles: Styles, run: StoredRun, extract: DepartmentExtract, paper: Paper
) -> None:
    """Write what each envelope gives to this part as proposed and as chosen, as sums over the choices."""
    lang = paper.lang
    sheet = add_sheet(book, ENVELOPES.in_(lang))
    heads = (
        (_("Envelope"), 16), (_("Title"), 44),
        (_("Own amount"), 18), (_("Proposed"), 18),
        (_("Chosen"), 18), (_("Left"), 18),
    )  # fmt: skip
    for k, (head, width) in enumerate(heads):
        sheet.set_column(k, k, width)
        sheet.write_string(0, k, head.in_(lang), styles.get_head_format(right=k > 1))
    money, text = styles.get_cell_formats("money")[0], styles.get_cell_formats("text")
    for row, node in enumerate(extract.nodes, start=1):
        entry = run.envelopes[node]
        own = entry.effective_cents if _is_own(entry.id, extract.group) else None
        granted = int(extract.table.filter(pl.col(NODE) == node)["granted_cents"].sum()) / 100
        write_text(sheet, row, 0, entry.id, *text)
        write_text(sheet, row, 1, run.get_title(node), *text)
        proposed, chosen = (
            _build_sum_formula(extract.table.height, row, lang, chosen=flag) for flag in (False, True)
        )
        sheet.write_formula(row, 3, proposed, money, granted)
        sheet.write_formula(row, 4, chosen, money, granted)
        if own is None:
            sheet.write_blank(row, 2, None, money)
            sheet.write_blank(row, 5, None, money)
        else:
            sheet.write_number(row, 2, own / 100, money)
            sheet.write_formula(
                row, 5, f"=ROUND(C{row + 1}-E{row + 1},2)", money, round(own / 100 - granted, 2)
            )
    last = len(extract.nodes) + 1
    sheet.write_string(last, 0, "Total", styles.get_total_format("text"))
    for k in (1, 2, 5):
        sheet.write_blank(last, k, None, styles.get_total_format("text"))
    for k, letter in ((3, "D"), (4, "E")):
        total = int(extract.table["granted_cents"].sum()) / 100
        sheet.write_formula(
            last, k, f"=SUM({letter}2:{letter}{max(last, 2)})", styles.get_total_format("money"), total
        )
    sheet.freeze_panes(1, 0)
    set_up(sheet, paper)


def _is_own(name: str, group: str) -> bool:
    """Whether an envelope is the part of a split that belongs to this group."""
    return bool(group) and name.endswith(f"{GROUP_SEPARATOR}{group}")


def _build_sum_formula(height: int, row: int, lang: Lang, *, chosen: bool) -> str:
    """Return the formula of the total of one envelope, as proposed or as chosen.

    As chosen, a written amount takes precedence.
    """
    page = f"'{SHEET.in_(lang)}'"
    last = max(height, 1) + 1

    def format_range(letter: str) -> str:
        return f"{page}!${letter}$2:${letter}${last}"

    here = f"EXACT({format_range('D')},$A{row + 1})"
    if not chosen:
        return f"=SUMPRODUCT({here}*{format_range(_AMOUNT)})"
    follow, fund = (CHOICES[key].in_(lang) for key in ("follow", "fund"))
    written = f'({format_range(_CHOSEN)}<>"")'
    choice, amount = format_range(_CHOICE), format_range(_AMOUNT)
    takes = f'(({choice}="{fund}")+({choice}="{follow}")*({amount}>0))'
    requested = (
        f"({format_range(_AMOUNT)}>0)*{format_range(_AMOUNT)}+({format_range(_AMOUNT)}=0)*{format_range('F')}"
    )
    return f"=SUMPRODUCT({here}*{takes}*({written}*{format_range(_CHOSEN)}+(1-{written})*({requested})))"


def _write_keys(book: Workbook, run: StoredRun, extract: DepartmentExtract, lang: Lang) -> None:
    """Write the hidden sheet with what is needed to read the choices back."""
    sheet = add_sheet(book, KEYS)
    rows = {
        "layout": LAYOUT,
        "run": run.name,
        "scenario_sha256": run.data.scenario_sha256,
        "allocation_sha256": run.data.allocation_sha256,
        "by": extract.by,
        "group": extract.group,
        "lang": lang.value,
        "n_dossiers": str(extract.table.height),
        **{f"choice.{key}": text.in_(lang) for key, text in CHOICES.items()},
    }
    for row, (key, value) in enumerate(rows.items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.very_hidden()


def build_file_name(run: StoredRun, extract: DepartmentExtract) -> str:
    """Return `<run>-<group>.xlsx`, with unsafe characters of the group replaced by "-"."""
    group = re.sub(r"[^\w.-]+", "-", extract.group).strip(".-") or "sans-groupe"
    return f"{run.name}-{group}.xlsx"


NUMBER, ENVELOPE, REQUESTED, PROPOSED, CHOICE, CHOSEN, REMARK = 0, 3, 5, 7, 10, 11, 12
"""Columns of the sheet of choices, from 0."""
_OWN = 2
"""Column of the own amount in the sheet of envelopes, from 0."""


@dataclass(frozen=True, slots=True)
class DepartmentChoice:
    """Choice of a department for one application; amounts in cents, None for an empty cell."""

    dossier: str
    envelope: str
    choice: str
    chosen_cents: int | None
    proposed_cents: int
    requested_cents: int | None
    remark: str
    group: str
    place: Place


@dataclass(frozen=True, slots=True)
class DepartmentChoices:
    """One workbook: its keys, its choices, and the own amount of each envelope that has one."""

    shown_as: str
    keys: Mapping[str, str]
    choices: tuple[DepartmentChoice, ...]
    own_cents: Mapping[str, int]

    @property
    def group(self) -> str:
        """Return the department, or the value of the other column by which the workbooks were split."""
        return self.keys["group"]


def read_choices(path: Path) -> DepartmentChoices:
    """Read the choices of a workbook."""
    data = read_bytes(path, path.name)
    keys = _read_keys(data, path.name)
    table = _read_sheet(data, path.name, SHEET)
    reading = _ChoiceSheetReader(table, keys, Defects())
    reading.check_heads()
    reading.defects.raise_if_any(DataError)
    choices = tuple(found for k in range(len(table.rows)) if (found := reading.read_choice(k)) is not None)
    own = reading.read_own_amounts(_read_sheet(data, path.name, ENVELOPES))
    reading.defects.raise_if_any(DataError)
    return DepartmentChoices(path.name, keys, choices, own)


def _read_keys(data: bytes, shown_as: str) -> dict[str, str]:
    """Return the keys and values of the hidden sheet, first row included."""
    try:
        table = read_workbook(data, shown_as, ReadOptions(sheet=KEYS))
    except DataError as error:
        if error.code != "unknown_sheet":
            raise
        raise _build_refusal(shown_as) from None
    if len(table.columns) < 2:
        raise _build_refusal(shown_as)
    names, values = table.columns[:2]
    rows = range(len(table.rows))
    keys = {names.header: values.header, **{quote_cell(names, k): quote_cell(values, k) for k in rows}}
    wanted = {
        "layout",
        "run",
        "allocation_sha256",
        "by",
        "group",
        "n_dossiers",
        *(f"choice.{key}" for key in CHOICES),
    }
    if not wanted <= set(keys) or not keys["n_dossiers"].isdecimal():
        raise _build_refusal(shown_as)
    if keys["layout"] != LAYOUT:
        raise refuse(
            "choices",
            shown_as,
            _(
                "this workbook is of layout {keys}, and this version reads {layout}.",
                keys=keys["layout"],
                layout=LAYOUT,
            ),
            _("Use the version of tnt-sim that wrote it."),
        )
    return keys


def _build_refusal(shown_as: str) -> DataError:
    return refuse(
        "choices", shown_as, _("this is not a workbook of choices."),
        _("Give the workbooks that `tnt-sim export RUN_DIR --by department` wrote, filled in."),
    )  # fmt: skip


def _read_sheet(data: bytes, shown_as: str, name: Text) -> RawTable:
    """Return a sheet by its French or English name; rows hidden by a filter count too."""
    for said in (name.fr, name.en):
        try:
            return read_workbook(data, shown_as, ReadOptions(sheet=said, hidden_rows=HiddenRows.KEEP))
        except DataError as error:
            if error.code != "unknown_sheet":
                raise
    raise _build_refusal(shown_as)


@dataclass(frozen=True, slots=True)
class _ChoiceSheetReader:
    """Reader of the sheet of choices."""

    table: RawTable
    keys: Mapping[str, str]
    defects: Defects

    def check_heads(self) -> None:
        """Check that the columns are where they were written."""
        result = {column.position: column.header for column in self.table.columns}
        for position, name in ((NUMBER, NAMES["dossier"]), (ENVELOPE, NAMES["envelope"]), (CHOICE, _CHOICE_HEADER),
                               (CHOSEN, _CHOSEN_HEADER)):  # fmt: skip
            if result.get(position) not in (name.fr, name.en):
                text = _('the header "{name}" is expected here.', name=name)
                self._add("choices-header", 1, position, text, _RESTORE)

    def read_choice(self, index: int) -> DepartmentChoice | None:
        """Read the choice of one row; None for a row without a number, or with a defect."""
        row, dossier = int(self.table.rows[index]), self._read_text(index, NUMBER)
        if not dossier:
            self._add("choices-number", row, NUMBER, _NO_NUMBER, _RESTORE)
            return None
        words = {self.keys[f"choice.{key}"].casefold(): key for key in CHOICES}
        word = self._read_text(index, CHOICE)
        if word.casefold() not in words:
            text = _('"{word}" is not a choice.', word=word)
            self._add("choices-word", row, CHOICE, text, suggest_name(word, words))
            return None
        before = len(self.defects.entries)
        chosen, proposed, requested = (self._read_cents(index, k) for k in (CHOSEN, PROPOSED, REQUESTED))
        if len(self.defects.entries) > before:
            return None
        return DepartmentChoice(
            dossier, self._read_text(index, ENVELOPE), words[word.casefold()], chosen, proposed or 0, requested,
            self._read_text(index, REMARK), self.keys["group"], self._locate_cell(row, CHOICE, dossier),
        )  # fmt: skip

    def read_own_amounts(self, table: RawTable) -> dict[str, int]:
        """Read the own amount of each envelope that has one; the last row is the total."""
        other = _ChoiceSheetReader(table, self.keys, self.defects)
        rows = range(len(table.rows))
        found = {other._read_text(k, 0): other._read_cents(k, _OWN) for k in rows}
        return {name: cents for name, cents in found.items() if cents is not None and name != "Total"}

    def _read_cents(self, index: int, position: int) -> int | None:
        row = int(self.table.rows[index])
        column = self.table.columns[position]
        place = (row, column.position)
        if self.table.marks.errors.get(place) or self.table.marks.formulas.get(place) is False:
            self._add("choices-amount", row, position, _NOT_CALCULATED)
            return None
        number = column.numbers[index] if column.numbers is not None else None
        text = quote_cell(column, index) if number is None else ""
        try:
            if number is not None:
                cents = parse_cents(repr(round(float(number), 2)))
                exact = abs(float(number) * 100 - cents) < 1e-4
            else:
                cents, exact = (parse_cents(text) if text else None), True  # type: ignore[assignment]
        except MoneyError as error:
            sentence = _('"{cell}" is not an amount: {error}.', cell=text, error=error.text)
            self._add("choices-amount", row, position, sentence)
            return None
        if cents is not None and (cents < 0 or not exact):
            self._add("choices-amount", row, position, _ODD)
            return None
        return cents

    def _read_text(self, index: int, position: int) -> str:
        if position >= len(self.table.columns):
            return ""
        return (
            quote_cell(self.table.columns[position], index)
            if position != REMARK
            else self._read_remark(index)
        )

    def _read_remark(self, index: int) -> str:
        if len(self.table.columns) <= REMARK:  # the optional column was removed
            return ""
        return str(self.table.columns[REMARK].text[index] or "").strip()

    def _locate_cell(self, row: int, position: int, dossier: str | None = None) -> Place:
        cell = f"{format_letters(position)}{row}"
        return Place(file=self.table.shown_as, sheet=self.table.sheet, cell=cell, dossier=dossier)

    def _add(self, code: str, row: int, position: int, text: Text, hint: Text | None = None) -> None:
        self.defects.add(code, text, self._locate_cell(row, position), hint=hint)


_CHOICE_HEADER, _CHOSEN_HEADER = _("Choice"), _("Chosen amount")
_RESTORE = _("Move neither columns nor rows: only Choice, Chosen amount and Remark are filled in.")
_NO_NUMBER = _("this row has no application number.")
_NOT_CALCULATED = _("this cell has no calculated value.")
_ODD = _("an amount is positive and of whole cents.")

TABLE, CONFLICTS, LAYER = "choix.csv", "conflits.csv", "choix.yaml"


@dataclass(frozen=True, slots=True)
class Consolidated:
    """All choices, one per application where they agree, and the conflicts."""

    run: str
    by: str
    groups: tuple[str, ...]
    choices: tuple[DepartmentChoice, ...]
    conflicts: tuple[Defect, ...]

    @property
    def in_conflict(self) -> set[str]:
        """Return the applications with conflicting choices."""
        return {place.dossier for defect in self.conflicts for place in defect.places if place.dossier}

    def list_settled(self, choice: str) -> list[DepartmentChoice]:
        """Return the choices of one kind without a conflict."""
        left_out = self.in_conflict
        return [one for one in self.choices if one.choice == choice and one.dossier not in left_out]


def consolidate_choices(books: Sequence[DepartmentChoices]) -> Consolidated:
    """Consolidate the workbooks of one run."""
    _refuse_mixed(books)
    by_dossier: dict[str, list[DepartmentChoice]] = defaultdict(list)
    for book in books:
        for one in book.choices:
            by_dossier[one.dossier].append(one)
    conflicts = [
        *_check_row_counts(books),
        *(defect for same in by_dossier.values() for defect in _check_dossier_choices(same)),
        *_check_own_envelopes(books),
    ]
    first = tuple(same[0] for same in by_dossier.values())
    groups = tuple(sorted({book.group for book in books}))
    return Consolidated(books[0].keys["run"], books[0].keys["by"], groups, first, tuple(conflicts))


def _refuse_mixed(books: Sequence[DepartmentChoices]) -> None:
    defects = Defects()
    for book in books[1:]:
        if book.keys["allocation_sha256"] != books[0].keys["allocation_sha256"]:
            own, first = book.keys["run"], books[0].shown_as
            other = books[0].keys["run"]
            text = _(
                "this workbook is of the run {own}, and {first} of {other}.",
                own=own,
                first=first,
                other=other,
            )
            hint = _("Consolidate the workbooks of one run.")
            defects.add("choices-run", text, Place(file=book.shown_as), hint=hint)
    defects.raise_if_any(DataError)


def _check_row_counts(books: Sequence[DepartmentChoices]) -> Iterator[Defect]:
    """Report rows that were removed or inserted."""
    for book in books:
        sent, back = int(book.keys["n_dossiers"]), len({one.dossier for one in book.choices})
        if sent != back:
            yield Defect(
                "rows",
                _("{sent} applications sent, {back} returned.", sent=sent, back=back),
                (Place(file=book.shown_as),),
            )


def _check_dossier_choices(same: Sequence[DepartmentChoice]) -> Iterator[Defect]:
    """Report what is wrong with the choices for one application."""
    entry = same[0]
    if len({(choice.choice, choice.chosen_cents) for choice in same}) > 1:
        word = ", ".join(f"{choice.choice} ({choice.place.file})" for choice in same)
        yield Defect(
            "two-choices",
            _("several choices for this application: {word}.", word=word),
            tuple(choice.place for choice in same),
        )
        return
    if entry.chosen_cents is None:
        return
    takes = entry.choice == "fund" or (entry.choice == "follow" and entry.proposed_cents > 0)
    if not takes:
        text = _("an amount is written for an application that is not funded.")
        yield Defect("amount-without-fund", text, (entry.place,))
    elif entry.requested_cents is not None and entry.chosen_cents > entry.requested_cents:
        yield Defect(
            "above-requested",
            _(
                "{chosen} chosen, {requested} requested.",
                chosen=Money(entry.chosen_cents),
                requested=Money(entry.requested_cents),
            ),
            (entry.place,),
        )


def _check_own_envelopes(books: Sequence[DepartmentChoices]) -> Iterator[Defect]:
    """Report choices that exceed the department's own envelope."""
    for book in books:
        for envelope, own in book.own_cents.items():
            total = sum(_choose_cents(one) for one in book.choices if one.envelope == envelope)
            if total > own:
                yield Defect(
                    "own-envelope",
                    _(
                        '"{envelope}": {total} chosen out of {own}.',
                        envelope=envelope,
                        total=Money(total),
                        own=Money(own),
                    ),
                    (Place(file=book.shown_as),),
                )


def _choose_cents(choice: DepartmentChoice) -> int:
    """Return the amount as the workbook sums it: written, else proposed, else requested."""
    if choice.choice == "fund" or (choice.choice == "follow" and choice.proposed_cents > 0):
        return (
            choice.chosen_cents
            if choice.chosen_cents is not None
            else choice.proposed_cents or choice.requested_cents or 0
        )
    return 0


def render_layer_yaml(merged: Consolidated) -> str:
    """Write the partial scenario for `overrides`: one `decide` rule per group with decisions."""
    rules: list[dict[str, Any]] = []
    for group in merged.groups:
        fund = [one for one in merged.list_settled("fund") if one.group == group]
        amended = [
            one for one in merged.list_settled("follow")
            if one.group == group and one.chosen_cents is not None and one.proposed_cents > 0
        ]  # fmt: skip
        rules += _build_rules(merged, group, [*fund, *amended])
    head = (
        f"# Choix rendus ({', '.join(group or '–' for group in merged.groups)}) sur le calcul {merged.run}.\n"
        "# À mettre dans `overrides:` du scénario. Les dossiers en conflit n’y sont pas.\n"
    )
    return head + to_yaml({"schema_version": 1, "rules": rules})


def _build_rules(
    consolidated: Consolidated, group: str, fund: Sequence[DepartmentChoice]
) -> Iterator[dict[str, Any]]:
    name = group or "sans-groupe"
    if fund:
        amounts = {one.dossier: write_cents(one.chosen_cents) for one in fund if one.chosen_cents is not None}
        yield {
            "id": f"choix-{name}", "kind": "decide", "fund": sorted(one.dossier for one in fund),
            **({"amounts": amounts} if amounts else {}), "reason": f"Choix de {name}", "author": name,
        }  # fmt: skip
    for choice, word in (("refuse", "Refus"), ("wait", "Mise en attente")):
        out = sorted(one.dossier for one in consolidated.list_settled(choice) if one.group == group)
        if out:
            yield {
                "id": f"choix-{name}-{choice}", "kind": "decide", "refuse": out,
                "reason": f"{word}, {name}", "author": name,
            }  # fmt: skip


def build_tables(consolidated: Consolidated, lang: Lang) -> Mapping[str, pl.DataFrame]:
    """Return every choice, and every conflict with its position."""
    left_out = consolidated.in_conflict
    choices = pl.DataFrame(
        [
            (one.dossier, one.group, one.envelope, one.choice, _format_euros(one.chosen_cents),
             _format_euros(one.proposed_cents), one.remark, "conflict" if one.dossier in left_out else "",
             one.place.file or "")
            for one in consolidated.choices
        ],
        schema=["dossier", "group", "envelope", "choice", "chosen", "proposed", "remark", "status", "file"],
        orient="row",
    )  # fmt: skip
    conflicts = pl.DataFrame(
        [
            (place.dossier or "", defect.code, defect.text.in_(lang), str(place))
            for defect in consolidated.conflicts
            for place in defect.places
        ],
        schema=dict.fromkeys(("dossier", "conflict", "sentence", "place"), pl.String),
        orient="row",
    )
    return {TABLE: _guard_formulas(choices), CONFLICTS: _guard_formulas(conflicts)}


def _format_euros(cents: int | None) -> str:
    return "" if cents is None else format_decimal_euros(cents)


def _guard_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """Guard cells that a spreadsheet would read as formulas."""
    return table.select(guard_formulas(pl.col(name)).alias(name) for name in table.columns)
