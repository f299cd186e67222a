"""Rows of the charts of the marginal questions: the next euro, and the price of each restriction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tnt_sim.analysis.marginal.document import NextEuroEntry, PriceEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_decimal, format_euros, format_short_amount


def build_next_euro_rows(entries: Sequence[NextEuroEntry], lang: Lang) -> list[dict[str, Any]]:
    """Return one row per entry with a known step in money, smallest step first."""
    rows = [
        {
            "id": entry.id,
            "euros": entry.step_cents / 100,
            "t": f"+{format_short_amount(entry.step_cents, lang)} → "
            f"{_format_signed(entry.gain, lang)} {entry.goal}",
        }
        for entry in entries
        if entry.step_cents and entry.gain is not None
    ]
    return sorted(rows, key=lambda row: (row["euros"], row["id"]))


def _format_signed(gain: str, lang: Lang) -> str:
    return ("" if gain.startswith("-") else "+") + format_decimal(gain, lang)


_MONEY = ("granted", "cost", "base", "requested", "leverage")
"""Objectives in euros."""


def build_price_rows(entries: Sequence[PriceEntry], lang: Lang) -> list[dict[str, Any]]:
    """Return one row per price in the first objective that changes, most expensive first; free ones at 0."""
    goal = next((entry.goal for entry in entries if entry.goal), None)
    rows = []
    for entry in entries:
        if entry.goal not in (None, goal):
            continue
        value = entry.value if entry.goal else "0"
        label = (
            format_euros(value, lang)
            if goal in _MONEY
            else f"{format_decimal(value, lang)} {goal or ''}".rstrip()
        )
        free = _("costs nothing").in_(lang)
        text = label if entry.goal else free
        rows.append({"id": entry.id, "v": float(parse_decimal(value)), "t": text})
    return sorted(rows, key=lambda row: (-row["v"], row["id"]))
