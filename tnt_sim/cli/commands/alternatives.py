"""`tnt-sim alternatives`: near-optimal portfolios that differ as much as possible."""

from __future__ import annotations

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
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

WithinOption = Annotated[
    str, typer.Option("--within", metavar=N_("SHARE"), help=N_("The loss that is allowed; 1% by default."))
]
CountOption = Annotated[
    int, typer.Option("--count", metavar="K", min=0, max=100, help=N_("How many other choices."))
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="dossiers|money", help=N_("Different by dossiers or by money."))
]
SteerOption = Annotated[
    bool,
    typer.Option("--steer/--no-steer", help=N_("Also the most rural, shared and balanced.")),
]
INFEASIBLE, STOPPED = 4, 5


def alternatives(
    scenario: ScenarioArgument,
    within: WithinOption = "1 %",
    count: CountOption = 10,
    by: ByOption = "dossiers",
    steer: SteerOption = True,
    sets: SetOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Find other allocations, nearly as good and as different as possible."""
    parse_lang(lang)
    if out is not None:
        check_out(out, force=force)
    seconds, loss = parse_seconds(time_limit), _require_rate(within)
    from tnt_sim.analysis.alternatives.alternatives import alternatives as find
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.alternatives import build_report
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    with show_progress(tongue, wanted=not quiet) as progress:
        near = find(
            variant, within=loss, count=count, by=by, steer=steer, time_limit=seconds, progress=progress
        )
    report = build_report(near.data)
    if out is not None:
        write_report(out, report, tongue)
    if as_json:
        emit(near.document)
    elif not quiet:
        print_page(
            render_report(report, tongue, get_width())
            + build_hint("alternatives", tongue, format_arguments(scenario, sets=sets))
        )
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
            _('--within "{text}" is no share: {error}', text=text, error=error.text),
            code="usage.within",
        ) from error
    return text
