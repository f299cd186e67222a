"""What each key of a scenario means, in one sentence: for editors (the JSON schema) and the reference in `docs/`.

The sentences stand in `tnt_sim/data/scenario-keys.csv`, by block (as the schema names it; « Scenario » is the file
itself) and key; `*` is every block that says nothing else of a key. The programme is an envelope.

The JSON schema of scenario files, for editors that complete and underline while one types.
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
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.scenario.spec import ScenarioSpec

FILE = "Scenario"
"""The block of the keys at the top of a file."""
ANY = "*"
_LIKE: Mapping[str, str] = {"ProgrammeSpec": "EnvelopeSpec"}


@cache
def meanings() -> Mapping[tuple[str, str], Text]:
    """All sentences by block and key."""
    text = (files("tnt_sim") / "data" / "scenario-keys.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter=";")
    return {(row["block"], row["key"]): Text(row["fr"], row["en"]) for row in rows}


def meaning(block: str, key: str) -> Text | None:
    """What a key of a block means; None where nothing is written of it."""
    known = meanings()
    blocks = (block, _LIKE.get(block, ""), ANY)
    return next((known[name, key] for name in blocks if (name, key) in known), None)


def _path() -> dict[str, Any]:
    """A new node each time: what a key means is written into it."""
    return {"type": "string", "description": "A YAML file, relative to this one"}


def scenario_schema(
    model: type[BaseModel], *, partial: bool = False, explained: bool = True
) -> dict[str, Any]:
    """The schema of a scenario file, the same for the same model.

    Beyond the model it allows ``extends`` and ``overrides`` (a file that extends another may leave out what
    it takes from there), and plain numbers where a text is read. With `partial` nothing is required: for the
    files that ``overrides`` names. `explained` puts what each key means beside it (`json_schema.py`).
    """
    schema = model.model_json_schema(by_alias=True)
    _relax(schema, partial)
    required = schema.pop("required", [])
    schema["properties"] = {
        "extends": _path(),
        "overrides": {"type": "array", "items": _path()},
        **schema.get("properties", {}),
    }
    if explained:
        for block, held in {FILE: schema, **schema.get("$defs", {})}.items():
            _explain(block, held)
    if required and not partial:
        schema["anyOf"] = [{"required": ["extends"]}, {"required": sorted(required)}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(model: type[BaseModel], *, partial: bool = False) -> str:
    """The schema as the committed file holds it."""
    return (
        json.dumps(scenario_schema(model, partial=partial), ensure_ascii=False, indent=2, sort_keys=True)
        + "\n"
    )


def _explain(block: str, held: dict[str, Any]) -> None:
    """Put what each key means beside its type, for who writes the file."""
    for key, node in held.get("properties", {}).items():
        found = meaning(block, key)
        if found is not None:
            hint = node.get("description")
            node["description"] = found.in_(Lang.FR) + (f" · {hint}" if hint else "")


def _relax(node: Any, partial: bool) -> None:
    """Allow numbers where plain text stands: in a file ``2021`` is a text as good as ``"2021"``."""
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
    """`python -m tnt_sim.scenario.json_schema [--check] FILE`: write the schema, or say whether FILE is fresh."""
    path = Path(arguments[-1])
    text = schema_text(ScenarioSpec)
    if "--check" in arguments:
        fresh = path.is_file() and path.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write(f"{path} is not what the specification gives: write it again without --check\n")
        return 0 if fresh else 1
    put(path, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
