"""The page of a batch: what failed is told in the reader's language, also from stores of before."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tnt_sim.analysis.batch.runner import build_failed_record
from tnt_sim.analysis.batch.store import read_runs
from tnt_sim.analysis.shared.result_store import RUNS
from tnt_sim.cli.main import main

MATRIX = "{programme.amount: [60 k€, 40 k€], envelopes.a.amount: [30 k€]}"


def page(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["batch", str(folder / "lot.yaml"), "--out", str(folder / "out"), "--executor", "serial", *words])
    return " ".join(capsys.readouterr().out.split())


def test_a_failure_is_told_in_the_readers_language(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lot.yaml").write_text(f"base: petit.yaml\nmatrix: {MATRIX}\n", encoding="utf-8")
    french, english = page(folder, capsys), page(folder, capsys, "--lang", "en")
    assert "40 k€, 30 k€ a échoué (children-exceed)" in french
    assert "les enveloppes de « p » font" in french
    assert "the envelopes of" not in french
    assert 'the envelopes of "p" come to' in english
    assert "1 est en échec." in french
    row = read_runs(folder / "out").row(1, named=True)
    assert " ".join(row["error"].split()) in english
    assert " ".join(row["error_fr"].split()) in french


def test_what_cannot_hold_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    floor = "{rules.plafond.min: [13.2 k€], rules.plafond.max: [13.2 k€]}"
    (folder / "lot.yaml").write_text(f"base: petit.yaml\nmatrix: {floor}\n", encoding="utf-8")
    told = page(folder, capsys)
    assert "aucune répartition possible (prouvé)" in told
    assert told.startswith("1 scénario sur 1.")


def test_a_store_of_before_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lot.yaml").write_text(f"base: petit.yaml\nmatrix: {MATRIX}\n", encoding="utf-8")
    page(folder, capsys)
    (file,) = (folder / "out" / RUNS).glob("*.parquet")
    pl.read_parquet(file).drop("error_fr").write_parquet(file)
    found = read_runs(folder / "out")
    assert found["error_fr"].to_list() == [None, None]
    assert "envelopes of" in found["error"][1]


def test_a_case_that_ends_its_workers_is_told_in_words(folder: Path) -> None:
    from tnt_sim.analysis.batch.plan import read_plan

    case = read_plan([folder / "lot.yaml"]).cases[0]
    record = build_failed_record(case, "crashed")
    assert record.error_code == "crashed"
    assert "mémoire" in (record.error_fr or "")
    assert build_failed_record(case, "TypeError: x").error_fr == "TypeError: x"
