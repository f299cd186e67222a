"""The run folder: what was asked, what was decided and what proves it, in files that explain themselves.

`runs/<id>-<hash8>/` has no date in its name. The same scenario with the same data has the same name and replaces
the folder whole.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tnt_sim.disk import fill, parquet_bytes, refusal
from tnt_sim.errors import DataError, Text, UsageError
from tnt_sim.result import Result
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.verify.documents import file_sha256, read_object, written
from tnt_sim.verify.run_files import (
    BOUND,
    CERTIFICATE,
    CSV,
    LOG,
    PARQUET,
    RESOLVED,
    SUMMARY,
    document_sha256,
    sealed_log,
)
from tnt_sim.view.award_list import csv_columns, parquet_columns
from tnt_sim.view.folder_swap import put_folder
from tnt_sim.view.provenance import code_hash, lock_hash, provenance, versions

RUN_ROOT = "runs"
_HEADER = """\
# Scénario résolu par tnt-sim : fusionné, complet, tel qu'il a été calculé. Ne pas modifier.
# Les fichiers sont nommés depuis le dossier du projet (« project » dans summary.json).
# Resolved scenario, merged and whole, as it was run. Files are named from the project folder.
"""


def write_run(result: Result, out: Path | None = None) -> Path:
    """Write the run folder of a result and give its path.

    Parameters
    ----------
    result : a result with an allocation
    out : the folder that holds run folders; `runs` in the project folder by default

    Raises
    ------
    UsageError
        The place cannot be written to, or something else than a run folder stands there.
    TntError
        The disk is full, or fails.
    """
    scenario = result.problem.scenario
    place = out if out is not None else scenario.root / RUN_ROOT
    target = place / folder_name(scenario)
    _refuse_strangers(target)
    try:
        put_folder(target, lambda folder: _write(result, folder, target))
    except OSError as error:
        what = Text(f"le dossier de calcul « {target} »", f'the run folder "{target}"')
        raise refusal(what, error, _ELSEWHERE) from error
    return target


def folder_name(scenario: Scenario) -> str:
    """`<id>-<hash8>`; what file systems do not like in the id is replaced by `-`."""
    safe = re.sub(r"[^\w.-]+", "-", scenario.id).strip(".-") or "scenario"
    return f"{safe}-{scenario.sha256[:8]}"


def is_run_folder(folder: Path) -> bool:
    """Whether a folder is one that we wrote: it has our summary."""
    try:
        return "scenario_sha256" in read_object(folder / SUMMARY)
    except (OSError, DataError):
        return False


def _refuse_strangers(target: Path) -> None:
    """Only a run folder of ours is ever replaced."""
    if not target.is_symlink() and (not target.exists() or is_run_folder(target)):
        return
    raise UsageError(
        Text(
            f"« {target} » existe et n'est pas un dossier de calcul : rien n'y est touché. "
            "Déplacez-le, ou choisissez un autre dossier avec --out.",
            f'"{target}" exists and is not a run folder: nothing in it is touched. '
            "Move it, or choose another folder with --out.",
        ),
        code="usage.out",
    )


_ELSEWHERE = Text("Choisissez un autre dossier avec --out.", "Choose another folder with --out.")


def _write(result: Result, folder: Path, target: Path) -> None:
    scenario, problem = result.problem.scenario, result.problem
    fill(folder / RESOLVED, resolved_yaml(scenario).encode())
    fill(folder / PARQUET, parquet_bytes(parquet_columns(result.dossiers)))
    fill(folder / CSV, csv_columns(result.dossiers, problem.case.timezone).write_csv().encode())
    fill(folder / CERTIFICATE, written(result.certificate).encode())
    files = {name: file_sha256(folder / name) for name in BOUND}
    made = Made(versions(), code_hash(), lock_hash())
    told = summary(result, target, files, made)
    fill(folder / SUMMARY, written(told).encode())
    fill(folder / LOG, sealed_log(result.log, told["seconds"]).encode())


@dataclass(frozen=True, slots=True)
class Made:
    """What made a run: the versions, and the hashes of the code and of the lock file."""

    versions: Mapping[str, str]
    code_sha256: str
    lock_sha256: str | None


def summary(result: Result, target: Path, files: Mapping[str, str], made: Made) -> dict[str, Any]:
    """The document of the run with what binds it; nothing but `seconds` depends on the clock.

    Parameters
    ----------
    result : the run
    target : its folder
    files : SHA-256 of the files beside the summary
    made : what made it
    """
    scenario = result.problem.scenario
    inputs = [{"path": f.path, "sha256": f.sha256, "kind": f.kind} for f in scenario.inputs]
    told = {
        **result.document,
        "run_dir": folder_name(scenario),
        "project": Path(os.path.relpath(scenario.root, target.resolve())).as_posix(),
        "sets": list(scenario.sets),
        "inputs": inputs,
        "versions": dict(made.versions),
        "files": dict(files),
        "provenance": provenance(
            inputs,
            files,
            made.versions,
            result.document["allocation_sha256"],
            made.code_sha256,
            made.lock_sha256,
        ),
    }
    return {**told, "document_sha256": document_sha256(told)}


def resolved_tree(scenario: Scenario) -> dict[str, Any]:
    """The merged scenario in plain values, its files named from the project folder."""
    tree: dict[str, Any] = {"schema_version": 1, **scenario.resolved()}
    for path, file in scenario.files.items():
        part: Any = tree
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = file
    return tree


def resolved_yaml(scenario: Scenario) -> str:
    """The merged scenario as YAML that reads back as the same scenario."""
    return _HEADER + to_yaml(resolved_tree(scenario))


def to_yaml(tree: Mapping[str, Any]) -> str:
    """Plain values as block YAML, nothing folded, no aliases."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.representer.ignore_aliases = lambda *_: True
    stream = io.StringIO()
    yaml.dump(dict(tree), stream)
    return stream.getvalue()
