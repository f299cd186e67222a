"""Values of Python as the nodes of a scenario file: scalars as text, each located at its argument."""

from __future__ import annotations

from collections.abc import Mapping as MappingProtocol
from collections.abc import Sequence as SequenceProtocol
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from tnt_sim.domain.money import MOST_PLACES
from tnt_sim.errors import Defects
from tnt_sim.i18n.message import _
from tnt_sim.scenario.yaml.nodes import Mapping, Origin, PathSteps, Scalar, Sequence, YamlNode
from tnt_sim.scenario.yaml.reader import record_character

_DEEPEST = 64


def build_node(
    value: object, argument: str, defects: Defects, names: MappingProtocol[str, str] | None = None
) -> YamlNode:
    """Return the node of a value, as a scenario file would give it; what no file can hold is a defect.

    Parameters
    ----------
    value : mappings, lists, texts, numbers, booleans, days, or None
    argument : name of the argument, from which places are named, such as `rules[2].max`
    defects : gets the defects
    names : how places name the keys of `value`, where not by the key
    """
    node = _build_node(value, argument, defects, _DEEPEST)
    if not names or not isinstance(node, Mapping) or not isinstance(value, MappingProtocol):
        return node
    renamed = {
        key: _build_node(child, names[key], Defects(), _DEEPEST)
        for key, child in value.items()
        if key in names
    }
    keys = {key: renamed[key].origin if key in renamed else origin for key, origin in node.keys.items()}
    return Mapping({**node.entries, **renamed}, keys, node.origin)


def _build_node(value: object, place: str, defects: Defects, levels: int) -> YamlNode:
    origin = Origin(place)
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    if levels == 0:
        text = _("lists and mappings are nested more than {n} times.", n=_DEEPEST)
        defects.add("yaml_depth", text, origin.get_place())
        return Scalar(None, origin)
    if isinstance(value, MappingProtocol):
        entries = {
            str(key): _build_node(child, f"{place}.{key}" if place else str(key), defects, levels - 1)
            for key, child in value.items()
        }
        return Mapping(entries, {key: child.origin for key, child in entries.items()}, origin)
    if isinstance(value, SequenceProtocol) and not isinstance(value, str | bytes):
        items = (_build_node(child, f"{place}[{k}]", defects, levels - 1) for k, child in enumerate(value))
        return Sequence(tuple(items), origin)
    return Scalar(_write_scalar(value, origin, defects), origin)


def _write_scalar(value: Any, origin: Origin, defects: Defects) -> str | None:
    """Return the text of a scalar; floats in their shortest digits."""
    if value is None:
        return None
    if isinstance(value, str):
        record_character(value, origin.get_place(), defects)
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Fraction):
        return str(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < MOST_PLACES:
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = _("a value of type {kind} cannot stand in a scenario.", kind=type(value).__name__)
    hint = _("Give a text, a number, true or false, a day, a list or a mapping.")
    defects.add("wrong_type", text, origin.get_place(), hint=hint)
    return None


def replace_value(node: YamlNode, steps: PathSteps, value: YamlNode) -> YamlNode:
    """Return a node with the value at some steps replaced."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
        child = replace_value(node.entries[step], rest, value)
        return Mapping({**node.entries, step: child}, node.keys, node.origin)
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        items = list(node.items)
        items[step] = replace_value(items[step], rest, value)
        return Sequence(tuple(items), node.origin)
    raise KeyError(steps)
