"""Both sides of a branch hold every point, a search closes what holds none, also without the linear program."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from support.systems.by_hand import closed, system
from support.systems.drawn import points, random_system

from tnt_sim.certify.system import Box, System
from tnt_sim.deadline import Deadline
from tnt_sim.prove import refutation
from tnt_sim.prove.branch_search import BranchSearch, NotProved, PointFound
from tnt_sim.prove.proof_lp import LpSolution, LpStatus, ProofLp
from tnt_sim.prove.refutation import _refuse_point, refute

ENDLESS = Deadline(None)


def search_of(whole: System, *, max_nodes: int = 1000) -> BranchSearch:
    return BranchSearch(whole, ProofLp(whole, -1), ENDLESS, max_nodes)


def is_inside(whole: System, box: Box, x: tuple[int, ...]) -> bool:
    """Whether a point keeps the ranges and blocks of a box, by their definition."""
    n = whole.n_choices
    for k, must in enumerate(box.must.tolist()):
        taken = [x[c] for c in range(n) if whole.block[c] == k]
        if sum(taken) > 1 or (must and sum(taken) != 1):
            return False
    if any(x[c] > int(box.open[c]) for c in range(n)):
        return False
    return all(a <= b <= c for a, b, c in zip(box.low.tolist(), x[n:], box.high.tolist(), strict=True))


def draw_box(whole: System, rng: Random) -> Box:
    """A box with some choices closed, some blocks that must be chosen, and narrower ranges."""
    box = whole.build_box()
    for c in range(whole.n_choices):
        box.open[c] &= rng.random() < 0.8
    for k in range(len(box.must)):
        box.must[k] |= rng.random() < 0.2
    for k in range(len(box.low)):
        box.low[k] = rng.randint(int(box.low[k]), int(box.high[k]))
    return box


def test_a_point_is_in_a_box_by_its_ranges_and_blocks() -> None:
    met = {True: 0, False: 0}
    for seed in range(60):
        rng = Random(seed)
        whole = random_system(rng)
        search, box = search_of(whole), draw_box(whole, rng)
        for x in product(*(range(int(a), int(b) + 1) for a, b in zip(whole.low, whole.high, strict=True))):
            is_met = is_inside(whole, box, x)
            met[is_met] += 1
            assert search._is_in_box(box, np.array(x, dtype=np.int64)) is is_met, (seed, x)
    assert min(met.values()) > 200


def test_both_sides_of_a_branch_hold_what_the_part_holds_and_say_how_far_it_moved() -> None:
    """The side that is looked at first comes last; it takes the choice, or the lower values of a range."""
    kinds = []
    for seed in range(400):
        rng = Random(seed)
        whole = random_system(rng)
        search, box = search_of(whole), draw_box(whole, rng) if seed % 3 else whole.build_box()
        if not seed % 3:  # a range is split where no choice is left to make
            box.open[...] = False
        solution = search.lp.solve(box)
        if solution.answer is not LpStatus.BOUNDED or (np.abs(solution.x - np.rint(solution.x)) < 1e-6).all():
            continue
        n, inside = whole.n_choices, [x for x in points(whole) if is_inside(whole, box, x)]
        (second, behind), (first, ahead) = search._branch(box, solution)
        kind, c, *at = search.tokens[-1]
        kinds.append(kind)
        for x in inside:
            assert is_inside(whole, first, x) + is_inside(whole, second, x) == 1, seed
            is_ahead = x[c] == 1 if kind == "branch" else x[c] <= at[0]
            assert is_inside(whole, first, x) is is_ahead, seed
        assert ahead is not None
        assert behind is not None
        assert (ahead.up, behind.up) == ((True, False) if kind == "branch" else (False, True))
        up, down = (ahead, behind) if ahead.up else (behind, ahead)
        assert (up.column, down.column, up.cost, down.cost) == (c, c, solution.cost, solution.cost)
        assert up.distance == pytest.approx(np.ceil(solution.x[c]) - solution.x[c])
        assert down.distance == pytest.approx(solution.x[c] - np.floor(solution.x[c]))
        assert c < n if kind == "branch" else at == [int(np.floor(solution.x[c]))]
    assert min(kinds.count(kind) for kind in ("branch", "split")) > 3


@pytest.mark.parametrize("answer", [LpStatus.UNCLEAR, LpStatus.EMPTY])
def test_a_search_without_the_linear_program_decides_all_the_same(
    answer: LpStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solver that gives no answer, or says of all that it is empty, lets nothing pass for proven."""

    def fail(self: ProofLp, box: Box, deadline: Deadline = ENDLESS) -> LpSolution:
        n = self.system.n_cols
        return LpSolution(answer, np.zeros(n), np.inf, np.zeros(self.system.rows.n))

    monkeypatch.setattr(ProofLp, "solve", fail)
    empty = with_points = 0
    for seed in range(60):
        whole = random_system(Random(seed))
        search = search_of(whole)
        if points(whole):
            with_points += 1
            with pytest.raises(NotProved, match="keeps every row"):
                search.run()
        else:
            empty += 1
            search.run()
            assert closed(whole, search.pool, search.tokens), seed
    assert min(empty, with_points) > 15


def test_a_search_finds_a_point_where_there_is_one() -> None:
    """The point keeps every row; where there is none the tree is a proof."""
    met = {True: 0, False: 0}
    for seed in range(150):
        whole = random_system(Random(seed))
        search, inside = search_of(whole), points(whole)
        met[bool(inside)] += 1
        if inside:
            with pytest.raises(PointFound) as told:
                search.run()
            assert tuple(told.value.point.tolist()) in inside, seed
        else:
            search.run()
            assert closed(whole, search.pool, search.tokens), seed
    assert min(met.values()) > 40


def test_a_search_stops_at_its_last_node() -> None:
    whole = next(
        solution
        for solution in map(random_system, map(Random, range(500)))
        if not points(solution) and is_long(solution)
    )
    search = search_of(whole)
    search.run()
    assert search_of(whole, max_nodes=len(search.tokens)).run() is None  # type: ignore[func-returns-value]
    with pytest.raises(NotProved, match=f"after {len(search.tokens) - 1} nodes"):
        search_of(whole, max_nodes=len(search.tokens) - 1).run()


def is_long(whole: System) -> bool:
    """Whether more than two nodes close a system."""
    search = search_of(whole)
    search.run()
    return len(search.tokens) > 2


def test_a_point_of_the_relaxation_ends_the_search_before_any_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise NotProved("a branch")

    monkeypatch.setattr(BranchSearch, "run", fail)
    monkeypatch.setattr(refutation, "prove_by_blocks", lambda *_: None)
    ended = 0
    for seed in range(80):
        whole = random_system(Random(seed))
        inside = points(whole)
        solution = ProofLp(whole, whole.rows.goal).solve(whole.build_box())
        if not inside or (np.abs(solution.x - np.rint(solution.x)) > 1e-9).any():
            continue
        ended += 1
        with pytest.raises(PointFound):
            refute(whole, ENDLESS)
    assert ended > 15


@pytest.mark.parametrize(
    ("x", "is_point"),
    [
        ([1.0, 0.0], True),
        ([1.0, 1e-12], True),
        ([0.0, 1.0], False),
        ([0.5, 0.5], False),
        ([1.0, 1e-6], False),
    ],
)
def test_only_whole_values_that_keep_every_row_are_a_point(x: list[float], is_point: bool) -> None:
    """The second choice breaks a row; halves keep the rows once they are rounded, and one must be taken."""
    whole = system(([1, 1], 1), ([0, 1], 0), must=True)
    solution = LpSolution(LpStatus.BOUNDED, np.array(x), 0.0, np.zeros(2))
    if not is_point:
        _refuse_point(whole, solution)
        return
    with pytest.raises(PointFound) as told:
        _refuse_point(whole, solution)
    assert told.value.point.tolist() == [1, 0]


@pytest.mark.parametrize(("more", "asked"), [(0, True), (-1, False)])
def test_as_many_columns_as_the_limit_are_tried_by_kernels(
    more: int, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = next(solution for solution in map(random_system, map(Random, range(99))) if not points(solution))
    tried: list[str] = []
    monkeypatch.setattr(refutation, "prove_by_blocks", lambda *_: tried.append("blocks"))
    monkeypatch.setattr(refutation, "ROW_COLUMNS", whole.n_choices + more)
    refute(whole, ENDLESS)
    assert (tried == ["blocks"]) is asked
