"""Input files of a run: where they are, unchanged since the run, and what has changed in its project.

They are read in the project. Where one of them has changed there, or is gone, the copies are read that the run
keeps beside it, in `inputs`, each named by its hash. A copy is used by its hash, never by its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from tnt_sim.disk import build_write_error, open_process_folder, put_copy, quote_path, touch
from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items
from tnt_sim.scenario.decision_register import HELD, INPUTS
from tnt_sim.scenario.yaml.safe_paths import MARKERS
from tnt_sim.verify.run_files import hash_canonical, hash_file
from tnt_sim.verify.signing.witness import is_signed_entry

KEYS = {"path", "sha256", "kind"}
NOT_THERE = frozenset({"input", "input-missing", "project"})
"""Codes for inputs that are missing or changed: the run cannot be checked then, but is not shown to be false."""

KINDS = ("scenario", "dossiers", "table")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_COMPARED = 2_000
"""Most lines, between those that begin and end alike, of which changes are counted in order."""
_MOVED = _(
    "If the run folder or the project was moved, say where the project is: `tnt-sim verify "
    "RUN_DIR --project PROJECT`."
)


@dataclass(frozen=True, slots=True)
class RunInputs:
    """Where the inputs of a run are, as it read them.

    Attributes
    ----------
    folder : folder that holds each under its path: the project, or copies of this process
    scenario : the scenario file there
    files : file that was read, by its path in the project
    kept_paths : paths of those that were read from the copies that the run or its signed list keeps
    is_named : whether the reader named the project
    since : what has changed in the project since, as one sentence; None if nothing has
    """

    folder: Path
    scenario: Path
    files: Mapping[str, Path]
    kept_paths: frozenset[str] = frozenset()
    is_named: bool = False
    since: Text | None = None

    @property
    def is_kept(self) -> bool:
        """Whether any of them is a kept copy."""
        return bool(self.kept_paths)


def project_of(run_dir: Path, summary: Mapping[str, object]) -> Path:
    """Return the project folder named by a summary; a signed list keeps its inputs beside it."""
    if is_signed_entry(run_dir, summary):
        return (run_dir / INPUTS).resolve()
    return (run_dir.resolve() / str(summary.get("project", "."))).resolve()


def register_of(summary: Mapping[str, object]) -> str | None:
    """Return the register entry that a run started from; later entries do not change it."""
    entries = summary.get("inputs")
    paths = [entry["path"] for entry in entries if _is_entry(entry)] if isinstance(entries, list) else []
    return next((path for path in paths if path.rpartition("/")[2] == HELD), None)


def find_kept_folder(run_dir: Path) -> Path:
    """Return the folder that keeps the inputs of a run; the path as typed counts, not the target of links."""
    return run_dir.absolute().parent / INPUTS


def find_inputs(
    run_dir: Path, summary: Mapping[str, object], project: Path | None, noted: Defects
) -> RunInputs | None:
    """Find every input as the run read it: in the project, else among the files kept beside the run.

    Parameters
    ----------
    project : project folder, if the reader names it; then inputs are read there alone
    noted : takes the defects
    """
    entries = summary.get("inputs")
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        noted.add(
            "inputs",
            _('summary.json: the list "inputs" is not that of a run.'),
        )
        return None
    place = (project or project_of(run_dir, summary)).resolve()
    scenario = next((entry["path"] for entry in entries if entry["kind"] == "scenario"), None)
    kept_in = None if project is not None or is_signed_entry(run_dir, summary) else find_kept_folder(run_dir)
    changed = {
        entry["path"]: defect
        for entry in entries
        if (defect := _check_input(entry, place, kept_in)) is not None
    }
    defects = list(changed.values())
    if scenario is None and not defects:
        defects.append(
            Defect(
                "inputs",
                _("summary.json does not name the scenario file among its inputs."),
            )
        )
    if scenario is not None and not defects:
        files = {entry["path"]: (place / entry["path"]).resolve() for entry in entries}
        kept = frozenset(files if is_signed_entry(run_dir, summary) else ())
        return RunInputs(place, place / scenario, files, kept, is_named=project is not None)
    if scenario is not None and kept_in is not None:
        copies = _find_kept(kept_in, entries, changed, noted)
        if copies is not None:
            files = {
                path: copies.get(path, (place / path).resolve()) for path in (e["path"] for e in entries)
            }
            folder = _copy_inputs(entries, files)
            shown = kept_in if run_dir.name in ("", "..") else run_dir.parent / INPUTS
            text = _describe_changes(str(summary.get("run_dir")), shown, place, entries, copies)
            return RunInputs(folder, folder / scenario, files, frozenset(copies), since=text)
        if any(defect.code == _KEPT_INPUT for defect in noted.entries):
            return None
    missing = [defect for defect in defects if defect.code == "input-missing"]
    if missing and len(missing) == len(entries):
        defects = [_build_project_defect(summary, place, entries)]
    noted.entries.extend(defects)
    return None


def list_changed_inputs(run_dir: Path, summary: Mapping[str, object]) -> list[str]:
    """Return the inputs of a run that are gone from its project, or have changed there."""
    project, entries = project_of(run_dir, summary).resolve(), summary.get("inputs")
    known = [entry for entry in entries if _is_entry(entry)] if isinstance(entries, list) else []
    return [entry["path"] for entry in known if _check_input(entry, project, None) is not None]


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and set(entry) == KEYS
        and all(isinstance(value, str) for value in entry.values())
        and entry["kind"] in KINDS
    )


def _check_input(entry: Mapping[str, str], project: Path, copies: Path | None) -> Defect | None:
    """Return what speaks against an input in the project; None if it is as the run read it."""
    name, file = entry["path"], (project / entry["path"]).resolve()
    if ".." in Path(name).parts or Path(name).is_absolute() or not file.is_relative_to(project):
        text = _('the input "{name}" is outside the project ({project}).', name=name, project=project)
        return Defect("input-outside", text)
    if not file.is_file():
        text = _('the input "{name}" is missing: looked for at {file}.', name=name, file=file)
        return Defect("input-missing", text, hint=_MOVED)
    if hash_file(file) == entry["sha256"]:
        return None
    text = _('the input "{name}" has changed since the run ({file}).', name=name, file=file)
    return Defect(
        "input",
        text,
        hint=_BACK
        if copies is None
        else _("{kept} holds no copy of it. {remedy}", kept=copies, remedy=_BACK),
    )


_BACK = _("Put the original file back, or run `tnt-sim run` again.")
_KEPT_INPUT = "kept-input"


def _find_kept(
    folder: Path, entries: list[dict[str, str]], changed: Mapping[str, Defect], noted: Defects
) -> dict[str, Path] | None:
    """Return the kept file of each changed input; None if one is not kept, or has another hash: a defect."""
    result: dict[str, Path] = {}
    if any(defect.code == "input-outside" for defect in changed.values()):
        return None
    for entry in entries:
        path, sha256 = entry["path"], entry["sha256"]
        if path not in changed:
            continue
        file = folder / sha256
        if not _SHA256.fullmatch(sha256) or file.is_symlink() or not file.is_file():
            return None
        if hash_file(file) != sha256:
            text = _('the kept copy of the input "{name}" is no longer what the run read.', name=path)
            noted.entries.append(Defect(_KEPT_INPUT, text, (Place(file=str(file)),), _BACK))
            return None
        result[path] = file
    return result


def _copy_inputs(entries: list[dict[str, str]], files: Mapping[str, Path]) -> Path:
    """Copy inputs into a folder of this process, each under its path, and return the folder.

    The copies are hashed as they are made; a file that changes meanwhile is left out.
    """
    folder = Path(open_process_folder().name).resolve() / hash_canonical(entries)
    try:
        for entry in entries:
            target = folder / entry["path"]
            if not target.is_file():
                put_copy(files[entry["path"]], target, entry["sha256"])
        if not (folder / MARKERS[0]).exists():
            touch(folder / MARKERS[0])
    except OSError as error:
        remedy = _("Name a folder with more space in the variable TMPDIR.")
        raise build_write_error(quote_path(folder), error, remedy) from error
    return folder


def _describe_changes(
    run: str, folder: Path, project: Path, entries: list[dict[str, str]], copies: Mapping[str, Path]
) -> Text:
    """Name the run, the folder that keeps its inputs, and what has changed in the project."""
    scenario = next(entry["path"] for entry in entries if entry["kind"] == "scenario")
    kinds = {entry["path"]: entry["kind"] for entry in entries}
    changes = []
    for path, file in copies.items():
        now = (project / path).resolve()
        name = _("the scenario") if path == scenario else _('"{name}"', name=path)
        if not now.is_file():
            changes.append(_("{name} is no longer there", name=name))
        elif kinds[path] == "scenario" and (n := count_changed_lines(file, now)):
            changes.append(
                _n(
                    "{name} has changed since ({n} line)",
                    "{name} has changed since ({n} lines)",
                    n=n,
                    name=name,
                )
            )
        else:
            changes.append(_("{name} has changed since", name=name))
    return _(
        "{run} is read as it was computed, from the files kept in {folder}: {changes}.",
        run=run,
        folder=folder,
        changes=Items(changes, ","),
    )


def count_changed_lines(before: Path, now: Path) -> int:
    """Count the lines that differ between two texts: replaced, added or removed."""
    old, new = before.read_bytes().splitlines(), now.read_bytes().splitlines()
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    pairs = enumerate(zip(old, new, strict=False))
    start = next((k for k, (one, two) in pairs if one != two), min(len(old), len(new)))
    old, new = old[start:], new[start:]
    if max(len(old), len(new)) > _MOST_COMPARED:
        left, added = Counter(old), Counter(new)
        return max((left - added).total(), (added - left).total())
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")


def _build_project_defect(summary: Mapping[str, Any], project: Path, entries: list[dict[str, str]]) -> Defect:
    names = ", ".join(entry["path"] for entry in entries[:3])
    return Defect(
        "project",
        _(
            'no input of the run is in {project} ("project": {folder}); looked for: {names}.',
            project=project,
            folder=str(summary.get("project")),
            names=names,
        ),
        hint=_MOVED,
    )
