"""How our pictures look: calm, direct labels, colours that the colour-blind and a grey printer tell apart.

Altair and vl-convert come with the extra `charts`; nothing here is imported before a picture is wanted.
"""

from __future__ import annotations

from typing import Any

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text

INK, SOFT, LINE, TINT = "#17212b", "#525d67", "#c6ced5", "#e3e8ec"
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
"""Okabe and Ito's palette, the most distinct in grey first; the yellow is darkened for a white page."""
FREE, NESTED = OKABE_ITO[0], OKABE_ITO[1]
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_FRENCH = {
    "decimal": ",",
    "thousands": "\u202f",
    "grouping": [3],
    "currency": ["", "\u00a0€"],
    "minus": "\u2212",
    "percent": "\u00a0%",
}
_ENGLISH = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""], "minus": "\u2212"}


def altair() -> Any:
    """Altair; UsageError that says how to get it where it is missing."""
    try:
        import altair as alt
    except ImportError as error:
        raise missing() from error
    return alt


def missing() -> UsageError:
    """What to do when the extra is not installed."""
    return UsageError(
        Text(
            "les graphiques veulent Altair : pip install 'tnt-sim[charts]'.",
            "pictures want Altair: pip install 'tnt-sim[charts]'.",
        ),
        code="usage.charts",
    )


def themed(chart: Any, lang: Lang) -> Any:
    """A finished chart in our style, with the number format of the language inside it."""
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
    number = _FRENCH if lang is Lang.FR else _ENGLISH
    return (
        chart.configure(background="white", font=FONT, locale={"number": number}, padding=14)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_title(**title)
        .configure_header(**header)
        .configure_text(font=FONT, fontSize=12, color=INK)
        .configure_concat(spacing=28)
        .configure_facet(spacing=26)
    )


def svg(chart: Any) -> str:
    """A chart as SVG text, made without a browser; the same text for the same chart."""
    return str(_convert().vegalite_to_svg(chart.to_json()))


def png(chart: Any, scale: float = 2.0) -> bytes:
    """A chart as PNG."""
    return bytes(_convert().vegalite_to_png(chart.to_json(), scale=scale))


def html(chart: Any) -> str:
    """A chart as one HTML file that needs nothing else: its script is inside."""
    return str(chart.to_html(inline=True))


def _convert() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise missing() from error
    return vl_convert


def million(cents: int) -> float:
    """Cents as millions of euros, for an axis."""
    return cents / 100_000_000


def money_title(word: Text, lang: Lang) -> str:
    """The title of an axis of amounts."""
    return f"{word.in_(lang)} ({Text('M€', '€M').in_(lang)})"
