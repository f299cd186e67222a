"""Document of `import --json`: a form, or with `--consolidate` the workbooks of the departments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.documents import DocumentHead, omit_none
from tnt_sim.reporting.reading_document import ApiReading
from tnt_sim.reporting.reports.quality import QualityEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSource:
    """Column of the applications and the field of the form that fills it."""

    column: str
    field: str
    id: str
    review: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChange:
    """Difference between the form and the one that the mapping was written for."""

    what: str
    label: str
    column: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormImportDocument(DocumentHead):
    """Form that was read: where its columns come from, the findings, and the files that were written."""

    command: Literal["import"] = "import"
    status: Literal["to_review", "clean"]
    file: str
    sheet: str | None
    sha256: str
    format: str
    format_title: str
    form: str
    revision: str
    n_read: int
    n_dossiers: int
    excluded: Mapping[str, int]
    mapping_guessed: bool
    n_to_review: int
    columns: Sequence[ColumnSource]
    kept: Sequence[ColumnSource]
    constants: Mapping[str, str]
    left_out: Sequence[str]
    left_out_personal: Sequence[str]
    changes: Sequence[FormChange]
    quality: QualityEntry
    notes: Sequence[str]
    files: Mapping[str, str] | None = omit_none()
    reading: ApiReading | None = omit_none()
    next: str | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceConflict:
    """Choices of departments that contradict each other, with their places as text."""

    code: str
    message: str
    places: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidateDocument(DocumentHead):
    """Choices of all departments, counted by kind, and their conflicts."""

    command: Literal["import"] = "import"
    status: Literal["conflicts", "clean"]
    run: str
    by: str
    groups: Sequence[str]
    n_dossiers: int
    choices: Mapping[str, int]
    conflicts: Sequence[ChoiceConflict]
    files: Sequence[str]


type ImportDocument = FormImportDocument | ConsolidateDocument
