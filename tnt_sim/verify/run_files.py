"""The files of a run folder: all there, and the bytes that `summary.json` binds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tnt_sim.errors import DataError, Defect, Defects, Place, Text
from tnt_sim.verify.documents import (
    bytes_of,
    canonical_sha256,
    file_sha256,
    read_object,
    too_large,
    unreadable_defect,
    written,
)

SUMMARY = "summary.json"
RESOLVED = "scenario.resolved.yaml"
PARQUET = "allocation.parquet"
CSV = "allocation.csv"
CERTIFICATE = "certificate.json"
LOG = "solver.log"
BOUND = (RESOLVED, PARQUET, CSV, CERTIFICATE)
"""The files whose hash `summary.json` holds under `files`."""

RUN_FILES = (*BOUND, SUMMARY, LOG)
_SEAL = "sha256 of the lines above and of `seconds` in summary.json: "
_AGAIN = Text("Relancez `tnt-sim run`.", "Run `tnt-sim run` again.")


def document_sha256(summary: Mapping[str, Any]) -> str:
    """SHA-256 of a summary as canonical JSON, without `seconds` and without this hash itself."""
    return canonical_sha256({k: v for k, v in summary.items() if k not in ("seconds", "document_sha256")})


def sealed_log(log: str, seconds: Mapping[str, float]) -> str:
    """A solver log with a last line that binds it and the seconds of the run, the two that depend on the clock."""
    body = log if not log or log.endswith("\n") else f"{log}\n"
    return f"{body}{_SEAL}{_seal(body, seconds)}\n"


def _seal(body: str, seconds: Any) -> str:
    return hashlib.sha256(f"{body}{canonical_sha256(seconds)}".encode()).hexdigest()


def read_summary(run_dir: Path) -> dict[str, Any]:
    """`summary.json` of a run folder; DataError when it is no run folder."""
    file = run_dir / SUMMARY
    if not run_dir.is_dir():
        text = Text(
            f"il n'y a pas de dossier « {run_dir} » (cherché : {run_dir.resolve()}).",
            f'there is no folder "{run_dir}" (looked for: {run_dir.resolve()}).',
        )
        raise DataError([Defect("run-folder", text, hint=_which())])
    if not file.is_file():
        text = Text(
            f"« {run_dir} » n'est pas un dossier de calcul : il n'a pas de summary.json.",
            f'"{run_dir}" is no run folder: it has no summary.json.',
        )
        raise DataError([Defect("run-folder", text, hint=_which())])
    return read_object(file)


def _which() -> Text:
    return Text(
        "Donnez le dossier que `tnt-sim run` a nommé (runs/…).",
        "Give the folder that `tnt-sim run` named (runs/…).",
    )


def check_files(run_dir: Path, summary: Mapping[str, Any], found: Defects) -> None:
    """Every file is there under its own name with the bytes that the summary binds."""
    bound = summary.get("files")
    if not isinstance(bound, dict) or not isinstance(summary.get("document_sha256"), str):
        found.add(
            "files",
            Text(
                "summary.json ne donne pas l'empreinte des fichiers du calcul.",
                "summary.json does not hold the hashes of the run's files.",
            ),
            hint=_AGAIN,
        )
        return
    for name in RUN_FILES:
        file = run_dir / name
        large = too_large(file) if file.is_file() else None
        if large is not None:
            raise DataError([large])
        if not file.is_file():
            found.found.append(_missing(run_dir, name, bound.get(name)))
        elif name in BOUND and bound.get(name) != file_sha256(file):
            found.found.append(rewritten(file))
    _check_layout(run_dir / SUMMARY, summary, found)
    _check_log(run_dir / LOG, summary, found)


def _missing(run_dir: Path, name: str, sha256: Any) -> Defect:
    twin = next(
        (
            file.name
            for file in sorted(run_dir.iterdir())
            if file.is_file() and file.name not in RUN_FILES and file_sha256(file) == sha256
        ),
        None,
    )
    text = Text(f"« {name} » manque dans « {run_dir} ».", f'"{name}" is missing from "{run_dir}".')
    hint = _AGAIN
    if twin is not None:
        hint = Text(
            f"Son contenu est dans « {twin} » : rendez-lui son nom.",
            f'"{twin}" holds it: give it its name back.',
        )
    return Defect(f"file:{name}", text, hint=hint)


def _check_layout(file: Path, summary: Mapping[str, Any], found: Defects) -> None:
    """`summary.json` is as it was written, to the byte."""
    changed = summary["document_sha256"] != document_sha256(summary)
    if changed or bytes_of(file) != written(summary).encode():
        found.found.append(rewritten(file))


def rewritten(file: Path) -> Defect:
    """What is said of a file whose bytes are no longer those of the run."""
    return Defect(
        f"file:{file.name}",
        Text(
            f"« {file.name} » n'est plus le fichier que le calcul a écrit.",
            f'"{file.name}" is no longer the file that the run wrote.',
        ),
        (Place(file=str(file)),),
        _AGAIN,
    )


def _check_log(file: Path, summary: Mapping[str, Any], found: Defects) -> None:
    """The log's last line binds it and the seconds."""
    if not file.is_file():
        return
    try:
        text = bytes_of(file).decode("utf-8")
    except ValueError as error:
        found.found.append(unreadable_defect(file, str(error)))
        return
    body, _, seal = text.rpartition(_SEAL)
    if seal != f"{_seal(body, summary.get('seconds'))}\n":
        found.add(
            f"file:{LOG}",
            Text(
                "solver.log, ou « seconds » dans summary.json, n'est plus ce que le calcul a écrit.",
                'solver.log, or "seconds" in summary.json, is no longer what the run wrote.',
            ),
            Place(file=str(file)),
            hint=_AGAIN,
        )
