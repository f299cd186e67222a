"""Commands that are told can be pasted: a shell gives back the same arguments."""

from __future__ import annotations

import shlex

import pytest

from tnt_sim.cli.console import format_arguments, quote_argument

ARGUMENTS = [
    "programme.amount=90 M€",
    'rules.jury.fund=["E-24"]',
    "x=[E-24]",
    'min="450 k€"',
    "a;b",
    "a*b",
    "",
]


@pytest.mark.parametrize("text", ARGUMENTS)
def test_a_shell_reads_the_argument(text: str) -> None:
    assert shlex.split(quote_argument(text)) == [text]


@pytest.mark.parametrize(
    "text", ["runs/tnt-2021-08773869", "été/ça.yaml", "programme.amount=90M€", "rate=80%"]
)
def test_a_plain_argument_stays_as_it_is(text: str) -> None:
    assert quote_argument(text) == text


def test_paths_and_changes() -> None:
    told = format_arguments("scenario.yaml", sets=ARGUMENTS[:2])
    wanted = ["scenario.yaml", "--set", ARGUMENTS[0], "--set", ARGUMENTS[1]]
    assert shlex.split(told) == wanted
