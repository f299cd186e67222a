"""A run's own sentences in the language that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.speak import note
from tnt_sim.errors import DataError, Lang, Text, VerificationError

if TYPE_CHECKING:
    from tnt_sim.view.run_reader import StoredRun

NOT_RETOLD = Text(
    "Les données du calcul ne sont plus là, ou ont changé : ses phrases restent dans la langue du scénario.",
    "The data of the run are no longer there, or have changed: its sentences stay in the scenario's language.",
)


def spoken(run: StoredRun, lang: Lang, project: Path | None, *, quiet: bool) -> StoredRun:
    """The run with its sentences in the language asked for; as it told them where its inputs are gone."""
    if run.lang is lang:
        return run
    from tnt_sim.retold import retold

    try:
        return retold(run, lang, project)
    except (DataError, VerificationError):
        if not quiet:
            note(NOT_RETOLD.in_(lang))
        return run
