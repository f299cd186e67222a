"""What the verbs of marginal questions share: load the scenario, answer, write the page, print."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_remaining_time
from tnt_sim.i18n.message import N_

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.questions import MarginalResult

QuestionEnvelopeOption = Annotated[
    str | None,
    typer.Option("--envelope", metavar="ID", help=N_("The envelope that varies; the programme by default.")),
]


def run_question(verb: str, options: StudyOptions, *arguments: str, **keywords: object) -> int:
    """Answer a marginal question, write its page, and return the exit code.

    4 if no amount reaches any of the targets, 5 if a limit came before that was known.

    Parameters
    ----------
    verb : name of the question
    arguments, keywords : what the function of the question takes after the scenario
    """
    began = time.monotonic()
    scenario, lang = options.load_scenario()
    from tnt_sim.reporting.reports.marginal import build_report

    seconds = options.seconds
    with show_remaining_time(lang, wanted=not options.quiet) as report_progress:
        answer = _list_functions()[verb](
            scenario,
            *arguments,
            **keywords,
            time_limit=scenario.spec.solver.time_limit if seconds is None else seconds,
            lang=lang,
            progress=report_progress,
        )
    document = answer.data
    code = {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(document.status, 0)
    if document.stopped_by == "interrupt":
        code = INTERRUPTED_AND_TOLD
    if code == INFEASIBLE and not (verb == "target" and all(_is_goal(target) for target in arguments)):
        left = options.compute_seconds_left(began)
        show_without_allocation(
            options,
            build_report(document),
            document,
            scenario=scenario,
            lang=lang,
            seconds=left,
        )
        return code
    hint = () if code else options.build_hint(verb, lang)
    options.show(partial(build_report, document), document, lang, hint)
    return code


def _is_goal(target: str) -> bool:
    """Whether a target asks for more than rules: a list may exist that does not reach it."""
    return target != "rules" and not target.startswith("rule:")


def _list_functions() -> Mapping[str, Callable[..., MarginalResult]]:
    """Return the function that answers each question."""
    from tnt_sim.analysis.marginal import questions

    return {
        "marginal-euro": questions.next_euro,
        "entry-thresholds": questions.entries,
        "target": questions.target,
        "extension-shares": questions.extension,
    }
