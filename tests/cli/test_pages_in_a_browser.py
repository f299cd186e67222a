"""Every page that a verb writes, from the demonstration, in a browser: both languages, themes and widths.

The decision note and the planner's page are read further in `tests/docs/test_accessibility.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import golden
import pytest
import xlsxwriter
from support.accessibility_checks import CHECKS
from support.page_browser import THEMES, list_violations, open_file, unfold

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang

MOST_BYTES = 3_000_000
COMMANDS = (
    "alternatives scenario.yaml --count 2",
    "audit scenario.yaml --selection list.xlsx",
    "batch scenario.yaml levels.yaml --executor serial",
    "compare scenario.yaml levels.yaml",
    "conflict impossible.yaml",
    "conflict scenario.yaml",
    "core RUN OTHER",
    "ensemble uncertain.yaml --draws 12 --seed 1 --sensitivity 2 --workers 1",
    "entry-thresholds scenario.yaml --to 1.4M€",
    "explain RUN",
    "explain RUN --all",
    "explain RUN E-03",
    "extend scenario.yaml",
    "extension-shares scenario.yaml 200k€ --key numerique=3,mobilites=2",
    "inversions RUN",
    "marginal-euro scenario.yaml",
    "report RUN",
    "report RUN --explain",
    "rule-prices scenario.yaml",
    "show scenario.yaml",
    "sweep scenario.yaml --steps 3",
    "target scenario.yaml +5",
    "validate scenario.yaml",
    "weights scenario.yaml --criteria score,population --order score,population",
)
"""Verbs that write a page, or a folder with pages."""
EVERYWHERE = (
    "code-is-valid", "ids-are-unique", "references-exist", "page-has-language", "languages-are-valid",
    "page-has-title", "headings-in-order", "landmarks", "lists-are-lists", "pictures-have-names",
    "decoration-is-hidden",
    "tables-have-titles", "tables-have-headers", "links-have-names", "letters-have-contrast",
    "no-presentation-tags",
    "reflow-at-320", "letters-of-200-percent", "spacing-of-text", "focus-is-seen", "no-trap",
)  # fmt: skip
"""Checks of every page, besides axe-core."""


@pytest.fixture(scope="module", params=list(Lang))
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Path]]:
    """The pages that each command writes in a language, by command."""
    lang: Lang = request.param
    folder = tmp_path_factory.mktemp("pages") / "demo"
    assert main(["new", str(folder)]) == 0
    before = Path.cwd()
    os.chdir(folder)
    try:
        _write_inputs()
        runs = [_run(name) for name in ("scenario.yaml", "levels.yaml")]
        yield _write_pages(lang, {"RUN": runs[0], "OTHER": runs[1]})
    finally:
        os.chdir(before)


def _write_inputs() -> None:
    texts = {
        "levels.yaml": golden.LEVELS, "impossible.yaml": golden.CLASH, "uncertain.yaml": golden.UNCERTAIN,
    }  # fmt: skip
    for name, text in texts.items():
        Path(name).write_text(text, encoding="utf-8")
    with xlsxwriter.Workbook("list.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(golden.LIST):
            sheet.write_row(number, 0, row)


def _run(scenario: str) -> str:
    before = set(Path("runs").glob("*-*"))
    assert main(["run", scenario, "--quiet"]) == 0
    (run,) = set(Path("runs").glob("*-*")) - before
    return str(run)


def _write_pages(lang: Lang, runs: Mapping[str, str]) -> Mapping[str, Path]:
    """Run each command; return the pages by command, several of one command by number."""
    pages = {}
    for number, command in enumerate(COMMANDS):
        words = [runs.get(word, word) for word in command.split()]
        known = set(Path().rglob("*.html"))
        is_folder = words[0] in ("batch", "sweep")
        target = f"out-{number}" if is_folder else f"out-{number}.html"
        main([*words, "--out", target, "--lang", lang.value])
        written = sorted(set(Path().rglob("*.html")) - known)
        assert written, command
        pages |= {f"{command} {k}": file.resolve() for k, file in enumerate(written)}
    return pages


@pytest.mark.slow
@pytest.mark.crossed
@pytest.mark.parametrize("theme", THEMES)
def test_no_page_has_a_fault(
    chromium: Any, pages: Mapping[str, Path], theme: str, subtests: pytest.Subtests
) -> None:
    for command, file in pages.items():
        with subtests.test(command), open_file(chromium, file, theme=theme) as page:
            assert file.stat().st_size <= MOST_BYTES
            unfold(page)
            assert list_violations(page) == []
            assert {name: faults for name in EVERYWHERE if (faults := CHECKS[name](page))} == {}


@pytest.mark.slow
def test_no_page_of_a_phone_has_a_fault(
    chromium: Any, pages: Mapping[str, Path], subtests: pytest.Subtests
) -> None:
    for command, file in pages.items():
        with subtests.test(command), open_file(chromium, file, width=390, theme="dark") as page:
            unfold(page)
            assert list_violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.parametrize("lang", Lang)
def test_cards_of_a_notebook_have_no_fault(chromium: Any, tmp_path: Path, lang: Lang) -> None:
    assert main(["new", str(tmp_path / "demo")]) == 0
    scenario = tnt.Scenario.from_yaml(tmp_path / "demo" / "scenario.yaml")
    folder = scenario.solve().save(tmp_path / "run")
    run = tnt.open_run(folder, lang.value)
    table = tnt.table(run.to_dataframe().head(5), lang=lang.value)
    cards = [run._repr_html_(), table._repr_html_()]
    file = tmp_path / "cards.html"
    file.write_text(
        f'<!doctype html><html lang="{lang.value}"><head><meta charset="utf-8"><title>Cards</title></head>'
        f"<body><main><h1>Cards</h1>{''.join(cards)}</main></body></html>",
        encoding="utf-8",
    )
    with open_file(chromium, file) as page:
        assert list_violations(page) == []
