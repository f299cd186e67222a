"""Charts of a sweep: the curve with the written amount, an index of figures, who enters, the envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_integer, format_round_amount, format_short_amount
from tnt_sim.reporting.charts.svg import Scale, choose_limits, describe_break, write_number
from tnt_sim.reporting.plots.drawing.curve_charts import (
    CurveLook,
    draw_curve,
    draw_entries,
    draw_envelope_curves,
    draw_index,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.plots.sweep_frames import (
    build_band_frame,
    build_curve_frame,
    build_entry_frame,
    build_envelope_curves,
    build_figure_frame,
    has_two_curves,
)
from tnt_sim.reporting.report_tree import write_both
from tnt_sim.reporting.reports.sweep_pictures import (
    describe_amount,
    describe_largest_gain,
    describe_reach,
    describe_rise,
)
from tnt_sim.reporting.text.sweep import select_lists
from tnt_sim.values.answer_values import label_goal

MEASURES = {"value": "value", "funded": "n_funded", "granted": "granted"}
"""Measures of the curve, and the column of each."""
KINDS = ("curve", "figures", "ladder", "envelopes")


@dataclass(frozen=True, slots=True)
class SweepPlots(InOneLanguage):
    """Charts of a sweep, in one language: `curve`, `index`, `entries`, `envelopes`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars with amounts in euros.
    """

    document: SweepDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a sweep: curve, index, entries, envelopes>"

    def __call__(self, kind: str = "curve") -> AltairChart:
        """Draw `curve`, `figures`, `ladder` or `envelopes`: by their older names.

        Raises
        ------
        ValueError
            For an unknown kind.

        Examples
        --------
        >>> chart = tnt.sweep(scenario, stop="1.3 M€", steps=2).plot("ladder")
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        if kind == "curve":
            return self.curve()
        if kind == "figures":
            return self.index()
        return self.entries() if kind == "ladder" else self.envelopes()

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
        if measure not in MEASURES:
            raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
        frame = build_curve_frame(self.document, self.lang)
        column = MEASURES[measure]
        band = build_band_frame(self.document) if measure == "value" else None
        values = frame[column].to_list()
        if band is not None:
            values += [*band["low"].to_list(), *band["high"].to_list()]
        scale = Scale(0, max([*values, *frame["amount"].to_list()]), 0, 1, write_number)
        if measure != "granted":
            scale = Scale(*choose_limits(values), 0, 1, write_number)
        look = CurveLook(
            column,
            self._describe_measure(measure).in_(self.lang),
            describe_amount(self.document, self.lang),
            (scale.low, scale.high),
            self._describe_here(),
            both=has_two_curves(frame, column),
        )
        finding = write_both(partial(self._describe_finding, measure))
        has_band = band is not None and not band.is_empty()
        question = join_sentences(
            _(
                "{measure} by amount; grey: the value is proven to lie there.",
                measure=self._describe_measure(measure),
            )
            if has_band
            else _("{measure} by amount.", measure=self._describe_measure(measure)),
            _("Thin line: all of the amount.") if measure == "granted" else None,
            write_both(partial(describe_break, scale)) if scale.is_broken else None,
        )
        return self._finish(draw_curve(frame, band, look, self.lang), finding, question)

    def index(self) -> AltairChart:
        """Draw funded applications, population and departments by amount; 100 is the smallest amount.

        Raises
        ------
        ValueError
            If no amount funds anything.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.plot.index().data["index"].min()
        100.0
        """
        frame = build_figure_frame(self.document, self.lang)
        scale = Scale(*choose_limits(frame["index"].to_list()), 0, 1, write_number)
        lists = select_lists(self.document, self.document.first_curve)
        finding = write_both(partial(describe_reach, lists[0][1], lists[-1][1]))
        question = join_sentences(
            _("100 is the value at the smallest amount."),
            write_both(partial(describe_break, scale)) if scale.is_broken else None,
        )
        chart = draw_index(
            frame, (scale.low, scale.high), describe_amount(self.document, self.lang), self.lang
        )
        return self._finish(chart, finding, question)

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
        chart = draw_entries(frame, labels, describe_amount(self.document, self.lang), self.lang)
        return self._finish(chart, finding, question)

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
        return self._finish(chart, finding, question)

    def _describe_here(self) -> tuple[float, str] | None:
        """Return the written amount in euros and its words."""
        base = self.document.base_cents
        if base is None:
            return None
        amount = format_round_amount(base, self.lang)
        return base / 100, _("written: {amount}", amount=amount).in_(self.lang)

    def _describe_measure(self, measure: str) -> Text:
        goal = self.document.goals[0].goal
        names = {"funded": _("Funded applications"), "granted": _("Amount granted")}
        return names.get(measure, Capitalised(label_goal(goal)))

    def _describe_finding(self, measure: str, lang: Lang) -> str:
        if measure == "value":
            return describe_rise(self.document, lang)
        pairs = select_lists(self.document, self.document.first_curve)
        (start, first), (end, last) = pairs[0], pairs[-1]
        low, high = (format_round_amount(point.amount_cents, lang) for point in (start, end))
        if measure == "funded":
            before, after = (format_integer(entry.n_funded, lang) for entry in (first, last))
            return _(
                "From {low} to {high}, funded applications go from {before} to {after}",
                low=low, high=high, before=before, after=after,
            ).in_(lang)  # fmt: skip
        before, after = (format_short_amount(entry.granted_cents, lang) for entry in (first, last))
        return _(
            "From {low} to {high}, the amount granted goes from {before} to {after}",
            low=low, high=high, before=before, after=after,
        ).in_(lang)  # fmt: skip

    def _finish(self, chart: AltairChart, finding: Text, question: Text) -> AltairChart:
        return finish_chart(chart, finding, question, self.lang, synthetic=self.document.synthetic)
