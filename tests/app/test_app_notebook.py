"""The page in cells of a real JupyterLab, driven in Chromium: what moves there is what the next cell has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.notebook_server import open_notebook_server, write_notebook
from support.programs import WANT

from tnt_sim.cli.main import main

ABSENT = [name for name in ("playwright", "jupyterlab", "anywidget") if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=WANT + ", ".join(ABSENT)),
]

CELLS = (
    """\
import json, time
import tnt_sim as tnt
from tnt_sim.app.live_answers import LiveAnswers
from tnt_sim.app.page import Page
events, receive, compute = [], Page.receive, LiveAnswers._compute_answer
Page.receive = lambda page, event: (events.append(event), receive(page, event))[1]
LiveAnswers._compute_answer = lambda *words: (time.sleep(0.3), compute(*words))[1]  # as a large scenario takes
scenario = tnt.read_scenario("demo/scenario.yaml")
explorer = tnt.explore(scenario)
explorer""",
    """\
table = explorer.result.table()
print(json.dumps({
    "funded": table.filter(table["funded"])["dossier"].to_list(),
    "amount": explorer.scenario.spec.programme.amount,
    "again": explorer.scenario.solve().document["allocation_sha256"],
    "found": explorer.result.document["allocation_sha256"],
    "moves": [event["value"] for event in events if event["do"] == "amount"],
    "variants": list(explorer.variants),
    "settings": explorer.widget.settings,
}))""",
    'explorer.set({"programme.amount": "1 M€"})',
    'tnt.explore(scenario, lang="en")',
)
PAGES = (
    "[...document.querySelectorAll('[data-lm-suppress-shortcuts]')]"
    ".map(one => one.shadowRoot.querySelector('[data-page]'))"
)
IDLE = "#jp-main-statusbar >> text=/Idle/"
LOOKS = """() => [document.documentElement, document.body, document.querySelector('.jp-Toolbar')]
  .map(one => getComputedStyle(one)).map(one => [one.font, one.color, one.maxWidth, one.padding])"""


@dataclass(frozen=True)
class Lab:
    """A notebook in a tab, and what failed in it."""

    tab: Any
    errors: list[str]

    def run(self, cell: int) -> str:
        """Run a cell, and return the text below it."""
        place = self.tab.locator(".jp-CodeCell").nth(cell)
        before = place.locator(".jp-InputPrompt").inner_text()
        place.locator(".jp-InputArea-editor").click()
        self.tab.keyboard.press("Control+Enter")
        self.tab.wait_for_function(
            "([k, before]) => { const text = document.querySelectorAll('.jp-CodeCell')[k]"
            ".querySelector('.jp-InputPrompt').innerText; return text !== before && /[0-9]/.test(text); }",
            arg=[cell, before],
        )
        self.tab.wait_for_selector(IDLE)
        return str(place.locator(".jp-OutputArea").inner_text())

    def page(self, number: int = 0) -> Any:
        """The page of an explorer."""
        return self.tab.locator("[data-page]").nth(number)

    def wait_for_answer(self, act: Callable[[], object], number: int = 0) -> None:
        """Do something, and wait until the page rests with a new answer."""
        before = int(self.page(number).get_attribute("data-answers") or 0)
        act()
        self.tab.wait_for_function(
            f"([k, n]) => {{ const page = {PAGES}[k];"
            " return Number(page.dataset.answers) > n && !page.hasAttribute('aria-busy'); }",
            arg=[number, before],
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    assert main(["new", str(folder / "demo")]) == 0
    write_notebook(folder / "essai.ipynb", CELLS)
    with open_notebook_server(folder) as address:
        tab = chromium.new_page(
            viewport={"width": 1280, "height": 900}, color_scheme="light", accept_downloads=True
        )
        tab.set_default_timeout(30_000)
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(address.format(name="essai.ipynb"))
        tab.wait_for_selector(".jp-Notebook .jp-CodeCell")
        tab.wait_for_selector(IDLE)
        yield Lab(tab, errors)
        tab.close()


def test_what_moves_in_a_cell_is_what_the_next_cell_has(lab: Lab) -> None:
    tab = lab.tab
    looks = tab.evaluate(LOOKS)
    lab.run(0)
    tab.wait_for_selector("[data-page][data-answers]")
    page = lab.page()
    assert tab.evaluate(LOOKS) == looks
    before = page.locator("[data-part=list]").inner_text()

    page.locator("#amount-0").focus()

    def slide() -> None:
        for _ in range(20):
            tab.keyboard.press("ArrowLeft")
            tab.wait_for_timeout(30)

    lab.wait_for_answer(slide)
    assert page.locator("[data-part=list]").inner_text() != before
    lab.wait_for_answer(page.locator("#show-funded").click)
    rows = page.locator(".list tbody th").all_inner_texts()
    seen = json.loads(lab.run(1))
    assert sorted(row.split()[0] for row in rows) == sorted(seen["funded"])
    assert seen["found"] == seen["again"]
    assert seen["amount"] == int(page.locator("#amount-0").input_value()) == int(seen["moves"][-1])
    assert f"a.programme={seen['amount']}" in seen["settings"].split("&")  # which other cells may observe
    assert len(seen["moves"]) <= 6  # and not twenty answers one after the other


def test_python_moves_the_cell(lab: Lab) -> None:
    lab.run(2)
    lab.tab.wait_for_function(f"{PAGES}[0].querySelector('#box-0').value === '1000'")
    lab.wait_for_answer(lambda: lab.page().locator("#variant-name").press_sequentially("un million\n"))
    assert json.loads(lab.run(1))["variants"] == ["un million"]


def test_two_explorers_meet_neither_in_ids_nor_in_settings(lab: Lab) -> None:
    lab.run(3)
    lab.tab.wait_for_selector("[data-page][data-answers] >> text=Keep as a variant")
    first, second = lab.page(0), lab.page(1)
    assert second.locator("#box-0").input_value() == "1200"
    lab.wait_for_answer(second.get_by_text("stay as they are").click, 1)
    lab.wait_for_answer(lambda: second.locator("#rule-1").uncheck(), 1)
    assert first.locator("#rule-1").is_checked()
    assert first.locator("#box-0").input_value() == "1000"
    assert lab.tab.url.partition("#")[2] == ""


def test_the_box_of_a_cell_keeps_its_summary_its_keys_and_its_theme(lab: Lab) -> None:
    tab, page = lab.tab, lab.page(1)
    page.evaluate("page => page.scrollTo(0, 800)")
    tops = page.evaluate(
        "page => [page, page.querySelector('.band')].map(one => one.getBoundingClientRect().top)"
    )
    assert abs(tops[0] - tops[1]) <= 2
    assert page.evaluate("page => page.scrollWidth <= page.clientWidth")
    n_cells = tab.locator(".jp-CodeCell").count()
    page.locator("#rule-0").focus()
    for key in "aadd":  # commands of the notebook: cells above, and the cell deleted
        tab.keyboard.press(key)
    assert tab.locator(".jp-CodeCell").count() == n_cells
    assert page.get_attribute("data-theme") == "light"
    tab.evaluate("document.body.dataset.jpThemeLight = 'false'")
    tab.wait_for_function(f"{PAGES}[1].dataset.theme === 'dark'")
    assert page.evaluate("page => getComputedStyle(page).backgroundColor") == "rgb(20, 25, 30)"


def test_a_workbook_comes_out_of_the_kernel(lab: Lab) -> None:
    with lab.tab.expect_download() as waiting:
        lab.page(1).locator("button[data-do=export]").click()
    assert Path(waiting.value.path()).read_bytes()[:2] == b"PK"
    assert waiting.value.suggested_filename.endswith(".xlsx")


def test_a_conflict_opens_in_the_box_with_the_summary_in_sight(lab: Lab) -> None:
    page = lab.page(0)
    lab.wait_for_answer(page.get_by_text("restent telles quelles").click)
    lab.wait_for_answer(lambda: page.locator("#box-1").fill("2000") or page.locator("#box-1").press("Enter"))
    lab.wait_for_answer(lambda: page.locator("#box-0").fill("100") or page.locator("#box-0").press("Enter"))
    page.locator(".trouble button[data-do=repair]").first.wait_for()
    shown = "one => { const { top, bottom } = one.getBoundingClientRect(); return top >= 0 && top < innerHeight; }"
    assert page.locator(".band").evaluate(shown)
    assert page.locator("#h-trouble").evaluate(shown)
    lab.wait_for_answer(page.locator(".trouble button[data-do=repair]").first.click)
    assert page.locator(".trouble").count() == 0, page.locator("[data-part=trouble]").inner_text()


@pytest.mark.parametrize("light", ["true", "false"])
def test_the_cells_are_accessible(lab: Lab, light: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    lab.tab.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    lab.tab.wait_for_timeout(700)
    violations = axe.run(lab.tab, context="[data-lm-suppress-shortcuts]").response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in violations] == []


def test_nothing_failed_in_the_notebook(lab: Lab) -> None:
    assert lab.errors == []
