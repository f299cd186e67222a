"""Pages in Chromium: a file opened in a theme and a width, offline, and what axe-core finds on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HEIGHT = 900
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Violation:
    """A rule of axe-core that a page breaks: its id, its tags, and the elements as HTML."""

    rule: str
    tags: tuple[str, ...]
    elements: tuple[str, ...] = field(compare=False)


def list_violations(page: Any) -> list[Violation]:
    """What axe-core finds on a page; a test without axe-core skips."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        Violation(one["id"], tuple(one["tags"]), tuple(node["html"][:300] for node in one["nodes"]))
        for one in found
    ]


def unfold(page: Any) -> None:
    """Open every folded part of a page."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.wait_for_timeout(50)


@contextmanager
def open_page(browser: Any, address: str, *, width: int = 1280, theme: str = "light") -> Iterator[Any]:
    """Open an address in a context of its own, in a theme and a width."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)
    try:
        page = context.new_page()
        page.goto(address)
        yield page
    finally:
        context.close()


@contextmanager
def open_file(browser: Any, file: Path, *, width: int = 1280, theme: str = "light") -> Iterator[Any]:
    """Open a page from a file; when it closes, it has asked for nothing else and complained of nothing."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)
    asked: list[str] = []
    complaints: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        yield page
        assert complaints == []
        assert {url.partition("#")[0] for url in asked} == {file.as_uri()}
    finally:
        context.close()
