"""Charts of a sweep: the curve with its band, figures, the ladder of entering applications, envelopes.

Between two amounts of the grid, the value lies between the value at the lower amount and the bound
at the upper one: the grey band. With `exact`, every step is drawn.

A chart is a Vega-Lite specification, a plain dictionary: Altair, which takes seconds to import, is not needed
to write one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from tnt_sim.analysis.sweep.document import SweepDocument, SweepEnvelopeEntry
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_decimal, format_integer, format_round_amount
from tnt_sim.reporting.charts.theme import (
    FREE,
    INK,
    NESTED,
    OKABE_ITO,
    SOFT,
    TINT,
    ChartSpec,
    add_theme,
    convert_to_millions,
    format_money_title,
)
from tnt_sim.reporting.text.sweep import CurveList, list_top_envelopes, select_lists
from tnt_sim.rules.protocols import Sense

WIDTH, HEIGHT = 760, 330
MOST_EDGES = 150
MOST_SIGNS = 34
"""Most blocks of one bar; beyond, the blocks of an envelope are merged."""
MOST_COLOURS = 7


def draw_ladder(document: SweepDocument, lang: Lang) -> ChartSpec:
    """Draw one block per entering application, as high as its grant, stacked at the amount where it enters."""
    lists = [entry for __, entry in select_lists(document, document.first_curve)]
    edges = max((len(entry.entered) for entry in lists), default=0) <= MOST_EDGES
    rows, labels = build_ladder_rows(document, lang, edges=edges)
    names = list(dict.fromkeys(row["e"] for row in rows))
    colours = {"domain": names, "range": list(OKABE_ITO[: max(1, len(names))])}
    amount = get_amount_title(document).in_(lang)
    x = {"field": "x", "type": "ordinal", "title": amount, "sort": None, "axis": {"labelAngle": 0}}
    word = _("Granted to those that enter")
    title_y = format_money_title(word, lang)
    y = _encode_number("g", title=title_y, axis={"format": ",~f", "tickCount": 5})
    bar = {"type": "bar", "stroke": "white", "strokeWidth": 0.6, "size": _compute_bar_width(document)}
    colour = {**_encode_name("e"), "scale": colours, "legend": _build_legend(names)}
    tooltip = [_encode_name("d"), _encode_name("t"), _encode_number("g", format=",.3f")]
    order = _encode_number("o")
    blocks = _build_layer(rows, bar, x=x, y=y, order=order, color=colour, tooltip=tooltip)
    mark = {"type": "text", "dy": -9, "fontWeight": 600}
    text = _build_layer(labels, mark, x=x, y=_encode_number("top"), text=_encode_name("t"))
    title = {
        "text": _("The applications that enter at each step").in_(lang),
        "subtitle": _describe_ladder(names, lang, edges=edges),
    }
    return {"layer": [blocks, text], "width": WIDTH, "height": HEIGHT, "title": title}


def _describe_ladder(names: Sequence[str], lang: Lang, *, edges: bool) -> list[str]:
    sentences = [
        _("What those that enter are granted. Above: how many enter (+), leave (\u2212).")
        if not edges
        else _(
            "One block per application that enters, as high as its grant. Above: how many enter (+), leave "
            "(\u2212)."
        )
    ]
    if len(names) == 1:
        sentences.append(_('All are in "{names}".', names=names[0]))
    return [text.in_(lang) for text in sentences]


def _compute_bar_width(document: SweepDocument) -> float:
    return max(2.0, min(46.0, 0.72 * WIDTH / max(1, len(document.points))))


def _build_legend(names: Sequence[str]) -> ChartSpec | None:
    return {"title": None, "orient": "top", "symbolType": "square"} if len(names) > 1 else None


def build_ladder_rows(
    document: SweepDocument, lang: Lang, *, edges: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the blocks of the ladder, and for each step how many enter and leave.

    Parameters
    ----------
    edges : one block for each dossier, not for each envelope
    """
    curve = document.first_curve
    names = _assign_envelopes(document, curve)
    table = document.dossier_table.select(
        e=pl.col("envelope").replace_strict(names, return_dtype=pl.String),
        g="granted_cents",
        d="dossier",
        t="title",
    )
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for point in document.points[1:]:
        at_amount = point.get_list(curve)
        if at_amount is None:
            continue
        name = format_round_amount(point.amount_cents, lang)
        entered = table.filter(pl.col("d").is_in(list(at_amount.entered)))
        top = convert_to_millions(int(entered["g"].sum()))
        if not edges:
            entered = entered.group_by("e").agg(pl.col("g").sum()).with_columns(d="e", t=pl.lit(""))
        entered = entered.sort("e", "g", descending=[False, True], maintain_order=True)
        for row in entered.iter_rows(named=True):
            rows.append({**row, "x": name, "g": convert_to_millions(row["g"]), "o": len(rows)})
        left = len(at_amount.left)
        labels.append(
            {"x": name, "top": top, "t": f"+{format_integer(len(at_amount.entered), lang)}"
             + (f" \u2212{format_integer(left, lang)}" if left else "")}
        )  # fmt: skip
    return rows, labels


def _assign_envelopes(document: SweepDocument, curve: str) -> dict[str, str]:
    """Return the envelope in which each changed application is drawn.

    Its own, or the one just below the programme. Parts of a split are written after a slash, and
    are not envelopes of the document.
    """
    own: set[str] = set(document.dossier_table["envelope"])
    if len(own) <= MOST_COLOURS:
        return {name: name for name in own}
    entries = select_lists(document, curve)[0][1].envelopes
    parents = {entry.id: entry.parent for entry in entries}

    def find_top_envelope(name: str) -> str:
        while name not in parents and "/" in name:
            name = name.rpartition("/")[0]
        above = parents.get(name)
        while above is not None and parents.get(above) is not None:
            name, above = above, parents[above]
        return name

    return {name: find_top_envelope(name) for name in own}


def get_amount_title(document: SweepDocument) -> Text:
    """Return the title of an axis of amounts."""
    one = len(document.envelopes) == 1
    name = document.envelopes[0] if one else "…"
    return _("Amount of {name}", name=name) if one else _("Amount")


def _encode_number(field: str, **more: Any) -> ChartSpec:
    return {"field": field, "type": "quantitative", **more}


def _encode_name(field: str) -> ChartSpec:
    return {"field": field, "type": "nominal"}


def _build_layer(rows: Sequence[Mapping[str, Any]], mark: ChartSpec, **encoding: Any) -> ChartSpec:
    """Return rows drawn by one mark, which `encoding` places."""
    return {"data": {"values": [dict(row) for row in rows]}, "mark": mark, "encoding": encoding}


NAMES_WIDTH = 150
"""Width in pixels of the curve names at the right."""
LINE_HEIGHT = 16
MOST_VERTICES = 1_500
KINDS = ("curve", "figures", "ladder", "envelopes")


def draw_sweep_chart(document: SweepDocument, kind: str, lang: Lang) -> ChartSpec:
    """Draw one chart of a sweep, as a Vega-Lite specification.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    makers = {
        "curve": _draw_curve,
        "figures": _draw_totals,
        "ladder": draw_ladder,
        "envelopes": _draw_envelopes,
    }
    if kind not in makers:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return add_theme(makers[kind](document, lang), lang)


def _draw_curve(document: SweepDocument, lang: Lang) -> ChartSpec:
    """Draw the value of the first objective against the amount."""
    goal = document.goals[0]
    scale = {"zero": False, "nice": False, "padding": 12}
    title_x = format_money_title(get_amount_title(document), lang)
    x = _encode_number("m", title=title_x, scale=scale, axis={"tickCount": 10, "grid": False})
    y_scale = {"zero": False, "nice": False, "padding": 26}
    y = _encode_number("v", title=None, scale=y_scale, axis={"format": ",~f", "tickCount": 6})
    layers = [*_draw_certified_range(document, x, y, lang), *_draw_steps(document, x, y)]
    labels = []
    for curve, colour in (("free", FREE), ("nested", NESTED)):
        rows = _list_values(document, curve)
        if not rows or (curve == "nested" and rows == _list_values(document, "free")):
            continue
        if curve == "nested" or not document.steps:
            dash = {"strokeDash": [6, 4]} if curve == "nested" else {}
            line = {"type": "line", "color": colour, "strokeWidth": 1.4, "opacity": 0.75, **dash}
            layers.append(_build_layer(rows, line, x=x, y=y))
        shape = {"shape": "circle" if curve == "free" else "diamond", "filled": curve == "free"}
        point = {"type": "point", **shape, "size": 58, "color": colour, "opacity": 1}
        layers.append(_build_layer(rows, point, x=x, y=y))
        labels.append((rows[-1], _format_end_label(document, curve, lang), colour))
    layers += [_draw_label(x, y, *label, place=k - (len(labels) - 1) / 2) for k, label in enumerate(labels)]
    layers += _draw_start_label(document, x, y, lang)
    title = _build_title(document, goal.goal, lang)
    return {"layer": layers, "width": WIDTH - NAMES_WIDTH, "height": HEIGHT, "title": title}


def _draw_start_label(document: SweepDocument, x: ChartSpec, y: ChartSpec, lang: Lang) -> list[ChartSpec]:
    """Write out the first value; the last one is next to the name of its curve."""
    curve = "free" if _list_values(document, "free") else "nested"
    rows = _list_values(document, curve)
    if len(rows) < 2:
        return []
    text = format_decimal(select_lists(document, curve)[0][1].objective[0].value, lang)
    mark = {"type": "text", "align": "left", "dx": 10, "dy": 14, "color": INK}
    return [_build_layer([{**rows[0], "t": text}], mark, x=x, y=y, text=_encode_name("t"))]


def _build_title(document: SweepDocument, what: str, lang: Lang) -> dict[str, Any]:
    names = format_list(document.envelopes, lang)
    sub = [f"{what[:1].upper()}{what[1:]}{_describe_truncated_axis(lang)}"]
    if document.synthetic:
        sub.append(_("Synthetic data").in_(lang))
    return {
        "text": _("What the envelope {names} buys", names=names).in_(lang),
        "subtitle": sub,
    }


def _describe_truncated_axis(lang: Lang) -> str:
    return _(" (the scale does not start at zero)").in_(lang)


def _format_end_label(document: SweepDocument, curve: str, lang: Lang) -> str:
    """Return the name of a curve with its last value."""
    value = format_decimal(select_lists(document, curve)[-1][1].objective[0].value, lang)
    return f"{_get_curve_name(document, curve, lang)}\n{value}"


def _get_curve_name(document: SweepDocument, curve: str, lang: Lang) -> str:
    if curve == "nested":
        return _("commitments kept").in_(lang)
    same = document.nested and _list_values(document, "free") == _list_values(document, "nested")
    if same:
        return _("free = commitments\nkept").in_(lang)
    return _("free").in_(lang)


def _list_values(document: SweepDocument, curve: str) -> list[dict[str, float]]:
    return [
        {
            "m": convert_to_millions(point.amount_cents),
            "v": _parse_number(entry.objective[0].value),
        }
        for point, entry in select_lists(document, curve)
    ]


def _parse_number(text: str) -> float:
    return float(Fraction(text))


def _draw_certified_range(document: SweepDocument, x: ChartSpec, y: ChartSpec, lang: Lang) -> list[ChartSpec]:
    """Draw the certified range between two amounts, from the lower one's value to the upper one's bound."""
    if document.goals[0].sense != Sense.MAXIMISE:
        return []
    rows = [
        {
            "m": convert_to_millions(part.from_cents),
            "n": convert_to_millions(part.until_cents),
            "v": _parse_number(part.low),
            "w": _parse_number(part.high),
        }
        for part in document.band
        if part.low is not None and part.high is not None and part.width is not None
    ]
    if not rows:
        return []
    band = {"type": "rect", "color": TINT, "opacity": 0.9}
    widest = max(rows[: max(1, len(rows) // 2)], key=lambda row: row["w"] - row["v"])
    word = _("certified bounds between two amounts").in_(lang)
    note = {"type": "text", "align": "left", "dx": 10, "dy": -6, "color": SOFT, "fontStyle": "italic"}
    label = [{**widest, "m": widest["n"], "t": word}]
    return [
        _build_layer(rows, band, x=x, x2={"field": "n"}, y=y, y2={"field": "w"}),
        _build_layer(label, note, x=x, y=y, text=_encode_name("t")),
    ]


def _draw_steps(document: SweepDocument, x: ChartSpec, y: ChartSpec) -> list[ChartSpec]:
    """Draw the exact step function, thinned if it has too many steps."""
    steps = document.steps
    if not steps or not steps.amount_cents:
        return []
    n = len(steps.amount_cents)
    places = range(0, n, max(1, -(-n // MOST_VERTICES)))
    rows = [
        {"m": convert_to_millions(steps.amount_cents[k]), "v": _parse_number(steps.value[k])}
        for k in sorted({*places, n - 1})
    ]
    rows.append({"m": convert_to_millions(document.to_cents), "v": rows[-1]["v"]})
    return [_build_layer(rows, {"type": "line", "interpolate": "step-after", "color": FREE}, x=x, y=y)]


def _draw_label(
    x: ChartSpec, y: ChartSpec, at: Mapping[str, float], text: str, colour: str, *, place: float
) -> ChartSpec:
    """Write the name of a curve and its last value to its right."""
    mark = {
        "type": "text",
        "align": "left",
        "baseline": "middle",
        "dx": 12,
        "dy": place * LINE_HEIGHT * 2,
        "color": colour,
        "fontWeight": 600,
        "lineBreak": "\n",
    }
    return _build_layer([{**at, "t": text}], mark, x=x, y=y, text=_encode_name("t"))


def _draw_totals(document: SweepDocument, lang: Lang) -> ChartSpec:
    """Draw applications, inhabitants, departments and unspent money against the amount, in panels."""
    lists = select_lists(document, document.first_curve)
    amounts = [convert_to_millions(point.amount_cents) for point, __ in lists]
    wanted: tuple[tuple[list[int | None], Text, int], ...] = (
        ([one.n_funded for __, one in lists], _p("sweep_charts", "Funded applications"), 1),
        (
            [one.population for __, one in lists],
            _("Applicants' population (M)"),
            1_000_000,
        ),
        ([one.n_departments for __, one in lists], _("Departments reached"), 1),
        ([one.left_cents for __, one in lists], _("Unspent (€M)"), 100_000_000),
    )
    panels = []
    for counts, name, unit in wanted:
        pairs = zip(amounts, counts, strict=True)
        rows = [{"m": amount, "v": count / unit} for amount, count in pairs if count is not None]
        if rows:
            panels.append(_draw_panel(rows, name.in_(lang)))
    title = {
        "text": _("What each amount reaches").in_(lang),
        "subtitle": _("By amount, in €M").in_(lang),
    }
    return {"concat": panels, "columns": 2, "title": title}


def _draw_panel(rows: Sequence[Mapping[str, Any]], title: str) -> ChartSpec:
    """Draw one small chart with its first and last figures."""
    low, high = min(row["v"] for row in rows), max(row["v"] for row in rows)
    # A series that hardly changes must look flat.
    margin = max((high - low) * 0.45, abs(high) * 0.02, 0.5)
    x = _encode_number(
        "m", title=None, scale={"zero": False, "nice": False}, axis={"tickCount": 5, "grid": False}
    )
    scale = {"domain": [low - margin, high + margin], "nice": False}
    y = _encode_number("v", title=None, scale=scale, axis=None)
    whole = all(float(row["v"]).is_integer() for row in rows)
    rising = rows[-1]["v"] > rows[0]["v"] + margin / 4
    ends = [{**rows[0], "a": "left", "d": 17 if rising else -12}, {**rows[-1], "a": "right", "d": -12}]
    text = _encode_number("v", format=",d" if whole else ",.1f")
    labels = [
        _build_layer(
            [end],
            {"type": "text", "align": end["a"], "dy": end["d"], "fontWeight": 600},
            x=x,
            y=y,
            text=text,
        )
        for end in ends[: 1 if len(rows) == 1 else 2]
    ]
    line = {"type": "line", "color": FREE, "point": {"color": FREE, "size": 26}, "strokeWidth": 2}
    return {
        "layer": [_build_layer(rows, line, x=x, y=y), *labels],
        "width": WIDTH // 2 - 40,
        "height": 110,
        "title": {"text": title, "fontSize": 13, "fontWeight": 600, "offset": 4},
    }


def _draw_envelopes(document: SweepDocument, lang: Lang) -> ChartSpec:
    """Draw small multiples of amount and grants for each envelope just below the programme."""
    points = select_lists(document, document.first_curve)
    panels = []
    tops = list_top_envelopes(points[0][1])
    curve_rows = [_build_envelope_rows(points, top.id) for top in tops[:12]]
    most = max(row["v"] for rows in curve_rows for row in rows)
    for top, rows in zip(tops, curve_rows, strict=False):
        panels.append(_draw_envelope_panel(top, rows, most, lang))
    title = {
        "text": _("By envelope: what it has, what it grants"),
        "subtitle": _("In €M, at each amount"),
    }
    told = {key: text.in_(lang) for key, text in title.items()}
    return {"concat": panels, "columns": min(3, len(panels)), "title": told}


def _build_envelope_rows(points: Sequence[CurveList], name: str) -> list[dict[str, Any]]:
    rows = []
    for point, found in points:
        entry = next(e for e in found.envelopes if e.id == name)
        at = convert_to_millions(point.amount_cents)
        if entry.effective_cents is not None:
            rows.append({"m": at, "v": convert_to_millions(entry.effective_cents), "k": "has"})
        rows.append({"m": at, "v": convert_to_millions(entry.granted_cents), "k": "grants"})
    return rows


def _draw_envelope_panel(
    top: SweepEnvelopeEntry, rows: Sequence[Mapping[str, Any]], most: float, lang: Lang
) -> ChartSpec:
    x = _encode_number(
        "m", title=None, scale={"zero": False, "nice": False}, axis={"tickCount": 4, "grid": False}
    )
    y = _encode_number(
        "v", title=None, scale={"domain": [0, most * 1.12]}, axis={"tickCount": 4, "format": ",~f"}
    )
    layers = []
    last = rows[-1]["m"]
    words = {"has": _("available"), "grants": _("granted")}
    ends = {kind: next((r["v"] for r in reversed(rows) if r["k"] == kind), None) for kind in words}
    near = ends["has"] is not None and abs(ends["has"] - (ends["grants"] or 0)) < 0.09 * most
    for kind, colour, dash in (("has", SOFT, [4, 3]), ("grants", FREE, [1, 0])):
        own = [row for row in rows if row["k"] == kind]
        if not own:
            continue
        if kind == "grants":
            layers.append(_build_layer(own, {"type": "area", "color": FREE, "opacity": 0.14}, x=x, y=y))
        width = 2 if kind == "grants" else 1.5
        line = {"type": "line", "color": colour, "strokeDash": dash, "strokeWidth": width}
        layers.append(_build_layer(own, line, x=x, y=y))
        dy, ink = 24 if kind == "grants" and near else -9, INK if kind == "has" else FREE
        mark = {"type": "text", "align": "right", "dy": dy, "color": ink}
        label = [{"m": last, "v": own[-1]["v"], "t": words[kind].in_(lang)}]
        layers.append(_build_layer(label, mark, x=x, y=y, text=_encode_name("t")))
    title = {"text": top.id, "subtitle": _truncate_text(top.title), "fontSize": 13, "fontWeight": 600}
    return {"layer": layers, "width": WIDTH // 3 - 34, "height": 190, "title": {**title, "offset": 6}}


def _truncate_text(text: str) -> str:
    return text if len(text) <= MOST_SIGNS else text[: MOST_SIGNS - 1].rstrip(" ,") + "…"
