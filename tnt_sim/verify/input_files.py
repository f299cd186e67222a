"""Input files of a run: where they are, and whether they are unchanged since the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tnt_sim.errors import Defect, Defects
from tnt_sim.i18n.message import _
from tnt_sim.scenario.decision_register import HELD, INPUTS
from tnt_sim.verify.run_files import hash_file
from tnt_sim.verify.signing.witness import is_signed_entry

KEYS = {"path", "sha256", "kind"}
NOT_THERE = frozenset({"input", "input-missing", "project"})
"""Codes for inputs that are missing or changed: the run cannot be checked then, but is not shown to be false."""

KINDS = ("scenario", "dossiers", "table")
_MOVED = _(
    "If the run folder or the project was moved, say where the project is: `tnt-sim verify "
    "RUN_DIR --project PROJECT`."
)


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


def check_inputs(summary: Mapping[str, object], project: Path, noted: Defects) -> Path | None:
    """Check that every input is present and unchanged; return the scenario file, or None if there is a defect."""
    entries = summary.get("inputs")
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        noted.add(
            "inputs",
            _('summary.json: the list "inputs" is not that of a run.'),
        )
        return None
    defects = list(_list_changed_inputs(entries, project))
    missing = [defect for defect in defects if defect.code == "input-missing"]
    if missing and len(missing) == len(entries):
        defects = [_build_project_defect(summary, project, entries)]
    scenario = next((project / entry["path"] for entry in entries if entry["kind"] == "scenario"), None)
    if scenario is None and not defects:
        defects.append(
            Defect(
                "inputs",
                _("summary.json does not name the scenario file among its inputs."),
            )
        )
    noted.entries.extend(defects)
    return None if defects else scenario


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and set(entry) == KEYS
        and all(isinstance(value, str) for value in entry.values())
        and entry["kind"] in KINDS
    )


def _list_changed_inputs(entries: list[dict[str, str]], project: Path) -> Iterator[Defect]:
    for entry in entries:
        name, file = entry["path"], (project / entry["path"]).resolve()
        if not file.is_relative_to(project):
            text = _('the input "{name}" is outside the project ({project}).', name=name, project=project)
            yield Defect("input-outside", text)
        elif not file.is_file():
            text = _('the input "{name}" is missing: looked for at {file}.', name=name, file=file)
            yield Defect("input-missing", text, hint=_MOVED)
        elif hash_file(file) != entry["sha256"]:
            text = _('the input "{name}" has changed since the run ({file}).', name=name, file=file)
            hint = _("Put the original file back, or run `tnt-sim run` again.")
            yield Defect("input", text, hint=hint)


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
