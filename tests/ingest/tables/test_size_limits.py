"""Files that are out of all measure are refused before anything is built from them."""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.ingest.tables import csv_files as csv_limits
from tnt_sim.ingest.tables import parquet, sheet_marks
from tnt_sim.ingest.tables import zip_packages as package

HIDDEN_ROWS = '<table:table-row table:visibility="collapse" table:number-rows-repeated="9000000"/>'
HIDDEN_COLUMN = '<table:table-column table:visibility="collapse" table:number-columns-repeated="9000000"/>'
FORMULAS = (
    '<table:table-row table:number-rows-repeated="900"><table:table-cell table:number-columns-repeated="900" '
    'table:formula="of:=1" office:value-type="float" office:value="1"/></table:table-row>'
)


def refused(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as=name)
    return caught.value.defects[0].line(Lang.FR)


def workbook(edit: Callable[[xlsxwriter.worksheet.Worksheet], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("Dossiers")
    page.write(0, 0, "dossier")
    page.write(1, 0, "A")
    edit(page)
    book.close()
    return buffer.getvalue()


def ods(body: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="Dossiers">{body}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest='
            b'"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            "content.xml": content.encode(),
        }
    )


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_stray_cell_far_away_names_the_corner(tmp_path: Path) -> None:
    found = refused(tmp_path, "d.xlsx", workbook(lambda page: page.write(500, 16_000, "x")))
    assert found == (
        "too_many_cells d.xlsx — une feuille s'étend jusqu'à WQK501, mais n'a que 3 cellules écrites. Supprimez "
        "les lignes et les colonnes au-delà des données, ou enregistrez-la au format .csv."
    )


def test_a_large_and_well_filled_sheet_is_read(tmp_path: Path) -> None:
    def fill(page: xlsxwriter.worksheet.Worksheet) -> None:
        page.write_row(0, 0, ["dossier", *(f"c{k}" for k in range(399))])
        for row in range(1, 3_000):
            page.write_row(row, 0, [f"D{row}", *["x"] * (20 + row % 3)])

    path = tmp_path / "d.xlsx"
    path.write_bytes(workbook(fill))
    assert len(read_dossiers(path, shown_as="d.xlsx")) == 2_999


def test_many_small_parts_are_a_bomb_too(tmp_path: Path) -> None:
    parts = {f"xl/worksheets/s{k}.xml": b"<a>" + b" " * 900_000 + b"</a>" for k in range(40)}
    assert refused(tmp_path, "d.xlsx", packed(parts)).startswith("zip_bomb d.xlsx — ")


def test_the_ratio_holds_for_ods(tmp_path: Path) -> None:
    assert refused(tmp_path, "d.ods", ods("<!-- " + " " * 9_000_000 + "-->")).startswith("zip_bomb d.ods — ")


def test_repeats_are_not_laid_out(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>dossier</text:p></table:table-cell>'
    head = f"<table:table-row>{cell}</table:table-row>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = tmp_path / "d.ods"
    path.write_bytes(ods(HIDDEN_COLUMN * 2_000 + head + HIDDEN_ROWS * 300))
    assert len(read_dossiers(path, shown_as="d.ods")) == 0
    assert "too_many_cells" in refused(tmp_path, "d.ods", ods(head + FORMULAS * 300))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 300 * 1024


def test_csv_rows_of_too_many_cells_or_bytes(tmp_path: Path) -> None:
    header = b"dossier" + b",x" * csv_limits.MAX_COLUMNS + b"\n"
    assert refused(tmp_path, "d.csv", header) == (
        "too_many_cells d.csv:1:1 — une ligne de 16385 cellules : plus de 16384 ne sont pas lues. "
        "Vérifiez le séparateur."
    )
    long = b'dossier,title\nA,"' + b"x\n" * (csv_limits.MAX_ROW_BYTES // 2) + b'"\n'
    assert refused(tmp_path, "d.csv", long).startswith("too_long_row d.csv:2:1 — une ligne de 1048")


@pytest.mark.parametrize(
    ("module", "name", "limit", "code"),
    [(csv_limits, "MAX_BYTES", 10, "too_large"), (csv_limits, "MAX_CELLS", 3, "too_many_cells")],
)
def test_csv_bytes_and_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str, limit: int, code: str
) -> None:
    monkeypatch.setattr(module, name, limit)
    assert refused(tmp_path, "d.csv", b"dossier,title\nA,x\nB,y\n").startswith(f"{code} d.csv — ")


def test_workbook_bytes_and_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = workbook(lambda page: page.write(5, 5, "x"))
    monkeypatch.setattr(sheet_marks, "MAX_CELLS", 30)
    assert refused(tmp_path, "d.xlsx", good).startswith("too_many_cells d.xlsx — ")
    monkeypatch.setattr(package, "MAX_BYTES", 1_000)
    assert refused(tmp_path, "d.xlsx", good).startswith("zip_bomb d.xlsx — ")


def test_a_parquet_file_of_too_many_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    pl.DataFrame({"dossier": ["A", "B"], "title": ["x", "y"]}).write_parquet(data)
    monkeypatch.setattr(parquet, "MAX_CELLS", 3)
    assert refused(tmp_path, "d.parquet", data.getvalue()).startswith("too_many_cells d.parquet — 4 cellules")
