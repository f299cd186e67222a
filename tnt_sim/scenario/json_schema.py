"""JSON schema of scenario files, for editors that complete and check while one types.

The meaning of each key, one sentence, is in `tnt_sim/data/scenario-keys.csv`, by block (named as in the
schema; « Scenario » is the file itself) and key; `*` stands for every block that says nothing else of a key.
A rule kind explains its own keys in its `text.py`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tnt_sim.disk import put
from tnt_sim.i18n.message import Bilingual, Lang, Text
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.scenario.spec import ScenarioSpec

FILE = "Scenario"
"""Block of the keys at the top level of a file."""
ANY = "*"
"""Block whose sentences apply to every block."""
_LIKE: Mapping[str, str] = {"ProgrammeSpec": "EnvelopeSpec"}


@cache
def _read_meanings() -> Mapping[tuple[str, str], Text]:
    text = (files("tnt_sim") / "data" / "scenario-keys.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter=";")
    return {(row["block"], row["key"]): Bilingual(row["fr"], row["en"]) for row in rows}


@cache
def load_block_meanings() -> Mapping[str, Text]:
    """Return the sentence of each block: the row of its name without a key."""
    return {block: meaning for (block, key), meaning in _read_meanings().items() if not key}


@cache
def load_meanings() -> Mapping[tuple[str, str], Text]:
    """Return all sentences by block and key."""
    meanings = {pair: meaning for pair, meaning in _read_meanings().items() if pair[1]}
    for kind in load_rule_kinds().values():
        meanings |= {(kind.spec.__name__, key): meaning for key, meaning in kind.keys.items()}
    return meanings


def get_meaning(block: str, key: str) -> Text | None:
    """Return what a key of a block means; None where nothing is written."""
    known = load_meanings()
    blocks = (block, _LIKE.get(block, ""), ANY)
    return next((known[name, key] for name in blocks if (name, key) in known), None)


def _build_path_schema() -> dict[str, Any]:
    """Return a new node on each call, because the meaning of the key is written into it."""
    return {"type": "string", "description": "A YAML file, relative to this one"}


def build_schema(model: type[BaseModel], *, partial: bool = False, explained: bool = True) -> dict[str, Any]:
    """Return the JSON schema of a scenario file.

    Beyond the model it allows ``extends`` and ``overrides`` (a file that extends another may omit required
    keys), and plain numbers where a text is expected.

    Parameters
    ----------
    model : the specification
    partial : require nothing, for the files that ``overrides`` names
    explained : add the meaning of each key
    """
    schema = model.model_json_schema(by_alias=True)
    _relax(schema, partial)
    required = schema.pop("required", [])
    schema["properties"] = {
        "extends": _build_path_schema(),
        "overrides": {"type": "array", "items": _build_path_schema()},
        **schema.get("properties", {}),
    }
    if explained:
        for block, held in {FILE: schema, **schema.get("$defs", {})}.items():
            _explain(block, held)
    if required and not partial:
        schema["anyOf"] = [{"required": ["extends"]}, {"required": sorted(required)}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def render_schema(model: type[BaseModel], *, partial: bool = False) -> str:
    """Return the schema as the text of the committed file."""
    return (
        json.dumps(build_schema(model, partial=partial), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    )


def _explain(block: str, held: dict[str, Any]) -> None:
    """Add the meaning of each key to its type."""
    for key, node in held.get("properties", {}).items():
        result = get_meaning(block, key)
        if result is not None:
            hint = node.get("description")
            node["description"] = result.in_(Lang.FR) + (f" · {hint}" if hint else "")


def _relax(node: Any, partial: bool) -> None:
    """Allow numbers where text is expected: in a file, ``2021`` is as good a text as ``"2021"``."""
    if isinstance(node, list):
        for child in node:
            _relax(child, partial)
        return
    if not isinstance(node, dict):
        return
    if node.get("type") == "string" and not node.keys() & {"enum", "const", "format", "pattern"}:
        node["type"] = ["string", "number"]
    if isinstance(node.get("const"), str) and node["const"].isdecimal():
        node.update(enum=[node["const"], int(node.pop("const"))])
        node.pop("type", None)
    if partial and isinstance(node.get("required"), list):
        del node["required"]
    for child in node.values():
        _relax(child, partial)


def main(arguments: Sequence[str]) -> int:
    """Write the schema to FILE, or with `--check` report whether FILE is current."""
    path = Path(arguments[-1])
    text = render_schema(ScenarioSpec)
    if "--check" in arguments:
        fresh = path.is_file() and path.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write(f"{path} is not what the specification gives: write it again without --check\n")
        return 0 if fresh else 1
    put(path, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
