"""Every step of a knapsack, and every list, equal enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.kernel import profit_frontier as home
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.profit_frontier import build_curve


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
