"""`tnt-sim audit`: a hand-made selection against the rules and the optimum."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.answer import STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_progress
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.i18n.message import N_

SelectionOption = Annotated[
    Path,
    typer.Option(
        "--selection",
        metavar=N_("FILE"),
        help=N_("The list: CSV, XLSX, an export of Turgot, or a run folder."),
        show_default=False,
    ),
]


def audit(options: StudyOptions, selection: SelectionOption) -> int:
    """Compare a list made by hand with the rules and with the best allocation."""
    began = time.monotonic()
    scenario, lang = options.load_scenario()
    from tnt_sim.analysis.audit.audit import audit as compare_list
    from tnt_sim.reporting.reports.audit import build_report

    with show_progress(lang, wanted=not options.quiet) as progress:
        audit_ = compare_list(scenario, selection, time_limit=options.seconds, progress=progress, lang=lang)
    print_changes([audit_.selection.verification], lang)
    if audit_.data.status == "infeasible":
        seconds = options.compute_seconds_left(began)
        show_without_allocation(
            options, build_report(audit_.data), audit_.data, scenario=scenario, lang=lang, seconds=seconds
        )
    else:
        report = build_report(audit_.data, audit_.problem, audit_.allocation)
        options.show(report, audit_.data, lang, options.build_hint("audit", lang))
    if audit_.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return STOPPED if audit_.data.status == "stopped" else 0
