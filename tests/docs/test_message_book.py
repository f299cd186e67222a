"""The page of all messages: every code of the program and of its tests is in it, in the language of the page."""

from __future__ import annotations

import re
from functools import cache

import pytest
from message_book import Entry, collect_messages, escape, render_messages
from support.paths import ROOT

from tnt_sim.i18n.message import Lang

pytestmark = pytest.mark.usefixtures("shipped_catalogue")
_WRITTEN = re.compile(
    r"(?:\b(?:Defect|_?record_defect|build_field_error)\(|\b(?:defects|warnings)\.add\()"
    r'\s*"([a-z][a-z0-9._-]*)",'
)
_GIVEN = re.compile(r'\bcode="([a-z][a-z0-9._-]*)"')
_TESTED = re.compile(r'\.code == "([a-z][a-z0-9._-]*)"')
_OTHER = {"crashed", "crowded_out", "ineligible", "merit"}
"""Codes in tests that are reasons of a decision or ends of a job, and no messages."""


@cache
def _list_entries() -> tuple[Entry, ...]:
    return collect_messages()


@pytest.mark.slow
def test_every_code_of_the_source_is_in_the_book() -> None:
    found = {entry.code for entry in _list_entries()}
    written: set[str] = set()
    for path in (ROOT / "tnt_sim").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        written |= set(_WRITTEN.findall(source)) | set(_GIVEN.findall(source))
    assert len(written) > 300
    assert sorted(written - found) == []


@pytest.mark.slow
def test_every_code_that_tests_meet_is_in_the_book() -> None:
    found = {entry.code for entry in _list_entries()}
    met: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        met |= set(_TESTED.findall(path.read_text(encoding="utf-8")))
    assert len(met) > 20
    assert sorted(met - found - _OTHER) == []


@pytest.mark.slow
def test_the_book_follows_a_sentence_through_functions() -> None:
    entries = _list_entries()
    relayed = [entry for entry in entries if entry.code == "usage.report"]
    assert len(relayed) > 5, "the sentences that _build_error gets"
    named = [entry for entry in entries if "`each`, `key`" in entry.text.in_(Lang.EN)]
    assert [entry.code for entry in named] == ["split"]
    assert all(entry.text.in_(Lang.FR) and entry.text.in_(Lang.EN) for entry in entries)
    for lang in Lang:
        page = render_messages(lang)
        assert page.count("\n## ") == 5
        assert "| `split` |" in page


@pytest.mark.slow
def test_a_page_of_messages_is_in_one_language() -> None:
    french, english = (render_messages(lang) for lang in Lang)
    assert "n’est pas un montant" in french
    assert "n’est pas un montant" not in english
    assert "is not an amount" in english
    assert "is not an amount" not in french
    assert _list_codes_in_order(french) == _list_codes_in_order(english)


def _list_codes_in_order(page: str) -> list[str]:
    """The first cells of the rows: codes, and empty cells for more sentences of the code above."""
    return [line.split(" | ")[0] for line in page.splitlines() if line.startswith(("| `", "|  |"))]


def test_a_sentence_is_escaped_outside_its_code() -> None:
    assert escape("{name} | `{in: [A|B]}` <b>") == r"\{name\} \| `{in: [A\|B]}` \<b\>"
    assert escape("one ` alone") == r"one \` alone"
