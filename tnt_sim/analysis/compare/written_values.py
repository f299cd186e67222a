"""The written values of a scenario, each under the path that `--set` takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tnt_sim.scenario.load import set_text

_NO_EFFECT = ("title", "note", "source", "solver", "id", "locale")
_ENTRY_WORDS = ("title", "note", "source")


def list_written_values(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each value by its path, without titles and solver options: they decide nothing.

    >>> list_written_values({"programme": {"amount": "2 €", "envelopes": [{"id": "a", "amount": "1 €"}]}})
    {'programme.amount': '2 €', 'envelopes.a.amount': '1 €'}
    """
    return dict(_flatten_values(select_written_values(tree)))


def select_written_values(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resolved scenario without the keys that do not affect the decision."""
    return {key: value for key, value in tree.items() if key not in _NO_EFFECT}


def _flatten_values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its path; list entries by id, other lists whole."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            if key not in _ENTRY_WORDS:
                yield from _flatten_values(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(e, dict) and "id" in e for e in value):
        here = "envelopes" if path.endswith("envelopes") else path
        for entry in value:
            rest = {key: child for key, child in entry.items() if key != "id"}
            yield from _flatten_values(rest, f"{here}.{entry['id']}")
            if not rest:
                yield f"{here}.{entry['id']}", ""
    else:
        yield path, set_text(value)
