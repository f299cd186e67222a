"""The rooms of the package: their order, what each imports, and the imports that still run against the order.

A module imports only from rooms to its left in `ORDER` or from its own room, inside functions too.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
ORDER = [
    "i18n",
    "characters",
    "errors",
    "installation",
    "extensions",
    "deadline",
    "sparse_matrix",
    "parallel",
    "documents",
    "disk",
    "domain",
    "ingest",
    "rules",
    "values",
    "scenario",
    "formulation",
    "kernel",
    "solve",
    "certify",
    "verify",
    "prove",
    "engine",
    "analysis",
    "reporting",
    "studies",
    "exchange",
    "api",
    "app",
    "cli",
]


def name_of(path: Path) -> str:
    """The dotted name of a file of the package: `tnt_sim.kernel.knapsack`."""
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    """The room of a module: `kernel` of `tnt_sim.kernel.knapsack`; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def imports() -> dict[str, frozenset[str]]:
    """By module of a room, the modules of the package that it imports, inside functions too."""
    known = modules()
    found: dict[str, set[str]] = defaultdict(set)
    for module, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[module] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found[module] |= names & known.keys() or {node.module}
    outside = {"tnt_sim", "tnt_sim.__main__"}
    return {
        module: frozenset(found[module] & known.keys() - outside - {module})
        for module in known.keys() - outside
    }


def arrows_back(graph: Mapping[str, frozenset[str]]) -> set[tuple[str, str]]:
    """The imports that run against `ORDER`, without `tnt_sim.`."""
    return {
        (module.removeprefix("tnt_sim."), other.removeprefix("tnt_sim."))
        for module, others in graph.items()
        for other in others
        if ORDER.index(room_of(other)) > ORDER.index(room_of(module))
    }


def room_imports(graph: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """By room, the rooms to its left that it imports."""
    found: dict[str, set[str]] = {room: set() for room in ORDER}
    for module, others in graph.items():
        for other in others:
            if ORDER.index(room_of(other)) < ORDER.index(room_of(module)):
                found[room_of(module)].add(room_of(other))
    return {room: frozenset(others) for room, others in found.items()}
