"""Prices of rows are those of the linear program; multipliers are whole, fit 64 bits and close what is empty."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.by_hand import system
from support.systems.drawn import points, random_system

from tnt_sim.certify.system import STAGE, System, compute_slack, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.proof_lp import (
    LARGEST_MULTIPLIER,
    LARGEST_RATIO,
    LpSolution,
    LpStatus,
    ProofLp,
    _round_prices,
    build_row_groups,
    compute_row_prices,
    round_multipliers,
)


def with_goal(rng: Random) -> System:
    """A random system, the last row of which is the goal."""
    whole = random_system(rng)
    gain = np.array([rng.randint(-9, 4) for _ in range(whole.n_cols)], dtype=np.int64)
    return whole.with_rows(
        whole.rows.with_row(np.arange(whole.n_cols), gain, rng.randint(-9, 0), f"{STAGE}x:better")
    )


@pytest.mark.parametrize("first", seeds(range(0, 240, 60), 1))
def test_multipliers_are_as_strong_as_the_linear_program(first: int) -> None:
    """Strong duality: the slack of the rounded prices is what the goal has left, and rays leave less than none."""
    answers = []
    for seed in range(first, first + 60):
        whole = with_goal(Random(seed))
        goal, box = whole.rows.goal, whole.build_box()
        solution = ProofLp(whole, goal).solve(box)
        answers.append(solution.answer)
        index, y = round_multipliers(whole, solution.compute_multipliers())
        slack = compute_slack(whole, box, weigh(whole, index, y))[0]
        inside = points(whole.with_rows(replace(whole.rows, upper=np.append(whole.rows.upper[:-1], 10**6))))
        if solution.answer is LpStatus.EMPTY:
            assert not inside, seed
            assert slack < 0, seed
            continue
        assert solution.answer is LpStatus.BOUNDED, seed
        scale = float(y[index == goal][0])
        assert slack / scale == pytest.approx(float(whole.rows.upper[goal]) - solution.cost, abs=1e-6), seed
        row = np.zeros(whole.n_cols, dtype=np.int64)
        row[whole.rows.col[whole.rows.row == goal]] = whole.rows.value[whole.rows.row == goal]
        assert all(int(row @ np.array(x)) >= solution.cost - 1e-6 for x in inside), seed
        assert float(row @ solution.x) == pytest.approx(solution.cost, abs=1e-6)
    assert min(answers.count(answer) for answer in (LpStatus.EMPTY, LpStatus.BOUNDED)) > 3


def test_a_program_that_moves_from_box_to_box_answers_as_a_new_one() -> None:
    for seed in range(40):
        rng = Random(seed)
        whole = with_goal(rng)
        moving = ProofLp(whole, whole.rows.goal)
        for _ in range(6):
            box = whole.build_box()
            for c in range(whole.n_choices):
                box.open[c] &= rng.random() < 0.8
            for k in range(len(box.must)):
                box.must[k] |= rng.random() < 0.3
            if len(box.low):
                box.high[0] = rng.randint(int(box.low[0]), int(box.high[0]))
            solution, fresh = moving.solve(box), ProofLp(whole, whole.rows.goal).solve(box)
            assert solution.answer is fresh.answer, seed
            if solution.answer is LpStatus.BOUNDED:
                assert solution.cost == pytest.approx(fresh.cost, abs=1e-6), seed


def test_a_ray_closes_a_system_with_either_sign() -> None:
    nothing = np.zeros(0)
    for answer, prices, kept in (
        (LpStatus.EMPTY, [1.0, 0.0], [1.0, 0.0]), (LpStatus.EMPTY, [-1.0, 0.0], [1.0, 0.0]),
        (LpStatus.EMPTY, [-1.0, 2.0], [0.0, 2.0]), (LpStatus.EMPTY, [-2.0, 1.0], [2.0, 0.0]),
        (LpStatus.EMPTY, [], []), (LpStatus.BOUNDED, [-2.0, 1.0], [0.0, 1.0]),
    ):  # fmt: skip
        solution = LpSolution(answer, nothing, 0.0, np.array(prices))
        assert solution.compute_multipliers().tolist() == kept


@pytest.mark.parametrize("size", [1, 10**6, 10**12])
def test_multipliers_keep_the_ratios_of_prices_and_fit_64_bits(size: int) -> None:
    whole = system(([3, size], size), ([size, 1], 2), ([1, 1], 1))
    prices = np.array([0.3, 1e-3, -1.0])
    index, y = round_multipliers(whole, prices)
    assert index.tolist() == [0, 1]
    assert y[0] / y[1] == pytest.approx(300.0, rel=1e-3)
    solution = weigh(whole, index, y)
    assert 2**58 < max(abs(solution.limit), int(np.abs(solution.cost).sum())) < 2**62
    none, nothing = round_multipliers(whole, np.array([0.0, -1.0, 0.0]))
    assert (len(none), len(nothing)) == (0, 0)


def test_multipliers_that_round_to_nothing_are_left_out() -> None:
    """Of two prices in a ratio of many bits the smaller one is kept down to a multiplier of one."""
    whole, least = system(([1, 0], 1), ([0, 1], 1)), set()
    for bits in range(40, 70):
        index, y = round_multipliers(whole, np.array([1.0, 2.0**-bits]))
        assert len(index) == len(y) > 0
        assert index.tolist() == [0, 1][: len(y)]
        assert (len(y) == 2) is (int(y[0]) >> bits > 0)
        least.add(int(y[-1]))
    assert 1 in least


def test_without_an_optimum_there_are_no_prices() -> None:
    gain = np.array([1, 1])
    assert compute_row_prices(system(([1, 1], -1)), gain) is None
    assert compute_row_prices(system(([1, 1], 1)), gain, Deadline(0.0)) is None
    assert build_row_groups(system(([1, 1], 1)), gain, Deadline(0.0)) is None


def test_rows_of_one_price_that_share_columns_are_one_group() -> None:
    """Money moves from the first row to the second by the last column, which leaves their sum."""
    whole = replace(
        system(([4, 0, 1], 4), ([0, 3, -1], 0), ([1, 0, 0], 1)), block=np.array([0, 1, -1]),
        must=np.zeros(2, dtype=np.bool_), high=np.array([1, 1, 4]),
    )  # fmt: skip
    assert build_row_groups(whole, np.array([4, 4, 0])) == [{"row 0": 1, "row 1": 1}]
    apart = system(([2, 1, 0, 0], 2), ([0, 0, 2, 1], 2))
    assert build_row_groups(apart, np.array([2, 2, 3, 3])) == [{"row 0": 1}, {"row 1": 1}]
    assert build_row_groups(apart, np.zeros(4, dtype=np.int64)) == []
    assert build_row_groups(system(([1, 1], -1)), np.array([1, 1])) is None


def test_prices_are_those_of_the_linear_program() -> None:
    prices = compute_row_prices(system(([2, 1, 0], 2), ([0, 0, 2], 1)), np.array([4, 3, 6]))
    assert prices is not None
    assert prices.tolist() == [2.0, 3.0]


def test_prices_become_whole_numbers_in_their_ratio() -> None:
    assert _round_prices(np.array([0.5, 0.75]), ["a", "b"]) == {"a": 2, "b": 3}
    assert _round_prices(np.array([3.0]), ["a"]) == {"a": 1}
    near = _round_prices(np.array([1.0, 1.0 + 0.4 / LARGEST_RATIO]), ["a", "b"])
    assert near == {"a": 1, "b": 1}
    far = _round_prices(np.array([1e-3, 7e6]), ["a", "b"])
    assert far == {"a": 1, "b": LARGEST_MULTIPLIER}
