"""Charts of single questions: bars and spans of rows with their words, entries by amount, dossiers by lists."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.bars import Bar
from tnt_sim.reporting.charts.theme import FILLS, INK, SOFT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    build_count_axis,
    build_money_axis,
    build_name_axis,
    make_unique,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.report_tree import Words, write_words

ROW = 30
_N_BINS = 24


def draw_labelled_bars(bars: Sequence[Bar], title: Words, axis: alt.Axis, lang: Lang) -> AltairChart:
    """Draw the size of each bar from zero with its text beside it; all have the mark of the first."""
    ids, axis_title = [bar.id for bar in bars], write_words(title, lang)
    names = make_unique([write_words(bar.label, lang) for bar in bars], ids)
    frame = pl.DataFrame(
        {
            "id": ids,
            "name": names,
            "value": [bar.sizes[0] for bar in bars],
            "label": [write_words(bar.texts[0], lang) for bar in bars],
        }
    )
    most = float(frame["value"].max() or 1)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, most * 1.4], nice=False)
    y = alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=320))
    base = alt.Chart(frame).encode(
        y=y, tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("label:N", title=axis_title)]
    )
    drawn = base.mark_bar(height=18, color=FILLS[bars[0].mark]).encode(
        x=alt.X("value:Q", title=axis_title, scale=scale, axis=axis)
    )
    text = base.mark_text(align="left", dx=7, color=INK).encode(
        x=alt.X("value:Q", scale=scale), text="label:N"
    )
    return alt.layer(drawn, text, data=frame).properties(width=WIDTH - 80, height=ROW * len(names))


def draw_spans(frame: pl.DataFrame, axis_title: str) -> AltairChart:
    """Draw a bar from the `least` to the `most` of each row, shares of one, with its `label` below."""
    names = frame["name"].to_list()
    scale = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=320))
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("label:N", title=axis_title)]
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    x = alt.X("least:Q", title=axis_title, scale=scale, axis=alt.Axis(format="%", tickCount=5))
    bars = base.mark_bar(height=14, color=FILLS[Mark.GRANTED]).encode(x=x, x2="most:Q")
    points = base.mark_tick(color=INK, thickness=2, size=20).encode(x=x)  # one weight is a stroke
    text = base.mark_text(align="left", dy=18, color=SOFT).encode(x=alt.value(0), text="label:N")
    return alt.layer(bars, points, text, data=frame).properties(width=WIDTH - 80, height=48 * len(names))


def draw_entry_amounts(
    frame: pl.DataFrame, limits: tuple[float, float], amount: str, lang: Lang
) -> AltairChart:
    """Draw how many dossiers enter first at each amount of an envelope."""
    placed = frame.filter(pl.col("enters_at").is_not_null())
    step = (limits[1] - limits[0]) / _N_BINS or 1.0
    count = pl.col("bin_start")
    bins = placed.with_columns(
        ((pl.col("enters_at") - limits[0]) / step).floor().clip(0, _N_BINS - 1).alias("k")
    )
    bins = bins.with_columns((limits[0] + pl.col("k") * step).alias("bin_start")).drop("k")
    bins = bins.with_columns((count + step).alias("bin_end"))
    most = 0 if bins.is_empty() else int(bins.group_by("bin_start").len()["len"].max())  # type: ignore[arg-type]
    scale = alt.Scale(domain=list(limits), nice=False, zero=False)
    chart = alt.Chart(bins).mark_bar(stroke="white", strokeWidth=0.5, color=FILLS[Mark.GRANTED])
    return chart.encode(
        x=alt.X(
            "bin_start:Q", bin="binned", title=amount, scale=scale,
            axis=build_money_axis(lang, grid=False, tickCount=6),
        ),
        x2="bin_end:Q",
        y=alt.Y("count()", title=_("Applications").in_(lang), axis=build_count_axis(most)),
        tooltip=[
            alt.Tooltip("bin_start:Q", title=_("From (€)").in_(lang), format=",.0f"),
            alt.Tooltip("bin_end:Q", title=_("Until (€)").in_(lang), format=",.0f"),
            alt.Tooltip("count()", title=_("Applications").in_(lang), format=",d"),
        ],
    ).properties(width=WIDTH, height=240)  # fmt: skip


def draw_list_matrix(frame: pl.DataFrame, lists: Sequence[str], lang: Lang) -> AltairChart:
    """Draw dossiers by lists: full where the list funds the dossier, hollow where it does not."""
    names = list(dict.fromkeys(frame["name"]))
    fill = alt.when(alt.datum.funded).then(alt.value(FILLS[Mark.GRANTED])).otherwise(alt.value("white"))
    chart = alt.Chart(frame).mark_square(size=230, stroke=SOFT, strokeWidth=1, opacity=1)
    return chart.encode(
        x=alt.X(
            "list:N", title=_("List").in_(lang), sort=list(lists),
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False),
        ),
        y=alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=380)),
        fill=fill,
        tooltip=[
            alt.Tooltip("name:N", title=_("Application").in_(lang)),
            alt.Tooltip("list:N", title=_("List").in_(lang)),
            alt.Tooltip("decision:N", title=_("Decision").in_(lang)),
        ],
    ).properties(width=34 * len(lists), height=23 * len(names))  # fmt: skip
