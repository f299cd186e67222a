"""Files of a run folder: strict JSON, hashes, and comparison of stored documents with recomputed ones.

`summary.json` holds the SHA-256 of the other files and of itself; `check_files` verifies that all files are
present and unchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tnt_sim.deadline import Deadline
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import Text, _

MAX_DIFFERENCES = 20
MOST_BYTES = 512 << 20
"""Largest file accepted: ten times that of a run with a million dossiers."""
MOST_VALUES = 20_000_000
"""Most values in one JSON file."""
READ_SECONDS = 120.0
"""Time to read one file: ten times that of a run with a million dossiers."""
_CHUNK = 16 << 20
_MISSING = "—"


def hash_canonical(document: object) -> str:
    """Compute the SHA-256 of a JSON value in canonical form: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(file: Path) -> str:
    """Compute the SHA-256 of a file; DataError if reading takes longer than `READ_SECONDS`."""
    result = hashlib.sha256()
    for chunk in limit_reading_time(_read_chunks(file), file):
        result.update(chunk)
    return result.hexdigest()


def read_file(file: Path) -> bytes:
    """Read a file; DataError if that takes longer than `READ_SECONDS`."""
    return b"".join(limit_reading_time(_read_chunks(file), file))


def _read_chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from iter(lambda: stream.read(_CHUNK), b"")


def limit_reading_time[Part](items: Iterable[Part], file: Path) -> Iterator[Part]:
    """Yield the parts of a file; DataError once that takes longer than `READ_SECONDS`."""
    deadline = Deadline(READ_SECONDS)
    for part in items:
        _check(deadline, file)
        yield part


def _check(deadline: Deadline, file: Path) -> None:
    if deadline.expired:
        raise build_unreadable_error(
            file,
            _("reading it took more than {read_seconds} s", read_seconds=round(READ_SECONDS)),
        )


def serialise_document(document: Mapping[str, object]) -> str:
    """Serialise a document as a run folder stores it."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def check_size(file: Path) -> Defect | None:
    """Return the defect of a file that is larger than any run writes; None if it is not too large."""
    size = file.stat().st_size
    if size <= MOST_BYTES:
        return None
    most = MOST_BYTES >> 20
    return build_unreadable_defect(
        file,
        _("it has {size} bytes, and a run writes {most} MiB at most", size=size, most=most),
    )


def read_object(file: Path) -> dict[str, Any]:
    """Read the object of a JSON file, strictly."""
    deadline = Deadline(READ_SECONDS)

    def require_unique_in_time(pairs: list[tuple[str, object]]) -> dict[str, Any]:
        _check(deadline, file)
        return _require_unique_keys(pairs)

    try:
        large = check_size(file)
        if large is not None:
            raise DataError([large])
        data = read_file(file)
        if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
            raise build_unreadable_error(
                file, _("it holds more than {most_values} values", most_values=MOST_VALUES)
            )
        result = json.loads(
            data.decode("utf-8"), object_pairs_hook=require_unique_in_time, parse_constant=_refuse_constant
        )
    except (OSError, ValueError, RecursionError) as error:
        raise build_unreadable_error(file, str(error)) from None
    if not isinstance(result, dict):
        raise build_unreadable_error(file, _("it is not a JSON object"))
    return result


def _require_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, __ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return result


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def build_unreadable_error(file: Path, reason: Text | str) -> DataError:
    """Build the error for a file of a run folder that cannot be read."""
    return DataError([build_unreadable_defect(file, reason)])


def build_unreadable_defect(file: Path, reason: Text | str) -> Defect:
    """Build the defect for a file of a run folder that cannot be read."""
    return Defect(
        "run-folder",
        _('"{name}" cannot be read: {reason}.', name=file.name, reason=reason),
        (Place(file=str(file)),),
        _("Take this file from a copy of the run, or run `tnt-sim run` again."),
    )


def iterate_differences(stored: object, again: object, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, stored, recomputed) for each value in which two documents differ; 1, 1.0 and true differ."""
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in [*again, *(key for key in stored if key not in again)]:
            below = f"{path}.{key}" if path else str(key)
            yield from iterate_differences(stored.get(key, _MISSING), again.get(key, _MISSING), below)
    elif isinstance(stored, list) and isinstance(again, list):
        if len(stored) != len(again):
            yield f"{path}.length", len(stored), len(again)
        for k, (one, other) in enumerate(zip(stored, again, strict=False)):
            yield from iterate_differences(one, other, f"{path}[{_get_entry_name(other, k)}]")
    elif type(stored) is not type(again) or stored != again:
        yield path, stored, again


def _get_entry_name(entry: Any, number: int) -> str:
    """Name an entry of a list by its id, group or path, otherwise by its number."""
    if isinstance(entry, dict):
        for key in ("id", "group", "path"):
            if isinstance(entry.get(key), str) and entry[key]:
                return str(entry[key])
    return str(number)


def list_differences(stored: object, again: object, path: str = "") -> list[Defect]:
    """Return defects, at most `MAX_DIFFERENCES`: figures of `summary.json` that differ when recomputed."""
    return [
        build_difference_defect(*found)
        for found in islice(iterate_differences(stored, again, path), MAX_DIFFERENCES)
    ]


def build_difference_defect(path: str, stored: object, again: object) -> Defect:
    """Build the defect of one figure."""
    text, other = _format_value(stored), _format_value(again)
    return Defect(
        f"summary:{path}",
        _(
            'summary.json says {stored} for "{path}"; reading again gives {reread}.',
            stored=text,
            path=path,
            reread=other,
        ),
    )


def build_malformed_defect(path: str) -> Defect:
    """Build the defect of a key that is missing, or whose value is of another kind than every run writes."""
    return Defect(
        f"summary:{path}",
        _('"{path}" is missing from summary.json, or is not a value that a run writes.', path=path),
        hint=_AGAIN,
    )


def _format_value(value: Any) -> str:
    text = value if value == _MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


SUMMARY = "summary.json"
RESOLVED = "scenario.resolved.yaml"
PARQUET = "allocation.parquet"
CSV = "allocation.csv"
CERTIFICATE = "certificate.json"
LOG = "solver.log"
BOUND = (RESOLVED, PARQUET, CSV, CERTIFICATE)
"""Files whose hash `summary.json` holds under `files`."""

RUN_FILES = (*BOUND, SUMMARY, LOG)
_SEAL = "sha256 of the lines above and of `seconds` in summary.json: "
_AGAIN = _("Run `tnt-sim run` again.")


def hash_summary(summary: Mapping[str, object]) -> str:
    """Compute the SHA-256 of a summary in canonical form, without `seconds` and without this hash itself."""
    return hash_canonical({k: v for k, v in summary.items() if k not in ("seconds", "document_sha256")})


def seal_log(log: str, seconds: Mapping[str, float]) -> str:
    """Add a last line to a solver log, with a hash of the log and of the run's seconds."""
    body = log if not log or log.endswith("\n") else f"{log}\n"
    return f"{body}{_SEAL}{_seal(body, seconds)}\n"


def _seal(body: str, seconds: Any) -> str:
    return hashlib.sha256(f"{body}{hash_canonical(seconds)}".encode()).hexdigest()


def read_summary(run_dir: Path) -> dict[str, Any]:
    """Read `summary.json` of a run folder; DataError if it is not a run folder."""
    file = run_dir / SUMMARY
    if not run_dir.is_dir():
        text = _(
            'there is no folder "{run_dir}" (looked for: {resolve}).',
            run_dir=run_dir,
            resolve=run_dir.resolve(),
        )
        raise DataError([Defect("run-folder", text, hint=_build_folder_hint())])
    if not file.is_file():
        text = _('"{run_dir}" is not a run folder: it has no summary.json.', run_dir=run_dir)
        raise DataError([Defect("run-folder", text, hint=_build_folder_hint())])
    return read_object(file)


def _build_folder_hint() -> Text:
    return _("Give the folder that `tnt-sim run` named (runs/…).")


def check_files(run_dir: Path, summary: Mapping[str, object], defects: Defects) -> None:
    """Check that every file is present, under its own name, with the content that the summary's hashes fix."""
    bound = summary.get("files")
    if not isinstance(bound, dict) or not isinstance(summary.get("document_sha256"), str):
        defects.add(
            "files",
            _("summary.json does not hold the hashes of the run's files."),
            hint=_AGAIN,
        )
        return
    for name in RUN_FILES:
        file = run_dir / name
        large = check_size(file) if file.is_file() else None
        if large is not None:
            raise DataError([large])
        if not file.is_file():
            defects.entries.append(_build_missing_defect(run_dir, name, bound.get(name)))
        elif name in BOUND and bound.get(name) != hash_file(file):
            defects.entries.append(build_rewritten_defect(file))
    _check_layout(run_dir / SUMMARY, summary, defects)
    _check_log(run_dir / LOG, summary, defects)


def _build_missing_defect(run_dir: Path, name: str, sha256: Any) -> Defect:
    twin = next(
        (
            file.name
            for file in sorted(run_dir.iterdir())
            if file.is_file() and file.name not in RUN_FILES and hash_file(file) == sha256
        ),
        None,
    )
    text = _('"{name}" is missing from "{run_dir}".', name=name, run_dir=run_dir)
    hint = _AGAIN
    if twin is not None:
        hint = _('"{twin}" holds it: give it its name back.', twin=twin)
    return Defect(f"file:{name}", text, hint=hint)


def _check_layout(file: Path, summary: Mapping[str, Any], defects: Defects) -> None:
    """Check that `summary.json` is unchanged, to the byte."""
    changed = summary["document_sha256"] != hash_summary(summary)
    if changed or read_file(file) != serialise_document(summary).encode():
        defects.entries.append(build_rewritten_defect(file))


def build_rewritten_defect(file: Path) -> Defect:
    """Build the defect of a file whose content is no longer that of the run."""
    return Defect(
        f"file:{file.name}",
        _('"{file_name}" is no longer the file that the run wrote.', file_name=file.name),
        (Place(file=str(file)),),
        _AGAIN,
    )


def _check_log(file: Path, summary: Mapping[str, Any], defects: Defects) -> None:
    """Check the hash in the last line of the log, which covers the log and the seconds."""
    if not file.is_file():
        return
    try:
        text = read_file(file).decode("utf-8")
    except ValueError as error:
        defects.entries.append(build_unreadable_defect(file, str(error)))
        return
    body, __, seal = text.rpartition(_SEAL)
    if seal != f"{_seal(body, summary.get('seconds'))}\n":
        defects.add(
            f"file:{LOG}",
            _('solver.log, or "seconds" in summary.json, is no longer what the run wrote.'),
            Place(file=str(file)),
            hint=_AGAIN,
        )
