"""Charts of a sweep: the curve with the written amount, an index of figures, who enters, the envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.charts.theme import FILLS, OKABE_ITO, SOFT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import WIDTH, build_legend, build_money_axis, make_unique
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.sweep_pictures import (
    KEYS,
    build_curve,
    build_index,
    describe_amount,
    describe_largest_gain,
)
from tnt_sim.reporting.text.sweep import list_top_envelopes, select_lists


def build_entry_frame(document: SweepDocument, lang: Lang) -> pl.DataFrame:
    """Return one row per entry: the amount where a dossier enters, its grant and its envelope."""
    known = {entry.dossier: entry for entry in document.dossiers}
    curve = document.first_curve
    rows = [
        {
            "amount": point.amount_cents / 100,
            "label": format_round_amount(point.amount_cents, lang),
            "dossier": name,
            "title": known[name].title,
            "envelope": known[name].envelope,
            "granted": known[name].granted_cents / 100,
        }
        for point, entry in select_lists(document, curve)[1:]
        for name in entry.entered
    ]
    schema = {
        "amount": pl.Float64, "label": pl.String, "dossier": pl.String, "title": pl.String,
        "envelope": pl.String, "granted": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def build_envelope_curves(document: SweepDocument) -> pl.DataFrame:
    """Return one row per envelope just below the programme and amount: what it has, and what it grants."""
    lists = select_lists(document, document.first_curve)
    if not lists:
        raise ValueError("no amount has a list: there is nothing to draw")
    tops = list_top_envelopes(lists[-1][1])
    ids = [one.id for one in tops]
    names = dict(zip(ids, make_unique([one.title or one.id for one in tops], ids), strict=True))
    return pl.DataFrame(
        [
            {
                "envelope": entry.id,
                "name": names[entry.id],
                "amount": point.amount_cents / 100,
                "available": None if entry.effective_cents is None else entry.effective_cents / 100,
                "granted": entry.granted_cents / 100,
            }
            for point, found in lists
            for entry in found.envelopes
            if entry.id in names
        ],
        schema_overrides={"available": pl.Float64},
    )


HEIGHT = 320

MOST_COLOURS = 7

"""Most envelopes that have a colour of their own."""

_PANEL_WIDTH, _PANEL_HEIGHT, _PANELS = 200, 150, 3


def draw_entries(frame: pl.DataFrame, labels: Sequence[str], amount: str, lang: Lang) -> AltairChart:
    """Draw a block for each entry, stacked at the amount where it enters."""
    names = sorted(set(frame["envelope"]))
    colour: Any = alt.value(FILLS[Mark.GRANTED])
    if 1 < len(names) <= MOST_COLOURS:
        scale = alt.Scale(domain=names, range=list(OKABE_ITO[: len(names)]))
        colour = alt.Color("envelope:N", scale=scale, legend=build_legend(columns=4))
    x = alt.X(
        "label:N",
        title=amount,
        sort=list(labels),
        scale=alt.Scale(domain=list(labels)),
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
    )
    return (
        alt.Chart(frame)
        .mark_bar(stroke="white", strokeWidth=0.7)
        .encode(
            x=x,
            y=alt.Y(
                "granted:Q", title=_("Granted to those that enter").in_(lang), axis=build_money_axis(lang)
            ),
            color=colour,
            order=alt.Order("envelope:N"),
            detail="dossier:N",
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("title:N", title=_("Title").in_(lang)),
                alt.Tooltip("envelope:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
                alt.Tooltip("label:N", title=_("Amount").in_(lang)),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def draw_envelope_curves(frame: pl.DataFrame, lang: Lang) -> AltairChart:
    """Draw a panel for each envelope, all with one scale from zero."""
    x = alt.X(
        "amount:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False),
        axis=build_money_axis(lang, grid=False, tickCount=3),
    )
    y = alt.Y("granted:Q", title=None, axis=build_money_axis(lang, tickCount=4))
    base = alt.Chart().encode(
        x=x,
        tooltip=[
            alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
            alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
            alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
            alt.Tooltip("available:Q", title=_("Available (€)").in_(lang), format=",.2f"),
        ],
    )
    area = base.mark_area(
        color=FILLS[Mark.GRANTED], opacity=0.35, line={"color": FILLS[Mark.GRANTED]}, interpolate="step-after"
    )
    available = base.mark_line(color=SOFT, strokeDash=[4, 3], interpolate="step-after")
    layers = [area.encode(y=y), available.encode(y=alt.Y("available:Q"))]
    if frame["amount"].n_unique() == 1:  # an area of one amount has no width
        layers.append(base.mark_point(filled=True, size=60, color=FILLS[Mark.GRANTED]).encode(y=y))
    panel = alt.layer(*layers, data=frame)
    panel = panel.properties(width=_PANEL_WIDTH, height=_PANEL_HEIGHT)
    header = alt.Header(labelLimit=_PANEL_WIDTH)
    return panel.facet(
        facet=alt.Facet("name:N", title=None, sort=list(dict.fromkeys(frame["name"])), header=header),
        columns=min(_PANELS, frame["name"].n_unique()),
    )


@dataclass(frozen=True, slots=True)
class SweepPlots(InOneLanguage):
    """Charts of a sweep, in one language: `curve`, `index`, `entries`, `envelopes`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars with amounts in euros.
    """

    document: SweepDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a sweep: curve, index, entries, envelopes>"

    def curve(self, measure: str = "value") -> AltairChart:
        """Draw what each amount buys, with a line at the written amount.

        Parameters
        ----------
        measure : `value` of the first objective, `funded` applications, or the sum `granted`

        Raises
        ------
        ValueError
            For another measure, or if no amount has a list.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.curve("funded").data["n_funded"].max() >= 17
        True
        """
        if measure not in KEYS:
            raise ValueError(f"measure must be one of {', '.join(KEYS)}, not {measure!r}")
        return self._plot(build_curve(self.document, measure))

    def index(self) -> AltairChart:
        """Draw funded applications, population and departments by amount; 100 is the smallest amount.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.index().data["amount"].to_list()
        [1200000.0, 1250000.0, 1300000.0]
        """
        return self._plot(build_index(self.document))

    def entries(self) -> AltairChart:
        """Draw who enters at each amount, one block an application, as high as its grant.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.entries().data.columns
        ['amount', 'label', 'dossier', 'title', 'envelope', 'granted']
        """
        frame = build_entry_frame(self.document, self.lang)
        finding = _n("{n} entry over all amounts", "{n} entries over all amounts", n=frame.height)
        question = _(
            "Applications that enter at each amount, one block each, as high as its grant; some leave again"
        )
        points = select_lists(self.document, self.document.first_curve)[1:]
        labels = [format_round_amount(point.amount_cents, self.lang) for point, _entry in points]
        chart = draw_entries(frame, labels, describe_amount(self.document).in_(self.lang), self.lang)
        return self._plot(chart, finding, question)

    def envelopes(self) -> AltairChart:
        """Draw what each envelope just below the programme has and grants at each amount.

        Raises
        ------
        ValueError
            If no amount has a list.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.envelopes().data["name"].n_unique()
        2
        """
        frame = build_envelope_curves(self.document)
        changes = [
            (part["granted"][0], part["granted"][-1], str(name))
            for (name,), part in frame.group_by("name", maintain_order=True)
        ]
        first, last, name = max(changes, key=lambda change: abs(change[1] - change[0]))
        finding = describe_largest_gain(name, round(first * 100), round(last * 100))
        question = _("Amounts granted by each envelope (area) and available there (dashes)")
        chart = draw_envelope_curves(frame, self.lang)
        return self._plot(chart, finding, question)

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are invented."""
        return self.document.synthetic
