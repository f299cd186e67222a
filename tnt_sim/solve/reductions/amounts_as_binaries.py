"""Amounts as choices: a dossier's levels, or the units of its range, as 0-1 columns of which one at most is taken.

    x = base + T·z,   Σ_{j in menu} z_j ≤ 1,   row_lower − A·base ≤ (A T)·z ≤ row_upper − A·base

z_j stands for « the dossier gets its j-th amount »: x_i = 1, t_i = k_j, and w = 1 for a level. A dossier that must
be funded counts from its least amount, which is in `base` with all columns that are fixed. Other columns stay what
they are, behind those of dossiers. Kernels take such a model; a whole column t, tied to x by a row, they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from tnt_sim.formulation.linear_model import (
    EXACT_LIMIT,
    NO_LOWER,
    NO_UPPER,
    ExactArray,
    IntArray,
    LinearModel,
    ModelError,
    Sense,
    Stage,
)
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.kernel.knapsack import Menus
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.solve.reductions.restriction import restrict

MENU = "menu"
"""How the rows are called by which a dossier gets one amount at most."""
MOST_CHOICES = 400_000
"""Amounts beyond which a model is not written out."""
ROOM = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """A model over choices of amounts, and the way back to the model's own columns."""

    model: LinearModel
    menus: Menus
    whole: LinearModel
    base: IntArray
    back: sp.csr_array

    def expand(self, z: IntArray) -> IntArray:
        """The point of the whole model."""
        x: IntArray = self.base + self.back @ z
        return x

    def stages(self, stages: Sequence[Stage]) -> list[Stage]:
        """The goals over choices; what `base` is worth of each is a constant."""
        return [
            replace(
                stage,
                objective=self.back.T @ stage.objective,
                constant=stage.constant + int(stage.objective @ self.base),
            )
            for stage in stages
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Menu:
    """Amounts that dossiers may get, by dossier and the greatest first; int64 (n_amounts,).

    Attributes
    ----------
    x, t, w : the columns « funded », « amount » and « level » (-1 for a range)
    units : what t is
    """

    x: IntArray
    t: IntArray
    w: IntArray
    units: IntArray

    def pick(self, places: IntArray | BoolArray) -> _Menu:
        return _Menu(self.x[places], self.t[places], self.w[places], self.units[places])


def as_choices(
    model: LinearModel, stages: Sequence[Stage], recovery: Recovery, *, lean: bool
) -> Amounts | None:
    """The open columns over choices of amounts; None where these are too many, their numbers too wide, or a
    dossier that must has none.

    With `lean`, an amount is left out where a smaller one of the dossier is worth as much for the first stage: the
    best under caps on money is the same without it, but another row may be kept by it alone.
    """
    goal = stages[0].objective if stages[0].sense is Sense.MAXIMISE else -stages[0].objective
    menu = _menu(model, recovery, goal if lean else None)
    if menu is None:
        return None
    must = _must(model, recovery)
    menu = menu.pick(_allowed(model, menu))
    has = np.zeros(model.n_cols, dtype=np.bool_)
    has[menu.x] = True
    goals = [stage.objective for stage in stages]
    if not has[must].all() or _too_wide([model.matrix.data, *goals], menu.units):
        return None
    if lean:
        worth = goal[menu.x] + goal[menu.t] * menu.units + np.where(menu.w >= 0, goal[menu.w], 0)
        menu = menu.pick(_worth_more(menu.x, worth))
    found = _written(model, recovery, menu, must)
    if found is None or any((np.abs(found.back.T @ goal) >= EXACT_LIMIT).any() for goal in goals):
        return None
    return found


def _too_wide(numbers: Sequence[IntArray], units: IntArray) -> bool:
    """Whether a coefficient of a choice, x + k·t + w, could leave 64 bits."""
    widest = max(float(np.abs(part).max(initial=0)) for part in numbers)
    return widest * (2.0 + float(units.max(initial=0))) >= ROOM


def _menu(model: LinearModel, recovery: Recovery, goal: IntArray | None) -> _Menu | None:
    """Every level and every unit of a range, or the least of one whose units are worth nothing to the goal."""
    options = recovery.options
    funded, amount = _columns(recovery, options.row)
    levels = _Menu(funded, amount, recovery.option_columns, options.step)
    x, t = _columns(recovery, recovery.ranged)
    least, most = model.col_lower[t], model.col_upper[t]
    if goal is not None:
        most = np.where(goal[t] > 0, most, least)
    count = np.maximum(most - least + 1, 0)
    if int(count.sum()) + len(levels.x) > MOST_CHOICES and (goal is None or int(count.max(initial=0)) > 1):
        return None
    ends = np.cumsum(count)
    step = np.arange(int(count.sum())) - np.repeat(ends - count, count)
    ranges = _Menu(
        np.repeat(x, count),
        np.repeat(t, count),
        np.full(len(step), -1, dtype=np.int64),
        np.repeat(least, count) + step,
    )
    both = [np.concatenate(pair) for pair in zip(_parts(levels), _parts(ranges), strict=True)]
    found = _Menu(*both)
    return found.pick(np.lexsort((-found.units, found.x)))


def _parts(menu: _Menu) -> tuple[IntArray, ...]:
    return menu.x, menu.t, menu.w, menu.units


def _columns(recovery: Recovery, rows: IntArray) -> tuple[IntArray, IntArray]:
    """The columns « funded » and « amount » of some dossiers."""
    t = recovery.amount_columns[np.searchsorted(recovery.amount_rows, rows)]
    return np.searchsorted(recovery.candidate, rows).astype(np.int64), t


def _must(model: LinearModel, recovery: Recovery) -> IntArray:
    """The columns « funded » of dossiers with amounts that must be funded."""
    x, t = _columns(recovery, recovery.amount_rows)
    must = (model.col_lower[x] > 0) | (model.col_lower[t] > 0)
    w, (levelled, _) = recovery.option_columns, _columns(recovery, recovery.options.row)
    return np.union1d(x[must], levelled[model.col_lower[w] > 0]).astype(np.int64)


def _allowed(model: LinearModel, menu: _Menu) -> BoolArray:
    """The amounts within the bounds of all columns."""
    level = menu.w >= 0
    wanted = level & (model.col_lower[menu.w] > 0)
    has_wanted = np.zeros(model.n_cols, dtype=np.bool_)
    has_wanted[menu.x[wanted]] = True
    found: BoolArray = (model.col_upper[menu.x] > 0) & (~has_wanted[menu.x] | wanted)
    found &= (model.col_lower[menu.t] <= menu.units) & (menu.units <= model.col_upper[menu.t])
    found &= ~level | (model.col_upper[menu.w] > 0)
    return found


def _worth_more(x: IntArray, worth: IntArray) -> IntArray:
    """The places of amounts that are worth more than every smaller one of their dossier."""
    rank = np.unique(worth, return_inverse=True)[1].astype(np.int64)
    group = np.r_[0, np.cumsum(np.diff(x) != 0)] if len(x) else x
    rising = (rank + (group.max(initial=0) - group) * (len(x) + 1))[::-1]
    above = np.r_[True, rising[1:] > np.maximum.accumulate(rising)[:-1]] if len(x) else np.zeros(0, np.bool_)
    return np.flatnonzero(above[::-1])


def _written(model: LinearModel, recovery: Recovery, menu: _Menu, must: IntArray) -> Amounts | None:
    """The model over these amounts, every plain dossier's column and the further columns."""
    last = np.r_[menu.x[1:] != menu.x[:-1], True] if len(menu.x) else np.zeros(0, dtype=np.bool_)
    forced = np.isin(menu.x, must)
    least = menu.pick(np.flatnonzero(forced & last))
    base = np.zeros(model.n_cols, dtype=np.int64)
    base[least.x], base[least.t] = 1, least.units
    base[least.w[least.w >= 0]] = 1
    more = np.flatnonzero(~(forced & last))
    menu, forced = menu.pick(more), forced[more]
    n_awards = recovery.n_columns
    plain = np.setdiff1d(np.arange(len(recovery.candidate)), _columns(recovery, recovery.amount_rows)[0])
    kept = np.concatenate([plain, np.arange(n_awards, model.n_cols)])
    # behind those of dossiers, which stand by rank, come the further columns
    where = np.concatenate([kept, menu.x])
    order = np.argsort(where, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    at = place[len(kept) :]
    level = np.flatnonzero(menu.w >= 0)
    fresh = np.flatnonzero(~forced)
    of_least = np.full(model.n_cols, -1, dtype=np.int64)
    of_least[least.x] = least.w
    under = np.flatnonzero(forced & (of_least[menu.x] >= 0))
    row = np.concatenate([kept, menu.x[fresh], menu.t, menu.w[level], of_least[menu.x[under]]])
    col = np.concatenate([place[: len(kept)], at[fresh], at, at[level], at[under]])
    value = np.concatenate(
        [
            np.ones(len(kept) + len(fresh), dtype=np.int64),
            menu.units - base[menu.t] * forced,
            np.ones(len(level), dtype=np.int64),
            -np.ones(len(under), dtype=np.int64),
        ]
    )
    back = sp.csr_array((value, (row, col)), shape=(model.n_cols, len(order)))
    back.eliminate_zeros()
    group = np.cumsum(np.r_[False, np.diff(where[order]) != 0]).astype(np.int64)
    raised = np.zeros(len(order), dtype=np.bool_)
    raised[at] = forced
    lower, upper = np.zeros(len(order), dtype=np.int64), np.ones(len(order), dtype=np.int64)
    lower[place[: len(kept)]], upper[place[: len(kept)]] = model.col_lower[kept], model.col_upper[kept]
    names = [model.col_names[k] for k in where[order].tolist()]
    menus = Menus(group, raised)
    try:
        part = restrict(_rows(model, base, back, menus, lower, upper, names), lower, upper)
    except (ModelError, OverflowError):  # sums that a model does not hold
        return None
    open_ = part.open_columns
    return Amounts(
        part.model, menus.picked(open_), model, base + back @ part.base, back.tocsc()[:, open_].tocsr()
    )


def _rows(
    model: LinearModel,
    base: IntArray,
    back: sp.csr_array,
    menus: Menus,
    lower: IntArray,
    upper: IntArray,
    names: Sequence[str],
) -> LinearModel:
    """The rows over choices, and a row for each menu."""
    shift = model.activity(base)
    shared = np.flatnonzero(menus.shared)
    heads, code = np.unique(menus.group[shared], return_inverse=True)
    ones = np.ones(len(shared), dtype=np.int64)
    one = sp.csr_array((ones, (code, shared)), shape=(len(heads), len(upper)))
    return LinearModel(
        matrix=sp.vstack([model.matrix @ back, one], format="csr"),
        row_lower=np.concatenate([_moved(model.row_lower, shift, NO_LOWER), np.full(len(heads), NO_LOWER)]),
        row_upper=np.concatenate(
            [_moved(model.row_upper, shift, NO_UPPER), np.ones(len(heads), dtype=np.int64)]
        ),
        col_lower=lower,
        col_upper=upper,
        integer=np.ones(len(upper), dtype=np.bool_),
        objective=np.zeros(len(upper), dtype=np.int64),
        sense=model.sense,
        row_names=(*model.row_names, *([MENU] * len(heads))),
        col_names=names,
    )


def _moved(bounds: IntArray, shift: ExactArray, absent: int) -> IntArray:
    moved: IntArray = np.where(bounds == absent, absent, bounds - shift).astype(np.int64)
    return moved
