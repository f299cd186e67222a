"""Caps among the rules of a run: the projects at the cap, or the nearest to it; commitments alone are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tnt_sim.engine.result import ResultData
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes
from tnt_sim.reporting.reports.run import build_rules
from tnt_sim.reporting.text.vocabulary import build_labels
from tnt_sim.scenario.load import load_scenario

TABLE = """dossier,project,cost,requested,committed,other_state,score
1,p,1000,900,,0,10
2,q,1000,500,,100,9
3,q,1000,400,,100,8
4,r,1000,100,,0,7
5,s,1000,900,900,0,6
"""
TEXT = """schema_version: 1
id: plafonds
programme: {id: a, amount: 10 k€}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
caps: [r2334-27, {id: large, max: 5 k€}, {id: vide, max: 10 %, where: {dossier: 5}}]
rules: [{id: nombre, kind: limit, measure: dossiers, max: 10}]
objective: [{maximise: {score: 1}}]
"""


def run(folder: Path) -> ResultData:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "plafonds.yaml").write_text(TEXT, encoding="utf-8")
    return solve(load_scenario(folder / "plafonds.yaml"), cross_check="never")


def test_the_projects_at_the_cap_are_listed(tmp_path: Path) -> None:
    result = run(tmp_path)
    rules: list[dict[str, Any]] = result.document["rules"]
    assert [(rule["id"], rule["kind"], rule["mode"]) for rule in rules] == [
        ("nombre", "limit", "hard"), ("r2334-27", "cap", "hard"), ("large", "cap", "hard"),
        ("vide", "cap", "hard"),
    ]  # fmt: skip
    legal, large, empty = rules[1:]
    # p asked 900 and gets 800; of q, 500 + 400 exceed 800 − 100, so one of the two; s is committed for 900
    assert (legal["value"], legal["max"], legal["num"], legal["den"], legal["slack"]) == (
        "800", "800", 80_000, 100, "0",
    )  # fmt: skip
    assert (legal["binds"], legal["holds"]) == (True, True)
    assert [group["group"] for group in legal["groups"]] == ["p"]
    assert (large["binds"], large["value"], [group["group"] for group in large["groups"]]) == (
        False, "800", ["p"],
    )  # fmt: skip
    assert (empty["value"], empty["holds"], empty["binds"], empty["groups"]) == (None, True, False, [])
    assert any("s" in warning for warning in result.document["warnings"])


def test_caps_stand_in_the_table_of_rules(tmp_path: Path) -> None:
    result = run(tmp_path)
    french = render_nodes([build_rules(result.data.rules, build_labels(result, Lang.FR))], Lang.FR, 200)
    text = "\n".join(line.plain for line in french)
    assert "plafond par projet" in text
    assert "1 projet au plafond" in text
    assert "le plus proche : p" in text
    english = render_nodes([build_rules(result.data.rules, build_labels(result, Lang.EN))], Lang.EN, 200)
    assert "1 project at the cap" in "\n".join(line.plain for line in english)
