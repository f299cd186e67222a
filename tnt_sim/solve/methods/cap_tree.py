"""Nested caps: solves a decision exactly when the binding rows form trees of caps on money.

The kernel maximises one objective over 0-1 columns under some of the caps. If its point satisfies all other
rows too, no point of the whole model is better. The caps' coefficients are the grants, so the kernel's least
weight is the least total granted. If the kernel also proves that no other best choice precedes its own in
rank order, the point is the unique answer.

Envelopes may draw unallocated money (« free money ») from the envelope above. With G_c the grants under
envelope c and e_c ≥ 0 what it draws, the rows are

    G_c − e_c ≤ a_c   (each envelope c that may draw)        Σ_c e_c − e_X ≤ f_X   (the envelope X above)

If the e columns stand in no other rows, the least e_c is max(0, G_c − a_c), and the least e_X is what its
envelopes need beyond f_X. The own row G_X − e_X ≤ a_X of an envelope that shares money out is implied; the
final check of all rows covers it.

Source: Kellerer, Pferschy and Pisinger, Knapsack Problems (2004).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    IntArray,
    LinearModel,
    SolveStage,
    compute_dot,
)
from tnt_sim.kernel.cap_tree.best_choice import Memory, maximise_under_caps, minimise_cost_under_caps
from tnt_sim.kernel.cap_tree.caps import CapRows, SharedCap, find_caps
from tnt_sim.kernel.knapsack import BoolArray, ChoiceGroups, TooManyStates
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.methods.lexicographic import (
    ProofHints,
    StageResult,
    StagesOutcome,
    build_tree_hints,
    with_stage_row,
)
from tnt_sim.solve.reductions.reduction import ReductionStep
from tnt_sim.solve.reductions.restriction import Restriction


@dataclass(frozen=True, slots=True, eq=False)
class FreeMoney:
    """Rows that share unallocated money out, and the columns of what each envelope draws.

    Attributes
    ----------
    cost : int64 (n_choices,), cost of each choice in the unit of the money columns
    choices, gains : indices of the 0-1 choices and of the money columns in the model
    shared : rows at the top of the sharing trees, in units of `cost`
    paid_by : money column of each row, by row index
    """

    cost: IntArray
    choices: IntArray
    gains: IntArray
    shared: tuple[SharedCap, ...]
    paid_by: Mapping[int, int]

    def complete_point(self, model: LinearModel, taken: IntArray) -> IntArray:
        """Complete choices with the least money that each envelope must draw."""
        x = np.zeros(model.n_cols, dtype=np.int64)
        x[self.choices] = taken
        if not self.shared:
            return x
        spent = model.matrix @ x

        over = spent - model.row_upper
        for top in self.shared:
            self._pay_shared(top, over, x)
        return x

    def _pay_shared(self, shared: SharedCap, over: IntArray, x: IntArray) -> int:
        """Draw the money that the rows of a sharing tree are over; return what is needed from above."""
        parts = [self._pay(row, int(over[row]), x) for row in shared.caps]
        need = sum(parts) + sum(self._pay_shared(child, over, x) for child in shared.below)
        return self._pay(shared.row, need - shared.cap, x) if shared.may_exceed else need

    def _pay(self, row: int, need: int, x: IntArray) -> int:
        x[self.paid_by[row]] = max(0, need)
        return max(0, need)


def read_free_money(model: LinearModel, cost: IntArray) -> FreeMoney | None:
    """Read the unallocated-money rows of a model; None if they have another structure.

    The choices are the columns of positive cost; all others must be money columns.
    """
    money = np.flatnonzero(cost == 0)
    if not len(money):
        return FreeMoney(cost, np.arange(model.n_cols), money, (), {})
    if (model.col_lower[money] != 0).any() or (model.col_upper[money] <= 1).any():
        return None
    by_column = model.matrix[:, money]
    if (np.abs(by_column.data) != 1).any() or (model.row_lower[by_column.row] != NO_LOWER).any():
        return None
    is_choice = cost > 0
    held = np.unique(model.matrix[:, is_choice].row)
    has_choices = np.zeros(model.n_rows, dtype=np.bool_)
    has_choices[held] = True
    giver: dict[int, int] = {}
    takes: dict[int, list[int]] = {int(column): [] for column in money}
    for row, place, value in zip(
        by_column.row.tolist(), by_column.indices.tolist(), by_column.data.tolist(), strict=True
    ):
        column = int(money[place])
        if value < 0:
            takes[column].append(row)
        elif has_choices[row] or column in giver:
            return None
        else:
            giver[column] = row
    reader = _RowReader(model, giver, takes, has_choices)
    if giver.keys() != takes.keys() or not reader.read():
        return None
    unit = reader.compute_unit(is_choice, cost)
    if unit is None:
        return None
    tops = [row for row in sorted(set(giver.values())) if row not in reader.exceeding]
    shared = tuple(reader.build_shared_cap(row) for row in tops)
    choices = np.flatnonzero(is_choice)
    return FreeMoney(cost[choices] * unit, choices, money, shared, reader.paid_by)


@dataclass
class _RowReader:
    """Reads which rows draw money and which share it out."""

    model: LinearModel
    giver: dict[int, int]
    takes: dict[int, list[int]]
    has_choices: np.ndarray

    def __post_init__(self) -> None:
        self.paid_by: dict[int, int] = {}
        self.exceeding: set[int] = set()
        self.below: dict[int, list[int]] = {}

    def read(self) -> bool:
        """Whether each money column pays for one envelope: for its sharing row, otherwise for its cap."""
        for column, rows in self.takes.items():
            sharing = [row for row in rows if not self.has_choices[row]]
            caps = [row for row in rows if self.has_choices[row]]
            if len(sharing) > 1 or (not sharing and len(caps) != 1) or len(caps) > 1:
                return False
            row = (sharing or caps)[0]
            if row in self.paid_by or self.model.row_upper[row] == NO_UPPER:
                return False
            self.paid_by[row] = column
            self.exceeding.update(sharing)
            self.below.setdefault(self.giver[column], []).append(row)
        return all(self.model.row_upper[row] != NO_UPPER for row in self.below)

    def compute_unit(self, is_choice: np.ndarray, cost: IntArray) -> int | None:
        """Return the factor between costs and money columns; None if drawing rows differ in it."""
        rows = [row for row in self.paid_by if self.has_choices[row]]
        subset = self.model.matrix[rows, is_choice]
        own = cost[is_choice][subset.indices]
        units = np.unique(subset.data // own)
        if len(units) != 1 or (units[0] * own != subset.data).any() or units[0] <= 0:
            return None
        return int(units[0])

    def build_shared_cap(self, row: int) -> SharedCap:
        """Build the sharing tree below a row."""
        below = self.below.get(row, [])
        return SharedCap(
            row,
            int(self.model.row_upper[row]),
            tuple(r for r in below if self.has_choices[r]),
            tuple(self.build_shared_cap(r) for r in below if not self.has_choices[r]),
            row in self.exceeding,
        )


SOLVER = "kernel"


def solve_tree(
    model: LinearModel,
    stages: Sequence[SolveStage],
    *,
    long: bool = True,
    memory: Memory | None = None,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
) -> tuple[StagesOutcome, bool] | None:
    """Solve two stages (an objective, then the least granted) under trees of caps; None if it does not apply.

    Columns of one of the `choice_groups` (multiple-choice groups) exclude each other. A column with a negative
    coefficient in the objective is never taken. Where the states of a knapsack or tree exceed `max_bytes`, the
    kernel does not apply.
    """
    began = time.perf_counter()
    goal, least = stages[0], stages[-1]
    if len(stages) != 2 or goal.sense is not Sense.MAXIMISE or least.sense is not Sense.MINIMISE:
        return None
    if (model.col_lower == model.col_upper).any():
        again = partial(solve_tree, long=long, memory=memory, deadline=deadline, max_bytes=max_bytes)
        return solve_open_columns(model, stages, again, choice_groups)
    is_choice = least.objective != 0
    if goal.tolerance or (model.col_lower != 0).any() or (model.col_upper[is_choice] != 1).any():
        return None
    profit, cost = np.maximum(goal.objective, 0), least.objective
    if (cost < 0).any():
        return None
    money = read_free_money(model, cost)
    if money is None or goal.objective[money.gains].any():
        return None
    caps = _find_caps(model, money, memory)
    if min(caps.cap, default=0) < 0 or any(row.cap < 0 for row in money.shared):
        return None
    try:
        solution = maximise_under_caps(
            caps,
            profit[money.choices],
            money.cost,
            long=long,
            memory=memory,
            shared=money.shared,
            choice_groups=None
            if choice_groups is None or choice_groups.plain
            else choice_groups.pick(money.choices),
            deadline=deadline,
            max_bytes=max_bytes,
        )
    except (TooManyStates, OverflowError):
        return None
    x = money.complete_point(model, solution.x)
    if (x > model.col_upper).any() or _find_violated_rows(model, x):
        return None  # rows outside the tree bind
    proof_hints = build_tree_hints(solution.trees, model.row_names)
    return build_kernel_outcome(
        model, (goal, least), x, solution.is_unique, time.perf_counter() - began, proof_hints=proof_hints
    )


def _find_caps(model: LinearModel, money: FreeMoney, memory: Memory | None = None) -> CapRows:
    """Return the caps on cost over the choices, without those that cross a cap that may draw money."""
    is_cap = (model.row_lower == NO_LOWER) & (model.row_upper != NO_UPPER)
    if memory is None or len(money.gains):
        return _find_caps_anew(model, money, is_cap)
    upper = model.row_upper
    return memory.caps.get(
        model.matrix, is_cap, money.cost, upper, lambda: _find_caps_anew(model, money, is_cap)
    )


def _find_caps_anew(model: LinearModel, money: FreeMoney, is_cap: BoolArray) -> CapRows:
    """Find the caps among rows of a model."""
    gaining: set[int] = set().union(*(row.collect_caps() for row in money.shared))
    matrix = model.matrix
    if len(money.gains):
        with_gains = np.unique(matrix[:, money.gains].row)
        is_cap[with_gains] = np.isin(with_gains, list(gaining))
        matrix = matrix[:, money.choices]
    caps = find_caps(
        matrix.indptr, matrix.indices, matrix.data, model.row_upper, np.flatnonzero(is_cap), money.cost
    )
    return caps.drop_crossing_caps(gaining)


def solve_cheapest(
    model: LinearModel,
    stages: Sequence[SolveStage],
    profit: IntArray,
    at_least: int,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
) -> tuple[StagesOutcome, bool] | None:
    """Minimise a cost subject to Σ profit·x ≥ at_least, if only caps on that cost bind; None otherwise.

    A column with profit 0 or less is never taken. The second value returned is always False: other choices
    may cost as little.
    """
    began = time.perf_counter()
    least = stages[0]
    if len(stages) != 1 or least.sense is not Sense.MINIMISE:
        return None
    if (model.col_lower == model.col_upper).any():
        fixed = np.where(model.col_lower == model.col_upper, model.col_lower, 0)
        rest = at_least - int(profit @ fixed)
        is_open = model.col_lower != model.col_upper

        def solve_submodel(
            submodel: LinearModel, stages: Sequence[SolveStage]
        ) -> tuple[StagesOutcome, bool] | None:
            return solve_cheapest(submodel, stages, profit[is_open], rest, memory, deadline, max_bytes)

        return solve_open_columns(model, stages, solve_submodel)
    if (model.col_lower != 0).any() or (model.col_upper != 1).any() or not model.n_cols:
        return None
    cost = least.objective
    if (cost <= 0).any():
        return None
    caps = _find_caps(model, FreeMoney(cost, np.arange(model.n_cols), np.zeros(0, dtype=np.int64), (), {}))
    if min(caps.cap, default=0) < 0:
        return None
    try:
        gain = np.maximum(profit, 0)
        x = minimise_cost_under_caps(
            caps, gain, cost, at_least, memory=memory, deadline=deadline, max_bytes=max_bytes
        )
    except (TooManyStates, OverflowError):
        return None
    seconds = time.perf_counter() - began
    if x is None:
        return build_infeasible_outcome(model, stages, seconds)
    return None if _find_violated_rows(model, x) else build_kernel_outcome(model, stages, x, False, seconds)


def solve_open_columns(
    model: LinearModel,
    stages: Sequence[SolveStage],
    solve: Callable[..., tuple[StagesOutcome, bool] | None],
    choice_groups: ChoiceGroups | None = None,
) -> tuple[StagesOutcome, bool] | None:
    """Solve over the open columns only, and translate the outcome to the whole model."""
    began = time.perf_counter()
    small, restriction = Restriction().apply(model)
    open_stages = [replace(stage, objective=stage.objective[restriction.open_columns]) for stage in stages]
    result = solve(
        small,
        open_stages,
        **({} if choice_groups is None else {"choice_groups": choice_groups.pick(restriction.open_columns)}),
    )
    if result is None:
        return None
    solver, seconds = result[0].stages[0].solver, time.perf_counter() - began
    if result[0].values is None:
        return build_infeasible_outcome(model, stages, seconds)
    x, alone = restriction.expand(result[0].values), result[1]
    chain = ReductionStep.of(Restriction, model, small), *result[0].chain
    return build_kernel_outcome(model, stages, x, alone, seconds, solver, result[0].proof_hints, chain)


def _find_violated_rows(model: LinearModel, x: IntArray) -> set[int]:
    reached = model.compute_activity(x)
    low = (model.row_lower != NO_LOWER) & (reached < model.row_lower)
    high = (model.row_upper != NO_UPPER) & (reached > model.row_upper)
    return set(np.flatnonzero((low | high).astype(bool)).tolist())


def build_infeasible_outcome(
    model: LinearModel, stages: Sequence[SolveStage], seconds: float
) -> tuple[StagesOutcome, bool]:
    """Build the outcome « infeasible », as an exact kernel proved it, on the first stage."""
    first = stages[0]
    result = StageResult(first.name, first.sense, Termination.INFEASIBLE, None, None, None, SOLVER, seconds)
    return StagesOutcome((result,), None, model), False


def build_kernel_outcome(
    model: LinearModel,
    stages: Sequence[SolveStage],
    x: IntArray,
    is_unique: bool,
    seconds: float,
    solver: str = SOLVER,
    proof_hints: ProofHints | None = None,
    chain: tuple[ReductionStep, ...] = (),
) -> tuple[StagesOutcome, bool]:
    """Build the outcome of all stages from a point that an exact kernel proved optimal.

    The constraints of the stages are added only if `is_unique` is False, for the tie-break that follows.
    """
    results = []
    for stage in stages:
        value = compute_dot(stage.objective, x)
        result = StageResult(
            stage.name,
            stage.sense,
            Termination.OPTIMAL,
            value,
            stage.compute_limit(value),
            value,
            solver,
            seconds,
        )
        results.append(result)
        if not is_unique:
            model = with_stage_row(model.with_objective(stage.objective, stage.sense), stage, result)
        seconds = 0.0
    return StagesOutcome(tuple(results), x, model, proof_hints, chain), is_unique
