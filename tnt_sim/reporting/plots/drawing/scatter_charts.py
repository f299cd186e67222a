"""Charts of dossiers by value and amount: inversions of a list, and one dossier with the changes that fund it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.theme import FILLS, INK, ChartSpec, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    Align,
    build_colours,
    build_legend,
    build_money_axis,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

HEIGHT = 340
SHAPES = {
    Mark.GRANTED: "circle",
    Mark.COMMITTED: "square",
    Mark.WAITING: "cross",
    Mark.REFUSED: "triangle-up",
    Mark.INELIGIBLE: "diamond",
}


@dataclass(frozen=True, slots=True)
class ScatterAxes:
    """Words of a scatter, and its right end.

    Attributes
    ----------
    marks : each outcome of the frame with its word, in the order of the legend
    value : title of the vertical axis
    most : euros beyond which a point stands on the edge; None for no edge
    """

    marks: Sequence[tuple[Mark, str]]
    value: str
    lang: Lang
    most: float | None = None

    def build_x(self) -> alt.X:
        """Return the axis of amounts."""
        scale = alt.Scale(zero=True)
        if self.most is not None:
            scale = alt.Scale(domain=[0, self.most], clamp=True, nice=False)
        title = _("Amount granted or asked").in_(self.lang)
        return alt.X("amount:Q", title=title, axis=build_money_axis(self.lang), scale=scale)

    def build_y(self) -> alt.Y:
        """Return the axis of values."""
        return alt.Y("value:Q", title=self.value, axis=alt.Axis(tickCount=5))


def draw_points(frame: pl.DataFrame, axes: ScatterAxes) -> AltairChart:
    """Draw each row at its `amount` and `value`, in colour and shape of its `decision`."""
    words = [word for _mark, word in axes.marks]
    shapes = alt.Scale(domain=words, range=[SHAPES[mark] for mark, _word in axes.marks])
    legend = build_legend(columns=3)
    return (
        alt.Chart(frame)
        .mark_point(size=46, filled=True, opacity=0.85)
        .encode(
            x=axes.build_x(),
            y=axes.build_y(),
            color=alt.Color("decision:N", scale=build_colours(axes.marks), legend=legend),
            shape=alt.Shape("decision:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(axes.lang)),
                alt.Tooltip("title:N", title=_("Title").in_(axes.lang)),
                alt.Tooltip("decision:N", title=_("Decision").in_(axes.lang)),
                alt.Tooltip("amount:Q", title=_("Amount (€)").in_(axes.lang), format=",.2f"),
                alt.Tooltip("value:Q", title=axes.value, format=",.3~f"),
            ],
        )
    )


def draw_inversions(frame: pl.DataFrame, links: pl.DataFrame, axes: ScatterAxes) -> AltairChart:
    """Draw dossiers by value and amount, with a line from each better one left out to the worst one funded."""
    lines = (
        alt.Chart(links)
        .mark_rule(color=FILLS[Mark.LOSS], strokeWidth=1.3)
        .encode(
            x=axes.build_x(),
            y=axes.build_y(),
            x2="amount_funded:Q",
            y2="value_funded:Q",
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Left out").in_(axes.lang)),
                alt.Tooltip("funded:N", title=_("In the list").in_(axes.lang)),
            ],
        )
    )
    return alt.layer(lines, draw_points(frame, axes), data=frame).properties(width=WIDTH, height=HEIGHT)


def draw_place(
    frame: pl.DataFrame, axes: ScatterAxes, slope: float | None, changes: Sequence[ChartSpec]
) -> AltairChart:
    """Draw dossiers, one of them ringed and named, with the line at the margin and where changes would put it.

    Parameters
    ----------
    frame : one row per dossier, `is_focus` for the one that it is about
    slope : value per euro at the margin
    changes : `amount` and `value` of each change, and its `text`
    """
    focus = frame.filter("is_focus")
    x, y = axes.build_x(), axes.build_y()
    layers: list[AltairChart] = [draw_points(frame, axes)]
    if slope:
        most, top = axes.most, float(frame["value"].max() or 0)  # type: ignore[arg-type]
        end = top / slope if most is None else min(most, top / slope)
        line = alt.Chart(alt.InlineData(values=[{"amount": at, "value": at * slope} for at in (0.0, end)]))
        layers.append(line.mark_line(strokeDash=[6, 3], color=INK, strokeWidth=1.4).encode(x=x, y=y))
    here = focus.row(0, named=True)
    for change in changes:
        layers += _draw_arrow(here["amount"], here["value"], change, x, y)
    ring = alt.Chart(focus).encode(x=x, y=y)
    layers.append(ring.mark_point(size=190, color=INK, strokeWidth=2, filled=False, opacity=1))
    name = ring.mark_text(align="center", baseline="top", dy=13, fontWeight="bold", color=INK)
    layers.append(name.encode(text="dossier:N"))
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=HEIGHT)


def _draw_arrow(amount: float, value: float, change: ChartSpec, x: alt.X, y: alt.Y) -> list[AltairChart]:
    """Draw an arrow from a place to that of a change, with its text beyond the head."""
    row = {
        "amount": change["amount"],
        "value": change["value"],
        "text": change["text"],
        "from": amount,
        "up": value,
    }
    base = alt.Chart(alt.InlineData(values=[row])).encode(x=x, y=y)
    across, up = change["amount"] - amount, change["value"] - value
    align: Align = "center" if not across else "right" if across < 0 else "left"
    dx = 0 if not across else -9 if across < 0 else 9
    dy = 0 if across else -12 if up > 0 else 30
    shape = ("triangle-left" if across < 0 else "triangle-right") if across else "triangle-up"
    if not across and up < 0:
        shape = "triangle-down"
    words = base.encode(text="text:N")
    return [
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x2="from:Q", y2="up:Q"),
        base.mark_point(shape=shape, filled=True, color=INK, size=60, opacity=1),
        words.mark_text(align=align, dx=dx, dy=dy, fontWeight="bold", stroke="white", strokeWidth=5),
        words.mark_text(align=align, dx=dx, dy=dy, fontWeight="bold", color=INK),
    ]
