"""A page and its twin in the other language have the same headings, tables and blocks, and link to each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = {
    lang: {path.relative_to(DOCS / lang).as_posix() for path in (DOCS / lang).rglob("*.md")} - {"index.md"}
    for lang in ("fr", "en")
}
SWITCH = {"fr": "In English", "en": "En français"}


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


def test_a_shape_shows_what_a_twin_lacks() -> None:
    page = "# A\n\n| a | b |\n|---|---|\n\n## B\n\n```python\n# no heading\n```\n"
    assert read_shape(page) == ["#", "|||", "|||", "##", "```python"]
    for lost in ("## B\n", "| a | b |\n", "python"):
        assert read_shape(page.replace(lost, "")) != read_shape(page)


def test_each_page_is_in_both_languages() -> None:
    assert len(PAGES["fr"] & PAGES["en"]) >= 30
    assert PAGES["fr"] == PAGES["en"]


@pytest.mark.parametrize("name", sorted(PAGES["fr"] & PAGES["en"]))
def test_twins_have_the_same_headings_tables_and_blocks(name: str) -> None:
    texts = {lang: (DOCS / lang / name).read_text(encoding="utf-8") for lang in ("fr", "en")}
    assert read_shape(texts["fr"]) == read_shape(texts["en"])
    for lang, other in (("fr", "en"), ("en", "fr")):
        found = re.search(rf"^\*\[{SWITCH[lang]}\]\(([^)]+)\)\*$", texts[lang], re.M)
        assert found, "the link to the other language"
        page = (DOCS / lang / name).parent / found[1]
        assert Path(page).resolve() == (DOCS / other / name).resolve()
