"""`tnt-sim explain`: why each application is funded or not, and the smallest change that would fund it."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.verify import ProjectOption
from tnt_sim.cli.console import (
    ERROR,
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_note,
    print_page,
    show_progress,
)
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    QuietOption,
    RunArgument,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import N_

DossiersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DOSSIER]…", help=N_("The numbers of the dossiers to explain."), show_default=False
    ),
]
AllOption = Annotated[
    bool,
    typer.Option("--all", help=N_("Every dossier: reasons, and certified thresholds of those not funded.")),
]
UNKNOWN = 2


def explain(
    run_dir: RunArgument,
    dossiers: DossiersArgument = None,
    everyone: AllOption = False,
    project: ProjectOption = None,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Explain why an application is funded or not, and the smallest change that would fund it."""
    from tnt_sim.analysis.explain import explanation as study
    from tnt_sim.analysis.shared import decided_run as decided
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.explanation import build_report

    seconds = parse_seconds(time_limit)
    result = decided.of_run(run_dir, project)
    tongue = parse_lang(lang, read_locale([run_dir]))
    with show_progress(tongue, wanted=not quiet) as progress:
        explanation = study.explain(
            result, dossiers or (), everyone=everyone, lang=tongue, seconds=seconds, progress=progress
        )
    document = explanation.data
    for fault in explanation.faults:
        print_note(ERROR.in_(tongue) + fault.line(tongue))
    if as_json:
        emit(dump_document(document))
    elif not quiet:
        one = [] if dossiers or everyone else [entry.dossier for entry in document.reserve[:1]]
        hint = build_hint("explain --one" if one else "explain", tongue, format_arguments(run_dir, *one))
        print_page(render_report(build_report(document), tongue, get_width()) + hint)
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return UNKNOWN if explanation.faults else 0
