"""Fast reading of plain XLSX sheets: only text, numbers and days, read by whole columns.

The XML of such a sheet is regular enough for the CSV reader of polars, which splits all cells at once: a tag
up to its ``>``, then the text before the next ``<``. For anything more (a formula, an error, a hidden row,
another way to write the XML) `read_plain_sheet` returns None, and the workbook reader reads the sheet cell by
cell. `tests/ingest/tables/test_plain_sheet.py` compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import polars as pl

from tnt_sim.ingest.tables.raw_table import RawColumn, strip_cells, strip_header
from tnt_sim.ingest.tables.sheet_marks import (
    MAX_COLUMNS,
    MAX_ROWS,
    has_possible_mark,
    is_too_large,
    parse_letters,
)

STRINGS, STYLES, WORKBOOK = "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"
_OLD_CALENDAR = re.compile(rb"date1904\s*=\s*[\"'](?:1|true)")
_NUMBER_FORMATS = frozenset((*range(5), *range(9, 14), *range(37, 41), 48, 49))
"""Numbers of the built-in formats that show neither date nor time."""
_DAY_FORMATS = frozenset((14, 15, 16, 17, 22))
_MAYBE_A_DATE = re.compile(r"[dmyhsDMYHS\[]")
_SURELY_A_DATE = re.compile(r"(?=.*[dy])(?:[dmyhs]|[/:. -]|\\[ -]|@|;)+")
_FIRST_SERIAL, _LAST_SERIAL = 61.0, 2_958_465.0
"""Serial numbers from the day after 29 February 1900, which never existed, to the end of 9999."""
_EPOCH_MS, _DAY_MS = -2_209_161_600_000, 86_400_000
_CELL, _LETTERS = 'c r="', re.compile(r"[A-Z]{1,3}")
_KIND = re.compile(r'(?: s="([0-9]+)")?(?: t="(n|s|str|inlineStr)")?(/?)')
_ROW, _HIDDEN = r'^row(?: [A-Za-z0-9:]+="[^"]*")*/?$', r' hidden="(?:1|true)"'
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CHANGED = (b"\r", b"_x")
"""Byte sequences that readers of XML, or of Excel's escapes, replace by another character."""


class _NotPlainError(Exception):
    """The sheet needs the cell-by-cell reader."""


@dataclass(frozen=True, eq=False)
class PlainSheet:
    """The columns of a sheet below its header row, and the rows that are not empty."""

    columns: tuple[RawColumn, ...]
    rows: pl.Series


def read_plain_sheet(members: Mapping[str, bytes], path: str, header_row: int) -> PlainSheet | None:
    """Read the sheet at a path of the package; None where it is not plain."""
    try:
        cells = _parse_cells(members[path])
        columns = _group_by_column(cells, _Book(members))
        return _build_sheet(columns, header_row, cells.height)
    except (_NotPlainError, pl.exceptions.PolarsError, ElementTree.ParseError, ValueError, KeyError):
        return None


def _require_plain(holds: bool) -> None:
    if not holds:
        raise _NotPlainError


def _parse_tokens(xml: bytes) -> pl.DataFrame:
    """Return each tag with the text after it; the first ``<`` is left out."""
    return pl.read_csv(
        xml, separator=">", eol_char="<", has_header=False, quote_char=None, infer_schema=False,
        schema={"tag": pl.String, "text": pl.String},
    )  # fmt: skip


def _parse_cells(xml: bytes) -> pl.DataFrame:
    """Return every written cell: letters, row, the rest of its tag (`kind`), its text as in the XML."""
    first, last = xml.find(b"<sheetData>"), xml.rfind(b"</sheetData>")
    _require_plain(0 <= first < last and not any(sign in xml for sign in _CHANGED))
    _require_plain(not has_possible_mark(xml[:first]) and not has_possible_mark(xml[last:]))
    # Without the tags of values a cell is one token, not six; a tag that remains means a sheet that is not plain.
    n_closed = xml.count(b"</c><", first, last)
    body = xml[first + 1 : last]
    for start, end in ((b"><is><t>", b"</t></is></c>"), (b"><v>", b"</v></c>")):
        body = body.replace(end, b"").replace(start, b">")
    if b"><is><t xml:space=" in body:
        body = body.replace(b'><is><t xml:space="preserve">', b">")
    tokens = _parse_tokens(body)
    is_cell = tokens["tag"].str.starts_with(_CELL).fill_null(value=False)
    _check_rows(tokens["tag"].filter(~is_cell))
    tags = tokens.filter(is_cell)
    _require_plain(tags.height > 0 and n_closed == int((~tags["tag"].str.ends_with("/")).sum()))
    halves = tags["tag"].str.slice(len(_CELL)).str.splitn('"', 2).struct.unnest()
    address = halves["field_0"]
    return pl.DataFrame(
        {
            "letters": address.str.strip_chars_end("0123456789"),
            "row": address.str.strip_chars_start("ABCDEFGHIJKLMNOPQRSTUVWXYZ").cast(pl.UInt32),
            "kind": halves["field_1"],
            "text": tags["text"],
        }
    )


def _check_rows(tags: pl.Series) -> None:
    """Check that tags other than cells are the sheet data itself, or visible rows."""
    rows = tags.filter(tags != "/row")
    _require_plain(rows[0] == "sheetData")
    rows = rows.slice(1)
    _require_plain(bool(rows.str.contains(_ROW).all()) and not rows.str.contains(_HIDDEN).any())
    _require_plain(int((~rows.str.ends_with("/")).sum()) == len(tags) - len(rows) - 1)


class _Book:
    """Shared strings, and the styles that display a number as a number or a day."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self._strings: pl.Series | None = None
        self._styles: list[str] | None = None
        self._old = _OLD_CALENDAR.search(members.get(WORKBOOK, b"")) is not None

    def get_strings(self, indices: pl.Series) -> pl.Series:
        """Return the shared strings by their indices."""
        if self._strings is None:
            self._strings = _parse_shared_strings(self._members[STRINGS])
        return self._strings.gather(indices.cast(pl.UInt32))

    def get_display_kind(self, style: str | None) -> str:
        """Return what a style certainly displays: `number`, `day`, or "" where that is uncertain."""
        if style is None:
            return "number"
        if self._styles is None:
            self._styles = _parse_styles(self._members[STYLES]) if STYLES in self._members else []
        shown = self._styles[int(style)]
        return "" if shown == "day" and self._old else shown


def _parse_shared_strings(xml: bytes) -> pl.Series:
    first = xml.find(b"<sst")
    _require_plain(
        first >= 0 and not any(sign in xml for sign in (*_CHANGED, b"<rPh", b"<!", b"<t/", b"<si/"))
    )
    tokens = _parse_tokens(xml[first + 1 :])
    tag = tokens["tag"]
    of_text = (tag == "t") | tag.str.starts_with("t ")
    texts = tokens.select("text", item=(tag == "si").cum_sum()).filter(of_text)
    n_items = int((tag == "si").sum())
    if texts.height != n_items or not texts["item"].is_first_distinct().all():
        texts = texts.group_by("item", maintain_order=True).agg(pl.col("text").fill_null("").str.join(""))
    _require_plain(texts.height == n_items)
    return _decode_entities(texts["text"])


def _decode_entities(text: pl.Series) -> pl.Series:
    """Return text of the XML with its entities decoded."""
    text = text.fill_null("")
    held = text.str.contains("&", literal=True)
    if not held.any():
        return text
    read = pl.Series([_ENTITY.sub(_decode_entity, one) for one in text.filter(held)], dtype=pl.String)
    return text.scatter(held.arg_true(), read)


def _decode_entity(match: re.Match[str]) -> str:
    name, decimal, hexadecimal = match.groups()
    return _ENTITIES[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))


def _parse_styles(xml: bytes) -> list[str]:
    """Return for each cell style what it certainly displays: `number`, `day`, or "" where that is uncertain."""
    root = ElementTree.fromstring(xml)
    known = {**dict.fromkeys(_NUMBER_FORMATS, "number"), **dict.fromkeys(_DAY_FORMATS, "day")}
    own = {
        int(one.get("numFmtId", "")): _infer_display_kind(one.get("formatCode", ""))
        for one in root.iter()
        if one.tag.endswith("}numFmt")
    }
    styles = next((one for one in root if one.tag.endswith("}cellXfs")), ())
    used = (int(one.get("numFmtId", "0")) for one in styles)
    return [own.get(number, known.get(number, "")) for number in used]


def _infer_display_kind(code: str) -> str:
    if _MAYBE_A_DATE.search(code) is None:
        return "number"
    return "day" if _SURELY_A_DATE.fullmatch(code) else ""


@dataclass(frozen=True, eq=False)
class _SheetColumn:
    """The written cells of a column by ascending row, each a text or a number."""

    rows: np.ndarray
    text: pl.Series
    numbers: pl.Series | None
    moments: pl.Series | None
    days: pl.Series | None

    def select_filled(self) -> np.ndarray:
        """Return which cells are not empty, bool."""
        return (self.text != "").fill_null(value=True).to_numpy()


def _group_by_column(cells: pl.DataFrame, book: _Book) -> dict[int, _SheetColumn]:
    """Return the written cells of each column, by its position."""
    members: dict[int, list[pl.DataFrame]] = {}
    for (letters, kind), chunk in cells.partition_by("letters", "kind", as_dict=True).items():
        result = _KIND.fullmatch(str(kind or ""))
        if result is None or _LETTERS.fullmatch(str(letters)) is None:
            raise _NotPlainError
        style, of_type, closed = result.groups()
        if not closed:
            values = _convert_values(chunk["text"], of_type or "n", style, book)
            members.setdefault(parse_letters(str(letters)), []).append(
                chunk.select("row").with_columns(*values)
            )
    return {position: _combine_column(found) for position, found in members.items()}


def _convert_values(text: pl.Series, of_type: str, style: str | None, book: _Book) -> list[pl.Series]:
    """Return the cells of one type as `text`, as `numbers`, or as `moments` with `days`."""
    if of_type == "s":
        return [book.get_strings(text).alias("text")]
    if of_type != "n":
        return [_decode_entities(text).alias("text")]
    label = book.get_display_kind(style)
    numbers = text.cast(pl.Float64)
    _require_plain(label != "" and numbers.null_count() == 0 and bool(numbers.is_finite().all()))
    return [numbers.alias("numbers")] if label == "number" else _convert_moments(numbers.to_numpy())


def _convert_moments(serials: np.ndarray) -> list[pl.Series]:
    """Return serial numbers as date-times; a difference of a millisecond from a whole second is float noise."""
    _require_plain(bool(((serials >= _FIRST_SERIAL) & (serials < _LAST_SERIAL)).all()))
    ms = np.rint(serials * _DAY_MS).astype(np.int64)
    whole = (ms + 1) // 1000 * 1000
    ms = np.where(np.abs(whole - ms) <= 1, whole, ms)
    moments = pl.Series("moments", (_EPOCH_MS + ms) * 1000).cast(pl.Datetime("us"))
    return [moments, pl.Series("days", serials == np.floor(serials))]


def _combine_column(frames: list[pl.DataFrame]) -> _SheetColumn:
    cells = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal").sort("row")
    rows = cells["row"].to_numpy().astype(np.int64)
    _require_plain(bool(rows[0] > 0 and rows[-1] <= MAX_ROWS and (np.diff(rows) > 0).all()))
    numbers, moments, days = (cells.get_column(name, default=None) for name in ("numbers", "moments", "days"))
    text = cells.get_column("text", default=None)
    if text is None:
        text = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
    return _SheetColumn(rows, text, numbers, moments, days)


def _build_sheet(columns: Mapping[int, _SheetColumn], header_row: int, n_written: int) -> PlainSheet:
    """Return every column from the first to the last, and the non-empty rows below the headers."""
    _require_plain(bool(columns))
    last = max(columns)
    height = max(int(one.rows[-1]) for one in columns.values())
    _require_plain(last < MAX_COLUMNS and not is_too_large(height, last + 1, n_written))
    held = np.zeros(height + 1, bool)
    for one in columns.values():
        held[one.rows[one.select_filled()]] = True
    _require_plain(header_row <= height and bool(held[header_row]))
    held[: header_row + 1] = False
    rows = np.flatnonzero(held)
    laid = tuple(
        _build_raw_column(position, columns.get(position), rows, header_row)
        for position in range(min(columns), last + 1)
    )
    return PlainSheet(laid, pl.Series("_row", rows, dtype=pl.UInt32))


def _build_raw_column(
    position: int, column: _SheetColumn | None, rows: np.ndarray, header_row: int
) -> RawColumn:
    """Return one column in the form that every reader returns."""
    if column is None:
        return RawColumn("", position, _build_empty_cells(len(rows)))
    header = _read_header(column, header_row)
    at = np.searchsorted(column.rows, rows).clip(max=len(column.rows) - 1)
    there = column.rows[at] == rows
    index = pl.Series(at).set(pl.Series(~there), None)
    text = column.text.gather(index)
    if not there.all():
        text = text.set(pl.Series(~there), "")
    numbers, moments = _gather_cells(column.numbers, index), _gather_cells(column.moments, index)
    days = None
    if moments is not None and column.days is not None:
        days = column.days.gather(index).fill_null(value=False)
    return RawColumn(header, position, strip_cells(text.alias("text")), numbers, moments, days)


def _gather_cells(values: pl.Series | None, index: pl.Series) -> pl.Series | None:
    """Return the cells of one kind in the kept rows; None where none is of that kind."""
    found = None if values is None else values.gather(index)
    return None if found is None or found.null_count() == len(found) else found


def _build_empty_cells(n_rows: int) -> pl.Series:
    return pl.Series("text", [""], dtype=pl.String).new_from_index(0, n_rows)


def _read_header(column: _SheetColumn, header_row: int) -> str:
    at = int(np.searchsorted(column.rows, header_row))
    if at == len(column.rows) or column.rows[at] != header_row:
        return ""
    text = column.text[at]
    _require_plain(column.moments is None or column.moments[at] is None)
    if text is None and column.numbers is not None:
        number = float(column.numbers[at])
        return str(int(number)) if number.is_integer() else str(number)
    return strip_header(str(text))
