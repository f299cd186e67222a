"""XLSX and ODS sheets as raw columns; each cell keeps the type that the workbook gives it.

The names of the sheets can be read first, within bounds, to choose one.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from xml.etree import ElementTree
from xml.parsers import expat

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tnt_sim.domain.portfolio import MAX_PLACES
from tnt_sim.errors import DataError, Defect, Defects, Place, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Names
from tnt_sim.ingest.tables.raw_table import (
    HiddenRows,
    Marks,
    RawColumn,
    RawTable,
    ReadOptions,
    format_letters,
    strip_cells,
    strip_header,
)
from tnt_sim.ingest.tables.sheet_marks import MAX_CELLS, TooManyCells, read_ods_marks, read_xlsx_marks
from tnt_sim.ingest.tables.zip_packages import MAX_BYTES, Package, open_package, refuse

_XLSX, _ODS = "xl/workbook.xml", "content.xml"
_TAGS = {_XLSX: (b"<sheet ", b"<x:sheet "), _ODS: (b"<table:table ",)}
_NAME = re.compile(rb"[ :]name=\"([^\"]*)\"")
_CHUNK, _LONGEST_TAG = 1 << 22, 1 << 12


def list_sheets(data: bytes) -> list[str]:
    """Return the sheets in order; an empty list for a file that is no workbook, which its reader reports."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = set(archive.namelist())
            part = next((one for one in (_XLSX, _ODS) if one in parts), None)
            return _read_tag_names(archive, part) if part is not None else []
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        return []


def _read_tag_names(archive: zipfile.ZipFile, package_part: str) -> list[str]:
    """Return the names in the tags of a part, read in pieces because it may be larger than memory."""
    result: dict[str, None] = {}
    read, tail = 0, b""
    with archive.open(package_part) as stream:
        while read < MAX_BYTES and (chunk := stream.read(_CHUNK)):
            read += len(chunk)
            text = tail + chunk
            for tag in _TAGS[package_part]:
                at = text.find(tag)
                while at >= 0:
                    end = text.find(b">", at, at + _LONGEST_TAG)
                    name = _NAME.search(text, at, end) if end >= 0 else None
                    if name is not None:
                        result[unescape(name[1].decode("utf-8", "replace"))] = None
                    at = text.find(tag, at + len(tag))
            tail = text[-_LONGEST_TAG:]
    return list(result)


DEFAULT_SHEET = "Dossiers"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_workbook(data: bytes, shown_as: str, options: ReadOptions) -> RawTable:
    """Read the cells of one sheet."""
    package = open_package(data, shown_as)
    with _refuse_damage(shown_as):
        table, warnings = _read_package(package, data, shown_as, options)
    _check_marks(table, options)
    return replace(table, warnings=(*warnings, *_collect_hidden_warnings(table)))


def read_sheets(data: bytes, shown_as: str) -> list[tuple[RawTable, bool]]:
    """Read every sheet whole: columns without header, the rows that have a cell, and whether it is visible."""
    package = open_package(data, shown_as)
    with _refuse_damage(shown_as):
        members = package.members
        ods = "content.xml" in members
        of_tables = read_ods_marks(members["content.xml"]) if ods else {}
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheets = _list_ods_sheets(book) if ods else _list_xlsx_sheets(members, shown_as)
            result = []
            for sheet in sheets:
                marks = of_tables.get(sheet.name, Marks()) if ods else read_xlsx_marks(members[sheet.path])
                page = book.get_sheet_by_name(sheet.name)
                offset = page.start[1] if page.start else 0
                grid = list(page.iter_rows())
                blank = [""] * max(map(len, grid), default=0)
                rows, columns = _build_columns(blank, grid, 0, offset, marks)
                table = RawTable(shown_as, columns, rows, sheet.name, cells=True, marks=marks)
                result.append((table, sheet.visible))
            return result


@contextmanager
def _refuse_damage(shown_as: str) -> Iterator[None]:
    """Turn what the readers of packages raise into the error that a planner reads."""
    try:
        yield
    except TooManyCells as error:
        raise _build_size_error(shown_as, error) from None
    except (CalamineError, ElementTree.ParseError, expat.ExpatError, ValueError, KeyError, OSError) as error:
        raise _build_damage_error(shown_as, error) from None
    except BaseException as error:
        # A panic of the Rust reader is not an `Exception`; it means that the file is damaged.
        if type(error).__name__ != "PanicException":
            raise
        raise _build_damage_error(shown_as, error) from None


def _read_package(
    package: Package, data: bytes, shown_as: str, options: ReadOptions
) -> tuple[RawTable, list[Defect]]:
    """Read the chosen sheet."""
    members = package.members
    if "content.xml" not in members:
        sheets = _list_xlsx_sheets(members, shown_as)
        sheet, warnings = _choose(sheets, shown_as, options)
        marks = read_xlsx_marks(members[sheet.path])
    else:
        # Checks the size first: the value reader would lay out an excessive area in full.
        of_tables = read_ods_marks(members["content.xml"])
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        if "content.xml" in members:
            sheet, warnings = _choose(_list_ods_sheets(book), shown_as, options)
            marks = of_tables.get(sheet.name, Marks())
        page = book.get_sheet_by_name(sheet.name)
        offset = page.start[1] if page.start else 0
        return _build_table(list(page.iter_rows()), offset, shown_as, sheet.name, marks, options), warnings


def _build_size_error(shown_as: str, error: TooManyCells) -> DataError:
    corner = f"{format_letters(error.width - 1)}{error.height}"
    if error.height * error.width > MAX_CELLS:
        text = _("a sheet extends to {corner}: more than {most} cells.", corner=corner, most=MAX_CELLS)
    else:
        text = _(
            "a sheet extends to {corner}, but has {n_written} written cells only.",
            corner=corner,
            n_written=error.n_written,
        )
    hint = _("Delete the rows and columns beyond the data, or save it as .csv.")
    return refuse("too_many_cells", shown_as, text, hint)


def _build_damage_error(shown_as: str, error: BaseException) -> DataError:
    why = str(error)[:100]
    return refuse(
        "damaged", shown_as, _("the workbook cannot be read ({why}).", why=why),
        _("Open it in a spreadsheet and save it again."),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _WorkbookSheet:
    """A sheet of cells, with its path in the package where it has one of its own."""

    name: str
    visible: bool
    path: str = ""


def _list_xlsx_sheets(members: Mapping[str, bytes], shown_as: str) -> list[_WorkbookSheet]:
    if "xl/workbook.xml" not in members:
        raise refuse(
            "damaged", shown_as, _("this is neither an .xlsx nor an .ods workbook."),
        )  # fmt: skip
    relations = {
        node.get("Id"): node for node in ElementTree.fromstring(members["xl/_rels/workbook.xml.rels"])
    }
    sheets = []
    for node in ElementTree.fromstring(members["xl/workbook.xml"]).iter():
        relation = relations.get(node.get(_RELATION)) if node.tag.endswith("}sheet") else None
        if relation is not None and relation.get("Type", "").endswith("/worksheet"):
            target = relation.get("Target", "")
            path = target[1:] if target.startswith("/") else f"xl/{target}"
            sheets.append(
                _WorkbookSheet(node.get("name", ""), node.get("state", "visible") == "visible", path)
            )
    return sheets


def _list_ods_sheets(book: CalamineWorkbook) -> list[_WorkbookSheet]:
    return [
        _WorkbookSheet(sheet.name, sheet.visible == SheetVisibleEnum.Visible)
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def _choose(
    sheets: Sequence[_WorkbookSheet], shown_as: str, options: ReadOptions
) -> tuple[_WorkbookSheet, list[Defect]]:
    """Return the sheet asked for, else the one named ``Dossiers``, else the only one; with notices."""
    names = [sheet.name for sheet in sheets]
    place = (Place(file=shown_as),)
    if options.sheet is not None:
        if options.sheet not in names:
            text = _('there is no sheet "{sheet}".', sheet=options.sheet)
            raise DataError([Defect("unknown_sheet", text, place, suggest_name(options.sheet, names))])
        chosen = options.sheet
    elif DEFAULT_SHEET in names:
        chosen = DEFAULT_SHEET
    elif len(names) == 1:
        chosen = names[0]
    else:
        text = _("the workbook has {count} sheets: {sheets}.", count=len(names), sheets=Names(names))
        first = names[0] if names else "…"
        hint = _('Declare read: {{sheet: "{first}"}}.', first=first)
        raise DataError([Defect("several_sheets", text, place, hint)])
    sheet = next(sheet for sheet in sheets if sheet.name == chosen)
    if sheet.visible:
        return sheet, []
    hidden = _('the sheet "{chosen}" is hidden.', chosen=chosen)
    return sheet, [Defect("hidden_sheet", hidden, (Place(file=shown_as, sheet=chosen),))]


def _build_table(
    grid: Sequence[Sequence[Value]],
    offset: int,
    shown_as: str,
    sheet: str,
    marks: Marks,
    options: ReadOptions,
) -> RawTable:
    header_row = options.header_row
    if len(grid) < header_row:
        place = Place(file=shown_as, sheet=sheet)
        text = _("the sheet has no row {header_row}, where the headers are expected.", header_row=header_row)
        raise DataError([Defect("no_header", text, (place,))])
    rows, columns = _build_columns(grid[header_row - 1], grid, header_row, offset, marks)
    return RawTable(shown_as, columns, rows, sheet, cells=True, marks=marks)


def _build_columns(
    headers: Sequence[Value], grid: Sequence[Sequence[Value]], header_row: int, offset: int, marks: Marks
) -> tuple[pl.Series, tuple[RawColumn, ...]]:
    """Return the numbers of the rows below the header that have a cell, and their columns."""
    body = grid[header_row:]
    retained = [index for index, cells in enumerate(body) if any(cell != "" for cell in cells)]
    # A row with nothing but an error is empty to the value reader, but must be kept.
    lost = {row - header_row - 1 for row, __ in (*marks.errors, *marks.formulas)}
    retained = sorted(set(retained) | {index for index in lost if 0 <= index < len(body)})
    rows = pl.Series("_row", [index + header_row + 1 for index in retained], dtype=pl.UInt32)
    cells_by_column = list(zip(*(body[index] for index in retained), strict=True)) if retained else []
    columns = tuple(
        _build_column(_format_header(value), position + offset, cells_by_column[position] if retained else ())
        for position, value in enumerate(headers)
    )
    return rows, columns


def _format_header(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return strip_header(str(value))


def _build_column(header: str, position: int, cells: Sequence[Value]) -> RawColumn:
    """Return one column of cells, split by the types of its cells."""
    kinds = set(map(type, cells))
    if kinds <= {str}:
        text = strip_cells(pl.Series("text", cells, dtype=pl.String))
        return RawColumn(header, position, text)
    strings = [cell if type(cell) is str else None for cell in cells]
    text = strip_cells(pl.Series("text", strings, dtype=pl.String))
    numbers = moments = days = odd = None
    if kinds & {int, float}:
        found = [float(cell) if type(cell) in (int, float) else None for cell in cells]  # type: ignore[arg-type]
        numbers = pl.Series("numbers", found, dtype=pl.Float64)
    if kinds & {dt.date, dt.datetime}:
        moments = pl.Series("moments", [_convert_moment(cell) for cell in cells], dtype=pl.Datetime("us"))
        days = pl.Series("days", [type(cell) is dt.date for cell in cells], dtype=pl.Boolean)
    if kinds & {bool, dt.time, dt.timedelta}:
        others = [
            str(cell).lower() if isinstance(cell, bool | dt.time | dt.timedelta) else None for cell in cells
        ]
        odd = pl.Series("odd", others, dtype=pl.String)
    return RawColumn(header, position, text, numbers, moments, days, odd)


def _convert_moment(cell: Value) -> dt.datetime | None:
    """Return a date cell as a date-time.

    Serial numbers are floats, so a difference of a millisecond is noise.
    """
    if type(cell) is dt.datetime:
        rounded = (cell + dt.timedelta(milliseconds=1)).replace(microsecond=0)
        return rounded if abs(rounded - cell) <= dt.timedelta(milliseconds=1) else cell
    return dt.datetime(cell.year, cell.month, cell.day) if type(cell) is dt.date else None


def _check_marks(table: RawTable, options: ReadOptions) -> None:
    """Refuse merged cells over the header or the data, and hidden rows unless they are to be kept."""
    defects = Defects()
    last = int(table.rows[-1]) if len(table.rows) else options.header_row
    over = [area for area in table.marks.merged if area[2] >= options.header_row and area[0] <= last]
    if len(over) > MAX_PLACES:
        more = len(over) - MAX_PLACES
        defects.add(
            "merged_cells",
            _("further merged cells: {more}.", more=more),
            Place(file=table.shown_as, sheet=table.sheet),
        )
    for row, column, end_row, end_column in over[:MAX_PLACES]:
        area = f"{format_letters(column)}{row}:{format_letters(end_column)}{end_row}"
        defects.add(
            "merged_cells",
            _("merged cells {area}.", area=area),
            Place(file=table.shown_as, row=row, sheet=table.sheet, cell=f"{format_letters(column)}{row}"),
            hint=_("Unmerge them and fill each cell."),
        )
    hidden = _list_hidden_rows(table)
    if hidden and options.hidden_rows is HiddenRows.REFUSE:
        text = _format_spans(hidden)
        defects.add(
            "hidden_rows",
            _("hidden or filtered rows, which nobody sees: {rows}.", rows=text),
            Place(file=table.shown_as, sheet=table.sheet),
            hint=_("Show them, remove the filter, delete them, or declare read: {{hidden_rows: keep}}."),
        )
    defects.raise_if_any(DataError)


def _list_hidden_rows(table: RawTable) -> list[int]:
    with_data = set(table.rows.to_list()) if table.marks.hidden_rows else set()
    return [row for row in table.marks.hidden_rows if row in with_data]


def _format_spans(rows: list[int]) -> str:
    """Return row numbers as « 3, 5-7 », the first ten spans."""
    spans: list[list[int]] = []
    for row in sorted(rows):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    shown = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in spans[:10])
    return shown + (", …" if len(spans) > 10 else "")


def _collect_hidden_warnings(table: RawTable) -> list[Defect]:
    place = (Place(file=table.shown_as, sheet=table.sheet),)
    warnings = []
    hidden = _list_hidden_rows(table)
    if hidden:
        label = _format_spans(hidden)
        text = _("hidden rows, read like the others: {rows}.", rows=label)
        warnings.append(Defect("hidden_rows", text, place))
    names = [
        column.header
        for column in table.columns
        if column.header and column.position in table.marks.hidden_columns
    ]
    if names:
        label = ", ".join(names)
        text = _("hidden columns, read like the others: {columns}.", columns=label)
        warnings.append(Defect("hidden_columns", text, place))
    return warnings
