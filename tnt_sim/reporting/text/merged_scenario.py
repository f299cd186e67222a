"""The merged scenario, as YAML, with the origin of each value: `file:line`, or the `--set` that changed it."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tnt_sim.documents import Record, spread
from tnt_sim.rules.protocols import Path as KeyPath
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.nodes import Origin

_PLAIN = re.compile(r"[\w€%./+()«»’'\u00a0\u202f -]*[\w€%/)»]", re.UNICODE)
_UNSAFE_START = re.compile(r"[-'\s]")
_WORDS = ("true", "false", "null", "~", "yes", "no", "on", "off")
_LONG = 60

type Origins = Mapping[KeyPath, Origin]
type Row = tuple[str, str]


def render_merged_scenario(scenario: ScenarioData, width: int) -> list[Row]:
    """Return the scenario as YAML, one line each with its origin, or "" without one."""
    return list(_render_mapping(scenario.tree, (), scenario.origins, 0, width))


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginEntry(Record):
    """Value of the merged scenario, and the file and layer that set it."""

    path: str
    value: str | int | float | bool | None
    origin: Origin = spread(Origin, "file", "line", "layer")


def list_origins(scenario: ScenarioData) -> list[OriginEntry]:
    """Return every scalar of the merged scenario with its origin, for `show --json`."""
    return [
        OriginEntry(path=".".join(str(step) for step in path), value=value, origin=origin)
        for path, value in _iterate_scalars(scenario.tree, ())
        if (origin := scenario.origins.get(path)) is not None
    ]


def _iterate_scalars(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, piece in value.items():
            yield from _iterate_scalars(piece, (*path, key))
    elif isinstance(value, list):
        for k, piece in enumerate(value):
            yield from _iterate_scalars(piece, (*path, k))
    else:
        yield path, value


def _render_mapping(
    tree: Mapping[str, Any], path: KeyPath, origins: Origins, depth: int, width: int
) -> Iterator[Row]:
    for key, value in tree.items():
        yield from _render_entry(
            f"{'  ' * depth}{_quote_scalar(key)}:", value, (*path, key), origins, depth, width
        )


def _render_entry(
    head: str, value: Any, path: KeyPath, origins: Origins, depth: int, width: int
) -> Iterator[Row]:
    """Yield one key or dash with its value, on the same line if it is short."""
    if isinstance(value, dict) and value:
        yield head, ""
        yield from _render_mapping(value, path, origins, depth + 1, width)
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        yield head, ""
        for k, part in enumerate(value):
            yield from _render_item(part, (*path, k), origins, depth + 1, width)
    elif isinstance(value, list) and len(head) + len(_render_inline(value)) > width - 2:
        yield f"{head} [", _format_origin(path, origins)
        pad = "  " * (depth + 1)
        yield from ((pad + text, "") for text in _wrap_text(_render_inline(value)[1:-1], width - len(pad)))
        yield "  " * depth + "]", ""
    elif isinstance(value, str) and " " in value and len(value) > max(_LONG, width - len(head) - 30):
        yield f"{head} >-", _format_origin(path, origins)
        pad = "  " * (depth + 1)
        yield from ((pad + text, "") for text in _wrap_text(value, width - len(pad)))
    else:
        yield f"{head} {_render_inline(value)}", _format_origin(path, origins)


def _wrap_text(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, width), break_long_words=False, break_on_hyphens=False)


def _render_item(value: Any, path: KeyPath, origins: Origins, depth: int, width: int) -> Iterator[Row]:
    """Yield one list entry; the first key of a mapping follows the dash."""
    pad = "  " * depth
    if not isinstance(value, dict) or not value:
        yield f"{pad}- {_render_inline(value)}", _format_origin(path, origins)
        return
    for k, (text, origin) in enumerate(_render_mapping(value, path, origins, depth + 1, width)):
        yield (f"{pad}- {text[len(pad) + 2 :]}" if k == 0 else text), origin


def _format_origin(path: KeyPath, origins: Origins) -> str:
    origin = origins.get(path)
    if origin is None:
        return ""
    return origin.file if origin.line is None else f"{origin.file}:{origin.line}"


def _render_inline(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_render_inline(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return "null" if value is None else _quote_scalar(str(value))


def _quote_scalar(text: str) -> str:
    """Write plain text if YAML reads it back unchanged, otherwise in double quotes."""
    plain = _PLAIN.fullmatch(text) and not _UNSAFE_START.match(text) and text.lower() not in _WORDS[2:4]
    return text if plain else json.dumps(text, ensure_ascii=False)
