"""Near-optimal allocations for Python users."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tnt_sim.analysis.alternatives import alternatives as analysis
from tnt_sim.analysis.alternatives.alternatives import AlternativesResult
from tnt_sim.studies.answer_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.list_plots import AlternativePlots


class Alternatives(Pages, AlternativesResult):
    """Near-optimal allocations of a scenario, with their page and workbook."""

    own_table = "dossiers"

    @cached_property
    def plot(self) -> AlternativePlots:
        """Its chart: `lists`, the applications that depend on the choice.

        Examples
        --------
        >>> scenario.analyse.alternatives(within="2 %", count=2).plot.lists().save("listes.svg")
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.list_plots import AlternativePlots

        return AlternativePlots(self.data, self.lang)


alternatives = with_files(analysis.alternatives, Alternatives)
