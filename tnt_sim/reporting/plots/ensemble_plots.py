"""Charts of an ensemble: how often each dossier is funded, how the value spreads, what moves it."""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.analysis.uncertainty.result import EnsembleTables
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.uncertainty_pictures import (
    build_histogram,
    build_strip,
    build_tornado,
)
from tnt_sim.scenario.scenario import is_synthetic


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
        return self._plot(strip)

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
        return self._plot(build_histogram(self.tables, risk))

    def tornado(self) -> AltairChart:
        """Draw the range of the value where each uncertainty alone varies, the widest first.

        Raises
        ------
        ValueError
            If no uncertainty was varied alone; `sensitivity` of `tnt.ensemble` says in how many draws.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> tnt.ensemble(unsure, 4, workers=1, sensitivity=4).plot.tornado().data["id"].to_list()
        ['a']
        """
        picture = build_tornado(self.tables)
        if picture is None:
            raise ValueError("no uncertainty was varied alone: ask for it with `sensitivity`")
        return self._plot(picture)

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are invented."""
        return is_synthetic(self.tables.problem.scenario)
