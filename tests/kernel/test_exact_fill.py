"""A selection that meets the bounds is an optimum of least weight, and correlated lists have one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.exact_fill import _combine_moves, fill_exactly
from tnt_sim.kernel.knapsack import UNCOUNTED, can_reach_profit, solve_knapsack


def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Items by falling efficiency that fit each and not together; profits grow with weights, or do not."""
    n, top = int(rng.integers(2, 10)), int(rng.choice([3, 12, 60]))
    w = rng.integers(1, top + 1, n)
    w[1:] = np.maximum(1, w[1:])
    p = [w, w + 3, 2 * w + 5, 3 * w // 2 + 1, rng.integers(1, top + 1, n), np.maximum(1, w - 1)][
        rng.integers(6)
    ]
    order = np.argsort(-(p / w), kind="stable")
    capacity = int(rng.integers(w.max(), max(w.max() + 1, w.sum())))
    return p[order], w[order], capacity


@pytest.mark.parametrize("seed", seeds(range(200), 40))
def test_what_it_returns_is_optimal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(5):
        p, w, capacity = draw(rng)
        taken = fill_exactly(p, w, capacity, UNLIMITED)
        if taken is None:
            continue
        choices = (np.array(x, dtype=bool) for x in itertools.product([0, 1], repeat=len(p)))
        best = max((int(p[x].sum()), -int(w[x].sum())) for x in choices if w[x].sum() <= capacity)
        assert (int(p[taken].sum()), -int(w[taken].sum())) == best


def test_one_move_or_two_without_a_common_item_fill_the_gap() -> None:
    """The items of a move differ by powers of two, so that no two sets of moves change the weight alike."""
    n_pairs = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        n = 12
        weight = 2 ** random.permutation(2 * n)[:n].astype(np.int64)
        inside = np.arange(n) < n // 2
        moves = np.stack([random.integers(0, n // 2, 6), random.integers(n // 2, n, 6)])
        moves = np.unique(moves, axis=1)
        change = (weight[moves[1]] - weight[moves[0]]).tolist()
        k, j = random.integers(0, moves.shape[1], 2).tolist()
        for places in ((k,), (k, j)):
            chosen = _combine_moves(weight, inside, moves, sum(change[place] for place in places))
            items = moves[:, places].ravel().tolist()
            if len(set(items)) == len(items):
                assert chosen is not None, seed
                assert np.flatnonzero(chosen != inside).tolist() == sorted(items)
                n_pairs += len(places) - 1
        assert _combine_moves(weight, inside, moves, 1 + 2 ** (2 * n)) is None
    assert n_pairs > 20


def correlated(n: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Amounts in cents and scores that grow with them; SYNTHETIC."""
    rng = np.random.default_rng(n)
    w = np.clip(rng.lognormal(15.6, 0.9, n), 500_000, 200_000_000).astype(np.int64)
    return w + 1_000_000, w, int(w.sum()) * 45 // 100


@pytest.mark.parametrize("n", [300, 2_000, 10_000])
def test_scores_that_grow_with_the_amounts_are_settled(n: int) -> None:
    p, w, capacity = correlated(n)
    best = solve_knapsack(p, w, capacity)
    count = int(np.searchsorted(np.cumsum(np.sort(w)), capacity, side="right"))
    assert best.profit == capacity + 1_000_000 * count
    assert best.weight == capacity
    assert best.ways == UNCOUNTED
    assert can_reach_profit(p, w, capacity, best.profit)
    assert not can_reach_profit(p, w, capacity, best.profit + 1)


@pytest.mark.parametrize("n", [1_000, 2_000])
def test_scores_below_the_amounts_by_a_constant_are_settled(n: int) -> None:
    """The fewest dossiers that fill the capacity are best, so that the lists begin among the largest amounts."""
    _, w, capacity = correlated(n)
    best = solve_knapsack(w - 400_000, w, capacity)
    count = int(np.searchsorted(np.cumsum(np.sort(w)[::-1]), capacity, side="left")) + 1
    assert best.profit == capacity - 400_000 * count
    assert best.weight == capacity


def test_a_subset_sum_is_settled() -> None:
    _, w, capacity = correlated(2_000)
    best = solve_knapsack(w, w, capacity)
    assert (best.profit, best.weight) == (capacity, capacity)


def test_it_looks_at_the_clock() -> None:
    p, w, capacity = correlated(2_000)
    with pytest.raises(DeadlineExpired):
        fill_exactly(p, w, capacity, Deadline(0.0))
