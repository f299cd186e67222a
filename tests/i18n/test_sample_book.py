"""The sample book shows each sentence of the catalogue in both languages, every parameter filled in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.paths import ROOT

from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.parameters import Money

TOOL = ROOT / "tools" / "sample_book.py"


def test_book_fills_every_parameter(tmp_path: Path) -> None:
    page = tmp_path / "book.html"
    done = subprocess.run([sys.executable, str(TOOL), str(page)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.count("<tr>") > 3000
    assert Money(123_456_789).in_(Lang.FR) in text
    assert Money(123_456_789).in_(Lang.EN) in text
    assert _("no amount").fr in text


def test_without_a_page_the_book_says_how_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "FILE.html" in done.stdout
