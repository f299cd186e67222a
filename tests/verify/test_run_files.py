"""The files of a run folder in any shape: named, told in words, never a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.lanes import seeds
from support.run_folders.checked import codes, said
from support.run_folders.mutations import load, rehash, store

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.errors import DataError
from tnt_sim.verify.run_files import RUN_FILES, seal_log


@pytest.mark.parametrize("name", RUN_FILES)
def test_every_file_must_be_there(run: Path, name: str) -> None:
    (run / name).unlink()
    if name == "summary.json":
        with pytest.raises(DataError, match=r"n'a pas de summary\.json"):
            verify_run(run)
        return
    assert f"file:{name}" in codes(run)
    assert f"« {name} » manque" in said(run)[0]


@pytest.mark.parametrize("name", ["allocation.csv", "allocation.parquet", "certificate.json"])
def test_a_file_under_another_name(run: Path, name: str) -> None:
    (run / name).rename(run / f"x-{name}")
    assert any(f"Son contenu est dans « x-{name} »" in line for line in said(run))


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda text: "", "allocation.csv:columns", "manquent : dossier"),
        (lambda text: text + "a,b\n", "allocation.csv:rows", "a 2 cellules, et il en faut"),
        (lambda text: text.replace("granted", "donné", 1), "allocation.csv:columns",
         "manquent : granted ; en trop : donné"),
        (lambda text: "\n".join(text.split("\n")[:-2]) + "\n", "allocation.csv:rows", "manquent : "),
        (lambda text: text + text.split("\n")[1] + "\n", "allocation.csv:rows", "en double : D-2"),
        (lambda text: "\n".join([*text.split("\n")[:1], *text.split("\n")[2:0:-1], *text.split("\n")[3:]]),
         "allocation.csv:rows", "autre ordre"),
        (lambda text: text.replace("\n", "\r\n"), "file:allocation.csv", "n'est plus le fichier"),
        (lambda text: text + '"', "run-folder", "ne se lit pas"),
        (lambda text: text.replace("500.00", "500.01", 1), "allocation.csv:requested",
         "dit « 500.01 » pour « requested »"),
        (lambda text: text.replace("'=Toit", "=Toit"), "allocation.csv:title", "« '=Toit »"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hidden", seeds([True, False], 1))
def test_a_csv_of_any_shape(run: Path, change: Any, code: str, words: str, hidden: bool) -> None:
    file = run / "allocation.csv"
    file.write_bytes(change(file.read_text(encoding="utf-8")).encode())
    if hidden:
        rehash(run)
    assert code in codes(run)
    assert any(words in line for line in said(run))
    assert ("file:allocation.csv" in codes(run)) is (not hidden or code == "file:allocation.csv")


def test_a_csv_in_another_encoding(run: Path) -> None:
    file = run / "allocation.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1", errors="replace"))
    assert "run-folder" in codes(run)


@pytest.mark.parametrize("cut", [0, 3, 8, 11, 100, -1, -4, -9])
def test_a_parquet_of_any_length(run: Path, cut: int) -> None:
    file = run / "allocation.parquet"
    data = file.read_bytes()
    file.write_bytes(data[:cut])
    assert {"run-folder", "file:allocation.parquet"} <= set(codes(run))
    assert "tronqué" in "\n".join(said(run))
    file.write_bytes(data[:20] + b"\0" * (len(data) - 28) + data[-8:])
    assert "run-folder" in codes(run)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda t: t.drop("funded"), "allocation", "n'a pas de colonne « funded » (Boolean)"),
        (lambda t: t.with_columns(pl.col("granted_cents").cast(pl.Float64)), "allocation",
         "« granted_cents » (Int64)"),
        (lambda t: t.with_columns(pl.lit(None, pl.Boolean).alias("funded")), "allocation",
         "cellules vides (funded)"),
        (lambda t: t.head(-1), "allocation", "manque dans l'allocation"),
        (lambda t: pl.concat([t, t.head(1)]), "allocation", "figure deux fois"),
        (lambda t: t.with_columns(dossier=pl.col("dossier") + "x"), "allocation",
         "n'est pas un dossier du scénario"),
        (lambda t: t.reverse(), "allocation.parquet:rows", "autre ordre"),
        (lambda t: t.select(t.columns[::-1]), "allocation.parquet:columns", "autre ordre"),
        (lambda t: t.with_columns(more=1), "allocation.parquet:columns", "en trop : more"),
        (lambda t: t.with_columns(reason=pl.lit("Parce que.")), "allocation.parquet:reason", "« Parce que. »"),
        (lambda t: t.with_columns(reason_code=pl.lit("merit")), "allocation.parquet:reason_code", "« merit »"),
        (lambda t: t.with_columns(eligible=True), "allocation.parquet:eligible", "la relecture donne False"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hidden", seeds([True, False], 1))
def test_a_parquet_with_other_cells(run: Path, change: Any, code: str, words: str, hidden: bool) -> None:
    file = run / "allocation.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    if hidden:
        rehash(run)
    assert code in codes(run)
    assert any(words in line for line in said(run))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100_000, '{"a": "\udc80"}', "7"]
)
def test_a_summary_or_certificate_of_any_shape(run: Path, text: str) -> None:
    data = text.encode("utf-8", errors="surrogateescape")
    (run / "certificate.json").write_bytes(data)
    assert {"run-folder", "file:certificate.json"} <= set(codes(run))
    (run / "summary.json").write_bytes(data)
    with pytest.raises(DataError, match=r"« summary.json » ne se lit pas"):
        verify_run(run)


def test_a_key_given_twice_and_another_layout(run: Path) -> None:
    file = run / "summary.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace('"granted_cents"', '"granted_cents": 1, "granted_cents"', 1), encoding="utf-8"
    )
    with pytest.raises(DataError, match="duplicate key 'granted_cents'"):
        verify_run(run)
    file.write_text(json.dumps(json.loads(text), ensure_ascii=False), encoding="utf-8")
    assert codes(run) == ["file:summary.json"]
    summary = json.loads(text)
    store(run, {"title": summary.pop("title"), **summary})
    assert codes(run) == ["file:summary.json"]


@pytest.mark.parametrize("key", ["files", "document_sha256"])
def test_a_summary_that_binds_nothing(run: Path, key: str) -> None:
    summary = load(run)
    del summary[key]
    store(run, summary)
    assert "files" in codes(run)


def test_seconds_and_log_bind_each_other(run: Path) -> None:
    summary = load(run)
    summary["seconds"]["solve"] = 99.5
    store(run, summary)
    assert codes(run) == ["file:solver.log"]
    rehash(run)
    assert codes(run) == []
    log = run / "solver.log"
    text = log.read_text(encoding="utf-8")
    log.write_text(f"more\n{text}", encoding="utf-8")
    assert codes(run) == ["file:solver.log"]
    log.write_text(text[:-1], encoding="utf-8")
    assert codes(run) == ["file:solver.log"]
    log.write_bytes(b"\xff\xfe")
    assert codes(run) == ["run-folder"]


@pytest.mark.parametrize("log", ["", "one line", "one line\n", "two\nlines"])
def test_a_log_of_any_end_is_sealed(log: str) -> None:
    lines = seal_log(log, {"solve": 1.0}).split("\n")
    assert lines[-1] == ""
    assert "\n".join(lines[:-2]) == log.rstrip("\n")
    assert lines[-2] != seal_log(log, {"solve": 2.0}).split("\n")[-2]
