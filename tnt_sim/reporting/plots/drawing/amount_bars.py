"""Bars of amounts and counts from zero: the parts of envelopes, the reasons of decisions."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Capitalised, Lang, Text, _
from tnt_sim.i18n.numbers import format_integer, format_short_amount
from tnt_sim.reporting.charts.theme import INK, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    build_colours,
    build_count_axis,
    build_legend,
    build_money_axis,
    build_name_axis,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

ROW = 30
"""Pixels of a bar with the room below it."""


def draw_parts(frame: pl.DataFrame, uses: Mapping[Mark, Text], lang: Lang) -> AltairChart:
    """Draw the parts of the money of each envelope, one after the other, with granted of available beside it."""
    totals = _sum_parts(frame, uses, lang)
    names = totals["name"].to_list()
    given = set(frame.filter(pl.col("amount") > 0)["part"])
    words = [(mark, text.in_(lang)) for mark, text in uses.items() if text.in_(lang) in given]
    most = float(totals["total"].max() or 1)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, most * 1.3], nice=False)
    y = alt.Y("name:N", title=None, sort=names, axis=build_name_axis())
    chosen = alt.selection_point(fields=["part"], bind="legend", name="part")
    bars = (
        alt.Chart(frame)
        .mark_bar(height=19, stroke="white", strokeWidth=0.8)
        .encode(
            x=alt.X(
                "amount:Q",
                title=_("Amounts").in_(lang),
                scale=scale,
                axis=build_money_axis(lang, grid=False),
                stack="zero",
            ),
            y=y,
            color=alt.Color("part:N", scale=build_colours(words), legend=build_legend()),
            order=alt.Order("order:Q"),
            opacity=alt.condition(chosen, alt.value(1.0), alt.value(0.2)),
            tooltip=[
                alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("part:N", title=_("Money").in_(lang)),
                alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
                alt.Tooltip("n_funded:Q", title=_("Funded applications").in_(lang), format=",d"),
            ],
        )
        .add_params(chosen)
    )
    text = (
        alt.Chart(totals)
        .mark_text(align="left", dx=7, color=INK)
        .encode(x=alt.X("total:Q", scale=scale), y=y, text="label:N")
    )
    height = ROW * len(names)
    return alt.layer(bars, text, data=frame).properties(width=WIDTH, height=height)


def _sum_parts(frame: pl.DataFrame, uses: Mapping[Mark, Text], lang: Lang) -> pl.DataFrame:
    """Return the end of each bar, and what is written there: granted of what there is."""
    left = pl.col("part") == uses[Mark.LEFT].in_(lang)
    sums = frame.group_by("place", "name", maintain_order=True).agg(
        pl.col("amount").sum().alias("total"), pl.col("amount").filter(~left).sum().alias("granted")
    )
    labels = [
        _label_bar(granted, total, lang) for granted, total in sums.select("granted", "total").iter_rows()
    ]
    return sums.with_columns(pl.Series("label", labels, dtype=pl.String))


def _label_bar(granted: float, total: float, lang: Lang) -> str:
    """Write what is granted, and of how much where some is left."""
    text = _format_euros(granted, lang)
    if granted == total:
        return text
    return _("{text} of {short_amount}", text=text, short_amount=_format_euros(total, lang)).in_(lang)


def draw_reason_bars(
    frame: pl.DataFrame, measure: str, groups: Mapping[Mark, Text], lang: Lang
) -> AltairChart:
    """Draw a bar per reason of a decision, in the colour of what it means; click the legend to see one group."""
    column = "n_dossiers" if measure == "count" else "amount"
    words = [(mark, Capitalised(text).in_(lang)) for mark, text in groups.items()]
    present = [pair for pair in words if pair[1] in set(frame["group"])]
    names = list(dict.fromkeys(frame["reason"]))
    write = format_integer if measure == "count" else _format_euros
    ends = frame.group_by("reason", maintain_order=True).agg(pl.col(column).sum())
    ends = ends.with_columns(
        pl.Series("label", [write(value, lang) for value in ends[column].to_list()], dtype=pl.String)
    )
    most = float(ends[column].max() or 1)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, most * 1.15], nice=False)
    title, axis = (
        (_("Applications").in_(lang), build_count_axis(round(most * 1.15), grid=False))
        if measure == "count"
        else (_("Amounts").in_(lang), build_money_axis(lang, grid=False))
    )
    y = alt.Y("reason:N", title=None, sort=names, axis=build_name_axis(labelLimit=330))
    chosen = alt.selection_point(fields=["group"], bind="legend", name="group")
    legend = build_legend(direction="vertical")
    bars = (
        alt.Chart(frame)
        .mark_bar(height=19)
        .encode(
            x=alt.X(f"{column}:Q", title=title, scale=scale, axis=axis),
            y=y,
            color=alt.Color("group:N", scale=build_colours(present), legend=legend),
            opacity=alt.condition(chosen, alt.value(1.0), alt.value(0.2)),
            tooltip=[
                alt.Tooltip("reason:N", title=_("Reason").in_(lang)),
                alt.Tooltip("n_dossiers:Q", title=_("Applications").in_(lang), format=",d"),
                alt.Tooltip("amount:Q", title=_("Amount granted or asked (€)").in_(lang), format=",.2f"),
            ],
        )
        .add_params(chosen)
    )
    text = (
        alt.Chart(ends)
        .mark_text(align="left", dx=6, color=INK)
        .encode(x=alt.X(f"{column}:Q", scale=scale), y=y, text="label:N")
    )
    return alt.layer(bars, text, data=frame).properties(width=WIDTH - 120, height=ROW * len(names))


def _format_euros(amount: float, lang: Lang) -> str:
    return format_short_amount(round(amount * 100), lang)
