"""Conditions between the braces of a formula, in the notation of scenarios: `score: {min: 3}, lot: [a, b]`."""

from __future__ import annotations

from typing import Any

PAIRS = {"{": "}", "[": "]", "(": ")", "⌊": "⌋"}


def split(text: str, mark: str) -> list[str]:
    """The pieces between marks that stand outside all brackets."""
    pieces, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in PAIRS) - (sign in PAIRS.values())
        if depth == 0 and text.startswith(mark, place) and place >= start:
            pieces.append(text[start:place])
            start = place + len(mark)
    return [*pieces, text[start:]]


def closing(text: str, place: int) -> int:
    """Where the bracket that opens at a place closes."""
    depth = 0
    for at in range(place, len(text)):
        depth += (text[at] in PAIRS) - (text[at] in PAIRS.values())
        if depth == 0:
            return at
    raise ValueError(f"nothing closes {text[place:]!r}")


def read_condition(text: str) -> tuple[str, Any]:
    """One `column: what it must be`."""
    name, mark, wanted = text.partition(": ")
    if not mark:
        raise ValueError(f"no condition: {text!r}")
    return name.strip(), _read_value(wanted, name.strip())


def read_conditions(text: str) -> dict[str, Any]:
    return dict(read_condition(part) for part in split(text, ", ")) if text else {}


def _read_value(text: str, key: str) -> Any:
    if text.startswith("{"):
        return read_conditions(text[1:-1])
    if text.startswith("["):
        return [_read_value(part, "") for part in split(text[1:-1], ", ")]
    return text.lower() == "true" if key == "empty" else text
