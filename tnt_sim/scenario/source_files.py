"""The original files of which dossier files are copies: whether they are still what was read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tnt_sim.scenario.spec import ScenarioSpec, SourceSpec

_PIECE = 1 << 22


class SourceState(StrEnum):
    """State of an original file other than as read."""

    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ChangedSource:
    """An original file that is not what was read: its path as written, and the copy."""

    path: str
    copy: str
    state: SourceState


def find_changed_sources(spec: ScenarioSpec, folder: Path) -> list[ChangedSource]:
    """Return the originals that differ from their hash, or are gone; their cells are not read.

    Parameters
    ----------
    spec : the scenario
    folder : folder of its file, from which paths are written
    """
    result = []
    for entry in spec.dossiers:
        if not isinstance(entry.source, SourceSpec):
            continue
        digest = _hash_file(folder / entry.source.path)
        if digest is None:
            result.append(ChangedSource(entry.source.path, entry.file, SourceState.GONE))
        elif digest != entry.source.sha256:
            result.append(ChangedSource(entry.source.path, entry.file, SourceState.CHANGED))
    return result


def _hash_file(path: Path) -> str | None:
    """Return the SHA-256 of a file; None where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    except OSError:
        return None
    return digest.hexdigest()
