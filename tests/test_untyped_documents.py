"""What is passed as `Any` from one room to another: counted, and may only fall.

Stays: certificates, whose systems differ by kind; YAML trees, before their specification checks them; answers of
libraries without types (altair, highspy, distributed, typer), and rows that polars gives.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import rooms

MOST_LINES = 283
"""Lines with `dict[str, Any]` or `Mapping[str, Any]`."""
MOST_SIGNATURES = 147
"""Public functions and methods with `Any` in a parameter or in what they return."""
_DOCUMENTS = ("dict[str, Any]", "Mapping[str, Any]")


def lines() -> Iterator[str]:
    for path in rooms.modules().values():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if any(text in line for text in _DOCUMENTS):
                yield f"{path.relative_to(rooms.PACKAGE).as_posix()}:{number}"


def signatures() -> Iterator[str]:
    for path in rooms.modules().values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            arguments = node.args
            given = [
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
                arguments.vararg,
                arguments.kwarg,
            ]
            types = [node.returns, *(one.annotation for one in given if one is not None)]
            if any(
                isinstance(part, ast.Name) and part.id == "Any"
                for one in types
                if one
                for part in ast.walk(one)
            ):
                yield f"{path.relative_to(rooms.PACKAGE).as_posix()}:{node.lineno} {node.name}"


def test_documents_without_types_only_fall() -> None:
    """Lower the number with each that goes."""
    assert len(list(lines())) <= MOST_LINES


def test_signatures_with_any_only_fall() -> None:
    """Lower the number with each that goes."""
    assert len(list(signatures())) <= MOST_SIGNATURES
