"""`tnt-sim marginal-euro`: the least useful increase of each envelope, and the gain of each relaxed rule."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.commands.marginal_answers import QuestionOptions, run_question
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    split_names,
)

EnvelopesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help="L’enveloppe à examiner, autant de fois qu’il faut ; toutes par défaut.",
    ),
]
RulesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="ID", help="La règle à examiner, autant de fois qu’il faut ; toutes par défaut."
    ),
]


def marginal_euro(
    scenario: ScenarioArgument,
    envelope: EnvelopesOption = None,
    rule: RulesOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Donne le plus petit supplément utile de chaque enveloppe, et ce que rapporte chaque règle assouplie."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question(
        "marginal-euro",
        options,
        envelopes=split_names(envelope) or None,
        rules=split_names(rule) or None,
    )
