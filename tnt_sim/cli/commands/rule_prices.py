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

CompensatingOption = Annotated[
    str | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help="L’enveloppe dont le supplément compenserait chaque règle ; le programme par défaut.",
    ),
]
KindsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="SORTE",
        help="rule, ring_fence, non_fungible, forced ou refused, autant de fois qu’il faut ; toutes par défaut.",
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
    """Donne ce que coûte chaque règle, chaque cloison entre enveloppes et chaque décision."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question("rule-prices", options, envelope=envelope, kinds=kind)
