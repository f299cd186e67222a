"""Bars of shares of applications funded, all on the scale from 0 to 100 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.reporting.charts.svg import measure_text, open_picture, shorten_text, write_text

_SIZE, _PITCH, _BAR = 13.0, 26.0, 15.0


@dataclass(frozen=True, slots=True)
class RateBar:
    """A group: its name, the share in [0, 1], and the figure written beside its bar."""

    name: str
    rate: float
    figure: str


def draw_rates(bars: Sequence[RateBar], width: int, label: str) -> str:
    """Return the bars as an `<svg>` element drawn for a width in CSS pixels.

    A wide picture has names, bars and figures side by side; a narrow one has the bar below its name.
    """
    is_narrow = width < 500
    pitch = 40.0 if is_narrow else _PITCH
    longest = max((measure_text(bar.figure, _SIZE) for bar in bars), default=0.0)
    left = 0.0 if is_narrow else min(width * 0.4, max(measure_text(bar.name, _SIZE) for bar in bars) + 10)
    room = width - left - (0 if is_narrow else longest + 8)
    pieces = []
    for k, bar in enumerate(bars):
        y = 2 + k * pitch
        bar_y = y + 18 if is_narrow else y
        name_room = width - longest - 10 if is_narrow else left - 8
        figure_x = width if is_narrow else left + room + 8
        pieces.append(
            write_text(0, y + 12, shorten_text(bar.name, name_room, _SIZE))
            + _draw_rectangle("r-base", "#e3e8ec", left, bar_y, room)
            + _draw_rectangle("m-funded", "#5288ba", left, bar_y, room * bar.rate)
            + write_text(figure_x, y + 12, bar.figure, soft=True, anchor="end" if is_narrow else "")
        )
    start = open_picture("rates", width, 2 + len(bars) * pitch, label, _SIZE)
    return f"{start}{''.join(pieces)}</svg>"


def _draw_rectangle(kind: str, colour: str, x: float, y: float, width: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR:g}" fill="{colour}"/>'
