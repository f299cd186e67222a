"""A proof by trees of caps, where the whole goal is settled by caps on cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.certify.by_caps import rooms
from tnt_sim.certify.menus import menus_of, one_at_most
from tnt_sim.certify.one_row import dense, made_choices
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.forest import caps_on
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.under_caps import best_under_caps
from tnt_sim.rules.base import IntArray


def by_caps(system: System, cost: IntArray, deadline: Deadline = UNLIMITED) -> dict[str, Any] | None:
    """The trees of caps under which nothing reaches a goal, as a proof that is still to be checked.

    The goal is a stage's row; the row « less granted » is then one more cap on all costs.
    """
    n = system.n_choices
    if not n or (cost[:n] <= 0).any():
        return None
    for goal in reversed([k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]):
        try:
            found = _for_goal(*_written(system, cost, goal), goal, deadline)
        except MultiplierError:
            found = None
        if found is not None:
            return found
    return None


def _written(system: System, cost: IntArray, goal: int) -> tuple[System, IntArray]:
    """The system as the check reads it for a goal, and what its choices cost."""
    found, rows, used = one_at_most(system, [goal]), system.rows, np.flatnonzero(cost)
    if found is system:
        return system, cost[: system.n_choices]
    # the cost is rewritten as a row is
    with_cost = system.with_rows(rows.with_row(used, cost[used], 0, "cost"))
    return found, dense(one_at_most(with_cost, [goal]), rows.n)[: found.n_choices]


def _for_goal(system: System, cost: IntArray, goal: int, deadline: Deadline) -> dict[str, Any] | None:
    rows, n = system.rows, system.n_choices
    gain = -dense(system, goal)
    if not (gain[:n] > 0).any():
        return None  # nothing to gain
    made = made_choices(system, system.box())
    idle = made | (system.high[:n] == 0)
    if (cost[~idle] <= 0).any():
        return None
    cost = np.where(idle, 1, cost)
    used = rows.col < n
    used[used] = ~idle[rows.col[used]]
    indptr = np.searchsorted(rows.row[used], np.arange(rows.n + 1)).astype(np.int64)
    plain = np.delete(np.arange(rows.n), goal)
    caps = caps_on(indptr, rows.col[used], rows.value[used], rooms(system, made), plain, cost)
    if min(caps.cap, default=0) < 0:
        return None
    profit, free = np.where(idle, 0, np.maximum(gain[:n], 0)), -gain[n:]
    try:
        found = best_under_caps(caps, profit, cost, menus=menus_of(system), deadline=deadline)
    except (TooManyStates, OverflowError):
        return None
    least = int(np.minimum(free * system.low[n:], free * system.high[n:]).sum()) - int(gain[:n][made].sum())
    if least - int(profit @ found.x) <= int(rows.upper[goal]):
        return None
    return {"caps": {"goal": goal, "groups": [tree.sketch() for tree in found.trees]}}
