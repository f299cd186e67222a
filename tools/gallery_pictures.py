"""Pictures of the gallery: what an example of `docs/examples` ends with, as sphinx-gallery asks for it.

An Altair chart becomes an SVG. A page stays as a download below its first picture, or below its title and first
sentences where it has tables alone. A picture that is there already is copied.
"""

from __future__ import annotations

import re
import shutil
from html import escape, unescape
from pathlib import Path
from typing import Any

from altair import TopLevelMixin
from sphinx_gallery.scrapers import figure_rst

from tnt_sim.reporting.charts.svg import LINE_HEIGHT
from tnt_sim.reporting.plots.drawing.chart_words import wrap_text

_LAST = "___"
"""The name under which sphinx-gallery keeps the value of the last line of a block."""
_PICTURE = re.compile(r"<svg\b.*?</svg>", re.S)
_WIDTH = re.compile(r'viewBox="0 0 (\d+)')
_HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.S)
_PARAGRAPH = re.compile(r"<p\b[^>]*>(.*?)</p>", re.S)
_TAG = re.compile(r"<[^>]+>")
_CARD_WIDTH, _MOST_LINES = 680, 9


def scrape_picture(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the chart or the page that is the value of a block, and return the text that shows it."""
    del block
    shown = block_vars["example_globals"].get(_LAST)
    is_page = isinstance(shown, Path | str)
    if not is_page and not isinstance(shown, TopLevelMixin):
        return ""
    image = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
    if isinstance(shown, Path) and shown.suffix == ".png":
        image = image.with_suffix(".png")
        shutil.copy(shown, image)
        return str(figure_rst([str(image)], gallery_conf["src_dir"]))
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
    """Return the wide form of the first picture of a page as a file of its own, on white; else its first words."""
    found = _PICTURE.findall(page)[:2]
    if not found:
        return draw_first_words(page)
    svg = max(found, key=measure_picture)
    head, rest = svg.split(">", 1)
    if "xmlns=" not in head:
        head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f'{head} color="#17212b"><rect width="100%" height="100%" fill="#ffffff"/>{rest}'


def draw_first_words(page: str) -> str:
    """Return the title and the first sentences of a page as a picture.

    Raises
    ------
    ValueError : the page has no title or no table
    """
    heading = _HEADING.search(page)
    if heading is None or "<table" not in page:
        raise ValueError("the page has no picture, and no title with a table")
    lines = [
        line
        for paragraph in _PARAGRAPH.findall(page)
        for line in wrap_text(unescape(_TAG.sub("", paragraph)), _CARD_WIDTH - 60, 14)
    ][:_MOST_LINES]
    texts = [
        f'<text x="30" y="48" font-size="22" font-weight="600">{escape(unescape(_TAG.sub("", heading[1])))}</text>'
    ]
    texts += [
        f'<text x="30" y="{84 + k * LINE_HEIGHT}" font-size="14">{escape(line)}</text>'
        for k, line in enumerate(lines)
    ]
    height = 110 + len(lines) * LINE_HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_CARD_WIDTH} {height}" fill="#17212b" '
        'font-family="Liberation Sans, Arial, Helvetica, sans-serif">'
        f'<rect width="100%" height="100%" fill="#ffffff" stroke="#c6ced5"/>{"".join(texts)}</svg>'
    )


def measure_picture(svg: str) -> int:
    """Return the width of a picture in pixels."""
    width = _WIDTH.search(svg)
    return int(width[1]) if width else 0
