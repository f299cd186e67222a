"""The verbs of declared questions print what their methods return, and what to type next."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

from tnt_sim.studies.registry import load_studies, load_study
from tnt_sim.studies.study import Subject

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "target": ("+1", "departments"),
    "extension-shares": ("100 k€",),
    "weights": ("--criteria", "score,population"),
    "audit": ("--selection", "list.csv"),
    "extend": ("--to", "1.3 M€"),
    "reconcile": ("chorus.csv",),
}


@pytest.mark.parametrize("verb", load_studies())
def test_a_verb_prints_what_a_method_returns(tnt: Run, demo: Path, verb: str) -> None:
    (demo / "list.csv").write_text("dossier\nE-01\n", encoding="utf-8")
    subject = "scenario.yaml"
    if load_study(verb).subject is not Subject.SCENARIO:
        subject = tnt("run", "scenario.yaml", "--json").document["run_dir"]
        tnt("export", subject, "--format", "chorus", "--out", "chorus.csv")
    words = (verb, subject, *ARGUMENTS.get(verb, ()))
    printed = tnt(*words, "--json")
    assert printed.code == 0
    assert printed.document["command"] == verb
    assert ("Ensuite" in tnt(*words).out) == bool(load_study(verb).next)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("conflict scenario.yaml --max-sets 0", "--max-sets"),
        ("conflict scenario.yaml --max-repairs -1", "--max-repairs"),
        ("reconcile runs lines.csv --header-row 0", "--header-row"),
        ("reconcile nowhere lines.csv --table lines.txt", "usage.table"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_read(
    tnt: Run, demo: Path, words: str, answer: str
) -> None:
    said = tnt(*words.split())
    assert said.code == 2
    assert answer in said.err
