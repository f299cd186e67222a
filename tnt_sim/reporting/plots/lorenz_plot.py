"""Lorenz curves as Altair charts, of one list or of several."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from tnt_sim.analysis.equity.department_spread import ListMoney, SpreadLists, compute_spreads
from tnt_sim.i18n.message import Lang, Text, _, join_sentences
from tnt_sim.reporting.charts.lorenz import DASHES, MARKS
from tnt_sim.reporting.charts.theme import FILLS, SOFT
from tnt_sim.reporting.plots.drawing.chart_words import build_legend
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.reports.money_spread import (
    ABOUT_GINI,
    WORDS,
    describe_limits,
    describe_spreads,
    label_curve,
)

SIDE = 380


def draw_lorenz_chart(lists: Sequence[ListMoney], year: int, lang: Lang) -> tuple[AltairChart, Text, Text]:
    """Return the curves of some lists, their finding and their question.

    Raises
    ------
    ValueError
        If fewer than two departments with applications have a known population, or a list grants nothing there.
    """
    spread = compute_spreads(lists[: len(MARKS)], year)
    if spread is None:
        raise ValueError(
            "no curve of money per head: it needs two departments with applications and a known population, "
            "and money granted there by every list"
        )
    question = join_sentences(ABOUT_GINI, describe_limits(spread))
    return _draw_curves(spread, lang), describe_spreads(spread), question


def build_lorenz_frame(spread: SpreadLists, lang: Lang) -> pl.DataFrame:
    """Return the points of each curve in their order, both axes as shares."""
    return pl.DataFrame(
        [
            {"list": label_curve(spread, k, lang), "inhabitants": float(x), "money": float(y), "place": place}
            for k, one in enumerate(spread.spreads)
            for place, (x, y) in enumerate(one.points)
        ]
    )


def _draw_curves(spread: SpreadLists, lang: Lang) -> AltairChart:
    frame = build_lorenz_frame(spread, lang)
    names = list(dict.fromkeys(frame["list"]))
    titles = {key: text.in_(lang) for key, text in WORDS.items()}
    axis = alt.Axis(format=".0%", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("inhabitants:Q", title=titles["x_title"], scale=scale, axis=axis)
    y = alt.Y("money:Q", title=titles["y_title"], scale=scale, axis=axis)
    colours = alt.Scale(domain=names, range=[FILLS[mark] for mark in MARKS[: len(names)]])
    dashes = alt.Scale(
        domain=names,
        range=[[int(part) for part in dash.split()] or [1, 0] for dash in DASHES[: len(names)]],
    )
    legend = build_legend(direction="vertical", symbolType="stroke", symbolSize=300)
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.4)
        .encode(
            x=x,
            y=y,
            order="place:Q",
            color=alt.Color("list:N", scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("list:N", scale=dashes, legend=legend),
            tooltip=[
                alt.Tooltip("list:N", title=_("List").in_(lang)),
                alt.Tooltip("inhabitants:Q", title=titles["x_title"], format=".1%"),
                alt.Tooltip("money:Q", title=titles["y_title"], format=".1%"),
            ],
        )
    )
    ends = [{"inhabitants": 0.0, "money": 0.0}, {"inhabitants": 1.0, "money": 1.0}]
    even = alt.Chart(alt.InlineData(values=ends)).mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y)
    label = [{"inhabitants": 0.5, "money": 0.5, "text": titles["equal"]}]
    words = (
        alt.Chart(alt.InlineData(values=label))
        .mark_text(align="right", dx=-6, dy=-6, color=SOFT)
        .encode(x=x, y=y, text="text:N")
    )
    return alt.layer(even, lines, words, data=frame).properties(width=SIDE, height=SIDE)
