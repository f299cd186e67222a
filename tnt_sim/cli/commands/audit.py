"""`tnt-sim audit`: a hand-made selection against the rules and the optimum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.commands.compare import check_out, write_report
from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_page,
    show_progress,
)
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.i18n.message import N_

STOPPED = 5
SelectionOption = Annotated[
    Path,
    typer.Option(
        "--selection",
        metavar=N_("FILE"),
        help=N_("The list: CSV, XLSX, an export of Turgot, or a run folder."),
        show_default=False,
    ),
]


def audit(
    scenario: ScenarioArgument,
    selection: SelectionOption,
    sets: SetOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Compare a list made by hand with the rules and with the best allocation."""
    parse_lang(lang)
    if out is not None:
        check_out(out, force=force)
    seconds = parse_seconds(time_limit)
    from tnt_sim.analysis.audit.audit import audit as look
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.audit import build_report
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    with show_progress(tongue, wanted=not quiet) as progress:
        audit_ = look(variant, selection, time_limit=seconds, progress=progress)
    report = build_report(audit_.data)
    if out is not None:
        write_report(out, report, tongue)
    if as_json:
        emit(audit_.document)
    elif not quiet:
        print_page(
            render_report(report, tongue, get_width())
            + build_hint("audit", tongue, format_arguments(scenario, sets=sets))
        )
    if audit_.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return STOPPED if audit_.data.status == "stopped" else 0
