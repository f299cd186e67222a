"""A page and its twin in the other language have the same headings, tables and blocks, and lead to each other.

Each is whole in its language: no sentence stands in both, and links stay in the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import site_languages
from support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = {
    lang: {path.relative_to(DOCS / lang).as_posix() for path in (DOCS / lang).rglob("*.md")}
    for lang in ("fr", "en")
}
TWINS = sorted(PAGES["fr"] & PAGES["en"])
_CODE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|<[^>]*>|[\w-]+(?:\.[\w-]+)+")
_WORDS = re.compile(r"[^\W\d_]+")
_ENOUGH = 7
"""So many words in both languages are a sentence that one of them did not translate."""
_BOOK = re.compile(r"- [^\W\d_][\w’-]*, [A-Z]\..*|.*\b(?:19|20)\d\d\.")
"""A book or an article, whose title stays in its own language."""


def read_page(lang: str, name: str) -> str:
    """The text of a page."""
    return (DOCS / lang / name).read_text(encoding="utf-8")


def read_shape(text: str) -> list[str]:
    """List the headings by level, the rows of tables by number of bars, and the blocks by their language."""
    shape, in_block = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            if not in_block:
                shape.append(line.strip())
            in_block = not in_block
        elif not in_block and line.startswith("#"):
            shape.append(line.split()[0])
        elif not in_block and line.startswith("|"):
            shape.append("|" * line.count("|"))
    return shape


def list_repeated(french: str, english: str) -> Iterator[str]:
    """List the sentences and cells that read the same in both languages; code, formulas and books apart."""
    for text in sorted(set(_list_prose(french)) & set(_list_prose(english))):
        if len(_WORDS.findall(_CODE.sub(" ", text))) >= _ENOUGH and not _BOOK.fullmatch(text):
            yield text


def _list_prose(text: str) -> Iterator[str]:
    fence = ""
    for line in text.splitlines():
        found = re.match(r"`{3,}|\$\$", line.lstrip())
        if fence:
            fence = "" if line.lstrip().startswith(fence) else fence
        elif found:
            fence = found[0]
        elif line.startswith("|"):
            yield from (cell.strip() for cell in line.split("|"))
        else:
            yield line


def test_a_shape_shows_what_a_twin_lacks() -> None:
    page = "# A\n\n| a | b |\n|---|---|\n\n## B\n\n```python\n# no heading\n```\n"
    assert read_shape(page) == ["#", "|||", "|||", "##", "```python"]
    for lost in ("## B\n", "| a | b |\n", "python"):
        assert read_shape(page.replace(lost, "")) != read_shape(page)


def test_a_sentence_that_stands_in_both_languages_is_found() -> None:
    same = "This one sentence of many words is untranslated"
    assert list(list_repeated(f"un\n{same}\n", f"one\n| x | {same} |\n")) == [same]
    for text in (f"```text\n{same}\n```\n", f"`{same}` code", f"- Doe, J. {same}. 2004."):
        assert not list(list_repeated(text, text)), text


def test_each_page_is_in_both_languages() -> None:
    assert PAGES["fr"] == PAGES["en"]
    assert len(TWINS) >= 30


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_headings_tables_and_blocks(name: str) -> None:
    french, english = (read_shape(read_page(lang, name)) for lang in ("fr", "en"))
    if name == "index.md":  # contributors' pages are in English alone, and have a list of their own
        english.remove("```{toctree}")
    assert french == english


@pytest.mark.parametrize("name", TWINS)
def test_a_sentence_is_in_one_language(name: str) -> None:
    assert list(list_repeated(*(read_page(lang, name) for lang in ("fr", "en")))) == []


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_page_begins_with_its_title_and_the_link_to_its_twin(lang: str) -> None:
    for name in TWINS:
        title, *after = read_page(lang, name).splitlines()[:4]
        assert title.startswith("# "), name
        assert after == ["", site_languages.link_to_twin(lang, name), ""], name


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_links_stay_in_the_language(lang: str) -> None:
    """A link leads to the other language only where it leads to the twin."""
    other = site_languages.OTHER[lang]
    for name in sorted(PAGES[lang]):
        folder = (DOCS / lang / name).parent
        for link in re.findall(r"\]\(([^)\s#]+\.md)", read_page(lang, name)):
            target = (folder / link).resolve()
            if not re.match(r"\w+:", link) and target.is_relative_to(DOCS / other):
                led = target.relative_to(DOCS / other).as_posix()
                assert led == name, f"docs/{lang}/{name} leads to docs/{other}/{led}"
