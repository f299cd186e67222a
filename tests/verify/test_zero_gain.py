"""« It would add nothing to the goal » is said of dossiers of which that is known, and of no others."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_result

HEAD = "schema_version: 1\nid: s\ndossiers: [{file: d.csv}]\nsolver: {cross_check: never}\n"
NOTHING, RULE = "Il n'apporterait rien à l'objectif.", "Le financer ferait rompre la règle « r »."
UNKNOWN = "Il tiendrait dans ce qui reste ; ce qui l'écarte n'a pas été établi."


def reasons_of(folder: Path, rest: str, table: str) -> dict[str, str]:
    (folder / "d.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD + rest, encoding="utf-8")
    result = tnt.Scenario.from_yaml(folder / "s.yaml").solve()
    frame = result.to_dataframe()
    return dict(zip(frame["dossier"], frame["reason"], strict=True))


MANY = "dossier,requested,score\n" + "".join(f"D{k:03d},10,{k % 7 + 1}\n" for k in range(260))
FEW_OF_THEM = (
    "programme: {id: p, amount: 10000}\nobjective: [{maximise: {score: 1}}]\n"
    "rules: [{id: r, kind: limit, measure: dossiers, max: 5}]\n"
)


def test_many_dossiers_that_a_rule_keeps_out_name_it(tmp_path: Path) -> None:
    told = list(reasons_of(tmp_path, FEW_OF_THEM, MANY).values())
    assert told.count(RULE) == 255


def test_beyond_what_is_read_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.verify.decision_reasons.MOST_READ", 0)
    told = list(reasons_of(tmp_path, FEW_OF_THEM, MANY).values())
    assert (told.count(RULE), told.count(UNKNOWN), told.count(NOTHING)) == (200, 55, 0)


def test_a_common_rate_that_keeps_a_dossier_out_is_not_called_no_gain(tmp_path: Path) -> None:
    """A and B get 30 %; C would fit at 20 %, not at the rate of its group."""
    rest = (
        "programme: {id: p, amount: 200}\nobjective: [{maximise: {granted: 1}}]\n"
        "grants: [{mode: common_rate, by: department, levels: [20 %, 30 %]}]\n"
    )
    table = "dossier,base,cost,requested,department\nA,300,300,90,01\nB,300,300,90,01\nC,90,90,27,01\n"
    assert reasons_of(tmp_path, rest, table)["C"] == UNKNOWN


def test_what_is_held_already_adds_nothing(tmp_path: Path) -> None:
    rest = (
        "programme: {id: p, amount: 200}\nobjective: [{maximise: {people: 1}}]\n"
        "measures: {people: {column: population, once_per: applicant_id}}\n"
    )
    table = "dossier,requested,applicant_id,population\nA,30,x,10\nB,40,x,10\nC,40,y,20\n"
    assert reasons_of(tmp_path, rest, table)["B"] == NOTHING


def test_a_goal_with_a_price_is_read_with_the_dossier(tmp_path: Path) -> None:
    rest = (
        "programme: {id: p, amount: 100}\nobjective: [{maximise: {score: 1}}]\n"
        "rules: [{id: x, kind: limit, measure: dossiers, max: 1, penalty: {cost: 9, per: 1}}]\n"
    )
    assert reasons_of(tmp_path, rest, "dossier,requested,score\nA,50,10\nB,40,8\n")["B"] == NOTHING


def test_an_explanation_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.verify.decision_reasons.MOST_READ", 0)
    (tmp_path / "d.csv").write_text(MANY, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(HEAD + FEW_OF_THEM, encoding="utf-8")
    decided = of_result(tnt.Scenario.from_yaml(tmp_path / "s.yaml").solve())
    last = max(row for row in range(260) if decided.reasons.unclear[row])
    told = explain(decided, [decided.numbers[last]], confirm=False).document["dossiers"][0]
    assert "il n'apporterait rien" not in told["sentence"]
