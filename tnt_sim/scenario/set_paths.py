"""Dotted paths (``rules.quart.min``, ``envelopes.axe-2.amount``): where they lead, and setting values."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tnt_sim.errors import Defect, ScenarioError, Text, did_you_mean
from tnt_sim.scalars import shown
from tnt_sim.scenario.merge import merge
from tnt_sim.scenario.nodes import (
    Mapping,
    Node,
    Origin,
    Scalar,
    Sequence,
    Step,
    Steps,
    entry_id,
    from_value,
    is_null,
)
from tnt_sim.scenario.yaml_events import FORBIDDEN
from tnt_sim.scenario.yaml_text import parse_yaml

_LISTS = frozenset({"dossiers", "eligibility", "grants", "caps", "waivers", "rules", "objective", "steps"})
MAX_JSON, MAX_OPEN = 20_000, 40
"""The longest and deepest text that is read as JSON."""
_FILE_KEYS = frozenset({"extends", "overrides"})


def parse_value(text: str, origin: Origin) -> Node:
    """The VALUE of ``--set PATH=VALUE``: a list, a mapping or a quoted text as in YAML, else plain text.

    A text that does not start with a bracket, a brace or a quote is taken literally, so that ``22,5 M€``
    needs no quotes. Empty, ``null`` and ``~`` are a null.
    """
    text = text.strip()
    if text in ("", "~", "null"):
        return Scalar(None, origin)
    if text[0] not in "[{\"'":
        return Scalar(text, origin)
    plain = _from_json(text, origin)
    if plain is not None:
        return plain
    node = parse_yaml(text, origin.file, layer=origin.layer)
    return Scalar(None, origin) if node is None else _relabel(node, origin)


def _from_json(text: str, origin: Origin) -> Node | None:
    """A value that is JSON, as all that a session asks for, thirty times sooner than as YAML; None for all others.

    Only what both read alike: no escapes, no key twice, nothing long or deep.
    """
    odd = "\\" in text or "<<" in text or FORBIDDEN.search(text) is not None
    if odd or len(text) > MAX_JSON or text.count("[") + text.count("{") > MAX_OPEN:
        return None
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except ValueError:
        return None
    return from_value(_as_text(value), origin)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs) or "" in found:
        raise ValueError("a key stands twice or is empty")
    return found


def _as_text(value: object) -> object:
    """JSON's values as YAML's texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {key: _as_text(child) for key, child in value.items()}
    return [_as_text(child) for child in value] if isinstance(value, list) else value


def _relabel(node: Node, origin: Origin) -> Node:
    if isinstance(node, Mapping):
        entries = {key: _relabel(child, origin) for key, child in node.entries.items()}
        return Mapping(entries, dict.fromkeys(entries, origin), origin)
    if isinstance(node, Sequence):
        return Sequence(tuple(_relabel(child, origin) for child in node.items), origin)
    return Scalar(node.value, origin)


def find(root: Mapping, path: str, origin: Origin) -> Steps:
    """The steps that a dotted path means in a scenario; keys that are not there yet are allowed, ids are not.

    Raises
    ------
    ScenarioError
        The path leads nowhere: with the nearest name that exists.
    """
    names = path.split(".")
    if not all(name.strip() for name in names):
        raise _lost(path, origin, f"« {shown(path)} » n'est pas un chemin", f'"{shown(path)}" is not a path')
    if names[0] in _FILE_KEYS:
        raise _lost(
            path,
            origin,
            f"« {names[0]} » ne se change pas ainsi",
            f'"{names[0]}" cannot be changed this way',
            Text("Écrivez-le dans un fichier de scénario.", "Write it in a scenario file."),
        )
    steps: Steps = ()
    node: Node | None = root
    if names[0] == "envelopes" and len(names) > 1 and "envelopes" not in root.entries:
        steps, node, names = _envelope(root, names[1:], path, origin)
    while names and node is not None:
        step, node, n_used = _advance(node, names, path, origin, steps)
        steps, names = (*steps, step), names[n_used:]
    if names and (steps[-1] == "envelopes" or (len(steps) == 1 and steps[0] in _LISTS)):
        raise _lost(
            path,
            origin,
            f"le scénario n'a pas de « {steps[-1]} »",
            f'the scenario has no "{steps[-1]}"',
        )
    return (*steps, *names)


def _advance(
    node: Node, names: list[str], path: str, origin: Origin, steps: Steps
) -> tuple[Step, Node | None, int]:
    """One step down: the step, the value there if any, and how many names it took (names may hold dots)."""
    if isinstance(node, Mapping):
        name, n_used = _longest(names, node.entries)
        return (name, node.entries[name], n_used) if name in node.entries else (names[0], None, 1)
    where = ".".join(path.split(".")[: -len(names)])
    if isinstance(node, Sequence):
        index = {found: k for k, item in enumerate(node.items) if (found := entry_id(item)) is not None}
        name, n_used = _longest(names, index)
        if name in index:
            return index[name], node.items[index[name]], n_used
        if not index:
            raise _lost(
                path,
                origin,
                f"les entrées de « {where} » n'ont pas d'id : une seule ne peut pas être désignée",
                f'the entries of "{where}" have no id: a single one cannot be named',
                Text(f"Donnez toute la liste : {where}='[…]'.", f"Give the whole list: {where}='[…]'."),
            )
        raise _lost(
            path,
            origin,
            f"« {where} » n'a pas d'entrée « {shown(names[0])} »",
            f'"{where}" has no entry "{shown(names[0])}"',
            did_you_mean(names[0], index),
        )
    if is_null(node):
        return names[0], None, 1
    raise _lost(
        path,
        origin,
        f"« {where} » est une valeur : rien ne peut s'appeler « {shown(names[0])} » en dessous",
        f'"{where}" is a value: nothing can be named "{shown(names[0])}" below it',
        Text(f"Donnez toute la valeur : {where}='{{…}}'.", f"Give the whole value: {where}='{{…}}'."),
    )


def _longest(names: list[str], known: Iterable[str]) -> tuple[str, int]:
    keys = set(known)
    for n_used in range(len(names), 0, -1):
        name = ".".join(names[:n_used])
        if name in keys:
            return name, n_used
    return names[0], 1


def _envelope(root: Mapping, names: list[str], path: str, origin: Origin) -> tuple[Steps, Node, list[str]]:
    """The envelope that an id names, wherever it is in the tree."""
    found: dict[str, list[tuple[Steps, Node]]] = {}
    programme = root.entries.get("programme")
    if programme is not None:
        _gather(programme, ("programme",), found)
    name, n_used = _longest(names, found)
    if name not in found:
        raise _lost(
            path,
            origin,
            f"aucune enveloppe n'a l'id « {shown(names[0])} »",
            f'no envelope has the id "{shown(names[0])}"',
            did_you_mean(names[0], found),
        )
    if len(found[name]) > 1:
        raise _lost(
            path,
            origin,
            f"plusieurs enveloppes ont l'id « {shown(name)} »",
            f'several envelopes have the id "{shown(name)}"',
        )
    steps, node = found[name][0]
    return steps, node, names[n_used:]


def _gather(node: Node, steps: Steps, found: dict[str, list[tuple[Steps, Node]]]) -> None:
    name = entry_id(node)
    if name is not None:
        found.setdefault(name, []).append((steps, node))
    children = node.entries.get("envelopes") if isinstance(node, Mapping) else None
    if isinstance(children, Sequence):
        for index, child in enumerate(children.items):
            _gather(child, (*steps, "envelopes", index), found)


def put(node: Node | None, steps: Steps, value: Node) -> Node:
    """The node with a value set under it, by the merge rules; a null removes what is there."""
    step, rest = steps[0], steps[1:]
    if isinstance(node, Sequence) and isinstance(step, int):
        items = list(node.items)
        if rest:
            items[step] = put(items[step], rest, value)
        elif is_null(value):
            del items[step]
        else:
            items[step] = merge(items[step], value)
        return Sequence(tuple(items), node.origin)
    base = node if isinstance(node, Mapping) else Mapping({}, {}, value.origin)
    key = str(step)
    entries, keys = dict(base.entries), dict(base.keys)
    if rest:
        entries[key] = put(entries.get(key), rest, value)
        keys.setdefault(key, value.origin)
    elif is_null(value) and key in entries:
        del entries[key], keys[key]
    else:
        entries[key] = merge(entries.get(key), value, key)
        keys[key] = value.origin
    return Mapping(entries, keys, base.origin)


def _lost(path: str, origin: Origin, fr: str, en: str, hint: Text | None = None) -> ScenarioError:
    text = Text(f"{fr}.", f"{en}.")
    return ScenarioError([Defect("set_path", text, (origin.place(),), hint)])
