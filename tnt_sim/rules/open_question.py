"""What the data leave open: a choice that a planner must make before a list is signed or sent.

An open question never changes an allocation and never stops a run. It is decided in the scenario, by an entry of
`accept` that names it and the number of dossiers that it concerned; with another number it is open again.
"""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.errors import Text


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question.

    Attributes
    ----------
    id : what kind of question, and of which rule or column: `not_given/avis`
    text : what is open, and how the run answers it for now
    remedy : what settles it in the data or in the scenario
    dossiers : the dossiers that it concerns; none where it is about a condition
    """

    id: str
    text: Text
    remedy: Text
    dossiers: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many dossiers it concerns."""
        return len(self.dossiers)
