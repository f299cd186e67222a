"""Strip of dossiers by the number of draws that fund them: those of every draw first, those of none last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    compute_ticks,
    measure_text,
    shorten_text,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Words, write_words

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
