"""`explain` on small cases: what each sentence says, unknown dossiers, runs without a decision, the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import ExplanationResult, explain
from tnt_sim.analysis.explain.sentences import SENTENCES, get_sentence_key
from tnt_sim.analysis.shared.decided_run import of_result, of_run
from tnt_sim.cli.main import main
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import NothingDecided, UsageError
from tnt_sim.scenario.load import load_scenario

TABLE = """dossier,department,cost,requested,score,population,end
1,01,1000,600,10,900000,2022-01-01
2,01,1000,500,9,900000,2022-01-01
3,02,2000,800,8,900000,2022-01-01
4,02,900,100,7,12000,2022-01-01
5,03,900,300,0,900000,2022-01-01
6,03,900,300,5,900000,2024-06-01
7,03,900,300,5,900000,2022-01-01
"""
HEAD = """schema_version: 1
id: petit
date: 2021-11-22
programme: {id: tout, amount: 1 500 €}
dossiers: [{file: table.csv}]
eligibility:
  - {id: taille, require: {population: {above: 500000}}, reason: Trop petit, source: "Décret, art. 3"}
  - {id: delai, require: {end: {until: {date: decision, plus: 24 months}}}, reason: Trop tard}
rules:
  - {id: plancher-03, kind: limit, measure: dossiers, where: {department: "03"}, min: 1}
  - {id: jury, kind: decide, refuse: ["7"], reason: Doublon, author: Jury}
objective: [{maximise: {score: 1}}]
"""


@pytest.fixture
def result(tmp_path: Path) -> ResultData:
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(HEAD, encoding="utf-8")
    return solve(load_scenario(tmp_path / "petit.yaml"))


def entries(told: ExplanationResult) -> dict[str, dict[str, object]]:
    return {entry["dossier"]: entry for entry in told.document["dossiers"]}


def test_every_figure_behind_a_reason(result: ResultData) -> None:
    told = entries(explain(of_result(result), everyone=True))
    assert [told[name]["reason_code"] for name in "1234567"] == [
        "merit", "merit", "none_fits", "ineligible", "rule", "ineligible", "decided",
    ]  # fmt: skip
    (small,) = told["4"]["missed"]  # type: ignore[misc]
    assert (small["value"], small["test"], small["limit"], small["shortfall"]) == (
        "12000", "above", "500000", "488001",
    )  # fmt: skip
    (late,) = told["6"]["missed"]  # type: ignore[misc]
    assert (late["limit"], late["shortfall"], late["unit"]) == ("2023-11-22", "192", "days")
    assert "192 jours de retard" in str(told["6"]["sentence"])
    assert "(population : 12\u202f000 ; exigé : la population dépasse 500\u202f000" in str(
        told["4"]["sentence"]
    )
    assert "il manque" not in str(told["4"]["sentence"])
    assert "grâce à la règle « plancher-03 »" in str(told["5"]["sentence"])
    assert "(Jury) : Doublon" in str(told["7"]["sentence"])
    assert told["3"]["margin"]["dossiers"][0]["dossier"] == "5"  # type: ignore[index]


def test_a_dossier_before_the_competition(result: ResultData) -> None:
    told = entries(explain(of_result(result), ["4", "7"]))
    (small,), (doubled,) = told["4"]["changes"], told["7"]["changes"]  # type: ignore[misc]
    assert (small["kind"], small["of"], small["status"]) == ("requirement", "taille", "exact")
    assert (doubled["kind"], doubled["of"], doubled["status"]) == ("decision", "jury", "exact")


MANY = "".join(
    f"{k},0{1 + k % 3},{900 + 37 * k},{150 + 53 * k % 700},{k * 7 % 15},{(12000, 900000)[k % 2]},2022-01-01\n"
    for k in range(10, 40)
)


@pytest.fixture
def crowd(tmp_path: Path) -> ResultData:
    """Half of the dossiers miss a requirement, and three are refused by the jury."""
    (tmp_path / "table.csv").write_text(TABLE + MANY, encoding="utf-8")
    text = HEAD.replace('refuse: ["7"]', 'refuse: ["7", "11", "13"]').replace("1 500 €", "3 000 €")
    (tmp_path / "petit.yaml").write_text(text, encoding="utf-8")
    return solve(load_scenario(tmp_path / "petit.yaml"))


def test_all_obstacles_at_once_as_one_by_one(crowd: ResultData) -> None:
    decided = of_result(crowd)
    told = explain(decided, everyone=True)
    every = entries(told)
    outside = [name for name, one in every.items() if one["reason_code"] in ("ineligible", "decided")]
    alone = entries(explain(decided, outside))
    figures = ("kind", "of", "status", "why", "grant_cents")
    for name in outside:
        changes = every[name]["changes"]
        assert changes, name
        assert [[one.get(key) for key in figures] for one in changes] == [  # type: ignore[attr-defined]
            [one.get(key) for key in figures]
            for one in alone[name]["changes"]  # type: ignore[attr-defined]
        ]
    settled = told.document["settled"]
    assert settled["lifted_by_bounds"] + settled["lifted_by_solve"] == len(outside)
    assert settled["lifted_by_bounds"] > 3
    assert settled["lifted_by_solve"] > 0


def test_ctrl_c_keeps_what_is_computed(crowd: ResultData, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = of_result(crowd)
    whole = entries(explain(decided, everyone=True))

    def stopped_at(phase: str, share: float) -> None:
        if phase == "lifted":
            raise KeyboardInterrupt

    told = explain(decided, everyone=True, progress=stopped_at)
    assert told.document["stopped_by"] == "interrupt"
    half = entries(told)
    assert [one["sentence"] for one in half.values()] == [one["sentence"] for one in whole.values()]
    for name, one in half.items():
        if one["reason_code"] in ("ineligible", "decided"):
            assert one["changes"] == []
        else:
            assert one["changes"] == whole[name]["changes"]
    folder = write_run(crowd, None)
    monkeypatch.setattr("tnt_sim.analysis.explain.minimal_changes._lift_obstacles", stopped)
    assert main(["explain", str(folder), "--all", "--json"]) == 130


def test_ctrl_c_while_the_reserve_list_is_read(crowd: ResultData, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that takes time: reasons and the list stay, nothing further is begun."""
    decided = of_result(crowd)
    whole = explain(decided, everyone=True)
    monkeypatch.setattr("tnt_sim.analysis.explain.explanation.build_blocking_rule_finder", lambda *_: stopped)
    told = explain(decided, everyone=True)
    assert told.document["stopped_by"] == "interrupt"
    assert [one["reason"] for one in entries(told).values()] == [
        one["reason"] for one in entries(whole).values()
    ]
    assert {one["dossier"] for one in told.document["reserve"]} == {
        one["dossier"] for one in whole.document["reserve"]
    }
    assert (told.document["rules"], told.document["settled"]) == ([], None)


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_unknown_dossiers_are_named_and_the_rest_is_answered(result: ResultData) -> None:
    told = explain(of_result(result), ["3", "33", "3"])
    assert list(entries(told)) == ["3"]
    (fault,) = told.faults
    assert "« 33 »" in fault.text.fr
    assert fault.hint is not None
    assert "« 3 »" in fault.hint.fr
    with pytest.raises(UsageError, match="« 9 » n'est pas"):
        explain(of_result(result), ["9"])


def test_nothing_decided_is_nothing_to_explain(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    text = HEAD.replace("min: 1}", "min: 1}\n  - {id: trop, kind: limit, measure: granted, max: 100}")
    (tmp_path / "petit.yaml").write_text(text, encoding="utf-8")
    result = solve(load_scenario(tmp_path / "petit.yaml"))
    with pytest.raises(NothingDecided) as raised:
        of_result(result)
    assert raised.value.exit_code == 4
    assert "conflict" in raised.value.text.fr


def test_python_and_sentences(result: ResultData) -> None:
    told = tnt.Result.from_data(result).explain("3", lang="en")
    start = "Not funded: it needs €800"
    assert told.to_dataframe()["explanation"][0].startswith(start)
    assert start in told._repr_html_()
    assert told.sentences("fr")["3"].startswith("Non retenu : il lui faut")
    json.dumps(told.document, allow_nan=False)


def test_a_named_application_is_told_alone(result: ResultData, capsys: pytest.CaptureFixture[str]) -> None:
    """Its reason and the changes that would fund it; rules, inversions and reserve list stand in `--all`."""
    folder, of_list = write_run(result, None), ("Ce que fait chaque règle", "Liste de réserve")
    assert main(["explain", str(folder), "3"]) == 0
    named = capsys.readouterr().out
    document = explain(of_run(folder), ["3"]).data
    (entry,) = document.dossiers
    enough = [one for one in entry.changes if one.status not in ("impossible", "undefined")]
    assert named.count("→") == len(enough) > 0
    assert not any(title in named for title in of_list)
    assert main(["explain", str(folder), "--all"]) == 0
    every = capsys.readouterr().out
    assert all(title in every for title in of_list if title != of_list[0] or document.rules)


def test_the_command_gives_documents_and_refuses_unknown_dossiers(
    result: ResultData, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(result, None)
    assert main(["explain", str(folder), "3", "5", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["dossier"] for one in document["dossiers"]] == ["3", "5"]
    assert document["dossiers"][0]["changes"][0]["confirmed"] is True
    assert main(["explain", str(folder), "3", "nul"]) == 2
    captured = capsys.readouterr()
    assert "« nul » n'est pas dans ce calcul" in captured.err
    assert main(["explain", str(folder / "ailleurs"), "3"]) == 3
    assert main(["explain", str(folder), "--all", "--lang", "en"]) == 0
    assert "settled by exact bounds" in capsys.readouterr().out
    again = explain(of_run(folder), everyone=True).data
    assert {get_sentence_key(entry) for entry in again.dossiers} <= set(SENTENCES)
