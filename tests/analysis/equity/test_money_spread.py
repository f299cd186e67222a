"""The spread of money over inhabitants: the Gini index against the mean of all differences between inhabitants."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from support.lanes import seeds

from tnt_sim.analysis.equity.money_spread import TerritoryMoney, compute_spread


def draw_territories(seed: int) -> list[TerritoryMoney]:
    chance = random.Random(seed)
    most = chance.choice((1, 30, 10**9))
    return [
        TerritoryMoney(f"t{k}", chance.randint(1, 12), chance.randint(0, most))
        for k in range(chance.randint(2, 7))
    ]


def compute_difference_index(territories: list[TerritoryMoney]) -> Fraction:
    """Half the mean difference between two inhabitants, over the mean: each inhabitant counted one by one."""
    heads = [Fraction(one.cents, one.inhabitants) for one in territories for _ in range(one.inhabitants)]
    n, mean = len(heads), sum(heads, Fraction(0)) / len(heads)
    return sum((abs(a - b) for a in heads for b in heads), Fraction(0)) / (2 * n * n * mean)


@pytest.mark.parametrize("seed", seeds(range(200), 40))
def test_the_index_is_the_mean_difference_between_inhabitants(seed: int) -> None:
    territories = draw_territories(seed)
    spread = compute_spread(territories)
    if not sum(one.cents for one in territories):
        assert spread is None
        return
    assert spread is not None
    assert spread.gini == compute_difference_index(territories)
    assert 0 <= spread.gini < 1
    slopes = [
        (y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in zip(spread.points, spread.points[1:], strict=False)
    ]
    assert slopes == sorted(slopes)
    assert (spread.points[0], spread.points[-1]) == ((0, 0), (1, 1))


@pytest.mark.parametrize("seed", seeds(range(60), 15))
def test_the_share_of_the_poorest_is_that_of_inhabitants_in_line(seed: int) -> None:
    territories = draw_territories(seed)
    spread = compute_spread(territories)
    if spread is None:
        return
    heads = sorted(
        Fraction(one.cents, one.inhabitants) for one in territories for _ in range(one.inhabitants)
    )
    for n in range(len(heads) + 1):
        assert spread.get_share(Fraction(n, len(heads))) == sum(heads[:n], Fraction(0)) / sum(heads)


def test_no_spread_of_one_territory_or_of_no_money() -> None:
    assert compute_spread([TerritoryMoney("a", 5, 100)]) is None
    assert compute_spread([TerritoryMoney("a", 5, 0), TerritoryMoney("b", 5, 0)]) is None
    even = compute_spread([TerritoryMoney("a", 5, 500), TerritoryMoney("b", 1, 100)])
    assert even is not None
    assert even.gini == 0
