"""Maps of the departments as Altair charts: circles for sums, shades for rates, two hues for changes.

Shapes of the departments as polygons for Vega, from the outlines of the map as SVG paths.

A polygon has its place on the whole map, overseas and the enlarged part around Paris included. Curves, which a few
small islands have, are drawn by their ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import altair as alt
import polars as pl

from tnt_sim.reporting.charts.department_map import load_outlines
from tnt_sim.reporting.charts.theme import FILLS as MARK_FILLS
from tnt_sim.reporting.charts.theme import INK, LINE, SOFT, ChartSpec, Mark
from tnt_sim.reporting.plots.drawing.chart_words import build_legend
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

type Ring = list[tuple[float, float]]

FRAME_SIDE = 1010.0

"""Side of the square on which outlines are drawn."""

_TOKENS = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)")

_TRANSFORM = re.compile(r"(translate|scale)\(([-\d.]+)(?:[ ,]+([-\d.]+))?\)")

_INSET = [(816.0, 8.0), (1002.0, 8.0), (1002.0, 188.0), (816.0, 188.0), (816.0, 8.0)]


def parse_path(path: str) -> list[Ring]:
    """Return the rings of an SVG path, each closed.

    >>> parse_path("m1 1h2v2z")
    [[(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 1.0)]]
    """
    rings: list[Ring] = []
    x = y = 0.0
    for command, numbers in _split_commands(path):
        relative = command.islower()
        if command in "zZ":
            rings[-1].append(rings[-1][0])
            x, y = rings[-1][0]
            continue
        size = {"h": 1, "v": 1, "c": 6, "s": 4}.get(command.lower(), 2)
        for k in range(0, len(numbers), size):
            group = numbers[k : k + size]
            if command in "hH":
                x = group[0] + x * relative
            elif command in "vV":
                y = group[0] + y * relative
            else:
                x, y = group[-2] + x * relative, group[-1] + y * relative
            if command in "mM" and k == 0:
                rings.append([])
            rings[-1].append((x, y))
    return [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]


def _split_commands(path: str) -> Iterator[tuple[str, list[float]]]:
    command, numbers = "", []
    for token in _TOKENS.findall(path):
        if not token.isalpha():
            numbers.append(float(token))
            continue
        if command:
            yield command, numbers
        command, numbers = token, []
    yield command, numbers


def _move_ring(ring: Ring, transform: str) -> Ring:
    """Return a ring at the place that the transform of its outline gives it."""
    for kind, first, second in reversed(_TRANSFORM.findall(transform)):
        a, b = float(first), float(second or first)
        ring = [(x + a, y + b) if kind == "translate" else (x * a, y * b) for x, y in ring]
    return ring


@cache
def _load_rings() -> dict[str, list[Ring]]:
    """Return the rings of each department, those of an enlarged part last."""
    rings: dict[str, list[Ring]] = defaultdict(list)
    for outline in load_outlines():
        rings[outline.code] += [_move_ring(ring, outline.transform) for ring in parse_path(outline.path)]
    return dict(rings)


def list_features() -> list[ChartSpec]:
    """Return the shape of each department, with its `code` and the place of its middle, `x` and `y`."""
    features = []
    for code, rings in _load_rings().items():
        x, y = _locate_middle(rings)
        polygons = [[[[round(a, 1), round(b, 1)] for a, b in ring]] for ring in rings]
        geometry = {"type": "MultiPolygon", "coordinates": polygons}
        features.append({"type": "Feature", "code": code, "x": x, "y": y, "geometry": geometry})
    return features


def build_inset_frame() -> ChartSpec:
    """Return the frame of the enlarged part."""
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [list(one) for one in _INSET]},
    }


def _locate_middle(rings: list[Ring]) -> tuple[float, float]:
    """Return the middle of the largest ring, which of an enlarged department is the enlarged one."""

    def measure(ring: Ring) -> float:
        return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))) / 2

    ring = max(rings, key=measure)
    xs, ys = [x for x, _y in ring], [y for _x, y in ring]
    return round((min(xs) + max(xs)) / 2, 1), round((min(ys) + max(ys)) / 2, 1)


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
