"""The picture of the next euro: what each envelope or rule wants for one unit more, and what that brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view.chart_theme import FREE, INK, altair, themed
from tnt_sim.view.figures import decimal, short_amount

WIDTH, ROW = 560, 34


def next_rows(entries: Sequence[Mapping[str, Any]], lang: Lang) -> list[dict[str, Any]]:
    """One row for each entry whose step is money and known, the smallest step first."""
    rows = [
        {
            "id": entry["id"],
            "euros": entry["step_cents"] / 100,
            "t": f"+{short_amount(entry['step_cents'], lang)} → {_signed(entry['gain'], lang)} {entry['goal']}",
        }
        for entry in entries
        if entry["step_cents"] and entry["gain"] is not None
    ]
    return sorted(rows, key=lambda row: (row["euros"], row["id"]))


def _signed(gain: str, lang: Lang) -> str:
    return ("" if gain.startswith("-") else "+") + decimal(gain, lang)


def next_chart(entries: Sequence[Mapping[str, Any]], lang: Lang) -> Any:
    """A point for each envelope on a scale of powers of ten, with what it brings written beside it.

    Raises
    ------
    ValueError
        When no entry has a step in money: there is nothing to draw.
    """
    rows = next_rows(entries, lang)
    if not rows:
        raise ValueError("no envelope has a next step: nothing to draw")
    alt = altair()
    low, high = (10.0 ** (k + d) for k, d in ((_power(rows[0]["euros"]), 0), (_power(rows[-1]["euros"]), 2)))
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(format=",~f", tickCount=5)
    x = alt.X("euros:Q", title=Text("À ajouter (€)", "To add (€)").in_(lang), scale=scale, axis=axis)
    y = alt.Y("id:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False, labelColor=INK))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    stem = base.mark_rule(color=FREE, strokeWidth=2).encode(x2=alt.datum(low))
    dots = base.mark_point(filled=True, size=80, color=FREE, opacity=1)
    text = base.mark_text(align="left", dx=10, color=INK).encode(text="t:N")
    title = {
        "text": Text("Ce qu'achète le prochain euro", "What the next euro buys").in_(lang),
        "subtitle": Text(
            "Le moins à ajouter pour gagner une unité ; rien ne change en dessous. Échelle en puissances de dix",
            "The least to add for one unit more; nothing changes below. Scale in powers of ten",
        ).in_(lang),
    }
    chart = alt.layer(stem, dots, text).properties(width=WIDTH, height=ROW * len(rows), title=title)
    return themed(chart, lang)


def _power(value: float) -> int:
    """The power of ten at or below a positive number."""
    power = 0
    while 10.0 ** (power + 1) <= value:
        power += 1
    while 10.0**power > value:
        power -= 1
    return power
