"""`tnt-sim rule-prices`: what each rule, fence and decision costs, in value and in money."""

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
)
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
    scenario: ScenarioArgument,
    envelope: CompensatingOption = None,
    kind: KindsOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Give what each rule, each wall between envelopes and each decision costs."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question("rule-prices", options, envelope=envelope, kinds=kind)
