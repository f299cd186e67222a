"""Proofs by kernels and by pieces, from hints or without: found where nothing is left to reach, and never else."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from support.systems.by_hand import system
from support.systems.drawn import points
from support.systems.of_amounts import GOAL, LESS, amounts_system, bounded, value
from support.systems.under_caps import tree_system

from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.decomposition import decompose_system
from tnt_sim.certify.derived_rows import tighten_system
from tnt_sim.certify.system import System, weigh
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.kernel_proofs import build_item_rows, prove_by_blocks, prove_by_caps, prove_from_hints
from tnt_sim.prove.proof_lp import ProofLp
from tnt_sim.prove.refutation import (
    _compute_least_cost,
    _count_components,
    _select_splitting_rows,
    prove_by_pieces,
    refute,
)
from tnt_sim.solve.methods.lexicographic import ProofHints

ENDLESS = Deadline(None)


def named(whole: System, *names: str) -> System:
    """The same under other names of rows."""
    return whole.with_rows(replace(whole.rows, names=names))


def with_goal(whole: System, bound: int) -> System:
    """The same with another bound of the goal, which is the last row."""
    upper = whole.rows.upper.copy()
    upper[-1] = bound
    return whole.with_rows(replace(whole.rows, upper=upper))


def list_gains(whole: System) -> list[int]:
    """What each point gains by the last row."""
    row = np.zeros(whole.n_cols, dtype=np.int64)
    last = whole.rows.row == whole.rows.n - 1
    row[whole.rows.col[last]] = -whole.rows.value[last]
    return [int(row @ np.array(x)) for x in points(with_goal(whole, 10**6))]


def test_caps_close_a_goal_exactly_above_the_best() -> None:
    """Three nested caps: one more than the best is refused by them, the best is not, with some choices closed."""
    closed = 0
    for seed in range(60):
        rng = Random(seed)
        whole, cost = tree_system(rng)
        if whole.rows.n != 4:
            continue  # a row crosses the caps
        whole = replace(
            whole,
            must=np.array([rng.random() < 0.1 for _ in cost]),
            high=np.array([int(rng.random() < 0.9) for _ in cost]),
        )
        gains = list_gains(whole)
        if not gains:
            continue
        for prove in (partial(prove_by_caps, cost=cost), prove_by_blocks):
            above = with_goal(whole, -max(gains) - 1)
            proof = prove(above)
            if not (whole.rows.value[whole.rows.row == 3] < 0).any():
                assert proof is None
                continue
            if prove is not prove_by_blocks:
                assert proof is not None, seed
            if proof is not None:
                check_refutation(above, proof)
                closed += 1
            assert prove(with_goal(whole, -max(gains))) is None, seed
    assert closed > 50


def test_amounts_and_ranges_are_closed_by_what_no_point_reaches() -> None:
    closed = asked = 0
    for seed in range(60):
        rng = Random(seed)
        whole, cost = amounts_system(rng, 1)
        inside = points(whole)
        if not inside:
            continue
        best = min(value(whole, x, GOAL) for x in inside)
        cheapest = min(value(whole, x, LESS) for x in inside if value(whole, x, GOAL) == best)
        for goal, less, is_empty in (
            (best - 1, 10**6, True), (best, 10**6, False), (best, cheapest - 1, True), (best, cheapest, False),
        ):  # fmt: skip
            answer = bounded(whole, goal=goal, less=less)
            for proof in (prove_by_caps(answer, cost), prove_by_blocks(answer)):
                asked += is_empty
                if proof is not None:
                    assert is_empty, seed
                    check_refutation(answer, proof)
                    closed += 1
    assert closed > asked // 2


def test_where_nothing_gains_or_costs_no_kernel_is_asked() -> None:
    """A goal that no choice serves, dossiers that cost nothing, and a cap that is below zero already."""
    ones = np.array([1, 1])
    plain = named(system(([1, 1], 1), ([-1, -1], -2)), "cap", "stage:x:better")
    assert prove_by_caps(plain, ones) is not None
    assert prove_by_caps(plain, np.array([1, 0])) is None
    shut = replace(plain, high=np.array([1, 0]))  # one that is closed may cost nothing
    assert prove_by_caps(shut, np.array([1, 0])) is not None
    idle = named(system(([1, 1], 1), ([1, 1], -1)), "cap", "stage:x:better")
    assert prove_by_caps(idle, ones) is prove_by_blocks(idle) is None
    below = named(system(([1, 1], -1), ([-1, -1], -1)), "cap", "stage:x:better")
    assert prove_by_caps(below, ones) is None
    nameless = named(plain, "cap", "other")
    assert prove_by_caps(nameless, ones) is prove_by_blocks(nameless) is None


def test_hints_of_rows_that_are_not_there_once_prove_nothing() -> None:
    hints = ProofHints(trees=(("a", (("b", (), False),), False),))
    lines = ([2, 3], 4), ([2, 0], 2), ([-2, -1], -3)
    whole = named(system(*lines), "a:max", "b:max", "stage:x:better")
    assert prove_from_hints(whole, hints) == {"caps": {"goal": 2, "groups": [[0, [[1, []]]]]}}
    exceeded = ProofHints(trees=(("a", (("b", (), True),), False),))
    assert prove_from_hints(whole, exceeded) == {"caps": {"goal": 2, "groups": [[0, [[1, [], True]]]]}}
    for names in (("a:max", "a:max", "stage:x:better"), ("a:max", "c:max", "stage:x:better")):
        assert prove_from_hints(named(whole, *names), hints) is None


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_the_goal_of_caps_is_the_stage_that_is_kept_where_there_is_one(kept: int) -> None:
    names = [f"stage:{k}:kept" for k in range(kept)]
    lines = ([2, 3], 4), *([([-2, -1], -2)] * kept), ([2, 3], 1)
    whole = named(system(*lines), "a:max", *names, "stage:granted:better")
    caps = (
        {"goal": 1, "groups": [[0, []]], "less": 2} if kept == 1 else {"goal": kept + 1, "groups": [[0, []]]}
    )
    assert prove_from_hints(whole, ProofHints(trees=(("a", (), False),))) == {"caps": caps}


def test_rows_that_no_selection_breaks_are_no_rows_of_the_items() -> None:
    """With those that are kept, a selection of the open choices is a point exactly if all rows hold."""
    left_out = 0
    for seed in range(40):
        rng = Random(seed)
        whole, cost = tree_system(rng)
        must = np.array([rng.random() < 0.2 for _ in cost])
        whole = replace(whole, must=must, high=np.array([int(m or rng.random() < 0.8) for m in must]))
        goal = whole.rows.n - 1
        matrix, room, others = build_item_rows(whole, goal)
        dense = np.zeros(matrix.shape, dtype=np.int64)
        for row in range(matrix.shape[0]):
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            dense[row, matrix.indices[span]] = matrix.data[span]
        items = np.flatnonzero((whole.high > 0) & ~must)
        assert dense.shape == (len(others), len(items))
        assert goal not in others
        left_out += whole.rows.n - 1 - len(others)
        inside = set(points(with_goal(whole, 10**6)))
        for pick in product((0, 1), repeat=len(items)):
            x = must.astype(np.int64)
            x[items] = pick
            assert bool((dense @ np.array(pick) <= room).all()) is (tuple(x.tolist()) in inside), seed
    assert left_out > 3


def in_pieces(rng: Random) -> tuple[System, int]:
    """Two or three parts of choices and units under rows of their own, a goal over all, and the best of it."""
    n_parts = rng.randint(2, 3)
    sizes = [rng.randint(1, 2) for _ in range(n_parts)]
    n, lines = sum(sizes), list[tuple[list[int], int]]()
    width = n + n_parts
    gain = [rng.randint(1, 5) for _ in range(width)]
    first = 0
    for k, size in enumerate(sizes):
        values = [0] * width
        for c in (*range(first, first + size), n + k):
            values[c] = 2 * rng.randint(1, 3)
        lines.append((values, 2 * rng.randint(1, 4) + 1))  # odd, so that halves are left over
        first += size
    whole = system(*lines, ([-g for g in gain], 0))
    whole = replace(
        whole, block=np.array([*range(n), *([-1] * n_parts)]), must=np.zeros(n, dtype=np.bool_),
        high=np.array([1] * n + [rng.randint(1, 2) for _ in range(n_parts)]),
    )  # fmt: skip
    whole = named(whole, *(f"row {k}" for k in range(n_parts)), "stage:x:better")
    return whole, max(list_gains(whole))


def test_pieces_with_units_are_proven_exactly_above_the_best() -> None:
    """The goal alone links them, so that the least costs of the pieces add up to its bound."""
    proven = 0
    for seed in range(40):
        whole, best = in_pieces(Random(seed))
        for target in (best, best + 1, best + 2):
            asked = tighten_system(with_goal(whole, -target))  # as the checker reads it
            goal = asked.rows.goal
            if goal < 0:
                continue
            prices = ProofLp(asked, goal).solve(asked.build_box()).prices
            kept = _select_splitting_rows(asked, goal, prices)
            proof = prove_by_pieces(asked, goal, prices, ENDLESS, refute)
            if proof is None:
                assert kept is None or target == best, seed
                continue
            assert target > best, seed
            proven += 1
            check_refutation(asked, {"rounds": [], **proof})
            assert kept is not None
            assert proof["tree"][0][2] == kept.tolist()
    assert proven > 25


def test_components_are_those_of_the_kept_rows_alone() -> None:
    """Rows of one choice and one unit each, then one that joins the choices, and one that joins the units."""
    whole = system(([1, 0, 1, 0], 1), ([0, 1, 0, 1], 1), ([1, 1, 0, 0], 1), ([0, 0, 1, 1], 1))
    mixed = replace(whole, block=np.array([0, 1, -1, -1]), must=np.zeros(2, dtype=np.bool_))
    together = replace(whole, block=np.array([0, 0, -1, -1]), must=np.zeros(1, dtype=np.bool_))
    for kept, apart, joined in (
        ([0, 1], 2, 1),
        ([0, 1, 2], 1, 1),
        ([0, 1, 3], 1, 1),
        ([2, 3], 2, 2),
        ([], 0, 0),
    ):
        assert _count_components(whole, np.array(kept, dtype=np.int64)) == apart
        assert _count_components(mixed, np.array(kept, dtype=np.int64)) == apart
        assert _count_components(together, np.array(kept, dtype=np.int64)) == joined


def test_the_least_cost_of_a_piece_is_that_of_its_points() -> None:
    for seed in range(25):
        whole, _ = in_pieces(Random(seed))
        goal = whole.rows.n - 1
        weighed = weigh(whole, np.array([goal]), np.array([1]))
        pieces = decompose_system(whole, whole.build_box(), weighed, list(range(goal)))
        assert len(pieces.systems) > 1
        for piece in pieces.systems:
            least = min(int(piece.cost @ np.array(x)) for x in points(piece.system))
            assert _compute_least_cost(piece, ENDLESS) == least, seed


def test_a_piece_without_a_point_or_without_time_has_no_least_cost() -> None:
    whole, _ = in_pieces(Random(0))
    goal = whole.rows.n - 1
    weighed = weigh(whole, np.array([goal]), np.array([1]))
    piece = decompose_system(whole, whole.build_box(), weighed, list(range(goal))).systems[0]
    with pytest.raises(DeadlineExpired):
        _compute_least_cost(piece, Deadline(0.0))
    ranges = np.array([0]), np.array([1]), -1
    empty = replace(piece, system=piece.system.with_rows(piece.system.rows.with_row(*ranges, "nothing")))
    with pytest.raises(NotProved):
        _compute_least_cost(empty, ENDLESS)


def test_a_piece_that_its_prover_finds_a_point_in_proves_nothing() -> None:
    whole, best = in_pieces(Random(0))
    asked = with_goal(whole, -best - 1)
    goal = asked.rows.n - 1
    prices = ProofLp(asked, goal).solve(asked.build_box()).prices

    def find_point(*_: Any) -> dict[str, Any]:
        raise PointFound(np.zeros(1, dtype=np.int64))

    assert prove_by_pieces(asked, goal, prices, ENDLESS, find_point) is None
