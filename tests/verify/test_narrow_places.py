"""Places of the check that ordinary damage does not reach: strange types, words, what is not claimed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.run_folders.checked import codes, copied, said
from support.run_folders.mutations import load, rehash, store
from support.run_folders.small_runs import Small, changed, forged, project, solved, table

from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import Defects
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.decision_register import HELD, INPUTS, SIGNATURE
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify import run_replay as replay
from tnt_sim.verify.claim_consistency import compare_solver_claims, read_claim
from tnt_sim.verify.input_files import KINDS, project_of, register_of
from tnt_sim.verify.stored_allocation import extract_allocation, read_parquet

PLAIN = Small(
    "schema_version: 1\nid: simple\nprogramme: {id: p, amount: 100 €}\ndossiers: [{file: table.csv}]\n"
    "objective: [{maximise: {score: 1}}]\n",
    {"table.csv": table("dossier,requested,score", "1,60,5", "2,50,4", "3,50,4")},
)


def test_what_is_told_of_a_good_and_of_a_bad_run(tmp_path: Path) -> None:
    run = write_run(solve(load_scenario(project(PLAIN, tmp_path)), cross_check="never"))
    good = verify_run(run)
    summary = load(run)
    assert (good.ok, good.defects, good.notes) == (True, (), ())
    assert good.head.status == "verified"
    assert good.head.proof == summary["proof"] == "PROVED"
    assert good.head.allocation_sha256 == summary["allocation_sha256"]
    assert good.rows.read > 0
    store(run, {**summary, "n_funded": summary["n_funded"] + 1})
    for report in (verify_run(run), replay.verify_run(run)):
        assert not report.ok
        assert (report.head.status, report.head.proof) == ("refused", None)
        assert report.defects


def test_a_certificate_shows_the_optimum_whatever_the_run_claims(tmp_path: Path) -> None:
    result = solved("links", tmp_path / "project")
    assert result.allocation is not None
    agreed = {**result.certificate, "cross_check": {"verdict": "agrees"}}
    told = forged(result, result.allocation, proof=Proof.CROSS_CHECKED, certificate=agreed)
    report = verify_run(write_run(told))
    assert report.ok, report.defects
    assert (report.head.proof, report.optimal.standing) == ("CROSS_CHECKED", "shown")
    told = forged(result, result.allocation, proof=Proof.CROSS_CHECKED, certificate={**agreed, "proofs": []})
    report = verify_run(write_run(told))
    assert report.ok, report.defects
    assert (report.rules.standing, report.optimal.standing) == ("shown", "claimed")


@pytest.mark.parametrize("part", [1, None, "x", [], {"proofs": 3, "tie_break": [], "cross_check": 1}])
def test_parts_of_the_certificate_of_any_type(made: dict[str, Path], tmp_path: Path, part: Any) -> None:
    run = copied(made["steps"], tmp_path)
    file = run / "certificate.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    for steps in ([part, *stored["steps"][1:]], [*stored["steps"][:-1], part], part):
        file.write_text(json.dumps({**stored, "steps": steps}), encoding="utf-8")
        rehash(run)
        assert "proof" in codes(run)


def test_lists_cut_short_by_a_limit(tmp_path: Path) -> None:
    """A decision that a limit stopped tells the stages that were reached, no others, and never « optimal »."""
    result = solved("money", tmp_path / "project")
    stages, values = result.problem.stages, result.reading.values if result.reading else ()
    goals = [goal | {"proof": "FEASIBLE_GAP"} for goal in result.document["objective"]]
    ties = {"least_granted": None, "list": None}
    told = {"status": "feasible", "proof": "FEASIBLE_GAP", "objective": goals, "canonical_proof": ties}
    found = Defects()
    claim = read_claim(told, "", stages, values, found)
    assert found.entries == []
    entries = result.certificate["stages"]
    assert len(stages) > 1

    def apart(listed: Any) -> list[str]:
        return [defect.code for defect in compare_solver_claims(listed, "", stages, values, claim)]

    first, *_ = entries
    assert apart(entries[: len(stages)]) == []
    assert apart([first]) == []
    assert apart([first | {"termination": "time_limit"}]) == []
    assert apart([first | {"bound": "x"}]) == ["certificate:stages[0].bound"]
    for wrong in ([], [entries[1]], [first, first], [*entries, first]):
        assert apart(wrong) == ["certificate:stages"]
    optimal = read_claim(result.document, "", stages, values, Defects())
    listed = compare_solver_claims([first], "", stages, values, optimal)
    assert [defect.code for defect in listed] == ["certificate:stages"]


def test_tables_of_a_sequence_that_lack_a_column(made: dict[str, Path], tmp_path: Path) -> None:
    for name in ("step", "reserve_cents"):
        run = copied(made["steps"], tmp_path / name)
        file = run / "allocation.parquet"
        pl.read_parquet(file).drop(name).write_parquet(file)
        rehash(run)
        found = said(run, Lang.EN)
        assert any(f'no column "{name}"' in line for line in found), found
        assert not verify_run(run).ok


def test_a_long_cell_is_cut_in_what_is_said(run: Path) -> None:
    file = run / "allocation.csv"
    text = file.read_text(encoding="utf-8")
    header, first, rest = text.split("\n", 2)
    file.write_text("\n".join([header, first + "x" * 300, rest]), encoding="utf-8")
    rehash(run)
    (line,) = (line for line in said(run) if "allocation.csv" in line)
    assert "…" in line
    assert len(line) < 600


VARIANTS = Small(
    "schema_version: 1\nid: variantes\nprogramme: {id: p, amount: 100 €}\ndossiers: [{file: table.csv}]\n"
    "objective: [{maximise: {score: 1}}]\n",
    {
        "table.csv": table(
            "dossier,requested,score,variant_of,requires", "1,10,5,,", "2,20,9,1,", "3,10,4,,", "4,10,3,,3"
        )
    },
)


def test_the_columns_that_are_rules_say_their_own_sentence(tmp_path: Path) -> None:
    result = solve(load_scenario(project(VARIANTS, tmp_path)), cross_check="never")
    assert result.status is Status.OPTIMAL
    both = said(write_run(forged(result, changed(result, {"1": 1000, "2": 2000}))))
    assert any("2 variantes de" in line for line in both), both
    assert not any("est retenu sans" in line for line in both)
    alone = said(write_run(forged(result, changed(result, {"3": None, "4": 1000}))))
    assert any("« 4 » est retenu sans" in line for line in alone), alone
    assert not any("variantes" in line for line in alone)


def test_the_inputs_of_a_signed_list_lie_beside_it(tmp_path: Path) -> None:
    run = tmp_path / "registre" / "liste-1"
    (run / INPUTS).mkdir(parents=True)
    summary = {"project": "../.."}
    assert project_of(run, summary) == tmp_path.resolve()
    (run / SIGNATURE).write_text("{}", encoding="utf-8")
    assert project_of(run, summary) == (run / INPUTS).resolve()
    (run / INPUTS).rmdir()
    assert project_of(run, summary) == tmp_path.resolve()


@pytest.mark.parametrize("inputs", [None, "x", 3, {"path": "a"}, [1, {"path": 2}], []])
def test_no_register_among_inputs_of_any_type(inputs: Any) -> None:
    assert register_of({"inputs": inputs}) is None
    held = {"path": f"registre/liste-1/{HELD}", "sha256": "0" * 64, "kind": KINDS[0]}
    assert register_of({"inputs": [held]}) == held["path"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t.drop("funded"),
        lambda t: t.with_columns(funded=pl.lit(1)),
        lambda t: t.with_columns(granted_cents=pl.lit(None, dtype=pl.Int64)),
        lambda t: pl.concat([t, t[:1]]),
        lambda t: t[1:],
        lambda t: t.with_columns(dossier=pl.col("dossier") + "x"),
    ],
)
def test_tables_that_hold_no_allocation(run: Path, damage: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    found = Defects()
    good = read_parquet(run / "allocation.parquet", found)
    assert good is not None
    known = good["dossier"]
    held = extract_allocation(known, good, found)
    assert found.entries == []
    assert held is not None
    assert held.funded.tolist() == good["funded"].to_list()
    backwards = extract_allocation(known, good[::-1], found)
    assert backwards is not None
    assert backwards.granted_cents.tolist() == held.granted_cents.tolist()
    assert extract_allocation(known, damage(good), found) is None
    assert found.entries
