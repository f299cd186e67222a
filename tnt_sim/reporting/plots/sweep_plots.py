"""Charts of a sweep: the curve with the written amount, an index of figures, who enters, the envelopes."""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.plots.drawing.curve_charts import (
    draw_entries,
    draw_envelope_curves,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.plots.sweep_frames import (
    build_entry_frame,
    build_envelope_curves,
)
from tnt_sim.reporting.reports.sweep_pictures import (
    KEYS,
    build_curve,
    build_index,
    describe_amount,
    describe_largest_gain,
)
from tnt_sim.reporting.text.sweep import select_lists


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
