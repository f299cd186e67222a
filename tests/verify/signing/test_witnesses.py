"""What a forger cannot choose: the place of the project, the announced name, the hash that came by another way."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from support.lanes import seeds

from tnt_sim.cli.main import main
from tnt_sim.verify.run_files import MOST_BYTES
from tnt_sim.verify.stored_allocation import MOST_ROWS


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    monkeypatch.chdir(folder)
    capsys.readouterr()
    return folder


def run_of(project: Path) -> Path:
    (run,) = (project / "runs").glob("*-*")
    return run


def forged(demo: Path, *, hidden: bool) -> Path:
    """The run of a project in which a score was raised, under the genuine name, its own inputs hidden with it."""
    genuine = run_of(demo)
    other = demo.parent / "other"
    shutil.copytree(demo, other)
    shutil.rmtree(other / "runs")
    table = other / "data/dossiers.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("score")
    cells = lines[-1].split(",")
    cells[column] = "99"
    table.write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n", encoding="utf-8")
    assert main(["run", str(other / "scenario.yaml"), "--quiet"]) == 0
    made = run_of(other)
    shutil.rmtree(genuine)
    shutil.copytree(made, genuine)
    place = genuine / ".p" if hidden else demo.parent / "far"
    shutil.copytree(other, place, ignore=shutil.ignore_patterns("runs"))
    told = json.loads((genuine / "summary.json").read_text(encoding="utf-8"))
    told["project"] = ".p" if hidden else os.path.relpath(place, genuine)
    from tnt_sim.verify.run_files import hash_summary, serialise_document

    told["document_sha256"] = hash_summary(told)
    (genuine / "summary.json").write_text(serialise_document(told), encoding="utf-8")
    return genuine


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
def test_a_project_hidden_in_the_folder_or_elsewhere_is_refused(
    hidden: bool, lang: str, demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = forged(demo, hidden=hidden)
    capsys.readouterr()
    assert main(["verify", str(run), "--lang", lang]) == 1
    said = capsys.readouterr()
    assert ("project-place" in said.err) is hidden
    assert (f"tnt-sim verify {run} --project " in said.err) is hidden
    assert str(demo.parent / "far") in said.err or hidden, "where the data were read is said"
    assert "run-name" in said.err, "the name tells the hash of the genuine scenario"
    assert "✔" not in said.out
    assert main(["sign", str(run), "--as", "liste-1"]) == 1
    assert "project-place" in capsys.readouterr().err
    assert not (demo / "registre").exists()
    capsys.readouterr()
    assert main(["verify", str(run), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["rules"], told["optimal"]) == ("refused", "none", "none")


def test_files_that_make_a_folder_look_signed_change_nothing(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = forged(demo, hidden=True)
    (run / ".p").rename(run / "inputs")
    (run / "signature.json").write_text("{}", encoding="utf-8")
    told = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    shutil.move(run, run.with_name(told["run_dir"]))
    assert main(["verify", str(run.with_name(told["run_dir"]))]) == 1
    assert "project" in capsys.readouterr().err


def test_a_link_under_the_genuine_name_leads_to_no_other_project(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For an act the project must lie above the path that the reader typed, whatever the links on its way."""
    far = demo.parent / "far"
    genuine = run_of(demo)
    shutil.copytree(demo, far)
    table = far / "data/dossiers.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",14.5,", ",13.5,"), encoding="utf-8")
    shutil.rmtree(far / "runs")
    assert main(["run", str(far / "scenario.yaml"), "--quiet"]) == 0
    evil = run_of(far)
    assert main(["verify", str(evil), "--quiet"]) == 0
    shutil.rmtree(genuine)
    genuine.symlink_to(evil)
    capsys.readouterr()
    assert main(["verify", str(genuine)]) == 1
    said = capsys.readouterr().err
    assert "run-name" in said
    assert main(["export", str(genuine), "--format", "arrete"]) == 1
    assert "project-place" in capsys.readouterr().err
    assert main(["sign", str(genuine), "--as", "liste-1"]) == 1
    # runs kept on another disk, under the project: a link that the planner made
    shutil.move(far / "runs", demo.parent / "disk")
    (far / "runs").symlink_to(demo.parent / "disk")
    assert main(["run", str(far / "scenario.yaml"), "--quiet"]) == 0
    assert main(["verify", str(run_of(far)), "--quiet"]) == 0


def test_every_reader_refuses_what_only_looks_signed(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = forged(demo, hidden=True)
    (run / ".p").rename(run / "inputs")
    (run / "signature.json").write_text("{}", encoding="utf-8")
    entry = demo / "registre/liste-1"
    entry.parent.mkdir()
    shutil.move(run, entry)
    for words in (
        ("verify", entry),
        ("export", entry, "--format", "arrete"),
        ("export", entry, "--format", "csv"),
        ("report", entry, "--out", "page.html", "--no-explain"),
        ("explain", entry),
        ("compare", entry, "scenario.yaml"),
        ("core", entry),
    ):
        capsys.readouterr()
        assert main([*(str(word) for word in words), "--lang", "en"]) == 1, words
        assert "register" in capsys.readouterr().err, words


def test_verify_names_the_files_it_read(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(demo)
    assert main(["verify", str(run)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert main(["verify", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [entry["path"] for entry in told["inputs"]] == ["scenario.yaml", "data/dossiers.csv"]
    for entry in told["inputs"]:
        assert f"{(demo / entry['path']).resolve()} {entry['sha256']}" in shown
    for name in ("allocation_sha256", "document_sha256"):
        assert f"{name} {told[name]}" in shown


def test_the_expected_hash(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(demo)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    for name in ("allocation_sha256", "document_sha256"):
        assert main(["verify", str(run), "--expect", summary[name].upper(), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["verify", str(run), "--expect", "0" * 64, "--lang", "en"]) == 1
    assert "is not that of the run" in capsys.readouterr().err
    assert main(["verify", str(run), "--expect", summary["allocation_sha256"][:12]]) == 2


def test_the_hash_stands_in_the_annex_and_in_the_footer_of_the_report(demo: Path) -> None:
    import zipfile

    run = run_of(demo)
    sha = json.loads((run / "summary.json").read_text(encoding="utf-8"))["allocation_sha256"]
    assert main(["export", str(run), "--format", "arrete", "--out", "annexe.xlsx"]) == 0
    with zipfile.ZipFile("annexe.xlsx") as book:
        sheets = [
            book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")
        ]
    assert any(sha in sheet.partition("<oddFooter>")[2] for sheet in sheets)
    assert main(["report", str(run), "--out", "report.html", "--no-explain"]) == 0
    page = (demo / "report.html").read_text(encoding="utf-8")
    footer = page.partition("<footer")[2].partition("</footer>")[0]
    assert sha in footer


@pytest.mark.parametrize(
    "name", ["summary.json", "certificate.json", "solver.log", "allocation.csv", "allocation.parquet"]
)
def test_a_sparse_file_of_gigabytes_is_refused_by_its_size(
    name: str, demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(demo)
    os.truncate(run / name, 8 << 30)
    assert main(["verify", str(run)]) == 3
    said = capsys.readouterr().err
    assert f"« {name} » ne se lit pas" in said
    assert str(8 << 30) in said
    assert str(MOST_BYTES >> 20) in said


def test_a_few_bytes_of_parquet_with_countless_rows(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(demo)
    stream = io.BytesIO()
    pl.select(dossier=pl.repeat("x", MOST_ROWS + 1)).write_parquet(stream)
    (run / "allocation.parquet").write_bytes(stream.getvalue())
    assert main(["verify", str(run), "--lang", "en"]) == 1
    assert f"it has {MOST_ROWS + 1} rows" in capsys.readouterr().err


def test_too_many_values_or_levels_of_json(
    demo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(demo)
    (run / "certificate.json").write_text('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", encoding="utf-8")
    assert main(["verify", str(run)]) == 1
    assert "inattendue" not in capsys.readouterr().err
    monkeypatch.setattr("tnt_sim.verify.run_files.MOST_VALUES", 10)
    assert main(["verify", str(run)]) == 3
    assert "plus de 10 valeurs" in capsys.readouterr().err


def test_a_sparse_signature_is_no_signature(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(demo)
    assert main(["sign", str(run), "--as", "liste-1"]) == 0
    os.truncate("registre/liste-1/signature.json", 8 << 30)
    capsys.readouterr()
    assert main(["sign", str(run), "--as", "liste-2"]) == 3
    assert "ce n'est pas une signature du registre" in capsys.readouterr().err


def test_a_run_is_not_written_over_a_folder_whose_summary_is_no_run(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(run_of(demo) / "summary.json", 8 << 30)
    assert main(["run", "scenario.yaml"]) == 2
    assert "n'est pas un dossier de calcul" in capsys.readouterr().err
