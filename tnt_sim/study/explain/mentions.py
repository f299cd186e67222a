"""Where a scenario speaks of a column: a change of a cell may touch more than the goal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tnt_sim.scenario.spec import ScenarioSpec

_GOALS = ("objective", "measures")
_SPEAKS = ("eligibility", "grants", "caps", "waivers", "rules", "programme", "dossiers", "steps")


def mentioned_in(spec: ScenarioSpec, column: str, *, beside: tuple[str, ...] = _GOALS) -> str | None:
    """The first entry, other than goals and measures, that speaks of a column or of a measure made of it."""
    names = {column, *(name for name, entry in spec.measures.items() if column in _words(entry.model_dump()))}
    whole = spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    for key in _SPEAKS:
        if key in beside or key not in whole:
            continue
        entries = whole[key] if isinstance(whole[key], list) else [whole[key]]
        for number, entry in enumerate(entries):
            said = {"columns"} & set(entry) if isinstance(entry, dict) else set()
            plain = {k: v for k, v in entry.items() if k not in ("title", "note", "source", *said)}
            if names & set(_words(plain)):
                return str(entry.get("id") or entry.get("of") or f"{key}.{number}")
    return None


def _words(value: Any) -> Iterator[str]:
    """Every key and every text of a plain tree."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, str):
        yield value
