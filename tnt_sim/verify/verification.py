"""What a check of a run folder shows, in three answers kept apart: the rules, the optimum, the first of equals.

An answer is `shown` where this program has shown it from the raw inputs, `claimed` where only the run says so and
`none` where nobody does. « Confirmed by a second solver » is a claim of the run: no file of it shows that a solver
ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Text

UNVERIFIED = ("versions", "seconds", "solver.log", "method", "stopped_by")
"""What a run says of itself and nothing binds: a forger writes it anew with hashes that fit."""


class Standing(StrEnum):
    """How an answer stands."""

    SHOWN = "shown"
    CLAIMED = "claimed"
    NONE = "none"


class Means(StrEnum):
    """What shows an answer."""

    INPUTS = "inputs"
    """The rules, read again in integers from the raw inputs."""
    CERTIFICATE = "certificate"
    """The certificate of the run, replayed exactly."""
    SOLVED_PROOF = "solved_again_proof"
    """The scenario solved again to the same value, with a new certificate that was checked."""
    SOLVED_TWICE = "solved_again_two_solvers"
    """The scenario solved again to the same value by two independent solvers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three answers; `means` says what shows it, None for one that is not shown."""

    standing: Standing
    means: Means | None = None

    @property
    def is_shown(self) -> bool:
        """Whether this program has shown it."""
        return self.standing is Standing.SHOWN


NO_ANSWER = Answer(Standing.NONE)
CLAIMED = Answer(Standing.CLAIMED)


@dataclass(frozen=True, slots=True)
class ProofRows:
    """The rows that the replayed proofs stand on: how many have a second reading, and how many have none."""

    n_read: int = 0
    n_unread: int = 0

    @property
    def document(self) -> dict[str, int]:
        """The entry `proof_rows`."""
        return {"read": self.n_read, "unread": self.n_unread}

    @property
    def reserve(self) -> Text | None:
        """The sentence on rows without a second reading; None where each has one."""
        if not self.n_unread:
            return None
        total = self.n_read + self.n_unread
        return Text(
            f"{self.n_unread} des {total} lignes sur lesquelles les preuves reposent n'ont pas de seconde lecture "
            "(voir docs/trust.md).",
            f"{self.n_unread} of the {total} rows that the proofs stand on have no second reading "
            "(see docs/trust.md).",
        )


NO_ROWS = ProofRows()


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a run folder found.

    Attributes
    ----------
    rules : whether every rule, envelope and amount is kept
    optimal : whether no allocation is better
    first : whether no allocation as good goes before this one
    defects : what is broken or false; the run is refused where there is any
    notes : what a reader should know beyond
    rows : the rows that the proofs stand on
    head : the first keys of the document: scenario, hashes, run folder
    """

    rules: Answer
    optimal: Answer
    first: Answer
    defects: tuple[Defect, ...] = ()
    notes: tuple[Text, ...] = ()
    rows: ProofRows = NO_ROWS
    head: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is broken or false."""
        return not self.defects

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The three answers by their key."""
        return {"rules": self.rules, "optimal": self.optimal, "first": self.first}

    @property
    def standings(self) -> dict[str, Any]:
        """The three answers as plain values, what shows each, and what nothing binds."""
        return {
            **{key: answer.standing.value for key, answer in self.answers.items()},
            "shown_by": {
                key: answer.means.value if answer.means else None for key, answer in self.answers.items()
            },
            "proof_rows": self.rows.document,
            "unverified": list(UNVERIFIED),
        }

    @property
    def document(self) -> dict[str, Any]:
        """The document of `verify --json`."""
        return {
            **(self.head or {}),
            **self.standings,
            "defects": [{"code": defect.code, "message": defect.text.en} for defect in self.defects],
            "notes": [note.en for note in self.notes],
        }


_SHOWN_HERE: Mapping[Any, Means] = MappingProxyType(
    {"PROVED": Means.CERTIFICATE, "CROSS_CHECKED": Means.SOLVED_TWICE}
)


def of_fresh(document: Mapping[str, Any]) -> Verification:
    """What a run shows that this process has just computed, read again and proved."""
    best = document.get("status") == "optimal" and not document.get("relaxed")
    means = _SHOWN_HERE.get(document.get("proof")) if best else None
    listed = (document.get("canonical_proof") or {}).get("list") == "PROVED"
    optimal, first = (CLAIMED if claim else NO_ANSWER for claim in (best, document.get("canonical")))
    if means is not None:
        optimal = Answer(Standing.SHOWN, means)
    if means is Means.CERTIFICATE and listed:
        first = Answer(Standing.SHOWN, means)
    rows = document.get("proof_rows") or {}
    return Verification(
        Answer(Standing.SHOWN, Means.INPUTS),
        optimal,
        first,
        rows=ProofRows(rows.get("read", 0), rows.get("unread", 0)),
    )
