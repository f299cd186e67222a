"""The house: a module imports only from lower ranks, packages have no cycles, nothing heavy comes early."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
RANKS = (
    "errors",
    "disk",
    "deadline",
    "workers",
    "kernel",
    "money",
    "scalars",
    "fields",
    "territory",
    "programme",
    "portfolio",
    "formats",
    "rules",
    "scenario",
    "formulation",
    "solve",
    "clock",
    "certify",
    "verify",
    "result",
    "assemble",
    "joined",
    "relaxed",
    "prove",
    "gap_money",
    "evidence",
    "refused",
    "incumbent",
    "drafts",
    "decision",
    "question",
    "session",
    "sequence",
    "series",
    "engine",
    "view",
    "recheck",
    "retold",
    "reoptimisation",
    "run_access",
    "study",
    "app",
    "cli",
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Every tnt_sim module that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    known = {name_of(module) for module in MODULES}
    return {name for name in found if name.startswith("tnt_sim.") and name in known}


def rank_of(module: str) -> int:
    return RANKS.index(module.split(".")[1])


@pytest.mark.parametrize(
    "path", [m for m in MODULES if m.parent != PACKAGE or m.stem != "__init__"], ids=name_of
)
def test_imports_only_from_lower_ranks(path: Path) -> None:
    module = name_of(path)
    if module == "tnt_sim.__main__":
        return
    for imported in imports_of(path):
        same_room = imported.split(".")[1] == module.split(".")[1]
        assert same_room or rank_of(imported) < rank_of(module), f"{module} imports {imported}"


def test_no_cycles() -> None:
    graph = {name_of(path): imports_of(path) - {name_of(path)} for path in MODULES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module in done:
            return
        for imported in sorted(graph.get(module, ())):
            visit(imported, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_files_are_short() -> None:
    long = {name_of(path): n for path in MODULES if (n := len(path.read_text().splitlines())) > 420}
    assert not long


def test_verifier_needs_neither_formulation_nor_solver() -> None:
    """The verifier imports with the formulation, the solvers and their packages blocked."""
    code = (
        "import sys\n"
        "for name in ('tnt_sim.formulation', 'tnt_sim.solve', 'highspy', 'pulp', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import tnt_sim.verify.replay\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
