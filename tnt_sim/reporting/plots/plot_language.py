"""The language of charts."""

from __future__ import annotations

from dataclasses import replace
from inspect import isfunction
from typing import TYPE_CHECKING, Any, Self

from tnt_sim.errors import find_nearest_name
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.plots.drawing.picture_charts import plot_chart
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.report_tree import Chart, Words


class InOneLanguage:
    """Part of a set of charts: the same in another language, each finished with its finding and its question."""

    __slots__ = ()

    if TYPE_CHECKING:
        lang: Lang

        @property
        def is_synthetic(self) -> bool: ...

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Name the charts, the nearest first, in the error for a name that is none."""
            kind = type(self)
            charts = [one for one in dir(kind) if not one.startswith("_") and callable(getattr(kind, one))]
            near = None if name.startswith("_") else find_nearest_name(name, charts)
            first = "" if near is None else f"did you mean {near!r}? "
            text = f"no chart is named {name!r}: {first}there are {', '.join(charts)}."
            raise AttributeError(text, name=name, obj=self)

    def __call__(self) -> AltairChart:
        """Draw the first of the charts.

        Examples
        --------
        >>> chart = tnt.sweep(scenario, stop="1.3 M€", steps=2).plot()
        """
        kind = type(self)
        name = next(name for name, draw in vars(kind).items() if name[0] != "_" and isfunction(draw))
        chart: AltairChart = getattr(self, name)()
        return chart

    def _plot(self, chart: Chart | AltairChart, finding: Words = "", question: Words = "") -> AltairChart:
        """Return a chart of a page, or an Altair chart with its finding and its question, in our style."""
        if isinstance(chart, Chart):
            return plot_chart(chart, self.lang, synthetic=self.is_synthetic)
        return finish_chart(chart, finding, question, self.lang, synthetic=self.is_synthetic)

    def in_(self, lang: Lang | str) -> Self:
        """Return the same charts in `fr` or `en`; by default they speak the language of the scenario.

        Examples
        --------
        >>> result.plot.in_("en").by_envelope().data["part"][0]
        'already committed'
        """
        changed: Any = replace(self, lang=Lang(lang))  # type: ignore[type-var]
        return changed
