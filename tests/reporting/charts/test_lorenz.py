"""Lorenz curves: a square from 0 to 1, curves below the diagonal, and everything inside the picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.lorenz import MARKS, LorenzCurve, LorenzCurves
from tnt_sim.reporting.report_tree import NARROW, WIDE

WORDS = ("inhabitants", "money", "the same for all")
CURVES = [
    LorenzCurve("before <A>", [(0.0, 0.0), (0.5, 0.1), (1.0, 1.0)]),
    LorenzCurve("after", [(0.0, 0.0), (0.5, 0.3), (1.0, 1.0)]),
]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_curves_are_below_the_diagonal_of_a_square(width: int) -> None:
    svg = LorenzCurves(CURVES, *WORDS).draw("alt & more", Lang.EN, width)
    root = ElementTree.fromstring(svg)
    paths = [path.get("d") or "" for path in root.iter("path")]
    points = [
        [tuple(map(float, point.split())) for point in re.split("[ML]", path)[1:]]
        for path in paths
        if path.count("L") == 2
    ]
    assert len(points) == 2
    (x0, y0), _, (x1, y1) = points[0]
    assert x1 - x0 == pytest.approx(y0 - y1)
    middles = [curve[1] for curve in points]
    assert middles[0][0] == middles[1][0] == pytest.approx((x0 + x1) / 2, abs=0.1)
    assert y0 - middles[0][1] == pytest.approx((y0 - y1) * 0.1, abs=0.2)
    assert y0 - middles[1][1] == pytest.approx((y0 - y1) * 0.3, abs=0.2)
    assert all(0 <= x <= width for curve in points for x, _y in curve)
    texts = [text.text for text in root.iter("text")]
    assert {"before <A>", "after", "the same for all", "money", "inhabitants"} <= set(texts)
    height = float(str(root.get("height")))
    assert all(0 < float(str(text.get("y"))) < height for text in root.iter("text"))


def test_more_curves_than_marks_are_not_drawn() -> None:
    svg = LorenzCurves(CURVES * 4, *WORDS).draw("alt", Lang.FR, WIDE)
    assert svg.count("before") == svg.count("after") == len(MARKS) // 2
    assert LorenzCurves([], *WORDS).draw("alt", Lang.FR, WIDE) == ""
