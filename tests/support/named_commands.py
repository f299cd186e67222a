"""What sentences name: verbs and options of the program, and the packages that its messages tell to install."""

from __future__ import annotations

import re
from functools import cache

import typer

from tnt_sim.cli.main import build
from tnt_sim.cli.verbs import VERBS

EVERYWHERE = {"--help", "--lang", "--debug"}
OPTIONS_OF_OTHERS = {
    "--extra", "--project", "--python", "--reinstall-package",  # uv and pip
    "--tls-ca-file", "--tls-cert", "--tls-key",  # Dask
}  # fmt: skip
AFTER_THE_NAME = {"again", "that", "qui"}
"""Words that follow the name of the program in sentences: "install tnt-sim again"."""
_COMMAND = re.compile(r"\btnt-sim +([a-z][\w-]*)([^`\n»]*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_SENTENCE_END = re.compile(r"[.;:,)]+(?= |$)|\"(?= )|[|#&]|tnt-sim ")


@cache
def list_options() -> dict[str, frozenset[str]]:
    """By verb the options that the parser knows, and under "" those of the program."""
    group = typer.main.get_command(build())
    context = group.make_context("tnt-sim", [], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for name in VERBS} | {"": group}
    return {
        name: frozenset(option for param in command.params for option in (*param.opts, *param.secondary_opts))
        for name, command in commands.items()
        if command is not None
    }


def list_unknown(text: str, *, bare: bool = True) -> list[str]:
    """Verbs and options of a text that the parser does not know; if `bare`, options that stand alone too."""
    options = list_options()
    unknown: list[str] = []
    for found in _COMMAND.finditer(text):
        verb, rest = found[1], _SENTENCE_END.split(found[2])[0]
        if verb not in options:
            unknown += [] if verb in AFTER_THE_NAME else [found[0]]
            continue
        unknown += [f"{verb} {one}" for one in _OPTION.findall(rest) if one not in options[verb] | EVERYWHERE]
    if bare:
        known = frozenset[str]().union(*options.values()) | EVERYWHERE | OPTIONS_OF_OTHERS
        unknown += [one for one in _OPTION.findall(text) if one not in known]
    return unknown
