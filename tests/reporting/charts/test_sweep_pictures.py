"""Bars of a sweep leave out no entry, however many amounts it has, and a review draws what a table has."""

from __future__ import annotations

import random
import re

import pytest

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import NARROW, WIDE
from tnt_sim.reporting.reports.sweep_pictures import MOST_STEPS_NAMED, _build_entry_bars


@pytest.mark.parametrize("n", [1, 14, 15, 16, 29, 31, 200])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_bars_of_entries_hold_every_entry(n: int, width: int) -> None:
    chance = random.Random(n)
    counts = [(100_000_000 + 1_000_000 * k, chance.randint(0, 9)) for k in range(n)]
    size = -(-n // MOST_STEPS_NAMED)
    svg = _build_entry_bars(counts, size).draw("x", Lang.EN, width)
    titles = re.findall(r"<title>(.*?) · (\d+)</title>", svg)
    assert sum(int(count) for _label, count in titles) == sum(count for _cents, count in counts)
    assert len(titles) <= MOST_STEPS_NAMED
    assert titles[0][0].startswith("€1M")
    assert ("–" in titles[0][0]) == (size > 1)
