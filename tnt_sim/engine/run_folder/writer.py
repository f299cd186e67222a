"""Write a run folder: the request, the decision and its proof, in self-describing files.

`runs/<id>-<hash8>/` has no date in its name: the same scenario with the same data has the same
name, and replaces the folder as a whole. Beside it, `runs/inputs/` keeps each file that a run read, once, named by
its SHA-256, so that the run can be read though the project is edited.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tnt_sim.disk import build_write_error, create_folders, encode_parquet, fill, put, put_copy
from tnt_sim.documents import dump_document
from tnt_sim.engine.award_list import encode_csv, select_parquet_columns
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.atomic_write import put_folder
from tnt_sim.engine.run_folder.own_folder import copy_project, is_in_own_folder
from tnt_sim.engine.stored_run import RUN_ROOT, build_provenance, hash_code, hash_lock_file, list_versions
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.input_files import find_kept_folder
from tnt_sim.verify.run_files import (
    BOUND,
    CERTIFICATE,
    CSV,
    LOG,
    PARQUET,
    RESOLVED,
    SUMMARY,
    hash_file,
    hash_summary,
    read_object,
    seal_log,
    serialise_document,
)

_HEADER = """\
# Scénario résolu par tnt-sim : fusionné, complet, tel qu'il a été calculé. Ne pas modifier.
# Les fichiers sont nommés depuis le dossier du projet (« project » dans summary.json).
# Resolved scenario, merged and whole, as it was run. Files are named from the project folder.
"""


def write_run(result: ResultData, out: Path | None = None) -> Path:
    """Write the run folder of a result and return its path.

    Parameters
    ----------
    result : with an allocation
    out : parent folder; by default `runs` in the project folder. A scenario without a file gets a folder there,
        of its id, with its file, its tables and its run folder
    """
    scenario = result.problem.scenario
    is_own = is_in_own_folder(scenario)
    place = out if out is not None else (Path() if is_own else scenario.root) / RUN_ROOT
    if is_own:
        place = place / build_folder_name(scenario).rpartition("-")[0]
    target = place / build_folder_name(scenario)
    _refuse_strangers(target)
    copies: list[Path] = []
    try:
        with create_folders(place if is_own else find_kept_folder(target)):
            try:
                if is_own:
                    copy_project(scenario, place)
                else:
                    copies.extend(_keep_inputs(scenario, find_kept_folder(target)))
                put_folder(target, lambda folder: _write(result, folder, target))
            except BaseException:
                for file in copies:
                    file.unlink(missing_ok=True)
                raise
    except OSError as error:
        what = _('the run folder "{target}"', target=target)
        raise build_write_error(what, error, _ELSEWHERE) from error
    return target


def _keep_inputs(scenario: ScenarioData, folder: Path) -> Iterator[Path]:
    """Copy each input into a folder under its hash, and yield the new files.

    A table that has changed while the run was computed is left out.
    """
    for entry in scenario.inputs:
        target = folder / entry.sha256
        if target.is_file() and hash_file(target) == entry.sha256:
            continue
        if not put_copy(scenario.root / entry.path, target, entry.sha256):
            if not entry.content:
                continue
            put(target, entry.content)
        yield target


def list_lost_inputs(scenario: ScenarioData, run_dir: Path) -> list[str]:
    """Return the tables that changed while a run was computed, so that it has no copy of what it read."""
    if is_in_own_folder(scenario):
        return []
    folder = find_kept_folder(run_dir)
    return [entry.path for entry in scenario.inputs if not (folder / entry.sha256).is_file()]


def build_folder_name(scenario: ScenarioData) -> str:
    """Return `<id>-<hash8>`, with unsafe characters of the id replaced by "-"."""
    safe = re.sub(r"[^\w.-]+", "-", scenario.id).strip(".-") or "scenario"
    return f"{safe}-{scenario.sha256[:8]}"


def is_run_folder(folder: Path) -> bool:
    """Whether a folder is a run folder: it has our summary."""
    try:
        return "scenario_sha256" in read_object(folder / SUMMARY)
    except (OSError, DataError):
        return False


def _refuse_strangers(target: Path) -> None:
    """Refuse to replace anything other than a run folder."""
    if not target.is_symlink() and (not target.exists() or is_run_folder(target)):
        return
    raise UsageError(
        _(
            '"{target}" exists and is not a run folder: nothing in it is touched. Move it, or choose '
            "another folder with --out.",
            target=target,
        ),
        code="usage.out",
    )


_ELSEWHERE = _("Choose another folder with --out.")


def _write(result: ResultData, folder: Path, target: Path) -> None:
    scenario, problem = result.problem.scenario, result.problem
    fill(folder / RESOLVED, render_resolved_yaml(scenario).encode())
    fill(folder / PARQUET, encode_parquet(select_parquet_columns(result.dossiers)))
    fill(folder / CSV, encode_csv(result.dossiers, problem.case.timezone))
    fill(folder / CERTIFICATE, serialise_document(result.certificate).encode())
    files = {name: hash_file(folder / name) for name in BOUND}
    made = RunOrigin(list_versions(), hash_code(), hash_lock_file())
    told = build_summary(result, target, files, made)
    fill(folder / SUMMARY, serialise_document(told).encode())
    fill(folder / LOG, seal_log(result.log, told["seconds"]).encode())


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """What made a run: versions, and hashes of the code and of the lock file."""

    versions: Mapping[str, str]
    code_sha256: str
    lock_sha256: str | None


def build_summary(
    result: ResultData, target: Path, files: Mapping[str, str], origin: RunOrigin
) -> dict[str, Any]:
    """Return the document of the run with its hashes; only `seconds` depends on the clock.

    Parameters
    ----------
    result : the run
    target : its folder
    files : SHA-256 of the other files
    made : what made it
    """
    scenario = result.problem.scenario
    root = target.parent if is_in_own_folder(scenario) else scenario.root
    inputs = [{"path": f.path, "sha256": f.sha256, "kind": f.kind} for f in scenario.inputs]
    document = {
        **result.document,
        "run_dir": build_folder_name(scenario),
        "project": Path(os.path.relpath(root.resolve(), target.resolve())).as_posix(),
        "sets": list(scenario.sets),
        "inputs": inputs,
        "versions": dict(origin.versions),
        "files": dict(files),
        "provenance": dump_document(
            build_provenance(
                inputs,
                files,
                origin.versions,
                result.data.allocation_sha256,
                origin.code_sha256,
                origin.lock_sha256,
            )
        ),
    }
    return {**document, "document_sha256": hash_summary(document)}


def build_resolved_tree(scenario: ScenarioData) -> dict[str, Any]:
    """Return the merged scenario as plain values, with files relative to the project folder."""
    tree: dict[str, Any] = {"schema_version": 1, **scenario.resolve()}
    for path, file in scenario.files.items():
        piece: Any = tree
        for step in path[:-1]:
            piece = piece[step]
        piece[path[-1]] = file
    return tree


def render_resolved_yaml(scenario: ScenarioData) -> str:
    """Return the merged scenario as YAML that reads back as the same scenario."""
    return _HEADER + to_yaml(build_resolved_tree(scenario))


def to_yaml(tree: Mapping[str, object]) -> str:
    """Write plain values as block YAML, without folding or aliases."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.representer.ignore_aliases = lambda *__: True
    stream = io.StringIO()
    yaml.dump(dict(tree), stream)
    return stream.getvalue()
