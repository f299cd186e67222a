"""Chart of an explanation: where a dossier stands among those of its envelope, and what would fund it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tnt_sim.analysis.explain.document import ExplainDocument, ExplainedDossier
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, _, join_sentences
from tnt_sim.reporting.plots.drawing.scatter_charts import ScatterAxes, draw_place
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.report_tree import write_words
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import (
    MARKS,
    build_dossier_chart,
    build_drawn_change,
    find_most_cents,
    find_node,
)
from tnt_sim.scenario.scenario import is_synthetic

ROOM = 1.06
"""The right end of an axis as a multiple of the largest amount."""


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
        table = dossiers.select_envelope(find_node(dossiers, entry))
        focus, slope = dossiers.get_dossier(entry.dossier), dossiers.find_slope(table)
        words = {mark: Capitalised(text).in_(self.lang) for mark, text in MARKS.items()}
        by_value = {mark.value: word for mark, word in words.items()}
        frame = table.select(
            "dossier",
            "title",
            pl.Series("decision", [by_value[mark] for mark in table["mark"].to_list()], dtype=pl.String),
            (pl.col("cents") / 100).alias("amount"),
            "value",
            (pl.col("dossier") == entry.dossier).alias("is_focus"),
        )
        changes = [one for change in entry.changes if (one := build_drawn_change(focus, change))]
        most = find_most_cents(table, focus, changes)
        axes = ScatterAxes(
            [(mark, word) for mark, word in words.items() if word in set(frame["decision"])],
            Capitalised(dossiers.value_words).in_(self.lang),
            self.lang,
            (most or float(frame["amount"].max()) * 100 * ROOM) / 100,  # type: ignore[arg-type]
        )
        ends = [
            {"amount": one.end[0] / 100, "value": one.end[1], "text": one.text.in_(self.lang)}
            for one in changes
        ]
        chart = draw_place(frame, axes, slope * 100 if slope else None, ends)
        question = join_sentences(
            Bilingual(write_words(picture.question, Lang.FR), write_words(picture.question, Lang.EN)),
            _("Dashes: as much per euro as the last one funded.") if slope else None,
            _("Arrow: smallest change that would fund it.") if ends else None,
        )
        synthetic = is_synthetic(self.decided.problem.scenario)
        finding = write_words(picture.finding, self.lang)
        return finish_chart(chart, finding, question, self.lang, synthetic=synthetic)

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
