"""Marginal questions for Python users."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.analysis.marginal import questions
from tnt_sim.analysis.marginal.questions import MarginalResult
from tnt_sim.disk import encode_parquet
from tnt_sim.engine.run_folder.atomic_write import put_file
from tnt_sim.studies.answer_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.marginal_plots import MarginalPlots


class MarginalAnswer(Pages, MarginalResult):
    """Result of a marginal question, with its page, workbook and picture."""

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as Parquet."""
        put_file(Path(path), encode_parquet(self.to_dataframe()))

    @cached_property
    def plot(self) -> MarginalPlots:
        """Its chart: `plot.next_euro()` or `plot.entries()`, or `plot()` for the one that it has.

        Examples
        --------
        >>> scenario.analyse.marginal_euro().plot.next_euro().save("euro.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.marginal_plots import MarginalPlots

        return MarginalPlots(self.data, self.lang)


next_euro = with_files(questions.next_euro, MarginalAnswer)
entries = with_files(questions.entries, MarginalAnswer)
target = with_files(questions.target, MarginalAnswer)
extension = with_files(questions.extension, MarginalAnswer)
