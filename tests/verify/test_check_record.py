"""What was checked of a run is one record: it names the changes and the files wherever the decision is shown."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.reporting.text.verification import build_answer_rows, describe_unread
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.run_files import hash_file, hash_summary, serialise_document
from tnt_sim.verify.verification import ProofRows, build_fresh

TABLE = """dossier,requested,score,department,applicant,applicant_id
A,600,5,01,Ambérieu,13002526500013
B,500,4,01,Bourg,21050001900010
C,400,3,33,Cestas,20007246000012
"""
SCENARIO = """schema_version: 1
id: petit
title: Petit
date: 2026-03-31
dossiers: [{file: list.csv}]
programme: {id: p, amount: 1100 €}
grants: [{mode: all_or_nothing}]
rules: [{id: plafond, kind: limit, by: department, measure: granted, max: 600 €}]
objective: [{maximise: {score: 1}}]
"""
CHANGE = "rules.plafond.off=true"


@cache
def _write_once(folder: Path, *sets: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in (("tnt-sim.toml", ""), ("list.csv", TABLE), ("scenario.yaml", SCENARIO)):
        (folder / name).write_text(text, encoding="utf-8")
    return write_run(solve(load_scenario(folder / "scenario.yaml", sets), cross_check="never"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A run of the scenario as it is written."""
    return _write_once(tmp_path / "written")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A run of the same file without its rule, which `--set` switched off."""
    return _write_once(tmp_path / "changed", CHANGE)


def read_json(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    """The JSON of a command."""
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def read_signature(run: Path, name: str) -> Mapping[str, Any]:
    """The signed statement of an entry."""
    signature: Mapping[str, Any] = json.loads(
        (run.parents[1] / "registre" / name / "signature.json").read_bytes()
    )
    return signature


def test_a_changed_scenario_is_named_by_verify(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_json(["verify", str(changed)], capsys)["changes"] == [f"--set {CHANGE}"]
    for lang, words in (("en", "petit changed by --set"), ("fr", "petit modifié par --set")):
        assert main(["verify", str(changed), "--lang", lang]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert words in shown.split("allocation")[0] or words in shown
        assert shown.count(f"--set {CHANGE}") == 2


def test_a_proof_of_a_changed_scenario_has_its_own_code(changed: Path, written: Path) -> None:
    assert main(["verify", str(written), "--require-proof", "--quiet"]) == 0
    assert main(["verify", str(changed), "--require-proof", "--quiet"]) == 8
    assert main(["verify", str(changed), "--require-proof", "--as-changed", "--quiet"]) == 0
    assert main(["verify", str(changed), "--quiet"]) == 0


_GIVER = ["--info", "idAttribuant=13002526500013", "--info", "nomAttribuant=Petit"]
OUTPUTS: Mapping[str, Callable[[Path, Path], list[Path]]] = {
    "order": lambda run, out: _run(
        ["export", str(run), "--format", "arrete", "--out", str(out / "a.csv")], out
    ),
    "letters": lambda run, out: _run(
        ["export", str(run), "--format", "publipostage", "--out", str(out / "l.csv")], out
    ),
    "table": lambda run, out: _run(["export", str(run), "--format", "csv", "--out", str(out / "t.csv")], out),
    "publication": lambda run, out: _run(
        ["export", str(run), "--format", "scdl", *_GIVER, "--out", str(out / "s.csv")], out
    ),
    "pabulib": lambda run, out: _run(
        ["export", str(run), "--format", "pabulib", "--out", str(out / "p.pb")], out
    ),
    "sheets": lambda run, out: _run(["transparency", str(run), "--out", str(out / "sheets")], out),
    "report": lambda run, out: _run(
        ["report", str(run), "--out", str(out / "r.html"), "--time-limit", "1 s"], out
    ),
    "signature": lambda run, out: [
        *_run(["sign", str(run), "--as", "l1"], out),
        run.parents[1] / "registre" / "l1" / "signature.json",
    ],
}


def _run(words: list[str], out: Path) -> list[Path]:
    assert main([*words, "--lang", "en", "--quiet"]) == 0, words
    return [file for file in out.rglob("*") if file.suffix in (".csv", ".html", ".pb")]


@pytest.mark.parametrize("name", OUTPUTS)
def test_all_that_leaves_the_house_names_the_changes(
    name: str, changed: Path, written: Path, tmp_path: Path
) -> None:
    for run, is_named in ((changed, True), (written, False)):
        out = tmp_path / run.parents[1].name / "out"
        out.mkdir()
        files = OUTPUTS[name](run, out)
        texts = [file.read_text(encoding="utf-8-sig") for file in files if not file.stem.startswith("notes")]
        if name == "sheets":
            texts = [text for text in texts if "checked" in text or "SHA-256 of rules" in text]
        named = [f"--set {CHANGE}" in text for text in texts]
        assert named
        assert any(named) is is_named, files
        if name == "sheets" and is_named:
            rules = (out / "sheets" / "rules.html").read_text(encoding="utf-8")
            one = (out / "sheets" / "sheets" / "A.html").read_text(encoding="utf-8")
            assert f"--set {CHANGE}" in rules
            assert f"--set {CHANGE}" in one


def test_run_prints_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = _write_once(tmp_path / "project").parents[1] / "scenario.yaml"
    for sets, changes in (([], []), (["--set", CHANGE], [f"--set {CHANGE}"])):
        document = read_json(["run", str(scenario), *sets], capsys)
        record, verified = document["verification"], read_json(["verify", document["run_dir"]], capsys)
        answers = ("rules", "optimal", "first", "shown_by", "changes", "proof_rows", "unverified")
        assert record["changes"] == changes
        assert {key: record[key] for key in answers} == {key: verified[key] for key in answers}
        assert main(["run", str(scenario), *sets, "--lang", "en"]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert main(["verify", document["run_dir"], "--lang", "en"]) == 0
        answers_of = (
            " ".join(capsys.readouterr().out.split()).partition(" Scenario ")[2].partition(" This list")[0]
        )
        assert f"What was checked Scenario {answers_of} Run folder:" in printed


def test_compare_names_the_changes(changed: Path, written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", str(written), str(changed), "--no-causes"]
    sides = read_json(words, capsys)["sides"]
    assert [side["verification"]["changes"] for side in sides] == [[], [f"--set {CHANGE}"]]
    assert main([*words, "--lang", "en"]) == 0
    assert f"scenario changed by --set {CHANGE}" in " ".join(capsys.readouterr().out.split())


def test_the_signature_binds_what_was_checked(changed: Path) -> None:
    assert main(["sign", str(changed), "--as", "l1", "--quiet"]) == 0
    record = read_signature(changed, "l1")["checked"]
    assert record["changes"] == [f"--set {CHANGE}"]
    assert [entry["file"] for entry in record["inputs"]] == ["inputs/scenario.yaml", "inputs/list.csv"]
    assert (record["entry"], record["shown_by"]["rules"]) == ("l1", "inputs")
    assert record == {**record, "optimal": "shown", "first": "shown", "explanation": "none"}


def test_sign_prints_the_files_that_it_binds(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["sign", str(written), "--as", "l1", "--lang", "en"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for entry in verify_run(written).record.inputs:
        assert f"{entry.file} {entry.sha256}" in shown


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A run that was received with its own project, unpacked below the reader's."""
    _write_once(tmp_path / "mine")
    sent = _write_once(tmp_path / "sent")
    shutil.copytree(sent.parents[1], tmp_path / "mine" / "inbox" / "sent")
    return tmp_path / "mine" / "inbox" / "sent" / "runs" / sent.name


@pytest.mark.parametrize("outer", ["tnt-sim.toml", "registre"])
def test_a_project_inside_another_is_not_signed(
    outer: str, received: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, project = tmp_path / "mine", received.parents[1]
    if outer == "registre":
        (own,) = (mine / "runs").glob("*-*")
        assert main(["sign", str(own), "--as", "l1", "--quiet"]) == 0
        (mine / "tnt-sim.toml").unlink()
    capsys.readouterr()
    assert main(["sign", str(received), "--as", "l2", "--lang", "en"]) == 1
    said = capsys.readouterr().err
    assert f"({project}) lies inside another one ({mine})" in said
    assert not (project / "registre").exists()
    assert main(["sign", str(received), "--as", "l2", "--project", str(project), "--quiet"]) == 0
    (place,) = {entry["place"] for entry in read_signature(received, "l2")["checked"]["inputs"]}
    assert place == "named"


@pytest.mark.parametrize("verb", ["sign", "arrete", "transparency"])
def test_sheets_pass_the_door_of_acts(verb: str, written: Path, tmp_path: Path) -> None:
    far = tmp_path / "far" / written.name
    shutil.copytree(written, far)
    summary = json.loads((far / "summary.json").read_bytes())
    summary["project"] = os.path.relpath(written.parents[1], far)
    summary["document_sha256"] = hash_summary(summary)
    (far / "summary.json").write_text(serialise_document(summary), encoding="utf-8")
    out = tmp_path / "out"
    words = {
        "sign": ["sign", str(far), "--as", "l1"],
        "arrete": ["export", str(far), "--format", "arrete", "--out", f"{out}.csv"],
        "transparency": ["transparency", str(far), "--out", str(out)],
    }[verb]
    assert main([*words, "--quiet"]) == 1
    assert not out.exists()
    assert main([*words, "--project", str(written.parents[1]), "--quiet"]) == 0


def test_a_report_says_from_where_its_inputs_were_read(written: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = [
        "report",
        str(written),
        "--out",
        str(page),
        "--lang",
        "en",
        "--time-limit",
        "1 s",
        "--quiet",
        "--force",
    ]
    assert main(words) == 0
    shown = page.read_text(encoding="utf-8")
    assert "in the project: they have not changed since the run" in shown
    assert f"tnt-sim verify runs/{written.name} --export proof</code> · <code>python verifier.py" in shown
    assert main([*words, "--project", str(written.parents[1])]) == 0
    assert "in the project that --project names" in page.read_text(encoding="utf-8")
    with (written.parents[1] / "scenario.yaml").open("a") as file:
        file.write("# later\n")
    assert main(words) == 0
    assert "from the copies beside the list" in page.read_text(encoding="utf-8")


def rewrite(run: Path, certificate: Mapping[str, Any], summary: dict[str, Any]) -> None:
    """Write two files of a run anew, with hashes made to fit."""
    (run / "certificate.json").write_text(serialise_document(certificate), encoding="utf-8")
    summary["files"]["certificate.json"] = hash_file(run / "certificate.json")
    summary["document_sha256"] = hash_summary(summary)
    (run / "summary.json").write_text(serialise_document(summary), encoding="utf-8")


def test_what_only_the_search_repeats_is_nowhere_called_shown(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its prices a certificate is replayed by the kernels alone."""
    certificate = json.loads((written / "certificate.json").read_bytes())
    for proof in (*certificate["proofs"], *map(certificate["tie_break"].get, ("least_granted", "list"))):
        del proof["prices"]
    rewrite(written, certificate, json.loads((written / "summary.json").read_bytes()))
    document = read_json(["verify", str(written)], capsys)
    assert [document[key] for key in ("status", "optimal", "first")] == ["verified", "repeated", "repeated"]
    assert document["shown_by"] == {"rules": "inputs", "optimal": "kernel", "first": "kernel"}
    assert main(["verify", str(written), "--require-proof", "--quiet"]) == 5
    capsys.readouterr()
    assert main(["verify", str(written), "--lang", "en"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "✔" not in printed
    assert "Only the search that found the allocation repeats that it is optimal" in printed
    words = "repeated by the search that found this one, and shown by nothing else"
    for name in ("order", "letters", "sheets", "signature", "report"):
        out = tmp_path / name
        out.mkdir()
        files = OUTPUTS[name](written, out)
        texts = [file.read_text(encoding="utf-8-sig") for file in files if file.suffix != ".json"]
        if name == "report":
            assert any("repeated by the same search, not shown otherwise" in text for text in texts)
            assert not any("Proven by an exact certificate" in text for text in texts)
        elif name != "signature":
            assert any(words in text for text in texts), name
    assert read_signature(written, "l1")["checked"]["optimal"] == "repeated"
    assert main(["compare", str(written), str(written), "--no-causes", "--lang", "en"]) == 0
    assert "repeated by the same search" in " ".join(capsys.readouterr().out.split())


def test_the_goals_of_a_claimed_run_are_not_called_proven(written: Path, tmp_path: Path) -> None:
    (written.parents[1] / "list.csv").unlink()
    shutil.rmtree(written.parent / "inputs")
    page = tmp_path / "page.html"
    assert main(["report", str(written), "--out", str(page), "--lang", "en", "--quiet"]) == 0
    shown = page.read_text(encoding="utf-8")
    assert "claimed by the run, not shown" in shown


def test_acts_say_that_the_rank_among_equals_is_only_claimed(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = json.loads((written / "certificate.json").read_bytes())
    certificate["tie_break"]["list"] = None
    summary = json.loads((written / "summary.json").read_bytes())
    summary["canonical_proof"]["list"] = None
    rewrite(written, certificate, summary)
    assert verify_run(written).record.first == "claimed"
    words = "That no equally good list goes before this one is only claimed"
    for name in ("arrete", "publipostage"):
        file = tmp_path / f"{name}.csv"
        options = ["--format", name, "--out", str(file), "--lang", "en", "--quiet"]
        assert main(["export", str(written), *options]) == 0
        assert words in file.read_text(encoding="utf-8-sig")
    assert main(["transparency", str(written), "--out", str(tmp_path / "s"), "--lang", "en", "--quiet"]) == 0
    assert words in (tmp_path / "s" / "sheets" / "A.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["sign", str(written), "--as", "l1", "--lang", "en"]) == 0
    assert "Rank among ties Claimed by the run only." in " ".join(capsys.readouterr().out.split())
    assert read_signature(written, "l1")["checked"]["first"] == "claimed"


def test_an_entry_under_another_name_is_refused(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", str(written), "--as", "l1", "--quiet"]) == 0
    register = written.parents[1] / "registre"
    assert read_json(["verify", str(register / "l1")], capsys)["entry"] == "l1"
    assert read_json(["verify", str(written)], capsys)["entry"] == "l1"
    (register / "l1").rename(register / "liste-9")
    assert main(["verify", str(register / "liste-9"), "--lang", "en"]) == 1
    assert 'it was signed as "l1"' in capsys.readouterr().err
    assert read_json(["verify", str(written)], capsys)["entry"] is None


def test_an_entry_of_a_register_of_another_name_is_found(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = written.parents[1]
    assert main(["sign", str(written), "--as", "l2", "--register", str(project / "other"), "--quiet"]) == 0
    document = read_json(["verify", str(written)], capsys)
    assert (document["entry"], document["signature"]["entry"]) == ("l2", "l2")
    assert main(["sign", str(written), "--as", "l1", "--quiet"]) == 0
    assert read_json(["verify", str(written)], capsys)["entry"] == "l1"
    out, package = tmp_path / "sheets", tmp_path / "package.zip"
    assert main(["transparency", str(written), "--out", str(out), "--archive", str(package), "--quiet"]) == 0
    names = ZipFile(package).namelist()
    assert {"register/l1/signature.json", "register/other/l2/signature.json"} <= set(names)


def test_the_constraints_without_a_second_reading_stand_in_the_proof_section_alone() -> None:
    record = build_fresh(True, "PROVED", True, ProofRows(5, 2)).record
    unread = describe_unread(record)
    assert unread is not None
    assert "2 of the 7" in unread.en
    assert not any("2 of the 7" in text.en for row in build_answer_rows(record) for text in row)
