"""A decision that a tree of caps settles: exact kernels on its groups, checked against every other row.

When a single goal over 0-1 columns is solved exactly under some of the caps, and the point keeps every row, no
point of the whole model is better. The caps' coefficients are the grants, so the kernels' least weight is the
least granted; where they also say that no other choice is as good and goes first, the point is the one answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, Sense, exact_dot
from tnt_sim.kernel.forest import Caps, caps_on
from tnt_sim.kernel.group import Memory
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.menus import Menus
from tnt_sim.kernel.under_caps import best_under_caps, cheapest_under_caps
from tnt_sim.solve.backend import Termination
from tnt_sim.solve.free_money import FreeMoney, free_money
from tnt_sim.solve.grounds import Grounds, of_trees
from tnt_sim.solve.lexicographic import Stage, StageResult, StagesOutcome, with_stage_row
from tnt_sim.solve.restriction import restrict

SOLVER = "kernel"


def solve_tree(
    model: LinearModel,
    stages: Sequence[Stage],
    *,
    long: bool = True,
    memory: Memory | None = None,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> tuple[StagesOutcome, bool] | None:
    """The stages (a goal, then the least granted), and whether the point is the one answer; else None.

    Columns of one of the `menus` exclude each other; a column by which the goal loses is never taken.

    Raises
    ------
    LongTreeError
        Unless `long`, where another kernel may be quicker.
    DeadlineExpired
        When time is up.
    """
    began = time.perf_counter()
    goal, least = stages[0], stages[-1]
    if len(stages) != 2 or goal.sense is not Sense.MAXIMISE or least.sense is not Sense.MINIMISE:
        return None
    if (model.col_lower == model.col_upper).any():
        again = partial(solve_tree, long=long, memory=memory, deadline=deadline)
        return beside_fixed(model, stages, again, menus)
    is_choice = least.objective != 0
    if goal.tolerance or (model.col_lower != 0).any() or (model.col_upper[is_choice] != 1).any():
        return None
    profit, cost = np.maximum(goal.objective, 0), least.objective
    if (cost < 0).any():
        return None
    money = free_money(model, cost)
    if money is None or goal.objective[money.gains].any():
        return None
    caps = _caps(model, money)
    if min(caps.cap, default=0) < 0 or any(row.cap < 0 for row in money.shared):
        return None
    try:
        found = best_under_caps(
            caps,
            profit[money.choices],
            money.cost,
            long=long,
            memory=memory,
            shared=money.shared,
            menus=None if menus is None or menus.plain else menus.picked(money.choices),
            deadline=deadline,
        )
    except (TooManyStates, OverflowError):
        return None
    x = money.point(model, found.x)
    if (x > model.col_upper).any() or _broken_rows(model, x):
        return None  # rows that cross the tree bind
    grounds = of_trees(found.trees, model.row_names)
    return told(model, (goal, least), x, found.alone, time.perf_counter() - began, grounds=grounds)


def _caps(model: LinearModel, money: FreeMoney) -> Caps:
    """The caps on cost over the choices: those that gain, and those over no more than one of these holds."""
    is_cap = (model.row_lower == NO_LOWER) & (model.row_upper != NO_UPPER)
    gaining: set[int] = set().union(*(row.every() for row in money.shared))
    matrix = model.matrix
    if len(money.gains):
        with_gains = np.unique(matrix[:, money.gains].tocoo().row)
        is_cap[with_gains] = np.isin(with_gains, list(gaining))
        matrix = matrix[:, money.choices].tocsr()
    places = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    caps = caps_on(*places, matrix.data, model.row_upper, np.flatnonzero(is_cap), money.cost)
    return caps.within(gaining)


def solve_cheapest(
    model: LinearModel,
    stages: Sequence[Stage],
    profit: IntArray,
    at_least: int,
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> tuple[StagesOutcome, bool] | None:
    """« The least cost for a value of at least … », where no row binds but caps on that cost; else None.

    The second answer is always False: other choices may cost as little. A column by which the value falls, or that
    brings none, is never taken.

    Raises
    ------
    DeadlineExpired
        When time is up.
    """
    began = time.perf_counter()
    least = stages[0]
    if len(stages) != 1 or least.sense is not Sense.MINIMISE:
        return None
    if (model.col_lower == model.col_upper).any():
        fixed = np.where(model.col_lower == model.col_upper, model.col_lower, 0)
        rest = at_least - int(profit @ fixed)
        is_open = model.col_lower != model.col_upper

        def again(part: LinearModel, asked: Sequence[Stage]) -> tuple[StagesOutcome, bool] | None:
            return solve_cheapest(part, asked, profit[is_open], rest, memory, deadline)

        return beside_fixed(model, stages, again)
    if (model.col_lower != 0).any() or (model.col_upper != 1).any() or not model.n_cols:
        return None
    cost = least.objective
    if (cost <= 0).any():
        return None
    caps = _caps(model, FreeMoney(cost, np.arange(model.n_cols), np.zeros(0, dtype=np.int64), (), {}))
    if min(caps.cap, default=0) < 0:
        return None
    try:
        gain = np.maximum(profit, 0)
        x = cheapest_under_caps(caps, gain, cost, at_least, memory=memory, deadline=deadline)
    except (TooManyStates, OverflowError):
        return None
    seconds = time.perf_counter() - began
    if x is None:
        return nothing(model, stages, seconds)
    return None if _broken_rows(model, x) else told(model, stages, x, False, seconds)


def beside_fixed(
    model: LinearModel,
    stages: Sequence[Stage],
    solve: Callable[..., tuple[StagesOutcome, bool] | None],
    menus: Menus | None = None,
) -> tuple[StagesOutcome, bool] | None:
    """The same over the open columns only, told of the whole model."""
    began = time.perf_counter()
    part = restrict(model, model.col_lower, model.col_upper)
    asked = [replace(stage, objective=stage.objective[part.open_columns]) for stage in stages]
    found = solve(part.model, asked, **({} if menus is None else {"menus": menus.picked(part.open_columns)}))
    if found is None:
        return None
    solver, seconds = found[0].stages[0].solver, time.perf_counter() - began
    if found[0].values is None:
        return nothing(model, stages, seconds)
    x, alone = part.expand(found[0].values), found[1]
    return told(model, stages, x, alone, seconds, solver, found[0].grounds)


def _broken_rows(model: LinearModel, x: IntArray) -> set[int]:
    reached = model.activity(x)
    low = (model.row_lower != NO_LOWER) & (reached < model.row_lower)
    high = (model.row_upper != NO_UPPER) & (reached > model.row_upper)
    return set(np.flatnonzero((low | high).astype(bool)).tolist())


def nothing(model: LinearModel, stages: Sequence[Stage], seconds: float) -> tuple[StagesOutcome, bool]:
    """An exact kernel found that no point keeps the rows, as the outcome of the first stage."""
    first = stages[0]
    result = StageResult(first.name, first.sense, Termination.INFEASIBLE, None, None, None, SOLVER, seconds)
    return StagesOutcome((result,), None, model), False


def told(
    model: LinearModel,
    stages: Sequence[Stage],
    x: IntArray,
    alone: bool,
    seconds: float,
    solver: str = SOLVER,
    grounds: Grounds | None = None,
) -> tuple[StagesOutcome, bool]:
    """What an exact kernel found, as the outcome of all stages.

    The stages' rows are for the walk among equal points: the one answer needs none.
    """
    results = []
    for stage in stages:
        value = exact_dot(stage.objective, x)
        result = StageResult(
            stage.name, stage.sense, Termination.OPTIMAL, value, stage.limit(value), value, solver, seconds
        )
        results.append(result)
        if not alone:
            model = with_stage_row(model.with_objective(stage.objective, stage.sense), stage, result)
        seconds = 0.0
    return StagesOutcome(tuple(results), x, model, grounds), alone
