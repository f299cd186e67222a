"""What an explanation says of figures that are empty, columns that no type names, and rules that count money."""

from __future__ import annotations

from pathlib import Path

from support.typed import as_typed

from tnt_sim.analysis.explain.document import ScoreInterval
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.explain.sentences import describe_change
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

HEAD = "schema_version: 1\nid: s\ndossiers: [{file: d.csv}]\nsolver: {cross_check: never}\n"


def told(folder: Path, rest: str, table: str, dossier: str, *, everyone: bool = False) -> str:
    (folder / "d.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD + rest, encoding="utf-8")
    decided = of_result(solve(load_scenario(folder / "s.yaml")))
    found = explain(decided, () if everyone else (dossier,), everyone=everyone, confirm=False)
    entry = next(one for one in found.data.dossiers if one.dossier == dossier)
    return as_typed(" ".join(describe_change(one).fr for one in entry.changes))


def test_a_dossier_without_a_score_is_not_kept_out_by_an_earlier_goal(tmp_path: Path) -> None:
    rest = (
        "programme: {id: p, amount: 100}\nmeasures: {m: {column: score, empty: 0}}\n"
        "objective: [{maximise: {m: 1}}]\n"
    )
    table = "dossier,requested,score\nA,100,10\nB,100,\n"
    for everyone in (False, True):
        text = told(tmp_path, rest, table, "B", everyone=everyone)
        assert "Relever « score » : ce dossier n'a pas de chiffre dans cette colonne." in text


def test_the_notes_of_a_jury_have_thresholds(tmp_path: Path) -> None:
    """The mean of 4 alone must pass 10: 11 with the money against it."""
    rest = (
        "programme: {id: p, amount: 100}\nmeasures: {jury: {mean: [na, nb]}}\n"
        "objective: [{maximise: {jury: 1}}]\n"
    )
    text = told(tmp_path, rest, "dossier,requested,na,nb\nA,100,10,10\nB,100,,4\nC,300,1,1\n", "B")
    assert "avec « nb » de 11 au lieu de 4" in text
    assert "Relever « na » : ce dossier n'a pas de chiffre" in text


def test_a_rule_that_counts_money_gives_way_by_euros(tmp_path: Path) -> None:
    table = "dossier,requested,score,department\nA,50,10,01\nB,50,9,02\nC,50,8,02\n"
    share = "rules: [{id: r, kind: share, measure: granted, where: {department: '01'}, of: {}, min: 50 %}]\n"
    schedule = "rules: [{id: r, kind: schedule, year: 2021, commitments: {2021: 100 €}}]\n"
    rest = "programme: {id: p, amount: 150}\nobjective: [{maximise: {score: 1}}]\n"
    assert "cédait de 25 €" in told(tmp_path, rest + share, table, "C")
    assert "cédait de 50 €" in told(tmp_path, rest + schedule, table, "C")


def test_who_would_fit_as_it_is_waits_for_no_money(tmp_path: Path) -> None:
    """B fits and brings nothing; C waits for 40 € more."""
    (tmp_path / "d.csv").write_text("dossier,requested,score\nA,60,10\nB,40,0\nC,80,5\n", encoding="utf-8")
    rest = "programme: {id: p, amount: 100}\nobjective: [{maximise: {score: 1}}]\n"
    (tmp_path / "s.yaml").write_text(HEAD + rest, encoding="utf-8")
    decided = of_result(solve(load_scenario(tmp_path / "s.yaml")))
    listed = [(one.rank, one.dossier) for one in explain(decided).data.reserve]
    assert listed == [(1, "C"), (None, "B")]


def test_limits_of_a_score_name_the_direction_and_what_no_dossier_has() -> None:
    """Where less is better the score falls, and a figure that no dossier reaches is told as such."""

    def told_limits(now: str, low: str, high: str | None, proof: str | None = None) -> str:
        limits = ScoreInterval(
            of="score",
            step="1",
            top="9",
            from_=now,
            low=low,
            high=high,
            settled_by="bounds",
            proof=proof,
            confirmed=None,
        )
        return as_typed(describe_change(limits).en)

    assert told_limits("10", "3", None) == "It would take the score of at most 3 (10 today)."
    assert told_limits("3", "-1", "-4").startswith(
        "It would take the score between \u22124 and \u22121 (3 today)"
    )
    assert told_limits("3", "5", None) == "It would take the score of at least 5 (3 today)."
    assert told_limits("3", "3", None) == "The figure needed is not computed here (the score)."
    unreached = "; no application has more than 9."
    assert told_limits("3", "5", "8").endswith("8 is enough.")
    assert told_limits("3", "5", "12").endswith(f"12 is enough{unreached}")
    assert told_limits("3", "3", "12").endswith(f"may be enough{unreached}")
