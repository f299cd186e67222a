"""`tnt-sim extend`: gain from transfers between envelopes, and from a larger total."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, after, emit, page, time_left_line, typed, width
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
from tnt_sim.i18n.message import Lang

_BETWEEN_AMOUNTS = re.compile(r";|,(?!\d)|(?<!\d),")
"""Separator of amounts: ";", or a comma that is not a decimal comma."""

TotalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="MONTANT,…",
        help='Les totaux à regarder : --to "90 M€,98 M€", ou --to répété ; trois montants ronds par défaut.',
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
    """Transférer ou étendre : ce que rapporte de déplacer l'argent, et ce qu'ajoute un total plus grand."""
    lang_of(lang, Lang.FR)
    seconds = seconds_of(time_limit)
    from tnt_sim.api.analyses import extend as compare_ways
    from tnt_sim.reporting.reports.extend import extend_lines
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(variant.spec.locale))
    with time_left_line(tongue, wanted=not quiet) as progress:
        found = compare_ways(variant, *_amounts(to or ()), time_limit=seconds, lang=tongue, progress=progress)
    document = found.document
    if as_json:
        emit(document)
    elif not quiet:
        page(extend_lines(document, lang=tongue, width=width()))
        page(after("extend", tongue, typed(scenario, sets=sets)))
    return INTERRUPTED_AND_TOLD if document["stopped_by"] == "interrupt" else 0


def _amounts(texts: Sequence[str]) -> Iterator[str]:
    """Split "90M,98M" and "22,5 M€" into amounts."""
    for text in texts:
        yield from (part.strip() for part in _BETWEEN_AMOUNTS.split(text) if part.strip())
