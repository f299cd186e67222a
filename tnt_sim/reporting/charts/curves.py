"""Curves of steps with their certified band, and histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    WriteNumber,
    choose_limits,
    measure_text,
    shorten_text,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW

HEIGHT = 300
MOST_VERTICES = 1_500
MOST_BINS = 24
_BOX_ROOM = 24.0
"""Pixels between a histogram and its axis where a box stands there."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StepCurve:
    """A curve known at some places: points (place, value) in ascending order, joined by steps where `whole`."""

    name: str
    mark: Mark
    points: Sequence[tuple[float, float]]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Axes:
    """The titles of the two axes of a picture, and the writers of their numbers."""

    x_title: str
    y_title: str
    write_x: WriteNumber
    write_y: WriteNumber = write_number


def draw_steps(
    curves: Sequence[StepCurve],
    bands: Sequence[tuple[float, float, float, float]],
    here: tuple[float, str] | None,
    axes: Axes,
    label: str,
    lang: Lang,
    width: int,
) -> str:
    """Draw curves of steps, the band between known points, and where one is.

    Parameters
    ----------
    bands : (from, until, low, high): between two places the value is proven to lie between two others
    here : a place and its name; none is drawn outside the axis
    """
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return ""
    drawing = Drawing(width)
    values = [v for curve in drawn for _, v in curve.points] + [v for band in bands for v in band[2:]]
    places = [x for curve in drawn for x, _ in curve.points] + [x for band in bands for x in band[:2]]
    left = 14 + max(measure_text(axes.write_y(value, lang)) for value in (min(values), max(values)))
    top, bottom = 30.0 + LINE_HEIGHT * len(drawn), float(HEIGHT - 44)
    x_scale = Scale(min(places), max(places), left, width - 22.0, axes.write_x)
    low, high = choose_limits(values)
    y_scale = Scale(low, high, bottom, top, axes.write_y)
    drawing.write_text(0, 14, shorten_text(axes.y_title, width), bold=True)
    for k, curve in enumerate(drawn):
        y = 14.0 + LINE_HEIGHT * (k + 1)
        drawing.draw_line([(2, y - 4), (20, y - 4)], curve.mark, thickness=2.4, dash="" if k == 0 else "5 4")
        drawing.write_text(26, y, shorten_text(curve.name, width - 26))
    for start, end, least, most in bands[:MOST_VERTICES]:
        x, y = x_scale.locate(start), y_scale.locate(most)
        drawing.draw_rect(
            x, y, x_scale.locate(end) - x, max(1, y_scale.locate(least) - y), Mark.RANGE, opacity=0.25
        )
    drawing.draw_y_axis(y_scale, left, width - 22, lang)
    for k, curve in enumerate(drawn):
        _draw_curve(drawing, curve, x_scale, y_scale, dash="" if k == 0 else "5 4", dots=k == 0)
    if here is not None and x_scale.low <= here[0] <= x_scale.high:
        x = x_scale.locate(here[0])
        drawing.draw_line([(x, top - 4), (x, bottom)], thickness=1.2, dash="2 3")
        anchor = "end" if x > width / 2 else "start"
        drawing.write_text(x + (-6 if anchor == "end" else 6), top + 8, here[1], anchor=anchor, bold=True)
    drawing.draw_x_axis(x_scale, bottom, lang)
    drawing.write_text(width, bottom + 38, shorten_text(axes.x_title, width), anchor="end", soft=True)
    return drawing.finish(HEIGHT, label)


def _draw_curve(
    drawing: Drawing, curve: StepCurve, x_scale: Scale, y_scale: Scale, *, dash: str, dots: bool
) -> None:
    n = len(curve.points)
    vertices = [curve.points[k] for k in sorted({*range(0, n, max(1, -(-n // MOST_VERTICES))), n - 1})]
    path: list[tuple[float, float]] = []
    for x, value in vertices:
        place, height = x_scale.locate(x), y_scale.locate(value)
        if path and curve.whole:
            path.append((place, path[-1][1]))
        path.append((place, height))
    if curve.whole and vertices[-1][0] < x_scale.high:
        path.append((x_scale.stop, path[-1][1]))
    drawing.draw_line(path, curve.mark, thickness=2, dash=dash)
    if dots and n <= 60:
        for x, value in vertices:
            drawing.draw_circle(x_scale.locate(x), y_scale.locate(value), 3.2, curve.mark)


@dataclass(frozen=True, slots=True)
class MarkedValue:
    """A value that a histogram marks by a line, with its name."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class ValueBox:
    """The box below a histogram: least, low, middle, high and greatest value."""

    least: float
    low: float
    middle: float
    high: float
    most: float


def draw_histogram(
    values: FloatArray,
    readings: Sequence[MarkedValue],
    bad: tuple[float, float],
    axes: Axes,
    label: str,
    lang: Lang,
    width: int,
    box: ValueBox | None = None,
) -> str:
    """Draw how often each interval of values occurs, with a line at each reading; the bars stand on zero.

    Parameters
    ----------
    bad : limits of the values whose bars are drawn as losses
    box : drawn between the bars and their axis
    """
    if not len(values):
        return ""
    drawing = Drawing(width)
    marked = [reading.value for reading in readings]
    least, most = min([float(values.min()), *marked]), max([float(values.max()), *marked])
    n_bins = int(min(MOST_BINS, max(6, round(len(values) ** 0.5 * 1.5)))) if most > least else 1
    span = (most - least) or abs(most) * 0.02 or 1.0
    low, high = (least, most) if most > least else (least - span / 2, most + span / 2)
    counts, edges = np.histogram(values, bins=n_bins, range=(low, high))
    left, top, bottom = 14 + measure_text(f"{len(values)}"), 26.0 + LINE_HEIGHT * len(readings), HEIGHT - 44.0
    x_scale = Scale(low, high, left, width - 22.0, axes.write_x)
    y_scale = Scale(0, float(counts.max()) * 1.08, bottom, top, axes.write_y)
    drawing.write_text(0, 14, shorten_text(axes.y_title, width), bold=True)
    drawing.draw_y_axis(y_scale, left, width - 22, lang, most=4)
    for count, start, end in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if not count:
            continue
        x, middle = x_scale.locate(start), (start + end) / 2
        mark = Mark.LOSS if bad[0] <= middle <= bad[1] else Mark.GRANTED
        height = bottom - y_scale.locate(count)
        title = f"{axes.write_x(start, lang)} – {axes.write_x(end, lang)} · {axes.write_y(count, lang)}"
        drawing.draw_rect(x + 1, bottom - height, x_scale.locate(end) - x - 2, height, mark, title=title)
    for k, reading in enumerate(readings):
        x, y = x_scale.locate(reading.value), 14 + LINE_HEIGHT * (k + 1.0)
        drawing.draw_line([(x, y + 3), (x, bottom)], thickness=1.4, dash="" if k == 0 else "4 3")
        anchor = "end" if x > width / 2 else "start"
        room = (x if anchor == "end" else width - x) - 8
        text = shorten_text(reading.name, room)
        drawing.write_text(x + (-5 if anchor == "end" else 5), y + 3, text, anchor=anchor)
    base = bottom
    if box is not None:
        base += _BOX_ROOM
        _draw_box(drawing, box, x_scale, bottom + 6)
    drawing.draw_x_axis(x_scale, base, lang, most=2 if width <= NARROW else 5)
    drawing.write_text(width, base + 38, shorten_text(axes.x_title, width), anchor="end", soft=True)
    return drawing.finish(base + 44, label)


def _draw_box(drawing: Drawing, box: ValueBox, scale: Scale, y: float) -> None:
    """Draw a line from the least to the greatest value, a box around the middle ones, a stroke in the middle."""
    least, low, middle, high, most = (
        scale.locate(value) for value in (box.least, box.low, box.middle, box.high, box.most)
    )
    drawing.draw_line([(least, y + 6), (most, y + 6)], Mark.COMMITTED, thickness=1.6)
    drawing.draw_rect(low, y, max(2, high - low), 12, Mark.GRANTED)
    drawing.draw_line([(middle, y - 2), (middle, y + 14)], thickness=2)
