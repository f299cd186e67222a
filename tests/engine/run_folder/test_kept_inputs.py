"""Runs outlive edits: each input is kept once by its hash beside the runs, and read there after an edit."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from support.run_folders.mutations import load, rehash, store
from support.run_folders.readers import READERS

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.writer import list_lost_inputs, write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.input_files import count_changed_lines

TABLE = "dossier,requested,score,envelope\nA,100,5,x\nB,100,10,x\nC,200,1,y\nD,50,2,y\n"
BASE = """schema_version: 1
id: base
programme: {id: p, amount: 300 €, envelopes: [{id: x}, {id: y}]}
dossiers: [{file: tables/dossiers.csv}]
reference: tables/list.csv
objective: [{maximise: {score: 1}}]
"""
CHILD = "schema_version: 1\nid: child\nextends: base.yaml\noverrides: [more.yaml]\nlocale: en\n"
MORE = "rules:\n  - {id: cap, kind: limit, measure: granted, where: {envelope: x}, max: 200 €}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a chain of scenarios, an override, a side table and tables in a folder."""
    folder = tmp_path / "project"
    (folder / "plans" / "tables").mkdir(parents=True)
    (folder / "tnt-sim.toml").touch()
    texts = {
        "base.yaml": BASE, "child.yaml": CHILD, "more.yaml": MORE, "tables/dossiers.csv": TABLE,
        "tables/list.csv": "dossier\nA\nB\nC\nD\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / "plans" / name).write_text(text, encoding="utf-8")
    return folder


def decide(project: Path, *sets: str, out: Path | None = None) -> Path:
    return write_run(solve(load_scenario(project / "plans" / "child.yaml", sets), cross_check="never"), out)


def edit(file: Path, old: str, new: str) -> None:
    """Edit a file in place, as some editors do."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    with file.open("r+", encoding="utf-8") as stream:
        stream.truncate()
        stream.write(text.replace(old, new))


def edit_all(project: Path) -> None:
    plans = project / "plans"
    edit(plans / "base.yaml", "300 €", "200 €")
    edit(plans / "more.yaml", "200 €", "100 €")
    edit(plans / "tables" / "dossiers.csv", "B,100,10", "B,100,1")
    (plans / "tables" / "list.csv").unlink()


def test_each_input_is_kept_once_by_its_hash(project: Path) -> None:
    run = decide(project, "solver.time_limit=20")
    kept = {file.name: file.read_bytes() for file in (project / "runs" / "inputs").iterdir()}
    named = {entry["sha256"]: project / entry["path"] for entry in load(run)["inputs"]}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in kept.items()} == {n: n for n in kept}
    assert kept == {sha: file.read_bytes() for sha, file in named.items()}
    assert len(kept) == 5
    edit(project / "plans" / "base.yaml", "300 €", "200 €")
    decide(project)
    assert len(list((project / "runs" / "inputs").iterdir())) == 6, "the four others are those of before"


def test_runs_before_and_after_an_edit_are_compared(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = decide(project)
    edit_all(project)
    (project / "plans" / "tables" / "list.csv").write_text("dossier\nA\nC\nD\n", encoding="utf-8")
    after = decide(project)
    assert main(["compare", str(before), str(after), "--json"]) == 0
    said = capsys.readouterr()
    moves = {move["dossier"]: move["move"] for move in json.loads(said.out)["changes"]}
    assert moves["B"] == "leaves"
    assert said.err.count("is read as it was computed") == 1
    assert '"plans/base.yaml" has changed since (1 line)' in said.err
    assert '"plans/tables/dossiers.csv" has changed since' in said.err


@pytest.mark.parametrize("reader", ["verify", "explain", "inversions", "core", "compare", "audit", "sign",
                                    "report .html", "export csv", "export arrete", "transparency",
                                    "reconcile"])  # fmt: skip
def test_every_reader_says_what_has_changed(
    reader: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = decide(project)
    (tmp_path / "out").mkdir()
    edit(project / "plans" / "child.yaml", "locale: en\n", "locale: en\n# a comment\n# of two lines\n")
    assert main([*READERS[reader](run, tmp_path / "out"), "--lang", "en"]) in (0, 10)
    said = capsys.readouterr()
    assert "the scenario has changed since (2 lines)" in said.err


def test_verify_says_which_of_the_two_it_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = decide(project)
    assert main(["verify", str(run), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert ({entry["place"] for entry in document["inputs"]}, document["notes"]) == ({"project"}, [])
    edit_all(project)
    assert main(["verify", str(run), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    places = {entry["path"]: entry["place"] for entry in document["inputs"]}
    assert (places["plans/base.yaml"], places["plans/child.yaml"]) == ("kept", "project")
    assert '"plans/tables/list.csv" is no longer there' in document["notes"][0]
    inputs = project / "runs" / "inputs"
    read = {entry["path"]: entry["file"] for entry in document["inputs"]}
    assert read["plans/base.yaml"] == str(inputs / hashlib.sha256(BASE.encode()).hexdigest())
    assert read["plans/child.yaml"] == str(project / "plans" / "child.yaml"), (
        "what is unchanged is read there"
    )
    assert main(["verify", str(run), "--lang", "en"]) == 0
    (told,) = re.findall(
        r"Read from the copies beside the list: (.*?)\. The rest was read in the project\.",
        " ".join(capsys.readouterr().out.split()),
    )
    assert set(told.split(", ")) == {path for path, place in places.items() if place == "kept"}
    assert main(["verify", str(run), "--project", str(project), "--json"]) == 1, "the reader names the data"
    codes = {defect["code"] for defect in json.loads(capsys.readouterr().out)["defects"]}
    assert codes == {"input", "input-missing"}


def test_a_signed_list_keeps_its_inputs_for_good(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = decide(project)
    edit_all(project)
    assert main(["sign", str(run), "--as", "l1", "--quiet"]) == 0
    shutil.rmtree(project / "runs")
    capsys.readouterr()
    assert main(["verify", str(project / "registre" / "l1"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {entry["place"] for entry in document["inputs"]} == {"kept"}
    assert document["entry"] == "l1"
    inputs = project / "registre" / "l1" / "inputs" / "plans"
    assert (inputs / "base.yaml").read_text(encoding="utf-8") == BASE


def test_a_run_that_starts_from_a_register_outlives_its_edit(project: Path) -> None:
    first = decide(project)
    assert main(["sign", str(first), "--as", "l1", "--quiet"]) == 0
    with (project / "plans" / "child.yaml").open("a", encoding="utf-8") as file:
        file.write("committed_from: ../registre/\n")
    second = decide(project)
    assert main(["sign", str(second), "--as", "l2", "--quiet"]) == 0
    edit(project / "plans" / "base.yaml", "300 €", "400 €")
    assert main(["verify", str(second), "--quiet"]) == 0
    shutil.rmtree(project / "registre")
    assert main(["verify", str(second), "--quiet"]) == 0


def test_a_project_that_has_gone(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = decide(project, out=tmp_path / "away")
    assert main(["verify", str(run), "--lang", "en"]) == 0, "its project is found by the path in the run"
    said = capsys.readouterr()
    assert f"not above the run folder: {project}" in said.err
    assert "were read in the project" in " ".join(said.out.split())
    shutil.rmtree(project)
    assert tnt.open_run(run).status == "optimal"
    assert main(["verify", str(run), "--quiet"]) == 0
    assert main(["verify", str(run), "--quiet", "--require-proof"]) == 0


@pytest.mark.parametrize("harm", ["tampered", "link", "missing"])
@pytest.mark.parametrize("reader", ["verify", "compare", "sign"])
def test_a_kept_copy_that_is_not_what_the_run_read_is_refused(
    harm: str, reader: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = decide(project)
    words = READERS[reader](run, tmp_path)
    assert main([*words, "--quiet"]) == 0, "while nothing is edited, no copy is read"
    shutil.rmtree(tmp_path / "registre", ignore_errors=True)
    edit_all(project)
    file = project / "runs" / "inputs" / hashlib.sha256(BASE.encode()).hexdigest()
    if harm == "tampered":
        edit(file, "300 €", "900 €")
    elif harm == "link":
        file.rename(tmp_path / "base.yaml")
        file.symlink_to(tmp_path / "base.yaml")
    else:
        file.unlink()
    capsys.readouterr()
    assert main([*words, "--lang", "en"]) == 1
    said = capsys.readouterr().err
    assert ("no longer what the run read" in said) is (harm == "tampered")
    assert ("holds no copy of it" in said) is (harm != "tampered")


@pytest.mark.parametrize("path", ["../../out.yaml", "plans/../../project/plans/base.yaml", "/etc/hostname"])
def test_paths_of_a_forged_summary_lead_nowhere(project: Path, path: str) -> None:
    run = decide(project)
    edit_all(project)
    summary = load(run)
    summary["inputs"][1]["path"] = path
    store(run, summary)
    rehash(run)
    assert {defect.code for defect in check(run)} >= {"input-outside"}


def check(run: Path) -> tuple[tnt.Defect, ...]:
    from tnt_sim.engine.run_folder.replay import verify_run

    return verify_run(run).defects


def test_a_scenario_edited_while_it_is_computed_is_kept_as_it_was_read(project: Path) -> None:
    result = solve(load_scenario(project / "plans" / "child.yaml"), cross_check="never")
    edit(project / "plans" / "base.yaml", "300 €", "200 €")
    run = write_run(result)
    assert check(run) == ()
    assert list_lost_inputs(result.problem.scenario, run) == []


def test_a_table_edited_while_it_is_computed_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tnt_sim import engine

    compute = engine.solve.solve

    def solve_slowly(*things: object, **options: object) -> object:
        result = compute(*things, **options)  # type: ignore[arg-type]
        edit(project / "plans" / "tables" / "dossiers.csv", "B,100,10", "B,100,1")
        return result

    monkeypatch.setattr("tnt_sim.engine.solve.solve", solve_slowly)
    assert main(["run", str(project / "plans" / "child.yaml"), "--lang", "en", "--quiet"]) == 0
    assert "plans/tables/dossiers.csv changed while the run was computed" in capsys.readouterr().err


def test_a_private_table_stays_private(project: Path) -> None:
    table = project / "plans" / "tables" / "dossiers.csv"
    table.chmod(0o600)
    decide(project)
    kept = project / "runs" / "inputs" / hashlib.sha256(TABLE.encode()).hexdigest()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_ino != table.stat().st_ino, "no link: an editor may write in place"


@pytest.mark.parametrize(
    ("before", "now", "n"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", 1), ("a\nb\n", "a\nb\nc\nd\n", 2), ("a\nb\nc\n", "c\n", 2), ("a\n", "a\r\n", 0),
        ("a\nb\nc\nd\n", "b\na\nc\nD\n", 3), ("", "a\n", 1), ("x\n" * 5000 + "a\n" * 5000, "a\n" * 10, 9990),
    ],
)  # fmt: skip
def test_changed_lines_are_counted(before: str, now: str, n: int, tmp_path: Path) -> None:
    files = [tmp_path / "before", tmp_path / "now"]
    for file, text in zip(files, (before, now), strict=True):
        file.write_bytes(text.encode())
    assert count_changed_lines(*files) == n
