"""A scenario written to a file, with its tables beside it, so that it reads back with the same hash."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.engine.run_folder.own_folder import build_file_name
from tnt_sim.engine.run_folder.writer import build_resolved_tree, to_yaml
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.decision_register import COMMITTED_FROM
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.safe_paths import project_root


def render_yaml(scenario: ScenarioData, names: Mapping[str, str] | None = None) -> str:
    """Return the merged scenario as the text of a file.

    Parameters
    ----------
    scenario : the scenario
    names : how the file names each table, by its path from the project folder; by default by that path
    """
    tree = build_resolved_tree(scenario)
    for path, file in scenario.files.items():
        entry: Any = tree
        for step in path[:-1]:
            entry = entry[step]
        entry[path[-1]] = (names or {}).get(file, file)
    return to_yaml(tree)


def write_yaml(scenario: ScenarioData, path: Path, *, overwrite: bool = False) -> Path:
    """Write the merged scenario to a file, and copies of tables from outside its project beside it.

    Raises
    ------
    UsageError
        If a file with other content is there and `overwrite` is not given, or a register would have to be copied.
    TntError
        If the disk is full or fails.
    """
    folder = path.parent.resolve()
    names: dict[str, str] = {}
    files: dict[Path, bytes] = {}
    for key, file in scenario.files.items():
        source = scenario.root / file
        if project_root(folder / path.name) == scenario.root:
            names[file] = Path(os.path.relpath(source, folder)).as_posix()
            continue
        if key == COMMITTED_FROM:
            text = _(
                'the scenario names a register of decisions: choose a file inside "{root}".',
                root=scenario.root,
            )
            raise UsageError(text, code="usage.out")
        data = source.read_bytes()
        is_named = build_file_name(source.stem.rpartition("-")[0], data, source.suffix) == source.name
        names[file] = source.name if is_named else build_file_name(source.stem, data, source.suffix)
        files[folder / names[file]] = data
    files[folder / path.name] = render_yaml(scenario, names).encode()
    changed = {file: data for file, data in files.items() if not file.is_file() or file.read_bytes() != data}
    for target in changed:
        if target.exists() and not overwrite:
            text = _(
                '"{path}" exists with other content: choose another name, or give overwrite=True.',
                path=target,
            )
            raise UsageError(text, code="usage.out")
    try:
        put_all(changed)
    except OSError as error:
        raise build_write_error(quote_path(path), error) from error
    return path
