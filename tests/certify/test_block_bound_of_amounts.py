"""Exact blocks over dossiers with several amounts: they close what holds no point, and never what holds one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.drawn import points, random_system, ranged_system

from tnt_sim.certify.block_bound import SCALE, is_closed_by_blocks, reduce_row, select_open_choices
from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.choice_blocks import RANGE, reformulate_blocks
from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.kernel.blocks.active_rows import choose_disjoint_rows
from tnt_sim.prove.kernel_proofs import build_item_rows, prove_by_blocks, prove_from_hints
from tnt_sim.prove.proof_lp import LpStatus, ProofLp
from tnt_sim.solve.methods.lexicographic import PricedRow, ProofHints
from tnt_sim.sparse_matrix import SparseMatrix

GOAL = "stage:score:better"


def drawn(seed: int) -> System:
    """A small system whose last row is a goal, at times one that just cannot be kept, or just can."""
    rng = Random(seed)
    system = ranged_system(rng) if rng.random() < 0.7 else random_system(rng)
    rows = system.rows
    names = (*rows.names[:-1], GOAL)
    upper = rows.upper.copy()
    upper[-1] = 10**6
    loose = replace(system, rows=Rows(rows.row, rows.col, rows.value, upper, names))
    last = [sum(v * x[c] for c, v in _entries(rows, rows.n - 1)) for x in points(loose)]
    if last and rng.random() < 0.8:
        upper[-1] = min(last) - rng.choice([0, 1, 1])
    else:
        upper[-1] = rows.upper[-1]
    return loose


def _entries(rows: Rows, row: int) -> list[tuple[int, int]]:
    part = rows.row == row
    return list(zip(rows.col[part].tolist(), rows.value[part].tolist(), strict=True))


def under(system: System, named: list[int]) -> System:
    """The system under some of its rows, the ranges' among them in any case: the check knows these."""
    rows = system.rows
    kept = [k for k, name in enumerate(rows.names) if k in named or name.startswith(RANGE)]
    part = np.isin(rows.row, kept)
    row = np.searchsorted(kept, rows.row[part])
    names = tuple(rows.names[k] for k in kept)
    return system.with_rows(Rows(row, rows.col[part], rows.value[part], rows.upper[kept], names))


def exact(system: System, named: list[int]) -> bool:
    """Whether the check leaves out nothing but rows: no free column, no block that must choose and cannot."""
    read = reformulate_blocks(system, named)
    n = read.n_choices
    opened = np.bincount(read.block[:n], weights=read.high[:n], minlength=len(read.must))
    return read.n_cols == n and not (read.must & (opened == 0)).any()


@pytest.mark.parametrize("part", seeds(range(3), 1))
def test_what_is_closed_holds_no_point_and_all_that_holds_none_is_closed(part: int) -> None:
    closed = kept = grouped = 0
    for seed in range(300 * part, 300 * part + 300):
        system, rng = drawn(seed), Random(seed)
        goal = system.rows.n - 1
        rows = [k for k in range(goal) if rng.random() < 0.8]
        relaxed = ProofLp(system, goal).solve(system.build_box())
        price = relaxed.prices[rows] if relaxed.answer is LpStatus.BOUNDED and rng.random() < 0.6 else None
        whole = [rng.choice([0, rng.randrange(20 << SCALE)]) for _ in rows]
        prices = whole if price is None else [int(p) for p in np.rint(price * 2.0**SCALE)]
        read = reformulate_blocks(system, [goal, *rows])
        group = read.block[select_open_choices(read)]
        grouped += len(np.unique(group)) < len(group)
        own = []
        if rows and rng.random() < 0.7:
            dense = SparseMatrix.from_dense(np.array([reduce_row(read, k)[0] for k in rows]))
            own = choose_disjoint_rows(dense, range(len(rows)), (), group)
        found = is_closed_by_blocks(system, goal, rows, own, prices)
        holds = bool(points(under(system, [*rows, goal])))
        assert not (found and holds), seed
        assert found != holds or not exact(system, [*rows, goal]), seed
        closed, kept = closed + found, kept + holds
    assert min(closed, kept, grouped) > 60


@pytest.mark.parametrize("part", seeds(range(2), 1))
def test_the_prover_finds_proofs_that_hold(part: int) -> None:
    found = empty = 0
    for seed in range(200 * part, 200 * part + 200):
        system = drawn(seed)
        proof, held = prove_by_blocks(system), bool(points(system))
        assert proof is None or not held, seed
        if proof is not None:
            check_refutation(system, proof)
        goal = system.rows.n - 1
        if not held and exact(system, list(range(system.rows.n))):
            gains = -reduce_row(reformulate_blocks(system, range(system.rows.n)), goal)[0]
            bounds = ProofLp(system, goal).solve(system.build_box()).answer is LpStatus.BOUNDED
            empty += bool((gains > 0).any()) and bounds
            found += proof is not None
    assert found == empty > 12


def test_the_prover_reads_rows_as_the_check_does() -> None:
    for seed in range(200):
        system = reformulate_blocks(drawn(seed), range(1))
        goal = system.rows.n - 1
        matrix, room, others = build_item_rows(system, goal)
        for k in range(goal):
            weight, left = reduce_row(system, k)
            if k in others:
                place = int(np.searchsorted(others, k))
                assert matrix[[place]].toarray()[0].tolist() == weight.tolist()
                assert int(room[place]) == left
            else:
                assert left >= 0 >= weight.max(initial=0)


def amounts(must: bool) -> System:
    """Two dossiers that may get 5 or 8 each, under a cap of 13; the goal asks for 14."""
    col = np.arange(4)
    rows = Rows.from_entries(
        np.repeat([0, 1, 2, 3], [4, 4, 2, 2]),
        np.concatenate([col, col, [0, 2], [1, 3]]),
        np.array([5, 8, 5, 8, -5, -8, -5, -8, 1, 1, 1, 1]),
        np.array([13, -14, 2, 2]),
        ("cap:max", GOAL, "first:max", "second:max"),
    )
    ones = np.ones(4, dtype=np.int64)
    return System(np.array([0, 0, 1, 1]), np.array([must, must]), ones * 0, ones, rows)


@pytest.mark.parametrize("must", [False, True])
def test_amounts_exclude_each_other(must: bool) -> None:
    system = amounts(must)
    for price in (0, 1 << SCALE, 5 << SCALE):
        assert is_closed_by_blocks(system, 1, [0], [], [price])
        assert is_closed_by_blocks(system, 1, [0], [0], [price])
        reached = system.with_rows(replace(system.rows, upper=np.array([13, -13, 2, 2])))
        assert not is_closed_by_blocks(reached, 1, [0], [0], [price])
    # without a cap both get 8, never 13
    assert not is_closed_by_blocks(system, 1, [], [], [])
    beyond = system.with_rows(replace(system.rows, upper=np.array([13, -17, 2, 2])))
    assert is_closed_by_blocks(beyond, 1, [], [], [])


def test_rows_with_blocks_of_their_own_share_no_dossier() -> None:
    """One row over the smaller amounts and one over the greater share every dossier, though no choice."""
    with pytest.raises(MultiplierError, match="share a block"):
        is_closed_by_blocks(amounts(False), 1, [2, 3], [0, 1], [0, 0])


@pytest.mark.parametrize(("must", "longest"), [(False, 8), (True, 3)])
def test_a_price_is_for_a_unit_of_the_row_as_the_check_reads_it(must: bool, longest: int) -> None:
    known = PricedRow("cap", True, price=0.5, longest=24, own=True)
    proof = prove_from_hints(amounts(must), ProofHints(rows=(known,)))
    assert proof is not None
    assert proof["blocks"]["prices"] == [round(0.5 * 24 / longest * 2.0**SCALE)]
    check_refutation(amounts(must), proof)


def test_numbers_that_are_too_large_are_refused() -> None:
    system = amounts(False)
    rows = replace(system.rows, value=system.rows.value * 2**59)
    with pytest.raises(MultiplierError, match="64 bits"):
        is_closed_by_blocks(system.with_rows(rows), 1, [0], [], [0])
