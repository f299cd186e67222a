"""Sums of rows bound what any point gains, and under one cap the choice is the best, the cheapest, the first."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.by_hand import system
from support.systems.drawn import points, random_system
from support.systems.under_caps import tree_system

from tnt_sim.certify import row_sum_bound as by_prices
from tnt_sim.certify.row_sum_bound import relax_to_knapsacks, solve_relaxation
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.prove.proof_lp import build_row_groups


def single(rng: Random) -> System:
    """A random system in which every choice is alone in its block."""
    while True:
        found = random_system(rng)
        if found.n_choices == len(found.must):
            return found


@pytest.mark.parametrize("first", seeds(range(0, 300, 50), 2))
def test_no_point_gains_more_than_the_sums_let_it(first: int) -> None:
    bounds = exact = 0
    for seed in range(first, first + 50):
        rng = Random(seed)
        whole = single(rng) if seed % 2 else tree_system(rng)[0]
        gain = np.array([rng.randint(-3, 9) for _ in range(whole.n_cols)])
        held = points(whole)
        groups = build_row_groups(whole, gain)
        if groups is None:
            assert not held
            continue
        try:
            found = relax_to_knapsacks(whole, gain, gain, groups)
        except MultiplierError:
            continue  # a negative sum: nothing is claimed
        best = max((int(gain @ np.array(x)) for x in held), default=None)
        if found is None:
            assert best is None
            continue
        answer = solve_relaxation(found)
        assert best is None or answer.bound >= best
        assert answer.bound == int(gain[: whole.n_choices] @ answer.taken) + found.rest
        bounds += 1
        exact += answer.bound == best
    assert bounds > 15
    assert exact > 5


@pytest.mark.parametrize("seed", seeds(range(40), 15))
def test_under_one_cap_the_choice_is_the_best_the_cheapest_and_the_first(seed: int) -> None:
    rng = Random(seed)
    n = rng.randint(1, 7)
    cost, gain = ([rng.randint(low, 5) for _ in range(n)] for low in (1, -1))
    room = rng.randint(0, sum(cost))
    whole = system((cost, room))
    must = np.array([c <= room and rng.random() < 0.1 for c in cost])
    whole = replace(whole, must=must, high=np.array([int(m or rng.random() < 0.9) for m in must]))
    free = [x for x in product((1, 0), repeat=n) if sum(a * b for a, b in zip(x, cost, strict=True)) <= room]
    free = [x for x in free if all(m <= a <= h for a, m, h in zip(x, must, whole.high, strict=True))]
    found = relax_to_knapsacks(whole, np.array(gain), np.array(cost), [{"row 0": 2}])
    if found is None:
        assert not free
        return
    answer = solve_relaxation(found)
    worth = {x: (int(np.array(gain) @ x), -int(np.array(cost) @ x)) for x in free}
    assert tuple(answer.taken.astype(int).tolist()) == max(free, key=lambda x: (*worth[x], x))
    assert answer.bound == max(worth.values())[0]
    assert found.cheapest


@pytest.mark.parametrize("seed", range(12))
def test_sums_that_share_no_choice_bound_what_each_lets_in(seed: int) -> None:
    """Two caps over different choices, some of which weigh nothing or lie under neither: the bound is exact."""
    rng = Random(seed)
    n = rng.randint(3, 6)
    under = [rng.randint(0, 2) for _ in range(n)]
    weights = [[rng.randint(0, 4) if under[c] == k else 0 for c in range(n)] for k in (0, 1)]
    rooms = [rng.randint(0, 5) for _ in weights]
    gain = np.array([rng.randint(-1, 5) for _ in range(n)])
    whole = system(*zip(weights, rooms, strict=True), ([1] * n, n))
    found = relax_to_knapsacks(whole, gain, gain, [{"row 0": 1, "a row left out": 3}, {"row 1": 2}])
    assert found is not None
    best = max(int(gain @ np.array(x)) for x in points(whole))
    answer = solve_relaxation(found)
    assert (answer.bound, int(gain @ answer.taken)) == (best, best)
    for pack in found.packs:
        assert (pack.weight > 0).all()


def test_a_choice_that_alone_is_left_to_its_sum_is_taken_at_the_limit() -> None:
    gain = np.array([1, 1])
    must = replace(system(([2, 3], 2)), must=np.array([True, False]))
    assert relax_to_knapsacks(must, gain, gain, [{"row 0": 1}]) is not None
    assert relax_to_knapsacks(replace(must, must=np.array([False, True])), gain, gain, [{"row 0": 1}]) is None


def test_sums_that_cannot_be_knapsacks_are_refused() -> None:
    gain = np.array([1, 1])
    for rows, groups, told in (
        ([([1, -1], 1)], [{"row 0": 1}], "negative coefficient"),
        ([([1, 1], 1)], [{"row 0": 0}], "not positive"),
        ([([1, 1], 1)], [{"row 0": -1}], "not positive"),
        ([([1, 1], 1), ([0, 1], 1)], [{"row 0": 1}, {"row 1": 1}], "share a choice"),
    ):
        with pytest.raises(MultiplierError, match=told):
            relax_to_knapsacks(system(*rows), gain, gain, groups)
    several = replace(system(([1, 1], 1)), block=np.array([0, 0]), must=np.zeros(1, dtype=np.bool_))
    with pytest.raises(MultiplierError, match="several amounts"):
        relax_to_knapsacks(several, gain, gain, [])


def test_what_free_columns_may_add_counts_at_its_most() -> None:
    """x + t ≤ 3 with 1 ≤ t ≤ 2 and a gain of 5 or −5 a unit: t takes 1 of the room, and brings 10 or −5."""
    whole = replace(
        system(([2, 1], 3)), block=np.array([0, -1]), must=np.zeros(1, dtype=np.bool_),
        low=np.array([0, 1]), high=np.array([1, 2]),
    )  # fmt: skip
    for gain, rest in ((5, 10), (-5, -5)):
        found = relax_to_knapsacks(whole, np.array([7, gain]), np.array([2, 1]), [{"row 0": 1}])
        assert found is not None
        assert (found.rest, found.packs[0].room) == (rest, 2)
        assert solve_relaxation(found).bound == 7 + rest


def test_weights_that_are_no_grants_are_not_said_to_be_the_cheapest() -> None:
    whole, gain = system(([1, 2], 3)), np.array([1, 1])
    for cost, cheapest in (([3, 6], True), ([3, 5], False)):
        found = relax_to_knapsacks(whole, gain, np.array(cost), [{"row 0": 1}])
        assert found is not None
        assert found.cheapest is cheapest


def test_a_knapsack_of_too_many_states_is_solved_as_a_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, gain = system(([2, 3, 4], 6)), np.array([3, 3, 5])
    found = relax_to_knapsacks(whole, gain, gain, [{"row 0": 1}])
    assert found is not None
    plain = solve_relaxation(found)

    def full(*_: object, **__: object) -> None:
        raise TooManyStates("full")

    monkeypatch.setattr(by_prices, "solve_knapsack", full)
    again = solve_relaxation(found)
    assert (
        (again.bound, again.taken.tolist()) == (plain.bound, plain.taken.tolist()) == (8, [True, False, True])
    )
    monkeypatch.setattr(by_prices, "build_curve", full)
    with pytest.raises(MultiplierError, match="too large"):
        solve_relaxation(found)
