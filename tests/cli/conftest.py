"""The command line run in this process: exit code, stdout and stderr apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run, Said

from tnt_sim.cli.main import main


@pytest.fixture
def tnt(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str | Path) -> Said:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def demo(tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder made by `new`, in which the test stands."""
    folder = tmp_path / "demo"
    assert tnt("new", folder).code == 0
    monkeypatch.chdir(folder)
    return folder
