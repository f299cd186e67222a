"""`tnt-sim core`: applications funded in all, some or none of several runs, and what changes each decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.console import after, emit, language, page, typed, width
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, lang_of

RunsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="RUN_DIR…", help="Des calculs ; le premier est la référence.", show_default=False),
]


def core(
    run_dirs: RunsArgument,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Dit quels dossiers sont retenus dans tous les calculs, certains ou aucun, et ce qui les fait changer."""
    from tnt_sim.analysis.compare.common_core import core_of, seen_run
    from tnt_sim.reporting.reports.comparison import core_lines

    tongue = lang_of(lang, language([str(path) for path in run_dirs]))
    document = core_of([seen_run(path) for path in run_dirs]).document
    if as_json:
        emit(document)
    elif not quiet:
        page(core_lines(document, tongue, width()) + after("core", tongue, typed(*run_dirs)))
    return 0
