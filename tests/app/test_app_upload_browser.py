"""A table given in Chromium: by the file field, by dropping it, by the keyboard alone, and broken files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.offices import build_offices
from support.page_browser import list_violations, open_page
from support.planner_server import open_planner_server
from support.programs import WANT

ABSENT = [name for name in ("playwright",) if find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(ABSENT), reason=WANT + ", ".join(ABSENT)),
    pytest.mark.slow,
]
OFFICES = {office.name: office for office in build_offices()}
WHOLE = OFFICES["a whole workbook of a préfecture"]
DROP = """([name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


DROP_SIZE = DROP.replace("new Uint8Array(bytes)", "new Uint8Array(Number(bytes))")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upload")


@pytest.fixture(scope="module")
def address(folder: Path, chromium: Any) -> Iterator[str]:
    with open_planner_server("--lang", "fr", folder=folder) as found:
        yield found


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    file = tmp_path / "préfecture.xlsx"
    file.write_bytes(WHOLE.write())
    return file


def measure_overflow(tab: Any) -> int:
    found: int = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_a_table_becomes_a_page(
    chromium: Any, address: str, folder: Path, workbook: Path, width: int, theme: str
) -> None:
    with open_page(chromium, address, width=width, theme=theme) as tab:
        tab.wait_for_selector("[data-start]")
        assert list_violations(tab) == []
        tab.set_input_files("#table", workbook)
        tab.wait_for_selector("#amount")
        assert measure_overflow(tab) <= 0
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert list_violations(tab) == []
        assert measure_overflow(tab) <= 0
        before = {one.name for one in folder.iterdir()}
        tab.fill("#amount", "50 k€")
        tab.press("#amount", "Enter")
        tab.wait_for_selector("[data-page][data-answers]")
        assert "Prouvé" in tab.inner_text("[data-status]")
        (written,) = {one.name for one in folder.iterdir()} - before
        assert written.startswith("prefecture")
        tab.reload()
        tab.wait_for_selector("[data-page][data-answers]")


def test_the_keyboard_alone_is_enough(chromium: Any, address: str, tmp_path: Path) -> None:
    """A meaning is chosen by its letter, the focus stays, and the amount is sent by Enter."""
    office = OFFICES["a state of its own"]
    file = tmp_path / f"etat{office.suffix}"
    file.write_bytes(office.write())
    with open_page(chromium, address) as tab:
        tab.on("filechooser", lambda chooser: None)  # caught from here on, before a key is pressed
        tab.wait_for_selector("[data-start]")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.id") == "table"
        with tab.expect_file_chooser() as chooser:
            tab.keyboard.press("Space")
        chooser.value.set_files(file)
        tab.wait_for_selector("#amount")
        assert tab.evaluate("document.activeElement.id") == "h-reading"
        assert "Attente pièces" in tab.inner_text(".questions")
        for _ in range(60):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.dataset.answer") == "values":
                break
        tab.keyboard.type("en cours d")
        tab.wait_for_function("() => document.querySelector('.questions') === null")
        for _ in range(60):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.id") == "amount":
                break
        tab.keyboard.press("Control+A")
        tab.keyboard.type("rien")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".defects li")
        assert tab.evaluate("document.activeElement.id") == "amount"
        tab.keyboard.press("Control+A")
        tab.keyboard.type("2 k€")
        tab.keyboard.press("Enter")
        tab.wait_for_selector("[data-page][data-answers]")


def test_a_dropped_table_and_broken_ones(chromium: Any, address: str, folder: Path) -> None:
    before = {one.name for one in folder.iterdir()}
    with open_page(chromium, address) as tab:
        tab.wait_for_selector("[data-start]")
        tab.evaluate(DROP, ["depots.xlsx", list(WHOLE.write())])
        tab.wait_for_selector("#amount")
        tab.evaluate(DROP, ["texte.xlsx", list(b"bonjour")])
        tab.wait_for_selector(".defects li")
        assert "texte.xlsx" in tab.inner_text(".defects")
        assert tab.query_selector("#amount") is None
        tab.evaluate(DROP, ["macros.xlsm", list(WHOLE.write())])
        tab.wait_for_function("() => document.querySelector('.defects').textContent.includes('macros.xlsm')")
        tab.evaluate(DROP_SIZE, ["grand.csv", 65 * 1024 * 1024])
        tab.wait_for_function("() => document.querySelector('[data-status]').textContent.includes('64')")
    assert {one.name for one in folder.iterdir()} == before
