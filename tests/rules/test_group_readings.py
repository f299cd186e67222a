"""Figures kept as columns are the figures one by one."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tnt_sim.rules.protocols import GroupReadings, Mode, Reading, RuleReading


@pytest.mark.parametrize("one_bound", [True, False])
def test_columns_say_what_each_figure_says(one_bound: bool) -> None:
    dice, verdicts = random.Random(7), set()
    for _ in range(400):
        n, den = dice.randint(0, 4), dice.choice([1, 3, 100])
        nums = [dice.choice([dice.randint(-9, 9), 10**30 + dice.randint(0, 1)]) for _ in range(n)]

        def draw_bounds(n: int = n) -> list[Fraction | None]:
            single = Fraction(dice.randint(-6, 6), dice.randint(1, 3))
            bounds = (
                [single] * n if one_bound else [dice.choice([None, single, single + 1]) for _ in range(n)]
            )
            return [None] * n if dice.random() < 0.3 else list(bounds)

        minimum, maximum = draw_bounds(), draw_bounds()
        names, lowered = [f"g{k}" for k in range(n)], [dice.random() < 0.5 for _ in range(n)]
        columns = GroupReadings(names, nums, den, minimum, maximum, lowered)
        figures = tuple(Reading(names[k], nums[k], den, minimum[k], maximum[k], lowered[k]) for k in range(n))
        assert (tuple(columns), len(columns), columns[:]) == (figures, n, figures)
        assert [columns[k] for k in range(n)] == list(figures)
        assert columns == figures
        readings = [RuleReading("r", "limit", Mode.HARD, one, True) for one in (columns, figures)]
        assert readings[0] == readings[1]
        assert readings[0].holds == readings[1].holds == all(figure.holds for figure in figures)
        assert readings[0].distance == readings[1].distance
        verdicts.add(readings[0].holds)
    assert verdicts == {True, False}
