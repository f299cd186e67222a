"""What an exact kernel settled a goal by, in the names of rows: where a proof is sought first.

Nothing here is evidence. The prover writes its own rows, finds those of these names, and its proof is checked.

Stages one after the other: each is solved, fixed as a row on its exact value, and the next begins.

Stage k, once solved to z_k, becomes the row  value_k ≥ ⌈z_k − t_k·|z_k|⌉  (maximise) or
value_k ≤ ⌊z_k + t_k·|z_k|⌋  (minimise). Stages are never weighed against each other in one objective:
the weights would leave what a float can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    FloatArray,
    IntArray,
    LinearModel,
    Sense,
    Stage,
    exact_dot,
)
from tnt_sim.kernel.cap_tree.caps import Node
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination
from tnt_sim.solve.methods.integral import IntegralSolution, Repair, solve_integral
from tnt_sim.solve.reductions.fixing import exact_bound, fix_by_reduced_cost
from tnt_sim.solve.reductions.row_enumeration import close_by_lists

Tree = tuple[str, tuple["Tree", ...], bool]
"""The name of a cap, the trees under it, and whether it may be gone beyond."""


@dataclass(frozen=True, slots=True)
class PricedRow:
    """A row Σ ≤ (`upper`) or Σ ≥ that counted: its price in units of the goal, its largest coefficient, its part.

    `own`: the row had a block of its own.
    """

    name: str
    upper: bool
    price: float
    longest: int
    own: bool


@dataclass(frozen=True, slots=True)
class Grounds:
    """Trees of caps, or priced rows."""

    trees: tuple[Tree, ...] = ()
    rows: tuple[PricedRow, ...] = ()


def of_trees(trees: Sequence[Node], names: Sequence[str]) -> Grounds:
    """The caps of some trees."""

    def named(node: Node) -> Tree:
        return names[node.row], tuple(named(child) for child in node.children), node.beyond

    return Grounds(trees=tuple(named(tree) for tree in trees))


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage came to.

    `value` is the exact value of the best point of this stage (None: nothing held), `limit` the bound of the
    row that later stages keep, `bound` the solver's claim. `skipped`: no solve was made, the value is
    that of the point of the stage before; with OPTIMAL, since an earlier stage already settles it.
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
    repairs: tuple[Repair, ...] = ()
    skipped: bool = False
    log: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StagesOutcome:
    """All stages, the point in hand, and the model with the rows of the stages that hold a value.

    `model` has the objective of the last stage; its last rows are the stages', in order. `grounds` is what a
    kernel settled the first stage by, where one did.
    """

    stages: tuple[StageResult, ...]
    values: IntArray | None
    model: LinearModel
    grounds: Grounds | None = None

    @property
    def termination(self) -> Termination:
        """OPTIMAL only when every stage is; else the word of the first that is not."""
        others = [s.termination for s in self.stages if s.termination is not Termination.OPTIMAL]
        return others[0] if others else Termination.OPTIMAL

    @property
    def is_optimal(self) -> bool:
        """Whether every stage was solved to the end."""
        return self.termination is Termination.OPTIMAL


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage that begins (`result` None) or has ended; `index` counts from 0."""

    index: int
    n_stages: int
    name: str
    result: StageResult | None


StageSolver = Callable[[LinearModel, Backend, Limits, IntArray | None], IntegralSolution]

MANY_OPEN = 200
"""Columns left open by prices alone, from which short rows are looked at too."""
MAX_RESTARTS = 5
"""Times that the stages begin anew because a later one's point refutes what an earlier solve called best."""


def solve_lexicographic(
    model: LinearModel,
    stages: Sequence[Stage],
    backend: Backend,
    limits: Limits = Limits(),
    on_progress: Callable[[Progress], None] | None = None,
    start: IntArray | None = None,
    solve: StageSolver = solve_integral,
) -> StagesOutcome:
    """Solve the stages in order, each from the point of the one before.

    `limits.deadline` is for all stages together. A stage that a limit stops with a point in hand is
    fixed on that point's value and later stages have what time is left; after Ctrl-C, or without time,
    they are skipped. `solve` is how one stage is solved (`solve_integral`, or `core.solve_core`).

    A point of a later stage that is better for an earlier one proves that solve wrong: all begins anew
    from that point, and when that does not end, the outcome is numeric trouble.
    """
    outcome = _in_order(model, stages, backend, limits, on_progress, start, solve)
    for _ in range(MAX_RESTARTS):
        if outcome.values is None or refuted(stages, outcome.stages, outcome.values) is None:
            return outcome
        outcome = _in_order(model, stages, backend, limits, on_progress, outcome.values, solve)
    if outcome.values is None or (at := refuted(stages, outcome.stages, outcome.values)) is None:
        return outcome
    doubtful = replace(outcome.stages[at], termination=Termination.NUMERIC_TROUBLE, bound=None)
    return replace(outcome, stages=(*outcome.stages[:at], doubtful, *outcome.stages[at + 1 :]))


def refuted(stages: Sequence[Stage], results: Sequence[StageResult], point: IntArray) -> int | None:
    """The first stage called OPTIMAL that a point is better for; None when none is.

    The point keeps every row and the limits of the stages, so that each stage could have found it.
    """
    for index, (stage, result) in enumerate(zip(stages, results, strict=False)):
        if result.value is None or result.termination is not Termination.OPTIMAL:
            continue
        value = exact_dot(stage.objective, point)
        if value > result.value if stage.sense is Sense.MAXIMISE else value < result.value:
            return index
    return None


def _in_order(
    model: LinearModel,
    stages: Sequence[Stage],
    backend: Backend,
    limits: Limits,
    on_progress: Callable[[Progress], None] | None,
    start: IntArray | None,
    solve: StageSolver,
) -> StagesOutcome:
    """Every stage once."""
    results: list[StageResult] = []
    held, current = start, model
    for index, stage in enumerate(stages):
        _tell(on_progress, Progress(index, len(stages), stage.name, None))
        current = current.with_objective(stage.objective, stage.sense)
        stop = bool(results) and (limits.expired or _was_interrupted(results))
        if held is not None and _is_settled(stage, stages[:index], results):
            result = _settled(stage, current, held, results[-1])
        elif stop and held is not None:
            result = _skipped(stage, current, held, results[-1])
        else:
            found = solve(current, backend, limits, held)
            held = found.values
            result = _result(stage, found)
        results.append(result)
        _tell(on_progress, Progress(index, len(stages), stage.name, result))
        if held is None:
            break
        ended = result.skipped or limits.expired or _was_interrupted(results)
        if result.limit is not None and not ended:
            current = narrowed(current, backend, result.limit, limits)
        if not limits.expired:  # what is asked of the model later has the same deadline
            current = with_stage_row(current, stage, result)
    return StagesOutcome(tuple(results), held, current)


def _is_settled(stage: Stage, before: Sequence[Stage], results: Sequence[StageResult]) -> bool:
    """Whether an earlier stage, solved to the end and without tolerance, leaves this one a single value.

    So it is when one objective is a multiple of the other: « least granted » after a goal on `granted`.
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


def narrowed(model: LinearModel, backend: Backend, limit: int, limits: Limits = Limits()) -> LinearModel:
    """The model with every column fixed that no point of value `limit` or better can move.

    Exact: the prices come from a float linear program, the bound that fixes is recomputed in integers. Later
    stages and the tie-break then work on the few columns that are still open.
    """
    if not backend.capabilities.duals or not model.n_cols:
        return model
    duals = backend.solve(model, relax=True, limits=limits).row_duals
    if duals is None:
        return model
    lower, upper, _ = fix_by_reduced_cost(model, duals, limit, keep_ties=True)
    if int((lower < upper).sum()) >= MANY_OPEN:
        return close_by_lists(model.with_bounds(lower, upper), duals, limit, backend, limits)
    return model.with_bounds(lower, upper)


def with_stage_row(model: LinearModel, stage: Stage, result: StageResult) -> LinearModel:
    """The model with the row that keeps a stage at its limit."""
    if result.limit is None:
        return model
    return with_kept_row(model, stage.name, stage.objective, stage.sense, result.limit)


def with_kept_row(
    model: LinearModel, name: str, objective: IntArray, sense: Sense, limit: int
) -> LinearModel:
    """The model with the row « this goal is no worse than `limit` »."""
    lower, upper = (limit, NO_UPPER) if sense is Sense.MAXIMISE else (NO_LOWER, limit)
    return model.with_rows(objective[None, :], [lower], [upper], [f"stage {name}"])


def _tell(on_progress: Callable[[Progress], None] | None, progress: Progress) -> None:
    if on_progress is not None:
        on_progress(progress)


def _was_interrupted(results: list[StageResult]) -> bool:
    return results[-1].termination is Termination.INTERRUPTED


def _skipped(stage: Stage, model: LinearModel, held: IntArray, before: StageResult) -> StageResult:
    value = model.value(held)
    interrupted = before.termination is Termination.INTERRUPTED
    why = Termination.INTERRUPTED if interrupted else Termination.TIME_LIMIT
    return StageResult(stage.name, stage.sense, why, value, value, None, before.solver, 0.0, skipped=True)


def _settled(stage: Stage, model: LinearModel, held: IntArray, before: StageResult) -> StageResult:
    value = model.value(held)
    return StageResult(
        stage.name, stage.sense, Termination.OPTIMAL, value, value, value, before.solver, 0.0, skipped=True
    )


def _result(stage: Stage, found: IntegralSolution) -> StageResult:
    return StageResult(
        name=stage.name,
        sense=stage.sense,
        termination=found.termination,
        value=found.value,
        limit=None if found.value is None else stage.limit(found.value),
        bound=found.bound,
        solver=found.solver,
        seconds=found.seconds,
        n_solves=found.n_solves,
        repairs=found.repairs,
        log=found.log,
    )


@dataclass(frozen=True, slots=True, eq=False)
class RelaxedStage:
    """One stage with fractions allowed: an upper estimate, and prices.

    `bound` is exact: no fractional point is worth more (less, when minimising), by weak duality at these prices
    rounded to whole multiples of a power of two; None without prices.
    `row_duals` (n_rows,) are the prices of the model's own rows, `stage_duals` those of the stages before,
    both in the sign of `RawSolution.row_duals`; None when the backend gives no prices.
    """

    name: str
    termination: Termination
    value: float | None
    values: FloatArray | None
    row_duals: FloatArray | None
    stage_duals: FloatArray | None
    reduced_costs: FloatArray | None
    solver: str
    seconds: float
    bound: Fraction | None = None


def solve_relaxed(
    model: LinearModel, stages: Sequence[Stage], backend: Backend, limits: Limits = Limits()
) -> tuple[RelaxedStage, ...]:
    """The stages in order with fractions allowed; stops at the first that is not solved to the end.

    A stage is kept at its value to the whole unit below (above when minimising), since rows are whole.
    """
    results: list[RelaxedStage] = []
    current = model
    for stage in stages:
        current = current.with_objective(stage.objective, stage.sense)
        raw = backend.solve(current, relax=True, limits=limits)
        results.append(_relaxed(stage, raw, current, model.n_rows))
        if raw.termination is not Termination.OPTIMAL or raw.objective is None:
            break
        up = stage.sense is Sense.MAXIMISE
        whole = math.floor(raw.objective + 1e-6) if up else math.ceil(raw.objective - 1e-6)
        current = with_kept_row(current, stage.name, stage.objective, stage.sense, stage.limit(whole))
    return tuple(results)


def _relaxed(stage: Stage, raw: RawSolution, model: LinearModel, n_rows: int) -> RelaxedStage:
    duals = raw.row_duals
    proven = raw.termination is Termination.OPTIMAL and duals is not None
    return RelaxedStage(
        name=stage.name,
        termination=raw.termination,
        value=raw.objective,
        values=raw.values,
        row_duals=None if duals is None else np.asarray(duals[:n_rows]),
        stage_duals=None if duals is None else np.asarray(duals[n_rows:]),
        reduced_costs=raw.reduced_costs,
        solver=raw.solver,
        seconds=raw.seconds,
        bound=exact_bound(model, duals).value if proven and duals is not None else None,
    )
