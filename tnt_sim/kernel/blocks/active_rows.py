"""The best choice under many rows, of which few bind: those with a price first, then what the choice breaks.

Of items of one group at most one is taken, whatever the rows. The best choice under some of the rows that keeps
all others is the best of all. Which rows are own rows of blocks, and which are common to them, is chosen so that
as many as possible are own (`block_search.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks.block_search import MAX_WORK, Crossing, Heard, crossing
from tnt_sim.kernel.blocks.exchanges import FloatArray, numbered
from tnt_sim.kernel.knapsack import IntArray, TooManyStates

__all__ = ["Settled", "TooManyStates", "own_rows", "settle"]

MAX_BINDING = 48
"""More rows than that are for another method."""
MAX_ROUNDS = 12
FAINT = 1e-12
"""Prices that move no column's value by more than this part of the largest value are none."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """The best choice (None: nothing is possible, or worth enough), the rows that settled it, their prices.

    `own` are the places in `rows` of the rows with a block of their own.
    """

    best: Crossing | None
    rows: tuple[int, ...]
    own: tuple[int, ...]
    price: FloatArray


def settle(
    value: IntArray,
    matrix: sp.csr_array,
    upper: IntArray,
    price: FloatArray,
    max_work: int = MAX_WORK,
    at_least: int | None = None,
    heard: Heard | None = None,
    group: IntArray | None = None,
    deadline: Deadline = UNLIMITED,
) -> Settled | None:
    """max Σ v x subject to A x ≤ b, x ∈ {0, 1}, one item of a group, by the rows that bind; None when too many do.

    Parameters
    ----------
    matrix : int64 (m, n)
    price : float64 (m,), of the linear program
    at_least : when given, only choices worth that much are sought
    heard : told of better choices under the rows looked at, and of bounds (`crossing`)
    group : int64 (n,), ascending: items with the same number exclude each other; None: none do

    Raises
    ------
    TooManyStates, OverflowError
        When the kernel gives up.
    DeadlineExpired
        When time is up.
    """
    longest: FloatArray = (
        np.zeros(len(upper)) if not matrix.nnz else abs(matrix).max(axis=1).toarray().ravel()
    )
    felt = price * longest > FAINT * float(np.abs(value).max(initial=1))
    rows = np.flatnonzero(felt).tolist()
    first: set[int] = set()
    at_most: int | None = None
    for _ in range(MAX_ROUNDS):
        if len(rows) > MAX_BINDING:
            return None
        own = own_rows(matrix, rows, first, group)
        first = {rows[k] for k in own}
        dense = matrix[rows].toarray()
        best = crossing(
            value, dense, upper[rows], price[rows], own, max_work, at_least, at_most, heard, group, deadline
        )
        if best is not None:
            broken = np.flatnonzero(matrix @ best.taken.astype(np.int64) > upper)
            if len(broken):
                at_most = best.value
                rows = sorted({*rows, *_few(broken, matrix)})
                continue
        return Settled(best, tuple(rows), tuple(own), price[rows])
    return None


def _few(broken: IntArray, matrix: sp.csr_array) -> list[int]:
    """The broken rows that share no item with a longer one: the others may mend themselves."""
    found: list[int] = []
    seen = np.zeros(matrix.shape[1], dtype=np.bool_)
    length = np.diff(matrix.indptr)
    for row in broken[np.argsort(-length[broken], kind="stable")].tolist():
        items = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        if not seen[items].any():
            found.append(row)
        seen[items] = True
    return found


def own_rows(
    matrix: sp.csr_array, rows: Sequence[int], first: Collection[int] = (), group: IntArray | None = None
) -> list[int]:
    """Places in `rows` of rows that share no group: those in `first`, fewest others crossed, then the shortest."""
    length = np.diff(matrix.indptr)[list(rows)]
    later = np.array([row not in first for row in rows], dtype=np.bool_)
    hit = matrix[list(rows)].astype(np.bool_).astype(np.int64)
    if group is not None:
        hit = hit @ _of_groups(group)
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


def _of_groups(group: IntArray) -> sp.csr_array:
    """Which items belong to which group, (n_items, n_groups)."""
    number = numbered(group, len(group))
    shape = len(group), int(number.max(initial=-1)) + 1
    return sp.csr_array((np.ones(len(group), dtype=np.int64), (np.arange(len(group)), number)), shape=shape)
