"""Charts of allocations under partially known weights: how free the weights are, and who depends on them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tnt_sim.analysis.preferences.document import WeightsDocument
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Count, Rate
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.plots.drawing.chart_words import build_count_axis, build_title, make_unique
from tnt_sim.reporting.plots.drawing.study_charts import draw_labelled_bars, draw_spans
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, apply_theme
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.preferences import describe_ranges, label_criterion, list_weight_ranges
from tnt_sim.reporting.text.dossier_names import label_dossier

MOST_DOSSIERS = 25


@dataclass(frozen=True, slots=True)
class WeightPlots(InOneLanguage):
    """Charts of choices by weights, in one language: `ranges`, `dossiers`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars.
    """

    document: WeightsDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of choices by weights: ranges, dossiers>"

    def ranges(self) -> AltairChart:
        """Draw the least and the greatest weight of each criterion that the preferences allow.

        Raises
        ------
        ValueError
            If no weights are known.

        Examples
        --------
        >>> scenario.analyse.weights(["score", "cost"]).plot.ranges().data.columns
        ['criterion', 'name', 'least', 'most', 'label']
        """
        document, ranges = self.document, list_weight_ranges(self.document)
        if len(ranges) != len(document.criteria):
            raise ValueError("no weights are known: there is nothing to draw")
        names = [label_criterion(one.name) for one in document.criteria]
        labels = [
            _("{low} to {high}", low=Rate(low, 0), high=Rate(high, 0)).in_(self.lang) for low, high in ranges
        ]
        ids = [one.name for one in document.criteria]
        frame = pl.DataFrame(
            {
                "criterion": ids,
                "name": make_unique([name.in_(self.lang) for name in names], ids),
                "least": [float(low) for low, _high in ranges],
                "most": [float(high) for _low, high in ranges],
                "label": labels,
            }
        )
        question = _("Weights that satisfy the preferences; together they are 100%")
        return self._finish(
            draw_spans(frame, _("weight").in_(self.lang)), describe_ranges(names, ranges), question
        )

    def dossiers(self, most: int = MOST_DOSSIERS) -> AltairChart:
        """Draw the applications that depend on the weights, by the number of choices that fund them.

        Parameters
        ----------
        most : number of applications that are drawn at most

        Raises
        ------
        ValueError
            If all choices fund the same.

        Examples
        --------
        >>> scenario.analyse.weights(["score", "cost"]).plot.dossiers(5).data.height
        5
        """
        moving = sorted(self.document.borderline, key=lambda one: -one.core_index)
        if not moving:
            raise ValueError("all choices fund the same applications: there is nothing to draw")
        n = len(self.document.portfolios)
        finding = _n(
            "{n} application depends on the weights",
            "{n} applications depend on the weights",
            n=len(moving),
        )
        drawn = moving[:most]
        times = [round(one.core_index * n) for one in drawn]
        frame = pl.DataFrame(
            {
                "dossier": [one.dossier for one in drawn],
                "name": [label_dossier(one.dossier, one.title) for one in drawn],
                "value": times,
                "label": [_("{times} of {n}", times=Count(k), n=Count(n)).in_(self.lang) for k in times],
            }
        )
        axis = _("Choices").in_(self.lang)
        chart = draw_labelled_bars(frame, axis, Mark.GRANTED, build_count_axis(n, grid=False))
        question = _("By the number of choices that fund them, the most often funded first")
        return self._finish(chart, finding, question)

    def _finish(self, chart: AltairChart, finding: Text, question: Text) -> AltairChart:
        title = build_title(finding, question, self.lang, synthetic=self.document.synthetic)
        return apply_theme(chart.properties(title=title), self.lang)
