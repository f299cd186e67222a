"""The quick look at a sheet's XML: never another answer than the parser's, and never a smaller area."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.ingest.tables import sheet_marks
from tnt_sim.ingest.tables.raw_table import format_letters
from tnt_sim.ingest.tables.sheet_marks import TooManyCells, read_xlsx_marks

ADDRESS = st.builds(lambda c, r: f"{format_letters(c)}{r}", st.integers(0, 30), st.integers(1, 60))
CELLS = st.one_of(
    st.builds(lambda a, v: f'<c r="{a}"><v>{v}</v></c>', ADDRESS, st.integers(0, 999)),
    st.builds(
        lambda a, t: f'<c r="{a}" t="inlineStr"><is><t>{t}</t></is></c>',
        ADDRESS,
        st.text("abc:c 12", min_size=1),
    ),
    st.builds(lambda a: f'<c r="{a}" s="3"/>', ADDRESS),
    st.builds(lambda a: f'<c s="1" r="{a}"><v>1</v></c>', ADDRESS),
    st.builds(lambda a: f"<c r='{a}'><v>1</v></c>", ADDRESS),
    st.just("<c><v>1</v></c>"),
)


def sheet(*cells: str) -> bytes:
    return f"<worksheet><cols><col/></cols><sheetData>{''.join(cells)}</sheetData></worksheet>".encode()


@given(st.lists(CELLS, max_size=8))
def test_the_area_is_the_parsers(cells: list[str]) -> None:
    xml = sheet(*cells)
    scan = sheet_marks._XlsxScan()
    scan.run(xml)
    plain = sheet_marks._scan_plain_area(xml)
    if plain is None:
        assert any('<c r="' not in cell for cell in cells)
        return
    height, width, n_written = plain
    assert height >= scan.height
    assert width >= scan.width
    assert n_written == scan.n_written
    if not any("/>" in cell for cell in cells):
        assert (height, width) == (scan.height, scan.width)


@pytest.mark.parametrize("address", ["A", "1", "AAAA1", "A12345678", "a1", "A-1", "A0", "1A", "A1B", ""])
def test_what_is_no_address_goes_to_the_parser(address: str) -> None:
    assert sheet_marks._scan_plain_area(sheet(f'<c r="{address}"><v>1</v></c>')) is None


def test_a_coloured_cell_far_away_is_no_area() -> None:
    assert not read_xlsx_marks(sheet('<c r="A1"><v>1</v></c>', '<c r="XFD1048576" s="3"/>')).formulas
    with pytest.raises(TooManyCells):
        read_xlsx_marks(sheet('<c r="A1"><v>1</v></c>', '<c r="XFD1048576"><v>1</v></c>'))
    with pytest.raises(TooManyCells):
        read_xlsx_marks(sheet('<c r="A1"><v>1</v></c>', '<c  r="XFD1048576"><v>1</v></c>'))
