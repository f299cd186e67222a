"""Gini and Theil indices against sums over all pairs in fractions, and against logarithms of 50 digits."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.analysis.equity import theil_index
from tnt_sim.analysis.equity.list_equity import compute_gini, sort_by_per_head
from tnt_sim.analysis.equity.money_spread import TerritoryMoney, compute_spread
from tnt_sim.analysis.equity.theil_index import IndexBounds, TheilUnits, enclose_index

Units = list[tuple[int, int]]


def draw_units(seed: int) -> Units:
    """Inhabitants and cents, with equal units, equal ratios, zeros and very large figures."""
    chance = random.Random(seed)
    heads, most = chance.choice(((3, 4), (12, 30), (70_000_000, 10**13), (2**33, 10**15)))
    units = [(chance.randint(1, heads), chance.randint(0, most)) for _ in range(chance.randint(2, 9))]
    units += [chance.choice(units) for _ in range(chance.randint(0, 3))]
    p, g = chance.choice(units)
    return [*units, (3 * p, 3 * g), (chance.randint(1, heads), 0)]


def split_columns(units: Units) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in units], dtype=np.int64), np.array([g for _, g in units], dtype=np.int64)


def sum_logarithms(units: Units) -> Decimal:
    """The index by its definition, with 50 digits and one term after the other."""
    with localcontext() as context:
        context.prec = 50
        population, money = Decimal(sum(p for p, _ in units)), Decimal(sum(g for _, g in units))
        shares = [(Decimal(p) / population, Decimal(g) / money) for p, g in units]
        return sum((g * (g / p).ln() for p, g in shares if g), Decimal(0))


def round_six(value: Decimal) -> Fraction:
    return Fraction(value.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


@pytest.mark.parametrize("seed", seeds(range(300), 60))
def test_gini_is_the_mean_difference_of_all_pairs(seed: int) -> None:
    units = draw_units(seed)
    population, money = (sum(unit[k] for unit in units) for k in (0, 1))
    found = compute_gini(*split_columns(units))
    if not money:
        assert found is None
        return
    gaps = sum(abs(g * q - h * p) for p, g in units for q, h in units)
    assert found == Fraction(gaps, 2 * population * money)
    spread = compute_spread([TerritoryMoney(str(k), p, g) for k, (p, g) in enumerate(units)])
    assert spread is not None
    assert spread.gini == found


def test_close_ratios_are_put_in_their_order() -> None:
    """Both ratios are one float, and the order of the digits decides."""
    people, money = (
        np.array([2**31 - 2, 2**31 - 1]),
        np.array([10**9 * (2**31 - 2) - 1, 10**9 * (2**31 - 1) - 1]),
    )
    assert len(set((money / people).tolist())) == 1
    assert sort_by_per_head(people, money).tolist() == [0, 1]
    assert sort_by_per_head(people[::-1].copy(), money[::-1].copy()).tolist() == [1, 0]


@pytest.mark.parametrize("seed", seeds(range(300), 60))
def test_theil_has_the_decimals_of_fifty_digits(seed: int) -> None:
    units = draw_units(seed)
    if not any(g for _, g in units):
        return
    index = TheilUnits(*split_columns(units))
    exact = sum_logarithms(units)
    assert index.compute_index() == round_six(exact)
    for digits in (0, 50, 100):
        bounds = enclose_index(index, digits)
        with localcontext() as context:
            context.prec = 130
            assert bounds.low - Decimal("1e-45") <= exact <= bounds.high + Decimal("1e-45")
            assert bounds.high - bounds.low < Decimal("1e-11")


@pytest.mark.parametrize("seed", seeds(range(200), 40))
def test_the_parts_are_those_of_the_definition(seed: int) -> None:
    units = draw_units(seed)
    if not any(g for _, g in units):
        return
    chance = random.Random(seed)
    classes = [chance.randint(0, 3) for _ in units]
    groups: dict[int, Units] = {}
    for unit, number in zip(units, classes, strict=True):
        groups.setdefault(number, []).append(unit)
    sums = [(sum(p for p, _ in one), sum(g for _, g in one)) for one in groups.values()]
    money = sum(g for _, g in units)
    between = sum_logarithms(sums)
    with localcontext() as context:
        context.prec = 50
        inner = [
            Decimal(g) / money * sum_logarithms(one)
            for one, (_, g) in zip(groups.values(), sums, strict=True)
            if g
        ]
        within = sum(inner, Decimal(0))
        assert abs(between + within - sum_logarithms(units)) < Decimal("1e-40")
    split = TheilUnits(*split_columns(units)).split_index(np.array(classes), 4)
    assert (split.between, split.within) == (round_six(between), round_six(within))


def test_the_ends_of_the_scale() -> None:
    even = TheilUnits(np.array([5, 1, 30]), np.array([500, 100, 3000]))
    assert even.compute_index() == 0
    assert compute_gini(even.inhabitants, even.cents) == 0
    all_for_one = TheilUnits(np.array([1, 999]), np.array([7, 0]))
    assert all_for_one.compute_index() == round_six(Decimal(1000).ln())
    assert compute_gini(all_for_one.inhabitants, all_for_one.cents) == Fraction(999, 1000)
    assert compute_gini(np.array([7]), np.array([700])) is None
    assert TheilUnits(np.array([7]), np.array([700])).compute_index() == 0


def test_open_decimals_are_settled_by_more_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    units = TheilUnits(np.array([5, 7]), np.array([500, 100]))
    right = units.compute_index()
    asked = []

    def enclose(one: TheilUnits, digits: int) -> IndexBounds:
        asked.append(digits)
        bounds = enclose_index(one, digits)
        return bounds if digits else IndexBounds(bounds.low - Decimal("1e-6"), bounds.high + Decimal("1e-6"))

    monkeypatch.setattr(theil_index, "enclose_index", enclose)
    assert units.compute_index() == right
    assert asked == [0, 50]
