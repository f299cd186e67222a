"""Bounds that sums alone show to clash are refused before anything is solved; what may hold is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

TABLE = """dossier,envelope,department,requested,cost,score
1,a,01,600,600,1
2,a,02,500,500,1
3,b,01,800,800,1
4,b,02,400,400,1
"""
HEAD = """schema_version: 1
id: petit
programme: {{id: tout, amount: 1 000 €, envelopes: [{{id: a, amount: 600 €}}, {{id: b, amount: 400 €}}]}}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""


def codes(folder: Path, *rules: str) -> list[str]:
    (folder / "d.csv").write_text(TABLE, encoding="utf-8")
    text = HEAD.format() + "rules:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)
    (folder / "petit.yaml").write_text(text if rules else text.replace("rules:\n", ""), encoding="utf-8")
    return refused(folder)


def refused(folder: Path) -> list[str]:
    """The codes of what is refused, each with a sentence in English too."""
    try:
        compile_problem(load_scenario(folder / "petit.yaml"))
    except ScenarioError as error:
        return [defect.code for defect in error.defects_found() if defect.line(Lang.EN)]
    return []


COUNT = "kind: share, measure: dossiers, where: {department: '02'},"
SHARE = "kind: share, measure: granted, where: {department: '%s'}, "


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["id: r, kind: limit, measure: granted, by: department, min: 501 €"], ["floors-exceed"]),
        (["id: r, kind: limit, measure: granted, by: department, min: 500 €"], []),
        (["id: r, kind: limit, measure: granted, by: department, min: 501 €, report: true"], []),
        ([f"id: r, {SHARE % '01'} min: 60 %", f"id: s, {SHARE % '02'} min: 50 %"], ["shares-whole"]),
        ([f"id: r, {SHARE % '01'} min: 60 %", f"id: s, {SHARE % '02'} min: 40 %"], []),
        ([f"id: r, {SHARE % '01'} min: 60 %", f"id: s, {SHARE % '01'} min: 50 %"], []),
        ([f"id: r, {SHARE % '09'} min: 60 %", f"id: s, {SHARE % '09'} min: 50 %"], []),
        ([f"id: r, {SHARE % '01'} max: 60 %", f"id: s, {SHARE % '02'} max: 30 %"], ["shares-whole"]),
        ([f"id: r, {SHARE % '01'} max: 60 %", f"id: s, {SHARE % '02'} max: 40 %"], []),
        ([f"id: r, {SHARE % '01'} min: 60 %", f"id: s, {COUNT} min: 50 %"], []),
    ],
)
def test_sums_that_clash(rules: list[str], expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, *rules) == expected


def test_minimum_uses_above_their_parent(tmp_path: Path) -> None:
    text = (
        "schema_version: 1\nid: petit\nprogramme: {id: tout, amount: 1 000 €, overbooked: true, envelopes: ["
    )
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    for share, expected in (("60 %", []), ("70 %", ["uses-exceed"])):
        tree = f"{{id: a, amount: 800 €, min_use: {share}}}, {{id: b, amount: 800 €, min_use: {share}}}]}}\n"
        (tmp_path / "petit.yaml").write_text(text + tree + "dossiers: [{file: d.csv}]\n", encoding="utf-8")
        assert refused(tmp_path) == expected
