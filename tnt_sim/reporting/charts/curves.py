"""Curves of points, as steps or as lines, with the band where a value is proven to lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Measure,
    Scale,
    choose_limits,
    measure_text,
    shorten_text,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Words, write_words

HEIGHT = 300
MOST_VERTICES = 1_500


@dataclass(frozen=True, slots=True)
class NamedCurve:
    """A curve known at some places: points (place, value) in ascending order; `id` tells curves apart."""

    id: str
    name: Words
    mark: Mark
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves over one axis; a value is what it is at the place before where `stepped`.

    Attributes
    ----------
    bands : (from, until, low, high): between two places the value is proven to lie between two others
    here : a place and its name; none is drawn outside the axis
    diagonal : a thin line where a value is its place
    """

    curves: Sequence[NamedCurve]
    x: Measure
    y: Measure
    bands: Sequence[tuple[float, float, float, float]] = ()
    here: tuple[float, Words] | None = None
    stepped: bool = True
    diagonal: bool = False

    def choose_scale(self) -> Scale:
        """Return the scale of values from 0 to 1 pixels, for a sentence about its break."""
        return Scale(*choose_limits(self._list_values()), 0, 1, self.y.write)

    def _list_values(self) -> list[float]:
        """Return all that the vertical axis holds."""
        values = [value for curve in self.curves for _place, value in curve.points]
        values += [value for band in self.bands for value in band[2:]]
        if self.diagonal:
            values += [0.0, *(place for curve in self.curves for place, _value in curve.points)]
        return values

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without points."""
        drawn = [curve for curve in self.curves if curve.points]
        if not drawn:
            return ""
        drawing = Drawing(width)
        values, flat = self._list_values(), self.choose_scale()
        places = [x for curve in drawn for x, _ in curve.points] + [
            x for band in self.bands for x in band[:2]
        ]
        left = 14 + max(measure_text(self.y.write(value, lang)) for value in (min(values), max(values)))
        top, bottom = 30.0 + LINE_HEIGHT * len(drawn), float(HEIGHT - 44)
        x_scale = Scale(min(places), max(places), left, width - 22.0, self.x.write)
        y_scale = Scale(flat.low, flat.high, bottom, top, self.y.write)
        drawing.write_text(0, 14, shorten_text(write_words(self.y.title, lang), width), bold=True)
        for k, curve in enumerate(drawn):
            y = 14.0 + LINE_HEIGHT * (k + 1)
            drawing.draw_line(
                [(2, y - 4), (20, y - 4)], curve.mark, thickness=2.4, dash="" if k == 0 else "5 4"
            )
            drawing.write_text(26, y, shorten_text(write_words(curve.name, lang), width - 26))
        for start, end, least, most in self.bands[:MOST_VERTICES]:
            x, y = x_scale.locate(start), y_scale.locate(most)
            height = max(1, y_scale.locate(least) - y)
            drawing.draw_rect(x, y, x_scale.locate(end) - x, height, Mark.RANGE, opacity=0.25)
        drawing.draw_y_axis(y_scale, left, width - 22, lang)
        if self.diagonal:
            drawing.draw_line([(x_scale.locate(x), y_scale.locate(x)) for x in (min(places), max(places))])
        for k, curve in enumerate(drawn):
            self._draw_curve(drawing, curve, x_scale, y_scale, dash="" if k == 0 else "5 4", dots=k == 0)
        if self.here is not None and x_scale.low <= self.here[0] <= x_scale.high:
            x, name = x_scale.locate(self.here[0]), write_words(self.here[1], lang)
            drawing.draw_line([(x, top - 4), (x, bottom)], thickness=1.2, dash="2 3")
            anchor = "end" if x > width / 2 else "start"
            drawing.write_text(x + (-6 if anchor == "end" else 6), top + 8, name, anchor=anchor, bold=True)
        drawing.draw_x_axis(x_scale, bottom, lang)
        title = shorten_text(write_words(self.x.title, lang), width)
        drawing.write_text(width, bottom + 38, title, anchor="end", soft=True)
        return drawing.finish(HEIGHT, label)

    def _draw_curve(
        self, drawing: Drawing, curve: NamedCurve, x_scale: Scale, y_scale: Scale, *, dash: str, dots: bool
    ) -> None:
        n = len(curve.points)
        vertices = [curve.points[k] for k in sorted({*range(0, n, max(1, -(-n // MOST_VERTICES))), n - 1})]
        path: list[tuple[float, float]] = []
        for x, value in vertices:
            place, height = x_scale.locate(x), y_scale.locate(value)
            if path and self.stepped:
                path.append((place, path[-1][1]))
            path.append((place, height))
        if self.stepped and vertices[-1][0] < x_scale.high:
            path.append((x_scale.stop, path[-1][1]))
        drawing.draw_line(path, curve.mark, thickness=2, dash=dash)
        if dots and n <= 60:
            for x, value in vertices:
                drawing.draw_circle(x_scale.locate(x), y_scale.locate(value), 3.2, curve.mark)
