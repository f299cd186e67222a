"""Applications by value and amount, with the line at the margin, changes as arrows and inversions as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import (
    LINE_HEIGHT,
    Drawing,
    Scale,
    WriteNumber,
    compute_ticks,
    measure_text,
    shorten_text,
    write_cents,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, Words, write_words

MOST_NAMED_POINTS = 150
"""Most applications of a picture that have tooltips; the others share one path per mark."""
CROWD = 400
"""Applications from which marks are smaller and lighter."""
type ScatterPlace = tuple[float, float]
"""Amount in cents and value."""


@dataclass(frozen=True, slots=True)
class ScatterPoint:
    """An application: amount in cents, value, mark, and what its tooltip says; a `name` is written beside it."""

    id: str
    cents: int
    value: float
    mark: Mark
    tooltip: Words = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ScatterArrow:
    """A change of amount or value that would fund an application, and the new figure."""

    start: ScatterPlace
    end: ScatterPlace
    text: Words


@dataclass(frozen=True, slots=True)
class ScatterWords:
    """Titles of the axes, words of the marks, of the line and of the links, and how values are written.

    Attributes
    ----------
    marks : in the order of the legend
    margin, arrow, link : "" where the picture has none
    """

    amount: Words
    value: Words
    marks: Mapping[Mark, Words]
    margin: Words = ""
    arrow: Words = ""
    link: Words = ""
    write_value: WriteNumber = write_number


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


@dataclass(frozen=True, slots=True)
class Scatter:
    """Applications by amount and value, from zero on both axes.

    Attributes
    ----------
    slope : value per cent at the margin, None without one
    links : ids of an application that is funded and of a better one that is not
    most_cents : right end of the axis, on which larger amounts stand
    """

    points: Sequence[ScatterPoint]
    words: ScatterWords
    slope: float | None = None
    arrows: Sequence[ScatterArrow] = ()
    links: Sequence[tuple[str, str]] = ()
    most_cents: int | None = None

    def find_limits(self) -> ScatterPlace:
        """Return the largest amount and the largest value to draw."""
        places = [(float(point.cents), point.value) for point in self.points]
        places += [end for arrow in self.arrows for end in (arrow.start, arrow.end)]
        most = max(cents for cents, _value in places)
        if self.most_cents is not None and self.most_cents < most:
            most = float(self.most_cents)
            places = [place for place in places if place[0] <= most] or places
        return most, max(value for _cents, value in places)

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" without points."""
        if not self.points:
            return ""
        drawing = Drawing(width)
        top = _draw_legend(drawing, self, lang) + 38
        most_cents, most_value = self.find_limits()
        x_ticks = choose_ticks(most_cents, 3 if width <= NARROW else 4)
        y_ticks = choose_ticks(most_value, 4)
        room = max(measure_text(self.words.write_value(tick, lang)) for tick in y_ticks) + 12
        bottom = top + (250 if width <= NARROW else 290)
        is_cut = any(point.cents > most_cents for point in self.points)
        x_scale = Scale(0, most_cents if is_cut else x_ticks[-1], room, width - 16, write_cents)
        y_scale = Scale(0, y_ticks[-1], bottom, top, self.words.write_value)
        y_title, x_title = (
            shorten_text(write_words(title, lang), width) for title in (self.words.value, self.words.amount)
        )
        drawing.write_text(0, top - 14, y_title, soft=True)
        _draw_axes(drawing, x_scale, y_scale, lang)
        drawing.write_text(width, bottom + 38, x_title, anchor="end", soft=True)
        if self.slope is not None and self.slope > 0:
            _draw_margin(drawing, self.slope, x_scale, y_scale)
        _draw_marks(drawing, self, x_scale, y_scale, lang)
        return drawing.finish(bottom + 46, label)


def _locate(place: ScatterPlace, x_scale: Scale, y_scale: Scale) -> ScatterPlace:
    return x_scale.locate(min(place[0], x_scale.high)), y_scale.locate(min(place[1], y_scale.high))


def _draw_axes(drawing: Drawing, x_scale: Scale, y_scale: Scale, lang: Lang) -> None:
    drawing.draw_y_axis(y_scale, x_scale.start, x_scale.stop, lang, most=4)
    ticks = compute_ticks(0, x_scale.high, 3 if drawing.width <= NARROW else 4)
    for tick in ticks:
        x = x_scale.locate(tick)
        text = x_scale.write(tick, lang)
        anchor = "end" if x + measure_text(text) / 2 > drawing.width else "middle"
        drawing.draw_line([(x, y_scale.start), (x, y_scale.start + 4)], opacity=0.5)
        drawing.write_text(x, y_scale.start + 18, text, anchor=anchor, soft=True)


def _draw_margin(drawing: Drawing, slope: float, x_scale: Scale, y_scale: Scale) -> None:
    """Draw the amounts and values of an application that is worth as much per euro as the last one funded."""
    end = min(x_scale.high, y_scale.high / slope)
    line = [_locate((0, 0), x_scale, y_scale), _locate((end, end * slope), x_scale, y_scale)]
    drawing.draw_line(line, thickness=1.6, dash="6 3")


def _draw_marks(drawing: Drawing, scatter: Scatter, x_scale: Scale, y_scale: Scale, lang: Lang) -> None:
    """Draw points, the lines between some of them, and changes; named points last."""
    crowded = len(scatter.points) > CROWD
    radius, opacity = (2.5, 0.55) if crowded else (4, 0.85)
    named = [point for point in scatter.points if point.name]
    others = [point for point in scatter.points if not point.name]
    has_tooltips = len(scatter.points) <= MOST_NAMED_POINTS
    for mark in Mark:
        chosen = [point for point in others if point.mark is mark]
        places = [_locate((point.cents, point.value), x_scale, y_scale) for point in chosen]
        if not has_tooltips:
            drawing.draw_signs(places, mark, radius=radius, opacity=opacity)
            continue
        for point, place in zip(chosen, places, strict=True):
            title = write_words(point.tooltip, lang)
            drawing.draw_signs([place], mark, radius=radius, opacity=opacity, title=title)
    by_id = {point.id: (point.cents, point.value) for point in scatter.points} if scatter.links else {}
    for link in scatter.links:
        line = [_locate(by_id[end], x_scale, y_scale) for end in link]
        drawing.draw_line(line, Mark.LOSS, thickness=1.4)
    for point in named:
        _draw_name(drawing, point, _locate((point.cents, point.value), x_scale, y_scale), lang)
    for arrow in scatter.arrows:
        _draw_change(drawing, arrow, x_scale, y_scale, lang)


def _draw_name(drawing: Drawing, point: ScatterPoint, place: ScatterPlace, lang: Lang) -> None:
    """Draw an application with a ring, and its name where there is room."""
    x, y = place
    drawing.draw_signs([place], point.mark, radius=4.5, title=write_words(point.tooltip, lang))
    drawing.draw_ring(x, y, 9)
    is_at_end = x + measure_text(point.name) + 14 > drawing.width
    anchor = "end" if is_at_end else "start"
    drawing.write_text(x - 13 if is_at_end else x + 13, y + 5, point.name, anchor=anchor, bold=True)


def _draw_change(drawing: Drawing, arrow: ScatterArrow, x_scale: Scale, y_scale: Scale, lang: Lang) -> None:
    """Draw an arrow that leaves the ring of its application, with what would fund it at its point."""
    start, end = _locate(arrow.start, x_scale, y_scale), _locate(arrow.end, x_scale, y_scale)
    length = math.dist(start, end)
    if length > 7:
        share = 6 / length
        start = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
    drawing.draw_arrow(start, end, Mark.GAIN)
    is_upright = abs(end[0] - start[0]) < abs(end[1] - start[1])
    text = write_words(arrow.text, lang)
    room = measure_text(text) + 8
    if is_upright:
        has_room = end[0] > room + x_scale.start
        x = end[0] - 8 if has_room else end[0] + 8
        drawing.write_text(x, end[1] + 1, text, anchor="end" if has_room else "start")
    else:
        x = min(max(end[0], room / 2), drawing.width - room / 2)
        below = end[1] + 23  # below its ring: the text of an upright change stands above
        y = below if below < y_scale.start - 2 else end[1] - 12
        drawing.write_text(x, y, text, anchor="middle")


def _draw_legend(drawing: Drawing, scatter: Scatter, lang: Lang) -> float:
    """Draw the words of marks and lines, on as many lines as they need; return where the last one stands."""
    words, present = scatter.words, {point.mark for point in scatter.points}
    keys: list[tuple[Mark | str, Words]] = [
        (mark, text) for mark, text in words.marks.items() if mark in present
    ]
    has_line = scatter.slope is not None and scatter.slope > 0
    keys += [("margin", words.margin)] * (has_line and bool(words.margin))
    keys += [("arrow", words.arrow)] * bool(scatter.arrows) + [("link", words.link)] * bool(scatter.links)
    x, y = 0.0, 14.0
    for key, word in keys:
        text = shorten_text(write_words(word, lang), drawing.width - 26)
        room = measure_text(text) + 44
        if x and x + room - 18 > drawing.width:
            x, y = 0.0, y + LINE_HEIGHT + 2
        if isinstance(key, Mark):
            drawing.draw_signs([(x + 7, y - 5)], key)
        elif key == "margin":
            drawing.draw_line([(x, y - 4), (x + 18, y - 4)], thickness=1.6, dash="6 3")
        elif key == "arrow":
            drawing.draw_arrow((x, y - 4), (x + 18, y - 4), Mark.GAIN)
        else:
            drawing.draw_line([(x, y - 4), (x + 18, y - 4)], Mark.LOSS, thickness=1.4)
        drawing.write_text(x + 24, y, text)
        x += room
    return y
