"""Reasons for the decisions of a run, for Python users."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tnt_sim.analysis.explain import explanation as analysis
from tnt_sim.i18n.message import Lang
from tnt_sim.studies.answer_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.explanation_plots import ExplanationPlots
    from tnt_sim.reporting.report_tree import Report


class Explanation(Pages, analysis.ExplanationResult):
    """Reasons for the decisions on some applications, with their page and workbook."""

    own_table = "decisions"

    @property
    def lang(self) -> Lang:
        """Return the language of its sentences."""
        return Lang(self.data.lang)

    @cached_property
    def plot(self) -> ExplanationPlots:
        """Its chart: `place`, an application among those of its envelope.

        Examples
        --------
        >>> result.explain("E-01").plot.place().save("dossier.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.explanation_plots import ExplanationPlots

        return ExplanationPlots(self.data, self.decided, self.lang)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows, with the pictures of the decision.

        Examples
        --------
        >>> result.explain("E-01").build_report().title.en
        'Explanation of the decisions'
        """
        from tnt_sim.reporting.reports.explanation_page import build_report

        return build_report(self.data, self.decided)


explain = with_files(analysis.explain, Explanation)
