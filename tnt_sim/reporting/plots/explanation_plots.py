"""Chart of an explanation: where a dossier stands among those of its envelope, and what would fund it."""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.analysis.explain.document import ExplainDocument, ExplainedDossier
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import (
    build_dossier_chart,
)
from tnt_sim.scenario.scenario import is_synthetic


@dataclass(frozen=True, slots=True)
class ExplanationPlots(InOneLanguage):
    """Chart of an explanation, in one language: `place`."""

    document: ExplainDocument
    decided: DecidedRun
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of an explanation: place>"

    def place(self, dossier: str | None = None) -> AltairChart:
        """Draw an application among those of the envelope that decides on it, with the changes that would fund it.

        Parameters
        ----------
        dossier : one of those explained, by default the first

        Raises
        ------
        ValueError
            If it is not explained, or has no amount and no value.

        Examples
        --------
        >>> chart = result.explain("E-01").plot.place()
        >>> chart.data.filter("is_focus")["dossier"].to_list()
        ['E-01']
        """
        entry = self._find_entry(dossier)
        dossiers = DecidedDossiers.of_decision(self.decided)
        picture = build_dossier_chart(dossiers, entry)
        if picture is None:
            raise ValueError(f"{entry.dossier} has no amount or no value in an envelope: nothing to draw")
        return self._plot(picture)

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are invented."""
        return is_synthetic(self.decided.problem.scenario)

    def _find_entry(self, dossier: str | None) -> ExplainedDossier:
        """Return the entry of a dossier, by default the first."""
        entries = {entry.dossier: entry for entry in self.document.dossiers}
        if not entries:
            raise ValueError("no application is explained one by one: name one, or draw result.plot.margin()")
        if dossier is None:
            return next(iter(entries.values()))
        if dossier not in entries:
            raise ValueError(f"dossier must be one of {', '.join(list(entries)[:10])}, not {dossier!r}")
        return entries[dossier]
