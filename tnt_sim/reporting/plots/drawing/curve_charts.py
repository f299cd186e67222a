"""Curves by amount: steps with the proven range, an index, entries as blocks, envelopes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.theme import FILLS, OKABE_ITO, SOFT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import WIDTH, build_legend, build_money_axis
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

HEIGHT = 320
MOST_COLOURS = 7
"""Most envelopes that have a colour of their own."""
_PANEL_WIDTH, _PANEL_HEIGHT, _PANELS = 200, 150, 3


def draw_entries(frame: pl.DataFrame, labels: Sequence[str], amount: str, lang: Lang) -> AltairChart:
    """Draw a block for each entry, stacked at the amount where it enters."""
    names = sorted(set(frame["envelope"]))
    colour: Any = alt.value(FILLS[Mark.GRANTED])
    if 1 < len(names) <= MOST_COLOURS:
        scale = alt.Scale(domain=names, range=list(OKABE_ITO[: len(names)]))
        colour = alt.Color("envelope:N", scale=scale, legend=build_legend(columns=4))
    x = alt.X(
        "label:N",
        title=amount,
        sort=list(labels),
        scale=alt.Scale(domain=list(labels)),
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
    )
    return (
        alt.Chart(frame)
        .mark_bar(stroke="white", strokeWidth=0.7)
        .encode(
            x=x,
            y=alt.Y(
                "granted:Q", title=_("Granted to those that enter").in_(lang), axis=build_money_axis(lang)
            ),
            color=colour,
            order=alt.Order("envelope:N"),
            detail="dossier:N",
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("title:N", title=_("Title").in_(lang)),
                alt.Tooltip("envelope:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
                alt.Tooltip("label:N", title=_("Amount").in_(lang)),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def draw_envelope_curves(frame: pl.DataFrame, lang: Lang) -> AltairChart:
    """Draw a panel for each envelope, all with one scale from zero."""
    x = alt.X(
        "amount:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False),
        axis=build_money_axis(lang, grid=False, tickCount=3),
    )
    y = alt.Y("granted:Q", title=None, axis=build_money_axis(lang, tickCount=4))
    base = alt.Chart().encode(
        x=x,
        tooltip=[
            alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
            alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
            alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
            alt.Tooltip("available:Q", title=_("Available (€)").in_(lang), format=",.2f"),
        ],
    )
    area = base.mark_area(
        color=FILLS[Mark.GRANTED], opacity=0.35, line={"color": FILLS[Mark.GRANTED]}, interpolate="step-after"
    )
    available = base.mark_line(color=SOFT, strokeDash=[4, 3], interpolate="step-after")
    layers = [area.encode(y=y), available.encode(y=alt.Y("available:Q"))]
    if frame["amount"].n_unique() == 1:  # an area of one amount has no width
        layers.append(base.mark_point(filled=True, size=60, color=FILLS[Mark.GRANTED]).encode(y=y))
    panel = alt.layer(*layers, data=frame)
    panel = panel.properties(width=_PANEL_WIDTH, height=_PANEL_HEIGHT)
    header = alt.Header(labelLimit=_PANEL_WIDTH)
    return panel.facet(
        facet=alt.Facet("name:N", title=None, sort=list(dict.fromkeys(frame["name"])), header=header),
        columns=min(_PANELS, frame["name"].n_unique()),
    )
