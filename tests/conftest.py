"""Three lanes of tests; a browser that can reach nothing; what was skipped, for want of what; what tests cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import settings
from support.lanes import Lane, choose_diagonal, choose_profile, is_quick
from support.processor_time import ProcessorTime
from support.programs import CHROMIUM, WANT, wanting
from support.run_folders.awkward_run import make_run
from support.typed import read_catalogue_as_typed

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n import message

_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

# What is drawn is the same on every machine, but for `--slow` by hand. `--hypothesis-profile=anew` draws other
# examples in any lane, which follow from `--hypothesis-seed` alone: what a machine drew before plays no part.
settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("anew", derandomize=False, deadline=None, database=None, print_blob=True)
settings.load_profile("same")

os.environ.pop("COLUMNS", None)  # a terminal's width, which would wrap what tests read
os.environ["LC_ALL"] = "C.UTF-8"  # no language: that of the machine would be the answer's
for variable in ("LC_MESSAGES", "LANG", "TNT_SIM_LANG", "UV_RUN_RECURSION_DEPTH"):
    os.environ.pop(variable, None)

read_catalogue_as_typed()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow", action="store_true", help="run the tests that take minutes, and draw more cases"
    )
    parser.addoption(
        "--skipped-to",
        type=Path,
        metavar="FILE",
        help="write the ids of skipped and shortened tests, one a line",
    )
    parser.addoption(
        "--processor-time", type=Path, metavar="FILE", help="write what each test costs, the dearest first"
    )


def pytest_configure(config: pytest.Config) -> None:
    Lane.slow, Lane.in_ci = config.getoption("--slow"), bool(os.environ.get("CI"))
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile(choose_profile(slow=Lane.slow, in_ci=Lane.in_ci))
    if not Lane.slow:
        # tables of tests are small: to share them out over threads costs a sixth more than to read them
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    # one process runs thousands of commands: the parameters of a verb are read from its signature once
    typer.main.get_params_from_function = cache(typer.main.get_params_from_function)
    config.pluginmanager.register(ProcessorTime(config, config.getoption("--processor-time")))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`pytest -m quick` reads the files of its lane only: to read them all would cost half as much again."""
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if config.option.markexpr == "quick" and is_test and not is_quick(collection_path) else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes and long texts by their argument: a workbook holds the time at which it was made."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="takes minutes: run with --slow")
    for item in items:
        if "slow" in item.keywords and not Lane.slow:
            item.add_marker(skip)
        if is_quick(item.path) and "slow" not in item.keywords:
            item.add_marker("quick")
    if Lane.slow and Lane.in_ci:
        items[:] = choose_diagonal(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was skipped for want of what, in one line; ids where a file was named."""
    skipped = terminalreporter.stats.get("skipped", [])
    if line := wanting(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line)
    if file := config.getoption("--skipped-to"):
        shortened = [] if Lane.slow else terminalreporter.stats.get("passed", [])
        shortened = [report for report in shortened if "drawn" in report.keywords]
        ids = dict.fromkeys(report.nodeid for report in (*skipped, *shortened))
        # those of one file together, so that its fixtures are made once
        ids = sorted(ids, key=lambda one: one.partition("::")[0])
        file.write_text("".join(f"{one}\n" for one in ids), encoding="utf-8")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip(WANT + "Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGS))
        yield browser
        browser.close()


@pytest.fixture
def shipped_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """French as it is shipped, typeset, where files of the repository are compared."""
    monkeypatch.setattr(message, "_load_catalogue", cache(message._load_catalogue.__wrapped__))


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One awkward run, for what is read and written from a run folder."""
    return make_run(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def stored(run_dir: Path) -> StoredRun:
    return open_stored(run_dir)
