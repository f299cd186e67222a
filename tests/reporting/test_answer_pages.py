"""Pages of answers in a browser: no sideways scroll, five screens of a phone, letters of 13 pixels, axe-core."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.demo_pages import PAGES, build_demo, write_page
from support.page_browser import list_violations, open_file, unfold

from tnt_sim.i18n.message import Lang

WIDTHS = (390, 768, 1280)
MOST_PHONE_HEIGHT = 5 * 844
LEAST_LETTERS = 13
SMALLEST_LETTERS = """() => Math.min(99, ...[...document.querySelectorAll('figure svg text')].flatMap(text => {
  if (!text.getClientRects().length || !text.getBoundingClientRect().width) return [];
  return [parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a];
}))"""
"""Pixels of the smallest letters of the pictures that are displayed; 99 without any."""


@pytest.fixture(scope="module", params=list(Lang))
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    lang: Lang = request.param
    scenario = build_demo(tmp_path_factory.mktemp("pages") / "demo", lang)
    return {name: write_page(name, scenario, lang) for name in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_read_without_scrolling_sideways(
    chromium: Any, pages: Mapping[str, Path], name: str, width: int
) -> None:
    theme = "dark" if width == 768 else "light"
    with open_file(chromium, pages[name], width=width, theme=theme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width == 390:
            assert page.evaluate("document.documentElement.scrollHeight") <= MOST_PHONE_HEIGHT
        assert LEAST_LETTERS - 0.05 <= page.evaluate(SMALLEST_LETTERS) < 99
        assert list_violations(page) == []
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert list_violations(page) == []


@pytest.mark.slow
def test_letters_that_are_scaled_down_and_pages_that_are_too_long_are_noticed(
    chromium: Any, pages: Mapping[str, Path]
) -> None:
    with open_file(chromium, pages["compare"], width=390) as page:
        page.evaluate(
            "document.querySelectorAll('figure svg').forEach(svg => svg.setAttribute('viewBox', '0 0 900 900'))"
        )
        assert page.evaluate(SMALLEST_LETTERS) < LEAST_LETTERS - 1
        unfold(page)
        assert page.evaluate("document.documentElement.scrollHeight") > MOST_PHONE_HEIGHT
