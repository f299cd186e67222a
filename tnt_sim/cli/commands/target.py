"""`tnt-sim target`: the smallest amount of an envelope that reaches each target."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.marginal_answers import QuestionEnvelopeOption, run_question
from tnt_sim.i18n.message import N_

GoalsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar=N_("TARGET…"),
        help=N_(
            "What is to be reached: all, +400, departments, every:COLUMN, MEASURE=N, MEASURE=+N, rules, rule:ID."
        ),
        show_default=False,
    ),
]


def target(
    options: StudyOptions,
    goals: GoalsArgument,
    envelope: QuestionEnvelopeOption = None,
) -> int:
    """Give the smallest envelope that reaches each target."""
    return run_question("target", options, *goals, envelope=envelope)
