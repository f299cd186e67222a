"""Matrices of dossiers by lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import LINE_HEIGHT, Drawing, measure_text, shorten_text
from tnt_sim.reporting.charts.theme import Mark


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A dossier, and in which of the lists it is."""

    name: str
    inside: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Dossiers by lists: a full square where the list has the dossier, a hollow one where not."""

    rows: Sequence[MatrixRow]
    lists: Sequence[str]

    def draw(self, label: str, _lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without rows or lists."""
        if not self.rows or not self.lists:
            return ""
        drawing = Drawing(width)
        name_room = min(width * 0.62, max(measure_text(row.name) for row in self.rows) + 10)
        step = min(44.0, (width - name_room) / len(self.lists))
        for k, name in enumerate(self.lists):
            x = name_room + step * (k + 0.5)
            drawing.write_text(x, 14, shorten_text(name, step + 8), anchor="middle", bold=True)
        y = 24.0
        size = min(15.0, step - 3)
        for row in self.rows:
            drawing.write_text(0, y + 12, shorten_text(row.name, name_room - 6))
            for k, inside in enumerate(row.inside):
                x = name_room + step * (k + 0.5) - size / 2
                mark = Mark.GRANTED if inside else Mark.LEFT
                title = f"{row.name} · {self.lists[k]}"
                drawing.draw_rect(x, y, size, size, mark, title=title, hollow=not inside)
            y += LINE_HEIGHT + 2
        return drawing.finish(y + 2, label)
