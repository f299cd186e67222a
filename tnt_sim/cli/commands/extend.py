"""`tnt-sim extend`: gain from transfers between envelopes, and from a larger total."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_remaining_time
from tnt_sim.i18n.message import N_

_BETWEEN_AMOUNTS = re.compile(r";|,(?!\d)|(?<!\d),")
"""Separator of amounts: ";", or a comma that is not a decimal comma."""

TotalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar=N_("AMOUNT,…"),
        help=N_('The totals to look at: --to "90 M€,98 M€", or --to again; three round amounts by default.'),
    ),
]


def extend(options: StudyOptions, to: TotalOption = None) -> int:
    """Compare transfers between envelopes, at the same total, with a larger total."""
    scenario, lang = options.load_scenario()
    from tnt_sim.api.extension import extend as compare_ways
    from tnt_sim.studies.extend.answer import build_report

    with show_remaining_time(lang, wanted=not options.quiet) as progress:
        extension = compare_ways(
            scenario, *_split_amounts(to or ()), time_limit=options.seconds, lang=lang, progress=progress
        )
    report = build_report(extension.data)
    options.show(report, extension.data, lang, options.build_hint("extend", lang))
    return INTERRUPTED_AND_TOLD if extension.data.stopped_by == "interrupt" else 0


def _split_amounts(texts: Sequence[str]) -> Iterator[str]:
    """Split "90M,98M" and "22,5 M€" into amounts."""
    for text in texts:
        yield from (part.strip() for part in _BETWEEN_AMOUNTS.split(text) if part.strip())
