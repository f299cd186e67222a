"""Run folders of version 0.1.0 are read with the spellings, blanks and reasons of that version, and it is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.paths import TESTS
from support.run_folders.mutations import rehash

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.replay import verify_run

DATA = TESTS / "support" / "data" / "runs-0.1.0"
RUNS = sorted([*DATA.glob("*/runs/*"), *DATA.glob("*/registre/*")])


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_what_version_0_1_0_wrote_is_still_true(run: Path) -> None:
    found = verify_run(run)
    assert found.ok, [defect.text.en for defect in found.defects]
    assert any("another code of tnt_sim (0.1.0)" in note.en for note in found.notes)


def test_a_run_that_only_its_version_would_decide_so_is_read_and_no_act_is_drawn_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A capital letter refused a dossier then; its run stays readable, and is to be run again before an act."""
    shutil.copytree(DATA / "spellings", tmp_path / "spellings")
    (run,) = (tmp_path / "spellings" / "runs").glob("*-*")
    found = verify_run(run)
    assert found.ok
    assert found.head.read_as == "0.1.0"
    assert any("read as version 0.1.0 wrote it" in note.en for note in found.notes)
    for words in (
        ["sign", str(run), "--as", "a"],
        ["export", str(run), "--format", "arrete", "--out", str(tmp_path / "a.csv")],
    ):
        assert main([*words, "--lang", "en"]) == 2
        assert "run it again before it is signed" in capsys.readouterr().err
    assert main(["export", str(run), "--format", "csv", "--out", str(tmp_path / "b.csv")]) == 0


def test_a_reason_that_no_version_would_write_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "motifs"
    shutil.copytree(DATA / "motifs", project)
    (run,) = (project / "runs").glob("*-*")
    table = run / "allocation.csv"
    table.write_bytes(table.read_bytes().replace(b"Plus de 3 500 habitants (population : 12000",
                                                 b"Trop tard (population : 12000"))  # fmt: skip
    assert table.read_bytes() != (DATA / "motifs" / "runs" / run.name / "allocation.csv").read_bytes()
    rehash(run)
    assert not verify_run(run).ok
