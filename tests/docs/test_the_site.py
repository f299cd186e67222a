"""The documentation: generated pages are fresh, the site builds without a warning, links lead somewhere."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import drawing
import pytest
import rooms
import site_languages
from support.paths import ROOT

import docs
import tnt_sim as tnt
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.json_schema import (
    ANY,
    FILE,
    build_schema,
    get_meaning,
    load_block_meanings,
    load_meanings,
)
from tnt_sim.scenario.spec import ScenarioSpec

_SLOW = {f"docs/{lang}/reference/messages.md": pytest.mark.slow for lang in Lang}
"""The pages that take seconds to make."""


@pytest.mark.usefixtures("shipped_catalogue")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_SLOW.get(name, ())) for name in sorted(docs.PAGES)]
)
def test_a_generated_page_is_fresh(name: str) -> None:
    assert docs.fresh(name), "python tools/docs.py write"


def test_a_stale_page_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "PAGES", {"docs/a.md": lambda: "a", "docs/b.md": lambda: "b"})
    docs.write()
    assert docs.main(["check"]) == 0
    (tmp_path / "docs/a.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs/b.md").unlink()
    assert not docs.fresh("docs/a.md")
    assert not docs.fresh("docs/b.md")
    assert docs.main(["check"]) == 1


def test_the_drawing_shows_every_room_and_loses_no_arrow() -> None:
    found = rooms.room_imports(rooms.imports())
    arrows = drawing.reduced(found)
    svg = drawing.drawing(found)
    for room, imported in found.items():
        assert f">{room}</text>" in svg
        assert drawing.family(room), f"{room} has no colour: tools/drawing.py"
        reached, ways = set(), [room]
        while ways:
            for other in arrows[ways.pop()] - reached:
                reached.add(other)
                ways.append(other)
        assert imported <= reached


def test_every_key_of_a_scenario_says_what_it_means() -> None:
    schema = build_schema(ScenarioSpec, explained=False)
    blocks = {FILE: schema, **schema["$defs"]}
    keys = {(block, key) for block, held in blocks.items() for key in held.get("properties", {})}
    assert {pair for pair in keys if get_meaning(*pair) is None} == set()
    assert {pair for pair in load_meanings() if pair[0] != ANY and pair not in keys} == set()
    assert {key for block, key in load_meanings() if block == ANY} <= {key for _, key in keys}
    tables = {block for block, held in schema["$defs"].items() if held.get("properties")}
    assert set(load_block_meanings()) == tables
    for said in (*load_meanings().values(), *load_block_meanings().values()):
        assert said.fr
        assert said.en


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_public_name_is_in_the_reference(lang: str) -> None:
    page = (ROOT / f"docs/{lang}/reference/api.md").read_text(encoding="utf-8")
    told = set(re.findall(r":: tnt_sim\.(\w+)(?![.\w])", page))
    assert told == set(tnt.__all__) - {"__version__"}


class Page(HTMLParser):
    """Where a page leads, what it loads and what can be led to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.ids |= {found[key] for key in ("id", "name") if key in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("img", "script", "iframe", "source") and "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and "stylesheet" in found.get("rel", ""):
            self.loads.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("myst_nb", reason="the site needs the dependency group `docs`")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = shared / "site", shared / "site-is-built"
    with (shared / "site.lock").open("w") as lock:  # two builds at once write the same pages of the gallery
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            done = subprocess.run(
                [sys.executable, str(ROOT / "tools/docs.py"), "build", str(folder), "--still"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            whole.touch()
    return folder


@pytest.mark.slow
def test_every_page_is_there_and_its_links_lead_somewhere(site: Path) -> None:
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for lang in ("fr", "en"):
        written = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / "docs" / lang).rglob("*.md")}
        built = {
            path.relative_to(site / lang).with_suffix("") for path in (site / lang / "docs").rglob("*.html")
        }
        assert written <= built
    for folder in ("docs", "docs/decisions"):
        written = {path.stem for path in (ROOT / folder).glob("*.md")} - {"package-description", "flagship"}
        assert written == {path.stem for path in (site / "en" / folder).glob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            file, _, anchor = unquote(link).partition("#")
            if re.match(r"\w+:", link):
                continue
            target = (path.parent / file).resolve() if file else path
            known = pages.get(target)
            if not target.exists() or (anchor and known and anchor not in known.ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


@pytest.mark.slow
def test_the_site_asks_for_nothing_outside(site: Path) -> None:
    for path in site.rglob("*.html"):
        outside = [one for one in Page(path).loads if re.match(r"(https?:)?//", one)]
        assert outside == [], path


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_page_leads_to_its_twin_and_is_searched_in_its_language(site: Path, lang: str) -> None:
    other = site_languages.OTHER[lang]
    for path in (site / lang).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert f'<html class="no-js" lang="{lang}"' in text, path
        found = re.search(rf'<a href="([^"]+)" lang="{other}"', text)
        assert found, path
        assert (path.parent / found[1]).resolve().is_file(), (path, found[1])
    stemmer = (site / lang / "_static/language_data.js").read_text(encoding="utf-8")
    assert {"fr": "FrenchStemmer", "en": "Stemmer"}[lang] in stemmer


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "word"), [("fr", "calamité"), ("en", "disaster")])
def test_the_search_finds_a_word_of_a_body_offline(site: Path, chromium: Any, lang: str, word: str) -> None:
    """The rule book says it below its headings alone; the site is opened from files, without a network."""
    found = site / lang / "docs" / lang / "reference" / "rules.html"
    text = found.read_text(encoding="utf-8")
    assert word in text
    assert not any(word in heading for heading in re.findall(r"<h[1-6].*?</h[1-6]>", text, re.S))
    context = chromium.new_context(offline=True)
    try:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / lang / "docs" / lang / "index.html").as_uri())
        page.fill("input[name=q]", word)
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a")
        links = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
        assert any(link.startswith(found.as_uri()) for link in links)
        assert all(address.startswith("file:") for address in asked)
    finally:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_formulas_are_mathml(site: Path, lang: str) -> None:
    text = (site / f"{lang}/docs/{lang}/explanation/method.html").read_text(encoding="utf-8")
    assert text.count("<math") > 40
    assert "\\sum" not in text


MARKDOWN = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "scenarios").rglob("*.md")]


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_the_files_that_a_page_links_to_exist(path: Path) -> None:
    """As on a forge, where the site is not built."""
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"\w+:", link) and not link.startswith("#"):
            assert (path.parent / unquote(link.partition("#")[0])).exists(), link


def test_the_picture_is_small_and_says_that_its_data_are_synthetic() -> None:
    for lang, readme, word in (
        ("en", "README.md", "Synthetic data"),
        ("fr", "README.fr.md", "Données synthétiques"),
    ):
        name = f"docs/pictures/tnt-2021.{lang}.png"
        assert (ROOT / name).stat().st_size <= 200_000
        _, _, after = (ROOT / readme).read_text(encoding="utf-8").partition(f"{name})")
        assert word in after.split("\n\n")[1]
    assert "synthétiques" in (ROOT / "docs/fr/index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_of_the_data_is_in_both_languages(lang: str) -> None:
    """Each site has its own, which names the same files and leads to the other."""
    own, other = site_languages.DATA[lang], site_languages.DATA[site_languages.OTHER[lang]]
    assert site_languages.get_twin(ROOT, lang, own) == other
    texts = [(ROOT / f"{page}.md").read_text(encoding="utf-8") for page in (own, other)]
    rows = [re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE) for text in texts]
    assert rows[0] == rows[1] != []
    assert f"({other.rpartition('/')[2]}.md)*" in texts[0]
