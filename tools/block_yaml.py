"""An example of the rule book on several lines: one key a line, and short maps and lists at the end of a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

_WIDTH = 80
"""So many characters of code stand in the column of a page 1,280 pixels wide."""


def write_block(yaml: str) -> str:
    """Return the same YAML on several lines.

    Raises
    ------
    ValueError
        If the lines do not say the same as the example.
    """
    tree = _read_tree(yaml)
    text = "\n".join(line for key, value in tree.items() for line in _write_entry(key, value, "", deep=False))
    if _read_tree(text) != tree:
        raise ValueError(text)
    return text


def _read_tree(yaml: str) -> dict[str, Any]:
    node = parse_yaml(yaml, "rules.md")
    tree = None if node is None else to_tree(node)
    if not isinstance(tree, dict):
        raise ValueError(yaml)
    return tree


def _write_entry(key: str, value: Any, indent: str, *, deep: bool) -> Iterator[str]:
    """One key with its value: at the end of the line where `deep` and short, else on lines below."""
    line = f"{indent}{key}: {_write_flow(value)}"
    is_short = deep and len(line) <= _WIDTH
    if is_short or not _has_parts(value):
        yield line
    else:
        yield f"{indent}{key}:"
        yield from _write_parts(value, indent + "  ")


def _has_parts(value: Any) -> bool:
    """Whether a value has lines of its own: a map, or a list of maps."""
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def _write_parts(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _write_entry(key, part, indent, deep=True)
        return
    for part in value:
        lines = [
            line for key, one in part.items() for line in _write_entry(key, one, indent + "  ", deep=True)
        ]
        yield f"{indent}- {lines[0].lstrip()}"
        yield from lines[1:]


def _write_flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_write_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write_flow(part) for part in value) + "]"
    return "null" if value is None else str(value)
