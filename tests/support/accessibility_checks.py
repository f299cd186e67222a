"""Criteria of RGAA 4.1 that a script decides on a page in Chromium; each check returns the faults that it finds.

`CHECKS` names the checks as `docs/accessibilite.csv` does. Folded parts are opened first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_NAMES = re.findall(r'^    "([a-z0-9-]+)": \(\) =>', _SCRIPT, flags=re.MULTILINE)
_PARTS = ("clipped", "wider", "reachable")
"""Functions of the script that are no check of their own."""


_SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }"""


def _evaluate(page: Any, name: str) -> Any:
    return page.evaluate(f"{_SCRIPT.rstrip()}[{name!r}]()")


def _run_script(name: str) -> Callable[[Any], list[str]]:
    return lambda page: _evaluate(page, name)


def check_reflow(page: Any) -> list[str]:
    """Faults at 320 CSS pixels: parts wider than the screen; regions that scroll hold data tables."""
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    faults = _evaluate(page, "wider")
    page.set_viewport_size(size)
    return faults


def check_large_text(page: Any) -> list[str]:
    """Faults at 200 %: text cut off by larger letters; text cut off, or a page wider than the screen, by zoom."""
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    faults = _evaluate(page, "clipped")
    page.evaluate("document.documentElement.style.fontSize = ''")
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"] // 2, "height": size["height"] // 2})
    faults += _evaluate(page, "clipped") + _evaluate(page, "wider")
    page.set_viewport_size(size)
    return faults


def check_spacing(page: Any) -> list[str]:
    """Faults with the spacing of text that a reader may set: text cut off, or a page wider than the screen."""
    page.evaluate(
        "text => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text);"
        " document.adoptedStyleSheets = [sheet]; }",
        _SPACING,
    )
    faults = _evaluate(page, "clipped") + _evaluate(page, "wider")
    page.evaluate("document.adoptedStyleSheets = []")
    return faults


_FOCUSED = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  window.reached ??= new Set();
  const again = window.reached.has(one);
  window.reached.add(one);
  const line = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return {again, line, inside: box.bottom > 0 && box.top < innerHeight, html: one.outerHTML.slice(0, 120)};
}
"""
MOST_STOPS = 400
SETTLE_MS = 300
SETTLES = 5


def _is_seen(stop: dict[str, Any]) -> bool:
    return bool(stop["line"] and stop["inside"])


def _walk(page: Any) -> tuple[list[dict[str, Any]], bool]:
    """Press Tab from the start: each stop, and whether the end of the page was reached."""
    page.evaluate("() => { window.reached = new Set(); document.activeElement?.blur(); scrollTo(0, 0); }")
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None or stop["again"]:
            return stops, stop is None or len(stops) > 1
        for _ in range(
            SETTLES
        ):  # the page may still be scrolling, or grow above the stop: look, then come again
            if _is_seen(stop):
                break
            page.wait_for_timeout(SETTLE_MS)
            stop = page.evaluate(_FOCUSED) or stop
            if not stop["inside"]:
                page.keyboard.press("Shift+Tab")
                page.keyboard.press("Tab")
        stops.append(stop)
    return stops, True


def check_focus(page: Any) -> list[str]:
    """Stops of the keyboard without a visible outline, or out of sight."""
    return [stop["html"] for stop in _walk(page)[0] if not _is_seen(stop)]


def check_keyboard(page: Any) -> list[str]:
    """A trap, or controls that Tab does not reach."""
    n = _evaluate(page, "reachable")
    stops, ended = _walk(page)
    if n > MOST_STOPS:
        return [] if len(stops) == MOST_STOPS else [f"{len(stops)} of {n} reached"]
    return (
        []
        if ended and len(stops) >= n
        else [f"{len(stops)} of {n} reached", *(one["html"] for one in stops[-1:])]
    )


def check_skip_link(page: Any) -> list[str]:
    """The first stop leads past the navigation, and appears."""
    page.evaluate("() => { window.reached = new Set(); document.activeElement?.blur(); scrollTo(0, 0); }")
    page.keyboard.press("Tab")
    faults = []
    if page.evaluate("document.activeElement.className") != "skip" or not page.is_visible(".skip"):
        faults.append("the first stop is no skip link")
    target = page.evaluate("document.activeElement.hash?.slice(1) ?? ''")
    if not target or page.evaluate("id => document.getElementById(id) === null", target):
        faults.append(f"no target: {target}")
    return faults


_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = frozenset(
    {
        "div",
        "p",
        "ul",
        "ol",
        "dl",
        "table",
        "section",
        "figure",
        "form",
        "h1",
        "h2",
        "h3",
        "details",
        "fieldset",
    }
)


class _Tags(HTMLParser):
    """Tags that are not closed, closed twice, or a block inside a paragraph; attributes given twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> with an attribute twice: {names}")
        if tag in _BLOCKS and "p" in self.open:
            self.faults.append(f"<{tag}> inside <p>")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "svg" not in self.open and tag not in {*_VOID, "svg"}:
            self.faults.append(f"<{tag}/>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-2:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def check_code(page: Any) -> list[str]:
    """Faults of the page as it was sent."""
    url = page.url.partition("#")[0]
    text = (
        Path(unquote(urlsplit(url).path)).read_text("utf-8")
        if url.startswith("file:")
        else page.request.get(url).text()
    )
    tags = _Tags()
    tags.feed(text)
    tags.close()
    return tags.faults[:10] + [f"<{tag}> is not closed" for tag in tags.open]


CHECKS: Mapping[str, Callable[[Any], list[str]]] = MappingProxyType(
    {
        **{name: _run_script(name) for name in _NAMES if name not in _PARTS},
        "code-is-valid": check_code,
        "reflow-at-320": check_reflow,
        "letters-of-200-percent": check_large_text,
        "spacing-of-text": check_spacing,
        "focus-is-seen": check_focus,
        "no-trap": check_keyboard,
        "skip-link": check_skip_link,
    }
)
