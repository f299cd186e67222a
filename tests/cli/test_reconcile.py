"""`reconcile` from the outside: lists, totals, JSON with its schema, CSV and XLSX, languages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from support.command_line import Run

from tnt_sim.api.schemas import read_schema
from tnt_sim.cli.main import main
from tnt_sim.ingest.portfolio_reader import read_plain

SCENARIO = """\
schema_version: 1
id: equipement
date: 2026-03-31
locale: fr
programme: {id: tout, amount: "40 000,50 €"}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
TABLE = """\
dossier,title,applicant,applicant_id,requested,cost,score
101,École,Commune de Vals,21010001600015,"12000.50",24001,9
102,Mairie,Commune de Bois,,"13000",26000,8
103,Stade,Commune de Pré,,"5000",40000,7
104,Salle,Commune de Pré,,"5000",20000,7
105,Pont,Commune de Mer,,"5000",20000,7
106,Halle,Commune d’Aix,,"90000",90000,1
"""
CHORUS = """\
N° EJ;Fournisseur payé (DP);Code taxe 1;Montant payé;Libellé
21;VALS;21010001600015;3 600,15;acompte
22;VALS;21010001600015;8 400,35;solde
23;BOIS;#;12 999,99;DS-102
24;COMMUNE DE PRE;#;5 000,00;a
25;=PRE;#;70,00;halle DS 106
Total;;;30 070,49;
"""


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reconcile")
    for name, text in (("scenario.yaml", SCENARIO), ("table.csv", TABLE), ("chorus.csv", CHORUS)):
        (folder / name).write_text(text, encoding="utf-8")
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    return next((folder / "runs").glob("*-*"))


def test_every_decision_and_line_is_in_one_list(tnt: Run, run_dir: Path) -> None:
    said = tnt("reconcile", run_dir, run_dir.parents[1] / "chorus.csv", "--json")
    found = said.document
    jsonschema.validate(found, json.loads(read_schema("reconcile")))
    totals = {one.pop("list"): tuple(one.values()) for one in found["totals"]}
    assert totals == {
        "matched": (1, 1_200_050, 2, 1_200_050),
        "other_amount": (1, 1_300_000, 1, 1_299_999),
        "without_line": (1, 500_000, 0, 0),
        "without_decision": (0, 0, 1, 7_000),
        "doubtful": (2, 1_000_000, 1, 500_000),
        "all": (5, 4_000_050, 5, 3_007_049),
    }
    assert (said.code, found["status"]) == (0, "differs")
    assert found["matched"][0]["lines"] == [2, 3]
    assert found["other_amount"][0]["difference_cents"] == -1
    assert found["without_line"][0]["dossier"] == "105"
    assert found["without_decision"][0]["names"] == "106"
    assert [one["why"] for one in found["doubtful_decisions"]] == ["tie", "tie"]
    assert found["set_aside"] == [{"line": 7, "text": "Total", "cents": 3_007_049, "why": "total"}]


def test_the_page_is_french_and_tables_add_up(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    lines = run_dir.parents[1] / "chorus.csv"
    said = tnt(
        "reconcile", run_dir, lines, "--table", tmp_path / "lists.csv", "--out", tmp_path / "page.html"
    )
    assert "Décision sans ligne" in said.plain
    assert "lus dans la colonne" in said.plain
    assert "Décision sans ligne" in (tmp_path / "page.html").read_text(encoding="utf-8")
    rows = list(
        csv.DictReader((tmp_path / "lists.csv").read_text(encoding="utf-8-sig").splitlines(), delimiter=";")
    )
    assert sum(round(float(one["Accordé"].replace(",", ".") or 0) * 100) for one in rows) == 4_000_050
    assert sum(round(float(one["Montant"].replace(",", ".") or 0) * 100) for one in rows) == 3_007_049
    assert "'=PRE" in {one["Fournisseur"] for one in rows}
    assert (
        tnt("reconcile", run_dir, lines, "--table", tmp_path / "lists.xlsx", "--lang", "en", "--quiet").code
        == 0
    )
    sheet = read_plain(tmp_path / "lists.xlsx", shown_as="lists.xlsx")
    assert sheet.height == 5 + 2 + 1
    assert "Amount" in sheet.columns


def test_a_file_that_agrees_says_so(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "lignes.csv"
    path.write_text("objet;total\n101;12000,50\n102;13000\n", encoding="utf-8")
    words = ("reconcile", run_dir, path, "--column", "amount=total", "--column", "reference=objet", "--json")
    found = tnt(*words).document
    assert [one["evidence"] for one in found["matched"]] == ["number", "number"]
    grants = {101: "12000,50", 102: 13000, 103: 5000, 104: 5000, 105: 5000}
    rows = "".join(f"{dossier};{amount}\n" for dossier, amount in grants.items())
    path.write_text(f"objet;total\n{rows}", encoding="utf-8")
    assert tnt(*words).document["status"] == "agrees"
    path.write_text(f"objet;total\n{rows}Total;41000\n", encoding="utf-8")
    found = tnt(*words).document
    assert (found["status"], found["set_aside"][0]["why"]) == ("differs", "other_total")
    assert "mais un total du fichier" in tnt(*words[:-1]).plain


def test_a_run_in_another_currency_is_refused(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    for name, text in (
        ("scenario.yaml", SCENARIO.replace(" €", "") + "currency: GBP\n"),
        ("table.csv", TABLE),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert tnt("run", tmp_path / "scenario.yaml", "--quiet").code == 0
    run = next((tmp_path / "runs").glob("*-*"))
    said = tnt("reconcile", run, run_dir.parents[1] / "chorus.csv", "--json")
    assert (said.code, "usage.currency" in said.out) == (2, True)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--column", "amout=x"), "usage.column"),
        (("--table", "lists.txt"), "usage.table"),
        (("--table", "lists.xlsx", "--out", "./lists.xlsx"), "usage.table"),
        (("--column", "amount=Absent"), "accounting_column"),
    ],
)
def test_mistakes_are_answered(tnt: Run, run_dir: Path, more: tuple[str, ...], code: str) -> None:
    said = tnt("reconcile", run_dir, run_dir.parents[1] / "chorus.csv", *more, "--json")
    assert said.code in (2, 3)
    assert code in said.out
