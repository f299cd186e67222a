"""`tnt-sim runs` lists run folders; `--prune` frees the kept inputs that nothing refers to, and no others."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
from support.tiny_scenario import HEAD, tiny

from tnt_sim.api.schemas import read_schema
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_list import find_free_inputs, remove_free_inputs
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a run before and a run after an edit of the scenario; the first one was removed."""
    (tmp_path / "tnt-sim.toml").touch()
    first = write_run(solve(tiny(tmp_path), cross_check="never"))
    kept = tmp_path / "runs" / "inputs"
    (tmp_path / "before.txt").write_text("\n".join(sorted(file.name for file in kept.iterdir())))
    second = write_run(solve(tiny(tmp_path, HEAD.replace("1 500", "1 600")), cross_check="never"))
    assert first != second
    first.rename(tmp_path / "archive")
    return tmp_path


def list_kept(project: Path) -> set[str]:
    return {file.name for file in (project / "runs" / "inputs").iterdir()}


def find_old(project: Path) -> str:
    """The kept scenario that only the run before the edit refers to."""
    now = {hashlib.sha256(file.read_bytes()).hexdigest() for file in project.glob("t*.*")}
    (old,) = set((project / "before.txt").read_text().split()) - now
    return old


def say(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main(["runs", *map(str, words), "--lang", "en"])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_runs_are_listed_with_what_has_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.move(project / "archive", project / "runs" / "archive")
    documents = []
    for folder in (project, project / "runs"):
        assert main(["runs", str(folder), "--json"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]
    schema = json.loads(read_schema("runs"))
    jsonschema.Draft202012Validator(schema).validate(documents[0])
    archived, now = documents[0]["runs"]
    assert (archived["changes"], now["changes"]) == (["tiny.yaml"], [])
    summary = json.loads((project / "runs" / now["folder"] / "summary.json").read_text())
    assert {key: now[key] for key in ("scenario", "granted_cents", "status", "proof")} == {
        key: summary[key] for key in ("scenario", "granted_cents", "status", "proof")
    }
    files = [file for file in (project / "runs" / now["folder"]).rglob("*") if file.is_file()]
    assert now["size_bytes"] == sum(file.stat().st_size for file in files)


def test_what_a_run_needs_is_kept(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.move(project / "archive", project / "runs" / "archive")
    before = list_kept(project)
    code, out, _ = say(capsys, project, "--prune", "--yes")
    assert (code, list_kept(project)) == (0, before)
    assert "nothing to remove" in out


def test_what_nothing_needs_is_named_then_freed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nothing is removed; `--yes` removes what was named, and a foreign file stays."""
    kept, old = project / "runs" / "inputs", find_old(project)
    size = (kept / old).stat().st_size
    (kept / "notes.txt").write_text("mine")
    (kept / ("0" * 64)).write_text("named like an input")
    (kept / ("1" * 64)).symlink_to(project / "tiny.yaml")
    before = list_kept(project)
    code, out, _ = say(capsys, project, "--prune")
    assert (code, list_kept(project)) == (0, before)
    assert old in out
    assert f"{size:,}" in out
    assert "--prune --yes" in out
    code, out, _ = say(capsys, project, "--prune", "--yes")
    assert (code, before - list_kept(project)) == (0, {old})
    assert f"1 kept input removed: {size:,} bytes." in out


@pytest.mark.parametrize(
    ("answer", "removed"), [("", False), ("no\n", False), ("y\n", True), ("oui\n", True)]
)
def test_it_asks_on_a_terminal(
    project: Path,
    answer: str,
    removed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tnt_sim.cli.commands.runs.can_ask", lambda: True)
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer)
    code, _, err = say(capsys, project, "--prune")
    assert code == 0
    assert "Remove these files?" in err
    assert (find_old(project) not in list_kept(project)) is removed


def test_a_signed_list_keeps_what_it_names(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = project / "registre" / "list-1"
    shutil.copytree(project / "archive", entry)
    (entry / "signature.json").write_text("{}")
    before = list_kept(project)
    assert say(capsys, project, "--prune", "--yes")[0] == 0
    assert list_kept(project) == before


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": [{"path": "x"}]}', '{"inputs": 3}'])
def test_a_damaged_folder_refuses(project: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a damaged run needs is not known: nothing is removed."""
    (project / "runs" / ".draft").mkdir()
    (project / "runs" / ".draft" / "summary.json").write_text(text)
    before = list_kept(project)
    code, _, err = say(capsys, project, "--prune", "--yes")
    assert code == 2
    assert "no kept input is removed" in err
    assert list_kept(project) == before


def test_a_run_written_while_it_asks_keeps_its_inputs(project: Path) -> None:
    named = find_free_inputs(project / "runs")
    assert [one.file.name for one in named] == [find_old(project)]
    shutil.move(project / "archive", project / "runs" / "archive")
    assert remove_free_inputs(project / "runs", named) == []
    assert find_old(project) in list_kept(project)


def test_an_interruption_leaves_the_others(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go one by one: what was not reached is as it was, and the next call frees the rest."""
    kept = project / "runs" / "inputs"
    for text in ("a", "b"):
        (kept / hashlib.sha256(text.encode()).hexdigest()).write_text(text)
    named = find_free_inputs(project / "runs")
    texts = {file.name: file.read_bytes() for file in kept.iterdir()}
    unlink, calls = Path.unlink, []

    def stop(file: Path, missing_ok: bool = False) -> None:
        calls.append(file)
        if len(calls) == 2:
            raise KeyboardInterrupt
        unlink(file, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            remove_free_inputs(project / "runs", named)
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        name: data for name, data in texts.items() if name != named[0].file.name
    }
    assert remove_free_inputs(project / "runs", named) == named[1:]
