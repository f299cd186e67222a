"""Documents of commands that decide nothing: what was created, written or found here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.documents import DocumentHead, ScenarioHead, omit_none
from tnt_sim.reporting.reading_document import ApiReading
from tnt_sim.verify.verification import CheckRecord, PreviousSignature


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectHead(DocumentHead):
    """First keys of documents on no scenario."""

    scenario: None = None
    scenario_sha256: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDefect:
    """Defect that still prevents a new scenario from running."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeQuestion:
    """A question that a table leaves open, and how to answer it."""

    code: str
    question: str
    answer: str
    n_lines: int
    requested_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLine:
    """A line of a table that is no application."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSummary:
    """How a table was read: where, and what became of its cells and lines."""

    file: str
    sha256: str
    sheet: str
    header_row: int
    n_applications: int
    requested_cents: int
    cells_taken: int
    cells_set_aside: int
    cells_asked: int
    cells_lost: int
    lines: Sequence[IntakeLine]
    questions: Sequence[IntakeQuestion]
    unread_columns: Sequence[UnreadColumnEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadColumnEntry:
    """A column that no rule reads: what it could serve, and the line that would read it, "" for none."""

    column: str
    use: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument(DocumentHead):
    """A new project folder: which columns were guessed, which were not recognised, and what is left to ask."""

    command: Literal["new"] = "new"
    scenario: str
    scenario_sha256: None = None
    status: Literal["valid", "to_review"]
    review: Sequence[str]
    left_out: Sequence[str]
    defects: Sequence[NewDefect]
    intake: IntakeSummary | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshDocument(DocumentHead):
    """A table read again: what changes in the copy, and whether it was written."""

    command: Literal["refresh"] = "refresh"
    scenario: str
    scenario_sha256: None = None
    status: Literal["unchanged", "to_apply", "applied"]
    file: str
    added: Sequence[str]
    removed: Sequence[str]
    changed: Sequence[CopyChange]
    columns_added: Sequence[str]
    columns_removed: Sequence[str]
    requested_cents_before: int
    requested_cents_after: int
    intake: IntakeSummary
    reading: ApiReading | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyChange:
    """A cell of the copy that the file now has otherwise."""

    dossier: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file that was written."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleEntry:
    """A shipped example; `base` is the example that it extends or varies."""

    name: str
    kind: Literal["scenario", "batch", "table"]
    file: str
    title: str
    synthetic: bool
    base: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesDocument(ProjectHead):
    """The shipped examples, or those that were copied, with the files written in `folder`."""

    command: Literal["examples"] = "examples"
    status: Literal["listed", "written"]
    folder: str | None
    examples: Sequence[ExampleEntry]
    files: Sequence[WrittenFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDocument(ScenarioHead):
    """Files written from a run, and what is verified of it."""

    command: Literal["report", "export"]
    allocation_sha256: str
    status: Literal["written"] = "written"
    publishable: bool
    verification: CheckRecord
    format: str
    n_dossiers: int
    granted_cents: int
    files: Sequence[WrittenFile]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverEntry:
    """One solver: whether it may confirm, whether it answers, and if not, why."""

    name: str
    independent: bool
    works: bool = False
    version: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCheck:
    """One property of this machine."""

    id: str
    works: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorDocument(ProjectHead):
    """Versions, solvers and what works on this machine."""

    command: Literal["doctor"] = "doctor"
    status: Literal["ready", "limited", "broken"]
    versions: Mapping[str, str]
    solvers: Sequence[SolverEntry]
    cross_check: str | None
    checks: Sequence[MachineCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSignature:
    """Signature of a run as a list of the register: its hashes, what was checked of it, and the state after it."""

    schema_version: Literal[1]
    id: str
    number: int
    kind: Literal["list"]
    programme: str
    day: str | None
    run: str
    scenario: str
    scenario_sha256: str
    document_sha256: str
    proof: str | None
    publishable: bool
    checked: CheckRecord
    previous: PreviousSignature | None
    n_dossiers: int
    granted_cents: int
    allocation_sha256: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentSignature:
    """Signature of withdrawals and reductions: the money that they free, and the state after them."""

    schema_version: Literal[1]
    id: str
    number: int
    kind: Literal["amendment"]
    programme: str
    freed_cents: int
    previous: PreviousSignature
    n_dossiers: int
    granted_cents: int
    allocation_sha256: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDocument(DocumentHead):
    """Entry of the register that was signed; `scenario` is null for an amendment."""

    command: Literal["sign"] = "sign"
    scenario: str | None
    scenario_sha256: str | None
    status: Literal["signed"] = "signed"
    path: str
    signature: ListSignature | AmendmentSignature
    signing_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentDossier:
    """A dossier that is not sent, and why."""

    dossier: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A call that the server refused, in its own words."""

    number: int
    call: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls of a procedure's API by what they do."""

    annotations: int
    to_instruction: int
    accept: int
    refuse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDocument(ScenarioHead):
    """Decisions for the dossiers of a procedure: what is to be sent, and what the server confirmed.

    `status` is `planned` without a server, `compared` after reading it, `blocked` where dossiers cannot be sent,
    `sent`, or `partial` where the server refused calls or the sending stopped.
    """

    command: Literal["send"] = "send"
    allocation_sha256: str
    status: Literal["planned", "compared", "blocked", "sent", "partial"]
    to: str | None
    demarche: int | None
    title: str | None
    n_accept: int
    granted_cents: int
    n_refuse: int
    n_waiting: int
    n_committed: int
    n_closed: int
    n_done: int | None
    calls: CallCounts | None
    confirmed: CallCounts | None
    unsent: Sequence[UnsentDossier]
    refused: Sequence[RefusedCall]
    stopped_by: str | None
    journal: str | None
