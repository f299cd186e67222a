"""Bound an objective by a few aggregated rows, each solved exactly as a knapsack (surrogate relaxation).

A group is a set of positive multipliers on rows, given by the rows' names. The weighted sum of its rows is
one inequality that every allocation satisfies. If no choice occurs in two sums,

    max { g·x : x satisfies every row }  ≤  Σ_groups max { g·x : sum of the group }  +  Σ_others max(0, g)

The multipliers are valid for any right-hand sides: as an envelope grows, only the knapsacks' capacities
change, so one certificate serves every amount. If the coefficients of each sum are proportional to the
grants, the selection found also costs least among those of its value, and ranks first; if it satisfies all
rows, it is the result itself.

Source: Glover, *Surrogate constraints*, Operations Research 16 (1968).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import TooManyStates, solve_knapsack
from tnt_sim.kernel.profit_frontier import build_curve, recover_items
from tnt_sim.rules.linear_terms import BoolArray, IntArray

Group = Mapping[str, int]
"""Multipliers > 0 by row name."""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One group as a knapsack: its choices in rank order, their gains and weights, and the capacity `room`."""

    choice: IntArray
    gain: IntArray
    weight: IntArray
    room: int


@dataclass(frozen=True, slots=True, eq=False)
class KnapsackRelaxation:
    """A system relaxed to knapsacks.

    Attributes
    ----------
    outside : bool (n_choices,), choices taken outside the knapsacks
    value : their gain
    rest : upper bound of the gain of free columns
    packs : the knapsacks
    cheapest : whether the weights of every knapsack are proportional to the grants
    """

    outside: BoolArray
    value: int
    rest: int
    packs: tuple[Pack, ...]
    cheapest: bool


@dataclass(frozen=True, slots=True, eq=False)
class RelaxationBound:
    """An upper bound of the gain, and the relaxation's selection, bool (n_choices,)."""

    bound: int
    taken: BoolArray


def relax_to_knapsacks(
    system: System, gain: IntArray, cost: IntArray, groups: Sequence[Group]
) -> KnapsackRelaxation | None:
    """Relax a system to the sums of the groups; None if a sum proves the system empty.

    Parameters
    ----------
    gain, cost : int64 (n_cols,), contribution of each column to the objective (maximised) and to the total
        granted

    Raises
    ------
    MultiplierError
        When groups share a choice, a sum has a negative coefficient, or a dossier has several amounts.
    """
    n = system.n_choices
    if len(np.unique(system.block[:n])) != n:
        raise MultiplierError("an application has several amounts")
    must, open_ = system.must.copy(), system.high[:n] > 0
    visited = np.zeros(n, dtype=np.bool_)
    packs, cheapest = [], True
    for group in groups:
        weight, room = _aggregate_group(system, group)
        columns = np.flatnonzero(weight > 0)
        if visited[columns].any():
            raise MultiplierError("two groups share a choice")
        visited[columns] = True
        room -= int(weight[must].sum())
        if room < 0:
            return None
        mine = columns[~must[columns] & open_[columns] & (gain[columns] > 0)]
        packs.append(Pack(mine, gain[mine], weight[mine], room))
        cheapest &= _is_proportional(weight[columns], cost[columns])
    outside = must | (open_ & ~visited & (gain[:n] > 0))
    free = gain[n:]
    rest = int(np.maximum(free * system.low[n:], free * system.high[n:]).sum())
    return KnapsackRelaxation(outside, int(gain[:n][outside].sum()), rest, tuple(packs), cheapest)


def solve_relaxation(relaxation: KnapsackRelaxation, deadline: Deadline = UNLIMITED) -> RelaxationBound:
    """Solve the knapsacks exactly, and return the bound with its selection.

    Raises
    ------
    MultiplierError
        When a knapsack is too large.
    DeadlineExpired
        When time is up.
    """
    taken, value = relaxation.outside.copy(), relaxation.value
    for pack in relaxation.packs:
        chosen = _solve_pack(pack, deadline)
        taken[pack.choice[chosen]] = True
        value += int(pack.gain[chosen].sum())
    return RelaxationBound(value + relaxation.rest, taken)


def _solve_pack(pack: Pack, deadline: Deadline) -> BoolArray:
    """Return the optimal selection of one knapsack, the cheapest and then first in rank order; bool (n_items,)."""
    if not len(pack.choice):
        return np.zeros(0, dtype=np.bool_)
    try:
        best = solve_knapsack(pack.gain, pack.weight, pack.room, deadline=deadline)
        if best.ways == 1:
            return best.taken
        return recover_items(pack.gain, pack.weight, best.profit, best.weight, deadline=deadline)
    except (TooManyStates, OverflowError):
        pass
    try:
        steps = build_curve(pack.gain, pack.weight, deadline)
    except TooManyStates as error:
        raise MultiplierError(f"a sum of rows is too large a knapsack: {error}") from error
    place = steps.get_step(pack.room)
    return steps.recover_choices(np.array([place], dtype=np.int64))[:, 0]


def _aggregate_group(system: System, group: Group) -> tuple[IntArray, int]:
    """Return the aggregated row of a group, int64 (n_choices,), and its bound less that of its free columns."""
    place = {name: k for k, name in enumerate(system.rows.names)}
    known = [(place[name], y) for name, y in group.items() if name in place]
    if any(y <= 0 for _, y in known):
        raise MultiplierError("a multiplier is not positive")
    index = np.array([k for k, _ in known], dtype=np.int64)
    y = np.array([y for _, y in known], dtype=np.int64)
    n = system.n_choices
    total = system.rows.aggregate_rows(index, y, system.n_cols)
    if (total[:n] < 0).any():
        raise MultiplierError("a sum of rows has a negative coefficient")
    free = total[n:]
    limit = sum(int(a) * int(b) for a, b in zip(y.tolist(), system.rows.upper[index].tolist(), strict=True))
    least = np.minimum(free.astype(object) * system.low[n:], free.astype(object) * system.high[n:])
    return total[:n], limit - int(sum(least.tolist()))


def _is_proportional(weight: IntArray, cost: IntArray) -> bool:
    """Return whether the weights are proportional to the costs."""
    if not len(weight):
        return True
    return bool((weight.astype(object) * int(cost[0]) == cost.astype(object) * int(weight[0])).all())
