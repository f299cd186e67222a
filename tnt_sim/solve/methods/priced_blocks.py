"""Lagrangian relaxation with exact blocks: solves 0-1 decisions in which a few rows cross.

All stages become one objective, Σ_k unit_k·(±c_k), where unit_k exceeds everything that later stages can
reach together; maximising it is the same as solving the stages in order. The values are int64, so nothing is
rounded. The rows that bind are relaxed with the dual prices of one linear program, and the kernel
(`kernel/blocks/block_search.py`) enumerates all points within the remaining gap. The answer is exact for any
prices ≥ 0; better prices only make the gap smaller.

Source: Geoffrion, Lagrangean relaxation for integer programming, Mathematical Programming Study 2 (1974);
Sherali and Soyster, Preemptive and nonpreemptive multi-objective programming, J. Optim. Theory Appl. 39
(1983), for the weights.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import comb

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import (
    EXACT_LIMIT,
    NO_LOWER,
    NO_UPPER,
    FloatArray,
    IntArray,
    LinearModel,
    SolveStage,
)
from tnt_sim.kernel.blocks.active_rows import ActiveRowsSolution, settle
from tnt_sim.kernel.blocks.block_search import LARGEST, MAX_BYTES, Heard
from tnt_sim.kernel.cap_tree.dominance import mark_first_items
from tnt_sim.kernel.knapsack import BoolArray, ChoiceGroups, TooManyStates
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.methods.best_known import BestKnown, compute_first_bound
from tnt_sim.solve.methods.cap_tree import build_kernel_outcome, solve_open_columns
from tnt_sim.solve.methods.lexicographic import PricedRow, ProofHints, StagesOutcome
from tnt_sim.solve.reductions.amounts_as_binaries import MENU
from tnt_sim.solve.reductions.fixing import compute_bound_in_time
from tnt_sim.solve.reductions.symmetry import classify_columns
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

SOLVER = "blocks"
MAX_WORK = 6_000_000
"""States that the kernel may examine before the model is left to a solver."""
WIDE = 20
"""Columns per row above which the primal simplex is used: 0.6 s instead of 38 s with 300 ranges of 800 amounts."""


def solve_crossing(
    model: LinearModel,
    stages: Sequence[SolveStage],
    live: IncrementalLp | None = None,
    heard: Heard | None = None,
    max_work: int = MAX_WORK,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
    known: BestKnown | None = None,
    max_bytes: int = MAX_BYTES,
) -> tuple[StagesOutcome, bool] | None:
    """Solve the stages with Lagrangian relaxation and exact blocks; None if the method does not apply.

    It applies to 0-1 columns and stages without tolerance (that of the last stage is ignored).

    Parameters
    ----------
    live
        Linear program of the previous model, whose basis is near the optimal one.
    heard
        Callback that receives points that satisfy the binding rows, and bounds on the combined objective.
    max_work
        States that the kernel may examine.
    choice_groups
        Multiple-choice groups: at most one column of each is taken.
    known
        Receives the best bound and point, also if the kernel gives up.
    max_bytes
        Memory of the kernel's arrays.
    """
    began = time.perf_counter()
    if any(stage.tolerance for stage in stages[:-1]) or not model.n_cols or not stages:
        return None
    if (model.col_lower == model.col_upper).any():
        inner = BestKnown()
        again = partial(
            solve_crossing,
            live=live,
            heard=heard,
            max_work=max_work,
            deadline=deadline,
            known=inner,
            max_bytes=max_bytes,
        )
        try:
            return solve_open_columns(model, stages, again, choice_groups)
        finally:
            if known is not None:
                known.take_open_columns(inner, stages[0], model)
    value = combine_objectives(stages, choice_groups)
    # if the combined objective is too large, the first stage alone suffices when its optimum is unique
    whole = value is not None
    value = value if whole else combine_objectives(stages[:1], choice_groups)
    if value is None or (model.col_lower != 0).any() or (model.col_upper != 1).any():
        return None
    matrix, upper, sign, row = convert_to_at_most_rows(model)
    first = stages if whole else stages[:1]
    wide = choice_groups is not None and model.n_cols > WIDE * model.n_rows
    duals = (live or IncrementalLp()).compute_prices(model, value, primal=wide, deadline=deadline)
    if duals is None:
        return None
    weight = compute_leading_weight(first, choice_groups)
    if known is not None:
        heard = _record_known(known, model, stages[0], value, weight, duals, heard, deadline)
    try:
        price = np.maximum(duals[row] * sign, 0.0)
        group = None if choice_groups is None else choice_groups.group
        solution = settle(value, matrix, upper, price, max_work, None, heard, group, deadline, max_bytes)
    except (TooManyStates, OverflowError):
        return None
    if solution is None or solution.best is None or not (whole or solution.best.ways == 1):
        return None
    x, is_unique = _find_canonical_point(
        model, stages, solution, choice_groups or ChoiceGroups.of(np.arange(model.n_cols))
    )
    proof_hints = _build_hints(model, solution, float(weight), matrix, sign, row)
    return build_kernel_outcome(model, stages, x, is_unique, time.perf_counter() - began, SOLVER, proof_hints)


def _record_known(
    known: BestKnown,
    model: LinearModel,
    first: SolveStage,
    value: IntArray,
    weight: Fraction,
    duals: FloatArray,
    heard: Heard | None,
    deadline: Deadline,
) -> Heard:
    """Record the bound of the linear program, and return the callback that records those of the kernel."""
    unit = int(weight * (int(np.gcd.reduce(first.objective)) or 1))
    if np.abs(value).max(initial=0) < EXACT_LIMIT:  # a model takes no larger objective
        proved = compute_bound_in_time(model.with_objective(value, Sense.MAXIMISE), duals, deadline)
        if proved is not None:
            known.record_bound(first, compute_first_bound(first, value, unit, math.floor(proved)))

    def record(taken: BoolArray | None, bound: float) -> None:
        if taken is not None:
            known.record_point(first, model, taken.astype(np.int64))
        if not math.isinf(bound):
            known.record_bound(first, compute_first_bound(first, value, unit, bound))
        if heard is not None:
            heard(taken, bound)

    return record


def _build_hints(
    model: LinearModel,
    solution: ActiveRowsSolution,
    unit: float,
    matrix: SparseMatrix,
    sign: IntArray,
    row: IntArray,
) -> ProofHints:
    """Return the rows that the kernel used, with their prices in units of the first stage."""
    return ProofHints(
        rows=tuple(
            PricedRow(
                model.row_names[int(row[k])],
                bool(sign[k] > 0),
                float(price) / unit,
                int(np.abs(matrix[[k]].data).max(initial=1)),
                place in solution.own,
            )
            for place, (k, price) in enumerate(zip(solution.rows, solution.price.tolist(), strict=True))
        )
    )


def combine_objectives(
    stages: Sequence[SolveStage], choice_groups: ChoiceGroups | None = None
) -> IntArray | None:
    """Combine the stages into one objective to maximise; None if its values are too large.

        Σ_k unit_k · (±c_k)/gcd(c_k),   unit_k > Σ_{l>k} unit_l · (range of stage l)

    so that its maximum is the lexicographic optimum of the stages.
    """
    total = np.zeros(len(stages[0].objective), dtype=object)
    unit = 1
    for stage in reversed(stages):
        part = _divide_by_gcd(stage)
        total = total + part.astype(object) * unit
        unit *= _compute_value_range(part, choice_groups) + 1
        if unit >= LARGEST:
            return None
    return total.astype(np.int64)


def compute_leading_weight(
    stages: Sequence[SolveStage], choice_groups: ChoiceGroups | None = None
) -> Fraction:
    """Compute the weight of one unit of the first stage in the combined objective."""
    unit = 1
    for stage in stages[1:]:
        unit *= _compute_value_range(_divide_by_gcd(stage), choice_groups) + 1
    return Fraction(unit, int(np.gcd.reduce(stages[0].objective)) or 1)


def _divide_by_gcd(stage: SolveStage) -> IntArray:
    """Return an objective to be maximised, divided by the greatest common divisor of its coefficients."""
    common = int(np.gcd.reduce(stage.objective)) or 1
    part: IntArray = (stage.objective // common) * (1 if stage.sense is Sense.MAXIMISE else -1)
    return part


def _compute_value_range(coefficients: IntArray, choice_groups: ChoiceGroups | None) -> int:
    """Compute the largest difference between two values of an objective, with one column per group."""
    if choice_groups is None or not len(coefficients):
        return int(np.abs(coefficients).astype(object).sum())
    heads = np.flatnonzero(mark_first_items(choice_groups.group))
    most = np.maximum.reduceat(np.maximum(coefficients, 0), heads)
    least = np.minimum.reduceat(np.minimum(coefficients, 0), heads)
    return int((most - least).astype(object).sum())


def convert_to_at_most_rows(model: LinearModel) -> tuple[SparseMatrix, IntArray, IntArray, IntArray]:
    """Return all rows except those of multiple-choice groups as A x ≤ b."""
    kept = np.array([name != MENU for name in model.row_names], dtype=np.bool_)
    high = np.flatnonzero(kept & (model.row_upper != NO_UPPER))
    low = np.flatnonzero(kept & (model.row_lower != NO_LOWER))
    matrix = stack_rows([model.matrix[high], -model.matrix[low]])
    upper = np.concatenate([model.row_upper[high], -model.row_lower[low]])
    sign = np.concatenate([np.ones(len(high), dtype=np.int64), -np.ones(len(low), dtype=np.int64)])
    return matrix, upper, sign, np.concatenate([high, low])


def _find_canonical_point(
    model: LinearModel,
    stages: Sequence[SolveStage],
    solution: ActiveRowsSolution,
    choice_groups: ChoiceGroups,
) -> tuple[IntArray, bool]:
    """Return the canonical point, and whether it is the only one among the best.

    Dossiers with identical columns are interchangeable; the first in rank order receive more. The point is
    unique if all best points are such exchanges of it.
    """
    assert solution.best is not None
    x = solution.best.taken.astype(np.int64)
    if solution.best.ways == 1:
        return x, True
    label = _label_columns(model, stages)
    heads = np.flatnonzero(mark_first_items(choice_groups.group))
    alike: dict[bytes, list[slice]] = {}
    for first, last in pairwise([*heads.tolist(), len(x)]):
        name = label[first:last].tobytes() + bytes(choice_groups.raised[first : first + 1])
        alike.setdefault(name, []).append(slice(first, last))
    ways = 1
    for members in alike.values():
        if len(members) == 1:
            continue
        # a choice is its place counted from the end (the least amount is last); 0 means none
        width = members[0].stop - members[0].start
        got = [int(width - np.argmax(x[part])) if x[part].any() else 0 for part in members]
        for span, place in zip(members, sorted(got, reverse=True), strict=True):
            x[span] = 0
            if place:
                x[span.stop - place] = 1
        ways *= _count_arrangements(got)
    return x, ways == solution.best.ways


def _label_columns(model: LinearModel, stages: Sequence[SolveStage]) -> IntArray:
    """Label columns, int64 (n_cols,): equal where rows (except group rows) and stages have equal entries."""
    selected = np.flatnonzero([name != MENU for name in model.row_names])
    rows = replace(
        model.with_objective(stages[0].objective, stages[0].sense),
        matrix=model.matrix[selected],
        row_lower=model.row_lower[selected],
        row_upper=model.row_upper[selected],
        row_names=tuple(model.row_names[k] for k in selected.tolist()),
    )
    label = classify_columns(rows)
    every = np.stack([label, *(stage.objective for stage in stages[1:])])
    return np.unique(every, axis=1, return_inverse=True)[1].ravel().astype(np.int64)


def _count_arrangements(choices: Sequence[int]) -> int:
    """Count the distinct orders of a multiset."""
    ways, left = 1, len(choices)
    for times in Counter(choices).values():
        ways *= comb(left, times)
        left -= times
    return ways
