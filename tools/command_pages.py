"""`docs/fr/reference/commands.md`: every verb with its help, as the command line shows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tnt_sim.cli.main import PROGRAM, build

_HEAD = """# Les commandes

Ce fichier est produit par `python tools/docs.py write`, de l'aide des commandes (`tnt-sim VERBE --help`).
*This file is generated from the commands' own help, which is in French. `--lang en`, before or after the verb,
gives help and results in English.*

La langue d’une réponse est la première que l’on trouve dans cet ordre : `--lang fr` ou `--lang en`, avant ou après
le verbe ; la variable `TNT_SIM_LANG` ; `locale` dans le scénario, s’il l’écrit ; `LC_ALL`, `LC_MESSAGES` puis
`LANG` ; sinon le français. `tnt-sim new --lang en` écrit un projet en anglais.

La complétion des noms s'installe par `tnt-sim --install-completion` (bash, zsh, fish, PowerShell).
"""


def commands() -> str:
    """The whole text of the page."""
    group = typer.main.get_command(build())
    with _width(80):
        context = group.make_context(PROGRAM, [], resilient_parsing=True)
        parts = [_HEAD, f"```text\n{group.get_help(context).rstrip()}\n```\n"]
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            inner = command.make_context(name, [], parent=context, resilient_parsing=True)
            parts.append(f"## {name}\n\n```text\n{command.get_help(inner).rstrip()}\n```\n")
    return "\n".join(parts)


@contextmanager
def _width(columns: int) -> Iterator[None]:
    """The help laid out for a terminal of so many columns."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before
