"""A file as columns of cells without meaning, the options of reading, and the defect reporter."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from tnt_sim.characters import drop_unseen
from tnt_sim.domain.portfolio import MANY, MAX_PLACES, extend_to_many, group_by_value
from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.i18n.message import Text, _


class Rounding(StrEnum):
    """Treatment of amounts with more than two decimals."""

    REFUSE = "refuse"
    NEAREST = "nearest"


class Duplicates(StrEnum):
    """Treatment of a dossier that is on several rows."""

    REFUSE = "refuse"
    LAST = "last"


class HiddenRows(StrEnum):
    """Treatment of rows that a workbook hides."""

    REFUSE = "refuse"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The `read:` block of a scenario; every default refuses rather than guesses.

    Parameters
    ----------
    sheet : sheet of a workbook
    delimiter : one character, for CSV
    encoding : ``utf-8``, ``cp1252``, ``iso-8859-1`` or ``iso-8859-15``, for CSV
    decimal : ``,`` or ``.``, decimal mark in text cells
    rounding : amounts with more than two decimals
    duplicates : dossiers on several rows
    header_row : row of the headers, from 1
    hidden_rows : rows that a workbook hides, by hand or by a filter
    """

    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    rounding: Rounding = Rounding.REFUSE
    duplicates: Duplicates = Duplicates.REFUSE
    header_row: int = 1
    hidden_rows: HiddenRows = HiddenRows.REFUSE

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounding", Rounding(self.rounding))
        object.__setattr__(self, "duplicates", Duplicates(self.duplicates))
        object.__setattr__(self, "hidden_rows", HiddenRows(self.hidden_rows))
        if self.decimal not in (None, ",", "."):
            raise ValueError(f"decimal must be ',' or '.', not {self.decimal!r}")
        if self.header_row < 1:
            raise ValueError(f"header_row counts from 1, not {self.header_row}")


SPACES = " \u00a0\u202f"
"""Characters stripped at both ends of a cell."""


@dataclass(frozen=True, eq=False)
class RawColumn:
    """The cells of one column, each in the series of its kind; all series have one length.

    `text` is "" for empty cells and null where another series has the cell. `typed` alone is set for Parquet
    columns that are not text.
    """

    header: str
    position: int
    text: pl.Series
    numbers: pl.Series | None = None
    moments: pl.Series | None = None
    days: pl.Series | None = None
    odd: pl.Series | None = None
    typed: pl.Series | None = None

    def select_filled(self) -> pl.Series:
        """Return which cells are not empty, Boolean."""
        if self.typed is not None:
            return self.typed.is_not_null()
        return (self.text != "").fill_null(value=True)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a sheet contains besides values, by (row from 1, column from 0)."""

    formulas: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    """True where the last calculated value is stored."""
    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """First row, first column, last row, last column of each merged area."""


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file, with the row of each cell as a spreadsheet shows it."""

    shown_as: str
    columns: tuple[RawColumn, ...]
    rows: pl.Series
    sheet: str | None = None
    cells: bool = False
    """Whether cells have addresses such as ``B7``."""
    marks: Marks = Marks()
    warnings: tuple[Defect, ...] = ()


def format_letters(position: int) -> str:
    """Return the spreadsheet letters of a column (0-based).

    >>> format_letters(0), format_letters(27)
    ('A', 'AB')
    """
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def strip_header(text: str) -> str:
    """Return a header without spaces at its ends, with accents composed (NFC)."""
    return unicodedata.normalize("NFC", text).strip(SPACES + "\t\r\n")


def shorten_value(value: object, length: int = 40) -> str:
    """Return a value on one line, cut, for a sentence."""
    text = str(value).replace("\r", "\u240d").replace("\n", "\u240a").replace("\t", "\u2409")
    text = drop_unseen(text)
    return text if len(text) <= length else text[: length - 1] + "…"


_GUARDED = r"^'([=+\-@\t\r\n])"
_GUARDED_INSIDE = r"([;\t\r\n])'([=+\-@\t])"


def strip_cells(text: pl.Series) -> pl.Series:
    """Return text without outer spaces, and without each ``'`` that protects ``=`` from being a formula."""
    text = text.str.strip_chars(SPACES)
    if not text.str.contains("'", literal=True).any():
        return text
    return text.str.replace_all(_GUARDED_INSIDE, "${1}${2}").str.replace(_GUARDED, "${1}")


def build_raw_table(shown_as: str, columns: Mapping[str, Sequence[str]], lines: Sequence[int]) -> RawTable:
    """Return a table of text cells, by header, with the line of each row in the file."""
    raw = tuple(
        RawColumn(header, position, strip_cells(pl.Series("text", cells, dtype=pl.String)))
        for position, (header, cells) in enumerate(columns.items())
    )
    return RawTable(shown_as, raw, pl.Series("_row", lines, dtype=pl.UInt32))


def _group_by_value(column: RawColumn, bad: pl.Series) -> tuple[list[list[int]], list[int]]:
    """Return the bad rows grouped by values that many cells share, and the other bad rows."""
    kinds = {"text": column.text, "numbers": column.numbers, "moments": column.moments, "odd": column.odd}
    parts = {"typed": column.typed} if column.typed is not None else kinds
    keys = [series.alias(kind) for kind, series in parts.items() if series is not None]
    return group_by_value(keys, bad)


Say = Callable[[int], tuple[Text, Text | None]]


@dataclass(eq=False)
class Reporter:
    """Turns bad cells of one table into located defects, of which it lists a bounded number."""

    table: RawTable
    defects: Defects
    dossiers: pl.Series | None = None
    warnings: list[Defect] = field(default_factory=list)

    def locate_cell(self, index: int, column: RawColumn | None = None) -> Place:
        """Return the place of one cell, or of a row."""
        row = int(self.table.rows[index])
        cell = f"{format_letters(column.position)}{row}" if self.table.cells and column else None
        dossier = self.dossiers[index] if self.dossiers is not None else None
        return Place(
            file=self.table.shown_as, row=row, sheet=self.table.sheet, cell=cell, dossier=dossier or None
        )

    def locate_table(self) -> Place:
        """Return the place of the table itself."""
        return Place(file=self.table.shown_as, sheet=self.table.sheet)

    def record_cells(
        self, code: str, column: RawColumn, bad: pl.Series, say: Say, name: str | None = None
    ) -> None:
        """Record one defect per bad value: first values that many cells share, then single cells.

        At most `MAX_PLACES` are listed, the rest is counted.
        """
        groups, single = _group_by_value(column, bad)
        for rows in groups[:MAX_PLACES]:
            text, hint = say(rows[0])
            whole = extend_to_many(text, [int(self.table.rows[index]) for index in rows])
            self.defects.add(
                code, whole, *(self.locate_cell(index, column) for index in rows[:MANY]), hint=hint
            )
        report = min(len(groups), MAX_PLACES)
        for index in single[: MAX_PLACES - report]:
            text, hint = say(index)
            self.defects.add(code, text, self.locate_cell(index, column), hint=hint)
        left = [*(row for rows in groups[MAX_PLACES:] for row in rows), *single[MAX_PLACES - report :]]
        if left:
            displayed = describe_column(column, name)
            self.defects.add(
                code,
                _(
                    "{displayed}: further cells with the same defect: {n_left} (this is the last one).",
                    displayed=displayed,
                    n_left=len(left),
                ),
                self.locate_cell(max(left), column),
            )

    def record_column_type(
        self, code: str, column: RawColumn, name: str, expected: Text, hint: Text | None
    ) -> None:
        """Record one defect for a typed column of the wrong type."""
        where = describe_column(column, name)
        dtype = column.typed.dtype if column.typed is not None else pl.String()
        text = _(
            "{where}: {expected}, not the type {dtype}.", where=where, expected=expected, dtype=str(dtype)
        )
        self.defects.add(code, text, self.locate_table(), hint=hint)

    def warn(self, code: str, text: Text, column: RawColumn | None, rows: pl.Series) -> None:
        """Record a notice with the first rows of a Boolean series that it is about."""
        places = tuple(
            self.locate_cell(index, column) for index in rows.arg_true().head(MAX_PLACES).to_list()
        )
        self.warnings.append(Defect(code, text, places))


def describe_column(column: RawColumn, name: str | None = None) -> Text:
    """Return a column in a sentence: its header, with its canonical name where that differs."""
    if name is None or name == column.header:
        return _('column "{header}"', header=column.header)
    return _('column "{header}" ({name})', header=column.header, name=name)


FORMULA_HINT = _("Correct the formula, or empty the cell.")


def quote_cell(column: RawColumn, index: int) -> str:
    """Return the content of one cell, shortened, for a sentence."""
    for series in (column.typed, column.odd, column.numbers, column.moments):
        if series is not None and series[index] is not None:
            value = series[index]
            return format_number(value) if isinstance(value, float) else shorten_value(value)
    return shorten_value(column.text[index] or "")


def format_number(value: float) -> str:
    """Return a float in its shortest digits, without exponent; whole ones without decimals.

    >>> format_number(3.0), format_number(0.1)
    ('3', '0.1')
    """
    if value == int(value) if abs(value) < 1e300 else False:
        return str(int(value))
    text = repr(value)
    return text if "e" not in text else f"{value:.20f}".rstrip("0").rstrip(".")
