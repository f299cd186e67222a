"""Axes and bars: round numbers, bars that stand on zero, and a sign where a scale does not."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.curves import Curves, NamedCurve
from tnt_sim.reporting.charts.dumbbells import Change, Dumbbells
from tnt_sim.reporting.charts.histogram import Histogram, MarkedValue
from tnt_sim.reporting.charts.svg import (
    Drawing,
    Measure,
    Scale,
    choose_limits,
    compute_ticks,
    describe_break,
    measure_text,
    shorten_text,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import NARROW, WIDE


@pytest.mark.parametrize("seed", range(40))
def test_ticks_are_round_and_inside(seed: int) -> None:
    chance = random.Random(seed)
    low = chance.choice((0.0, -3.5, 1e-6, 12_345.0, 9.9e6))
    high = low + 10 ** chance.uniform(-3, 10)
    most = chance.randint(2, 8)
    ticks = compute_ticks(low, high, most)
    assert 1 <= len(ticks) <= most + 1
    slack = (high - low) * 1e-6
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    if len(ticks) > 1:
        step = Decimal(f"{ticks[1] - ticks[0]:.2e}").normalize().as_tuple()
        assert step.digits in ((1,), (2,), (5,))


def test_a_scale_starts_at_zero_or_shows_its_break() -> None:
    whole = Scale(*choose_limits([0.0, 3.0, 10.0]), 0, 100)
    near = Scale(*choose_limits([9_800.0, 10_000.0]), 0, 100, write_number)
    assert (whole.low, whole.is_broken, describe_break(whole)) == (0.0, False, None)
    assert 0 < near.low < 9_800
    assert near.is_broken
    assert "9" in str(describe_break(near))
    drawings = [Drawing(WIDE) for _ in range(2)]
    for drawing, scale in zip(drawings, (whole, near), strict=True):
        drawing.draw_x_axis(scale, 10, Lang.EN)
    assert [drawing.finish(20, "").count('stroke-width="1.5"') for drawing in drawings] == [0, 2]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_bars_stand_on_zero_and_stay_inside(width: int) -> None:
    bars = [Bar("Région <1>", [50.0, 100.0], ["50 €", "100 €"]), Bar("b" * 90, [0.0, 25.0], ["0 €", "25 €"])]
    svg = Bars(bars, ["avant", "après"]).draw("alt & more", Lang.FR, width)
    rects = [
        {key: float(rect.attrib[key]) for key in ("x", "width")}
        for rect in ElementTree.fromstring(svg).iter("rect")
        if float(rect.attrib["height"]) == 16
    ]
    sizes = [rect["width"] for rect in rects]
    assert sizes[0] == pytest.approx(sizes[1] / 2, abs=0.2)
    assert sizes[3] == pytest.approx(sizes[1] / 4, abs=0.2)
    assert len({rect["x"] for rect in rects}) == 1
    assert all(rect["x"] + rect["width"] <= width for rect in rects)
    assert 'style="' not in svg


def test_a_dumbbell_goes_from_before_to_after() -> None:
    changes = [Change("1", "a", 0, 200, "+2 €"), Change("2", "b", 300, 100, "−2 €")]
    svg = Dumbbells(changes, ("A", "B")).draw("alt", Lang.FR, WIDE)
    lines = re.findall(r'd="M([\d.]+) [\d.]+L([\d.]+) [\d.]+"[^>]*class="(\w+)-line"', svg)
    assert [mark for _, _, mark in lines] == ["gain", "loss"]
    (a0, a1, _), (b0, b1, _) = lines
    assert float(a0) < float(b1) < float(a1) < float(b0)


def test_a_histogram_counts_every_value_and_marks_the_bad_ones() -> None:
    values = [1.0, 2.0, 2.0, 3.0, 10.0, 10.0, 10.0]
    readings = [MarkedValue(5.0, "moyenne")]
    svg = Histogram(values, Measure("x"), Measure("y"), readings, (-1e9, 2.5)).draw("alt", Lang.FR, WIDE)
    bars = re.findall(r'class="(granted|loss)"[^>]*><title>[^<]*· (\d+)</title>', svg)
    assert sum(int(count) for _, count in bars) == len(values)
    assert sum(int(count) for mark, count in bars if mark == "loss") == 3
    assert Histogram([], Measure("x"), Measure("y")).draw("alt", Lang.FR, WIDE) == ""


def test_a_curve_of_steps_is_flat_between_its_points() -> None:
    curve = NamedCurve("free", "libre", Mark.GRANTED, [(0.0, 1.0), (50.0, 4.0), (100.0, 9.0)])
    x, y = Measure("montant"), Measure("valeur")
    picture = Curves([curve], x, y, [(0.0, 50.0, 1.0, 4.0)], (50.0, "ici"))
    svg = picture.draw("alt", Lang.FR, NARROW)
    path = max(re.findall(r'd="(M[^"]+)"', svg), key=len)
    points = [tuple(map(float, one.split())) for one in path[1:].split("L")]
    assert len(points) == 5
    for (x0, y0), (x1, y1) in pairwise(points):
        assert x0 == x1 or y0 == y1
    assert "ici" in svg
    assert svg.count('class="range"') == 1
    assert all(0 <= x <= NARROW for x, _ in points)
    assert Curves([], x, y).draw("alt", Lang.FR, WIDE) == ""


@pytest.mark.parametrize("seed", range(60))
def test_a_shortened_text_has_its_room_and_ends_at_a_word_where_half_stays(seed: int) -> None:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdé", k=chance.randint(1, 14))) for _ in range(chance.randint(1, 8))]
    text, size, pixels = " ".join(words), chance.choice((10.0, 13.0)), chance.uniform(25, 400)
    short = shorten_text(text, pixels, size)
    if measure_text(text, size) <= pixels:
        assert short == text
        return
    assert short.endswith("…")
    assert measure_text(short, size) <= max(pixels, measure_text("abc", size))
    head = short.removesuffix("…")
    assert text.startswith(head)
    whole = [" ".join(words[:k]) for k in range(1, len(words))]
    room = int(pixels / measure_text("m", size)) - 1
    fitting = [one for one in whole if len(one) <= room and 2 * len(one) >= room]
    assert head in whole or not fitting
