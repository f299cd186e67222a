"""A folder of the process for scenarios without a file of their own: what workers and run folders read.

Files are named by their content. The folder goes with the process.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from tnt_sim.disk import open_process_folder, put, put_all
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.safe_paths import MARKERS

_MARKER = b"# The folder of a project of tnt-sim.\n"


@cache
def get_own_folder() -> Path:
    """Return the folder; it is created at the first use."""
    folder = Path(open_process_folder().name).resolve()
    put(folder / MARKERS[0], _MARKER)
    return folder


def build_file_name(stem: str, data: bytes, suffix: str) -> str:
    """Return the name of a file with some content: `stem-hash8.suffix`, unsafe characters replaced by "-"."""
    safe = re.sub(r"[^\w.-]+", "-", stem).strip(".-") or "table"
    return f"{safe[:60]}-{hashlib.sha256(data).hexdigest()[:8]}{suffix}"


def put_into_own_folder(stem: str, data: bytes, suffix: str) -> Path:
    """Write a file into the folder, unless it is there, and return its path."""
    path = get_own_folder() / build_file_name(stem, data, suffix)
    if not path.is_file():
        put(path, data)
    return path


def is_in_own_folder(scenario: ScenarioData) -> bool:
    """Return whether the files of a scenario are in the folder, so that they end with the process."""
    is_open = get_own_folder.cache_info().currsize > 0
    return is_open and scenario.root == get_own_folder()


def copy_project(scenario: ScenarioData, place: Path) -> None:
    """Write the files of a scenario of the folder into another one, which becomes its project folder."""
    files = {place / entry.path: (scenario.root / entry.path).read_bytes() for entry in scenario.inputs}
    files[place / MARKERS[0]] = _MARKER
    put_all({path: data for path, data in files.items() if not path.is_file() or path.read_bytes() != data})
