"""Ranges of a value, one per line: what moves it most is at the top, as in a tornado."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    WriteNumber,
    choose_limits,
    compute_text_room,
    shorten_text,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW

BAR = 14
MOST_NAME = 190
"""Most pixels of a name to the left of its range."""


@dataclass(frozen=True, slots=True)
class Range:
    """A name, its least, low, middle, high and greatest value, and their text; its bar goes from low to high."""

    label: str
    least: float
    low: float
    middle: float
    high: float
    most: float
    text: str


def choose_range_scale(ranges: Sequence[Range], here: float | None, write: WriteNumber) -> Scale:
    """Return the scale of the ranges from 0 to 1 pixels, for a sentence about its break."""
    values = [value for one in ranges for value in (one.least, one.most)] + ([] if here is None else [here])
    return Scale(*choose_limits(values), 0, 1, write)


def draw_ranges(
    ranges: Sequence[Range],
    here: tuple[float, str] | None,
    write: WriteNumber,
    axis: str,
    label: str,
    lang: Lang,
    width: int,
    limits: tuple[float, float] | None = None,
) -> str:
    """Draw ranges: a thin line from least to greatest, a bar between low and high, a stroke in the middle.

    Parameters
    ----------
    here : a value and its name, drawn as a line through all ranges
    axis : title of the axis
    limits : of the axis; by default `choose_limits` of the values
    """
    if not ranges:
        return ""
    drawing = Drawing(width)
    above = width <= NARROW
    name_room = 8.0 if above else compute_text_room([one.label for one in ranges], 60, MOST_NAME)
    flat = choose_range_scale(ranges, None if here is None else here[0], write)
    low, high = limits or (flat.low, flat.high)
    scale = Scale(low, high, name_room, width - 22.0, write)
    y = 0.0 if here is None else 22.0
    for entry in ranges:
        start, end = scale.locate(entry.least), scale.locate(entry.most)
        begin, finish = scale.locate(entry.low), scale.locate(entry.high)
        if above:
            drawing.write_text(0, y + 13, shorten_text(entry.label, width))
            y += LINE_HEIGHT
        else:
            drawing.write_text(
                name_room - 10, y + 14, shorten_text(entry.label, name_room - 12), anchor="end"
            )
        drawing.draw_line([(start, y + 10), (end, y + 10)], Mark.COMMITTED, thickness=1.6)
        drawing.draw_rect(
            begin, y + 3, max(2, finish - begin), BAR, Mark.GRANTED, title=f"{entry.label} · {entry.text}"
        )
        if here is not None:
            place = scale.locate(here[0])
            drawing.draw_line([(place, y - 2), (place, y + BAR + 6)], thickness=1.2, dash="2 3")
        middle = scale.locate(entry.middle)
        drawing.draw_line([(middle, y + 1), (middle, y + BAR + 5)], thickness=2)
        drawing.write_text(name_room, y + 32, shorten_text(entry.text, width - name_room), soft=True)
        y += 44
    if here is not None:
        x = scale.locate(here[0])
        anchor = "end" if x > width / 2 else "start"
        room = (x if anchor == "end" else width - x) - 8
        drawing.write_text(
            x + (-5 if anchor == "end" else 5), 13, shorten_text(here[1], room), anchor=anchor, bold=True
        )
    drawing.draw_x_axis(scale, y, lang, most=2 if above else 5)
    drawing.write_text(width, y + 38, shorten_text(axis, width), anchor="end", soft=True)
    return drawing.finish(y + 46, label)
