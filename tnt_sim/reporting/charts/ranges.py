"""Ranges of a value, one per line: what moves it most is at the top, as in a tornado."""

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
    compute_text_room,
    shorten_text,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words

BAR = 14
MOST_NAME = 190
"""Most pixels of a name to the left of its range."""


@dataclass(frozen=True, slots=True)
class Range:
    """A name, its least, low, middle, high and greatest value, and their text; its bar goes from low to high.

    `id` tells ranges of one name apart.
    """

    label: Words
    least: float
    low: float
    middle: float
    high: float
    most: float
    text: Words
    id: str = ""


@dataclass(frozen=True, slots=True)
class RangeBars:
    """A thin line from least to greatest, a bar between low and high, a stroke in the middle, for each range.

    Attributes
    ----------
    here : a value and its name, drawn as a line through all ranges
    limits : of the axis; by default `choose_limits` of the values
    """

    ranges: Sequence[Range]
    measure: Measure
    here: tuple[float, Words] | None = None
    limits: tuple[float, float] | None = None

    def choose_scale(self) -> Scale:
        """Return the scale of the ranges from 0 to 1 pixels, for a sentence about its break."""
        values = [value for entry in self.ranges for value in (entry.least, entry.most)]
        values += [] if self.here is None else [self.here[0]]
        return Scale(*(self.limits or choose_limits(values)), 0, 1, self.measure.write)

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without ranges."""
        if not self.ranges:
            return ""
        drawing = Drawing(width)
        above = width <= NARROW
        names = [write_words(entry.label, lang) for entry in self.ranges]
        name_room = 8.0 if above else compute_text_room(names, 60, MOST_NAME)
        flat = self.choose_scale()
        scale = Scale(flat.low, flat.high, name_room, width - 22.0, flat.write)
        y = 0.0 if self.here is None else 22.0
        for entry in self.ranges:
            name, text = write_words(entry.label, lang), write_words(entry.text, lang)
            start, end = scale.locate(entry.least), scale.locate(entry.most)
            begin, finish = scale.locate(entry.low), scale.locate(entry.high)
            if above:
                drawing.write_text(0, y + 13, shorten_text(name, width))
                y += LINE_HEIGHT
            else:
                drawing.write_text(name_room - 10, y + 14, shorten_text(name, name_room - 12), anchor="end")
            drawing.draw_line([(start, y + 10), (end, y + 10)], Mark.COMMITTED, thickness=1.6)
            drawing.draw_rect(
                begin, y + 3, max(2, finish - begin), BAR, Mark.GRANTED, title=f"{name} · {text}"
            )
            if self.here is not None:
                place = scale.locate(self.here[0])
                drawing.draw_line([(place, y - 2), (place, y + BAR + 6)], thickness=1.2, dash="2 3")
            middle = scale.locate(entry.middle)
            drawing.draw_line([(middle, y + 1), (middle, y + BAR + 5)], thickness=2)
            drawing.write_text(name_room, y + 32, shorten_text(text, width - name_room), soft=True)
            y += 44
        if self.here is not None:
            x = scale.locate(self.here[0])
            anchor = "end" if x > width / 2 else "start"
            room = (x if anchor == "end" else width - x) - 8
            drawing.write_text(
                x + (-5 if anchor == "end" else 5),
                13,
                shorten_text(write_words(self.here[1], lang), room),
                anchor=anchor,
                bold=True,
            )
        drawing.draw_x_axis(scale, y, lang, most=2 if above else 5)
        drawing.write_text(
            width, y + 38, shorten_text(write_words(self.measure.title, lang), width), anchor="end", soft=True
        )
        return drawing.finish(y + 46, label)
