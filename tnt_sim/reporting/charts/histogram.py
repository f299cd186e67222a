"""Histograms: how often each interval of values occurs, with marked values and a box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.reporting.charts.curves import HEIGHT
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Measure,
    Scale,
    compute_ticks,
    measure_text,
    shorten_text,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words

_HEIGHT = 130.0


@dataclass(frozen=True, slots=True)
class FrequencyGroup:
    """A group of dossiers: its name with its count, its mark, and its least number of draws."""

    name: Words
    mark: Mark
    least: int


@dataclass(frozen=True, slots=True)
class FrequencyStrip:
    """Each dossier as high as the draws that fund it, in the mark of its group.

    Attributes
    ----------
    names : of the dossiers
    counts : draws that fund each dossier
    groups : the one with the most draws first; a dossier belongs to the first whose least it reaches
    """

    names: Sequence[str]
    counts: Sequence[int]
    n_draws: int
    groups: Sequence[FrequencyGroup]
    x_title: Words
    y_title: Words

    def find_group(self, count: int) -> FrequencyGroup:
        """Return the group of a dossier that so many draws fund."""
        return next(group for group in self.groups if count >= group.least)

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without dossiers or draws."""
        if not self.counts or not self.n_draws:
            return ""
        drawing = Drawing(width)
        left = 14 + measure_text(format_integer(self.n_draws, lang))
        y = 0.0
        for group in self.groups:
            drawing.draw_rect(0, y + 3, 14, 12, group.mark, hollow=not group.least)
            drawing.write_text(20, y + 14, shorten_text(write_words(group.name, lang), width - 20))
            y += LINE_HEIGHT
        drawing.write_text(0, y + 18, shorten_text(write_words(self.y_title, lang), width), bold=True)
        top, bottom = y + 30, y + 30 + _HEIGHT
        x_scale = Scale(0, len(self.counts), left, width - 22.0, write_number)
        y_scale = Scale(0, self.n_draws, bottom, top, write_number)
        ticks = [tick for tick in compute_ticks(0, self.n_draws, 4) if float(tick).is_integer()]
        for tick in dict.fromkeys([*ticks[:-1], self.n_draws]):
            place = y_scale.locate(tick)
            drawing.draw_line([(left, place), (width - 22, place)], opacity=0.5 if tick == 0 else 0.15)
            drawing.write_text(left - 6, place + 4, format_integer(int(tick), lang), anchor="end", soft=True)
        start = 0
        for count, same in groupby(sorted(self.counts, reverse=True)):
            end = start + len(list(same))
            if count:
                mark = self.find_group(count).mark
                x, height = x_scale.locate(start), bottom - y_scale.locate(count)
                title = f"{format_integer(end - start, lang)} · {count}/{self.n_draws}"
                drawing.draw_rect(x, bottom - height, x_scale.locate(end) - x, height, mark, title=title)
            start = end
        drawing.draw_x_axis(x_scale, bottom, lang, most=4)
        drawing.write_text(
            width, bottom + 38, shorten_text(write_words(self.x_title, lang), width), anchor="end", soft=True
        )
        return drawing.finish(bottom + 46, label)


MOST_BINS = 24

_BOX_ROOM = 24.0

"""Pixels between a histogram and its axis where a box stands there."""


@dataclass(frozen=True, slots=True)
class MarkedValue:
    """A value that a histogram marks by a line, with its name."""

    value: float
    name: Words


@dataclass(frozen=True, slots=True)
class ValueBox:
    """The box below a histogram: least, low, middle, high and greatest value."""

    least: float
    low: float
    middle: float
    high: float
    most: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often each interval of values occurs, with a line at each marked value; the bars stand on zero.

    Attributes
    ----------
    x, y : the values, and their number
    bad : limits of the values whose bars are drawn as losses
    box : drawn between the bars and their axis
    limits : the ends of the bars; by default the least and the greatest value
    """

    values: Sequence[float]
    x: Measure
    y: Measure
    marked: Sequence[MarkedValue] = ()
    bad: tuple[float, float] = (math.inf, math.inf)
    box: ValueBox | None = None
    limits: tuple[float, float] | None = None

    def count_values(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the number of values of each interval, and the ends of the intervals."""
        ends = [*(self.limits or self.values), *(marked.value for marked in self.marked)]
        least, most, n = min(ends), max(ends), len(self.values)
        n_bins = int(min(MOST_BINS, max(6, round(n**0.5 * 1.5)))) if most > least else 1
        if most == least:
            span = abs(most) * 0.02 or 1.0
            least, most = least - span / 2, most + span / 2
        counts, edges = np.histogram(np.array(self.values), bins=n_bins, range=(least, most))
        return counts.astype(np.int64), edges

    def is_bad(self, value: float) -> bool:
        """Return whether a bar around a value is drawn as a loss."""
        return self.bad[0] <= value <= self.bad[1]

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without values."""
        n = len(self.values)
        if not n:
            return ""
        drawing = Drawing(width)
        counts, edges = self.count_values()
        low, high = float(edges[0]), float(edges[-1])
        left, top, bottom = 14 + measure_text(f"{n}"), 26.0 + LINE_HEIGHT * len(self.marked), HEIGHT - 44.0
        x_scale = Scale(low, high, left, width - 22.0, self.x.write)
        y_scale = Scale(0, float(counts.max()) * 1.08, bottom, top, self.y.write)
        drawing.write_text(0, 14, shorten_text(write_words(self.y.title, lang), width), bold=True)
        drawing.draw_y_axis(y_scale, left, width - 22, lang, most=4)
        for count, start, end in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if not count:
                continue
            x, middle = x_scale.locate(start), (start + end) / 2
            mark = Mark.LOSS if self.is_bad(middle) else Mark.GRANTED
            height = bottom - y_scale.locate(count)
            title = f"{self.x.write(start, lang)} – {self.x.write(end, lang)} · {self.y.write(count, lang)}"
            drawing.draw_rect(x + 1, bottom - height, x_scale.locate(end) - x - 2, height, mark, title=title)
        for k, marked in enumerate(self.marked):
            x, y = x_scale.locate(marked.value), 14 + LINE_HEIGHT * (k + 1.0)
            drawing.draw_line([(x, y + 3), (x, bottom)], thickness=1.4, dash="" if k == 0 else "4 3")
            anchor = "end" if x > width / 2 else "start"
            text = shorten_text(write_words(marked.name, lang), (x if anchor == "end" else width - x) - 8)
            drawing.write_text(x + (-5 if anchor == "end" else 5), y + 3, text, anchor=anchor)
        base = bottom
        if self.box is not None:
            base += _BOX_ROOM
            _draw_box(drawing, self.box, x_scale, bottom + 6)
        drawing.draw_x_axis(x_scale, base, lang, most=2 if width <= NARROW else 5)
        title = shorten_text(write_words(self.x.title, lang), width)
        drawing.write_text(width, base + 38, title, anchor="end", soft=True)
        return drawing.finish(base + 44, label)


def _draw_box(drawing: Drawing, box: ValueBox, scale: Scale, y: float) -> None:
    """Draw a line from the least to the greatest value, a box around the middle ones, a stroke in the middle."""
    least, low, middle, high, most = (
        scale.locate(value) for value in (box.least, box.low, box.middle, box.high, box.most)
    )
    drawing.draw_line([(least, y + 6), (most, y + 6)], Mark.COMMITTED, thickness=1.6)
    drawing.draw_rect(low, y, max(2, high - low), 12, Mark.GRANTED)
    drawing.draw_line([(middle, y - 2), (middle, y + 14)], thickness=2)
