"""A file as it was written: named columns of cells, before any meaning is given to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from tnt_sim.errors import Defect, Defects, Place, Text
from tnt_sim.portfolio import MAX_PLACES

SPACES = " \u00a0\u202f"
"""What does not belong to a cell at either end of it."""


@dataclass(frozen=True, eq=False)
class RawColumn:
    """The cells of one column, each in the series of its kind; all of one length.

    `text` holds "" for empty cells and null where another series has the cell. `typed` alone is
    set for Parquet columns that are not text.
    """

    header: str
    position: int
    text: pl.Series
    numbers: pl.Series | None = None
    moments: pl.Series | None = None
    days: pl.Series | None = None
    odd: pl.Series | None = None
    typed: pl.Series | None = None

    def filled(self) -> pl.Series:
        """Which cells hold something, Boolean."""
        if self.typed is not None:
            return self.typed.is_not_null()
        return (self.text != "").fill_null(value=True)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a sheet holds besides values, by (row from 1, column from 0)."""

    formulas: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    """True where the last calculated value is stored."""
    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """First row, first column, last row, last column."""


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file with the row of each cell as a spreadsheet shows it."""

    shown_as: str
    columns: tuple[RawColumn, ...]
    rows: pl.Series
    sheet: str | None = None
    cells: bool = False
    """Whether cells have addresses such as ``B7``."""
    marks: Marks = Marks()
    warnings: tuple[Defect, ...] = ()


def letters(position: int) -> str:
    """The spreadsheet letters of a column (0-based)."""
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def clean_header(text: str) -> str:
    """A header without spaces at its ends, accents composed."""
    return unicodedata.normalize("NFC", text).strip(SPACES + "\t\r\n")


def shorten(value: object, length: int = 40) -> str:
    """A value for a sentence: one line, cut."""
    text = str(value).replace("\r", "\u240d").replace("\n", "\u240a").replace("\t", "\u2409")
    return text if len(text) <= length else text[: length - 1] + "…"


_GUARDED = r"^'([=+\-@\t\r\n])"


def plain_cells(text: pl.Series) -> pl.Series:
    """Text without spaces at its ends, and without the ``'`` that keeps ``=`` from being a formula."""
    text = text.str.strip_chars(SPACES)
    return text.str.replace(_GUARDED, "${1}") if text.str.starts_with("'").any() else text


Say = Callable[[int], tuple[Text, Text | None]]


@dataclass(eq=False)
class Reporter:
    """Turns bad cells of one table into located defects, listing a bounded number of them."""

    table: RawTable
    defects: Defects
    dossiers: pl.Series | None = None
    warnings: list[Defect] = field(default_factory=list)

    def place(self, index: int, column: RawColumn | None = None) -> Place:
        """The place of one cell, or of a row."""
        row = int(self.table.rows[index])
        cell = f"{letters(column.position)}{row}" if self.table.cells and column else None
        dossier = self.dossiers[index] if self.dossiers is not None else None
        return Place(
            file=self.table.shown_as, row=row, sheet=self.table.sheet, cell=cell, dossier=dossier or None
        )

    def whole(self) -> Place:
        """The place of the table itself."""
        return Place(file=self.table.shown_as, sheet=self.table.sheet)

    def each(self, code: str, column: RawColumn, bad: pl.Series, say: Say, name: str | None = None) -> None:
        """One defect for each bad row of a Boolean series, the first ones in full, the rest counted."""
        indices = bad.arg_true()
        for index in indices.head(MAX_PLACES).to_list():
            text, hint = say(index)
            self.defects.add(code, text, self.place(index, column), hint=hint)
        more = len(indices) - MAX_PLACES
        if more > 0:
            last = self.place(int(indices[-1]), column)
            shown = label(column, name)
            self.defects.add(
                code,
                Text(
                    f"{shown.fr} : autres cellules de même défaut : {more} (celle-ci est la dernière).",
                    f"{shown.en}: further cells with the same defect: {more} (this is the last one).",
                ),
                last,
            )

    def column(self, code: str, column: RawColumn, name: str, expected: Text, hint: Text | None) -> None:
        """One defect for a typed column whose whole type is wrong."""
        where = label(column, name)
        dtype = column.typed.dtype if column.typed is not None else pl.String()
        text = Text(
            f"{where.fr} : {expected.fr}, et non le type {dtype}.",
            f"{where.en}: {expected.en}, not the type {dtype}.",
        )
        self.defects.add(code, text, self.whole(), hint=hint)

    def warn(self, code: str, text: Text, column: RawColumn | None, rows: pl.Series) -> None:
        """Keep a remark with the first rows of a Boolean series that it is about."""
        places = tuple(self.place(index, column) for index in rows.arg_true().head(MAX_PLACES).to_list())
        self.warnings.append(Defect(code, text, places))


def label(column: RawColumn, name: str | None = None) -> Text:
    """A column in a sentence: its canonical name, and its header where that differs."""
    if name is None or name == column.header:
        return Text(f"colonne « {column.header} »", f'column "{column.header}"')
    return Text(f"colonne « {column.header} » ({name})", f'column "{column.header}" ({name})')


def found_text(column: RawColumn, index: int) -> str:
    """The content of one cell, shortened, for a sentence."""
    for series in (column.typed, column.odd, column.numbers, column.moments):
        if series is not None and series[index] is not None:
            value = series[index]
            return number_text(value) if isinstance(value, float) else shorten(value)
    return shorten(column.text[index] or "")


def number_text(value: float) -> str:
    """A float in its shortest digits, without exponent; whole ones without decimals."""
    if value == int(value) if abs(value) < 1e300 else False:
        return str(int(value))
    text = repr(value)
    return text if "e" not in text else f"{value:.20f}".rstrip("0").rstrip(".")
