"""Pictures of pages as SVG: marks of fixed meaning, axes with the reader's numbers, letters of 13 pixels.

A picture is drawn for one width in pixels, so that its letters are never scaled down: a page holds a wide and a
narrow one. It has no `style` attribute, no script and no request, so that it may stand under any content policy.
Text and axes take the colour of the page, and a mark the colour of its meaning, which a page may replace by its
class. Shapes and direct labels repeat what colours say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from types import MappingProxyType

from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.i18n.numbers import format_number, format_rate, format_short_amount
from tnt_sim.reporting.charts.theme import FILLS, FONT, INK, SOFT, Mark
from tnt_sim.reporting.report_tree import Kind, Words

TEXT_SIZE, LINE_HEIGHT = 13, 18
_LETTER = 0.56
"""Mean width of a letter, as a share of its size."""
type WriteNumber = Callable[[float, Lang], str]
"""Writes a number of an axis."""


def write_cents(value: float, lang: Lang) -> str:
    """Write a number of cents as an amount in k€ or M€."""
    return format_short_amount(round(value), lang)


def write_number(value: float, lang: Lang) -> str:
    """Write a number with at most three decimals."""
    return format_number(Fraction(round(value * 1000), 1000), lang)


def write_rate(value: float, lang: Lang) -> str:
    """Write a share of 1 as a percentage."""
    return format_rate(Fraction(round(value * 1000), 1000), lang, decimals=1)


def compute_step(low: float, high: float, most: int) -> float:
    """Return the distance of at most `most` round numbers, 1, 2 or 5 times a power of ten, between two limits."""
    raw = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= raw * (1 - 1e-9))


def compute_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most `most` + 1 round numbers, 1, 2 or 5 times a power of ten apart, between two limits.

    >>> compute_ticks(0, 98, 5)
    [0.0, 20.0, 40.0, 60.0, 80.0]
    """
    if not high > low:
        return [low]
    step = compute_step(low, high, most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * k for k in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from values to pixels.

    Attributes
    ----------
    low, high : values at its two ends
    start, stop : pixels at its two ends
    write : writes its numbers
    """

    low: float
    high: float
    start: float
    stop: float
    write: WriteNumber = write_number

    def locate(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.start if not span else self.start + (value - self.low) / span * (self.stop - self.start)

    @property
    def is_broken(self) -> bool:
        """Whether zero is outside, which the axis then shows by a break."""
        return self.low > 0


WRITERS: Mapping[Kind, WriteNumber] = MappingProxyType(
    {
        Kind.DECIMAL: write_number,
        Kind.COUNT: write_number,
        Kind.ROUND_MONEY: write_cents,
        Kind.RATE: write_rate,
    }
)
"""Writers of the numbers of an axis; money is in cents."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The title of an axis, the kind of its numbers, and the column of a frame that holds them."""

    title: Words = ""
    kind: Kind = Kind.DECIMAL
    key: str = "value"

    @property
    def write(self) -> WriteNumber:
        """The writer of its numbers."""
        return WRITERS[self.kind]


NUMBER = Measure()
"""A number without a title."""


def choose_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the limits of a scale: from zero, unless the values are so close that it would hide their changes."""
    low, high = min(values), max(values)
    if low >= 0 and high - low >= 0.25 * high:
        return 0.0, high * 1.05 or 1.0
    margin = (high - low) * 0.12 or abs(high) * 0.02 or 1.0
    step = compute_step(low - margin, high + margin, 5)
    least = math.floor((low - margin) / step) * step
    return (max(0.0, least) if low >= 0 else least), high + margin


def shorten_text(text: str, pixels: float, size: float = TEXT_SIZE) -> str:
    """Return a text cut with « … » where it is wider than some pixels, at a word where half of it stays.

    >>> shorten_text("Guichets déconcentrés", 80, 10), shorten_text("Démat.ADS", 200)
    ('Guichets…', 'Démat.ADS')
    """
    if measure_text(text, size) <= pixels:
        return text
    cut = text[: max(2, int(pixels / (size * _LETTER)) - 1)]
    word = cut.rsplit(" ", 1)[0]
    return (word if 2 * len(word) >= len(cut) else cut).rstrip(" ,;:") + "…"


def wrap_text(text: str, width: float, size: float = TEXT_SIZE) -> list[str]:
    """Return the lines of a text that is not wider than some pixels, unless one word is.

    >>> wrap_text("one two three", 40, 10)
    ['one two', 'three']
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure_text(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def measure_text(text: str, size: float = TEXT_SIZE) -> float:
    """Return the approximate width of a text in pixels."""
    return len(text) * size * _LETTER


@dataclass(frozen=True, slots=True)
class Sign:
    """The shape of a mark: a dot of a pen with a `cap`, or the strokes from a place for a radius of 1."""

    cap: str = ""
    strokes: Sequence[tuple[str, float, float]] = ()
    closed: bool = False

    @property
    def is_full(self) -> bool:
        """Whether it is a dot."""
        return bool(self.cap)

    def write(self, radius: float) -> str:
        """Return what follows a place in a path."""
        if self.cap:
            return "h0"
        strokes = "".join(f"{name}{x * radius:.3g} {y * radius:.3g}" for name, x, y in self.strokes)
        return strokes + "z" * self.closed


SIGNS: Mapping[Mark, Sign] = MappingProxyType(
    {
        Mark.GRANTED: Sign("round"),
        Mark.COMMITTED: Sign("square"),
        Mark.WAITING: Sign(strokes=(("m", -1, -1), ("l", 2, 2), ("m", 0, -2), ("l", -2, 2))),
        Mark.REFUSED: Sign(strokes=(("m", 0, -1), ("l", 1, 1.8), ("l", -2, 0)), closed=True),
        Mark.INELIGIBLE: Sign(strokes=(("m", 0, -1), ("l", 1, 1), ("l", -1, 1), ("l", -1, -1)), closed=True),
        Mark.LEFT: Sign(strokes=(("m", -1, 0), ("l", 2, 0))),
    }
)
"""The shape of each mark: a disc, a square, a cross, a triangle, a diamond, a dash."""


def write_text(
    x: float, y: float, text: str, *, soft: bool = False, anchor: str = "", weight: int = 0
) -> str:
    """Return a `<text>` element; its class lets a page give it the colour of a dark theme."""
    kind, colour = ("soft", SOFT) if soft else ("ink", INK)
    more = (f' text-anchor="{anchor}"' if anchor else "") + (f' font-weight="{weight}"' if weight else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" fill="{colour}"{more}>{escape(text)}</text>'


def open_picture(kind: str, width: int, height: float, label: str, size: float) -> str:
    """Return the start of an `<svg>` element that is an image with a description."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{escape(label)}" font-family="{FONT}" font-size="{size:g}">'
    )


@dataclass(slots=True)
class Drawing:
    """The pieces of a picture of one width."""

    width: float
    pieces: list[str] = field(default_factory=list)

    def write_text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        soft: bool = False,
        bold: bool = False,
        size: float = TEXT_SIZE,
    ) -> None:
        """Write a line of text at its baseline."""
        marks = "" if anchor == "start" else f' text-anchor="{anchor}"'
        marks += "" if size == TEXT_SIZE else f' font-size="{size:g}"'
        marks += ' fill-opacity=".75"' if soft else ""
        marks += ' font-weight="600"' if bold else ""
        self.pieces.append(f'<text x="{x:.1f}" y="{y:.1f}"{marks}>{escape(text)}</text>')

    def draw_rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        mark: Mark,
        *,
        title: str = "",
        opacity: float = 1,
        hollow: bool = False,
    ) -> None:
        """Draw a rectangle; a hollow one by its outline alone."""
        shape = f'x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{max(0, height):.1f}"'
        self._add("rect", shape, mark, title, hollow=hollow, opacity=opacity)

    def draw_circle(
        self, x: float, y: float, radius: float, mark: Mark, *, title: str = "", hollow: bool = False
    ) -> None:
        """Draw a dot; a hollow one by its outline alone."""
        self._add("circle", f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"', mark, title, hollow=hollow)

    def draw_signs(
        self,
        places: Sequence[tuple[float, float]],
        mark: Mark,
        *,
        radius: float = 4,
        title: str = "",
        opacity: float = 1,
    ) -> None:
        """Draw the sign of a mark at each place, as one path: each place is one of its `M`."""
        if not places:
            return
        sign = SIGNS.get(mark, SIGNS[Mark.LEFT])
        path = "".join(f"M{x:.1f} {y:.1f}{sign.write(radius)}" for x, y in places)
        if sign.is_full:
            look = f' stroke-width="{2 * radius:g}" stroke-linecap="{sign.cap}"'
        else:
            look = ' stroke-width="1.6"'
        look += f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        inner = f"><title>{escape(title)}</title></path>" if title else "/>"
        self.pieces.append(
            f'<path d="{path}" class="{mark}-line" fill="none" stroke="{FILLS[mark]}"{look}{inner}'
        )

    def draw_ring(self, x: float, y: float, radius: float) -> None:
        """Draw a ring in the colour of the text around a place."""
        self.pieces.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="none" '
            'stroke="currentColor" stroke-width="2"/>'
        )

    def draw_arrow(self, start: tuple[float, float], end: tuple[float, float], mark: Mark) -> None:
        """Draw an arrow whose point is at its end."""
        (x0, y0), (x1, y1) = start, end
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        back, side = (x1 - 9 * dx, y1 - 9 * dy), (-5 * dy, 5 * dx)
        self.draw_line([start, back if length > 9 else end], mark, thickness=2.2)
        corners = [(back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])]
        tip = "".join(f"L{x:.1f} {y:.1f}" for x, y in corners)
        self.pieces.append(f'<path d="M{x1:.1f} {y1:.1f}{tip}z" class="{mark}" fill="{FILLS[mark]}"/>')

    def draw_line(
        self,
        points: Sequence[tuple[float, float]],
        mark: Mark | None = None,
        *,
        thickness: float = 1,
        dash: str = "",
        opacity: float = 1,
    ) -> None:
        """Draw a line through points; without a mark in the colour of the text."""
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        colour = "currentColor" if mark is None else FILLS[mark]
        marks = "" if mark is None else f' class="{mark}-line"'
        marks += f' stroke-dasharray="{dash}"' if dash else ""
        marks += f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        self.pieces.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{thickness:g}"{marks}/>'
        )

    def _add(
        self, name: str, shape: str, mark: Mark, title: str, *, hollow: bool = False, opacity: float = 1
    ) -> None:
        colour = FILLS[mark]
        if hollow:
            look = f' class="{mark}-line" fill="none" stroke="{colour}" stroke-width="1.6"'
        else:
            look = f' class="{mark}" fill="{colour}"'
        look += f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        inner = f"><title>{escape(title)}</title></{name}>" if title else "/>"
        self.pieces.append(f"<{name} {shape}{look}{inner}")

    def draw_x_axis(self, scale: Scale, y: float, lang: Lang, *, most: int | None = None) -> None:
        """Draw a horizontal axis below `y`, with a break where zero is not on it."""
        self.draw_line([(scale.start, y), (scale.stop, y)], opacity=0.5)
        room = abs(scale.stop - scale.start)
        ticks = compute_ticks(scale.low, scale.high, most or max(2, int(room / 95)))
        for tick in ticks:
            x = scale.locate(tick)
            self.draw_line([(x, y), (x, y + 4)], opacity=0.5)
            text = scale.write(tick, lang)
            half = measure_text(text) / 2
            anchor = "end" if x + half > self.width else "start" if x < half else "middle"
            self.write_text(0 if anchor == "start" else x, y + 18, text, anchor=anchor, soft=True)
        if scale.is_broken:
            self._draw_break(scale.start + 3, y)

    def draw_y_axis(self, scale: Scale, left: float, right: float, lang: Lang, *, most: int = 5) -> None:
        """Draw the lines and numbers of a vertical axis, with a break where zero is not on it."""
        for tick in compute_ticks(scale.low, scale.high, most):
            y = scale.locate(tick)
            self.draw_line([(left, y), (right, y)], opacity=0.5 if tick == 0 else 0.15)
            self.write_text(left - 6, y + 4, scale.write(tick, lang), anchor="end", soft=True)
        if scale.is_broken:
            self._draw_break(left, scale.start - 8)

    def _draw_break(self, x: float, y: float) -> None:
        """Draw the sign of a scale that does not start at zero."""
        self.draw_line([(x - 4, y + 5), (x + 1, y - 5)], thickness=1.5)
        self.draw_line([(x + 1, y + 5), (x + 6, y - 5)], thickness=1.5)

    def finish(self, height: float, label: str) -> str:
        """Return the picture with its description for those who do not see it."""
        return (
            f'<svg viewBox="0 0 {self.width:.0f} {height:.0f}" width="{self.width:.0f}" height="{height:.0f}" '
            f'role="img" aria-label="{escape(label)}" font-family="inherit" font-size="{TEXT_SIZE}" '
            f'fill="currentColor">{"".join(self.pieces)}</svg>'
        )


def describe_break(scale: Scale) -> Text | None:
    """Say where a scale begins; None if that is zero."""
    if not scale.is_broken:
        return None
    low = Bilingual(scale.write(scale.low, Lang.FR), scale.write(scale.low, Lang.EN))
    return _("The scale does not start at zero, but at {low}.", low=low)


def compute_text_room(texts: Sequence[str], least: float, most: float) -> float:
    """Return the width of a column of texts, within limits."""
    return min(most, max([least, *(measure_text(text) + 14 for text in texts)]))
