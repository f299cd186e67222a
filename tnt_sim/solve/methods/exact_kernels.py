"""Choice of the exact kernel that solves a decision without a solver, if there is one.

Two kernels are tried: nested caps (`methods/cap_tree.py`), then Lagrangian relaxation with exact blocks
(`methods/priced_blocks.py`). Columns of unallocated money that counts in no objective are first projected out
if needed (`reductions/projection.py`, `methods/benders_projection.py`).

A result of None means that no kernel applies, and a solver must solve the model: an objective has a
tolerance, a column is not 0-1, or too many rows interact.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.kernel.blocks.block_search import Heard
from tnt_sim.kernel.cap_tree.best_choice import LongTreeError, Memory
from tnt_sim.kernel.knapsack import ChoiceGroups
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.methods.benders_projection import Loosened, loosened
from tnt_sim.solve.methods.cap_tree import SOLVER as TREE
from tnt_sim.solve.methods.cap_tree import kernel_outcome, nothing, solve_cheapest, solve_tree
from tnt_sim.solve.methods.lexicographic import StagesOutcome
from tnt_sim.solve.methods.priced_blocks import MAX_WORK, solve_crossing
from tnt_sim.solve.methods.priced_blocks import SOLVER as BLOCKS
from tnt_sim.solve.methods.secondary_stage import solve_largest
from tnt_sim.solve.reductions.amounts_as_binaries import BinaryAmounts, as_choices
from tnt_sim.solve.reductions.projection import Projected, without_gains

MANY_COLUMNS = 10_000
"""Above this number of columns, the linear program of the blocks takes longer than a tree of caps."""
QUICK_WORK = 50_000
"""States that the blocks may examine before a long tree of caps is tried."""
MOST_CLASHES = 12
"""Benders cuts added before the model is left to a solver."""
WORDS = {TREE: "tree", BLOCKS: "blocks"}
"""Name of each kernel in the `method` field of a result."""


Found = tuple[StagesOutcome, bool] | None
"""Outcome of the stages, and whether the point is proved unique; None if no kernel solves them."""
Settling = Callable[[LinearModel, Sequence[SolveStage], IntArray], Found]
"""Function that solves a model over some of the columns, given by their indices."""


def solve_exactly(
    model: LinearModel,
    stages: Sequence[SolveStage],
    live: IncrementalLp | None = None,
    heard: Heard | None = None,
    memory: Memory | None = None,
    recovery: Recovery | None = None,
    deadline: Deadline = UNLIMITED,
    max_work: int = MAX_WORK,
) -> Found:
    """Solve the stages with an exact kernel; None if no kernel can in time.

    Parameters
    ----------
    live
        Linear program kept between calls, for the prices of the blocks.
    heard
        Callback that receives points and bounds from the blocks; not used when dossiers have amounts.
    memory
        Results of tree kernels kept between calls.
    recovery
        Tells which columns are amounts; kernels treat them as multiple-choice groups.
    max_work
        States that the blocks may examine; 0 means that only trees of caps are tried.

    Returns
    -------
    (StagesOutcome, bool) or None
        The outcome, and whether the point is proved to be the unique answer.
    """
    if recovery is not None and len(recovery.amount_rows):
        return in_time(lambda: _of_amounts(model, stages, recovery, live, memory, deadline, max_work))
    return in_time(lambda: _settled(model, stages, live, heard, memory, None, deadline, max_work))


def in_time(solve: Callable[[], Found]) -> Found:
    """Run a kernel; return None if its deadline passes first."""
    try:
        return solve()
    except DeadlineExpired:
        return None


def solve_blocks(
    model: LinearModel,
    stages: Sequence[SolveStage],
    live: IncrementalLp | None,
    recovery: Recovery,
    deadline: Deadline = UNLIMITED,
) -> Found:
    """Solve the stages with blocks only, amounts being multiple-choice groups; None if that fails in time."""
    if not len(recovery.amount_rows):
        return in_time(lambda: solve_crossing(model, stages, live, deadline=deadline))
    all_items = as_choices(model, stages, recovery, lean=False)
    if all_items is None:
        return None
    result = in_time(
        lambda: solve_crossing(
            all_items.model, all_items.stages(stages), live, menus=all_items.menus, deadline=deadline
        )
    )
    return _told_of(all_items, stages, result)


def _settled(
    model: LinearModel,
    stages: Sequence[SolveStage],
    live: IncrementalLp | None,
    heard: Heard | None,
    memory: Memory | None,
    menus: ChoiceGroups | None,
    deadline: Deadline,
    max_work: int,
) -> Found:
    """Try a tree of caps, then blocks, then both again after projection."""

    def tree(long: bool) -> Found:
        return solve_tree(model, stages, long=long, memory=memory, menus=menus, deadline=deadline)

    def blocks(work: int) -> Found:
        return solve_crossing(model, stages, live, heard, work, menus, deadline)

    found = _first_of(tree, blocks, model.n_cols, max_work)
    if found or heard:
        return found
    return _projected(model, stages, _settling(live, memory, menus, deadline, max_work))


def _settling(
    live: IncrementalLp | None,
    memory: Memory | None,
    menus: ChoiceGroups | None,
    deadline: Deadline,
    max_work: int,
) -> Settling:
    """Return the function that solves a projected model."""

    def settle(model: LinearModel, stages: Sequence[SolveStage], columns: IntArray) -> Found:
        left = None if menus is None else menus.picked(columns)
        return _settled(model, stages, live, None, memory, left, deadline, max_work)

    return settle


def _of_amounts(
    model: LinearModel,
    stages: Sequence[SolveStage],
    recovery: Recovery,
    live: IncrementalLp | None,
    memory: Memory | None,
    deadline: Deadline,
    max_work: int,
) -> Found:
    """Solve a model with amounts as multiple-choice groups.

    Trees use the lean groups (only amounts that improve the first objective); blocks use all amounts.
    """

    @cache
    def choices(lean: bool) -> BinaryAmounts | None:
        return as_choices(model, stages, recovery, lean=lean)

    def by(lean: bool, solve: Callable[[LinearModel, Sequence[SolveStage], ChoiceGroups], Found]) -> Found:
        created = choices(lean)
        if created is None:
            return None
        return _told_of(created, stages, solve(created.model, created.stages(stages), created.menus))

    def tree(long: bool) -> Found:
        return by(
            True,
            lambda m, asked, menus: solve_tree(
                m, asked, long=long, memory=memory, menus=menus, deadline=deadline
            ),
        )

    def blocks(work: int) -> Found:
        return by(False, lambda m, asked, menus: solve_crossing(m, asked, live, None, work, menus, deadline))

    found = _first_of(tree, blocks, model.n_cols, max_work)
    return found or by(
        False,
        lambda m, asked, menus: _projected(m, asked, _settling(live, memory, menus, deadline, max_work)),
    )


def _first_of(
    tree: Callable[[bool], Found], blocks: Callable[[int], Found], n_cols: int, max_work: int
) -> Found:
    """Try a tree, then blocks; blocks come first if the tree is long and they are quick."""
    try:
        result = tree(n_cols > MANY_COLUMNS)
    except LongTreeError:
        result = blocks(min(QUICK_WORK, max_work)) if max_work else None
        if result is None or not result[1]:
            result = tree(True)
    return result or (blocks(max_work) if max_work else None)


def _projected(
    model: LinearModel, stages: Sequence[SolveStage], settle: Settling, beside: Sequence[SolveStage] = ()
) -> Found:
    """Solve the model without its unallocated-money columns, then complete the point.

    None of these columns counts in `stages` or in `beside`. The result carries no hints for the prover.
    """
    began = time.perf_counter()
    counted = [*stages, *beside]
    small: Projected | Loosened | None = without_gains(model, counted) or loosened(model, counted)
    for _ in range(MOST_CLASHES):
        if small is None:
            return None
        asked = [replace(stage, objective=stage.objective[small.columns]) for stage in stages]
        result = settle(small.model, asked, small.columns)
        if result is None:
            return None
        seconds = time.perf_counter() - began
        if result[0].values is None:
            return nothing(model, stages, seconds)
        point = small.expand(result[0].values)
        if point is not None:
            return kernel_outcome(model, stages, point, result[1], seconds, result[0].stages[0].solver)
        small = small.without(result[0].values) if isinstance(small, Loosened) else None
    return None


def solve_kept(
    model: LinearModel,
    stage: SolveStage,
    goal: SolveStage,
    at_least: int,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> Found:
    """Solve one stage while another objective is kept at a value: least cost, or largest value of one column.

    `model` already contains the row that keeps `goal` at `at_least` or better. Returns None if no kernel
    solves it in time.
    """

    def cheapest(whole: LinearModel, cost: SolveStage) -> Found:
        def settle(submodel: LinearModel, stages: Sequence[SolveStage], columns: IntArray) -> Found:
            return solve_cheapest(submodel, stages, goal.objective[columns], at_least, memory, deadline)

        return settle(whole, [cost], np.arange(whole.n_cols)) or _projected(whole, [cost], settle, [goal])

    return in_time(lambda: solve_largest(model, stage, goal, cheapest) or cheapest(model, stage))


def _told_of(choices: BinaryAmounts, stages: Sequence[SolveStage], solved: Found) -> Found:
    """Translate an outcome over amount choices to the whole model."""
    if solved is None or solved[0].values is None:
        return None
    point = choices.expand(solved[0].values)
    if not choices.whole.is_feasible(point):
        return None
    outcome = solved[0]
    seconds = sum(stage.seconds for stage in outcome.stages)
    return kernel_outcome(
        choices.whole, stages, point, solved[1], seconds, outcome.stages[0].solver, outcome.grounds
    )
