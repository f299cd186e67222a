"""Altair chart of other choices: the applications that depend on the choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from tnt_sim.analysis.alternatives.alternatives import AlternativesResult
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.plots.drawing.chart_words import make_unique
from tnt_sim.reporting.plots.drawing.study_charts import draw_list_matrix
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.studies.alternatives.answer import MOST_MATRIX_ROWS, build_matrix, list_matrix_rows


def list_plots() -> Mapping[str, Callable[..., AltairChart]]:
    """Return the Altair charts by name."""
    return {"lists": plot_lists}


def plot_lists(result: AlternativesResult, lang: Lang, most: int = MOST_MATRIX_ROWS) -> AltairChart:
    """Draw the applications that depend on the choice by the lists that fund them, the most disputed first.

    Raises
    ------
    ValueError
        If no other list was found, or all lists fund the same.
    """
    document = result.data
    picture = build_matrix(document, most)
    rows, lists = list_matrix_rows(document)
    if picture is None or not rows:
        raise ValueError("no application depends on the choice: there is nothing to draw")
    rows = rows[:most]
    words = {True: _("funded").in_(lang), False: _("not funded").in_(lang)}
    names = make_unique([row.name for row in rows], [str(k) for k in range(len(rows))])
    frame = pl.DataFrame(
        [
            {"name": name, "list": list_, "funded": inside, "decision": words[inside]}
            for row, name in zip(rows, names, strict=True)
            for list_, inside in zip(lists, row.inside, strict=True)
        ]
    )
    chart = draw_list_matrix(frame, lists, lang)
    return finish_chart(chart, picture.finding, picture.question, lang, synthetic=document.synthetic)
