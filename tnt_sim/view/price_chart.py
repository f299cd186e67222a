"""The picture of what each rule costs: a bar for each thing that is kept, as long as what the goal would gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import parse_decimal
from tnt_sim.view.chart_theme import FREE, INK, altair, themed
from tnt_sim.view.figures import decimal, euros

WIDTH, ROW = 520, 34
_MONEY = ("granted", "cost", "base", "requested", "leverage")
"""Goals whose figures are euros."""


def price_rows(entries: Sequence[Mapping[str, Any]], lang: Lang) -> list[dict[str, Any]]:
    """One row for each price of the first goal that any of them changes, the dearest first; free ones at 0."""
    goal = next((entry["goal"] for entry in entries if entry["goal"]), None)
    rows = []
    for entry in entries:
        if entry["goal"] not in (None, goal):
            continue
        value = entry["value"] if entry["goal"] else "0"
        told = euros(value, lang) if goal in _MONEY else f"{decimal(value, lang)} {goal or ''}".rstrip()
        free = Text("ne coûte rien", "costs nothing").in_(lang)
        text = told if entry["goal"] else free
        rows.append({"id": entry["id"], "v": float(parse_decimal(value)), "t": text})
    return sorted(rows, key=lambda row: (-row["v"], row["id"]))


def price_chart(entries: Sequence[Mapping[str, Any]], lang: Lang) -> Any:
    """A bar for each thing that is kept, its figure beside it.

    Raises
    ------
    ValueError
        When there is no entry: there is nothing to draw.
    """
    rows = price_rows(entries, lang)
    if not rows:
        raise ValueError("nothing is kept: there is no price to draw")
    alt = altair()
    scale = alt.Scale(domain=[0, max(row["v"] for row in rows) * 1.35 or 1.0], nice=False)
    labels = alt.Axis(ticks=False, domain=False, labelColor=INK, labelLimit=240)
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("id:N", title=None, sort=None, axis=labels))
    x = alt.X("v:Q", title=None, scale=scale, axis=None)
    bars = base.mark_bar(color=FREE, height=18).encode(x=x)
    text = base.mark_text(align="left", dx=8, color=INK).encode(x=x, text="t:N")
    title = {
        "text": Text("Ce que coûte chaque règle", "What each rule costs").in_(lang),
        "subtitle": Text(
            "Ce que gagnerait le premier but, les autres règles restant en place, si celle-ci n'y était pas",
            "What the first goal would gain without it, all other rules kept",
        ).in_(lang),
    }
    return themed(alt.layer(bars, text).properties(width=WIDTH, height=ROW * len(rows), title=title), lang)
