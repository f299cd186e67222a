"""Merge rules for partial scenarios, and dotted paths (``rules.quart.min``, ``envelopes.axe-2.amount``).

Mappings merge deeply. Lists in which every entry has an ``id`` merge by it into a list that has ids: known
entries merge in place, new ones are appended. Every other list, and every value under a key of `WHOLE`,
replaces the weaker one. A null removes the key below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from tnt_sim.characters import FORBIDDEN, build_skeleton, format_difference
from tnt_sim.domain.field_types import quote_value
from tnt_sim.errors import Defect, Defects, ScenarioError, suggest_name
from tnt_sim.i18n.message import MessageParameter, Text, _
from tnt_sim.i18n.parameters import Names
from tnt_sim.scenario.yaml.nodes import (
    Mapping,
    Origin,
    PathStep,
    PathSteps,
    Scalar,
    Sequence,
    YamlNode,
    from_value,
    get_entry_id,
    is_null,
    to_tree,
)
from tnt_sim.scenario.yaml.reader import parse_yaml, record_character

WHOLE = frozenset({"where", "require", "of", "columns", "formula"})
"""Keys whose value is replaced as a whole."""


def merge(
    low: YamlNode | None, high: YamlNode, key: str | None = None, *, keep_nulls: bool = False
) -> YamlNode:
    """Return the value of a key after merging `high` over `low`, the value of a weaker layer.

    With `keep_nulls` a null stays as a removal mark, for partial scenarios that are joined before they are
    applied.
    """
    if low is None or key in WHOLE:
        return high
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return _merge_mappings(low, high, keep_nulls)
    if isinstance(low, Sequence) and isinstance(high, Sequence) and _has_ids(low):
        if has_all_ids(high):
            return _merge_lists(low, high, keep_nulls)
        if _has_ids(high):
            raise ScenarioError(_collect_id_defects(low, high))
    return high


def _merge_mappings(low: Mapping, high: Mapping, keep_nulls: bool) -> Mapping:
    entries, keys = dict(low.entries), dict(low.keys)
    for key, node in high.entries.items():
        if is_null(node) and key in entries and not keep_nulls:
            del entries[key], keys[key]
            continue
        entries[key] = merge(entries.get(key), node, key, keep_nulls=keep_nulls)
        keys[key] = high.keys[key]
    return Mapping(entries, keys, high.origin)


def _merge_lists(low: Sequence, high: Sequence, keep_nulls: bool) -> Sequence:
    items = list(low.items)
    index = {
        name: position for position, node in enumerate(items) if (name := get_entry_id(node)) is not None
    }
    for node in high.items:
        position = index.get(get_entry_id(node) or "")
        if position is None:
            items.append(node)
        else:
            items[position] = merge(items[position], node, keep_nulls=keep_nulls)
    return Sequence(tuple(items), high.origin)


def has_all_ids(node: Sequence) -> bool:
    """Return whether the list has entries and each has an id."""
    return bool(node.items) and all(get_entry_id(item) is not None for item in node.items)


def _has_ids(node: Sequence) -> bool:
    return any(get_entry_id(item) is not None for item in node.items)


def _collect_id_defects(low: Sequence, high: Sequence) -> list[Defect]:
    defects = Defects()
    nameless = next(item for item in high.items if get_entry_id(item) is None)
    defects.add(
        "merge_list",
        _(
            'this entry has no "id" while others of the list have one: whether the list completes or '
            "replaces the one below is not clear."
        ),
        nameless.origin.get_place(),
        low.origin.get_place(),
        hint=_('Give an "id" to each entry, or to none.'),
    )
    return defects.entries


def record_clashes(first: YamlNode, second: YamlNode, defects: Defects, names: tuple[str, ...] = ()) -> None:
    """Record every key to which two partial scenarios of equal precedence give different values."""
    key = names[-1] if names else None
    if key not in WHOLE:
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            for name, node in second.entries.items():
                if name in first.entries:
                    record_clashes(first.entries[name], node, defects, (*names, name))
            return
        if (
            isinstance(first, Sequence)
            and isinstance(second, Sequence)
            and has_all_ids(first)
            and has_all_ids(second)
        ):
            known = {get_entry_id(item): item for item in first.items}
            for item in second.items:
                name = get_entry_id(item) or ""
                if name in known:
                    record_clashes(known[name], item, defects, (*names, name))
            return
    if to_tree(first) != to_tree(second):
        _record_clash(first, second, defects, ".".join(names))


def _record_clash(first: YamlNode, second: YamlNode, defects: Defects, path: str) -> None:
    text, other = _format_node(first), _format_node(second)
    defects.add(
        "override_conflict",
        _(
            'two files of "overrides" give "{path}" different values: {value} and {other_value}.',
            path=path,
            value=text,
            other_value=other,
        ),
        first.origin.get_place(),
        second.origin.get_place(),
        hint=_("Remove one, or put the right one in the scenario and remove both."),
    )


def _format_node(node: YamlNode) -> MessageParameter:
    value = to_tree(node)
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{…}"
    return "[…]" if isinstance(value, list) else Names([quote_value(value)])


def check_ids(node: YamlNode, defects: Defects, key: str | None = None) -> None:
    """Record every id that two entries of one list share."""
    if key in WHOLE:
        return
    if isinstance(node, Mapping):
        for name, child in node.entries.items():
            check_ids(child, defects, name)
    elif isinstance(node, Sequence):
        earlier: dict[str, tuple[str, Origin]] = {}
        for item in node.items:
            check_ids(item, defects)
            name = get_entry_id(item) or ""
            skeleton = build_skeleton(name)
            if not name or skeleton not in earlier:
                earlier[skeleton] = name, item.origin
                continue
            known, origin = earlier[skeleton]
            text = _('two entries of one list have the id "{entry_id}".', entry_id=quote_value(name))
            if known != name:
                text = _(
                    'two entries of one list have ids that look the same, "{entry_id}" ({difference}).',
                    entry_id=quote_value(name),
                    difference=format_difference(known, name),
                )
            places = item.origin.get_place(), origin.get_place()
            defects.add("duplicate_id", text, *places, hint=_("Give each its own id."))


_LISTS = frozenset({"dossiers", "eligibility", "grants", "caps", "waivers", "rules", "objective", "steps"})
MAX_JSON, MAX_OPEN = 150_000, 40
"""Longest text, and most brackets open at the same time, of a value that is read as JSON."""
_BRACKETS = re.compile(r"[\[\]{}]")
_FILE_KEYS = frozenset({"extends", "overrides"})


def parse_value(text: str, origin: Origin) -> YamlNode:
    """Parse the VALUE of ``--set PATH=VALUE``.

    A list, a mapping or a quoted text is read as in YAML, anything else as plain text.

    A text that does not start with a bracket, a brace or a quote is taken literally, so that ``22,5 M€``
    needs no quotes. Empty, ``null`` and ``~`` are a null.
    """
    text = text.strip()
    if text in ("", "~", "null"):
        return Scalar(None, origin)
    if text[0] not in "[{\"'":
        defects = Defects()
        record_character(text, origin.get_place(), defects)
        defects.raise_if_any(ScenarioError)
        return Scalar(text, origin)
    plain = _from_json(text, origin)
    if plain is not None:
        return plain
    node = parse_yaml(text, origin.file, layer=origin.layer)
    return Scalar(None, origin) if node is None else _replace_origin(node, origin)


def _from_json(text: str, origin: Origin) -> YamlNode | None:
    """Return the node of a value that is JSON, about thirty times faster than as YAML.

    Returns None for any other value.

    Only what both languages read alike is accepted: no escapes, no repeated key, nothing long or deep.
    """
    odd = "\\" in text or "<<" in text or FORBIDDEN.search(text) is not None
    if odd or len(text) > MAX_JSON or _count_open(text) > MAX_OPEN:
        return None
    try:
        value = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_reject_duplicates
        )
    except ValueError:
        return None
    return from_value(_as_text(value), origin)


def _count_open(text: str) -> int:
    """Return the most brackets that are open at the same time; those within texts count as well."""
    n_open = most = 0
    for bracket in _BRACKETS.findall(text):
        n_open += 1 if bracket in "[{" else -1
        most = max(most, n_open)
    return most


def _reject_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs) or "" in result:
        raise ValueError("a key stands twice or is empty")
    return result


def _as_text(value: object) -> object:
    """Return JSON values as the texts that YAML would give."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {key: _as_text(child) for key, child in value.items()}
    return [_as_text(child) for child in value] if isinstance(value, list) else value


def _replace_origin(node: YamlNode, origin: Origin) -> YamlNode:
    if isinstance(node, Mapping):
        entries = {key: _replace_origin(child, origin) for key, child in node.entries.items()}
        return Mapping(entries, dict.fromkeys(entries, origin), origin)
    if isinstance(node, Sequence):
        return Sequence(tuple(_replace_origin(child, origin) for child in node.items), origin)
    return Scalar(node.value, origin)


def find(root: Mapping, path: str, origin: Origin) -> PathSteps:
    """Return the steps to which a dotted path leads; missing keys are allowed, missing ids are not."""
    names = path.split(".")
    if not all(name.strip() for name in names):
        raise _build_path_error(
            path,
            origin,
            _('"{path}" is not a path', path=quote_value(path)),
        )
    if names[0] in _FILE_KEYS:
        raise _build_path_error(
            path,
            origin,
            _('"{names}" cannot be changed this way', names=names[0]),
            _("Write it in a scenario file."),
        )
    steps: PathSteps = ()
    node: YamlNode | None = root
    if names[0] == "envelopes" and len(names) > 1 and "envelopes" not in root.entries:
        steps, node, names = _find_envelope(root, names[1:], path, origin)
    while names and node is not None:
        step, node, n_used = _advance(node, names, path, origin)
        steps, names = (*steps, step), names[n_used:]
    if names and (steps[-1] == "envelopes" or (len(steps) == 1 and steps[0] in _LISTS)):
        raise _build_path_error(
            path,
            origin,
            _('the scenario has no "{steps}"', steps=steps[-1]),
        )
    return (*steps, *names)


def _advance(
    node: YamlNode, names: list[str], path: str, origin: Origin
) -> tuple[PathStep, YamlNode | None, int]:
    """Take one step down.

    Returns the step, the value there if any, and how many names it used (names may contain dots).
    """
    if isinstance(node, Mapping):
        name, n_used = _match_longest_name(names, node.entries)
        return (name, node.entries[name], n_used) if name in node.entries else (names[0], None, 1)
    where = ".".join(path.split(".")[: -len(names)])
    if isinstance(node, Sequence):
        index = {found: k for k, item in enumerate(node.items) if (found := get_entry_id(item)) is not None}
        name, n_used = _match_longest_name(names, index)
        if name in index:
            return index[name], node.items[index[name]], n_used
        if not index:
            raise _build_path_error(
                path,
                origin,
                _('the entries of "{where}" have no id: a single one cannot be named', where=where),
                _("Give the whole list: {where}='[…]'.", where=where),
            )
        raise _build_path_error(
            path,
            origin,
            _('"{where}" has no entry "{entry}"', where=where, entry=quote_value(names[0])),
            suggest_name(names[0], index),
        )
    if is_null(node):
        return names[0], None, 1
    raise _build_path_error(
        path,
        origin,
        _(
            '"{where}" is a value: nothing can be named "{name}" below it',
            where=where,
            name=quote_value(names[0]),
        ),
        _("Give the whole value: {where}='{{…}}'.", where=where),
    )


def _match_longest_name(names: list[str], known: Iterable[str]) -> tuple[str, int]:
    keys = set(known)
    for n_used in range(len(names), 0, -1):
        name = ".".join(names[:n_used])
        if name in keys:
            return name, n_used
    return names[0], 1


def _find_envelope(
    root: Mapping, names: list[str], path: str, origin: Origin
) -> tuple[PathSteps, YamlNode, list[str]]:
    """Return the steps, the node and the remaining names of the envelope with an id, anywhere in the tree."""
    result: dict[str, list[tuple[PathSteps, YamlNode]]] = {}
    programme = root.entries.get("programme")
    if programme is not None:
        _gather(programme, ("programme",), result)
    name, n_used = _match_longest_name(names, result)
    if name not in result:
        raise _build_path_error(
            path,
            origin,
            _('no envelope has the id "{envelope}"', envelope=quote_value(names[0])),
            suggest_name(names[0], result),
        )
    if len(result[name]) > 1:
        raise _build_path_error(
            path,
            origin,
            _('several envelopes have the id "{envelope}"', envelope=quote_value(name)),
        )
    steps, node = result[name][0]
    return steps, node, names[n_used:]


def _gather(node: YamlNode, steps: PathSteps, entries: dict[str, list[tuple[PathSteps, YamlNode]]]) -> None:
    name = get_entry_id(node)
    if name is not None:
        entries.setdefault(name, []).append((steps, node))
    children = node.entries.get("envelopes") if isinstance(node, Mapping) else None
    if isinstance(children, Sequence):
        for index, child in enumerate(children.items):
            _gather(child, (*steps, "envelopes", index), entries)


def put(node: YamlNode | None, steps: PathSteps, value: YamlNode) -> YamlNode:
    """Return the node with a value set at `steps`, by the merge rules; a null removes what is there."""
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


def _build_path_error(path: str, origin: Origin, reason: Text, hint: Text | None = None) -> ScenarioError:
    return ScenarioError([Defect("set_path", _("{reason}.", reason=reason), (origin.get_place(),), hint)])
