"""`docs/pictures/app-*.png`: the planner's page, as a browser shows it, in both languages and themes.

python tools/app_pictures.py [CHROMIUM]     needs Chromium (found by name, or given) and the development packages

The wide one is the flagship with axis 3 at 35 M€ and the curve of a line, the narrow one the demo with five
dossiers that clash, and the third the demo with two variants side by side. The names of the English ones end in
`.en`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from picture import COLOURS, NAMES, ROOT
from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = ROOT / "docs" / "pictures"
PATIENCE_MS, CURVE_MS = 120_000, 9_000
CLASHING = ("E-03", "E-04", "E-07", "E-09", "E-12")
AT_REST = (
    "n => { const page = document.querySelector('[data-page]');"
    " return Number(page.dataset.answers) > n && !page.hasAttribute('aria-busy'); }"
)


class Theme(NamedTuple):
    """A colour scheme, and what the names of its pictures end with."""

    name: str
    suffix: str


THEMES = (Theme("light", ""), Theme("dark", "-dark"))


class Words(NamedTuple):
    """What is typed on the page in a language, and what the names of its pictures end with."""

    lang: str
    suffix: str
    reason: str
    without_cap: str
    less_mobility: str


LANGUAGES = (
    Words("fr", "", "arbitrage du préfet", "Sans plafond", "Mobilités à 200 k€"),
    Words("en", ".en", "decision of the prefect", "Without the cap", "Mobility at €200k"),
)


def main(words: Sequence[str]) -> int:
    """Draw each picture in both languages and themes."""
    browser = words[0] if words else next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        print(__doc__)
        return 2
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for language in LANGUAGES:
            draw_pages(opened, language)
        opened.close()
    return 0


def draw_pages(browser: Any, words: Words) -> None:
    """Draw each picture of a language in both themes."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "tnt_sim", "new", str(demo), "--lang", words.lang],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with serve(ROOT / "scenarios" / "tnt-2021.yaml", words.lang) as address:
            for theme in THEMES:
                name = f"app-wide{theme.suffix}{words.suffix}"
                draw_wide(open_page(browser, address, 1280, 1250, theme), name)
        with serve(demo / "scenario.yaml", words.lang) as address:
            forced = "&".join(f"in.{name}={quote(words.reason)}" for name in CLASHING)
            for theme in THEMES:
                name = f"app-narrow{theme.suffix}{words.suffix}"
                draw(open_page(browser, f"{address}#{forced}", 390, 1300, theme), name)
                name = f"app-variants{theme.suffix}{words.suffix}"
                draw_variants(open_page(browser, address, 1280, 900, theme), words, name)


def draw_wide(tab: Any, name: str) -> None:
    """Draw the page after a slider was moved, with the curve below it."""
    change(tab, lambda: tab.fill("#box-3", "35") or tab.press("#box-3", "Enter"))
    longer = tab.query_selector("[data-do=longer]")  # on a busy machine
    if longer is not None:
        change(tab, longer.click)
    tab.focus("#amount-1")
    tab.wait_for_selector("[data-part=curve-1] .here")
    tab.wait_for_timeout(CURVE_MS)
    draw(tab, name)


def draw_variants(tab: Any, words: Words, name: str) -> None:
    """Draw two variants side by side, with the change that moves each dossier."""
    change(tab, lambda: tab.click("#rule-1"))
    change(tab, lambda: tab.fill("#variant-name", words.without_cap) or tab.press("#variant-name", "Enter"))
    change(tab, lambda: tab.click("#undo"))
    change(tab, lambda: tab.fill("#box-2", "200") or tab.press("#box-2", "Enter"))
    change(tab, lambda: tab.fill("#variant-name", words.less_mobility) or tab.press("#variant-name", "Enter"))
    change(tab, lambda: tab.click("#beside"))
    tab.evaluate("document.querySelector('form.inline').scrollIntoView()")
    tab.wait_for_timeout(CURVE_MS)
    draw(tab, name)


@contextmanager
def serve(scenario: Path, lang: str) -> Iterator[str]:
    """Serve the page of a scenario in a language, as the command does, and yield its address."""
    command = [sys.executable, "-m", "tnt_sim", "app", str(scenario), "--no-browser", "--lang", lang]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = next(filter(None, (re.search(r"http://127\S+token=\S+", line) for line in process.stderr)))
        yield found[0]
    finally:
        process.terminate()  # Ctrl-C is ignored by what a shell runs behind
        process.stderr.read()
        process.wait()


def open_page(browser: Any, address: str, width: int, height: int, theme: Theme) -> Any:
    """A tab with the page, at rest."""
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme.name)
    tab.set_default_timeout(PATIENCE_MS)
    tab.goto(address)
    tab.wait_for_selector("[data-page][data-answers]")
    tab.wait_for_function(AT_REST, arg=-1)
    return tab


def change(tab: Any, act: Any) -> None:
    """Do something, and wait until the page rests with a new answer."""
    before = int(tab.get_attribute("[data-page]", "data-answers"))
    act()
    tab.wait_for_function(AT_REST, arg=before)


def draw(tab: Any, name: str) -> None:
    """What the tab shows, in few colours."""
    path = PICTURES / f"{name}.png"
    tab.screenshot(path=str(path))
    tab.close()
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
