"""Maps of a decision: what each department is granted, in all and per inhabitant, and how much is funded there."""

from __future__ import annotations

from itertools import pairwise

import altair as alt
import polars as pl

from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.i18n.parameters import ShortMoney
from tnt_sim.reporting.charts.department_map import list_fills
from tnt_sim.reporting.decision_page.page_rows import select_shared_bounds
from tnt_sim.reporting.plots.drawing.chart_words import build_legend, write_money_expression
from tnt_sim.reporting.plots.drawing.department_maps import EMPTY, MapClasses, draw_circles, draw_shades
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart

MEASURES = ("amount", "head", "count")
_COLUMNS = {"amount": "granted", "head": "per_head", "count": "n_funded"}


def draw_department_map(frame: pl.DataFrame, measure: str, lang: Lang) -> tuple[AltairChart, Text, Text]:
    """Return the map of one measure of a decision, its finding and its question.

    Raises
    ------
    ValueError
        For another measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    finding = _describe_most(frame, measure)
    tooltip = _list_tooltips(lang)
    if measure == "head":
        shaded, classes = classify_amounts(frame, "per_head", lang)
        question = _("Amount granted per inhabitant of each department")
        return draw_shades(shaded, classes, tooltip), finding, question
    if measure == "amount":
        question = _("Amount granted in each department: areas of circles are amounts")
        written = {"labelExpr": write_money_expression(lang)}
    else:
        question = _("Funded applications of each department: areas of circles are numbers")
        written = {"format": ",d"}
    legend = build_legend(orient="right", direction="vertical", tickCount=3, **written)
    return draw_circles(frame, _COLUMNS[measure], legend, tooltip), finding, question


def classify_amounts(frame: pl.DataFrame, column: str, lang: Lang) -> tuple[pl.DataFrame, MapClasses]:
    """Return the frame with the `class` of each amount, and the classes, with round bounds that maps share."""
    cents = [0.0 if value is None else value * 100 for value in frame[column].to_list()]
    bounds = select_shared_bounds(cents)
    texts = [format_short_amount(round(bound), lang) for bound in bounds]
    if texts:
        words = [_("under {displayed}", displayed=texts[0]).in_(lang)]
        words += [f"{low} – {high}" for low, high in pairwise(texts)]
        words.append(_("{displayed} and more", displayed=texts[-1]).in_(lang))
    else:
        words = [_("granted").in_(lang)]
    nothing = _("nothing granted").in_(lang)
    placed = [words[sum(bound <= value for bound in bounds)] if value > 0 else nothing for value in cents]
    classes = MapClasses([*words, nothing], [*list_fills(bounds), EMPTY])
    return frame.with_columns(pl.Series("class", placed, dtype=pl.String)), classes


def _describe_most(frame: pl.DataFrame, measure: str) -> Text:
    """Say which department has the most."""
    column = _COLUMNS[measure]
    top = frame.sort(column, "department", descending=[True, False], nulls_last=True).row(0, named=True)
    value, name = top[column] or 0, f"{top['name']} ({top['department']})"
    if not value:
        return _("No department is granted anything")
    if measure == "count":
        return _n(
            "{department} has the most funded applications: {n}",
            "{department} has the most funded applications: {n}",
            n=int(value),
            department=name,
        )
    amount = ShortMoney(round(value * 100))
    if measure == "head":
        return _("{department} gets the most per inhabitant: {amount}", department=name, amount=amount)
    return _("{department} gets the most: {amount}", department=name, amount=amount)


def _list_tooltips(lang: Lang) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=_("Department").in_(lang)),
        alt.Tooltip("granted:Q", title=_("Granted (€)").in_(lang), format=",.2f"),
        alt.Tooltip("per_head:Q", title=_("Per inhabitant (€)").in_(lang), format=",.2f"),
        alt.Tooltip("n_funded:Q", title=_("Funded applications").in_(lang), format=",d"),
        alt.Tooltip("n_dossiers:Q", title=_("Applications filed").in_(lang), format=",d"),
        alt.Tooltip("population:Q", title=_("Inhabitants").in_(lang), format=",d"),
    ]
