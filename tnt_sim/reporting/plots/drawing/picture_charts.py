"""Pictures of pages as Altair charts, whose data is a tidy frame with amounts in euros."""

from __future__ import annotations

from functools import singledispatch

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.charts.bars import SIDE_MARKS, Bars
from tnt_sim.reporting.charts.curves import Curves
from tnt_sim.reporting.charts.dumbbells import Dumbbells
from tnt_sim.reporting.charts.histogram import FrequencyStrip, Histogram
from tnt_sim.reporting.charts.lorenz import DASHES, MARKS, LorenzCurves
from tnt_sim.reporting.charts.margin_scatter import Scatter, ScatterArrow
from tnt_sim.reporting.charts.matrix import Matrix
from tnt_sim.reporting.charts.ranges import BAR, RangeBars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.charts.theme import FILLS, INK, SOFT, TINT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    Align,
    build_colours,
    build_count_axis,
    build_legend,
    build_money_axis,
    build_name_axis,
    make_unique,
)
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.report_tree import Chart, Kind, write_words

HEIGHT = 320
SHAPES = {
    Mark.GRANTED: "circle",
    Mark.COMMITTED: "square",
    Mark.WAITING: "cross",
    Mark.REFUSED: "triangle-up",
    Mark.INELIGIBLE: "diamond",
}
_ROW = 30
"""Pixels of a bar with the room below it."""
_FEW = 60
"""Points of a curve up to which their dots are large."""


def plot_chart(chart: Chart, lang: Lang, *, synthetic: bool) -> AltairChart:
    """Return a chart of a page as an Altair chart, its finding above its question."""
    drawn = draw_picture(chart.picture, lang)
    return finish_chart(drawn, chart.finding, chart.question, lang, synthetic=synthetic)


@singledispatch
def draw_picture(picture: object, lang: Lang) -> AltairChart:
    """Return a picture as an Altair chart."""
    raise TypeError(f"{type(picture).__name__} has no Altair chart in {lang}")


def _build_axis(measure: Measure, lang: Lang, *, grid: bool = True) -> alt.Axis:
    if measure.kind is Kind.ROUND_MONEY:
        return build_money_axis(lang, grid=grid)
    least = 1 if measure.kind is Kind.COUNT else 0
    number = ".0%" if measure.kind is Kind.RATE else ",~f"
    return alt.Axis(format=number, tickCount=5, tickMinStep=least, grid=grid)


def _convert(measure: Measure, value: float) -> float:
    """Return a value as a frame holds it: money in euros."""
    return value / 100 if measure.kind is Kind.ROUND_MONEY else value


def _draw_line(
    here: tuple[float, str], x: alt.X, field: str, limits: tuple[float, float]
) -> list[AltairChart]:
    """Draw a line through a picture at a value, with its words above it, inside its width."""
    low, high = limits
    place = (here[0] - low) / (high - low) if high > low else 0.5
    align: Align = "left" if place < 0.2 else "right" if place > 0.8 else "center"
    rows = alt.Chart(alt.InlineData(values=[{field: here[0], "text": here[1]}])).encode(x=x)
    text = rows.mark_text(align=align, dy=-5, baseline="bottom", color=INK, fontWeight=600)
    return [
        rows.mark_rule(color=INK, strokeDash=[2, 3], strokeWidth=1.3),
        text.encode(y=alt.value(0), text="text:N"),
    ]


@draw_picture.register
def _draw_bars(picture: Bars, lang: Lang) -> AltairChart:
    """Draw the size of each bar from zero, one bar per side, with its text beside it."""
    measure, ids = picture.measure, [bar.id for bar in picture.bars]
    names = make_unique([write_words(bar.label, lang) for bar in picture.bars], ids)
    title, sides = write_words(measure.title, lang), [write_words(side, lang) for side in picture.sides]
    frame = pl.DataFrame(
        [
            (bar.id, name, side, float(_convert(measure, size)), write_words(text, lang))
            for bar, name in zip(picture.bars, names, strict=True)
            for side, size, text in zip(sides, bar.sizes, bar.texts, strict=True)
            if size is not None
        ],
        schema=["id", "name", "side", "value", "label"],
        orient="row",
    )
    low, high = min(0.0, *frame["value"]), max(0.0, *frame["value"])
    room = (high - low) * 0.4 or 1.0
    scale = alt.Scale(domain=[low - (room if low < 0 else 0), high + room], nice=False)
    y = alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=320))
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("label:N", title=title)]
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    axis = _build_axis(measure, lang, grid=False)
    x = alt.X("value:Q", title=title, scale=scale, axis=axis)
    text = base.mark_text(align="left", dx=7, color=INK).encode(
        x=alt.X("value:Q", scale=scale), text="label:N"
    )
    height = _ROW * len(names)
    if len(sides) == 1:
        drawn = base.mark_bar(height=18, color=FILLS[picture.bars[0].mark]).encode(x=x)
    else:
        offset = alt.YOffset("side:N", sort=sides)
        colours = build_colours(list(zip(SIDE_MARKS, sides, strict=False)))
        drawn = base.mark_bar().encode(
            x=x, yOffset=offset, color=alt.Color("side:N", scale=colours, legend=build_legend())
        )
        text = text.encode(yOffset=offset)
        height = 22 * len(sides) * len(names) + 12
    return alt.layer(drawn, text, data=frame).properties(width=WIDTH - 80, height=height)


@draw_picture.register
def _draw_dumbbells(picture: Dumbbells, lang: Lang) -> AltairChart:
    """Draw each change from before, a hollow dot, to after, a full one, with its text beside it."""
    ids = [change.id for change in picture.changes]
    names = make_unique([write_words(change.label, lang) for change in picture.changes], ids)
    before, after = (write_words(side, lang) for side in picture.sides)
    frame = pl.DataFrame(
        [
            (change.id, name, change.before / 100, change.after / 100, write_words(change.text, lang))
            for change, name in zip(picture.changes, names, strict=True)
        ],
        schema=["id", "name", "before", "after", "label"],
        orient="row",
    ).with_columns((pl.col("after") - pl.col("before")).round(2).alias("change"))
    most = float(frame.select(pl.max_horizontal("before", "after").max()).item() or 1)
    scale = alt.Scale(domain=[0, most * 1.22], nice=False)
    x = alt.X("before:Q", title=_("Amounts granted").in_(lang), scale=scale, axis=build_money_axis(lang))
    colour = (
        alt.when(alt.datum.change < 0)
        .then(alt.value(FILLS[Mark.LOSS]))
        .when(alt.datum.change > 0)
        .then(alt.value(FILLS[Mark.GAIN]))
        .otherwise(alt.value(SOFT))
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", title=None, sort=names, axis=build_name_axis()),
        tooltip=[
            alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
            alt.Tooltip("before:Q", title=f"{before} (€)", format=",.2f"),
            alt.Tooltip("after:Q", title=f"{after} (€)", format=",.2f"),
            alt.Tooltip("change:Q", title=_("Difference (€)").in_(lang), format="+,.2f"),
        ],
    )
    hollow = base.mark_point(filled=False, size=90, color=SOFT, strokeWidth=1.8, fill="white", opacity=1)
    full = base.mark_point(filled=True, size=95, opacity=1)
    text = base.transform_calculate(end="max(datum.before, datum.after)").mark_text(
        align="left", dx=10, color=INK
    )
    layers = [
        base.mark_rule(strokeWidth=3).encode(x=x, x2="after:Q", color=colour),
        hollow.encode(x=x),
        full.encode(x=alt.X("after:Q", scale=scale), color=colour),
        text.encode(x=alt.X("end:Q", scale=scale), text="label:N"),
        _draw_sides((before, after)),
    ]
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=28 * len(names))


def _draw_sides(sides: tuple[str, str]) -> AltairChart:
    """Return a layer without marks, whose legend says what hollow and full dots are."""
    rows = alt.InlineData(values=[{"side": side} for side in sides])
    scale = alt.Scale(domain=list(sides), range=["transparent", SOFT])
    legend = build_legend(symbolStrokeColor=SOFT, symbolStrokeWidth=1.8, symbolSize=90)
    points = alt.Chart(rows).mark_point(size=0, opacity=1)
    return points.encode(fill=alt.Fill("side:N", scale=scale, legend=legend))


@draw_picture.register
def _draw_curves(picture: Curves, lang: Lang) -> AltairChart:
    """Draw curves as steps or lines, the band where a value is proven to lie, and where one is."""
    x_field, y_field = picture.x.key, picture.y.key
    frame = pl.DataFrame(
        [
            (curve.id, write_words(curve.name, lang), _convert(picture.x, x), _convert(picture.y, y))
            for curve in picture.curves
            for x, y in curve.points
        ],
        schema=["curve", "name", x_field, y_field],
        orient="row",
    )
    flat = picture.choose_scale()
    y_scale = alt.Scale(
        domain=[_convert(picture.y, flat.low), _convert(picture.y, flat.high)], nice=False, zero=False
    )
    x_title, y_title = (write_words(measure.title, lang) for measure in (picture.x, picture.y))
    x = alt.X(
        f"{x_field}:Q",
        title=x_title,
        scale=alt.Scale(zero=False, nice=False, padding=10),
        axis=_build_axis(picture.x, lang, grid=False),
    )
    y = alt.Y(f"{y_field}:Q", title=y_title, scale=y_scale, axis=_build_axis(picture.y, lang))
    places = frame[x_field].to_list()
    layers = _draw_bands(picture, x, y_scale)
    if picture.diagonal:
        ends = alt.InlineData(values=[{x_field: end, y_field: end} for end in (min(places), max(places))])
        layers.append(alt.Chart(ends).mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y))
    names, n = [write_words(curve.name, lang) for curve in picture.curves], len(picture.curves)
    legend = build_legend(direction="vertical", symbolType="stroke", symbolSize=300, offset=26)
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]][:n])
    base = alt.Chart(frame).encode(
        x=x,
        y=y,
        color=alt.Color(
            "name:N",
            scale=build_colours(
                [(curve.mark, name) for curve, name in zip(picture.curves, names, strict=True)]
            ),
            legend=legend if n > 1 else None,
        ),
        tooltip=[
            alt.Tooltip("name:N", title=_("Curve").in_(lang)),
            alt.Tooltip(f"{x_field}:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
            alt.Tooltip(f"{y_field}:Q", title=y_title or _("Value").in_(lang), format=",.3~f"),
        ],
    )
    line = base.mark_line(interpolate="step-after" if picture.stepped else "linear", strokeWidth=2.2)
    layers += [
        line.encode(strokeDash=alt.StrokeDash("name:N", scale=dashes, legend=legend if n > 1 else None)),
        base.mark_point(filled=True, size=45 if frame.height <= _FEW else 12, opacity=1),
    ]
    if picture.here is not None:
        here = _convert(picture.x, picture.here[0]), write_words(picture.here[1], lang)
        layers += _draw_line(here, x, x_field, (min(places), max(places)))
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=HEIGHT)


def _draw_bands(picture: Curves, x: alt.X, y_scale: alt.Scale) -> list[AltairChart]:
    if not picture.bands:
        return []
    rows = [
        {
            picture.x.key: _convert(picture.x, start), "until": _convert(picture.x, end),
            "low": _convert(picture.y, low), "high": _convert(picture.y, high),
        }
        for start, end, low, high in picture.bands
    ]  # fmt: skip
    area = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=TINT, opacity=1)
    return [area.encode(x=x, x2="until:Q", y=alt.Y("low:Q", scale=y_scale), y2="high:Q")]


@draw_picture.register
def _draw_histogram(picture: Histogram, lang: Lang) -> AltairChart:
    """Draw how many values each interval has, with lines at the marked ones and the box below."""
    measure, (counts, edges) = picture.x, picture.count_values()
    ends = [_convert(measure, edge) for edge in edges.tolist()]
    bins = [
        next((k for k in range(len(counts)) if value < edges[k + 1]), len(counts) - 1)
        for value in picture.values
    ]
    frame = pl.DataFrame(
        {
            "value": [_convert(measure, value) for value in picture.values],
            "bin_start": [ends[k] for k in bins],
            "bin_end": [ends[k + 1] for k in bins],
            "is_bad": [picture.is_bad(float(edges[k] + edges[k + 1]) / 2) for k in bins],
        },
        schema_overrides={"value": pl.Float64, "bin_start": pl.Float64, "bin_end": pl.Float64},
    )
    margin = (ends[-1] - ends[0]) * 0.04
    x_scale = alt.Scale(domain=[ends[0] - margin, ends[-1] + margin], nice=False, zero=False)
    x = alt.X(
        "bin_start:Q",
        bin="binned",
        title=write_words(measure.title, lang),
        scale=x_scale,
        axis=_build_axis(measure, lang, grid=False),
    )
    most = max(1, int(counts.max()))
    axis = build_count_axis(most)
    colours = alt.Scale(domain=[False, True], range=[FILLS[Mark.GRANTED], FILLS[Mark.LOSS]])
    y_title = write_words(picture.y.title, lang)
    digits = ",.2f" if measure.kind is Kind.ROUND_MONEY else ",.3~f"
    bars = alt.Chart(frame).mark_bar(stroke="white", strokeWidth=0.5)
    layers = [
        bars.encode(
            x=x,
            x2="bin_end:Q",
            y=alt.Y("count()", title=y_title, axis=axis),
            color=alt.Color("is_bad:N", scale=colours, legend=None),
            tooltip=[
                alt.Tooltip("bin_start:Q", title=_("From").in_(lang), format=digits),
                alt.Tooltip("bin_end:Q", title=_("Until").in_(lang), format=digits),
                alt.Tooltip("count()", title=y_title, format=",d"),
            ],
        )
    ]
    for k, marked in enumerate(picture.marked):
        line = (_convert(measure, marked.value), write_words(marked.name, lang))
        rule, text = _draw_line(line, alt.X("value:Q", scale=x_scale), "value", (ends[0], ends[-1]))
        layers += [rule, text.encode(y=alt.value(-15 * k))]
    if picture.box is None:
        return alt.layer(*layers, data=frame).properties(width=WIDTH, height=260)
    box = pl.DataFrame([{name: getattr(picture.box, name) for name in picture.box.__slots__}])
    return alt.vconcat(
        alt.layer(*layers).properties(width=WIDTH, height=260),
        alt.layer(*_list_range_layers(alt.Chart(box), x_scale, "", None)).properties(width=WIDTH, height=24),
        data=frame,
        spacing=4,
    )


def _list_range_layers(
    base: AltairChart, scale: alt.Scale, title: str, axis: alt.Axis | None
) -> list[AltairChart]:
    """Draw a line from least to most, a bar from low to high, a stroke in the middle."""
    thin = base.mark_rule(color=FILLS[Mark.COMMITTED], strokeWidth=1.6)
    return [
        thin.encode(x=alt.X("least:Q", title=title, scale=scale, axis=axis), x2="most:Q"),
        base.mark_bar(height=BAR, color=FILLS[Mark.GRANTED]).encode(
            x=alt.X("low:Q", scale=scale, axis=axis, title=title), x2="high:Q"
        ),
        base.mark_tick(color=INK, thickness=2, size=BAR + 5).encode(
            x=alt.X("middle:Q", scale=scale, axis=axis, title=title)
        ),
    ]


@draw_picture.register
def _draw_range_bars(picture: RangeBars, lang: Lang) -> AltairChart:
    """Draw the range of each row with its text below, and a line at the value where one is."""
    names = make_unique(
        [write_words(entry.label, lang) for entry in picture.ranges], [entry.id for entry in picture.ranges]
    )
    fields = ("least", "low", "middle", "high", "most")
    frame = pl.DataFrame(
        [
            {
                "id": entry.id,
                "name": name,
                **{field: _convert(picture.measure, getattr(entry, field)) for field in fields},
                "label": write_words(entry.text, lang),
            }
            for entry, name in zip(picture.ranges, names, strict=True)
        ]
    )
    flat = picture.choose_scale()
    limits = (_convert(picture.measure, flat.low), _convert(picture.measure, flat.high))
    scale = alt.Scale(domain=list(limits), nice=False, zero=False)
    title = write_words(picture.measure.title, lang)
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=320)),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("label:N", title=title)],
    )
    layers = _list_range_layers(base, scale, title, _build_axis(picture.measure, lang))
    text = base.mark_text(align="left", dy=19, color=SOFT)
    layers.append(text.encode(x=alt.value(0), text="label:N"))
    if picture.here is not None:
        here = _convert(picture.measure, picture.here[0]), write_words(picture.here[1], lang)
        layers += _draw_line(here, alt.X("value:Q", scale=scale), "value", limits)
    return alt.layer(*layers, data=frame).properties(width=WIDTH - 80, height=48 * len(names))


@draw_picture.register
def _draw_frequency_strip(picture: FrequencyStrip, lang: Lang) -> AltairChart:
    """Draw each application as high as its draws, in the colour of its group."""
    groups = [(group.mark, write_words(group.name, lang)) for group in picture.groups]
    words = dict(groups)
    frame = pl.DataFrame(
        {
            "place": list(range(len(picture.counts))),
            "dossier": list(picture.names),
            "times": list(picture.counts),
            "group": [words[picture.find_group(count).mark] for count in picture.counts],
        }
    )
    n = frame.height
    return (
        alt.Chart(frame)
        .transform_calculate(end="datum.place + 1")
        .mark_rect(stroke="white", strokeWidth=0.4 if n <= 150 else 0)
        .encode(
            x=alt.X(
                "place:Q",
                title=write_words(picture.x_title, lang),
                scale=alt.Scale(domain=[0, max(1, n)], nice=False),
                axis=build_count_axis(n, grid=False),
            ),
            x2="end:Q",
            y=alt.Y(
                "times:Q",
                title=write_words(picture.y_title, lang),
                scale=alt.Scale(domain=[0, max(1, picture.n_draws)], nice=False),
                axis=build_count_axis(picture.n_draws),
            ),
            y2=alt.datum(0),
            color=alt.Color(
                "group:N", scale=build_colours(groups), legend=build_legend(direction="vertical")
            ),
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("times:Q", title=_("Draws").in_(lang), format=",d"),
            ],
        )
        .properties(width=WIDTH, height=200)
    )


@draw_picture.register
def _draw_matrix(picture: Matrix, lang: Lang) -> AltairChart:
    """Draw dossiers by lists: full where the list funds the dossier, hollow where it does not."""
    names = make_unique([row.name for row in picture.rows], [str(k) for k in range(len(picture.rows))])
    words = {True: _("funded").in_(lang), False: _("not funded").in_(lang)}
    frame = pl.DataFrame(
        [
            {"name": name, "list": list_, "funded": inside, "decision": words[inside]}
            for row, name in zip(picture.rows, names, strict=True)
            for list_, inside in zip(picture.lists, row.inside, strict=True)
        ]
    )
    fill = alt.when(alt.datum.funded).then(alt.value(FILLS[Mark.GRANTED])).otherwise(alt.value("white"))
    axis = alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False)
    chart = alt.Chart(frame).mark_square(size=230, stroke=SOFT, strokeWidth=1, opacity=1)
    return chart.encode(
        x=alt.X("list:N", title=_("List").in_(lang), sort=list(picture.lists), axis=axis),
        y=alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=380)),
        fill=fill,
        tooltip=[
            alt.Tooltip("name:N", title=_("Application").in_(lang)),
            alt.Tooltip("list:N", title=_("List").in_(lang)),
            alt.Tooltip("decision:N", title=_("Decision").in_(lang)),
        ],
    ).properties(width=34 * len(picture.lists), height=23 * len(names))


@draw_picture.register
def _draw_lorenz(picture: LorenzCurves, lang: Lang) -> AltairChart:
    """Draw Lorenz curves below the diagonal of an even spread."""
    curves = picture.curves[: len(MARKS)]
    names = [write_words(curve.name, lang) for curve in curves]
    frame = pl.DataFrame(
        [
            {"list": name, "inhabitants": x, "money": y, "place": place}
            for curve, name in zip(curves, names, strict=True)
            for place, (x, y) in enumerate(curve.points)
        ]
    )
    axis, scale = alt.Axis(format=".0%", tickCount=5), alt.Scale(domain=[0, 1])
    titles = [write_words(title, lang) for title in (picture.x_title, picture.y_title)]
    x = alt.X("inhabitants:Q", title=titles[0], scale=scale, axis=axis)
    y = alt.Y("money:Q", title=titles[1], scale=scale, axis=axis)
    dashes = [[int(part) for part in dash.split()] or [1, 0] for dash in DASHES[: len(names)]]
    legend = build_legend(direction="vertical", symbolType="stroke", symbolSize=300)
    lines = alt.Chart(frame).mark_line(strokeWidth=2.4)
    ends = [{"inhabitants": 0.0, "money": 0.0}, {"inhabitants": 1.0, "money": 1.0}]
    label = {"inhabitants": 0.5, "money": 0.5, "text": write_words(picture.equal, lang)}
    words = alt.Chart(alt.InlineData(values=[label])).mark_text(align="right", dx=-6, dy=-6, color=SOFT)
    layers = [
        alt.Chart(alt.InlineData(values=ends)).mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y),
        lines.encode(
            x=x,
            y=y,
            order="place:Q",
            color=alt.Color(
                "list:N", scale=build_colours(list(zip(MARKS, names, strict=False))), legend=legend
            ),
            strokeDash=alt.StrokeDash("list:N", scale=alt.Scale(domain=names, range=dashes), legend=legend),
            tooltip=[
                alt.Tooltip("list:N", title=_("List").in_(lang)),
                alt.Tooltip("inhabitants:Q", title=titles[0], format=".1%"),
                alt.Tooltip("money:Q", title=titles[1], format=".1%"),
            ],
        ),
        words.encode(x=x, y=y, text="text:N"),
    ]
    return alt.layer(*layers, data=frame).properties(width=380, height=380)


@draw_picture.register
def _draw_scatter(picture: Scatter, lang: Lang) -> AltairChart:
    """Draw applications by amount and value, the line at the margin, links, and changes from the named one."""
    most_cents, most_value = picture.find_limits()
    present = {point.mark for point in picture.points}
    marks = [(mark, write_words(word, lang)) for mark, word in picture.words.marks.items() if mark in present]
    words = dict(marks)
    frame = pl.DataFrame(
        [
            (point.id, words[point.mark], point.cents / 100, point.value, bool(point.name))
            for point in picture.points
        ],
        schema={
            "dossier": pl.String, "decision": pl.String, "amount": pl.Float64, "value": pl.Float64,
            "is_focus": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
    is_cut = any(point.cents > most_cents for point in picture.points)
    end = most_cents / 100 * (1.0 if is_cut else 1.06)
    x = alt.X(
        "amount:Q",
        title=write_words(picture.words.amount, lang),
        axis=build_money_axis(lang),
        scale=alt.Scale(domain=[0, end], clamp=True, nice=False),
    )
    value = write_words(picture.words.value, lang)
    y = alt.Y("value:Q", title=value, axis=alt.Axis(tickCount=5), scale=alt.Scale(zero=True))
    legend = build_legend(columns=3)
    shapes = alt.Scale(domain=list(words.values()), range=[SHAPES[mark] for mark in words])
    points = alt.Chart(frame).mark_point(size=46, filled=True, opacity=0.85)
    layers = _draw_links(picture, x, y)
    layers.append(
        points.encode(
            x=x,
            y=y,
            color=alt.Color("decision:N", scale=build_colours(marks), legend=legend),
            shape=alt.Shape("decision:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("decision:N", title=_("Decision").in_(lang)),
                alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
                alt.Tooltip("value:Q", title=value, format=",.3~f"),
            ],
        )
    )
    if picture.slope:
        per_euro = picture.slope * 100
        last = min(end, most_value / per_euro)
        rows = [{"amount": at, "value": at * per_euro} for at in (0.0, last)]
        line = alt.Chart(alt.InlineData(values=rows))
        layers.append(line.mark_line(strokeDash=[6, 3], color=INK, strokeWidth=1.4).encode(x=x, y=y))
    for arrow in picture.arrows:
        layers += _draw_arrow(arrow, x, y, lang)
    if frame["is_focus"].any():
        ring = alt.Chart(frame.filter("is_focus")).encode(x=x, y=y)
        layers.append(ring.mark_point(size=190, color=INK, strokeWidth=2, filled=False, opacity=1))
        name = ring.mark_text(align="center", baseline="top", dy=13, fontWeight="bold", color=INK)
        layers.append(name.encode(text="dossier:N"))
    return alt.layer(*layers, data=frame).properties(width=WIDTH, height=HEIGHT + 20)


def _draw_links(picture: Scatter, x: alt.X, y: alt.Y) -> list[AltairChart]:
    """Draw a line from each better application that is left out to the worse one that is funded."""
    if not picture.links:
        return []
    by_id = {point.id: (point.cents / 100, point.value) for point in picture.points}
    rows = [
        {
            "dossier": better, "amount": by_id[better][0], "value": by_id[better][1],
            "funded": worse, "amount_funded": by_id[worse][0], "value_funded": by_id[worse][1],
        }
        for worse, better in picture.links
    ]  # fmt: skip
    lines = alt.Chart(alt.InlineData(values=rows)).mark_rule(color=FILLS[Mark.LOSS], strokeWidth=1.3)
    tooltip = [alt.Tooltip("dossier:N"), alt.Tooltip("funded:N")]
    return [lines.encode(x=x, y=y, x2="amount_funded:Q", y2="value_funded:Q", tooltip=tooltip)]


def _draw_arrow(arrow: ScatterArrow, x: alt.X, y: alt.Y, lang: Lang) -> list[AltairChart]:
    """Draw an arrow from a place to that of a change, with its text beyond the head."""
    (start, low), (end, high) = arrow.start, arrow.end
    row = {
        "amount": end / 100, "value": high, "text": write_words(arrow.text, lang), "from": start / 100, "up": low,
    }  # fmt: skip
    base = alt.Chart(alt.InlineData(values=[row])).encode(x=x, y=y)
    across, up = end - start, high - low
    align: Align = "center" if not across else "right" if across < 0 else "left"
    dx = 0 if not across else -9 if across < 0 else 9
    dy = 0 if across else -12 if up > 0 else 30
    shape = ("triangle-left" if across < 0 else "triangle-right") if across else "triangle-up"
    if not across and up < 0:
        shape = "triangle-down"
    words = base.encode(text="text:N")
    return [
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x2="from:Q", y2="up:Q"),
        base.mark_point(shape=shape, filled=True, color=INK, size=60, opacity=1),
        words.mark_text(align=align, dx=dx, dy=dy, fontWeight="bold", stroke="white", strokeWidth=5),
        words.mark_text(align=align, dx=dx, dy=dy, fontWeight="bold", color=INK),
    ]
