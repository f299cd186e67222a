"""`tnt-sim inversions`: better applications refused while worse ones are funded, and what none would cost."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import typer

from tnt_sim.cli.answer import RunStudyOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, build_hint, format_arguments
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

RankOption = Annotated[
    str | None,
    typer.Option("--rank", metavar=N_("COLUMN"), help=N_("What ranks; the goal's score by default.")),
]
BestOption = Annotated[
    str, typer.Option("--best", metavar="high|low", help=N_("The best is the highest or the lowest."))
]
OpinionsOption = Annotated[
    str | None,
    typer.Option("--opinions", metavar="A,B,C", help=N_("Opinions instead of figures, best first.")),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by", metavar=N_("COLUMN"), help=N_("Compares only at the same value of this column; repeatable.")
    ),
]
PenaltyOption = Annotated[
    str | None,
    typer.Option(
        "--penalty",
        metavar=N_("VALUE"),
        help=N_("Also at this price for each inversion, in the unit of the goal."),
    ),
]


def inversions(
    options: RunStudyOptions,
    rank: RankOption = None,
    best: BestOption = "high",
    opinions: OpinionsOption = None,
    by: ByOption = None,
    penalty: PenaltyOption = None,
) -> int:
    """Count applications left out although they rank above funded ones, and the cost of having none."""
    lang = options.choose_lang()
    from tnt_sim.analysis.explain.rank_inversions import build_inversions_document
    from tnt_sim.analysis.shared.decided_run import of_run
    from tnt_sim.reporting.reports.explanation import build_inversions_report

    if best not in ("high", "low"):
        raise UsageError(
            _('--best is high or low, not "{best}".', best=best),
            code="usage.best",
        )
    listed = [name.strip() for name in (opinions or "").split(",") if name.strip()]
    decided = of_run(options.run_dir, options.project, options.build_deadline())
    print_changes([decided.verification], lang)
    document = build_inversions_document(
        decided,
        rank=rank,
        best=best,
        opinions=listed,
        by=by or (),
        penalty=_parse_number(penalty),
        seconds=options.seconds,
    )
    hint = build_hint("inversions", lang, format_arguments(options.run_dir))
    options.show(build_inversions_report(document), document, lang, hint)
    return INTERRUPTED_AND_TOLD if document.stopped_by == "interrupt" else 0


def _parse_number(text: str | None) -> Fraction | None:
    if text is None:
        return None
    from tnt_sim.domain.money import MoneyError, parse_decimal

    try:
        return parse_decimal(text)
    except MoneyError as error:
        raise UsageError(error.text, code="usage.penalty") from error
