"""Columns written whole give the cells that XlsxWriter writes one by one."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.column_sheet import ColumnSheet
from tnt_sim.reporting.renderers.xlsx import (
    Styles,
    add_sheet,
    close,
    create_workbook,
    write_column,
    write_text,
)

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TEXTS = (
    "",
    "a",
    "=1+1",
    "-5 %",
    "@x",
    " bords ",
    "é & <b> \"'",
    "deux\nlignes",
    "\x02",
    "_x0041_",
    "x" * 40_000,
    "𝄞" * 17_000,
)
NUMBERS = (0, -1, 0.1, 1 / 3, 12_345_678.91, 1e15, 2**53, -0.005, True)
DAYS = (date(2021, 11, 22), date(1900, 1, 1), datetime(2021, 3, 1, 12, 30))


def write_one_by_one(
    sheet: ColumnSheet, row: int, column: int, values: Sequence[Any], style: tuple[Any, Any]
) -> None:
    """The way without columns: a call for each cell."""
    plain, risky = style
    for at, value in enumerate(values, start=row):
        if value is None or value == "":
            sheet.write_blank(at, column, None, plain)
        elif isinstance(value, str):
            write_text(sheet, at, column, value, plain, risky)
        elif isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            sheet.write_datetime(at, column, moment, plain)
        else:
            sheet.write_number(at, column, value, plain)


def build(write: Callable[..., None], seed: int, *, formulas: bool) -> bytes:
    """A workbook with a sheet of drawn columns, between cells written one by one."""
    chance, stream = random.Random(seed), io.BytesIO()
    book = create_workbook(stream, "t", "c", date(2021, 1, 1))
    styles = Styles(book, Lang.FR)
    for name in ("one", "two"):
        sheet = add_sheet(book, name)
        height = chance.choice((0, 1, 5, 40))
        write_text(sheet, 0, 0, "Titre", styles.title)
        sheet.set_row(0, 24)
        for k in range(4):
            kind, source = chance.choice((("text", TEXTS), ("money", NUMBERS), ("day", DAYS)))
            values = [chance.choice((None, *source)) for _ in range(height)]
            write(sheet, 3, 2 * k, values, styles.get_cell_formats(kind, wrap=chance.random() < 0.5))
            write_text(sheet, 2, 2 * k, f"tête {k}", styles.get_head_format())
        if height:
            write_text(sheet, 3, 1, "between", styles.soft)
            sheet.write_formula(4, 2, "=SUM(A1:A2)", styles.get_total_format("money"), 3)
        style, values = styles.get_total_format("rate"), [0, 0.25, 1 / 3][: height and 3]
        formula = "=IF(N(Table[[#This Row],[a & b]])>0,1,0)"
        if formulas:
            sheet.write_formula_cells(3, 9, formula, values, style)
        else:
            for at, value in enumerate(values, start=3):
                sheet.write_formula(at, 9, formula, style, value)
        write_text(sheet, 3 + height, 0, "Total", styles.section)
    return close(book, stream)


def read_cells(data: bytes) -> list[Any]:
    """Every cell in the order of the file, with its text and its format."""
    package = zipfile.ZipFile(io.BytesIO(data))
    texts = [ElementTree.tostring(one) for one in parse(package, "xl/sharedStrings.xml")]
    formats = list_formats(parse(package, "xl/styles.xml"))
    result: list[Any] = []
    for number in (1, 2):
        for row in parse(package, f"xl/worksheets/sheet{number}.xml").iter(f"{SPACE}row"):
            result.append((row.get("r"), row.get("ht")))
            for cell in row:
                value, formula = cell.findtext(f"{SPACE}v"), cell.findtext(f"{SPACE}f")
                text = texts[int(value or 0)] if cell.get("t") == "s" else value
                result.append((cell.get("r"), formats[int(cell.get("s", 0))], cell.get("t"), text, formula))
        result.append(ElementTree.tostring(parse(package, f"xl/worksheets/sheet{number}.xml")[0]))
    return result


def list_formats(styles: ElementTree.Element) -> list[Any]:
    """The formats of cells, with their fonts and borders instead of the numbers of these."""
    parts = {
        key: [ElementTree.tostring(one) for one in styles.iter(f"{SPACE}{tag}")]
        for key, tag in (("fontId", "font"), ("fillId", "fill"), ("borderId", "border"))
    }
    codes = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{SPACE}numFmt")}
    result = []
    for one in list(styles.iter(f"{SPACE}xf"))[1:]:  # the first is that of all cell styles
        named = [parts[key][int(one.get(key, 0))] for key in parts]
        inner = [ElementTree.tostring(part) for part in one]
        result.append((codes.get(one.get("numFmtId")), one.get("quotePrefix"), named, inner))
    return result


def parse(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(package.read(name))


@pytest.mark.parametrize("seed", range(12))
def test_cells_are_those_written_one_by_one(seed: int) -> None:
    by_columns = read_cells(build(write_column, seed, formulas=True))
    assert by_columns == read_cells(build(write_one_by_one, seed, formulas=False))
    assert len(by_columns) > 10


def test_the_same_columns_give_the_same_bytes() -> None:
    assert build(write_column, 1, formulas=True) == build(write_column, 1, formulas=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_no_cell_can_hold_is_refused(value: float) -> None:
    book = create_workbook(io.BytesIO(), "t", "c", None)
    sheet, style = add_sheet(book, "one"), Styles(book, Lang.FR).get_cell_formats("money")
    with pytest.raises(ValueError, match="A2"):
        write_column(sheet, 0, 0, [1.0, value], style)
    with pytest.raises(ValueError, match="A1048577"):
        write_column(sheet, 1_048_575, 0, [1.0, 2.0], style)


def test_the_day_of_the_workbook_is_in_its_properties() -> None:
    package = zipfile.ZipFile(io.BytesIO(build(write_column, 2, formulas=True)))
    assert (
        datetime(2021, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT") in package.read("docProps/core.xml").decode()
    )
