"""`tnt-sim compare`: runs or scenarios side by side; who enters, who leaves, and because of what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.answer import LimitedOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, build_hint, format_arguments, show_progress
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import parse_lang
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.i18n.message import N_

SidesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="A B…", help=N_("Scenarios or run folders, 2 to 20; the first is the reference."),
        show_default=False,
    ),
]  # fmt: skip
NoCausesOption = Annotated[
    bool,
    typer.Option(
        "--no-causes",
        help=N_(
            "Skips the cause of each move, and the solves that find it: none for one setting that differs, "
            "one each for two, two each for more."
        ),
    ),
]


def compare(sides: SidesArgument, options: LimitedOptions, no_causes: NoCausesOption = False) -> int:
    """Compare scenarios or runs: inputs, totals, who comes in, who goes out."""
    options.check()
    lang = parse_lang(options.lang, read_locale(sides))
    from tnt_sim.api.comparison import compare as set_side_by_side
    from tnt_sim.reporting.reports.comparison import build_report

    limit = {} if options.seconds is None else {"time_limit": options.seconds}
    with show_progress(lang, wanted=not options.quiet) as progress:
        comparison = set_side_by_side(*sides, attribute=not no_causes, options=limit, progress=progress)
    print_changes((side.verification for side in comparison.sides), lang)
    hint = build_hint("compare", lang, format_arguments(*sides)) if options.out is None else ()
    options.show(build_report(comparison), comparison.summary(), lang, hint)
    return INTERRUPTED_AND_TOLD if comparison.data.stopped_by == "interrupt" else 0
