"""Charts of draws: a strip of frequencies, a histogram of values, and ranges of a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.svg import choose_limits
from tnt_sim.reporting.charts.theme import FILLS, INK, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    Align,
    build_count_axis,
    build_legend,
    build_name_axis,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

_MARKS = {"core": Mark.COMMITTED, "borderline": Mark.WAITING, "exterior": Mark.LEFT}
_BAR = 16


def draw_frequency_strip(
    frame: pl.DataFrame, words: Mapping[str, str], n_draws: int, lang: Lang
) -> AltairChart:
    """Draw each row at its `place` as high as its `times`, in the colour of its group."""
    keys = [key for key in _MARKS if words[key] in set(frame["group"])]
    colours = alt.Scale(domain=[words[key] for key in keys], range=[FILLS[_MARKS[key]] for key in keys])
    return (
        alt.Chart(frame)
        .transform_calculate(end="datum.place + 1")
        .mark_rect(stroke="white", strokeWidth=0.4 if frame.height <= 150 else 0)
        .encode(
            x=alt.X(
                "place:Q",
                title=_("applications in play").in_(lang),
                scale=alt.Scale(domain=[0, max(1, frame.height)], nice=False),
                axis=build_count_axis(frame.height, grid=False),
            ),
            x2="end:Q",
            y=alt.Y(
                "times:Q",
                title=_("draws that fund the application").in_(lang),
                scale=alt.Scale(domain=[0, max(1, n_draws)], nice=False),
                axis=build_count_axis(n_draws),
            ),
            y2=alt.datum(0),
            color=alt.Color("group:N", scale=colours, legend=build_legend(direction="vertical")),
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("title:N", title=_("Title").in_(lang)),
                alt.Tooltip("envelope:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("times:Q", title=_("Draws").in_(lang), format=",d"),
                alt.Tooltip("share:Q", title=_("Share of draws").in_(lang), format=".1%"),
            ],
        )
        .properties(width=WIDTH, height=200)
    )


def draw_value_histogram(
    frame: pl.DataFrame, lines: Sequence[tuple[float, str]], goal: str, lang: Lang
) -> AltairChart:
    """Draw how many draws have each value, with lines at some values."""
    groups = dict(frame.select("is_worst", "group").unique().iter_rows())
    order = [value for value in (True, False) if value in groups]
    colours = alt.Scale(
        domain=[groups[value] for value in order],
        range=[FILLS[Mark.LOSS if value else Mark.GRANTED] for value in order],
    )
    marked = [value for value, _text in lines]
    low = min([*frame["bin_start"], *marked])
    high = max([*frame["bin_end"], *marked])
    margin = (high - low) * 0.04
    x_scale = alt.Scale(domain=[low - margin, high + margin], nice=False, zero=False)
    axis = alt.Axis(grid=False, tickCount=6, format=",~f")
    most = int(frame.group_by("bin_start").len()["len"].max())  # type: ignore[arg-type]
    bars = (
        alt.Chart(frame)
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("bin_start:Q", bin="binned", title=goal, scale=x_scale, axis=axis),
            x2="bin_end:Q",
            y=alt.Y("count()", title=_("draws").in_(lang), axis=build_count_axis(most)),
            color=alt.Color("group:N", scale=colours, legend=build_legend(orient="bottom")),
            tooltip=[
                alt.Tooltip("bin_start:Q", title=_("From").in_(lang), format=",~f"),
                alt.Tooltip("bin_end:Q", title=_("Until").in_(lang), format=",~f"),
                alt.Tooltip("count()", title=_("Draws").in_(lang), format=",d"),
            ],
        )
    )
    layers = [bars]
    for k, (value, text) in enumerate(lines):
        layers += _draw_value_line(value, text, x_scale, row=k, is_right=value > (low + high) / 2)
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=260)


def _draw_value_line(
    value: float, text: str, x_scale: alt.Scale, *, row: int, is_right: bool
) -> list[AltairChart]:
    """Draw a line through a picture at a value, with its words in a row above it."""
    rows = alt.InlineData(values=[{"value": value, "text": text}])
    x = alt.X("value:Q", scale=x_scale)
    dash = [1, 0] if row == 0 else [4, 3]
    rule = alt.Chart(rows).mark_rule(color=INK, strokeDash=dash, strokeWidth=1.4).encode(x=x)
    align: Align = "right" if is_right else "left"
    dx = -5 if is_right else 5
    words = alt.Chart(rows).mark_text(align=align, dx=dx, dy=-4 - 15 * row, baseline="bottom", color=INK)
    return [rule, words.encode(x=x, y=alt.value(0), text="text:N")]


def draw_range_bars(
    frame: pl.DataFrame, here: tuple[float, str] | None, goal: str, lang: Lang
) -> AltairChart:
    """Draw the range of each row: a line from least to most, a bar from low to high, a stroke at the median."""
    names = frame["name"].to_list()
    values = [*frame["least"], *frame["most"], *([] if here is None else [here[0]])]
    scale = alt.Scale(domain=list(choose_limits(values)), nice=False, zero=False)
    y = alt.Y("name:N", title=None, sort=names, axis=build_name_axis())
    number = ",.2~f"
    tooltip = [
        alt.Tooltip("name:N", title=_("Uncertainty").in_(lang)),
        alt.Tooltip("least:Q", title=_("Least").in_(lang), format=number),
        alt.Tooltip("low:Q", title=_("Low end of the bar").in_(lang), format=number),
        alt.Tooltip("median:Q", title=_("Median").in_(lang), format=number),
        alt.Tooltip("high:Q", title=_("High end of the bar").in_(lang), format=number),
        alt.Tooltip("most:Q", title=_("Most").in_(lang), format=number),
        alt.Tooltip("n_draws:Q", title=_("Draws").in_(lang), format=",d"),
    ]
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    axis = alt.Axis(tickCount=5, format=",~f")
    thin = base.mark_rule(color=FILLS[Mark.COMMITTED], strokeWidth=1.6)
    layers = [
        thin.encode(x=alt.X("least:Q", title=goal, scale=scale, axis=axis), x2="most:Q"),
        base.mark_bar(height=_BAR, color=FILLS[Mark.GRANTED]).encode(
            x=alt.X("low:Q", scale=scale), x2="high:Q"
        ),
        base.mark_tick(color=INK, thickness=2, size=_BAR + 5).encode(x=alt.X("median:Q", scale=scale)),
    ]
    if here is not None:
        middle = sum(choose_limits(values)) / 2
        layers += _draw_value_line(here[0], here[1], scale, row=0, is_right=here[0] > middle)
    return alt.layer(*layers, data=frame).properties(width=WIDTH - 60, height=34 * len(names))
