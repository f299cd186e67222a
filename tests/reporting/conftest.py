"""One awkward run for the tests of what is written from a run folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run_folders.awkward_run import make_run

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def stored(run_dir: Path) -> StoredRun:
    return open_stored(run_dir)
