"""The page `scenario.md` of the reference: every key of a scenario file, from the JSON schema of the grammar."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from condition_tables import ANCHOR
from site_languages import link_to_twin
from typography import typeset

from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.scenario.json_schema import FILE, build_schema, get_meaning, load_block_meanings
from tnt_sim.scenario.spec import ScenarioSpec

_HEAD = {
    Lang.FR: """# Le scénario, clé par clé

{twin}

Cette page nomme chaque clé qu’un scénario peut contenir. Votre éditeur peut les compléter, s’il lit le schéma
[`scenario.schema.json`](../../../scenarios/scenario.schema.json) :

```yaml
# yaml-language-server: $schema=scenario.schema.json
```

[Le livre des règles](rules.md) donne chaque règle avec un exemple, sa phrase et sa formule. En gras : les clés
obligatoires (un scénario qui en étend un autre peut les laisser à celui-ci).
""",
    Lang.EN: """# The scenario, key by key

{twin}

This page names each key that a scenario may have. Your editor can complete them, if it reads the schema
[`scenario.schema.json`](../../../scenarios/scenario.schema.json):

```yaml
# yaml-language-server: $schema=scenario.schema.json
```

[The rule book](rules.md) gives each rule with an example, its sentence and its formula. In bold: the keys that are
required (a scenario that extends another may leave them to that one).
""",
}
_FILE = Bilingual("Le fichier", "The file")
_COLUMNS = Bilingual("clé | ce que c’est | s’écrit | par défaut", "key | what it is | is written | default")
_RULE = Bilingual("Règle `kind: {kind}`", "Rule `kind: {kind}`")
_TEXT = Bilingual("texte", "text")
_NUMBER = Bilingual("nombre", "number")
_KINDS = {
    "string": _TEXT,
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": Bilingual("true ou false", "true or false"),
    "object": Bilingual("{…}", "{…}"),
}
_OR = Bilingual(" ou ", " or ")
_LIST = Bilingual("liste de ", "list of ")
_NAMED = Bilingual("{nom: ", "{name: ")
_HINTS = {
    "Money": Bilingual("montant", "amount"),
    "A rate": Bilingual("taux", "rate"),
    "A day": Bilingual("jour", "day"),
    "A duration": Bilingual("durée", "duration"),
    "An amount of memory": Bilingual("mémoire", "memory"),
    "A whole number": Bilingual("nombre entier", "whole number"),
    "A decimal number": _NUMBER,
    "A YAML file": Bilingual("fichier", "file"),
}
"""How the grammar's own hints begin, and what may then be written."""


def build_scenario_page(lang: Lang) -> str:
    """Return the whole text of the page in a language."""
    schema = build_schema(ScenarioSpec, explained=False)
    blocks = schema["$defs"]
    required = schema["anyOf"][1]["required"]
    parts = [_HEAD[lang].format(twin=link_to_twin(lang, "reference/scenario.md"))]
    parts += [f"## {_FILE.in_(lang)}\n", *_table(FILE, schema["properties"], required, lang)]
    for name in _in_order(schema, blocks):
        block = blocks[name]
        if not block.get("properties"):
            continue
        parts += [f"\n## {_title(name, block, lang)}\n", load_block_meanings()[name].in_(lang) + "\n"]
        parts += _table(name, block["properties"], block.get("required", ()), lang)
    text = "\n".join(parts) + "\n"
    return typeset(text) if lang is Lang.FR else text


def _title(name: str, block: Mapping[str, Any], lang: Lang) -> str:
    """The name of a block; a rule by its kind."""
    kind = block["properties"].get("kind", {}).get("const")
    return f"{name}\n\n{_RULE.in_(lang).replace('{kind}', kind)}" if kind else name


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


def _table(block: str, properties: Mapping[str, Any], required: Any, lang: Lang) -> Iterator[str]:
    yield f"| {_COLUMNS.in_(lang)} |\n|---|---|---|---|"
    for key, node in properties.items():
        said = get_meaning(block, key)
        words = "" if said is None else said.in_(lang)
        shown = f"**`{key}`**" if key in required else f"`{key}`"
        yield f"| {shown} | {words} | {_written(node, lang)} | {_default(node)} |"


def _written(node: Mapping[str, Any], lang: Lang) -> str:
    """What may be written there, in a few words, with links to blocks."""
    parts = dict.fromkeys(part for part in _parts(node, lang) if part)
    return _OR.in_(lang).join(parts) or _TEXT.in_(lang)


def _parts(node: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    hint = str(node.get("description", ""))
    if "$ref" in node:
        yield _link(node["$ref"], lang)
    elif "const" in node or "enum" in node:
        yield ", ".join(dict.fromkeys(f"`{value}`" for value in node.get("enum", [node.get("const")])))
    elif "anyOf" in node or "oneOf" in node:
        for choice in node.get("anyOf") or node["oneOf"]:
            yield from _parts(choice, lang)
    elif known := next((said for start, said in _HINTS.items() if hint.startswith(start)), None):
        yield known.in_(lang)
    elif node.get("type") == "array":
        yield _LIST.in_(lang) + _OR.in_(lang).join(dict.fromkeys(_parts(node["items"], lang)))
    elif node.get("type") == "object":
        inner = node.get("additionalProperties")
        yield _NAMED.in_(lang) + _written(inner, lang) + "}" if isinstance(inner, dict) else "{…}"
    elif node.get("type") == "null":
        return
    else:
        kind = node.get("type", "string")
        yield _KINDS.get(kind if isinstance(kind, str) else kind[0], _TEXT).in_(lang)


def _link(ref: str, lang: Lang) -> str:
    name = ref.rpartition("/")[2]
    return f"[condition](rules.md#{ANCHOR})" if name == "Selector" else f"[{name}](#{name.lower()})"


def _default(node: Mapping[str, Any]) -> str:
    value = node.get("default")
    if value in (None, "", [], {}, False) or isinstance(value, dict):
        return ""
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
