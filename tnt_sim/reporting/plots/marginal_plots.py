"""Charts of the marginal questions: the next euro, who enters at which amount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from tnt_sim.analysis.marginal.document import (
    EntryThresholdsDocument,
    MarginalDocument,
    NextEuroDocument,
)
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.charts.marginal_charts import build_next_euro_rows
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.plots.drawing.chart_words import build_money_axis, build_title
from tnt_sim.reporting.plots.drawing.study_charts import draw_entry_amounts, draw_labelled_bars
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, apply_theme
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.report_tree import Words, write_both


@dataclass(frozen=True, slots=True)
class MarginalPlots(InOneLanguage):
    """Chart of a marginal question, in one language: `next_euro` or `entries`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars.
    """

    document: MarginalDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a marginal question: next_euro, entries>"

    def __call__(self, lang: Lang | str | None = None) -> AltairChart:
        """Draw the chart of the question of this answer.

        Raises
        ------
        ValueError
            For a question that has none.

        Examples
        --------
        >>> scenario.analyse.marginal_euro().plot().data["value"].max() > 0
        True
        """
        plots = self if lang is None else self.in_(lang)
        return plots.next_euro() if isinstance(self.document, NextEuroDocument) else plots.entries()

    def next_euro(self) -> AltairChart:
        """Draw the least to add to each envelope for a gain.

        Raises
        ------
        ValueError
            If the answer is about another question, or no envelope has a step in money.

        Examples
        --------
        >>> scenario.analyse.marginal_euro().plot.next_euro().data["value"].min()
        3000.0
        """
        document = self.document
        if not isinstance(document, NextEuroDocument):
            raise ValueError(f"this answer is about {document.question}: it has no next euro")
        rows = build_next_euro_rows(document.next, self.lang)
        if not rows:
            raise ValueError("no envelope has a next step: nothing to draw")
        frame = pl.DataFrame(
            {
                "id": [row["id"] for row in rows],
                "name": [row["id"] for row in rows],
                "value": [row["euros"] for row in rows],
                "label": [row["t"] for row in rows],
            }
        )
        finding = _("Smallest step: {name}, {step}", name=rows[0]["id"], step=rows[0]["t"])
        chart = draw_labelled_bars(
            frame, _("To add").in_(self.lang), Mark.GRANTED, build_money_axis(self.lang, grid=False)
        )
        return self._finish(chart, finding, _("The least to add for a gain: nothing changes below"))

    def entries(self) -> AltairChart:
        """Draw how many applications enter first at each amount of the envelope.

        Raises
        ------
        ValueError
            If the answer is about another question.

        Examples
        --------
        >>> asked = scenario.analyse.entry_thresholds(start="1 M€", stop="1.5 M€")
        >>> asked.plot.entries().data["enters_at"].min() > 1_000_000
        True
        """
        document = self.document
        if not isinstance(document, EntryThresholdsDocument):
            raise ValueError(f"this answer is about {document.question}: it has no entries")
        frame = pl.DataFrame(
            [
                (
                    entry.dossier,
                    None
                    if entry.first_cents is None or entry.first_cents <= document.from_cents
                    else entry.first_cents / 100,
                    entry.flag,
                )
                for entry in document.entries
            ],
            schema={"dossier": pl.String, "enters_at": pl.Float64, "flag": pl.String},
            orient="row",
        ).filter(pl.col("enters_at").is_not_null())
        low, high = (
            write_both(partial(format_round_amount, cents))
            for cents in (document.from_cents, document.to_cents)
        )
        finding = _n(
            "{n} application enters between {low} and {high}",
            "{n} applications enter between {low} and {high}",
            n=frame.height, low=low, high=high,
        )  # fmt: skip
        limits = (document.from_cents / 100, document.to_cents / 100)
        amount = _("Amount of {name}", name=document.envelope or "–").in_(self.lang)
        chart = draw_entry_amounts(frame, limits, amount, self.lang)
        return self._finish(chart, finding, _("Applications by the smallest amount that funds them"))

    def _finish(self, chart: AltairChart, finding: Words, question: Text) -> AltairChart:
        title = build_title(finding, question, self.lang, synthetic=self.document.synthetic)
        return apply_theme(chart.properties(title=title), self.lang)
