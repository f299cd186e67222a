"""Picture of a decision: envelope, axes and lines, each a bar of money granted, left, and asked in vain.

Every bar has the same height and the same scale, so that areas are amounts. The picture is drawn for a width in
CSS pixels, at which its letters have their own size: once for a screen, once for a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tnt_sim.i18n.numbers import NO_BREAK
from tnt_sim.reporting.charts.svg import measure_text, open_picture, shorten_text, write_text
from tnt_sim.reporting.charts.theme import SOFT

LEAST_WIDTH = 1.5
"""Least width of an amount above 0, so that it is visible."""
_SIZE, _HEAD, _GAP = 13.0, 6.0, 26.0
_LEAST_BAR, _MOST_BAR, _ROOM = 12.0, 30.0, 400.0
"""A picture of few bars has thicker ones."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of money: name of its style, word, and how it is filled in print and in greyscale."""

    key: str
    word: str
    fill: str
    stroke: str = ""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class MoneyBar:
    """A bar: title, depth in the tree, the amounts of its segments, and the figure written beside its title."""

    title: str
    depth: int
    cents: Sequence[int]
    figure: str


def list_segments(words: Sequence[str], prefix: str) -> list[Segment]:
    """Return the five segments; patterns are named after the picture that they belong to."""
    committed, funded, left, waiting, refused = words
    return [
        Segment("m-committed", committed, "#1c4a73"),
        Segment("m-funded", funded, "#5288ba"),
        Segment("m-left", left, "#ffffff", "#3c4650", dashed=True),
        Segment("m-waiting", waiting, f"url(#{prefix}-waiting)", "#b85200"),
        Segment("m-refused", refused, f"url(#{prefix}-refused)", "#6b757e"),
    ]


def draw_money(
    bars: Sequence[MoneyBar], legend: Sequence[tuple[str, str]], width: int, label: str, prefix: str
) -> str:
    """Return the picture as an `<svg>` element.

    Parameters
    ----------
    bars : the programme first
    legend : word and amount of each of the five segments, in order; an empty amount leaves it out
    width : in CSS pixels
    label : accessible description
    prefix : of the names of its patterns, different for each picture of a page
    """
    segments = list_segments([word for word, _ in legend], prefix)
    keys, y = _draw_legend(segments, legend, width)
    largest = max(1, *(sum(bar.cents) for bar in bars))
    thickness = round(min(_MOST_BAR, max(_LEAST_BAR, _ROOM / len(bars) - _GAP)))
    pieces = []
    for bar in bars:
        pieces.append(_draw_title(bar, y, width))
        pieces.append(_draw_bar(bar, segments, y + _SIZE + 4, width, largest, thickness))
        y += thickness + _GAP
    height = round(y - _GAP + _SIZE + _HEAD + 3)
    start = open_picture("money", width, height, label, _SIZE)
    return f"{start}{_draw_patterns(prefix)}{keys}{''.join(pieces)}</svg>"


def _draw_patterns(prefix: str) -> str:
    return (
        f'<defs><pattern id="{prefix}-waiting" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="m-hatch" width="6" height="6" fill="#ffffff"/>'
        '<path d="M0 0v6" stroke="#d55e00" stroke-width="3"/></pattern>'
        f'<pattern id="{prefix}-refused" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<rect class="m-hatch" width="5" height="5" fill="#ffffff"/>'
        '<circle cx="2.5" cy="2.5" r="1" fill="#6b757e"/></pattern></defs>'
    )


def _draw_legend(
    segments: Sequence[Segment], legend: Sequence[tuple[str, str]], width: int
) -> tuple[str, float]:
    """Return the legend, which wraps, and the height at which the bars begin."""
    x, y, pieces = 0.0, _HEAD, []
    for segment, (word, amount) in zip(segments, legend, strict=True):
        if not amount:
            continue
        text = f"{word}{NO_BREAK}{amount}"
        needed = 22 + measure_text(text, _SIZE)
        if x and x + needed > width:
            x, y = 0.0, y + 20
        pieces.append(_draw_rectangle(segment, x + 0.75, y, 14, 12))
        pieces.append(write_text(x + 20, y + 10.5, text))
        x += needed + 14
    return "".join(pieces), y + 26


def _draw_title(bar: MoneyBar, y: float, width: int) -> str:
    indent = 12 * bar.depth
    room = width - indent - measure_text(bar.figure, _SIZE) - 12
    weight = (650, 550, 0)[min(bar.depth, 2)]
    title = shorten_text(bar.title, room, _SIZE)
    return (
        f"<g><title>{escape(bar.title)}</title>{write_text(indent, y + _SIZE - 1, title, weight=weight)}</g>"
        + write_text(width, y + _SIZE - 1, bar.figure, soft=True, anchor="end")
    )


def _draw_bar(
    bar: MoneyBar, segments: Sequence[Segment], y: float, width: int, largest: int, thickness: int
) -> str:
    """Draw the segments of a bar one after the other; the frame of the last one stays inside the picture."""
    x, pieces = 0.0, []
    for segment, cents in zip(segments, bar.cents, strict=True):
        if cents <= 0:
            continue
        length = max(LEAST_WIDTH, (width - 1) * cents / largest)
        pieces.append(_draw_rectangle(segment, min(x, width - 1 - length), y, length, thickness))
        x += length
    return f'<rect class="m-base" x="0" y="{y:g}" width="1" height="{thickness}" fill="{SOFT}"/>' + "".join(
        pieces
    )


def _draw_rectangle(segment: Segment, x: float, y: float, width: float, height: float) -> str:
    inset = 0.5 if segment.stroke and width > 2 else 0.0
    frame = f' stroke="{segment.stroke}"' if segment.stroke else ""
    frame += ' stroke-dasharray="3 2"' if segment.dashed and width > 6 else ""
    return (
        f'<rect class="{segment.key}" x="{x + inset:.1f}" y="{y + inset:.1f}" width="{width - 2 * inset:.1f}" '
        f'height="{height - 2 * inset:.1f}" fill="{segment.fill}"{frame}/>'
    )
