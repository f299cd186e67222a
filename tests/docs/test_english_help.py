"""Every text of the help is said in English after `--lang en`."""

from __future__ import annotations

import re

import pytest
import typer

from tnt_sim.cli.english_help import _TRANSLATIONS, translate_to_english
from tnt_sim.cli.french_help import _ENVIRONMENT, _PANELS
from tnt_sim.cli.main import _GROUPS, build, main

FRENCH = re.compile(r"[àâçéèêîïôùûœÀÉÈÊ«»]| (?:le|la|les|un|une|des|du) ")
SAME = ("démarche", "Démarche", "«")


def texts() -> set[str]:
    group = typer.main.get_command(build())
    found = {group.help, group.epilog}
    for command in group.commands.values():  # type: ignore[attr-defined]
        found |= {command.help, command.epilog, *(getattr(one, "help", None) for one in command.params)}
    return {one.strip() for one in found if one}


@pytest.mark.parametrize("text", sorted(texts()))
def test_each_text_has_an_english_one(text: str) -> None:
    prose = "\n".join(line for line in translate_to_english(text).splitlines() if not line.startswith("  "))
    for name in SAME:
        prose = prose.replace(name, "")
    assert not FRENCH.search(prose), prose


def test_no_translation_is_left_over() -> None:
    every = "\n".join(texts())
    group = typer.main.get_command(build())
    metavars = {one.metavar for verb in group.commands.values() for one in verb.params}  # type: ignore[attr-defined]
    typers = {
        "Affiche cette aide.",
        "Usage :",
        "Usage\u00a0: ",
        "VERBE … [OPTIONS]",
        " Par défaut : ",
        "Variables d’environnement",
        *_GROUPS,
        *_PANELS,
    }
    typers |= {text for _, text in _ENVIRONMENT}
    stale = [
        one
        for one in _TRANSLATIONS
        if one not in every
        and one not in metavars | typers
        and "complétion" not in one
        and "version" not in one
    ]
    assert stale == []


def test_help_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--help", "--lang", "en"], "Start:"),
        (["--help"], "Commencer\u00a0:"),
        (["import", "--lang", "en", "--help"], "Imports an export"),
        (["import", "--help"], "Importe un export"),
    ):
        assert main(words) == 0
        assert said in capsys.readouterr().out
