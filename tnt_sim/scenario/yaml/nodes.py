"""Values of a scenario file with the place where each was written."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingProtocol
from dataclasses import dataclass, field, replace
from pathlib import Path

from tnt_sim.errors import Place

type PathStep = str | int
type PathSteps = tuple[PathStep, ...]
"""The way to a value: keys, and positions in lists (from 0)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written.

    Attributes
    ----------
    file : as displayed: relative to the project, or ``--set PATH``
    line, column : of the value, from 1; None outside files
    layer : what set the value last
    key_line, key_column : of its key, from 1; None outside files
    path : the file itself, from which relative paths are resolved
    """

    file: str
    line: int | None = None
    column: int | None = None
    layer: str = ""
    key_line: int | None = None
    key_column: int | None = None
    path: Path | None = field(default=None, repr=False, compare=False)

    def get_place(self) -> Place:
        """Return the place of the value."""
        return Place(self.file, self.line, self.column)

    def get_key_place(self) -> Place:
        """Return the place of the key, or of the value where there is no key."""
        return Place(self.file, self.key_line or self.line, self.key_column or self.column)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: the text of the file, None for a null, or what Python code gave."""

    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[YamlNode, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the order of the file; `keys` gives the origin of each key."""

    entries: dict[str, YamlNode]
    keys: dict[str, Origin]
    origin: Origin


type YamlNode = Scalar | Sequence | Mapping


def is_null(node: YamlNode | None) -> bool:
    """Return whether the node is a null (``null``, ``~`` or nothing)."""
    return isinstance(node, Scalar) and node.value is None


def get_entry_id(node: YamlNode) -> str | None:
    """Return the `id` of a list entry, or None if it has none."""
    found = node.entries.get("id") if isinstance(node, Mapping) else None
    return found.value if isinstance(found, Scalar) and isinstance(found.value, str) else None


def to_tree(node: YamlNode) -> object:
    """Return the plain dict, list or scalar of a node."""
    match node:
        case Mapping():
            return {key: to_tree(child) for key, child in node.entries.items()}
        case Sequence():
            return [to_tree(child) for child in node.items]
        case Scalar():
            return node.value


def walk(
    node: YamlNode, steps: PathSteps = (), key: Origin | None = None
) -> Iterator[tuple[PathSteps, Origin]]:
    """Yield every value under a node with its origin, the node itself first."""
    origin = node.origin
    if key is not None:
        origin = replace(origin, key_line=key.line, key_column=key.column)
    yield steps, origin
    if isinstance(node, Mapping):
        for name, child in node.entries.items():
            yield from walk(child, (*steps, name), node.keys.get(name))
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            yield from walk(child, (*steps, index))


def find_origin(node: YamlNode, steps: PathSteps) -> Origin | None:
    """Return the origin of the value at some steps under a node, as `walk` yields it; None if there is none."""
    key: Origin | None = None
    for step in steps:
        if isinstance(node, Mapping) and step in node.entries:
            key, node = node.keys.get(str(step)), node.entries[str(step)]
        elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
            key, node = None, node.items[step]
        else:
            return None
    origin = node.origin
    return origin if key is None else replace(origin, key_line=key.line, key_column=key.column)


@dataclass(frozen=True, eq=False)
class NodeOrigins(MappingProtocol[PathSteps, Origin]):
    """Origin of each value under a node, by its steps, looked up at each use."""

    node: YamlNode

    def __getitem__(self, steps: PathSteps) -> Origin:
        origin = find_origin(self.node, steps)
        if origin is None:
            raise KeyError(steps)
        return origin

    def __iter__(self) -> Iterator[PathSteps]:
        return (steps for steps, _ in walk(self.node))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def from_value(value: object, origin: Origin) -> YamlNode:
    """Return the node of a Python value: dicts, lists, texts and typed values."""
    if isinstance(value, dict):
        entries = {str(key): from_value(child, origin) for key, child in value.items()}
        return Mapping(entries, dict.fromkeys(entries, origin), origin)
    if isinstance(value, list | tuple):
        return Sequence(tuple(from_value(child, origin) for child in value), origin)
    return Scalar(value, origin)
