"""JSON documents: read strictly, hashed whatever their layout, compared value by value with the path of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tnt_sim.deadline import Deadline
from tnt_sim.errors import DataError, Defect, Place, Text

SHOWN = 20
MOST_BYTES = 512 << 20
"""Bytes of one file of a run folder: ten times those of a million dossiers."""
MOST_VALUES = 20_000_000
"""Values of one JSON file."""
READ_SECONDS = 120.0
"""Seconds for one file of a run folder: ten times those of a million dossiers."""
_CHUNK = 16 << 20
_MISSING = "—"


def canonical_sha256(document: Any) -> str:
    """SHA-256 of a JSON value with sorted keys and no spaces, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(file: Path) -> str:
    """SHA-256 of the bytes of a file; DataError where reading it takes longer than `READ_SECONDS`."""
    found = hashlib.sha256()
    for chunk in in_time(_chunks(file), file):
        found.update(chunk)
    return found.hexdigest()


def bytes_of(file: Path) -> bytes:
    """The bytes of a file; DataError where reading them takes longer than `READ_SECONDS`."""
    return b"".join(in_time(_chunks(file), file))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from iter(lambda: stream.read(_CHUNK), b"")


def in_time[Part](parts: Iterable[Part], file: Path) -> Iterator[Part]:
    """The parts of a file of a run folder, one after the other; DataError once that takes too long."""
    deadline = Deadline(READ_SECONDS)
    for part in parts:
        _check(deadline, file)
        yield part


def _check(deadline: Deadline, file: Path) -> None:
    if deadline.expired:
        raise unreadable(
            file,
            f"sa lecture a pris plus de {READ_SECONDS:.0f} s",
            f"reading it took more than {READ_SECONDS:.0f} s",
        )


def written(document: Mapping[str, Any]) -> str:
    """A document as a run folder holds it."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def too_large(file: Path) -> Defect | None:
    """What is said of a file of a run folder that is larger than any run writes; its size alone is looked at."""
    size = file.stat().st_size
    if size <= MOST_BYTES:
        return None
    most = MOST_BYTES >> 20
    return unreadable_defect(
        file,
        f"il a {size} octets, et un calcul en écrit {most} Mio au plus",
        f"it has {size} bytes, and a run writes {most} MiB at most",
    )


def read_object(file: Path) -> dict[str, Any]:
    """The object of a JSON file; DataError for anything else: a key twice, NaN, too many values, too slow."""
    deadline = Deadline(READ_SECONDS)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _check(deadline, file)
        return _once(pairs)

    try:
        large = too_large(file)
        if large is not None:
            raise DataError([large])
        data = bytes_of(file)
        if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
            raise unreadable(
                file, f"il a plus de {MOST_VALUES} valeurs", f"it holds more than {MOST_VALUES} values"
            )
        found = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(file, str(error)) from None
    if not isinstance(found, dict):
        raise unreadable(file, "ce n'est pas un objet JSON", "it is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def unreadable(file: Path, fr: str, en: str | None = None) -> DataError:
    """The error of a file of a run folder that cannot be read."""
    return DataError([unreadable_defect(file, fr, en)])


def unreadable_defect(file: Path, fr: str, en: str | None = None) -> Defect:
    """What is said of a file of a run folder that cannot be read."""
    return Defect(
        "run-folder",
        Text(f"« {file.name} » ne se lit pas : {fr}.", f'"{file.name}" cannot be read: {en or fr}.'),
        (Place(file=str(file)),),
        Text(
            "Reprenez ce fichier dans une copie du calcul, ou relancez `tnt-sim run`.",
            "Take this file from a copy of the run, or run `tnt-sim run` again.",
        ),
    )


def differences(stored: Any, again: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, stored, read again) of each value in which two documents differ; 1, 1.0 and true are three values."""
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in [*again, *(key for key in stored if key not in again)]:
            below = f"{path}.{key}" if path else str(key)
            yield from differences(stored.get(key, _MISSING), again.get(key, _MISSING), below)
    elif isinstance(stored, list) and isinstance(again, list):
        if len(stored) != len(again):
            yield f"{path}.length", len(stored), len(again)
        for k, (one, other) in enumerate(zip(stored, again, strict=False)):
            yield from differences(one, other, f"{path}[{_name(other, k)}]")
    elif type(stored) is not type(again) or stored != again:
        yield path, stored, again


def _name(entry: Any, number: int) -> str:
    """How an entry of a list is named: by its id, its group or its path, else by its number."""
    if isinstance(entry, dict):
        for key in ("id", "group", "path"):
            if isinstance(entry.get(key), str) and entry[key]:
                return str(entry[key])
    return str(number)


def told_differences(stored: Any, again: Any, path: str = "") -> list[Defect]:
    """A defect for each figure of `summary.json` that is not the one read again."""
    return [difference_of(*found) for found in islice(differences(stored, again, path), SHOWN)]


def difference_of(path: str, stored: Any, again: Any) -> Defect:
    """The defect of one figure."""
    one, other = _short(stored), _short(again)
    return Defect(
        f"summary:{path}",
        Text(
            f"summary.json dit {one} pour « {path} » ; la relecture donne {other}.",
            f'summary.json says {one} for "{path}"; reading again gives {other}.',
        ),
    )


def _short(value: Any) -> str:
    text = value if value == _MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"
