"""A decision over 0-1 columns, all stages at once, by exact blocks under prices (`kernel/blocks/block_search.py`).

Stages without tolerance become one whole objective, each stage's unit worth more than all that later ones can
reach; the kernel's numbers are int64, so that nothing is lost where a float would lose it. The prices are those of
one linear program; any others would give the same answer later.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import comb

import numpy as np
import scipy.sparse as sp

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, Sense, Stage
from tnt_sim.kernel.blocks.active_rows import Settled, settle
from tnt_sim.kernel.blocks.block_search import LARGEST, Heard
from tnt_sim.kernel.cap_tree.dominance import firsts
from tnt_sim.kernel.knapsack import Menus, TooManyStates
from tnt_sim.solve.backends.incremental_lp import LiveLp
from tnt_sim.solve.methods.cap_tree import beside_fixed, told
from tnt_sim.solve.methods.lexicographic import Grounds, PricedRow, StagesOutcome
from tnt_sim.solve.reductions.amounts_as_binaries import MENU
from tnt_sim.solve.reductions.symmetry import classes

SOLVER = "blocks"
MAX_WORK = 6_000_000
"""States that the kernel may look at before the model goes to a solver."""
WIDE = 20
"""Amounts a row from which the primal simplex is quicker: 0.6 s instead of 38 s with 300 ranges of 800 amounts."""


def solve_crossing(
    model: LinearModel,
    stages: Sequence[Stage],
    live: LiveLp | None = None,
    heard: Heard | None = None,
    max_work: int = MAX_WORK,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> tuple[StagesOutcome, bool] | None:
    """The stages, and whether the point is the one answer; None where this is no way to solve them.

    `live` holds the linear program of the model asked about before, whose basis is near this one's. `heard` is
    told of choices over the open columns that keep the rows that bind, and of bounds on the whole objective.
    `max_work` is how many states may be looked at. Columns of one of the `menus` exclude each other.

    Raises
    ------
    DeadlineExpired
        When time is up.
    """
    began = time.perf_counter()
    if any(stage.tolerance for stage in stages[:-1]) or not model.n_cols or not stages:
        return None
    if (model.col_lower == model.col_upper).any():
        again = partial(solve_crossing, live=live, heard=heard, max_work=max_work, deadline=deadline)
        return beside_fixed(model, stages, again, menus)
    value = one_objective(stages, menus)
    # too large together: the first stage by itself, of use where a single choice is best for it
    whole = value is not None
    value = value if whole else one_objective(stages[:1], menus)
    if value is None or (model.col_lower != 0).any() or (model.col_upper != 1).any():
        return None
    matrix, upper, sign, row = at_most(model)
    first = stages if whole else stages[:1]
    wide = menus is not None and model.n_cols > WIDE * model.n_rows
    duals = (live or LiveLp()).prices(model, value, primal=wide, deadline=deadline)
    if duals is None:
        return None
    try:
        price = np.maximum(duals[row] * sign, 0.0)
        group = None if menus is None else menus.group
        found = settle(value, matrix, upper, price, max_work, None, heard, group, deadline)
    except (TooManyStates, OverflowError):
        return None
    if found is None or found.best is None or not (whole or found.best.ways == 1):
        return None
    x, alone = _one(model, stages, found, menus or Menus.of(np.arange(model.n_cols)))
    grounds = _grounds(model, found, float(leading(first, menus)), matrix, sign, row)
    return told(model, stages, x, alone, time.perf_counter() - began, SOLVER, grounds)


def _grounds(
    model: LinearModel, found: Settled, unit: float, matrix: sp.csr_array, sign: IntArray, row: IntArray
) -> Grounds:
    """The rows that settled it, with prices in units of the first stage."""
    return Grounds(
        rows=tuple(
            PricedRow(
                model.row_names[int(row[k])],
                bool(sign[k] > 0),
                float(price) / unit,
                int(np.abs(matrix[[k]].data).max(initial=1)),
                place in found.own,
            )
            for place, (k, price) in enumerate(zip(found.rows, found.price.tolist(), strict=True))
        )
    )


def one_objective(stages: Sequence[Stage], menus: Menus | None = None) -> IntArray | None:
    """Σ_k unit_k · (±c_k), to be maximised, unit_k above all that later stages reach; None if too large."""
    total = np.zeros(len(stages[0].objective), dtype=object)
    unit = 1
    for stage in reversed(stages):
        part = _coprime(stage)
        total = total + part.astype(object) * unit
        unit *= _reach(part, menus) + 1
        if unit >= LARGEST:
            return None
    return total.astype(np.int64)


def leading(stages: Sequence[Stage], menus: Menus | None = None) -> Fraction:
    """What a unit of the first stage counts in their one objective."""
    unit = 1
    for stage in stages[1:]:
        unit *= _reach(_coprime(stage), menus) + 1
    return Fraction(unit, int(np.gcd.reduce(stages[0].objective)) or 1)


def _coprime(stage: Stage) -> IntArray:
    """A goal to be maximised, divided by what its coefficients share."""
    common = int(np.gcd.reduce(stage.objective)) or 1
    part: IntArray = (stage.objective // common) * (1 if stage.sense is Sense.MAXIMISE else -1)
    return part


def _reach(part: IntArray, menus: Menus | None) -> int:
    """How far apart the values of a goal may be, one column a menu."""
    if menus is None or not len(part):
        return int(np.abs(part).astype(object).sum())
    heads = np.flatnonzero(firsts(menus.group))
    most = np.maximum.reduceat(np.maximum(part, 0), heads)
    least = np.minimum.reduceat(np.minimum(part, 0), heads)
    return int((most - least).astype(object).sum())


def at_most(model: LinearModel) -> tuple[sp.csr_array, IntArray, IntArray, IntArray]:
    """The rows but those of menus as A x ≤ b: matrix, b, and for each its sign and its row of the model."""
    kept = np.array([name != MENU for name in model.row_names], dtype=np.bool_)
    high = np.flatnonzero(kept & (model.row_upper != NO_UPPER))
    low = np.flatnonzero(kept & (model.row_lower != NO_LOWER))
    matrix = sp.vstack([model.matrix[high], -model.matrix[low]], format="csr")
    upper = np.concatenate([model.row_upper[high], -model.row_lower[low]])
    sign = np.concatenate([np.ones(len(high), dtype=np.int64), -np.ones(len(low), dtype=np.int64)])
    return matrix, upper, sign, np.concatenate([high, low])


def _one(model: LinearModel, stages: Sequence[Stage], found: Settled, menus: Menus) -> tuple[IntArray, bool]:
    """The point, equal dossiers served by rank, and whether that was the only choice left among the best.

    Dossiers are equal when their columns are, one by one; those that get more come first.
    """
    assert found.best is not None
    x = found.best.taken.astype(np.int64)
    if found.best.ways == 1:
        return x, True
    label = _labels(model, stages)
    heads = np.flatnonzero(firsts(menus.group))
    alike: dict[bytes, list[slice]] = {}
    for first, last in pairwise([*heads.tolist(), len(x)]):
        name = label[first:last].tobytes() + bytes(menus.raised[first : first + 1])
        alike.setdefault(name, []).append(slice(first, last))
    ways = 1
    for members in alike.values():
        if len(members) == 1:
            continue
        # a choice is told by its place from the end, the least amount being the last; 0 for none
        width = members[0].stop - members[0].start
        got = [int(width - np.argmax(x[part])) if x[part].any() else 0 for part in members]
        for part, place in zip(members, sorted(got, reverse=True), strict=True):
            x[part] = 0
            if place:
                x[part.stop - place] = 1
        ways *= _arrangements(got)
    return x, ways == found.best.ways


def _labels(model: LinearModel, stages: Sequence[Stage]) -> IntArray:
    """Columns that no row (but those of menus) and no stage tells apart have one label, int64 (n_cols,)."""
    kept = np.flatnonzero([name != MENU for name in model.row_names])
    rows = replace(
        model.with_objective(stages[0].objective, stages[0].sense),
        matrix=model.matrix[kept],
        row_lower=model.row_lower[kept],
        row_upper=model.row_upper[kept],
        row_names=tuple(model.row_names[k] for k in kept.tolist()),
    )
    label = classes(rows)
    every = np.stack([label, *(stage.objective for stage in stages[1:])])
    return np.unique(every, axis=1, return_inverse=True)[1].ravel().astype(np.int64)


def _arrangements(choices: Sequence[int]) -> int:
    """In how many orders some choices may be given out."""
    ways, left = 1, len(choices)
    for times in Counter(choices).values():
        ways *= comb(left, times)
        left -= times
    return ways
