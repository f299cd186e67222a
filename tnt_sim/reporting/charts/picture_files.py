"""Pictures as files of their own: what a page says above a picture, and the picture, on a white ground."""

from __future__ import annotations

from html import escape
from importlib.util import find_spec

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.svg import LINE_HEIGHT, Drawing, wrap_text
from tnt_sim.reporting.charts.theme import FONT, INK, convert_to_png
from tnt_sim.reporting.report_tree import SYNTHETIC, Chart, write_words

WIDTH, MARGIN = 720, 20
"""Pixels of the picture, and of the white around it."""
_TITLE_SIZE, _TITLE_HEIGHT = 16, 22


def draw_picture_file(chart: Chart, lang: Lang, *, synthetic: bool) -> str:
    """Return a chart as an SVG file: its finding, its question, and its picture.

    Parameters
    ----------
    synthetic : whether the data are invented, which the file then says
    """
    drawing = Drawing(WIDTH)
    title = write_words(chart.finding, lang).removesuffix(".")
    y = 0.0
    for text in wrap_text(title, WIDTH, _TITLE_SIZE):
        y += _TITLE_HEIGHT
        drawing.write_text(0, y, text, bold=True, size=_TITLE_SIZE)
    marks = [SYNTHETIC.in_(lang)] if synthetic else []
    for text in [*wrap_text(write_words(chart.question, lang), WIDTH), *marks]:
        y += LINE_HEIGHT
        drawing.write_text(0, y, text, soft=True)
    picture = chart.draw(lang, WIDTH)
    top = y + MARGIN
    height = top + _read_height(picture) + 2 * MARGIN
    width = WIDTH + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" font-family="{FONT}" font-size="13" color="{INK}" fill="{INK}">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{width}" height="{height:.0f}" fill="#ffffff"/>'
        f'<g transform="translate({MARGIN} {MARGIN / 2:.0f})">{"".join(drawing.pieces)}</g>'
        f'<g transform="translate({MARGIN} {top:.0f})">{picture}</g></svg>\n'
    )


def _read_height(picture: str) -> float:
    """Return the height of a picture in pixels."""
    return float(picture.split('height="', 1)[1].split('"', 1)[0])


def draw_picture_files(charts: dict[str, Chart], lang: Lang, *, synthetic: bool) -> dict[str, bytes]:
    """Return charts by the names of their files: SVG, and PNG where the optional dependency `charts` is there."""
    files: dict[str, bytes] = {}
    for name, chart in charts.items():
        drawn = draw_picture_file(chart, lang, synthetic=synthetic)
        files[f"{name}.svg"] = drawn.encode()
        if find_spec("vl_convert") is not None:
            files[f"{name}.png"] = convert_to_png(drawn)
    return files
