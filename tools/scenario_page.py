"""`docs/fr/reference/scenario.md`: every key of a scenario file, from the JSON schema of the grammar."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tnt_sim.scenario.json_schema import FILE, build_schema, get_meaning
from tnt_sim.scenario.spec import ScenarioSpec

_HEAD = """# Le scénario, clé par clé

Ce fichier est produit par `python tools/docs.py write`, du schéma que la grammaire donne
([`scenario.schema.json`](../../../scenarios/scenario.schema.json), que votre éditeur peut lire pour compléter).
*This file is generated from the schema of the grammar; your editor can read the same schema.*

```yaml
# yaml-language-server: $schema=scenario.schema.json
```

Les règles, chacune avec un exemple, sa phrase et sa formule, sont dans [le livre des règles](rules.md). En gras :
les clés obligatoires (un scénario qui en étend un autre peut les laisser à celui-ci).
"""
_KINDS = {
    "string": "texte",
    "integer": "nombre",
    "number": "nombre",
    "boolean": "true ou false",
    "object": "{…}",
}
_HINTS = {
    "Money": "montant",
    "A rate": "taux",
    "A day": "jour",
    "A duration": "durée",
    "An amount of memory": "mémoire",
    "A whole number": "nombre entier",
    "A decimal number": "nombre",
    "A YAML file": "fichier",
}
"""How the grammar's own hints begin, and what may then be written."""


def reference() -> str:
    """The whole text of the page."""
    schema = build_schema(ScenarioSpec, explained=False)
    blocks = schema["$defs"]
    required = schema["anyOf"][1]["required"]
    parts = [_HEAD, "## Le fichier\n", *_table(FILE, schema["properties"], required)]
    for name in _in_order(schema, blocks):
        block = blocks[name]
        if not block.get("properties"):
            continue
        parts += [f"\n## {_title(name, block)}\n", (block.get("description") or "").split("\n")[0] + "\n"]
        parts += _table(name, block["properties"], block.get("required", ()))
    return "\n".join(parts) + "\n"


def _title(name: str, block: Mapping[str, Any]) -> str:
    """The name of a block; a rule by its kind."""
    kind = block["properties"].get("kind", {}).get("const")
    return f"{name}\n\nRègle `kind: {kind}`" if kind else name


def _in_order(node: Any, blocks: Mapping[str, Any]) -> list[str]:
    """The blocks in the order in which a reader meets them."""
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, list):
            for child in part:
                walk(child)
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.append(name)
                walk(blocks[name])
            for key, child in part.items():
                if key not in ("$defs", "mapping"):
                    walk(child)

    walk({key: child for key, child in node.items() if key != "$defs"})
    return found


def _table(block: str, properties: Mapping[str, Any], required: Any) -> Iterator[str]:
    yield "| clé | ce que c’est | s’écrit | par défaut |\n|---|---|---|---|"
    for key, node in properties.items():
        said = get_meaning(block, key)
        words = "" if said is None else f"{said.fr}<br>*{said.en}*"
        shown = f"**`{key}`**" if key in required else f"`{key}`"
        yield f"| {shown} | {words} | {_written(node)} | {_default(node)} |"


def _written(node: Mapping[str, Any]) -> str:
    """What may be written there, in a few words, with links to blocks."""
    parts = dict.fromkeys(part for part in _parts(node) if part)
    return " ou ".join(parts) or "texte"


def _parts(node: Mapping[str, Any]) -> Iterator[str]:
    hint = str(node.get("description", ""))
    if "$ref" in node:
        yield _link(node["$ref"])
    elif "const" in node or "enum" in node:
        yield ", ".join(dict.fromkeys(f"`{value}`" for value in node.get("enum", [node.get("const")])))
    elif "anyOf" in node or "oneOf" in node:
        for choice in node.get("anyOf") or node["oneOf"]:
            yield from _parts(choice)
    elif known := next((said for start, said in _HINTS.items() if hint.startswith(start)), ""):
        yield known
    elif node.get("type") == "array":
        yield "liste de " + " ou ".join(dict.fromkeys(_parts(node["items"])))
    elif node.get("type") == "object":
        inner = node.get("additionalProperties")
        yield "{nom: " + _written(inner) + "}" if isinstance(inner, dict) else "{…}"
    elif node.get("type") == "null":
        return
    else:
        kind = node.get("type", "string")
        yield _KINDS.get(kind if isinstance(kind, str) else kind[0], "texte")


def _link(ref: str) -> str:
    name = ref.rpartition("/")[2]
    return "[sélecteur](rules.md)" if name == "Selector" else f"[{name}](#{name.lower()})"


def _default(node: Mapping[str, Any]) -> str:
    value = node.get("default")
    if value in (None, "", [], {}, False) or isinstance(value, dict):
        return ""
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
