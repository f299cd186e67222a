"""Bars and dumbbells: sizes from zero, each labelled directly, with the names above them on a narrow page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    WriteNumber,
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
    """Name and, for each side, a size ≥ 0 with its text; the mark is that of a single side.

    Attributes
    ----------
    id : tells bars of one name apart in the data of an Altair chart
    """

    label: Words
    sizes: Sequence[float]
    texts: Sequence[Words]
    mark: Mark = Mark.GRANTED
    id: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """A picture: groups of horizontal bars from zero, one bar per side, with a legend where there are several.

    It draws itself as SVG for a language and a width; `draw_labelled_bars` makes an Altair chart of it.

    Attributes
    ----------
    label : what it shows, for those who do not see it
    above : names are above their bars everywhere, not on a narrow page alone
    """

    bars: Sequence[Bar]
    label: Words
    sides: Sequence[Words] = ("",)
    above: bool = False

    def __call__(self, lang: Lang, width: int) -> str:
        """Draw it; "" without bars."""
        if not self.bars:
            return ""
        sides = [write_words(side, lang) for side in self.sides]
        drawing = Drawing(width)
        above = self.above or width <= NARROW
        names = [write_words(bar.label, lang) for bar in self.bars]
        texts = [[write_words(text, lang) for text in bar.texts] for bar in self.bars]
        name_room = 0.0 if above else compute_text_room(names, 60, MOST_NAME)
        text_room = max(measure_text(text) for row in texts for text in row) + 12
        most = max((size for bar in self.bars for size in bar.sizes), default=0.0) or 1.0
        scale = Scale(0, most, name_room, max(name_room + 40, width - text_room))
        y = 0.0
        if len(sides) > 1:
            y = _draw_legend(drawing, sides, width)
        for bar, name, row in zip(self.bars, names, texts, strict=True):
            if above:
                drawing.write_text(0, y + 14, shorten_text(name, width))
                y += LINE_HEIGHT + 2
            else:
                middle = y + len(sides) * (BAR + 2) / 2 + 4
                drawing.write_text(name_room - 8, middle, shorten_text(name, name_room - 8), anchor="end")
            for k, (size, text) in enumerate(zip(bar.sizes, row, strict=True)):
                mark = bar.mark if len(sides) == 1 else SIDE_MARKS[k % len(SIDE_MARKS)]
                end = scale.locate(size)
                title = " · ".join(part for part in (name, sides[k], text) if part)
                drawing.draw_rect(scale.start, y, max(1, end - scale.start), BAR, mark, title=title)
                drawing.write_text(end + 6, y + 13, text)
                y += BAR + 2
            y += GAP
        drawing.draw_line([(scale.start, 0 if len(sides) == 1 else 22), (scale.start, y - GAP)], opacity=0.5)
        return drawing.finish(y, write_words(self.label, lang))


def _draw_legend(drawing: Drawing, sides: Sequence[str], width: int) -> float:
    """Draw the names of the sides on as many lines as they need; return where the bars begin."""
    x, y = 0.0, 0.0
    for k, side in enumerate(sides):
        text = shorten_text(side, width - 24)
        room = measure_text(text) + 38
        if x and x + room > width:
            x, y = 0.0, y + LINE_HEIGHT + 2
        drawing.draw_rect(x, y + 3, 14, 12, SIDE_MARKS[k % len(SIDE_MARKS)])
        drawing.write_text(x + 20, y + 14, text)
        x += room
    return y + LINE_HEIGHT + 10


@dataclass(frozen=True, slots=True)
class GapBar:
    """A bound: its name, size and text, and the size that it would need alone, None where unknown."""

    label: str
    size: float
    gap_end: float | None
    mark: Mark
    text: str


def draw_gap_bars(
    panels: Sequence[tuple[str, Sequence[GapBar]]], keys: Sequence[tuple[Mark, str]], label: str, width: int
) -> str:
    """Draw bounds from zero, each panel on its own scale, with what each would have to give way as an outline.

    Parameters
    ----------
    panels : the unit of each panel, "" for one alone, and its bounds
    keys : marks of the legend; that of the outline is `Mark.LOSS`
    """
    if not any(bars for _unit, bars in panels):
        return ""
    drawing = Drawing(width)
    y = _draw_keys(drawing, keys, width)
    for unit, bars in panels:
        if unit and bars:
            drawing.write_text(0, y + 13, unit, soft=True)
            y += LINE_HEIGHT + 6
        room = max((measure_text(bar.text) for bar in bars), default=0) + 14
        most = max((max(bar.size, bar.gap_end or 0.0) for bar in bars), default=0.0) or 1.0
        scale = Scale(0, most, 0, max(60, width - room))
        for bar in bars:
            drawing.write_text(0, y + 13, shorten_text(bar.label, width))
            _draw_gap_bar(drawing, bar, scale, y + LINE_HEIGHT + 2)
            y += LINE_HEIGHT + BAR + GAP
    return drawing.finish(y, label)


def _draw_gap_bar(drawing: Drawing, bar: GapBar, scale: Scale, y: float) -> None:
    end = scale.locate(bar.size)
    title = f"{bar.label} · {bar.text}"
    drawing.draw_rect(scale.start, y, max(1, end - scale.start), BAR, bar.mark, title=title)
    if bar.gap_end is not None:
        there = scale.locate(bar.gap_end)
        low, high = min(end, there), max(end, there)
        if there < end:  # the part that gives way is no longer full
            drawing.draw_rect(low, y, high - low, BAR, Mark.LOSS, opacity=0.45)
        drawing.draw_rect(low, y, max(3, high - low), BAR, Mark.LOSS, hollow=True)
        end = max(high, low + 3)
    drawing.write_text(end + 7, y + 13, bar.text)
    drawing.draw_line([(scale.start, y - 2), (scale.start, y + BAR + 2)], opacity=0.5)


def _draw_keys(drawing: Drawing, keys: Sequence[tuple[Mark, str]], width: int) -> float:
    """Draw the words of the marks; return where the bars begin."""
    x, y = 0.0, 0.0
    for mark, word in keys:
        text = shorten_text(word, width - 24)
        room = measure_text(text) + 38
        if x and x + room - 14 > width:
            x, y = 0.0, y + LINE_HEIGHT + 2
        drawing.draw_rect(x, y + 3, 14, 12, mark, hollow=mark is Mark.LOSS)
        drawing.write_text(x + 20, y + 14, text)
        x += room
    return y + LINE_HEIGHT + 10


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after, ≥ 0, with the text of the difference."""

    label: str
    before: float
    after: float
    text: str


def draw_dumbbells(
    changes: Sequence[Change], names: tuple[str, str], write: WriteNumber, label: str, lang: Lang, width: int
) -> str:
    """Draw each change as a hollow dot before, a full dot after, and a line in the colour of gain or loss.

    Parameters
    ----------
    names : of the two sides, for the legend
    write : writes the numbers of the axis
    """
    if not changes:
        return ""
    drawing = Drawing(width)
    above = width <= NARROW
    name_room = 8.0 if above else compute_text_room([change.label for change in changes], 60, MOST_NAME)
    text_room = max(measure_text(change.text) for change in changes) + 16
    most = max(max(change.before, change.after) for change in changes) or 1.0
    scale = Scale(0, most, name_room, width - text_room, write)
    drawing.draw_circle(7, 9, 5, Mark.LEFT, hollow=True)
    drawing.write_text(18, 14, shorten_text(names[0], width - 18))
    beside = measure_text(names[0]) + 46
    x, y = (beside, 0.0) if beside + measure_text(names[1]) + 18 <= width else (0.0, LINE_HEIGHT + 2.0)
    drawing.draw_circle(x + 7, y + 9, 5, Mark.GAIN)
    drawing.draw_circle(x + 17, y + 9, 5, Mark.LOSS)
    drawing.write_text(x + 28, y + 14, shorten_text(names[1], width - x - 28))
    y += LINE_HEIGHT + 12
    top = y
    for change in changes:
        if above:
            drawing.write_text(0, y + 12, shorten_text(change.label, width))
            y += LINE_HEIGHT
        else:
            drawing.write_text(
                name_room - 12, y + 13, shorten_text(change.label, name_room - 12), anchor="end"
            )
        mark = Mark.LOSS if change.after < change.before else Mark.GAIN
        before, after = scale.locate(change.before), scale.locate(change.after)
        drawing.draw_line([(before, y + 9), (after, y + 9)], mark, thickness=3)
        drawing.draw_circle(before, y + 9, 5, Mark.LEFT, hollow=True, title=write(change.before, lang))
        drawing.draw_circle(after, y + 9, 5, mark, title=write(change.after, lang))
        drawing.write_text(max(before, after) + 10, y + 13, change.text)
        y += LINE_HEIGHT + 6
    drawing.draw_line([(scale.start, top - 4), (scale.start, y)], opacity=0.5)
    drawing.draw_x_axis(scale, y, lang)
    return drawing.finish(y + 24, label)
