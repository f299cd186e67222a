"""Multiple-choice reformulation of amounts: each possible amount of a dossier becomes a 0-1 column.

    x = base + T·z,   Σ_{j in group} z_j ≤ 1,   row_lower − A·base ≤ (A T)·z ≤ row_upper − A·base

z_j = 1 means « the dossier receives its j-th amount »: x_i = 1, t_i = k_j, and w = 1 for a level. `base`
holds the fixed columns, and the least amount of each dossier that must be funded. Columns that stand for no
dossier are kept unchanged, behind those of dossiers.

The exact kernels accept groups of 0-1 columns, but not an integer column t linked to x by a row.

Source: Kellerer, Pferschy and Pisinger, Knapsack Problems (2004), on the multiple-choice knapsack problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tnt_sim.formulation.linear_model import (
    EXACT_LIMIT,
    NO_LOWER,
    NO_UPPER,
    ExactArray,
    IntArray,
    LinearModel,
    ModelError,
    SolveStage,
)
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.i18n.message import Text, _
from tnt_sim.kernel.knapsack import ChoiceGroups
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.reductions.restriction import Restriction
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

MENU = "menu"
"""Name of the rows Σ z_j ≤ 1."""
MOST_CHOICES = 400_000
"""Number of amounts above which the reformulation is not built."""
ROOM = 2**62
"""Bound on coefficients, so that products fit in int64."""


@dataclass(frozen=True, slots=True, eq=False)
class AmountsInverse:
    """Map from choices z back to the columns of the whole model.

    Attributes
    ----------
    choice_groups : multiple-choice groups of the columns z
    base, back : x = base + back·z
    offset : value of `base`
    """

    choice_groups: ChoiceGroups
    base: IntArray
    back: SparseMatrix
    offset: int

    def expand(self, x: IntArray) -> IntArray:
        """Map a choice z to the original columns: base + back·z."""
        point: IntArray = self.base + self.back @ x
        return point

    def expand_bound(self, bound: int) -> int:
        """Add the value of `base`."""
        return bound + self.offset

    def translate_stages(self, stages: Sequence[SolveStage]) -> list[SolveStage]:
        """Express objectives over z; the value of `base` becomes part of their constant."""
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
    """Possible amounts of dossiers, by dossier and largest first; int64 (n_amounts,) each.

    Attributes
    ----------
    x, t, w : columns « funded », « amount » and « level » (-1 for a range)
    units : value of t
    """

    x: IntArray
    t: IntArray
    w: IntArray
    units: IntArray

    def pick(self, places: IntArray | BoolArray) -> _Menu:
        return _Menu(self.x[places], self.t[places], self.w[places], self.units[places])


@dataclass(frozen=True, slots=True, eq=False)
class AmountsAsBinaries:
    """Reformulation of the open columns of a model over choices of amounts.

    With `lean`, an amount is left out if a smaller amount of the same dossier is worth at least as much to
    the first stage. Under caps on money the best value of this stage survives; another row, however, may
    need the amount left out.

    Attributes
    ----------
    stages : objectives besides that of the model; each must be linear in the choices
    recovery : layout of the columns
    """

    name: ClassVar[str] = "amounts_as_binaries"
    label: ClassVar[Text] = _("Each possible amount of an application becomes a yes-or-no choice.")

    stages: Sequence[SolveStage]
    recovery: Recovery
    lean: bool = False

    @property
    def keeps_optima(self) -> bool:
        """Every point survives unless amounts are left out."""
        return not self.lean

    def apply(self, model: LinearModel) -> tuple[LinearModel, AmountsInverse] | None:
        """Replace amounts by choices.

        Returns None if there are too many amounts, if numbers become too large, or if a dossier that must be
        funded has no possible amount.
        """
        recovery, first = self.recovery, self.stages[0]
        goal = first.objective if first.sense is Sense.MAXIMISE else -first.objective
        menu = _list_amounts(model, recovery, goal if self.lean else None)
        if menu is None:
            return None
        must = _list_forced_columns(model, recovery)
        menu = menu.pick(_mark_allowed_amounts(model, menu))
        has = np.zeros(model.n_cols, dtype=np.bool_)
        has[menu.x] = True
        goals = [stage.objective for stage in self.stages]
        numbers = [model.matrix.data, model.objective, *goals]
        if not has[must].all() or _can_overflow(numbers, menu.units):
            return None
        if self.lean:
            worth = goal[menu.x] + goal[menu.t] * menu.units + np.where(menu.w >= 0, goal[menu.w], 0)
            menu = menu.pick(_select_improving_amounts(menu.x, worth))
        result = _build_choices(model, recovery, menu, must)
        if result is None or any((np.abs(result[1].back.T @ goal) >= EXACT_LIMIT).any() for goal in goals):
            return None
        return result


def _can_overflow(numbers: Sequence[IntArray], units: IntArray) -> bool:
    """Whether a coefficient of a choice, x + k·t + w, could overflow int64."""
    widest = max(float(np.abs(part).max(initial=0)) for part in numbers)
    return widest * (2.0 + float(units.max(initial=0))) >= ROOM


def _list_amounts(model: LinearModel, recovery: Recovery, goal: IntArray | None) -> _Menu | None:
    """List all levels and range units; with a goal, only the least unit of ranges that it does not reward."""
    options = recovery.options
    funded, amount = _locate_columns(recovery, options.row)
    levels = _Menu(funded, amount, recovery.option_columns, options.step)
    x, t = _locate_columns(recovery, recovery.ranged)
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
    both = [np.concatenate(pair) for pair in zip(_list_fields(levels), _list_fields(ranges), strict=True)]
    found = _Menu(*both)
    return found.pick(np.lexsort((-found.units, found.x)))


def _list_fields(menu: _Menu) -> tuple[IntArray, ...]:
    return menu.x, menu.t, menu.w, menu.units


def _locate_columns(recovery: Recovery, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return the columns « funded » and « amount » of some dossiers."""
    t = recovery.amount_columns[np.searchsorted(recovery.amount_rows, rows)]
    return np.searchsorted(recovery.candidate, rows).astype(np.int64), t


def _list_forced_columns(model: LinearModel, recovery: Recovery) -> IntArray:
    """Return the columns « funded » of dossiers with amounts that must be funded."""
    x, t = _locate_columns(recovery, recovery.amount_rows)
    must = (model.col_lower[x] > 0) | (model.col_lower[t] > 0)
    w, (levelled, __) = recovery.option_columns, _locate_columns(recovery, recovery.options.row)
    return np.union1d(x[must], levelled[model.col_lower[w] > 0]).astype(np.int64)


def _mark_allowed_amounts(model: LinearModel, menu: _Menu) -> BoolArray:
    """Return the amounts within the bounds of all columns."""
    level = menu.w >= 0
    wanted = level & (model.col_lower[menu.w] > 0)
    has_wanted = np.zeros(model.n_cols, dtype=np.bool_)
    has_wanted[menu.x[wanted]] = True
    places: BoolArray = (model.col_upper[menu.x] > 0) & (~has_wanted[menu.x] | wanted)
    places &= (model.col_lower[menu.t] <= menu.units) & (menu.units <= model.col_upper[menu.t])
    places &= ~level | (model.col_upper[menu.w] > 0)
    return places


def _select_improving_amounts(x: IntArray, worth: IntArray) -> IntArray:
    """Return the places of amounts worth more than every smaller amount of their dossier."""
    rank = np.unique(worth, return_inverse=True)[1].astype(np.int64)
    group = np.r_[0, np.cumsum(np.diff(x) != 0)] if len(x) else x
    rising = (rank + (group.max(initial=0) - group) * (len(x) + 1))[::-1]
    above = np.r_[True, rising[1:] > np.maximum.accumulate(rising)[:-1]] if len(x) else np.zeros(0, np.bool_)
    return np.flatnonzero(above[::-1])


def _build_choices(
    model: LinearModel, recovery: Recovery, menu: _Menu, must: IntArray
) -> tuple[LinearModel, AmountsInverse] | None:
    """Build the model over these amounts, the columns of plain dossiers, and the further columns."""
    last = np.r_[menu.x[1:] != menu.x[:-1], True] if len(menu.x) else np.zeros(0, dtype=np.bool_)
    forced = np.isin(menu.x, must)
    least = menu.pick(np.flatnonzero(forced & last))
    base = np.zeros(model.n_cols, dtype=np.int64)
    base[least.x], base[least.t] = 1, least.units
    base[least.w[least.w >= 0]] = 1
    more = np.flatnonzero(~(forced & last))
    menu, forced = menu.pick(more), forced[more]
    n_awards = recovery.n_columns
    plain = np.setdiff1d(
        np.arange(len(recovery.candidate)), _locate_columns(recovery, recovery.amount_rows)[0]
    )
    selected = np.concatenate([plain, np.arange(n_awards, model.n_cols)])
    # dossiers stand by rank, and the further columns come behind them
    where = np.concatenate([selected, menu.x])
    order = np.argsort(where, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    at = place[len(selected) :]
    level = np.flatnonzero(menu.w >= 0)
    fresh = np.flatnonzero(~forced)
    of_least = np.full(model.n_cols, -1, dtype=np.int64)
    of_least[least.x] = least.w
    under = np.flatnonzero(forced & (of_least[menu.x] >= 0))
    row = np.concatenate([selected, menu.x[fresh], menu.t, menu.w[level], of_least[menu.x[under]]])
    col = np.concatenate([place[: len(selected)], at[fresh], at, at[level], at[under]])
    value = np.concatenate(
        [
            np.ones(len(selected) + len(fresh), dtype=np.int64),
            menu.units - base[menu.t] * forced,
            np.ones(len(level), dtype=np.int64),
            -np.ones(len(under), dtype=np.int64),
        ]
    )
    back = SparseMatrix.from_entries(value, row, col, (model.n_cols, len(order)))
    group = np.cumsum(np.r_[False, np.diff(where[order]) != 0]).astype(np.int64)
    raised = np.zeros(len(order), dtype=np.bool_)
    raised[at] = forced
    lower, upper = np.zeros(len(order), dtype=np.int64), np.ones(len(order), dtype=np.int64)
    lower[place[: len(selected)]], upper[place[: len(selected)]] = (
        model.col_lower[selected],
        model.col_upper[selected],
    )
    names = [model.col_names[k] for k in where[order].tolist()]
    choice_groups = ChoiceGroups(group, raised)
    try:
        rows = _build_rows(model, base, back, choice_groups, lower, upper, names)
        restricted, restriction = Restriction().apply(rows)
    except (ModelError, OverflowError):  # numbers too large for a model
        return None
    open_ = restriction.open_columns
    base = base + back @ restriction.base
    return restricted, AmountsInverse(
        choice_groups.pick(open_), base, back[:, open_], model.compute_value(base)
    )


def _build_rows(
    model: LinearModel,
    base: IntArray,
    back: SparseMatrix,
    choice_groups: ChoiceGroups,
    lower: IntArray,
    upper: IntArray,
    names: Sequence[str],
) -> LinearModel:
    """Build the rows over choices, with one row Σ z_j ≤ 1 per group."""
    shift = model.compute_activity(base)
    shared = np.flatnonzero(choice_groups.shared)
    heads, code = np.unique(choice_groups.group[shared], return_inverse=True)
    ones = np.ones(len(shared), dtype=np.int64)
    one = SparseMatrix.from_entries(ones, code, shared, (len(heads), len(upper)))
    return LinearModel(
        matrix=stack_rows([model.matrix @ back, one]),
        row_lower=np.concatenate(
            [_shift_bounds(model.row_lower, shift, NO_LOWER), np.full(len(heads), NO_LOWER)]
        ),
        row_upper=np.concatenate(
            [_shift_bounds(model.row_upper, shift, NO_UPPER), np.ones(len(heads), dtype=np.int64)]
        ),
        col_lower=lower,
        col_upper=upper,
        integer=np.ones(len(upper), dtype=np.bool_),
        objective=model.objective @ back,
        sense=model.sense,
        row_names=(*model.row_names, *([MENU] * len(heads))),
        col_names=names,
    )


def _shift_bounds(bounds: IntArray, shift: ExactArray, absent: int) -> IntArray:
    moved: IntArray = np.where(bounds == absent, absent, bounds - shift).astype(np.int64)
    return moved
