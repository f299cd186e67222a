"""Reasons for the decisions of a run, for Python users."""

from __future__ import annotations

from tnt_sim.analysis.explain import explanation as analysis
from tnt_sim.api.study_files import Pages, with_files
from tnt_sim.i18n.message import Lang


class Explanation(Pages, analysis.ExplanationResult):
    """Reasons for the decisions on some applications, with their page and workbook."""

    @property
    def lang(self) -> Lang:
        """Return the language of its sentences."""
        return Lang(self.data.lang)


explain = with_files(analysis.explain, Explanation)
