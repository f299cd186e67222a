"""Conflicts, audits and alternatives as pages and workbooks: from the command and from Python."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import escape, unescape
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from support.report_nodes import iterate_nodes

import tnt_sim as tnt
from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.report_tree import WIDE, Chart
from tnt_sim.reporting.text.vocabulary import label_dossier
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report

TABLE = """dossier,title,department,applicant_type,population,requested,cost,score
1,École <b>,01,commune,900,500,900,10
2,Pont,02,commune,9000,500,800,10
3,Mairie,01,mutualisation,40000,500,1000,9
4,Piste,02,commune,300,500,600,9
"""
SCENARIO = """schema_version: 1
id: petit
title: Petit & simple
programme: {id: a, amount: 1 000 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""

OTHERS = load_study("alternatives")


@pytest.fixture
def petit(tmp_path: Path) -> Path:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "liste.csv").write_text("dossier\n3\n4\n", encoding="utf-8")
    clash = "rules:\n  - {id: tous, kind: limit, measure: dossiers, min: 3}\n"
    (tmp_path / "heurt.yaml").write_text(SCENARIO + clash, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["conflict", "heurt.yaml"], 4, "La règle « tous » : au moins 3"),
        (["audit", "petit.yaml", "--selection", "liste.csv"], 0, "Pour regagner 100 % de l'écart"),
        (["alternatives", "petit.yaml", "--within", "10 %"], 0, "Le plus mutualisé"),
    ],
)
def test_pages_and_workbooks(
    petit: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(petit)
    assert main([*words, "--out", "p.html", "--quiet"]) == code
    text = (petit / "p.html").read_text(encoding="utf-8")
    assert said.lower() in unescape(text).lower()
    assert "Petit &amp; simple" in text
    assert "<b>" not in text
    assert main([*words, "--out", "p.html", "--quiet"]) == 2  # it stands already
    assert main([*words, "--out", "p.xlsx", "--quiet", "--lang", "en"]) == code
    book = CalamineWorkbook.from_filelike(io.BytesIO((petit / "p.xlsx").read_bytes()))
    assert book.sheet_names[0] == "Read me"
    assert len(book.sheet_names) > 1
    assert main([*words, "--out", "p.doc"]) == 2


def test_pages_and_workbooks_from_python(petit: Path) -> None:
    scenario = tnt.Scenario.from_yaml(petit / "petit.yaml")
    clash = tnt.Scenario.from_yaml(petit / "heurt.yaml")
    for name, found in (
        ("c", tnt.conflict(clash)),
        ("a", tnt.audit(scenario, petit / "liste.csv")),
        ("o", tnt.alternatives(scenario, within="10 %")),
    ):
        found.to_html(petit / f"{name}.html")
        found.to_excel(petit / f"{name}.xlsx", lang="en")
        assert (petit / f"{name}.html").stat().st_size > 2000
        assert (petit / f"{name}.xlsx").stat().st_size > 2000


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_page_says_how_far_a_stopped_study_came(petit: Path, lang: str) -> None:
    scenario = tnt.Scenario.from_yaml(petit / "petit.yaml")
    found = tnt.alternatives(scenario, within="10 %")
    progress = ProgressEntry(done=2, of=5, unit="portfolios")
    stopped = replace(found.data, stopped_by="time", progress=progress)
    said = {"fr": "après 2 choix sur 5", "en": "after 2 choices out of 5"}[lang]
    pages = [
        " ".join(render_report_html(build_report(OTHERS, one), Lang(lang)).split())
        for one in (stopped, found.data)
    ]
    assert [said in page for page in pages] == [True, False]


def test_the_page_of_a_comparison_says_how_far_it_came(petit: Path) -> None:
    scenario = tnt.Scenario.from_yaml(petit / "petit.yaml")
    found = tnt.compare(
        scenario, scenario.with_({"programme.amount": "1 500 €"}), options={"time_limit": 0.0}
    )
    found.to_html(petit / "c.html", "en")
    assert "stopped at the time limit" in (petit / "c.html").read_text(encoding="utf-8")


def test_the_matrix_of_choices_agrees_with_the_counts(petit: Path) -> None:
    document = tnt.alternatives(tnt.Scenario.from_yaml(petit / "petit.yaml"), within="50 %").data
    assert document.open
    chart = next(
        node for node in iterate_nodes(build_report(OTHERS, document).nodes) if isinstance(node, Chart)
    )
    svg = chart.draw(Lang.FR, WIDE)
    for dossier in document.open:
        name = re.escape(escape(label_dossier(dossier.dossier, dossier.title)))
        squares = re.findall(rf'<rect [^>]*fill="(\S+)"[^>]*><title>{name} ·', svg)
        assert sum(fill != "none" for fill in squares) == dossier.n_funded_in
        assert document.shared is not None
        assert len(squares) == document.shared.n_portfolios
