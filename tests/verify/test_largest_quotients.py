"""The order of a reserve list: exact quotients, whether floats tell them apart or not."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np

from tnt_sim.verify.step_reading import sort_by_quotient


def expected(numerator: list[int], denominator: list[int]) -> list[int]:
    def key(k: int) -> tuple[Fraction, int]:
        return -Fraction(numerator[k], denominator[k]), k

    return sorted(range(len(numerator)), key=key)


def order(numerator: list[int], denominator: list[int]) -> list[int]:
    found = sort_by_quotient(np.array(numerator, dtype=np.int64), np.array(denominator, dtype=np.int64))
    return found.tolist()


def test_drawn_quotients_with_ties_and_neighbours_of_floats() -> None:
    for seed in range(300):
        dice = random.Random(seed)
        top = dice.choice([3, 50, 10**6, 2**53, 2**62])
        n = dice.randint(0, 40)
        numerator = [dice.randint(-top if dice.random() < 0.3 else 0, top) for _ in range(n)]
        denominator = [dice.randint(1, top) for _ in range(n)]
        for k in range(0, n - 1, 3):  # what floats do not tell apart
            numerator[k + 1], denominator[k + 1] = numerator[k], max(1, denominator[k] - dice.randint(0, 1))
        assert order(numerator, denominator) == expected(numerator, denominator), seed


def test_many_that_differ_in_the_last_place_alone() -> None:
    numerator = [2**60 - dice for dice in random.Random(1).sample(range(1000), 200)]
    assert order(numerator, [2**61 - 1] * 200) == expected(numerator, [2**61 - 1] * 200)
