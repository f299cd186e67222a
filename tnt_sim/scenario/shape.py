"""What a model allows at a place: the valid keys, read from its JSON schema."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

type Schema = dict[str, Any]
_MAX_HOPS = 32


@cache
def _schema_of(model: type[BaseModel]) -> Schema:
    """The JSON schema of a model; empty for one that has none, which then only loses the hints."""
    try:
        return model.model_json_schema(by_alias=True)
    except PydanticInvalidForJsonSchema:
        return {}


class Shape:
    """The keys that a model knows, wherever one stands in it."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = _schema_of(model)
        self._definitions: dict[str, Schema] = self._root.get("$defs", {})

    def keys_at(self, loc: tuple[str | int, ...]) -> tuple[str, ...]:
        """The valid keys of the object at a location of a validation error (union tags may be in it)."""
        keys: dict[str, None] = {}
        for _, schema in self._at(loc):
            keys.update(dict.fromkeys(schema.get("properties", {})))
        return tuple(keys)

    def allows(self, loc: tuple[str | int, ...], key: str) -> bool:
        """Whether the object at a location may have the key; an object of which nothing is known may."""
        found = self._at(loc)
        return not found or any(
            key in schema.get("properties", {}) or schema.get("additionalProperties", True) is not False
            for _, schema in found
        )

    def _at(self, loc: tuple[str | int, ...]) -> list[tuple[str, Schema]]:
        current = self._expand("", self._root, 0)
        for part in loc:
            below = [found for _, schema in current for found in self._step(schema, part)]
            named = [(name, schema) for name, schema in current if name == part]
            current = below or named or current
        return current

    def _step(self, schema: Schema, part: str | int) -> list[tuple[str, Schema]]:
        if isinstance(part, int):
            child = schema.get("items")
            prefix = schema.get("prefixItems", [])
            child = prefix[part] if part < len(prefix) else child
        else:
            child = schema.get("properties", {}).get(part)
            if child is None and schema.get("type") == "object" and "properties" not in schema:
                child = schema.get("additionalProperties")
        return self._expand("", child, 0) if isinstance(child, dict) else []

    def _expand(self, name: str, schema: Schema, hops: int) -> list[tuple[str, Schema]]:
        """A schema without references and unions: members with their names (model, or tag)."""
        if hops > _MAX_HOPS:
            return []
        if "$ref" in schema:
            target = str(schema["$ref"]).rsplit("/", 1)[-1]
            return self._expand(name or target, self._definitions.get(target, {}), hops + 1)
        members = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not members:
            return [(name, schema)]
        mapping = schema.get("discriminator", {}).get("mapping", {})
        tags = {ref: tag for tag, ref in mapping.items()}
        return [
            found
            for member in members
            for found in self._expand(tags.get(member.get("$ref"), name), member, hops + 1)
        ]
