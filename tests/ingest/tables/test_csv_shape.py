"""The shape of CSV texts against Python's own csv reader."""

from __future__ import annotations

import csv
import io
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.ingest.tables import csv_files as csv_shape
from tnt_sim.ingest.tables.csv_files import read_csv, scan_shape
from tnt_sim.ingest.tables.raw_table import ReadOptions, strip_cells

CELL = st.text('ab";,\n\ré ', max_size=5)


@given(st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=5), st.sampled_from(",;"))
def test_written_records_are_counted(rows: list[list[str]], delimiter: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    shape = scan_shape(buffer.getvalue().encode(), delimiter)
    assert shape.fault is None
    assert shape.n_cells.tolist() == [len(row) for row in rows]


@given(st.text('a";\n', max_size=30))
def test_blocks_do_not_matter(text: str) -> None:
    data = text.encode()
    whole = scan_shape(data, ";")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_shape, "_BLOCK", 3)
        parts = scan_shape(data, ";")
    assert np.array_equal(whole.ends, parts.ends)
    assert np.array_equal(whole.n_cells, parts.n_cells)
    assert whole.fault == parts.fault


@given(
    st.lists(st.lists(st.text('ab";,\n\ré=', max_size=4), min_size=3, max_size=3), max_size=5),
    st.sampled_from(",;"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_cells_are_read_as_python_reads_them(
    rows: list[list[str]], delimiter: str, quoting: Literal[0, 1], line_end: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows([["a", "b", "c"], *rows])
    table = read_csv(buffer.getvalue().encode(), "x", ReadOptions(delimiter=delimiter))
    found = list(zip(*(column.text.to_list() for column in table.columns), strict=True))
    plain = [tuple(strip_cells(pl.Series(row))) for row in rows]
    assert found == [row for row in plain if any(row)]
