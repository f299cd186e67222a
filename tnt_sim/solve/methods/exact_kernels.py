"""Choice of the exact kernel that solves a decision without a solver, if there is one.

Two kernels are tried: nested caps (`methods/cap_tree.py`), then Lagrangian relaxation with exact blocks
(`methods/priced_blocks.py`). Columns of unallocated money that counts in no objective are first projected out
if needed (`reductions/projection.py`, `methods/benders_projection.py`).

A result of None means that no kernel applies, and a solver must solve the model: an objective has a
tolerance, a column is not 0-1, or too many rows interact.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.kernel.blocks.block_search import MAX_BYTES, Heard
from tnt_sim.kernel.cap_tree.best_choice import LongTreeError, Memory
from tnt_sim.kernel.knapsack import ChoiceGroups
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.methods.benders_projection import RELAXATION, Loosened, relax_to_counted_columns
from tnt_sim.solve.methods.best_known import BestKnown
from tnt_sim.solve.methods.cap_tree import SOLVER as TREE
from tnt_sim.solve.methods.cap_tree import (
    build_infeasible_outcome,
    build_kernel_outcome,
    solve_cheapest,
    solve_tree,
)
from tnt_sim.solve.methods.greedy import search_better_point
from tnt_sim.solve.methods.lexicographic import StagesOutcome
from tnt_sim.solve.methods.priced_blocks import MAX_WORK, solve_crossing
from tnt_sim.solve.methods.priced_blocks import SOLVER as BLOCKS
from tnt_sim.solve.methods.secondary_stage import solve_largest
from tnt_sim.solve.reductions.amounts_as_binaries import AmountsAsBinaries, AmountsInverse
from tnt_sim.solve.reductions.fixing import compute_bound_in_time
from tnt_sim.solve.reductions.projection import Projection, ProjectionInverse
from tnt_sim.solve.reductions.reduction import ModelSize, ReductionStep

MANY_COLUMNS = 10_000
"""Above this number of columns, the linear program of the blocks takes longer than a tree of caps."""
QUICK_WORK = 50_000
"""States that the blocks may examine before a long tree of caps is tried."""
MOST_CLASHES = 12
"""Benders cuts added before the model is left to a solver."""
SEARCH_SHARE = 0.25
"""Share of the time of kernels that gave up, which a bound and a local search for a better point may take."""
WORDS = {TREE: "tree", BLOCKS: "blocks"}
"""Name of each kernel in the `method` field of a result."""


KernelOutcome = tuple[StagesOutcome, bool] | None
"""Outcome of the stages, and whether the point is proved unique; None if no kernel solves them."""
Settling = Callable[[LinearModel, Sequence[SolveStage], IntArray], KernelOutcome]
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
    known: BestKnown | None = None,
    max_bytes: int = MAX_BYTES,
    end: Deadline = UNLIMITED,
) -> KernelOutcome:
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
    known
        If no kernel solves the stages: receives the best bound and point of the blocks, unless dossiers have
        amounts; else the bound of the linear relaxation; and the point of a local search.
    max_bytes
        Memory of the arrays of a knapsack, a tree or blocks.
    end
        When the bound and the search for `known` must end too; they may go on after `deadline`.
    """
    began = time.perf_counter()
    if recovery is not None and len(recovery.amount_rows):
        result = run_within_deadline(
            lambda: _solve_amounts(model, stages, recovery, live, memory, deadline, max_work, max_bytes)
        )
    else:
        result = run_within_deadline(
            lambda: _solve_stages(
                model, stages, live, heard, memory, None, deadline, max_work, max_bytes, known
            )
        )
    if result is None and known is not None:
        share = SEARCH_SHARE * (time.perf_counter() - began)
        until = Deadline(share) if end.is_unlimited else end.tighten(share)
        if known.bound is None:
            _record_relaxation(known, model, stages[0], until)
        if recovery is not None:
            point = search_better_point(model, recovery, stages[0], stages[-1].objective, until)
            if point is not None:
                known.record_point(stages[0], model, point)
    return result


def _record_relaxation(known: BestKnown, model: LinearModel, stage: SolveStage, deadline: Deadline) -> None:
    """Record the exact bound of the linear relaxation on a stage, if there is time for it."""
    if deadline.expired or not model.n_cols:
        return
    sign = 1 if stage.sense is Sense.MAXIMISE else -1
    goal = model.with_objective(sign * stage.objective, Sense.MAXIMISE)
    prices = IncrementalLp().compute_prices(model, goal.objective, deadline=deadline)
    proved = None if prices is None else compute_bound_in_time(goal, prices, deadline)
    if proved is not None:
        known.record_bound(stage, sign * math.floor(proved))


def run_within_deadline(solve: Callable[[], KernelOutcome]) -> KernelOutcome:
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
    max_bytes: int = MAX_BYTES,
) -> KernelOutcome:
    """Solve the stages with blocks only, amounts being multiple-choice groups; None if that fails in time."""
    if not len(recovery.amount_rows):
        return run_within_deadline(
            lambda: solve_crossing(model, stages, live, deadline=deadline, max_bytes=max_bytes)
        )
    reduced = AmountsAsBinaries(stages, recovery).apply(model)
    if reduced is None:
        return None
    small, inverse = reduced
    result = run_within_deadline(
        lambda: solve_crossing(
            small,
            inverse.translate_stages(stages),
            live,
            choice_groups=inverse.choice_groups,
            deadline=deadline,
            max_bytes=max_bytes,
        )
    )
    return _translate_outcome(model, reduced, stages, result)


def _solve_stages(
    model: LinearModel,
    stages: Sequence[SolveStage],
    live: IncrementalLp | None,
    heard: Heard | None,
    memory: Memory | None,
    choice_groups: ChoiceGroups | None,
    deadline: Deadline,
    max_work: int,
    max_bytes: int,
    known: BestKnown | None = None,
) -> KernelOutcome:
    """Try a tree of caps, then blocks, then both again after projection."""

    def try_tree(long: bool) -> KernelOutcome:
        return solve_tree(
            model,
            stages,
            long=long,
            memory=memory,
            choice_groups=choice_groups,
            deadline=deadline,
            max_bytes=max_bytes,
        )

    def try_blocks(work: int) -> KernelOutcome:
        return solve_crossing(model, stages, live, heard, work, choice_groups, deadline, known, max_bytes)

    found = _try_in_order(try_tree, try_blocks, model.n_cols, max_work)
    if found or heard:
        return found
    return _solve_projected(
        model, stages, _build_projected_solver(live, memory, choice_groups, deadline, max_work, max_bytes)
    )


def _build_projected_solver(
    live: IncrementalLp | None,
    memory: Memory | None,
    choice_groups: ChoiceGroups | None,
    deadline: Deadline,
    max_work: int,
    max_bytes: int,
) -> Settling:
    """Return the function that solves a projected model."""

    def settle(model: LinearModel, stages: Sequence[SolveStage], columns: IntArray) -> KernelOutcome:
        left = None if choice_groups is None else choice_groups.pick(columns)
        return _solve_stages(model, stages, live, None, memory, left, deadline, max_work, max_bytes)

    return settle


def _solve_amounts(
    model: LinearModel,
    stages: Sequence[SolveStage],
    recovery: Recovery,
    live: IncrementalLp | None,
    memory: Memory | None,
    deadline: Deadline,
    max_work: int,
    max_bytes: int,
) -> KernelOutcome:
    """Solve a model with amounts as multiple-choice groups.

    Trees use the lean groups (only amounts that improve the first objective); blocks use all amounts.
    """

    @cache
    def build_choices(lean: bool) -> tuple[LinearModel, AmountsInverse] | None:
        return AmountsAsBinaries(stages, recovery, lean).apply(model)

    def solve_choices(
        lean: bool, solve: Callable[[LinearModel, Sequence[SolveStage], ChoiceGroups], KernelOutcome]
    ) -> KernelOutcome:
        reduced = build_choices(lean)
        if reduced is None:
            return None
        small, inverse = reduced
        result = solve(small, inverse.translate_stages(stages), inverse.choice_groups)
        return _translate_outcome(model, reduced, stages, result)

    def try_tree(long: bool) -> KernelOutcome:
        return solve_choices(
            True,
            lambda m, asked, groups: solve_tree(
                m,
                asked,
                long=long,
                memory=memory,
                choice_groups=groups,
                deadline=deadline,
                max_bytes=max_bytes,
            ),
        )

    def try_blocks(work: int) -> KernelOutcome:
        return solve_choices(
            False,
            lambda m, asked, groups: solve_crossing(
                m, asked, live, None, work, groups, deadline, max_bytes=max_bytes
            ),
        )

    found = _try_in_order(try_tree, try_blocks, model.n_cols, max_work)
    return found or solve_choices(
        False,
        lambda m, asked, groups: _solve_projected(
            m, asked, _build_projected_solver(live, memory, groups, deadline, max_work, max_bytes)
        ),
    )


def _try_in_order(
    tree: Callable[[bool], KernelOutcome], blocks: Callable[[int], KernelOutcome], n_cols: int, max_work: int
) -> KernelOutcome:
    """Try a tree, then blocks; blocks come first if the tree is long and they are quick."""
    try:
        result = tree(n_cols > MANY_COLUMNS)
    except LongTreeError:
        result = blocks(min(QUICK_WORK, max_work)) if max_work else None
        if result is None or not result[1]:
            result = tree(True)
    return result or (blocks(max_work) if max_work else None)


def _solve_projected(
    model: LinearModel, stages: Sequence[SolveStage], settle: Settling, beside: Sequence[SolveStage] = ()
) -> KernelOutcome:
    """Solve the model without its unallocated-money columns, then complete the point.

    None of these columns counts in `stages` or in `beside`. The result carries no hints for the prover.
    """
    began = time.perf_counter()
    counted = [*stages, *beside]
    projected = Projection(counted).apply(model)
    loosened = None if projected else relax_to_counted_columns(model, counted)
    inverse: ProjectionInverse | Loosened
    for _ in range(MOST_CLASHES):
        if projected is not None:
            small, inverse = projected
        elif loosened is not None:
            small, inverse = loosened.model, loosened
        else:
            return None
        asked = [replace(stage, objective=stage.objective[inverse.columns]) for stage in stages]
        result = settle(small, asked, inverse.columns)
        if result is None:
            return None
        outcome, seconds = result[0], time.perf_counter() - began
        if outcome.values is None:
            return build_infeasible_outcome(model, stages, seconds)
        point = inverse.expand(outcome.values)
        if point is not None and model.is_feasible(point):
            name, label = (Projection.name, Projection.label) if projected else RELAXATION
            step = ReductionStep(name, label, ModelSize.of(model), ModelSize.of(small))
            solver, chain = outcome.stages[0].solver, (step, *outcome.chain)
            return build_kernel_outcome(model, stages, point, result[1], seconds, solver, chain=chain)
        if loosened is None:
            return None
        loosened = loosened.without(outcome.values)
    return None


def solve_kept(
    model: LinearModel,
    stage: SolveStage,
    goal: SolveStage,
    at_least: int,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int = MAX_BYTES,
) -> KernelOutcome:
    """Solve one stage while another objective is kept at a value: least cost, or largest value of one column.

    `model` already contains the row that keeps `goal` at `at_least` or better. Returns None if no kernel
    solves it in time.
    """

    def minimise_cost(whole: LinearModel, cost: SolveStage) -> KernelOutcome:
        def settle(submodel: LinearModel, stages: Sequence[SolveStage], columns: IntArray) -> KernelOutcome:
            return solve_cheapest(
                submodel, stages, goal.objective[columns], at_least, memory, deadline, max_bytes
            )

        return settle(whole, [cost], np.arange(whole.n_cols)) or _solve_projected(
            whole, [cost], settle, [goal]
        )

    return run_within_deadline(
        lambda: solve_largest(model, stage, goal, minimise_cost) or minimise_cost(model, stage)
    )


def _translate_outcome(
    model: LinearModel,
    reduced: tuple[LinearModel, AmountsInverse],
    stages: Sequence[SolveStage],
    solved: KernelOutcome,
) -> KernelOutcome:
    """Translate an outcome over amount choices to the whole model."""
    if solved is None or solved[0].values is None:
        return None
    small, inverse = reduced
    point = inverse.expand(solved[0].values)
    if not model.is_feasible(point):
        return None
    outcome, solver = solved[0], solved[0].stages[0].solver
    seconds = sum(stage.seconds for stage in outcome.stages)
    chain = ReductionStep.of(AmountsAsBinaries, model, small), *outcome.chain
    return build_kernel_outcome(model, stages, point, solved[1], seconds, solver, outcome.proof_hints, chain)
