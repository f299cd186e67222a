"""Every sheet of a file as cells without meaning: nothing is left out, nothing is refused for its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.ingest.forms.form_table import convert_to_euros
from tnt_sim.ingest.portfolio_reader import read_raw
from tnt_sim.ingest.tables.cell_types import read_text
from tnt_sim.ingest.tables.csv_files import read_whole_csv
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, ReadOptions
from tnt_sim.ingest.tables.workbooks import read_sheets
from tnt_sim.ingest.tables.zip_packages import refuse_legacy

BOOKS = (".xlsx", ".ods")
TEXTS = (".csv", ".txt", ".tsv")


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells of a sheet.

    Attributes
    ----------
    raw : the columns, without header, of the rows that have a cell; headers where the format names its columns
    visible : whether the workbook shows it
    encoding, delimiter : of a text file, else ""
    """

    raw: RawTable
    visible: bool = True
    encoding: str = ""
    delimiter: str = ""

    @property
    def name(self) -> str:
        """Return the name of the sheet, "" in a file that has none."""
        return self.raw.sheet or ""

    @cached_property
    def texts(self) -> list[pl.Series]:
        """Return every cell as text, by column."""
        return [read_text(column).str.strip_chars() for column in self.raw.columns]

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Return which cells have something in them, bool (n_rows, n_columns)."""
        result = np.zeros((len(self.raw.rows), len(self.raw.columns)), dtype=bool)
        for position, (column, text) in enumerate(zip(self.raw.columns, self.texts, strict=True)):
            result[:, position] = (text != "").to_numpy()
            self._mark_errors(result, position, column)
        return result

    def _mark_errors(self, filled: npt.NDArray[np.bool_], position: int, column: RawColumn) -> None:
        """Mark cells with an error or a formula that was never calculated: their value is empty, they are not."""
        index = self.row_index
        for row, at in (*self.raw.marks.errors, *self.raw.marks.formulas):
            if at == column.position and row in index:
                filled[index[row], position] = True

    @cached_property
    def row_index(self) -> dict[int, int]:
        """Return the index of each row that holds a mark, by its number in the file."""
        marked = {row for row, __ in (*self.raw.marks.errors, *self.raw.marks.formulas)}
        marked |= {row for area in self.raw.marks.merged for row in range(area[0], area[2] + 1)}
        if not marked:
            return {}
        return {row: index for index, row in enumerate(self.raw.rows.to_list()) if row in marked}

    def get_row(self, index: int) -> list[str]:
        """Return the texts of one row."""
        return [text[index] for text in self.texts]

    @property
    def n_filled(self) -> int:
        """Return the number of cells that have something in them."""
        return int(self.filled.sum())


def read_file(data: bytes, suffix: str, shown_as: str, encoding: str | None = None) -> list[Sheet]:
    """Read every sheet of a file.

    Parameters
    ----------
    data : bytes of the file
    suffix : its suffix, in lower case, which gives the format
    shown_as : the path as messages show it
    encoding : of a text file; found when None
    """
    refuse_legacy(data, suffix, shown_as)
    if suffix in BOOKS:
        return [Sheet(raw, visible) for raw, visible in read_sheets(data, shown_as)]
    if suffix in TEXTS and not data.startswith((b"PK\x03\x04", b"PAR1")):
        raw, codec, delimiter = read_whole_csv(data, shown_as, encoding)
        return [Sheet(raw, True, codec, delimiter)]
    raw = read_raw(data, Path(f"table{suffix}"), shown_as, ReadOptions())
    return [Sheet(replace(raw, columns=tuple(map(convert_to_euros, raw.columns))))]
