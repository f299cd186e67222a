"""The layout of a page as a small grey picture, which another font or browser hardly changes.

Before the picture is taken, a style hides letters and gives each kind of part its own grey: headings black,
pictures dark, tables and controls light. A missing or moved part changes whole blocks of the picture; other
letters move its edges by a few rows, which the comparison allows.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

COLUMNS = 64
ALLOWED_SHIFT = 0.025
"""Share of the height by which an edge may move."""
MOST_DIFFERENCE = 0.02
"""Mean difference, of 1, up to which two layouts are the same."""
MOST_STRETCH = 0.08
"""Share by which the heights may differ."""
_STYLE = """
*, *::before, *::after { color: transparent !important; text-shadow: none !important; animation: none !important;
  transition: none !important; caret-color: transparent !important; }
html, body { background: #fff !important; }
h1, h2, h3, .title, .lead { background: #000 !important; }
figure, .pic { background: #777 !important; } svg, img, canvas { opacity: 0 !important; }
table, .scroll { background: #ccc !important; } details > summary { background: #999 !important; }
p, li, dl { background: #e4e4e4 !important; } button, input, select { background: #555 !important; }
"""
Layout = npt.NDArray[np.float64]


def add_style(page: Any, style: str) -> None:
    """Add a style to a page, whatever its content policy is."""
    page.evaluate(
        """style => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(style);
          document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        }""",
        style,
    )


def draw_layout(page: Any) -> Layout:
    """Return the greys of a page, in [0, 1], `COLUMNS` wide and as high as the page is in proportion."""
    image = pytest.importorskip("PIL.Image")
    add_style(page, _STYLE)
    page.wait_for_timeout(100)
    shot = image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L")
    rows = max(1, round(COLUMNS * shot.height / shot.width))
    small = shot.resize((COLUMNS, rows), image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64) / 255


def save_layout(layout: Layout, file: Path) -> None:
    """Write a layout as a PNG of sixteen greys."""
    image = pytest.importorskip("PIL.Image")
    levels = np.rint(layout * 15).astype(np.uint8) * 17
    image.fromarray(levels, mode="L").save(file, optimize=True)


def read_layout(file: Path) -> Layout:
    """Read a layout that `save_layout` wrote."""
    image = pytest.importorskip("PIL.Image")
    with image.open(file) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float64) / 255


def measure_difference(one: Layout, other: Layout) -> float:
    """Return the mean difference of two layouts, each block against the nearest within the allowed shift.

    It is 1 where the heights differ by more than the allowed stretch.
    """
    if abs(len(one) - len(other)) > MOST_STRETCH * min(len(one), len(other)):
        return 1.0
    places = np.rint(np.linspace(0, len(other) - 1, len(one))).astype(int)
    return max(_measure_from(one, other[places]), _measure_from(other[places], one))


def _measure_from(one: Layout, other: Layout) -> float:
    """Return the mean over the blocks of `one` of the least difference to a block of `other` nearby."""
    reach = max(1, round(ALLOWED_SHIFT * len(one)))
    rows = np.arange(len(one))
    least = np.ones_like(one)
    for shift in range(-reach, reach + 1):
        moved = other[np.clip(rows + shift, 0, len(other) - 1)]
        least = np.minimum(least, np.abs(one - moved))
    return float(least.mean())
