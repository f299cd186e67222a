"""Allocations under partially known weights for Python users."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tnt_sim.analysis.preferences import partial_weights
from tnt_sim.analysis.preferences.partial_weights import WeightsResult
from tnt_sim.studies.answer_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.weight_plots import WeightPlots


class WeightStudy(Pages, WeightsResult):
    """Non-dominated allocations under partially known weights, with their page and workbook."""

    own_table = "dossiers"

    @cached_property
    def plot(self) -> WeightPlots:
        """Its charts: `ranges` of the weights, and `dossiers` that depend on them.

        Examples
        --------
        >>> scenario.analyse.weights(["score", "cost"]).plot.ranges().save("poids.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.weight_plots import WeightPlots

        return WeightPlots(self.data, self.lang)


weights = with_files(partial_weights.weights, WeightStudy)
