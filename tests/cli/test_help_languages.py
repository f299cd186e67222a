"""The help of each verb is whole in both languages, at every text that an option, a verb or a group has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from tnt_sim.cli.help import _ENVIRONMENT, _OF_TYPER, _PANELS, _QUESTION
from tnt_sim.cli.main import build, main
from tnt_sim.cli.verbs import VERBS
from tnt_sim.i18n.message import Lang, translate

FRENCH = re.compile(r"[àâçéèêîïôùûœÀÉÈÊ«»]| (?:le|la|les|un|une|des|du) ")
ENGLISH = re.compile(r" (?:the|of|and|with|by|an) ")
NAMES = re.compile("[Dd]émarche|results in English with")
SAME = {
    "Arguments",
    "Options",
    "xlsx, csv, parquet, demarche, turgot, scdl, pabulib, publipostage, arrete, chorus.",
}


def list_texts() -> Iterator[str]:
    """List each sentence of the help, as the code has it."""
    group: Any = typer.main.get_command(build())
    context = group.make_context("tnt-sim", [], resilient_parsing=True)
    yield from _OF_TYPER.values()
    yield from (text for _name, text in _ENVIRONMENT)
    yield from (panel for panel in _PANELS if panel != _QUESTION)
    yield from {verb.group for verb in VERBS.values()}
    for command in (group, *(group.get_command(context, name) for name in VERBS)):
        yield command.help
        yield from (line for line in command.epilog.splitlines() if line and line[:2] != "  ")
        yield from (
            text
            for param in command.params
            if param.name not in _OF_TYPER and (text := getattr(param, "help", None))
        )


@pytest.mark.parametrize("text", sorted({*list_texts()} - SAME))
def test_each_text_is_english_and_has_its_french(text: str) -> None:
    assert not FRENCH.search(NAMES.sub("", text))
    assert translate(text, Lang.FR) != text, "not marked by N_"


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_the_help_in_one_language_has_no_words_of_the_other(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, other in ((Lang.FR, ENGLISH), (Lang.EN, FRENCH)):
        assert main([*verb.split(), "--help", "--lang", lang]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if "tnt-sim" not in line]
        assert [line for line in lines if other.search(NAMES.sub("", line))] == []
