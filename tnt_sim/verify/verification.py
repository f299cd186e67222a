"""Result of checking a run folder, as three separate answers: rules, optimality, tie-break.

Each answer is `shown` if this program has shown it from the raw inputs, `claimed` if only the run says so, or
`none`. « Confirmed by a second solver » is a claim of the run, because no file shows that a solver ran.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from tnt_sim.documents import DocumentHead, dump_document
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Text

UNVERIFIED = ("versions", "seconds", "solver.log", "method", "stopped_by")
"""What a run says of itself and no check covers: a forger can rewrite it with matching hashes."""


class Standing(StrEnum):
    """Status of an answer."""

    DEMONSTRATED = "shown"
    REPEATED = "repeated"
    """Only the search that made the certificate finds it true again."""
    CLAIMED = "claimed"
    NONE = "none"


class Means(StrEnum):
    """What shows an answer."""

    INPUTS = "inputs"
    """The rules, checked in exact integers from the raw inputs."""
    SUMS = "sums"
    """The certificate of the run: the constraints, added up, leave no better list."""
    LIST = "list"
    """The certificate of the run: at its prices a short list holds all that could be better."""
    KERNEL = "kernel"
    """The certificate of the run, replayed by the kernels that the search uses too."""
    SOLVED_PROOF = "solved_again_proof"
    """The scenario, solved again to the same value, with a new certificate that was checked."""
    SOLVED_TWICE = "solved_again_two_solvers"
    """The scenario, solved again to the same value by two independent solvers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three answers; `means` tells what shows it, None if nothing does."""

    standing: Standing
    means: Means | None = None

    @property
    def is_shown(self) -> bool:
        """Whether this program has shown it."""
        return self.standing is Standing.DEMONSTRATED

    @classmethod
    def of_certificate(cls, means: Means) -> Answer:
        """Return the answer that a certificate gives: the search that made it only repeats it."""
        return cls(Standing.REPEATED if means is Means.KERNEL else Standing.DEMONSTRATED, means)

    @property
    def is_certified(self) -> bool:
        """Whether the certificate of the run shows it."""
        return self.means in (Means.SUMS, Means.LIST, Means.KERNEL)


NO_ANSWER = Answer(Standing.NONE)
CLAIMED = Answer(Standing.CLAIMED)


@dataclass(frozen=True, slots=True)
class ProofRows:
    """Rows behind the replayed proofs: how many have a second, independent reading, and how many have none."""

    read: int = 0
    unread: int = 0


NO_ROWS = ProofRows()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansByAnswer:
    """Means that show each answer; null if nothing does."""

    rules: Means | None
    optimal: Means | None
    first: Means | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRead:
    """File that a run was checked from: path as the scenario names it, where it was, and its hash.

    `place` is the project above the run, the project that `--project` named, or the copies kept with the run.
    """

    path: str
    place: Literal["project", "named", "kept"]
    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class CheckRecord:
    """Result of a check for all that leaves the house: what was shown, from which files, and by what.

    Attributes
    ----------
    inputs : files that it was checked from. A run of this process has none
    changes : what was changed against the written scenario, each as an option to type
    rules, optimal, first : the three answers
    shown_by : means that show each
    explanation : status of the stored smallest changes
    entry : name of the register entry that holds the run
    proof_rows : rows behind the proofs, by whether they have a second reading
    unverified : what no check covers
    """

    inputs: Sequence[InputRead]
    changes: Sequence[str]
    rules: Standing
    optimal: Standing
    first: Standing
    shown_by: MeansByAnswer
    explanation: Standing
    entry: str | None
    proof_rows: Mapping[str, int]
    unverified: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead(DocumentHead):
    """First keys of the document of a run: the scenario, the hashes, and the files that were read."""

    command: Literal["verify"] = "verify"
    scenario: str | None
    scenario_sha256: str | None
    run_dir: str
    status: Literal["verified", "refused"]
    proof: str | None
    allocation_sha256: str | None
    document_sha256: str | None
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousSignature:
    """Entry of the register before this one, and the hash of its signature."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentHead(DocumentHead):
    """First keys of the document of an amendment; null where its entry cannot be read."""

    command: Literal["verify"] = "verify"
    scenario: None = None
    scenario_sha256: None = None
    run_dir: str
    status: Literal["verified", "refused"]
    proof: None = None
    kind: str | None
    id: str | None
    previous: PreviousSignature | None
    n_dossiers: int | None
    granted_cents: int | None
    freed_cents: int | None
    allocation_sha256: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of checking a run folder.

    Attributes
    ----------
    rules : whether all rules, envelopes and amounts are satisfied
    optimal : whether no allocation is better
    first : whether no equally good allocation precedes this one
    defects : what is violated or false; a run with any defect is rejected
    notes : further information for the reader
    rows : rows behind the proofs
    head : first keys of the document: scenario, hashes, run folder
    since : what has changed in the project since the run, where its kept inputs were read, else None
    inputs, changes, explanation, entry : see `CheckRecord`
    """

    rules: Answer
    optimal: Answer
    first: Answer
    defects: tuple[Defect, ...] = ()
    notes: tuple[Text, ...] = ()
    rows: ProofRows = NO_ROWS
    head: RunHead | AmendmentHead | None = None
    since: Text | None = None
    inputs: tuple[InputRead, ...] = ()
    changes: tuple[str, ...] = ()
    explanation: Standing = Standing.NONE
    entry: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there are no defects."""
        return not self.defects

    @property
    def record(self) -> CheckRecord:
        """The record that all that leaves the house prints."""
        return CheckRecord(
            inputs=self.inputs,
            changes=self.changes,
            rules=self.rules.standing,
            optimal=self.optimal.standing,
            first=self.first.standing,
            shown_by=MeansByAnswer(
                rules=self.rules.means, optimal=self.optimal.means, first=self.first.means
            ),
            explanation=self.explanation,
            entry=self.entry,
            proof_rows=dump_document(self.rows),
            unverified=UNVERIFIED,
        )

    def refuse(self, defects: Sequence[Defect]) -> Verification:
        """Return the verification of the same folder, rejected for these defects."""
        if isinstance(self.head, RunHead):
            head: RunHead | AmendmentHead | None = replace(self.head, status="refused", proof=None)
        else:
            head = None if self.head is None else replace(self.head, status="refused")
        return replace(
            self, rules=NO_ANSWER, optimal=NO_ANSWER, first=NO_ANSWER, defects=tuple(defects), head=head
        )


_SHOWN_HERE: Mapping[str, Means] = MappingProxyType(
    {"PROVED": Means.KERNEL, "CROSS_CHECKED": Means.SOLVED_TWICE}
)


def format_changes(sets: Sequence[str]) -> tuple[str, ...]:
    """Return the changes of a scenario, each as an option to type."""
    return tuple(f"--set {shlex.quote(text)}" for text in sets)


def read_own_proof(best: bool, proof: str | None) -> Answer:
    """Return the answer that a run computed here gives itself: its search made and repeated its certificate."""
    means = _SHOWN_HERE.get(proof or "") if best else None
    if means is None:
        return CLAIMED if best else NO_ANSWER
    return Answer.of_certificate(means)


def build_fresh(
    best: bool, proof: str | None, canonical: bool, rows: ProofRows, *, listed: bool = False
) -> Verification:
    """Return what an allocation shows that was computed here.

    Parameters
    ----------
    best : whether it is optimal
    canonical, listed : whether no equally good allocation precedes it, and whether a certificate proves it
    rows : rows behind the certificate
    """
    optimal = read_own_proof(best, proof)
    first = CLAIMED if canonical else NO_ANSWER
    if optimal.means is Means.KERNEL and listed:
        first = Answer.of_certificate(Means.KERNEL)
    return Verification(Answer(Standing.DEMONSTRATED, Means.INPUTS), optimal, first, rows=rows)
