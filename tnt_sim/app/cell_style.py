"""The style of the page inside a cell of a notebook: what depends on the window depends on the cell."""

from __future__ import annotations

import re
from functools import cache

from tnt_sim.app.server import read_assets, read_page_asset

_SIZE = 14
"""Pixels of a rem, as `--size` of cell.css."""
_PIXELS = {"68": 720, "68.01": 720.1, "40": 440}
"""Widths of a window, in rems, that are other widths of a cell, in pixels, than their letters make them: up to the
first, settings and results stand one below the other; up to the last, a row of the list is a card."""
_START = ":host { all: initial; display: block; }\n"
"""Nothing that the notebook lets its cells inherit reaches the page."""


@cache
def build_cell_style() -> str:
    """Return the style for a shadow tree: its root is the host, its width the cell's, its letters its own."""
    text = read_assets()["/assets/page.css"]
    text = re.sub(r":root\b|^html(?= \{)", ":host", text, flags=re.MULTILINE)
    text = re.sub(r"@media (?=\((?:max|min)-width)", "@container ", text)
    text = re.sub(r"(?<=-width: )([\d.]+)rem(?=\))", lambda found: _write_width(found[1]), text)
    text = text.replace(".page header", ".page .header").replace(
        "100vh", "var(--room, 100vh)"
    ) + read_page_asset("cell.css")
    return _START + re.sub(r"(-?[\d.]+)rem\b", r"calc(\1 * var(--size))", text)


def _write_width(rem: str) -> str:
    """Return the width of a cell for that of a window."""
    return f"{_PIXELS.get(rem, float(rem) * _SIZE):g}px"
