"""Strict reading of CSV files: encoding, delimiter and shape are checked before any cell is built.

The CSV reader of polars fills short rows and may accept stray quotes, which would shift cells. Records,
cells and quotes are therefore counted first, on the bytes, by vectorised blocks; then whole columns are read
as text. A file that mixes two encodings, as a copy and paste between programs leaves behind, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.domain.portfolio import MAX_PLACES
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Count
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, ReadOptions, strip_cells, strip_header

_BLOCK = 1 << 24
_QUOTE, _NEWLINE, _RETURN = 0x22, 0x0A, 0x0D


@dataclass(frozen=True, slots=True)
class QuoteFault:
    """A quote where none is allowed, or one that is never closed."""

    at: int
    """Byte offset of the quote."""
    kind: str
    """``unclosed``, ``inside`` (in an unquoted cell) or ``after`` (text after the closing quote)."""


@dataclass(frozen=True, eq=False)
class CsvShape:
    """The records of a CSV text.

    Parameters
    ----------
    starts, ends : int64 (n_records,), byte offsets; the end is that of the line feed or of the text
    n_cells : int64 (n_records,)
    fault : the first misplaced quote; nothing after it can be trusted
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    n_cells: npt.NDArray[np.int64]
    fault: QuoteFault | None

    def select_blank(self, data: bytes) -> npt.NDArray[np.bool_]:
        """Return which records are empty lines, bool (n_records,)."""
        lengths = self.ends - self.starts
        single = np.flatnonzero(lengths == 1)
        result: npt.NDArray[np.bool_] = lengths == 0
        result[single] = np.frombuffer(data, np.uint8)[self.starts[single]] == _RETURN
        return result


def scan_shape(data: bytes, delimiter: str) -> CsvShape:
    """Count the records and cells of a UTF-8 text without byte order mark."""
    values = np.frombuffer(data, np.uint8)
    mark = ord(delimiter)
    quotes_before = marks_before = 0
    ends: list[npt.NDArray[np.int64]] = []
    counts: list[npt.NDArray[np.int64]] = []
    fault: QuoteFault | None = None
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        quotes = np.flatnonzero(block == _QUOTE)
        if fault is None and quotes.size:
            fault = _find_quote_fault(values, quotes + start, quotes_before, mark)
        lines = _select_unquoted(np.flatnonzero(block == _NEWLINE), quotes, quotes_before)
        marks = _select_unquoted(np.flatnonzero(block == mark), quotes, quotes_before)
        ends.append(lines + start)
        counts.append(np.searchsorted(marks, lines) + marks_before)
        quotes_before += quotes.size
        marks_before += marks.size
    all_ends, cumulated = np.concatenate(ends or [_build_empty()]), np.concatenate(counts or [_build_empty()])
    if len(values) and (all_ends.size == 0 or all_ends[-1] != len(values) - 1):
        all_ends, cumulated = np.append(all_ends, len(values)), np.append(cumulated, marks_before)
    if fault is None and quotes_before % 2:
        fault = QuoteFault(_find_last_opening(data), "unclosed")
    starts = np.concatenate([np.zeros(min(1, all_ends.size), np.int64), all_ends[:-1] + 1])
    return CsvShape(starts, all_ends, np.diff(cumulated, prepend=0) + 1, fault)


def _build_empty() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


def _select_unquoted(
    positions: npt.NDArray[np.int64], quotes: npt.NDArray[np.int64], before: int
) -> npt.NDArray[np.int64]:
    """Return the positions outside quotes."""
    if not quotes.size:
        return positions if before % 2 == 0 else _build_empty()
    outside: npt.NDArray[np.int64] = positions[(np.searchsorted(quotes, positions) + before) % 2 == 0]
    return outside


def _find_quote_fault(
    values: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], before: int, mark: int
) -> QuoteFault | None:
    """Return the first quote of a block that neither opens nor closes a cell nor is doubled."""
    opening = (np.arange(quotes.size) + before) % 2 == 0
    previous = values[np.maximum(quotes - 1, 0)]
    following = values[np.minimum(quotes + 1, len(values) - 1)]
    opens_well = (quotes == 0) | np.isin(previous, (mark, _NEWLINE, _QUOTE))
    closes_well = (quotes == len(values) - 1) | np.isin(following, (mark, _NEWLINE, _RETURN, _QUOTE))
    bad = np.flatnonzero(np.where(opening, ~opens_well, ~closes_well))
    if not bad.size:
        return None
    first = int(bad[0])
    return QuoteFault(int(quotes[first]), "inside" if opening[first] else "after")


def _find_last_opening(data: bytes) -> int:
    """Return the quote that opens the last cell, in a text with an odd number of well-placed quotes."""
    at = len(data)
    while True:
        at = data.rfind(b'"', 0, at)
        run = at
        while run > 0 and data[run - 1] == _QUOTE:
            run -= 1
        if (at - run) % 2 == 0:
            return run
        at = run


MAX_BYTES = 1 << 30
MAX_CELLS = 500_000_000
MAX_COLUMNS = 16_384
MAX_ROW_BYTES = 1 << 20


def check_bytes(data: bytes, shown_as: str) -> None:
    """Refuse a file that is too long to be read at once."""
    if len(data) > MAX_BYTES:
        size = MAX_BYTES >> 20
        text = _("the file is larger than {size} MiB.", size=size)
        hint = _("Save it as .parquet, or split it.")
        raise DataError([Defect("too_large", text, (Place(file=shown_as),), hint)])


def check_limits(shape: CsvShape, shown_as: str, place: Callable[[int], Place]) -> None:
    """Refuse rows with too many cells or bytes, and too many cells in all; `place` locates a byte."""
    widest = int(shape.n_cells.argmax())
    n_cells = int(shape.n_cells[widest])
    if n_cells > MAX_COLUMNS:
        text = _(
            "a row of {n_cells} cells: more than {max_columns} are not read.",
            n_cells=n_cells,
            max_columns=MAX_COLUMNS,
        )
        hint = _("Check the delimiter.")
        raise DataError([Defect("too_many_cells", text, (place(int(shape.starts[widest])),), hint)])
    longest = int((shape.ends - shape.starts).argmax())
    length = int(shape.ends[longest] - shape.starts[longest])
    if length > MAX_ROW_BYTES:
        text = _(
            "a row of {length} bytes: more than {max_row_bytes} are not read.",
            length=length,
            max_row_bytes=MAX_ROW_BYTES,
        )
        hint = _("Is a quote missing?")
        raise DataError([Defect("too_long_row", text, (place(int(shape.starts[longest])),), hint)])
    total = int(shape.n_cells.sum())
    if total > MAX_CELLS:
        text = _("{total} cells: more than {max_cells} are not read.", total=total, max_cells=MAX_CELLS)
        hint = _("Split the file.")
        raise DataError([Defect("too_many_cells", text, (Place(file=shown_as),), hint)])


_ENCODINGS = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8",
    "cp1252": "cp1252", "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1", "latin-1": "iso-8859-1", "iso-8859-15": "iso-8859-15",
}  # fmt: skip
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";")
_ALLOWED = (",", ";", "\t", "|")


def read_csv(data: bytes, shown_as: str, options: ReadOptions) -> RawTable:
    """Read the cells of a CSV file, all as text."""
    check_bytes(data, shown_as)
    text, warnings = decode_text(data, shown_as, options.encoding)
    delimiter, shape = _determine_delimiter(text, shown_as, options)
    first = options.header_row - 1
    _check_shape(text, shape, shown_as, delimiter, first)
    headers = _split_cells(text, shape, first, delimiter)
    body, records = _without_blank_lines(text, shape, first + 1)
    frame = _read_frame(body, delimiter, len(headers), len(records))
    rows = pl.Series("_row", records + 1, dtype=pl.UInt32)
    empty = frame.select(pl.all_horizontal(pl.all() == "").alias("empty")).to_series()
    if empty.any():
        frame, rows = frame.filter(~empty), rows.filter(~empty)
    columns = tuple(
        RawColumn(strip_header(header), position, frame.to_series(position))
        for position, header in enumerate(headers)
    )
    return RawTable(shown_as, columns, rows, warnings=tuple(warnings))


def read_whole_csv(data: bytes, shown_as: str, encoding: str | None = None) -> tuple[RawTable, str, str]:
    """Read every record of a text file, short ones filled with empty cells, with its encoding and delimiter.

    The encoding is the one given, else that of the byte order mark, else UTF-8 where the bytes are valid, else
    cp1252 or Mac Roman by the accents that each gives. The delimiter is the mark that most records have equally
    often.
    """
    check_bytes(data, shown_as)
    text, codec = decode_any(data, shown_as, encoding)
    shapes = {mark: scan_shape(text, mark) for mark in _ALLOWED}
    delimiter = max(_ALLOWED, key=lambda mark: _measure_regularity(text, shapes[mark]))
    shape = shapes[delimiter]
    if shape.fault is not None:
        raise DataError([_build_quote_defect(text, shown_as, shape.fault)])
    if not len(shape.ends):
        return RawTable(shown_as, (), pl.Series("_row", [], dtype=pl.UInt32)), codec, delimiter
    check_limits(shape, shown_as, lambda at: _locate_byte(text, shown_as, at))
    body, records = _without_blank_lines(text, shape, 0)
    width = int(shape.n_cells.max())
    # A first record that is short would give the reader too few columns: a full one stands before it.
    full = delimiter.encode() * (width - 1) + b"\n"
    frame = _read_frame(full + body, delimiter, width, len(records) + 1).slice(1)
    rows = pl.Series("_row", records + 1, dtype=pl.UInt32)
    empty = frame.select(pl.all_horizontal(pl.all() == "").alias("empty")).to_series()
    frame, rows = frame.filter(~empty), rows.filter(~empty)
    columns = tuple(RawColumn("", position, cells) for position, cells in enumerate(frame.iter_columns()))
    return RawTable(shown_as, columns, rows), codec, delimiter


def decode_any(data: bytes, shown_as: str, encoding: str | None = None) -> tuple[bytes, str]:
    """Return a text as UTF-8 with line feeds, and the encoding in which it was read."""
    if encoding is not None:
        codec = _resolve_codec(encoding, shown_as)
        text = decode_text(data, shown_as, encoding)[0].decode()
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec, text = "utf-16", data.decode("utf-16", "strict")
    elif _is_utf8(data):
        codec, text = "utf-8", decode_text(data, shown_as, None)[0].decode()
    else:
        check_one_encoding(data, shown_as)
        codec = max(("cp1252", "mac-roman"), key=lambda name: _count_french_letters(data, name))
        text = data.decode(codec, "replace")
        if "\ufffd" in text or "\0" in text:
            decode_text(data, shown_as, "cp1252")
    return text.replace("\r\n", "\n").replace("\r", "\n").encode(), codec


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_FRENCH = re.compile("[éèêëàâçôöîïûùüœæÉÈÊÀÇÔÎ’«»€°]")


def _count_french_letters(data: bytes, codec: str) -> int:
    return len(_FRENCH.findall(data.decode(codec, "ignore")))


def _measure_regularity(text: bytes, shape: CsvShape) -> tuple[bool, int, int]:
    """Return the merit of a delimiter: no fault, number of records of the commonest width, that width."""
    counts = shape.n_cells[~shape.select_blank(text)]
    wide = counts[counts > 1]
    if not len(wide):
        return shape.fault is None, 0, 0
    widths, n_records = np.unique(wide, return_counts=True)
    best = int(n_records.argmax())
    return shape.fault is None, int(n_records[best]), int(widths[best])


def _without_blank_lines(text: bytes, shape: CsvShape, first: int) -> tuple[bytes, npt.NDArray[np.int64]]:
    """Return the records from `first` on without blank lines, and their indices."""
    blank = np.flatnonzero(shape.select_blank(text)[first:]) + first
    records = np.arange(first, len(shape.ends))
    if first >= len(shape.ends):
        return b"", records
    pieces, start = [], int(shape.starts[first])
    for record in blank.tolist():
        pieces.append(text[start : int(shape.starts[record])])
        start = int(shape.ends[record]) + 1
    pieces.append(text[start:])
    return b"".join(pieces) if len(pieces) > 1 else pieces[0], np.setdiff1d(records, blank)


def _read_frame(body: bytes, delimiter: str, width: int, n_rows: int) -> pl.DataFrame:
    schema = dict.fromkeys((f"c{position}" for position in range(width)), pl.String)
    if not n_rows:
        return pl.DataFrame(schema=schema)
    frame = pl.read_csv(
        body, separator=delimiter, has_header=False, schema=schema, truncate_ragged_lines=False
    )
    if frame.shape != (n_rows, width):
        raise AssertionError(f"CSV read as {frame.shape}, counted as {(n_rows, width)}")
    return pl.DataFrame([strip_cells(column.fill_null("")) for column in frame])


def decode_text(data: bytes, shown_as: str, encoding: str | None) -> tuple[bytes, list[Defect]]:
    """Return the text of a file as UTF-8 without byte order mark, decoded strictly, and notices."""
    codec = _resolve_codec(encoding, shown_as)
    if b"\0" in data:
        raise DataError([_build_nul_defect(data, shown_as)])
    bom = data.startswith(_BOM)
    if bom and codec != "utf-8":
        raise DataError([_build_bom_conflict_defect(shown_as, codec)])
    body = data[len(_BOM) :] if bom else data
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise DataError(
            [_build_decoding_defect(data, shown_as, codec, error, len(_BOM) if bom else 0)]
        ) from None
    warnings = []
    if codec != "utf-8":
        warnings = _detect_utf8(body, shown_as, codec)
        body = text.encode()
    if _BOM in body:
        raise DataError([_build_bom_defect(body, shown_as)])
    if b"\xef\xbf\xbd" in body:
        where = _locate_byte(body, shown_as, body.index(b"\xef\xbf\xbd"))
        lost = _('the file holds the sign "�": letters were lost before it was read.')
        warnings.append(Defect("replacement_character", lost, (where,)))
    return body, warnings


def _resolve_codec(encoding: str | None, shown_as: str) -> str:
    codec = _ENCODINGS.get((encoding or "utf-8").lower())
    if codec is None:
        known = ", ".join(_ENCODINGS)
        text = _('the encoding "{encoding}" is not known.', encoding=str(encoding))
        hint = _("Known encodings: {known}.", known=known)
        raise DataError([Defect("encoding", text, (Place(file=shown_as),), hint)])
    return codec


def _build_nul_defect(data: bytes, shown_as: str) -> Defect:
    at = data.index(b"\0")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    hint = _('Save the file as "CSV UTF-8".')
    if utf16:
        text = _("the file is in UTF-16, which is not read.")
    else:
        text = _("NUL byte at offset {at}: this is not a text file.", at=at)
    return Defect("encoding", text, (_locate_byte(data, shown_as, at),), hint)


def _build_bom_defect(body: bytes, shown_as: str) -> Defect:
    text = _("byte order mark (U+FEFF) inside the file: two files were put end to end.")
    hint = _("Remove this invisible sign.")
    return Defect("encoding", text, (_locate_byte(body, shown_as, body.index(_BOM)),), hint)


def _build_bom_conflict_defect(shown_as: str, codec: str) -> Defect:
    text = _('the file says that it is UTF-8 (BOM), but "{codec}" is declared.', codec=codec)
    hint = _("Remove read.encoding.")
    return Defect("encoding", text, (Place(file=shown_as),), hint)


def _build_decoding_defect(
    data: bytes, shown_as: str, codec: str, error: UnicodeDecodeError, shift: int
) -> Defect:
    at = error.start + shift
    result = f"0x{data[at]:02X}"
    text = _("byte {result} at offset {at}: the file is not in {codec}.", result=result, at=at, codec=codec)
    hint = _('Declare read: {{encoding: cp1252}} if it comes from Excel, or save it as "CSV UTF-8".')
    if codec != "utf-8":
        hint = _('Save the file as "CSV UTF-8".')
    return Defect("encoding", text, (_locate_byte(data, shown_as, at),), hint)


def _detect_utf8(body: bytes, shown_as: str, codec: str) -> list[Defect]:
    if body.isascii():
        return []
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return []
    text = _("read in {codec} as declared, but the file is valid UTF-8 too: check the accents.", codec=codec)
    return [Defect("encoding_doubtful", text, (Place(file=shown_as),))]


def _locate_byte(data: bytes, shown_as: str, at: int) -> Place:
    """Return line and column of a byte, as an editor shows them."""
    start = data.rfind(b"\n", 0, at) + 1
    column = len(data[start:at].decode("utf-8", "replace")) + 1
    return Place(file=shown_as, line=data.count(b"\n", 0, at) + 1, column=column)


def _determine_delimiter(text: bytes, shown_as: str, options: ReadOptions) -> tuple[str, CsvShape]:
    """Return the declared delimiter, or the only one of ``,`` and ``;`` that is consistent with the file."""
    written = options.delimiter
    if written is not None and written not in _ALLOWED:
        raise DataError([_build_delimiter_defect(shown_as, written)])
    _check_separator_line(text, shown_as, options.header_row - 1)
    shapes = {mark: scan_shape(text, mark) for mark in ((written,) if written else _DELIMITERS)}
    header = options.header_row - 1
    for shape in shapes.values():
        if len(shape.ends) <= header:
            raise DataError([_build_header_defect(shown_as, options.header_row)])
    wide = [mark for mark, shape in shapes.items() if shape.n_cells[header] > 1]
    if written is not None:
        if not wide:
            _check_other_delimiter(text, shown_as, written, shapes[written], header)
        return written, shapes[written]
    if len(wide) == 2:
        clean = [
            mark
            for mark in wide
            if not _select_ragged(text, shapes[mark], header).any() and not shapes[mark].fault
        ]
        if len(clean) != 1:
            raise DataError([_build_ambiguity_defect(shown_as, shapes, header)])
        wide = clean
    mark = wide[0] if wide else max(_DELIMITERS, key=lambda mark: int(shapes[mark].n_cells.max()))
    if not wide:
        _check_other_delimiter(text, shown_as, mark, shapes[mark], header)
    return mark, shapes[mark]


def _get_record(text: bytes, shape: CsvShape, record: int) -> bytes:
    return text[int(shape.starts[record]) : int(shape.ends[record])].removesuffix(b"\r")


def _check_other_delimiter(text: bytes, shown_as: str, delimiter: str, shape: CsvShape, header: int) -> None:
    """Refuse a file of one column whose header contains another delimiter."""
    record = _get_record(text, shape, header).decode()
    other = max((mark for mark in _ALLOWED if mark != delimiter), key=record.count)
    if not record.count(other):
        return
    label, names = ("\\t" if other == "\t" else other), record.count(other)
    fault = _(
        'the header has no "{delimiter}", but {names} "{label}".',
        delimiter=delimiter,
        names=names,
        label=label,
    )
    hint = _('Declare read: {{delimiter: "{label}"}}.', label=label)
    raise DataError(
        [Defect("delimiter", fault, (_locate_byte(text, shown_as, int(shape.starts[header])),), hint)]
    )


def _build_delimiter_defect(shown_as: str, delimiter: str) -> Defect:
    text = _('the delimiter "{delimiter}" is not read.', delimiter=delimiter)
    hint = _("Delimiters that are read: , ; | and \\t.")
    return Defect("delimiter", text, (Place(file=shown_as),), hint)


def _build_header_defect(shown_as: str, row: int) -> Defect:
    return Defect(
        "no_header",
        _("the file has no row {row}, where the headers are expected.", row=row),
        (Place(file=shown_as),),
    )  # fmt: skip


def _build_ambiguity_defect(shown_as: str, shapes: dict[str, CsvShape], header: int) -> Defect:
    marks, *others = (
        _('{n} "{mark}"', n=Count(int(shape.n_cells[header]) - 1), mark=mark)
        for mark, shape in shapes.items()
    )
    for other in others:
        marks = _("{first} and {other}", first=marks, other=other)
    text = _("the header has {marks}: which one separates is not certain.", marks=marks)
    hint = _('Declare read: {{delimiter: ";"}}.')
    return Defect("delimiter", text, (Place(file=shown_as, line=1),), hint)


def _split_cells(text: bytes, shape: CsvShape, record: int, delimiter: str) -> list[str]:
    """Return the cells of one well-formed record."""
    cells: list[str] = []
    pending: str | None = None
    for part in _get_record(text, shape, record).decode().split(delimiter):
        pending = part if pending is None else pending + delimiter + part
        if pending.count('"') % 2 == 0:
            cells.append(pending[1:-1].replace('""', '"') if pending.startswith('"') else pending)
            pending = None
    return cells if pending is None else [*cells, pending]


def _check_separator_line(text: bytes, shown_as: str, header: int) -> None:
    """Refuse `sep=;` as the row of headers: spreadsheets read this line as an option."""
    if header == 0 and text[:4].lower() == b"sep=":
        line = text[:5].decode("latin-1")
        why = _('row 1 is "{line}", an option of spreadsheets, and not the headers.', line=line)
        hint = _("Delete this line, or declare read: {{header_row: 2}}.")
        raise DataError([Defect("no_header", why, (Place(file=shown_as, line=1),), hint)])


def _select_ragged(text: bytes, shape: CsvShape, header: int) -> npt.NDArray[np.bool_]:
    wrong = shape.n_cells != shape.n_cells[header]
    wrong[:header] = False
    result: npt.NDArray[np.bool_] = wrong & ~shape.select_blank(text)
    return result


def _check_shape(text: bytes, shape: CsvShape, shown_as: str, delimiter: str, header: int) -> None:
    if b"\n" not in text and b"\r" in text:
        why = _("lines end in CR alone (old Mac).")
        hint = _('Save the file as "CSV UTF-8".')
        raise DataError([Defect("line_ends", why, (Place(file=shown_as),), hint)])
    if shape.fault is not None:
        raise DataError([_build_quote_defect(text, shown_as, shape.fault)])
    check_limits(shape, shown_as, lambda at: _locate_byte(text, shown_as, at))
    ragged = np.flatnonzero(_select_ragged(text, shape, header))
    expected = int(shape.n_cells[header])
    if len(ragged) and expected == 1:
        raise DataError([_build_title_defect(text, shape, shown_as, header, int(ragged[0]))])
    defects = Defects()
    for record in ragged[:MAX_PLACES].tolist():
        _record_ragged(defects, text, shape, shown_as, delimiter, record, expected)
    if len(ragged) > MAX_PLACES:
        more = len(ragged) - MAX_PLACES
        defects.add(
            "ragged_row",
            _("further rows without {expected} cells: {more}.", expected=expected, more=more),
            Place(file=shown_as),
        )
    defects.raise_if_any(DataError)


def _record_ragged(
    defects: Defects, text: bytes, shape: CsvShape, shown_as: str, delimiter: str, record: int, expected: int
) -> None:
    result = int(shape.n_cells[record])
    start = _locate_byte(text, shown_as, int(shape.starts[record]))
    quote = _('Put the cells that hold "{delimiter}" in quotes.', delimiter=delimiter)
    fill = _('Complete the row, one "{delimiter}" between two cells.', delimiter=delimiter)
    defects.add(
        "ragged_row",
        _(
            "{result} cell{plural_end} instead of {expected}.",
            result=result,
            plural_end="s" * (result > 1),
            expected=expected,
        ),
        Place(file=shown_as, line=start.line, column=start.column, row=record + 1),
        hint=quote if result > expected else fill,
    )


def _build_title_defect(text: bytes, shape: CsvShape, shown_as: str, header: int, record: int) -> Defect:
    """Return the defect of a header with one cell above rows with several: the headers are further down."""
    row, result = record + 1, int(shape.n_cells[record])
    return Defect(
        "ragged_row",
        _(
            "row {header}, read as the header, has one cell only; row {row} has {result}.",
            header=header + 1,
            row=row,
            result=result,
        ),
        (_locate_byte(text, shown_as, int(shape.starts[header])),),
        _("If the headers are in row {row}, declare read: {{header_row: {row}}}.", row=row),
    )


def _build_quote_defect(text: bytes, shown_as: str, fault: QuoteFault) -> Defect:
    why = {
        "unclosed": _("quote opened and never closed."),
        "inside": _("quote in the middle of a cell."),
        "after": _("text follows the closing quote."),
    }[fault.kind]
    hint = _("Put the cell in quotes and double those that it holds.")
    return Defect("quote", why, (_locate_byte(text, shown_as, fault.at),), hint)


_UTF8 = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac|\xc5[\x92\x93]")


def check_one_encoding(data: bytes, shown_as: str) -> None:
    """Refuse a text with accents in UTF-8 in one place and in cp1252 in another."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        utf8 = _UTF8.search(data)
        if utf8 is None:
            return
        lines = [data.count(b"\n", 0, at) + 1 for at in (utf8.start(), error.start)]
        text = _(
            "two encodings in one file: UTF-8 in line {lines}, cp1252 in line {lines2}.",
            lines=lines[0],
            lines2=lines[1],
        )
        hint = _('Export it again, or save it as "CSV UTF-8" after correcting the accents.')
        places = tuple(Place(file=shown_as, line=line) for line in lines)
        raise DataError([Defect("mixed_encodings", text, places, hint)]) from None
