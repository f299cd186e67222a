"""Each dependency has its line in docs/releasing.md, and the code imports nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator

from support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
MODULES = {
    "python-calamine": {"python_calamine"},
    "ruamel.yaml": {"ruamel"},
    "pydantic": {"pydantic", "pydantic_core"},
    "jinja2": {"jinja2", "markupsafe"},
    "vl-convert-python": {"vl_convert"},
    "distributed": {"distributed", "dask"},
    "anywidget": {"anywidget", "traitlets"},
}
"""Modules of a package, where it has another name or brings one that it shows in its own interface."""


def get_name(requirement: str) -> str:
    """The package of a requirement."""
    return re.split(r"[<>=\[]", requirement)[0]


def read_rows(head: str) -> dict[str, str]:
    """The rows of the table of docs/releasing.md that begins with a head, by their first cell."""
    text = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    table = text.split(f"\n| {head} |", 1)[1].split("\n\n", 1)[0]
    return {row[1]: row[2] for row in re.finditer(r"^\| `([^`]+)` \|(.*)$", table, re.MULTILINE)}


def iterate_imports() -> Iterator[str]:
    """The first part of each module that the package imports."""
    for path in (ROOT / "tnt_sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_each_dependency_has_its_line() -> None:
    assert set(read_rows("dependency")) == {get_name(line) for line in PROJECT["dependencies"]}
    assert set(read_rows("extra")) == set(EXTRAS)


def test_each_extra_names_its_packages() -> None:
    for extra, row in read_rows("extra").items():
        named = set(re.findall(r"`([^`]+)`", row))
        assert {get_name(line) for line in EXTRAS[extra]} <= named, extra


def test_the_code_imports_only_what_is_declared() -> None:
    declared = [
        get_name(line)
        for line in [*PROJECT["dependencies"], *(one for lines in EXTRAS.values() for one in lines)]
    ]
    modules = {module for name in declared for module in MODULES.get(name, {name})}
    found = set(iterate_imports()) - set(sys.stdlib_module_names) - {"tnt_sim"}
    assert found - modules == set()
    assert found >= {"numpy", "polars", "pydantic"}
