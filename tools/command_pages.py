"""The page `commands.md` of the reference: every verb with its help, as the command line shows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from site_languages import link_to_twin
from typography import typeset

from tnt_sim.cli.main import PROGRAM, build
from tnt_sim.i18n.message import Lang

_HEAD = {
    Lang.FR: """# Les commandes

{twin}

Cette page reprend l’aide de chaque commande (`tnt-sim VERBE --help`).

La langue d’une réponse est la première que l’on trouve dans cet ordre : `--lang fr` ou `--lang en`, avant ou après
le verbe ; la variable `TNT_SIM_LANG` ; `locale` dans le scénario, s’il l’écrit ; `LC_ALL`, `LC_MESSAGES` puis
`LANG` ; sinon le français. `tnt-sim new --lang en` écrit un projet en anglais.

La complétion des noms s’installe par `tnt-sim --install-completion` (bash, zsh, fish, PowerShell).
""",
    Lang.EN: """# Commands

{twin}

This page repeats the help of each command (`tnt-sim VERB --help --lang en`).

The language of an answer is the first that is found in this order: `--lang fr` or `--lang en`, before or after the
verb; the variable `TNT_SIM_LANG`; `locale` in the scenario, if it is there; `LC_ALL`, `LC_MESSAGES`, then `LANG`;
else French. `tnt-sim new --lang en` writes a project in English.

`tnt-sim --install-completion` installs the completion of names (bash, zsh, fish, PowerShell).
""",
}


def build_command_page(lang: Lang) -> str:
    """Return the whole text of the page in a language."""
    group = typer.main.get_command(build())
    with _width(80):
        context = group.make_context(PROGRAM, [], resilient_parsing=True, obj=lang)
        head = _HEAD[lang].format(twin=link_to_twin(lang, "reference/commands.md"))
        parts = [typeset(head) if lang is Lang.FR else head]
        parts.append(f"```text\n{group.get_help(context).rstrip()}\n```\n")
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
