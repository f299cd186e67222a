"""Slow tests run with `--slow` only; a browser that can reach nothing; what was skipped, for want of what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.programs import CHROMIUM, WANT, wanting

_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

# what is drawn is the same on every machine; `--hypothesis-profile=default` draws anew
settings.register_profile("same", derandomize=True, print_blob=True)
settings.load_profile("same")

os.environ.pop("COLUMNS", None)  # a terminal's width, which would wrap what tests read


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")
    parser.addoption(
        "--skipped-to", type=Path, metavar="FILE", help="write the ids of skipped tests, one a line"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes minutes: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was skipped for want of what, in one line; their ids where a file was named."""
    skipped = terminalreporter.stats.get("skipped", [])
    if line := wanting(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line)
    if file := config.getoption("--skipped-to"):
        ids = dict.fromkeys(report.nodeid for report in skipped)
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
