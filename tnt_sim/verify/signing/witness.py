"""Checks against evidence from outside a run folder: location of its inputs, its name, and an expected hash.

Whoever writes a run folder writes every hash in it. A forger cannot choose the place of the project that the
reader knows, the name under which the folder was announced, or a hash received by another way.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tnt_sim.errors import Defect, UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.scenario.decision_register import INPUTS, REGISTER, SIGNATURE
from tnt_sim.scenario.yaml.safe_paths import MARKERS

HASHES = ("allocation_sha256", "document_sha256")
"""Hashes that `--expect` accepts: of the award list with its amounts, and of the whole document of the run."""

_HASHED_NAME = re.compile(r".*-[0-9a-f]{8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def normalise_hash(text: str) -> str:
    """Normalise the hash of `--expect` to lower case; UsageError if it is not a SHA-256 hash."""
    result = text.strip().lower()
    if not _SHA256.fullmatch(result):
        raise UsageError(
            _("--expect takes a whole SHA-256 hash: 64 hexadecimal digits."),
            code="usage.expect",
        )
    return result


def is_signed_entry(run_dir: Path, summary: Mapping[str, object]) -> bool:
    """Whether a folder is a register entry, which contains its inputs; a run folder never does."""
    kept = (run_dir / SIGNATURE).is_file() and (run_dir / INPUTS).is_dir()
    return kept and run_dir.resolve().name != summary.get("run_dir")


def list_witness_defects(
    run_dir: Path,
    summary: Mapping[str, object],
    project: Path,
    *,
    project_named: bool,
    for_act: bool = False,
) -> Iterator[Defect]:
    """Yield the defects that outside evidence shows; the path as typed counts, not the target of links.

    Parameters
    ----------
    project
        The project folder that was read.
    project_named
        Whether the reader named it.
    for_act
        Refuse a project that is not above the run folder, or lies inside another project; one inside the run
        folder is always refused.
    """
    if is_signed_entry(run_dir, summary):
        return
    typed, place = Path(os.path.abspath(run_dir)), run_dir.resolve()
    inside = project.is_relative_to(place)
    if not project_named and (inside or (for_act and not is_above(project, run_dir))):
        where = _("inside the run folder") if inside else _("elsewhere")
        text = _("the run names a project {where}, not above it: {project}.", where=where, project=project)
        yield _build_project_defect(run_dir, project, text)
    elif not project_named and for_act and (outer := _find_outer_project(project)) is not None:
        text = _(
            "the project of the run ({project}) lies inside another one ({outer}), as a received folder does.",
            project=project,
            outer=outer,
        )
        yield _build_project_defect(run_dir, project, text)
    for name in dict.fromkeys((typed.name, place.name)):
        if _HASHED_NAME.fullmatch(name) and name != summary.get("run_dir"):
            yield _build_name_defect(name, str(summary.get("run_dir")))


def is_above(project: Path, run_dir: Path) -> bool:
    """Return whether a project lies above a run folder as its path was typed."""
    return project in {folder.resolve() for folder in Path(os.path.abspath(run_dir)).parents}


def hash_defects(summary: Mapping[str, object], expected: str | None) -> Iterator[Defect]:
    """Yield a defect if none of the run's hashes is the one that the reader was given, see `normalise_hash`."""
    if expected is not None and expected not in [summary.get(name) for name in HASHES]:
        yield _build_hash_defect(summary, expected)


def _find_outer_project(project: Path) -> Path | None:
    """Return the nearest folder above a project that is one too: with a marker of its own, or a register."""
    return next(
        (
            folder
            for folder in project.parents
            if (folder / MARKERS[0]).is_file() or any((folder / REGISTER).glob(f"*/{SIGNATURE}"))
        ),
        None,
    )


def _build_project_defect(run_dir: Path, project: Path, text: Text) -> Defect:
    command = f"tnt-sim verify {shlex.quote(str(run_dir))} --project {shlex.quote(str(project))}"
    hint = _("If these are your original data, type: {command}", command=command)
    return Defect("project-place", text, hint=hint)


def _build_name_defect(name: str, own: str) -> Defect:
    return Defect(
        "run-name",
        _('the folder is named "{name}", and the run that it holds "{own}".', name=name, own=own),
        hint=_("Ask its sender for the run that was announced."),
    )


def _build_hash_defect(summary: Mapping[str, Any], expected: str) -> Defect:
    held = ", ".join(f"{name} {summary.get(name)}" for name in HASHES)
    return Defect(
        "expected-hash",
        _("the expected hash {expected} is not that of the run ({held}).", expected=expected, held=held),
        hint=_("Do not publish it: it is not this run."),
    )
