"""The files that the ministries publish, read by the intake: no cell is lost, and the totals agree to the cent."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from support.paths import ROOT

from tnt_sim.ingest.intake.intake import Fate, Intake, read_intake

DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public data are not beside the project")


def read(name: str) -> Intake:
    return read_intake((DATA / name).read_bytes(), Path(name).suffix, name)


def count_rows(name: str, column: str) -> tuple[int, int, int]:
    """The lines, the filled cells with the headers, and the cents of one column, by the csv module alone."""
    text = (DATA / name).read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.split("\n", 1)[0] else ","))
    amounts = [Decimal(row[rows[0].index(column)].replace(",", ".")) for row in rows[1:]]
    return len(rows) - 1, sum(bool(cell.strip()) for row in rows for cell in row), int(sum(amounts) * 100)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("dgcl/projects_detr_dsil_digital_subset.csv", "grant"),
        pytest.param("dgcl/projects_detr_dsil_2018_2019.csv", "grant", marks=pytest.mark.slow),
        pytest.param("fonds_vert/fonds_vert_2023_source.csv", "montant_engage", marks=pytest.mark.slow),
    ],
)
def test_a_published_list_is_read_whole(name: str, column: str) -> None:
    intake = read(name)
    counts = intake.count_cells()
    n_lines, n_cells, cents = count_rows(name, column)
    assert (counts[Fate.LOST], sum(counts.values())) == (0, n_cells)
    assert (intake.dossiers.height, int(intake.cents.sum())) == (n_lines, cents)
    assert intake.dossiers["dossier"].is_unique().all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_lines", "cents", "asked"),
    [
        ("dgcl/projets_dotations_investissement_2019.xlsx", 24_811, 170_797_894_565, 0),
        ("dgcl/Projets_DI_2018.ods", 26_295, 162_645_709_837, 11),
    ],
)
def test_a_workbook_of_the_ministry_is_read_whole(name: str, n_lines: int, cents: int, asked: int) -> None:
    """The cells that are asked about are two unknown communes, a cost of three decimals, eight errors."""
    intake = read(name)
    counts = intake.count_cells()
    (table,) = [one for one in intake.sheets if one.reason is None]
    assert (counts[Fate.LOST], counts[Fate.QUESTIONED]) == (0, asked)
    assert sum(counts.values()) == sum(one.sheet.n_filled for one in intake.sheets)
    assert table.sheet.n_filled > n_lines * 10
    assert (intake.dossiers.height, int(intake.cents.sum())) == (n_lines, cents)
