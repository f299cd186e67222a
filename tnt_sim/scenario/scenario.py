"""A scenario: what is asked, the dossiers it is asked about, and where every value came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import polars as pl

from tnt_sim.errors import Defect, Place
from tnt_sim.portfolio import Portfolio
from tnt_sim.rules.base import Path
from tnt_sim.scenario.nodes import Origin
from tnt_sim.scenario.spec import ScenarioSpec

WORDS = frozenset({"title", "note", "source"})


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the scenario read.

    Attributes
    ----------
    path : path from the project folder, with `/`
    sha256 : of its bytes
    kind : scenario, dossiers or table
    """

    path: str
    sha256: str
    kind: str


@dataclass(frozen=True)
class Scenario:
    """An immutable scenario; `sha256` identifies it by content, wherever its files lie."""

    spec: ScenarioSpec
    tree: Mapping[str, Any]
    origins: Mapping[Path, Origin]
    portfolio: Portfolio
    tables: Mapping[str, pl.DataFrame]
    inputs: tuple[InputFile, ...]
    root: FilePath
    path: FilePath | None = None
    sets: tuple[str, ...] = ()
    warnings: tuple[Defect, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)
    seconds_read: float = 0.0

    @property
    def id(self) -> str:
        """The scenario's identifier."""
        return self.spec.id

    @property
    def title(self) -> str:
        """The scenario's title, or its id."""
        return self.spec.title or self.spec.id

    @property
    def sha256(self) -> str:
        """SHA-256 of the resolved scenario as canonical JSON, words, solver and paths left out, and its data."""
        plain = self.resolved()
        for key in ("solver", "title", "note", "source"):
            plain.pop(key, None)
        data = {file.path: file.sha256 for file in self.inputs}
        for path, file in self.files.items():
            _put(plain, path, data[file])
        text = json.dumps(_without_words(plain), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def resolved(self) -> dict[str, Any]:
        """The merged scenario in canonical text, defaults left out."""
        return self.spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)

    def locate(self, path: Path) -> Place:
        """Where a value stands in the files; its nearest written parent when it is a default."""
        where = self._by_id(path)
        while where:
            origin = self.origins.get(where)
            if origin is not None:
                return origin.place()
            where = where[:-1]
        return Place(file=self.path.name if self.path else None)

    def envelope_path(self, envelope_id: str) -> Path:
        """The path of an envelope in the scenario; that of its split parent for a split one."""
        for spec, path in self.spec.programme.walk(("programme",)):
            if spec.id == envelope_id or envelope_id.startswith(f"{spec.id}/"):
                return path
        return ("programme",)

    def _by_id(self, path: Path) -> Path:
        if len(path) >= 2 and path[0] == "envelope":
            return (*self.envelope_path(str(path[1])), *path[2:])
        if len(path) >= 2 and path[0] == "rules" and isinstance(path[1], str):
            for k, rule in enumerate(self.spec.rules):
                if rule.id == path[1]:
                    return ("rules", k, *path[2:])
        return path


def _put(tree: Any, path: Path, value: str) -> None:
    """Replace the value at a path of a tree of dicts and lists."""
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_words(part) for key, part in value.items() if key not in WORDS}
    if isinstance(value, list):
        return [_without_words(part) for part in value]
    return value
