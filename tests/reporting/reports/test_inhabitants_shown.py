"""The inhabitants reached stand wherever a list is summed up, where the scenario names a map; elsewhere not."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from support.paths import ROOT
from support.run_folders.awkward_run import make_run
from support.workbook_pages import pages

from tnt_sim.analysis.batch.store import read_runs
from tnt_sim.app.page import Page
from tnt_sim.app.page_settings import describe_stages
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.reporting.workbook.workbook import build_workbook
from tnt_sim.scenario.load import load_scenario

TABLE = """\
dossier,envelope,applicant,applicant_id,applicant_type,requested,score
A,p,Acoua,97601,commune,1000,5
B,p,Bandraboua,97602,commune,1000,4
C,p,Bandrele,97603,commune,1000,3
"""
SCENARIO = """\
schema_version: 1
id: atteints
title: Communes atteintes
date: 2026-03-31
territory: {year: 2021}
programme: {id: p, amount: 2 000 €}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
"""
WITHOUT = SCENARIO.replace("territory: {year: 2021}\n", "")
RAW = pl.read_parquet(ROOT / "tnt_sim" / "data" / "territories-2021.parquet")
PEOPLE = dict(RAW.filter(pl.col("type") == "commune").select("code", "population").rows())
TITLE = {Lang.FR: "Habitants des communes atteintes", Lang.EN: "Inhabitants of the communes reached"}
SUMMARY, COMPARED = {Lang.FR: "Synthèse", Lang.EN: "Summary"}, {Lang.FR: "Comparaison", Lang.EN: "Comparison"}


@pytest.mark.parametrize("lang", Lang)
def test_workbooks_sum_inhabitants_only_with_a_map(tmp_path: Path, lang: Lang) -> None:
    run = open_stored(make_run(tmp_path / "a", SCENARIO, TABLE))
    other = open_stored(make_run(tmp_path / "b", SCENARIO.replace("2 000", "1 000"), TABLE))
    bare = open_stored(make_run(tmp_path / "c", WITHOUT, TABLE))
    people = run.summary["inhabitants"]
    assert (people, other.summary["inhabitants"]) == (PEOPLE["97601"] + PEOPLE["97602"], PEOPLE["97601"])
    book = pages(build_workbook(run, lang, other))
    heads, values = book[SUMMARY[lang]][3:5]
    assert values[heads.index(TITLE[lang])] == people
    pair = next(row for row in book[COMPARED[lang]] if row and row[0] == TITLE[lang])
    assert pair[3:5] == [people, other.summary["inhabitants"]]
    for alone in (build_workbook(bare, lang), build_workbook(run, lang, bare)):
        rows = [row for name, page in pages(alone).items() if name != SUMMARY[lang] for row in page]
        assert not [row for row in rows if TITLE[lang] in row]
    assert TITLE[lang] not in pages(build_workbook(bare, lang))[SUMMARY[lang]][3]


def test_the_answers_of_a_batch(tmp_path: Path) -> None:
    run = open_stored(make_run(tmp_path, SCENARIO, TABLE))
    for name, text in (("with", SCENARIO), ("without", WITHOUT)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "lot.yaml").write_text(
            f"base: {name}.yaml\nmatrix: {{programme.amount: [2 k€]}}\n", encoding="utf-8"
        )
        out = str(tmp_path / name)
        assert main(["batch", str(tmp_path / "lot.yaml"), "--out", out, "--executor", "serial"]) == 0
    assert read_runs(tmp_path / "with")["inhabitants"].to_list() == [run.summary["inhabitants"]]
    assert read_runs(tmp_path / "without")["inhabitants"].to_list() == [None]


@pytest.mark.parametrize("text", [SCENARIO, WITHOUT], ids=["map", "no map"])
def test_the_page_sums_inhabitants_only_with_a_map(tmp_path: Path, text: str) -> None:
    """Among the totals, and among the goals that may be added."""
    run = open_stored(make_run(tmp_path, text, TABLE))
    page = Page(load_scenario(tmp_path / "s.yaml"), Lang.FR)
    (amount,) = page.axes
    *_, reply = page.receive({"do": "amount", "id": amount.id, "value": "100000"})
    totals, shown = reply.document["parts"]["totals"], text is SCENARIO
    assert (TITLE[Lang.FR] in totals) == shown
    added = {
        one["name"] for stage in describe_stages(page.scenario, page.state, Lang.FR) for one in stage["more"]
    }
    assert ("inhabitants" in added) == shown
    if shown:
        poorer = format_integer(PEOPLE["97601"], Lang.FR)
        assert (
            f'{poorer}</dd><dd class="was">écrit : {format_integer(run.summary["inhabitants"], Lang.FR)}'
            in totals
        )
