"""Every kind of picture is described for those who do not see it, and speaks one language wherever it is drawn."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

import pytest

from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.reporting import charts
from tnt_sim.reporting.charts.bars import Bar, Bars, GapBar, GapBars
from tnt_sim.reporting.charts.curves import Curves, NamedCurve
from tnt_sim.reporting.charts.department_map import ChangeMap
from tnt_sim.reporting.charts.dumbbells import Change, Dumbbells
from tnt_sim.reporting.charts.histogram import (
    FrequencyGroup,
    FrequencyStrip,
    Histogram,
    MarkedValue,
    ValueBox,
)
from tnt_sim.reporting.charts.lorenz import LorenzCurve, LorenzCurves
from tnt_sim.reporting.charts.margin_scatter import Scatter, ScatterArrow, ScatterPoint, ScatterWords
from tnt_sim.reporting.charts.matrix import Matrix, MatrixRow
from tnt_sim.reporting.charts.ranges import Range, RangeBars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.charts.theme import Mark, render_svg
from tnt_sim.reporting.plots.drawing.picture_charts import plot_chart
from tnt_sim.reporting.report_tree import NARROW, WIDE, Chart, Drawable, Kind

WORD = Bilingual("mot <fr>", "word <en>")
MONEY = Measure(WORD, Kind.ROUND_MONEY, "amount")
PICTURES: Sequence[Drawable] = (
    Bars(
        [Bar(WORD, [3.0, None], [WORD, ""]), Bar("b", [1.0, 2.0], ["1", "2"])], [WORD, "après"], Measure(WORD)
    ),
    Curves(
        [NamedCurve("free", WORD, Mark.GRANTED, [(0.0, 1.0), (100.0, 4.0)])],
        MONEY,
        Measure(WORD),
        here=(50.0, WORD),
    ),
    Dumbbells([Change("a", WORD, 100, 300, WORD), Change("b", "b", 300, 100, "−2 €")], (WORD, "après")),
    Histogram(
        [1.0, 2.0, 2.0], Measure(WORD), Measure(WORD), [MarkedValue(2.0, WORD)], box=ValueBox(1, 1, 2, 2, 2)
    ),
    RangeBars([Range(WORD, 1, 2, 3, 4, 5, WORD, "a")], Measure(WORD), (3.0, WORD)),
    FrequencyStrip(
        ["a", "b"],
        [4, 1],
        4,
        [FrequencyGroup(WORD, Mark.COMMITTED, 4), FrequencyGroup("x", Mark.LEFT, 0)],
        WORD,
        WORD,
    ),
    LorenzCurves([LorenzCurve(WORD, [(0.0, 0.0), (0.5, 0.2), (1.0, 1.0)])], WORD, WORD, WORD),
    Matrix([MatrixRow("a", [True, False])], ["0", "1"]),
    Scatter(
        [
            ScatterPoint("a", 100, 3.0, Mark.GRANTED, WORD, "a"),
            ScatterPoint("b", 200, 5.0, Mark.WAITING, WORD),
        ],
        ScatterWords(WORD, WORD, {Mark.GRANTED: WORD, Mark.WAITING: "x"}, WORD, WORD, WORD),
        0.02,
        [ScatterArrow((100.0, 3.0), (50.0, 3.0), WORD)],
        [("a", "b")],
    ),
    GapBars([(WORD, [GapBar(WORD, 1.0, 2.0, Mark.RANGE, WORD)])], [(Mark.LOSS, WORD)]),
    ChangeMap({"01": 500, "02": -500}, {"01": "Ain", "02": "Aisne"}),
)
WORDLESS = (Matrix, ChangeMap)
"""Kinds whose words are names, or their own."""
ON_PAGES_ALONE = (GapBars, ChangeMap)


def test_every_kind_is_tried() -> None:
    kinds = {
        kind
        for module in pkgutil.iter_modules(charts.__path__)
        for _name, kind in inspect.getmembers(
            import_module(f"{charts.__name__}.{module.name}"), inspect.isclass
        )
        if "draw" in vars(kind) and kind.__module__.startswith(charts.__name__)
    }
    assert kinds == {type(picture) for picture in PICTURES}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: type(picture).__name__)
@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_picture_is_described_and_speaks_one_language(picture: Any, lang: Lang, width: int) -> None:
    chart = Chart(picture, Bilingual("trouvé", "finding"), alt=Bilingual("décrit <fr>", "described <en>"))
    root = ElementTree.fromstring(chart.draw(lang, width))
    assert root.get("aria-label") == chart.alt.in_(lang)  # type: ignore[union-attr]
    assert root.get("role") == "img"
    text = " ".join("".join(one.itertext()) for one in root.iter() if one.tag in ("text", "title"))
    other = Lang.EN if lang is Lang.FR else Lang.FR
    assert (WORD.in_(lang) in text) == (type(picture) not in WORDLESS)
    assert WORD.in_(other) not in text


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: type(picture).__name__)
def test_a_picture_is_an_altair_chart_too(picture: Any) -> None:
    chart = Chart(picture, Bilingual("trouvé", "finding"), Bilingual("demandé", "question"))
    if isinstance(picture, ON_PAGES_ALONE):
        with pytest.raises(TypeError, match="has no Altair chart"):
            plot_chart(chart, Lang.EN, synthetic=False)
        return
    drawn = render_svg(plot_chart(chart, Lang.EN, synthetic=False))
    assert "finding" in drawn
    assert "NaN" not in drawn
    assert "mot" not in drawn
