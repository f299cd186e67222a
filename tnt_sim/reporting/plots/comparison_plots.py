"""Charts of a comparison: envelopes before and after, who moves, the map of what changes, how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import altair as alt
import polars as pl

from tnt_sim.analysis.compare.comparison import ComparedRuns
from tnt_sim.analysis.equity.department_spread import ListMoney, get_map_year
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.reporting.charts.department_map import LESS, MORE, compute_change_bounds
from tnt_sim.reporting.plots.comparison_frames import (
    build_department_frame,
    build_move_frame,
    choose_side,
)
from tnt_sim.reporting.plots.drawing.change_charts import draw_move_charts
from tnt_sim.reporting.plots.drawing.department_maps import EMPTY, MapClasses, draw_shades
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.comparison_answer import (
    build_envelope_chart,
    describe_department_changes,
    describe_side,
)
from tnt_sim.reporting.reports.money_spread import build_lorenz_chart
from tnt_sim.scenario.scenario import is_synthetic


@dataclass(frozen=True, slots=True)
class ComparisonPlots(InOneLanguage):
    """Charts of a comparison, in one language: `envelopes`, `moves`, `by_department`, `lorenz`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars with amounts in euros.
    """

    comparison: ComparedRuns
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a comparison: envelopes, moves, by_department, lorenz>"

    def envelopes(self, side: str | None = None) -> AltairChart:
        """Draw what each envelope grants in the first decision and in another one.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.envelopes().data.columns
        ['id', 'name', 'before', 'after', 'label', 'change']
        """
        name = choose_side(self.comparison, side)
        return self._plot(build_envelope_chart(self.comparison, name))

    def moves(self, side: str | None = None) -> AltairChart:
        """Draw who enters and who leaves by amount, above the largest moves; drag over amounts to choose some.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.moves().data.height == found.moves[found.sides[1].name].height
        True
        """
        name = choose_side(self.comparison, side)
        frame = build_move_frame(self.comparison, name, self.lang)
        finding = describe_side(self.comparison, name, self.comparison.moves[name])
        question = self._ask(_("Applications by the amount that they gain or lose"), name)
        return self._plot(draw_move_charts(frame, self.lang), finding, question)

    def by_department(self, side: str | None = None) -> AltairChart:
        """Draw the map of what each department gains or loses.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.by_department().data["change"].sum() < 0
        True
        """
        name = choose_side(self.comparison, side)
        frame = build_department_frame(self.comparison, name, self.lang)
        changes = [value for value in frame["change"].to_list() if value]
        finding = (
            describe_department_changes(changes) if changes else _("Every department gets the same amount")
        )
        question = self._ask(_("Gains (+) and losses (−) of departments"), name)
        placed, classes = _classify_changes(frame, self.lang)
        return self._plot(draw_shades(placed, classes, _list_tooltips(self.lang), "sign"), finding, question)

    def lorenz(self) -> AltairChart:
        """Draw how evenly each decision spreads its money over inhabitants.

        Raises
        ------
        ValueError
            If fewer than two departments with applications have a known population.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.lorenz().data["list"].n_unique()
        2
        """
        lists = [ListMoney(one.name, one.build_dossier_table()) for one in self.comparison.sides]
        year = get_map_year(self.comparison.sides[0].scenario.spec)
        return self._plot(build_lorenz_chart(lists, year))

    def _ask(self, what: Text, name: str) -> Text:
        return _("{what}: {first} → {name}", what=what, first=self.comparison.sides[0].name, name=name)

    @property
    def is_synthetic(self) -> bool:
        """Whether the data of a side are invented."""
        return any(is_synthetic(one.scenario) for one in self.comparison.sides)


def _classify_changes(frame: pl.DataFrame, lang: Lang) -> tuple[pl.DataFrame, MapClasses]:
    """Return the frame with the `class` of each change: more and less have the same bounds and shades."""
    cents = {code: value * 100 for code, value in frame.select("department", "change").iter_rows()}
    bounds = compute_change_bounds({code: value for code, value in cents.items() if value})
    texts = [format_short_amount(round(bound), lang) for bound in bounds]
    sizes = [_("another amount").in_(lang)]
    if texts:
        sizes = [_("under {displayed}", displayed=texts[0]).in_(lang)]
        sizes += [f"{low} – {high}" for low, high in pairwise(texts)]
        sizes.append(_("{displayed} and more", displayed=texts[-1]).in_(lang))
    same = _("the same amount").in_(lang)

    def classify(value: float) -> str:
        if not value:
            return same
        return f"{'+' if value > 0 else '−'} {sizes[sum(bound <= abs(value) for bound in bounds)]}"

    words = [*(f"+ {size}" for size in reversed(sizes)), same, *(f"− {size}" for size in sizes)]
    if not any(cents.values()):
        words = [same]
    shades = len(sizes)
    fills = [*reversed(MORE[-shades:]), EMPTY, *LESS[-shades:]]
    values = [classify(value) for value in cents.values()]
    return frame.with_columns(pl.Series("class", values, dtype=pl.String)), MapClasses(
        words, fills if any(cents.values()) else [EMPTY]
    )


def _list_tooltips(lang: Lang) -> list[alt.Tooltip]:
    amount = partial(alt.Tooltip, format=",.2f")
    return [
        alt.Tooltip("name:N", title=_("Department").in_(lang)),
        amount("before:Q", title=_("Before (€)").in_(lang)),
        amount("after:Q", title=_("After (€)").in_(lang)),
        amount("change:Q", title=_("Difference (€)").in_(lang)),
    ]
