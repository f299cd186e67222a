"""`tnt-sim alternatives`: near-optimal portfolios that differ as much as possible."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_progress
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

WithinOption = Annotated[
    str, typer.Option("--within", metavar=N_("SHARE"), help=N_("The loss that is allowed; 1% by default."))
]
CountOption = Annotated[
    int, typer.Option("--count", metavar="K", min=0, max=100, help=N_("How many other choices."))
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="dossiers|money", help=N_("Different by applications or by money."))
]
SteerOption = Annotated[
    bool,
    typer.Option("--steer/--no-steer", help=N_("Also the most rural, shared and balanced.")),
]


def alternatives(
    options: StudyOptions,
    within: WithinOption = "1 %",
    count: CountOption = 10,
    by: ByOption = "dossiers",
    steer: SteerOption = True,
) -> int:
    """Find other allocations, nearly as good and as different as possible."""
    loss = _require_rate(within)
    began = time.monotonic()
    scenario, lang = options.load_scenario()
    from tnt_sim.analysis.alternatives.alternatives import alternatives as find
    from tnt_sim.reporting.reports.alternatives import build_report

    with show_progress(lang, wanted=not options.quiet) as progress:
        near = find(
            scenario,
            within=loss,
            count=count,
            by=by,
            steer=steer,
            time_limit=options.seconds,
            progress=progress,
        )
    if near.optimum.status.value == "infeasible":
        seconds = options.compute_seconds_left(began)
        show_without_allocation(
            options, build_report(near.data), near.data, scenario=scenario, lang=lang, seconds=seconds
        )
    else:
        options.show(build_report(near.data), near.data, lang, options.build_hint("alternatives", lang))
    if near.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    if near.optimum.allocation is not None:
        return 0
    return STOPPED if near.optimum.status.value == "stopped" else INFEASIBLE


def _require_rate(text: str) -> str:
    from tnt_sim.domain.money import MoneyError, parse_rate

    try:
        parse_rate(text)
    except MoneyError as error:
        raise UsageError(
            _('--within "{typed}" is not a share: {error}', typed=text, error=error.text),
            code="usage.within",
        ) from error
    return text
