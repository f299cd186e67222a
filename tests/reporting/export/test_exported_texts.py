"""A spreadsheet that opens our files runs nothing, and our own reader gives every text back as it was."""

from __future__ import annotations

import csv
import io
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.cli.project_templates import build_dossiers_csv
from tnt_sim.engine.award_list import convert_to_csv
from tnt_sim.ingest.portfolio_reader import read_dossiers

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
FORMULA = 'HYPERLINK("http://x";1)'
TEXTS = [
    *(mark + FORMULA for mark in RISKY),
    *(first + second + "x" for first, second in product(RISKY, RISKY)),
    *(f"Titre{cut}{mark}1+1" for cut, mark in product((";", "\n", "\r\n", "\t", ";;"), "=+-@")),
    "'", "''", "L'école", "a'=b", "a;'b", "x - y", "prix : -5 %", "a;b;c", "« =1 »",
]  # fmt: skip


def exported(folder: Path, texts: list[str]) -> tuple[pl.DataFrame, Path]:
    n = len(texts)
    source = pl.DataFrame(
        {
            "dossier": [f"D{k}" for k in range(n)],
            "title": texts,
            "tags": [[text] for text in texts],
            "requested": [-0.0 if k % 2 else 1234.5 for k in range(n)],
            "score": [-2.5] * n,
        }
    )
    source.write_parquet(folder / "d.parquet")
    table = read_dossiers(folder / "d.parquet", shown_as="d.parquet").table
    decided = table.with_columns(
        pl.lit(value=True).alias("eligible"),
        pl.lit(value=False).alias("funded"),
        pl.lit(0, dtype=pl.Int64).alias("granted_cents"),
        pl.lit("@merit").alias("reason_code"),
        pl.lit("=reason").alias("reason"),
    )
    path = folder / "allocation.csv"
    convert_to_csv(decided, "Europe/Paris").write_csv(path)
    return table, path


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_cell_begins_a_formula(tmp_path: Path, delimiter: str) -> None:
    """Read as a spreadsheet reads it, with the delimiter of either habit; numbers are no formulas."""
    _, path = exported(tmp_path, TEXTS)
    cells = [
        cell
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), delimiter=delimiter)
        for cell in row
    ]
    risky = {cell for cell in cells if cell.startswith(RISKY)}
    assert {cell for cell in risky if not cell.removeprefix("-").replace(".", "").isdigit()} <= {"\n", "\r"}


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    _, path = exported(tmp_path, TEXTS[:4])
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["score"] for row in rows} == {"-2.5"}
    assert {row["requested"] for row in rows} == {"1234.50", "0.00"}


def test_the_reader_takes_the_prefix_off(tmp_path: Path) -> None:
    table, path = exported(tmp_path, TEXTS)
    again = read_dossiers(path, shown_as="allocation.csv").table
    for name in ("dossier", "title", "requested_cents", "score"):
        assert again[name].to_list() == table[name].to_list(), name
    assert [tags for tags in again["tags"].to_list() if "'" in "".join(tags)[:1]] == [["'"], ["''"]]


def test_the_example_has_nothing_to_guard() -> None:
    cells = [cell for row in csv.reader(io.StringIO(build_dossiers_csv())) for cell in row]
    assert not [cell for cell in cells if cell.startswith(RISKY)]
