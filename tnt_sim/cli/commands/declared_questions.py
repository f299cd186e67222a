"""The verbs of declared questions: their options, what they print, and their exit codes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Annotated, get_args

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_remaining_time
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.study import Study, TypedOption


def build_verb(study: Study) -> Callable[..., int]:
    """Return the function of a verb: its options are those of all questions, and its own."""

    def run(options: StudyOptions, **chosen: object) -> int:
        began = time.monotonic()
        scenario, lang = options.load_scenario()
        seconds = scenario.spec.solver.time_limit if options.seconds is None else options.seconds
        with show_remaining_time(lang, wanted=not options.quiet) as progress:
            answer = find_answer(study, scenario, time_limit=seconds, lang=lang, progress=progress, **chosen)
        data = answer.data
        code = {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(answer.status, 0)
        code = INTERRUPTED_AND_TOLD if data.stopped_by == "interrupt" else code
        if code == INFEASIBLE:
            left, report = options.compute_seconds_left(began), answer.build_report()
            show_without_allocation(options, report, data, scenario=scenario, lang=lang, seconds=left)
        else:
            options.show(
                answer.build_report, data, lang, () if code else options.build_hint(study.verb, lang)
            )
        return code

    first = inspect.Parameter("options", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=StudyOptions)
    run.__signature__ = inspect.Signature([first, *map(_convert_option, study.options)])  # type: ignore[attr-defined]
    return run


def _convert_option(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter of a question as Typer takes it: several values of an option are a list."""
    kind, option = get_args(parameter.annotation)
    assert isinstance(option, TypedOption)
    if kind == Sequence[str] | None:
        kind = list[str] | None
    typed = typer.Option(option.flag, metavar=option.metavar, help=option.help)
    return parameter.replace(annotation=Annotated[kind, typed], kind=inspect.Parameter.KEYWORD_ONLY)
