"""Solve a 0-1 program with many rows of which few bind, by constraint generation.

The optimum under some rows is the optimum under all of them if it violates none. So the search starts with
the rows that have a positive price in the linear relaxation, solves exactly (`block_search.py`), adds
violated rows, and repeats. At most one item of a group is taken whatever the rows. Rows with a block of their
own are chosen greedily, as many as possible.

Source: Dantzig, Fulkerson and Johnson, *Solution of a large-scale traveling-salesman problem*, Operations
Research 2 (1954), for the generation of violated constraints.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks.block_search import MAX_BYTES, MAX_WORK, BlockSolution, Heard, search_blocks
from tnt_sim.kernel.blocks.exchanges import FloatArray, number_groups
from tnt_sim.kernel.knapsack import IntArray, TooManyStates
from tnt_sim.sparse_matrix import SparseMatrix

__all__ = ["ActiveRowsSolution", "TooManyStates", "choose_disjoint_rows", "settle"]

MAX_BINDING = 48
"""Limit of rows taken into account; beyond it another method is needed."""
DENSE_COPIES = 3
"""Dense matrices of the rows that exist at once: the rows, what each exchange changes, and one of floats."""
MAX_ROUNDS = 12
"""Rounds of constraint generation, at most."""
FAINT = 1e-12
"""A price counts as zero if no column's value changes by more than this share of the largest value."""


@dataclass(frozen=True, slots=True, eq=False)
class ActiveRowsSolution:
    """Result of constraint generation.

    Attributes
    ----------
    best : the optimum; None if no selection is feasible, or worth enough
    rows : the rows that determine it
    own : places in `rows` of the rows with a block of their own
    price : float64 (len(rows),), their prices
    """

    best: BlockSolution | None
    rows: tuple[int, ...]
    own: tuple[int, ...]
    price: FloatArray


def settle(
    value: IntArray,
    matrix: SparseMatrix,
    upper: IntArray,
    price: FloatArray,
    max_work: int = MAX_WORK,
    at_least: int | None = None,
    heard: Heard | None = None,
    group: IntArray | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = MAX_BYTES,
) -> ActiveRowsSolution | None:
    """Maximise v·x subject to A x ≤ b, x binary, at most one item per group, by the rows that bind.

    Parameters
    ----------
    value : int64 (n,)
    matrix : int64 (m, n), sparse
    upper : int64 (m,)
    price : float64 (m,), dual values of the linear relaxation, ≥ 0
    at_least : if given, only selections of at least this value are sought
    heard : called with better selections under the rows used so far, and with upper bounds
    group : int64 (n,), ascending: items with the same number exclude each other; None if none do
    max_bytes : memory budget of the arrays, see `search_blocks`

    Returns
    -------
    The result; None when too many rows bind, or after too many rounds.

    Raises
    ------
    TooManyStates, OverflowError
        When the search exceeds its budget or its numbers.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> matrix = SparseMatrix.from_dense([[2, 3, 0], [0, 1, 1]])
    >>> settle(np.array([4, 5, 3]), matrix, np.array([4, 1]), np.array([1.0, 2.0])).best.value
    7
    """
    felt = price * matrix.reduce_rows(np.maximum, 0) > FAINT * float(np.abs(value).max(initial=1))
    rows = np.flatnonzero(felt).tolist()
    first: set[int] = set()
    at_most: int | None = None
    for _ in range(MAX_ROUNDS):
        if len(rows) > MAX_BINDING:
            return None
        own = choose_disjoint_rows(matrix, rows, first, group)
        first = {rows[k] for k in own}
        left = max_bytes
        if max_bytes is not None:
            left = max_bytes - DENSE_COPIES * 8 * len(rows) * len(value)
            if left < 0:
                raise TooManyStates(f"{len(rows)} rows over {len(value)} items in {max_bytes} bytes")
        dense = matrix[rows].toarray()
        best = search_blocks(
            value, dense, upper[rows], price[rows], own, max_work, at_least, at_most, heard, group, deadline,
            left,
        )  # fmt: skip
        if best is not None:
            broken = np.flatnonzero(matrix @ best.taken.astype(np.int64) > upper)
            if len(broken):
                at_most = best.value
                rows = sorted({*rows, *_select_violated_rows(broken, matrix)})
                continue
        return ActiveRowsSolution(best, tuple(rows), tuple(own), price[rows])
    return None


def _select_violated_rows(broken: IntArray, matrix: SparseMatrix) -> list[int]:
    """Return violated rows that share no item with a longer one: the others may be satisfied once these are."""
    result: list[int] = []
    visited = np.zeros(matrix.shape[1], dtype=np.bool_)
    length = np.diff(matrix.indptr)
    for row in broken[np.argsort(-length[broken], kind="stable")].tolist():
        items = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        if not visited[items].any():
            result.append(row)
        visited[items] = True
    return result


def choose_disjoint_rows(
    matrix: SparseMatrix, rows: Sequence[int], first: Collection[int] = (), group: IntArray | None = None
) -> list[int]:
    """Choose rows that share no group, and return their places in `rows`.

    Greedy order: rows in `first` before others, then those that cross the fewest others, then the shortest.
    """
    length = np.diff(matrix.indptr)[list(rows)]
    later = np.array([row not in first for row in rows], dtype=np.bool_)
    hit = matrix[list(rows)]
    hit = hit.with_data(np.ones(hit.nnz, dtype=np.int64))
    if group is not None:
        hit = hit @ _build_incidence_matrix(group)
    cross = (hit @ hit.T).toarray() > 0
    np.fill_diagonal(cross, False)
    free = np.ones(len(rows), dtype=np.bool_)
    own: list[int] = []
    while free.any():
        n_cross = np.where(free, (cross & free).sum(axis=1), len(rows) + 1)
        row = int(np.lexsort((length, n_cross, later | ~free))[0])
        own.append(row)
        free &= ~cross[row]
        free[row] = False
    return sorted(own)


def _build_incidence_matrix(group: IntArray) -> SparseMatrix:
    """Return the incidence matrix of items and groups, (n_items, n_groups)."""
    number = number_groups(group, len(group))
    shape = len(group), int(number.max(initial=-1)) + 1
    return SparseMatrix.from_entries(
        np.ones(len(group), dtype=np.int64), np.arange(len(group)), number, shape
    )
