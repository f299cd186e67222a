"""Document of a command that gave no answer. Every command imports it, so that it imports nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEntry:
    """Where something is wrong, and what to do there."""

    file: str | None
    line: int | None
    column: int | None
    row: int | None
    sheet: str | None
    cell: str | None
    dossier: str | None
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectEntry:
    """A defect with its sentence and its places."""

    code: str
    message: str
    hint: str | None
    places: Sequence[PlaceEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """The first defect's sentence, every place, and every defect."""

    code: str
    message: str
    places: Sequence[PlaceEntry]
    defects: Sequence[DefectEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDocument:
    """Why a command gave no answer."""

    schema_version: Literal[1] = 1
    command: str
    error: ErrorEntry
