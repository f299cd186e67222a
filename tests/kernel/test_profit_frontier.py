"""Every step of a knapsack, and every list, equal enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel import profit_frontier as home
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.profit_frontier import (
    build_curve,
    build_frontier,
    generate_frontiers_without,
    recover_items,
)


@drawn(120)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), max_size=7), st.integers(1, 3))
def test_each_capacity_has_the_best_cheapest_and_first_choice(
    items: list[tuple[int, int]], unit: int
) -> None:
    profit = np.array([p * unit for p, _ in items], dtype=np.int64)
    weight = np.array([w for _, w in items], dtype=np.int64)
    steps = build_curve(profit, weight)
    lists = steps.recover_choices(np.arange(len(steps.profit)))
    for capacity in range(int(weight.sum()) + 2):
        fitting = [x for x in product((0, 1), repeat=len(items)) if _sum(x, weight) <= capacity]
        best = max(fitting, key=lambda x: (_sum(x, profit), -_sum(x, weight), x))
        k = steps.get_step(capacity)
        assert (steps.profit[k], steps.weight[k]) == (_sum(best, profit), _sum(best, weight))
        assert tuple(lists[:, k].astype(int).tolist()) == best
    assert steps.get_step(-1) == -1


def _sum(chosen: tuple[int, ...], of: np.ndarray) -> int:
    return sum(int(value) for x, value in zip(chosen, of, strict=True) if x)


def test_what_it_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = np.array([1], dtype=np.int64)
    with pytest.raises(ValueError, match="positive"):
        build_curve(one, one * 0)
    with pytest.raises(ValueError, match="negative"):
        build_curve(-one, one)
    monkeypatch.setattr(home, "MAX_CELLS", 10)
    with pytest.raises(TooManyStates):
        build_curve(np.array([7, 8], dtype=np.int64), np.array([1, 1], dtype=np.int64))


def test_as_many_cells_as_the_limit_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two items and 16 profits, in units of their common divisor; a table of decisions has one cell for each."""
    profit, weight = np.array([70, 80]), np.array([3, 4])
    for more, fits in ((0, True), (-1, False)):
        monkeypatch.setattr(home, "MAX_CELLS", 2 * 16 + more)
        if fits:
            assert build_curve(profit, weight).profit.tolist() == [0, 70, 80, 150]
        else:
            with pytest.raises(TooManyStates, match="2 items and 15 units"):
                build_curve(profit, weight)
    for most, fits in ((2 * 4, True), (2 * 4 - 1, False)):
        if fits:
            assert recover_items(np.array([3, 3]), np.array([2, 2]), 3, 2, most).tolist() == [True, False]
        else:
            with pytest.raises(TooManyStates, match="2 items and 3 units"):
                recover_items(np.array([3, 3]), np.array([2, 2]), 3, 2, most)


@drawn(120)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), max_size=7), st.integers(0, 40))
def test_every_list_without_an_item_is_that_of_the_others(
    items: list[tuple[int, int]], capacity: int
) -> None:
    profit, weight = (np.array([item[k] for item in items], dtype=np.int64) for k in (0, 1))

    def list_pairs(without: int | None) -> list[tuple[int, int]]:
        sums = {
            (_sum(x, profit), _sum(x, weight))
            for x in product((0, 1), repeat=len(items))
            if without is None or not x[without]
        }
        return sorted(p for p in sums if not any(q != p and q[0] >= p[0] and q[1] <= p[1] for q in sums))

    places = list(range(0, len(items), 2))
    for gone, found in generate_frontiers_without(profit, weight, places):
        assert list(zip(found.profit.tolist(), found.weight.tolist(), strict=True)) == list_pairs(gone)
    whole = build_frontier(profit, weight, capacity)
    fitting = [pair for pair in list_pairs(None) if pair[1] <= capacity]
    assert list(zip(whole.profit.tolist(), whole.weight.tolist(), strict=True)) == fitting
    for smaller in range(capacity):
        fewer = whole.restrict_to_capacity(smaller)
        assert list(zip(fewer.profit.tolist(), fewer.weight.tolist(), strict=True)) == [
            pair for pair in fitting if pair[1] <= smaller
        ]


def test_time_is_looked_at_between_two_items_and_not_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    items, late = np.array([2, 3, 4]), Deadline(0.0)
    assert build_frontier(items, items, 9, late).weight.tolist() == [0, 2, 3, 4, 5, 6, 7, 9]
    assert recover_items(items, items, 5, 5, deadline=late).tolist() == [True, True, False]
    monkeypatch.setattr(home, "CELLS_PER_LOOK", 0)
    with pytest.raises(DeadlineExpired):
        build_frontier(items, items, 9, late)
    with pytest.raises(DeadlineExpired):
        recover_items(items, items, 5, 5, deadline=late)
    with pytest.raises(DeadlineExpired):
        build_curve(items, items, late)
