"""Proofs at their limits: a system whose only point lies on the limit is not closed; sums stay in 64 bits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import gcd
from random import Random
from typing import Any

import numpy as np
import pytest
from support.systems.by_hand import closed, system
from support.systems.drawn import points, random_system

from tnt_sim.certify.cap_tree_bound import is_closed_by_caps
from tnt_sim.certify.certificate import MAX_DEPTH, CertificateError, _parse_tree, _Tree, check_refutation
from tnt_sim.certify.claim_systems import ClaimGoal
from tnt_sim.certify.decomposition import decompose_system
from tnt_sim.certify.derived_rows import Recipe, _tighten_row, derive_cut, tighten_system
from tnt_sim.certify.system import MultiplierError, Rows, System, compute_slack, reduce_system, weigh
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.prove.refutation import refute


@pytest.mark.parametrize(("limit", "empty"), [(-2, False), (-3, True)])
def test_pieces_close_nothing_that_holds_a_point_at_the_limit(limit: int, empty: bool) -> None:
    """One of a and b, one of c and d: two together, so « at least two » has its only points at the limit."""
    whole = system(([-1, -1, -1, -1], limit), ([1, 1, 0, 0], 1), ([0, 0, 1, 1], 1))
    y, kept = [0, 1], [1, 2]
    pieces = decompose_system(whole, whole.build_box(), weigh(whole, np.array([0]), np.array([1])), kept)
    proofs = [[-1, refute(piece.build_cheaper_system(-1), Deadline(20))] for piece in pieces.systems]
    assert len(proofs) == 2
    assert closed(whole, [y], [["apart", 0, kept, proofs]]) is empty
    for other in (proofs[:1], [*proofs, proofs[0]]):
        with pytest.raises(CertificateError, match="as many proofs as pieces"):
            _Tree(whole, [y], [["apart", 0, kept, other]], UNLIMITED).check()


@pytest.mark.parametrize(("limit", "empty"), [(-2, False), (-3, True)])
def test_columns_of_no_piece_close_nothing_that_holds_a_point_at_the_limit(limit: int, empty: bool) -> None:
    assert closed(system(([-1, -1], limit)), [[0, 1]], [["apart", 0, [], []]]) is empty


@pytest.mark.parametrize(("limit", "empty"), [(-2, False), (-3, True)])
def test_a_knapsack_closes_nothing_that_holds_a_point_at_the_limit(limit: int, empty: bool) -> None:
    assert closed(system(([3, 4], 4), ([-2, -1], limit)), [], [["knapsack", 1, 0]]) is empty


@pytest.mark.parametrize(("limit", "empty"), [(-2, False), (-3, True)])
def test_a_leaf_closes_nothing_that_holds_a_point_at_the_limit(limit: int, empty: bool) -> None:
    assert closed(system(([-1, -1], limit)), [[0, 1]], [0]) is empty


def test_multipliers_that_wrap_prove_nothing() -> None:
    """−7x ≤ 0 holds for x = 1. Times 2^61 it is 2^61·x ≤ 0 in 64 bits, which no funded dossier keeps."""
    whole = system(([-7], 0), must=True)
    assert (np.array([-7]) * np.array([2**61])).tolist() == [2**61]
    assert not closed(whole, [[0, 2**61]], [0])
    with pytest.raises(CertificateError):
        check_refutation(whole, {"rounds": [], "pool": [[0, 2**61]], "tree": [0]})
    with pytest.raises(MultiplierError, match="64 bits"):
        whole.rows.aggregate_rows(np.array([0]), np.array([2**61]), 1)


def test_a_weighed_coefficient_stays_under_its_room() -> None:
    rows = system(([1, 2], 0), ([1, -2], 0)).rows
    first, both = np.array([0]), np.array([0, 1])
    assert rows.aggregate_rows(first, np.array([2**60]), 2).tolist() == [2**60, 2**61]
    with pytest.raises(MultiplierError, match="64 bits"):
        rows.aggregate_rows(first, np.array([2**61]), 2)
    with pytest.raises(
        MultiplierError, match="64 bits"
    ):  # 2^61 − 2^61 = 0, on the way to which 2^62 is reached
        rows.aggregate_rows(both, np.array([2**60, 2**60]), 2)


@pytest.mark.parametrize(
    ("whole", "y", "fits"),
    [
        (system(([1], 1)), 2**61, True),
        (system(([1], 2)), 2**61, False),  # the limit
        (system(([1], -2)), 2**61, False),
        (system(([1, 1], 0)), 2**60, True),
        (system(([1, 1], 0)), 2**61, False),  # the sum over the columns
        (system(([1, -1], 0)), 2**61, False),
    ],
)
def test_a_weighed_sum_stays_under_its_room(whole: System, y: int, fits: bool) -> None:
    index, weight = np.array([0]), np.array([y])
    if fits:
        found = weigh(whole, index, weight)
        assert found.limit == y * int(whole.rows.upper[0])
        assert compute_slack(whole, whole.build_box(), found)[0] == found.limit
    else:
        with pytest.raises(MultiplierError, match="64 bits"):
            weigh(whole, index, weight)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_goal_is_bettered_by_one_unit(sign: int) -> None:
    """A list worth one unit more keeps the row to the unit; the list itself does not."""
    goal = ClaimGoal("score", np.array([3, 5], dtype=np.int64), 7, Fraction(1, 10), sign, Fraction(0))
    worth = {(x, y): Fraction(3 * x + 5 * y + 7, 10) for x in range(3) for y in range(3)}
    for value in worth.values():
        row, bound = goal.build_better_row(value)
        kept_row, kept_bound = goal.build_no_worse_row(value)
        for point, other in worth.items():
            assert (int(row @ np.array(point)) <= bound) is (sign * other >= sign * value + Fraction(1, 10))
            assert (int(kept_row @ np.array(point)) <= kept_bound) is (sign * other >= sign * value)
    with pytest.raises(ValueError, match="multiple"):
        goal.build_better_row(Fraction(1, 20))


def test_what_may_be_given_up_is_rounded_towards_the_value() -> None:
    """10 % of 2.9, counted with the constant, is 0.29: 2 units of a tenth, not 3."""
    goal = ClaimGoal("score", np.array([1], dtype=np.int64), 9, Fraction(1, 10), 1, Fraction(1, 10))
    assert goal.build_no_worse_row(Fraction(29, 10))[1] == -(29 - 9) + 2


def test_a_tree_of_caps_may_be_as_deep_as_its_limit() -> None:
    def nested(depth: int) -> Any:
        return [0, [nested(depth - 1)]] if depth else [0, []]

    assert _parse_tree(nested(MAX_DEPTH), 0)[0] == 0
    with pytest.raises(CertificateError, match="deep"):
        _parse_tree(nested(MAX_DEPTH + 1), 0)


@pytest.mark.parametrize(("inner", "bound"), [([1, 2, 0], 2), ([2, 4, 0], 5), ([4, 8, 0], 8)])
@pytest.mark.parametrize(("gain", "closes"), [(6, False), (7, True)])
def test_a_cap_inside_counts_in_units_of_its_own(
    inner: list[int], bound: int, gain: int, closes: bool
) -> None:
    """One of the first two is taken at most, and of all three the second alone, or the others: 6 is the best."""
    whole = system(([2, 4, 6], 8), (inner, bound), ([-5, -6, -1], -gain))
    assert is_closed_by_caps(whole, 2, [(0, [(1, [], False)], False)]) is closes


@pytest.mark.parametrize("inner", [[2, 5, 0], [3, 6, 0], [1, 1, 0], [1, 3, 0]])
def test_a_cap_inside_that_counts_other_costs_is_refused(inner: list[int]) -> None:
    """No cost is one multiple of the weights, or one part of them, for both columns."""
    whole = system(([2, 4, 6], 8), (inner, 5), ([-5, -6, -1], -7))
    with pytest.raises(MultiplierError, match="other costs"):
        is_closed_by_caps(whole, 2, [(0, [(1, [], False)], False)])


def test_columns_of_a_block_that_has_no_choice_left_are_refused() -> None:
    """It lies in no kept row, must be chosen, and its only choice is closed."""
    whole = system(([-1, -1], -3), must=True)
    box = whole.build_box()
    box.open[0] = False
    with pytest.raises(MultiplierError, match="no choice left"):
        decompose_system(whole, box, weigh(whole, np.array([0]), np.array([1])), [])


def test_a_choice_that_is_ruled_out_is_under_no_cap() -> None:
    """It costs less than nothing in one cap and lies in both, yet it cannot be made."""
    whole = system(([2, 0, -1], 1), ([0, 2, 1], 1), ([-1, -1, -1], -1))
    trees = [(0, (), False), (1, (), False)]
    with pytest.raises(MultiplierError):
        is_closed_by_caps(whole, 2, trees)
    assert is_closed_by_caps(replace(whole, high=np.array([1, 1, 0])), 2, trees)


def test_a_row_that_shares_money_out_counts_no_choice() -> None:
    """A grant of 3 beyond a cap of 2 takes 1 of what is shared out; that it counts there itself would be lost."""
    for counts, own in ((0, True), (1, False)):
        whole = replace(
            system(([counts, 1], 1), ([3, -1], 2), ([-1, 0], -2)), block=np.array([0, -1]),
            must=np.zeros(1, dtype=np.bool_), high=np.array([1, 5]),
        )  # fmt: skip
        trees = [(0, [(1, (), True)], False)]
        if own:
            assert is_closed_by_caps(whole, 2, trees)
        else:
            with pytest.raises(MultiplierError, match="counts choices"):
                is_closed_by_caps(whole, 2, trees)


@pytest.mark.parametrize(
    ("row", "divisor", "cut"),
    [
        (([2, 2], 3), 2, ([1, 1], 1)),  # x + y ≤ 1
        (([3, 4], 5), 4, ([2, 3], 3)),  # mixed-integer rounding: 3·⌊a/4⌋ + max(0, a mod 4 − 1)
    ],
)
def test_a_cut_is_as_strong_as_its_derivation(
    row: tuple[list[int], int], divisor: int, cut: tuple[list[int], int]
) -> None:
    recipe = Recipe(np.array([0]), np.array([1]), np.array([], dtype=np.int64), divisor)
    col, value, bound = derive_cut(system(row), recipe)
    assert (col.tolist(), value.tolist(), bound) == ([0, 1], *cut)


@pytest.mark.parametrize("row", [-1, 3])
def test_a_cut_of_a_row_that_does_not_exist_is_refused(row: int) -> None:
    """The row itself, then one for each of the two blocks."""
    with pytest.raises(MultiplierError, match="there is no row"):
        derive_cut(
            system(([2, 2], 3)), Recipe(np.array([row]), np.array([1]), np.array([], dtype=np.int64), 2)
        )


def test_a_coefficient_is_tightened_by_a_spare_of_one() -> None:
    """3x + 3y ≤ 4 lets in one of the two, as 2x + 2y ≤ 2 does."""
    assert _tighten_row([3, 3], [True, True], 4, 6) == ([2, 2], 2)


def test_rows_that_are_tightened_are_divided_once_more() -> None:
    """3x + 3y + 6z ≤ 8 is x + y + 2z ≤ 2, and of 6x + 10y ≤ 11 is left that one of the two is taken."""
    left = tighten_system(system(([3, 3, 6], 8), ([6, 10, 0], 11)))
    dense = np.zeros((2, 3), dtype=np.int64)
    dense[left.rows.row, left.rows.col] = left.rows.value
    assert (dense.tolist(), left.rows.upper.tolist()) == ([[1, 1, 2], [1, 1, 0]], [2, 1])


def test_tightened_rows_hold_the_same_points_in_their_least_figures() -> None:
    changed = 0
    for seed in range(150):
        whole = random_system(Random(seed))
        left = tighten_system(whole)
        assert points(left) == points(whole), seed
        starts = left.rows.compute_row_starts().tolist()
        for start, end in pairwise(starts):
            assert gcd(*left.rows.value[start:end].tolist()) in (0, 1), seed
        changed += left.rows.upper.tolist() != whole.rows.upper.tolist()
    assert changed > 50


def test_a_free_column_that_can_take_one_value_only_is_settled() -> None:
    """2x + 3t + u ≤ 9 with t = 2 is 2x + u ≤ 3."""
    whole = replace(
        system(([2, 3, 1], 9)), block=np.array([0, -1, -1]), must=np.zeros(1, dtype=np.bool_),
        low=np.array([0, 2, 0]), high=np.array([1, 2, 1]),
    )  # fmt: skip
    left = reduce_system(whole, whole.build_box())
    assert left is not None
    assert (left.block.tolist(), left.rows.value.tolist(), left.rows.upper.tolist()) == ([0, -1], [2, 1], [3])


def test_a_row_that_every_point_keeps_is_left_out() -> None:
    left = tighten_system(system(([1, 1], 2), ([1, 1], 1)))
    assert left is not None
    assert left.rows.names == ("row 1",)


def test_a_row_keeps_every_entry_but_zeros() -> None:
    rows = system(([1, 1, 1], 2)).rows.with_row(np.array([0, 1, 2]), np.array([1, 0, -1]), 0, "more")
    assert (rows.col[3:].tolist(), rows.value[3:].tolist(), rows.row[3:].tolist()) == (
        [0, 2],
        [1, -1],
        [1, 1],
    )


@pytest.mark.parametrize(
    ("sign", "kept", "meets"), [(1, "2.3", 3), (1, "2", 2), (-1, "2.3", 2), (-1, "3", 3)]
)
def test_a_value_between_two_units_is_kept_by_the_better_one(sign: int, kept: str, meets: int) -> None:
    """A share of a value, or half a gap, is no whole number of units; what keeps it is still known exactly."""
    goal = ClaimGoal("g", np.array([1], dtype=np.int64), 0, Fraction(1), sign, Fraction(0))
    row, bound = goal.build_no_worse_row(Fraction(kept))
    holds = [x for x in range(6) if row[0] * x <= bound]
    assert holds == [x for x in range(6) if sign * x >= sign * Fraction(kept)]
    assert (min(holds) if sign > 0 else max(holds)) == meets


def test_rows_are_sorted_as_by_row_and_then_by_column() -> None:
    """One key for both sorts the same, in order of what was written first; what recurs is summed, and zeros go."""
    random = np.random.default_rng(2)
    for _ in range(50):
        n = int(random.integers(0, 40))
        row, col, value = random.integers(0, 5, n), random.integers(0, 4, n), random.integers(-2, 3, n)
        found = Rows.from_entries(row, col, value, np.zeros(5, dtype=np.int64), ("",) * 5)
        table = np.zeros((5, 4), dtype=np.int64)
        np.add.at(table, (row, col), value)
        where = np.nonzero(table)
        np.testing.assert_array_equal(found.row, where[0])
        np.testing.assert_array_equal(found.col, where[1])
        np.testing.assert_array_equal(found.value, table[where])
