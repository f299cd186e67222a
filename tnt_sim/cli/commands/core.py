"""`tnt-sim core`: applications funded in all, some or none of several runs, and what changes each decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.console import build_hint, emit, format_arguments, get_width, print_page
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, parse_lang
from tnt_sim.i18n.message import N_

RunsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="RUN_DIR…", help=N_("Runs; the first is the reference."), show_default=False),
]


def core(
    run_dirs: RunsArgument,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """List the applications funded in all runs, some or none, and what makes them change."""
    from tnt_sim.analysis.compare.common_core import find_common_core, read_run_snapshot
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.comparison import build_core_report

    tongue = parse_lang(lang, read_locale(run_dirs))
    decisions = find_common_core([read_run_snapshot(path) for path in run_dirs])
    if as_json:
        emit(decisions.document)
    elif not quiet:
        print_page(
            render_report(build_core_report(decisions.data), tongue, get_width())
            + build_hint("core", tongue, format_arguments(*run_dirs))
        )
    return 0
