"""What the how-to pages show is what the commands say: each block is typed in a fresh demo and compared."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
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
RULES = "rules:\n"


def blocks(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page with the lines that are shown of its answer; « … » stands for lines left out."""
    text = as_typed(page.read_text(encoding="utf-8"))
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield command, [line.strip() for line in shown if line.strip() and line.strip() != "…"]


def add_rules(page: Path, scenario: Path) -> None:
    """Write the rules that a page has one add at the top of the scenario's own."""
    for added in re.findall(r"```yaml\nrules:\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        text = scenario.read_text(encoding="utf-8")
        scenario.write_text(text.replace(RULES, RULES + added, 1), encoding="utf-8")


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
    add_rules(page, Path("scenario.yaml"))
    capsys.readouterr()
    for command, shown in blocks(page):
        program, *words = shlex.split(command)
        if program == "cd":
            monkeypatch.chdir(words[0])
            continue
        if program == "python":  # what is written for those who have not installed the program
            done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
            assert missing(shown, as_typed(done.stdout)) == ""
            continue
        assert program == "tnt-sim"
        assert main(words) == CODES.get(words[0], 0)
        said = "".join(capsys.readouterr())
        assert missing(shown, as_typed(said)) == "", said


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_rule_that_a_page_offers_is_valid(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "demo"), "--lang", lang]) == 0
    text = (tmp_path / "demo/scenario.yaml").read_text(encoding="utf-8")
    page = (DOCS / lang / "howto/add-a-rule.md").read_text(encoding="utf-8")
    rules = re.findall(r"\| `- (\{id: .*?\})` \|", page)
    assert len(rules) >= 8
    for rule in rules:
        variant = tmp_path / "demo/variant.yaml"
        variant.write_text(text.replace(RULES, f"{RULES}  - {rule}\n", 1), encoding="utf-8")
        assert main(["validate", str(variant)]) == 0, rule
        capsys.readouterr()


def test_pages_are_compared() -> None:
    assert len(PAGES) >= 7
    assert missing(["a", "c"], "a\nb\nc\n") == ""
    assert missing(["c", "a"], "a\nb\nc\n") == "a"
