"""`tnt-sim marginal-euro`: the least useful increase of each envelope, and the gain of each relaxed rule."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.marginal_answers import run_question
from tnt_sim.cli.options import split_names
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
    options: StudyOptions,
    envelope: EnvelopesOption = None,
    rule: RulesOption = None,
) -> int:
    """Give the least useful increase of each envelope, and the gain of each relaxed rule."""
    return run_question(
        "marginal-euro",
        options,
        envelopes=split_names(envelope) or None,
        rules=split_names(rule) or None,
    )
