"""A table that a browser gave: its safe name, the folder of its project, and its reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Protocol

from tnt_sim.ingest.intake.answers import IntakeAnswers
from tnt_sim.ingest.intake.intake import Intake
from tnt_sim.ingest.intake.questions import Question
from tnt_sim.reporting.report_tree import Report

ORIGINAL = "original"
"""Folder of a project that keeps the file as the browser gave it."""
_LONGEST_STEM, _LONGEST_SUFFIX = 80, 10
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class UploadedTable:
    """A table as it was read, before anything is written.

    Attributes
    ----------
    intake, questions : its cells, and what is left to ask
    answers : what the planner has said of it
    folder : where its project would be written
    amount : proposal for the envelope
    report : its review
    build_files : the files of the project, by their path in its folder, for an amount as a scenario writes it
    """

    intake: Intake
    questions: Sequence[Question]
    answers: IntakeAnswers
    folder: Path
    amount: str
    report: Report
    build_files: Callable[[str], Mapping[str, bytes]]


class TableReader(Protocol):
    """Reads a table for a project in a folder of its own."""

    def __call__(self, name: str, data: bytes, before: IntakeAnswers, stated: IntakeAnswers) -> UploadedTable:
        """Read the bytes of a file with earlier answers and newly stated ones."""


@dataclass(frozen=True)
class Starting:
    """How a table becomes a scenario: what reads it, and the command that opens a scenario file another day."""

    read: TableReader
    command: str


def normalise_file_name(name: str) -> str:
    """Return the name of a file as the browser gave it, without folders and without signs of a system.

    >>> [normalise_file_name(name) for name in ("C:\\\\x\\\\Dépôts.XLSX", "../../.bashrc", "con.csv")]
    ['Dépôts.XLSX', 'bashrc', '_con.csv']
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = re.sub(r"[^\w .()’'-]", "_", last).strip(" .")
    path = PurePosixPath(plain or "table")
    stem, suffix = path.stem[:_LONGEST_STEM].rstrip(" ."), path.suffix[:_LONGEST_SUFFIX]
    return f"{'_' if _RESERVED.fullmatch(stem.split('.')[0]) else ''}{stem}{suffix}"


def choose_folder(base: Path, name: str) -> Path:
    """Return a folder that does not exist, named after a file: « depots-2026 », else « depots-2026-2 »."""
    decomposed = unicodedata.normalize("NFKD", PurePosixPath(name).stem.lower())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    slug = re.sub(r"[^a-z0-9]+", "-", bare)[:40].strip("-") or "table"
    names = (slug if k == 1 else f"{slug}-{k}" for k in count(1))
    return next(base / one for one in names if not (base / one).exists() and not (base / one).is_symlink())
