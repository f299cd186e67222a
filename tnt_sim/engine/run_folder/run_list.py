"""The run folders of a project, and the kept inputs to which none of them refers any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tnt_sim.disk import build_write_error, quote_path
from tnt_sim.engine.run_folder.writer import is_run_folder
from tnt_sim.engine.stored_run import RUN_ROOT
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.decision_register import INPUTS, SIGNATURE
from tnt_sim.verify.input_files import KEYS, list_changed_inputs
from tnt_sim.verify.run_files import SUMMARY, hash_file, read_object

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run folder, as its summary says; nothing is verified.

    Attributes
    ----------
    date : the day on which it was written
    size_bytes : of all its files
    changes : inputs that have changed in the project since, or are gone
    """

    folder: str
    scenario: str
    status: str
    proof: str | None
    granted_cents: int | None
    date: str
    size_bytes: int
    changes: list[str]


@dataclass(frozen=True, slots=True)
class KeptInput:
    """An input kept beside the runs, named by its hash."""

    file: Path
    size_bytes: int


def find_runs_folder(folder: Path) -> Path:
    """Return the folder of the runs of a project; the folder itself where it has no `runs`."""
    if not folder.is_dir():
        raise UsageError(_('"{folder}" is not a folder.', folder=folder), code="usage.folder")
    return folder / RUN_ROOT if (folder / RUN_ROOT).is_dir() else folder


def list_runs(runs: Path) -> list[ListedRun]:
    """Return the run folders in a folder, by name."""
    named = (folder for folder in sorted(runs.iterdir()) if not folder.name.startswith("."))
    return [_read_run(folder) for folder in named if is_run_folder(folder)]


def _read_run(folder: Path) -> ListedRun:
    file = folder / SUMMARY
    summary = read_object(file)
    granted, proof = summary.get("granted_cents"), summary.get("proof")
    return ListedRun(
        folder.name,
        str(summary.get("scenario")),
        str(summary.get("status")),
        proof if isinstance(proof, str) else None,
        granted if isinstance(granted, int) else None,
        datetime.fromtimestamp(file.stat().st_mtime).astimezone().date().isoformat(),
        sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()),
        list_changed_inputs(folder, summary),
    )


def find_free_inputs(runs: Path) -> list[KeptInput]:
    """Return the kept inputs to which no folder of the runs and no signed list refers.

    A file whose name is not the hash of its bytes is none of ours, and stays.
    """
    named = [
        file
        for file in sorted((runs / INPUTS).glob("*"))
        if _SHA256.fullmatch(file.name) and file.is_file() and not file.is_symlink()
    ]
    needed = set(_iterate_needed(runs)) if named else set()
    return [
        KeptInput(file, file.stat().st_size)
        for file in named
        if file.name not in needed and hash_file(file) == file.name
    ]


def _iterate_needed(runs: Path) -> Iterator[str]:
    """Yield the hashes that folders of the runs, drafts included, and lists signed in the project refer to."""
    project = runs.resolve().parent if runs.resolve().name == RUN_ROOT else runs
    signed = {file.parent for file in project.rglob(SIGNATURE)}
    for folder in sorted({*runs.iterdir(), *signed}):
        file = folder / SUMMARY
        if not file.exists():
            continue
        try:
            entries = read_object(file)["inputs"]
            if not all(set(entry) == KEYS and _SHA256.fullmatch(entry["sha256"]) for entry in entries):
                raise ValueError
        except (DataError, OSError, LookupError, TypeError, ValueError) as error:
            text = _('what "{file}" needs cannot be read: no kept input is removed.', file=file)
            raise UsageError(text, code="usage.runs") from error
        yield from (entry["sha256"] for entry in entries)


def remove_free_inputs(runs: Path, named: list[KeptInput]) -> list[KeptInput]:
    """Remove those of the named inputs that are still free, one by one, and return them."""
    free = [one for one in find_free_inputs(runs) if one in named]
    for removable in free:
        try:
            removable.file.unlink(missing_ok=True)
        except OSError as error:
            raise build_write_error(quote_path(removable.file), error) from error
    return free
