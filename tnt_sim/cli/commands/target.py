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

GoalsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="CIBLE…",
        help="Ce qui doit être atteint : all, +400, departments, every:COLONNE, MESURE=N, MESURE=+N, rules, "
        "rule:ID.",
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
    """Donne la plus petite enveloppe qui atteint chaque cible."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question("target", options, *goals, envelope=envelope)
