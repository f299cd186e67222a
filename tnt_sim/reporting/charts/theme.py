"""Style of our charts: direct labels, and colours distinguishable by the colour-blind and in greyscale.

Altair and vl-convert come with the optional dependency `charts`, and are imported only when a chart
is drawn.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import get_currency

INK, SOFT, LINE, TINT = "#17212b", "#525d67", "#c6ced5", "#e3e8ec"
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
"""Okabe and Ito's palette, most distinct in greyscale first; the yellow is darkened for white pages."""


class Mark(StrEnum):
    """The meaning of a mark: it has one colour in every picture, and a class that a page may restyle."""

    GRANTED = "granted"
    COMMITTED = "committed"
    WAITING = "waiting"
    REFUSED = "refused"
    INELIGIBLE = "ineligible"
    LEFT = "left"
    GAIN = "gain"
    LOSS = "loss"
    RANGE = "range"


FILLS = MappingProxyType(
    {
        Mark.GRANTED: "#3a7fc0",
        Mark.COMMITTED: "#1c4a73",
        Mark.WAITING: "#c27500",
        Mark.REFUSED: "#a4532f",
        Mark.INELIGIBLE: "#7f878e",
        Mark.LEFT: "#8f989f",
        Mark.GAIN: "#3a7fc0",
        Mark.LOSS: "#cc5500",
        Mark.RANGE: "#7f878e",
    }
)
"""The colour of each mark on a white page, and with a contrast of 3 on a dark one, but of committed money."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
type ChartSpec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""
_FRENCH = {
    "decimal": ",",
    "thousands": "\u202f",
    "grouping": [3],
    "currency": ["", "\u00a0€"],
    "minus": "\u2212",
    "percent": "\u202f%",
}
_ENGLISH = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""], "minus": "\u2212"}


def _build_number_locale(lang: Lang) -> ChartSpec:
    """Return the number signs of a language for Vega, with the currency of this process."""
    signs = _FRENCH if lang is Lang.FR else _ENGLISH
    return signs | {"currency": get_currency().add_to("0", "", lang).split("0")}


def import_altair() -> Any:
    """Import Altair."""
    try:
        import altair as alt
    except ImportError as error:
        raise build_missing_error() from error
    return alt


def build_missing_error() -> UsageError:
    """Return the error for a missing optional dependency."""
    from tnt_sim.installation import format_install_command

    return UsageError(
        _(
            "charts need Altair and vl-convert, which are not installed here. To install them: {command}",
            command=format_install_command("charts", "altair", "vl-convert-python"),
        ),
        code="usage.charts",
    )


def build_theme(lang: Lang) -> ChartSpec:
    """Return our style and the language's number format, as the `config` of a Vega-Lite specification."""
    axis = {
        "labelFont": FONT, "titleFont": FONT, "labelColor": SOFT, "titleColor": SOFT, "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": TINT, "domainColor": LINE,
        "tickColor": LINE, "labelPadding": 5, "titlePadding": 10,
    }  # fmt: skip
    title = {
        "font": FONT, "fontSize": 16, "fontWeight": 600, "color": INK, "anchor": "start", "frame": "group",
        "subtitleFont": FONT, "subtitleFontSize": 12.5, "subtitleColor": SOFT, "subtitlePadding": 6,
        "offset": 14,
    }  # fmt: skip
    header = {
        "labelFont": FONT,
        "labelFontSize": 12.5,
        "labelColor": INK,
        "labelAnchor": "start",
        "title": None,
    }
    legend = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelColor": INK,
    }
    return {
        "background": "white",
        "font": FONT,
        "locale": {"number": _build_number_locale(lang)},
        "padding": 14,
        "view": {"stroke": None},
        "axis": axis,
        "title": title,
        "header": header,
        "legend": legend,
        "text": {"font": FONT, "fontSize": 12, "color": INK},
        "concat": {"spacing": 28},
        "facet": {"spacing": 26},
    }


def render_svg(chart: Any) -> str:
    """Return an Altair chart as SVG, rendered without a browser."""
    return str(_import_converter().vegalite_to_svg(chart.to_json()))


def convert_to_png(svg: str, scale: float = 2.0) -> bytes:
    """Return an SVG file as PNG."""
    return bytes(_import_converter().svg_to_png(svg, scale=scale))


def _import_converter() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise build_missing_error() from error
    return vl_convert
