"""Rows of the chart of the next euro."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tnt_sim.analysis.marginal.document import NextEuroEntry
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_decimal, format_short_amount


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
