"""Marginal questions for Python users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tnt_sim.analysis.marginal import questions
from tnt_sim.analysis.marginal.document import NextEuroDocument, RulePricesDocument
from tnt_sim.analysis.marginal.questions import MarginalResult
from tnt_sim.api.study_files import Pages, with_files
from tnt_sim.disk import encode_parquet
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.i18n.message import Lang


class MarginalAnswer(Pages, MarginalResult):
    """Result of a marginal question, with its page, workbook and picture."""

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as Parquet."""
        put_file(Path(path), encode_parquet(self.to_dataframe()))

    def plot(self, lang: Lang | str | None = None) -> Any:
        """Draw the value of the next euro, or the price of each rule, as an Altair chart.

        Needs the optional dependency `charts`.

        Raises
        ------
        ValueError
            For any other question, or if there is nothing to draw.
        """
        tongue = self.lang if lang is None else Lang(lang)
        from tnt_sim.reporting.charts.marginal_charts import draw_next_euro, draw_prices

        if isinstance(self.data, NextEuroDocument):
            return draw_next_euro(self.data.next, tongue)
        if isinstance(self.data, RulePricesDocument):
            return draw_prices(self.data.prices, tongue)
        raise ValueError("only the next euro and the prices have a picture")


next_euro = with_files(questions.next_euro, MarginalAnswer)
entries = with_files(questions.entries, MarginalAnswer)
target = with_files(questions.target, MarginalAnswer)
prices = with_files(questions.prices, MarginalAnswer)
extension = with_files(questions.extension, MarginalAnswer)
