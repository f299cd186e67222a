"""Run folders of version 0.1.0 are read with the spellings, blanks and reasons of that version, and it is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mutations import rehash

from tnt_sim.recheck import verify_run

DATA = Path(__file__).resolve().parents[1] / "support" / "data" / "runs-0.1.0"
RUNS = sorted([*DATA.glob("*/runs/*"), *DATA.glob("*/registre/*")])


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_what_version_0_1_0_wrote_is_still_true(run: Path) -> None:
    found = verify_run(run)
    assert found.ok, [defect.text.en for defect in found.defects]
    assert any("read as version 0.1.0 wrote it" in note.en for note in found.notes)


def test_a_reason_that_no_version_would_write_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "motifs"
    shutil.copytree(DATA / "motifs", project)
    (run,) = (project / "runs").iterdir()
    table = run / "allocation.csv"
    table.write_bytes(table.read_bytes().replace(b"Plus de 3 500 habitants (population : 12000",
                                                 b"Trop tard (population : 12000"))  # fmt: skip
    assert table.read_bytes() != (DATA / "motifs" / "runs" / run.name / "allocation.csv").read_bytes()
    rehash(run)
    assert not verify_run(run).ok
