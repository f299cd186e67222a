"""What the how-to pages show is what the commands say: each block is typed in a fresh demo and compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clocks import StepClock
from support.lanes import seeds
from support.paths import ROOT
from support.typed import as_typed

from tnt_sim.cli.main import main

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "```console\n" in path.read_text(encoding="utf-8"))
WIDTH = "92"
CODES = {"conflict": 4}


def blocks(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page with the lines that are shown of its answer; « … » stands for lines left out."""
    text = as_typed(page.read_text(encoding="utf-8"))
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield command, [line.strip() for line in shown if line.strip() and line.strip() != "…"]


def missing(shown: list[str], said: str) -> str:
    """The first line that the answer does not hold in this order, "" when all are there."""
    rest = iter(line.strip() for line in said.splitlines())
    return next((line for line in shown if line not in rest), "")


@pytest.mark.usefixtures("shipped_catalogue")  # spaces decide where a line is folded
@pytest.mark.parametrize(
    "page", seeds(PAGES, 4), ids=lambda page: "-".join(page.relative_to(DOCS).with_suffix("").parts)
)
def test_a_page_shows_what_is_said(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StepClock(1e-6).install(monkeypatch)  # no search is cut short by load
    monkeypatch.setenv("COLUMNS", WIDTH)
    lang = page.relative_to(DOCS).parts[0]
    assert main(["new", str(tmp_path / "demo"), "--lang", lang]) == 0
    monkeypatch.chdir(tmp_path / "demo")
    capsys.readouterr()
    for command, shown in blocks(page):
        words = shlex.split(command)
        assert words[0] == "tnt-sim"
        assert main(words[1:]) == CODES.get(words[1], 0)
        said = capsys.readouterr().out
        assert missing(shown, as_typed(said)) == "", said


def test_pages_are_compared() -> None:
    assert len(PAGES) >= 7
    assert missing(["a", "c"], "a\nb\nc\n") == ""
    assert missing(["c", "a"], "a\nb\nc\n") == "a"
