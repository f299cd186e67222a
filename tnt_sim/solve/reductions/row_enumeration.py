"""Short rows as lists of choices: a bound that closes columns where the linear program's closes none.

The dossiers of a department under its cap are few. Against prices y on all rows but that cap, r = c − yA, its best
choice is found exactly, and so is every choice that falls short of it by no more than Γ: a few dozen, where the
row alone leaves 2^20. With 0 ≤ λ ≤ 1 for each such choice and Σ λ = 1 in place of the row, a linear program sees
the row as it is for whole dossiers, and its prices give the bound

    c·x  ≤  Σ_i y_i·b_i  +  Σ_{loose} max(0, r_j)  +  Σ_bundles max r·x        for every feasible x.

With Γ what this bound is above a value, no point of that value has a loose column on its other side where |r_j| is
above Γ, or a bundle's choice outside its list. The prices are floats rounded to k/2^s; the rest is exact. With
twenty such caps across ten other rules the bound falls by three quarters of what it is above the optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    BoolArray,
    FloatArray,
    IntArray,
    LinearModel,
    Sense,
)
from tnt_sim.solve.backends.backend import Backend, Limits
from tnt_sim.solve.reductions.fixing import ExactBound, exact_bound

LONGEST, SHORTEST = 64, 3
"""Columns of a row that may become a list; pairs are left as they are, their rows are tight already."""
LEAST = 6
"""Short rows with a price, below which lists are not worth their linear programs."""
MOST_CHOICES = 4_000
"""Of one bundle; a row with more is left as a row."""
ROUNDS = 10
"""Linear programs that improve the prices, at the most."""
FAINT, NEAR = 1e-9, 1e-8
LARGEST = 2.0**61


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """A row Σ a x ≤ b, a > 0, over few 0-1 columns: its place, its open columns, their a, what is left of b."""

    row: int
    columns: IntArray
    weight: IntArray
    room: int


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A bundle's choices that lose at most what was asked for, bool (n_choices, n_columns), and its best value."""

    choices: BoolArray
    best: int


@dataclass(frozen=True, slots=True, eq=False)
class Bundled:
    """Prices that leave out the bundles' rows, and the exact bound that they prove, in units of 2^−scale."""

    shorts: tuple[Short, ...]
    prices: FloatArray
    bound: ExactBound
    scaled: int

    def slack(self, value: int) -> int:
        """What the bound is above a value."""
        return self.scaled - (value << self.bound.scale)

    def listed(self, slack: int) -> list[Listed | None]:
        """Every choice of each bundle within the slack; None for one that has too many."""
        return [_listed(self.bound.reduced_costs[s.columns], s, slack) for s in self.shorts]

    @property
    def near(self) -> int:
        """A slack at which lists are short and yet say what is nearly the best."""
        return int(np.median(np.abs(self.bound.reduced_costs)) // 10)


def short_rows(model: LinearModel, duals: FloatArray) -> tuple[Short, ...]:
    """The short rows with a price that share no column, the dearest first."""
    matrix = model.matrix
    length = np.diff(matrix.indptr)
    zero_one = (model.col_lower >= 0) & (model.col_upper <= 1)
    fixed = np.where(model.col_lower == model.col_upper, model.col_lower, 0)
    capped = (model.row_upper != NO_UPPER) & (model.row_lower == NO_LOWER) & (model.row_upper >= 0)
    rows = np.flatnonzero(capped & (length >= SHORTEST) & (length <= LONGEST) & (duals > FAINT))
    cost = duals[rows] * model.row_upper[rows]
    seen = np.zeros(model.n_cols, dtype=np.bool_)
    found = []
    for row in rows[np.argsort(-cost, kind="stable")].tolist():
        part = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
        columns = matrix.indices[part].astype(np.int64)
        weight, open_ = matrix.data[part], model.col_lower[columns] < model.col_upper[columns]
        room = int(model.row_upper[row]) - int(weight @ fixed[columns])
        plain = (weight > 0).all() and zero_one[columns].all() and not seen[columns].any()
        if plain and room >= 0 and open_.sum() >= SHORTEST:
            seen[columns] = True
            found.append(Short(row, columns[open_], weight[open_], room))
    return tuple(found)


def close_by_lists(
    model: LinearModel, row_duals: FloatArray, limit: int, backend: Backend, limits: Limits = Limits()
) -> LinearModel:
    """The model without what no point of value `limit` or better can have; the same where few short rows are dear.

    `row_duals` are the prices of the model's own linear program.
    """
    up = maximised(model)
    same = model.sense is Sense.MAXIMISE
    shorts = short_rows(up, row_duals if same else -row_duals)
    if len(shorts) < LEAST or not model.integer.all():
        return model
    found = _bundled(up, shorts, row_duals if same else -row_duals, backend, limits)
    slack = -1 if found is None else found.slack(limit if same else -limit)
    if found is None or slack < 0:
        return model
    reduced = found.bound.reduced_costs
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    shut = np.abs(reduced) > slack
    for s, part in zip(found.shorts, found.listed(slack), strict=True):
        shut[s.columns] = False
        if part is not None:
            lower[s.columns], upper[s.columns] = part.choices.min(axis=0), part.choices.max(axis=0)
    lower[shut & (reduced > 0)] = upper[shut & (reduced > 0)]
    upper[shut & (reduced < 0)] = lower[shut & (reduced < 0)]
    return model.with_bounds(lower, upper)


def _bundled(
    model: LinearModel, shorts: Sequence[Short], duals: FloatArray, backend: Backend, limits: Limits
) -> Bundled | None:
    """The bundles of a model that maximises, at the best prices found; None where too few have short lists.

    The prices come from linear programs over the lists found so far, which grow by what is best at these prices.
    """
    best = _at(model, shorts, duals)
    if best is None:
        return None
    shorts = [s for s, part in zip(best.shorts, best.listed(best.near), strict=True) if part is not None]
    if len(shorts) < LEAST:
        return None
    lists = [np.zeros((0, len(s.columns)), dtype=np.bool_) for s in shorts]
    best = None
    for _ in range(ROUNDS):
        now = None if limits.expired else _at(model, shorts, duals)
        if now is None:
            break
        best = now if best is None or now.scaled < best.scaled else best
        fresh = [part.choices for part in now.listed(now.near) if part is not None]
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


def _at(model: LinearModel, shorts: Sequence[Short], duals: FloatArray) -> Bundled | None:
    """The bundles at given prices."""
    prices = duals.copy()
    prices[[s.row for s in shorts]] = 0.0
    bound = exact_bound(model, prices)
    if bound.scaled is None or bound.reduced_costs.dtype == object:
        return None
    scaled, kept = bound.scaled, []
    for s in shorts:
        reduced = bound.reduced_costs[s.columns]
        found = _listed(reduced, s, 0)
        if found is not None:
            scaled += found.best - int(np.maximum(reduced, 0).sum())
            kept.append(s)
    return Bundled(tuple(kept), prices, bound, scaled)


def _listed(reduced: IntArray, short: Short, slack: int) -> Listed | None:
    """The choices under one row that are worth no less than its best one less the slack."""
    price = _fill_price(reduced, short)
    reach = float(np.abs(reduced.astype(np.float64)).sum()) + price * float(short.weight.sum() + short.room)
    if reach + slack >= LARGEST:
        return None
    inner = reduced - price * short.weight
    most = int(np.maximum(inner, 0).sum()) + price * short.room
    within = max(int(np.abs(inner).max(initial=1)) // 8, 1)
    while True:
        found = _within(inner, short, price, within)
        if found is None:
            return None
        choices, lost = found
        if len(lost):
            break
        within *= 2
    least = int(lost.min())
    if least + slack > within:
        found = _within(inner, short, price, least + slack)
        if found is None:
            return None
        choices, lost = found
    return Listed(choices[lost <= least + slack], most - least)


def _fill_price(reduced: IntArray, short: Short) -> int:
    """The price of the row's own unit at which the columns worth having fill it; any would be right."""
    worth = np.flatnonzero(reduced > 0)
    worth = worth[np.argsort(-(reduced[worth] / short.weight[worth]), kind="stable")]
    place = int(np.searchsorted(np.cumsum(short.weight[worth]), short.room, side="right"))
    return int(reduced[worth[place]]) // int(short.weight[worth[place]]) if place < len(worth) else 0


def _within(inner: IntArray, short: Short, price: int, limit: int) -> tuple[BoolArray, IntArray] | None:
    """The choices that lose at most `limit` against Σ max(0, inner) + price·room, and what they lose."""
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


def _loose_columns(model: LinearModel, shorts: Sequence[Short]) -> IntArray:
    """The columns in no bundle."""
    loose = np.ones(model.n_cols, dtype=np.bool_)
    for s in shorts:
        loose[s.columns] = False
    return np.flatnonzero(loose)


def _with_lists(
    model: LinearModel, shorts: Sequence[Short], lists: Sequence[BoolArray]
) -> tuple[LinearModel, IntArray]:
    """The model with the bundles' rows replaced by their lists, and the rows that it keeps of the full one."""
    loose = _loose_columns(model, shorts)
    columns = model.matrix.tocsc()
    rows = np.setdiff1d(np.arange(model.n_rows), [s.row for s in shorts])
    blocks, gains = [columns[:, loose]], [model.objective[loose]]
    for s, choices in zip(shorts, lists, strict=True):
        whole = choices.astype(np.int64)
        blocks.append(columns[:, s.columns] @ sp.csc_array(whole.T))
        gains.append(whole @ model.objective[s.columns])
    sizes = [len(choices) for choices in lists]
    n = len(loose) + sum(sizes)
    of_bundle = np.repeat(np.arange(len(sizes)), sizes)
    one = sp.csr_array(
        (np.ones(sum(sizes), dtype=np.int64), (of_bundle, np.arange(len(loose), n))), shape=(len(sizes), n)
    )
    matrix = sp.vstack([sp.csr_array(sp.hstack(blocks))[rows], one], format="csr")
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


def maximised(model: LinearModel) -> LinearModel:
    """The same points, best first the same, as a maximum."""
    if model.sense is Sense.MAXIMISE:
        return model
    return replace(model, objective=-model.objective, sense=Sense.MAXIMISE)
