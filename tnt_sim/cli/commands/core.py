"""`tnt-sim core`: applications funded in all, some or none of several runs, and what changes each decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.answer import AnswerOptions
from tnt_sim.cli.console import build_hint, format_arguments
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import parse_lang
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.i18n.message import N_

RunsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="RUN_DIR…", help=N_("Runs; the first is the reference."), show_default=False),
]


def core(run_dirs: RunsArgument, options: AnswerOptions) -> int:
    """List the applications funded in all runs, some or none, and what makes them change."""
    options.check()
    from tnt_sim.analysis.compare.common_core import find_common_core, read_run_snapshot
    from tnt_sim.reporting.reports.comparison import build_core_report

    lang = parse_lang(options.lang, read_locale(run_dirs))
    decisions = find_common_core([read_run_snapshot(path) for path in run_dirs])
    print_changes((run.verification for run in decisions.runs), lang)
    hint = build_hint("core", lang, format_arguments(*run_dirs))
    options.show(build_core_report(decisions), decisions.data, lang, hint)
    return 0
