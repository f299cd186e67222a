"""Altair charts of choices by weights: how free the weights are, and who depends on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from tnt_sim.analysis.preferences.partial_weights import WeightsResult
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.reporting.charts.bars import Bar
from tnt_sim.reporting.plots.drawing.chart_words import build_count_axis, make_unique
from tnt_sim.reporting.plots.drawing.study_charts import draw_labelled_bars, draw_spans
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.text.dossier_names import label_dossier
from tnt_sim.studies.weights.answer import (
    describe_range,
    describe_ranges,
    describe_times,
    label_criterion,
    list_moving,
    list_weight_ranges,
)

MOST_PLOTTED = 25


def list_plots() -> Mapping[str, Callable[..., AltairChart]]:
    """Return the Altair charts by name."""
    return {"ranges": plot_ranges, "dossiers": plot_dossiers}


def plot_ranges(result: WeightsResult, lang: Lang) -> AltairChart:
    """Draw the least and the greatest weight of each criterion that the preferences allow.

    Raises
    ------
    ValueError
        If no weights are known.
    """
    document = result.data
    ranges = list_weight_ranges(document)
    if len(ranges) != len(document.criteria):
        raise ValueError("no weights are known: there is nothing to draw")
    ids = [criterion.name for criterion in document.criteria]
    names = [label_criterion(name) for name in ids]
    frame = pl.DataFrame(
        {
            "criterion": ids,
            "name": make_unique([name.in_(lang) for name in names], ids),
            "least": [float(low) for low, _high in ranges],
            "most": [float(high) for _low, high in ranges],
            "label": [describe_range(low, high).in_(lang) for low, high in ranges],
        }
    )
    question = _("Weights that satisfy the preferences; together they are 100%")
    chart = draw_spans(frame, _("weight").in_(lang))
    return finish_chart(chart, describe_ranges(names, ranges), question, lang, synthetic=document.synthetic)


def plot_dossiers(result: WeightsResult, lang: Lang, most: int = MOST_PLOTTED) -> AltairChart:
    """Draw the applications that depend on the weights, by the number of choices that fund them.

    Raises
    ------
    ValueError
        If all choices fund the same.
    """
    document = result.data
    moving, n = list_moving(document), len(document.portfolios)
    if not moving:
        raise ValueError("all choices fund the same applications: there is nothing to draw")
    finding = _n(
        "{n} application depends on the weights", "{n} applications depend on the weights", n=len(moving)
    )
    drawn = moving[:most]
    bars = [
        Bar(
            label_dossier(row.dossier, row.title),
            [round(row.core_index * n)],
            [describe_times(row, n)],
            id=row.dossier,
        )
        for row in drawn
    ]
    axis = build_count_axis(n, grid=False)
    chart = draw_labelled_bars(bars, _("Choices"), axis, lang)
    question = _("By the number of choices that fund them, the most often funded first")
    return finish_chart(chart, finding, question, lang, synthetic=document.synthetic)
