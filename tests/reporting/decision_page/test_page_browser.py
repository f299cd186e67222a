"""The report in a browser: the slider, the search, the map, the keyboard, and axe-core; from a file, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.flagship import FROZEN
from support.hostile_text import HOSTILE

from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount, format_integer
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.decision_page.script_data import build_slider
from tnt_sim.scenario.load import load_scenario

MOST_HEIGHT = {1280: 4 * 800, 390: 10 * 844}
"""Height before the annexes in CSS pixels, by width: four screens, and ten of a phone."""


class Opened:
    """A report opened in a page; what it asked for and what it complained of."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, place: str = "") -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        self.page.goto(file.as_uri() + place)

    def unfold(self) -> None:
        """Open the list of dossiers, which fills it."""
        self.page.click("#dossiers > summary")
        self.page.wait_for_selector("#list tbody tr")

    def move(self, key: str) -> None:
        self.page.focus("#range")
        self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        found: str = self.page.inner_text(selector)
        return found

    def rows(self, n: int) -> None:
        """Wait until the list has so many rows."""
        from playwright.sync_api import expect

        expect(self.page.locator("#list tbody tr")).to_have_count(n)

    def numbers(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "#list tbody tr", "rows => rows.map(row => row.cells[0].innerText.trim())"
        )
        return found


@pytest.fixture(scope="module", params=list(Lang))
def lang(request: pytest.FixtureRequest) -> Lang:
    found: Lang = request.param
    return found


@pytest.fixture(scope="module")
def file(lang: Lang, runs: list[StoredRun], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "r.html"
    target.write_text(render_report_html(runs[0], PageOptions(lang, build_slider(runs))), encoding="utf-8")
    return target


@pytest.fixture
def opened(chromium: Any, file: Path) -> Iterator[Opened]:
    found = Opened(chromium, file)
    yield found
    assert found.complaints == []
    assert found.asked == [file.as_uri()]
    found.page.close()


def test_slider_moves_totals_envelopes_tables_map_and_list(
    opened: Opened, runs: list[StoredRun], lang: Lang
) -> None:
    opened.unfold()
    before = opened.page.inner_html("main")
    assert opened.page.is_hidden("#variant")
    opened.move("End")
    most = max(runs, key=lambda run: run.summary["amount_cents"])
    totals = opened.page.eval_on_selector_all("[data-total]", "all => all.map(one => one.textContent)")
    assert totals == [
        *(
            format_amount(most.summary[key], lang)
            for key in ("amount_cents", "granted_cents", "unspent_cents")
        ),
        format_integer(most.summary["n_funded"], lang),
    ]
    lines = opened.page.eval_on_selector_all(
        'tr[data-line] [data-of="1"]', "all => all.map(one => one.textContent)"
    )
    assert lines == [format_amount(entry.granted_cents, lang) for entry in most.envelopes]
    assert format_amount(most.summary["amount_cents"], lang) in opened.text("#variant")
    assert opened.page.is_hidden(".verdict")
    funded = most.table.filter("funded")
    ain = funded.filter(funded["department"] == "01")["granted_cents"].sum()
    ain_granted = opened.page.text_content(
        'table[data-group="department"] tr[data-k="0"] [data-of="granted"]'
    )
    assert ain_granted == format_amount(ain, lang)
    assert opened.page.is_hidden("#next")
    title = opened.page.text_content('#map path[data-code="01"] title')
    assert format_amount(ain, lang) in title
    opened.page.select_option("#decision-of", "enter")
    entered = set(funded["dossier"]) - set(runs[0].table.filter("funded")["dossier"])
    assert entered
    assert set(opened.numbers()) == entered
    opened.page.select_option("#decision-of", "")
    opened.move("ArrowLeft")
    assert opened.page.is_hidden("#variant")
    assert opened.page.inner_html("main").replace(' class=""', "") == before


def test_search_finds_a_dossier_by_its_words(opened: Opened, runs: list[StoredRun]) -> None:
    table = runs[0].table
    opened.unfold()
    assert opened.numbers() == table["dossier"].to_list()
    opened.page.fill("#search", "ECOLE bis")
    opened.rows(1)
    assert opened.numbers() == ["01"]
    opened.page.fill("#search", "")
    opened.rows(9)
    opened.page.fill("#search", "moins de 50 habitants")
    opened.rows(1)
    assert opened.numbers() == ["E-5"]
    assert HOSTILE in opened.text("#list tbody tr")
    opened.page.fill("#search", "zzz")
    opened.rows(0)


def test_map_measures_and_their_legends(opened: Opened) -> None:
    fills = "shapes => shapes.map(shape => shape.getAttribute('fill'))"
    heads = opened.page.eval_on_selector_all("#map path[data-code]", fills)
    assert len(set(heads)) > 1
    opened.page.check('input[value="rate"]')
    assert opened.page.is_visible('.legend[data-measure="rate"]')
    assert opened.page.is_hidden('.legend[data-measure="head"]')
    opened.page.check('input[value="head"]')
    assert opened.page.eval_on_selector_all("#map path[data-code]", fills) == heads


def test_by_keyboard_alone(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    assert opened.page.is_visible(".skip")
    opened.page.focus("#dossiers > summary")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector("#list tbody tr")
    opened.page.focus(".skip")
    reached = set()
    for _ in range(60):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
    assert {"range", "measure", "search", "decision-of", "in-envelope", "in-department"} <= reached


@pytest.mark.parametrize(("width", "key"), [(1280, ""), (390, "End")])
def test_axe_finds_nothing(chromium: Any, file: Path, width: int, key: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened = Opened(chromium, file, width)
    if key:
        opened.move(key)
    found = axe.run(opened.page)
    assert [(one["id"], len(one["nodes"])) for one in found.response["violations"]] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate("document.querySelector('#annexes').offsetTop") <= MOST_HEIGHT[width]
    opened.page.close()


def test_a_link_to_a_dossier_opens_it(chromium: Any, file: Path) -> None:
    opened = Opened(chromium, file, 390, "#E-5")
    opened.page.wait_for_selector("#list tr.target")
    assert opened.numbers() == ["E-5"]
    assert opened.page.is_visible("#list tr.target")
    assert opened.page.is_visible("#search"), "a phone searches too"
    order = "cells => cells.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
    first = opened.page.eval_on_selector_all("#list tr.target td", f"{order}.map(one => one.cellIndex)")
    assert first[:2] == [1, 5]
    opened.page.emulate_media(media="print")
    assert opened.page.is_visible(".signature")
    assert opened.page.is_hidden("nav.bar")
    opened.page.close()


def test_without_script_the_decision_is_all_there(
    chromium: Any, file: Path, runs: list[StoredRun], lang: Lang
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    said = page.inner_text("main")
    assert format_amount(runs[0].summary["granted_cents"], lang) in said
    assert page.is_visible("noscript p")
    assert page.is_visible("#positions")
    context.close()


@pytest.mark.slow
def test_the_flagship_is_four_screens_and_ten_on_a_phone(chromium: Any, tmp_path: Path) -> None:
    run = run_of(solve(load_scenario(FROZEN), cross_check="never"))
    file = tmp_path / "flagship.html"
    file.write_text(render_report_html(run, PageOptions(Lang.FR)), encoding="utf-8")
    assert file.stat().st_size <= 3_000_000
    for width, most in MOST_HEIGHT.items():
        opened = Opened(chromium, file, width)
        assert opened.page.evaluate("document.querySelector('#annexes').offsetTop") <= most
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        opened.page.close()
