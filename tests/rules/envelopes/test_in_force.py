"""`valid` and `off` on envelopes: kept and shown, not applied; its dossiers are ineligible, its amount is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.tiny_scenario import TABLE, funded, with_committed

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.run_replay import verify_run

HEAD = "schema_version: 1\nid: petit\ndate: 2021-11-22\ndossiers: [{file: table.csv}]\n"
HEAD += "objective: [{maximise: {score: 1}}]\n"
NB = "\u00a0"


def scenario(folder: Path, programme: str, more: str = "", table: str = TABLE, **files: str) -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "petit.yaml").write_text(f"{HEAD}{more}programme: {programme}\n", encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def run(folder: Path, programme: str, more: str = "", table: str = TABLE) -> ResultData:
    result = solve(scenario(folder, programme, more, table), cross_check="never")
    assert result.status is Status.OPTIMAL
    assert verify_run(write_run(result)).ok
    return result


def entry(result: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in result.document["envelopes"] if e["id"] == name)
    return found


TWO = "{id: p, amount: 1 500 €, envelopes: [{id: a, amount: 600 €}, {id: b, amount: 900 €%s}]}"
CLOSED = {
    "off": (", off: true", "elle est mise à l'écart (`off: true`)"),
    "over": (", valid: {until: 2021-11-21}", "`valid: {until: 2021-11-21}`, décision du 2021-11-22"),
    "to come": (
        ", valid: {from: 2021-11-23, until: 2022-01-01}",
        "`valid: {from: 2021-11-23, until: 2022-01-01}`, décision du 2021-11-22",
    ),
}


def test_an_envelope_in_force_counts(tmp_path: Path) -> None:
    """Both days included: a gets 1, b gets 3 (800 €, score 8) rather than 4."""
    for valid in ("", ", valid: {until: 2021-11-22}", ", valid: {from: 2021-11-22}"):
        assert funded(run(tmp_path, TWO % valid)) == {"1": 600_00, "3": 800_00}


@pytest.mark.parametrize("name", CLOSED)
def test_an_envelope_that_is_not_in_force(name: str, tmp_path: Path) -> None:
    """b takes no dossiers; its 900 € are its parent's, which may add them to a: 1 and 2 cost 1 100 €."""
    extra, why = CLOSED[name]
    result = run(tmp_path, TWO % extra)
    assert funded(result) == {"1": 600_00, "2": 500_00}
    b = entry(result, "b")
    assert (b["amount_cents"], b["granted_cents"], b["n_dossiers"], b["n_eligible"]) == (None, 0, 2, 0)
    lost = result.dossiers.filter(result.dossiers["envelope"] == "b")
    assert set(lost["reason_code"]) == {"ineligible"}
    assert set(lost["reason"]) == {f"l'enveloppe « b » n'est pas en vigueur : {why}"}


def test_what_is_under_it_is_closed_too(tmp_path: Path) -> None:
    tree = (
        "{id: p, amount: 1 500 €, envelopes: [{id: a, amount: 600 €, off: true, reserve: 10 %, min_dossiers: 1, "
        "envelopes: [{id: a1, amount: 600 €, min_use: 100 %}]}, {id: b, amount: 900 €}]}"
    )
    result = run(tmp_path, tree, table=TABLE.replace("1,a", "1,a1"))
    assert funded(result) == {"3": 800_00, "4": 400_00}
    assert [entry(result, name)["amount_cents"] for name in ("a", "a1")] == [None, None]


def test_rules_may_go_on_naming_it(tmp_path: Path) -> None:
    """Selectors, transfers and `unassigned` keep working: they only meet nothing there."""
    tree = (
        "{id: p, amount: 1 500 €, unassigned: {to: b}, envelopes: [{id: a, amount: 600 €, transfers: {to: [b]}}, "
        "{id: b, amount: 800 €, off: true}]}"
    )
    more = (
        "grants: [{where: {envelope: b}, max_rate: 10 %}, {mode: all_or_nothing}]\n"
        "rules: [{id: r, kind: share, measure: granted, where: {envelope: b}, max: 10 %}]\n"
    )
    # what nobody may get stays with p: a has its own 600 €
    assert funded(run(tmp_path, tree, more)) == {"1": 600_00}
    more = "rules: [{id: r, kind: limit, measure: granted, max: {share: 10 %, of_amount: b}}]\n"
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, tree, more))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "no-amount petit.yaml:6:78 — l'enveloppe « b » n'est pas en vigueur : son montant ne compte pas. Nommez "
        "une "
        "enveloppe qui a un montant, ou écrivez la borne elle-même."
    ]


def test_what_is_committed_there_weighs_on_its_parent(tmp_path: Path) -> None:
    table = with_committed("3", 800)
    result = run(tmp_path, TWO % ", off: true", table=table)
    assert funded(result) == {"1": 600_00, "3": 800_00}
    assert (entry(result, "b")["granted_cents"], entry(result, "b")["amount_cents"]) == (80000, None)
    # 200 € are left beyond the 600 € and the 700 € promised: shared pro rata, all of it goes to a
    tree = (
        "{id: p, amount: 1 500 €, unassigned: pro_rata, envelopes: [{id: a, amount: 600 €}, "
        "{id: b, off: true}]}"
    )
    result = run(tmp_path, tree, table=with_committed("3", 700))
    assert entry(result, "a")["effective_cents"] == 80000


def test_a_decision_cannot_fund_from_it(tmp_path: Path) -> None:
    more = "rules: [{id: d, kind: decide, fund: [3]}]\n"
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, TWO % ", off: true", more))
    assert [defect.code for defect in caught.value.defects] == ["decide-ineligible"]


def test_a_programme_that_is_off_grants_nothing(tmp_path: Path) -> None:
    tree = "{id: p, amount: 1 500 €, off: true, envelopes: [{id: a, amount: 600 €}, {id: b, amount: 900 €}]}"
    result = run(tmp_path, tree)
    assert funded(result) == {}
    assert [w.code for w in result.warnings] == ["none-eligible"]
    # one envelope for dossiers that name none, in force or not
    alone = run(
        tmp_path, "{id: p, amount: 1 500 €, off: true}", table=TABLE.replace(",a,", ",,").replace(",b,", ",,")
    )
    assert set(alone.dossiers["reason_code"]) == {"ineligible"}


def test_an_envelope_that_opens_at_a_step(tmp_path: Path) -> None:
    """Its money is free until then: where others may take it, what they took is missing when it opens."""
    steps = "steps: [{id: un, date: 2021-11-22}, {id: deux, date: 2022-01-15}]\n"
    later = TWO % ", valid: {from: 2022-01-01}"
    kept = later.replace("{id: a, amount: 600 €}", "{id: a, amount: 600 €, ring_fenced: true}")
    result = solve(scenario(tmp_path, kept, steps), cross_check="never")
    assert funded(result) == {"1": 600_00, "3": 800_00}
    assert [step["id"] for step in result.document["steps"]] == ["un", "deux"]
    with pytest.raises(ScenarioError) as caught:
        solve(scenario(tmp_path, later, steps), cross_check="never")
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        f"committed-exceeds petit.yaml:7:49 — les engagements de l'enveloppe « a » font 1\u202f100{NB}€ ; elle "
        f"peut accorder 600{NB}€ : 500{NB}€ de trop. Relevez « a » de 500{NB}€, et pour cela « p » de 500{NB}€, "
        "ou corrigez la colonne `committed`."
    ]


def test_a_closed_split_is_not_divided(tmp_path: Path) -> None:
    """Its table is not read; dossiers that name a part of it are those of the split."""
    tree = (
        "{id: p, amount: 1 500 €, envelopes: [{id: a, amount: 600 €, off: true, split: {by: department, table: "
        "none.csv}}, {id: b, amount: 900 €}]}"
    )
    more = "rules: [{id: r, kind: limit, measure: granted, where: {envelope: a/01}, max: 1 €}]\n"
    result = run(tmp_path, tree, more, TABLE.replace("1,a", "1,a/01"))
    assert funded(result) == {"3": 800_00, "4": 400_00}
    assert [e["id"] for e in result.document["envelopes"]] == ["p", "a", "b"]


# dossiers that name no envelope


def test_dossiers_without_envelope_land_in_the_only_split(tmp_path: Path) -> None:
    """Groups and keys of the split are those of all dossiers that land in it, named or not."""
    table = "dossier,envelope,department,requested,score\n1,,01,600,10\n2,,02,500,9\n3,p,02,300,8\n"
    for groups in ("", "groups: present, "):
        problem = compile_problem(
            scenario(
                tmp_path,
                f"{{id: p, amount: 1 k€, split: {{by: department, {groups}each: 500 €}}}}",
                "",
                table,
            )
        )
        tree, node = problem.case.tree, problem.case.node
        assert tree.ids == ("p", "p/01", "p/02")
        names = [tree.ids[k] for k in node.tolist()]
        assert dict(zip(problem.case.table["dossier"], names, strict=True)) == {
            "1": "p/01",
            "2": "p/02",
            "3": "p/02",
        }
    keyed = "{id: p, amount: 1 400 €, split: {by: department, key: requested}}"
    tree = compile_problem(scenario(tmp_path, keyed, "", table)).case.tree
    assert tree.written_cents == (140000, 60000, 80000)


def test_one_part_does_not_take_what_has_no_part(tmp_path: Path) -> None:
    table = "dossier,envelope,department,requested,score\n1,,01,600,10\n2,,02,500,9\n"
    split = "{id: p, amount: 1 k€, split: {by: department, groups: [01], each: 500 €}}"
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, split, "", table))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "unknown-envelope table.csv:3 [2] — 1 dossier de « p » n'a pas de part dans sa répartition. "
        "Ajoutez leur "
        "groupe à la table de répartition, ou corrigez leur ligne."
    ]


def test_rows_that_are_removed_form_no_part(tmp_path: Path) -> None:
    """`where` removes rows before anything is counted: the split knows nothing of them."""
    table = "dossier,envelope,department,requested,score\n1,,01,600,10\n2,,02,500,9\n3,,02,300,8\n"
    where = "{id: p, amount: 1 k€, split: {by: department, key: requested}}"
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    text = HEAD.replace("table.csv}", "table.csv, where: {dossier: {not: [3]}, department: {not: [01]}}}")
    (tmp_path / "petit.yaml").write_text(f"{text}programme: {where}\n", encoding="utf-8")
    tree = compile_problem(load_scenario(tmp_path / "petit.yaml")).case.tree
    assert dict(zip(tree.ids, tree.written_cents, strict=True)) == {"p": 100000, "p/02": 100000}
