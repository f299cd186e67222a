"""A reading of a procedure at its server, in the documents of `import --json` and `refresh --json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedEntry:
    """A dossier that the server has deleted, when and why; `is_final` unless it may still be restored."""

    dossier: str
    deleted_at: str | None
    reason: str
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiReading:
    """A reading of a procedure at its server: what came, changed and went since the last finished one."""

    api: str
    demarche: int
    title: str
    read_at: str
    full: bool
    n_pages: int
    n_read: int
    n_dossiers: int
    added: Sequence[str]
    changed: Sequence[str]
    deleted: Sequence[DeletedEntry]
