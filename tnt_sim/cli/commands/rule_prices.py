"""`tnt-sim rule-prices`: what each rule, fence and decision costs, in value and in money."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.marginal_answers import run_question
from tnt_sim.i18n.message import N_

CompensatingOption = Annotated[
    str | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help=N_("The envelope whose increase would make up for each rule; the programme by default."),
    ),
]
KindsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar=N_("KIND"),
        help=N_("rule, ring_fence, non_fungible, forced or refused, as often as needed; all by default."),
    ),
]


def rule_prices(
    options: StudyOptions,
    envelope: CompensatingOption = None,
    kind: KindsOption = None,
) -> int:
    """Give what each rule, each wall between envelopes and each decision costs."""
    return run_question("rule-prices", options, envelope=envelope, kinds=kind)
