"""A worksheet whose long columns are written whole: each value becomes the XML of its cell in one pass.

XlsxWriter checks and stores every cell by itself, and escapes its attributes again when it makes the file. A
column has one format, so all of that is done once. Cells, strings and formats are those that `write_string`,
`write_number`, `write_blank`, `write_datetime` and `write_formula` would give.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

type CellValue = str | float | Fraction | date | None
"""Content of a cell."""
LONG = 16_000
"""Characters from which a text is left to XlsxWriter, which counts them as a spreadsheet does."""


class ColumnSheet(Worksheet):
    """Worksheet with columns beside single cells; their rows have no height or format of their own."""

    def __init__(self) -> None:
        super().__init__()
        self._inner: Any = self
        self.column_cells: dict[int, list[tuple[int, str]]] = defaultdict(list)

    def write_column_cells(
        self,
        row: int,
        column: int,
        values: Sequence[CellValue],
        formats: tuple[Format, Format],
        is_risky: Callable[[str], bool],
    ) -> None:
        """Write the cells of one column downwards; empty ones stay empty.

        Parameters
        ----------
        row, column : of the first cell, from 0
        values : texts, numbers, dates, None
        formats : the usual one, and one for risky texts
        """
        if not len(values):
            return
        self._extend_dimensions(row, column, len(values))
        name = xl_col_to_name(column)
        plain, risky = (_get_index(one) for one in formats)
        number_string = self._inner.str_table._get_shared_string_index
        rows = self.column_cells
        for at, value in enumerate(values, start=row):
            if value is None or value == "":
                rows[at].append((column, f'<c r="{name}{at + 1}" s="{plain}"/>'))
                continue
            if isinstance(value, str):
                style = risky if is_risky(value) else plain
                if len(value) > LONG:
                    self.write_string(at, column, value, formats[style == risky and risky != plain])
                    continue
                cell = f'<c r="{name}{at + 1}" s="{style}" t="s"><v>{number_string(value)}</v></c>'
            elif isinstance(value, date):
                moment = value if isinstance(value, datetime) else datetime.combine(value, time())
                number = self._inner._convert_date_time(moment)
                cell = f'<c r="{name}{at + 1}" s="{plain}"><v>{number:.16G}</v></c>'
            elif math.isfinite(value):
                cell = f'<c r="{name}{at + 1}" s="{plain}"><v>{float(value):.16G}</v></c>'
            else:
                raise ValueError(f"{name}{at + 1}: {value}")
            rows[at].append((column, cell))

    def write_formula_cells(
        self, row: int, column: int, formula: str, values: Sequence[float], style: Format
    ) -> None:
        """Write one formula downwards, with the value that it has in each row."""
        if not len(values):
            return
        self._extend_dimensions(row, column, len(values))
        name, index = xl_col_to_name(column), _get_index(style)
        text = self._inner._escape_data(self._inner._prepare_formula(formula))
        for at, value in enumerate(values, start=row):
            cell = f'<c r="{name}{at + 1}" s="{index}"><f>{text}</f><v>{value}</v></c>'
            self.column_cells[at].append((column, cell))

    def _extend_dimensions(self, row: int, column: int, height: int) -> None:
        """Extend the dimensions of the sheet to a column."""
        if self._check_dimensions(row, column) or self._check_dimensions(row + height - 1, column):
            raise ValueError(f"{xl_col_to_name(column)}{row + height}")

    def _write_rows(self) -> None:
        """Write the rows in order: runs of rows without column cells as XlsxWriter does, the others here."""
        first, last = self._inner.dim_rowmin, self._inner.dim_rowmax
        start = first
        for row in sorted(self.column_cells):
            self._write_plain_rows(start, row - 1)
            self._write_row(row, None)
            self._write_cells(row)
            self._xml_end_tag("row")
            start = row + 1
        self._write_plain_rows(start, last)
        self._inner.dim_rowmin, self._inner.dim_rowmax = first, last

    def _write_plain_rows(self, first: int, last: int) -> None:
        if first <= last:
            self._inner.dim_rowmin, self._inner.dim_rowmax = first, last
            super()._write_rows()

    def _write_cells(self, row: int) -> None:
        """Write the column cells of a row and, between them, those written one by one."""
        single: dict[int, Any] = self.table.get(row) or {}
        cells = self.column_cells.pop(row)
        if not single:
            self._inner.fh.write("".join([cell for _, cell in cells]))
            return
        for column, cell in sorted([*cells, *((number, None) for number in single)], key=lambda one: one[0]):
            if cell is None:
                self._write_cell(row, column, single[column])
            elif column not in single:
                self._inner.fh.write(cell)


def _get_index(style: Format) -> int:
    """Return the number by which cells name a format."""
    inner: Any = style
    index: int = inner._get_xf_index()
    return index
