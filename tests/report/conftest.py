"""Runs for the tests of the report, and a browser that can reach nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "view"))

from hostile import HOSTILE
from stored_runs import SCENARIO, TABLE, make_run

from tnt_sim.view.run_reader import StoredRun, open_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[StoredRun]:
    """The same awkward dossiers with three amounts of the programme; the second is the decision."""
    folder = tmp_path_factory.mktemp("report")
    table = TABLE.replace("Trop petit", HOSTILE)
    made = []
    for amount in ("9 000 €", "8 600 €", "12 000 €"):
        scenario = SCENARIO.replace("9 000 €", amount).replace("locale: fr", "")
        made.append(open_run(make_run(folder, scenario, table)))
    return made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGS))
        yield browser
        browser.close()
