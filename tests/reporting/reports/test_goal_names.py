"""Goals have their words in terminals, pages and sheets; a measure of the scenario keeps its own name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tiny_scenario import tiny

import tnt_sim as tnt
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.values.answer_values import Gain, label_goal

TABLE = """dossier,envelope,cost,requested,score
D0,p,20,10,9
D1,p,20,10,8
D2,p,20,10,7
D3,p,20,10,6
"""
HEAD = """schema_version: 1
id: a
date: 2026-03-31
programme: {id: p, amount: '30'}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
rules: [{id: r, kind: exclusive, dossiers: [D0, D1], max: 1}]
measures: {merite: {column: score}}
"""


@pytest.mark.parametrize(
    ("goal", "french", "english", "in_french"),
    [
        ("score", "note", "score", "la note"),
        ("population", "population", "population", "la population"),
        ("cost", "coût", "cost", "le coût"),
        ("granted", "montant accordé", "amount granted", "le montant accordé"),
        ("leverage", "coût moins le montant accordé", "cost less the amount granted", None),
        ("merite", "merite", "merite", "merite"),
        ("Note DDT", "Note DDT", "Note DDT", "Note DDT"),
    ],
)
def test_a_goal_has_its_words(goal: str, french: str, english: str, in_french: str | None) -> None:
    assert (label_goal(goal).fr, label_goal(goal).en) == (french, english)
    assert in_french is None or write_goal(goal).fr == in_french
    assert label_goal(goal, "Mérite").fr == "Mérite"


@pytest.mark.parametrize(
    ("change", "goal", "french"),
    [
        ("1", "dossiers", "+1 dossier"),
        ("-3", "dossiers", "-3 dossiers"),
        ("2.5", "score", "+2,5 (note)"),
        ("2", "merite", "+2 merite"),
        ("1", "projects", "+1 projet"),
    ],
)
def test_a_change_of_a_goal_has_its_words(change: str, goal: str, french: str) -> None:
    assert (
        Gain(goal, parse_decimal(change), parse_decimal(change)).fr.replace("\N{MINUS SIGN}", "-") == french
    )


def write_scenario(folder: Path, goal: str) -> tnt.Scenario:
    """Four applications for three places under a rule that costs two points."""
    tiny(folder, f"{HEAD}objective: [{{maximise: {{{goal}: 1}}}}]\n", TABLE)
    return tnt.Scenario.from_yaml(folder / "tiny.yaml")


STUDIES: dict[str, Callable[[tnt.Scenario], Any]] = {
    "sweep": lambda scenario: tnt.sweep(scenario, start="20 €", stop="30 €", steps=2),
    "rule-prices": tnt.prices,
    "extend": lambda scenario: tnt.extend(scenario, "40"),
}


@pytest.mark.parametrize("study", sorted(STUDIES))
@pytest.mark.parametrize(
    ("goal", "shown", "hidden"), [("score", "note", "score"), ("merite", "merite", "« merite")]
)
def test_a_study_names_its_goal(tmp_path: Path, study: str, goal: str, shown: str, hidden: str) -> None:
    report = STUDIES[study](write_scenario(tmp_path, goal)).build_report()
    terminal = "\n".join(str(line) for line in render_report(report, Lang.FR, 200))
    page = render_report_html(report, Lang.FR)
    page = page[page.index("<main") :]
    for text in (terminal, page):
        assert shown in text.lower()
        assert hidden not in text.lower()
