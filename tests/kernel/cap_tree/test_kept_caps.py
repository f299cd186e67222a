"""Caps kept for other capacities and other profits are those that would be read and sorted anew."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.kernel.cap_tree.best_choice import Memory, maximise_under_caps
from tnt_sim.kernel.cap_tree.caps import (
    CapRows,
    EfficiencyOrder,
    build_cap_trees,
    find_binding_caps,
    find_caps,
)
from tnt_sim.sparse_matrix import SparseMatrix


def draw_matrix(dice: random.Random, n_cols: int, cost: np.ndarray) -> SparseMatrix:
    """Rows over parts of parts of the columns, some crossing, with costs divided by a factor of the row."""
    sets = [list(range(n_cols)), list(range(n_cols // 2)), list(range(n_cols // 2, n_cols))]
    sets += [dice.sample(sets[dice.randint(0, 2)], dice.randint(1, 3)) for _ in range(4)]
    dense = np.zeros((len(sets), n_cols), dtype=np.int64)
    for row, columns in enumerate(sets):
        dense[row, columns] = cost[columns] // dice.choice([1, 2])
    row, col = np.nonzero(dense)
    return SparseMatrix.from_entries(dense[row, col], row, col, dense.shape)


def read_caps(matrix: SparseMatrix, upper: np.ndarray, cost: np.ndarray) -> CapRows:
    plain = np.arange(matrix.shape[0])
    return find_caps(matrix.indptr, matrix.indices, matrix.data, upper, plain, cost)


@pytest.mark.parametrize("seed", seeds(range(20), 6))
def test_kept_caps_are_those_read_anew(seed: int) -> None:
    dice = random.Random(seed)
    n_cols = dice.randint(6, 14)
    cost = np.array([2 * dice.choice([1, 2, 3, 5, 5]) for _ in range(n_cols)])
    matrix, memory = draw_matrix(dice, n_cols, cost), Memory()
    rows = np.ones(matrix.shape[0], dtype=np.bool_)
    for _ in range(6):
        upper = np.array([dice.randint(0, int(cost.sum())) for _ in range(matrix.shape[0])])
        profit = np.array([dice.choice([0, 1, 2, 2, 7]) for _ in range(n_cols)])
        fresh = read_caps(matrix, upper, cost)
        for given in (profit, profit, profit[::-1].copy()):
            kept = memory.caps.get(matrix, rows, cost, upper, partial(read_caps, matrix, upper, cost))
            assert (kept.row, kept.cap) == (fresh.row, fresh.cap)
            trees, others = (
                build_cap_trees(caps, n_cols, caps.row) for caps in (kept, read_caps(matrix, upper, cost))
            )
            assert [tree.serialise_rows() for tree in trees] == [tree.serialise_rows() for tree in others]
            assert find_binding_caps(trees, given, cost, kept.layout) == find_binding_caps(
                others, given, cost
            )
            found = maximise_under_caps(kept, given, cost, memory=memory)
            alone = maximise_under_caps(read_caps(matrix, upper, cost), given, cost)
            assert found.x.tolist() == alone.x.tolist()
            assert found.is_unique == alone.is_unique
            assert [t.serialise_rows() for t in found.trees] == [t.serialise_rows() for t in alone.trees]


def test_caps_of_other_rows_or_costs_are_read_again() -> None:
    dice = random.Random(1)
    cost = np.array([2, 4, 6, 10, 2, 4])
    matrix, memory = draw_matrix(dice, 6, cost), Memory()
    upper = np.full(matrix.shape[0], 9)
    rows, fewer = np.ones(matrix.shape[0], dtype=np.bool_), np.arange(matrix.shape[0]) > 0
    first = memory.caps.get(matrix, rows, cost, upper, lambda: read_caps(matrix, upper, cost))
    none = CapRows((), (), ())
    assert memory.caps.get(matrix, rows, cost, upper, lambda: none).row == first.row
    assert memory.caps.get(matrix, fewer, cost, upper, lambda: none) is none
    assert memory.caps.get(matrix, rows, cost.copy(), upper, lambda: none) is none


@pytest.mark.parametrize("n_nodes", [3, 2**15 - 1, 2**15, 2**15 + 1])
def test_columns_of_each_node_stand_in_the_order_of_all(n_nodes: int) -> None:
    """By falling profit per cost, those of equal efficiency by number, whatever the number of nodes."""
    random_numbers = np.random.default_rng(n_nodes)
    n_cols = n_nodes + 4  # some columns are in no node, and the first node has two
    profit, cost = random_numbers.integers(1, 4, n_cols), random_numbers.integers(1, 4, n_cols)
    columns = [np.array([k] if k else [0, n_nodes]) for k in range(n_nodes)]
    found = EfficiencyOrder.of(columns, profit, cost)
    order = sorted(range(n_cols), key=lambda c: (-profit[c] / cost[c], c))
    place = np.empty(n_cols, dtype=np.int64)
    place[order] = np.arange(n_cols)
    assert found.sorted_cost.tolist() == cost[order].tolist()
    assert [places.tolist() for places in found.places] == [sorted(place[own].tolist()) for own in columns]
    assert found.is_of(columns, profit.copy(), cost.copy())
    for other in ((columns[1:], profit, cost), (columns, profit + 1, cost), (columns, profit, cost + 1)):
        assert not found.is_of(*other)
    assert not found.is_of([own.copy() for own in columns], profit, cost)
