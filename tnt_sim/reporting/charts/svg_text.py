"""Letters of our own SVG pictures: colours, widths and elements."""

from __future__ import annotations

from html import escape

from tnt_sim.reporting.charts.svg import measure_text

INK, SOFT = "#17212b", "#525d67"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


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


def shorten_text(text: str, size: float, room: float) -> str:
    """Return a text that takes at most `room`, with an ellipsis if it was cut at a word.

    >>> shorten_text("Guichets déconcentrés", 10, 80)
    'Guichets…'
    """
    if measure_text(text, size) <= room:
        return text
    most = max(1, int(room / measure_text("m", size)) - 1)
    return text[:most].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
