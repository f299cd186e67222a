"""The intake of a file: what became of every cell, the copy that a scenario reads, and what is left to ask."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.domain.money import parse_cents_series
from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind, get_table_column, parse_numbers
from tnt_sim.errors import DataError, Defect, Place, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import EURO, choose_currency, get_currency, reset_released_currency
from tnt_sim.ingest.forms.cleaning import Cleaned, read_fields
from tnt_sim.ingest.forms.form_table import FormField, FormTable, filter_column
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, FormMapping, From
from tnt_sim.ingest.intake.answers import NO_ENVELOPE, IntakeAnswers
from tnt_sim.ingest.intake.columns import (
    MAP_YEAR,
    NOTHING,
    ColumnReading,
    Use,
    identify_columns,
    prepare,
    read_cells,
)
from tnt_sim.ingest.intake.currency import find_decimal, find_signs
from tnt_sim.ingest.intake.header_words import Role, identify_header
from tnt_sim.ingest.intake.lines import LineKind, SortedLine, SortedLines, sort_lines
from tnt_sim.ingest.intake.sheets import Sheet, read_file
from tnt_sim.ingest.intake.side_by_side import split_side_by_side
from tnt_sim.ingest.intake.table_search import TableFound, find_table
from tnt_sim.ingest.intake.values import ValueList, list_values
from tnt_sim.ingest.tables.cell_types import read_text
from tnt_sim.ingest.tables.date_cells import with_french_days
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, format_letters, shorten_value

TIMEZONE = "Europe/Paris"


class Fate(IntEnum):
    """Outcome of a cell."""

    EMPTY = 0
    TAKEN = 1
    ASIDE = 2
    QUESTIONED = 3
    LOST = 4


@dataclass(frozen=True, eq=False)
class SheetReading:
    """One sheet, or one of the tables that stand side by side on it.

    Attributes
    ----------
    sheet : its cells
    fates : what became of each
    reason : why it is not the table
    other : whether it lists applications in other columns
    beside : whether it stands beside the table, on the same sheet
    """

    sheet: Sheet
    fates: npt.NDArray[np.uint8]
    reason: Text | None = None
    other: bool = False
    beside: bool = False

    @property
    def letters(self) -> tuple[str, str]:
        """Return the letters of its first and its last column."""
        columns = self.sheet.raw.columns
        return format_letters(columns[0].position), format_letters(columns[-1].position)

    def list_headers(self) -> list[str]:
        """Return the headers of its columns, as far as they are found."""
        table = find_table(self.sheet)
        return [label for label in table.labels if label] if table is not None else []


@dataclass(frozen=True, slots=True)
class CellRemark:
    """Cells of one column with one outcome other than taken, and their rows in the file."""

    fate: Fate
    code: str
    column: str
    reason: Text
    rows: tuple[int, ...]
    example: str


@dataclass(frozen=True, eq=False)
class Intake:
    """A file as it was read.

    Attributes
    ----------
    shown_as, sha256 : the file
    sheets : every sheet, with the fate of its cells
    table : the table found
    lines : the rows of its sheet that are no application, with reasons; rows without number
    columns : how each column is understood
    values : the lists of values
    remarks : cells set aside or asked about, by column
    dossiers : the copy that a scenario reads, every cell as text
    cents : requested on each line of the copy
    answers : what the planner has said
    other_signs : signs of currencies other than that in which amounts are read
    """

    shown_as: str
    sha256: str
    sheets: tuple[SheetReading, ...]
    table: TableFound
    lines: SortedLines
    columns: tuple[ColumnReading, ...]
    values: tuple[ValueList, ...]
    remarks: tuple[CellRemark, ...]
    dossiers: pl.DataFrame
    cents: pl.Series
    answers: IntakeAnswers
    other_signs: tuple[str, ...] = ()

    @property
    def recorded(self) -> IntakeAnswers:
        """Return the answers that read the next state of this file in the same way."""
        sheet = self.table.sheet
        columns = {reading.name: reading.label for reading in self.columns if reading.use is Use.CANONICAL}
        update = {
            "sheet": sheet.name or None,
            "header_row": self.header_row if self.table.header_rows else None,
            "encoding": self.answers.encoding,
            "columns": columns,
        }
        return self.answers.model_copy(update=update)

    @property
    def header_row(self) -> int:
        """Return the row of the headers in the file, 1 where the format names its columns."""
        rows = self.table.header_rows
        return int(self.table.sheet.raw.rows[rows[-1]]) if rows else 1

    def count_cells(self) -> dict[Fate, int]:
        """Return the number of cells that are not empty, by what became of them."""
        counts = np.zeros(len(Fate), dtype=np.int64)
        for reading in self.sheets:
            counts += np.bincount(reading.fates.ravel(), minlength=len(Fate))
        return {fate: int(counts[fate]) for fate in Fate if fate is not Fate.EMPTY}

    def get_column(self, name: str) -> ColumnReading | None:
        """Return the column that is read under a name, None where there is none."""
        return next((reading for reading in self.columns if reading.name == name), None)

    def list_lines(self, kind: LineKind) -> list[SortedLine]:
        """Return the rows of one kind."""
        return [line for line in self.lines.lines if line.kind is kind]


def read_intake(data: bytes, suffix: str, shown_as: str, answers: IntakeAnswers = IntakeAnswers()) -> Intake:
    """Read a file as a planner has it.

    Parameters
    ----------
    data : bytes of the file
    suffix : its suffix, which gives the format
    shown_as : the path as messages show it
    answers : what the planner has said of the file
    """
    whole = read_file(data, suffix.lower(), shown_as, answers.encoding)
    reset_released_currency()
    sheets, tables, table = _find_tables(whole, shown_as, answers)
    signs = find_signs(table, answers.columns)
    # a scenario that has chosen another currency decides; that is asked about
    if signs.currency not in (None, EURO) and choose_currency(signs.currency):
        sheets, tables, table = _find_tables(whole, shown_as, answers)
    if get_currency() != EURO:
        texts = (text for column in table.sheet.texts for text in column.unique().to_list())
        table = replace(table, decimal=find_decimal(texts, get_currency()))
    lines, columns = _sort(table, answers, shown_as)
    body = _Body(table, lines, columns, answers)
    fates = body.settle_cells()
    readings = tuple(
        SheetReading(sheet, fates) if sheet is table.sheet else _set_sheet_aside(sheet, other, table)
        for sheet, other in zip(sheets, tables, strict=True)
    )
    return Intake(
        shown_as, hashlib.sha256(data).hexdigest(), readings, table, lines, columns, tuple(body.list_values()),
        tuple(body.remarks), body.build_copy(), body.requested, answers, signs.list_others(get_currency()),
    )  # fmt: skip


def _find_tables(
    whole: Sequence[Sheet], shown_as: str, answers: IntakeAnswers
) -> tuple[list[Sheet], list[TableFound | None], TableFound]:
    """Return the sheets, one for each table side by side, with the table of each and that to read."""
    sheets = [part for sheet in whole for part in split_side_by_side(sheet, answers.header_row)]
    tables = [find_table(sheet, answers.header_row) for sheet in sheets]
    return sheets, tables, _choose_table(sheets, tables, shown_as, answers)


def _choose_table(
    sheets: Sequence[Sheet], tables: Sequence[TableFound | None], shown_as: str, answers: IntakeAnswers
) -> TableFound:
    """Return the table of the sheet that the planner names, else the one with most known columns and lines."""
    if answers.sheet is not None:
        names = [sheet.name for sheet in sheets]
        if answers.sheet not in names:
            text = _('there is no sheet "{sheet}".', sheet=answers.sheet)
            raise DataError(
                [Defect("unknown_sheet", text, (Place(file=shown_as),), suggest_name(answers.sheet, names))]
            )
        candidates = [
            reading for reading in tables if reading is not None and reading.sheet.name == answers.sheet
        ]
    else:
        candidates = [reading for reading in tables if reading is not None and reading.n_below]
    if not candidates:
        text = _("no row looks like the header of a table of applications.")
        hint = _("Say where it is: --sheet and --header-row.")
        raise DataError([Defect("no_header", text, (Place(file=shown_as),), hint)])
    return max(candidates, key=lambda reading: reading.merit)


def _set_sheet_aside(sheet: Sheet, other: TableFound | None, table: TableFound) -> SheetReading:
    """Return a sheet other than the table, with the reason; the same columns make a question."""
    fates = np.where(sheet.filled, np.uint8(Fate.ASIDE), np.uint8(Fate.EMPTY)).astype(np.uint8)
    if sheet.name == table.sheet.name:
        lists = other is not None and other.names_applications and other.n_below > 0
        fates[fates == Fate.ASIDE] = Fate.QUESTIONED if lists else Fate.ASIDE
        reading = SheetReading(sheet, fates, other=lists, beside=True)
        first, last = reading.letters
        reason = _("another table beside it, columns {first} to {last}", first=first, last=last)
        return replace(reading, reason=reason)
    if not sheet.visible:
        return SheetReading(sheet, fates, _("a hidden sheet"))
    mine = {normalise_header(label) for label in table.labels if label}
    same = other is not None and {normalise_header(label) for label in other.labels if label} == mine
    if same and other is not None and other.n_below:
        fates[fates == Fate.ASIDE] = Fate.QUESTIONED
        return SheetReading(sheet, fates, _("the same columns as the table: one sheet is read"))
    if other is not None and other.names_applications and other.n_below:
        fates[fates == Fate.ASIDE] = Fate.QUESTIONED
        return SheetReading(sheet, fates, _("another list of applications: one sheet is read"), other=True)
    return SheetReading(sheet, fates, _("another sheet: it has fewer known columns or lines"))


def _sort(
    table: TableFound, answers: IntakeAnswers, shown_as: str
) -> tuple[SortedLines, tuple[ColumnReading, ...]]:
    """Sort the rows with the columns understood on all of them, then understand them again on the applications."""
    n = len(table.sheet.raw.rows)
    mask = pl.Series("kept", (np.arange(n) >= table.first) & (table.sheet.filled.sum(axis=1) > 1))
    columns = identify_columns(table, mask, answers.columns, shown_as)
    lines = _sort_rows(table, columns, answers)
    if lines.is_application.any():
        again = identify_columns(table, lines.is_application, answers.columns, shown_as)
        if [reading.name for reading in again] != [reading.name for reading in columns]:
            lines = _sort_rows(table, again, answers)
            again = identify_columns(table, lines.is_application, answers.columns, shown_as)
        columns = again
    return lines, columns


def _sort_rows(table: TableFound, columns: Sequence[ColumnReading], answers: IntakeAnswers) -> SortedLines:
    named = {reading.name: reading for reading in columns if reading.use is Use.CANONICAL}
    cents = {
        name: read_cells(name, table.sheet.raw.columns[reading.position], reading.factor, table.decimal)
        for name, reading in named.items()
        if CANONICAL[name] is ColumnKind.MONEY
    }
    n_rounded = {name: _count_rounded(table.sheet.raw.columns[named[name].position]) for name in cents}
    places = {name: reading.position for name, reading in named.items()}
    return sort_lines(
        table, places, cents, take=frozenset(answers.take), drop=frozenset(answers.drop), n_rounded=n_rounded
    )


def _count_rounded(column: RawColumn) -> int:
    """Return how many numbers of a column are no whole cents."""
    if column.numbers is None:
        return 0
    scaled = column.numbers * 100
    return int(((scaled - scaled.round()).abs() > 1e-6 * (1 + scaled.abs() * 1e-9)).sum())


class _Body:
    """The applications of a table: their cells read, and the fate of each."""

    def __init__(
        self, table: TableFound, lines: SortedLines, columns: Sequence[ColumnReading], answers: IntakeAnswers
    ) -> None:
        self.table, self.lines, self.columns, self.answers = table, lines, columns, answers
        self.mask = lines.is_application
        self.rows = table.sheet.raw.rows.filter(self.mask)
        self.remarks: list[CellRemark] = []
        self.used = [reading for reading in columns if reading.use is not Use.ASIDE]
        self.cells = {reading.name: self._prepare(reading) for reading in self.used}
        self.done = self._read()
        self.requested = self.done.columns.get(
            "requested_cents", pl.Series("requested", [0] * len(self.rows), dtype=pl.Int64)
        ).fill_null(0)
        self.final = {reading.name: self._finish(reading) for reading in self.used}
        self._number()

    def _prepare(self, reading: ColumnReading) -> RawColumn:
        """Return the cells of a column, those merged over several lines in each of them, except amounts."""
        column = self.table.sheet.raw.columns[reading.position]
        if CANONICAL.get(reading.name) is not ColumnKind.MONEY:
            column = _fill_merged(column, self.table.sheet, self.mask)
        cells = filter_column(column, self.mask)
        return replace(prepare(reading.name, cells, reading.factor, self.table.decimal), header=reading.label)

    def _read(self) -> Cleaned:
        raw = self.table.sheet.raw
        cells = tuple(
            self._clear(reading, column)
            for reading, column in zip(self.used, self.cells.values(), strict=True)
        )
        body = RawTable(raw.shown_as, cells, self.rows, raw.sheet, raw.cells)
        fields = tuple(
            FormField(reading.name, reading.name, column, "text")
            for reading, column in zip(self.used, cells, strict=True)
        )
        form = FormTable(body, fields, "")
        named = {reading.name: From.of(reading.name) for reading in self.used if reading.use is Use.CANONICAL}
        values = {
            name: {value: meaning for value, meaning in pairs.items() if value != NO_ENVELOPE}
            for name, pairs in self.answers.values.items()
            if name in named
        }
        mask = {reading.name: From.of(reading.name) for reading in self.used if reading.use is Use.FURTHER}
        mapping = FormMapping.model_validate(
            {"format": "grist", "columns": named, "keep": mask, "values": values, "map_year": str(MAP_YEAR)}
        )
        return read_fields(form, mapping, TIMEZONE)

    def _clear(self, reading: ColumnReading, column: RawColumn) -> RawColumn:
        """Return a column of numbers or days without the dashes that say that there is nothing."""
        kinds = (ColumnKind.MONEY, ColumnKind.DECIMAL, ColumnKind.INTEGER, ColumnKind.WHEN)
        if column.typed is not None or CANONICAL.get(reading.name) not in kinds:
            return column
        nothing = column.text.str.to_lowercase().str.contains(NOTHING).fill_null(value=False)
        return replace(column, text=column.text.set(nothing, "")) if nothing.any() else column

    def _finish(self, reading: ColumnReading) -> pl.Series:
        """Return the cells of a column of the copy as text, "" where there is nothing or nothing readable."""
        values = self.done.columns[get_table_column(reading.name)] if reading.use is Use.CANONICAL else None
        if values is None:
            return self._finish_other_column(reading)
        kind = CANONICAL[reading.name]
        if kind is ColumnKind.MONEY:
            return format_euros_plain(values)
        if kind is ColumnKind.DECIMAL:
            return values.cast(pl.String).str.replace(r"\.?0+$", "").fill_null("")
        if kind is ColumnKind.WHEN:
            form = "%Y-%m-%d" if values.dtype == pl.Date else "%Y-%m-%dT%H:%M:%S"
            local = values if values.dtype == pl.Date else values.dt.convert_time_zone(TIMEZONE)
            return local.dt.strftime(form).fill_null("")
        if kind is ColumnKind.LIST:
            return values.list.join(";").fill_null("")
        text = values.cast(pl.String).fill_null("")
        if reading.name in FIXED_VALUES:
            return text.set(~text.is_in(list(FIXED_VALUES[reading.name])), "")
        if reading.name in ("department", "region", "commune", "epci"):
            return self._keep_codes(reading.name, text)
        return self._assign_envelopes(text) if reading.name == "envelope" else text

    def _assign_envelopes(self, text: pl.Series) -> pl.Series:
        """Return envelopes in one spelling each; where some are given, one of their own for cells without."""
        blank = (text == "") | text.str.to_lowercase().str.contains(NOTHING)
        if blank.all():
            return text
        meant = self.answers.values.get("envelope", {}).get(NO_ENVELOPE, NO_ENVELOPE)
        return _join_spellings(text.set(blank, None)).fill_null(meant)

    def _keep_codes(self, name: str, text: pl.Series) -> pl.Series:
        """Return codes of the map; a name that none has is no code."""
        form = {
            "department": r"^(?:\d{2,3}|2[AB])$",
            "region": r"^\d{2}$",
            "commune": r"^(?:\d{5}|2[AB]\d{3})$",
        }
        return text.set(~text.str.contains(form.get(name, r"^\d{9}$")), "")

    def _finish_other_column(self, reading: ColumnReading) -> pl.Series:
        text = self.done.columns[reading.name].str.strip_chars()
        column = self.cells[reading.name]
        if reading.kind == "date":
            read = read_cells("filed_at", with_french_days(column))
            if read.dtype == pl.Date:
                return read.dt.strftime("%Y-%m-%d").fill_null(text)
        if reading.role is Role.RATE:
            return _read_rates(text)
        meant = identify_header(reading.label)
        if meant is not None and CANONICAL[meant[0]] is ColumnKind.MONEY:
            return text  # « 1.234 » may be a thousand or one euro: it stays as written
        return _read_numbers(text) if reading.kind == "number" else text

    def _number(self) -> None:
        """Give a number to each application that has none, and make those that stand twice distinct."""
        rows = self.rows.cast(pl.String)
        given = self.final.get("dossier")
        numbers = ("L" + rows) if given is None else given.zip_with(given != "", "L" + rows)
        later = numbers.is_duplicated() & ~numbers.is_first_distinct()
        if later.any():
            numbers = _make_distinct(numbers, rows, later)
            listed = tuple(self.rows.filter(later).to_list())
            reason = _("a number that an earlier line has; the copy adds the line to it")
            example = numbers.filter(later)[0]
            self.remarks.append(
                CellRemark(Fate.QUESTIONED, "duplicate_number", "dossier", reason, listed, example)
            )
        self.final["dossier"] = numbers

    def settle_cells(self) -> npt.NDArray[np.uint8]:
        """Return what became of each cell of the sheet, uint8 (n_rows, n_columns)."""
        sheet = self.table.sheet
        fates = np.where(sheet.filled, np.uint8(Fate.LOST), np.uint8(Fate.EMPTY)).astype(np.uint8)
        kinds = self.lines.kinds
        by_kind = {
            LineKind.TITLE: Fate.ASIDE, LineKind.HEADER: Fate.TAKEN, LineKind.ASIDE: Fate.ASIDE,
            LineKind.QUESTIONED: Fate.QUESTIONED,
        }  # fmt: skip
        for kind, fate in by_kind.items():
            fates[np.ix_(kinds == kind, np.ones(fates.shape[1], bool))] = fate
        fates[~sheet.filled] = Fate.EMPTY
        at = np.flatnonzero(kinds == LineKind.APPLICATION)
        for reading in self.columns:
            here = fates[at, reading.position]
            filled = here == Fate.LOST
            if reading.use is Use.ASIDE:
                here[filled] = Fate.ASIDE
            else:
                self._settle_column(reading, here, filled)
            fates[at, reading.position] = here
        return fates

    def _settle_column(
        self, reading: ColumnReading, here: npt.NDArray[np.uint8], filled: npt.NDArray[np.bool_]
    ) -> None:
        """Settle the cells of a column of the copy: taken where the copy has something, else told."""
        final = self.final[reading.name]
        has = ((final != "") & (final != NO_ENVELOPE)).to_numpy()
        texts = self.table.sheet.texts[reading.position].filter(self.mask)
        here[filled & has] = Fate.TAKEN
        empty = filled & ~has
        if not empty.any():
            return
        nothing = texts.str.to_lowercase().str.contains(NOTHING).to_numpy() & empty
        here[nothing] = Fate.ASIDE
        here[empty & ~nothing] = Fate.QUESTIONED
        self._add_remark(
            Fate.ASIDE, "nothing", reading, nothing, texts, _("a sign that says that there is nothing")
        )
        unread = _("not read as the column is understood; the cell of the copy is empty")
        self._add_remark(Fate.QUESTIONED, "unreadable", reading, empty & ~nothing, texts, unread)

    def _add_remark(
        self,
        fate: Fate,
        code: str,
        reading: ColumnReading,
        mask: npt.NDArray[np.bool_],
        texts: pl.Series,
        reason: Text,
    ) -> None:
        if not mask.any():
            return
        at = np.flatnonzero(mask)
        shown = list(dict.fromkeys(shorten_value(texts[int(index)]) or "#" for index in at[:20].tolist()))
        rows = tuple(int(self.rows[int(index)]) for index in at.tolist())
        self.remarks.append(CellRemark(fate, code, reading.name, reason, rows, ", ".join(shown[:4])))

    def list_values(self) -> list[ValueList]:
        """Return the lists of values: of the fixed columns, the envelopes, the opinions and other choices."""
        result = []
        for reading in self.used:
            listed = reading.name in (*FIXED_VALUES, "envelope") or (
                reading.use is Use.FURTHER and reading.kind in ("choice", "flag")
            )
            if not (listed or reading.role is Role.OPINION):
                continue
            texts = read_text(self.cells[reading.name]).str.strip_chars()
            stated = self.answers.values.get(reading.name, {})
            values = list_values(
                reading.name,
                reading.label,
                texts,
                self.requested,
                opinion=reading.role is Role.OPINION,
                stated=stated,
            )
            if values is not None:
                result.append(values)
        return result

    def build_copy(self) -> pl.DataFrame:
        """Return the table that a scenario reads: canonical columns, further ones, the row in the file."""
        names = [name for name in CANONICAL if name in self.final]
        names += [reading.name for reading in self.used if reading.use is Use.FURTHER]
        columns = [self.final[name].alias(name) for name in names]
        return pl.DataFrame([*columns, self.rows.cast(pl.String).alias(SOURCE_ROW)])


def _make_distinct(numbers: pl.Series, rows: pl.Series, later: pl.Series) -> pl.Series:
    """Return numbers with their line added where an earlier line has them; no result is the number of another."""
    taken = set(numbers.to_list())
    result = numbers.to_list()
    for index in np.flatnonzero(later.to_numpy()).tolist():
        number = f"{numbers[index]}-L{rows[index]}"
        while number in taken:
            number += f"-L{rows[index]}"
        taken.add(number)
        result[index] = number
    return pl.Series(numbers.name, result, dtype=pl.String)


def _fill_merged(column: RawColumn, sheet: Sheet, mask: pl.Series) -> RawColumn:
    """Return a column with the value of an area merged over several lines in each of them."""
    index = sheet.row_index
    for first_row, first, last_row, last in sheet.raw.marks.merged:
        if last_row == first_row or not first <= column.position <= last or first != column.position:
            continue
        source = index.get(first_row)
        if source is None or not mask[source]:
            continue
        targets = [
            at
            for row in range(first_row + 1, last_row + 1)
            if (at := index.get(row)) is not None and mask[at]
        ]
        if not targets:
            continue
        filled = {}
        for kind in ("text", "numbers", "moments", "days", "odd"):
            series = getattr(column, kind)
            if series is not None:
                filled[kind] = series.scatter(targets, series[source])
        column = replace(column, **filled)
    return column


def format_euros_plain(cents: pl.Series) -> pl.Series:
    """Return cents as euros with a point, "" for null: « 12345.60 »."""
    sign = pl.select(pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))).to_series()
    size = cents.abs()
    text = sign + (size // 100).cast(pl.String) + "." + (size % 100).cast(pl.String).str.zfill(2)
    return text.fill_null("")


def _join_spellings(text: pl.Series) -> pl.Series:
    """Return codes in one spelling each, the most frequent one: « Detr » as « DETR »."""
    values = list_values("", "", text.fill_null(""), None, opinion=False, stated={})
    if values is None:
        return text
    changed = {
        other: reading.value
        for reading in values.values
        for other, __ in reading.spellings
        if other != reading.value
    }
    return text.replace(changed) if changed else text


def _read_numbers(text: pl.Series) -> pl.Series:
    """Return numbers in plain digits, amounts without their unit; what is no number stays as written.

    A column with « 00012 » or « 01400 » holds codes, which stay as written too.
    """
    if text.str.contains(r"^0\d").any():
        return text
    numbers, __ = parse_numbers(text)
    cents, reasons = parse_cents_series(text)
    euros = format_euros_plain(cents.set(reasons.is_not_null(), None))
    plain = numbers.cast(pl.String).str.replace(r"\.?0+$", "")
    return plain.fill_null(euros.set(euros == "", None)).fill_null(text)


def _read_rates(text: pl.Series) -> pl.Series:
    """Return rates as fractions of 1: « 45 % » and, in a column of numbers up to 100, « 45 » as 0.45."""
    signed = text.str.contains("%", literal=True)
    numbers, __ = parse_numbers(text.str.replace(r"\s*%\s*$", ""))
    if numbers.is_null().set(text == "", False).any():
        return text
    bare = numbers.set(signed, None).drop_nulls()
    hundredths = bool(len(bare)) and bool((bare > 1).any())
    if hundredths and (bool((bare > 100).any()) or bool(((bare < 1) & (bare > 0)).any())):
        return text
    scaled = numbers / 100
    read = scaled if hundredths else scaled.zip_with(signed, numbers.cast(scaled.dtype))
    return read.cast(pl.String).str.replace(r"\.?0+$", "").fill_null("")
