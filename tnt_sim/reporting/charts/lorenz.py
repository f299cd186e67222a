"""Lorenz curves: which share of the money goes to the inhabitants who get least per head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    compute_ticks,
    measure_text,
    shorten_text,
    write_rate,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words

MARKS = (Mark.GRANTED, Mark.LOSS, Mark.COMMITTED, Mark.INELIGIBLE)
"""Marks of the curves, at most four of them; the first one is a full line."""
DASHES = ("", "7 4", "2 3", "10 3 2 3")
_WIDE_SIDE, _NARROW_SIDE = 330.0, 230.0
"""Most pixels of a side of the square."""


@dataclass(frozen=True, slots=True)
class LorenzCurve:
    """A curve from (0, 0) to (1, 1), and its name with its index."""

    name: Words
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class LorenzCurves:
    """Lorenz curves below the diagonal of an even spread, in a square from 0 to 100 %.

    Attributes
    ----------
    equal : words on the diagonal, along which all have as much
    """

    curves: Sequence[LorenzCurve]
    x_title: Words
    y_title: Words
    equal: Words

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without curves."""
        drawn = self.curves[: len(MARKS)]
        if not drawn:
            return ""
        drawing = Drawing(width)
        left = 14 + measure_text(write_rate(1.0, lang))
        side = min(_NARROW_SIDE if width <= NARROW else _WIDE_SIDE, width - left - 22)
        top = 26.0 + LINE_HEIGHT * (len(drawn) + 1)
        bottom = top + side
        x_scale = Scale(0, 1, left, left + side, write_rate)
        y_scale = Scale(0, 1, bottom, top, write_rate)
        for k, curve in enumerate(drawn):
            y = 14.0 + LINE_HEIGHT * k
            drawing.draw_line([(2, y - 4), (26, y - 4)], MARKS[k], thickness=2.4, dash=DASHES[k])
            drawing.write_text(32, y, shorten_text(write_words(curve.name, lang), width - 32))
        y = 14.0 + LINE_HEIGHT * len(drawn)
        drawing.draw_line([(2, y - 4), (26, y - 4)], opacity=0.6)
        drawing.write_text(32, y, shorten_text(write_words(self.equal, lang), width - 32))
        y = top - 8
        drawing.write_text(0, y, shorten_text(write_words(self.y_title, lang), width), soft=True)
        for tick in compute_ticks(0, 1, 4 if side > 200 else 2):
            place = y_scale.locate(tick)
            drawing.draw_line([(left, place), (left + side, place)], opacity=0.5 if tick == 0 else 0.15)
            if tick < 1:
                drawing.write_text(left - 6, place + 4, write_rate(tick, lang), anchor="end", soft=True)
        drawing.draw_line([(left, bottom), (left + side, top)], opacity=0.6)
        for k, curve in enumerate(drawn):
            path = [(x_scale.locate(x), y_scale.locate(y)) for x, y in curve.points]
            drawing.draw_line(path, MARKS[k], thickness=2.2, dash=DASHES[k])
        drawing.draw_x_axis(x_scale, bottom, lang, most=4 if side > 250 else 2)
        drawing.write_text(0, bottom + 38, shorten_text(write_words(self.x_title, lang), width), soft=True)
        return drawing.finish(bottom + 46, label)
