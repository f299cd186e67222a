"""Charts of a decision: its money, its map, its margin, its refusals and how evenly it spreads."""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.analysis.equity.department_spread import ListMoney, get_map_year
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.decision_page.note_sentences import describe_decision
from tnt_sim.reporting.decision_page.outcomes import MoneyRow, Outcome, build_outcomes
from tnt_sim.reporting.plots.department_plots import draw_department_map
from tnt_sim.reporting.plots.drawing.amount_bars import draw_parts, draw_reason_bars
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.margin_plot import draw_margin
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.plots.result_frames import (
    MONEY_USES,
    OUTCOMES,
    build_department_frame,
    build_money_frame,
    build_reason_frame,
)
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.money_spread import build_lorenz_chart


@dataclass(frozen=True, slots=True)
class ResultPlots(InOneLanguage):
    """Charts of a decision, in one language: `by_envelope`, `by_department`, `margin`, `reasons`, `lorenz`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars with amounts in euros.
    """

    run: StoredRun
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a decision: by_envelope, by_department, margin, reasons, lorenz>"

    def by_envelope(self) -> AltairChart:
        """Draw the money of each envelope: committed before, granted, left.

        Examples
        --------
        >>> result.plot.by_envelope().data["part"].unique(maintain_order=True).to_list()
        ['déjà engagé', 'accordé', 'non dépensé']
        """
        outcomes = build_outcomes(self.run)
        frame = build_money_frame(self.run, outcomes, self.lang)
        finding = describe_decision(self.run, outcomes.rows[0])
        question = _("Money of each envelope: committed before, granted and left")
        return self._plot(draw_parts(frame, MONEY_USES, self.lang), finding, question)

    def by_department(self, measure: str = "amount") -> AltairChart:
        """Draw the map of departments.

        Parameters
        ----------
        measure : `amount` granted, granted per `head`, or `count` of funded applications

        Raises
        ------
        ValueError
            For another measure, or if no application has a department.

        Examples
        --------
        >>> chart = result.plot.by_department("head")
        >>> chart.data.select("department", "name", "per_head").height
        101
        """
        chart, finding, question = draw_department_map(build_department_frame(self.run), measure, self.lang)
        return self._plot(chart, finding, question)

    def margin(self, envelope: str | None = None) -> AltairChart:
        """Draw the applications of an envelope by value and amount, with the margin; click envelopes to change it.

        Parameters
        ----------
        envelope : id; by default where those not selected ask the most

        Raises
        ------
        ValueError
            If there is no such envelope, or no application has an amount and a value.

        Examples
        --------
        >>> result.plot.margin().data.columns[:3]
        ['dossier', 'title', 'envelope']
        """
        if self.run.decision is None:
            raise ValueError("the inputs of this run are missing: there are no values to draw")
        dossiers = DecidedDossiers.of_decision(of_result(self.run.decision))
        chart, finding, question = draw_margin(dossiers, envelope, self.lang)
        return self._plot(chart, finding, question)

    def reasons(self, measure: str = "count") -> AltairChart:
        """Draw why applications are funded, wait for more money, or are closed.

        Parameters
        ----------
        measure : `count` of applications, or `amount` granted or asked

        Raises
        ------
        ValueError
            For another measure.

        Examples
        --------
        >>> result.plot.reasons().data["n_dossiers"].sum()
        24
        """
        if measure not in ("count", "amount"):
            raise ValueError(f"measure must be one of count, amount, not {measure!r}")
        outcomes = build_outcomes(self.run)
        frame = build_reason_frame(self.run, outcomes, self.lang)
        question = (
            _("Applications by the reason of the decision")
            if measure == "count"
            else _("Amounts granted or asked, by the reason of the decision")
        )
        unknown = int(frame["n_unknown"].sum())
        if measure == "amount" and unknown:
            question = join_sentences(
                Bilingual(f"{question.fr}.", f"{question.en}."),
                _("Without a known amount: {n}.", n=Count(unknown)),
            )
        chart = draw_reason_bars(frame, measure, OUTCOMES, self.lang)
        return self._plot(chart, _describe_outcomes(outcomes.rows[0]), question)

    def lorenz(self) -> AltairChart:
        """Draw which share of the money goes to the inhabitants who get least per head.

        Raises
        ------
        ValueError
            If fewer than two departments with applications have a known population.

        Examples
        --------
        >>> result.plot.lorenz().data.columns
        ['list', 'inhabitants', 'money', 'place']
        """
        table = self.run.table.select("department", "granted_cents")
        return self._plot(build_lorenz_chart([ListMoney("", table)], get_map_year(self.run.spec)))

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are invented."""
        return self.run.synthetic


def _describe_outcomes(total: MoneyRow) -> Text:
    """Say how many applications are funded, could be by more money, and could not."""
    return _n(
        "{n} application funded, {waiting} not selected, {closed} closed",
        "{n} applications funded, {waiting} not selected, {closed} closed",
        n=total.n_funded,
        waiting=Count(total.counts[Outcome.NOT_SELECTED]),
        closed=Count(total.counts[Outcome.EXCLUDED]),
    )
