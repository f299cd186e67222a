"""Altair charts with our style and the signs of a language, which stay combinable.

Vega-Lite has style and locale at the top of a specification only, and Altair refuses to combine charts that have
them. So a themed chart adds them when it is written, and a combination of themed charts is a themed chart.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.theme import FONT, INK, SOFT, ChartSpec, build_theme
from tnt_sim.reporting.plots.drawing.chart_words import build_title
from tnt_sim.reporting.report_tree import Words

type AltairChart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart | alt.FacetChart
_LEGEND = {
    "labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
    "labelColor": INK, "titleColor": SOFT,
}  # fmt: skip


def finish_chart(
    chart: AltairChart, finding: Words, question: Words, lang: Lang, *, synthetic: bool
) -> AltairChart:
    """Return a chart with its finding as the title and its question below, in our style."""
    title = build_title(finding, question, lang, synthetic=synthetic)
    return apply_theme(chart.properties(title=title), lang)


def apply_theme(chart: AltairChart, lang: Lang) -> AltairChart:
    """Return an Altair chart that is written with our style and the number signs of a language.

    Parameters
    ----------
    chart : any Altair chart; `configure_…` of its own wins over the style
    lang : language of its numbers
    """
    plain: Any = next(kind for kind in type(chart).__mro__ if not issubclass(kind, ThemedChart))
    kind = _build_class(plain, lang)
    object.__setattr__(
        chart, "__class__", kind
    )  # Altair's own `__setattr__` writes keys of the specification
    return chart


class ThemedChart:
    """Part of a chart that adds style and locale where the chart is at the top of its specification."""

    theme_lang: Lang

    def to_dict(
        self, validate: bool = True, *, context: ChartSpec | None = None, **options: object
    ) -> ChartSpec:
        """Return the specification with the style; however many rows it has."""
        chart: Any = self
        if context and not context.get("top_level", True):
            return super().to_dict(validate, context=context, **options)  # type: ignore[misc]
        own = chart._get("config")
        explicit = {} if own is alt.Undefined else own if isinstance(own, dict) else own.to_dict()
        configured = chart.copy(deep=False)
        configured.config = _merge_config({**build_theme(self.theme_lang), "legend": _LEGEND}, explicit)
        write: Any = super(ThemedChart, configured)
        if alt.data_transformers.active != "default":
            return write.to_dict(validate, context=context, **options)
        with alt.data_transformers.enable("default", max_rows=None):
            return write.to_dict(validate, context=context, **options)

    def __or__(self, other: AltairChart) -> AltairChart:
        return _separate_scales(super().__or__(other), self.theme_lang)  # type: ignore[misc]

    def __and__(self, other: AltairChart) -> AltairChart:
        return _separate_scales(super().__and__(other), self.theme_lang)  # type: ignore[misc]

    def __add__(self, other: AltairChart) -> AltairChart:
        return apply_theme(super().__add__(other), self.theme_lang)  # type: ignore[misc]


def _separate_scales(chart: AltairChart, lang: Lang) -> AltairChart:
    """Return charts side by side in our style, each with the colours and signs of its own legend."""
    own: Any = chart
    return apply_theme(
        own.resolve_scale(color="independent", shape="independent", strokeDash="independent"), lang
    )


def _merge_config(style: ChartSpec, explicit: ChartSpec) -> ChartSpec:
    """Return the style with what a user configured put over it."""
    return style | {
        key: {**style.get(key, {}), **value} if isinstance(value, dict) else value
        for key, value in explicit.items()
    }


@cache
def _build_class(kind: type, lang: Lang) -> type:
    """Return a class of Altair's charts with our style."""
    return type(kind.__name__, (ThemedChart, kind), {"theme_lang": lang, "__doc__": kind.__doc__})
