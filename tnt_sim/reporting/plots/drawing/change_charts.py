"""Charts of changes: dumbbells from before to after, and moves by amount above the largest ones."""

from __future__ import annotations

import math

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Capitalised, Lang, _
from tnt_sim.reporting.charts.svg import wrap_text
from tnt_sim.reporting.charts.theme import SOFT
from tnt_sim.reporting.plots.comparison_frames import MOVES
from tnt_sim.reporting.plots.drawing.chart_words import (
    QUESTION_SIZE,
    WIDTH,
    build_colours,
    build_legend,
    build_money_axis,
    build_name_axis,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

ROW = 28
MOST_MOVES = 15
"""Largest moves in the list below the histogram."""
_N_BINS = 24
_MOST_TICKS = 4
"""Counts of one sign up to which each whole number has a tick."""


def draw_move_charts(frame: pl.DataFrame, lang: Lang) -> AltairChart:
    """Draw how many enter, above zero, and leave, below, by amount; then the largest moves of chosen amounts."""
    words = [(mark, Capitalised(text).in_(lang)) for mark, (_code, text) in MOVES.items()]
    present = [pair for pair in words if pair[1] in set(frame["move"])]
    brush = alt.selection_interval(encodings=["x"], name="amounts")
    colour = alt.Color("move:N", scale=build_colours(present), legend=build_legend() if present else None)
    amount = "abs(datum.change)"
    step = choose_bin_step(float(frame["change"].abs().max() or 1))  # type: ignore[arg-type]
    n_bins = _count_bins(frame, step)
    labelled = [step * k for k in range(0, n_bins + 1, math.ceil(n_bins / 6))]
    histogram = (
        alt.Chart(frame)
        .transform_calculate(size=amount)
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X(
                "size:Q",
                bin=alt.Bin(step=step, extent=[0, step * n_bins]),
                title=_("Amount gained or lost").in_(lang),
                axis=build_money_axis(lang, grid=False, values=labelled),
            ),
            y=alt.Y(
                "sum(sign):Q",
                title=_("Applications: more (above), less (below)").in_(lang),
                axis=_build_balance_axis(frame, step),
            ),
            color=colour,
            tooltip=[
                alt.Tooltip("move:N", title=_("Move").in_(lang)),
                alt.Tooltip("count()", title=_("Applications").in_(lang), format=",d"),
                alt.Tooltip("sum(change):Q", title=_("Difference (€)").in_(lang), format="+,.2f"),
            ],
        )
        .add_params(brush)
        .properties(width=WIDTH, height=170)
    )
    return alt.vconcat(histogram, _draw_largest(frame, colour, brush, lang), data=frame)


def choose_bin_step(most: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that covers `most` by 24 bins.

    >>> choose_bin_step(200_000), choose_bin_step(30)
    (10000.0, 2.0)
    """
    power = 10.0 ** math.floor(math.log10(most / _N_BINS))
    return next(power * times for times in (1, 2, 5, 10) if power * times * _N_BINS >= most)


def _count_bins(frame: pl.DataFrame, step: float) -> int:
    return max(1, math.ceil(float(frame["change"].abs().max() or 1) / step))  # type: ignore[arg-type]


def _build_balance_axis(frame: pl.DataFrame, step: float) -> alt.Axis:
    """Return an axis of whole numbers of applications on both sides of zero, without their signs."""
    place = (pl.col("change").abs() / step).floor().clip(0, _count_bins(frame, step) - 1)
    counts = frame.group_by(place.alias("bin"), "sign").agg(pl.len().alias("n"))
    sizes = [counts.filter(pl.col("sign") == sign)["n"].max() or 0 for sign in (-1, 1)]
    down, up = (int(size) for size in sizes)  # type: ignore[arg-type]
    label = "format(abs(datum.value), ',d')"
    if max(down, up) <= _MOST_TICKS:
        return alt.Axis(labelExpr=label, values=list(range(-down, up + 1)))
    return alt.Axis(labelExpr=label, tickMinStep=1, tickCount=5)


def _draw_largest(frame: pl.DataFrame, colour: alt.Color, brush: alt.Parameter, lang: Lang) -> AltairChart:
    heading = _("The largest moves ({n} at most); drag over amounts above to choose others", n=MOST_MOVES)
    y = alt.Y(
        "who:N",
        title=None,
        sort=alt.EncodingSortField("size", order="descending"),
        axis=build_name_axis(labelLimit=330),
    )
    base = (
        alt.Chart(frame)
        .transform_calculate(
            size="abs(datum.change)",
            who="datum.title == '' || datum.title == datum.dossier ? datum.dossier : "
            "datum.title + ' (' + datum.dossier + ')'",
        )
        .transform_filter(brush)
        .transform_window(rank="row_number()", sort=[alt.SortField("size", order="descending")])
        .transform_filter(alt.datum.rank <= MOST_MOVES)
    )
    bars = base.mark_bar(height=15).encode(
        x=alt.X("change:Q", title=_("Difference").in_(lang), axis=build_money_axis(lang)),
        y=y,
        color=colour,
        tooltip=[
            alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
            alt.Tooltip("title:N", title=_("Title").in_(lang)),
            alt.Tooltip("applicant:N", title=_("Applicant").in_(lang)),
            alt.Tooltip("move:N", title=_("Move").in_(lang)),
            alt.Tooltip("before:Q", title=_("Before (€)").in_(lang), format=",.2f"),
            alt.Tooltip("after:Q", title=_("After (€)").in_(lang), format=",.2f"),
        ],
    )
    rows = max(1, min(MOST_MOVES, frame.height))
    lines = wrap_text(heading.in_(lang), WIDTH - 120, QUESTION_SIZE)
    title = alt.TitleParams(lines, fontSize=QUESTION_SIZE, fontWeight="normal", color=SOFT)
    return bars.properties(width=WIDTH - 120, height=22 * rows, title=title)
