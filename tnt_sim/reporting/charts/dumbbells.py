"""Dumbbells: figures before and after, from a hollow dot to a full one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.bars import MOST_NAME
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    compute_text_room,
    measure_text,
    shorten_text,
    write_cents,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words


@dataclass(frozen=True, slots=True)
class Change:
    """An amount before and after, in cents, with the text of the difference; `id` tells changes apart."""

    id: str
    label: Words
    before: int
    after: int
    text: Words


@dataclass(frozen=True, slots=True)
class Dumbbells:
    """Each change as a hollow dot before, a full dot after, and a line in the colour of gain or loss.

    Attributes
    ----------
    sides : names of before and after, for the legend
    """

    changes: Sequence[Change]
    sides: tuple[Words, Words]

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without changes."""
        if not self.changes:
            return ""
        drawing = Drawing(width)
        above = width <= NARROW
        names = [write_words(change.label, lang) for change in self.changes]
        texts = [write_words(change.text, lang) for change in self.changes]
        name_room = 8.0 if above else compute_text_room(names, 60, MOST_NAME)
        text_room = max(map(measure_text, texts)) + 16
        most = max(max(change.before, change.after) for change in self.changes) or 1.0
        scale = Scale(0, most, name_room, width - text_room, write_cents)
        top = y = self._draw_legend(drawing, lang)
        for change, name, text in zip(self.changes, names, texts, strict=True):
            if above:
                drawing.write_text(0, y + 12, shorten_text(name, width))
                y += LINE_HEIGHT
            else:
                drawing.write_text(name_room - 12, y + 13, shorten_text(name, name_room - 12), anchor="end")
            mark = Mark.LOSS if change.after < change.before else Mark.GAIN
            before, after = scale.locate(change.before), scale.locate(change.after)
            drawing.draw_line([(before, y + 9), (after, y + 9)], mark, thickness=3)
            drawing.draw_circle(
                before, y + 9, 5, Mark.LEFT, hollow=True, title=write_cents(change.before, lang)
            )
            drawing.draw_circle(after, y + 9, 5, mark, title=write_cents(change.after, lang))
            drawing.write_text(max(before, after) + 10, y + 13, text)
            y += LINE_HEIGHT + 6
        drawing.draw_line([(scale.start, top - 4), (scale.start, y)], opacity=0.5)
        drawing.draw_x_axis(scale, y, lang)
        return drawing.finish(y + 24, label)

    def _draw_legend(self, drawing: Drawing, lang: Lang) -> float:
        """Draw the names of the sides, on two lines where they need them; return where the changes begin."""
        first, second = (write_words(side, lang) for side in self.sides)
        width = drawing.width
        drawing.draw_circle(7, 9, 5, Mark.LEFT, hollow=True)
        drawing.write_text(18, 14, shorten_text(first, width - 18))
        beside = measure_text(first) + 46
        x, y = (beside, 0.0) if beside + measure_text(second) + 18 <= width else (0.0, LINE_HEIGHT + 2.0)
        drawing.draw_circle(x + 7, y + 9, 5, Mark.GAIN)
        drawing.draw_circle(x + 17, y + 9, 5, Mark.LOSS)
        drawing.write_text(x + 28, y + 14, shorten_text(second, width - x - 28))
        return y + LINE_HEIGHT + 12
