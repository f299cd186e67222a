"""Run folders written by hand, of a few bytes: what is read of their files and inputs, fault by fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tnt_sim.errors import DataError, Defects
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.decision_register import HELD, INPUTS, SIGNATURE
from tnt_sim.scenario.yaml.safe_paths import MARKERS
from tnt_sim.verify import run_files
from tnt_sim.verify.input_files import (
    RunInputs,
    count_changed_lines,
    find_inputs,
    list_changed_inputs,
    project_of,
    register_of,
)
from tnt_sim.verify.run_files import (
    BOUND,
    LOG,
    MAX_DIFFERENCES,
    RUN_FILES,
    SUMMARY,
    build_difference_defect,
    check_files,
    hash_file,
    hash_summary,
    iterate_differences,
    list_differences,
    read_object,
    read_summary,
    seal_log,
    serialise_document,
)
from tnt_sim.verify.run_replay import build_verification, replay
from tnt_sim.verify.signing.witness import is_signed_entry
from tnt_sim.verify.verification import NO_ANSWER

SECONDS = {"solve": 0.5}


def write(folder: Path, summary: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write a folder whose hashes fit; return its summary."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in BOUND:
        (folder / name).write_text(f'{{"is": "{name}"}}\n', encoding="utf-8")
    whole: dict[str, Any] = {"run_dir": "runs/r-1", "seconds": SECONDS, "versions": {"tnt_sim": "1"}}
    whole |= {"files": {name: hash_file(folder / name) for name in BOUND}, **(summary or {})}
    whole["document_sha256"] = hash_summary(whole)
    (folder / SUMMARY).write_text(serialise_document(whole), encoding="utf-8")
    (folder / LOG).write_text(seal_log("a line", whole["seconds"]), encoding="utf-8")
    return whole


def check(folder: Path) -> dict[str, str]:
    """What is said of the files of a folder, by code."""
    answer = Defects()
    check_files(folder, read_summary(folder), answer)
    return {
        defect.code: f"{defect.text.in_(Lang.EN)} {defect.hint.in_(Lang.EN) if defect.hint else ''}"
        for defect in answer.entries
    }


def test_files_whose_hashes_fit_have_no_defect(tmp_path: Path) -> None:
    write(tmp_path)
    assert check(tmp_path) == {}


@pytest.mark.parametrize("name", [name for name in RUN_FILES if name != SUMMARY])
def test_each_file_is_missed_and_found_under_another_name(tmp_path: Path, name: str) -> None:
    """A file that no hash names cannot be found by it."""
    write(tmp_path)
    (tmp_path / name).rename(tmp_path / "twin")
    (tmp_path / "other").write_text("other", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    answer = check(tmp_path)
    assert set(answer) == {f"file:{name}"}
    assert ('"twin" holds it' in answer[f"file:{name}"]) is (name in BOUND)
    (tmp_path / "twin").unlink()
    told = check(tmp_path)[f"file:{name}"]
    assert "holds it" not in told
    assert "Run `tnt-sim run` again." in told


@pytest.mark.parametrize("name", RUN_FILES)
def test_each_file_is_the_same_to_the_byte(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content.replace(b"\n", b"\r\n"))
    assert set(check(tmp_path)) == {f"file:{name}"}


def test_a_summary_is_bound_by_its_own_hash_and_layout(tmp_path: Path) -> None:
    """Another value, or another layout, is another document; seconds are bound by the log alone."""
    summary = write(tmp_path)
    file = tmp_path / SUMMARY
    for text in (serialise_document({**summary, "more": 1}), json.dumps(summary), f"{json.dumps(summary)}\n"):
        file.write_text(text, encoding="utf-8")
        assert set(check(tmp_path)) == {f"file:{SUMMARY}"}
    file.write_text(serialise_document({**summary, "seconds": {"solve": 0.6}}), encoding="utf-8")
    assert set(check(tmp_path)) == {f"file:{LOG}"}
    for gone in ("files", "document_sha256"):
        file.write_text(serialise_document({k: v for k, v in summary.items() if k != gone}), encoding="utf-8")
        assert set(check(tmp_path)) == {"files"}


def test_a_file_is_read_up_to_its_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    size = max((tmp_path / name).stat().st_size for name in RUN_FILES)
    monkeypatch.setattr(run_files, "MOST_BYTES", size)
    assert check(tmp_path) == {}
    monkeypatch.setattr(run_files, "MOST_BYTES", size - 1)
    with pytest.raises(DataError):
        check(tmp_path)
    file = tmp_path / "a.json"
    file.write_text('{"a": [1, {"b": 2}, 3]}', encoding="utf-8")
    monkeypatch.undo()
    for most, is_read in ((5, True), (4, False)):  # two commas, a list and two objects
        monkeypatch.setattr(run_files, "MOST_VALUES", most)
        if is_read:
            assert read_object(file) == {"a": [1, {"b": 2}, 3]}
        else:
            with pytest.raises(DataError):
                read_object(file)


def test_differences_are_told_by_their_place_and_both_values() -> None:
    """A value that is not there is told by a dash; of a long one the beginning."""
    stored = {"a": 1, "b": [{"id": "x", "n": True}, 2], "c": "y" * 200}
    again = {"a": 1.0, "b": [{"id": "x", "n": 1}], "d": None}
    answer = list(iterate_differences(stored, again))
    assert [(path, old, new) for path, old, new in answer if path != "c"] == [
        ("a", 1, 1.0), ("b.length", 2, 1), ("b[x].n", True, 1), ("d", "—", None),
    ]  # fmt: skip
    texts = {path: str(build_difference_defect(path, old, new).text) for path, old, new in answer}
    assert '"—"' not in texts["d"]
    assert "—" in texts["d"]
    assert "null" in texts["d"]
    assert "y" * 116 + "…" in texts["c"]
    assert "y" * 117 not in texts["c"]
    same = {"a": "y" * 118}
    assert "…" not in str(build_difference_defect("a", same["a"], 1).text)
    assert list(iterate_differences(stored, stored)) == []
    differences = list_differences([*range(50)], [*range(1, 51)], "k")
    assert [defect.code for defect in differences] == [f"summary:k[{n}]" for n in range(MAX_DIFFERENCES)]
    named = [{"group": "g", "v": 1}, {"path": "p", "v": 1}, {"id": "", "v": 1}, {"id": 3, "v": 1}]
    others = [{**entry, "v": 2} for entry in named]
    paths = [path for path, *_ in iterate_differences(named, others)]
    assert paths == ["[g].v", "[p].v", "[2].v", "[3].v"]


# ---- inputs


def lay_out(project: Path, **changes: Any) -> dict[str, Any]:
    """Write the inputs of a project; return a summary that names them."""
    (project / "data").mkdir(parents=True)
    (project / "s.yaml").write_text("id: s\n", encoding="utf-8")
    (project / "data" / "t.csv").write_text("a\n1\n2\n", encoding="utf-8")
    kinds = {"s.yaml": "scenario", "data/t.csv": "dossiers"}
    entries = [
        {"path": name, "sha256": hash_file(project / name), "kind": kind} for name, kind in kinds.items()
    ]
    return {"inputs": entries, "project": "../..", "run_dir": "runs/r-1", **changes}


def find(
    run_dir: Path, summary: Mapping[str, Any], project: Path | None = None
) -> tuple[RunInputs | None, list[str]]:
    """The inputs that are found, and the codes of what is said."""
    noted = Defects()
    answer = find_inputs(run_dir, summary, project, noted)
    return answer, [defect.code for defect in noted.entries]


def test_inputs_are_read_in_the_project(tmp_path: Path) -> None:
    run_dir = tmp_path / "runs" / "r-1"
    summary = lay_out(tmp_path)
    write(run_dir, summary)
    answer, codes = find(run_dir, summary)
    assert codes == []
    assert answer is not None
    assert (answer.folder, answer.scenario) == (tmp_path.resolve(), tmp_path.resolve() / "s.yaml")
    assert (answer.is_kept, answer.is_named, answer.since) == (False, False, None)
    assert set(answer.files) == {"s.yaml", "data/t.csv"}
    named, codes = find(run_dir, {**summary, "project": "nowhere"}, tmp_path)
    assert (named is not None and named.is_named, codes) == (True, [])
    assert list_changed_inputs(run_dir, summary) == []
    assert project_of(run_dir, {}) == run_dir.resolve()


def test_a_signed_list_keeps_its_inputs_beside_it(tmp_path: Path) -> None:
    """Under another name than its run's, with its signature and its folder of inputs; all three are needed."""
    entry = tmp_path / "decisions" / "2021-1"
    summary = lay_out(entry / INPUTS)
    write(entry, summary)
    assert not is_signed_entry(entry, summary)
    (entry / SIGNATURE).write_text("{}", encoding="utf-8")
    assert is_signed_entry(entry, summary)
    assert not is_signed_entry(entry, {**summary, "run_dir": entry.name})
    assert project_of(entry, summary) == (entry / INPUTS).resolve()
    answer, codes = find(entry, summary)
    assert codes == []
    assert answer is not None
    assert answer.kept_paths == {"s.yaml", "data/t.csv"}
    assert answer.is_kept
    (entry / INPUTS / "s.yaml").write_text("id: other\n", encoding="utf-8")
    assert find(entry, summary) == (None, ["input"])
    (entry / INPUTS).rename(entry / "elsewhere")
    assert not is_signed_entry(entry, summary)


def test_copies_beside_the_run_stand_for_what_has_changed(tmp_path: Path) -> None:
    """A copy counts by its hash: one that is missing, changed, or a link is none."""
    run_dir = tmp_path / "runs" / "r-1"
    summary = lay_out(tmp_path)
    write(run_dir, summary)
    kept = run_dir.parent / INPUTS
    kept.mkdir()
    table = tmp_path / "data" / "t.csv"
    before, (scenario, entry) = table.read_bytes(), summary["inputs"]
    table.write_text("a\n1\n3\n", encoding="utf-8")
    assert find(run_dir, summary) == (None, ["input"])
    assert list_changed_inputs(run_dir, summary) == ["data/t.csv"]
    copy = kept / entry["sha256"]
    copy.write_bytes(before)
    answer, codes = find(run_dir, summary)
    assert codes == []
    assert answer is not None
    assert (answer.kept_paths, answer.is_named) == ({"data/t.csv"}, False)
    assert (answer.folder / "data" / "t.csv").read_bytes() == before
    assert (answer.folder / MARKERS[0]).exists()
    assert answer.files["s.yaml"] == (tmp_path / "s.yaml").resolve()
    assert "data/t.csv" in str(answer.since)
    # the reader who names a project has it read there alone
    assert find(run_dir, summary, tmp_path) == (None, ["input"])
    copy.write_bytes(before + b"4\n")
    assert find(run_dir, summary) == (None, ["kept-input"])
    copy.unlink()
    (kept / "real").write_bytes(before)
    copy.symlink_to(kept / "real")
    assert find(run_dir, summary) == (None, ["input"])
    wrong = [scenario, {**entry, "sha256": "../../data/t.csv"}]
    assert find(run_dir, {**summary, "inputs": wrong}) == (None, ["input"])


MISSHAPEN: list[tuple[Callable[[list[dict[str, Any]]], Any], list[str]]] = [
    (lambda _: None, ["inputs"]),
    (lambda _: {}, ["inputs"]),
    (lambda entries: [*entries, 3], ["inputs"]),
    (lambda entries: [*entries, {"path": "x"}], ["inputs"]),
    (lambda entries: [*entries, {**entries[0], "more": "x"}], ["inputs"]),
    (lambda entries: [*entries, {**entries[0], "kind": "other"}], ["inputs"]),
    (lambda entries: [*entries, {**entries[0], "path": 3}], ["inputs"]),
    (lambda entries: entries[1:], ["inputs"]),
    (lambda entries: [entries[0], {**entries[1], "path": "gone"}], ["input-missing"]),
    (lambda entries: [{**entry, "path": f"gone/{entry['path']}"} for entry in entries], ["project"]),
    (lambda entries: [entries[0], {**entries[1], "path": "data/../s.yaml"}], ["input-outside"]),
    (lambda entries: [entries[0], {**entries[1], "path": "/etc/hosts"}], ["input-outside"]),
    (lambda entries: [entries[0], {**entries[1], "path": "../x"}], ["input-outside"]),
    (lambda entries: [entries[0], {**entries[1], "path": "data"}], ["input-missing"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "codes"), MISSHAPEN)
def test_inputs_of_another_form_are_told(tmp_path: Path, change: Any, codes: list[str]) -> None:
    run_dir = tmp_path / "runs" / "r-1"
    summary = lay_out(tmp_path)
    write(run_dir, summary)
    assert find(run_dir, {**summary, "inputs": change(summary["inputs"])}) == (None, codes)


def test_the_entry_that_a_run_started_from_is_read_from_its_inputs() -> None:
    entries = [{"path": path, "sha256": "0", "kind": "table"} for path in ("a/t.csv", f"decisions/2/{HELD}")]
    assert register_of({"inputs": entries}) == f"decisions/2/{HELD}"
    for other in (entries[:1], None, [3], [{**entries[1], "kind": "x"}]):
        assert register_of({"inputs": other}) is None


@pytest.mark.parametrize("most", [0, 2_000])
def test_lines_that_differ_are_counted(tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced, added or removed; of very many the order no longer counts."""
    monkeypatch.setattr("tnt_sim.verify.input_files._MOST_COMPARED", most)
    before, now = tmp_path / "before", tmp_path / "now"
    before.write_text("a\nb\nc\nd\n", encoding="utf-8")
    for text, count in (
        ("a\nb\nc\nd\n", 0), ("a\nx\nc\nd\n", 1), ("a\nd\n", 2), ("x\na\nb\nc\nd\ny\nz\n", 3), ("", 4),
        ("a\nb\nc\nd\na\n", 1), ("b\nc\nd\n", 1),
    ):  # fmt: skip
        now.write_text(text, encoding="utf-8")
        assert count_changed_lines(before, now) == count, text
    now.write_text("a\nc\nb\nd\n", encoding="utf-8")
    assert count_changed_lines(before, now) == (2 if most else 0)


# ---- the whole folder


def test_all_that_a_folder_lacks_is_told_at_once(tmp_path: Path) -> None:
    """Seconds and versions that no run writes, no inputs, and a file that is another one."""
    run_dir = tmp_path / "runs" / "r-1"
    write(run_dir, {"seconds": {}, "versions": {"tnt_sim": ""}, "inputs": None})
    (run_dir / "allocation.csv").write_text("changed", encoding="utf-8")
    (run_dir / "certificate.json").write_text("[]", encoding="utf-8")
    run = replay(run_dir)
    assert [defect.code for defect in run.defects.entries] == [
        "file:allocation.csv", "file:certificate.json", "claim:seconds", "claim:versions", "inputs", "run-folder",
    ]  # fmt: skip
    assert (run.scenario, run.table, run.whole, run.certificate) == (None, None, None, None)
    answer = build_verification(run)
    assert answer.defects == tuple(run.defects.entries)
    assert (answer.rules, answer.optimal, answer.first) == (NO_ANSWER, NO_ANSWER, NO_ANSWER)


def test_a_scenario_of_other_data_than_the_summary_says_is_told(tmp_path: Path) -> None:
    """Also where its changes are no list of texts, or it cannot be loaded."""
    run_dir = tmp_path / "runs" / "r-1"
    summary = lay_out(tmp_path)
    for sets, code in ((None, "sets"), ([3], "sets"), (["nobody=3"], None), ([], None)):
        write(run_dir, {**summary, "sets": sets, "scenario_sha256": "0" * 64})
        run = replay(run_dir)
        codes = [defect.code for defect in run.defects.entries]
        assert run.scenario is None
        assert len(codes) > 0
        assert code is None or codes == [code]
