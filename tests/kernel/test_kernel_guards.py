"""Kernels look at the clock in every long loop, keep their numbers within 64 bits, and end their own loops."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel import profit_frontier as curves
from tnt_sim.kernel import profit_frontier as fronts
from tnt_sim.kernel.blocks import states as lists
from tnt_sim.kernel.blocks.joined_blocks import NOTHING_AHEAD, Block, Joining
from tnt_sim.kernel.blocks.states import BlockStates as Partial
from tnt_sim.kernel.cap_tree import best_choice as group
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.leaves import BudgetedNode, build_leaf
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.states import NOWHERE, ROOM, Budget, StateSums, TreeStates, filter_undominated
from tnt_sim.kernel.cap_tree.tree_search import BITS, LEAST_BITS, InnerNode, TreeTask
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.minimum_addition import _convolve_min_plus

LATE = Deadline(0.0)
ONE, TWO = np.array([1]), np.array([1, 2])


def test_a_long_leaf_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    profit, weight = np.array([3, 2, 4]), np.array([2, 2, 3])
    for module, ask in (
        (fronts, lambda: fronts.build_frontier(profit, weight, 5, LATE)),
        (fronts, lambda: fronts._select_exactly(profit, weight, 6, 5, LATE)),
        (curves, lambda: curves.build_curve(profit, weight, LATE)),
    ):
        monkeypatch.setattr(module, "CELLS_PER_LOOK", 1)
        with pytest.raises(DeadlineExpired):
            ask()


def test_points_of_a_part_are_combined_with_a_look_at_the_clock() -> None:
    with pytest.raises(DeadlineExpired):
        _convolve_min_plus(
            np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), LATE
        )


def test_each_chunk_of_pairs_is_a_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "CHUNK", 3)
    whole, none = np.zeros((1, 3), dtype=np.int64), np.zeros(3)
    states = Partial(np.arange(3), whole, none, none, np.ones(3, dtype=np.int64))
    other = replace(states, used=whole.copy())
    clock = StepClock()
    joining = Joining(1.0, 1.0, NOTHING_AHEAD, lambda _: None, Deadline(10, clock))
    joined = joining._join_pair(Block(0, ONE, states=states), Block(1, ONE, states=other), NOTHING_AHEAD)
    assert len(joined.states.value) == 9
    assert clock.readings == 1 + 3 + 1  # to set it, for each chunk, and before all are written down


class Part:
    """A part of one state, that counts how often it is asked."""

    size = 1

    def __init__(self, weight: int, profit: int = 1) -> None:
        self.weight, self.profit, self.asked = weight, profit, 0

    def compute_tangent(self, a: int) -> tuple[int, int]:
        return (self.profit, self.weight) if self.profit > a * self.weight else (0, 0)

    def list_least_losses(self, a: int, count: int) -> np.ndarray:
        return np.array([abs(self.profit - a * self.weight)])

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        self.asked += 1
        assert self.asked < 20, "asked for the same again and again"
        worth = np.array([0, self.profit - a * self.weight])
        weight, profit = np.array([0, self.weight]), np.array([0, self.profit])
        found = TreeStates(
            profit, weight, worth.max() - worth, int(worth.max()), lambda k: np.arange(k), lambda *_: NOWHERE
        )
        return found.filter_within(gamma)


def test_a_part_with_own_money_refuses_prices_beyond_64_bits() -> None:
    rich = BudgetedNode(Part(2**40, 2**41), 0)
    assert len(rich.enumerate_states(2**21, 0).weight) == 1
    with pytest.raises(OverflowError, match="64 bits"):
        rich.enumerate_states(2**22, 2**62)


@pytest.mark.parametrize(("own", "gamma", "asked"), [(0, 0, 1), (3, 0, 1), (3, 5, 1), (2, 0, 1)])
def test_a_part_with_own_money_is_asked_no_more_than_it_must(own: int, gamma: int, asked: int) -> None:
    part = Part(3, 7)
    BudgetedNode(part, own).enumerate_states(1, gamma)
    assert part.asked == asked


@pytest.mark.parametrize("seed", seeds(range(60), 20))
def test_a_part_with_own_money_tells_what_it_needs_beyond(seed: int) -> None:
    """Of choices that need as much the one that is worth most, within a loss of the best at the price."""
    rng = np.random.default_rng(seed)
    n, b = int(rng.integers(1, 6)), 2**6
    p, w = rng.integers(1, 9, n), rng.integers(1, 9, n)
    own, a = int(rng.integers(0, int(w.sum()) + 2)), int(rng.integers(0, 3 * b))
    leaf = build_leaf(CapTreeNode(0, int(w.sum()), np.arange(n)), p, w, b, Budget(10**5), BoundedMemo())
    gamma = int(rng.choice([0, b, 5 * b]))
    most: dict[int, int] = {}
    for x in itertools.product((0, 1), repeat=n):
        need = max(0, int(w @ np.array(x)) - own)
        most[need] = max(most.get(need, 0), int(p @ np.array(x)))
    worth = {need: b * profit - a * need for need, profit in most.items()}
    best = max(worth.values())
    found = BudgetedNode(leaf, own).enumerate_states(a, gamma)
    assert found.best == best
    kept = [
        (need, profit, best - worth[need]) for need, profit in sorted(most.items())
        if best - worth[need] <= gamma and all(q < profit for other, q in most.items() if other < need)
    ]  # fmt: skip
    assert list(zip(found.weight.tolist(), found.profit.tolist(), found.loss.tolist(), strict=True)) == kept


def test_a_node_looks_at_the_clock_for_each_of_its_prices() -> None:
    with pytest.raises(DeadlineExpired):
        InnerNode([Part(3), Part(4)], 5, 8, Budget(100, deadline=LATE), 1)


def task(profit: np.ndarray, weight: np.ndarray, grain: int = 1) -> TreeTask:
    return TreeTask(profit, weight, 1, 1000, BoundedMemo(), grain, None, UNLIMITED)


@pytest.mark.parametrize("worth", [3, 2**20 - 1, 2**20, 2**30, 2**40 + 1])
def test_prices_are_as_fine_as_64_bits_let_them_be(worth: int) -> None:
    asked: list[int] = []

    def refuse(b: int) -> None:
        asked.append(b)
        raise OverflowError

    root = CapTreeNode(0, 10, TWO - 1)
    with pytest.raises(OverflowError, match="leave 64 bits"):
        task(np.array([worth - 1, 1]), TWO).call_with_precision(root, refuse)
    assert asked[0] * worth < ROOM
    assert asked[0] == 2**BITS or asked[0] * worth >= ROOM // 2
    coarser = [asked[0] >> shift for shift in (0, 8, 16)]
    assert asked == [b for b in coarser if b >= 2**LEAST_BITS]


def test_of_one_weight_only_the_state_of_most_profit_stays() -> None:
    kept, equal, whose = filter_undominated(np.array([2, 1, 2, 3, 3, 1, 4]), np.array([5, 4, 6, 6, 7, 4, 7]))
    assert kept.tolist() == [1, 2, 4]
    assert (equal.tolist(), whose.tolist()) == ([5], [0])


def test_a_sum_of_no_state_is_no_sum() -> None:
    """Each part is too heavy for the cap but for nothing at all, which costs more than is asked for."""
    node = InnerNode([Part(3, 9), Part(4, 9)], 2, 1, Budget(1000), 1)
    assert node.can_reach(0)
    assert not node.can_reach(1)
    states, k = node.find_best()
    assert (states.profit[k], states.weight[k]) == (0, 0)
    # here the first look finds no sum at all
    states, k = InnerNode([Part(6, 50), Part(6, 50)], 4, 1, Budget(1000), 1).find_best()
    assert (states.profit[k], states.weight[k]) == (0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_any_price_of_a_node_bounds_the_same_best_choice(seed: int) -> None:
    """The price that is looked for gives the least bound, a given one some bound; the choice is the same."""
    rng = np.random.default_rng(seed)
    n, b = 6, 2**8
    p, w = rng.integers(1, 9, n), rng.integers(1, 9, n)
    caps, whole = [int(w[:3].sum()) * 2 // 3, int(w[3:].sum())], int(w.sum()) // 2
    nodes = [CapTreeNode(k + 1, cap, np.arange(3) + 3 * k) for k, cap in enumerate(caps)]
    best = max(
        int(p @ np.array(x))
        for x in itertools.product((0, 1), repeat=n)
        if w[:3] @ np.array(x[:3]) <= caps[0] and w @ np.array(x) <= whole
    )

    def build(price: int | None) -> InnerNode:
        budget = Budget(10**6)
        leaves = [build_leaf(node, p, w, b, budget, BoundedMemo()) for node in nodes]
        return InnerNode(leaves, whole, b, budget, 1, price)

    least = build(None).full
    assert least >= b * best
    for price in range(0, 6 * b, b // 2):
        node = build(price)
        assert node.full >= least
        states, k = node.find_best()
        assert (int(states.profit[k]), int(states.weight[k]) <= whole) == (best, True)


def test_a_single_cap_is_a_plain_knapsack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose profits may be too large for a tree's states."""

    def never(*_: object, **__: object) -> None:
        raise TooManyStates

    monkeypatch.setattr(group, "maximise_in_tree", never)
    found = group.maximise_under_tree(
        np.array([5, 4, 3]), np.array([3, 2, 2]), CapTreeNode(0, 4, np.arange(3))
    )
    assert (found.columns.tolist(), found.profit, found.weight, found.canonical) == ([1, 2], 7, 4, True)


def test_sums_compare_heavier_equals_only_where_weight_is_no_goal() -> None:
    """2 is reached by a weight of 3 and by one of 2."""
    some = [Part(weight, 2).enumerate_states(0, 9) for weight in (3, 2)]
    for heavier, compared in ((False, 0), (True, 1)):
        budget = Budget(100)
        before = budget.ties
        sums = StateSums(some, 9, 9, budget, heavier=heavier)
        assert before - budget.ties == compared
        assert (sums.profit.tolist(), sums.weight.tolist()) == ([0, 2, 4], [0, 2, 5])


@pytest.mark.parametrize("seed", seeds(range(60), 20))
def test_a_node_tells_the_best_of_its_parts_at_a_price(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, w = rng.integers(1, 9, 6), rng.integers(1, 9, 6)
    halves = [np.arange(3), np.arange(3, 6)]
    first, second, cap = (int(rng.integers(0, 20)) for _ in range(3))
    leaves = tuple(
        CapTreeNode(k + 1, cap, half)
        for k, (half, cap) in enumerate(zip(halves, (first, second), strict=True))
    )
    b, a = 2**8, int(rng.integers(0, 2**10))
    node = task(p, w).build_node(CapTreeNode(0, cap, halves[0][:0], leaves), b, Budget(10**5))
    worth = [
        b * int(p @ x) - a * int(w @ x)
        for x in map(np.array, itertools.product((0, 1), repeat=6))
        if w @ x <= cap and w[:3] @ x[:3] <= first and w[3:] @ x[3:] <= second
    ]
    found = node.enumerate_states(a, 0)
    assert found.best == max(worth)
    assert found.loss.tolist() == [0]
    assert b * int(found.profit[0]) - a * int(found.weight[0]) == max(worth)
