"""Lexicographic optimisation: solves the objectives in order, each within the optimum of the previous ones.

Stage k is solved to its best value v_k = c_k·x. With tolerance t_k it then becomes a constraint of all later
stages, where d_k is the constant contribution of committed dossiers:

    c_k·x ≥ ⌈v_k − t_k·|v_k + d_k|⌉   (maximise)        c_k·x ≤ ⌊v_k + t_k·|v_k + d_k|⌋   (minimise)

Stages are solved one after the other rather than as one weighted sum, because the weights would exceed the
precision of a floating-point solver.

The module also defines `ProofHints`: hints for the prover, that is the names of the rows by which an exact
kernel solved the first stage. A hint shortens the search for a proof and is never part of one: the prover
builds its own rows, and its proof is checked.

Source: Isermann, Linear lexicographic optimization, OR Spektrum 4 (1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import (
    FloatArray,
    IntArray,
    LinearModel,
    SolveStage,
    compute_dot,
)
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination
from tnt_sim.solve.methods.integral import IntegralSolution, PointRepair, solve_integral
from tnt_sim.solve.reductions.fixing import ReducedCostFixing, compute_bound_in_time
from tnt_sim.solve.reductions.reduction import ReductionStep
from tnt_sim.solve.reductions.row_enumeration import RowEnumeration

Tree = tuple[str, tuple["Tree", ...], bool]
"""Tree of caps by name: the cap, the trees below it, and whether it may draw on money of the envelope above."""


@dataclass(frozen=True, slots=True)
class PricedRow:
    """Row that had a price in an exact kernel.

    Attributes
    ----------
    name : name of the row in the model
    upper : True for Σ ≤ b, False for Σ ≥ b
    price : its Lagrange multiplier, ≥ 0, in units of the first objective
    longest : largest absolute coefficient of the row
    own : whether the row had a block of its own in the kernel
    """

    name: str
    upper: bool
    price: float
    longest: int
    own: bool


@dataclass(frozen=True, slots=True)
class ProofHints:
    """Hints for the prover: trees of caps, or rows with their prices."""

    trees: tuple[Tree, ...] = ()
    rows: tuple[PricedRow, ...] = ()


def build_tree_hints(trees: Sequence[CapTreeNode], names: Sequence[str]) -> ProofHints:
    """Build hints from the trees of caps that a kernel used."""

    def encode_tree(node: CapTreeNode) -> Tree:
        return names[node.row], tuple(encode_tree(child) for child in node.children), node.may_exceed

    return ProofHints(trees=tuple(encode_tree(tree) for tree in trees))


@dataclass(frozen=True, slots=True)
class StageResult:
    """Result of one stage.

    Attributes
    ----------
    termination : why the solve ended; OPTIMAL is claimed, not proved, unless an exact kernel was used
    value : exact value of the best point, without the constant of the stage; None if no feasible point was
    found
    limit : right-hand side of the constraint that later stages satisfy
    bound : the solver's bound on the value, a claim
    skipped : no solve was made and the value is that of the previous stage's point. With OPTIMAL, an earlier
    stage already determines the value.
    repairs : corrections of answers that failed the exact check
    """

    name: str
    sense: Sense
    termination: Termination
    value: int | None
    limit: int | None
    bound: int | None
    solver: str
    seconds: float
    n_solves: int = 0
    repairs: tuple[PointRepair, ...] = ()
    skipped: bool = False
    log: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StagesOutcome:
    """Results of all stages, with the final point and the model they lead to.

    Attributes
    ----------
    stages : one result per stage reached
    values : int64 (n_cols,), the best point found; None if there is none
    model : the model with the objective of the last stage; its last rows are the constraints of the stages
    proof_hints : hints for the prover if an exact kernel solved the first stage
    chain : reductions behind the point if an exact kernel solved the stages, in order
    """

    stages: tuple[StageResult, ...]
    values: IntArray | None
    model: LinearModel
    proof_hints: ProofHints | None = None
    chain: tuple[ReductionStep, ...] = ()

    @property
    def termination(self) -> Termination:
        """OPTIMAL if all stages are; otherwise the termination of the first stage that is not."""
        others = [s.termination for s in self.stages if s.termination is not Termination.OPTIMAL]
        return others[0] if others else Termination.OPTIMAL

    @property
    def is_optimal(self) -> bool:
        """Whether every stage was solved to optimality."""
        return self.termination is Termination.OPTIMAL

    def has_closed(self, n: int) -> bool:
        """Whether a point was found, the first n stages were solved to optimality, and nobody pressed Ctrl-C."""
        ends = [stage.termination for stage in self.stages]
        known = self.values is not None and Termination.INTERRUPTED not in ends
        return known and ends[:n] == [Termination.OPTIMAL] * n


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress report: a stage begins (`result` is None) or has ended; `index` counts from 0."""

    index: int
    n_stages: int
    name: str
    result: StageResult | None


StageSolver = Callable[[LinearModel, Backend, Limits, IntArray | None], IntegralSolution]

MANY_OPEN = 200
"""From this number of columns left open by reduced-cost fixing, `RowEnumeration` is tried as well."""
MAX_RESTARTS = 5
"""Restarts after a later stage found a point that disproves an earlier stage's optimum."""


def solve_lexicographic(
    model: LinearModel,
    stages: Sequence[SolveStage],
    backend: Backend,
    limits: Limits = Limits(),
    on_progress: Callable[[Progress], None] | None = None,
    start: IntArray | None = None,
    solve: StageSolver = solve_integral,
    last_share: float = 1.0,
) -> StagesOutcome:
    """Solve the stages in order, each starting from the point of the previous one.

    If a limit stops a stage that has a feasible point, the stage is fixed at that point's value and later
    stages use the remaining time. After Ctrl-C, or without time, later stages are skipped.

    If a later stage finds a point that is better for an earlier stage, the earlier solve was wrong. All
    stages are then solved again from that point, `MAX_RESTARTS` times at most; after that the stage ends with
    NUMERIC_TROUBLE.

    Parameters
    ----------
    model
        Rows and column bounds; its own objective is ignored.
    stages
        Objectives, the most important first.
    limits
        Its deadline covers all stages together.
    on_progress
        Called when a stage begins and when it ends.
    start : int64 (n_cols,)
        A point to start from.
    solve
        How one stage is solved: `solve_integral` or `core_problem.solve_core`.
    last_share
        The largest share of the time left that the last of several stages takes.
    """
    outcome = _solve_in_order(model, stages, backend, limits, on_progress, start, solve, last_share)
    for _ in range(MAX_RESTARTS):
        if outcome.values is None or find_refuted_stage(stages, outcome.stages, outcome.values) is None:
            return outcome
        outcome = _solve_in_order(
            model, stages, backend, limits, on_progress, outcome.values, solve, last_share
        )
    if outcome.values is None or (at := find_refuted_stage(stages, outcome.stages, outcome.values)) is None:
        return outcome
    doubtful = replace(outcome.stages[at], termination=Termination.NUMERIC_TROUBLE, bound=None)
    return replace(outcome, stages=(*outcome.stages[:at], doubtful, *outcome.stages[at + 1 :]))


def find_refuted_stage(
    stages: Sequence[SolveStage], results: Sequence[StageResult], point: IntArray
) -> int | None:
    """Return the index of the first stage called OPTIMAL that `point` improves; None if there is none.

    `point` must satisfy all rows and stage constraints, so that each stage could have found it.
    """
    for index, (stage, result) in enumerate(zip(stages, results, strict=False)):
        if result.value is None or result.termination is not Termination.OPTIMAL:
            continue
        value = compute_dot(stage.objective, point)
        if value > result.value if stage.sense is Sense.MAXIMISE else value < result.value:
            return index
    return None


def _solve_in_order(
    model: LinearModel,
    stages: Sequence[SolveStage],
    backend: Backend,
    limits: Limits,
    on_progress: Callable[[Progress], None] | None,
    start: IntArray | None,
    solve: StageSolver,
    last_share: float,
) -> StagesOutcome:
    """Solve each stage once."""
    results: list[StageResult] = []
    held, current = start, model
    for index, stage in enumerate(stages):
        _report_progress(on_progress, Progress(index, len(stages), stage.name, None))
        current = current.with_objective(stage.objective, stage.sense)
        stop = bool(results) and (limits.expired or _is_interrupted(results))
        if held is not None and _is_settled(stage, stages[:index], results):
            result = _build_settled_result(stage, current, held, results[-1])
        elif stop and held is not None:
            result = _build_skipped_result(stage, current, held, results[-1])
        else:
            heard = limits if index == 0 else replace(limits, on_point=None)  # points of the first goal
            if 0 < index == len(stages) - 1:
                heard = heard.take_share(last_share)
            found = solve(current, backend, heard, held)
            held = found.values
            result = _build_result(stage, found)
        results.append(result)
        _report_progress(on_progress, Progress(index, len(stages), stage.name, result))
        if held is None:
            break
        ended = result.skipped or limits.expired or _is_interrupted(results)
        if result.limit is not None and not ended:
            current = fix_columns(current, backend, result.limit, limits)
        if not limits.expired:  # later work on the model has the same deadline
            current = with_stage_row(current, stage, result)
    return StagesOutcome(tuple(results), held, current)


def _is_settled(stage: SolveStage, before: Sequence[SolveStage], results: Sequence[StageResult]) -> bool:
    """Whether an earlier optimal stage without tolerance leaves a single value for this stage.

    This is so when its objective is a multiple of the earlier one, such as « least granted » after an
    objective on `granted`.
    """
    return any(
        result.termination is Termination.OPTIMAL
        and result.limit == result.value
        and _is_multiple(stage.objective, earlier.objective)
        for earlier, result in zip(before, results, strict=True)
    )


def _is_multiple(objective: IntArray, other: IntArray) -> bool:
    """Whether objective = t·other for some number t, exactly."""
    places = np.flatnonzero(other)
    if not places.size:
        return not objective.any()
    a, b = int(objective[places[0]]), int(other[places[0]])
    return bool(np.all(objective.astype(object) * b == other.astype(object) * a))


def fix_columns(model: LinearModel, backend: Backend, limit: int, limits: Limits = Limits()) -> LinearModel:
    """Fix the columns that no point of value `limit` or better can change (reduced-cost fixing).

    The fixing is exact: the dual prices come from a floating-point linear program, but the bound that fixes
    columns is recomputed in integers (`reductions/fixing.py`). Later stages and the tie-break then work on
    the few columns that remain open.
    """
    if not backend.capabilities.duals or not model.n_cols:
        return model
    duals = backend.solve(model, relax=True, limits=limits).row_duals
    if duals is None:
        return model
    model, _ = ReducedCostFixing(duals, limit, deadline=limits.deadline).apply(model)
    if int((model.col_lower < model.col_upper).sum()) >= MANY_OPEN:
        closed = RowEnumeration(duals, limit, backend, limits).apply(model)
        return model if closed is None else closed[0]
    return model


def with_stage_row(model: LinearModel, stage: SolveStage, result: StageResult) -> LinearModel:
    """Add the constraint that keeps a stage at its limit."""
    if result.limit is None:
        return model
    return model.with_kept_objective(stage.name, stage.objective, stage.sense, result.limit)


def _report_progress(on_progress: Callable[[Progress], None] | None, progress: Progress) -> None:
    if on_progress is not None:
        on_progress(progress)


def _is_interrupted(results: list[StageResult]) -> bool:
    return results[-1].termination is Termination.INTERRUPTED


def _build_skipped_result(
    stage: SolveStage, model: LinearModel, held: IntArray, before: StageResult
) -> StageResult:
    value = model.compute_value(held)
    interrupted = before.termination is Termination.INTERRUPTED
    why = Termination.INTERRUPTED if interrupted else Termination.TIME_LIMIT
    return StageResult(stage.name, stage.sense, why, value, value, None, before.solver, 0.0, skipped=True)


def _build_settled_result(
    stage: SolveStage, model: LinearModel, held: IntArray, before: StageResult
) -> StageResult:
    value = model.compute_value(held)
    return StageResult(
        stage.name, stage.sense, Termination.OPTIMAL, value, value, value, before.solver, 0.0, skipped=True
    )


def _build_result(stage: SolveStage, solution: IntegralSolution) -> StageResult:
    return StageResult(
        name=stage.name,
        sense=stage.sense,
        termination=solution.termination,
        value=solution.value,
        limit=None if solution.value is None else stage.compute_limit(solution.value),
        bound=solution.bound,
        solver=solution.solver,
        seconds=solution.seconds,
        n_solves=solution.n_solves,
        repairs=solution.repairs,
        log=solution.log,
    )


@dataclass(frozen=True, slots=True, eq=False)
class RelaxedStage:
    """Result of one stage of the linear relaxation.

    Attributes
    ----------
    value, values : optimal value and point, in floats
    bound : exact bound by weak duality, from the prices rounded to multiples of a power of two: no fractional
    point is better. None without prices.
    row_duals : float64 (n_rows,), prices of the model's own rows, in the sign of `RawSolution.row_duals`
    reduced_costs : float64 (n_cols,)

    Prices are None if the backend gives none.
    """

    name: str
    termination: Termination
    value: float | None
    values: FloatArray | None
    row_duals: FloatArray | None
    reduced_costs: FloatArray | None
    solver: str
    seconds: float
    bound: Fraction | None = None


def solve_relaxed(
    model: LinearModel, stages: Sequence[SolveStage], backend: Backend, limits: Limits = Limits()
) -> tuple[RelaxedStage, ...]:
    """Solve the linear relaxation of the stages in order; stop at the first that does not end OPTIMAL.

    The constraint of a solved stage uses its value rounded down to an integer (up when minimising), because
    rows have integer bounds.
    """
    results: list[RelaxedStage] = []
    current = model
    for stage in stages:
        current = current.with_objective(stage.objective, stage.sense)
        raw = backend.solve(current, relax=True, limits=limits)
        results.append(_build_relaxed_stage(stage, raw, current, model.n_rows, limits.deadline))
        if raw.termination is not Termination.OPTIMAL or raw.objective is None:
            break
        up = stage.sense is Sense.MAXIMISE
        whole = math.floor(raw.objective + 1e-6) if up else math.ceil(raw.objective - 1e-6)
        limit = stage.compute_limit(whole)
        current = current.with_kept_objective(stage.name, stage.objective, stage.sense, limit)
    return tuple(results)


def _build_relaxed_stage(
    stage: SolveStage, raw: RawSolution, model: LinearModel, n_rows: int, deadline: Deadline
) -> RelaxedStage:
    duals = raw.row_duals
    proven = raw.termination is Termination.OPTIMAL and duals is not None
    return RelaxedStage(
        name=stage.name,
        termination=raw.termination,
        value=raw.objective,
        values=raw.values,
        row_duals=None if duals is None else np.asarray(duals[:n_rows]),
        reduced_costs=raw.reduced_costs,
        solver=raw.solver,
        seconds=raw.seconds,
        bound=compute_bound_in_time(model, duals, deadline) if proven and duals is not None else None,
    )
