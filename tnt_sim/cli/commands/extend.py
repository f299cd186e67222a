"""`tnt-sim extend`: gain from transfers between envelopes, and from a larger total."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

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
from tnt_sim.i18n.message import N_

_BETWEEN_AMOUNTS = re.compile(r";|,(?!\d)|(?<!\d),")
"""Separator of amounts: ";", or a comma that is not a decimal comma."""

TotalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="MONTANT,…",
        help=N_('The totals to look at: --to "90 M€,98 M€", or --to again; three round amounts by default.'),
    ),
]


def extend(
    scenario: ScenarioArgument,
    to: TotalOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Compare transfers between envelopes, at the same total, with a larger total."""
    parse_lang(lang)
    seconds = parse_seconds(time_limit)
    from tnt_sim.api.extension import extend as compare_ways
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.extend import build_report
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    with show_remaining_time(tongue, wanted=not quiet) as progress:
        extension = compare_ways(
            variant, *_split_amounts(to or ()), time_limit=seconds, lang=tongue, progress=progress
        )
    document = extension.data
    if as_json:
        emit(extension.document)
    elif not quiet:
        print_page(render_report(build_report(document), tongue, get_width()))
        print_page(build_hint("extend", tongue, format_arguments(scenario, sets=sets)))
    return INTERRUPTED_AND_TOLD if document.stopped_by == "interrupt" else 0


def _split_amounts(texts: Sequence[str]) -> Iterator[str]:
    """Split "90M,98M" and "22,5 M€" into amounts."""
    for text in texts:
        yield from (part.strip() for part in _BETWEEN_AMOUNTS.split(text) if part.strip())
