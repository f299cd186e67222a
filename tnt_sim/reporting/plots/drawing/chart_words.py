"""Titles and axes of charts: the finding above the question, amounts with their unit from zero."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import MINUS, get_currency
from tnt_sim.reporting.charts.svg import wrap_text
from tnt_sim.reporting.charts.theme import FILLS as MARK_FILLS
from tnt_sim.reporting.charts.theme import INK, Mark
from tnt_sim.reporting.report_tree import SYNTHETIC, Words, write_words

type Align = Literal["left", "center", "right"]
WIDTH = 560
"""Pixels of a chart without the names at its left."""
TITLE_WIDTH = 620
TITLE_SIZE, QUESTION_SIZE = 16.0, 12.5


def build_title(finding: Words, question: Words, lang: Lang, *, synthetic: bool = False) -> alt.TitleParams:
    """Return the title of a chart, its finding, and the subtitle, its question; lines break where they must."""
    title = write_words(finding, lang).removesuffix(".")
    lines = wrap_text(write_words(question, lang), TITLE_WIDTH, QUESTION_SIZE)
    if synthetic:
        lines += [SYNTHETIC.in_(lang)]
    return alt.TitleParams(text=wrap_text(title, TITLE_WIDTH, TITLE_SIZE), subtitle=lines)


def build_money_axis(lang: Lang, **options: Any) -> alt.Axis:
    """Return an axis of amounts in the currency: « 1,5 M€ », « 20 k€ », « 300 € »."""
    return alt.Axis(
        **{
            "labelExpr": write_money_expression(lang),
            "tickCount": 5,
            "labelOverlap": "greedy",
            "labelSeparation": 4,
            **options,
        }
    )


def write_money_expression(lang: Lang) -> str:
    """Return an expression of Vega that writes the number of a tick as an amount."""
    size = "abs(datum.value)"
    cases = [("M", 1e6), ("k", 1e4), ("", 0.0)]
    text = ""
    for scale, least in cases:
        before, after = get_currency().add_to("\x00", scale, lang).split("\x00")
        divisor = {"M": 1e6, "k": 1e3, "": 1.0}[scale]
        digits = f"format({size} / {divisor:.0f}, ',.3~f')"
        sign = f"(datum.value < 0 ? {json.dumps(MINUS)} : '')"
        written = f"{sign} + {json.dumps(before)} + {digits} + {json.dumps(after)}"
        text += f"{size} >= {least:.0f} ? {written} : " if scale else written
    return text


def build_count_axis(most: int, *, grid: bool = True) -> alt.Axis:
    """Return an axis of whole numbers from 0 to `most`, whose ticks are whole numbers too."""
    if most <= 5:
        return alt.Axis(format=",d", grid=grid, values=list(range(most + 1)))
    return alt.Axis(format=",d", grid=grid, tickCount=5)


def build_name_axis(**options: Any) -> alt.Axis:
    """Return an axis of names at the left."""
    return alt.Axis(**{"ticks": False, "domain": False, "labelColor": INK, "labelLimit": 260, **options})


def build_colours(marks: Sequence[tuple[Mark, str]]) -> alt.Scale:
    """Return the scale of the words of some marks, each in the colour that it has in every picture."""
    return alt.Scale(
        domain=[word for _mark, word in marks], range=[MARK_FILLS[mark] for mark, _word in marks]
    )


def build_legend(**options: Any) -> alt.Legend:
    """Return a legend above the chart, without a title."""
    return alt.Legend(
        **{"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 460, **options}
    )


def make_unique(names: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return names, each with its id behind it where another one is the same.

    >>> make_unique(["Culture", "Culture", "Sport"], ["a", "b", "c"])
    ['Culture (a)', 'Culture (b)', 'Sport']
    """
    return [
        f"{name} ({id_})" if names.count(name) > 1 else name for name, id_ in zip(names, ids, strict=True)
    ]
