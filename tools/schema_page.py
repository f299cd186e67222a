"""`docs/schemas.md`: each document of `--json`, key by key, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tnt_sim.api.schemas import DOCUMENTS, render_schema
from tnt_sim.i18n.message import Lang

_HEAD = """# The JSON documents

This page comes from the classes that the documents of `--json` are written from (`python tools/docs.py write`).

`tnt-sim schema` lists the schemas, `tnt-sim schema NAME` prints one whole. Amounts (`…_cents`) are whole cents. A
*decimal* is a text, exact where 12 decimals are enough. A key with `?` may be missing.
"""
_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def schemas() -> str:
    """The whole text of the page."""
    parts = [_HEAD]
    for name, (_, what) in DOCUMENTS.items():
        schema = json.loads(render_schema(name))
        parts.append(f"## {name}\n\n{what.in_(Lang.EN)}.\n")
        first = schema["$ref"].rpartition("/")[2]
        parts += _tables(first, schema["$defs"])
    return "\n".join(parts)


def _tables(first: str, classes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A table of keys for the document, then for each kind of entry."""
    for name in (first, *(name for name in classes if name != first)):
        keys = classes[name].get("properties")
        if keys is None:
            continue
        if name != first:
            yield f"`{name}`\n"
        rows = ["| key | value |", "|---|---|"]
        needed = classes[name]["required"]
        rows += [
            f"| `{key}`{'' if key in needed else '?'} | {_type(value, classes)} |"
            for key, value in keys.items()
        ]
        yield "\n".join(rows) + "\n"


def _type(value: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        known = classes[name]
        return (
            f"`{name}`"
            if "properties" in known
            else "decimal"
            if "pattern" in known
            else _type(known, classes)
        )
    if "anyOf" in value:
        return " or ".join(_type(one, classes) for one in value["anyOf"])
    if "const" in value or "enum" in value:
        return ", ".join(f"`{json.dumps(one)}`" for one in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        return f"list: {_type(value.get('items') or value['prefixItems'][0], classes)}"
    if value.get("type") == "object":
        values = value["additionalProperties"]
        return f"par nom : {'toute valeur' if values is True else _type(values, classes)}"
    return _PLAIN[value["type"]]
