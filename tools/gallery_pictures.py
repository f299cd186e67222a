"""Pictures of the gallery: what an example of `docs/examples` ends with, as sphinx-gallery asks for it.

An Altair chart becomes an SVG. A page stays as a download below its first picture.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from altair import TopLevelMixin
from sphinx_gallery.scrapers import figure_rst

_LAST = "___"
"""The name under which sphinx-gallery keeps the value of the last line of a block."""
_PICTURE = re.compile(r"<svg\b.*?</svg>", re.S)
_WIDTH = re.compile(r'viewBox="0 0 (\d+)')


def scrape_picture(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the chart or the page that is the value of a block, and return the text that shows it."""
    del block
    shown = block_vars["example_globals"].get(_LAST)
    is_page = isinstance(shown, Path | str)
    if not is_page and not isinstance(shown, TopLevelMixin):
        return ""
    image = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
    if is_page:
        page = image.with_suffix(".html")
        if isinstance(shown, Path):
            shutil.move(shown, page)
        else:
            page.write_text(shown, encoding="utf-8")
        image.write_text(find_picture(page.read_text(encoding="utf-8")), encoding="utf-8")
        link = f"\n:download:`Open the page · Ouvrir la page <images/{page.name}>`\n"
    else:
        shown.save(str(image))
        link = ""
    return str(figure_rst([str(image)], gallery_conf["src_dir"])) + link


def find_picture(page: str) -> str:
    """Return the wide form of the first picture of a page as a file of its own, on white.

    Raises
    ------
    ValueError : the page has no picture
    """
    found = _PICTURE.findall(page)[:2]
    if not found:
        raise ValueError("the page has no picture")
    svg = max(found, key=measure_picture)
    head, rest = svg.split(">", 1)
    if "xmlns=" not in head:
        head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f'{head} color="#17212b"><rect width="100%" height="100%" fill="#ffffff"/>{rest}'


def measure_picture(svg: str) -> int:
    """Return the width of a picture in pixels."""
    width = _WIDTH.search(svg)
    return int(width[1]) if width else 0
