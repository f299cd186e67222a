"""Runs for the tests of the report."""

from __future__ import annotations

import pytest
from support.hostile_text import HOSTILE
from support.run_folders.awkward_run import SCENARIO, TABLE, make_run

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[StoredRun]:
    """The same awkward dossiers with three amounts of the programme; the second is the decision."""
    folder = tmp_path_factory.mktemp("report")
    table = TABLE.replace("Trop petit", HOSTILE)
    made = []
    for amount in ("9 000 €", "8 600 €", "12 000 €"):
        scenario = SCENARIO.replace("9 000 €", amount).replace("locale: fr", "")
        made.append(open_stored(make_run(folder, scenario, table)))
    return made
