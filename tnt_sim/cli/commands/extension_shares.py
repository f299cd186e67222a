"""`tnt-sim extension-shares`: ways to share an extra amount between the axes."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.marginal_answers import run_question
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

AmountArgument = Annotated[
    str,
    typer.Argument(metavar=N_("AMOUNT"), help=N_("The extra amount to share."), show_default=False),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", metavar=N_("ID=WEIGHT,…"), help=N_("The sharing key; the written amounts by default.")
    ),
]


def extension_shares(
    options: StudyOptions,
    amount: AmountArgument,
    key: KeyOption = None,
) -> int:
    """Compare ways to share an extra amount: chosen by the model, by a key, or all on one axis."""
    return run_question("extension-shares", options, amount, key=parse_key(key))


def parse_key(text: str | None) -> dict[str, int] | None:
    """Parse "axe-1=30,axe-2=24" as weights.

    Raises
    ------
    UsageError
        For another form.
    """
    if text is None:
        return None
    weights: dict[str, int] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not number.isdigit() or not name or name in weights:
            raise UsageError(
                _('--key "{typed}": write axe-1=30,axe-2=24, each axis once and a whole weight.', typed=text),
                code="usage.key",
            )
        weights[name] = int(number)
    return weights
