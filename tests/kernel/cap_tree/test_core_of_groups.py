"""The states of groups of items near the best at a price, against trying every choice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.kernel.cap_tree.core_enumeration import ItemGroups, enumerate_multiple_choice_states
from tnt_sim.kernel.cap_tree.dominance import select_undominated_items
from tnt_sim.kernel.cap_tree.leaves import GroupLeaf
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.knapsack import ChoiceGroups

Choices = dict[tuple[int, int], list[tuple[int, ...]]]


def some_groups(rng: np.random.Generator) -> ItemGroups:
    """Up to six groups, many of one item, at times many alike and some raised."""
    sizes = rng.choice([1, 1, 1, 2, 3], int(rng.integers(1, 7)))
    group = np.repeat(np.arange(len(sizes)), sizes)
    top = int(rng.choice([2, 4, 30, 10**6]))
    p, w = rng.integers(1, top + 1, len(group)), rng.integers(1, top + 1, len(group))
    if rng.random() < 0.3:  # one menu for all
        p, w = (number[np.arange(len(group)) - np.searchsorted(group, group)] for number in (p, w))
    menus = ChoiceGroups(group, (rng.random(len(sizes)) < 0.3)[group])
    items = select_undominated_items(np.arange(len(group)), p, w, menus)
    return ItemGroups(items, p[items], w[items], menus)


def choices_of(groups: ItemGroups) -> Choices:
    """Every choice by its profit and weight."""
    found: Choices = {}
    own = groups.choice_groups.group[groups.items]
    parts = [[(), *((j,) for j in np.flatnonzero(own == g).tolist())] for g in np.unique(own)]
    for picked in itertools.product(*parts):
        taken = [j for part in picked for j in part]
        key = int(groups.p[taken].sum()), int(groups.w[taken].sum())
        found.setdefault(key, []).append(tuple(groups.items[taken].tolist()))
    return found


def goes_first(taken: tuple[int, ...], menus: ChoiceGroups) -> tuple[int, ...]:
    marks = np.zeros(2 * len(menus.group) + 2, dtype=int)
    marks[menus.compute_rank_key(np.array(taken, dtype=np.int64))] = 1
    return tuple(marks.tolist())


@pytest.mark.parametrize("seed", seeds(range(0, 3000, 100), 10))
def test_the_states_within_a_loss_are_those_of_every_choice(seed: int) -> None:
    for k in range(seed, seed + 100):
        rng = np.random.default_rng(k)
        groups = some_groups(rng)
        capacity = int(rng.integers(int(groups.w.max()), int(groups.w.sum()) + 2))
        b = 2**10
        ratio = b * int(groups.p.sum()) // int(groups.w.sum())
        a, more = (int(rng.integers(0, 2 * ratio + 2)) * int(rng.random() < 0.7) for _ in range(2))
        states = {key: held for key, held in choices_of(groups).items() if key[1] <= capacity}
        worth = {(p, w): b * p - a * w for p, w in states}
        best = max(worth.values())
        gamma = int(rng.choice([0, b, 3 * b, best + 1])) if best else 0
        budget = Budget(10**7)
        found = enumerate_multiple_choice_states(groups, capacity, a, a + more, b, gamma, budget)
        assert found.best == best
        kept = sorted(
            (w, p) for (p, w), value in worth.items()
            if best - value <= gamma
            and not any(q >= p and v <= w and (q, v) != (p, w) for q, v in states)
        )  # fmt: skip
        assert list(zip(found.weight.tolist(), found.profit.tolist(), strict=True)) == kept
        assert budget.is_unique
        for place, (w, p) in enumerate(kept):
            assert int(found.loss[place]) == best - worth[p, w]
            first = max(states[p, w], key=lambda taken: goes_first(taken, groups.choice_groups))
            assert sorted(found.columns(place).tolist()) == sorted(first)


def test_equal_items_are_compared_by_nobody() -> None:
    """Twelve equal groups of one item beside one of two: of many equal choices only the first is grown."""
    n = 12
    group = np.r_[np.arange(n), n, n]
    p, w = np.r_[np.full(n, 5), 9, 2], np.r_[np.full(n, 7), 11, 3]
    groups = ItemGroups(np.arange(n + 2), p, w, ChoiceGroups.of(group))
    budget = Budget(10**7)
    found = enumerate_multiple_choice_states(groups, 45, 0, 0, 1, 0, budget)
    assert sorted(found.columns(0).tolist()) == [0, 1, 2, 3, 4, 5, 13]
    assert budget.ties == Budget(0).ties


def test_prices_that_leave_64_bits_are_refused() -> None:
    items = np.arange(2)
    leaf = GroupLeaf(
        items, np.array([3, 2]), np.array([2**40, 2**39]), ChoiceGroups.of(items * 0), 2**40, 8, Budget(10**6)
    )
    with pytest.raises(OverflowError):
        leaf.enumerate_states(2**23, 0)
    assert leaf.enumerate_states(2**10, 0).profit.tolist() == [0]


def test_groups_of_which_even_the_cheapest_change_leaves_too_much() -> None:
    p, w = np.array([100, 99, 100, 99]), np.array([10, 8, 10, 8])
    groups = ItemGroups(np.arange(4), p, w, ChoiceGroups.of(np.array([0, 0, 1, 1])))
    found = enumerate_multiple_choice_states(groups, 10, 0, 0, 1, 0, Budget(10**6))
    assert (found.columns(0).tolist(), found.profit.tolist(), found.weight.tolist()) == ([0], [100], [10])


def test_one_item_that_is_not_worth_its_price_is_left() -> None:
    menus = ChoiceGroups.of(np.array([0]))
    one = ItemGroups(np.array([0]), np.array([3]), np.array([2]), menus)
    for price, taken in ((0, [0]), (1, [0]), (2, [])):
        found = enumerate_multiple_choice_states(one, 2, price, price, 1, 0, Budget(1000))
        assert found.columns(0).tolist() == taken


def test_groups_restrict_nothing_where_all_are_single_and_none_is_raised() -> None:
    assert ChoiceGroups.of(np.arange(3)).plain
    assert ChoiceGroups.of(np.arange(0)).plain
    assert not ChoiceGroups.of(np.array([0, 1, 1])).plain
    assert not ChoiceGroups(np.arange(3), np.arange(3) == 1).plain
