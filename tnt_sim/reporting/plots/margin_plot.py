"""Applications of a decision by value and amount, with the line at the margin, beside their envelopes."""

from __future__ import annotations

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Capitalised, Lang, Text, _
from tnt_sim.reporting.charts.svg import wrap_text
from tnt_sim.reporting.charts.theme import INK, SOFT, ChartSpec, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    WIDTH,
    build_colours,
    build_legend,
    build_money_axis,
    build_name_axis,
    make_unique,
)
from tnt_sim.reporting.plots.drawing.picture_charts import HEIGHT, SHAPES
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import MARKS, build_margin_chart, describe_margin

AXIS_SIZE = 12.0
_ROW = 26


def draw_margin(
    dossiers: DecidedDossiers, envelope: str | None, lang: Lang
) -> tuple[AltairChart, Text, Text]:
    """Return the applications by value and amount with the margin of an envelope, the finding and the question."""
    ids = list(dossiers.problem.case.tree.ids)
    if envelope is not None and envelope not in ids:
        raise ValueError(f"envelope must be one of {', '.join(ids)}, not {envelope!r}")
    frame = build_margin_frame(dossiers, lang)
    if frame.is_empty():
        raise ValueError("no application has an amount and a value: there is nothing to draw")
    node = _find_node(dossiers, envelope)
    finding, question = describe_margin(dossiers, node)
    lines = _build_lines(dossiers, frame)
    names = dict(frame.select("envelope", "name").iter_rows())
    end = dossiers.problem.case.tree.end[node]
    selected = [{"name": names[one]} for one in ids[node:end] if one in names]
    return _draw(dossiers, frame, lines, selected, lang), finding, question


def _find_node(dossiers: DecidedDossiers, envelope: str | None) -> int:
    """Return the envelope to begin with: the one named, or the one where those not selected ask the most."""
    if envelope is not None:
        return list(dossiers.problem.case.tree.ids).index(envelope)
    found = build_margin_chart(dossiers)
    return 0 if found is None else found[0]


def build_margin_frame(dossiers: DecidedDossiers, lang: Lang) -> pl.DataFrame:
    """Return one row per application with an amount and a value, `name` being that of its envelope."""
    tree = dossiers.problem.case.tree
    table = dossiers.select_envelope(0)
    nodes = sorted(set(table["node"].to_list()))
    titles = make_unique([dossiers.get_envelope_title(k) for k in nodes], [tree.ids[k] for k in nodes])
    names = dict(zip(nodes, titles, strict=True))
    words = {mark.value: Capitalised(text).in_(lang) for mark, text in MARKS.items()}
    return table.select(
        "dossier",
        "title",
        pl.Series("envelope", [tree.ids[k] for k in table["node"].to_list()], dtype=pl.String),
        pl.Series("name", [names[k] for k in table["node"].to_list()], dtype=pl.String),
        pl.Series("decision", [words[mark] for mark in table["mark"].to_list()], dtype=pl.String),
        (pl.col("cents") / 100).alias("amount"),
        "value",
    )


def _build_lines(dossiers: DecidedDossiers, frame: pl.DataFrame) -> list[ChartSpec]:
    """Return the two ends of the margin of each envelope that funds on merit, inside the picture."""
    ids = dossiers.problem.case.tree.ids
    rows: list[ChartSpec] = []
    for (envelope, name), own in frame.group_by("envelope", "name", maintain_order=True):
        most, top = float(own["amount"].max()), float(own["value"].max())  # type: ignore[arg-type]
        table = dossiers.select_envelope(list(ids).index(str(envelope)))
        slope = dossiers.find_slope(table)
        if slope:
            per_euro = slope * 100
            end = min(most, top / per_euro)
            rows.append({"name": name, "amount": 0.0, "value": 0.0})
            rows.append({"name": name, "amount": end, "value": end * per_euro})
    return rows


def _draw(
    dossiers: DecidedDossiers,
    frame: pl.DataFrame,
    lines: list[ChartSpec],
    selected: list[ChartSpec],
    lang: Lang,
) -> AltairChart:
    words = [(mark, Capitalised(text).in_(lang)) for mark, text in MARKS.items()]
    present = [pair for pair in words if pair[1] in set(frame["decision"])]
    chosen = alt.selection_point(fields=["name"], value=selected, toggle="true", name="envelope")
    return alt.hconcat(
        _draw_scatter(dossiers, frame, lines, present, chosen, lang),
        _draw_list(frame, present, chosen, lang),
        data=frame,
    )


def _draw_scatter(
    dossiers: DecidedDossiers,
    frame: pl.DataFrame,
    lines: list[ChartSpec],
    present: list[tuple[Mark, str]],
    chosen: alt.Parameter,
    lang: Lang,
) -> AltairChart:
    value = Capitalised(dossiers.value_words).in_(lang)
    x = alt.X(
        "amount:Q",
        title=_("Amount granted or asked").in_(lang),
        axis=build_money_axis(lang),
        scale=alt.Scale(zero=True),
    )
    y = alt.Y(
        "value:Q",
        title=wrap_text(value, HEIGHT, AXIS_SIZE),
        scale=alt.Scale(zero=True),
        axis=alt.Axis(tickCount=5),
    )
    shapes = alt.Scale(domain=[word for _m, word in present], range=[SHAPES[mark] for mark, _w in present])
    legend = build_legend(columns=3)
    points = (
        alt.Chart(frame)
        .transform_filter(chosen)
        .mark_point(size=46, filled=True, opacity=0.85)
        .encode(
            x=x,
            y=y,
            color=alt.Color("decision:N", scale=build_colours(present), legend=legend),
            shape=alt.Shape("decision:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
                alt.Tooltip("title:N", title=_("Title").in_(lang)),
                alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("decision:N", title=_("Decision").in_(lang)),
                alt.Tooltip("amount:Q", title=_("Amount (€)").in_(lang), format=",.2f"),
                alt.Tooltip("value:Q", title=value, format=",.3~f"),
            ],
        )
    )
    margin = (
        alt.Chart(alt.InlineData(values=lines))
        .transform_filter(chosen)
        .mark_line(strokeDash=[6, 3], color=INK, strokeWidth=1.4)
        .encode(x=x, y=y, detail="name:N")
    )
    return alt.layer(points, margin).properties(width=WIDTH - 80, height=HEIGHT)


def _draw_list(
    frame: pl.DataFrame, present: list[tuple[Mark, str]], chosen: alt.Parameter, lang: Lang
) -> AltairChart:
    names = list(dict.fromkeys(frame["name"]))
    return (
        alt.Chart(frame, title=alt.TitleParams(_("Click: other envelopes").in_(lang), fontSize=12.5))
        .mark_bar(height=15)
        .encode(
            x=alt.X(
                "count()",
                title=_("Applications").in_(lang),
                axis=alt.Axis(tickCount=3, grid=False, tickMinStep=1),
            ),
            y=alt.Y("name:N", title=None, sort=names, axis=build_name_axis(labelLimit=200, labelColor=SOFT)),
            color=alt.Color("decision:N", scale=build_colours(present)),
            opacity=alt.condition(chosen, alt.value(1.0), alt.value(0.3)),
            tooltip=[
                alt.Tooltip("name:N", title=_("Envelope").in_(lang)),
                alt.Tooltip("decision:N", title=_("Decision").in_(lang)),
                alt.Tooltip("count()", title=_("Applications").in_(lang), format=",d"),
            ],
        )
        .add_params(chosen)
        .properties(width=150, height=_ROW * len(names))
    )
