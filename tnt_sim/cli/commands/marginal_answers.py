"""What the verbs of marginal questions share: load the scenario, answer, write the page, print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.commands.compare import check_out, write_report
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_page,
    show_remaining_time,
)
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import parse_lang, parse_seconds
from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import N_

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.questions import MarginalResult

STOPPED, INFEASIBLE = 5, 4

QuestionEnvelopeOption = Annotated[
    str | None,
    typer.Option("--envelope", metavar="ID", help=N_("The envelope that varies; the programme by default.")),
]


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """Options that every marginal question has, as typed."""

    scenario: Path
    sets: Sequence[str] | None
    time_limit: str | None
    out: Path | None
    force: bool
    lang: str | None
    as_json: bool
    quiet: bool


def run_question(
    verb: str, options: QuestionOptions, *arguments: str, is_old_form: bool = False, **keywords: object
) -> int:
    """Answer a marginal question, write its page, and return the exit code.

    4 if no amount reaches any of the targets, 5 if a limit came before that was known.

    Parameters
    ----------
    verb : name of the question
    arguments, keywords : what the function of the question takes after the scenario
    is_old_form : whether `sweep` was typed, whose document keeps `"command": "sweep"`
    """
    parse_lang(options.lang)
    seconds = parse_seconds(options.time_limit)
    from tnt_sim.scenario.load import load_scenario

    scenario = load_scenario(options.scenario, tuple(options.sets or ()))
    lang = parse_lang(options.lang, get_written_locale(scenario))
    if options.out is not None:
        check_out(options.out, force=options.force)
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.marginal import build_report

    with show_remaining_time(lang, wanted=not options.quiet) as report_progress:
        answer = _list_functions()[verb](
            scenario,
            *arguments,
            **keywords,
            time_limit=scenario.spec.solver.time_limit if seconds is None else seconds,
            lang=lang,
            progress=report_progress,
        )
    document = replace(answer.data, command="sweep") if is_old_form else answer.data
    report = build_report(document)
    if options.out is not None:
        write_report(options.out, report, lang)
    if options.as_json:
        emit(dump_document(document))
    elif not options.quiet:
        print_page(render_report(report, lang, get_width()))
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    code = {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(document.status, 0)
    if code == 0 and not options.as_json and not options.quiet:
        print_page(build_hint(verb, lang, format_arguments(options.scenario, sets=options.sets)))
    return code


def _list_functions() -> Mapping[str, Callable[..., MarginalResult]]:
    """Return the function that answers each question."""
    from tnt_sim.analysis.marginal import questions

    return {
        "marginal-euro": questions.next_euro,
        "entry-thresholds": questions.entries,
        "target": questions.target,
        "rule-prices": questions.prices,
        "extension-shares": questions.extension,
    }
