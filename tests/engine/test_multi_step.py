"""Steps and the reserve list: by hand, against brute force, in a run folder and read again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from ruamel.yaml import YAML
from support.lanes import drawn
from support.small_cases.drawn import cases, write
from support.small_cases.enumeration import rank_key
from support.small_cases.enumeration import solve as brute_solve
from support.tiny_scenario import funded, tiny

from tnt_sim.engine.result import Proof, ResultData, Status
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.run_replay import verify_run

TABLE = """dossier,filed_at,requested,score
1,2021-01-10,600,5
2,2021-01-20,500,4
3,2021-02-10,400,9
4,2021-02-20,300,8
5,2021-03-10,200,1
"""
HEAD = """schema_version: 1
id: tiny
date: 2021-03-01
programme: {id: p, amount: 1 500 €%s}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
STEPS = """steps:
  - {id: un, date: 2021-01-31, set: {programme.amount: 700 €}}
  - {id: deux, date: 2021-03-01}
"""
LISTING = STEPS + "  - {id: reserve, date: 2021-03-01}\n"


def codes(result: ResultData) -> dict[str, str]:
    table = result.dossiers
    return dict(zip(table["dossier"].to_list(), table["reason_code"].to_list(), strict=True))


def test_each_step_keeps_what_the_earlier_ones_granted(tmp_path: Path) -> None:
    """At once 1, 3, 4 (1,300 €, 22). Step un sees 1 and 2 with 700 €: 1. Step deux has 900 € left: 3 and 4
    (700 €), and 2 does not fit in 200 €. 5 is filed after the last step."""
    assert funded(solve(tiny(tmp_path, HEAD % "", TABLE), cross_check="never")) == {
        "1": 60000, "3": 40000, "4": 30000, "5": 20000,
    }  # fmt: skip
    result = solve(tiny(tmp_path, HEAD % "" + STEPS, TABLE), cross_check="never")
    assert funded(result) == {"1": 60000, "3": 40000, "4": 30000}
    assert codes(result) == {"1": "merit", "2": "outranked", "3": "merit", "4": "merit", "5": "ineligible"}
    assert result.dossiers["step"].to_list() == ["un", "", "deux", "deux", ""]
    assert result.dossiers["reason"][4] == (
        "condition non remplie (date de dépôt : 10 mars 2021 ; exigé : la date de dépôt est au plus tard "
        "le 1er mars 2021)"
    )
    steps = result.document["steps"]
    assert [(s["id"], s["date"], s["n_funded"], s["granted_cents"]) for s in steps] == [
        ("un", "2021-01-31", 1, 60000),
        ("deux", "2021-03-01", 2, 70000),
    ]
    assert result.document["objective"][0]["value"] == "22"
    assert result.document["granted_cents"] == 130000


def test_steps_can_cost_value(tmp_path: Path) -> None:
    """Step un funds 2 and leaves 200 €; with all at once 3 would have come first."""
    table = "dossier,filed_at,requested,score\n1,2021-01-10,800,1\n2,2021-02-10,900,9\n"
    text = (HEAD % "").replace("1 500", "1 000")
    assert funded(solve(tiny(tmp_path, text, table), cross_check="never")) == {"2": 90000}
    steps = "steps: [{id: un, date: 2021-01-31}, {id: deux}]\n"
    assert funded(solve(tiny(tmp_path, text + steps, table), cross_check="never")) == {"1": 80000}


def test_the_reserve_list(tmp_path: Path) -> None:
    """20 % of 1,500 € is held back: 1,200 € fund 3, 4 and 2 (21). The 300 € pay nobody else but 5."""
    result = solve(tiny(tmp_path, HEAD % ", reserve: 20 %", TABLE), cross_check="never")
    assert funded(result) == {"2": 50000, "3": 40000, "4": 30000}
    table = result.dossiers.filter(pl.col("reserve_rank").is_not_null())
    assert table.select("dossier", "reserve_rank", "reserve_cents", "funded").rows() == [
        ("5", 1, 20000, False)
    ]
    assert codes(result)["5"] == "reserve"
    assert table["reason"].to_list() == ["Sur la liste de réserve, rang 1 (200\xa0€)."]
    entry = result.document["envelopes"][0]
    assert (entry["reserved_cents"], entry["granted_cents"], entry["unspent_cents"]) == (30000, 120000, 30000)
    assert entry["unspent_code"] == "reserve"
    assert [step["id"] for step in result.document["steps"]] == ["", "reserve"]


def test_the_reserve_list_is_ranked_by_value_per_euro(tmp_path: Path) -> None:
    table = "dossier,requested,score\n1,500,9\n2,200,2\n3,100,2\n4,200,3\n"
    text = HEAD.replace("1 500", "1 000") % ", reserve: 50 %"
    result = solve(tiny(tmp_path, text, table), cross_check="never")
    assert funded(result) == {"1": 50000}
    ranks = result.dossiers.filter(pl.col("reserve_rank").is_not_null()).sort("reserve_rank")
    assert ranks["dossier"].to_list() == ["3", "4", "2"]


def test_a_step_without_solution_says_so(tmp_path: Path) -> None:
    steps = STEPS.replace(
        "id: deux, date: 2021-03-01", "id: deux, set: {programme.max_dossiers: 1, programme.min_use: 60 %}"
    )
    result = solve(tiny(tmp_path, HEAD % "" + steps, TABLE), cross_check="never")
    assert result.status is Status.INFEASIBLE
    assert result.allocation is None
    assert result.document["warnings"][-1].startswith(
        "step-infeasible — l'étape « deux » n'a pas de répartition possible"
    )


def test_the_weakest_proof_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proven = solve(tiny(tmp_path, HEAD % "" + STEPS, TABLE), cross_check="never")
    assert proven.proof is Proof.PROVED
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])
    result = solve(tiny(tmp_path, HEAD % "" + STEPS, TABLE), cross_check="never")
    assert (result.status, result.proof) == (Status.FEASIBLE, Proof.FEASIBLE_GAP)
    assert not result.document["publishable"]
    checked = solve(tiny(tmp_path, HEAD % "" + STEPS, TABLE))
    assert checked.proof is Proof.CROSS_CHECKED
    assert checked.document["publishable"]


@pytest.mark.parametrize("reserve", ["", ", reserve: 20 %"])
def test_a_run_folder_of_steps_is_read_again(reserve: str, tmp_path: Path) -> None:
    result = solve(tiny(tmp_path, HEAD % reserve + (LISTING if reserve else STEPS), TABLE))
    folder = write_run(result)
    report = verify_run(folder)
    assert [defect.line(Lang.FR) for defect in report.defects] == []
    csv = pl.read_csv(folder / "allocation.csv", infer_schema=False)
    # a fifth of 700 € held back leaves 560 €: 2 comes first then
    assert csv["step"].to_list() == (
        [None, "un", "deux", "deux", None] if reserve else ["un", None, "deux", "deux", None]
    )
    assert ("reserve_rank" in csv.columns) == bool(reserve)
    assert result.dossiers["committed_cents"].null_count() == 5
    assert json.loads((folder / "summary.json").read_text())["steps"][0]["id"] == "un"


def tampered(folder: Path, **columns: pl.Expr) -> list[str]:
    file = folder / "allocation.parquet"
    whole = file.read_bytes()
    pl.read_parquet(file).with_columns(**columns).write_parquet(file)
    codes = sorted({defect.code for defect in verify_run(folder).defects})
    file.write_bytes(whole)
    return codes


def test_what_was_changed_is_found(tmp_path: Path) -> None:
    table = TABLE.replace("2021-03-10", "2021-02-25")
    folder = write_run(solve(tiny(tmp_path, HEAD % ", reserve: 20 %" + LISTING, table)))
    one = pl.col("dossier") == "3"
    moved = pl.when(one).then(pl.lit("un")).otherwise("step")
    assert "eligibility" in tampered(folder, step=moved)
    assert "summary:steps" in tampered(folder, step=pl.when(one).then(pl.lit("")).otherwise("step"))
    assert tampered(folder, step=pl.when(one).then(pl.lit("trois")).otherwise("step")) == [
        "file:allocation.parquet",
        "steps",
    ]
    assert "allocation" in tampered(folder, step=pl.lit(1))
    rank = pl.col("reserve_rank") + 1
    assert tampered(folder, reserve_rank=rank) == ["file:allocation.parquet", "reserve-list"]
    more = tampered(folder, reserve_cents=pl.col("reserve_cents") * 10)
    assert {"grant:amount", "summary:steps"} <= set(more)


ERRORS = {
    "backwards in time": (
        "steps: [{id: un, date: 2021-01-31}, {id: deux, date: 2021-01-01}]\n",
        [
            "steps tiny.yaml:7:54 — l'étape « deux » (2021-01-01) précède celle d'avant (2021-01-31). "
            "Mettez les étapes dans l'ordre de leurs dates, ou corrigez cette date."
        ],
    ),
    "the reserve is not the last": (
        "steps: [{id: reserve}, {id: deux}]\n",
        ["steps tiny.yaml:7:14 — l'étape « reserve » est la dernière. Mettez-la à la fin de `steps`."],
    ),
    "a step that changes the steps": (
        "steps: [{id: un, set: {steps: null}}]\n",
        [
            "steps tiny.yaml:7:23 — une étape ne peut pas changer `steps` elle-même. Retirez cette ligne, "
            "et écrivez le changement dans l'étape qu'il concerne."
        ],
    ),
    "a path that leads nowhere": (
        "steps: [{id: un, set: {envelopes.pp.amount: 3 €}}]\n",
        ["set_path tiny.yaml:7:24 — aucune enveloppe n'a l'id « pp ». Vouliez-vous dire « p » ?"],
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_steps(name: str, tmp_path: Path) -> None:
    text, expected = ERRORS[name]
    with pytest.raises(ScenarioError) as caught:
        tiny(tmp_path, HEAD % "" + text, TABLE)
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == expected
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)


def test_relax_looks_at_one_decision(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        solve(tiny(tmp_path, HEAD % "" + STEPS, TABLE), relax=True)
    assert solve(tiny(tmp_path, HEAD % ", reserve: 20 %", TABLE), relax=True).document["relaxed"]


DAYS = ("2021-03-15", "2021-04-15")


def brute_steps(case: dict[str, Any]) -> list[tuple[str, int]] | None:
    """Brute force at each step; what is funded is committed at the next."""
    kept: dict[str, int] = {}
    for day in DAYS:
        rows = []
        for d in case["dossiers"]:
            if d["id"] in kept:
                d = {k: v for k, v in d.items() if k not in ("levels", "common")}
                d |= {"committed": kept[d["id"]], "ranged": False, "decided": 0}
            elif d["filed"] is not None and d["filed"] > day and "committed" not in d:
                d = d | {"eligible": False, "decided": 0}
            rows.append(d)
        found = brute_solve(case | {"dossiers": rows})
        if found is None:
            return None
        kept = dict(found)
    return [(d["id"], kept[d["id"]]) for d in sorted(case["dossiers"], key=rank_key) if d["id"] in kept]


@drawn(100)
@given(cases(largest=6))
def test_steps_equal_brute_force(case: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = write(case, Path(name))
        yaml = YAML(typ="safe")
        tree = yaml.load(path.read_text(encoding="utf-8"))
        tree["steps"] = [{"id": f"s{k}", "date": day} for k, day in enumerate(DAYS)]
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(tree, stream)
        try:
            result = solve(load_scenario(path))
        except ScenarioError as error:
            if not {d.code for d in error.defects} & {"share-denominator", "requires-circle"}:
                assert brute_steps(case) is None
            return
        expected = brute_steps(case)
        if result.status is Status.INFEASIBLE:
            assert expected is None
            return
        table = result.dossiers.filter(pl.col("funded"))
        assert list(zip(table["dossier"], table["granted_cents"], strict=True)) == expected
        assert verify_run(write_run(result)).ok
