"""Maps of the departments as Altair charts: circles for sums, shades for rates, two hues for changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from tnt_sim.reporting.charts.theme import FILLS as MARK_FILLS
from tnt_sim.reporting.charts.theme import INK, LINE, SOFT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import build_legend
from tnt_sim.reporting.plots.drawing.department_shapes import FRAME_SIDE, build_inset_frame, list_features
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

SIDE = 480
"""Pixels of the side of a map."""
EMPTY = "#f0efeb"
"""Fill of a department without a value: grey, where classes are blue, and off the white of the page."""
_OUTLINE = 0.7
_MOST_CIRCLE = 1_400


@dataclass(frozen=True, slots=True)
class MapClasses:
    """Words of the classes of a map in order, with their fills; those of no value come last."""

    words: Sequence[str]
    fills: Sequence[str]


def draw_shades(
    frame: pl.DataFrame, classes: MapClasses, tooltip: Sequence[alt.Tooltip], signs: str = ""
) -> AltairChart:
    """Draw each department in the fill of its `class`.

    Parameters
    ----------
    frame : one row per department: `department`, `class`, and what the tooltip tells
    classes : legend
    tooltip : of a department
    signs : column of a sign on each department, so that colour is not the only one
    """
    scale = alt.Scale(domain=list(classes.words), range=list(classes.fills))
    legend = build_legend(orient="right", direction="vertical", symbolType="square", symbolStrokeColor=SOFT)
    chosen = alt.selection_point(fields=["department"], name="chosen")
    shapes = (
        _build_base(frame)
        .mark_geoshape(stroke=SOFT, strokeWidth=_OUTLINE)
        .encode(
            color=alt.Color("class:N", scale=scale, legend=legend),
            opacity=alt.condition(chosen, alt.value(1.0), alt.value(0.35)),
            tooltip=list(tooltip),
        )
        .add_params(chosen)
    )
    layers = [shapes, _draw_inset()]
    if signs:
        text = _build_base(frame).mark_text(fontSize=11, fontWeight="bold", color=INK, opacity=0.85)
        layers.append(text.encode(longitude="x:Q", latitude="y:Q", text=f"{signs}:N"))
    return _finish_map(layers, frame)


def draw_circles(
    frame: pl.DataFrame, measure: str, legend: alt.Legend, tooltip: Sequence[alt.Tooltip]
) -> AltairChart:
    """Draw a circle on each department, whose area is the value of a column.

    Parameters
    ----------
    frame : one row per department: `department`, the measure, and what the tooltip tells
    measure : column
    legend : of sizes
    tooltip : of a department
    """
    ground = _build_base(frame).mark_geoshape(fill=EMPTY, stroke=SOFT, strokeWidth=_OUTLINE)
    most = float(frame[measure].max() or 1)  # type: ignore[arg-type]
    chosen = alt.selection_point(fields=["department"], name="chosen")
    circles = (
        _build_base(frame)
        .transform_filter(alt.datum[measure] > 0)
        .mark_circle(color=MARK_FILLS[Mark.GRANTED], stroke=INK, strokeWidth=0.5)
        .encode(
            longitude="x:Q",
            latitude="y:Q",
            size=alt.Size(
                f"{measure}:Q", scale=alt.Scale(domain=[0, most], range=[0, _MOST_CIRCLE]), legend=legend
            ),
            opacity=alt.condition(chosen, alt.value(0.75), alt.value(0.2)),
            tooltip=list(tooltip),
        )
        .add_params(chosen)
    )
    return _finish_map([ground.encode(tooltip=list(tooltip)), _draw_inset(), circles], frame)


def _build_base(frame: pl.DataFrame) -> AltairChart:
    """Return a chart whose rows have the shape and the middle of their department."""
    shapes = alt.LookupData(
        alt.InlineData(values=list_features()), key="code", fields=["type", "geometry", "x", "y"]
    )
    return alt.Chart(frame).transform_lookup(lookup="department", from_=shapes)


def _draw_inset() -> AltairChart:
    frame = alt.Chart(alt.InlineData(values=[build_inset_frame()]))
    return frame.mark_geoshape(filled=False, stroke=LINE, strokeWidth=1)


def _finish_map(layers: Sequence[AltairChart], frame: pl.DataFrame) -> AltairChart:
    """Return the layers on one map, whose data is the frame."""
    scale = SIDE / FRAME_SIDE
    chart = alt.layer(*layers, data=frame).project(type="identity", scale=scale, translate=[0, 0])
    return chart.properties(width=SIDE, height=SIDE)
