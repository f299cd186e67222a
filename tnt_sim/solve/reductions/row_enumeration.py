"""Enumeration of short rows: Lagrangian relaxation with short knapsack rows as exact subproblems.

A cap over the few dossiers of a department has few good choices. Relax all other rows with prices y, and let
r = c − yA be the reduced costs. The best choice under the cap is found exactly, and so are all choices that
lose at most Γ against it: a few dozen, where the row alone allows 2^20. With a weight 0 ≤ λ ≤ 1 per listed
choice and Σ λ = 1 in place of the row, the linear program optimises over the convex hull of the row's integer
points (Dantzig–Wolfe reformulation, lists growing by column generation). For every feasible x its prices give
the bound

    c·x  ≤  Σ_i y_i·b_i  +  Σ_{j in no short row} max(0, r_j)  +  Σ_{short rows} max r·x

If Γ is the difference between this bound and a value v, no point of value v or better has a column outside
the short rows on its other side where |r_j| > Γ, or a choice outside the list of a short row. Prices are
rounded to multiples of 2^−s; the rest is in integers.

With twenty such caps across ten other rules, this closes three quarters of the gap between bound and optimum.

Source: Geoffrion, Lagrangean relaxation for integer programming, Mathematical Programming Study 2 (1974);
Dantzig and Wolfe, Decomposition principle for linear programs, Operations Research 8 (1960).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, BoolArray, FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits
from tnt_sim.solve.reductions.fixing import ExactBound, FixingInverse, compute_exact_bound
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

LONGEST, SHORTEST = 64, 3
"""Lengths of rows that may be listed. Rows of two columns are left as they are: they are tight already."""
LEAST = 6
"""Short rows with a price needed for the method; with fewer, it does not pay."""
MOST_CHOICES = 4_000
"""Largest list of one short row; a row with more choices stays a row."""
ROUNDS = 10
"""Linear programs that improve the prices, at most."""
FAINT, NEAR = 1e-9, 1e-8
LARGEST = 2.0**61


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """Short row Σ a x ≤ b, a > 0, x binary: index, open columns, their a, and b less fixed columns."""

    row: int
    columns: IntArray
    weight: IntArray
    room: int


@dataclass(frozen=True, slots=True, eq=False)
class EnumeratedRow:
    """Enumerated choices of a short row, bool (n_choices, n_columns), and the value of its best one."""

    choices: BoolArray
    best: int


@dataclass(frozen=True, slots=True, eq=False)
class Bundled:
    """Exact bound with short rows as subproblems.

    Attributes
    ----------
    shorts : the short rows
    prices : float64 (n_rows,), 0 for the short rows
    bound : exact bound of these prices without the short rows
    scaled : the improved bound, in units of 2^−bound.scale
    """

    shorts: tuple[Short, ...]
    prices: FloatArray
    bound: ExactBound
    scaled: int

    def compute_slack(self, value: int) -> int:
        """Compute the difference Γ between the bound and a value, in units of 2^−scale."""
        return self.scaled - (value << self.bound.scale)

    def enumerate_rows(self, slack: int, deadline: Deadline) -> list[EnumeratedRow | None]:
        """List the choices of each short row within the slack; None for a row that has too many."""
        result = []
        for short in self.shorts:
            deadline.check()
            result.append(_enumerate_row(self.bound.reduced_costs[short.columns], short, slack))
        return result

    @property
    def near(self) -> int:
        """A slack for which lists are short but contain the good choices: a tenth of the median |r_j|."""
        return int(np.median(np.abs(self.bound.reduced_costs)) // 10)


def select_short_rows(model: LinearModel, duals: FloatArray) -> tuple[Short, ...]:
    """Select short rows with a positive price that share no column, largest price · b first.

    `model` must maximise.
    """
    matrix = model.matrix
    length = np.diff(matrix.indptr)
    zero_one = (model.col_lower >= 0) & (model.col_upper <= 1)
    fixed = np.where(model.col_lower == model.col_upper, model.col_lower, 0)
    capped = (model.row_upper != NO_UPPER) & (model.row_lower == NO_LOWER) & (model.row_upper >= 0)
    rows = np.flatnonzero(capped & (length >= SHORTEST) & (length <= LONGEST) & (duals > FAINT))
    cost = duals[rows] * model.row_upper[rows]
    visited = np.zeros(model.n_cols, dtype=np.bool_)
    result = []
    for row in rows[np.argsort(-cost, kind="stable")].tolist():
        part = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
        columns = matrix.indices[part]
        weight, open_ = matrix.data[part], model.col_lower[columns] < model.col_upper[columns]
        room = int(model.row_upper[row]) - int(weight @ fixed[columns])
        plain = (weight > 0).all() and zero_one[columns].all() and not visited[columns].any()
        if plain and room >= 0 and open_.sum() >= SHORTEST:
            visited[columns] = True
            result.append(Short(row, columns[open_], weight[open_], room))
    return tuple(result)


@dataclass(frozen=True, slots=True, eq=False)
class RowEnumeration:
    """Tightening of column bounds by enumerating short rows; all points of `value` or better remain.

    Attributes
    ----------
    row_duals : float64 (n_rows,), prices of the model's linear relaxation
    value : the value of a feasible point, without constants
    backend, limits : solver of the linear programs that improve the prices, and its limits
    """

    name: ClassVar[str] = "row_enumeration"
    label: ClassVar[Text] = _(
        "The choices of short rows are enumerated; applications that no good choice changes are fixed."
    )
    keeps_optima: ClassVar[bool] = True

    row_duals: FloatArray
    value: int
    backend: Backend
    limits: Limits

    def apply(self, model: LinearModel) -> tuple[LinearModel, FixingInverse] | None:
        """Tighten the column bounds; None if too few short rows have a price, or no bound shows anything."""
        try:
            return self._apply_in_time(model)
        except DeadlineExpired:
            return None

    def _apply_in_time(self, model: LinearModel) -> tuple[LinearModel, FixingInverse] | None:
        up = convert_to_maximisation(model)
        same = model.sense is Sense.MAXIMISE
        duals = self.row_duals if same else -self.row_duals
        shorts = select_short_rows(up, duals)
        if len(shorts) < LEAST or not model.integer.all():
            return None
        result = _improve_prices(up, shorts, duals, self.backend, self.limits)
        slack = -1 if result is None else result.compute_slack(self.value if same else -self.value)
        if result is None or slack < 0:
            return None
        reduced = result.bound.reduced_costs
        lower, upper = model.col_lower.copy(), model.col_upper.copy()
        shut = np.abs(reduced) > slack
        for s, piece in zip(result.shorts, result.enumerate_rows(slack, self.limits.deadline), strict=True):
            shut[s.columns] = False
            if piece is not None:
                lower[s.columns], upper[s.columns] = piece.choices.min(axis=0), piece.choices.max(axis=0)
        lower[shut & (reduced > 0)] = upper[shut & (reduced > 0)]
        upper[shut & (reduced < 0)] = lower[shut & (reduced < 0)]
        return model.with_bounds(lower, upper), FixingInverse(self.value, model.sense)


def _improve_prices(
    model: LinearModel, shorts: Sequence[Short], duals: FloatArray, backend: Backend, limits: Limits
) -> Bundled | None:
    """Improve the prices by column generation and return the best bound; None if too few rows have short lists.

    `model` must maximise.
    """
    deadline = limits.deadline
    best = _compute_bound(model, shorts, duals, deadline)
    if best is None:
        return None
    shorts = [
        s
        for s, part in zip(best.shorts, best.enumerate_rows(best.near, deadline), strict=True)
        if part is not None
    ]
    if len(shorts) < LEAST:
        return None
    lists = [np.zeros((0, len(s.columns)), dtype=np.bool_) for s in shorts]
    best = None
    for __ in range(ROUNDS):
        now = _compute_bound(model, shorts, duals, deadline)
        if now is None:
            break
        best = now if best is None or now.scaled < best.scaled else best
        fresh = [part.choices for part in now.enumerate_rows(now.near, deadline) if part is not None]
        if len(fresh) < len(shorts):
            break
        lists = [np.unique(np.vstack(both), axis=0) for both in zip(lists, fresh, strict=True)]
        wide, rows = _with_lists(model, shorts, lists)
        relaxed = backend.solve(wide, relax=True, limits=limits)
        if relaxed.row_duals is None or relaxed.objective is None:
            break
        duals = np.zeros(model.n_rows)
        duals[rows] = relaxed.row_duals[: len(rows)]
        if best.scaled / 2.0**best.bound.scale <= relaxed.objective + max(0.5, NEAR * abs(relaxed.objective)):
            break
    return best


def _compute_bound(
    model: LinearModel, shorts: Sequence[Short], duals: FloatArray, deadline: Deadline
) -> Bundled | None:
    """Compute the bound at given prices."""
    prices = duals.copy()
    prices[[s.row for s in shorts]] = 0.0
    bound = compute_exact_bound(model, prices, deadline)
    if bound.scaled is None or bound.reduced_costs.dtype == object:
        return None
    scaled, retained = bound.scaled, []
    for s in shorts:
        deadline.check()
        reduced = bound.reduced_costs[s.columns]
        found = _enumerate_row(reduced, s, 0)
        if found is not None:
            scaled += found.best - int(np.maximum(reduced, 0).sum())
            retained.append(s)
    return Bundled(tuple(retained), prices, bound, scaled)


def _enumerate_row(reduced: IntArray, short: Short, slack: int) -> EnumeratedRow | None:
    """List the choices of one short row that lose at most `slack` against its best one."""
    price = _choose_filling_price(reduced, short)
    reach = float(np.abs(reduced.astype(np.float64)).sum()) + price * float(short.weight.sum() + short.room)
    if reach + slack >= LARGEST:
        return None
    inner = reduced - price * short.weight
    most = int(np.maximum(inner, 0).sum()) + price * short.room
    within = max(int(np.abs(inner).max(initial=1)) // 8, 1)
    while True:
        result = _enumerate_within(inner, short, price, within)
        if result is None:
            return None
        choices, lost = result
        if len(lost):
            break
        within *= 2
    least = int(lost.min())
    if least + slack > within:
        result = _enumerate_within(inner, short, price, least + slack)
        if result is None:
            return None
        choices, lost = result
    return EnumeratedRow(choices[lost <= least + slack], most - least)


def _choose_filling_price(reduced: IntArray, short: Short) -> int:
    """Choose a price of the row's unit at which the good columns fill the row; any price would be valid."""
    worth = np.flatnonzero(reduced > 0)
    worth = worth[np.argsort(-(reduced[worth] / short.weight[worth]), kind="stable")]
    place = int(np.searchsorted(np.cumsum(short.weight[worth]), short.room, side="right"))
    return int(reduced[worth[place]]) // int(short.weight[worth[place]]) if place < len(worth) else 0


def _enumerate_within(
    inner: IntArray, short: Short, price: int, limit: int
) -> tuple[BoolArray, IntArray] | None:
    """List the choices that lose at most `limit` against Σ max(0, inner) + price·room, with their losses."""
    inside, cost = inner > 0, np.abs(inner)
    flips = np.flatnonzero(cost <= limit)
    ratio = cost[flips] / short.weight[flips]
    order = np.argsort(ratio, kind="stable")
    flips, ratio = flips[order], ratio[order]
    back = np.append(np.minimum.accumulate(np.where(inside[flips], ratio, np.inf)[::-1])[::-1], np.inf)
    fill = np.append(np.minimum.accumulate(np.where(~inside[flips], ratio, np.inf)[::-1])[::-1], np.inf)
    chosen = inside[None, :].copy()
    lost, over = np.zeros(1, dtype=np.int64), np.array([int(short.weight[inside].sum()) - short.room])
    for k, j in enumerate(flips.tolist()):
        other = chosen.copy()
        other[:, j] = ~other[:, j]
        step = int(-short.weight[j] if inside[j] else short.weight[j])
        chosen = np.concatenate([chosen, other])
        lost, over = np.concatenate([lost, lost + cost[j]]), np.concatenate([over, over + step])
        with np.errstate(invalid="ignore"):
            ahead = np.where(over > 0, over * back[k + 1], -over * min(float(price), fill[k + 1]))
        keep = np.flatnonzero(lost + np.where(over == 0, 0.0, ahead) <= limit * (1 + FAINT) + 1)
        chosen, lost, over = chosen[keep], lost[keep], over[keep]
        if len(lost) > MOST_CHOICES:
            return None
    lost = lost - price * over
    keep = np.flatnonzero((over <= 0) & (lost <= limit))
    return chosen[keep], lost[keep]


def _list_loose_columns(model: LinearModel, shorts: Sequence[Short]) -> IntArray:
    """Return the columns that are in no short row."""
    loose = np.ones(model.n_cols, dtype=np.bool_)
    for s in shorts:
        loose[s.columns] = False
    return np.flatnonzero(loose)


def _with_lists(
    model: LinearModel, shorts: Sequence[Short], lists: Sequence[BoolArray]
) -> tuple[LinearModel, IntArray]:
    """Replace short rows by convex combinations of their lists; also return the rows that remain."""
    loose = _list_loose_columns(model, shorts)
    columns = model.matrix.T
    rows = np.setdiff1d(np.arange(model.n_rows), [s.row for s in shorts])
    blocks, gains = [columns[loose]], [model.objective[loose]]
    for s, choices in zip(shorts, lists, strict=True):
        whole = choices.astype(np.int64)
        blocks.append(SparseMatrix.from_dense(whole) @ columns[s.columns])
        gains.append(whole @ model.objective[s.columns])
    sizes = [len(choices) for choices in lists]
    n = len(loose) + sum(sizes)
    of_bundle = np.repeat(np.arange(len(sizes)), sizes)
    entry = SparseMatrix.from_entries(
        np.ones(sum(sizes), dtype=np.int64), of_bundle, np.arange(len(loose), n), (len(sizes), n)
    )
    matrix = stack_rows([stack_rows(blocks).T[rows], entry])
    ones = np.ones(len(sizes), dtype=np.int64)
    zeros, all_ones = np.zeros(sum(sizes), dtype=np.int64), np.ones(sum(sizes), dtype=np.int64)
    small = LinearModel(
        matrix=matrix,
        row_lower=np.concatenate([model.row_lower[rows], ones]),
        row_upper=np.concatenate([model.row_upper[rows], ones]),
        col_lower=np.concatenate([model.col_lower[loose], zeros]),
        col_upper=np.concatenate([model.col_upper[loose], all_ones]),
        integer=np.ones(n, dtype=np.bool_),
        objective=np.concatenate(gains),
        sense=model.sense,
        row_names=(*(model.row_names[i] for i in rows.tolist()), *(f"one of {s.row}" for s in shorts)),
        col_names=(
            *(model.col_names[j] for j in loose.tolist()),
            *(f"choice {k}" for k in range(sum(sizes))),
        ),
    )
    return small, rows


def convert_to_maximisation(model: LinearModel) -> LinearModel:
    """Return the same model as a maximisation."""
    if model.sense is Sense.MAXIMISE:
        return model
    return replace(model, objective=-model.objective, sense=Sense.MAXIMISE)
