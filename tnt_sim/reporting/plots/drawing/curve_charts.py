"""Curves by amount: steps with the proven range, an index, entries as blocks, envelopes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.theme import FILLS, INK, OKABE_ITO, SOFT, TINT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import WIDTH, Align, build_legend, build_money_axis
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

HEIGHT = 320
MOST_COLOURS = 7
"""Most envelopes that have a colour of their own."""
_PANEL_WIDTH, _PANEL_HEIGHT, _PANELS = 200, 150, 3


@dataclass(frozen=True, slots=True)
class CurveLook:
    """How a curve is drawn.

    Attributes
    ----------
    column : measure of the frame
    measure, amount : titles of the axes
    limits : of the axis of the measure
    here : the written amount in euros, and its words
    both : whether the free and the nested curve differ
    """

    column: str
    measure: str
    amount: str
    limits: tuple[float, float]
    here: tuple[float, str] | None
    both: bool


def draw_curve(frame: pl.DataFrame, band: pl.DataFrame | None, look: CurveLook, lang: Lang) -> AltairChart:
    """Draw the steps of a measure by amount, the proven range, and a line at the written amount."""
    x = alt.X(
        "amount:Q",
        title=look.amount,
        scale=alt.Scale(zero=False, nice=False, padding=10),
        axis=build_money_axis(lang, grid=False, tickCount=6),
    )
    axis = (
        build_money_axis(lang)
        if look.column == "granted"
        else alt.Axis(tickCount=5, format=",~f", tickMinStep=1 if look.column == "n_funded" else 0)
    )
    y_scale = alt.Scale(domain=list(look.limits), nice=False, zero=False)
    y = alt.Y(f"{look.column}:Q", title=look.measure, scale=y_scale, axis=axis)
    layers = []
    if band is not None and not band.is_empty():
        area = alt.Chart(band).mark_rect(color=TINT, opacity=1)
        low = alt.Y("low:Q", scale=y_scale)
        layers.append(area.encode(x=x, x2="until:Q", y=low, y2="high:Q"))
    if look.column == "granted":
        layers.append(_draw_diagonal(frame, x, y))
    layers += _draw_steps(frame, look, x, y, lang)
    if look.here is not None:
        layers += _draw_here(look.here, frame, x)
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=HEIGHT)


def _draw_steps(frame: pl.DataFrame, look: CurveLook, x: alt.X, y: alt.Y, lang: Lang) -> list[AltairChart]:
    names = list(dict.fromkeys(frame["name"]))
    curves = names if look.both else names[:1]
    colours = alt.Scale(domain=names, range=[FILLS[Mark.GRANTED], FILLS[Mark.LOSS]][: len(names)])
    legend = (
        build_legend(direction="vertical", symbolType="stroke", symbolSize=300, offset=26)
        if look.both
        else None
    )
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3]][: len(names)])
    base = alt.Chart(frame).transform_filter(alt.FieldOneOfPredicate(field="name", oneOf=curves))
    encoding = {
        "x": x,
        "y": y,
        "color": alt.Color("name:N", scale=colours, legend=legend),
        "tooltip": [
            alt.Tooltip("name:N", title=_("Curve").in_(lang)),
            alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
            alt.Tooltip("value:Q", title=_("Value").in_(lang), format=",.3~f"),
            alt.Tooltip("n_funded:Q", title=_("Funded applications").in_(lang), format=",d"),
            alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
            alt.Tooltip("left:Q", title=_("Left (€)").in_(lang), format=",.2f"),
        ],
    }
    steps = base.mark_line(interpolate="step-after", strokeWidth=2.2).encode(
        **encoding, strokeDash=alt.StrokeDash("name:N", scale=dashes, legend=legend)
    )
    size = 45 if frame.height <= 60 else 12
    return [steps, base.mark_point(filled=True, size=size, opacity=1).encode(**encoding)]


def _draw_diagonal(frame: pl.DataFrame, x: alt.X, y: alt.Y) -> AltairChart:
    """Draw where all of the amount would be granted."""
    ends = frame.select(pl.col("amount").min().alias("low"), pl.col("amount").max().alias("high")).row(0)
    rows = alt.InlineData(values=[{"amount": end, "granted": end} for end in ends])
    return alt.Chart(rows).mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y)


def _draw_here(here: tuple[float, str], frame: pl.DataFrame, x: alt.X) -> list[AltairChart]:
    """Draw a line at the written amount, with its words above the picture, inside its width."""
    low, high = frame.select(pl.col("amount").min().alias("low"), pl.col("amount").max().alias("high")).row(0)
    place = (here[0] - low) / (high - low) if high > low else 0.5
    align: Align = "left" if place < 0.2 else "right" if place > 0.8 else "center"
    rows = alt.InlineData(values=[{"amount": here[0], "text": here[1]}])
    rule = alt.Chart(rows).mark_rule(color=INK, strokeDash=[2, 3], strokeWidth=1.3).encode(x=x)
    text = alt.Chart(rows).mark_text(align=align, dy=-5, baseline="bottom", color=INK, fontWeight=600)
    return [rule, text.encode(x=x, y=alt.value(0), text="text:N")]


def draw_index(frame: pl.DataFrame, limits: tuple[float, float], amount: str, lang: Lang) -> AltairChart:
    """Draw figures by amount on one scale, 100 at the smallest amount."""
    names = list(dict.fromkeys(frame["name"]))
    marks = [FILLS[mark] for mark in (Mark.GRANTED, Mark.LOSS, Mark.COMMITTED)]
    dashes = [[1, 0], [6, 3], [2, 2]]
    colour = alt.Scale(domain=names, range=marks[: len(names)])
    legend = build_legend(direction="vertical", symbolType="stroke", symbolSize=300)
    return (
        alt.Chart(frame)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X(
                "amount:Q",
                title=amount,
                scale=alt.Scale(zero=False, nice=False, padding=10),
                axis=build_money_axis(lang, grid=False, tickCount=6),
            ),
            y=alt.Y(
                "index:Q",
                title=_("Index").in_(lang),
                scale=alt.Scale(domain=list(limits), nice=False, zero=False),
                axis=alt.Axis(tickCount=5, format=",~f"),
            ),
            color=alt.Color("name:N", scale=colour, legend=legend),
            strokeDash=alt.StrokeDash(
                "name:N", scale=alt.Scale(domain=names, range=dashes[: len(names)]), legend=legend
            ),
            tooltip=[
                alt.Tooltip("name:N", title=_("Figure").in_(lang)),
                alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
                alt.Tooltip("value:Q", title=_("Value").in_(lang), format=",d"),
                alt.Tooltip("index:Q", title=_("Index").in_(lang), format=",.1f"),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


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
