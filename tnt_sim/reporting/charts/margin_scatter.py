"""Applications around the margin: their value against their amount, and the line that separates them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from tnt_sim.reporting.charts.svg import measure_text
from tnt_sim.reporting.charts.svg_text import INK, open_picture, shorten_text, write_text

_SIZE = 12.5


@dataclass(frozen=True, slots=True)
class MarginPoint:
    """An application: amount in cents, value, whether it is funded, and what its tooltip says."""

    cents: int
    value: float
    funded: bool
    tooltip: str


@dataclass(frozen=True, slots=True)
class AxisWords:
    """Titles of the axes, words of the two marks and of the line, and how figures are written."""

    amount: str
    value: str
    funded: str
    waiting: str
    margin: str
    write_amount: Callable[[int], str]
    write_value: Callable[[float], str]


def choose_ticks(largest: float, most: int = 5) -> list[float]:
    """Return round ticks from 0 to at least `largest`.

    >>> choose_ticks(130)
    [0.0, 50.0, 100.0, 150.0]
    """
    if largest <= 0:
        return [0.0, 1.0]
    raw = largest / most
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= raw * (1 - 1e-9))
    return [k * step for k in range(math.ceil(largest / step - 1e-9) + 1)]


def draw_margin(points: Sequence[MarginPoint], slope: float, words: AxisWords, width: int, label: str) -> str:
    """Return the scatter as an `<svg>` element; `slope` is the value per cent at the margin."""
    height = 300 if width >= 500 else 320
    x_ticks = choose_ticks(max(point.cents for point in points), 4 if width >= 500 else 3)
    y_ticks = choose_ticks(max(point.value for point in points), 4)
    left, right, top, bottom = 46.0, width - 14.0, 44.0, height - 40.0

    def scale_amount(cents: float) -> float:
        return left + (right - left) * cents / x_ticks[-1]

    def scale_value(value: float) -> float:
        return bottom - (bottom - top) * value / y_ticks[-1]

    pieces = [
        f'<path d="M{left:g} {scale_value(tick):.1f}H{right:g}" class="grid" stroke="#e3e8ec"/>'
        + write_text(left - 6, scale_value(tick) + 4, words.write_value(tick), soft=True, anchor="end")
        for tick in y_ticks
    ]
    pieces += [
        write_text(
            min(scale_amount(tick), right - 14),
            bottom + 16,
            words.write_amount(round(tick)),
            soft=True,
            anchor="middle",
        )
        for tick in x_ticks
    ]
    pieces.append(write_text(right, height - 4, words.amount, soft=True, anchor="end"))
    pieces.append(write_text(0, 12, shorten_text(words.value, _SIZE, width), soft=True))
    end = min(x_ticks[-1], y_ticks[-1] / slope) if slope > 0 else x_ticks[-1]
    pieces.append(
        f'<path d="M{left:g} {bottom:g}L{scale_amount(end):.1f} {scale_value(end * slope):.1f}" class="line" '
        f'stroke="{INK}" stroke-width="1.5" stroke-dasharray="6 3" fill="none"/>'
    )
    pieces += [_draw_point(scale_amount(point.cents), scale_value(point.value), point) for point in points]
    pieces.append(_draw_keys(words))
    return f"{open_picture('margin', width, height, label, _SIZE)}{''.join(pieces)}</svg>"


def _draw_point(x: float, y: float, point: MarginPoint) -> str:
    """Draw a filled disc for a funded application, and a cross for one that waits."""
    tooltip = f"<title>{escape(point.tooltip)}</title>"
    return _draw_mark(x, y, tooltip, funded=point.funded)


def _draw_mark(x: float, y: float, tooltip: str = "", *, funded: bool) -> str:
    if funded:
        place = f'cx="{x:.1f}" cy="{y:.1f}" r="4"'
        return f'<circle class="p-funded" {place} fill="#1c4a73" fill-opacity=".75">{tooltip}</circle>'
    shape = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8"
    return (
        f'<path class="p-waiting" d="{shape}" stroke="#b85200" stroke-width="2" fill="none">{tooltip}</path>'
    )


def _draw_keys(words: AxisWords) -> str:
    x, y, pieces = 0.0, 30.0, []
    style = f'class="line" stroke="{INK}" stroke-width="1.5" stroke-dasharray="6 3"'
    for kind, word in enumerate((words.funded, words.waiting, words.margin)):
        if kind < 2:
            pieces.append(_draw_mark(x + 6, y - 4, funded=kind == 0))
        else:
            pieces.append(f'<path d="M{x:g} {y - 4:g}h14" {style}/>')
        pieces.append(write_text(x + 18, y, word))
        x += 30 + measure_text(word, _SIZE)
    return "".join(pieces)
