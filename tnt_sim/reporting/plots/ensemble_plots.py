"""Charts of an ensemble: how often each dossier is funded, how the value spreads, what moves it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tnt_sim.analysis.uncertainty.result import EnsembleTables
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _n
from tnt_sim.reporting.charts.svg import compute_step
from tnt_sim.reporting.plots.drawing.chart_words import make_unique
from tnt_sim.reporting.plots.drawing.draw_charts import (
    draw_frequency_strip,
    draw_range_bars,
    draw_value_histogram,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.report_tree import Words
from tnt_sim.reporting.reports.uncertainty_pictures import (
    build_strip,
    build_tornado,
    describe_first_goal,
    describe_standings,
    describe_value_finding,
    label_inputs,
    list_input_ranges,
)
from tnt_sim.scenario.scenario import is_synthetic

_N_BINS = 24
"""Bars of a histogram, about."""


@dataclass(frozen=True, slots=True)
class EnsemblePlots(InOneLanguage):
    """Charts of an ensemble, in one language: `frequency`, `histogram`, `tornado`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars.
    """

    tables: EnsembleTables
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of an ensemble: frequency, histogram, tornado>"

    def frequency(self) -> AltairChart:
        """Draw each application in play as high as the draws that fund it, those of every draw first.

        Raises
        ------
        ValueError
            If no draw was optimised, or some are known within limits only.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1).plot.frequency().data["times"].max()
        4
        """
        counted = {key: int(n) for key, n in self.tables.dossiers.group_by("standing").len().iter_rows()}
        strip = build_strip(self.tables, counted)
        if strip is None:
            raise ValueError(
                "the draws that fund each application are not all known: there is no strip to draw"
            )
        words = {
            key: Capitalised(text).in_(self.lang)
            for key, text in describe_standings(self.tables.n_draws).items()
        }
        frame = (
            self.tables.dossiers.with_columns(
                pl.col("standing").replace_strict(words, default="").alias("group"),
            )
            .with_row_index("place")
            .with_columns(pl.col("place").cast(pl.Int64))
        )
        chart = draw_frequency_strip(frame, words, self.tables.n_draws, self.lang)
        return self._finish(chart, strip.finding, strip.question)

    def histogram(self) -> AltairChart:
        """Draw how many draws reach each value, the worst tenth in orange.

        Raises
        ------
        ValueError
            If no draw was optimised.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1).plot.histogram().data["value"].len()
        4
        """
        risk = self.tables.risk
        if risk is None:
            raise ValueError("no draw was optimised: there is no value to draw")
        frame = self._build_draw_frame()
        question = _n(
            "Number of draws by value, of {n} draw; orange: the worst tenth.",
            "Number of draws by value, of {n} draws; orange: the worst tenth.",
            n=len(self.tables.values),
        )
        lines = [(float(risk.mean), _("average").in_(self.lang))]
        if self.tables.draws.plan.values:
            plan = float(self.tables.draws.plan.values[0])
            lines.append((plan, _("without uncertainty").in_(self.lang)))
        goal = describe_first_goal(self.tables).in_(self.lang)
        chart = draw_value_histogram(frame, lines, goal, self.lang)
        return self._finish(chart, describe_value_finding(self.tables, risk), question)

    def tornado(self) -> AltairChart:
        """Draw the range of the value where each uncertainty alone varies, the widest first.

        Raises
        ------
        ValueError
            If no uncertainty was varied alone; `sensitivity` of `tnt.ensemble` says in how many draws.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1, sensitivity=4).plot.tornado().data["input"].to_list()
        ['a']
        """
        picture = build_tornado(self.tables)
        if picture is None:
            raise ValueError("no uncertainty was varied alone: ask for it with `sensitivity`")
        ids = [one.spec.id for one in self.tables.ground.inputs]
        names = make_unique([text.in_(self.lang) for text in label_inputs(self.tables)], ids)
        rows = []
        for place, spread in list_input_ranges(self.tables):
            least, low, high, most = (float(value) for value in spread.limits)
            rows.append(
                {
                    "input": ids[place], "name": names[place], "least": least, "low": low,
                    "median": float(spread.median), "high": high, "most": most, "n_draws": spread.n,
                }
            )  # fmt: skip
        plan = self.tables.draws.plan.values
        here = (float(plan[0]), _("without uncertainty").in_(self.lang)) if plan else None
        goal = describe_first_goal(self.tables).in_(self.lang)
        chart = draw_range_bars(pl.DataFrame(rows), here, goal, self.lang)
        return self._finish(chart, picture.finding, picture.question)

    def _build_draw_frame(self) -> pl.DataFrame:
        """Return one row per draw: `draw`, `value`, and whether it is among the worst tenth."""
        risk = self.tables.risk
        assert risk is not None
        sign = 1 if self.tables.best_is_high else -1
        values = [float(value) for value in self.tables.values]
        step = compute_step(min(values), max(values), _N_BINS) if min(values) < max(values) else 1.0
        words = {True: _("the worst tenth"), False: _("the other draws")}
        rows = [
            {
                "draw": number,
                "value": float(optimum.value),
                "group": words[bool(sign * optimum.value < sign * risk.var)].in_(self.lang),
                "is_worst": bool(sign * optimum.value < sign * risk.var),
            }
            for number, optimum in self.tables.draws.optima.items()
        ]
        start = ((pl.col("value") / step + 1e-9).floor() * step).round(9)
        frame = pl.DataFrame(rows).with_columns(start.alias("bin_start"))
        return frame.with_columns((pl.col("bin_start") + step).round(9).alias("bin_end"))

    def _finish(self, chart: AltairChart, finding: Words, question: Words | Text) -> AltairChart:
        synthetic = is_synthetic(self.tables.problem.scenario)
        return finish_chart(chart, finding, question, self.lang, synthetic=synthetic)
