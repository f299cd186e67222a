"""The table of the 106 criteria of RGAA 4.1 against a browser: axe-core and the scripts contradict no row of it.

Both pages are those of the demonstration: the decision note in both languages, and the planner's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import accessibility_page
import pytest
from accessibility_page import State, compute_rates, read_criteria
from support.accessibility_checks import CHECKS
from support.page_browser import THEMES, Violation, list_violations, open_file, open_page, unfold
from support.planner_server import open_planner_server

from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang

ENOUGH = 0.95
BAD = Path(__file__).with_name("bad_page.html")
BEYOND = frozenset({"targets-are-large"})
"""Checks of WCAG 2.2 that RGAA 4.1 does not ask for."""


def test_every_criterion_has_a_state_and_a_check() -> None:
    criteria = read_criteria()
    assert len(criteria) == sum(n for _, n in accessibility_page.THEMES) == 106
    assert {name for one in criteria for name in one.scripts} == set(CHECKS) - BEYOND
    assert all(rate.share >= ENOUGH for rate in compute_rates())


def test_a_table_without_a_criterion_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = accessibility_page.TABLE.read_text(encoding="utf-8")
    for broken, why in (
        (re.sub(r"^8\.2,.*\n", "", text, flags=re.MULTILINE), "in their order"),
        (re.sub(r"^(8\.1,[^,]*,[^,]*,C,[^,]*),[^,]*,C,", r"\1,,C,", text, flags=re.MULTILINE), "8.1 lacks"),
        (text.replace(",document-type,", ",,"), "8.1 does not say how"),
    ):
        assert broken != text
        file = tmp_path / "table.csv"
        file.write_text(broken, encoding="utf-8")
        monkeypatch.setattr(accessibility_page, "TABLE", file)
        with pytest.raises(ValueError, match=re.escape(why)):
            read_criteria.__wrapped__()


def test_a_page_that_breaks_criteria_fails_the_checks(chromium: Any) -> None:
    """Each fault is found by the check that should find it: the checks can fail."""
    with open_page(chromium, BAD.as_uri()) as page:
        found = {name for name, check in CHECKS.items() if check(page)}
    assert found >= {
        "pictures-have-names", "pictures-have-figures", "tables-have-titles", "tables-have-headers",
        "links-have-names",
        "same-links-go-to-one-place", "document-type", "ids-are-unique", "references-exist", "page-has-language",
        "languages-are-valid", "page-has-title", "no-presentation-tags", "headings-in-order", "landmarks",
        "lists-are-lists", "style-is-in-sheets", "fields-have-labels", "groups-have-legends", "buttons-have-names",
        "names-hold-the-words-shown", "no-positive-tabindex", "no-single-key", "no-new-window", "no-frames",
        "status-is-announced", "letters-have-contrast", "required-is-said", "code-is-valid", "reflow-at-320",
        "letters-of-200-percent", "focus-is-seen", "skip-link", "targets-are-large",
    }  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accessible") / "demo"
    assert main(["new", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def notes(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[Lang, Path]:
    """The decision note with a slider, in both languages."""
    target = tmp_path_factory.mktemp("notes")
    assert main(["run", str(demo / "scenario.yaml"), "--out", str(target / "runs"), "--quiet"]) == 0
    (run,) = (target / "runs").glob("*-*")
    files = {lang: target / f"{lang.value}.html" for lang in Lang}
    for lang, file in files.items():
        slider = ["--slider", "programme", "--from", "80 %", "--to", "1.5 M€", "--steps", "3"]
        assert main(["report", str(run), "--out", str(file), "--lang", lang.value, *slider]) == 0
    return files


@pytest.fixture(scope="module")
def address(demo: Path) -> Iterator[str]:
    with open_planner_server(demo / "scenario.yaml") as found:
        yield found


def list_contradictions(
    page: Any, states: Mapping[str, State], scripts: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """What a browser finds on a page and the table denies."""
    unfold(page)
    faults = []
    for violation in list_violations(page):
        faults += [f"axe {violation.rule}: {violation.elements}" for _ in _list_denied(violation, states)]
    for name, check in CHECKS.items():
        if found := check(page):
            denied = [
                number
                for number, names in scripts.items()
                if name in names and states[number] is not State.NOT_CONFORM
            ]
            faults += [f"{number} {name}: {found[:3]}" for number in ([""] if name in BEYOND else denied)]
    return faults


def _list_denied(violation: Violation, states: Mapping[str, State]) -> list[str]:
    """Criteria of a violation that the table does not call broken; without a criterion, the violation itself."""
    numbers = {
        f"{match[1]}.{match[2]}" for tag in violation.tags if (match := re.match(r"RGAA-(\d+)\.(\d+)", tag))
    }
    return (
        [number for number in numbers if states[number] is not State.NOT_CONFORM]
        if numbers
        else [violation.rule]
    )


SCRIPTS = {one.number: one.scripts for one in read_criteria()}


@pytest.mark.slow
@pytest.mark.crossed
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", Lang)
def test_the_note_is_as_the_table_says(
    chromium: Any, notes: Mapping[Lang, Path], lang: Lang, theme: str
) -> None:
    states = {one.number: one.note for one in read_criteria()}
    with open_page(chromium, notes[lang].as_uri(), theme=theme) as page:
        assert list_contradictions(page, states, SCRIPTS) == []
    with open_file(chromium, notes[lang], width=390, theme=theme) as page:
        assert list_violations(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_the_planners_page_is_as_the_table_says(chromium: Any, address: str, theme: str) -> None:
    states = {one.number: one.page for one in read_criteria()}
    with open_page(chromium, address, theme=theme) as page:
        page.wait_for_selector("[data-page][data-answers]")
        assert list_contradictions(page, states, SCRIPTS) == []


@pytest.mark.slow
def test_the_table_names_the_rules_of_axe(chromium: Any) -> None:
    """The column `axe` lists the rules that axe-core itself links to a criterion."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with open_page(chromium, "about:blank") as page:
        axe.Axe().run(page)
        rules = page.evaluate("axe.getRules().map(rule => [rule.ruleId, rule.tags])")
    expected: dict[str, set[str]] = {}
    for rule, tags in rules:
        for tag in tags:
            if match := re.match(r"RGAA-(\d+\.\d+)\.", tag):
                expected.setdefault(match[1], set()).add(rule)
    assert {one.number: set(one.axe) for one in read_criteria() if one.axe} == expected
