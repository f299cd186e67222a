"""Charts of a decision: its money, its map, its margin, its refusals and how evenly it spreads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import altair as alt
import polars as pl

from tnt_sim.analysis.equity.department_spread import ListMoney, get_map_year
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.i18n.parameters import Count, ShortMoney
from tnt_sim.reporting.charts.department_map import list_fills
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.decision_page.note_sentences import describe_decision
from tnt_sim.reporting.decision_page.outcomes import MoneyRow, Outcome, Outcomes, build_outcomes, select_rows
from tnt_sim.reporting.decision_page.page_rows import select_shared_bounds
from tnt_sim.reporting.decision_page.subtotals import build_department_table
from tnt_sim.reporting.plots.drawing.amount_bars import draw_parts, draw_reason_bars
from tnt_sim.reporting.plots.drawing.chart_words import build_legend, make_unique, write_money_expression
from tnt_sim.reporting.plots.drawing.department_maps import EMPTY, MapClasses, draw_circles, draw_shades
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.margin_plot import draw_margin
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.money_spread import build_lorenz_chart
from tnt_sim.reporting.workbook.dossier_sheet import describe_reason

INDENT = "\u2003"

"""Space before the name of an envelope for each envelope above it, the programme apart."""

MONEY_USES: dict[Mark, Text] = {
    Mark.COMMITTED: _p("money", "already committed"),
    Mark.GRANTED: _p("money", "granted"),
    Mark.LEFT: _p("money", "left"),
}

"""Parts of the money of an envelope, in the order of a bar."""

OUTCOMES: dict[Mark, Text] = {
    Mark.COMMITTED: _p("dossiers", "already committed"),
    Mark.GRANTED: _p("dossiers", "funded"),
    Mark.WAITING: _p("dossiers", "not selected: more money could fund them"),
    Mark.REFUSED: _p("dossiers", "closed: no money would fund them"),
}

"""Groups of applications by their decision."""

_MARKS = {
    Outcome.COMMITTED: Mark.COMMITTED,
    Outcome.FUNDED: Mark.GRANTED,
    Outcome.NOT_SELECTED: Mark.WAITING,
    Outcome.EXCLUDED: Mark.REFUSED,
}


def build_money_frame(run: StoredRun, outcomes: Outcomes, lang: Lang) -> pl.DataFrame:
    """Return one row per envelope of the picture and part of its money: `envelope`, `name`, `part`, `amount`.

    Envelopes that would be too many are added up.
    """
    rows = select_rows(run, outcomes, lang)
    ids = [f"#{k}" if row.node is None else run.envelopes[row.node].id for k, row in enumerate(rows)]
    names = make_unique([row.title for row in rows], ids)
    words = {mark: text.in_(lang) for mark, text in MONEY_USES.items()}
    return pl.DataFrame(
        [
            {
                "place": place,
                "envelope": None if row.node is None else run.envelopes[row.node].id,
                "name": INDENT * max(0, row.depth - 1) + name,
                "part": words[mark],
                "order": order,
                "amount": cents / 100,
                "n_funded": row.n_funded,
                "n_dossiers": sum(row.counts),
            }
            for place, (row, name) in enumerate(zip(rows, names, strict=True))
            for order, (mark, cents) in enumerate(
                (
                    (Mark.COMMITTED, row.cents[Outcome.COMMITTED]),
                    (Mark.GRANTED, row.cents[Outcome.FUNDED]),
                    (Mark.LEFT, row.left_cents),
                )
            )
        ]
    )


def build_department_frame(run: StoredRun) -> pl.DataFrame:
    """Return one row per department: inhabitants, applications and amounts, per head too."""
    table = build_department_table(run)
    if table.is_empty():
        raise ValueError("no application of this run has a department: there is no map")
    return table.select(
        "department",
        "name",
        "population",
        "n_dossiers",
        "n_funded",
        (pl.col("requested_cents") / 100).alias("requested"),
        (pl.col("granted_cents") / 100).alias("granted"),
        (pl.col("granted_cents") / 100 / pl.col("population")).alias("per_head"),
    )


def build_reason_frame(run: StoredRun, outcomes: Outcomes, lang: Lang) -> pl.DataFrame:
    """Return one row per reason: `reason_code`, `reason`, `group`, `n_dossiers`, `amount` granted or asked."""
    words = {mark: Capitalised(text).in_(lang) for mark, text in OUTCOMES.items()}
    groups = [words[_MARKS[Outcome(value)]] for value in outcomes.outcome.tolist()]
    table = run.table.select(pl.col("reason_code").fill_null("")).with_columns(
        pl.Series("place", outcomes.outcome, dtype=pl.Int64),
        pl.Series("group", groups, dtype=pl.String),
        pl.Series("cents", outcomes.cents, dtype=pl.Int64),
        pl.Series("known", outcomes.known, dtype=pl.Boolean),
    )
    sums = (
        table.group_by("place", "group", "reason_code")
        .agg(
            pl.len().cast(pl.Int64).alias("n_dossiers"),
            pl.col("cents").sum(),
            (~pl.col("known")).sum().cast(pl.Int64).alias("n_unknown"),
        )
        .sort("place", "n_dossiers", "reason_code", descending=[False, True, False])
    )
    reasons = [
        describe_reason(code, place not in (Outcome.EXCLUDED, Outcome.NOT_SELECTED), lang) or "–"
        for code, place in sums.select("reason_code", "place").iter_rows()
    ]
    reasons = [f"{reason[:1].upper()}{reason[1:]}" for reason in reasons]
    return sums.select(
        "reason_code",
        pl.Series("reason", reasons, dtype=pl.String),
        "group",
        "n_dossiers",
        (pl.col("cents") / 100).alias("amount"),
        "n_unknown",
    )


MEASURES = ("amount", "head", "count")

_COLUMNS = {"amount": "granted", "head": "per_head", "count": "n_funded"}


def draw_department_map(frame: pl.DataFrame, measure: str, lang: Lang) -> tuple[AltairChart, Text, Text]:
    """Return the map of one measure of a decision, its finding and its question."""
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    finding = _describe_most(frame, measure)
    tooltip = _list_tooltips(lang)
    if measure == "head":
        shaded, classes = classify_amounts(frame, "per_head", lang)
        question = _("Amount granted per inhabitant of each department")
        return draw_shades(shaded, classes, tooltip), finding, question
    if measure == "amount":
        question = _("Amount granted in each department: areas of circles are amounts")
        written = {"labelExpr": write_money_expression(lang)}
    else:
        question = _("Funded applications of each department: areas of circles are numbers")
        written = {"format": ",d"}
    legend = build_legend(orient="right", direction="vertical", tickCount=3, **written)
    return draw_circles(frame, _COLUMNS[measure], legend, tooltip), finding, question


def classify_amounts(frame: pl.DataFrame, column: str, lang: Lang) -> tuple[pl.DataFrame, MapClasses]:
    """Return the frame with the `class` of each amount, and the classes, with round bounds that maps share."""
    cents = [0.0 if value is None else value * 100 for value in frame[column].to_list()]
    bounds = select_shared_bounds(cents)
    texts = [format_short_amount(round(bound), lang) for bound in bounds]
    if texts:
        words = [_("under {displayed}", displayed=texts[0]).in_(lang)]
        words += [f"{low} – {high}" for low, high in pairwise(texts)]
        words.append(_("{displayed} and more", displayed=texts[-1]).in_(lang))
    else:
        words = [_("granted").in_(lang)]
    nothing = _("nothing granted").in_(lang)
    placed = [words[sum(bound <= value for bound in bounds)] if value > 0 else nothing for value in cents]
    classes = MapClasses([*words, nothing], [*list_fills(bounds), EMPTY])
    return frame.with_columns(pl.Series("class", placed, dtype=pl.String)), classes


def _describe_most(frame: pl.DataFrame, measure: str) -> Text:
    """Say which department has the most."""
    column = _COLUMNS[measure]
    top = frame.sort(column, "department", descending=[True, False], nulls_last=True).row(0, named=True)
    value, name = top[column] or 0, f"{top['name']} ({top['department']})"
    if not value:
        return _("No department is granted anything")
    if measure == "count":
        return _n(
            "{department} has the most funded applications: {n}",
            "{department} has the most funded applications: {n}",
            n=int(value),
            department=name,
        )
    amount = ShortMoney(round(value * 100))
    if measure == "head":
        return _("{department} gets the most per inhabitant: {amount}", department=name, amount=amount)
    return _("{department} gets the most: {amount}", department=name, amount=amount)


def _list_tooltips(lang: Lang) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=_("Department").in_(lang)),
        alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
        alt.Tooltip("per_head:Q", title=_("Per inhabitant (€)").in_(lang), format=",.2f"),
        alt.Tooltip("n_funded:Q", title=_("Funded applications").in_(lang), format=",d"),
        alt.Tooltip("n_dossiers:Q", title=_("Applications filed").in_(lang), format=",d"),
        alt.Tooltip("population:Q", title=_("Inhabitants").in_(lang), format=",d"),
    ]


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
