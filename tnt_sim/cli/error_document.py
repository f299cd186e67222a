"""Document of a command that gave no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.documents import DocumentHead, dump_document
from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Lang


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


def build_error_document(code: str, defects: Sequence[Defect], command: str, lang: Lang) -> ErrorDocument:
    """Build the error document: sentence of the first defect, all positions, and each defect."""
    return ErrorDocument(
        command=command,
        error=ErrorEntry(
            code=code,
            message=defects[0].text.in_(lang),
            places=[place for defect in defects for place in _list_places(defect, lang)],
            defects=[
                DefectEntry(
                    code=defect.code,
                    message=defect.text.in_(lang),
                    hint=defect.hint.in_(lang) if defect.hint else None,
                    places=_list_places(defect, lang),
                )
                for defect in defects
            ],
        ),
    )


def _list_places(defect: Defect, lang: Lang) -> list[PlaceEntry]:
    hint = defect.hint.in_(lang) if defect.hint else None
    return [PlaceEntry(**dump_document(place), hint=hint) for place in defect.places]
