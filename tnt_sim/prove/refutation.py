"""Prove that an integer system has no solution, and write the proof as a certificate of plain JSON values.

Methods, in this order: exact blocks under prices and trees of capacities; a single row as a knapsack;
reduced-cost fixing at the root, repeated while it helps; decomposition into independent pieces; Gomory
mixed-integer cuts at the root; branch and bound.

Gomory cuts are read from the rows of the optimal basis. Each is recorded as a recipe (multipliers,
complemented columns, divisor), from which the checker derives it again in integers; a cut need not be exactly
the float one.

Source: Gomory, *An algorithm for the mixed integer problem*, RAND report RM-2597 (1960).

Find proofs by decomposition: price the long rows that link the system, and prove each independent piece alone.

HiGHS solves each piece, and a refutation proves its bound. The lower bounds of the pieces plus the priced
rows must exceed the limit; any excess is spread over the pieces, so that each needs a weaker and easier
bound.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tnt_sim.certify.certificate import Round, apply_round
from tnt_sim.certify.decomposition import Subsystem, decompose_system
from tnt_sim.certify.derived_rows import Recipe, derive_cut, tighten_system
from tnt_sim.certify.single_row_bound import is_closed_by_row
from tnt_sim.certify.system import MultiplierError, System, weigh
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel.knapsack import limit_work
from tnt_sim.prove.branch_search import BranchSearch, NotProved, PointFound
from tnt_sim.prove.kernel_proofs import prove_by_blocks, prove_by_caps
from tnt_sim.prove.proof_lp import FloatArray, LpSolution, LpStatus, ProofLp, round_multipliers
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


__all__ = ["NotProved", "PointFound", "refute"]

MAX_PASSES = 25

PER_PASS = 30

"""Cuts added per pass, at most."""

AWAY = 0.005

"""Least distance of a basic value from an integer for its row to give a cut."""

MIN_DEPTH = 1e-3

"""Least violation of a cut by the point to cut off, over the norm of the cut."""

BITS = 40

"""Divisor of a cut's derivation: multipliers are in units of 2^−BITS."""


def add_gomory_cuts(system: System, goal: int, deadline: Deadline) -> tuple[System, list[Recipe]]:
    """Add Gomory mixed-integer cuts until the bound stalls; return the system with the cuts, and their recipes."""
    recipes: list[Recipe] = []
    started: float | None = None
    best, stalled = -np.inf, 0
    for _ in range(MAX_PASSES):
        lp = ProofLp(system, goal)
        relaxation = lp.solve(system.build_box(), deadline)
        if relaxation.answer is not LpStatus.BOUNDED:
            break
        started = relaxation.cost if started is None else started
        stalled = stalled + 1 if relaxation.cost <= best + 1e-3 * max(1.0, best - started) else 0
        best = max(best, relaxation.cost)
        closed = goal >= 0 and relaxation.cost > float(system.rows.upper[goal])
        if closed or stalled > 2 or deadline.expired:
            break
        fresh = _separate_cuts(system, lp, relaxation.x)
        if not fresh:
            break
        for recipe, (col, value, bound) in fresh:
            recipes.append(recipe)
            system = system.with_rows(system.rows.with_row(col, value, bound, f"cut {len(recipes)}"))
    return system, recipes


def _separate_cuts(
    system: System, lp: ProofLp, x: FloatArray
) -> list[tuple[Recipe, tuple[IntArray, IntArray, int]]]:
    """Return the deepest cuts of one basis."""
    result: list[tuple[float, Recipe, tuple[IntArray, IntArray, int]]] = []
    if not lp.highs.getNumRow():
        return []  # without rows HiGHS has no basis, and asking for one ends the process
    status, basic = lp.highs.getBasicVariables()
    at_upper = _list_columns_at_upper(lp)
    if status.name == "kError":
        return []
    basic = np.asarray(basic)
    inside = np.flatnonzero(basic >= 0)
    distance = np.abs(x[basic[inside]] - np.rint(x[basic[inside]]))
    order = inside[np.argsort(-distance, kind="stable")]
    for place in order[: 3 * PER_PASS].tolist():
        if abs(x[basic[place]] - np.rint(x[basic[place]])) < AWAY:
            break
        recipe = _build_recipe(system, lp, place, at_upper)
        try:
            col, value, bound = derive_cut(system, recipe)
        except MultiplierError:
            continue
        norm = float(np.sqrt((value.astype(float) ** 2).sum()))
        depth = (float(value.astype(float) @ x[col]) - bound) / max(norm, 1e-9)
        if depth > MIN_DEPTH:
            result.append((depth, recipe, (col, value, bound)))
    result.sort(key=lambda item: -item[0])
    return [(recipe, cut) for _, recipe, cut in result[:PER_PASS]]


def _build_recipe(system: System, lp: ProofLp, place: int, at_upper: IntArray) -> Recipe:
    """Round the row of the basis inverse at `place` to a recipe with divisor 2^BITS."""
    _, row = lp.highs.getBasisInverseRow(place)
    u = np.asarray(row) * np.concatenate([lp.unit, np.ones(len(lp.wide))])
    index = np.arange(system.rows.n + len(lp.wide), dtype=np.int64)
    index[system.rows.n :] = system.rows.n + lp.wide
    weights = np.rint(u * 2.0**BITS)
    used = (np.abs(u) > 1e-11) & (np.abs(weights) < 2.0**62) & (weights != 0)
    return Recipe(index[used], weights[used].astype(np.int64), at_upper, 2**BITS)


def _list_columns_at_upper(lp: ProofLp) -> IntArray:
    """Return the columns that are nonbasic at their upper bound."""
    basis: Any = lp.highs.getBasis()
    names = [status.name for status in basis.col_status]
    return np.array([c for c, name in enumerate(names) if name == "kUpper"], dtype=np.int64)


MAX_ROUNDS = 10

MAX_NODES = 100_000

MAX_ENTRIES = 3_000_000

"""Larger systems are not refuted by linear programs: the first alone would take minutes."""

CUT_COLUMNS = 6_000

"""Systems with more columns are not cut: reading their basis takes longer than the cuts save."""

ROW_COLUMNS = 6_000

"""Systems with more columns are reduced first."""

TRIED_ROWS = 3

"""Number of longest rows tried as single knapsacks."""

QUICK_WORK = 500_000

"""States examined per such trial, at most."""

KERNEL_SHARE = 0.5

"""Largest share of the time that blocks take, and caps after them, so that linear programs have some too."""

SHRINKS = 0.98

"""A round that leaves more than this share of the columns is the last of its kind."""


def refute(
    system: System,
    deadline: Deadline,
    cost: IntArray | None = None,
    max_bytes: int | None = None,
) -> dict[str, Any]:
    """Find a certificate that the system has no solution.

    Parameters
    ----------
    cost : int64 (n_cols,); if given, trees of capacities on this cost are tried
    max_bytes : memory of one kernel's arrays
    """
    result = None
    if system.n_choices <= ROW_COLUMNS:
        result = _try_kernel(lambda until: prove_by_blocks(system, until, max_bytes), deadline)
    if result is None and cost is not None:
        result = _try_kernel(lambda until: prove_by_caps(system, cost, until, max_bytes), deadline)
    if result is not None:
        return result
    if len(system.rows.row) > MAX_ENTRIES:
        raise NotProved("only trees of caps are tried on so many rows")
    root = _Root(tighten_system(system), deadline, max_bytes)
    result = root.prove_by_row()
    if result is not None:
        return result
    while root.narrow(()) and not root.closed:
        pass
    if not root.closed:
        result = (root.prove_by_row() if root.rounds else None) or root.prove_by_pieces()
        if result is not None:
            return result
    while not root.closed and root.apply_cuts():
        pass
    if root.closed:
        return {"rounds": root.rounds, "pool": [], "tree": []}
    search = BranchSearch(root.system, root.build_lp(), root.deadline, MAX_NODES)
    search.run()
    return {"rounds": root.rounds, "pool": search.pool, "tree": search.tokens}


def _try_kernel[T](prove: Callable[[Deadline], T], deadline: Deadline) -> T | None:
    """Try a kernel, which ends where its next step would take longer than its share of the time."""
    try:
        return prove(deadline.take_share(KERNEL_SHARE))
    except DeadlineExpired:
        deadline.check()
        return None


@dataclass
class _Root:
    """The system after the rounds so far, with the rounds as recorded."""

    system: System
    deadline: Deadline
    max_bytes: int | None = None
    rounds: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False

    @property
    def goal(self) -> int:
        """The row that the linear program minimises, or −1."""
        return self.system.rows.goal

    def prove_by_row(self) -> dict[str, Any] | None:
        """Return a proof by one of the longest rows, whose knapsack alone proves the system empty."""
        system, goal = self.system, self.goal
        if goal < 0 or system.n_cols > ROW_COLUMNS:
            return None
        length = np.bincount(system.rows.row, minlength=system.rows.n)
        length[goal] = 0
        for row in np.argsort(-length, kind="stable")[:TRIED_ROWS].tolist():
            try:
                if length[row] and is_closed_by_row(
                    system,
                    system.build_box(),
                    goal,
                    row,
                    limit_work(QUICK_WORK, self.max_bytes),
                    self.deadline,
                ):
                    return {"rounds": self.rounds, "pool": [], "tree": [["knapsack", goal, row]]}
            except MultiplierError:
                continue
        return None

    def build_lp(self) -> ProofLp:
        """Build the linear relaxation of the present system."""
        return ProofLp(self.system, self.goal)

    def narrow(self, cuts: Sequence[Recipe], cut: System | None = None) -> bool:
        """Make one round of cuts and reduced-cost fixing; return whether another of its kind may help."""
        if len(self.rounds) >= MAX_ROUNDS or self.deadline.expired:
            return False
        wider = self.system if cut is None else cut
        step = self._compute_multipliers(wider)
        if step is None:
            return False
        before = self.system.n_cols
        after = apply_round(self.system, Round(cuts, [step]))
        self.rounds.append(
            {"cuts": [_serialise_recipe(r) for r in cuts], "narrow": [_flatten_multipliers(step)]}
        )
        if after is None:
            self.closed = True
            return False
        self.system = after
        return after.n_cols < SHRINKS * before

    def apply_cuts(self) -> bool:
        """Make one round with Gomory cuts; return whether another may help."""
        if not 0 < self.system.n_cols <= CUT_COLUMNS or self.deadline.expired:
            return False
        wider, recipes = add_gomory_cuts(self.system, self.goal, self.deadline)
        return self.narrow(recipes, wider) if recipes else False

    def prove_by_pieces(self) -> dict[str, Any] | None:
        """Return a proof by independent pieces, if the system has some."""
        relaxation = self.build_lp().solve(self.system.build_box(), self.deadline)
        if relaxation.answer is not LpStatus.BOUNDED:
            return None
        prove = partial(refute, max_bytes=self.max_bytes)
        pieces = prove_by_pieces(self.system, self.goal, relaxation.prices, self.deadline, prove)
        return None if pieces is None else {"rounds": self.rounds, **pieces}

    def _compute_multipliers(self, system: System) -> tuple[IntArray, IntArray] | None:
        """Return the dual values of the root as integer multipliers; None if the relaxation has no optimum."""
        relaxation = ProofLp(system, self.goal).solve(system.build_box(), self.deadline)
        if relaxation.answer is not LpStatus.BOUNDED:
            return None
        _refuse_point(system, relaxation)
        return round_multipliers(system, relaxation.prices)


def _refuse_point(system: System, solution: LpSolution) -> None:
    """Raise `PointFound` if the linear program's point is integer and satisfies every row, the goal's too."""
    x = np.rint(solution.x).astype(np.int64)
    if (np.abs(solution.x - x) <= 1e-9).all():
        left = np.zeros(system.rows.n, dtype=np.int64)
        np.add.at(left, system.rows.row, system.rows.value * x[system.rows.col])
        if (left <= system.rows.upper).all():
            raise PointFound(x)


def _flatten_multipliers(y: tuple[IntArray, IntArray]) -> list[int]:
    """Write multipliers as [row, weight, row, weight, …]."""
    flat: list[int] = np.stack(y, axis=1).ravel().tolist()
    return flat


def _serialise_recipe(recipe: Recipe) -> dict[str, Any]:
    """Write a recipe as plain values."""
    return {
        "u": _flatten_multipliers((recipe.index, recipe.u)),
        "complement": recipe.complement.tolist(),
        "divisor": recipe.divisor,
    }
