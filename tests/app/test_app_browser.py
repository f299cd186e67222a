"""The page as people meet it: the server started by the command, driven in Chromium, one server for all."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.programs import WANT
from support.typed import as_typed

from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.scenario.load import load_scenario

ABSENT = [name for name in ("playwright",) if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=WANT + ", ".join(ABSENT))

PATIENCE = 60_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app") / "demo"
    assert main(["new", str(folder)]) == 0
    return folder / "scenario.yaml"


@pytest.fixture(scope="module")
def address(file: Path, chromium: Any) -> Iterator[str]:
    command = [sys.executable, "-m", "tnt_sim", "app", str(file), "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    watch = threading.Timer(PATIENCE / 1000, process.kill)
    watch.start()
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if "http://" in line:
            break
    watch.cancel()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", "".join(lines))
    assert found is not None, lines
    yield found[0]
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0


class Opened:
    """The page in a tab; all that the tab asked for, and what it complained of."""

    def __init__(self, browser: Any, address: str, width: int, theme: str = "light") -> None:
        size = {"width": width, "height": 900}
        self.tab = browser.new_page(viewport=size, accept_downloads=True, color_scheme=theme)
        self.tab.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.on("websocket", lambda door: self.asked.append(door.url))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on(
            "console",
            lambda line: self.errors.append(line.text) if "Security Policy" in line.text else None,
        )
        self.open(address)

    def open(self, address: str) -> None:
        self.tab.goto(address)
        self.tab.wait_for_selector("[data-page][data-answers]")

    @property
    def answers(self) -> int:
        return int(self.tab.get_attribute("[data-page]", "data-answers") or 0)

    def after(self, act: Any) -> None:
        """Do something, and wait until the page rests with a new answer."""
        before = self.answers
        act()
        self.tab.wait_for_function(
            "n => { const page = document.querySelector('[data-page]');"
            " return Number(page.dataset.answers) > n && !page.hasAttribute('aria-busy'); }",
            arg=before,
        )

    def text(self, selector: str) -> str:
        found: str = self.tab.inner_text(selector)
        return found

    def fragment(self) -> str:
        return urlsplit(self.tab.url).fragment

    def violations(self) -> list[tuple[str, list[str]]]:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        found = axe.run(self.tab).response["violations"]
        return [(one["id"], [node["html"][:300] for node in one["nodes"]]) for one in found]


@dataclass(frozen=True)
class World:
    """What the steps share: the page in a tab, the scenario's file, the address, the browser."""

    opened: Opened
    file: Path
    address: str
    chromium: Any
    heard: list[str] = field(default_factory=list)


def it_opens_in_french_with_the_decision(world: World) -> None:
    opened, file = world.opened, world.file
    result = solve(load_scenario(file))
    assert opened.tab.get_attribute("html", "lang") == "fr"
    assert opened.tab.title() == "Programme d'exemple"
    assert format_amount(result.document["granted_cents"], Lang.FR) in opened.text("[data-part=totals]")
    assert "Prouvé, en" in opened.text("[data-status]")
    assert "SYNTHÉTIQUES" in opened.text("header")
    assert opened.tab.locator(".list tbody tr").count() == 24
    assert opened.violations() == []


def nobody_comes_in_without_the_token(world: World) -> None:
    address = world.address
    parts = urlsplit(address)
    for path in ("/", "/?token=faux", "/assets/page.js", "/tabs/x/events", "/server.py"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"http://{parts.netloc}{path}")


def a_slider_by_keyboard_moves_list_map_totals_and_address(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    totals, band, drawn = (opened.tab.inner_html(f"[data-part={name}]") for name in ("totals", "band", "map"))
    tab.focus("#amount-0")
    opened.after(lambda: tab.keyboard.press("Home"))
    for _ in range(3):
        opened.after(lambda: tab.keyboard.press("PageUp"))
    assert "a.programme=" in opened.fragment()
    assert tab.inner_html("[data-part=totals]") != totals
    assert tab.inner_html("[data-part=band]") != band
    assert tab.inner_html("[data-part=map]") != drawn
    assert "entrent" in opened.text("[data-part=moves]")
    assert tab.evaluate("document.activeElement.id") == "amount-0"
    before = opened.fragment()
    opened.after(lambda: tab.fill("#box-1", "75") or tab.press("#box-1", "Enter"))
    assert "a.numerique=7500000" in opened.fragment()
    opened.after(tab.go_back)
    assert opened.fragment() == before
    opened.after(lambda: tab.focus("#amount-0") or tab.keyboard.press("Control+z"))
    assert opened.fragment() != before
    opened.after(lambda: tab.keyboard.press("Control+y"))
    assert opened.fragment() == before
    opened.after(lambda: tab.fill("#step-name", "Moitié") or tab.press("#step-name", "Enter"))
    assert tab.get_attribute(".variants button", "aria-pressed") == "true"
    opened.after(lambda: tab.click("form[data-do=pair] button"))
    assert "Qui bouge" in opened.text("[data-part=comparison]")
    assert opened.violations() == []


def force_conflict_repair(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    opened.after(lambda: tab.fill("#search", "E-03"))
    tab.click(".list [data-fill='E-03']")
    assert tab.evaluate("document.activeElement.id") == "force-reason"
    tab.fill("#force-reason", "arbitrage")
    opened.after(lambda: tab.press("#force-reason", "Enter"))
    assert "arbitrage" in opened.text("[data-part=forced]")
    assert "in.E-03=arbitrage" in opened.fragment()
    for name in ("E-04", "E-07", "E-09", "E-12"):
        tab.fill("#force-dossier", name)
        opened.after(lambda: tab.click("form[data-do=force] button"))
    said = opened.text("[data-part=trouble]")
    assert "Ce qui se contredit" in said
    assert "argent va aux communes" in said
    assert "Ces réglages ne vont pas ensemble" in opened.text("[data-status]")
    beside = "document.querySelector('[data-part=trouble]').previousElementSibling.dataset.do"
    assert tab.evaluate(beside) == "force", "the conflict opens beside the control that made it"
    struck = "getComputedStyle(document.querySelector('[data-part=totals]')).textDecorationLine"
    assert tab.evaluate(struck) == "line-through", "what claims to be proven belongs to other settings"
    assert "autres réglages" in opened.text("[data-part=other]")
    assert opened.violations() == []
    opened.after(lambda: tab.click("[data-part=trouble] [data-do=repair] >> nth=0"))
    assert opened.text("[data-part=trouble]").strip() == ""
    tab.fill("#force-dossier", "E-99")
    opened.after(lambda: tab.click("form[data-do=force] button"))
    assert "« E-99 » n'existe pas" in as_typed(opened.text("[data-status]"))


def save_compare_and_export(world: World) -> None:
    opened, file = world.opened, world.file
    tab = opened.tab
    opened.after(lambda: tab.uncheck("#rule-1"))
    tab.fill("#save-name", "Sans plafond")
    opened.after(lambda: tab.press("#save-name", "Enter"))
    assert load_scenario(file.with_name("sans-plafond.yaml")).spec.rules[1].off
    opened.after(lambda: tab.press("#save-name", "Enter"))
    assert "existe déjà" in opened.text("[data-status]")
    opened.after(lambda: tab.click("[data-do=reset]"))
    opened.after(lambda: tab.click("form[data-do=compare] button"))
    assert "sans-plafond" in opened.text("[data-part=comparison]")
    assert opened.violations() == []
    with tab.expect_download() as caught:
        tab.click("[data-do=export]")
    data = Path(caught.value.path()).read_bytes()
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert caught.value.suggested_filename.startswith("exemple-")


def reloading_an_address_brings_it_back_on_a_narrow_screen(world: World) -> None:
    opened, address, chromium = world.opened, world.address, world.chromium
    opened.after(lambda: opened.tab.fill("#box-0", "900") or opened.tab.press("#box-0", "Enter"))
    totals = opened.text("[data-part=totals] .figures")
    narrow = Opened(chromium, f"{address}#{opened.fragment()}", 390)
    assert narrow.text("[data-part=totals] .figures") == totals
    assert narrow.tab.input_value("#box-0") == "900"
    assert narrow.tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert narrow.violations() == []
    narrow.tab.click(".list [data-fill] >> nth=0")
    assert narrow.tab.evaluate("document.activeElement.id") == "force-reason"
    assert narrow.tab.is_visible("#force-reason")
    assert narrow.errors == []
    narrow.tab.close()


def by_keyboard_alone(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    tab.focus(".skip")
    reached = set()
    for _ in range(50):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"amount-0", "box-0", "rule-0", "force-dossier", "force-reason", "of-programme"} <= reached
    tab.focus(".skip")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "h-dossiers"
    assert opened.fragment() == ""


def filters_by_map_bar_row_and_keyboard(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    opened.after(lambda: tab.dispatch_event("[data-part=map] path[data-code='01']", "click"))
    assert opened.fragment() == "department=01"
    assert tab.locator("[data-part=map] path.chosen").count() > 0
    assert "Voir" in opened.text("[data-part=filters]")
    n = int(re.sub(r"\D", "", opened.text("#show-all strong")))
    assert tab.locator(".list tbody tr").count() == n > 0
    opened.after(lambda: tab.locator(".axis svg.bar").nth(1).click())
    assert "envelope=numerique" in opened.fragment()
    opened.after(lambda: tab.focus("#filter-envelope") or tab.keyboard.press("Enter"))
    assert opened.fragment() == "department=01"
    tab.evaluate("document.querySelector('details.places').open = true")
    opened.after(lambda: tab.focus("#place-01") or tab.keyboard.press("Space"))
    assert opened.fragment() == ""
    assert opened.text("[data-part=filters]").strip() == ""
    opened.after(lambda: tab.click("#show-funded"))
    assert tab.locator(".list tbody tr").count() == tab.locator(".list .kept").count() > 0
    assert opened.violations() == []
    opened.after(lambda: tab.click("#show-all"))


def control_and_effect_share_a_screen(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    seen = """name => { const at = document.querySelector(name).getBoundingClientRect();
      return at.height > 0 && at.top >= 0 && at.top < innerHeight; }"""
    for width, control in product((1280, 390), ("#rule-1", "#box-2", "#weight-0-0")):
        tab.set_viewport_size({"width": width, "height": 844})
        tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        tab.evaluate("name => document.querySelector(name).scrollIntoView({ block: 'center' })", control)
        assert tab.evaluate(seen, control)
        assert tab.evaluate(seen, "[data-part=band] .since"), (width, control)
    opened.after(lambda: tab.click("#share-free"))
    tab.locator("#box-0").scroll_into_view_if_needed()
    opened.after(lambda: tab.fill("#box-0", "900") or tab.press("#box-0", "Enter"))
    assert tab.evaluate(seen, "#box-0")
    assert tab.evaluate(seen, "#h-trouble"), "the conflict opens in sight of its control"
    opened.after(lambda: tab.click("[data-do=back]"))
    tab.set_viewport_size({"width": 1280, "height": 900})


def the_curve_follows_its_slider(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    tab.focus("#amount-2")
    tab.wait_for_selector("[data-part=curve-2] .here")
    opened.after(lambda: tab.keyboard.press("ArrowRight"))
    before = tab.get_attribute("[data-part=curve-2] .here", "transform")
    moved = """() => {
      const slider = document.querySelector("#amount-2"), curve = document.querySelector("[data-part=curve-2]");
      slider.stepUp(5);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      const mark = curve.querySelector(".here").getAttribute("transform");
      return [mark, curve.querySelector("[data-says]").textContent];
    }"""
    opened.after(lambda: world.heard.extend(tab.evaluate(moved)))
    assert world.heard[0] != before, "the mark moves before the answer is there"
    assert opened.text("[data-part=curve-2] [data-says]") == world.heard[1]
    opened.after(lambda: tab.click("#rule-1"))
    assert tab.locator("[data-part=curve-2] .here").count() == 0
    assert opened.violations() == []


def variants_stand_side_by_side_and_survive_a_reload(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    opened.after(lambda: tab.click("#rule-1"))
    opened.after(lambda: tab.fill("#variant-name", "Sans plafond") or tab.press("#variant-name", "Enter"))
    opened.after(lambda: tab.click("#undo"))
    opened.after(lambda: tab.fill("#box-2", "200") or tab.press("#box-2", "Enter"))
    opened.after(lambda: tab.fill("#variant-name", "Moins") or tab.press("#variant-name", "Enter"))
    opened.after(lambda: tab.click("#beside"))
    assert "beside=1" in opened.fragment()
    tab.wait_for_function(
        "() => !document.querySelector('.variant-columns').textContent.includes('on cherche')"
    )
    columns = tab.locator(".variant-columns > section")
    assert columns.count() >= 3
    assert len({round(column.bounding_box()["y"]) for column in columns.all()[:3]}) == 1, "side by side"
    said = opened.text(".variants"), opened.text("#step"), opened.text(".variant-columns")
    assert opened.violations() == []
    opened.open(tab.url)
    tab.reload()
    tab.wait_for_selector(".variant-columns")
    tab.wait_for_function(
        "() => !document.querySelector('.variant-columns').textContent.includes('on cherche')"
    )
    assert (opened.text(".variants"), opened.text("#step"), opened.text(".variant-columns")) == said
    opened.after(lambda: tab.click("#beside"))
    opened.after(lambda: tab.click(".variants button >> nth=0"))
    opened.after(lambda: tab.click("[data-do=reset]"))


def no_width_scrolls_sideways(world: World) -> None:
    tab = world.opened.tab
    for width in (320, 390, 641, 736, 768, 840, 961, 1024, 1100, 1200, 1265, 1280, 1600):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1280, "height": 900})


def figures_stay_inside_their_cards(world: World) -> None:
    opened = Opened(world.chromium, world.address, 1280)
    tab = opened.tab
    tab.evaluate("""() => { for (const card of document.querySelectorAll("[data-part=totals] .figures div"))
      card.insertAdjacentHTML("beforeend", '<dd class="was">as written: €87,999,960.45</dd>'); }""")
    wide = """() => [...document.querySelectorAll("[data-part=totals] .figures div")]
      .filter(card => card.scrollWidth > card.clientWidth).length"""
    for width in (390, 641, 768, 961, 1024, 1280, 1600):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.locator(".figures .was").count() >= 4
        assert tab.evaluate(wide) == 0, width
    tab.close()


def presenting_hides_the_controls(world: World) -> None:
    opened = world.opened
    tab = opened.tab
    opened.after(lambda: tab.click("#present"))
    assert opened.fragment() == "present=1"
    seen = tab.locator(
        "input:visible, select:visible, form button:visible, .band button:visible, header button:visible"
    )
    assert [control.get_attribute("id") for control in seen.all()] == ["unpresent"]
    assert tab.is_visible("[data-part=totals]")
    assert tab.evaluate("document.activeElement.id") == "unpresent"
    assert opened.violations() == []
    opened.after(lambda: tab.keyboard.press("Escape"))
    assert opened.fragment() == ""
    assert tab.is_visible("#amount-0")


STEPS = (
    it_opens_in_french_with_the_decision,
    nobody_comes_in_without_the_token,
    a_slider_by_keyboard_moves_list_map_totals_and_address,
    force_conflict_repair,
    save_compare_and_export,
    reloading_an_address_brings_it_back_on_a_narrow_screen,
    by_keyboard_alone,
    filters_by_map_bar_row_and_keyboard,
    control_and_effect_share_a_screen,
    the_curve_follows_its_slider,
    variants_stand_side_by_side_and_survive_a_reload,
    no_width_scrolls_sideways,
    figures_stay_inside_their_cards,
    presenting_hides_the_controls,
)


def test_each_step_on_the_page_gives_its_answer(
    file: Path, address: str, chromium: Any, subtests: pytest.Subtests
) -> None:
    """One test, so that however the tests are shared out there is one server."""
    opened = Opened(chromium, address, 1280)
    for step in STEPS:
        with subtests.test(step.__name__):
            if opened.fragment():
                opened.after(lambda: opened.tab.click("[data-do=reset]"))
            step(World(opened, file, address, chromium))
    assert opened.errors == []
    hosts = {
        urlsplit(url.removeprefix("blob:")).hostname for url in opened.asked if not url.startswith("data:")
    }
    assert hosts == {"127.0.0.1"}
    opened.tab.close()


STATES = {
    "plain": "",
    "conflict": "&".join(f"in.{name}=x" for name in ("E-03", "E-04", "E-07", "E-09", "E-12")),
    "filter": "department=01&envelope=numerique&show=funded",
    "presentation": "present=1&r.plafond-departement=0",
}


def open_variants(opened: Opened) -> None:
    tab = opened.tab
    opened.after(lambda: tab.fill("#box-2", "200") or tab.press("#box-2", "Enter"))
    opened.after(lambda: tab.fill("#variant-name", "Moins") or tab.press("#variant-name", "Enter"))
    opened.after(lambda: tab.click("#beside"))
    tab.wait_for_function(
        "() => !document.querySelector('.variant-columns').textContent.includes('on cherche')"
    )


@pytest.mark.slow
@pytest.mark.crossed
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_state_has_an_accessibility_fault(
    address: str, chromium: Any, theme: str, width: int, subtests: pytest.Subtests
) -> None:
    """Each state at each width in each theme: axe finds nothing, and nothing is wider than the screen."""
    for name, fragment in (*STATES.items(), ("variants", ""), ("curve", "")):
        with subtests.test(name):
            opened = Opened(chromium, f"{address}#{fragment}", width, theme)
            if name == "variants":
                open_variants(opened)
            if name == "curve":
                opened.tab.focus("#amount-2")
                opened.tab.wait_for_selector("[data-part=curve-2] .here")
            if name == "conflict":
                opened.tab.wait_for_selector(".trouble .repairs")
            assert opened.violations() == []
            assert opened.tab.evaluate("document.documentElement.scrollWidth") <= width
            assert opened.errors == []
            opened.tab.close()
