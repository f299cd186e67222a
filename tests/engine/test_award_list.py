"""The CSV of a run: euros with two decimals, the contract's columns in order, nothing that a spreadsheet runs."""

from __future__ import annotations

import itertools
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.domain.portfolio import CANONICAL
from tnt_sim.engine import award_list
from tnt_sim.engine.award_list import (
    DECISION,
    convert_to_csv,
    encode_csv,
    guard_formulas,
    select_parquet_columns,
)
from tnt_sim.ingest.portfolio_reader import read_dossiers

TEXT = """\
dossier,title,cost,requested,score,filed_at,tags,extra
01,"'=HYPERLINK(1)",1234.56,1000,9.5,2021-03-01T10:00,a;b,x
2,'-2+3,0.05,,12,,,y
A3,"Été, place «du» marché",100,50.5,,2021-03-02T00:00,,z
"""


@pytest.fixture
def table(tmp_path: Path) -> pl.DataFrame:
    file = tmp_path / "dossiers.csv"
    file.write_text(TEXT, encoding="utf-8")
    rows = read_dossiers(file, shown_as="dossiers.csv").table
    return rows.with_columns(
        pl.Series("eligible", [True, False, True]),
        pl.Series("funded", [True, False, False]),
        pl.Series("granted_cents", [100_000, 0, 0], dtype=pl.Int64),
        pl.Series("reason_code", ["merit", "ineligible", "none_fits"]),
        pl.Series("reason", ["Retenu.", "Non éligible.", "@trop grand"]),
    )


def test_columns_and_cells(table: pl.DataFrame) -> None:
    shown = convert_to_csv(table, "Europe/Paris")
    assert shown.columns == [*CANONICAL, *DECISION]
    first = shown.row(0, named=True)
    assert first["dossier"] == "01"
    assert first["title"] == "'=HYPERLINK(1)"
    assert (first["cost"], first["requested"], first["score"]) == ("1234.56", "1000.00", "9.5")
    assert first["filed_at"] == "2021-03-01T10:00:00+01:00"
    assert first["tags"] == "a;b"
    assert (first["eligible"], first["funded"], first["granted"]) == ("true", "true", "1000.00")


def test_formulas_are_kept_from_running_and_come_back(table: pl.DataFrame, tmp_path: Path) -> None:
    shown = convert_to_csv(table, "Europe/Paris")
    by_name = {row["dossier"]: row for row in shown.rows(named=True)}
    assert by_name["2"]["title"] == "'-2+3"
    assert by_name["2"]["reason"] == "'@trop grand"
    file = tmp_path / "allocation.csv"
    shown.write_csv(file)
    again = read_dossiers(file, shown_as="allocation.csv").table
    for name in ("dossier", "title", "cost_cents", "requested_cents", "score", "filed_at", "tags"):
        assert again[name].to_list() == table[name].to_list(), name


def test_small_amounts_keep_their_zeros(table: pl.DataFrame) -> None:
    cells = convert_to_csv(table, "Europe/Paris")
    assert cells.filter(pl.col("dossier") == "2")["cost"].item() == "0.05"


def test_parquet_keeps_further_columns_and_no_row_marks(table: pl.DataFrame) -> None:
    names = select_parquet_columns(table).columns
    assert "extra" in names
    assert "granted_cents" in names
    assert not [name for name in names if name.startswith("_")]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_file_does_not_depend_on_how_many_rows_are_text_at_once(
    table: pl.DataFrame, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows need no guard, one does; a column is empty in some parts only."""
    monkeypatch.setattr(award_list, "CSV_ROWS", size)
    whole = convert_to_csv(table, "Europe/Paris").write_csv().encode()
    assert b"".join(encode_csv(table, "Europe/Paris")) == whole
    assert b"".join(encode_csv(table.head(0), "Europe/Paris")) == whole.partition(b"\n")[0] + b"\n"


MARKS = ["", "=", "+", "-", "@", "\t", "\r", "\n", ";", "a", "'", "$1"]


def test_every_cell_that_may_run_is_guarded() -> None:
    """Each text of three marks at most, against the rule: a cell begins, or is cut, before a formula."""
    texts = ["".join(marks) for marks in itertools.product(MARKS, repeat=3)]
    found = pl.DataFrame({"text": texts}).select(guard_formulas(pl.col("text")).alias("text"))["text"]
    for text, cell in zip(texts, found, strict=True):
        wanted, k = "", 0
        while k < len(text):
            cut = text[k] in ";\t\r\n" and text[k + 1 : k + 2] in ("=", "+", "-", "@", "\t")
            wanted += f"{text[k]}'{text[k + 1]}" if cut else text[k]
            k += 1 + cut
        wanted = f"'{wanted}" if wanted.startswith(award_list.FORMULA_PREFIX) else wanted
        assert (cell or "") == wanted, repr(text)
