"""`docs/schemas.md`: each document of `--json`, key by key, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.schemas import DOCUMENTS, render_schema

_HEAD = """# Les documents JSON

Ce fichier est produit par `python tools/docs.py write`, des classes dont `--json` écrit les documents.
*This file is generated from the classes that the documents of `--json` are written from.*

`tnt-sim schema` donne la liste des schémas, `tnt-sim schema NOM` le schéma entier. Les montants (`…_cents`)
sont en centimes entiers. Un *décimal* est un texte, exact s’il tient en 12 décimales. Une clé suivie de `?` peut
manquer.
"""
_PLAIN = {"string": "texte", "integer": "entier", "number": "nombre", "boolean": "oui ou non", "null": "null"}


def schemas() -> str:
    """The whole text of the page."""
    parts = [_HEAD]
    for name, (_, what) in DOCUMENTS.items():
        schema = json.loads(render_schema(name))
        parts.append(f"## {name}\n\n{what.in_(Lang.FR)}.\n\n*{what.in_(Lang.EN)}.*\n")
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
        rows = ["| clé | valeur |", "|---|---|"]
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
            else "décimal"
            if "pattern" in known
            else _type(known, classes)
        )
    if "anyOf" in value:
        return " ou ".join(_type(one, classes) for one in value["anyOf"])
    if "const" in value or "enum" in value:
        return ", ".join(f"`{json.dumps(one)}`" for one in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        return f"liste : {_type(value.get('items') or value['prefixItems'][0], classes)}"
    if value.get("type") == "object":
        values = value["additionalProperties"]
        return f"par nom : {'toute valeur' if values is True else _type(values, classes)}"
    return _PLAIN[value["type"]]
