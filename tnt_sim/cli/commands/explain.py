"""`tnt-sim explain`: why each application is funded or not, and the smallest change that would fund it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import RunStudyOptions
from tnt_sim.cli.console import (
    ERROR,
    INTERRUPTED_AND_TOLD,
    build_hint,
    format_arguments,
    print_note,
    show_progress,
)
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.i18n.message import N_

if TYPE_CHECKING:
    from tnt_sim.analysis.explain.explanation import ExplanationResult
    from tnt_sim.reporting.report_tree import Report

DossiersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DOSSIER]…", help=N_("The numbers of the applications to explain."), show_default=False
    ),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "--all", help=N_("Every application: reasons, and certified thresholds of those not funded.")
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option("--again", help=N_("Computes anew what the run folder already holds.")),
]
UNKNOWN = 2


def explain(
    options: RunStudyOptions,
    dossiers: DossiersArgument = None,
    everyone: AllOption = False,
    again: AgainOption = False,
) -> int:
    """Explain why an application is funded or not, and the smallest change that would fund it."""
    lang = options.choose_lang()
    from tnt_sim.analysis.explain import explanation as study
    from tnt_sim.analysis.shared import decided_run as decided
    from tnt_sim.cli.stored_explanation import keep_explanation, read_of_decision

    result = decided.of_run(options.run_dir, options.project, options.build_deadline())
    print_changes([result.verification], lang)
    limit = study.get_limit(result, options.seconds)
    known = None if again else read_of_decision(result, lang, limit, quiet=options.quiet)
    if known is not None and known.stopped_by is not None and not everyone:
        known = None
    with show_progress(lang, wanted=not options.quiet) as progress:
        explanation = study.explain(
            result,
            dossiers or (),
            everyone=everyone,
            lang=lang,
            seconds=limit,
            progress=progress,
            known=known,
        )
    if everyone:
        keep_explanation(options.run_dir, explanation.data, limit, lang, quiet=options.quiet)
    document = explanation.data
    for fault in explanation.faults:
        print_note(ERROR.in_(lang) + fault.describe(lang))
    one = [] if dossiers or everyone else [entry.dossier for entry in document.reserve[:1]]
    following = "explain --all" if everyone else "explain --one" if one else "explain"
    hint = build_hint(following, lang, format_arguments(options.run_dir, *one))
    options.show(partial(_build_report, explanation, has_page=options.out is not None), document, lang, hint)
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return UNKNOWN if explanation.faults else 0


def _build_report(explanation: ExplanationResult, *, has_page: bool) -> Report:
    """Return the report; what draws a page is loaded for a page alone."""
    if has_page:
        from tnt_sim.reporting.reports.explanation_page import build_report

        return build_report(explanation.data, explanation.decided)
    from tnt_sim.reporting.reports.explanation import build_report as build_terminal_report

    return build_terminal_report(explanation.data)
