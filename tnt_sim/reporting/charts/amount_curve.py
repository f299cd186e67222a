"""The curve of an envelope under its slider: the value at each amount, with the place of the present one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    Drawing,
    Scale,
    WriteNumber,
    choose_limits,
    measure_text,
    write_cents,
)
from tnt_sim.reporting.charts.theme import Mark

WIDTH, HEIGHT = 330, 150
MOST_VERTICES = 60
"""Most steps of a window that are worth drawing: it has fewer pixels."""


@dataclass(frozen=True, slots=True)
class KnownAmounts:
    """Known steps of a window of amounts, or one amount.

    Attributes
    ----------
    vertices : (cents, value) by increasing amount
    until_cents : end of the window; None for one amount
    """

    vertices: Sequence[tuple[int, float]]
    until_cents: int | None = None
    is_proven: bool = True


@dataclass(frozen=True, slots=True)
class AmountPicture:
    """A picture, and the pixels at which its axis of amounts begins and ends."""

    svg: str
    start: float
    stop: float


def draw_amount_curve(
    known: Sequence[KnownAmounts],
    limits: tuple[int, int],
    places: tuple[int, int | None],
    write_value: WriteNumber,
    label: str,
    lang: Lang,
    *,
    rises: bool,
) -> AmountPicture:
    """Draw known steps, dots at single amounts, and the range of the value between them.

    Parameters
    ----------
    known : by increasing amount; a dot is hollow if its value is not proven
    limits : cents at the two ends of the axis
    places : the present amount, and the next one at which more applications are funded
    rises : whether more money is never worth less, so that known values bound the value between them
    """
    drawing = Drawing(WIDTH)
    values = [value for one in known for _, value in one.vertices]
    left = 10 + max(measure_text(write_value(value, lang)) for value in (min(values), max(values)))
    top, bottom = 14.0, HEIGHT - 30.0
    x_scale = Scale(limits[0], limits[1], left, WIDTH - 8.0, write_cents)
    y_scale = Scale(*choose_limits(values), bottom, top, write_value)
    drawing.draw_y_axis(y_scale, left, WIDTH - 8, lang, most=3)
    if rises:
        _draw_ranges(drawing, [one for one in known if one.is_proven], x_scale, y_scale)
    for one in known:
        _draw_known(drawing, one, x_scale, y_scale)
    if places[1] is not None and limits[0] <= places[1] <= limits[1]:
        x = x_scale.locate(places[1])
        drawing.draw_line([(x, bottom - 12), (x, bottom)], Mark.GAIN, thickness=3)
    drawing.draw_x_axis(x_scale, bottom, lang, most=2)
    here = x_scale.locate(min(max(places[0], limits[0]), limits[1]))
    drawing.pieces.append(
        f'<g class="here" transform="translate({here:.1f} 0)">'
        f'<path d="M0 {top - 10:.1f}V{bottom:.1f}" stroke="currentColor" stroke-width="1.6"/>'
        f'<path d="M-5 {top - 10:.1f}h10l-5 7z"/></g>'
    )
    return AmountPicture(drawing.finish(HEIGHT, label), x_scale.start, x_scale.stop)


def _draw_known(drawing: Drawing, known: KnownAmounts, x_scale: Scale, y_scale: Scale) -> None:
    if known.until_cents is None:
        cents, value = known.vertices[0]
        x, y = x_scale.locate(cents), y_scale.locate(value)
        drawing.draw_circle(x, y, 3.5, Mark.GRANTED, hollow=not known.is_proven)
        return
    path: list[tuple[float, float]] = []
    for cents, value in known.vertices:
        x, y = x_scale.locate(cents), y_scale.locate(value)
        if path:
            path.append((x, path[-1][1]))
        path.append((x, y))
    stop = x_scale.locate(min(known.until_cents, x_scale.high))
    drawing.draw_line([*path, (stop, path[-1][1])], Mark.GRANTED, thickness=2)


def _draw_ranges(drawing: Drawing, known: Sequence[KnownAmounts], x_scale: Scale, y_scale: Scale) -> None:
    for low, high in pairwise(known):
        start, end = low.until_cents or low.vertices[0][0], high.vertices[0][0]
        if end > start:
            x, y = x_scale.locate(start), y_scale.locate(high.vertices[0][1])
            height = max(1.0, y_scale.locate(low.vertices[-1][1]) - y)
            drawing.draw_rect(x, y, x_scale.locate(end) - x, height, Mark.RANGE, opacity=0.25)
