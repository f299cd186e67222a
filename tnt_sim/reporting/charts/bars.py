"""Bars: sizes from zero, each labelled directly, with the names above them on a narrow page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    NUMBER,
    Drawing,
    Measure,
    Scale,
    compute_text_room,
    measure_text,
    shorten_text,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words

BAR, GAP = 16, 12
MOST_NAME = 260
"""Most pixels of a name to the left of its bars."""
SIDE_MARKS = (Mark.GRANTED, Mark.COMMITTED, Mark.INELIGIBLE, Mark.WAITING, Mark.REFUSED, Mark.LOSS)
"""The marks of sides that have no meaning of their own, of different lightness where they are neighbours."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Name and, for each side, a size with its text, None for no bar; the mark is that of a single side.

    Attributes
    ----------
    id : tells bars of one name apart in the data of an Altair chart
    """

    label: Words
    sizes: Sequence[float | None]
    texts: Sequence[Words]
    mark: Mark = Mark.GRANTED
    id: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of horizontal bars from zero, one bar per side, with a legend where there are several.

    Attributes
    ----------
    measure : what the sizes are; a page writes it on each bar, an Altair chart on an axis too
    above : names are above their bars everywhere, not on a narrow page alone
    """

    bars: Sequence[Bar]
    sides: Sequence[Words] = ("",)
    measure: Measure = NUMBER
    above: bool = False

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without bars."""
        if not self.bars:
            return ""
        sides = [write_words(side, lang) for side in self.sides]
        drawing = Drawing(width)
        above = self.above or width <= NARROW
        names = [write_words(bar.label, lang) for bar in self.bars]
        texts = [[write_words(text, lang) for text in bar.texts] for bar in self.bars]
        name_room = 0.0 if above else compute_text_room(names, 60, MOST_NAME)
        text_room = max(measure_text(text) for row in texts for text in row) + 12
        most = max((size or 0.0 for bar in self.bars for size in bar.sizes), default=0.0) or 1.0
        scale = Scale(0, most, name_room, max(name_room + 40, width - text_room))
        y = 0.0
        if len(sides) > 1:
            marks = [SIDE_MARKS[k % len(SIDE_MARKS)] for k in range(len(sides))]
            y = draw_keys(drawing, list(zip(marks, sides, strict=True)))
        for bar, name, row in zip(self.bars, names, texts, strict=True):
            if above:
                drawing.write_text(0, y + 14, shorten_text(name, width))
                y += LINE_HEIGHT + 2
            else:
                middle = y + len(sides) * (BAR + 2) / 2 + 4
                drawing.write_text(name_room - 8, middle, shorten_text(name, name_room - 8), anchor="end")
            for k, (size, text) in enumerate(zip(bar.sizes, row, strict=True)):
                if size is None:
                    continue
                mark = bar.mark if len(sides) == 1 else SIDE_MARKS[k % len(SIDE_MARKS)]
                end = scale.locate(max(0.0, size))
                title = " · ".join(part for part in (name, sides[k], text) if part)
                drawing.draw_rect(scale.start, y, max(1, end - scale.start), BAR, mark, title=title)
                drawing.write_text(end + 6, y + 13, text)
                y += BAR + 2
            y += GAP
        drawing.draw_line([(scale.start, 0 if len(sides) == 1 else 22), (scale.start, y - GAP)], opacity=0.5)
        return drawing.finish(y, label)


def draw_keys(drawing: Drawing, keys: Sequence[tuple[Mark, str]], hollow: Mark | None = None) -> float:
    """Draw the words of some marks on as many lines as they need; return where the bars begin."""
    x, y = 0.0, 0.0
    for mark, word in keys:
        text = shorten_text(word, drawing.width - 24)
        room = measure_text(text) + 38
        if x and x + room > drawing.width:
            x, y = 0.0, y + LINE_HEIGHT + 2
        drawing.draw_rect(x, y + 3, 14, 12, mark, hollow=mark is hollow)
        drawing.write_text(x + 20, y + 14, text)
        x += room
    return y + LINE_HEIGHT + 10


@dataclass(frozen=True, slots=True)
class GapBar:
    """A bound: its name, size and text, and the size that it would need alone, None where unknown."""

    label: Words
    size: float
    gap_end: float | None
    mark: Mark
    text: Words


@dataclass(frozen=True, slots=True)
class GapBars:
    """Bounds from zero, each panel on its own scale, with what each would have to give way as an outline.

    Attributes
    ----------
    panels : the unit of each panel, "" for one alone, and its bounds
    keys : marks of the legend; that of the outline is `Mark.LOSS`
    """

    panels: Sequence[tuple[Words, Sequence[GapBar]]]
    keys: Sequence[tuple[Mark, Words]]

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without bars."""
        if not any(bars for _unit, bars in self.panels):
            return ""
        drawing = Drawing(width)
        y = draw_keys(drawing, [(mark, write_words(word, lang)) for mark, word in self.keys], Mark.LOSS)
        for unit, bars in self.panels:
            if unit and bars:
                drawing.write_text(0, y + 13, write_words(unit, lang), soft=True)
                y += LINE_HEIGHT + 6
            room = max((measure_text(write_words(bar.text, lang)) for bar in bars), default=0) + 14
            most = max((max(bar.size, bar.gap_end or 0.0) for bar in bars), default=0.0) or 1.0
            scale = Scale(0, most, 0, max(60, width - room))
            for bar in bars:
                drawing.write_text(0, y + 13, shorten_text(write_words(bar.label, lang), width))
                _draw_gap_bar(drawing, bar, scale, y + LINE_HEIGHT + 2, lang)
                y += LINE_HEIGHT + BAR + GAP
        return drawing.finish(y, label)


def _draw_gap_bar(drawing: Drawing, bar: GapBar, scale: Scale, y: float, lang: Lang) -> None:
    end, text = scale.locate(bar.size), write_words(bar.text, lang)
    title = f"{write_words(bar.label, lang)} · {text}"
    drawing.draw_rect(scale.start, y, max(1, end - scale.start), BAR, bar.mark, title=title)
    if bar.gap_end is not None:
        there = scale.locate(bar.gap_end)
        low, high = min(end, there), max(end, there)
        if there < end:  # the part that gives way is no longer full
            drawing.draw_rect(low, y, high - low, BAR, Mark.LOSS, opacity=0.45)
        drawing.draw_rect(low, y, max(3, high - low), BAR, Mark.LOSS, hollow=True)
        end = max(high, low + 3)
    drawing.write_text(end + 7, y + 13, text)
    drawing.draw_line([(scale.start, y - 2), (scale.start, y + BAR + 2)], opacity=0.5)
