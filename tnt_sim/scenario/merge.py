"""How partial scenarios become one: the merge rules, each of them in one place.

Mappings merge deeply. Lists in which every entry has an ``id`` merge by it, into a list that has ids: known
entries merge in place, new ones are added at the end. Every other list, and what stands under the keys of
`WHOLE`, is replaced whole. A null removes the key below it.
"""

from __future__ import annotations

from tnt_sim.errors import Defect, Defects, ScenarioError, Text
from tnt_sim.scalars import shown
from tnt_sim.scenario.nodes import Mapping, Node, Origin, Sequence, entry_id, is_null, to_tree

WHOLE = frozenset({"where", "require", "of", "columns", "formula"})
"""Keys whose value is replaced as a whole."""


def merge(low: Node | None, high: Node, key: str | None = None, *, keep_nulls: bool = False) -> Node:
    """What `high` makes of `low`, the value of the same key in a weaker layer.

    With `keep_nulls` a null stays as the mark of a removal, for partial scenarios that are joined before they
    are applied.

    Raises
    ------
    ScenarioError
        A list in which only some entries have an id, over a list that has ids.
    """
    if low is None or key in WHOLE:
        return high
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return _merge_mappings(low, high, keep_nulls)
    if isinstance(low, Sequence) and isinstance(high, Sequence) and _has_ids(low):
        if all_ids(high):
            return _merge_lists(low, high, keep_nulls)
        if _has_ids(high):
            raise ScenarioError(_half_named(low, high))
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
    index = {name: position for position, node in enumerate(items) if (name := entry_id(node)) is not None}
    for node in high.items:
        position = index.get(entry_id(node) or "")
        if position is None:
            items.append(node)
        else:
            items[position] = merge(items[position], node, keep_nulls=keep_nulls)
    return Sequence(tuple(items), high.origin)


def all_ids(node: Sequence) -> bool:
    """Whether the list has entries and each has an id."""
    return bool(node.items) and all(entry_id(item) is not None for item in node.items)


def _has_ids(node: Sequence) -> bool:
    return any(entry_id(item) is not None for item in node.items)


def _half_named(low: Sequence, high: Sequence) -> list[Defect]:
    defects = Defects()
    nameless = next(item for item in high.items if entry_id(item) is None)
    defects.add(
        "merge_list",
        Text(
            "cette entrée n'a pas d'« id », alors que d'autres de la même liste en ont :"
            " on ne sait pas si la liste complète ou remplace celle d'en dessous.",
            'this entry has no "id" while others of the list have one:'
            " whether the list completes or replaces the one below is not clear.",
        ),
        nameless.origin.place(),
        low.origin.place(),
        hint=Text(
            "Donnez un « id » à chaque entrée, ou à aucune.", 'Give an "id" to each entry, or to none.'
        ),
    )
    return defects.found


def clashes(first: Node, second: Node, defects: Defects, names: tuple[str, ...] = ()) -> None:
    """Note every key that two partial scenarios of equal force set differently."""
    key = names[-1] if names else None
    if key not in WHOLE:
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            for name, node in second.entries.items():
                if name in first.entries:
                    clashes(first.entries[name], node, defects, (*names, name))
            return
        if (
            isinstance(first, Sequence)
            and isinstance(second, Sequence)
            and all_ids(first)
            and all_ids(second)
        ):
            known = {entry_id(item): item for item in first.items}
            for item in second.items:
                name = entry_id(item) or ""
                if name in known:
                    clashes(known[name], item, defects, (*names, name))
            return
    if to_tree(first) != to_tree(second):
        _clash(first, second, defects, ".".join(names))


def _clash(first: Node, second: Node, defects: Defects, path: str) -> None:
    one, other = _words(first), _words(second)
    defects.add(
        "override_conflict",
        Text(
            f"deux fichiers de « overrides » ne donnent pas la même valeur à « {path} » : {one} et {other}.",
            f'two files of "overrides" give "{path}" different values: {one} and {other}.',
        ),
        first.origin.place(),
        second.origin.place(),
        hint=Text(
            "Retirez l'une des deux, ou mettez la bonne dans le scénario et retirez les deux.",
            "Remove one, or put the right one in the scenario and remove both.",
        ),
    )


def _words(node: Node) -> str:
    value = to_tree(node)
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{…}"
    return "[…]" if isinstance(value, list) else f"« {shown(value)} »"


def check_ids(node: Node, defects: Defects, key: str | None = None) -> None:
    """Note every id that two entries of one list share."""
    if key in WHOLE:
        return
    if isinstance(node, Mapping):
        for name, child in node.entries.items():
            check_ids(child, defects, name)
    elif isinstance(node, Sequence):
        seen: dict[str, Origin] = {}
        for item in node.items:
            check_ids(item, defects)
            name = entry_id(item) or ""
            if name in seen:
                defects.add(
                    "duplicate_id",
                    Text(
                        f"deux entrées de la même liste ont l'id « {shown(name)} ».",
                        f'two entries of one list have the id "{shown(name)}".',
                    ),
                    item.origin.place(),
                    seen[name].place(),
                    hint=Text("Donnez à chacune son id.", "Give each its own id."),
                )
            elif name:
                seen[name] = item.origin
