"""An open question from `validate` to the signed list: listed, refused at the acts, decided, signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

SCENARIO = """schema_version: 1
id: t
title: T
date: 2026-03-31
dossiers: [{file: d.csv}]
programme: {id: p, title: P, amount: 1 500 €}
eligibility: [{id: avis, title: Avis favorable, require: {"Avis DDT": Favorable}}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
"""
TABLE = """dossier,requested,cost,score,Avis DDT
A,500,1000,1,Favorable
B,500,1000,1,favorable
C,500,1000,1,
"""
ACCEPT = 'accept: [{id: "not_given/avis", count: 1, reason: "avis jamais rendu", author: "SGAR"}]'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def test_variants_and_blanks_as_the_planner_sees_them(tnt: Run, folder: Path) -> None:
    document = tnt("validate", "s.yaml", "--json").document
    assert document["n_eligible"] == 2
    (question,) = document["open_questions"]
    assert (question["id"], question["count"], question["dossiers"]) == ("not_given/avis", 1, ["C"])
    assert 'accept: [{id: "not_given/avis", count: 1,' in question["way_out"]
    assert document["checks"][0]["n_not_given"] == 1
    told = tnt("validate", "s.yaml", "--lang", "en").plain.replace("\n", " ")
    assert 'read as one value: "Favorable" (1), "favorable" (1)' in told
    assert "Avis favorable (not given: 1)" in told


def test_the_whole_round(tnt: Run, folder: Path) -> None:
    run = Path(tnt("run", "s.yaml", "--json").document["run_dir"])
    assert "C,C," in (run / "allocation.csv").read_text(encoding="utf-8")
    assert ",not_given,non renseigné : Avis DDT (exigé" in (run / "allocation.csv").read_text(
        encoding="utf-8"
    )
    for words in (
        ("sign", run, "--as", "liste-1", "--unproven"),
        ("export", run, "--format", "publipostage", "--unproven"),
        ("export", run, "--format", "arrete"),
    ):
        said = tnt(*words)
        assert said.code == 2
        assert 'accept: [{id: "not_given/avis", count: 1,' in said.err
        assert "ces cellules" in said.err
        in_english = tnt(*words, "--lang", "en").err
        assert "these cells" in in_english
        assert "ces cellules" not in in_english
    assert tnt("export", run, "--format", "csv").code == 0

    (folder / "s.yaml").write_text(SCENARIO + ACCEPT + "\n", encoding="utf-8")
    decided = Path(tnt("run", "s.yaml", "--json").document["run_dir"])
    for words in (
        ("export", decided, "--format", "arrete"),
        ("export", decided, "--format", "publipostage"),
        ("sign", decided, "--as", "liste-1"),
        ("verify", decided),
    ):
        said = tnt(*words)
        assert said.code == 0, said.err
    explained = tnt("explain", decided, "C").plain
    assert "Non éligible, faute de réponse : non renseigné : Avis DDT" in explained


def test_filling_the_cell_settles_it_too(tnt: Run, folder: Path) -> None:
    (folder / "d.csv").write_text(TABLE.replace("C,500,1000,1,", "C,500,1000,1,FAVORABLE"), encoding="utf-8")
    document = tnt("run", "s.yaml", "--json").document
    assert document["open_questions"] == []
    assert document["n_funded"] == 3
    assert tnt("sign", document["run_dir"], "--as", "liste-1").code == 0


def test_no_note_given_and_money_idle(tnt: Run, folder: Path) -> None:
    notes = SCENARIO.replace("{score: 1}", "{merite: 1}").replace(
        "grants:", "measures: {merite: {column: note, empty: 0}}\ngrants:"
    )
    (folder / "s.yaml").write_text(notes.replace("eligibility", "# eligibility"), encoding="utf-8")
    (folder / "d.csv").write_text("dossier,requested,cost,note\nA,500,900,12.5\nB,500,900,\nC,500,900,14\n")
    document = tnt("run", "s.yaml", "--json").document
    text = (Path(document["run_dir"]) / "allocation.csv").read_text(encoding="utf-8")
    assert "Aucune valeur n'est donnée (note) : il compte pour zéro dans l'objectif." in text
    assert any(warning.startswith("idle-money") and "(B ;" in warning for warning in document["warnings"])
    explained = tnt("explain", document["run_dir"], "B", "--lang", "en").plain
    assert "no value is given (note), it counts as zero in the objective" in explained
    assert tnt("verify", document["run_dir"]).code == 0


def test_no_advice_on_what_nobody_can_change(tnt: Run, folder: Path) -> None:
    asked = SCENARIO.replace('{"Avis DDT": Favorable}', "{population: {above: 500000}}")
    (folder / "s.yaml").write_text(asked, encoding="utf-8")
    (folder / "d.csv").write_text("dossier,requested,cost,score,population\nA,500,900,1,119344\n")
    run = tnt("run", "s.yaml", "--json").document["run_dir"]
    explained = tnt("explain", run, "A").plain
    assert "population : 119 344 ; exigé : la population dépasse 500 000" in explained
    assert "380 657" not in explained
