"""The report of a common core says in words what each run changes, in both languages, without keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.tiny_scenario import tiny

import tnt_sim as tnt
from tnt_sim.analysis.compare.common_core import find_common_core, read_result_snapshot
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.comparison import build_core_report

pytestmark = pytest.mark.usefixtures("shipped_catalogue")
TABLE = """dossier,envelope,department,cost,requested,score
D0,p,01,20,10,9
D1,p,01,20,10,8
D2,p,02,20,10,7
D3,p,02,20,10,6
"""
HEAD = """schema_version: 1
id: a
date: 2026-03-31
programme: {id: p, amount: '30'}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
rules: [{id: dep, title: 10 euros par département, kind: limit, measure: granted, by: department, max: 10 €}]
objective: [{maximise: {score: 1}}]
"""
POORER = {"programme.amount": "10"}


@pytest.fixture
def scenario(tmp_path: Path) -> tnt.Scenario:
    tiny(tmp_path, HEAD, TABLE)
    return tnt.Scenario.from_yaml(tmp_path / "tiny.yaml")


@pytest.mark.parametrize(
    ("changes", "french", "english"),
    [
        (POORER, "Programme\u00a0: montant, 30\u00a0€ → 10\u00a0€", "Programme: amount, €30 → €10"),
        (
            {"rules.dep.off": True},
            "10 euros par département (arrêtée)",
            "10 euros par département (switched off)",
        ),
        (
            {"rules.dep.max": "20 €"},
            "10 euros par département\u00a0: maximum, 10\u00a0€ → 20\u00a0€",
            "10 euros par département: maximum, €10 → €20",
        ),
        (
            {"objective": [{"maximise": {"dossiers": 1}}]},
            "Objectif (maximiser le nombre de dossiers financés)",
            "Objective (maximise the number of funded",
        ),
    ],
)
def test_each_change_is_said_in_words(
    scenario: tnt.Scenario, changes: dict[str, Any], french: str, english: str
) -> None:
    runs = [scenario.solve(), scenario.with_(changes).solve()]
    core = find_common_core([read_result_snapshot(run, f"r{k}") for k, run in enumerate(runs)])
    report = build_core_report(core)
    for lang, words in ((Lang.FR, french), (Lang.EN, english)):
        shown = "\n".join(str(line) for line in render_report(report, lang, 200))
        assert words in shown
        assert words in render_report_html(report, lang).replace("&#39;", "'")
        assert not [path for path in changes if path in shown]


def test_what_moves_a_dossier_is_said_in_words(scenario: tnt.Scenario) -> None:
    """10 euros fund one dossier instead of one in each department: the lower of the two leaves."""
    core = find_common_core(
        [
            read_result_snapshot(run, name)
            for run, name in ((scenario.solve(), "a"), (scenario.with_(POORER).solve(), "b"))
        ]
    )
    assert core.document["dossiers"][2]["moved_by"][0]["change"] == "programme.amount: 30.00 € → 10.00 €"
    report = build_core_report(core)
    french, english = ("\n".join(map(str, render_report(report, lang, 200))) for lang in (Lang.FR, Lang.EN))
    assert "Programme\u00a0: montant, 30\u00a0€ → 10\u00a0€\u00a0: sort" in french
    assert "Programme: amount, €30 → €10: leaves" in english


@pytest.mark.parametrize("note", ["", "SYNTHÉTIQUE. Dossiers inventés."])
def test_invented_dossiers_are_marked(scenario: tnt.Scenario, note: str) -> None:
    runs = [one.solve() for one in (scenario.with_({"note": note}), scenario.with_(POORER))]
    core = find_common_core([read_result_snapshot(run, f"r{k}") for k, run in enumerate(runs)])
    for lang, mark in ((Lang.FR, "Données SYNTHÉTIQUES"), (Lang.EN, "SYNTHETIC data")):
        shown = "\n".join(str(line) for line in render_report(build_core_report(core), lang, 200))
        assert (mark in shown) is bool(note)
