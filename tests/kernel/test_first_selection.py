"""The first optimal selection in rank order is that of brute force and of the table over profits."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel import first_selection
from tnt_sim.kernel.cap_tree import best_choice
from tnt_sim.kernel.cap_tree.best_choice import maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.first_selection import _FlipSets, find_first_selection
from tnt_sim.kernel.knapsack import UNCOUNTED, TooManyStates, solve_knapsack
from tnt_sim.kernel.profit_frontier import recover_items


def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Items with many ties: few weights, profits that grow with them, equal items."""
    w = rng.integers(1, int(rng.choice([4, 12, 60, 900])), n)
    p = [w, w + 3, 2 * w + 5, 3 * w // 2 + 1, rng.integers(0, 5, n), np.rint(w / 10).astype(np.int64) + 2]
    return p[rng.integers(len(p))], w


@pytest.mark.parametrize("seed", seeds(range(120), 30))
def test_it_is_the_first_of_all_optima(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(4):
        p, w = draw(rng, int(rng.integers(1, 10)))
        capacity = int(rng.integers(0, w.sum() + 1))
        choices = np.array(list(itertools.product([1, 0], repeat=len(p))))  # the first in rank order first
        fits = choices[choices @ w <= capacity]
        profit, weight = fits @ p, fits @ w
        best = int(np.lexsort((np.arange(len(fits)), weight, -profit))[0])
        for most_sets in (1, 3, 30_000):
            found = find_first_selection(
                p, w, int(profit[best]), int(weight[best]), most_sets=most_sets, most_nodes=10**6
            )
            assert found.tolist() == fits[best].astype(bool).tolist()


@pytest.mark.parametrize("seed", seeds(range(20), 5))
def test_it_agrees_with_the_table_over_profits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, w = draw(rng, 60)
    best = solve_knapsack(p, w, int(w.sum()) * 45 // 100)
    expected = recover_items(p, w, best.profit, best.weight)
    for most_sets in (50, 30_000):
        found = find_first_selection(p, w, best.profit, best.weight, most_sets=most_sets, most_nodes=10**6)
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("is_next", [True, False])
def test_sets_of_flips_are_listed_in_the_order_of_their_selections(is_next: bool) -> None:
    """Every set within the limit, none twice, the first in rank order first, with its sums and its bounds."""
    rng = np.random.default_rng(4)
    for _ in range(60):
        n = int(rng.integers(1, 7))
        profit, weight = rng.integers(-9, 10, n), rng.integers(-9, 10, n)
        loss, taken, limit = rng.integers(0, 5, n), rng.integers(0, 2, n), float(rng.integers(0, 12))
        sets = _FlipSets()
        sets.next_merge = 10**9  # sets with equal sums stay
        for j in range(n) if is_next else range(n - 1, -1, -1):
            flip = int(profit[j]), int(weight[j]), float(loss[j])
            sets.grow(j, *flip, limit, is_taken=bool(taken[j]), is_next=is_next)
        assert (sets.least, sets.most) == (np.minimum(weight, 0).sum(), np.maximum(weight, 0).sum())
        flips = [np.array(x) for x in itertools.product((0, 1), repeat=n) if np.array(x) @ loss <= limit]
        flips.sort(key=lambda x: tuple(1 - (x ^ taken)))
        listed = [sorted(sets.list_items(place)) for place in range(len(sets))]
        assert listed == [np.flatnonzero(x).tolist() for x in flips]
        for place, x in enumerate(flips):
            sums = int(sets.profit[place]), int(sets.weight[place]), float(sets.loss[place])
            assert sums == (x @ profit, x @ weight, x @ loss)
        first = {}
        for x in flips:
            first.setdefault((int(x @ profit), int(x @ weight)), np.flatnonzero(x).tolist())
        sets.merge_equal()
        assert [sorted(sets.list_items(place)) for place in range(len(sets))] == list(first.values())


def correlated(n: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Amounts in cents and scores that grow with them; SYNTHETIC."""
    rng = np.random.default_rng(n)
    w = np.clip(rng.lognormal(15.6, 0.9, n), 500_000, 200_000_000).astype(np.int64)
    return w + 1_000_000, w, int(w.sum()) * 45 // 100


@pytest.mark.parametrize("n", [300, pytest.param(2_000, marks=pytest.mark.slow)])
def test_a_tree_settles_scores_that_grow_with_the_amounts(n: int) -> None:
    p, w, capacity = correlated(n)
    best = maximise_under_tree(p, w, CapTreeNode(0, capacity, np.arange(n)))
    assert best.canonical
    taken = np.isin(np.arange(n), best.columns)
    assert (int(p[taken].sum()), int(w[taken].sum())) == (best.profit, best.weight)
    # a limit of the lists changes the search and not its end
    other = find_first_selection(p, w, best.profit, best.weight, most_sets=15_000, most_nodes=10**6)
    assert other.tolist() == taken.tolist()
    # it ranks before the selection that exchanges find
    found = solve_knapsack(p, w, capacity)
    assert (found.profit, found.weight, found.ways) == (best.profit, best.weight, UNCOUNTED)
    differs = np.flatnonzero(taken != found.taken)
    assert len(differs)
    assert taken[differs[0]]


def test_it_ends_at_its_limits() -> None:
    p, w, capacity = correlated(300)
    best = solve_knapsack(p, w, capacity)
    with pytest.raises(TooManyStates):
        find_first_selection(p, w, best.profit, best.weight, most_sets=10, most_nodes=5)
    with pytest.raises(DeadlineExpired):
        find_first_selection(p, w, best.profit, best.weight, Deadline(0.0))
    with pytest.raises(ArithmeticError):
        find_first_selection(np.array([2, 3]), np.array([2, 3]), 4, 4)


def test_lists_of_equal_items_stay_within_their_work_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five and six hundred euros, scores in proportion: every list grows, and none may hold all its flips."""
    w = np.random.default_rng(1).choice([5, 6], 1_000) * 10_000
    best = solve_knapsack(w, w, int(w.sum()) * 45 // 100)
    for name in ("MOST_WORK", "MOST_LINKS"):
        with monkeypatch.context() as patch:
            patch.setattr(first_selection, name, 500)
            with pytest.raises(TooManyStates):
                find_first_selection(w, w, best.profit, best.weight)


def test_an_optimum_stands_when_time_ends_before_the_first_of_its_equals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    p, w, capacity = correlated(300)
    now = [0.0]

    def lose_time(*_: object, **__: object) -> None:
        now[0] = 2.0
        raise DeadlineExpired

    monkeypatch.setattr(best_choice, "find_first_selection", lose_time)
    monkeypatch.setattr(best_choice, "TIE_CELLS", 1)
    tree = CapTreeNode(0, capacity, np.arange(len(p)))
    best = maximise_under_tree(p, w, tree, deadline=Deadline(1.0, lambda: now[0]))
    assert now == [2.0]
    expected = solve_knapsack(p, w, capacity)
    assert (best.profit, best.weight, best.canonical) == (expected.profit, expected.weight, False)
    assert int(p[best.columns].sum()) == best.profit


@pytest.mark.parametrize("ways", [2, UNCOUNTED])
def test_the_tree_search_is_asked_only_where_the_core_could_count(
    ways: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where equals are too many to count it would meet the same states; the optimum stands, not its rank."""
    p, w, capacity = np.array([2, 2, 3]), np.array([2, 2, 3]), 4
    best = replace(solve_knapsack(p, w, capacity), ways=ways)
    monkeypatch.setattr(best_choice, "solve_knapsack", lambda *_: best)
    monkeypatch.setattr(best_choice, "_find_first_optimum", lambda *_: None)
    asked: list[bool] = []
    right = best_choice.maximise_in_tree

    def search(*given: Any) -> Any:
        asked.append(True)
        return right(*given)

    monkeypatch.setattr(best_choice, "maximise_in_tree", search)
    answer = maximise_under_tree(p, w, CapTreeNode(0, capacity, np.arange(3)))
    assert (answer.profit, answer.weight) == (4, 4)
    assert (bool(asked), answer.canonical) == ((False, False) if ways == UNCOUNTED else (True, True))
