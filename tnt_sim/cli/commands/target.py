"""`tnt-sim target`: the smallest amount of an envelope that reaches each target."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.commands.marginal_answers import QuestionEnvelopeOption, QuestionOptions, run_question
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
)
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
    scenario: ScenarioArgument,
    goals: GoalsArgument,
    envelope: QuestionEnvelopeOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Give the smallest envelope that reaches each target."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question("target", options, *goals, envelope=envelope)
