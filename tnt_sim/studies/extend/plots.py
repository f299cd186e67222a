"""Chart of "transfer or extend": what each of them, and both together, bring to an objective."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import altair as alt
import polars as pl

from tnt_sim.analysis.extend.document import ExtendDocument, FundedListEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.plots.drawing.change_charts import draw_gain_bars
from tnt_sim.reporting.plots.drawing.chart_words import build_money_axis
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.studies.extend.answer import describe_totals, describe_transfers, format_change
from tnt_sim.values.answer_values import label_goal

WAYS = {
    Mark.WAITING: ("transfer", _("Transfers")),
    Mark.GRANTED: ("alone", _("Extension alone")),
    Mark.COMMITTED: ("total", _("Together")),
}
"""Ways to do more, with the key of their gain."""


@dataclass(frozen=True, slots=True)
class ExtensionPlots(InOneLanguage):
    """Chart of "transfer or extend", in one language: `gains`."""

    document: ExtendDocument
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of transfers and larger totals: gains>"

    def gains(self, goal: str | None = None) -> AltairChart:
        """Draw what transfers, a larger total and both bring to an objective, each list for itself.

        Parameters
        ----------
        goal : name of the objective, by default the first

        Raises
        ------
        ValueError
            If there is no such objective, or no gain is known.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").plot.gains().data.columns
        ['goal', 'total', 'name', 'way', 'gain', 'label']
        """
        goals = {one.goal: one for one in self.document.goals}
        chosen = goal or next(iter(goals))
        if chosen not in goals:
            raise ValueError(f"goal must be one of {', '.join(goals)}, not {goal!r}")
        rows = [
            {
                "goal": chosen,
                "total": cents / 100,
                "name": format_round_amount(cents, self.lang),
                "way": word,
                "gain": float(parse_decimal(gain)),
                "label": format_change(self.document, chosen, gain, self.lang),
            }
            for cents, word, gain in self._list_gains(chosen)
        ]
        if not rows:
            raise ValueError("no gain is known: there is nothing to draw")
        is_money = goals[chosen].unit == "money"
        axis = build_money_axis(self.lang) if is_money else alt.Axis(tickCount=5, format=",~f")
        words = [(mark, word.in_(self.lang)) for mark, (_key, word) in WAYS.items()]
        title = _("Gain ({goal})", goal=label_goal(chosen)).in_(self.lang)
        chart = draw_gain_bars(pl.DataFrame(rows), words, title, axis)
        question = _("Gain over the amounts as written, by total; each list is decided for itself")
        return finish_chart(
            chart, self._find_answer(), question, self.lang, synthetic=self.document.synthetic
        )

    def _list_gains(self, goal: str) -> Iterator[tuple[int, str, str]]:
        """Yield the total, the way and the gain of each bar: transfers at the written total alone."""
        free = self.document.free
        keyed = {key: word.in_(self.lang) for key, word in WAYS.values()}
        for own in free.gains:
            if own.goal == goal and own.transfer is not None and self.document.transfers != "none":
                yield self.document.amount_cents, keyed["transfer"], own.transfer
        for entry in free.totals:
            for gain in entry.gains:
                if gain.goal != goal:
                    continue
                if gain.alone is not None:
                    yield entry.total_cents, keyed["alone"], gain.alone
                if gain.total is not None and self.document.transfers != "none":
                    yield entry.total_cents, keyed["total"], gain.total

    def _find_answer(self) -> str:
        """Return the sentence that answers: what transfers bring, else what the first larger total does."""
        entry = self.document.free.transfer
        if isinstance(entry, FundedListEntry) and self.document.transfers != "none":
            return describe_transfers(self.document, entry, self.lang)
        texts = describe_totals(self.document, self.document.free, self.lang)
        return texts[0] if texts else _("Transfer or extend?").in_(self.lang)
