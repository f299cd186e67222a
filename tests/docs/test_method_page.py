"""The page on the method: the same formulas in both languages, and files that exist."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from support.paths import ROOT

_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)


def read_page(lang: str) -> str:
    return (ROOT / f"docs/{lang}/explanation/method.md").read_text(encoding="utf-8")


def list_displays(text: str) -> list[str]:
    return [formula for formula in _FORMULA.findall(text) if formula.startswith("$$")]


def test_both_pages_have_the_same_formulas() -> None:
    french, english = read_page("fr"), read_page("en")
    assert list_displays(french) == list_displays(english)
    assert len(list_displays(english)) > 8
    counts = [Counter(" ".join(one.split()) for one in _FORMULA.findall(text)) for text in (french, english)]
    assert counts[0] == counts[1]


def test_both_pages_have_the_same_references() -> None:
    french, english = (read_page(lang).split("\n## Ré")[-1].split("\n## Ref")[-1] for lang in ("fr", "en"))
    assert re.findall(r"^- (\w+)", french, re.MULTILINE) == re.findall(r"^- (\w+)", english, re.MULTILINE)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_files_that_it_names_exist(lang: str) -> None:
    named = re.findall(r"`([\w/]+/(?:\w+\.py)?)`", read_page(lang))
    assert len(named) > 20
    missing = [name for name in named if not any((ROOT / place / name).exists() for place in ("", "tnt_sim"))]
    assert missing == []
