"""The states of one leaf that are nearly the best at a price: those of every choice, and the first of equals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.cap_trees import some_items
from support.lanes import seeds

from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode, find_binding_caps
from tnt_sim.kernel.cap_tree.core_enumeration import compute_upper_bound, enumerate_leaf_states
from tnt_sim.kernel.cap_tree.states import Budget


@pytest.mark.parametrize("seed", seeds(range(0, 600, 20), 10))
def test_the_states_within_a_loss_are_those_of_every_choice(seed: int) -> None:
    for k in range(seed, seed + 20):
        rng = np.random.default_rng(k)
        p, w = some_items(rng)
        capacity, b = int(rng.integers(int(w.max()), int(w.sum()) + 2)), 2**10
        a = int(rng.integers(0, 2 * (b * int(p.sum()) // int(w.sum())) + 2)) * int(rng.random() < 0.7)
        first: dict[tuple[int, int], tuple[int, ...]] = {}
        for x in itertools.product((1, 0), repeat=len(p)):
            key = int(p @ np.array(x)), int(w @ np.array(x))
            if key[1] <= capacity:
                first.setdefault(key, x)  # products come in the order of choices
        worth = {(q, v): b * q - a * v for q, v in first}
        best = max(worth.values())
        gamma = int(rng.choice([0, b, 3 * b, best + 1]))
        budget = Budget(10**6)
        found = enumerate_leaf_states(p, w, capacity, a, b, gamma, budget)
        kept = sorted(
            (v, q) for (q, v), value in worth.items()
            if best - value <= gamma and not any(r >= q and u <= v and (r, u) != (q, v) for r, u in first)
        )  # fmt: skip
        assert found.best == best
        assert list(zip(found.weight.tolist(), found.profit.tolist(), strict=True)) == kept
        assert budget.is_unique
        for place, (v, q) in enumerate(kept):
            assert int(found.loss[place]) == best - worth[q, v]
            assert found.columns(place).tolist() == np.flatnonzero(first[q, v]).tolist()
        for one, other in itertools.combinations(range(len(kept)), 2):
            ours, theirs = set(found.columns(one).tolist()), set(found.columns(other).tolist())
            place = min(ours ^ theirs)
            assert found.differ(one, other) == (place, place in ours)


def test_a_bound_that_64_bits_do_not_hold_is_none() -> None:
    """Two items that are worth much set a price at which the weights of the others leave 64 bits together."""
    p, w = np.array([2**30, 2**30, *[1] * 100]), np.full(102, 2**20)
    with pytest.raises(OverflowError):
        compute_upper_bound(p, w, 2**20, 0, 2**26)


def caps(*rows: tuple[list[int], int]) -> CapRows:
    """Rows of columns and a cap, numbered in the order given."""
    return CapRows(
        tuple(range(len(rows))), tuple(np.array(c) for c, _ in rows), tuple(cap for _, cap in rows)
    )


def test_caps_that_cross_given_rows_go() -> None:
    every = caps(([0, 1, 2, 3], 9), ([1, 2], 5), ([0, 1], 4), ([2, 3], 4), ([3], 2))
    assert every.drop_crossing_caps(set()) is every
    left = every.drop_crossing_caps({2, 3})
    assert left.row == (2, 3, 4)  # the first and the second hold columns of both
    assert left.cap == (4, 4, 2)
    inner = caps(([0, 1, 2, 3], 9), ([0, 1], 5), ([0, 1], 4)).drop_crossing_caps({2})
    assert inner.row == (2, 1)  # of the same columns the given one goes outside
    assert caps(([0, 1], 5), ([1], 2), ([3], 1)).drop_crossing_caps({2}).row == (
        0,
        2,
        1,
    )  # all hold none of the third's


def test_a_cap_holds_something_back_where_the_last_column_is_taken_in_part() -> None:
    """By profit per cost the order is 2, 0, 3, 1."""
    profit, cost = np.array([8, 1, 9, 4]), np.array([4, 4, 3, 4])
    inner, other = CapTreeNode(1, 5, np.array([0, 3])), CapTreeNode(2, 4, np.array([1, 2]))

    def root(cap: int) -> CapTreeNode:
        return CapTreeNode(0, cap, np.zeros(0, dtype=np.int64), (inner, other))

    assert find_binding_caps([root(15)], profit, cost) == {1, 2}
    assert find_binding_caps([root(8)], profit, cost) == {0, 1}
    assert find_binding_caps([root(7)], profit, cost) == {0}
    assert find_binding_caps([root(9)], profit, cost) == {1, 2}
    assert find_binding_caps([CapTreeNode(0, 15, np.arange(4))], profit, cost) == set()
