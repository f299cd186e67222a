"""`tnt-sim schema`: the JSON Schema of a document that another command prints with `--json`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tnt_sim.cli.console import emit, get_width, print_page
from tnt_sim.cli.options import LangOption, parse_lang
from tnt_sim.i18n.message import N_

NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar=N_("[NAME]"), help=N_("A name of the list; without it, the list."), show_default=False
    ),
]


def schema(name: NameArgument = None, lang: LangOption = None) -> int:
    """Show the JSON Schema of the document that a verb writes with --json, or the list of schemas."""
    from tnt_sim.api.schema_list import build_report
    from tnt_sim.api.schemas import read_schema
    from tnt_sim.reporting.renderers.terminal import render_report

    tongue = parse_lang(lang)
    if name is None:
        print_page(render_report(build_report(), tongue, get_width()))
    else:
        emit(json.loads(read_schema(name)))
    return 0
