"""Charts of the marginal questions: the next euro, and the price of each restriction; bars as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tnt_sim.analysis.marginal.document import NextEuroEntry, PriceEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_decimal, format_euros, format_short_amount
from tnt_sim.reporting.charts.theme import FREE, INK, apply_theme, import_altair

MARGINAL_WIDTH, ROW = 560, 34


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


def draw_next_euro(entries: Sequence[NextEuroEntry], lang: Lang) -> Any:
    """Draw one point per envelope on a logarithmic scale, with its gain.

    Raises
    ------
    ValueError
        If no entry has a step in money.
    """
    rows = build_next_euro_rows(entries, lang)
    if not rows:
        raise ValueError("no envelope has a next step: nothing to draw")
    alt = import_altair()
    low, high = (
        10.0 ** (k + d)
        for k, d in (
            (_compute_power_of_ten(rows[0]["euros"]), 0),
            (_compute_power_of_ten(rows[-1]["euros"]), 2),
        )
    )
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(format=",~f", tickCount=5)
    x = alt.X("euros:Q", title=_("To add (€)").in_(lang), scale=scale, axis=axis)
    y = alt.Y("id:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False, labelColor=INK))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    stem = base.mark_rule(color=FREE, strokeWidth=2).encode(x2=alt.datum(low))
    dots = base.mark_point(filled=True, size=80, color=FREE, opacity=1)
    text = base.mark_text(align="left", dx=10, color=INK).encode(text="t:N")
    title = {
        "text": _("What the next euro buys").in_(lang),
        "subtitle": _(
            "The least to add for one unit more; nothing changes below. Scale in powers of ten"
        ).in_(lang),
    }
    chart = alt.layer(stem, dots, text).properties(width=MARGINAL_WIDTH, height=ROW * len(rows), title=title)
    return apply_theme(chart, lang)


def _compute_power_of_ten(value: float) -> int:
    """Return the largest power of ten that does not exceed a positive number."""
    power = 0
    while 10.0 ** (power + 1) <= value:
        power += 1
    while 10.0**power > value:
        power -= 1
    return power


PRICE_WIDTH, PRICE_ROW = 520, 34
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


def draw_prices(entries: Sequence[PriceEntry], lang: Lang) -> Any:
    """Draw one bar per restriction, with its figure.

    Raises
    ------
    ValueError
        If there is no entry.
    """
    rows = build_price_rows(entries, lang)
    if not rows:
        raise ValueError("nothing is kept: there is no price to draw")
    alt = import_altair()
    scale = alt.Scale(domain=[0, max(row["v"] for row in rows) * 1.35 or 1.0], nice=False)
    labels = alt.Axis(ticks=False, domain=False, labelColor=INK, labelLimit=240)
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("id:N", title=None, sort=None, axis=labels))
    x = alt.X("v:Q", title=None, scale=scale, axis=None)
    bars = base.mark_bar(color=FREE, height=18).encode(x=x)
    text = base.mark_text(align="left", dx=8, color=INK).encode(x=x, text="t:N")
    title = {
        "text": _("What each rule costs").in_(lang),
        "subtitle": _("What the first objective would gain without it, all other rules kept").in_(lang),
    }
    return apply_theme(
        alt.layer(bars, text).properties(width=PRICE_WIDTH, height=PRICE_ROW * len(rows), title=title), lang
    )
