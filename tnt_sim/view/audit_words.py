"""What a selection breaks, in the planner's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_cents, parse_decimal
from tnt_sim.view.conflict_words import member_words
from tnt_sim.view.figures import number


def broken_words(entry: Mapping[str, Any], lang: Lang) -> str:
    """« l'enveloppe « a » n'a que 500 € : dépassée de 120 € »"""
    head = member_words(entry, lang)
    if entry["kind"] == "decide":
        return head + Text(" : non suivie", ": not followed").in_(lang)
    if entry["by"] is None or parse_decimal(entry["by"]) == 0:
        return head + Text(" : non tenue", ": does not hold").in_(lang)
    by = by_words(entry, lang)
    if entry["side"] == "min":
        return head + Text(f" : il manque {by}", f": {by} short").in_(lang)
    if entry["side"] == "" and entry.get("by_cents") is None:
        once = parse_decimal(entry["by"]) == 1
        return head + Text(
            f" : {by} écart{'' if once else 's'}", f": broken {'once' if once else f'{by} times'}"
        ).in_(lang)
    return head + Text(f" : dépassé de {by}", f": exceeded by {by}").in_(lang)


def by_words(entry: Mapping[str, Any], lang: Lang) -> str:
    """By how much: an amount, or a number."""
    if entry.get("by_cents") is not None:
        return format_cents(entry["by_cents"], lang)
    return number(parse_decimal(entry["by"]), lang)
