"""`tnt-sim entry-thresholds`: the amount of an envelope from which each application is funded."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.commands.marginal_answers import QuestionEnvelopeOption, QuestionOptions, run_question
from tnt_sim.cli.options import (
    AtOption,
    FirstAmountOption,
    JsonOption,
    LangOption,
    LastAmountOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    ShareOption,
    StepsOption,
    TimeLimitOption,
)
from tnt_sim.i18n.message import N_

ExactDossierOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dossier", metavar="ID", help=N_("An application to give to the cent, as often as needed.")
    ),
]
AlongOption = Annotated[
    bool,
    typer.Option(
        "--nested",
        help=N_("Follow the announcements of --at: each list keeps the applications of the one before."),
    ),
]


def entry_thresholds(
    scenario: ScenarioArgument,
    envelope: QuestionEnvelopeOption = None,
    start: FirstAmountOption = None,
    stop: LastAmountOption = None,
    steps: StepsOption = None,
    at: AtOption = None,
    share: ShareOption = "free",
    nested: AlongOption = False,
    dossier: ExactDossierOption = None,
    sets: SetOption = None,
    time_limit: TimeLimitOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Give the amount of the envelope from which each application is funded."""
    options = QuestionOptions(scenario, sets, time_limit, out, force, lang, as_json, quiet)
    return run_question(
        "entry-thresholds",
        options,
        envelope=envelope,
        start=start,
        stop=stop,
        at=at or (),
        steps=steps,
        share=share,
        nested=nested,
        dossiers=dossier or (),
    )
