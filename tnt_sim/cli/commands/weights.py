"""`tnt-sim weights`: non-dominated allocations when the weights of criteria are known only in part."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_progress
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
        "--range", metavar=N_("A=LOW:HIGH"), help=N_('The weight of a criterion: --range score="30%:60%".')
    ),
]
OrderOption = Annotated[
    str | None,
    typer.Option("--order", metavar="A,B", help=N_("Criteria, from the most to the least important.")),
]


def weights(
    options: StudyOptions,
    criteria: CriteriaOption,
    ranges: RangeOption = None,
    order: OrderOption = None,
) -> int:
    """Find the allocations that can be the best when the weights of criteria are uncertain."""
    bounds = dict(_parse_range(text) for text in ranges or ())
    scenario, lang = options.load_scenario()
    from tnt_sim.analysis.preferences.partial_weights import weights as find
    from tnt_sim.reporting.reports.preferences import build_report

    with show_progress(lang, wanted=not options.quiet) as progress:
        study = find(
            scenario,
            _split_names(criteria),
            ranges=bounds,
            order=_split_names(order or ""),
            time_limit=options.seconds,
            progress=progress,
        )
    options.show(build_report(study.data), study.data, lang, options.build_hint("weights", lang))
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
            _('--range "{typed}" is not of the form CRITERION=LOW:HIGH (score=30%:60%).', typed=text),
            code="usage.range",
        ) from error
    return name.strip(), (low.strip(), high.strip())
