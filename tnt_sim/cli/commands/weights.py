"""`tnt-sim weights`: non-dominated allocations when the weights of criteria are known only in part."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, after, emit, page, progress_line, typed, width
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    lang_of,
    seconds_of,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text

CriteriaOption = Annotated[
    str,
    typer.Option(
        "--criteria", metavar="A,B,C", help="Les mesures, séparées par des virgules.", show_default=False
    ),
]
RangeOption = Annotated[
    list[str] | None,
    typer.Option("--range", metavar="A=BAS:HAUT", help='Le poids d\'un critère : --range score="30 %:60 %".'),
]
OrderOption = Annotated[
    str | None, typer.Option("--order", metavar="A,B", help="Des critères, du plus au moins important.")
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
    """Donne les choix qui tiennent quand les poids des critères ne sont connus qu'à peu près."""
    lang_of(lang, Lang.FR)
    seconds, bounds = seconds_of(time_limit), dict(_range(text) for text in ranges or ())
    from tnt_sim.analysis.preferences.partial_weights import weights as find
    from tnt_sim.reporting.reports.preferences import weights_lines
    from tnt_sim.reporting.reports.progress import stopped_lines
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(variant.spec.locale))
    with progress_line(tongue, wanted=not quiet) as progress:
        study = find(
            variant,
            _names(criteria),
            ranges=bounds,
            order=_names(order or ""),
            time_limit=seconds,
            progress=progress,
        )
    if as_json:
        emit(study.document)
    elif not quiet:
        page(
            weights_lines(study.document, tongue, width())
            + stopped_lines(study.document, tongue, width())
            + after("weights", tongue, typed(scenario, sets=sets))
        )
    if study.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return 0 if study.outcomes else STOPPED if study.document["status"] == "stopped" else INFEASIBLE


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _range(text: str) -> tuple[str, tuple[str, str]]:
    name, _, both = text.partition("=")
    low, colon, high = both.partition(":")
    from tnt_sim.domain.money import MoneyError, parse_rate

    try:
        if not colon:
            raise MoneyError("not_a_number")
        parse_rate(low), parse_rate(high)
    except MoneyError as error:
        raise UsageError(
            Text(
                f"--range « {text} » n'est pas de la forme CRITÈRE=BAS:HAUT (score=30 %:60 %).",
                f'--range "{text}" is not of the form CRITERION=LOW:HIGH (score=30 %:60 %).',
            ),
            code="usage.range",
        ) from error
    return name.strip(), (low.strip(), high.strip())
