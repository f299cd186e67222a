"""The merged scenario as YAML, each value with where it was written: `file:line`, or the `--set` that set it."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text as Line

from tnt_sim.rules.base import Path
from tnt_sim.scenario.nodes import Origin
from tnt_sim.scenario.scenario import Scenario

_PLAIN = re.compile(r"[\w€%./+()«»’'\u00a0\u202f -]*[\w€%/)»]", re.UNICODE)
_UNSAFE_START = re.compile(r"[-'\s]")
_WORDS = ("true", "false", "null", "~", "yes", "no", "on", "off")
_LONG = 60


def resolved_lines(scenario: Scenario, width: int) -> list[Line]:
    """The scenario as YAML lines with their origins as comments, aligned where they can be."""
    rows = list(_mapping(scenario.tree, (), scenario.origins, 0, width))
    short = [len(text) for text, origin in rows if origin and len(text) <= _LONG]
    column = max(short, default=0) + 2
    lines = []
    for text, origin in rows:
        line = Line(text)
        if origin:
            line.append(" " * max(2, column - len(text)) + f"# {origin}", style="dim")
        lines.append(line)
    return lines


def origin_rows(scenario: Scenario) -> list[dict[str, Any]]:
    """Every scalar of the merged scenario with where it was written, for `show --json`."""
    return [
        {
            "path": ".".join(str(step) for step in path),
            "value": value,
            "file": origin.file,
            "line": origin.line,
            "layer": origin.layer,
        }
        for path, value in _scalars(scenario.tree, ())
        if (origin := scenario.origins.get(path)) is not None
    ]


def _scalars(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _scalars(part, (*path, key))
    elif isinstance(value, list):
        for k, part in enumerate(value):
            yield from _scalars(part, (*path, k))
    else:
        yield path, value


Origins = Mapping[Path, Origin]
Row = tuple[str, str]


def _mapping(tree: Mapping[str, Any], path: Path, origins: Origins, depth: int, width: int) -> Iterator[Row]:
    for key, value in tree.items():
        yield from _entry(f"{'  ' * depth}{_scalar(key)}:", value, (*path, key), origins, depth, width)


def _entry(head: str, value: Any, path: Path, origins: Origins, depth: int, width: int) -> Iterator[Row]:
    """One key or dash with its value: on the line when it is short, else below it."""
    if isinstance(value, dict) and value:
        yield head, ""
        yield from _mapping(value, path, origins, depth + 1, width)
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        yield head, ""
        for k, part in enumerate(value):
            yield from _item(part, (*path, k), origins, depth + 1, width)
    elif isinstance(value, list) and len(head) + len(_inline(value)) > width - 2:
        yield f"{head} [", _where(path, origins)
        pad = "  " * (depth + 1)
        yield from ((pad + text, "") for text in _wrapped(_inline(value)[1:-1], width - len(pad)))
        yield "  " * depth + "]", ""
    elif isinstance(value, str) and " " in value and len(value) > max(_LONG, width - len(head) - 30):
        yield f"{head} >-", _where(path, origins)
        pad = "  " * (depth + 1)
        yield from ((pad + text, "") for text in _wrapped(value, width - len(pad)))
    else:
        yield f"{head} {_inline(value)}", _where(path, origins)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, width), break_long_words=False, break_on_hyphens=False)


def _item(value: Any, path: Path, origins: Origins, depth: int, width: int) -> Iterator[Row]:
    """One entry of a list; the first key of a mapping stands after the dash."""
    pad = "  " * depth
    if not isinstance(value, dict) or not value:
        yield f"{pad}- {_inline(value)}", _where(path, origins)
        return
    for k, (text, origin) in enumerate(_mapping(value, path, origins, depth + 1, width)):
        yield (f"{pad}- {text[len(pad) + 2 :]}" if k == 0 else text), origin


def _where(path: Path, origins: Origins) -> str:
    origin = origins.get(path)
    if origin is None:
        return ""
    return origin.file if origin.line is None else f"{origin.file}:{origin.line}"


def _inline(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_inline(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return "null" if value is None else _scalar(str(value))


def _scalar(text: str) -> str:
    """Plain where YAML takes it for the same text, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and not _UNSAFE_START.match(text) and text.lower() not in _WORDS[2:4]
    return text if plain else json.dumps(text, ensure_ascii=False)
