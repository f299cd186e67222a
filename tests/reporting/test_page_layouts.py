"""The layout of five pages of the demonstration against stored pictures of a few kilobytes.

`TNT_SIM_RECORD_LAYOUTS=1 pytest --slow tests/reporting/test_page_layouts.py` writes them again, on purpose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.demo_pages import build_demo, write_page
from support.page_browser import open_file, open_page
from support.page_layout import (
    MOST_DIFFERENCE,
    add_style,
    draw_layout,
    measure_difference,
    read_layout,
    save_layout,
)
from support.planner_server import open_planner_server

from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang

STORED = Path(__file__).with_name("layouts")
WIDTHS = (390, 1280)
FILES = ("note", "compare", "sweep", "explain")
SECTIONS = {
    "note": "#map, .pair, #rules, #extend, #method",
    "compare": "main > section",
    "sweep": "main > section",
    "explain": "main > section",
}
"""Parts of each page whose absence must be noticed where they are higher than `LEAST_PART`."""
LEAST_PART = 0.06
LEAST_NOTICED = {"explain": 1}
"""Parts that high of a page; two by default."""
OTHER_FONT = "* { font-family: 'DejaVu Serif', 'Liberation Serif', serif !important; }"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_demo(tmp_path_factory.mktemp("layouts") / "demo", Lang.EN)


@pytest.fixture(scope="module")
def pages(scenario: Path) -> Mapping[str, Path]:
    folder = scenario.parent
    assert main(["run", str(scenario), "--out", str(folder / "runs"), "--lang", "en"]) == 0
    (run,) = (folder / "runs").glob("*-*")
    files = {name: folder / f"{name}.html" for name in ("note", "explain")}
    assert main(["report", str(run), "--out", str(files["note"]), "--lang", "en"]) == 0
    assert main(["explain", str(run), "--out", str(files["explain"]), "--lang", "en"]) == 0
    return files | {name: write_page(name, scenario, Lang.EN) for name in ("compare", "sweep")}


def check(layout: Any, name: str, width: int) -> None:
    file = STORED / f"{name}-{width}.png"
    if os.environ.get("TNT_SIM_RECORD_LAYOUTS"):
        STORED.mkdir(exist_ok=True)
        save_layout(layout, file)
    assert measure_difference(read_layout(file), layout) <= MOST_DIFFERENCE
    assert file.stat().st_size <= 6_000


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FILES)
def test_a_page_has_its_layout_and_loses_no_part(
    chromium: Any, pages: Mapping[str, Path], name: str, width: int
) -> None:
    with open_file(chromium, pages[name], width=width) as page:
        check(draw_layout(page), name, width)
    stored = read_layout(STORED / f"{name}-{width}.png")
    with open_file(chromium, pages[name], width=width) as page:
        n = page.evaluate(f"document.querySelectorAll('{SECTIONS[name]}').length")
        total = page.evaluate("document.documentElement.scrollHeight")
        heights = page.evaluate(
            f"[...document.querySelectorAll('{SECTIONS[name]}')].map(part => part.getBoundingClientRect().height)"
        )
    noticed = 0
    for k in range(n):
        if heights[k] < LEAST_PART * total:
            continue
        with open_file(chromium, pages[name], width=width) as page:
            page.evaluate(f"document.querySelectorAll('{SECTIONS[name]}')[{k}].remove()")
            assert measure_difference(stored, draw_layout(page)) > MOST_DIFFERENCE, k
        noticed += 1
    assert noticed >= LEAST_NOTICED.get(name, 2)


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_another_font_is_the_same_layout(chromium: Any, pages: Mapping[str, Path], width: int) -> None:
    for name in ("compare", "note"):
        with open_file(chromium, pages[name], width=width) as page:
            add_style(page, OTHER_FONT)
            check_font = measure_difference(read_layout(STORED / f"{name}-{width}.png"), draw_layout(page))
            assert check_font <= MOST_DIFFERENCE, name


@pytest.fixture(scope="module")
def address(scenario: Path) -> Iterator[str]:
    with open_planner_server(scenario) as place:
        yield place


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_planner_s_page_has_its_layout(chromium: Any, address: str, width: int) -> None:
    with open_page(chromium, address, width=width) as page:
        page.wait_for_selector("[data-page][data-answers]")
        page.wait_for_timeout(1_000)
        check(draw_layout(page), "planner", width)
