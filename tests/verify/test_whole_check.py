"""The whole check: without any solver, in another place, on files of any shape, in words a planner can use."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.lanes import stride
from support.paths import TESTS
from support.run_folders.checked import codes, copied, said
from support.run_folders.mutations import load, rehash, store
from support.run_folders.small_runs import Small, changed, forged, project, table

from tnt_sim.cli.main import main
from tnt_sim.engine.result import Proof
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.verification import describe_unread
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify import run_replay as integers
from tnt_sim.verify.run_files import hash_summary, iterate_differences


def test_no_solver_is_needed(made: dict[str, Path]) -> None:
    """Every run is checked with the formulation, the search for proofs and every solver blocked."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "for name in ('tnt_sim.formulation', 'tnt_sim.solve', 'tnt_sim.prove', 'highspy', 'pulp', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "from support.typed import read_catalogue_as_typed\n"
        "from tnt_sim.engine.run_folder.replay import verify_run\n"
        "read_catalogue_as_typed()  # the sentences of the runs are so\n"
        "sys.exit(not all(verify_run(Path(run)).ok for run in sys.argv[1:]))\n"
    )
    runs = [str(run) for run in made.values()]
    done = subprocess.run(
        [sys.executable, "-c", code, *runs], capture_output=True, text=True, check=False, cwd=TESTS
    )
    assert done.returncode == 0, done.stderr


# ---- where things are


def test_a_project_that_moved_as_a_whole(run: Path) -> None:
    assert said(run) == []


def test_a_run_folder_that_moved_alone(run: Path, tmp_path: Path) -> None:
    moved = tmp_path / "archives" / "un" / run.name
    shutil.move(run, moved)
    (line,) = said(moved)
    assert line.startswith(
        f"project — aucune entrée du calcul n'est dans {tmp_path / 'archives'} (« project » : ../..)"
    )
    assert "cherchées : petit.yaml, table.csv" in line
    assert "--project PROJET" in line
    assert said(moved, project=tmp_path / "projet") == []
    assert main(["verify", str(moved), "--project", str(tmp_path / "projet"), "--json"]) == 0
    assert main(["verify", str(moved), "--json"]) == 1


def test_a_renamed_run_folder_is_the_same_run(run: Path) -> None:
    other = run.rename(run.with_name("décision du 22 novembre"))
    assert said(other) == []


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="il n'y a pas de dossier"):
        verify_run(tmp_path / "rien")
    assert main(["verify", str(tmp_path / "rien")]) == 3
    assert str(tmp_path / "rien") in capsys.readouterr().err


def test_an_input_outside_the_project_is_not_opened(run: Path) -> None:
    summary = load(run)
    summary["inputs"][1]["path"] = "../../secret.csv"
    store(run, summary)
    rehash(run)
    (line,) = said(run)
    assert "l'entrée « ../../secret.csv » est hors du projet" in line


# ---- inputs


@pytest.mark.parametrize("name", ["petit.yaml", "table.csv"])
def test_an_input_that_changed_is_named(run: Path, name: str) -> None:
    file = run.parent.parent / name
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (line,) = said(run)
    assert line.startswith(f"input — l'entrée « {name} » a changé depuis le calcul ({file})")
    file.unlink()
    (line,) = said(run)
    assert line.startswith(f"input-missing — l'entrée « {name} » manque : cherchée dans {file}")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (None, "inputs"), ([], "inputs"), (["petit.yaml"], "inputs"), ([{"path": "petit.yaml"}], "inputs"),
        ([{"path": "petit.yaml", "sha256": 1, "kind": "scenario"}], "inputs"),
        ([{"path": "petit.yaml", "sha256": "", "kind": "poem"}], "inputs"),
    ],
)  # fmt: skip
def test_a_list_of_inputs_that_is_none(run: Path, inputs: Any, code: str) -> None:
    summary = load(run)
    summary["inputs"] = inputs
    store(run, summary)
    rehash(run)
    assert codes(run) == [code]


def test_inputs_less_one(run: Path) -> None:
    summary = load(run)
    del summary["inputs"][1]
    store(run, summary)
    rehash(run)
    assert codes(run) == ["summary:inputs.length", "summary:provenance.inputs_sha256"]
    summary["inputs"] = load(run)["inputs"]
    del summary["inputs"][0]
    store(run, summary)
    rehash(run)
    assert codes(run) == ["inputs"]


@pytest.mark.parametrize(
    ("sets", "code"),
    [
        (None, "sets"), ([1], "sets"), ([], "scenario"), (["programme.rien=1"], "unknown_key"), (["x"], "usage"),
    ],
)  # fmt: skip
def test_other_changes_than_those_of_the_run(run: Path, sets: Any, code: str) -> None:
    summary = load(run)
    summary["sets"] = sets
    store(run, summary)
    rehash(run)
    assert codes(run) == [code]


# ---- documents


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("title",), "Autre"), (("publishable",), False), (("relaxed",), True), (("schema_version",), 2),
        (("command",), "sweep"), (("scenario",), "x"), (("run_dir",), "x"), (("project",), "../../."),
        (("envelopes", 1, "unspent_because"), "x"), (("envelopes", 2, "unspent_code"), "swap_only"),
        (("objective", 0, "goal"), "x"), (("objective", 0, "sense"), "minimise"),
        (("objective", 0, "bound"), "39"), (("objective", 1, "gap"), "1"), (("rules", 0, "binds"), False),
        (("warnings", 0), "x"), (("warnings",), []),
        (("versions", "polars"), "9"), (("provenance", "lock_sha256"), "x"), (("provenance", "code_sha256"), "x"),
        (("provenance", "result_sha256"), "x"), (("provenance",), None), (("files", "solver.log"), "x"),
        (("n_eligible",), 16.0), (("inputs", 0, "kind"), "table"),
    ],
)  # fmt: skip
def test_every_value_of_the_summary_counts(run: Path, path: tuple[Any, ...], value: Any) -> None:
    """With the hash of the document made to fit, so that the value itself must be seen."""
    summary = load(run)
    place: Any = summary
    for step in path[:-1]:
        place = place[step]
    old = place.get(path[-1]) if isinstance(place, dict) else place[path[-1]]
    assert old != value or type(old) is not type(value)
    place[path[-1]] = value
    store(run, summary | {"document_sha256": hash_summary(summary)})
    found = codes(run)
    named = [code for code in found if str(path[0]).rstrip("s") in code or code in ("files", "proof")]
    assert named, found


def test_another_code_is_said_and_is_no_defect(run: Path) -> None:
    summary = load(run)
    summary["provenance"]["code_sha256"] = "0" * 64
    store(run, summary)
    rehash(run)
    report = verify_run(run)
    assert report.ok
    assert [note.en for note in report.notes] == [
        f"The run was made by another code of tnt_sim ({summary['versions']['tnt_sim']}) "
        "than the one that checks it."
    ]


def test_a_proof_taken_away(run: Path) -> None:
    file = run / "certificate.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    for proofs in ([None, None], [], "x", [1, 2], stored["proofs"][:1], stored["proofs"][::-1]):
        file.write_text(json.dumps({**stored, "proofs": proofs}), encoding="utf-8")
        rehash(run)
        assert "proof" in codes(run), proofs


def test_every_word_of_the_solver_counts(run: Path) -> None:
    """certificate.json repeats goals, values, bounds and ends: one changed, dropped or added is named."""
    file = run / "certificate.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    first, *others = stored["stages"]
    for key, value in (("goal", "x"), ("sense", "up"), ("value", "1"), ("value", 1), ("value", None),
                       ("bound", "1"), ("bound", None), ("termination", "time_limit"),
                       ("termination", 0)):  # fmt: skip
        named = "stages" if key in ("goal", "sense") else f"stages[0].{key}"
        file.write_text(json.dumps({**stored, "stages": [{**first, key: value}, *others]}), encoding="utf-8")
        rehash(run)
        assert codes(run) == [f"certificate:{named}"], (key, value)
    for stages in (None, "x", [], [1], [*others, first], [first, first, *others], [first, *others, first]):
        file.write_text(json.dumps({**stored, "stages": stages}), encoding="utf-8")
        rehash(run)
        assert codes(run) == ["certificate:stages"], stages


def test_the_proofs_of_the_tie_break_taken_away(run: Path) -> None:
    assert load(run)["canonical_proof"] == {"least_granted": "PROVED", "list": "PROVED"}
    file = run / "certificate.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    ties = stored["tie_break"]
    swapped = {"least_granted": ties["list"], "list": ties["least_granted"]}
    empty = {"narrow": [], "parts": []}
    for change, n in (({"least_granted": None}, 1), ({"list": None}, 1), ({"list": empty}, 1),
                      (swapped, 2), ({"least_granted": 1, "list": []}, 2)):  # fmt: skip
        file.write_text(json.dumps({**stored, "tie_break": {**ties, **change}}), encoding="utf-8")
        rehash(run)
        found = said(run, Lang.EN)
        assert len(found) == n, change
        assert all(
            line.startswith("proof certificate.json — certificate.json does not prove") for line in found
        )
        assert any("no list as good" in line for line in found) is ("list" in change)
    file.write_text(json.dumps({**stored, "tie_break": "x"}), encoding="utf-8")
    rehash(run)
    assert codes(run) == ["proof", "proof"]


def test_a_list_that_another_goes_before_is_not_proven(tmp_path: Path) -> None:
    """Three equal dossiers, money for two: no rule is broken and no goal is lost when the last two are taken."""
    text = "schema_version: 1\nid: egaux\nprogramme: {id: p, amount: 20 €}\ndossiers: [{file: table.csv}]\n"
    small = Small(text, {"table.csv": table("dossier,requested", "1,10", "2,10", "3,10")})
    result = solve(load_scenario(project(small, tmp_path)), cross_check="never")
    ties = {"least_granted": Proof.PROVED, "listing": Proof.PROVED}
    honest = forged(result, changed(result, {}), **ties)
    assert said(write_run(honest)) == []
    other = forged(result, changed(result, {"1": None, "3": 1000}), **ties)
    (line,) = said(write_run(other), Lang.EN)
    assert "no list as good goes before this one" in line


def test_a_tolerance_may_leave_out_who_would_have_counted(tmp_path: Path) -> None:
    """Half of the score may be given up for money: funding the other dossier too is no better decision."""
    text = (
        "schema_version: 1\nid: cede\nprogramme: {id: p, amount: 30 €}\ndossiers: [{file: table.csv}]\n"
        "objective: [{maximise: {score: 1}, tolerance: 50 %}, {minimise: {granted: 1}}]\n"
    )
    small = Small(text, {"table.csv": table("dossier,requested,score", "1,10,5", "2,10,5")})
    result = solve(load_scenario(project(small, tmp_path)), cross_check="never")
    assert result.document["granted_cents"] == 1000
    agreed = {**result.certificate, "cross_check": {"verdict": "agrees"}}
    run = write_run(forged(result, changed(result, {}), proof=Proof.CROSS_CHECKED, certificate=agreed))
    assert said(run) == []


def test_the_rows_of_common_rates_and_of_years_are_read_twice(made: dict[str, Path]) -> None:
    for name in ("money", "years"):
        record = verify_run(made[name]).record
        assert record.proof_rows["read"] > record.proof_rows["unread"] == 0
        assert describe_unread(record) is None


def test_the_proof_of_a_step_taken_away(made: dict[str, Path], tmp_path: Path) -> None:
    run = copied(made["steps"], tmp_path)
    file = run / "certificate.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    for k in range(len(stored["steps"])):
        steps = [one if j != k else {**one, "proofs": []} for j, one in enumerate(stored["steps"])]
        file.write_text(json.dumps({**stored, "steps": steps}), encoding="utf-8")
        rehash(run)
        assert codes(run) == ["proof"]


def test_a_reserve_list_and_steps_in_the_summary(made: dict[str, Path], tmp_path: Path) -> None:
    run = copied(made["steps"], tmp_path)
    summary = load(run)
    for change in (lambda s: s["steps"].pop(), lambda s: s["steps"].reverse(), lambda s: s.update(steps=None),
                   lambda s: s["steps"][0].update(date="2021-01-30"), lambda s: s["steps"].append({}),
                   lambda s: s["steps"][1].update(proof="CROSS_CHECKED")):  # fmt: skip
        told = json.loads(json.dumps(summary))
        change(told)
        store(run, told)
        rehash(run)
        assert any("steps" in code for code in codes(run))
        store(run, summary)
    file = run / "allocation.parquet"
    table = pl.read_parquet(file)
    table.drop("reserve_rank", "reserve_cents").write_parquet(file)
    rehash(run)
    assert {"allocation.csv:columns", "summary:canonical"} <= set(codes(run))
    rank = (
        pl.when(pl.col("reserve_rank").is_not_null()).then(3 - pl.col("reserve_rank")).alias("reserve_rank")
    )
    assert table["reserve_rank"].drop_nulls().len() == 2
    table.with_columns(rank).write_parquet(file)
    rehash(run)
    assert "reserve-list" in codes(run)
    first = pl.col("funded") & (pl.col("reserve_rank").is_null())
    table.with_columns(pl.when(first).then(1).otherwise("reserve_rank").alias("reserve_rank")).write_parquet(
        file
    )
    rehash(run)
    assert "reserve-list" in codes(run)


def test_differences_keep_types_apart() -> None:
    def paths(one: Any, other: Any) -> list[str]:
        return [path for path, _, _ in iterate_differences(one, other)]

    assert paths({"a": 1}, {"a": 1.0}) == ["a"]
    assert paths({"a": True}, {"a": 1}) == ["a"]
    assert paths({"a": [{"id": "x", "b": 1}]}, {"a": [{"id": "x", "b": 2}]}) == ["a[x].b"]
    assert paths({"a": [1, 2]}, {"a": [1, 3]}) == ["a[1]"]
    assert paths({"a": [1]}, {"a": [1, 2]}) == ["a.length"]
    assert paths({"a": None}, {}) == ["a"]
    assert paths({}, {"a": None}) == ["a"]
    assert paths({"a": {}}, {"a": []}) == ["a"]
    assert paths({"a": [{"x": 1}]}, {"a": [{"x": 1}]}) == []


# ---- the command


def test_the_command_says_what_is_wrong(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(run)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(
        "✔ liens modifié par --set 'programme.envelopes.a.amount=1 900 €' : règles respectées et répartition"
    )
    assert "Optimalité Démontrée ici." in shown
    summary = load(run)
    summary["granted_cents"] += 1
    store(run, summary)
    rehash(run)
    assert main(["verify", str(run), "--lang", "en"]) == 1
    shown = capsys.readouterr()
    assert f'summary.json says {summary["granted_cents"]} for "granted_cents"' in shown.err
    assert "Do not publish it" in shown.out
    assert "Traceback" not in shown.err
    assert main(["verify", str(run), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "refused"
    assert document["proof"] is None
    assert "summary:granted_cents" in [defect["code"] for defect in document["defects"]]
    assert document["notes"] == []


ODD: list[Any] = [None, [7], {"x": {}}, "x", -1]


@pytest.mark.drawn
def test_a_summary_with_parts_of_any_type(run: Path) -> None:
    """Whatever stands under a key, there is a refusal and no crash."""
    summary = load(run)
    for k, key in list(enumerate(summary))[:: stride(4)]:
        value = ODD[k % len(ODD)] if summary[key] is not None else "x"
        told = {**summary, key: value}
        if key == "versions":
            told["provenance"] = {**summary["provenance"], "code_sha256": "0" * 64}
        store(run, told)
        if key not in ("files", "provenance", "document_sha256"):
            rehash(run)
        assert codes(run), key


@pytest.mark.parametrize(
    ("key", "count"), [("objective", 2), ("envelopes", 4), ("rules", 6), ("warnings", 2)]
)
def test_a_list_with_entries_of_any_type(run: Path, key: str, count: int) -> None:
    summary = load(run)
    assert len(summary[key]) == count
    for value in ODD if key == "objective" else ODD[:2]:
        store(run, {**summary, key: [value, *summary[key][1:]]})
        rehash(run)
        assert any(key.rstrip("s") in code for code in codes(run)), value
        if key != "warnings":
            assert f"summary:{key}" in {code.partition("[")[0] for code in integer_codes(run)}, value


def integer_codes(run: Path) -> list[str]:
    return [defect.code for defect in integers.verify_run(run).defects]


def test_the_reading_in_integers_alone(run: Path) -> None:
    """`verify.replay` sees every figure, though no word."""
    assert integer_codes(run) == []
    summary = load(run)
    for key, value in (
        ("granted_cents", 1),
        ("allocation_sha256", "x"),
        ("n_funded", 0),
        ("unspent_cents", None),
    ):
        store(run, {**summary, key: value})
        rehash(run)
        assert integer_codes(run) == [f"summary:{key}"]
    goals = summary["objective"]
    store(run, {**summary, "objective": [{**goals[0], "value": "38"}, goals[1]]})
    rehash(run)
    assert integer_codes(run) == ["summary:objective[0].value"]
    envelopes = [{**one, "unspent_because": "x"} for one in summary["envelopes"]]
    store(run, {**summary, "envelopes": envelopes})
    rehash(run)
    assert integer_codes(run) == []
    envelopes = [{**one, "unspent_cents": -1} for one in summary["envelopes"]]
    store(run, {**summary, "envelopes": envelopes})
    rehash(run)
    assert len(integer_codes(run)) == len(envelopes)
