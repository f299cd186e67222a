"""The least need of a profit over parts equals enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.kernel.minimum_addition import BudgetedItems, MinimumAddition


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[int], list[int], list[BudgetedItems]]:
    n = draw(st.integers(1, 9))
    profit = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    which = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    found = []
    for k in range(3):
        hard = draw(st.booleans())
        free = draw(st.integers(0 if hard else -4, 25))
        found.append(BudgetedItems(np.flatnonzero(np.array(which) == k), free, hard))
    return profit, weight, found


def brute(
    profit: list[int], weight: list[int], some: list[BudgetedItems], target: int, must: int | None
) -> int | None:
    best = None
    for x in product((0, 1), repeat=len(profit)):
        if must is not None and not x[must]:
            continue
        if sum(p * c for p, c in zip(profit, x, strict=True)) < target:
            continue
        need = 0
        for part in some:
            spent = sum(weight[i] * x[i] for i in part.items.tolist())
            if part.hard and spent > part.free:
                break
            need += max(0, spent - part.free)
        else:
            best = need if best is None else min(best, need)
    return best


@drawn(400)
@given(parts(), st.data())
def test_needs_equal_enumeration(
    case: tuple[list[int], list[int], list[BudgetedItems]], data: st.DataObject
) -> None:
    profit, weight, some = case
    needs = MinimumAddition(np.array(profit), np.array(weight), some)
    target = data.draw(st.integers(0, sum(profit) + 1))
    must = data.draw(st.sampled_from([None, *range(len(profit))]))
    found = needs.find_least(target) if must is None else needs.find_least_with_item(must, target)
    expected = brute(profit, weight, some, target, must)
    assert (None if found is None else found.need) == expected
    if found is not None:
        spent = sum(
            max(0, sum(weight[i] for i in part.items.tolist() if found.taken[i]) - part.free) for part in some
        )
        assert spent <= found.need
        assert sum(np.array(profit)[found.taken]) >= target
        assert must is None or found.taken[must]


def test_needs_of_several_open_parts_equal_enumeration_for_each_profit() -> None:
    """Parts that their budgets do not hold, or that are overdrawn before anything is taken."""
    random = np.random.default_rng(3)
    asked = 0
    for _ in range(40):
        n = int(random.integers(4, 8))
        profit, weight = random.integers(0, 7, n).tolist(), random.integers(1, 10, n).tolist()
        which = random.integers(0, 3, n)
        groups = [
            BudgetedItems(np.flatnonzero(which == k), int(random.integers(-4, 10)), False) for k in range(3)
        ]
        needs = MinimumAddition(np.array(profit), np.array(weight), groups)
        asked += len(needs.open) > 1
        for target in range(0, sum(profit) + 2, 2):
            answer = needs.find_least(target)
            assert (None if answer is None else answer.need) == brute(profit, weight, groups, target, None)
            item = int(random.integers(0, n))
            answer = needs.find_least_with_item(item, target)
            assert (None if answer is None else answer.need) == brute(profit, weight, groups, target, item)
    assert asked > 20
