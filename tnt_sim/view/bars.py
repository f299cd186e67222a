"""Horizontal bars as one SVG text: labels beside the bars, values at their ends, told apart in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

FILLS = ("#5288ba", "#1c4a73", "#8f989f", "#b36b00", "#56b4a2", "#7a3e00")
"""One fill a side, of clearly different lightness."""
LINE, GAP, LABEL, WIDTH, VALUE = 20, 14, 240, 880, 130
INK = "#17212b"


@dataclass(frozen=True, slots=True)
class Bar:
    """A label and, for each side, a size ≥ 0 and the text at its end."""

    label: str
    sizes: Sequence[float]
    texts: Sequence[str]


def bars_svg(bars: Sequence[Bar], sides: Sequence[str], title: str) -> str:
    """Groups of bars, one bar a side; the sides are named above in their fill."""
    most = max((size for bar in bars for size in bar.sizes), default=0.0) or 1.0
    room = WIDTH - LABEL - VALUE
    parts: list[str] = []
    y = 34
    for k, side in enumerate(sides):
        x = LABEL + k * (room / max(1, len(sides)))
        parts.append(f'<rect x="{x:.0f}" y="6" width="14" height="14" fill="{FILLS[k % len(FILLS)]}"/>')
        parts.append(f'<text x="{x + 20:.0f}" y="18">{escape(side)}</text>')
    for bar in bars:
        middle = y + len(sides) * LINE / 2 + 4
        parts.append(f'<text x="{LABEL - 10}" y="{middle:.0f}" text-anchor="end">{escape(bar.label)}</text>')
        for k, (size, text) in enumerate(zip(bar.sizes, bar.texts, strict=True)):
            width = room * size / most
            top = y + k * LINE
            fill = FILLS[k % len(FILLS)]
            parts.append(
                f'<rect x="{LABEL}" y="{top}" width="{width:.1f}" height="{LINE - 4}" fill="{fill}">'
                f"<title>{escape(f'{bar.label} · {sides[k]} · {text}')}</title></rect>"
            )
            parts.append(f'<text x="{LABEL + width + 6:.1f}" y="{top + 13}">{escape(text)}</text>')
        y += len(sides) * LINE + GAP
    head = f'<svg viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(title)}"'
    return f'{head} font-family="inherit" font-size="13" fill="{INK}">{"".join(parts)}</svg>'
