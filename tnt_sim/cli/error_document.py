"""Document of a command that gave no answer. Every command imports it, so that it imports little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.documents import DocumentHead
from tnt_sim.errors import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEntry(Place):
    """Where something is wrong, and what to do there."""

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
class ErrorDocument(DocumentHead):
    """Why a command gave no answer."""

    error: ErrorEntry
