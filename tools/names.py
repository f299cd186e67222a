"""Counts the names that say nothing, by room: `python tools/names.py [--list ROOM]`.

A participle or a filler (`told`, `found`, `one`, `part`) does not say what a value is. Counted are definitions:
functions, classes, parameters, attributes, names of modules, and variables that are used over more than three
lines. Names bound in a comprehension or a lambda are not: they live as long as one expression.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import rooms

WORDS = frozenset(
    {
        "told",
        "tell",
        "asked",
        "answered",
        "kept",
        "shown",
        "seen",
        "found",
        "made",
        "said",
        "given",
        "mine",
        "one",
    }
    | {"every", "beyond", "alone", "homeless", "line", "thing", "way", "part", "parts", "figures"}
)
SHORT = 3
"""A variable whose uses lie within so many lines of its first is not counted."""

type Function = ast.FunctionDef | ast.AsyncFunctionDef


class BareName(NamedTuple):
    """A definition under one of `WORDS`; `line` is where it stands in `path`, below the package."""

    path: str
    line: int
    kind: str
    name: str


def bare_names() -> list[BareName]:
    """Every definition of the package whose name, less underscores, is one of `WORDS`."""
    result = []
    for path in rooms.modules().values():
        short = path.relative_to(rooms.PACKAGE).as_posix()
        if path.stem in WORDS:
            result.append(BareName(short, 1, "module", path.stem))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            result += [
                BareName(short, *rest) for rest in _defined(node) if rest[2].strip("_").lower() in WORDS
            ]
    return result


def counts() -> dict[str, int]:
    """By room, how many there are; a room without any is left out."""
    return dict(Counter(name.path.split("/")[0] for name in bare_names()))


def _defined(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, kind and name of what one node defines, apart from what its children do."""
    if isinstance(node, ast.Module):
        yield from _assigned(node, "module-level name")
    elif isinstance(node, ast.ClassDef):
        yield node.lineno, "class", node.name
        yield from _assigned(node, "attribute")
        yield from _attributes_of_self(node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.lineno, "function", node.name
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield argument.lineno, "parameter", argument.arg
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                yield extra.lineno, "parameter", extra.arg
        yield from _variables(node)


def _assigned(node: ast.Module | ast.ClassDef, kind: str) -> Iterator[tuple[int, str, str]]:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.lineno, kind, target.id


def _attributes_of_self(node: ast.ClassDef) -> Iterator[tuple[int, str, str]]:
    lines: dict[str, int] = {}
    for inner in ast.walk(node):
        is_stored = isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
        if is_stored and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            lines.setdefault(inner.attr, inner.lineno)
    yield from ((line, "attribute", name) for name, line in lines.items())


def _variables(function: Function) -> Iterator[tuple[int, str, str]]:
    """Names that the function itself assigns and uses over more than `SHORT` lines."""
    lines: dict[str, list[int]] = defaultdict(list)
    assigned: set[str] = set()
    for node in _own(function):
        if isinstance(node, ast.Name):
            lines[node.id].append(node.lineno)
            if isinstance(node.ctx, ast.Store):
                assigned.add(node.id)
    for name in sorted(assigned):
        if max(lines[name]) - min(lines[name]) >= SHORT:
            yield min(lines[name]), "variable", name


def _own(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without inner functions, and without what comprehensions bind."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            bound = {
                inner.id
                for generator in node.generators
                for inner in ast.walk(generator.target)
                if isinstance(inner, ast.Name)
            }
            yield from (
                inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id not in bound
            )
            continue
        waiting.extend(ast.iter_child_nodes(node))


def main() -> None:
    room = sys.argv[2] if sys.argv[1:2] == ["--list"] else ""
    for name in bare_names():
        if room and name.path.split("/")[0] == room:
            print(f"{name.path}:{name.line}: {name.kind} {name.name}")
    found = counts()
    width = max(map(len, found), default=0)
    for entry, n in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{entry:{width}} {n:5}")
    print(f"{'in all':{width}} {sum(found.values()):5}")


if __name__ == "__main__":
    main()
