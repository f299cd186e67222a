"""Coefficients that would leave 64 bits are refused, never wrapped; columns of a model are never negative."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tnt_sim.formulation.builder import Builder
from tnt_sim.rules.linear_terms import Terms, Unit, combine


def terms(value: int) -> Terms:
    one, none = np.array([value], dtype=np.int64), np.zeros(1, dtype=np.int64)
    return Terms(Fraction(1), Unit.NUMBER, one, none)


def test_a_sum_of_terms_that_would_wrap_is_refused() -> None:
    largest = 2**62 - 1
    assert combine([(1, terms(largest)), (1, terms(largest))]).per_funded.tolist() == [2 * largest]
    with pytest.raises(OverflowError, match="64-bit"):
        combine([(1, terms(largest))] * 3)
    with pytest.raises(OverflowError, match="64-bit"):
        combine([(1, terms(-largest))] * 3)


def test_a_column_may_not_be_negative() -> None:
    builder = object.__new__(Builder)
    with pytest.raises(ValueError, match="negative"):
        builder.add_column("x", -1, 1)
