"""People in totals: what a run, a sweep and a comparison say of the communes reached, against plain sets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from support.paths import ROOT

import tnt_sim as tnt
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.run import describe_money
from tnt_sim.reporting.reports.sweep import build_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

RAW = pl.read_parquet(ROOT / "tnt_sim" / "data" / "territories-2021.parquet")
COMMUNES = RAW.filter(pl.col("type") == "commune").rows(named=True)
TABLE = """dossier,applicant_type,applicant_id,population,requested,score
1,commune,97608,17831,1000,9
2,epci,200050532,29273,1000,8
3,commune,97611,71437,1000,7
4,departement,976,256518,1000,6
5,syndicat,FICTIF,10,1000,5
"""
REACHED = {
    "1": {"97608"},
    "2": {row["code"] for row in COMMUNES if row["epci"] == "200050532"},
    "3": {"97611"},
    "4": {row["code"] for row in COMMUNES if row["department"] == "976"},
    "5": set(),
}
PEOPLE = {row["code"]: row["population"] for row in COMMUNES}
YAML = """schema_version: 1
id: mayotte
territory: {year: 2021}
programme: {id: p, amount: 2 k€}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""


def people(names: str) -> int:
    return sum(PEOPLE[code] for code in set().union(*(REACHED[name] for name in names)))


def scenario(folder: Path, text: str = YAML) -> ScenarioData:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "mayotte.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "mayotte.yaml")


def test_a_run_says_whom_it_reaches(tmp_path: Path) -> None:
    document = solve(scenario(tmp_path)).data
    assert (document.inhabitants, document.n_unlocated) == (people("12"), 0)
    assert people("12") == people("2")  # the commune is one of the EPCI's
    assert describe_money(document)[2].fr == (
        "29\u202f273 habitants dans les communes atteintes, chacun compté une fois"
    )
    whole = solve(scenario(tmp_path, YAML.replace("2 k€", "5 k€"))).data
    assert (whole.inhabitants, whole.n_unlocated) == (people("4"), 1)
    assert describe_money(whole)[2].en == (
        "256,518 inhabitants in the communes reached, each counted once; 1 funded application names no place that "
        "the map knows in full"
    )


def test_nothing_is_said_without_a_map(tmp_path: Path) -> None:
    document = solve(scenario(tmp_path, YAML.replace("territory: {year: 2021}\n", ""))).data
    assert document.inhabitants is None
    assert document.n_unlocated is None
    assert len(describe_money(document)) == 2


def test_every_point_and_step_of_a_sweep(tmp_path: Path) -> None:
    found = tnt.sweep(scenario(tmp_path), "p", start="1 k€", stop="5 k€", exact=True)
    steps = found.document["steps"]
    assert steps["inhabitants"] == [people(names) for names in ("1", "12", "123", "1234", "12345")]
    assert steps["population"] == [17_831, 47_104, 118_541, 375_059, 375_069]
    ladder = list(zip(steps["amount_cents"], steps["inhabitants"], strict=True))
    for point in found.document["points"]:
        below = [reached for cents, reached in ladder if cents <= point["amount_cents"]]
        assert point["free"]["inhabitants"] == below[-1]
    assert found.to_dataframe()["inhabitants"].null_count() == 0
    report = build_report(found.data)
    shown = "\n".join(str(line) for line in render_report(report, Lang.EN, 140))
    assert "Inhabitants: those of the communes reached, each counted once." in shown
    assert "Habitants : ceux des communes atteintes" in render_report_html(report, Lang.FR)


def test_decisions_side_by_side(tmp_path: Path) -> None:
    scenario(tmp_path)
    one = tnt.Scenario.from_yaml(tmp_path / "mayotte.yaml")
    found = tnt.compare(one, one.with_({"programme.amount": "5 k€"}))
    assert [side["inhabitants"] for side in found.headline()] == [people("12"), people("4")]
    shown = "\n".join(str(line) for line in render_report(found.build_report(), Lang.FR, 120))
    assert "Habitants" in shown
    assert "256\u202f518" in shown
