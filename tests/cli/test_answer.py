"""Options that verbs share: the same everywhere, and a page or a workbook of every question."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.command_line import Run

from tnt_sim.cli.answer import AnswerOptions, StudyOptions, expand_groups
from tnt_sim.cli.options import ForceOption, JsonOption, PageOption
from tnt_sim.cli.verbs import load_verb

QUESTIONS = {
    "alternatives": ("scenario.yaml", "--count", "1", "--no-steer"),
    "audit": ("scenario.yaml", "--selection", "{run}"),
    "compare": ("{run}", "{run}"),
    "conflict": ("scenario.yaml",),
    "core": ("{run}", "{run}"),
    "explain": ("{run}", "E-01"),
    "extend": ("scenario.yaml", "--to", "1.3 M€"),
    "extension-shares": ("scenario.yaml", "100 k€"),
    "inversions": ("{run}",),
    "rule-prices": ("scenario.yaml", "--kind", "rule"),
    "target": ("scenario.yaml", "+1"),
    "weights": ("scenario.yaml", "--criteria", "score,population", "--order", "score,population"),
}


@pytest.mark.parametrize("verb", [*QUESTIONS, "entry-thresholds", "marginal-euro"])
def test_every_question_has_the_options_of_an_answer(verb: str) -> None:
    parameters = inspect.signature(load_verb(verb)).parameters
    expected = {"out": PageOption, "force": ForceOption, "as_json": JsonOption}
    assert {name: parameters[name].annotation for name in expected} == expected


@pytest.mark.parametrize("verb", QUESTIONS)
def test_every_question_writes_a_page_and_a_workbook(tnt: Run, demo: Path, verb: str) -> None:
    run = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    words = [verb, *(word.format(run=run) for word in QUESTIONS[verb])]
    assert tnt(*words, "--out", "note.html", "--quiet").out == ""
    assert tnt(*words, "--out", "note.xlsx", "--json").document["command"] == verb
    assert (demo / "note.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (demo / "note.xlsx").read_bytes().startswith(b"PK")
    refused = tnt(*words, "--out", "note.html")
    assert (refused.code, refused.out) == (2, "")
    assert tnt(*words, "--out", "note.txt").code == 2


def test_a_group_becomes_its_options_in_the_order_of_their_declaration() -> None:
    def verb(options: StudyOptions, last: int = 3) -> int:
        assert options.scenario == Path("a.yaml")
        return last + options.force

    flat = expand_groups(verb)
    names = list(inspect.signature(flat).parameters)
    assert names == [
        "lang",
        "as_json",
        "quiet",
        "out",
        "force",
        "scenario",
        "sets",
        "time_limit",
        "last",
    ]
    shared = {"out": None, "lang": None, "as_json": False, "quiet": False, "sets": None, "time_limit": None}
    assert flat(scenario=Path("a.yaml"), force=True, last=4, **shared) == 5


def test_a_group_may_declare_an_option_anew() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Own(AnswerOptions):
        force: int = 7

    def verb(options: Own) -> int:
        return options.force

    verb.__annotations__["options"] = Own
    assert inspect.signature(expand_groups(verb)).parameters["force"].default == 7


def test_a_batch_has_its_page_and_its_workbook_in_its_folder(tnt: Run, demo: Path) -> None:
    assert tnt("batch", "scenario.yaml", "--out", "lot", "--executor", "serial", "--quiet").code == 0
    assert {file.name for file in (demo / "lot").glob("batch.*")} >= {"batch.html", "batch.xlsx"}
