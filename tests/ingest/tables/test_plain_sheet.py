"""A plain sheet read by columns is the sheet read cell by cell; one that is not plain is left to the cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.table_files import repacked, xlsx

from tnt_sim.errors import DataError
from tnt_sim.ingest.tables import workbooks as workbook
from tnt_sim.ingest.tables.plain_sheet import read_plain_sheet
from tnt_sim.ingest.tables.raw_table import HiddenRows, RawTable, ReadOptions
from tnt_sim.ingest.tables.zip_packages import open_package

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [["dossier", 2021.0, "coût"], ["0012", 12.5, "a & b <c> « d »"], [None, None, None], ["A", None, "é"]]
TEXTS = st.sampled_from(
    ["", " a", "b ", "0012", "'=x", "x\ny", "<&>\"'", "&amp;", "é\u202f€", "NA", "1E5", "x>y"]
)
NUMBERS = st.one_of(
    st.integers(-9, 10**15).map(float), st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x)
)
MOMENTS = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2099, 12, 31)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
DAYS = st.one_of(MOMENTS, MOMENTS.map(lambda at: at.replace(microsecond=0)), MOMENTS.map(dt.datetime.date))
VALUES = st.one_of(st.none(), TEXTS, NUMBERS, DAYS)


def both(data: bytes, header_row: int = 1) -> tuple[Any, Any]:
    """What is read with and without the reading by columns: the table, or the defects."""

    def told() -> Any:
        options = ReadOptions(header_row=header_row, hidden_rows=HiddenRows.KEEP)
        try:
            return shown(workbook.read_workbook(data, "d.xlsx", options))
        except DataError as error:
            return [str(one) for one in error.defects]

    with pytest.MonkeyPatch.context() as patch:
        first = told()
        patch.setattr(workbook, "read_plain_sheet", lambda *_: None)
        return first, told()


def shown(table: RawTable) -> Any:
    columns = [
        (one.header, one.position, *map(listed, (one.text, one.numbers, one.moments, one.days, one.odd)))
        for one in table.columns
        if one.header or one.select_filled().any()
    ]
    return table.sheet, table.rows.to_list(), columns, [str(one) for one in table.warnings]


def listed(series: pl.Series | None) -> list[Any] | None:
    return None if series is None else series.to_list()


def is_plain(data: bytes, header_row: int = 1) -> bool:
    return read_plain_sheet(open_package(data, "d.xlsx").members, SHEET, header_row) is not None


@drawn(60)
@given(
    st.lists(st.lists(VALUES, max_size=5), min_size=1, max_size=7),
    st.booleans(),
    st.integers(1, 3),
)
def test_the_two_readings_agree(rows: list[list[Any]], inline: bool, header_row: int) -> None:
    first, second = both(xlsx(rows, constant_memory=inline, in_memory=not inline), header_row)
    assert first == second


@pytest.mark.parametrize("inline", [False, True])
def test_a_plain_sheet_is_read_by_columns(inline: bool) -> None:
    data = xlsx(ROWS, constant_memory=inline, in_memory=not inline)
    assert is_plain(data)
    first, second = both(data)
    assert first == second
    assert first[1:3] == (
        [2, 4],
        [
            ("dossier", 0, ["0012", "A"], None, None, None, None),
            ("2021", 1, [None, ""], [12.5, None], None, None, None),
            ("coût", 2, ["a & b <c> « d »", "é"], None, None, None, None),
        ],
    )


def _with(edit: Callable[[Any, Any], None]) -> bytes:
    return xlsx(ROWS, edit=edit)


def _change(old: str, new: str) -> bytes:
    def edit(xml: str) -> str:
        assert old in xml
        return xml.replace(old, new, 1)

    return repacked(xlsx(ROWS, constant_memory=True, in_memory=False), sheet1=edit)


NOT_PLAIN = {
    "formula": _with(lambda _, page: page.write_formula("D2", "=1+1", None, 2)),
    "1904": xlsx([*ROWS, ["B", dt.date(2021, 3, 1), None]], date_1904=True),
    "an hour": _with(
        lambda book, page: page.write_number("D2", 0.5, book.add_format({"num_format": "hh:mm"}))
    ),
    "span": _with(lambda book, page: page.write_number("D2", 3.5, book.add_format({"num_format": "[h]:mm"}))),
    "first days": _with(
        lambda book, page: page.write_number("D2", 5, book.add_format({"num_format": "d/m/yy"}))
    ),
    "day as a header": xlsx([["dossier", dt.date(2021, 3, 1)], ["A", 2.0]]),
    "flag": xlsx([*ROWS, ["B", True, None]]),
    "merged": _with(lambda _, page: page.merge_range("A8:B9", "x")),
    "hidden row": _with(lambda _, page: page.set_row(1, None, None, {"hidden": True})),
    "hidden column": _with(lambda _, page: page.set_column("B:B", None, None, {"hidden": True})),
    "rich text": _change("<is><t>é</t></is>", "<is><r><t>é</t></r></is>"),
    "error": _change('<c r="B2"><v>12.5</v>', '<c r="B2" t="e"><v>#N/A</v>'),
    "spaced": _change("</c>", "</c>\n"),
    "other quotes": _change('<c r="B2">', "<c r='B2'>"),
    "style before": _change('<c r="B2">', '<c s="0" r="B2">'),
    "no address": _change('<c r="B2">', "<c>"),
    "twice": _change('<c r="A2"', '<c r="A4"'),
    "backwards": _change('<c r="A4"', '<c r="A1"'),
    "carriage return": _change("é", "&#13;\r"),
    "escape of Excel": _change("é", "_x000D_"),
    "no number": _change("<v>12.5</v>", "<v>douze</v>"),
    "no value": _change("<v>12.5</v>", ""),
    "data set": _change("é", "<![CDATA[é]]>"),
    "comment": _change("<sheetData>", "<sheetData><!-- x -->"),
    "a row too many": _change("</sheetData>", "</row></sheetData>"),
    "far away": _change('<c r="B2">', '<c r="XFD1048576">'),
}


@pytest.mark.parametrize("data", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_read_cell_by_cell(data: bytes) -> None:
    assert not is_plain(data)
    first, second = both(data)
    assert first == second


PLAIN = {
    "coloured": _with(lambda book, page: page.write_blank("D2", None, book.add_format({"bg_color": "red"}))),
    "euros": _with(
        lambda book, page: page.write_number("D2", 5, book.add_format({"num_format": '#,##0.00 "€"'}))
    ),
    "per cent": _with(lambda book, page: page.write_number("D2", 0.5, book.add_format({"num_format": 10}))),
    "rich shared": _with(
        lambda book, page: page.write_rich_string("D2", "a", book.add_format({"bold": True}), "b")
    ),
    "day": xlsx([*ROWS, ["B", dt.date(2021, 3, 1), None], [dt.datetime(2021, 3, 1, 14, 30), 2.0, "x"]]),
    "moment": xlsx(
        [["dossier", "le"], ["A", dt.datetime(2021, 3, 1, 14, 30, 59)], ["B", None], ["C", "hier"]]
    ),
    "own day": _with(
        lambda book, page: page.write_number("D2", 44256, book.add_format({"num_format": "d mmm yyyy"}))
    ),
    "filter": _with(lambda _, page: page.autofilter("A1:C4")),
    "references": _change("é", "&#233;&#xe9;&quot;"),
    "sign in text": _change("é", "x > y"),
}


@pytest.mark.parametrize("data", [data for name, data in PLAIN.items() if name != "sign in text"])
def test_what_is_common_is_plain(data: bytes) -> None:
    assert is_plain(data)
    first, second = both(data)
    assert first == second


def test_a_bare_sign_in_a_text() -> None:
    first, second = both(PLAIN["sign in text"])
    assert first == second
