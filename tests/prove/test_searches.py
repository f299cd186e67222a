"""The parts of the prover: trees with their limits, pieces, cuts, linear programs, hints."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from support.clocks import StepClock
from support.lanes import seeds
from support.systems.by_hand import closed, system
from support.systems.drawn import random_system

from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.system import Rows, System
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.prove import refutation
from tnt_sim.prove.branch_search import BranchSearch, NotProved, _Parent, _PseudoCosts
from tnt_sim.prove.kernel_proofs import prove_from_hints
from tnt_sim.prove.proof_lp import LpSolution, LpStatus, ProofLp
from tnt_sim.prove.refutation import (
    MIN_DEPTH,
    _Root,
    _separate_cuts,
    add_gomory_cuts,
    prove_by_pieces,
    refute,
)
from tnt_sim.solve.backends.highs import DUAL, PRIMAL
from tnt_sim.solve.methods.lexicographic import ProofHints

ENDLESS = Deadline(None)


def named(whole: System, *names: str) -> System:
    """The same under other names of rows."""
    return whole.with_rows(replace(whole.rows, names=names))


def odd(n: int) -> System:
    """2·Σ x = n for an odd n: no multipliers close it before about half of the choices are made."""
    return system(([2] * n, n), ([-2] * n, -n))


def search_of(whole: System, *, max_nodes: int = 100_000, deadline: Deadline = ENDLESS) -> BranchSearch:
    return BranchSearch(whole, ProofLp(whole, -1), deadline, max_nodes)


def test_a_long_search_closes_the_system() -> None:
    whole = odd(11)
    search = search_of(whole)
    search.run()
    assert closed(whole, search.pool, search.tokens)
    assert len(search.tokens) > 1000
    assert search.gains.count.sum() > 500  # each child tells what its column gained


def test_a_search_ends_at_its_limits() -> None:
    with pytest.raises(NotProved, match="after 20 nodes"):
        search_of(odd(11), max_nodes=20).run()
    with pytest.raises(NotProved, match="after 0 nodes"):
        search_of(odd(11), deadline=Deadline(0.0)).run()


def test_what_was_never_tried_is_expected_to_gain_the_mean() -> None:
    gains = _PseudoCosts.of(4)
    x = np.array([0.5, 0.5, 0.5, 0.5])
    assert gains.select_column(np.array([2, 1]), x) == 2  # nothing learnt: the first of equals
    gains.record_bound(_Parent(0, True, 0.5, 10.0), 11.0)
    gains.record_bound(_Parent(0, False, 0.5, 10.0), 11.0)
    gains.record_bound(_Parent(1, True, 0.5, 10.0), 20.0)
    gains.record_bound(_Parent(1, False, 0.5, 10.0), 20.0)
    # 2 a unit for the first, 20 for the second, 11 for the others
    assert gains.select_column(np.array([0, 1, 2]), x) == 1
    assert gains.select_column(np.array([0, 2]), x) == 2
    assert gains.select_column(np.array([0, 2]), np.array([0.5, 0.0, 0.005, 0.0])) == 0
    gains.record_bound(_Parent(3, True, 0.25, 10.0), 5.0)  # a bound that fell gained nothing
    assert gains.total[1, 3] == 0


def test_each_side_of_a_column_promises_what_it_gained() -> None:
    """1 down and 10 up are less together than 3 down and 4 up."""
    gains = _PseudoCosts.of(2)
    for column, (down, up) in enumerate(((1.0, 10.0), (3.0, 4.0))):
        gains.record_bound(_Parent(column, False, 1.0, 0.0), down)
        gains.record_bound(_Parent(column, True, 1.0, 0.0), up)
    assert gains.select_column(np.array([0, 1]), np.array([0.5, 0.5])) == 1


def test_the_column_that_moves_the_most_on_both_sides_is_split() -> None:
    """Only the share of a unit counts, whatever the whole number below it; at equal rates the most divided."""
    gains = _PseudoCosts.of(3)
    for column, rate in enumerate((2.0, 1.0, 1.0)):
        for up in (True, False):
            gains.record_bound(_Parent(column, up, 1.0, 0.0), rate)
    assert gains.select_column(np.array([0, 1]), np.array([3.5, 0.5, 0.5])) == 0
    assert gains.select_column(np.array([1, 2]), np.array([0.5, 0.9, 0.5])) == 2
    assert gains.select_column(np.array([1, 2]), np.array([0.5, 0.5, 7.1])) == 1


def pieces(limit: int) -> System:
    """At most one of a, b, c, whose row says one and a half, and of d, e, f; at least `limit` of all."""
    return named(
        system(([2, 2, 2, 0, 0, 0], 3), ([0, 0, 0, 2, 2, 2], 3), ([-1] * 6, -limit)),
        "a",
        "b",
        "stage:x:better",
    )


@pytest.mark.parametrize(("limit", "empty"), [(2, False), (3, True), (4, True), (5, True), (6, True)])
def test_a_system_falls_into_pieces_that_are_proven_each(limit: int, empty: bool) -> None:
    whole = pieces(limit)
    prices = ProofLp(whole, 2).solve(whole.build_box()).prices
    proof = prove_by_pieces(whole, 2, prices, ENDLESS, refute)
    assert (proof is not None) is empty
    if proof is not None:
        assert proof["tree"][0][2] == [0, 1]
        check_refutation(whole, {"rounds": [], **proof})
    found = _Root(whole, ENDLESS).prove_by_pieces()
    assert (found is not None) is empty


def triangles(limit: int) -> System:
    """Of each two corners of two triangles at most one; at least `limit` of all six."""
    pairs = [(first, first + 1) for first in (0, 1, 3, 4)] + [(0, 2), (3, 5)]
    lines = [([int(k in pair) for k in range(6)], 1) for pair in pairs]
    return named(system(*lines, ([-1] * 6, -limit)), *"abcdef", "stage:x:better")


def test_pieces_and_single_rows_are_tried_before_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear program takes half of each corner, and half of an application."""
    monkeypatch.setattr(refutation, "prove_by_blocks", lambda *_: None)
    for whole, kind in ((triangles(3), "apart"), (knapsack(), "knapsack")):
        proof = refute(whole, ENDLESS)
        assert proof["tree"][0][0] == kind
        check_refutation(whole, proof)


def test_a_system_that_a_round_closes_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refutation, "prove_by_blocks", lambda *_: None)
    asked = []
    for name in ("prove_by_row", "prove_by_pieces"):
        monkeypatch.setattr(_Root, name, lambda root: asked.append(root.closed))
    whole = named(system(([1, 1, 1], 1), ([-1, -1, -1], -2)), "few", "stage:x:better")
    proof = refute(whole, ENDLESS)
    check_refutation(whole, proof)
    assert len(proof["rounds"]) == 1
    assert proof["tree"] == []
    assert asked == [False]


def knapsack() -> System:
    """Costs of 5, 7 and 9 within 12 leave a gain of 10 at most, of which 11 is asked."""
    return named(system(([5, 7, 9], 12), ([-4, -6, -8], -11)), "cap", "stage:x:better")


def test_a_single_row_closes_a_goal_within_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = knapsack()
    root = _Root(whole, ENDLESS)
    assert root.prove_by_row() == {"rounds": [], "pool": [], "tree": [["knapsack", 1, 0]]}
    assert _Root(named(whole, "cap", "other"), ENDLESS).prove_by_row() is None
    for more, is_tried in ((0, True), (-1, False)):
        monkeypatch.setattr(refutation, "ROW_COLUMNS", whole.n_cols + more)
        assert (_Root(whole, ENDLESS).prove_by_row() is not None) is is_tried


def test_what_does_not_fall_apart_is_no_piece() -> None:
    whole = named(system(([2, 2, 2], 3), ([-1] * 3, -2)), "a", "stage:x:better")
    assert _Root(whole, ENDLESS).prove_by_pieces() is None
    assert _Root(named(system(([2, 2], 1), ([-2, -2], -1)), "a", "b"), ENDLESS).prove_by_pieces() is None


def ring(limit: int) -> System:
    """Of each two neighbours in a ring of five at most one; twice as many as are taken reach `limit`."""
    pairs = [([int(k in (i, (i + 1) % 5)) for k in range(5)], 1) for i in range(5)]
    return named(system(([-2] * 5, -limit), *pairs), "stage:x:better", *"abcde")


def test_cuts_are_made_until_the_goal_is_out_of_reach() -> None:
    """The linear program takes half of each, worth 5; whole choices reach 4."""
    cut, recipes = add_gomory_cuts(ring(5), 0, ENDLESS)
    assert recipes
    assert cut.rows.n == 6 + len(recipes)
    found = ProofLp(cut, 0).solve(cut.build_box())
    assert found.cost > -5 + 1e-6
    assert add_gomory_cuts(ring(6), 0, ENDLESS)[1] == []  # out of reach as it is
    assert add_gomory_cuts(ring(5), 0, Deadline(0.0))[1] == []


@pytest.mark.parametrize("seed", seeds(range(40), 15))
def test_every_cut_cuts_off_what_the_linear_program_found(seed: int) -> None:
    whole = random_system(Random(seed))
    lp = ProofLp(whole, -1)
    found = lp.solve(whole.build_box())
    if found.answer is not LpStatus.BOUNDED:
        return
    for _, (col, value, bound) in _separate_cuts(whole, lp, found.x):
        assert float(value @ found.x[col]) - bound > MIN_DEPTH * float(np.sqrt((value**2.0).sum()))


def test_a_system_without_rows_is_not_cut() -> None:
    """HiGHS has no basis then, and ends the process where it is asked for one."""
    bare = system(([1, 1], 1))
    none = np.zeros(0, dtype=np.int64)
    whole = bare.with_rows(Rows(none, none, none, none, ()))
    assert add_gomory_cuts(whole, -1, ENDLESS) == (whole, [])


def test_the_goal_counts_once_among_the_prices() -> None:
    """max 3a + 2b with 2a + 2b ≤ 3: half of b, at a price of 1 for each unit of the row."""
    found = ProofLp(system(([2, 2], 3), ([-3, -2], -9)), 1).solve(system(([2, 2], 3)).build_box())
    assert (found.answer, found.cost) == (LpStatus.BOUNDED, -4.0)
    assert found.prices.tolist() == [1.0, 1.0]


def test_a_linear_program_is_solved_again_only_where_its_answer_is_unclear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = system(([2, 2], 3), ([-3, -2], -9))
    plain = ProofLp(whole, 1)
    plain.solve(whole.build_box())
    assert plain.n_solves == 1
    unclear = LpSolution(LpStatus.UNCLEAR, np.zeros(2), np.nan, np.zeros(2))
    right = ProofLp._run

    def first_unclear(self: ProofLp, deadline: Deadline) -> LpSolution:
        found = right(self, deadline)
        return unclear if self.n_solves == 1 else found

    monkeypatch.setattr(ProofLp, "_run", first_unclear)
    again = ProofLp(whole, 1)
    assert again.solve(whole.build_box()).answer is LpStatus.BOUNDED
    assert again.n_solves == 2
    late = ProofLp(whole, 1)
    assert late.solve(whole.build_box(), Deadline(0.0)).answer is LpStatus.UNCLEAR
    assert late.n_solves == 0
    assert not hasattr(late, "highs"), "the arrays of a million columns take seconds"


def test_a_goal_that_grows_by_sevens_is_closed_at_its_next_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """7·Σ x ≥ 15 under 2a + 3b + 2c ≤ 5: halves reach 16.3, and no multiple of 7 lies between 14 and 16.3."""
    monkeypatch.setattr(refutation, "prove_by_blocks", lambda *_: None)
    monkeypatch.setattr(_Root, "prove_by_row", lambda _: None)
    whole = named(system(([-7] * 3, -15), ([2, 3, 2], 5)), "stage:x:better", "cap")
    assert ProofLp(whole, 0).solve(whole.build_box()).cost < -15
    proof = refute(whole, ENDLESS)
    check_refutation(whole, proof)
    assert (len(proof["rounds"]), proof["tree"]) == (1, [])


@pytest.mark.parametrize("kernel", ["prove_by_blocks", "prove_by_caps"])
def test_a_kernel_that_needs_more_time_than_it_has_leaves_the_rest_to_others(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel ends before a step that would take too long, however much time is left for other proofs."""
    left = list[float]()

    def run_out(*given: Any) -> None:
        left.append(given[-2].seconds_left)
        raise DeadlineExpired

    for name in ("prove_by_blocks", "prove_by_caps"):
        monkeypatch.setattr(refutation, name, run_out if name == kernel else lambda *_: None)
    whole = ring(5)
    cost = np.ones(whole.n_cols, dtype=np.int64)
    check_refutation(whole, refute(whole, Deadline(20.0, lambda: 0.0), cost))
    assert left == [10.0]
    with pytest.raises(DeadlineExpired):
        refute(whole, Deadline(0.0), cost)


def test_the_caps_of_a_kernel_close_the_stage_and_what_costs_less() -> None:
    """Of a and b under a cap of 4 the first is the best and costs 3; nothing as good costs less."""
    grounds = ProofHints(trees=(("envelope:e", (), False),))
    lines = ([3, 4], 4), ([-2, -1], -2), ([3, 4], 2)
    tie = named(system(*lines), "envelope:e:max", "stage:x:kept", "stage:granted:better")
    proof = prove_from_hints(tie, grounds)
    assert proof == {"caps": {"goal": 1, "groups": [[0, []]], "less": 2}}
    check_refutation(tie, proof)
    better = named(system(*lines[:1], ([-2, -1], -3)), "envelope:e:max", "stage:x:better")
    proof = prove_from_hints(better, grounds)
    assert proof == {"caps": {"goal": 1, "groups": [[0, []]]}}
    check_refutation(better, proof)


def test_a_large_program_is_solved_by_short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same prices either way; a step of the dual simplex does not end in time at a million columns."""
    whole = system(([2, 2], 3), ([-3, -2], -9))
    small, large = ProofLp(whole, 1), ProofLp(whole, 1)
    one = small.solve(whole.build_box())
    monkeypatch.setattr("tnt_sim.solve.backends.highs.MANY_COLUMNS", 1)
    other = large.solve(whole.build_box())
    assert [lp.highs.getOptionValue("simplex_strategy")[1] for lp in (small, large)] == [DUAL, PRIMAL]
    assert (one.answer, one.cost) == (other.answer, other.cost)
    np.testing.assert_allclose(one.prices, other.prices)


@pytest.mark.parametrize("left", [0.9, 1.1])
def test_a_long_first_step_begins_only_with_time_for_it(left: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first dual step checks no time; later ones are short, and so are all of the primal simplex."""
    whole = system(([2, 2], 3), ([-3, -2], -9))
    StepClock(tick=0.0).install(monkeypatch)
    monkeypatch.setattr("tnt_sim.solve.backends.highs.MANY_COLUMNS", whole.n_cols)
    monkeypatch.setattr("tnt_sim.solve.backends.highs.FIRST_STEP_SECONDS", 1.0)
    lp = ProofLp(whole, 1)
    assert (lp.solve(whole.build_box(), Deadline(left)).answer is LpStatus.BOUNDED) is (left > 1.0)
    assert lp.n_solves == (left > 1.0)
    if lp.n_solves:
        assert lp.solve(whole.build_box(), Deadline(0.5)).answer is LpStatus.BOUNDED
    monkeypatch.setattr("tnt_sim.solve.backends.highs.MANY_COLUMNS", whole.n_cols - 1)
    assert ProofLp(whole, 1).solve(whole.build_box(), Deadline(left)).answer is LpStatus.BOUNDED
