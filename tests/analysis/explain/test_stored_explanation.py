"""The explanation kept in a run folder: read as it was computed, never trusted beyond the decision."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.paths import ROOT
from support.run_folders.small_runs import EVERY, run_of

from tnt_sim.analysis.explain.document import CLAIMED_FIGURE, ExplainDocument, OpenChange
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.explain.explanation_check import check_facts, read_checked, read_checked_run
from tnt_sim.analysis.explain.stored_explanation import (
    read_of_decision,
    store_explanation,
)
from tnt_sim.analysis.shared.decided_run import DecidedRun, of_run
from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.cli.main import main
from tnt_sim.disk import encode_parquet
from tnt_sim.documents import dump_document
from tnt_sim.engine.run_folder.explanation_file import FILES, HEAD, OTHER_CODE, OTHER_DECISION, TABLE
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.run_files import hash_file
from tnt_sim.verify.verification import Standing

DATA = """dossier,requested,score,population,department
1,600.50,10,900,01
2,500,9.5,900,01
3,800,8.25,900,02
4,100.10,7,12,02
5,300,5,900,03
6,300,5,900,03
7,300,6,900,03
"""
SCENARIO = """schema_version: 1
id: petit
date: 2021-11-22
programme: {id: tout, amount: 1 500 €}
dossiers: [{file: table.csv}]
eligibility:
  - {id: taille, require: {population: {above: 500}}, reason: Trop petit, source: "Décret, art. 3"}
rules:
  - {id: plancher-03, kind: limit, measure: dossiers, where: {department: "03"}, min: 1}
  - {id: jury, kind: decide, refuse: ["7"], reason: Doublon, author: Jury}
objective: [{maximise: {score: 1}}]
"""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one run, explained."""
    folder = tmp_path_factory.mktemp("explained")
    (folder / "table.csv").write_text(DATA, encoding="utf-8")
    (folder / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    assert main(["run", str(folder / "petit.yaml"), "--quiet"]) == 0
    run = next((folder / "runs").glob("*-*"))
    assert main(["explain", str(run), "--all", "--quiet"]) == 0
    return folder


@pytest.fixture
def run(honest: Path, tmp_path: Path) -> Path:
    shutil.copytree(honest, tmp_path / "project")
    return next((tmp_path / "project" / "runs").glob("*-*"))


def dump(document: Any) -> dict[str, Any]:
    """The document without what says where it comes from and how long it took."""
    return {
        key: value for key, value in dump_document(document).items() if key not in ("read_from", "seconds")
    }


def change_table(run: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Rewrite the table, with the hash that makes it fit."""
    table = change(pl.read_parquet(run / TABLE))
    (run / TABLE).write_bytes(encode_parquet(table))
    change_head(run, lambda head: {**head, "table_sha256": hash_file(run / TABLE)})


def change_head(run: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    head = change(json.loads((run / HEAD).read_text(encoding="utf-8")))
    (run / HEAD).write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")


def set_cell(column: str, dossier: str, value: Any) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(table: pl.DataFrame) -> pl.DataFrame:
        cell = pl.when(pl.col("dossier") == dossier).then(pl.lit(value)).otherwise(pl.col(column))
        return table.with_columns(cell.cast(table.schema[column]).alias(column))

    return change


def replace_text(column: str, before: str, after: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(table: pl.DataFrame) -> pl.DataFrame:
        changed = table.with_columns(pl.col(column).str.replace(before, after, literal=True))
        assert not changed.equals(table), "the mutation changes nothing"
        return changed

    return change


@pytest.mark.parametrize("lang", list(Lang))
def test_the_stored_document_is_the_computed_one(honest: Path, lang: Lang) -> None:
    decided = of_run(next((honest / "runs").glob("*-*")))
    computed = explain(decided, everyone=True, lang=lang).data
    stored, files = read_of_decision(decided, lang, None)
    assert stored is not None
    assert files.usable
    assert json.dumps(dump(stored)) == json.dumps(dump(claim(computed)))
    assert any(entry.changes for entry in computed.dossiers)
    assert stored == read_checked(decided, lang, None)[0]
    own, _ = read_checked_run(open_stored(next((honest / "runs").glob("*-*"))), lang, None)
    assert dump(own) == dump(stored)


def claim(document: ExplainDocument) -> ExplainDocument:
    """The document as its file tells it: nothing there shows what would fund an application."""
    assert document.verification is not None
    entries = [
        replace(
            entry,
            changes=tuple(
                one if isinstance(one, OpenChange) else replace(one, proof=CLAIMED_FIGURE)
                for one in entry.changes
            ),
        )
        for entry in document.dossiers
    ]
    record = replace(document.verification, explanation=Standing.CLAIMED)
    return replace(document, dossiers=entries, verification=record)


@pytest.mark.parametrize("name", EVERY)
def test_every_kind_of_entry_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    decided = of_run(run_of(name, tmp_path))
    computed = explain(decided, everyone=True, seconds=5).data
    assert store_explanation(decided.run_dir or tmp_path, computed, 5.0)
    stored, _ = read_of_decision(decided, Lang(computed.lang), 5.0)
    assert stored is not None
    assert dump(stored) == dump(claim(computed))
    assert list_classes(stored) == list_classes(computed)
    assert check_facts(decided, stored) == []


def list_classes(document: ExplainDocument) -> list[type]:
    return [type(change) for entry in document.dossiers for change in entry.changes]


def test_one_dossier_takes_effects_and_reserve_from_the_folder(honest: Path) -> None:
    decided = of_run(next((honest / "runs").glob("*-*")))
    known, _ = read_of_decision(decided, Lang.FR, None)
    for name in "1234567":
        assert dump(explain(decided, [name], known=known).data) == dump(explain(decided, [name]).data)
    assert dump(explain(decided, known=known).data) == dump(explain(decided).data)


def test_the_run_itself_does_not_change(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    assert main(["report", str(run), "--out", str(run.parents[1] / "a.html"), "--quiet"]) == 0
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
    for name in FILES:
        (run / name).unlink()
    assert main(["report", str(run), "--out", str(run.parents[1] / "b.html"), "--quiet"]) == 0
    after = {file.name: file.read_bytes() for file in run.iterdir()}
    assert after[TABLE] == before[TABLE]
    assert {name: data for name, data in after.items() if name not in FILES} == {
        name: data for name, data in before.items() if name not in FILES
    }
    read, computed = (((run.parents[1] / name).read_text(encoding="utf-8")) for name in ("a.html", "b.html"))
    assert ("tels que le calcul les énonce" in read, "tels que le calcul les énonce" in computed) == (
        True,
        False,
    )
    capsys.readouterr()
    assert main(["verify", str(run), "--lang", "en"]) == 0
    assert "are as the run states them" in " ".join(capsys.readouterr().out.split())


def test_every_verb_tells_claims_as_claims(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "(as the run states it; not checked here)"
    out = run.parents[1] / "out"
    assert main(["explain", str(run), "--all", "--lang", "en"]) == 0
    assert words in " ".join(capsys.readouterr().out.split())
    assert main(["explain", str(run), "--all", "--lang", "en", "--out", f"{out}.html", "--quiet"]) == 0
    assert words in Path(f"{out}.html").read_text(encoding="utf-8")
    assert main(["explain", str(run), "--all", "--again", "--lang", "en"]) == 0
    assert words not in " ".join(capsys.readouterr().out.split())
    assert main(["transparency", str(run), "--out", str(out), "--lang", "en", "--quiet"]) == 0
    sheets = [file.read_text(encoding="utf-8") for file in (out / "sheets").glob("*.html")]
    assert any("not computed again for this sheet" in text for text in sheets)
    assert all("are as the run states them" in text for text in sheets)
    for name in ("publipostage", "demarche"):
        file = run.parents[1] / f"{name}.csv"
        options = ["--format", name, "--out", str(file), "--lang", "en", "--quiet"]
        assert main(["export", str(run), *options]) == 0
        assert "are as the run states them" in file.read_text(encoding="utf-8-sig")


def test_the_raw_reader_has_one_caller() -> None:
    """All that is shown of a stored explanation goes through `read_checked`, which computes the facts again."""
    callers = [
        path.stem
        for path in (ROOT / "tnt_sim").rglob("*.py")
        if "read_of_decision(" in path.read_text(encoding="utf-8").replace("def read_of_decision(", "")
        and path.parts[-2:] != ("cli", "stored_explanation.py")
        and path.parts[-2:] != ("commands", "explain.py")
    ]
    assert callers == ["explanation_check"]


FORGERIES: dict[str, Callable[[Path], None]] = {
    "granted": lambda run: change_table(run, set_cell("granted_cents", "1", 1)),
    "funded": lambda run: change_table(run, set_cell("funded", "3", value=True)),
    "dossier": lambda run: change_table(run, set_cell("dossier", "3", "1")),
    "left out": lambda run: change_table(run, lambda table: table.filter(pl.col("dossier") != "3")),
    "asked": lambda run: change_table(run, set_cell("asked_cents", "3", 1)),
    "reason code": lambda run: change_table(run, set_cell("reason_code", "4", "committed")),
    "words of the run": lambda run: change_table(run, set_cell("reason", "4", "Refusé par le maire.")),
    "requirement": lambda run: change_table(run, replace_text("missed", '"12"', '"13"')),
    "margin": lambda run: change_table(run, replace_text("margin", '"left_cents":', '"left_cents":1')),
    "decision": lambda run: change_table(run, replace_text("decision", "Jury", "Maire")),
    "no text": lambda run: change_table(run, replace_text("changes", "[[", "[")),
    "unknown class": lambda run: change_table(run, replace_text("changes", '[["', '[["X')),
    "sum of a change": lambda run: change_table(run, replace_text("changes", '"by_cents":', '"by_cents":1')),
    "column": lambda run: change_table(run, lambda table: table.drop("margin")),
    "reserve": lambda run: change_head(run, lambda head: {**head, "reserve": head["reserve"][1:]}),
    "counts": lambda run: change_head(run, lambda head: {**head, "reasons": {}}),
    "effects": lambda run: change_head(
        run, lambda head: {**head, "rules": [{**head["rules"][0], "enters": ["99"]}]}
    ),
    "keys": lambda run: change_head(run, lambda head: {**head, "more": 1}),
    "hash": lambda run: (run / TABLE).write_bytes((run / TABLE).read_bytes()[:-1]) and None,
    "half": lambda run: (run / HEAD).unlink(),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_explanation_is_refused(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(run), "--quiet"]) == 0
    FORGERIES[name](run)
    assert main(["verify", str(run), "--quiet"]) == 1
    assert read_checked_run(open_stored(run), Lang.EN, None)[0] is None, (
        "sheets and letters read no more of it"
    )
    capsys.readouterr()
    assert main(["explain", str(run), "3", "--lang", "en"]) == 0
    assert "The explanation in the run folder is not used" in capsys.readouterr().err
    assert main(["explain", str(run), "--all", "--again", "--quiet"]) == 0
    assert main(["verify", str(run), "--quiet"]) == 0


def test_a_forged_amount_is_not_shown(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_table(run, set_cell("granted_cents", "1", 1))
    out = run.parents[1] / "page.html"
    assert main(["report", str(run), "--out", str(out), "--lang", "en"]) == 0
    assert 'the explanation of "1" is not of what the run decides' in capsys.readouterr().err
    assert main(["verify", str(run), "--quiet"]) == 0  # it was computed anew, and kept


@pytest.mark.parametrize(("key", "why"), [("code_sha256", OTHER_CODE), ("allocation_sha256", OTHER_DECISION)])
def test_a_stale_explanation_is_named_and_not_used(
    run: Path, key: str, why: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change_head(run, lambda head: {**head, key: "0" * 64})
    stored, files = read_of_decision(of_run(run), Lang.EN, None)
    assert stored is None
    assert files.stale == why
    assert not files.defects
    assert main(["verify", str(run), "--lang", "en"]) == 0
    assert why.in_(Lang.EN) in capsys.readouterr().err
    assert main(["explain", str(run), "3", "--lang", "en"]) == 0
    assert why.in_(Lang.EN) in capsys.readouterr().err


def test_what_a_limit_ended_serves_shorter_limits_only(run: Path) -> None:
    decided = of_run(run)
    whole = explain(decided, everyone=True).data
    progress = ProgressEntry(done=2, of=7, unit="dossiers")
    assert not store_explanation(run, replace(whole, stopped_by="interrupt", progress=progress), 2.0)
    part = replace(whole, stopped_by="time", progress=progress, dossiers=whole.dossiers[:4])
    assert store_explanation(run, part, 2.0)
    for limit, is_read in ((1.0, True), (2.0, True), (3.0, False), (None, False)):
        stored, files = read_of_decision(decided, Lang.FR, limit)
        assert files.usable
        assert (stored is not None) is is_read
    stored, _ = read_of_decision(decided, Lang.FR, 2.0)
    assert stored is not None
    assert dump(stored) == dump(claim(part))
    assert check_facts(decided, replace(stored, reasons=count(stored.dossiers))) == []


def count(entries: Any) -> dict[str, int]:
    codes = sorted(entry.reason_code for entry in entries)
    return {code: codes.count(code) for code in codes}


def test_a_decision_without_a_folder_has_no_stored_explanation(honest: Path) -> None:
    decided: DecidedRun = replace(of_run(next((honest / "runs").glob("*-*"))), run_dir=None)
    assert read_of_decision(decided, Lang.FR, None)[0] is None
