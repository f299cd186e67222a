"""What the shell proposes after TAB: scenarios, run folders, and the paths that `--set` takes.

Proposals come from the names of files and from the text of the scenario already typed; nothing is loaded, so that
they come at once, and a file that cannot be read proposes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCENARIOS = (".yaml", ".yml", ".pb")
TABLES = (".xlsx", ".ods", ".csv", ".parquet")
_MOST_READ = 1 << 20
_SECTION = re.compile(r"^([a-z_]+):")
_ID = re.compile(r"\bid:\s*[\"']?([^\s,\"'}]+)")
_KEYS = {"rules": ("off", "min", "max"), "envelopes": ("amount",)}


def scenario_files(incomplete: str) -> list[str]:
    """Scenario files and folders that begin so."""
    return list(_files(incomplete, SCENARIOS))


def tables(incomplete: str) -> list[str]:
    """Tables of dossiers and folders that begin so."""
    return list(_files(incomplete, TABLES))


def run_folders(incomplete: str) -> list[str]:
    """Run folders that begin so, those of `runs/` without a word typed; folders on the way to one."""
    start = Path("runs") if not incomplete and Path("runs").is_dir() else None
    return [name for name in _files(f"{start}/" if start else incomplete, ()) if not _inside_run(name)]


def set_paths(ctx: Any, incomplete: str) -> list[str]:
    """Dotted paths of the scenario that the line names: amounts of envelopes, bounds of rules."""
    typed = [
        ctx.params.get("scenario"),
        *ctx.args,
    ]  # a line that ends in an open option is not parsed to its end
    scenario = next((word for word in typed if word and Path(word).suffix in SCENARIOS), None)
    if scenario is None or "=" in incomplete:
        return []
    found = ["programme.amount=", *(f"{path}=" for path in _paths(Path(scenario)))]
    return [path for path in found if path.startswith(incomplete)]


def _files(incomplete: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Folders, with a « / », and files of these suffixes."""
    folder, _, begun = incomplete.rpartition("/")
    here = Path(folder + "/" if incomplete.startswith("/") and not folder else folder or ".")
    try:
        entries = sorted(here.iterdir())
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if not name.startswith(begun) or (name.startswith(".") and not begun):
            continue
        shown = f"{folder}/{name}" if "/" in incomplete else name
        if entry.is_dir():
            yield shown if _is_run(entry) else f"{shown}/"
        elif entry.suffix.lower() in suffixes:
            yield shown


def _is_run(folder: Path) -> bool:
    return (folder / "summary.json").is_file()


def _inside_run(name: str) -> bool:
    return _is_run(Path(name).parent)


def _paths(scenario: Path) -> Iterator[str]:
    """What may be set in a scenario, by the ids that its text holds."""
    try:
        with scenario.open("rb") as stream:
            text = stream.read(_MOST_READ).decode("utf-8", "replace")
    except OSError:
        return
    section = ""
    for line in text.splitlines():
        head = _SECTION.match(line)
        section = head[1] if head else section
        kind = {"programme": "envelopes", "rules": "rules"}.get(section, "")
        for name in _ID.findall(line) if kind and line.startswith(" ") else ():
            for key in _KEYS[kind]:
                yield f"{kind}.{name}.{key}"
