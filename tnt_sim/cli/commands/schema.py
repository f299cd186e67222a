"""`tnt-sim schema`: the JSON Schema of a document that another command prints with `--json`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tnt_sim.cli.console import emit, print_page
from tnt_sim.cli.options import LangOption, parse_lang

NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="[NOM]", help="Un nom de la liste ; sans lui, la liste.", show_default=False),
]


def schema(name: NameArgument = None, lang: LangOption = None) -> int:
    """Affiche le schéma JSON du document qu’un verbe écrit avec --json, ou la liste des schémas."""
    from tnt_sim.reporting.renderers.terminal import render_grid
    from tnt_sim.reporting.schemas import DOCUMENTS, read_schema

    tongue = parse_lang(lang)
    if name is None:
        print_page(render_grid([(key, what.in_(tongue)) for key, (_, what) in DOCUMENTS.items()]))
    else:
        emit(json.loads(read_schema(name)))
    return 0
