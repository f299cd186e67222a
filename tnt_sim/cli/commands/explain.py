"""`tnt-sim explain`: why each application is funded or not, and the smallest change that would fund it."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.verify import ProjectOption
from tnt_sim.cli.console import (
    ERROR,
    INTERRUPTED_AND_TOLD,
    after,
    emit,
    language,
    note,
    page,
    progress_line,
    typed,
    width,
)
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    QuietOption,
    RunArgument,
    TimeLimitOption,
    lang_of,
    seconds_of,
)

DossiersArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DOSSIER]…", help="Les numéros des dossiers à expliquer.", show_default=False),
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Tous les dossiers : raisons, et seuils certifiés des non retenus.")
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
    """Dit pourquoi un dossier est retenu ou non, et le plus petit changement qui le ferait retenir."""
    from tnt_sim.analysis.explain import explanation as study
    from tnt_sim.analysis.shared import decided_run as decided
    from tnt_sim.reporting.reports.explanation import explanation_lines

    seconds = seconds_of(time_limit)
    result = decided.of_run(run_dir, project)
    tongue = lang_of(lang, language([str(run_dir)]))
    with progress_line(tongue, wanted=not quiet) as progress:
        report = study.explain(
            result, dossiers or (), everyone=everyone, lang=tongue, seconds=seconds, progress=progress
        )
    for fault in report.faults:
        note(ERROR.in_(tongue) + fault.line(tongue))
    if as_json:
        emit(report.document)
    elif not quiet:
        page(explanation_lines(report.document, tongue, width()))
        waiting = [str(entry["dossier"]) for entry in report.document["reserve"][:1]]
        one = waiting if not dossiers and not everyone else []
        page(after("explain --one" if one else "explain", tongue, typed(run_dir, *one)))
    if report.document["stopped_by"] == "interrupt":
        return INTERRUPTED_AND_TOLD
    return UNKNOWN if report.faults else 0
