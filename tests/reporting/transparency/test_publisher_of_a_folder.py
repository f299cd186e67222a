"""The verb `transparency` with the programme's documents, edited legal texts, missing keys, and the archive."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tnt_sim.cli.main import main
from tnt_sim.domain.publisher import PUBLISHER_KEYS
from tnt_sim.reporting.text.legal_wording import load_shipped_wording

SHIPPED = load_shipped_wording().data.decode()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folder") / "demo"
    assert main(["new", str(folder)]) == 0
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    (run,) = (folder / "runs").glob("*-*")
    return run


def test_the_folder_holds_the_documents_and_names_missing_keys(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fiches"
    assert main(["transparency", str(run_folder), "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["missing_keys"] == list(PUBLISHER_KEYS)
    assert document["own_wording"] is False
    names = {entry["path"] for entry in document["files"] if "/" not in entry["path"]}
    assert names == {
        "fiches.html", "regles.html", "inventaire.csv", "inventaire.md", "notes.html", "wording.yaml",
    }  # fmt: skip
    assert main(["transparency", str(run_folder), "--out", str(out), "--lang", "fr"]) == 0
    shown = capsys.readouterr().out
    assert "legal_basis" in shown


def test_texts_that_were_edited_in_the_folder_stay(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheets"
    command = ["transparency", str(run_folder), "--out", str(out), "--lang", "en", "--json"]
    assert main(command) == 0
    edited = SHIPPED.replace("It learns nothing from earlier", "It never learns from earlier")
    (out / "wording.yaml").write_text(edited, encoding="utf-8")
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out.split("\n}\n")[1] + "\n}\n")["own_wording"] is True
    assert (out / "wording.yaml").read_text(encoding="utf-8") == edited
    assert "It never learns" in (out / "rules.html").read_text(encoding="utf-8")
    (out / "wording.yaml").write_text(edited.replace("rules_ties:", "rules_tie:"), encoding="utf-8")
    assert main(command) == 3


def test_a_file_of_texts_is_read_before_anything_is_written(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.yaml").write_text(SHIPPED.replace("{rules}", "{rule}"), encoding="utf-8")
    command = ["transparency", str(run_folder), "--out", str(tmp_path / "sheets"), "--lang", "en"]
    assert main([*command, "--wording", str(tmp_path / "own.yaml")]) == 3
    assert "{rule}" in capsys.readouterr().err
    assert not (tmp_path / "sheets").exists()


def test_the_archive_is_the_same_at_each_call_and_is_not_written_over(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "package.zip"
    command = ["transparency", str(run_folder), "--out", str(tmp_path / "s"), "--archive", str(package)]
    assert main(command) == 0
    data = package.read_bytes()
    assert main(command) != 0
    assert main([*command, "--force"]) == 0
    assert package.read_bytes() == data
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("transparency/transparency.json"))
    assert {f"transparency/{entry['path']}" for entry in manifest["files"]} < set(names)
    assert {"LISEZMOI.txt", "SHA256SUMS", "run/summary.json", "run/allocation.csv"} < set(names)
