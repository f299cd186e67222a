"""The verbs of declared questions print what their methods return, and what to type next."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

from tnt_sim.studies.registry import load_studies

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "target": ("+1", "departments"),
    "extension-shares": ("100 k€",),
    "weights": ("--criteria", "score,population"),
    "audit": ("--selection", "list.csv"),
    "extend": ("--to", "1.3 M€"),
}


@pytest.mark.parametrize("verb", load_studies())
def test_a_verb_prints_what_a_method_returns(tnt: Run, demo: Path, verb: str) -> None:
    (demo / "list.csv").write_text("dossier\nE-01\n", encoding="utf-8")
    words = (verb, "scenario.yaml", *ARGUMENTS.get(verb, ()))
    printed = tnt(*words, "--json")
    assert printed.code == 0
    assert printed.document["command"] == verb
    assert "Ensuite" in tnt(*words).out
