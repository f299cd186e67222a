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
from tnt_sim.i18n.message import N_

EnvelopesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help=N_("The envelope to examine, as often as needed; all by default."),
    ),
]
RulesOption = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="ID", help=N_("The rule to examine, as often as needed; all by default.")),
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
    """Give the least useful increase of each envelope, and the gain of each relaxed rule."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question(
        "marginal-euro",
        options,
        envelopes=split_names(envelope) or None,
        rules=split_names(rule) or None,
    )
