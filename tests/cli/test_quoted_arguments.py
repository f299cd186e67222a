"""Commands that are told can be pasted: a shell gives back the same arguments."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tnt_sim.cli.console import format_arguments
from tnt_sim.i18n.command_words import quote_argument, quote_value

ARGUMENTS = [
    "programme.amount=90 M€",
    'rules.jury.fund=["E-24"]',
    "x=[E-24]",
    'min="450 k€"',
    "a;b",
    "a*b",
    "",
    "a$x `b` \\",
    'Fonds "Vert" $x = `a`',
    'l\'eau et "$(x)"',
    "ah !",
]


@pytest.mark.parametrize("text", ARGUMENTS)
def test_a_shell_reads_the_argument(text: str) -> None:
    assert shlex.split(quote_argument(text)) == [text]


@pytest.mark.parametrize(
    "text", ["runs/tnt-2021-08773869", "été/ça.yaml", "programme.amount=90M€", "rate=80%"]
)
def test_a_plain_argument_stays_as_it_is(text: str) -> None:
    assert quote_argument(text) == text


@pytest.mark.parametrize(
    "text", ['Fonds "Vert" $x = `a`', "$(touch gone)", "`touch gone`", "l'eau $x", "a\\\\b \\", "Note /20"]
)
def test_a_shell_executes_nothing_of_a_cell(text: str) -> None:
    for quoted in (quote_argument(text), quote_value(text)):
        said = subprocess.run(["sh", "-c", f"printf %s {quoted}"], capture_output=True, text=True, check=True)
        assert said.stdout == text


def test_a_plain_text_of_a_cell_stands_in_double_quotes() -> None:
    assert [quote_value(text) for text in ("Note /20", "N°")] == ['"Note /20"', '"N°"']


def test_paths_and_changes() -> None:
    told = format_arguments("scenario.yaml", sets=ARGUMENTS[:2])
    wanted = ["scenario.yaml", "--set", ARGUMENTS[0], "--set", ARGUMENTS[1]]
    assert shlex.split(told) == wanted
