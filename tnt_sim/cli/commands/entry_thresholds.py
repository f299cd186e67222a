"""`tnt-sim entry-thresholds`: the amount of an envelope from which each application is funded."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.marginal_answers import QuestionEnvelopeOption, run_question
from tnt_sim.cli.options import AtOption, FirstAmountOption, LastAmountOption, ShareOption, StepsOption
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
        help=N_("Follows the announcements of --at: each list keeps the applications of the one before."),
    ),
]


def entry_thresholds(
    options: StudyOptions,
    envelope: QuestionEnvelopeOption = None,
    start: FirstAmountOption = None,
    stop: LastAmountOption = None,
    steps: StepsOption = None,
    at: AtOption = None,
    share: ShareOption = "free",
    nested: AlongOption = False,
    dossier: ExactDossierOption = None,
) -> int:
    """Give the amount of the envelope from which each application is funded."""
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
