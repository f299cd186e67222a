"""Find proofs by decomposition: price the long rows that link the system, and prove each independent piece alone.

HiGHS solves each piece, and a refutation proves its bound. The lower bounds of the pieces plus the priced
rows must exceed the limit; any excess is spread over the pieces, so that each needs a weaker and easier
bound.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tnt_sim.certify.decomposition import Subsystem, decompose_system
from tnt_sim.certify.system import MultiplierError, System, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.proof_lp import FloatArray, round_multipliers
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.solve.backends.highs import import_highspy
from tnt_sim.sparse_matrix import SparseMatrix, label_components

Prove = Callable[[System, Deadline], dict[str, Any]]


def prove_by_pieces(
    system: System, goal: int, prices: FloatArray, deadline: Deadline, prove: Prove
) -> dict[str, Any] | None:
    """Return pool and tree of a proof by pieces.

    The result is None where the system does not split or the bounds are too weak.

    Parameters
    ----------
    goal : the row to refute
    prices : float64 (n_rows,), dual values of the linear relaxation
    prove : finds the refutation of a piece
    """
    selected = _select_splitting_rows(system, goal, prices)
    if selected is None:
        return None
    priced = prices.copy()
    priced[selected] = 0.0
    y = round_multipliers(system, priced)
    try:
        pieces = decompose_system(system, system.build_box(), weigh(system, *y), selected.tolist())
    except MultiplierError:
        return None
    least = [_compute_least_cost(piece, deadline) for piece in pieces.systems]
    spare = pieces.rest + sum(least) - pieces.limit - 1
    if spare < 0:
        return None
    each = spare // max(1, len(least))
    try:
        proofs = [
            [bound - each, prove(piece.build_cheaper_system(bound - each), deadline)]
            for piece, bound in zip(pieces.systems, least, strict=True)
        ]
    except PointFound:  # the solver's minimum of a piece was wrong: this says nothing of the whole
        return None
    pool = np.stack(y, axis=1).ravel().tolist()
    return {"pool": [pool], "tree": [["apart", 0, selected.tolist(), proofs]]}


def _select_splitting_rows(system: System, goal: int, prices: FloatArray) -> IntArray | None:
    """Return the rows with a price that stay unpriced: the longest are priced until the rest splits."""
    rows = system.rows
    length = np.bincount(rows.row, minlength=rows.n)
    binding = np.flatnonzero((prices > 0) & (length > 1) & (np.arange(rows.n) != goal))
    order = binding[np.argsort(-length[binding], kind="stable")]
    for first in range(len(order)):
        kept: IntArray = np.sort(order[first:]).astype(np.int64)
        if _count_components(system, kept) > 1:
            return kept
    return None


def _count_components(system: System, priced: IntArray) -> int:
    """Return the number of connected components of the kept rows."""
    rows = system.rows
    used = np.isin(rows.row, priced)
    if not used.any():
        return 0
    row, col, n = rows.row[used], rows.col[used], system.n_choices
    block = len(system.must) + col
    block[col < n] = system.block[col[col < n]]
    labels, _ = label_components(row, block, (rows.n, len(system.must) + system.n_cols))
    return len(np.unique(labels[row]))


def _compute_least_cost(piece: Subsystem, deadline: Deadline) -> int:
    """Return the minimum cost of a piece according to HiGHS; only what is proved afterwards counts."""
    deadline.check()
    highspy = import_highspy()
    highs = highspy.Highs()
    highs.silent()
    for name, value in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0)):
        highs.setOptionValue(name, value)
    highs.setOptionValue("time_limit", deadline.clock_seconds)
    system, rows = piece.system, piece.system.rows
    n_blocks = len(system.must)
    n = system.n_choices
    matrix = SparseMatrix.from_entries(
        np.concatenate([rows.value, np.ones(n)]),
        np.concatenate([rows.row, rows.n + system.block[:n]]),
        np.concatenate([rows.col, np.arange(n)]),
        (rows.n + n_blocks, system.n_cols),
    )
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = system.n_cols, rows.n + n_blocks
    scale = float(np.abs(piece.cost).max(initial=1))
    lp.col_cost_ = piece.cost / scale
    lp.col_lower_, lp.col_upper_ = system.low.astype(float), system.high.astype(float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * system.n_cols
    lp.row_lower_ = np.concatenate([np.full(rows.n, -highspy.kHighsInf), system.must.astype(float)])
    lp.row_upper_ = np.concatenate([rows.upper.astype(float), np.ones(n_blocks)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs.passModel(lp)
    highs.run()
    x = np.rint(np.asarray(highs.getSolution().col_value)).astype(np.int64)
    if highs.getModelStatus().name != "kOptimal" or len(x) != system.n_cols:
        raise NotProved("a piece was not solved in time")
    return int(sum(int(a) * int(b) for a, b in zip(piece.cost.tolist(), x.tolist(), strict=True)))
