"""`tnt-sim weights`: non-dominated allocations when the weights of criteria are known only in part."""

from __future__ import annotations

from typing import Annotated

import typer

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
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

CriteriaOption = Annotated[
    str,
    typer.Option(
        "--criteria", metavar="A,B,C", help=N_("The measures, separated by commas."), show_default=False
    ),
]
RangeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--range", metavar=N_("A=LOW:HIGH"), help=N_('The weight of a criterion: --range score="30 %:60 %".')
    ),
]
OrderOption = Annotated[
    str | None,
    typer.Option("--order", metavar="A,B", help=N_("Criteria, from the most to the least important.")),
]
INFEASIBLE, STOPPED = 4, 5


def weights(
    scenario: ScenarioArgument,
    criteria: CriteriaOption,
    ranges: RangeOption = None,
    order: OrderOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Find the allocations that can be the best when the weights of criteria are uncertain."""
    parse_lang(lang)
    seconds, bounds = parse_seconds(time_limit), dict(_parse_range(text) for text in ranges or ())
    from tnt_sim.analysis.preferences.partial_weights import weights as find
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.preferences import build_report
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    with show_progress(tongue, wanted=not quiet) as progress:
        study = find(
            variant,
            _split_names(criteria),
            ranges=bounds,
            order=_split_names(order or ""),
            time_limit=seconds,
            progress=progress,
        )
    if as_json:
        emit(study.document)
    elif not quiet:
        print_page(
            render_report(build_report(study.data), tongue, get_width())
            + build_hint("weights", tongue, format_arguments(scenario, sets=sets))
        )
    if study.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return 0 if study.outcomes else STOPPED if study.data.status == "stopped" else INFEASIBLE


def _split_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parse_range(text: str) -> tuple[str, tuple[str, str]]:
    name, __, both = text.partition("=")
    low, colon, high = both.partition(":")
    from tnt_sim.domain.money import MoneyError, parse_rate

    try:
        if not colon:
            raise MoneyError("not_a_number")
        parse_rate(low), parse_rate(high)
    except MoneyError as error:
        raise UsageError(
            _('--range "{text}" is not of the form CRITERION=LOW:HIGH (score=30 %:60 %).', text=text),
            code="usage.range",
        ) from error
    return name.strip(), (low.strip(), high.strip())
