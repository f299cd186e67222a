"""Run folders for the tests of the check, and what the check says of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run_folders.checked import copied
from support.run_folders.small_runs import EVERY, run_of


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run folders of all small scenarios, once for all files: tests read them, or change copies."""
    folder = tmp_path_factory.mktemp("made")
    return {name: run_of(name, folder / name / "project") for name in EVERY}


@pytest.fixture
def run(made: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the run `links`, project and all."""
    return copied(made["links"], tmp_path)
