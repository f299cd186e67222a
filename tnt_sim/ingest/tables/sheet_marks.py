"""Formulas, error cells, hidden rows and columns, and merged cells of a sheet, found in its XML.

The workbook reader returns values only: error cells and formulas that were never calculated are empty to it.
A sheet whose bytes contain none of these is not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np

from tnt_sim.ingest.tables.raw_table import Marks

MAX_CELLS = 20_000_000
SPARSE_CELLS = 1_000_000
"""Up to this area a sheet may be almost empty; beyond, one cell in `MAX_SPARSITY` must be written."""
MAX_SPARSITY = 20
MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576
_CELL = b'<c r="'
_LONGEST_ADDRESS = 11
"""Three letters, seven digits and the closing quote."""

# Each begins with literal characters, which makes the search many times faster. A false match only costs
# the time to parse the sheet.
_OF_NOTE = tuple(
    map(
        re.compile,
        (
            rb"<f[\s/>]",
            rb":f[\s/>]",
            rb":c[\s/>]",
            rb"hidden\s*=\s*[\"'](?:1|true)[\"']",
            rb"mergeCell\s",
            rb"\"e\"",
            rb"'e'",
            rb"<!",
        ),
    )
)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ERROR_TEXT = re.compile(r"#(?:REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|Err:\d{3}|Erreur\s?:\d{3}")


class TooManyCells(Exception):
    """A sheet whose used area exceeds `MAX_CELLS`, or is large and almost empty."""

    def __init__(self, height: int, width: int, n_written: int) -> None:
        super().__init__(f"{height} x {width} cells, {n_written} written")
        self.height, self.width, self.n_written = height, width, n_written


def parse_letters(name: str) -> int:
    """Return the 0-based column of spreadsheet letters.

    >>> parse_letters("A"), parse_letters("AB")
    (0, 27)
    """
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def is_error_text(text: str) -> bool:
    """Return whether a cell shows an error value of a spreadsheet."""
    return text.startswith(("#", "E")) and _ERROR_TEXT.fullmatch(text) is not None


def read_xlsx_marks(xml: bytes) -> Marks:
    """Return the marks of one XLSX sheet."""
    plain = None if has_possible_mark(xml) else _scan_plain_area(xml)
    # The plain area counts cells that are only coloured; the scan leaves them out.
    if plain is None or is_too_large(*plain):
        return _XlsxScan().run(xml)
    return Marks()


def has_possible_mark(xml: bytes) -> bool:
    """Return whether a sheet, or a part of it, may contain a mark."""
    return any(pattern.search(xml) for pattern in _OF_NOTE)


def _scan_plain_area(xml: bytes) -> tuple[int, int, int] | None:
    """Return rows, columns and written cells of a sheet whose cells all begin ``<c r="AB12"``.

    None where one does not: only the parser then knows where it lies.
    """
    text = np.frombuffer(xml + bytes(len(_CELL) + _LONGEST_ADDRESS), np.uint8)
    at = np.flatnonzero((text[:-1] == ord("<")) & (text[1:] == ord("c")))
    at = at[np.isin(text[at + 2], np.frombuffer(b" \t\r\n/>", np.uint8))]
    if any((text[at + k] != byte).any() for k, byte in enumerate(_CELL)):
        return None
    column, row = _parse_addresses(text, at + len(_CELL))
    if (row == 0).any():
        return None
    return int(row.max(initial=0)), int(column.max(initial=0)), xml.count(b"</c>")


def _parse_addresses(text: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and rows, from 1, of the addresses that begin at `at`; row 0 for what is no address."""
    column, row, n_letters = (np.zeros(len(at), np.int64) for _ in range(3))
    inside = np.ones(len(at), bool)
    for k in range(_LONGEST_ADDRESS):
        byte = text[at + k]
        letter = inside & (byte >= ord("A")) & (byte <= ord("Z")) & (row == 0)
        digit = inside & (byte >= ord("0")) & (byte <= ord("9")) & (column > 0)
        column = np.where(letter, column * 26 + byte - ord("A") + 1, column)
        row = np.where(digit, row * 10 + byte - ord("0"), row)
        n_letters += letter
        ended = inside & ~letter & ~digit
        row[ended & (byte != ord('"'))] = 0
        inside &= ~ended
    row[inside | (n_letters > 3) | (row > 9_999_999)] = 0
    return column, row


def is_too_large(height: int, width: int, n_written: int) -> bool:
    """Return whether the value reader would lay out an area at an excessive cost."""
    area = height * width
    return area > MAX_CELLS or (area > SPARSE_CELLS and area > MAX_SPARSITY * n_written)


def _check_area(height: int, width: int, n_written: int) -> None:
    """Raise `TooManyCells` for an area that is too large."""
    if is_too_large(height, width, n_written):
        raise TooManyCells(height, width, n_written)


def _parse(xml: bytes, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None],
           text: Callable[[str], None]) -> None:  # fmt: skip
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(xml, True)


@dataclass(slots=True)
class _XlsxScan:
    """One pass over the XML of a sheet; cells without an address follow the one before."""

    row: int = 0
    column: int = -1
    width: int = 0
    height: int = 0
    n_written: int = 0
    in_value: bool = False
    value: str = ""
    formula: bool = False
    kind: str = ""
    formulas: dict[tuple[int, int], bool] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: bytearray = field(default_factory=lambda: bytearray(MAX_COLUMNS))
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def run(self, xml: bytes) -> Marks:
        _parse(xml, self._open_element, self._close_element, self._append_text)
        _check_area(self.height, self.width, self.n_written)
        return Marks(
            self.formulas,
            self.errors,
            tuple(self.hidden_rows),
            _list_marked(self.hidden_columns),
            tuple(self.merged),
        )

    def _open_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._open_cell(attributes)
        elif local == "row":
            self.row = int(attributes.get("r") or self.row + 1)
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.hidden_rows.append(self.row)
        elif local in ("v", "t"):
            self.in_value = True
        elif local == "f":
            self.formula = True
        elif local == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            (row, column), (end_row, end_column) = _parse_address(first), _parse_address(last or first)
            self.merged.append((row, column, end_row, end_column))
        elif local == "col" and attributes.get("hidden") in ("1", "true"):
            _mark_hidden(self.hidden_columns, int(attributes["min"]) - 1, int(attributes["max"]))

    def _open_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            self.row, self.column = _parse_address(reference)
        else:
            self.column += 1
        self.kind = attributes.get("t", "")
        self.formula, self.value = False, ""

    def _append_text(self, text: str) -> None:
        if self.in_value:
            self.value += text

    def _close_element(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in ("v", "t"):
            self.in_value = False
        elif local == "c":
            here = (self.row, self.column)
            if self.formula:
                # A text result may be empty; any other result is written.
                self.formulas[here] = bool(self.value) or self.kind == "str"
            if self.kind == "e":
                self.errors[here] = self.value
            if self.value or self.formula:
                self.n_written += 1
                self.height, self.width = max(self.height, self.row), max(self.width, self.column + 1)


def _mark_hidden(mask: bytearray, first: int, end: int) -> None:
    """Mark the columns from `first` up to `end`, within the width that a sheet can have."""
    first, end = max(0, first), min(end, MAX_COLUMNS)
    mask[first:end] = b"\1" * max(0, end - first)


def _list_marked(mask: bytearray) -> tuple[int, ...]:
    return tuple(column for column, marked in enumerate(mask) if marked)


def _parse_address(reference: str) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"cell address {reference!r}")
    return int(match[2]), parse_letters(match[1])


@dataclass(slots=True)
class _OdsSheet:
    """The marks of one table of an ODS file, with the current position of the scan."""

    row: int = 1
    column: int = 0
    columns_seen: int = 0
    width: int = 0
    height: int = 0
    n_written: int = 0
    row_repeat: int = 1
    repeat: int = 1
    typed: bool = False
    formula: bool = False
    error: bool = False
    text: str = ""
    formulas: dict[tuple[int, int], bool] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: list[range] = field(default_factory=list)
    hidden_columns: bytearray = field(default_factory=lambda: bytearray(MAX_COLUMNS))
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def open_row(self, attributes: dict[str, str]) -> None:
        self.column = 0
        self.row_repeat = _count(attributes, "table:number-rows-repeated")
        if attributes.get("table:visibility") in ("collapse", "filter"):
            self.hidden_rows.append(range(self.row, self.row + self.row_repeat))

    def open_column(self, attributes: dict[str, str]) -> None:
        repeat = _count(attributes, "table:number-columns-repeated")
        if attributes.get("table:visibility") in ("collapse", "filter"):
            _mark_hidden(self.hidden_columns, self.columns_seen, self.columns_seen + repeat)
        self.columns_seen += repeat

    def open_cell(self, attributes: dict[str, str]) -> None:
        self.repeat = _count(attributes, "table:number-columns-repeated")
        kind = attributes.get("office:value-type")
        self.formula = "table:formula" in attributes
        self.error = attributes.get("calcext:value-type") == "error"
        self.typed = kind is not None
        self.text = ""
        wide = _count(attributes, "table:number-columns-spanned")
        high = _count(attributes, "table:number-rows-spanned")
        if wide > 1 or high > 1:
            self.merged.append((self.row, self.column, self.row + high - 1, self.column + wide - 1))

    def close_cell(self) -> None:
        if self.typed or self.formula or self.text:
            last_row, last_column = self.row + self.row_repeat - 1, self.column + self.repeat
            self.height, self.width = max(self.height, last_row), max(self.width, last_column)
            self.n_written += 1
            if self.height * self.width > MAX_CELLS:
                raise TooManyCells(self.height, self.width, self.n_written)
            if self.formula or self.error or is_error_text(self.text):
                self._record_marks(last_column)
        self.column += self.repeat

    def _record_marks(self, last_column: int) -> None:
        n_noted = len(self.formulas) + len(self.errors) + self.row_repeat * self.repeat
        if n_noted > SPARSE_CELLS:
            raise TooManyCells(self.height, self.width, self.n_written)
        for row in range(self.row, self.row + self.row_repeat):
            for column in range(self.column, last_column):
                if self.formula:
                    self.formulas[row, column] = self.typed
                if self.error or is_error_text(self.text):
                    self.errors[row, column] = self.text

    def collect_marks(self) -> Marks:
        _check_area(self.height, self.width, self.n_written)
        # Hidden rows below the last data are ignored.
        hidden = tuple(
            row for rows in self.hidden_rows for row in range(rows.start, min(rows.stop, self.height + 1))
        )
        columns = tuple(column for column in _list_marked(self.hidden_columns) if column < self.width)
        return Marks(self.formulas, self.errors, hidden, columns, tuple(self.merged))


def _count(attributes: dict[str, str], name: str) -> int:
    return max(1, int(attributes.get(name, "1")))


def read_ods_marks(xml: bytes) -> dict[str, Marks]:
    """Return the marks of every table of an ODS file, by name; errors as in `read_xlsx_marks`."""
    scan = _OdsScan()
    _parse(xml, scan.open_element, scan.close_element, scan.append_text)
    return {name: sheet.collect_marks() for name, sheet in scan.sheets.items()}


@dataclass(slots=True)
class _OdsScan:
    sheets: dict[str, _OdsSheet] = field(default_factory=dict)
    current: _OdsSheet = field(default_factory=_OdsSheet)
    in_cell: bool = False
    aside: int = 0

    def open_element(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self.current.open_cell(attributes)
            self.in_cell = True
        elif name == "office:annotation":
            self.aside += 1
        elif name == "table:table-row":
            self.current.open_row(attributes)
        elif name == "table:table":
            self.current = _OdsSheet()
            self.sheets[attributes.get("table:name", "")] = self.current
        elif name == "table:table-column":
            self.current.open_column(attributes)

    def close_element(self, name: str) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self.current.close_cell()
            self.in_cell = False
        elif name == "office:annotation":
            self.aside -= 1
        elif name == "table:table-row":
            self.current.row += self.current.row_repeat

    def append_text(self, text: str) -> None:
        if self.in_cell and not self.aside:
            self.current.text += text
